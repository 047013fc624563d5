# %% [markdown]
"""
# Lesson 1 - words and the GRU: what does a GRU carry from word to word?

    python lessons/01_words_and_the_gru.py      (a few seconds on a CPU)

You need: NumPy, and section 2.1 of the paper.

You get: eqs (1)-(4) number by number; a story's facts; and, in a picture, how far one changed
word is felt.  Nothing is trained here: the weights are random, and the same equations hold.
"""

# %% Options and the numbers of this lesson
import math

import numpy as np

from common import claim, heading, options, outcomes, predict, same, saved, where
from tinydmn import input_module, ops
from tinydmn.data.babi import load_task
from tinydmn.data.batch import make_batch
from tinydmn.data.generator import generate
from tinydmn.data.vocabulary import END_OF_SENTENCE, Vocabulary
from tinydmn.errors import UserError
from tinydmn.ops.groups import GRU, Sequences
from tinydmn.ops.gru_numpy import gru_cell_forward
from tinydmn.plots.curves import plot_trace

args = options(__doc__, data=True)
rng = np.random.default_rng(args.seed)
WORDS = ("john", "went", "home")
H = 8                          # for the story: units
B_Z = (0.0, -3.0, 3.0)         # biases of the update gate: three GRUs that differ in nothing else
FACT = 4                       # the fact, of ten, in which a word is changed

# %% [markdown]
# ## 1. Three words, two units
#
# $$z_t = \sigma(W^{(z)} x_t + U^{(z)} h_{t-1} + b^{(z)}) \tag{1}$$
# $$r_t = \sigma(W^{(r)} x_t + U^{(r)} h_{t-1} + b^{(r)}) \tag{2}$$
# $$\tilde h_t = \tanh(W x_t + r_t \circ (U h_{t-1}) + b^{(h)}) \tag{3}$$
# $$h_t = z_t \circ h_{t-1} + (1 - z_t) \circ \tilde h_t \tag{4}$$

# %% 1. Three words, two units
heading(1, "Three words, two units")
x = rng.normal(size=(3, 2)).round(1)                        # one row a word: L[w_t]
W = rng.normal(size=(6, 2)).round(1)                        # (3H, D): z, r, h~ stacked
U = rng.normal(size=(6, 2)).round(1)                        # (3H, H)
b = rng.normal(size=6).round(1)                             # (3H,)
print("The weights: random, one decimal, so that a pocket calculator can follow.\n")
print("gate  unit        W           U        b")
for row in range(6):
    W_row, U_row = (" ".join(f"{v:+.1f}" for v in matrix[row]) for matrix in (W, U))
    print(f"{('z', 'r', 'h~')[row // 2]:<6}{row % 2 + 1:>3}     {W_row}   {U_row}   {b[row]:+.1f}")


def by_hand(x, h):
    """Eqs (1)-(4) with Python's floats: lists x (2), h (2) -> z, r, h~, new h, each a list (2)."""
    dot = lambda row, v: row[0] * v[0] + row[1] * v[1]
    sigma = lambda v: 1 / (1 + math.exp(-v))
    a = [dot(row, x) + bias for row, bias in zip(W.tolist(), b.tolist())]                  # W x + b
    Uh = [dot(row, h) for row in U.tolist()]
    z = [sigma(a[k] + Uh[k]) for k in (0, 1)]                                              # (1)
    r = [sigma(a[2 + k] + Uh[2 + k]) for k in (0, 1)]                                      # (2)
    h_tilde = [math.tanh(a[4 + k] + r[k] * Uh[4 + k]) for k in (0, 1)]                     # (3)
    return z, r, h_tilde, [z[k] * h[k] + (1 - z[k]) * h_tilde[k] for k in (0, 1)]          # (4)


print()
predict("h_t-1 and h~ are two numbers a unit.  Can the new h lie outside of them?")

# %%
h_hand, h = [0.0, 0.0], np.zeros((1, 2))                    # h_0 = 0
found = {"z   (1)": [], "r   (2)": [], "h~  (3)": [], "h   (4)": []}       # a pair a word
for t, word in enumerate(WORDS):
    z_hand, r_hand, h_tilde_hand, h_new = by_hand(x[t].tolist(), h_hand)
    h, (_, h_prev, z, r, _, h_tilde) = gru_cell_forward(x[t:t + 1], h, GRU(W, U, b))
    print(f"\nword {t + 1}: {word:<10}            unit 1                    unit 2\n"
          f"x = ({x[t, 0]:+.1f}, {x[t, 1]:+.1f})"
          f"         by hand     NumPy         by hand     NumPy")
    for name, hand, array in (("h_t-1", h_hand, h_prev), ("z   (1)", z_hand, z),
                              ("r   (2)", r_hand, r), ("h~  (3)", h_tilde_hand, h_tilde),
                              ("h   (4)", h_new, h)):
        units = "    ".join(f"{a:+10.6f}{v:+10.6f}" for a, v in zip(hand, array[0]))
        print(f"  {name:<20}" + units)
        if name in found:
            found[name].append((hand, array[0]))
    h_hand = h_new
print()
for name, pairs in found.items():
    same(f"{name} of [word, unit], by hand and in NumPy", [hand for hand, _ in pairs],
         [array for _, array in pairs], 1e-12)
print(f"\nEq. (4), unit 1: {z[0, 0]:.6f} * {h_prev[0, 0]:+.6f} + {1 - z[0, 0]:.6f} * "
      f"{h_tilde[0, 0]:+.6f} = {h[0, 0]:+.6f}\n"
      "So h lies between h_t-1 and h~, and z says how near to h_t-1.")

# %% [markdown]
# ## 2. A story of 10 facts: c_t is the state where fact t ends
#
# One GRU reads all sentences as one long list of words; the fact $c_t$ is its state at the end of
# sentence $t$.  Change one word, and the distance of the states before and after,
# $\lVert h'_t - h_t \rVert$, is the trace of that word.

# %% 2. A story of 10 facts: c_t is the state where fact t ends
heading(2, "A story of 10 facts: c_t is the state where fact t ends")
n_others = 3 if args.quick else 30
task_1, task_2 = (load_task(args.data, n)[0] if args.data else generate(n, 1 + n_others, rng)
                  for n in (1, 2))
story = next((s for s in task_1 if len(s.facts) == 10), None)
if story is None:
    raise UserError(f"{args.data}: task 1 has no story of 10 facts; give the published files")
# stories of task 2 are longer: there will be padding
stories = [story, *task_1[1:n_others], *task_2[:n_others]]
vocabulary = Vocabulary.build(stories)
batch = make_batch([story], vocabulary)
tokens, ends = batch.tokens[0], batch.fact_end[0]           # (T,), (10,): the positions of <eos>
L = rng.normal(size=(len(vocabulary.words), H))             # word vectors of H numbers
W, U = rng.normal(size=(3 * H, H)) / H**0.5, rng.normal(size=(3 * H, H)) / H**0.5
b = {b_z: np.repeat([b_z, 0.0], [H, 2 * H]) for b_z in B_Z}  # (3H,): z, r, h~ stacked


def read(tokens, b):
    """One story word by word: tokens (T,) -> z, r, h, each (T, H)."""
    steps, h = [], np.zeros((1, H))
    for token in tokens:
        h, (_, _, z, r, _, _) = gru_cell_forward(L[[token]], h, GRU(W, U, b))
        steps.append((z[0], r[0], h[0]))
    return [np.array(a) for a in zip(*steps)]


predict(f"a word of fact {FACT} is changed.  Does a large bias of the update gate, z near 1, make "
        "its trace fade faster or slower than z near 0?")

# %%
who = story.facts[FACT - 1][0]
other = next(fact[0] for each in stories for fact in each.facts if fact[0] != who)
place = ends[FACT - 2] + 1 if FACT > 1 else 0               # a fact begins after the one before it
changed = tokens.copy()
changed[place] = vocabulary.word_id[other]
told, now = ({b_z: read(text, b[b_z]) for b_z in B_Z} for text in (tokens, changed))
mean_z = {b_z: told[b_z][0].mean() for b_z in B_Z}
move = {b_z: np.linalg.norm(now[b_z][2] - told[b_z][2], axis=1) for b_z in B_Z}            # (T,)
print(f"{len(tokens)} words, {len(tokens) - 10} of the facts and an {END_OF_SENTENCE} after each; "
      f"{H} units.  Word vectors and\n"
      f"weights are random.  How far does c_t move when fact {FACT} says {other} instead of\n"
      f"{who}?  Three GRUs, each with another bias b_z of its update gate:\n\n"
      f"  t  fact{'':32}" + "".join(f"{f'b_z = {b_z:g}':>13}" for b_z in B_Z)
      + f"\n{'mean of z':>40} " + "".join(f"{mean_z[b_z]:13.2f}" for b_z in B_Z))
for t, fact in enumerate(story.facts):
    moved = "".join(f"{move[b_z][ends[t]]:13.1e}" for b_z in B_Z)
    print(f" {t + 1:>2}  {' '.join(fact):<36.36}" + moved)
z, r, h = told[B_Z[0]]
curves = {f"b_z = {b_z:g}, z near {mean_z[b_z]:.2f}": move[b_z] for b_z in B_Z}
maps = {f"update gate z of the GRU with b_z = {B_Z[0]:g}: 1 keeps the old state": z,
        "its reset gate r: 0 forgets the old state in the candidate": r, "its state h": h}
saved(plot_trace([vocabulary.words[i] for i in tokens], curves, maps,
                 args.out / "01_words_and_the_gru.png", place, ends))
c = {b_z: told[b_z][2][ends] for b_z in B_Z}                # (10, H): the facts
trace = {b_z: move[b_z][ends[[FACT - 1, 9]]] for b_z in B_Z}               # of c_4 and of c_10
if FACT > 1:
    same("facts before the change, with it and without",
         [now[b_z][2][ends[:FACT - 1]] for b_z in B_Z], [c[b_z][:FACT - 1] for b_z in B_Z], 1e-12)
claim(f"A trace fades: c_10 moves less than c_{FACT}",
      all(at_10 < at_change for at_change, at_10 in trace.values()),
      "; ".join(f"b_z = {b_z:g}: {at_change:.1e}, then {at_10:.1e}"
                for b_z, (at_change, at_10) in trace.items()), args.quick)
left = {b_z: at_10 / at_change if at_change else 0.0 for b_z, (at_change, at_10) in trace.items()}
rising = sorted(B_Z, key=mean_z.get)
claim("The nearer z is to 1, the more of the trace is left in c_10",
      all(left[low] < left[high] for low, high in zip(rising, rising[1:])),
      "; ".join(f"z near {mean_z[b_z]:.2f} leaves {left[b_z]:.1e} of it" for b_z in rising),
      args.quick)

# %% [markdown]
# ## 3. Alone, or in a batch
#
# A batch holds stories of different lengths, filled up with padding.  None of it may change a fact.

# %% 3. Alone, or in a batch
order = rng.permutation(len(stories))
row = int(np.flatnonzero(order == 0)[0])
full = make_batch([stories[i] for i in order], vocabulary)
gru = GRU(W, U, b[B_Z[0]])
heading(3, "Alone, or in a batch")
print(f"The model reads all stories of a batch at once: here {len(stories)}, padded to "
      f"{full.tokens.shape[1]} words, in\n"
      f"random order, ours in row {row + 1}.  Its facts against those read word by word:\n")
for backend in ops.BACKENDS:
    run = ops.load(backend).gru_forward
    facts_of = lambda each: run(L, Sequences(each.tokens, each.n_tokens, each.fact_end), gru)[0]
    alone, among = facts_of(batch), facts_of(full)          # (1, 10, H), (S, F, H)
    same(f"{backend:<6} alone", alone[0], c[B_Z[0]], 1e-12)
    same(f"{backend:<6} in the batch", among[row, :10], c[B_Z[0]], 1e-12)

# %% [markdown]
# ## 4. To take away

# %% 4. To take away
heading(4, "To take away")
print(f"""What you saw
  A GRU keeps a share z of its state and writes 1 - z of a new one (eq. 4).
  A fact is the state at its {END_OF_SENTENCE}: it holds the words so far, never later ones.
  Of what one word changed in c_{FACT}, this was left in c_10:
    {', '.join(f"{left[b_z]:.0e} (z near {mean_z[b_z]:.2f})" for b_z in rising)}

Where the code is, in tinydmn/:""")
where("eqs (1)-(4), one step", gru_cell_forward)
where("eqs (1)-(4), all words", ops.load("numpy").gru_forward)
where("the same, compiled", ops.load("numba").gru_forward)
where("facts c_t (section 2.1)", input_module.forward)
print("""
Your turn (near the top of the script)
  1. B_Z = (0.0, -6.0, 6.0): how long does each trace last?
  2. FACT = 10: what becomes of the two claims?
  3. In by_hand, swap z and 1 - z in eq. (4).  Which line of the script sees it?

Next: lesson 2, back through time.  Why a fading trace makes learning hard.""")
outcomes("With z near 0 the trace is gone within a few facts, with z near 1 it lasts to the end.  "
         "The picture shows both.",
         "c_10 is the changed fact itself: neither claim about what is left in it holds.",
         "h is not what NumPy computes, and the line below the numbers says where.")
