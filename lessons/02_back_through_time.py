# %% [markdown]
"""
# Lesson 2 - back through time: how does the error reach the first word?

    python lessons/02_back_through_time.py      (a few seconds on a CPU)

You need: lesson 1, and the chain rule.

You get: the derivative of each line of eqs (1)-(4) beside its central difference; the vanishing
gradient in a picture, and what the gate z does about it.
"""

# %% Options and the numbers of this lesson
import numpy as np

from common import claim, heading, options, outcomes, predict, same, saved, where
from tinydmn import ops
from tinydmn.gradcheck import numerical_grad
from tinydmn.ops.groups import GRU
from tinydmn.ops.gru_numpy import gru_cell_backward, gru_cell_forward, sigmoid
from tinydmn.plots import plot_gradient_norms

args = options(__doc__)
T, H = 100, 64                 # of the long sequence: words, units (and numbers in a word vector)
B_Z = 3.0                      # bias of the update gate z that the second GRU starts with
GAIN, WORD = 1.0, 1.0          # scale of U, scale of the word vectors

# %% [markdown]
# ## 1. One step, two units: by hand, and by central difference
#
# Each line of eqs (1)-(4) has a derivative, read from the last line to the first, with
# $dv$ for $\partial L / \partial v$:
#
# $$dz = dh \circ (h_{t-1} - \tilde h), \quad d\tilde h = dh \circ (1 - z), \quad
#   da_z = dz \circ z (1 - z), \quad da_h = d\tilde h \circ (1 - \tilde h^2)$$
# $$dr = da_h \circ U h_{t-1}, \quad da_r = dr \circ r (1 - r), \quad
#   dh_{t-1} = dh \circ z + [da_z, da_r, da_h \circ r]\, U$$
#
# and each is held against a central difference, $(L(v + h) - L(v - h)) / 2h$.

# %% 1. One step, two units: by hand, and by central difference
heading(1, "One step, two units: by hand, and by central difference")
rng = np.random.default_rng(args.seed)
x, h_prev, dh = rng.normal(size=(3, 1, 2))                  # (1, D), (1, H), (1, H) = dL/dh
W, U = rng.normal(size=(6, 2)), rng.normal(size=(6, 2))     # (3H, D), (3H, H): z, r, h~ stacked
b = rng.normal(size=6)                                      # (3H,)
# added to each line, to be moved a little
nudge = {name: np.zeros((1, 2)) for name in ("a_z", "z", "a_r", "r", "a_h", "h~")}


def step():
    """Eqs (1)-(4), one line each -> the loss L = sum(dh * h), and what the way back needs."""
    a_z, a_r, a_h = np.split(x @ W.T + b, 3, axis=1)                 # W x + b
    Uh_z, Uh_r, Uh_h = np.split(h_prev @ U.T, 3, axis=1)
    z = sigmoid(a_z + Uh_z + nudge["a_z"]) + nudge["z"]              # (1)
    r = sigmoid(a_r + Uh_r + nudge["a_r"]) + nudge["r"]              # (2)
    h_tilde = np.tanh(a_h + r * Uh_h + nudge["a_h"]) + nudge["h~"]   # (3)
    h = z * h_prev + (1 - z) * h_tilde                               # (4)
    return np.sum(dh * h), (z, r, Uh_h, h_tilde)


predict("how many ways lead from h_t-1 to h_t, and which of them has no weight in it?")

# %%
_, (z, r, Uh_h, h_tilde) = step()
d = {}                                                      # dL/d name, from the last line up
d["z"] = dh * (h_prev - h_tilde)                            # through (4)
d["a_z"] = d["z"] * z * (1 - z)                             # through (1): slope of the sigmoid
d["h~"] = dh * (1 - z)                                      # through (4)
d["a_h"] = d["h~"] * (1 - h_tilde**2)                       # through (3): slope of tanh
d["r"] = d["a_h"] * Uh_h                                    # through (3)
d["a_r"] = d["r"] * r * (1 - r)                             # through (2)
da = np.hstack([d["a_z"], d["a_r"], d["a_h"]])              # (1, 3H)  meets W and b
dUh = np.hstack([d["a_z"], d["a_r"], d["a_h"] * r])         # (1, 3H)  meets U: h~'s share passes r
d["x"], d["h_prev"] = da @ W, dh * z + dUh @ U              # straight through (4), and through U
d["W"], d["U"], d["b"] = da.T @ x, dUh.T @ h_prev, da[0]

arrays = {**nudge, "x": x, "h_prev": h_prev, "W": W, "U": U, "b": b}
difference = {name: numerical_grad(lambda: step()[0], arrays[name]) for name in d}
print(f"\nL = sum(dh * h) with dh given, so dL/dh = dh; dz stands for dL/dz.\n\n"
      f"{' through':<38}by hand             difference")


def beside(label, by_hand, difference):
    columns = ("".join(f"{v:+10.6f}" for v in numbers) for numbers in (by_hand, difference))
    print(f" {label:<36}" + " ".join(columns))


for label, name in (("(4)  dz      = dh * (h_prev - h~)", "z"),
                    ("(1)  da_z    = dz * z (1 - z)", "a_z"),
                    ("(4)  dh~     = dh * (1 - z)", "h~"),
                    ("(3)  da_h    = dh~ * (1 - h~^2)", "a_h"),
                    ("(3)  dr      = da_h * U_h h_prev", "r"),
                    ("(2)  da_r    = dr * r (1 - r)", "a_r"),
                    ("all  dh_prev = dh * z + dUh U", "h_prev"),
                    ("all  dx      = da W", "x")):
    beside(label, d[name][0], difference[name][0])
for name, formula, rows in (("W", "da^T x", "z1 z2 r1 r2 h1 h2"),
                            ("U", "dUh^T h_prev", "z1 z2 r1 r2 h1 h2"), ("b", "da", "z r h")):
    by_row = zip(rows.split(), d[name].reshape(-1, 2), difference[name].reshape(-1, 2))
    for row, by_hand, central in by_row:                    # of b both units in one line
        label = f"d{name}_{row[0]}" + (f"[{row[1]}]" if row[1:] else "")
        beside(f"     {label:<8}= {formula}", by_hand, central)
print()
for name in d:
    if not np.allclose(d[name], difference[name], rtol=0, atol=1e-6):
        same(f"dL/d{name}, by hand and by central difference", d[name], difference[name], 1e-6)
every = [np.concatenate([found[name].ravel() for name in d]) for found in (d, difference)]
same(f"all {len(every[0])} entries, by hand and by central difference", *every, 1e-6)
weights = GRU(W, U, b)
dweights = GRU(*map(np.zeros_like, weights))
library = gru_cell_backward(dh, gru_cell_forward(x, h_prev, weights)[1], weights, dweights)
for name, mine, theirs in (("dx", d["x"], library[0]), ("dh_prev", d["h_prev"], library[1]),
                           ("dU", d["U"], dweights.U)):
    same(f"{name}, here and in the library's gru_cell_backward", mine, theirs, 1e-12)

# %% [markdown]
# ## 2. A hundred steps: what is left of the error at the first word
#
# Step after step the gradient is multiplied by a matrix.  Of a tanh RNN it is the slope of tanh
# times $U$; eq. (4) adds $\mathrm{diag}(z_t)$:
#
# $$\frac{\partial h_t}{\partial h_{t-1}} = \mathrm{diag}(1 - h_t^2)\, U
#   \qquad\text{against}\qquad
#   \frac{\partial h_t}{\partial h_{t-1}} = \mathrm{diag}(z_t) + \ldots$$

# %% 2. A hundred steps: what is left of the error at the first word
heading(2, f"{T} words, {H} units: what is left of the error at the first word")


def rnn(x, W, U, b, dh):
    """h_t = tanh(W x_t + U h_{t-1} + b), and back: dh (1, H) = dL/dh_T -> dL/dh_1 .. dL/dh_T."""
    h = [np.zeros_like(dh)]
    for x_t in x:
        h.append(np.tanh(x_t @ W.T + h[-1] @ U.T + b))
    d = [dh]
    for h_t in h[:1:-1]:                                    # h_T .. h_2
        d.append((d[-1] * (1 - h_t**2)) @ U)                # the only way: slope of tanh, then U
    return d[::-1]


def gru(x, W, U, b, dh):
    """The same for the GRU -> dL/dh_1 .. dL/dh_T; what of it comes through z alone; mean z."""
    h, caches = np.zeros_like(dh), []
    weights = GRU(W, U, b)
    dweights = GRU(*map(np.zeros_like, weights))
    for x_t in x:
        h, cache = gru_cell_forward(x_t[None], h, weights)
        caches.append(cache)
    d, straight = [dh], [dh]
    for cache in caches[:0:-1]:                             # of h_T .. h_2
        d.append(gru_cell_backward(d[-1], cache, weights, dweights)[1])    # dh * z + dUh U
        straight.append(straight[-1] * cache[2])                           # dh * z; cache[2] is z
    return d[::-1], straight[::-1], np.mean([cache[2] for cache in caches])


def lengths(seed):
    """One draw of words and weights -> {name: (norm of each dL/dh_t (T,), mean z)}.

    All networks share them: the tanh RNN is the GRU's candidate, a GRU with z = 0 and r = 1.
    """
    rng = np.random.default_rng([args.seed, seed])
    x, dh = WORD * rng.normal(size=(T, H)), rng.normal(size=(1, H))
    dh /= np.linalg.norm(dh)                                # every curve begins at 1
    W, U = rng.normal(size=(3 * H, H)) / H**0.5, GAIN * rng.normal(size=(3 * H, H)) / H**0.5
    b = np.zeros(3 * H)
    found = {"tanh RNN": (rnn(x, W[2 * H:], U[2 * H:], b[2 * H:], dh), np.nan)}
    for bias in (0.0, B_Z):
        b[:H] = bias
        d, straight, z = gru(x, W, U, b, dh)
        found |= {f"GRU, b_z = {bias:g}": (d, z),
                  f"  through z alone, b_z = {bias:g}": (straight, z)}
    return {name: (np.linalg.norm(np.vstack(d), axis=1), z) for name, (d, z) in found.items()}


predict(f"the gradient has norm 1 at word {T}.  Guess its power of ten at word 1: for a tanh RNN, "
        f"for a GRU with b_z = 0, for one with b_z = {B_Z:g}.")

# %%
draws = [lengths(seed) for seed in range(3 if args.quick else 20)]
steps = T - 1 - np.array([0, T // 4, T // 2, T - 1])        # the columns: last word .. first word
print(f"\n{'norm of':<28}" + "".join(f"{f'dL/dh_{t + 1}':>10}" for t in steps)
      + f"{'kept':>6}{'z':>4}")
for name, (length, z) in draws[0].items():
    kept = f"{length[0]**(1 / (T - 1)):6.2f}{z:5.2f}".replace("  nan", "")
    print(f"{name:<28}" + "".join(f"{v:10.0e}" for v in length[steps]) + kept)
print("kept: the factor on the norm per step back, on average; z: its mean.\n")
PLAIN, BARE, BIASED = "tanh RNN", "GRU, b_z = 0", f"GRU, b_z = {B_Z:g}"
at_first = {name: [draw[name][0][0] for draw in draws] for name in draws[0]}      # |dL/dh_1|
ratio = np.array(at_first[BIASED]) / np.maximum(at_first[PLAIN], 5e-324)
shown = ((name, draws[0][name]) for name in (PLAIN, BARE, BIASED))
saved(plot_gradient_norms({f"{name}, z near {z:.2f}" if z == z else name: length
                           for name, (length, z) in shown}, args.out / "02_back_through_time.png"))
print(f"(the first of {len(draws)} draws of words and weights, as in the table)\n")
spread = lambda values: f"{min(values):.0e} to {max(values):.0e}"
claim(f"At the first word {BIASED} has a million times the gradient of the {PLAIN}, or more",
      min(ratio) > 1e6, f"{spread(ratio)} times in {len(draws)} draws", args.quick)
claim("A GRU as such does not keep the error alive: with b_z = 0 less than a billionth of it is "
      "left", max(at_first[BARE]) < 1e-9,
      f"{spread(at_first[BARE])} of it in {len(draws)} draws", args.quick)

# %% [markdown]
# ## 3. To take away

# %% 3. To take away
heading(3, "To take away")
print(f"""What you saw
  A tanh RNN's only way back is the slope of tanh, then U: here {spread(at_first[PLAIN])}
  of the error was left at the first word.
  Eq. (4) adds a way straight through z, a factor z a step and nothing else:
  with z near {draws[0][BARE][1]:.2f} there was {spread(at_first[BARE])} left, with z near \
{draws[0][BIASED][1]:.2f}
  {spread(at_first[BIASED])}.  Training can raise z, unit by unit and word by word.

Where the code is, in tinydmn/:""")
where("eqs (1)-(4) forward", gru_cell_forward)
where("eqs (1)-(4) backward", gru_cell_backward)
where("back through all words", ops.load("numpy").gru_backward)
where("the same, compiled", ops.load("numba").gru_backward)
print("""
Your turn (near the top of the script)
  1. B_Z = -3.0, z near 0: does the GRU still do better than the tanh RNN?
  2. GAIN = 3.0, U three times as large: which networks explode?
  3. WORD = 0.1, small words: what becomes of the tanh RNN's gradient?

Next: lesson 3, episodic memory.  Gates like z, but over facts, and asked.""")
outcomes("No: with z near 0 the GRU fades faster than the tanh RNN.",
         "The tanh RNN, and neither GRU.",
         "Small words leave tanh its slope of 1, so it fades far less.  Each time a claim does not "
         "hold any more: it was one about these numbers.")
