# %% [markdown]
"""
# Lesson 3b - back through an episode: what does an error at the answer teach pass 1?

    python lessons/03b_back_through_an_episode.py      (two seconds on a CPU)

You need: lesson 2 (a derivative beside its central difference), lesson 3 (eqs 5-8).

You get: the derivatives of an episode in words, in numbers you can check, and in lines: the
softmax and its Jacobian, p - onehot, eq. (7)'s dg, the kink of |c - q|, and what accumulates
over the passes.
"""

# %%
import numpy as np

from common import claim, heading, options, outcomes, predict, same, saved, where
from tinydmn import ops
from tinydmn.gradcheck import STEP, numerical_grad
from tinydmn.ops import passes_numpy
from tinydmn.plots.flow import plot_flow

args = options(__doc__)
rng = np.random.default_rng(args.seed)
S = np.array([1.0, 0.0, -1.0])             # scene 1: three scores
GATES = np.array([0.9, 0.0, 0.5])          # scene 2: one gate a fact
PASSES = 2                                 # scene 4
numbers = lambda row: " ".join(f"{v:+9.6f}" for v in np.atleast_1d(row))
sigmoid = lambda x: 1 / (1 + np.exp(-x))

# %% [markdown]
# ## 1. Softmax: its Jacobian, and p - onehot
#
# A softmax shares out 1 among the facts (or the answers).  What one score gains the others lose,
# each in proportion to what it had:
#
# $$p_i = \frac{e^{s_i}}{\sum_j e^{s_j}}, \qquad
#   \frac{\partial p_i}{\partial s_j} = p_i\,([i = j] - p_j).$$
#
# With the loss $E = -\log p_k$, by the chain rule,
# $\partial E / \partial s = p - \mathrm{onehot}(k)$.

# %% 1. Softmax: its Jacobian, and p - onehot
heading(1, "Softmax: its Jacobian, and p - onehot")
predict("raise s_1 a little.  Which of p_1, p_2, p_3 rise, and what do the changes sum to?")


# %%
def softmax(s):
    e = np.exp(s - s.max())
    return e / e.sum()


k, p = 0, softmax(S)                                       # k: the right one
J = np.diag(p) - np.outer(p, p)                            # J[i, j] = p_i ([i = j] - p_j)
J_difference = np.array([numerical_grad(lambda: softmax(S)[i], S) for i in range(len(S))])
print(f"\ns = {numbers(S)}\np = {numbers(p)}\n\n{'dp_i / ds':13}by hand{'':26}central difference")
for i in range(len(S)):
    print(f"  p_{i + 1}   {numbers(J[i])}    {numbers(J_difference[i])}")
same("The Jacobian, by hand and by central difference", J, J_difference, 1e-9)
ds = p - (np.arange(len(S)) == k)                          # p - onehot
print(f"\nE = -log p_1 = {-np.log(p[k]):.6f}; dE/ds is\n  p - onehot          {numbers(ds)}\n"
      f"  -1/p_1 times row 1  {numbers(-J[k] / p[k])}")
same("dE/ds = p - onehot, and by central difference",
     ds, numerical_grad(lambda: -np.log(softmax(S)[k]), S), 1e-9)
claim("A shift of all scores changes nothing: each row of the Jacobian sums to 0, and dE/ds too",
      np.allclose(J.sum(axis=1), 0) and np.isclose(ds.sum(), 0),
      f"the sums are {', '.join(f'{abs(v):.0e}' for v in [*J.sum(axis=1), ds.sum()])}")

# %% [markdown]
# ## 2. Eq. (7): what pulls a gate
#
# $$h_t = g_t\,\mathrm{GRU}(c_t, h_{t-1}) + (1 - g_t)\,h_{t-1}$$
#
# A gate mixes two states, so its derivative asks on which side the loss wants $h_t$:
#
# $$dg_t = \sum_j dh_{t,j}\,(\mathrm{GRU}(c_t, h_{t-1}) - h_{t-1})_j, \qquad
#   ds_t = dg_t\,g_t (1 - g_t).$$
#
# The fact itself gets $g_t\,dh_t$ through the GRU, the state before $(1 - g_t)\,dh_t$ and what
# comes through the GRU.

# %% 2. Eq. (7): what pulls a gate
heading(2, "Eq. (7): what pulls a gate")


def gru(x, h, w):
    """Eqs (1)-(4), one step: x, h (H,), w = W, U (3, H, H), b (3, H) -> h', cache."""
    W, U, b = w
    z, r = sigmoid(W[0] @ x + U[0] @ h + b[0]), sigmoid(W[1] @ x + U[1] @ h + b[1])
    h_tilde = np.tanh(W[2] @ x + r * (U[2] @ h) + b[2])
    return z * h + (1 - z) * h_tilde, (x, h, z, r, h_tilde)


def gru_back(dh, cache, w, dw):
    """Lesson 2's derivatives -> dx, dh_prev.  Adds into dw: every step and pass uses w."""
    (W, U, _), (x, h, z, r, h_tilde) = w, cache
    da_h = dh * (1 - z) * (1 - h_tilde**2)
    da = np.array([dh * (h - h_tilde) * z * (1 - z), da_h * (U[2] @ h) * r * (1 - r), da_h])
    dUh = np.array([da[0], da[1], da_h * r])
    for total, term in zip(dw, (da[:, :, None] * x, dUh[:, :, None] * h, da)):
        total += term
    return np.einsum("kij,ki->j", W, da), dh * z + np.einsum("kij,ki->j", U, dUh)


c, dh = rng.normal(size=(3, 2)), rng.normal(size=2)        # three facts; dL/dh_3
w = [rng.normal(size=(3, 2, 2)), rng.normal(size=(3, 2, 2)), rng.normal(size=(3, 2))]


def episode(g):
    """Eqs (7), (8) -> e = h_3, and for each fact (h_{t-1}, the GRU's step, its cache)."""
    h, kept = np.zeros(2), []
    for c_t, g_t in zip(c, g):
        step, cache = gru(c_t, h, w)
        kept.append((h, step, cache))
        h = g_t * step + (1 - g_t) * h                     # (7)
    return h, kept                                         # (8)


def episode_back(dh, g, kept):
    dg, dc, dw = np.zeros(3), np.zeros_like(c), [np.zeros_like(part) for part in w]
    for t in reversed(range(3)):
        h, step, cache = kept[t]
        dg[t] = dh @ (step - h)                            # is the step where the loss wants h?
        dc[t], dh_step = gru_back(g[t] * dh, cache, w, dw)
        dh = (1 - g[t]) * dh + dh_step                     # past the gate, and through the GRU
    return dg, dc, dw


predict("gate 2 is exactly 0.  Which of dL/dg_2, dL/ds_2 and dL/dc_2 are 0 as well?")

# %%
L = lambda: dh @ episode(GATES)[0]
dg, dc, dw = episode_back(dh, GATES, episode(GATES)[1])
dg_difference = numerical_grad(L, GATES)
print("\n  t     g   dg by hand  difference   ds = dg g (1 - g)    |dc_t|")
for t in range(3):
    print(f"  {t + 1}  {GATES[t]:.2f}   {dg[t]:+10.6f}  {dg_difference[t]:+10.6f}"
          f"   {dg[t] * GATES[t] * (1 - GATES[t]):+17.6f}  {np.linalg.norm(dc[t]):8.6f}")
for name, mine, array in (("dg", dg, GATES), ("dc", dc, c), *zip(("dW", "dU", "db"), dw, w)):
    same(f"{name}, by hand and by central difference", mine, numerical_grad(L, array), 1e-7)
shut = np.flatnonzero(GATES == 0)
claim("A shut gate feels a pull, but its score and its fact learn nothing",
      len(shut) > 0 and np.all(dg[shut] != 0) and not dc[shut].any(),
      "; ".join(f"gate {t + 1}: dg = {dg[t]:+.3f}, |dc| = {abs(dc[t]).max():.0f}" for t in shut)
      or "no gate is 0")

# %% [markdown]
# ## 3. |c - q| and its kink
#
# Two blocks of eq. (5) are distances: $\partial |c - q| / \partial c = \mathrm{sign}(c - q)$, and
# the opposite sign for $q$.  At $c = q$ there is no derivative, and the code takes 0.

# %% 3. |c - q| and its kink
heading(3, "|c - q| and its kink")
predict(f"a central difference steps {STEP:.0e} to both sides.  At c - q = 4e-06, between -1 and "
        "1, what does it say, and who is right?")

# %%
gaps, q_j = np.array([-0.5, -1e-4, 4e-6, 0.0, 0.5]), 0.3
slopes = [numerical_grad(lambda: abs(x - q_j).sum(), x)[0] for x in (q_j + gaps)[:, None]]
print("\n    c - q      sign   difference")
for gap, slope in zip(gaps, slopes):
    print(f"{gap:+9.0e} {np.sign(gap):+9.0f} {slope:+12.6f}")
far = abs(gaps) > STEP
same("Further than a step from the kink, sign and difference", np.sign(gaps[far]),
     np.array(slopes)[far], 1e-7)
print("Nearer, the difference straddles the kink: the check is wrong, not the sign.")

# %% [markdown]
# ## 4. Back through all passes
#
# $$s^i = W^{(2)} \tanh(W^{(1)} z(c, m^{i-1}, q) + b^{(1)}) + b^{(2)}, \quad
#   p^i = \mathrm{softmax}(s^i), \quad e^i = \sum_t p^i_t c_t, \quad
#   m^i = \mathrm{GRU}(e^i, m^{i-1})$$
#
# The passes share $c$, $q$ and all weights, so each pass *adds* its share to their gradients.
# $q$ gets one more: $m^0 = q$.  The error reaches pass 1 only through $m^1$, which is read twice:
# by the GRU that makes $m^2$, and by the gates of pass 2.

# %% 4. Back through all passes
heading(4, f"Back through {PASSES} pass{'es' * (PASSES > 1)}")
story = ["Daniel took the football.", "Mary went to the kitchen.", "John took the apple.",
         "Daniel went to the garden."]
answers, right = ("kitchen", "garden"), 1                  # Where is the football?
noise = lambda *shape: 0.005 * rng.normal(size=shape)       # no exact 0 hides a wrong term
units = "football daniel mary kitchen john apple garden".split()
c = np.array([[float(unit in fact.lower()) for unit in units] for fact in story])
T, H = c.shape
c, q = c + noise(T, H), np.eye(H)[0] + 0.03                # q: the football; no |c - q| at its kink
liked = np.kron([0, 0, 0, -0.5, 1, 0, 0], np.ones(H))      # c∘m speaks for a fact, c∘q not
W, b, W_a = noise(3, H, H), noise(3, H), noise(2, H)
W[2] += 2 * np.eye(H)                                      # h~ is near tanh(2 e)
b[1] += 4.0                                                # r near 1
W_a[[0, 1], [units.index(answer) for answer in answers]] += 3.0
w = {"W_b": noise(H, H), "W_1": np.append(liked, [0, 0])[None] + noise(1, 7 * H + 2),
     "b_1": noise(1), "W_2": 2 + noise(1), "b_2": noise(1),
     "W": W, "U": noise(3, H, H), "b": b, "W_a": W_a}
cell = lambda arrays: [arrays[name] for name in ("W", "U", "b")]           # the memory's GRU


def features(m):
    """Eq. (5) of every fact -> (T, 7H + 2)."""
    m_t, q_t = np.tile(m, (T, 1)), np.tile(q, (T, 1))
    bilinear = [(c @ w["W_b"] @ x)[:, None] for x in (q, m)]
    return np.hstack([c, m_t, q_t, c * q, c * m, abs(c - q), abs(c - m), *bilinear])


def features_back(dz, m, d):
    """Block by block; adds into d["c"], d["q"], d["W_b"] -> dm."""
    d_c, d_m, d_q, cq, cm, abs_q, abs_m = np.split(dz[:, :7 * H], 7, axis=1)
    toward = np.outer(dz[:, -2], q) + np.outer(dz[:, -1], m)               # what c meets past W_b
    sign_q, sign_m = np.sign(c - q), np.sign(c - m)
    d["c"] += d_c + cq * q + cm * m + abs_q * sign_q + abs_m * sign_m + toward @ w["W_b"].T
    d["q"] += np.sum(d_q + cq * c - abs_q * sign_q, axis=0) + dz[:, -2] @ c @ w["W_b"]
    d["W_b"] += c.T @ toward
    return np.sum(d_m + cm * c - abs_m * sign_m, axis=0) + dz[:, -1] @ c @ w["W_b"]


def forward():
    """-> E, the answers' probabilities y, the last memory, and what each pass keeps."""
    m, kept = q, []                                        # m^0 = q
    for _ in range(PASSES):
        z = features(m)
        u = np.tanh(z @ w["W_1"].T + w["b_1"])
        p = softmax(u @ w["W_2"] + w["b_2"])               # (6) before its σ, then section 4.1
        m_next, cache = gru(p @ c, m, cell(w))
        kept.append((m, z, u, p, cache))
        m = m_next
    y = softmax(w["W_a"] @ m)                              # (9)
    return -np.log(y[right]), y, m, kept


def backward(gates=True):
    """-> d (name -> gradient), each pass's share of d, each pass's ds: the last pass first; dm^0.

    gates=False: what the gates send back to the memory they read is dropped.
    """
    _, y, m, kept = forward()
    d = {name: np.zeros_like(a) for name, a in {"c": c, "q": q, **w}.items()}
    dy = y - (np.arange(2) == right)                       # p - onehot
    d["W_a"] += np.outer(dy, m)
    dm, shares, pulls = dy @ w["W_a"], [], []
    for m, z, u, p, cache in reversed(kept):
        before = {name: a.copy() for name, a in d.items()}
        de, dm = gru_back(dm, cache, cell(w), cell(d))     # to the episode; straight on to m^{i-1}
        d["c"] += np.outer(p, de)                          # c as what is summed
        dp = c @ de
        ds = p * (dp - p @ dp)                             # the Jacobian of scene 1
        da = ds[:, None] * w["W_2"] * (1 - u**2)           # through (6), to before its tanh
        d["W_2"] += ds @ u
        d["b_2"] += ds.sum()
        d["W_1"] += da.T @ z
        d["b_1"] += da.sum(axis=0)
        dm = dm + gates * features_back(da @ w["W_1"], m, d)               # m^{i-1} once more
        shares.append({name: d[name] - before[name] for name in d})
        pulls.append(ds)
    d["q"] += dm                                           # m^0 = q
    return d, shares, pulls, dm


E, y, _, kept = forward()
print(f"Where is the football?  {', '.join(f'{a} {v:.2f}' for a, v in zip(answers, y))}; right is"
      f" {answers[right]}: E = {E:.3f}.\nThe loss is the answer's alone; no gate is supervised.")
predict("sentences 1 and 3 tell no place.  Does the error of the answer pull pass 1's attention to "
        "both alike?  If not, what tells them apart?")

# %%
d, shares, pulls, dm_0 = backward()
straight = backward(gates=False)[2][-1]                    # ds of pass 1 without pass 2's gates
ways = {"straight": -straight, "by gates": straight - pulls[-1], "pass 1": -pulls[-1]}
ways |= {f"pass {PASSES - i}": -pulls[i] for i in reversed(range(PASSES - 1))}
print(f"\nThe pull on each score, -dE/ds:\n{'':28}" + "".join(f"{name:>10}" for name in ways))
for t, fact in enumerate(story):
    print(f"  {fact:26}" + "".join(f"{pull[t]:+10.5f}" for pull in ways.values()))
norm = lambda a: f"{np.linalg.norm(a):11.5f}"
print("\n  share of    " + "".join(f"{f'pass {PASSES - i}':>11}" for i in range(PASSES))
      + f"{'m^0 = q':>11}{'sum':>11}   (norms)")
for name in ("W_1", "W", "c", "q"):
    print(f"  dE/d{name:8}" + "".join(norm(part[name]) for part in shares)
          + (norm(dm_0) if name == "q" else f"{'-':>11}") + norm(d[name]))
print()
for name, array in {"c": c, "q": q, **w}.items():
    same(f"dE/d{name}, by hand and as difference", d[name],
         numerical_grad(lambda: forward()[0], array), 1e-8)
apart = {name: (ways[name] / kept[0][3])[[0, 2]] for name in ("by gates", "straight")}
claim("Sentence 1 is worth more than 3 through the gates of pass 2, which look for Daniel; straight"
      " on they are worth nearly the same",
      apart["by gates"][0] - apart["by gates"][1] > 3 * abs(np.diff(apart["straight"])[0]),
      "; ".join(f"{name} {one:+.3f} and {three:+.3f}" for name, (one, three) in apart.items())
      + " for a unit of attention")
claim("b_2 learns nothing: a softmax does not see a shift", abs(d["b_2"][0]) < 1e-12,
      f"dE/db_2 = {abs(d['b_2'][0]):.0e}")

# %% [markdown]
# ## 5. The picture: the error, pass by pass
#
# From right to left: the error enters at the last pass.

# %% 5. The picture: the error, pass by pass
heading(5, "The picture: the error, pass by pass")
panels = {"attention p": [each[3] for each in kept],
          "pull on the score, -dE/ds": [-ds for ds in reversed(pulls)],
          "error at the fact, |dE/dc|": [np.linalg.norm(part["c"], axis=1)
                                         for part in reversed(shares)]}
saved(plot_flow(story, panels, args.out / "03b_back_through_an_episode.png",
                "Where is the football?   right answer: garden"))

# %% [markdown]
# ## 6. To take away

# %% 6. To take away
heading(6, "To take away")
print(f"""What you saw
  Derivatives: p - onehot at the answer, p (dp - p.dp) at the attention,
  dh.(step - h) at a gate, sign(c - q) at a distance.
  What is used twice gets two gradients, summed: c and the weights in each pass,
  q in each pass and as m^0.
  Nobody told pass 1 where to look.  A pull of {ways["by gates"][0]:+.5f} on sentence 1 came back
  through the gates of pass 2, from a loss on the answer alone.

Where the code is, in tinydmn/:""")
numpy_ops = ops.load("numpy")
where("p - onehot", numpy_ops.cross_entropy_backward)
where("the softmax's Jacobian", numpy_ops.softmax_episode_backward)
where("(5), (6) and the kink", numpy_ops.gate_backward)
where("(7), (8)", numpy_ops.gated_episode_backward)
where("m^i = GRU(e^i, m^{i-1})", numpy_ops.gru_cell_backward)
where("the sum over the passes", passes_numpy.passes_backward)
print("""
Your turn (near the top of the script, or in scene 4)
  1. PASSES = 1: what is the pull by gates, and which claim does not hold?
  2. GATES = np.array([0.9, 1.0, 0.5]): what becomes of ds_2, and of the claim?
  3. In features_back leave out "- abs_m * sign_m".  Which lines disagree?

Next: lesson 4, training.  python lessons/04_training.py""")
outcomes("Exactly 0: the only pass reads m^0 = q, and no memory that a pass has made.  The claim "
         "about sentences 1 and 3 does not hold.",
         "0 again, as g (1 - g) = 0: a gate learns as little wide open as shut.  No gate is 0, so "
         "the claim of scene 2 does not hold.",
         "dE/dq first, as m^0 = q; and, as the error of pass 1 comes through m^1, all that pass 1 "
         "shares in: c, W_b, W_1, b_1, W_2, W, U and b.  W_a is right.")
