# %% [markdown]
"""
# Lesson 10 - fast on the GPU: what is a kernel, and why keep U on chip?

    python lessons/10_fast_on_the_gpu.py        (ten seconds; no GPU needed)

You need: lesson 1 (the GRU), lesson 3 (eq. 7).

You get: eq. (7) as a kernel of your own, thread by thread; what a GRU step reads again and again,
counted; and a whole sequence in one launch, held against NumPy, forward and backward.
"""

# %% Options and the numbers of this lesson
# ruff: noqa: E402
import os
import subprocess
import sys

# Kernels run on an NVIDIA GPU or, as Python, in Numba's simulator.  Which of them is settled when
# Numba is loaded, so another process looks whether there is a device.
LOOK = "import sys; from tinydmn.ops.device import missing; sys.exit(missing() is not None)"
if subprocess.run([sys.executable, "-c", LOOK], capture_output=True).returncode:
    os.environ["NUMBA_ENABLE_CUDASIM"] = "1"
os.environ["NUMBA_CUDA_LOW_OCCUPANCY_WARNINGS"] = "0"      # a few threads are all that is wanted

from unittest.mock import patch

import numpy as np

from common import claim, heading, options, outcomes, predict, same, saved, where
from tinydmn import Config, Story, Vocabulary, make_batch, ops, parts
from tinydmn.bench.operations import best_seconds
from tinydmn.data.generator import generate
from tinydmn.ops import device, gru_cuda, recurrence_cuda
from tinydmn.ops.device import cuda
from tinydmn.ops.groups import GRU, Sequences
from tinydmn.plots.blocks import SHOWN, plot_blocks

args = options(__doc__)
rng = np.random.default_rng(args.seed)
N, THREADS = 5, 2              # scene 2: rows; threads of a block
T, B = 100, 32                 # scene 3: steps, sequences
TILE = 16                      # a product's block makes TILE x TILE numbers of U h (on a device)
WIDTHS = (40, 80, 96, 128)     # scenes 3 and 4: H
H = 4                          # scene 4: units
ROWS, KB = gru_cuda.ROWS, 1024
single = np.dtype(np.float32)

# %% [markdown]
# ## 1. A kernel, a thread, a block
#
# A *kernel* is a function of which a *launch* starts many copies at once.  Each copy is a *thread*:
# it runs the same lines, and finds out by its number which part of the work is its own.  The
# threads of a *block* can wait for each other and have a small fast memory in common; blocks know
# nothing of each other and may run in any order.
#
# $$\mathrm{grid} = \mathrm{block} \cdot \mathrm{threads\ of\ a\ block} + \mathrm{thread}$$

# %% 1. A kernel, a thread, a block
heading(1, "A kernel, a thread, a block")
device.require()
print(f"""Kernels run here on
  {device.description()}
This lesson takes about {"5" if args.quick else "10"} seconds in the simulator.

A kernel is a function of which a launch starts many copies at once.  Each copy
is a thread: the same lines, and a number that tells which part is its own.
Threads of a block share a small fast memory; blocks know nothing of each other.
""")


@cuda.jit
def whoami(started):
    """Each thread writes down its block, its place in the block, and its number."""
    i = cuda.grid(1)           # cuda.blockIdx.x * cuda.blockDim.x + cuda.threadIdx.x
    started[i, 0], started[i, 1], started[i, 2] = cuda.blockIdx.x, cuda.threadIdx.x, i


BLOCKS = -(-N // THREADS)      # rounded up: enough threads for N rows
started = cuda.to_device(np.zeros((BLOCKS * THREADS, 3), np.int32))
whoami[BLOCKS, THREADS](started)                           # a launch: [blocks, threads](arguments)
started = started.copy_to_host()
print(f"whoami[{BLOCKS}, {THREADS}] started {len(started)} threads:")
for name, column in zip(("block", "thread", "grid(1)"), started.T):
    print(f"  {name:9}" + "".join(f"{v:4}" for v in column))
same("grid(1) and block x threads of a block + thread", started[:, 2],
     started[:, 0] * THREADS + started[:, 1], 0)

# %% [markdown]
# ## 2. Eq. (7), a thread a row
#
# $$h = g\,\mathrm{GRU} + (1 - g)\,h_{prev} \tag{7}$$
#
# Rows do not depend on each other, so each thread takes one.  Where the rows do not fill the last
# block, some threads have none: hence the guard.

# %% 2. Eq. (7), a thread a row
heading(2, "Eq. (7), a thread a row")


@cuda.jit
def gated_update(g, step, h_prev, h, who, n):
    """Eq. (7).  g (n,), step = GRU(c, h_prev), h_prev, h (n, 2); who (n, 2): the block, the thread.

    The arrays may be longer than n: what lies behind row n - 1 is somebody else's.
    """
    row = cuda.grid(1)
    if row < n:                                            # the guard
        for k in range(h.shape[1]):
            h[row, k] = g[row] * step[row, k] + (1 - g[row]) * h_prev[row, k]          # (7)
        who[row, 0], who[row, 1] = cuda.blockIdx.x, cuda.threadIdx.x


def launch_update(g, step, h_prev, n, limit=None):
    """Eq. (7) of n rows; limit: another n for the guard -> h, who, of all rows of the arrays."""
    h, who = np.full(step.shape, 9.0), np.full(step.shape, -1, np.int32)
    given = [cuda.to_device(a) for a in (g, step, h_prev, h, who)]
    gated_update[-(-n // THREADS), THREADS](*given, limit or n)
    return given[3].copy_to_host(), given[4].copy_to_host()


room = 3 * N + THREADS                                     # rows of memory
g, step, h_prev = rng.uniform(size=room), *rng.normal(size=(2, room, 2))
reference = g[:, None] * step + (1 - g[:, None]) * h_prev                              # (7)
predict(f"{N} rows, {THREADS} threads a block: which thread has row {N - 1}, and what would the "
        "threads without a row do if nobody held them back?")

# %%
h, who = launch_update(g, step, h_prev, N)
numbers = lambda row: " ".join(f"{v:+.3f}" for v in row)
print("\nblock thread row   g    h_prev         GRU            h by kernel    by NumPy")
for i in range(BLOCKS * THREADS):
    print(f"{i // THREADS:3}{i % THREADS:7}" + (
        f"{i:4}  {g[i]:.3f} {numbers(h_prev[i])}  {numbers(step[i])}  {numbers(h[i])}  "
        f"{numbers(reference[i])}" if i < N else "   -  held back by the guard: row < n is false"))
same("the rows' blocks and threads, as written down by the kernel", who[:N],
     np.stack(np.divmod(np.arange(N), THREADS), axis=1), 0)
sizes = range(1, 3 * N + 1)                                # some fill their last block, some do not
by_kernel = [launch_update(g, step, h_prev, n)[0] for n in sizes]
wanted = [np.where(np.arange(room)[:, None] < n, reference, 9.0) for n in sizes]
same(f"eq. (7) of 1 to {sizes[-1]} rows, and 9 in all rows behind them, by the kernel and NumPy",
     by_kernel, wanted, 1e-14)
spare = -N % THREADS
h_free, _ = launch_update(g, step, h_prev, N, BLOCKS * THREADS)            # as if all had a row
hit = [int(np.sum(np.any(a[N:] != 9.0, axis=1))) for a in (h, h_free)]
print(f"\nRow {N} and those behind it belong to another array, which holds 9s:\n"
      f"  with the guard     {numbers(h[N])}\n  without the guard  {numbers(h_free[N])}")
claim("Without the guard, threads without a row write into memory that is not theirs",
      hit[0] == 0 and hit[1] == spare > 0,
      f"{spare} such thread{'s' * (spare != 1)}, {hit[1]} foreign row{'s' * (hit[1] != 1)} changed;"
      f" {hit[0]} with the guard")
print("Here the arrays are longer than n, so this does no harm.  Past the real end of\n"
      "an array the simulator raises an IndexError; a device need not notice.")

# %% [markdown]
# ## 3. What bounds a small recurrent network
#
# Step t needs the state of step t - 1, so the steps stand in a row.  With a launch a step nothing
# stays on chip from one to the next: each step reads $U$, the same $U$, again.  Counted for B
# sequences of T steps, forward, float32:
#
# $$\mathrm{launches} = 2T - 1, \qquad \mathrm{reads\ of}\ U = (T - 1) \lceil B / 16 \rceil$$
#
# (a product $U h$ and eqs 1-4 for each step, but $h_0 = 0$ needs no product; a block of the product
# makes 16 rows, and reads for them what it needs of $U$; launches that set memory to 0 are left
# out).  With the whole sequence in one launch:
#
# $$\mathrm{launches} = 2, \qquad \mathrm{reads\ of}\ U = \lceil B / 4 \rceil$$
#
# (a block has 4 sequences for all their steps; the launch before it turns $U$ over, so that threads
# side by side read numbers side by side).

# %% 3. What bounds a small recurrent network
heading(3, "What bounds a small recurrent network")
bytes_of_U = lambda H: single.itemsize * 3 * H * H         # U (3H, H)
of_a_product = lambda H: B * 2 * 3 * H * H                 # multiplications and additions of U h
EACH, ONCE = "a launch a step", "one launch"
LAUNCHES = {EACH: 2 * T - 1, ONCE: 2}
READS = {EACH: (T - 1) * -(-B // TILE), ONCE: -(-B // ROWS)}
RATE = 1e13                                                # operations a second: an example
print(f"B = {B} sequences of T = {T} steps, forward, float32; U is 3H x H.")
predict("how often is U read with a launch a step, how often with one launch?  Does the ratio "
        "depend on H?")

# %%
print(f"\n{'':18}{'launches':>8}{'reads of U':>12}{'operations a byte':>19}")
for way, n in READS.items():
    per_byte = (T - 1) * of_a_product(80) / max(n, 1) / bytes_of_U(80)     # the same for all H
    print(f"  {way:16}{LAUNCHES[way]:8}{n:12}{per_byte:19.0f}")
print(f"Launches: 2T - 1, or 2.  Reads of U: (T - 1) ceil(B / {TILE}), or ceil(B / {ROWS}); no H.")
print(f"\n{'H':>5}{'KB of U':>11}   MB of U read:{EACH:>17}{ONCE:>13}   a product")
for width in WIDTHS:
    megabytes = {way: f"{n * bytes_of_U(width) / KB**2:.2f}" for way, n in READS.items()}
    if sum(gru_cuda.split(width, single)) < width:
        megabytes[ONCE] = "-"                              # not all of it stays on chip: scene 4
    print(f"{width:5}{bytes_of_U(width) / KB:11.1f}{megabytes[EACH]:>33}{megabytes[ONCE]:>13}"
          f"{of_a_product(width) / 1e6:8.2f} M")
claim("One launch reads U less often", READS[ONCE] < READS[EACH],
      f"{READS[ONCE]} times, with a launch a step {READS[EACH]}")
print(f"A product of H = 80 has {of_a_product(80) / 1e6:.2f} million (M) operations.  At, say, "
      f"{RATE:.0e} a\nsecond they take {of_a_product(80) / RATE * 1e6:.2f} microseconds, and to "
      "start a kernel takes microseconds.\nBy these counts launches and reads of U bound a small "
      "network, not arithmetic.")

# %% [markdown]
# ## 4. The whole sequence in one launch
#
# A block keeps a few sequences for all their steps, and $U$ with them.  Thread $j$ owns row $j$ of
# $U$: at each step it makes number $j$ of $U h$ for every sequence of its block, waits for the
# others, and then makes some numbers of the new states by eqs (1)-(4).  Where is $U$ in the
# meantime?  In registers, which are a thread's own, and in the 48 KB of shared memory of a block;
# a thread may have some numbers in each.  What fits neither is read at every step, and comes from
# the cache.

# %% 4. The whole sequence in one launch
heading(4, "The whole sequence in one launch")
predict(f"with H = 80, U takes {bytes_of_U(80) / KB:.0f} KB, and a block has "
        f"{device.ON_CHIP // KB} KB of shared memory.  How many of its 80 numbers must a thread "
        "have in registers?")

# %%
IN_SHARED = 8                  # numbers a sequence needs besides U, in units of H (backward)
print(f"\n{'':10}{'of a row of U:':>22}{'KB in shared memory:':>34}\n"
      f"{'H':>4}{'threads':>9}{'registers':>11}{'shared':>8}{'cache':>7}{'U':>8}{'the rest':>10}"
      f"{'both':>7}{'KB of U':>10}")
whole, both = {}, {}
for width in WIDTHS:
    kept, in_shared = gru_cuda.split(width, single)
    cached = width - kept - in_shared
    shared = single.itemsize * 3 * width * in_shared / KB
    rest = single.itemsize * ROWS * IN_SHARED * width / KB
    print(f"{width:4}{3 * width:9}{kept:11}{in_shared:8}{cached:7}{shared:8.1f}{rest:10.1f}"
          f"{shared + rest:7.1f}{bytes_of_U(width) / KB:10.1f}")
    if not cached:
        whole[width], both[width] = bytes_of_U(width) / KB + rest, shared + rest
limit = device.ON_CHIP / KB
over = [width for width in whole if whole[width] > limit]
claim(f"{limit:.0f} KB of shared memory alone do not hold U and the rest; with registers they do",
      over and max(both.values()) <= limit,
      "; ".join(f"H = {width}: {whole[width]:.0f} KB, of them {both[width]:.0f} in shared memory"
                for width in over))
print(f"A thread may have {gru_cuda.REGISTERS} numbers of U in registers: of longer arrays the\n"
      "compiler makes memory.\n")

# The kernel on stories: each one's facts up to a question, embedded at random.
asked = [(story, story.questions[0 if args.quick else i % 2])
         for i, story in enumerate(generate(1, ROWS + 1, rng))]
stories = [Story(story.facts[:question.n_facts], [question]) for story, question in asked]
config, vocabulary = Config(hidden=H, embedding=H), Vocabulary.build(stories)
sequences, = parts.make_plan(make_batch(stories, vocabulary), config).input
x, W, U = (rng.normal(size=size) / H**0.5 for size in ((len(vocabulary.words), H), (3 * H, H),
                                                       (3 * H, H)))
gru, gates = GRU(W, U, rng.normal(size=3 * H)), rng.uniform(size=sequences.rows.shape)
dout = rng.normal(size=(*sequences.at.shape, H))           # of the facts' vectors


def run(back_end, backward=True):
    """Eqs (1)-(4), and (7) with a gate a word -> facts (B, F, H); backward: dx, dW, dU, db, dg."""
    op = ops.load(back_end)
    x_there, sequences_there, gru_there, g_there = op.to_device((x, sequences, gru, gates))
    dgru = op.to_device(GRU(*map(np.zeros_like, gru)))
    out, cache = op.gru_forward(x_there, sequences_there, gru_there, g_there)
    if not backward:
        return op.to_host(out)
    dx, dg = op.gru_backward(op.to_device(dout), cache, gru_there, dgru)
    return [op.to_host(a) for a in (out, dx, *dgru, dg)]


n_steps, longest = sequences.n, np.argsort(-sequences.n, kind="stable")
print(f"{len(stories)} stories, H = {H}: {-(-len(stories) // ROWS)} blocks of {3 * H} threads, "
      f"up to {ROWS} stories each, longest first.")
found, right = run("cuda"), run("numpy")
print("story  words  block   its last fact: kernel        NumPy")
for k, i in enumerate(longest):
    ends = [numbers(facts[i, len(stories[i].facts) - 1, :2]) for facts in (found[0], right[0])]
    print(f"{i:5}{n_steps[i]:7}{k // ROWS:7}   {ends[0]} ...{'':12}{ends[1]} ...")
for name, mine, theirs in zip(("the facts", "dx", "dW", "dU", "db", "dg"), found, right):
    same(f"{name}, by one launch and NumPy", mine, theirs, 1e-12)
with patch.object(gru_cuda, "split", lambda H, dtype: None):               # as if U did not fit
    same("the facts, by a launch a step and NumPy", run("cuda", False), right[0], 1e-12)
if not device.SIMULATED:
    # On a device the two ways are timed: the sizes of scene 3, H = 80, float32.
    op, width = ops.load("cuda"), 80
    at = np.full((B, 1), T - 1, np.int32)
    many = Sequences(rng.integers(0, B, (B, T)).astype(np.int32), np.full(B, T, np.int32), at)
    given = op.to_device((rng.normal(size=(B, width)).astype(single), many, GRU(*(
        (0.1 * rng.normal(size=size)).astype(single) for size in ((3 * width, width),
                                                                 (3 * width, width), 3 * width)))))
    forward = lambda: (op.gru_forward(*given), cuda.synchronize())
    seconds = {ONCE: best_seconds(forward)}
    with patch.object(gru_cuda, "split", lambda H, dtype: None):
        seconds[EACH] = best_seconds(forward)
    claim("One launch is faster than a launch a step", seconds[ONCE] < seconds[EACH],
          ", ".join(f"{way}: {1e6 * s:.0f} microseconds" for way, s in seconds.items()))

# %% [markdown]
# ## 5. The picture: who computes what

# %% 5. The picture: who computes what
heading(5, "The picture: who computes what")
kept, _ = gru_cuda.split(H, x.dtype)
names = [f"story {i}, {n_steps[i]} words" for i in longest]
print("The threads of a block.  Its row of U: R in registers, s in shared memory.\n\n"
      "  thread    row of U    at each step it makes")
for j in range(3 * H):
    gate, own = ("z", "r", "h~")[j // H], range(j, ROWS * H, 3 * H)
    makes = ", ".join(f"h[{i // H}, {i % H}]" for i in own)
    print(f"  {j:4}      {gate:2} {j % H}  {'R' * kept}{'s' * (H - kept)}   "
          f"Uh[0..{ROWS - 1}, {j}]" + f"; then {makes}" * bool(makes))
print("\nh[i, k]: number k of the state of the block's sequence i, which is")
for i, name in enumerate(names):
    print(f"  block {i // ROWS}, sequence {i % ROWS}: {name}")
saved(plot_blocks((N, THREADS), (H, kept, ROWS, names), args.out / "10_fast_on_the_gpu.png",
                  "Who computes what",
                  "Solid: in the registers of its thread.  Hatched: in the shared memory of the "
                  f"block.  Framed: thread {SHOWN} holds a row of U; at each step it makes a "
                  "column of U h, then its share of the new states."))

# %% [markdown]
# ## 6. To take away

# %% 6. To take away
heading(6, "To take away")


@cuda.jit
def gate_gradient(dh, step, h_prev, dg, n):
    """Your turn, 3: dg (n,), from dh, step and h_prev (n, 2); lesson 3b has the derivative."""


dh, dg = rng.normal(size=(N, 2)), cuda.to_device(np.zeros(N))
gate_gradient[BLOCKS, THREADS](*map(cuda.to_device, (dh, step[:N], h_prev[:N])), dg, N)
if dg.copy_to_host().any():
    same("dg of eq. (7), by your kernel and NumPy", dg.copy_to_host(),
         np.sum(dh * (step - h_prev)[:N], axis=1), 1e-12)
print(f"""What you saw
  A thread's number says which row is its own; a guard holds back who has none.
  For {B} sequences of {T} steps: {LAUNCHES[EACH]} launches and {READS[EACH]} reads of U, or
  {LAUNCHES[ONCE]} launches and {READS[ONCE]} reads: U stays on chip, in
  registers and in shared memory.

Where the code is, in tinydmn/:""")
where("where a row of U is kept", gru_cuda.split)
where("a sequence in one launch", gru_cuda.gru_steps)
where("a launch a step", recurrence_cuda.step_by_step)
where("what kernels run on", device.missing)
print("""
Your turn (near the top of the script, or where it says so)
  1. THREADS = 5: how many blocks, and what becomes of the claim of scene 2?
  2. T = 3: which way reads U less often, and why?
  3. Write gate_gradient (scene 6), a thread a row.  It is checked.
  4. In gated_update write row = cuda.threadIdx.x.  Which lines disagree?

Next: other questions, python lessons/coreference_and_names.py""")
outcomes("One, and its threads all have a row: no foreign row is changed even without the guard, "
         "so the claim does not hold here.  With another N it would again.",
         "A launch a step: it reads U at two steps alone, two blocks each.  One launch reads it "
         "once for each of its eight blocks, however short the sequences.",
         "row = cuda.grid(1), the guard, and dg[row] = the sum over k of dh[row, k] times (step - "
         "h_prev)[row, k].  A line then says that it is the same.",
         "Each block takes rows 0 to THREADS - 1 again, and nobody the others: rows and results of "
         "scene 2 differ from NumPy's.")
