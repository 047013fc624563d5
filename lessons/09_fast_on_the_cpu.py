# %% [markdown]
"""
# Lesson 9 - fast on the CPU: where does the time go, and what buys it back?

    python lessons/09_fast_on_the_cpu.py        (half a minute on 2 cores)

You need: lesson 1 (the GRU), lesson 3 (eqs 5 and 6).

You get: a loop in Python, NumPy and Numba; the profile of a training step; what makes it fast, one
change at a time, each held against the reference and timed.  All times are ratios of this run.
"""

# %% Options and the numbers of this lesson
from functools import partial
from math import exp, tanh
from time import perf_counter

import numpy as np
from numba import njit

from common import claim, heading, options, outcomes, predict, same, saved, where
from tinydmn import DMN, Config, Vocabulary, episodic_memory, make_batch, ops, parts, threads
from tinydmn.bench.operations import in_turns, sgemm_rate, shares_of_a_step
from tinydmn.bench.worker import our_trainer
from tinydmn.data.generator import generate
from tinydmn.ops.groups import GRU, Passes, Sequences, take
from tinydmn.ops.gru_numpy import sigmoid
from tinydmn.plots.bars import plot_bars

args = options(__doc__)
began = perf_counter()
H = 32 if args.quick else 80           # units, numbers in a word vector, rows of W^(1)
QUESTIONS, PASSES = 5, 3               # of each story, at most; over its facts
FAST = {"reassoc", "contract", "nsz"}  # sums may be added in another order: vector code
N_STORIES, SIZES = (8, (4, 16)) if args.quick else (32, (4, 16, 80))
HOW = (1, 0.005) if args.quick else (4, 0.08)              # to time: turns, seconds of each
EPS = float(np.finfo(np.float32).eps)  # a float32 sum of n terms of size 1 is right within n EPS

# %% [markdown]
# ## 1. One loop, three ways
#
# Eqs (1)-(4) of lesson 1, word after word.  Matrices hold the rows of z, r and h~, in this order.

# %% 1. One loop, three ways
heading(1, "One loop, three ways")


def in_python(x, W, U, b):
    """Eqs (1)-(4) over the words x, lists of floats -> the last state."""
    h, n = [0.0] * len(U[0]), len(U[0])
    dot = lambda row, v: sum(w * v_j for w, v_j in zip(row, v))
    for x_t in x:
        a, Uh = [dot(row, x_t) + b_i for row, b_i in zip(W, b)], [dot(row, h) for row in U]
        for k in range(n):
            z = 1 / (1 + exp(-(a[k] + Uh[k])))                                     # (1)
            r = 1 / (1 + exp(-(a[n + k] + Uh[n + k])))                             # (2)
            h_tilde = tanh(a[2 * n + k] + r * Uh[2 * n + k])                       # (3)
            h[k] = z * h[k] + (1 - z) * h_tilde                                    # (4)
    return h


def cell(a, Uh, h):
    """Eqs (1)-(4): a = W x + b and U h (..., 3n), h (..., n) -> the next h."""
    (a_z, a_r, a_h), (Uh_z, Uh_r, Uh_h) = (np.split(v, 3, axis=-1) for v in (a, Uh))
    z, r = sigmoid(a_z + Uh_z), sigmoid(a_r + Uh_r)
    return z * h + (1 - z) * np.tanh(a_h + r * Uh_h)


def in_numpy(x, W, U, b):
    """The same with arrays: x (T, n), W and U (3n, n), b (3n,) -> (n,)."""
    h = np.zeros(U.shape[1])
    for x_t in x:
        h = cell(W @ x_t + b, U @ h, h)
    return h


@njit(fastmath=FAST)
def in_numba(x, W, U, b):
    """The same arrays, the loops of Python, compiled."""
    n = U.shape[1]
    h, a, Uh = np.zeros(n), np.empty(3 * n), np.empty(3 * n)
    for t in range(len(x)):
        for i in range(3 * n):
            a_i, Uh_i = b[i], 0.0                          # in registers: a sum of vectors
            for j in range(n):
                a_i += W[i, j] * x[t, j]
                Uh_i += U[i, j] * h[j]
            a[i], Uh[i] = a_i, Uh_i
        for k in range(n):
            z = 1 / (1 + np.exp(-(a[k] + Uh[k])))
            r = 1 / (1 + np.exp(-(a[n + k] + Uh[n + k])))
            h[k] = z * h[k] + (1 - z) * np.tanh(a[2 * n + k] + r * Uh[2 * n + k])
    return h


plain, fast = ops.load("numpy"), ops.load("numba")         # the reference, and the compiled one
rng = np.random.default_rng(args.seed)
gain = {}                              # n -> {way: times as fast as Python}
for n in SIZES:
    x, W, U = (rng.normal(size=shape) / n**0.5 for shape in ((12, n), (3 * n, n), (3 * n, n)))
    b, h = rng.normal(size=3 * n), np.zeros((1, n))
    for x_t in x:
        h, _ = plain.gru_cell_forward(x_t[None], h, GRU(W, U, b))
    arrays, lists = (x, W, U, b), [a.tolist() for a in (x, W, U, b)]
    ways = {"Python": lambda: in_python(*lists), "NumPy": lambda: in_numpy(*arrays),
            "Numba": lambda: in_numba(*arrays)}
    for way, run in ways.items():
        same(f"{n} units, 12 words: {way} and the reference", run(), h[0], 1e-12)
    seconds = in_turns(ways, *HOW)
    gain[n] = {way: seconds["Python"] / s for way, s in seconds.items()}
predict("how many times as fast as plain Python are NumPy and Numba, with few units and with many?")

# %%
print(f"\n{'units':>7}{'NumPy':>12}{'Numba':>12}      times as fast as plain Python")
for n in SIZES:
    print(f"{n:7}{gain[n]['NumPy']:12.1f}{gain[n]['Numba']:12.1f}")
few, many = gain[SIZES[0]], gain[SIZES[-1]]
claim("A call has its price: with few units NumPy gains less over Python than with many",
      few["NumPy"] < many["NumPy"], f"{few['NumPy']:.1f}, {many['NumPy']:.1f} times", args.quick)
over = [g["Numba"] / max(g["NumPy"], g["Python"]) for g in gain.values()]
claim("Compiled, the loop is the fastest at every size", min(over) > 1,
      ", ".join(f"{times:.1f}" for times in over) + " times the next best", args.quick)

# %% [markdown]
# ## 2. Where the time of a training step goes
#
# All floats of the network go through its operations, so a clock around each of them is a profile
# of the step: forward, backward, clipping of the gradient, Adam.

# %% 2. Where the time of a training step goes
heading(2, "Where the time of a training step goes")
stories = generate(1, N_STORIES, rng)
for story in stories:
    story.questions[:] = story.questions[-QUESTIONS:]
vocabulary = Vocabulary.build(stories)
batch = make_batch(stories, vocabulary)
config = Config(hidden=H, embedding=H, gate_hidden=H, passes=PASSES, dropout=0.0)
nets = {name: DMN(config, vocabulary, name, args.seed) for name in ("numpy", "numba")}
Q, S, V = len(batch.answer), len(stories), len(vocabulary.words)
print(f"A batch of task 1: {S} stories, {Q} questions, {V} distinct words; H = {H}.")
predict("what takes most of a step: reading (GRUs), looking (passes), or the rest?")

# %%
profiles = {name: shares_of_a_step(net, batch, *HOW) for name, net in nets.items()}
SHOWN = ("gru_forward", "gru_backward", "passes_forward", "passes_backward", "adam")
print(f"\n  {'share of the step':24}{'NumPy':>9}{'Numba':>9}")
for key in SHOWN:
    print(f"  {key:24}" + "".join(f"{100 * p[key]:7.0f} %" for p in profiles.values()))
rest = [100 * (1 - sum(p[key] for key in SHOWN)) for p in profiles.values()]
print(f"  {'all else':24}{rest[0]:7.0f} %{rest[1]:7.0f} %")
big = {name: sum(p[key] for key in SHOWN[:4]) for name, p in profiles.items()}
claim("The GRUs and the passes take most of a step, compiled or not", min(big.values()) > 0.5,
      "; ".join(f"{100 * share:.0f} % with {name}" for name, share in big.items()), args.quick)

# %% [markdown]
# ## 3. Reading: a story once, a word once
#
# A story is read once, however many questions it has: each sees the first of its facts.  And what
# does not depend on the state is the same wherever a word stands, so $W x_w + b$ is a row of a
# table, for each distinct word $w$.  A gain is less to do, times doing it faster.  How fast is
# told as a share of the rate of one large matrix product (sgemm: float32, one thread).

# %% 3. Reading: a story once, a word once
heading(3, "Reading: a story once, a word once")
p = nets["numba"].params
x, gru, memory = p["embedding.L"], take(GRU, p, "input"), episodic_memory.memory_weights(p, config)
plan, of = parts.make_plan(batch, config), batch.story_of
once, = plan.input                                         # Sequences: the stories
seen = np.arange(batch.fact_end.shape[1]) < batch.n_facts[:, None]         # (Q, F)
each = Sequences(once.rows[of], batch.fact_end[of, batch.n_facts - 1] + np.int32(1), once.at[of])
rate, ladders = sgemm_rate(256 if args.quick else 1024), {}


def by_table(x, sequences, gru):
    """Eqs (1)-(4) over Sequences, W x + b from a table: x (V, H) -> the states `at` (B, F, H)."""
    (rows, n, at), (W, U, b) = sequences, gru
    table, h = x @ W.T + b, np.zeros((len(n), rows.shape[1] + 1, U.shape[1]), x.dtype)
    for t in range(rows.shape[1]):
        s = np.flatnonzero(t < n)
        h[s, t + 1] = cell(table[rows[s, t]], h[s, t] @ U.T, h[s, t])
    return h[np.arange(len(n))[:, None], at + 1]


def ladder(name, calls, flop):
    """Times versions of one thing, and claims that each is faster than the one before.

    calls, flop: {version: a function, the operations of its matrix products for one thread}.
    """
    seconds, first, rows = in_turns(calls, *HOW), next(iter(calls)), ladders.setdefault(name, {})
    print(f"\n  {name:34}{'gain':>7} ={'less to do':>11} x{'done faster':>12}{'of sgemm':>10}")
    for v, s in seconds.items():
        gained, less = seconds[first] / s, flop[first] / flop[v]
        share = 100 * flop[v] / s / rate
        print(f"  {v:34}{gained:7.1f} {less:11.1f}  {gained / less:12.1f}{share:8.0f} %")
        rows[v] = gained, f"{share:.0f} % of sgemm"
    order = [gained for gained, _ in rows.values()]
    claim(f"{name.split(',')[0].capitalize()}: each change gains", order == sorted(order),
          ", ".join(f"{two / one:.2f}" for one, two in zip(order, order[1:]))
          + " times as fast as the one before", args.quick)
    return less                                            # of the last version


ALONE, BUILT = "each question reads for itself", "z(c, m, q) built in each pass"
reading = {ALONE: lambda: plain.gru_forward(x, each, gru)[0],
           "+ stories shared": lambda: plain.gru_forward(x, once, gru)[0],
           "+ a table of words": lambda: by_table(x, once, gru),
           "+ compiled": lambda: fast.gru_forward(x, once, gru)[0]}
wanted = reading[ALONE]()              # (Q, F, H), 0 where a question sees none
for version, run in list(reading.items())[1:]:
    same(f"{version}: the facts that a question sees", run()[of] * seen[..., None], wanted, H * EPS)
product = 2 * H * H                                        # a vector through one H x H matrix
n_each, n_once = int(each.n.sum()), int(once.n.sum())
of_reading = dict(zip(reading, (n_each * 6 * product, n_once * 6 * product,
                                (V + n_once) * 3 * product, (V + n_once) * 3 * product)))
print(f"\nWords read: {n_each} by each question for itself, {n_once} once; {V} of them distinct.")
predict("which gains most: sharing stories, the table, or compiling?")

# %%
read = ladder("reading, forward", reading, of_reading)

# %% [markdown]
# ## 4. Looking: what no pass changes
#
# $W^{(1)} z$ of eq. (6) is a sum over the blocks of eq. (5):
#
# $$W^{(1)} z(c, m, q) = \underbrace{W_1 c + W_3 q + W_4 (c \circ q) + W_6 |c - q| +
#   w_8\, c^\top W^{(b)} q}_{\text{the same in every pass}} + \underbrace{W_2 m +
#   W_5 (c \circ m) + W_7 |c - m| + w_9\, c^\top W^{(b)} m}_{\text{new in each}}$$

# %% 4. Looking: what no pass changes
heading(4, "Looking: what no pass changes")
c = plain.append_row(reading["+ compiled"]().reshape(-1, H), p["memory.end_of_passes"])
q = fast.gru_forward(x, plan.question, take(GRU, p, "question"))[0][:, 0]
facts, how = plan.memory.facts, Passes(PASSES, "softmax")


def by_blocks(c, q, facts, memory):
    """The passes in NumPy, blocks that no pass changes made once -> the last memory (Q, H)."""
    (W_b, W_1, b_1, W_2, b_2), (rows, n) = memory.gate, facts
    W_c, W_m, W_q, W_cq, W_cm, W_dq, W_dm, w = np.split(W_1, np.arange(1, 8) * H, axis=1)
    c_t, cW_b = c[rows], (c @ W_b)[rows]                   # (Q, T, H)
    hidden = np.arange(rows.shape[1]) >= n[:, None]
    bilinear = lambda v, k: np.einsum("qth,qh->qt", cW_b, v)[..., None] * w[:, k]
    compare = lambda v, W, W_d: (c_t * v[:, None]) @ W.T + abs(c_t - v[:, None]) @ W_d.T
    shared = (c @ W_c.T)[rows] + (q @ W_q.T + b_1)[:, None] + compare(q, W_cq, W_dq)
    shared += bilinear(q, 0)
    m = q
    for _ in range(PASSES):
        u = np.tanh(shared + (m @ W_m.T)[:, None] + compare(m, W_cm, W_dm) + bilinear(m, 1))
        s = np.where(hidden, np.float32(-np.inf), u @ W_2 + b_2)                   # (6)
        g = np.exp(s - s.max(axis=1, keepdims=True))
        e = np.einsum("qt,qth->qh", g / g.sum(axis=1, keepdims=True), c_t)
        m, _ = plain.gru_cell_forward(e, m, memory.memory)
    return m


whole = lambda op: op.passes_forward(c, q, q, facts, memory, how)[0][-1]
looking = {BUILT: lambda: whole(plain), "+ what no pass changes, once":
           lambda: by_blocks(c, q, facts, memory), "+ compiled, no padding": lambda: whole(fast)}
wanted = looking[BUILT]()
for version, run in list(looking.items())[1:]:
    same(f"{version}: the memory after {PASSES} passes", run(), wanted, (7 * H + 2) * EPS)
pairs, padded = int(facts.n.sum()), facts.rows.size        # of a question and a fact
R, update = len(c), PASSES * Q * 6 * product               # the memory's GRU, in each version
of_looking = dict(zip(looking, (
    PASSES * padded * 8 * product + update,
    (2 * R + Q + 2 * padded) * product + PASSES * (Q + 2 * padded) * product + update,
    (R + 2 * Q + 2 * pairs) * product + PASSES * 2 * (Q + pairs) * product + update)))
print(f"\nPairs of a question and a fact: {pairs}, with padding {padded}.")
predict("how much is left to do, and is it done at the same rate?")

# %%
look = ladder(f"looking, {PASSES} passes, forward", looking, of_looking)

# %% [markdown]
# ## 5. The whole step, and threads
#
# The stories of a batch do not know of each other, so each thread takes a piece of the batch.  The
# gradients are summed in the order of the pieces, whoever came first: the same bits.

# %% 5. The whole step, and threads
heading(5, "The whole step, and threads")
N = threads.count()
nets["threads"] = DMN(config, vocabulary, "numba", args.seed)
for net, n in zip(nets.values(), (1, 1, N)):
    net.threads = n
d = {name: net.gradient(batch)[2] for name, net in nets.items()}
most = abs(d["numpy"]).max()
same("the gradient over its largest entry, NumPy and Numba", d["numpy"] / most, d["numba"] / most,
     (7 * H + 2) * EPS)
same(f"the gradient by one thread and by {N}, bit for bit", d["numba"], d["threads"], 0)
labels = "NumPy", "Numba, one thread", f"Numba, threads: {N}"
steps = [partial(our_trainer(net, [batch]), 0) for net in nets.values()]
asked = int(batch.n_question.sum())
reference = (n_once + asked) * 6 * product + of_looking[BUILT]
compiled = (2 * V + n_once + asked) * 3 * product + of_looking["+ compiled, no padding"]
predict(f"how many times as fast are {N} threads as one, and why not {N} times?")

# %%
of_steps = 3 * reference, 3 * compiled, 3 * compiled / N   # backward: two products for each
ladder("a training step", dict(zip(labels, steps)), dict(zip(labels, of_steps)))

# %% [markdown]
# ## 6. The picture, and what to take away

# %% 6. The picture, and what to take away
heading(6, "The picture, and what to take away")
loop = {f"a loop, {SIZES[-1]} units": {way: (times, "") for way, times in many.items()}}
saved(plot_bars(loop | ladders, args.out / "09_fast_on_the_cpu.png",
                "Times as fast as the first of its group (log scale)",
                "% of sgemm: the rate of its matrix products, as a share of the rate of one large "
                "product (per thread)"))
print(f"""What you saw
  A compiled loop was {many["Numba"]:.0f} times as fast as Python with {SIZES[-1]} units.
  A story once, a word once, a block once: one of {read:.1f} operations was left of
  reading, one of {look:.1f} of looking.  The rest was doing it faster.
All in all {perf_counter() - began:.0f} s.

Where the code is, in tinydmn/:""")
where("a table of words", fast.gru_forward)
where("what no pass changes", fast.passes_forward)
where("pieces of a batch", DMN.gradient)
where("threads, one BLAS each", threads.run)
where("the profile of a step", shares_of_a_step)
print("""
Your turn (near the top of the script)
  1. QUESTIONS = 1: what is left of the gain of sharing stories?
  2. FAST = set(): sums are added in their order.  What becomes of the loop?
  3. In by_blocks leave out "shared += bilinear(q, 0)".  Which line says so?
  All operations alone, each with its share: tinydmn bench --operations

Next: lesson 10, fast on the GPU.  python lessons/10_fast_on_the_gpu.py""")
outcomes("Next to nothing: the last question sees the whole story, so as many words are read.",
         "It loses most where there are many units: a sum in order is no vector code.  The "
         "results agree still.",
         "The line of \"what no pass changes, once\" alone: it differs from the reference.")
