"""Lesson 1 - words and the GRU: what does a GRU carry from word to word?

Run:       python lessons/01_words_and_the_gru.py      (3 s on a CPU)
You need:  NumPy, and section 2.1 of the paper.
You get:   eqs (1)-(4) number by number; a story's facts; gates and state to look at.

Nothing is trained here: the weights are random, and the same equations hold.
"""

# %% Options and the numbers of this lesson -------------------------------------------------------------------------------------
import math

import numpy as np

from common import heading, options, saved, where
from tinydmn import input_module, ops
from tinydmn.data.babi import load_task
from tinydmn.data.batch import make_batch
from tinydmn.data.generator import generate
from tinydmn.data.vocabulary import END_OF_SENTENCE, Vocabulary
from tinydmn.errors import UserError
from tinydmn.ops.gru_numpy import gru_cell_forward, input_product
from tinydmn.plots import plot_gru

args = options(__doc__, data=True)
rng = np.random.default_rng(args.seed)
WORDS = ("john", "went", "home")
H, B_Z = 8, 0.0                                             # for the story: units, bias of the update gate

# %% 1. Three words, two units --------------------------------------------------------------------------------------------------
heading(1, "Three words, two units")
x = rng.normal(size=(3, 2)).round(1)                        # one row a word: L[w_t]
W, U = rng.normal(size=(6, 2)).round(1), rng.normal(size=(6, 2)).round(1)   # W (3H, D), U (3H, H): the gates z, r, h~ stacked
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
    w, u, bias = W.tolist(), U.tolist(), b.tolist()
    z = [sigma(dot(w[k], x) + dot(u[k], h) + bias[k]) for k in (0, 1)]                                        # (1)
    r = [sigma(dot(w[2 + k], x) + dot(u[2 + k], h) + bias[2 + k]) for k in (0, 1)]                            # (2)
    h_tilde = [math.tanh(dot(w[4 + k], x) + r[k] * dot(u[4 + k], h) + bias[4 + k]) for k in (0, 1)]           # (3)
    return z, r, h_tilde, [z[k] * h[k] + (1 - z[k]) * h_tilde[k] for k in (0, 1)]                             # (4)


h_hand, h = [0.0, 0.0], np.zeros((1, 2))                    # h_0 = 0
for t, word in enumerate(WORDS):
    z_hand, r_hand, h_tilde_hand, h_new = by_hand(x[t].tolist(), h_hand)
    h, (h_prev, z, r, _, h_tilde) = gru_cell_forward(input_product(x[t:t + 1], W, b), h, U)
    print(f"\nword {t + 1}: {word:<10}            unit 1                    unit 2\n"
          f"x = ({x[t, 0]:+.1f}, {x[t, 1]:+.1f})         by hand     NumPy         by hand     NumPy")
    for name, hand, array in (("h_t-1", h_hand, h_prev), ("z   (1)", z_hand, z), ("r   (2)", r_hand, r),
                              ("h~  (3)", h_tilde_hand, h_tilde), ("h   (4)", h_new, h)):
        print(f"  {name:<20}" + "    ".join(f"{a:+10.6f}{v:+10.6f}" for a, v in zip(hand, array[0])))
        assert np.allclose(hand, array[0], rtol=0, atol=1e-12), f"{name} of word {t + 1}: by hand {hand}, NumPy {array[0]}"
    h_hand = h_new
print(f"\nEq. (4), unit 1: {z[0, 0]:.6f} * {h_prev[0, 0]:+.6f} + {1 - z[0, 0]:.6f} * {h_tilde[0, 0]:+.6f} = {h[0, 0]:+.6f}\n"
      "So h lies between h_t-1 and h~, and z says how near to h_t-1.")

# %% 2. A story of 10 facts: c_t is the state where fact t ends -----------------------------------------------------------------
heading(2, "A story of 10 facts: c_t is the state where fact t ends")
n_others = 3 if args.quick else 30
task_1, task_2 = (load_task(args.data, n)[0] if args.data else generate(n, 1 + n_others, rng) for n in (1, 2))
story = next((s for s in task_1 if len(s.facts) == 10), None)
if story is None:
    raise UserError(f"{args.data}: task 1 has no story of 10 facts; give the published files")
stories = [story, *task_1[1:n_others], *task_2[:n_others]]  # stories of task 2 are longer: there will be padding
vocabulary = Vocabulary.build(stories)
batch = make_batch([story], vocabulary)
tokens, ends = batch.tokens[0], batch.fact_end[0]           # (T,), (10,): the places of <eos>
L = rng.normal(size=(len(vocabulary.words), H))             # word vectors of as many numbers as h has units
W, U, b = rng.normal(size=(3 * H, H)) / H**0.5, rng.normal(size=(3 * H, H)) / H**0.5, np.zeros(3 * H)
b[:H] = B_Z


def read(tokens):
    """One story word by word: tokens (T,) -> z, r, h, each (T, H)."""
    steps, h = [], np.zeros((1, H))
    for token in tokens:
        h, (_, z, r, _, _) = gru_cell_forward(input_product(L[[token]], W, b), h, U)
        steps.append((z[0], r[0], h[0]))
    return [np.array(a) for a in zip(*steps)]


z, r, h = read(tokens)
c = h[ends]                                                 # (10, H): the facts
who, other = story.facts[3][0], next(f[0] for f in story.facts if f[0] != story.facts[3][0])
changed = tokens.copy()
changed[ends[2] + 1] = vocabulary.word_id[other]            # fact 4 begins after the end of fact 3
change = np.linalg.norm(read(changed)[2][ends] - c, axis=1)
print(f"{len(tokens)} words, {len(tokens) - 10} of the facts and an {END_OF_SENTENCE} after each; {H} units; mean of z: {z.mean():.2f}.\n"
      "Nothing is trained: word vectors and weights are random.\n"
      f"Last column: how far c_t moves when fact 4 says {other} instead of {who}.\n\n"
      f"  t  fact{'c_t (units 1-3)':>50}{'move':>12}")
for t, fact in enumerate(story.facts):
    print(f" {t + 1:>2}  {' '.join(fact):<35.35}" + "".join(f"{v:+7.2f}" for v in c[t, :3]) + f"{change[t]:14.1e}")
assert not change[:3].any(), f"facts before the changed one moved: {change[:3]}"
assert change[3] > change[9], f"the change must show in c_4 and fade until c_10: {change[3:]}"
saved(plot_gru([vocabulary.words[i] for i in tokens], z, r, h, args.out / "01_words_and_the_gru.png", ends))

# %% 3. Alone, or in a batch ----------------------------------------------------------------------------------------------------
order = rng.permutation(len(stories))
place = int(np.flatnonzero(order == 0)[0])
full = make_batch([stories[i] for i in order], vocabulary)
params = {"embedding.L": L, "input.W": W, "input.U": U, "input.b": b}
heading(3, "Alone, or in a batch")
print(f"The model reads all stories of a batch at once: here {len(stories)}, padded to {full.tokens.shape[1]} words, in\n"
      f"random order, ours in row {place + 1}.  The largest difference from word by word:\n\n            alone    in the batch")
for backend in ops.BACKENDS:
    alone, among = (input_module.forward(each, params["embedding.L"], params, ops.load(backend))[0] for each in (batch, full))   # (1, 10, H), (S, F, H)
    differences = [np.abs(facts - c).max() for facts in (alone[0], among[place, :10])]
    print(f"{backend:<8}" + "".join(f"{d:10.1e}" for d in differences))
    assert max(differences) < 1e-12, f"{backend}: a story alone and in a batch differ by {differences}"

# %% 4. To take away ------------------------------------------------------------------------------------------------------------
heading(4, "To take away")
print(f"""What you saw
  A GRU keeps a share z of its state and writes 1 - z of a new one (eq. 4).
  A fact is the state at its {END_OF_SENTENCE}: it holds the words so far, never later ones.
  One word's trace shrank from {change[3]:.1e} to {change[9]:.1e} in six facts, z near {z.mean():.1f}.

Where the code is, in tinydmn/:""")
where("eqs (1)-(4), one step", gru_cell_forward)
where("eqs (1)-(4), all words", ops.load("numpy").gru_forward)
where("the same, compiled", ops.load("numba").gru_forward)
where("facts c_t (section 2.1)", input_module.forward)
print("""
Your turn (near the top of the script)
  B_Z = 3.0    z rises above 0.8 on average: the trace lasts for many facts.
  B_Z = -3.0   z falls below 0.2: the trace is soon gone, often to the last bit.
  In by_hand, swap z and 1 - z in eq. (4): the assert names h of word 1.

Next: lesson 2, back through time.  Why a fading trace makes learning hard.""")
