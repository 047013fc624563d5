# %% [markdown]
"""
# Lesson 4 - training: what does it buy to tell the network where to look?

    python lessons/04_training.py                 (a minute on 2 cores, the first time two)
    python lessons/04_training.py --data DIR      the same on the published bAbI files

You need: lesson 3 (gates, passes) and lesson 3b (how an error reaches pass 1).

You get: the loss of section 2.5 by hand; one network trained three times: every pass told where to
look, all but the first, none; and a first pass that finds its fact though nobody told it.
"""

# %%
from dataclasses import replace
from math import exp, log
from time import perf_counter

import numpy as np

from common import (attention_of, claim, heading, more, options, outcomes, percent, places, predict,
                    run_training, same, saved, two_supporting_facts, weight_on, where)
from tinydmn import DMN, Config, Vocabulary, make_batch
from tinydmn.data.batch import NONE
from tinydmn.data.story import Question, Story
from tinydmn.episodic_memory import gate_targets
from tinydmn.losses import loss_of_output
from tinydmn.ops import loss_numpy, optimizer_numpy
from tinydmn.plots import plot_training
from tinydmn.training import loop
from tinydmn.training.evaluate import evaluate

args = options(__doc__, data=True)
began = perf_counter()
EPOCHS = 32                                                # in all
GATE_EPOCHS = 20                                           # the first ones, with beta = 0
EPISODE = "softmax"

# %% [markdown]
# ## 1. The loss of one question, by hand
#
# $$J = \alpha\, E_{CE}(\text{gates}) + \beta\, E_{CE}(\text{answers}), \qquad
#   E_{CE} = -\log \mathrm{softmax}(s)_{\text{right}}$$
#
# summed over the passes that have a target.

# %% 1. The loss of one question, by hand
heading(1, "The loss of one question, by hand")
tell = ["Daniel took the football", "Mary went to the kitchen", "Daniel went to the garden"]
one = Story(tell, [Question("Where is the football", "garden", 3, [0, 2])])
other = Story(tell, [Question("Where is Mary", "kitchen", 3, [1])])
vocabulary = Vocabulary.build([one, other])
config = Config(hidden=8, embedding=8, gate_hidden=8, passes=3)
net = DMN(config, vocabulary, "numpy", args.seed, "float64")
batch = make_batch([one], vocabulary)
out = net.forward(batch)
target = gate_targets(batch.support, batch.n_facts, 3)[:, 0]
spots = [*tell, "[done reading]"]
predict(f"before any training, what is -log softmax of one score among {len(spots)}, about?")

# %%
print(f"\n{'a fresh network, its scores s':31}"
      + "".join(f" {name:>7}" for name in ("fact 1", "fact 2", "fact 3", "done"))
      + "   -log softmax")
E_gates = 0.0
for i in range(3):
    s = out.gate_scores[i, 0]
    cost = log(sum(exp(x) for x in s)) - s[target[i]]
    E_gates += cost
    scores = "".join(f"{x:8.3f}" for x in s)
    print(f"  pass {i + 1}, {spots[target[i]][:22]:23}" + scores + f"{cost:15.3f}")
print("""The file names facts 1 and 3, in the order of the reasoning: pass 1 should look
at the first, pass 2 at the second, pass 3 at end-of-passes.""")
E_answers = log(sum(exp(x) for x in out.logits[0])) - out.logits[0][batch.answer[0]]
logits = ", ".join(f"{a} {x:.3f}" for a, x in zip(vocabulary.answers, out.logits[0]))
print(f"  answer: {logits}   -log softmax {E_answers:.3f}")
for alpha, beta in ((1, 0), (1, 1)):
    J = net.loss_and_grads(batch, alpha=alpha, beta=beta)[0]
    by_hand = alpha * E_gates + beta * E_answers
    print(f"  J = {alpha} * {E_gates:.3f} + {beta} * {E_answers:.3f} = {by_hand:.3f}")
    same("J, by hand and by loss_and_grads", by_hand, J)

# %% [markdown]
# ## 2. First the gates, then the answers
#
# Section 2.5 begins with $\alpha = 1, \beta = 0$ and switches $\beta$ to 1 later.

# %% 2. First the gates, then the answers
heading(2, "First the gates, then the answers")
print("""Section 2.5 begins with alpha = 1, beta = 0: the gates' loss alone.  Norms of
dJ / d parameter on this question:""")
slopes = {beta: net.loss_and_grads(batch, alpha=1, beta=beta)[1] for beta in (0, 1)}
for name in ("gate.W_1", "memory.W", "input.U", "answer.W_a"):
    norms = [f"beta = {beta}: {np.linalg.norm(slopes[beta][name]):.4f}" for beta in (0, 1)]
    print(f"  {name:12} {'   '.join(norms)}")
same("with beta = 0 the gradient of answer.W_a, and 0", slopes[0]["answer.W_a"],
     0 * slopes[0]["answer.W_a"], 1e-12)


def later_passes_alone(batch):
    """The same stories, the first supporting fact struck out.

    Pass 1 has no target, pass 2 the second fact, pass 3 end-of-passes.  Two names, or else
    end-of-passes would be the target of pass 2.
    """
    nobody, second = np.full(len(batch.support), NONE, np.int32), batch.support[:, 1]
    return replace(batch, support=np.stack([nobody, second, second], axis=1))


free = later_passes_alone(batch)
target = gate_targets(free.support, free.n_facts, 3)[:, 0]
said = [("fact 1", "fact 2", "fact 3", "done", "nothing")[place] for place in target]  # NONE: -1
print(f"""
Now with the first fact struck out.  Pass 1 is told {said[0]}, pass 2 {said[1]},
pass 3 {said[2]}.  Pass 1 has no loss of its own, yet it may learn: the later passes
read its memory, so the derivatives of their losses go through it (lesson 3b).""")

# %% [markdown]
# ## 3. The same network, trained three times

# %% 3. The same network, trained three times
heading(3, "The same network, trained three times")
train, stop, held_out, small = two_supporting_facts(args)
epochs, gate_epochs = (EPOCHS, GATE_EPOCHS) if not small else (4 * EPOCHS, 4 * GATE_EPOCHS)
if args.quick:
    epochs, gate_epochs = 3, min(1, GATE_EPOCHS)
vocabulary = Vocabulary.build(train)
train_batch, stop_batch, test_batch = (make_batch(stories, vocabulary)
                                       for stories in (train, stop, held_out))
stop_who = places(stop, stop_batch)["who"]
print(f"Two supporting facts: {len(train)} stories, {len(train_batch.answer)} questions, "
      f"{epochs} epochs, the best chosen on\n"
      f"{len(stop)} other stories.  About {2 if args.quick else 20} s each on 2 cores.  "
      "Seed, data, sizes and steps are\n"
      f"the same.  Where passes are told, beta = 0 in {gate_epochs} of the epochs, the first.\n")
ALL, LATER, NO = "every pass told", "passes 2 and 3 told", "no pass told"
lessons = {ALL: (train_batch, 1.0), LATER: (later_passes_alone(train_batch), 1.0),
           NO: (train_batch, 0.0)}
predict("where only passes 2 and 3 are told: where will pass 1 look?  And which of the three "
        "overfits, learning its training stories by heart?")


# %%
def watched(net, state, progress):
    """on_epoch and on_step for loop.train: also keeps in the history what can be compared.

    That is the answers' loss alone, and where pass 1 looks.
    """
    fit = []

    def on_step(losses, J):
        fit.append((losses.answers, losses.n_known))
        progress.step(losses, J)

    def on_epoch(state):
        out = net.forward(stop_batch)
        sums = loss_of_output(out, stop_batch, net.config, net.ops)
        train_loss, n = np.sum(fit, axis=0)
        state.history[-1] |= {"train_answer_loss": train_loss / n,
                              "valid_answer_loss": sums.answers / sums.n_known,
                              "first_look": weight_on(out.gates, stop_who)[0]}
        fit.clear()
        progress.epoch(state)
    return on_epoch, on_step


nets, histories = {}, {}
for label, (learnt_from, alpha) in lessons.items():
    config = Config(hidden=40, embedding=40, gate_hidden=80, passes=3, episode=EPISODE, batch=8,
                    epochs=epochs, patience=epochs, gate_epochs=gate_epochs, alpha=alpha,
                    learning_rate=5e-3, dropout=0.2 if small else 0.0)
    net = nets[label] = DMN(config, vocabulary, seed=args.seed)
    print(f"{label}:", flush=True)
    state = run_training(net, learnt_from, stop_batch, args.seed, watch=watched)
    histories[label] = state.history
panels = {"answers' loss": ("valid_answer_loss", "train_answer_loss"),
          "answers right": ("valid_answer_accuracy", "train_answer_accuracy"),
          "weight of pass 1 on facts that tell whom to look for": ("first_look",)}
saved(plot_training(histories, args.out / "04_training.png",
                    {ALL: gate_epochs, LATER: gate_epochs, NO: 0}, panels=panels,
                    least="valid_answer_loss"))
print("""(J is not drawn: it holds the gates' loss where passes are told, and not where
they are not.)""")

# %% [markdown]
# ## 4. Where they look

# %% 4. Where they look
heading(4, "Where they look")
seen = places(held_out, test_batch)
out = {label: net.forward(test_batch) for label, net in nets.items()}
right = {label: o.answers == test_batch.answer for label, o in out.items()}
looks = out[LATER].gates.argmax(axis=2)                    # (passes, Q)
each = np.arange(len(test_batch.answer))
found = np.all([seen[name][each, look]
                for name, look in zip(("first", "second", "done"), looks)], axis=0)
telling = found & right[ALL] & right[LATER] & ~right[NO]
print(f"With passes 2 and 3 told, all three passes look where the file says in {found.sum()}\n"
      f"of {len(found)} new questions.  "
      + (f"In {telling.sum()} of them the network that was told nothing is\n"
         "wrong, the others right.  One of those:\n" if telling.any() else "Some question:\n"))
attention_of(nets, held_out, telling, args.out / "04_attention.png",
             [["told"] * 3, ["not told", "told", "told"], ["not told"] * 3])

# %% [markdown]
# ## 5. What it buys

# %% 5. What it buys
heading(5, "What it buys")
score = {label: evaluate(net, test_batch) for label, net in nets.items()}
who = {label: weight_on(o.gates, seen["who"])[0] for label, o in out.items()}
first = {label: weight_on(o.gates, seen["first"])[0] for label, o in out.items()}
chance = np.mean(seen["who"].sum(axis=1) / test_batch.n_facts)
print(f"""{len(test_batch.answer)} new questions.  In brackets: 95 % intervals.  gates: the share of
passes that look where the file says.  Then how much of its weight pass 1 puts
on the first fact that the file names, and on all facts that tell whom to look
for: those that name the thing and the one whom the second fact is about.

{'':22}{'answers right':<24}{'gates':<10}1st fact   whom""")
for label in nets:
    print(f"{label:22}{percent(score[label]):<24}{100 * score[label].gate_accuracy:5.1f} %"
          f"{first[label]:11.2f}{who[label]:7.2f}")
print(f"{'(each fact the same)':67}{chance:4.2f}\n")
versus = lambda one, other: f"{percent(score[one])} against {percent(score[other])}"
buys = claim("Telling every pass where to look gives more right answers than telling none",
             more(score[ALL], score[NO]), versus(ALL, NO), args.quick)
most = claim("So does telling passes 2 and 3", more(score[LATER], score[NO]), versus(LATER, NO),
             args.quick)
finds = claim("Pass 1, which nobody told, finds whom to look for",
              who[LATER] > max(0.5, 2 * chance, who[NO]),
              f"{who[LATER]:.2f} of its weight, {first[LATER]:.2f} on the fact that the file "
              f"names; where no pass is told {who[NO]:.2f}; the same weight for each fact would "
              f"be {chance:.2f}", args.quick)
before = [epoch["first_look"] for epoch in histories[LATER] if not epoch["beta"]]
through = claim("It learnt that from the later passes, before any answer was trained",
                bool(before) and before[-1] > max(0.5, 2 * chance),
                f"{before[-1]:.2f} of its weight on the {len(stop)} stories, at the end of the "
                "epochs with beta = 0" if before else "there was no epoch with beta = 0",
                args.quick)
least = lambda history: min(history, key=lambda epoch: epoch["valid_answer_loss"])
lowest = {label: least(history) for label, history in histories.items()}
last = {label: history[-1]["valid_answer_loss"] for label, history in histories.items()}
rise = {label: last[label] / lowest[label]["valid_answer_loss"] for label in histories}
heart = claim("Told nothing, the network learns its stories by heart: new answers cost more and "
              "more", rise[NO] > max(1.25, rise[ALL], rise[LATER]),
              "; ".join(f"{label}, loss of new answers {last[label]:.2f} in the last epoch, at its "
                        f"least {lowest[label]['valid_answer_loss']:.2f} in epoch "
                        f"{lowest[label]['epoch']}" for label in histories), args.quick)

# %% [markdown]
# ## 6. To take away

# %% 6. To take away
if args.quick:
    saw = "Too small to show anything (--quick)."
elif buys and most and finds and through and heart:
    saw = ("Told where to look, the network answers; told nothing, it\n"
           "overfits.  And it needs not be told all: the second pass cannot find its fact\n"
           "without the first, which is enough for the first to find whom to look for.")
else:
    saw = "Not what these three networks mostly show: see which claims\ndo not hold, and why."
print(f"""
What you saw: {saw}
All in all {perf_counter() - began:.0f} s.

Where the code is, in tinydmn/:""")
where("E_CE", loss_numpy.cross_entropy_forward)
where("  its derivative", loss_numpy.cross_entropy_backward)
where("what each pass should see", gate_targets)
where("J, and its gradient", DMN.gradient)
where("alpha, beta, best epoch", loop.train)
where("Adam", optimizer_numpy.adam)
print("""
Your turn (the first two: near the top of the script)
  1. GATE_EPOCHS = 0: the answers pull from the first step.  Does pass 1 still
     find whom to look for, and in which epoch?
  2. EPOCHS = 64: does the network that was told nothing catch up?
  3. In later_passes_alone take batch.support[:, 0] for the second fact: pass 2
     is told what pass 1 should have seen.  Where does pass 1 look, as all
     passes share one gate, and what becomes of the answers?

Next: lesson 5, python lessons/05_sentiment.py, or ask a network of your own:
tinydmn ask --help""")
outcomes("It does.  Two claims do not hold: there is no epoch with beta = 0, and the loss of new "
         "answers rises where passes are told, too.  The curves say in which epoch it looks.",
         "No: its loss of new answers rises from an early epoch on, more epochs overfit more.",
         "Until beta = 1 nothing asks for the second fact.  Scene 5 says whether the answers alone "
         "then find it; compare with the network that was told nothing.")
