"""Lesson 3 - episodic memory: how does a network find the second fact only after it has read the first?

    python lessons/03_episodic_memory.py                 (about a minute on 2 cores)
    python lessons/03_episodic_memory.py --data DIR      the same on the published bAbI files

You need: lesson 1 (facts are states of a GRU) and lesson 2 (its derivatives).
You get: eqs (5)-(8) in numbers you can check by hand, and a network that learns them while you watch."""
# %%
from time import perf_counter

import numpy as np

from common import attention_of, heading, options, two_supporting_facts, where
from tinydmn import DMN, Config, Vocabulary, make_batch, ops
from tinydmn.data.batch import take_stories
from tinydmn.gradcheck import check_model
from tinydmn.ops.gate_numpy import BLOCKS, gate_features
from tinydmn.terminal import attention_text
from tinydmn.training import loop
from tinydmn.training.evaluate import evaluate, interval
from tinydmn.training.progress import Progress

args = options(__doc__, data=True)
began = perf_counter()
np.set_printoptions(precision=2, suppress=True, floatmode="fixed", linewidth=80)
op = ops.load("numpy")                                     # the definition: scenes 1 to 3 are small enough for it

# %% 1. The puzzle (the paper's figure 3)
heading(1, "The puzzle")
story = ["Daniel took the football.", "Mary went to the kitchen.", "Daniel went to the garden."]
ask = "Where is the football?"
words = lambda text: set(text.lower().rstrip(".?").split()) - {"the", "is"}
for fact in story:
    print(f"  {fact:28} shares with the question: {', '.join(words(fact) & words(ask)) or '-'}")
print(f"  {ask}\n\nThe answer stands in sentence 3, which shares no word with the question.\nWhat makes it relevant?  Only what sentence 1 says: Daniel has the football.")
assert words(story[0]) & words(ask) and not words(story[2]) & words(ask)

# %% 2. By hand: eqs (5), (6), (7)
heading(2, "One pass by hand")
c = np.array([[1.0, 1.0, 0.0, 0.0],                        # Daniel took the football.      the four numbers stand for:
              [0.0, 0.0, 1.0, 1.0],                        # Mary went to the kitchen.      football, Daniel, a place, Mary
              [0.0, 1.0, 1.0, 0.0]])                       # Daniel went to the garden.
q = np.array([[1.0, 0.0, 0.0, 0.0]])                       # Where is the football?
T, H = c.shape
W_b = np.eye(H)
print("z(c, m, q), eq. (5), of sentence 1, with m = q (the memory begins there):")
z_feat = gate_features(c, np.repeat(q, T, 0), np.repeat(q, T, 0), W_b)
for name, block in zip(BLOCKS, np.split(z_feat[0], [*range(H, 7 * H + 1, H), 7 * H + 1])):
    print(f"  {name:6} {block}")
np.testing.assert_array_equal(z_feat[0], [*c[0], *q[0], *q[0], *c[0] * q[0], *c[0] * q[0], *abs(c[0] - q[0]), *abs(c[0] - q[0]), 1, 1])

W_1 = np.zeros((1, 7 * H + 2))                             # one unit, which reads two of the blocks:
W_1[0, 4 * H:5 * H] = 1.0                                  # what the fact shares with the memory speaks for it,
W_1[0, 3 * H:4 * H] = -0.5                                 # what it shares with the question a little against it
b_1, W_2, b_2 = np.zeros(1), np.array([12.0]), np.array(-4.0)
rows, n = np.arange(T, dtype=np.int32)[None], np.array([T], np.int32)


def look(m):
    """Eq. (6) for each fact -> scores before σ (1, T)."""
    return op.gate_forward(m, op.gate_shared_forward(c, rows, n, q, W_b, W_1, b_1), W_b, W_1, W_2, b_2)[0]


s = look(q)
g = op.sigmoid_gates_forward(s)
print("\ngates g, eq. (6), from the blocks c∘q and c∘m:")
for t in range(T):
    print(f"  {story[t]:28} s = {s[0, t]:5.2f}   g = σ(s) = {g[0, t]:.2f}")
assert g.argmax() == 0, "the first pass should open for sentence 1"

rng = np.random.default_rng(args.seed)
a, U = op.input_product(c, rng.normal(size=(3 * H, H)), rng.normal(size=3 * H)), rng.normal(size=(3 * H, H))
print("\nh, eq. (7), fact by fact: g decides how far each one may change it")
h = np.zeros((1, H))
for t in range(T):
    step = op.gru_cell_forward(a[t:t + 1], h, U)[0]
    gated = lambda gate: gate * step + (1 - gate) * h
    assert (gated(0.0) == h).all() and (gated(1.0) == step).all()      # closed: nothing passes; open: a GRU step
    h = gated(g[0, t])
    print(f"  g = {g[0, t]:.2f}   h = {h[0]}")
at_the_end = op.gru_forward(a, rows, n, n[:, None] - 1, g, U)[0][:, 0]
np.testing.assert_allclose(at_the_end, h)
e, p = op.softmax_episode_forward(s, c, rows, n)
print(f"The last h is the episode e, eq. (8).  The softmax episode of section 4.1\nweighs the facts instead: {p[0]} gives e = {e[0]}")

# %% 3. The second pass
heading(3, "The second pass")
W, U_m, b = np.kron([[0], [0], [3]], np.eye(H)), np.kron([[0], [0], [-3]], np.eye(H)), np.repeat([-4.0, 4.0, 0.0], H)
m = op.gru_cell_forward(op.input_product(e, W, b), q, U_m)[0]          # m^1 = GRU(e, m^0), set up to keep what is new
print(f"memory before  m = q = {q[0]}   (football)\nmemory after   m     = {m[0]}   (Daniel)\n")
second = op.softmax_episode_forward(look(m), c, rows, n)[1]
print(attention_text(story, np.pad(np.vstack([p, second]), ((0, 0), (0, 1))), colour=False).rsplit("\n", 1)[0])
print("\nThe memory changed, so c∘m and |c-m| changed, so the gates moved.")
assert p.argmax() == 0 and second.argmax() == 2

# %% 4. Now learn it
heading(4, "Now learn it")
train, held_out, epochs = two_supporting_facts(args)
vocabulary = Vocabulary.build(train)
train_batch, valid_batch = make_batch(train, vocabulary), make_batch(held_out, vocabulary)
print(f"two supporting facts: {len(train)} stories, {len(train_batch.answer)} questions, {epochs} epochs,\nabout {2 if args.quick else 15} s for each network")
nets = {}
for passes in (1, 3):
    config = Config(hidden=40, embedding=40, gate_hidden=40, passes=passes, episode="softmax", batch=8, epochs=epochs, patience=epochs,
                    gate_epochs=0, learning_rate=5e-3, dropout=0.0 if args.data is None else 0.2)
    name = f"{passes} pass{'es' * (passes > 1)}"
    model = nets[name] = DMN(config, vocabulary, seed=args.seed)
    state = loop.start(model, args.seed)
    print(f"{name}:", flush=True)
    progress = Progress(config, state, len(train_batch.answer))
    loop.train(model, train_batch, valid_batch, state, progress.epoch, progress.step)
    progress.close()

# %% 5. The picture
heading(5, "The picture")
attention_of(nets, held_out, "3 passes", "1 pass", args.out / "03_episodic_memory.png")

# %% 6. The proof
heading(6, "The proof")
score = {}
for name, model in nets.items():
    score[name] = evaluate(model, valid_batch)
    low, high = (100 * x for x in interval(score[name].answer_accuracy, score[name].n_questions))
    print(f"  {name:9} {100 * score[name].answer_accuracy:5.1f} % of {score[name].n_questions} new questions "
          f"(95 % interval {low:.1f} to {high:.1f})")
if not args.quick:
    gap = score["3 passes"].answer_accuracy - score["1 pass"].answer_accuracy
    assert gap > 0.25, f"three passes should beat one by 25 points, the gap is {100 * gap:.1f}"
exact = DMN(model.config, vocabulary, "numpy", dtype="float64")
exact.theta[...] = model.theta
some, _ = take_stories(valid_batch, np.argsort(valid_batch.n_tokens)[:2])
checked = check_model(exact, some, 2 if args.quick else 20, rng)
worst = max(error for error, _ in checked.values())
print(f"gradcheck of the trained network: {sum(k for _, k in checked.values())} float64 entries, worst relative error {worst:.0e}")
assert worst < 1e-4

# %% 7. Your turn
print(f"""
What you saw: the first pass finds who has the object, the memory takes that up,
the second pass finds where that one went.  One pass cannot know whom to look
for.  All in all {perf_counter() - began:.0f} s.

Where the code is, in tinydmn/ (each derivative below its function):""")
from tinydmn import episodic_memory                        # noqa: E402  (only for the list below)
from tinydmn.ops import episode_numpy, gate_numpy, gru_numpy   # noqa: E402
where("eq. (5)  z(c, m, q)", gate_numpy.gate_features)
where("  its derivative", gate_numpy.gate_features_backward)
where("eq. (6)  the gate", gate_numpy.gate_forward)
where("  its derivative", gate_numpy.gate_backward)
where("eqs (7), (8)  the episode", gru_numpy.gru_forward)
where("  its derivative", gru_numpy.gru_backward)
where("section 4.1  softmax", episode_numpy.softmax_episode_forward)
where("the passes", episodic_memory.forward)
print("""
Your turn:
- your own story: tinydmn train babi --task 2, then tinydmn ask runs/babi-2.npz
- take the supervision away: alpha=0.0 in Config.  Are the answers still right?
  Where do the passes look?  (lesson 4 shows both curves)
- episode="gated" instead of "softmax": eqs (7) and (8) in place of the weighted
  sum.  Slower, and the gates no longer have to share one unit of attention.

Next: lesson 4, python lessons/04_training.py""")
