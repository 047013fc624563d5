"""Lesson 4 - training: what does it buy to tell the network where to look?

    python lessons/04_training.py                 (about a minute on 2 cores)
    python lessons/04_training.py --data DIR      the same on the published bAbI files

You need: lesson 3 (gates, passes).
You get: the loss of section 2.5 by hand, and one network trained twice, with and without supporting facts."""
# %%
from math import exp, log
from time import perf_counter

import numpy as np

from common import attention_of, heading, options, saved, two_supporting_facts, where
from tinydmn import DMN, Config, Vocabulary, make_batch, model as dmn
from tinydmn.data.story import Question, Story
from tinydmn.plots import plot_training
from tinydmn.training import loop
from tinydmn.training.evaluate import evaluate, interval
from tinydmn.training.progress import Progress

args = options(__doc__, data=True)
began = perf_counter()

# %% 1. The loss of one question, by hand
heading(1, "The loss of one question, by hand")
tell = ["Daniel took the football", "Mary went to the kitchen", "Daniel went to the garden"]
tokens = lambda text: text.lower().split()
one = Story([tokens(t) for t in tell], [Question(tokens("Where is the football"), ["garden"], 3, [0, 2])])
other = Story(one.facts, [Question(tokens("Where is Mary"), ["kitchen"], 3, [1])])
vocabulary = Vocabulary.build([one, other])
net = DMN(Config(hidden=8, embedding=8, gate_hidden=8, passes=3), vocabulary, "numpy", args.seed, "float64")
batch = make_batch([one], vocabulary)
out = net.forward(batch)
target = dmn.gate_targets(batch.support, batch.n_facts, 3)[:, 0]
places = [*tell, "[done reading]"]
print(f"{'a fresh network, its scores s':31} {'fact 1':>7} {'fact 2':>7} {'fact 3':>7} {'done':>7}   -log softmax")
E_gates = 0.0
for i in range(3):
    s = out.gate_scores[i, 0]
    cost = log(sum(exp(x) for x in s)) - s[target[i]]
    E_gates += cost
    print(f"  pass {i + 1}, {places[target[i]][:22]:23}" + "".join(f"{x:8.3f}" for x in s) + f"{cost:15.3f}")
print("The file names facts 1 and 3, in the order of the reasoning: pass 1 should look\nat the first, pass 2 at the second, pass 3 at end-of-passes.")
E_answers = log(sum(exp(x) for x in out.logits[0])) - out.logits[0][batch.answer[0]]
print("  answer: " + ", ".join(f"{a} {x:.3f}" for a, x in zip(vocabulary.answers, out.logits[0])) + f"   -log softmax {E_answers:.3f}")
for alpha, beta in ((1, 0), (1, 1)):
    J = net.loss_and_grads(batch, alpha=alpha, beta=beta)[0]
    print(f"  J = {alpha} * {E_gates:.3f} + {beta} * {E_answers:.3f} = {J:.3f}")
    assert abs(J - (alpha * E_gates + beta * E_answers)) < 1e-9

# %% 2. First the gates, then the answers
heading(2, "First the gates, then the answers")
print("Section 2.5 begins with alpha = 1, beta = 0: nothing pulls at the answer's\nweights yet.  Lengths of dJ / d parameter on this question:")
for name in ("gate.W_1", "memory.W", "input.U", "answer.W_a"):
    lengths = [np.linalg.norm(net.loss_and_grads(batch, alpha=1, beta=beta)[1][name]) for beta in (0, 1)]
    print(f"  {name:12} beta = 0: {lengths[0]:.4f}   beta = 1: {lengths[1]:.4f}")
assert not net.loss_and_grads(batch, alpha=1, beta=0)[1]["answer.W_a"].any()

# %% 3. The same network, trained twice
heading(3, "The same network, trained twice")
train, held_out, epochs = two_supporting_facts(args)
vocabulary = Vocabulary.build(train)
train_batch, valid_batch = make_batch(train, vocabulary), make_batch(held_out, vocabulary)
print(f"two supporting facts: {len(train)} stories, {len(train_batch.answer)} questions, {epochs} epochs,\n"
      f"about {2 if args.quick else 15} s each (seed, data, sizes, steps: the same; only alpha differs)")
nets, histories = {}, {}
for label, alpha in (("with supporting facts", 1.0), ("answers alone", 0.0)):
    config = Config(hidden=40, embedding=40, gate_hidden=40, passes=3, batch=8, epochs=epochs, patience=epochs, gate_epochs=1, alpha=alpha,
                    learning_rate=5e-3, dropout=0.0 if args.data is None else 0.2)
    net = nets[label] = DMN(config, vocabulary, seed=args.seed)
    state = loop.start(net, args.seed)
    print(f"{label}, alpha = {alpha:.0f}:", flush=True)
    progress = Progress(config, state, len(train_batch.answer))
    loop.train(net, train_batch, valid_batch, state, progress.epoch, progress.step)
    progress.close()
    histories[label] = state.history
saved(plot_training(histories, args.out / "04_training.png", {"with supporting facts": 1, "answers alone": 0}))

# %% 4. Where they look
heading(4, "Where they look")
attention_of(nets, held_out, "with supporting facts", "answers alone", args.out / "04_attention.png")

# %% 5. What it buys
heading(5, "What it buys")
score = {label: evaluate(net, valid_batch) for label, net in nets.items()}
for label, found in score.items():
    low, high = (100 * x for x in interval(found.answer_accuracy, found.n_questions))
    print(f"  {label:22}answers {100 * found.answer_accuracy:5.1f} % ({low:.1f} to {high:.1f}), gates {100 * found.gate_accuracy:5.1f} %")
gap = score["with supporting facts"].answer_accuracy - score["answers alone"].answer_accuracy
print(f"  the difference: {100 * gap:.1f} points (in brackets: 95 % intervals)")
if not args.quick:
    assert gap > 0.2, "supervision should be worth 20 points here"

# %% Your turn
print(f"""
What you saw: the same network, the same steps.  Told where to look, it learns
where to look within epochs, and the answers follow; from answers alone it must
find both at once.  All in all {perf_counter() - began:.0f} s.

Where the code is, in tinydmn/:""")
from tinydmn.ops import loss_numpy, optimizer_numpy        # noqa: E402  (only for the list below)
where("E_CE", loss_numpy.cross_entropy_forward)
where("  its derivative", loss_numpy.cross_entropy_backward)
where("what each pass should see", dmn.gate_targets)
where("J, and its gradient", dmn.DMN.gradient)
where("alpha, beta, early stopping", loop.train)
where("Adam", optimizer_numpy.adam)
print("""
Your turn:
- epochs = 60: do the answers alone catch up?  Compare the seconds.
- gate_epochs = 0: the answers train from the first step.  Is it slower?
- supervise the second pass only: in gate_targets set target[0] = -1.  Does the
  first pass find the first fact by itself?

Next: lesson 1 again with --data, or ask your network:  tinydmn ask --help""")
