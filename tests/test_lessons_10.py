"""Lesson 10 as a student runs it, who has no GPU: kernels say who computes what, counts are those of the kernels, exercises end in a report; its picture,
read back.  The simulator is chosen before Numba is imported, so each run is a process of its own; what a test does not look at is left out."""

import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.patches import Rectangle

from tinydmn.ops import gru_cuda
from tinydmn.plots import blocks
from tinydmn.plots.blocks import SHOWN, plot_blocks

from .test_lessons_01_02 import check_places, verdicts
from .test_lessons_05_07 import LESSONS, as_a_student, check_screen
from .test_plots import check_texts

NAME = "10_fast_on_the_gpu"
LEGEND = ("Solid: in the registers of its thread.  Hatched: in the shared memory of the block.  Framed: thread 1 holds a row of U; at each step it makes a "
          "column of U h, then its share of the new states.")
KEPT = "g", "step", "h_prev", "dout", "found", "right"


def process(code, folder, *options):
    """Python code in a process that no variable tells of the simulator."""
    environment = {name: value for name, value in os.environ.items() if name != "NUMBA_ENABLE_CUDASIM"}
    environment["PYTHONPATH"] = os.pathsep.join([str(LESSONS), str(LESSONS.parent), environment.get("PYTHONPATH", "")])
    (folder / f"{NAME}.py").write_text(code, encoding="utf-8")
    return subprocess.run([sys.executable, str(folder / f"{NAME}.py"), *options], cwd=folder, env=environment, capture_output=True, text=True, timeout=300)


def lesson(folder, *changes, scenes=(1, 2, 3, 4, 5, 6), after="", quick=True):
    """Some of its scenes, some of its text changed as an exercise asks -> out, err, folder; after: a line at the end."""
    source = (LESSONS / f"{NAME}.py").read_text(encoding="utf-8")
    for old, new in changes:
        assert source.count(old) == 1, f"{old!r} stands {source.count(old)} times"
        source = source.replace(old, new)
    parts = re.split(r"^(?=# %% \[markdown\]\n# ## (\d)\.)", source, flags=re.M)
    source = parts[0] + "".join(text for number, text in zip(parts[1::2], parts[2::2]) if int(number) in scenes)
    folder = folder / f"run{len(list(folder.iterdir()))}"
    folder.mkdir()
    done = process(source + after, folder, *["--quick"] * quick, "--out", "out")
    return SimpleNamespace(out=done.stdout, err=done.stderr, folder=folder)


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """The lesson in full, with the arrays that it left."""
    save = "\nnp.savez('names.npz', n=sequences.n, **{name: np.array(value, object) if type(value) is list else value for name, value in globals().items() if name in %r})"
    ran = lesson(tmp_path_factory.mktemp("lesson"), after=save % (KEPT,), quick=False)
    assert ran.err == ""
    ran.names = np.load(ran.folder / "names.npz", allow_pickle=True)
    return ran


def disagree(ran):
    """The beginnings of the lines that say so."""
    begins = r"(grid|the rows' blocks and threads|eq\. \(7\) of 1 to 15 rows|the facts|dx|dW|dU|db|dg of eq\. \(7\)|dg)"
    found = re.findall(begins + "[^:]*: NOT the same", " ".join(ran.out.split()))
    assert len(found) == ran.out.count("NOT") and not ran.err
    return found


@pytest.mark.skipif(find_spec("numba_cuda") is not None, reason="there may be a device")
def test_the_lesson_runs_without_a_gpu_whether_or_not_the_simulator_is_asked_for(tmp_path, monkeypatch):
    said = []
    for variable in (None, "1"):
        monkeypatch.setenv("NUMBA_ENABLE_CUDASIM", variable) if variable else monkeypatch.delenv("NUMBA_ENABLE_CUDASIM", raising=False)
        folder = tmp_path / str(variable)
        folder.mkdir()
        done = as_a_student(NAME, folder)
        assert done.returncode == 0 and done.stderr == "" and done.stdout.isascii()
        said.append((done.stdout, (folder / "out" / f"{NAME}.png").read_bytes()))
    assert said[0] == said[1] and len(said[0][1]) > 10_000
    check_screen(done.stdout)
    check_places(done.stdout, 4)
    assert f"picture: {Path('out', NAME)}.png" in done.stdout.splitlines()
    assert [verdict for _, verdict in verdicts(done.stdout)] == ["holds"] * 3 and " ".join(done.stdout.split()).count(": the same within") == 10
    assert "\n  the simulator (NUMBA_ENABLE_CUDASIM): kernels run in Python\n" in done.stdout and "faster" not in done.stdout


def test_in_full(ran):
    check_screen(ran.out)
    assert [verdict for _, verdict in verdicts(ran.out)] == ["holds"] * 3 and "--quick" not in ran.out
    for found, right in zip(ran.names["found"], ran.names["right"]):
        assert np.any(right)
        np.testing.assert_allclose(found, right, atol=1e-12)


# ---- scenes 1 and 2: who computes which row

def test_each_thread_and_its_row(ran):
    started = {name: [int(v) for v in numbers.split()] for name, numbers in re.findall(r"^  (block|thread|grid\(1\)) +([\d ]+)$", ran.out, re.M)}
    assert started == {"block": [0, 0, 1, 1, 2, 2], "thread": [0, 1] * 3, "grid(1)": [0, 1, 2, 3, 4, 5]} and "whoami[3, 2] started 6 threads" in ran.out
    rows = re.findall(r"^  (\d) +(\d) +(\d)  (\d\.\d{3}) " + r" +".join([r"([+-]\d\.\d{3})"] * 8) + "$", ran.out, re.M)
    assert [row[:3] for row in rows] == [("0", "0", "0"), ("0", "1", "1"), ("1", "0", "2"), ("1", "1", "3"), ("2", "0", "4")]
    for row in rows:
        gate, *numbers = map(float, row[3:])
        before, step, kernel, by_numpy = np.reshape(numbers, (4, 2))
        np.testing.assert_allclose(kernel, gate * step + (1 - gate) * before, atol=4e-3)
        np.testing.assert_array_equal(kernel, by_numpy)
    assert len(re.findall(r"^  2      1   -  held back by the guard", ran.out, re.M)) == 1
    g, step, before = (ran.names[name][5] for name in ("g", "step", "h_prev"))
    with_guard, without = (re.search(rf"^  {said} the guard +(\S+) (\S+)$", ran.out, re.M).groups() for said in ("with", "without"))
    assert with_guard == ("+9.000", "+9.000") and without == tuple(f"{v:+.3f}" for v in g * step + (1 - g) * before)
    assert "1 such thread, 1 foreign row changed; 0 with the guard" in ran.out


WRONG = {"another row": ("row = cuda.grid(1)\n    if row < n: ", "row = cuda.threadIdx.x\n    if row < n: "),
         "no guard": ("if row < n:                                            # the guard", "if row < len(h):"),
         "another equation": ("h[row, k] = g[row] * step[row, k] + (1 - g[row]) * h_prev[row, k]  ", "h[row, k] = g[row] * h_prev[row, k] + (1 - g[row]) * step[row, k]  ")}


@pytest.mark.parametrize("wrong", ["another row", "no guard", pytest.param("another equation", marks=pytest.mark.slow)])
def test_a_wrong_kernel_is_named(tmp_path, wrong):
    """The first of them is an exercise."""
    both = ["the rows' blocks and threads", "eq. (7) of 1 to 15 rows"]
    ran = lesson(tmp_path, WRONG[wrong], scenes=(1, 2))
    assert disagree(ran) == (both if wrong == "another row" else both[1:])
    assert [verdict for _, verdict in verdicts(ran.out)] == ["does not hold here" if wrong != "another equation" else "holds"]


def test_past_the_end_of_an_array_the_simulator_raises_what_the_lesson_says(tmp_path):
    short = ("launch_update(g, step, h_prev, N, BLOCKS * THREADS)", "launch_update(g[:N], step[:N], h_prev[:N], N, BLOCKS * THREADS)")
    assert "IndexError" in lesson(tmp_path, short, scenes=(1, 2)).err


# ---- scene 3: what is counted

COUNT = """
import os
os.environ["NUMBA_ENABLE_CUDASIM"] = "1"
import numpy as np
from numba.cuda.simulator import kernel
from tinydmn.ops import gru_cuda, load, simulator
from tinydmn.ops.groups import Sequences
from tinydmn.ops.recurrence_cuda import Packing
launched, shared = [], []
run, allocate = kernel.FakeCUDAKernel.__call__, simulator.LOCAL
def counted(self, *given):
    if not self._device:
        launched.append((self.fn.__name__, self.grid_dim, self.block_dim))
    return run(self, *given)
def noted(of, shape, dtype):
    if of is None:                                         # a shared array, not a thread's own
        shared.append(int(np.prod(shape)))
    return allocate(of, shape, dtype)
kernel.FakeCUDAKernel.__call__, simulator.LOCAL = counted, noted
B, T, H = 5, 3, 2
up = load("cuda").to_device
packing = Packing(Sequences(np.zeros((B, T), np.int32), np.full(B, T, np.int32), np.full((B, 1), T - 1, np.int32)))
a, g, U, d = up((np.zeros((1, 3 * H)), np.ones(B * T), np.ones((3 * H, H)), np.ones((B * T, H))))
h, kept = gru_cuda.gru_steps(a, packing, g, U)
print("once", len(launched), *launched[-1][1][:1], *launched[-1][2][:1])
shared.clear()
gru_cuda.gru_steps_backward(d, packing, (g, h, kept), U)
print("shared", sum(shared) // 2 - 3 * H * gru_cuda.split(H, np.dtype(np.float64))[1])
launched.clear()
gru_cuda.split = lambda H, dtype: None
gru_cuda.gru_steps(a, packing, g, U)
steps = [entry for entry in launched if entry[0] not in ("fill",)]
print("each", len(steps), *sorted({name for name, _, _ in steps}), {grid[1] for name, grid, _ in steps if name == "product"})
"""


def test_launches_and_shared_memory_are_those_of_the_kernels(tmp_path):
    """Counted where they happen, in the simulator: B = 5 sequences of T = 3 steps, H = 2."""
    done = process(COUNT, tmp_path)
    assert done.returncode == 0, done.stderr
    once, shared, each = done.stdout.splitlines()
    assert once == "once 2 2 6"                            # U turned over; ceil(5 / 4) blocks of 3H threads
    assert shared == f"shared {gru_cuda.ROWS * 8 * 2}"     # besides U 8H numbers a sequence
    assert each == "each 5 _step product {3}"              # 2T - 1; a tile of the simulator has 2 rows


def test_what_is_printed_of_launches_and_reads(ran):
    T, B, tile, rows = 100, 32, 16, gru_cuda.ROWS
    assert f"TILE = 2 if SIMULATED else {tile} " in (LESSONS.parent / "tinydmn" / "ops" / "device.py").read_text(encoding="utf-8")
    of_products = sum(len(range(0, B, tile)) for _ in range(1, T))
    of_blocks = len(range(0, B, rows))
    step = 3 * 80 * 80                                     # of H = 80: numbers of U; multiplications for a sequence
    for way, launches, reads in (("a launch a step", T + T - 1, of_products), ("one launch", 2, of_blocks)):
        printed = re.search(rf"^  {way} +(\d+) +(\d+) +(\d+)$", ran.out, re.M).groups()
        assert printed == (str(launches), str(reads), f"{(T - 1) * B * 2 * step / (reads * 4 * step):.0f}")
    table = re.findall(r"^ +(\d+) +(\S+) +(\S+) +(\S+) +(\S+) M$", ran.out, re.M)
    assert [row[0] for row in table] == ["40", "80", "96", "128"]
    for H, of_U, each, once, product in table:
        size = 3 * int(H)**2 * 4
        assert (of_U, each, product) == (f"{size / 1024:.1f}", f"{of_products * size / 1024**2:.2f}", f"{size / 2 * B / 1e6:.2f}")
        assert once == ("-" if H == "128" else f"{of_blocks * size / 1024**2:.2f}")
    assert f"has {2 * step * B / 1e6:.2f} million (M) operations.  At, say, 1e+13 a\nsecond they take {2 * step * B / 1e13 * 1e6:.2f} microseconds" in ran.out
    assert f"For {B} sequences of {T} steps: {2 * T - 1} launches and {of_products} reads of U, or\n  2 launches and {of_blocks} reads:" in ran.out


# ---- scene 4: the whole sequence in one launch

def test_what_is_printed_of_registers_and_shared_memory(ran):
    table = re.findall(r"^ +(\d+) +(\d+) +(\d+) +(\d+) +(\d+) +(\S+) +(\S+) +(\S+) +(\S+)$", ran.out, re.M)
    assert [row[0] for row in table] == ["40", "80", "96", "128"] and [row[4] for row in table] == ["0", "0", "0", "49"]
    for H, threads, kept, left, cached, *kilobytes in table:
        H, kept, left = int(H), int(kept), int(left)
        assert int(threads) == 3 * H and kept + left + int(cached) == H and (kept, left) == gru_cuda.split(H, np.dtype(np.float32))
        of_U, rest = 3 * H * left * 4 / 1024, 4 * 8 * H * 4 / 1024
        assert kilobytes == [f"{v:.1f}" for v in (of_U, rest, of_U + rest, 3 * H * H * 4 / 1024)] and of_U + rest <= 48
    assert "H = 80: 85 KB, of them 48 in shared memory; H = 96: 120 KB, of them 48" in ran.out


def test_stories_stand_in_the_block_that_has_them(ran):
    n = ran.names["n"]
    order = sorted(range(len(n)), key=lambda i: (-n[i], i))
    table = re.findall(r"^ +(\d) +(\d+) +(\d)   (\S+) (\S+) \.\.\. +(\S+) (\S+) \.\.\.$", ran.out, re.M)
    assert len({*n}) > 1 and [row[:3] for row in table] == [(str(i), str(n[i]), str(k // gru_cuda.ROWS)) for k, i in enumerate(order)]
    facts = ran.names["right"][0]
    for i, *_, one, two, three, four in table:
        last = facts[int(i)][np.any(facts[int(i)] != 0, axis=1)][-1]
        assert (one, two) == (three, four) == tuple(f"{v:+.3f}" for v in last[:2])


PLANT = ("SHOWN, plot_blocks\n", "SHOWN, plot_blocks\nplanted = gru_cuda.gru_numbers\ngru_cuda.gru_numbers = lambda a, Uh, h, g: planted(a, Uh, h, 1.001 * g)\n")
ALL_OF_IT = ["the facts", "dx", "dW", "dU", "db", "dg"]


@pytest.mark.slow
def test_a_wrong_line_of_the_product_is_named(tmp_path):
    assert disagree(lesson(tmp_path, PLANT, scenes=(1, 2, 3, 4))) == [*ALL_OF_IT, "the facts"]


def test_a_wrong_line_of_the_product_on_the_way_back_is_named(tmp_path):
    back = PLANT[0], PLANT[1].replace("gru_numbers", "gru_numbers_backward").replace("planted(a, Uh, h, 1.001 * g)", "planted(1.001 * a, Uh, h, g)")
    assert disagree(lesson(tmp_path, back, scenes=(1, 2, 3, 4))) == ALL_OF_IT[1:]


def test_on_a_device_both_ways_are_timed(tmp_path):
    """The lines that are run on one, here in the simulator, at a small size, and with launches in place of seconds."""
    clock = """from numba.cuda.simulator import kernel
launches, start = [], kernel.FakeCUDAKernel.__call__
kernel.FakeCUDAKernel.__call__ = lambda kernel, *given: launches.append(kernel.fn.__name__) or start(kernel, *given)
def best_seconds(call):
    launches.clear()
    call()
    return len([name for name in launches if name not in ("sigmoid", "gru_numbers", "fill")]) / 1e6
"""
    small = (("from tinydmn.bench.operations import best_seconds\n", ""), ("from tinydmn.plots.blocks import SHOWN, plot_blocks\n", "from tinydmn.plots.blocks import SHOWN, plot_blocks\n" + clock),
             ("if not device.SIMULATED:", "if device.SIMULATED:"), ('ops.load("cuda"), 80', 'ops.load("cuda"), 2'), ("T, B = 100, 32 ", "T, B = 3, 5 "),
             ("ROWS + 1, rng)", "1, rng)"))
    ran = lesson(tmp_path, *small, scenes=(1, 2, 3, 4))
    assert not disagree(ran)
    once, each = re.search(r"Claim: One launch is faster than a launch a step\.\n  holds: one launch: (\d+) microseconds, a launch a step: (\d+)\s+microseconds\n", ran.out).groups()
    assert int(each) - int(once) == (2 * 3 - 1) - 2        # T = 3


# ---- scenes 5 and 6

def test_each_number_of_the_states_is_made_by_one_thread(ran):
    threads = re.findall(r"^ +(\d+) +(z |r |h~) (\d)  (R+)(s+)   Uh\[0\.\.3, (\d+)\]; then (.*)$", ran.out, re.M)
    assert len(threads) == 12 and {(len(R), len(s)) for *_, R, s, _, _ in threads} == {(2, 2)}
    for j, (thread, gate, unit, _, _, column, _) in enumerate(threads):
        assert (int(thread), gate.strip(), int(unit), int(column)) == (j, ("z", "r", "h~")[j // 4], j % 4, j)
    made = [(int(i), int(k), j) for j, (*_, h) in enumerate(threads) for i, k in re.findall(r"h\[(\d), (\d)\]", h)]
    assert sorted(made) == [(i, k, (4 * i + k) % 12) for i in range(4) for k in range(4)]


def test_the_picture_is_of_this_run(ran, tmp_path):
    n = ran.names["n"]
    order = sorted(range(len(n)), key=lambda i: (-n[i], i))
    names = [f"story {i}, {n[i]} words" for i in order]
    for k, name in enumerate(names):
        assert f"\n  block {k // 4}, sequence {k % 4}: {name}\n" in ran.out
    again = plot_blocks((5, 2), (4, 2, 4, names), tmp_path / "a.png", "Who computes what", LEGEND)
    assert again.read_bytes() == (ran.folder / "out" / f"{NAME}.png").read_bytes()


MINE = '''"""Your turn, 3: dg (n,), from dh, step and h_prev (n, 2); lesson 3b has the derivative."""\n'''
RIGHT = MINE + """    row = cuda.grid(1)
    if row < n:
        for k in range(2):
            dg[row] += dh[row, k] * (step[row, k] - h_prev[row, k])
"""


def fits(ran):
    return not ran.err and not [line for line in ran.out.splitlines() if len(line) > 80]


def test_your_turn(tmp_path):
    short = lesson(tmp_path, ("T, B = 100, 32 ", "T, B = 3, 32 "), (MINE, RIGHT), scenes=(1, 2, 3, 6))
    assert re.search(r"^  a launch a step +5 +4 ", short.out, re.M) and re.search(r"^  one launch +2 +8 ", short.out, re.M)
    assert [verdict for _, verdict in verdicts(short.out)] == ["holds", "does not hold here"]
    assert "dg of eq. (7), by your kernel and NumPy: the same" in short.out and fits(short)


def test_your_turn_with_blocks_of_another_size(tmp_path):
    full = lesson(tmp_path, ("N, THREADS = 5, 2 ", "N, THREADS = 5, 5 "), scenes=(1, 2))
    assert "whoami[1, 5] started 5 threads" in full.out and not disagree(full) and "held back" not in full.out
    assert [verdict for _, verdict in verdicts(full.out)] == ["does not hold here"] and "0 such threads, 0 foreign rows changed" in full.out and fits(full)


@pytest.mark.slow
def test_your_turn_with_more_rows_a_wrong_kernel_and_none(tmp_path):
    more = lesson(tmp_path, ("N, THREADS = 5, 2 ", "N, THREADS = 6, 5 "), scenes=(1, 2))
    assert [verdict for _, verdict in verdicts(more.out)] == ["holds"] and "4 such threads, 4 foreign rows changed" in more.out and fits(more)
    wrong = lesson(tmp_path, (MINE, RIGHT.replace("- h_prev", "+ h_prev")), scenes=(1, 2, 3, 6))
    assert disagree(wrong) == ["dg of eq. (7)"] and fits(wrong)
    assert "your kernel" not in lesson(tmp_path, scenes=(1, 2, 3, 6)).out


# ---- its picture

@pytest.fixture
def drawn(monkeypatch):
    figures = []
    monkeypatch.setattr(blocks, "save", lambda figure, path: figures.append(figure) or path)
    return figures


@pytest.mark.parametrize("n, threads, H, kept, rows, names", [(5, 2, 4, 2, 4, ["story 3, 25 words", "b", "c", "d", "story 4"]), (1, 1, 1, 1, 1, ["a name that is much longer than any other"]),
                                                              (3, 4, 3, 0, 2, ["a", "b"]), (12, 12, 12, 7, 3, list("abcdefg")), (4, 3, 2, 1, 7, ["x"])])
def test_who_computes_what_is_drawn(drawn, n, threads, H, kept, rows, names):
    assert plot_blocks((n, threads), (H, kept, rows, names), "a.png", "a title", LEGEND) == "a.png"
    figure, = drawn
    check_texts(figure)
    axes, = figure.axes
    at = [(t.get_text(), *t.get_position()) for t in axes.texts]
    patches = [p for p in axes.patches if isinstance(p, Rectangle)]
    frames = [p for p in patches if p.get_linewidth() > 1]
    cells = [p for p in patches if p not in frames]
    middle = lambda p: (p.get_x() + p.get_width() / 2, p.get_y() + p.get_height() / 2)
    inside = lambda p, text: [t for t, x, y in at if abs(x - middle(p)[0]) < 1e-6 and abs(y - middle(p)[1]) < 1e-6 and t == text]
    beside = lambda p: [t for t, x, y in sorted(at, key=lambda entry: entry[1]) if abs(y - middle(p)[1]) < 1e-6 and x < p.get_x()]
    # a thread a row, and the sequences of each block: boxes with what they hold, dashed where that is nothing
    boxes = [p for p in cells if p.get_width() >= 1.0]
    all_threads, places = -(-n // threads) * threads, -(-len(names) // rows) * rows
    holds = [f"row {i}" if i < n else "no row" for i in range(all_threads)] + [names[i] if i < len(names) else "empty" for i in range(places)]
    said = [f"block {i // threads}, thread {i % threads}" for i in range(all_threads)] + [f"block {i // rows}, sequence {i % rows}" for i in range(places)]
    boxes.sort(key=lambda p: p.get_y())
    assert len(boxes) == len(holds)
    for box, what, who in zip(boxes, holds, said):
        assert inside(box, what) and who in beside(box) and (box.get_linestyle() not in ("solid", "-")) == (what in ("no row", "empty"))
    tops = [p.get_y() for p in boxes]
    wide = [b - a > 0.3 for a, b in zip(tops, tops[1:])]
    assert wide == [(i % threads == 0 if i < all_threads else (i - all_threads) % rows == 0) for i in range(1, len(boxes))]
    # U: a row a thread, its first numbers in registers
    small = [p for p in cells if p.get_width() < 1.0]
    u = sorted(small[:3 * H * H], key=lambda p: (p.get_y(), p.get_x()))
    for k, cell in enumerate(u):
        j, i = divmod(k, H)
        assert bool(cell.get_hatch()) == (i >= kept) and (to_hex(cell.get_facecolor()) == blocks._SHADES[0]) == (i < kept)
        assert {f"thread {j}", f"{('z', 'r', 'h̃')[j // H]} {j % H}"} <= {*beside(cell)}
    states, products = small[3 * H * H:][:rows * H], small[3 * H * H:][rows * H:]
    assert len(products) == rows * 3 * H and all(p.get_hatch() for p in states + products)
    for group, columns in ((states, H), (products, 3 * H)):
        for k, cell in enumerate(group):
            assert f"sequence {k // columns}" in beside(cell) and cell.get_x() == pytest.approx(group[0].get_x() + 0.22 * (k % columns))
    # what one thread holds and makes
    framed = lambda cell: any(f.get_x() - 1e-6 <= cell.get_x() and f.get_y() - 1e-6 <= cell.get_y() and cell.get_x() + cell.get_width() <= f.get_x() + f.get_width() + 1e-6
                              and cell.get_y() + cell.get_height() <= f.get_y() + f.get_height() + 1e-6 for f in frames)
    assert [framed(cell) for cell in u] == [k // H == SHOWN for k in range(3 * H * H)]
    assert [framed(cell) for cell in states] == [k % (3 * H) == SHOWN for k in range(rows * H)]
    assert [framed(cell) for cell in products] == [k % (3 * H) == SHOWN for k in range(rows * 3 * H)]
    assert not any(framed(box) for box in boxes)
    assert {"a title", f"The GRU, one launch: block 0 of {-(-len(names) // rows)}", f"states: {rows} × {H} numbers"} <= {t for t, _, _ in at}


@pytest.mark.parametrize("update, gru", [((0, 2), (4, 2, 4, ["a"])), ((5, 0), (4, 2, 4, ["a"])), ((36, 35), (4, 2, 4, ["a"])), ((5, 2), (0, 0, 4, ["a"])), ((5, 2), (13, 2, 4, ["a"])),
                                         ((5, 2), (4, 5, 4, ["a"])), ((5, 2), (4, -1, 4, ["a"])), ((5, 2), (4, 2, 0, ["a"])), ((5, 2), (4, 2, 4, [])), ((5, 2), (4, 2, 4, ["a"] * 37))])
def test_what_cannot_be_drawn_says_so(update, gru, tmp_path):
    with pytest.raises(ValueError, match="at most 36"):
        plot_blocks(update, gru, tmp_path / "a.png")
    assert not list(tmp_path.iterdir())
