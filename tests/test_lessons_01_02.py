"""Lessons 1 and 2 as a student runs them, and what all lessons share: what they print is true of their own numbers, exercises end in a report, mistakes
are told; the picture of a trace, read back."""

import ast
import math
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tinydmn import make_batch, ops, plots
from tinydmn.data.generator import write_task
from tinydmn.data.vocabulary import END_OF_SENTENCE
from tinydmn.errors import UserError
from tinydmn.gradcheck import numerical_grad
from tinydmn.ops import gru_numpy
from tinydmn.ops.groups import GRU
from tinydmn.plots.curves import plot_trace

from .test_lessons_05_07 import LESSONS, as_a_student, check_screen, lesson, planted
from .test_pictures import check_names, drawn, text, texts, title_of  # noqa: F401  (drawn is a fixture)

FIRST, SECOND = "01_words_and_the_gru", "02_back_through_time"
IN_FULL = {name: (f"args = options({said})", f"args = options({said})\nargs.quick = False") for name, said in ((FIRST, "__doc__, data=True"), (SECOND, "__doc__"))}
each_lesson = pytest.mark.parametrize("name", (FIRST, SECOND))


def verdicts(screen):
    """[(claim, verdict)] as they stand on the screen, a claim perhaps in several lines."""
    return re.findall(r"^Claim: ((?:.|\n)*?)\.\n  (holds|does not hold here|not decided at this size \(--quick\)):", screen, re.M)


def check_places(screen, n):
    """"Where the code is" names n functions, each with the line where it begins."""
    named = re.findall(r"(\S+\.py):(\d+)  (\w+)$", screen, re.M)
    assert len(named) == n
    for file, line, function in named:
        assert (LESSONS.parent / "tinydmn" / file).read_text(encoding="utf-8").splitlines()[int(line) - 1].lstrip().startswith(f"def {function}(")


@each_lesson
def test_a_lesson_runs_fits_80_columns_draws_and_says_the_same_again(name, tmp_path):
    (tmp_path / "student").mkdir()
    done = as_a_student(name, tmp_path / "student")
    assert done.returncode == 0 and done.stderr == ""
    check_screen(done.stdout)
    check_places(done.stdout, 4)
    assert done.stdout.isascii() and f"picture: {Path('out', name)}.png" in done.stdout.splitlines()
    assert [verdict for _, verdict in verdicts(done.stdout)] == ["not decided at this size (--quick)"] * 2
    again, other = lesson(name, tmp_path), lesson(name, tmp_path, seed=1)
    first, second, third = ((folder / "out" / f"{name}.png").read_bytes() for folder in (tmp_path / "student", again.folder, other.folder))
    assert first == second != third and len(first) > 10_000
    screen = lambda text: re.sub(r"^picture: .*", "", text, flags=re.M)
    assert screen(again.out) == screen(done.stdout) != screen(other.out)


@pytest.mark.parametrize("seed", (0, 1, pytest.param(2, marks=pytest.mark.slow)))
@each_lesson
def test_in_full(name, seed, tmp_path, request):
    ran = lesson(name, tmp_path, IN_FULL[name], seed=seed) if seed else request.getfixturevalue({FIRST: "words", SECOND: "back"}[name])
    check_screen(ran.out)
    assert "--quick" not in ran.out and [c.holds for c in ran.claims] == [True, True] and all(c.pictures == [f"{name}.png"] for c in ran.claims)


# ---- lesson 1 ----

def gru_by_words(x, W, U, b):
    """Eqs (1)-(4), one unit after the other, in Python's floats: x (T, D) -> z, r, h, each (T, H)."""
    H, h, found = len(U[0]), [0.0] * len(U[0]), []
    for x_t in x:
        a = [sum(w * v for w, v in zip(W[k], x_t)) + b[k] for k in range(3 * H)]
        u = [sum(w * v for w, v in zip(U[k], h)) for k in range(3 * H)]
        z = [1 / (1 + math.exp(-a[k] - u[k])) for k in range(H)]
        r = [1 / (1 + math.exp(-a[H + k] - u[H + k])) for k in range(H)]
        new = [math.tanh(a[2 * H + k] + r[k] * u[2 * H + k]) for k in range(H)]
        h = [z[k] * h[k] + (1 - z[k]) * new[k] for k in range(H)]
        found.append((z, r, h))
    return [np.array(part) for part in zip(*found)]


@pytest.fixture(scope="module")
def words(tmp_path_factory):
    """Lesson 1 in full, with what was given to its picture."""
    given = []
    real = plots.curves.plot_trace
    ran = lesson(FIRST, tmp_path_factory.mktemp("lesson"), IN_FULL[FIRST], patch=[(plots.curves, "plot_trace", lambda *a: given.append(a) or real(*a))])
    ran.given, = given
    return ran


def test_lesson_1_can_be_followed_with_a_pocket_calculator(words):
    """From what stands on the screen, to its six decimals."""
    rows = re.findall(r"^(?:z|r|h~) +[12] +([+-]\d\.\d) ([+-]\d\.\d) +([+-]\d\.\d) ([+-]\d\.\d) +([+-]\d\.\d)$", words.out, re.M)
    W, U, b = (np.array(rows, float)[:, columns] for columns in ((0, 1), (2, 3), 4))
    x = np.array(re.findall(r"^x = \(([+-]\d\.\d), ([+-]\d\.\d)\)", words.out, re.M), float)
    assert W.shape == (6, 2) and x.shape == (3, 2)
    z, r, h = gru_by_words(x, W, U, b)
    printed = {name: np.array(re.findall(rf"^  {re.escape(name)} +" + r" +".join([r"([+-]\d\.\d{6})"] * 4) + "$", words.out, re.M), float)
               for name in ("h_t-1", "z   (1)", "r   (2)", "h~  (3)", "h   (4)")}
    before = np.vstack([np.zeros(2), h[:-1]])
    for name, right in (("h_t-1", before), ("z   (1)", z), ("r   (2)", r), ("h~  (3)", (h - z * before) / (1 - z)), ("h   (4)", h)):
        np.testing.assert_allclose(printed[name], np.repeat(right, 2, axis=1), atol=6e-7)              # by hand, and in NumPy
    last = re.search(r"^Eq\. \(4\), unit 1: (\S+) \* (\S+) \+ (\S+) \* (\S+) = (\S+)$", words.out, re.M)
    np.testing.assert_allclose([float(v) for v in last.groups()], [z[2, 0], h[1, 0], 1 - z[2, 0], (h[2, 0] - z[2, 0] * h[1, 0]) / (1 - z[2, 0]), h[2, 0]], atol=6e-7)
    assert words.out.count("by hand and in NumPy: the same") == 4


def test_lesson_1_shows_how_far_a_changed_word_is_felt(words):
    names, story = words.names, words.names["story"]
    told = [word for fact in story.facts for word in [*fact, END_OF_SENTENCE]]
    place = sum(len(fact) + 1 for fact in story.facts[:3])                 # the first word of the fourth fact
    now = [*told[:place], names["other"], *told[place + 1:]]
    assert told[place] == names["who"] != names["other"] and len(story.facts) == 10
    x = lambda text: [names["L"][names["vocabulary"].word_id[word]].tolist() for word in text]
    ends = np.cumsum([len(fact) + 1 for fact in story.facts]) - 1
    given_words, moves, maps, changed, fact_end = (words.given[i] for i in (0, 1, 2, 4, 5))
    assert (given_words, changed, list(fact_end)) == (told, place, list(ends))
    table = np.array([line.split()[-3:] for line in words.out.splitlines() if re.match(r" [ \d]\d  \w+ ", line)], float)
    means = [float(v) for v in re.search(r"mean of z +(\S+) +(\S+) +(\S+)$", words.out, re.M).groups()]
    left = {}
    for k, b_z in enumerate((0.0, -3.0, 3.0)):
        b = [b_z] * 8 + [0.0] * 16
        z, r, h = gru_by_words(x(told), names["W"].tolist(), names["U"].tolist(), b)
        moved = np.linalg.norm(gru_by_words(x(now), names["W"].tolist(), names["U"].tolist(), b)[2] - h, axis=1)
        np.testing.assert_allclose(list(moves.values())[k], moved, rtol=1e-6, atol=1e-14)
        assert list(moves)[k] == f"b_z = {b_z:g}, z near {z.mean():.2f}" and means[k] == float(f"{z.mean():.2f}")
        np.testing.assert_allclose(table[:, k], moved[ends], rtol=0.06, atol=1e-14)
        left[z.mean()] = moved[ends[9]] / moved[ends[3]]
        if not k:
            for (title, a), right in zip(maps.items(), (z, r, h)):
                np.testing.assert_allclose(a, right, atol=1e-12)
            assert [title.split()[0:2] for title in maps] == [["update", "gate"], ["its", "reset"], ["its", "state"]]
    said = re.search(r"this was left in c_10:\n +(.*)$", words.out, re.M)[1].split(", ")
    assert [float(v.split()[0]) for v in said] == pytest.approx([left[z] for z in sorted(left)], rel=0.5, abs=1e-11)
    assert [v.split()[-1] for v in said] == [f"{z:.2f})" for z in sorted(left)]
    for says, numbers in ((words.claims[0].because, re.findall(r"(\S+), then (\S+?)(?:;|$)", words.claims[0].because)),):
        assert np.allclose(np.array(numbers, float), table[[3, 9]].T, rtol=0.06, atol=1e-14), says


def test_lesson_1_reads_a_batch_as_it_reads_a_story(words):
    """Its story stands in the row that is named, of a batch with padding."""
    row = int(re.search(r"ours in row (\d+)\.", re.sub(r"\s+", " ", words.out))[1]) - 1
    full = words.names["full"]
    assert words.names["row"] == row and full.tokens.shape[1] > full.n_tokens[row] == len(words.given[0]) and len(full.tokens) > 40
    np.testing.assert_array_equal(full.tokens[row, :full.n_tokens[row]], make_batch([words.names["story"]], words.names["vocabulary"]).tokens[0])
    assert re.findall(r"^(numpy|numba) +(alone|in the batch): the same within 1e-12$", words.out, re.M) == [
        (backend, how) for backend in ops.BACKENDS for how in ("alone", "in the batch")]


def test_lesson_1_reads_files(tmp_path):
    (tmp_path / "runs").mkdir()
    for task in (1, 2):
        write_task(tmp_path, task, {"train": 5}, np.random.default_rng(task))
    ran = lesson(FIRST, tmp_path / "runs", options=("--data", tmp_path))
    fact = (tmp_path / "qa1_single-supporting-fact_train.txt").read_text().splitlines()[0]
    assert fact.lower().removeprefix("1 ").removesuffix(".") in ran.out
    short = tmp_path / "short"
    for task in (1, 2):
        write_task(short, task, {"train": 5}, np.random.default_rng(task))
    path = short / "qa1_single-supporting-fact_train.txt"
    path.write_text("1 Mary went to the garden.\n2 Where is Mary? \tgarden\t1\n" * 20)
    with pytest.raises(UserError, match="no story of 10 facts"):
        lesson(FIRST, tmp_path / "runs", options=("--data", short))


def cell_with_eq_4_turned_round(x, h_prev, gru):
    h, cache = gru_cell_forward(x, h_prev, gru)
    return h_prev + cache[5] - h, cache                     # (1 - z) h_prev + z h~


def cell_backward_without_the_share_of_r(dh, cache, gru, dgru):
    H = gru.U.shape[1]
    dx, dh_prev = gru_cell_backward(dh, cache, gru, dgru)
    _, h_prev, z, r, _, h_tilde = cache
    more = dh * (1 - z) * (1 - h_tilde**2) * (1 - r)
    dgru.U[2 * H:] += more.T @ h_prev
    return dx, dh_prev + more @ gru.U[2 * H:]


gru_cell_forward, gru_cell_backward = gru_numpy.gru_cell_forward, gru_numpy.gru_cell_backward


def test_lesson_1_tells_a_wrong_cell(tmp_path):
    ran = lesson(FIRST, tmp_path, patch=[(gru_numpy, "gru_cell_forward", cell_with_eq_4_turned_round)])
    assert re.findall(r"^(\S+) +\(\d\) of \[word, unit\], by hand and in NumPy: (NOT )?the", ran.out, re.M) == [("z", "NOT "), ("r", "NOT "), ("h~", "NOT "), ("h", "NOT ")]
    assert "What you saw" in ran.out                        # and goes on to its end


@pytest.mark.parametrize("backend", ops.BACKENDS)
def test_lesson_1_tells_rows_that_leak(tmp_path, backend):
    def leaking(right):
        def wrong(*args):
            out, cache = right(*args)
            return out + 1e-9 * (out.sum(axis=0) - out), cache               # nothing leaks into a story that is alone
        return wrong
    ran = lesson(FIRST, tmp_path, patch=[planted("gru_forward", leaking, backend)])
    assert [line.split(":")[0].split() for line in ran.out.splitlines() if "NOT the same" in line] == [[backend, "in", "the", "batch"]]


def test_lesson_1_your_turn(tmp_path):
    wide = lesson(FIRST, tmp_path, IN_FULL[FIRST], ("B_Z = (0.0, -3.0, 3.0)", "B_Z = (0.0, -6.0, 6.0)"))
    ends, move = wide.names["ends"], wide.names["move"]
    assert move[-6.0][ends[5]] < 1e-5 * move[-6.0][ends[3]] and move[6.0][ends[9]] > 0.5 * move[6.0][ends[3]]      # gone within a few facts; to the end
    assert wide.names["mean_z"][-6.0] < 0.02 and wide.names["mean_z"][6.0] > 0.98
    last = lesson(FIRST, tmp_path, IN_FULL[FIRST], ("FACT = 4 ", "FACT = 10 "))
    assert [c.holds for c in last.claims] == [False, False] and "fact 10 says" in last.out and last.out.count("does not hold here") == 2
    first = lesson(FIRST, tmp_path, ("FACT = 4 ", "FACT = 1 "))
    assert first.names["place"] == 0 and "facts before the change" not in first.out
    swapped = lesson(FIRST, tmp_path, ("[z[k] * h[k] + (1 - z[k]) * h_tilde[k]", "[(1 - z[k]) * h[k] + z[k] * h_tilde[k]"))
    assert re.search(r"^h   \(4\) of \[word, unit\], by hand and in NumPy: NOT the same", swapped.out, re.M)
    for ran in (wide, last, first):
        check_screen(ran.out)


# ---- lesson 2 ----

@pytest.fixture(scope="module")
def back(tmp_path_factory):
    """Lesson 2 in full, with what was given to its picture."""
    given = []
    real = plots.plot_gradient_norms
    ran = lesson(SECOND, tmp_path_factory.mktemp("lesson"), IN_FULL[SECOND], patch=[(plots, "plot_gradient_norms", lambda *a: given.append(a) or real(*a))])
    ran.given, = given
    return ran


def test_lesson_2_tells_a_wrong_cell(tmp_path):
    ran = lesson(SECOND, tmp_path, patch=[(gru_numpy, "gru_cell_backward", cell_backward_without_the_share_of_r)])
    assert re.findall(r"^(\w+), here and in the library's gru_cell_backward: NOT the same", ran.out, re.M) == ["dh_prev", "dU"] and "What you saw" in ran.out


@pytest.mark.parametrize("right, wrong, named", [
    ('d["z"] = dh * (h_prev - h_tilde)', 'd["z"] = dh * (h_tilde - h_prev)', "z"),
    ('d["z"] * z * (1 - z)', 'd["z"] * z * (1 - 1.001 * z)', "a_z"),
    ('d["h~"] = dh * (1 - z)', 'd["h~"] = dh * z', "h~"),
    ('(1 - h_tilde**2)', '(1 - h_tilde)', "a_h"),
    ('d["r"] = d["a_h"] * Uh_h', 'd["r"] = d["a_h"] * h_prev', "r"),
    ('d["r"] * r * (1 - r)', 'd["r"] * r', "a_r"),
    ('d["a_h"] * r])', 'd["a_h"]])', "h_prev"),
    ('dUh.T @ h_prev', 'da.T @ h_prev', "U"),
    ('da @ W, dh * z', 'dUh @ W, dh * z', "x"),
    ('da.T @ x', 'dUh.T @ x', "W"),
    (', da[0]', ', dUh[0]', "b"),
])
def test_lesson_2_names_the_wrong_line(right, wrong, named, back, capsys):
    """The first scene with one line wrong: the first name that is not the same is that line's."""
    source = next(back.folder.glob("*.py")).read_text(encoding="utf-8")
    assert source.count(right) == 1
    part, = [part for part in re.split(r"^(?=# %% )", source, flags=re.M) if part.startswith("# %% 1.")]
    capsys.readouterr()
    exec(compile(part.replace(right, wrong), "scene 1", "exec"), dict(back.names))
    out = capsys.readouterr().out
    assert re.findall(r"^dL/d(\S+), by hand and by central difference: NOT the same", out, re.M)[0] == named
    assert "all 46 entries, by hand and by central difference: NOT the same" in out


def test_lesson_2_prints_every_derivative_beside_its_difference(back):
    scene_1 = back.out.split("\n2. ")[0]
    rows = np.array(re.findall(r"([+-]\d\.\d{6}) ?([+-]\d\.\d{6})  ([+-]\d\.\d{6}) ?([+-]\d\.\d{6})$", scene_1, re.M), float)
    names = back.names
    d = names["d"]
    expected = np.vstack([*(d[name] for name in ("z", "a_z", "h~", "a_h", "r", "a_r", "h_prev", "x")), d["W"], d["U"], d["b"].reshape(3, 2)])
    assert rows.shape == (23, 4)
    np.testing.assert_allclose(rows, np.hstack([expected, expected]), atol=2e-6)
    x, h_prev, dh, W, U, b = (names[name] for name in ("x", "h_prev", "dh", "W", "U", "b"))
    for name, array in (("x", x), ("h_prev", h_prev), ("W", W), ("U", U), ("b", b)):              # against the library's own cell
        loss = lambda: np.sum(dh * gru_cell_forward(x, h_prev, GRU(W, U, b))[0])
        np.testing.assert_allclose(d[name], numerical_grad(loss, array), atol=1e-8)


def test_lesson_2_goes_back_rightly(back):
    names = back.names
    rng = np.random.default_rng(0)
    x, W, U, b, dh = (rng.normal(size=shape) for shape in ((4, 3), (6, 3), (6, 2), 6, (1, 2)))

    def rnn_from(h, x):
        for x_t in x:
            h = np.tanh(x_t @ W[:2].T + h @ U[:2].T + b[:2])
        return h

    def gru_from(h, x):
        for x_t in x:
            h = gru_cell_forward(x_t[None], h, GRU(W, U, b))[0]
        return h

    d_rnn = names["rnn"](x, W[:2], U[:2], b[:2], dh)
    d_gru, straight, mean_z = names["gru"](x, W, U, b, dh)
    assert len(d_rnn) == len(d_gru) == len(straight) == 4 and mean_z == pytest.approx(gru_by_words(x, W, U, b)[0].mean())
    for run_from, d in ((rnn_from, d_rnn), (gru_from, d_gru)):
        for t in range(4):
            h = run_from(np.zeros((1, 2)), x[:t + 1])
            np.testing.assert_allclose(d[t], numerical_grad(lambda: np.sum(dh * run_from(h, x[t + 1:])), h), rtol=1e-6, atol=1e-8)
    d, straight, _ = names["gru"](x, W, 0 * U, b, dh)       # without U the way through z is the only one
    np.testing.assert_allclose(np.vstack(d), np.vstack(straight), rtol=1e-12)


def test_lesson_2_prints_what_is_left_at_the_first_word(back):
    names, draws = back.names, back.names["draws"]
    assert len(draws) == 20 and all(len(draw["tanh RNN"][0]) == 100 for draw in draws)
    rng = np.random.default_rng([0, 3])                     # the fourth draw, told again
    x, dh = rng.normal(size=(100, 64)), rng.normal(size=(1, 64))
    dh /= np.linalg.norm(dh)
    W, U = rng.normal(size=(192, 64)) / 8, rng.normal(size=(192, 64)) / 8
    for b_z in (0.0, 3.0):
        d, straight, z = names["gru"](x, W, U, np.repeat([b_z, 0.0], [64, 128]), dh)
        for label, way in ((f"GRU, b_z = {b_z:g}", d), (f"  through z alone, b_z = {b_z:g}", straight)):
            np.testing.assert_allclose(draws[3][label][0], [np.linalg.norm(v) for v in way], rtol=1e-9)
            assert draws[3][label][1] == pytest.approx(z)
    np.testing.assert_allclose(draws[3]["tanh RNN"][0], [np.linalg.norm(v) for v in names["rnn"](x, W[128:], U[128:], np.zeros(64), dh)], rtol=1e-9)
    for name, (length, z) in draws[0].items():
        line, = [line for line in back.out.splitlines() if line.startswith(f"{name:<28}") and re.search(r"e[+-]\d\d +", line)]
        numbers = line[28:].split()
        assert numbers[:4] == [f"{length[t]:.0e}" for t in (99, 74, 49, 0)] and float(numbers[4]) == pytest.approx((length[0] / length[99]) ** (1 / 99), abs=0.006)
        assert numbers[5:] == ([f"{z:.2f}"] if name != "tanh RNN" else [])
    first = {name: [draw[name][0][0] for draw in draws] for name in draws[0]}
    span = lambda values: f"{min(values):.0e} to {max(values):.0e}"
    ratio = [one / other for one, other in zip(first["GRU, b_z = 3"], first["tanh RNN"])]
    assert back.claims[0].because == f"{span(ratio)} times in 20 draws" and back.claims[1].because == f"{span(first['GRU, b_z = 0'])} of it in 20 draws"
    saw = " ".join(back.out.split("What you saw")[1].split())
    assert f"here {span(first['tanh RNN'])} of the error" in saw
    assert f"with z near {draws[0]['GRU, b_z = 0'][1]:.2f} there was {span(first['GRU, b_z = 0'])} left, with z near {draws[0]['GRU, b_z = 3'][1]:.2f} {span(first['GRU, b_z = 3'])}." in saw
    curves = back.given[0]
    assert [label.split(", z near")[0] for label in curves] == ["tanh RNN", "GRU, b_z = 0", "GRU, b_z = 3"]
    for label, length in curves.items():
        np.testing.assert_array_equal(length, draws[0][label.split(", z near")[0]][0])


@pytest.mark.parametrize("name, value, holds", [("GRU, b_z = 3", 1e-30, [False, True]), ("GRU, b_z = 0", 1e-3, [True, False]), ("tanh RNN", 1e-3, [False, True])])
def test_lesson_2_judges_by_every_draw(name, value, holds, back, capsys):
    """One draw of twenty denies a claim."""
    draws = [{label: (length.copy(), z) for label, (length, z) in draw.items()} for draw in back.names["draws"]]
    draws[7][name][0][0] = value
    source = next(back.folder.glob("*.py")).read_text(encoding="utf-8")
    part = "at_first = " + source.split("\nat_first = ")[1].split("# %% 3.")[0]
    capsys.readouterr()
    exec(compile(part, "scene 2", "exec"), back.names | {"draws": draws, "saved": lambda path: None, "plot_gradient_norms": lambda *a: None})
    assert [verdict == "holds" for _, verdict in verdicts(capsys.readouterr().out)] == holds


def test_lesson_2_your_turn(tmp_path):
    at_first_word = lambda ran: {name: draw[0][0] for name, draw in ran.names["draws"][0].items()}
    low = lesson(SECOND, tmp_path, IN_FULL[SECOND], ("B_Z = 3.0", "B_Z = -3.0"))
    fades = at_first_word(low)
    assert not low.claims[0].holds and fades["GRU, b_z = -3"] < 1e-3 * fades["tanh RNN"]
    large = lesson(SECOND, tmp_path, IN_FULL[SECOND], ("GAIN, WORD = 1.0, 1.0", "GAIN, WORD = 3.0, 1.0"))
    explodes = at_first_word(large)
    assert not all(c.holds for c in large.claims) and explodes["tanh RNN"] > 1e6 and 1e-3 < explodes["GRU, b_z = 3"] < 10 and explodes["GRU, b_z = 0"] < 10
    small = lesson(SECOND, tmp_path, IN_FULL[SECOND], ("GAIN, WORD = 1.0, 1.0", "GAIN, WORD = 1.0, 0.1"))
    assert not all(c.holds for c in small.claims) and all(draw["tanh RNN"][0][0] > 1e-10 for draw in small.names["draws"])      # 1e-19 with words of size 1
    for ran in (low, large, small):
        check_screen(ran.out)


# ---- what the lessons share ----

@pytest.fixture
def common(monkeypatch):
    monkeypatch.syspath_prepend(str(LESSONS))
    import common
    return common


def test_a_claim_says_whether_it_holds_and_why(common, capsys):
    assert common.claim("One is less than two", 1 < 2, "1 against 2") is True
    assert common.claim("Two is less than one", np.bool_(False), "2 against 1, " * 8) is False
    assert common.claim("It is so", True, "few", quick=True) is True and common.claim("It is so", False, "few", quick=True) is False
    out = capsys.readouterr().out.splitlines()
    assert out[:3] == ["Claim: One is less than two.", "  holds: 1 against 2", "Claim: Two is less than one."] and out[3].startswith("  does not hold here: 2 against 1, 2")
    assert out[-4:] == ["Claim: It is so.", "  not decided at this size (--quick): few"] * 2 and max(map(len, out)) <= 80 and out[4].startswith("  ")


def test_what_is_the_same(common, capsys):
    right = np.arange(6.0).reshape(2, 3)
    for other, agrees in ((right, True), (right + 9e-10, True), (right + 2e-9, False), (right - 2e-9, False), (right[:1], False), (np.where(right == 4, np.nan, right), False)):
        assert common.same("a and b", right, other) is agrees
        assert (": the same within 1e-09" in capsys.readouterr().out) is agrees
    wrong = right.copy()
    wrong[1, 2] += 0.5
    assert not common.same("a and b", right, wrong) and capsys.readouterr().out == "a and b: NOT the same, they differ by 5.0e-01 at [1, 2]\n"
    assert common.same("a and b", [], []) and common.same("a and b", 1.0, 1.0 + 1e-5, 1e-4)


def test_a_picture_is_named_from_here_where_that_is_shorter(common, tmp_path, monkeypatch, capsys):
    (tmp_path / "below").mkdir()
    monkeypatch.chdir(tmp_path)
    common.saved(tmp_path / "below" / "a.png")
    assert capsys.readouterr().out == f"picture: {Path('below', 'a.png')}\n"
    common.saved(Path("/a.png"))
    assert capsys.readouterr().out == f"picture: {Path('/a.png')}\n"


def test_headings_and_places(common, capsys):
    common.heading(3, "A scene")
    common.where("eq. (9)", ops.load("numba").gru_forward)
    blank, line, place = capsys.readouterr().out.splitlines()
    assert blank == "" and 70 < len(line) <= 80 and line.startswith("3. A scene ---") and set(line[11:]) == {"-"}
    check_places(place, 1)


@pytest.mark.parametrize("options, named", [(("--data", "nowhere"), "nowhere: no such folder"), (("--seed", "-1"), "--seed is -1"), (("--out", "taken/x"), "taken")])
def test_what_the_user_can_mend_is_one_line(tmp_path, options, named):
    (tmp_path / "taken").write_text("")
    done = as_a_student(FIRST, tmp_path, *options)
    assert done.returncode == 2 and named in done.stderr.splitlines()[-1] and "Traceback" not in done.stderr


def test_other_mistakes_keep_their_traceback():
    code = "import common; common.options('a lesson'); 1 / 0"
    done = subprocess.run([sys.executable, "-c", code], text=True, capture_output=True, env=os.environ | {"PYTHONPATH": os.pathsep.join([str(LESSONS.parent), str(LESSONS)])})
    assert done.returncode == 1 and "Traceback" in done.stderr and "ZeroDivisionError" in done.stderr


def test_no_lesson_asserts():
    """What a student changes ends in a report; and each conclusion is drawn by `claim`, which knows --quick."""
    for path in LESSONS.glob("*.py"):
        assert not [node.lineno for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Assert)], path.name


# ---- the picture of a trace ----

def test_a_trace_is_drawn_word_by_word(drawn):  # noqa: F811
    words = ["a", "b", "<eos>", "c", "d", "<eos>"]
    moves = {"fast": [0, 0, 1.0, 1e-4, 0, 0], "slow": [0, 0, 0.5, 0.4, 0.3, 0.2]}
    rng = np.random.default_rng(1)
    z, h = rng.random((6, 3)), rng.uniform(-1, 1, (6, 9))
    figure = drawn(plot_trace, words, moves, {"gate z": z, "state h": h}, "path.png", 2, [2, 5])
    axes, gate, state = figure.axes[0], *[axes for axes in figure.axes if axes.images]
    inks = check_names(axes, {label: (range(6), [v or np.nan for v in y]) for label, y in moves.items()})
    assert text(figure, "fast").get_text() == "fast (0 after word 4)" and text(figure, "slow").get_text() == "slow" and len(set(inks.values())) == 2
    assert axes.get_yscale() == "log" and axes.get_ylim() == pytest.approx((1e-4, 10)) or axes.get_ylim() == pytest.approx((1e-4, 1))
    marks = [line.get_xydata().tolist() for line in axes.lines if line.get_linestyle() == "None"]
    np.testing.assert_allclose(np.array(marks), [[[2, 1.0], [5, np.nan]], [[2, 0.5], [5, 0.2]]])
    assert [t.get_position()[0] for t in axes.texts if t.get_text() == "▾"] == [2] and text(figure, "▾ <eos>: this word is changed     ○ end of a sentence")
    for maps, a, bounds, ink in ((gate, z, (0, 1), "Blues"), (state, h, (-1, 1), "cividis")):
        np.testing.assert_array_equal(maps.images[0].get_array(), a.T)
        assert maps.images[0].get_clim() == bounds and maps.images[0].get_cmap().name == ink and maps.get_position().x0 == pytest.approx(axes.get_position().x0)
        assert [line.get_xdata()[0] for line in maps.lines] == [2.5, 5.5] and maps.get_xlim() == (-0.5, 5.5) == axes.get_xlim()
    assert [title_of(each) for each in (gate, state)] == ["gate z", "state h"] and [t.get_text() for t in state.get_xticklabels()] == words
    assert [t.get_text() for t in gate.get_yticklabels()] == ["1", "2", "3"] and [t.get_text() for t in state.get_yticklabels()] == ["1", "9"]
    heights = [each.get_position().y0 for each in (axes, gate, state)]
    assert heights == sorted(heights, reverse=True)
    assert "end of a sentence" not in " ".join(t.get_text() for t in texts(drawn(plot_trace, words, moves, {}, "path.png", 2)))


def test_a_trace_that_cannot_be_drawn_says_so(tmp_path):
    for moves, maps, says in (({"a": [1.0]}, {}, "2 words"), ({"a": [1.0, 0.5]}, {"z": np.ones((3, 2))}, "2 words"), ({}, {}, "above 0"), ({"a": [0.0, 0.0]}, {}, "above 0")):
        with pytest.raises(ValueError, match=says):
            plot_trace(["a", "b"], moves, maps, tmp_path / "a.png", 0)
