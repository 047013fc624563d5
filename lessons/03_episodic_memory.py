# %% [markdown]
"""
# Lesson 3 - episodic memory: how does a network find the second fact only after the first?

    python lessons/03_episodic_memory.py                 (a minute on 2 cores, the first time two)
    python lessons/03_episodic_memory.py --data DIR      the same on the published bAbI files

You need: lesson 1 (facts are states of a GRU) and lesson 2 (its derivatives).

You get: eqs (5)-(8) in numbers you can check by hand; then four networks that train while you
watch, told where to look or not, with one pass or with three: which of the two does it take?
"""

# %%
from time import perf_counter

import numpy as np

from common import (attention_of, claim, heading, more, options, outcomes, percent, places, predict,
                    run_training, same, two_supporting_facts, weight_on, where)
from tinydmn import DMN, Config, Vocabulary, make_batch, ops
from tinydmn.data.batch import take_stories
from tinydmn.gradcheck import check_model
from tinydmn.ops import episode_numpy, gate_numpy, passes_numpy
from tinydmn.ops.gate_numpy import BLOCKS, gate_features
from tinydmn.ops.groups import GRU, Gate, Sequences
from tinydmn.terminal import attention_text
from tinydmn.training.evaluate import evaluate

args = options(__doc__, data=True)
began = perf_counter()
np.set_printoptions(precision=2, suppress=True, floatmode="fixed", linewidth=80)
op = ops.load("numpy")                     # the reference implementation, for scenes 1 to 3
PASSES, EPISODE = (1, 3), "softmax"        # what scene 4 trains

# %% [markdown]
# ## 1. The puzzle
#
# The paper's figure 3, in three sentences.

# %% 1. The puzzle
heading(1, "The puzzle")
story = ["Daniel took the football.", "Mary went to the kitchen.", "Daniel went to the garden."]
ask = "Where is the football?"
words = lambda text: set(text.lower().rstrip(".?").split()) - {"the", "is"}
for fact in story:
    print(f"  {fact:28} shares with the question: {', '.join(words(fact) & words(ask)) or '-'}")
print(f"""  {ask}

The answer stands in sentence 3, which shares no word with the question.
What makes it relevant?  Only what sentence 1 says: Daniel has the football.""")

# %% [markdown]
# ## 2. One pass by hand
#
# $$z(c, m, q) = [c,\ m,\ q,\ c \circ q,\ c \circ m,\ |c - q|,\ |c - m|,\
#   c^\top W^{(b)} q,\ c^\top W^{(b)} m] \tag{5}$$
# $$g^i_t = \sigma(W^{(2)} \tanh(W^{(1)} z(c_t, m^{i-1}, q) + b^{(1)}) + b^{(2)}) \tag{6}$$
# $$h^i_t = g^i_t\, \mathrm{GRU}(c_t, h^i_{t-1}) + (1 - g^i_t)\, h^i_{t-1} \tag{7}$$
# $$e^i = h^i_{T_C} \tag{8}$$
#
# The softmax episode of section 4.1 has no GRU: $e^i = \sum_t \mathrm{softmax}(s^i)_t\, c_t$, with
# $s$ the score before the $\sigma$ of eq. (6).

# %% 2. One pass by hand
heading(2, "One pass by hand")
# the four numbers stand for: football, Daniel, a place, Mary
c = np.array([[1.0, 1.0, 0.0, 0.0],                        # Daniel took the football.
              [0.0, 0.0, 1.0, 1.0],                        # Mary went to the kitchen.
              [0.0, 1.0, 1.0, 0.0]])                       # Daniel went to the garden.
q = np.array([[1.0, 0.0, 0.0, 0.0]])                       # Where is the football?
T, H = c.shape
W_b = np.eye(H)
print("z(c, m, q), eq. (5), of sentence 1, with m = q (the memory begins there):")
z_feat = gate_features(c, np.repeat(q, T, 0), np.repeat(q, T, 0), W_b)
for name, block in zip(BLOCKS, np.split(z_feat[0], [*range(H, 7 * H + 1, H), 7 * H + 1])):
    print(f"  {name:6} {block}")
product, distance, bilinear = c[0] * q[0], abs(c[0] - q[0]), c[0] @ q[0]
by_hand = [*c[0], *q[0], *q[0], *product, *product, *distance, *distance, bilinear, bilinear]
same("these blocks and c, m, q, c∘q, ... written out", z_feat[0], by_hand, 1e-12)

W_1 = np.zeros((1, 7 * H + 2))                             # one unit, which reads two blocks:
W_1[0, 4 * H:5 * H] = 1.0                                  # c∘m speaks for a fact,
W_1[0, 3 * H:4 * H] = -0.5                                 # c∘q a little against it
b_1, W_2, b_2 = np.zeros(1), np.array([12.0]), np.array(-4.0)


def look(m):
    """Eq. (6) for each fact -> scores before σ (1, T)."""
    return op.gate_forward(c[None], m, q, Gate(W_b, W_1, b_1, W_2, b_2))[0]


print()
predict("the memory is still the question.  Which of the three gates opens?")

# %%
s = look(q)
g = 1 / (1 + np.exp(-s))
print("\ngates g, eq. (6), from the blocks c∘q and c∘m:")
for t in range(T):
    print(f"  {story[t]:28} s = {s[0, t]:5.2f}   g = σ(s) = {g[0, t]:.2f}")
same("these s and eq. (6) written out", s[0], np.tanh(z_feat @ W_1.T + b_1) @ W_2 + b_2, 1e-12)

rng = np.random.default_rng(args.seed)
gru = GRU(*(rng.normal(size=shape) for shape in ((3 * H, H), (3 * H, H), 3 * H)))
print("\nh, eq. (7), fact by fact: g decides how far each one may change it")
h = np.zeros((1, H))
for t in range(T):
    step = op.gru_cell_forward(c[t:t + 1], h, gru)[0]
    h = g[0, t] * step + (1 - g[0, t]) * h                 # g = 0: h stays; g = 1: a GRU step
    print(f"  g = {g[0, t]:.2f}   h = {h[0]}")
same("the last h, step by step and by gated_episode_forward", h,
     op.gated_episode_forward(c[None], s, gru)[0], 1e-12)
all_facts = Sequences(np.arange(T, dtype=np.int32)[None], np.array([T]), np.array([[T - 1]]))
at_the_end = lambda gates: op.gru_forward(c, all_facts, gru, gates)[0][:, 0]
same("with all gates 0, and the state it began with", at_the_end(0 * g), 0 * h, 1e-12)
same("with all gates 1, and a GRU without gates", at_the_end(0 * g + 1), at_the_end(None), 1e-12)
e, p, _ = op.softmax_episode_forward(c[None], s)
print(f"The last h is the episode e, eq. (8).  The softmax episode of section 4.1\n"
      f"weighs the facts instead: {p[0]} gives e = {e[0]}")

# %% [markdown]
# ## 3. The second pass
#
# $$m^i = \mathrm{GRU}(e^i, m^{i-1}), \qquad m^0 = q$$

# %% 3. The second pass
heading(3, "The second pass")
predict("the memory now holds the episode of pass 1.  Which sentence does pass 2 look at?")

# %%
W, U_m = np.kron([[0], [0], [3]], np.eye(H)), np.kron([[0], [0], [-3]], np.eye(H))
b = np.repeat([-4.0, 4.0, 0.0], H)                         # set up to keep what is new
m = op.gru_cell_forward(e, q, GRU(W, U_m, b))[0]           # m^1 = GRU(e, m^0)
print(f"\nmemory before  m = q = {q[0]}   (the question)\n"
      f"memory after   m     = {m[0]}   (what is new)\n")
second = op.softmax_episode_forward(c[None], look(m))[1]
both = np.pad(np.vstack([p, second]), ((0, 0), (0, 1)))
print(attention_text(story, both, colour=False).rsplit("\n", 1)[0])
moved = "The memory changed, so\nc∘m and |c-m| changed, so the gates moved."
stayed = "The memory changed,\nbut nothing else fits it better."
print(f"\nPass 1 looks at sentence {p.argmax() + 1}, pass 2 at sentence {second.argmax() + 1}.  "
      + (moved if p.argmax() != second.argmax() else stayed))

# %% [markdown]
# ## 4. Now learn it
#
# Four networks: one pass or three, told where to look ($\alpha = 1$, gate supervision) or not
# ($\alpha = 0$).

# %% 4. Now learn it
heading(4, "Now learn it")
train, stop, held_out, small = two_supporting_facts(args)
epochs = 2 if args.quick else 80 if small else 20
vocabulary = Vocabulary.build(train)
train_batch, stop_batch, test_batch = (make_batch(stories, vocabulary)
                                       for stories in (train, stop, held_out))
print(f"""Two supporting facts a question: who handled the thing, and where that one went.
Four networks: with {PASSES[0]} pass or {PASSES[1]}; and told where to look (alpha = 1: pass 1 at
the first fact, pass 2 at the second, the next at [done reading]) or trained on
the answers alone (alpha = 0).  {len(train)} stories, {len(train_batch.answer)} questions, \
{epochs} epochs each,
the best chosen on {len(stop)} other stories.  About {2 if args.quick else 15} s each on 2 cores.
""")
predict("rank the four by how many answers they get right.  Which two will be level?")

# %%
nets = {}
for told in (True, False):
    for passes in PASSES:
        config = Config(hidden=40, embedding=40, gate_hidden=40, passes=passes, episode=EPISODE,
                        alpha=float(told), gate_epochs=0, batch=8, epochs=epochs, patience=epochs,
                        learning_rate=5e-3, dropout=0.2 if small else 0.0)
        name = f"{'told' if told else 'not told'}, {passes} pass{'es' * (passes > 1)}"
        model = nets[name] = DMN(config, vocabulary, seed=args.seed)
        print(f"{name}:", flush=True)
        run_training(model, train_batch, stop_batch, args.seed)
TOLD_ONE, TOLD, ALONE_ONE, ALONE = nets

# %% [markdown]
# ## 5. The picture

# %% 5. The picture
heading(5, "The picture")
out = {name: model.forward(test_batch) for name, model in nets.items()}
right = {name: o.answers == test_batch.answer for name, o in out.items()}
telling = right[TOLD] & ~(right[TOLD_ONE] | right[ALONE_ONE] | right[ALONE])
print(f"{telling.sum()} of {len(telling)} new questions are answered right by the network\n"
      f"'{TOLD}' and by no other.  One of them:\n" if telling.any() else
      f"There is no question that '{TOLD}' alone answers right.  Any one:\n")
attention_of(nets, held_out, telling, args.out / "03_episodic_memory.png")

# %% [markdown]
# ## 6. The proof

# %% 6. The proof
heading(6, "The proof")
seen = places(held_out, test_batch)
score = {name: evaluate(model, test_batch) for name, model in nets.items()}
counts = np.bincount(test_batch.answer[test_batch.answer >= 0])
print(f"""{len(test_batch.answer)} new questions.  In brackets: 95 % intervals.  gates: the share of
passes that look where the file says.  Beside it: the mean weight that a pass
puts on the first fact, on the second, and on [done reading].  Answering the
same place each time would be right in {100 * counts.max() / len(test_batch.answer):.1f} %.

{'':20}{'answers right':<23}{'gates':<17}1st    2nd   done""")
for name, found in score.items():
    weights = np.array([weight_on(out[name].gates, seen[place])            # (3, passes)
                        for place in ("first", "second", "done")])
    for i, (first, second, done) in enumerate(weights.T):
        cells = f"{name:20}{percent(found):<23}{100 * found.gate_accuracy:5.1f} %" if not i else ""
        print(f"{cells:<52}pass {i + 1}{first:6.2f}{second:7.2f}{done:7.2f}")
print()
versus = lambda one, other: f"{percent(score[one])} against {percent(score[other])}"
several = claim(f"Told where to look, {PASSES[1]} passes answer more than {PASSES[0]}",
                more(score[TOLD], score[TOLD_ONE]), versus(TOLD, TOLD_ONE), args.quick)
told = claim(f"With {PASSES[1]} passes, telling where to look gives more right answers",
             more(score[TOLD], score[ALONE]), versus(TOLD, ALONE), args.quick)
useless = claim(f"Not told, {PASSES[1]} passes answer no more than {PASSES[0]}",
                not more(score[ALONE], score[ALONE_ONE]), versus(ALONE, ALONE_ONE), args.quick)
claim("A single pass answers no more when it is told to look at the first fact",
      not more(score[TOLD_ONE], score[ALONE_ONE]), versus(TOLD_ONE, ALONE_ONE), args.quick)
exact = DMN(nets[TOLD].config, vocabulary, "numpy", dtype="float64")
exact.theta = nets[TOLD].theta
some, _ = take_stories(test_batch, np.argsort(test_batch.n_tokens)[:2])
checked = check_model(exact, some, 2 if args.quick else 20, rng)
print()
same(f"gradcheck of '{TOLD}': {sum(k for _, k in checked.values())} float64 derivatives by hand "
     "and as differences, relative", max(error for error, _ in checked.values()), 0.0, 1e-4)

# %% [markdown]
# ## 7. To take away

# %% 7. To take away
finds = min(weight_on(out[TOLD].gates, seen["first"])[0],
            weight_on(out[TOLD].gates, seen["second"])[1]) > 0.5
if args.quick:
    saw = "Too small to show anything\n(--quick)."
elif several and told and useless and finds:
    few, many = PASSES
    saw = ("It takes both.  Told which facts count, the network with\n"
           f"{many} passes looks at the first, then at the second, and answers the most.  With\n"
           f"{few} pass it answers fewer; and told nothing, {many} passes answer no more than "
           f"{few}.")
else:
    saw = "Not what four networks mostly show: see which claims do\nnot hold, and why."
print(f"""
What you saw: {saw}
All in all {perf_counter() - began:.0f} s.

Where the code is, in tinydmn/ (each derivative below its function):""")
where("eq. (5)  z(c, m, q)", gate_numpy.gate_features)
where("  its derivative", gate_numpy.gate_features_backward)
where("eq. (6)  the gate", gate_numpy.gate_forward)
where("  its derivative", gate_numpy.gate_backward)
where("eqs (7), (8)  the episode", episode_numpy.gated_episode_forward)
where("  its derivative", episode_numpy.gated_episode_backward)
where("section 4.1  softmax", episode_numpy.softmax_episode_forward)
where("the passes", passes_numpy.passes_forward)
print("""
Your turn (the first two: near the top of the script)
  1. PASSES = (1, 2): two facts, two passes.  Is the third, for [done reading],
     needed?  The same claims are made of two.
  2. EPISODE = "gated": eqs (7) and (8) in place of the weighted sum.  What
     changes in time, and in the weights of a pass?
  3. In scene 2 let it be Mary who went to the garden, c[2] = 0, 0, 1, 1.  Where
     does pass 2 look?
  Your own story: tinydmn train babi --task 2, then tinydmn ask runs/babi-2.npz

Next: lesson 3b, python lessons/03b_back_through_an_episode.py""")
outcomes("For the answer it is not: two facts take two passes, and the same claims hold of two.",
         "Slower, as the facts are read one after another; and the gates no longer have to share "
         "one unit of attention.",
         "At sentence 1 again: nothing else fits the memory \"Daniel\".")
