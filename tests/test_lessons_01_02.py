"""Lessons 01 and 02: they run as a student runs them, keep what they promise, and notice a mistake."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tinydmn import ops
from tinydmn.data.generator import write_task
from tinydmn.gradcheck import numerical_grad
from tinydmn.ops import gru_numpy

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "lessons"
FIRST, SECOND = "01_words_and_the_gru", "02_back_through_time"


def run(name, folder, *options, **environment):
    """The lesson as a student runs it, from another folder -> CompletedProcess."""
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")]))
    return subprocess.run([sys.executable, str(FOLDER / f"{name}.py"), "--quick", *options], cwd=folder, text=True, capture_output=True,
                          env={**os.environ, "PYTHONPATH": path, **environment})


@pytest.fixture
def within(monkeypatch, tmp_path, capsys):
    """Runs a lesson in this process -> its names, and the AssertionError that ended it or None."""
    def run_within(name, *changes, seed=0):
        source = (FOLDER / f"{name}.py").read_text(encoding="utf-8")
        for old, new in changes:
            assert source.count(old) == 1, f"{old!r} stands {source.count(old)} times in {name}.py"
            source = source.replace(old, new)
        names = {"__name__": "__main__", "__doc__": "a lesson"}
        monkeypatch.syspath_prepend(str(FOLDER))
        monkeypatch.setattr(sys, "argv", [name, "--quick", "--out", str(tmp_path), "--seed", str(seed)])
        monkeypatch.setattr(sys, "excepthook", sys.excepthook)          # the lesson sets it; afterwards it is as before
        try:
            exec(compile(source, name, "exec"), names)
        except AssertionError as error:
            return names, str(error)
        return names, None
    return run_within


# ---- as a student runs them ----

@pytest.mark.parametrize("name", [FIRST, SECOND])
def test_it_runs_prints_draws_and_ends_well(name, tmp_path):
    done = run(name, tmp_path, "--out", "pictures", PYTHONIOENCODING="ascii")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    lines = done.stdout.splitlines()
    assert max(map(len, lines)) <= 80, [line for line in lines if len(line) > 80]
    assert done.stdout.isascii() and "?" not in done.stdout and "\x1b" not in done.stdout and "nan" not in done.stdout.split()
    picture = tmp_path / "pictures" / f"{name}.png"
    assert picture.read_bytes().startswith(b"\x89PNG") and f"picture: {Path('pictures', picture.name)}" in lines
    for part in ("What you saw", "Where the code is", "Your turn", "Next: lesson"):
        assert sum(line.startswith(part) for line in lines) == 1
    named = re.findall(r"(\S+\.py):(\d+)  (\w+)", done.stdout)
    assert len(named) == 4
    for file, line, function in named:
        assert (ROOT / "tinydmn" / file).read_text(encoding="utf-8").splitlines()[int(line) - 1].startswith(f"def {function}(")
    assert run(name, tmp_path, "--out", "pictures", "--seed", "0").stdout == done.stdout


def test_lesson_01_reads_files(tmp_path):
    for task in (1, 2):
        write_task(tmp_path, task, {"train": 5}, np.random.default_rng(task))
    done = run(FIRST, tmp_path, "--data", ".", "--out", "pictures")
    assert done.returncode == 0, done.stderr
    fact = (tmp_path / "qa1_single-supporting-fact_train.txt").read_text().splitlines()[0]
    assert fact.lower().removeprefix("1 ").removesuffix(".") in done.stdout


@pytest.mark.parametrize("options, named", [(("--data", "nowhere"), "nowhere: no such folder"), (("--seed", "-1"), "--seed is -1"),
                                            (("--out", "taken/x"), "taken")])
def test_what_the_user_can_mend_is_one_line(tmp_path, options, named):
    (tmp_path / "taken").write_text("")
    done = run(FIRST, tmp_path, *options)
    assert done.returncode == 2 and named in done.stderr.splitlines()[-1] and "Traceback" not in done.stderr


def test_other_mistakes_keep_their_traceback(tmp_path):
    code = "import common; common.options('a lesson'); 1 / 0"
    path = os.pathsep.join([str(ROOT), str(FOLDER)])
    done = subprocess.run([sys.executable, "-c", code], text=True, capture_output=True, env={**os.environ, "PYTHONPATH": path})
    assert done.returncode == 1 and "Traceback" in done.stderr and "ZeroDivisionError" in done.stderr


@pytest.mark.parametrize("name", [FIRST, SECOND])
@pytest.mark.parametrize("seed", [1, 2])
def test_the_claims_hold_for_other_seeds(within, name, seed):
    assert within(name, seed=seed)[1] is None


# ---- a planted mistake makes the lesson's own assert fail ----

def cell_with_eq_4_turned_round(a, h_prev, U):
    h, cache = gru_cell_forward(a, h_prev, U)
    return h_prev + cache[4] - h, cache                     # (1 - z) h_prev + z h~


def cell_backward_without_the_share_of_r(dh, cache, U, dU):
    H = U.shape[1]
    da, dh_prev = gru_cell_backward(dh, cache, U, dU)
    more = da[:, 2 * H:] * (1 - cache[2])
    dU[2 * H:] += more.T @ cache[0]
    return da, dh_prev + more @ U[2 * H:]


gru_cell_forward, gru_cell_backward = gru_numpy.gru_cell_forward, gru_numpy.gru_cell_backward


def test_lesson_01_notices_a_wrong_cell(within, monkeypatch):
    monkeypatch.setattr(gru_numpy, "gru_cell_forward", cell_with_eq_4_turned_round)
    assert within(FIRST)[1].startswith("h   (4) of word 1")


@pytest.mark.parametrize("backend", ops.BACKENDS)
def test_lesson_01_notices_rows_that_leak(within, monkeypatch, backend):
    right = ops.load(backend).gru_forward

    def leaking(*args):
        out, cache = right(*args)
        return out + 1e-9 * (out.sum(axis=0) - out), cache   # nothing leaks into a story that is alone

    monkeypatch.setattr(ops.load(backend), "gru_forward", leaking)
    assert within(FIRST)[1].startswith(f"{backend}: a story alone and in a batch differ")


def test_lesson_02_notices_a_wrong_cell(within, monkeypatch):
    monkeypatch.setattr(gru_numpy, "gru_cell_backward", cell_backward_without_the_share_of_r)
    assert within(SECOND)[1].startswith("dh_prev: these lines")


@pytest.mark.parametrize("right, wrong, named", [
    ('d["z"] = dh * (h_prev - h_tilde)', 'd["z"] = dh * (h_tilde - h_prev)', "dL/dz"),
    ('d["z"] * z * (1 - z)', 'd["z"] * z * (1 - 1.001 * z)', "dL/da_z"),
    ('d["h~"] = dh * (1 - z)', 'd["h~"] = dh * z', "dL/dh~"),
    ('(1 - h_tilde**2)', '(1 - h_tilde)', "dL/da_h"),
    ('d["r"] = d["a_h"] * Uh_h', 'd["r"] = d["a_h"] * h_prev', "dL/dr"),
    ('d["r"] * r * (1 - r)', 'd["r"] * r', "dL/da_r"),
    ('d["a_h"] * r])', 'd["a_h"]])', "dL/dh_prev"),
    ('dUh.T @ h_prev', 'da.T @ h_prev', "dL/dU"),
    ('da @ W, dh * z', 'dUh @ W, dh * z', "dL/dx"),
    ('da.T @ x', 'dUh.T @ x', "dL/dW"),
    (', da[0]', ', dUh[0]', "dL/db"),
])
def test_lesson_02_names_the_wrong_line(within, right, wrong, named):
    assert within(SECOND, (right, wrong))[1].startswith(f"{named}: by hand")


# ---- what it says and promises ----

def test_lesson_01_your_turn(within):
    bare, raised, lowered = (within(FIRST, ("H, B_Z = 8, 0.0", f"H, B_Z = 8, {b_z}"))[0] for b_z in (0.0, 3.0, -3.0))
    assert raised["z"].mean() > 0.8 and raised["change"][9] > 100 * bare["change"][9] > 0
    assert lowered["z"].mean() < 0.2 and lowered["change"][9] < 1e-9 * lowered["change"][3]
    swapped = ("[z[k] * h[k] + (1 - z[k]) * h_tilde[k]", "[(1 - z[k]) * h[k] + z[k] * h_tilde[k]")
    assert within(FIRST, swapped)[1].startswith("h   (4) of word 1")


def test_lesson_02_your_turn(within):
    at_first_word = lambda names: {name: draw[0][0] for name, draw in names["draws"][0].items()}
    names, error = within(SECOND, ("B_Z = 3.0", "B_Z = -3.0"))
    fades = at_first_word(names)
    assert error and fades["GRU, b_z = -3"] < 1e-3 * fades["tanh RNN"]
    names, error = within(SECOND, ("GAIN, WORD = 1.0, 1.0", "GAIN, WORD = 3.0, 1.0"))
    explodes = at_first_word(names)
    assert error and explodes["tanh RNN"] > 1e6 and 1e-3 < explodes["GRU, b_z = 3"] < 10 and explodes["GRU, b_z = 0"] < 10
    names, error = within(SECOND, ("GAIN, WORD = 1.0, 1.0", "GAIN, WORD = 1.0, 0.1"))
    assert error and all(draw["tanh RNN"][0][0] > 1e-10 for draw in names["draws"])      # 1e-19 with words of size 1


def test_lesson_02_goes_back_rightly(within):
    names, _ = within(SECOND)
    rng = np.random.default_rng(0)
    x, W, U, b, dh = (rng.normal(size=shape) for shape in ((4, 3), (6, 3), (6, 2), 6, (1, 2)))

    def rnn_from(h, x):
        for x_t in x:
            h = np.tanh(x_t @ W[:2].T + h @ U[:2].T + b[:2])
        return h

    def gru_from(h, x):
        for x_t in x:
            h = gru_cell_forward((W @ x_t + b)[None], h, U)[0]
        return h

    d_rnn = names["rnn"](x, W[:2], U[:2], b[:2], dh)
    d_gru, straight, mean_z = names["gru"](x, W, U, b, dh)
    assert len(d_rnn) == len(d_gru) == len(straight) == 4 and 0 < mean_z < 1
    for run_from, d in ((rnn_from, d_rnn), (gru_from, d_gru)):
        for t in range(4):
            h = run_from(np.zeros((1, 2)), x[:t + 1])
            np.testing.assert_allclose(d[t], numerical_grad(lambda: np.sum(dh * run_from(h, x[t + 1:])), h), rtol=1e-6, atol=1e-8)
    d, straight, _ = names["gru"](x, W, 0 * U, b, dh)       # without U the way through z is the only one
    np.testing.assert_allclose(np.vstack(d), np.vstack(straight), rtol=1e-12)
