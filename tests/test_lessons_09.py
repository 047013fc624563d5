"""Lesson 9 as a student runs it: every version equals the reference, operations are counted right, clocks decide nothing but the printed ratios; its
picture, read back.  But for one run all times are given, so no test waits for a clock or depends on one."""

import re
from pathlib import Path

import numpy as np
import pytest
from matplotlib.patches import Rectangle

from tinydmn.bench import operations
from tinydmn.plots import bars
from tinydmn.plots.bars import plot_bars

from .test_lessons_01_02 import check_places, verdicts
from .test_lessons_05_07 import as_a_student, check_screen, lesson
from .test_plots import check_texts

NAME = "09_fast_on_the_cpu"
SHARES = {"gru_forward": 0.2, "gru_backward": 0.2, "passes_forward": 0.1, "passes_backward": 0.2, "adam": 0.1, "add": 0.05}
RATE = 1e9


def timed(folder, *changes, seconds=lambda i: 1 / (i + 1), shares=SHARES, seed=0):
    """The lesson, in which version i of anything takes seconds(i)."""
    given = ((operations, "in_turns", lambda calls, *how: {name: seconds(i) for i, name in enumerate(calls)}),
             (operations, "shares_of_a_step", lambda *given: shares), (operations, "sgemm_rate", lambda n: RATE))
    return lesson(NAME, folder, *changes, patch=given, seed=seed)


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """The lesson with given times, and what was given to its picture."""
    given = []
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(bars, "plot_bars", lambda *a: given.append(a) or plot_bars(*a))
        ran = timed(tmp_path_factory.mktemp("lesson"))
    ran.given, = given
    return ran


def rows(out):
    """{version: [gain, less to do, done faster, share in %]} of the tables."""
    found = re.findall(r"^  (\S.{33}) +(\d+\.\d) +(\d+\.\d) +(\d+\.\d) +(\d+) %$", out, re.M)
    return {name.strip(): [float(v) for v in numbers] for name, *numbers in found}


def test_the_lesson_runs_fits_80_columns_and_draws(tmp_path):
    (tmp_path / "student").mkdir()
    done = as_a_student(NAME, tmp_path / "student")
    assert done.returncode == 0 and done.stderr == "" and done.stdout.isascii()
    check_screen(done.stdout)
    check_places(done.stdout, 5)
    assert f"picture: {Path('out', NAME)}.png" in done.stdout.splitlines() and (tmp_path / "student" / "out" / f"{NAME}.png").stat().st_size > 10_000
    assert [verdict for _, verdict in verdicts(done.stdout)] == ["not decided at this size (--quick)"] * 6
    assert len(re.findall(r": the same within", done.stdout)) == 3 * 2 + 3 + 2 + 2
    found = rows(done.stdout)
    assert len(found) == 10 and all(abs(gain - less * faster) <= 0.06 * (less + faster + 1) for gain, less, faster, _ in found.values())
    assert done.stdout.split("Next: ")[1].splitlines()[0].endswith("python lessons/10_fast_on_the_gpu.py")


def test_another_seed_reads_other_stories(ran, tmp_path):
    other = timed(tmp_path, seed=1)
    assert not np.array_equal(other.names["batch"].tokens, ran.names["batch"].tokens)
    for each in (ran, other):
        check_screen(each.out)


def test_operations_are_counted_right(ran):
    """Question by question and word by word; and a gain is what is left to do times how fast it is done."""
    batch, H, passes = ran.names["batch"], ran.names["H"], ran.names["PASSES"]
    each = sum(int(batch.fact_end[s, n - 1]) + 1 for s, n in zip(batch.story_of, batch.n_facts))
    once, V, Q, S = int(batch.n_tokens.sum()), len(ran.names["vocabulary"].words), len(batch.answer), len(batch.n_tokens)
    assert f"Words read: {each} by each question for itself, {once} once; {V} of them distinct." in " ".join(ran.out.split()) and each > 2 * once
    step = lambda n: 6 * H * H * n                         # three rows of a matrix, a multiplication and an addition each
    padded, pairs, facts = Q * (int(batch.n_facts.max()) + 1), int((batch.n_facts + 1).sum()), S * batch.fact_end.shape[1] + 1
    assert padded > pairs and f"{pairs}, with padding {padded}." in ran.out
    memory = 2 * step(Q) * passes
    block = 2 * H * H                                      # one of eq. (5)'s in W^(1), or W^(b)
    wanted = {"each question reads for itself": 2 * step(each), "+ stories shared": 2 * step(once), "+ a table of words": step(V) + step(once),
              "+ compiled": step(V) + step(once), "z(c, m, q) built in each pass": passes * padded * (7 + 1) * block + memory,
              "+ what no pass changes, once": block * (2 * facts + Q + 2 * padded + passes * (Q + 2 * padded)) + memory,
              "+ compiled, no padding": block * (facts + 2 * Q + 2 * pairs + passes * (2 * Q + 2 * pairs)) + memory}
    asked = int(batch.n_question.sum())
    wanted["NumPy"] = 3 * (wanted["+ stories shared"] + 2 * step(asked) + wanted["z(c, m, q) built in each pass"])
    wanted["Numba, one thread"] = 3 * (wanted["+ compiled"] + step(V) + step(asked) + wanted["+ compiled, no padding"])
    wanted[f"Numba, threads: {ran.names['N']}"] = wanted["Numba, one thread"] / ran.names["N"]
    found, first = rows(ran.out), None
    assert list(found) == list(wanted)
    for i, (version, (gain, less, faster, share)) in enumerate(found.items()):
        i = i if i < 4 else i - 4 if i < 7 else i - 7
        first = version if i == 0 else first
        assert gain == i + 1 and less == pytest.approx(wanted[first] / wanted[version], abs=0.051)
        assert faster == pytest.approx(gain * wanted[version] / wanted[first], abs=0.051) and share == pytest.approx(100 * wanted[version] * (i + 1) / RATE, abs=0.51)
    left = [wanted[one] / wanted[two] for one, two in (("each question reads for itself", "+ compiled"), ("z(c, m, q) built in each pass", "+ compiled, no padding"))]
    assert "one of {:.1f} operations was left of reading, one of {:.1f} of looking.".format(*left) in " ".join(ran.out.split())


def test_every_version_of_the_loop_and_of_the_table(ran):
    """At other sizes than the lesson's, and with words and sequences of its own."""
    names, rng = ran.names, np.random.default_rng(5)
    x, W, U, b = (rng.normal(size=size) for size in ((7, 3), (9, 3), (9, 3), 9))
    h = np.zeros(3)
    for x_t in x:
        z, r = (1 / (1 + np.exp(-(W[k:k + 3] @ x_t + U[k:k + 3] @ h + b[k:k + 3]))) for k in (0, 3))
        h = z * h + (1 - z) * np.tanh(W[6:] @ x_t + r * (U[6:] @ h) + b[6:])
    for run in (lambda: names["in_python"](*(a.tolist() for a in (x, W, U, b))), lambda: names["in_numpy"](x, W, U, b), lambda: names["in_numba"](x, W, U, b)):
        np.testing.assert_allclose(run(), h, atol=1e-13)
    sequences = names["Sequences"](np.array([[0, 1, 2, 3], [4, 5, 6, 6]], np.int32), np.array([4, 3], np.int32), np.array([[1, 3], [2, -1]], np.int32))
    gru = names["GRU"](W, U, b)
    np.testing.assert_allclose(names["by_table"](x, sequences, gru), names["plain"].gru_forward(x, sequences, gru)[0], atol=1e-13)


WRONG = {"Python and the reference": ("h[k] = z * h[k] + (1 - z) * h_tilde ", "h[k] = (1 - z) * h[k] + z * h_tilde "),
         "Numba and the reference": ("Uh_i += U[i, j] * h[j]", "Uh_i += U[j, i] * h[j]"),
         "+ a table of words": ("table, h = x @ W.T + b,", "table, h = x @ W.T,"),
         "+ what no pass changes, once": ("    shared += bilinear(q, 0)\n", "")}
CELL = "return z * h + (1 - z) * np.tanh(a_h + r * Uh_h)", "return z * h + (1 - z) * np.tanh(r * (a_h + Uh_h))"


def test_a_wrong_line_is_named(tmp_path):
    """The last of WRONG is an exercise."""
    named = lambda text: {line.split(", 12 words: ")[-1] for line in re.findall(r"^(.*?)(?:: the facts[^:]*|: the memory[^:]*)?:\s+NOT the same", text, re.M)}
    assert named(timed(tmp_path, *WRONG.values()).out) == {*WRONG}
    assert named(timed(tmp_path, CELL).out) == {"NumPy and the reference", "+ a table of words"}


def test_clocks_decide_the_claims_and_nothing_else(ran, tmp_path):
    assert [c.holds for c in ran.claims] == [False, True, True, True, True, True]          # as fast with few units as with many
    assert ran.claims[3].because == "2.00, 1.50, 1.33 times as fast as the one before"
    slow = timed(tmp_path, seconds=lambda i: i + 1, shares=SHARES | {"gru_backward": 0.0, "passes_backward": 0.1})
    assert [c.holds for c in slow.claims] == [False] * 6 and "What you saw" in slow.out
    assert slow.claims[1].because == "0.3, 0.3 times the next best" and all(c.quick for c in slow.claims)
    assert re.search(r"^  all else +20 % +20 %$", ran.out, re.M) and ran.claims[2].because == "70 % with numpy; 70 % with numba"


def test_your_turn(tmp_path):
    one = timed(tmp_path, ("QUESTIONS, PASSES = 5, 3 ", "QUESTIONS, PASSES = 1, 3 "))
    assert rows(one.out)["+ stories shared"][1] == 1.0 and "NOT the same" not in one.out and len(one.names["batch"].answer) == one.names["S"]
    in_order = timed(tmp_path, ('FAST = {"reassoc", "contract", "nsz"}', "FAST = set()"))
    assert "NOT the same" not in in_order.out
    for changed in (one, in_order):
        check_screen(changed.out)


# ---- its picture

def test_the_lesson_draws_what_it_printed(ran):
    groups, path, title, legend = ran.given
    assert path.name == f"{NAME}.png" and "log" in title and "sgemm" in legend
    loop, *others = groups.items()
    assert loop == ("a loop, 16 units", {"Python": (1.0, ""), "NumPy": (2.0, ""), "Numba": (3.0, "")})
    printed = rows(ran.out)
    assert {version: [gain, f"{printed[version][3]:.0f} % of sgemm"] for _, group in others for version, (gain, _) in group.items()} \
        == {version: [numbers[0], f"{numbers[3]:.0f} % of sgemm"] for version, numbers in printed.items()}
    assert all(note == f"{printed[version][3]:.0f} % of sgemm" for _, group in others for version, (_, note) in group.items())


@pytest.fixture
def drawn(monkeypatch):
    figures = []
    monkeypatch.setattr(bars, "save", lambda figure, path: figures.append(figure) or path)
    return figures


@pytest.mark.parametrize("slow", (1.0, 0.25))
def test_equal_lengths_are_equal_factors(drawn, slow):
    groups = {"one": {"first": (1.0, ""), "twice": (2.0, "a note"), "four times": (4.0, "")}, "two": {"start": (slow, "a longer note"), "many": (1234.5, "")}}
    assert plot_bars(groups, "a.png", "a title", "what it says, " * 12) == "a.png"
    figure, = drawn
    check_texts(figure)
    axes, = figure.axes
    at = {t.get_text(): t.get_position() for t in axes.texts}
    assert "a title" in at and {"× 1", "× 2   a note", "× 4", "× 1234"} <= {*at, "× 1"} and f"× {slow:.3g}   a longer note" in at
    found = sorted((p for p in axes.patches if isinstance(p, Rectangle)), key=lambda p: p.get_y())
    flat = [(name, *bar) for group in groups.values() for name, bar in group.items()]
    assert len(found) == len(flat) == 5
    (zero,), = {tuple({*line.get_xdata()}) for line in axes.lines}       # one place for both groups
    for (name, factor, note), patch in zip(flat, found):
        assert patch.get_width() == pytest.approx(found[1].get_width() * np.log2(factor), abs=1e-9) and patch.get_x() == pytest.approx(zero)
        middle = patch.get_y() + patch.get_height() / 2
        assert at[name][1] == pytest.approx(middle) and at[name][0] < zero
        beside, = [text for text, (x, y) in at.items() if abs(y - middle) < 1e-6 and text.startswith("× ")]
        assert beside.endswith(note) and at[beside][0] > max(zero, zero + patch.get_width())
    assert at["one"][1] < at["first"][1] < at["twice"][1] < at["two"][1] < at["start"][1]


@pytest.mark.parametrize("groups", ({}, {"a": {}}, {"a": {"b": (0.0, "")}}, {"a": {"b": (np.nan, "")}}, {"a": {"b": (np.inf, "")}}, {"a": {"b": (1.0, "")}, "c": {}}))
def test_what_cannot_be_drawn_says_so(groups, tmp_path):
    with pytest.raises(ValueError, match="a factor above 0"):
        plot_bars(groups, tmp_path / "a.png")
    assert not list(tmp_path.iterdir())
