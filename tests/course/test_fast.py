"""The exercises in Numba, and the network of a student's own functions.

Here most files run as plain Python (tests/course/local.py); what is compiled, timed or trained at length is marked slow.
"""

import json
import re

import numpy as np
import pytest

from tinydmn.cli import main
from tinydmn.course.calls import Call, Result
from tinydmn.course.catalogue import EXERCISES
from tinydmn.course.checking import check_part
from tinydmn.course.dialect import PAPER, Dialect
from tinydmn.course.exercises import fast_gru, network
from tinydmn.course.session import Session

from .local import Local
from .solutions import FAST, in_dialect, right
from .solutions import network as source_of
from .table import category, findings
from .wrong import wrong
from .wrong.network import WRONG

OTHERS = (Dialect("before", "1-z", "softsign", "square", "tanh"), Dialect("after", "1-z", "isru", "abs", "tanh"), Dialect("before", "z", "arctan", "square"))
SPEED, (NETWORK, ANSWERS) = EXERCISES["fast_gru"].parts[1], EXERCISES["network"].parts
X = np.arange(6.0).reshape(2, 3)


@pytest.fixture
def of(tmp_path):
    """A source -> a session with Numba, closed at the end."""
    sessions = []

    def make(source, seconds=60.0, numba=True):
        path = tmp_path / f"mine{len(sessions)}.py"
        path.write_text(source, encoding="utf-8")
        sessions.append(Session(path, seconds, numba=numba))
        return sessions[-1]
    yield make
    for session in sessions:
        session.close()


# ---- right and wrong files -----------------------------------------------------------------------

@pytest.mark.parametrize("name", FAST)
def test_right_files_lose_nothing(name):
    assert len(right(name)) >= 5
    for seed, (file, source) in enumerate(right(name).items()):
        assert not findings(FAST[name], source, seed), file


@pytest.mark.parametrize("dialect", OTHERS, ids="-".join)
@pytest.mark.parametrize("name", FAST)
def test_another_dialect_asks_other_numbers(name, dialect):
    (source,) = in_dialect(name, dialect).values()
    assert not findings(FAST[name], source, 3, dialect)
    of_paper = next(source for file, source in right(name).items() if file != "any_dialect")
    assert bool(findings(FAST[name], of_paper, 3, dialect)) == (name == "fast_gru" or dialect.keep != "z")


@pytest.mark.parametrize("name", FAST)
def test_wrong_files_are_found_named_and_told_in_a_line_without_the_cases_numbers(name):
    named, mistakes = 0, wrong(name)
    assert len(mistakes) >= 25
    sample = mistakes[::3] if name == "fast_gru" else mistakes
    for what, source, kinds in sample:
        found = findings(FAST[name], source, 1)
        assert len(found) == 1, what
        named += category(found[0]) in kinds
        assert "\n" not in found[0].text and not re.search(r"\d\.\d", found[0].hidden), found[0].hidden
    assert named >= 0.9 * len(sample)


def test_what_has_no_cache_is_not_told_to_return_one():
    one, = findings(FAST["fast_gru"], "def fast_gru_forward(x, n, W, U, b):\n    pass\n")
    assert one.text == "fast_gru_forward: returned None; return h"


def told(name, file, old, new):
    source = right(name)[file]
    assert source.count(old) == 1
    one, = findings(FAST[name], source.replace(old, new))
    return one


def test_messages_about_a_kernel_name_the_array_the_index_and_the_launch():
    one = told("cuda_update", "port", "dg[row] = acc", "dg[row] += acc")
    assert re.fullmatch(r"cuda_update: dg: \[0\] is \S+, should be \S+: what it held before is in it \(4 rows, 1 block of 4 threads\)", one.text)
    assert one.hidden == "cuda_update: dg: adds into what was there"
    one = told("cuda_update", "port", "cuda.grid(1)", "cuda.threadIdx.x")
    assert "rows behind the first block are not written" in one.text and "(5 rows, 2 blocks of 4 threads)" in one.text
    one = told("cuda_update", "port", "if row < dh.shape[0]:", "if True:")
    assert one.kind == "guard" and "IndexError" in one.text and "there may be more threads than rows" in one.text
    assert one.hidden == "cuda_update: IndexError; there may be more threads than rows"
    assert told("cuda_update", "port", "            dh_new[row, j] = g[row] * dh[row, j]\n", "").text.startswith("cuda_update: dh_new: is not written")
    assert "g and 1 - g are exchanged" in told("cuda_update", "port", "dh_new[row, j] = g[row]", "dh_new[row, j] = (1.0 - g[row])").text
    one = told("cuda_update", "port", "dg[row] = acc", "dg[row] = acc\n        g[row] = 0.5")
    assert one.text == "cuda_update: g: is changed; it is only to be read (4 rows, 1 block of 4 threads)"
    assert told("cuda_update", "port", "acc = 0.0", "acc = 0.0 * dg[row]").kind == "adds into what was there"               # where it held NaN


def test_a_kernel_gives_the_same_bits_twice():
    count = "calls = [0]\n" + right("cuda_update")["port"].replace("dg[row] = acc", "calls[0] += 1\n        dg[row] = acc + 1e-14 * calls[0]")
    assert [one.kind for one in findings(FAST["cuda_update"], count)] == ["not the same bits"]


def test_messages_about_the_compiled_gru():
    one = told("fast_gru", "loops", "            h[:] = new\n", "            h[:] = new\n            h[:] = h * z\n")
    assert one.kind == "" and "by the equations" in one.text and "backward" not in one.text
    one = told("fast_gru", "loops", "np.zeros((B, T, H), x.dtype)", "np.zeros((B, T, H))")
    assert one.text == "fast_gru_forward: h: is float64 for float32 arguments"
    assert told("fast_gru", "loops", "return out\n", "return out, out\n").text == "fast_gru: fast_gru_forward: returns 2 values; return h alone"
    one = told("fast_gru", "loops", "return out\n", "return out if x.dtype == np.float64 else 1.01 * out\n")
    assert one.text == "fast_gru: fast_gru_forward: h is right in float64, and not in float32"
    one = told("fast_gru", "loops", "B, T, I = x.shape\n", "B, T, I = x.shape\n    if x.dtype == np.float32:\n        b += 1\n        b -= 1.5\n")
    assert one.kind in ("changed in place", "dtype")
    shared = "calls = []\n" + right("fast_gru")["loops"].replace("    return out\n", "    calls.append(1)\n    return out + 0.1 * (len(calls) > 3)\n")
    assert len(findings(FAST["fast_gru"], shared)) == 1                                     # a call that spoils a later one


def test_the_loop_in_numpy_is_the_definition():
    """The one that a file is timed against."""
    part = FAST["fast_gru"]
    for dialect in (PAPER, *OTHERS):
        session = type("Ours", (), {"run": staticmethod(lambda calls, d=dialect: [
            Result((fast_gru.loop(d, *call.args),), "", call.args) for call in calls])})
        assert not check_part(session, part, dialect, np.random.default_rng(4))


# ---- the time ------------------------------------------------------------------------------------

class Clock:
    """Time passes by runs of a session, each so many seconds, and by the loop in NumPy, one second; a try has five turns."""

    def __init__(self, monkeypatch, seconds):
        self.now, self.seconds, self.runs = 0.0, seconds, 0
        real = fast_gru.total
        self.right = None

        def total(*args):
            self.now += 1.0
            if self.right is None:
                self.right = real(*args)
            return self.right
        monkeypatch.setattr(fast_gru, "total", total)
        monkeypatch.setattr(fast_gru, "perf_counter", lambda: self.now)

    def run(self, calls):
        call, = calls
        assert call.times >= 2
        self.runs += 1
        turn = (self.runs - 2) // fast_gru.TURNS                                            # the first run compiles
        self.now += self.seconds[turn] if self.runs > 1 else 100.0
        return [Result((self.right.copy(),), "", call.args)]


@pytest.mark.parametrize("seconds, said", [
    ((0.3,), "3.3 times as fast as a loop in NumPy"), ((0.9, 0.5), "2.0 times as fast as a loop in NumPy"), ((0.9, 0.8, 0.6), "1.7 times as fast as a loop in NumPy"),
    ((0.7, 0.9, 0.8), None), ((1.1, 1.1, 1.1), None)])
def test_the_best_of_three_tries_counts(monkeypatch, seconds, said):
    clock, heard = Clock(monkeypatch, seconds), []
    found = check_part(clock, SPEED, PAPER, np.random.default_rng(0), heard.append)
    assert heard == [said] * bool(said) and clock.runs == 1 + fast_gru.TURNS * len(seconds)
    assert not found if said else found[0].kind == "too slow" and found[0].text == found[0].hidden
    if not said:
        assert f"{1 / min(seconds):.2f} times as fast as a loop in NumPy, asked are 1.5" in found[0].text


def test_one_turn_that_is_slow_by_chance_counts_for_nothing(monkeypatch):
    clock = Clock(monkeypatch, (0.5,))
    run, slow = clock.run, iter((0, 9, 0, 0, 9, 0))
    clock.run = lambda calls: (run(calls), setattr(clock, "now", clock.now + next(slow)))[0]
    assert not check_part(clock, SPEED, PAPER, np.random.default_rng(0))


def test_wrong_numbers_have_no_time(monkeypatch):
    clock = Clock(monkeypatch, (0.1,))
    run = clock.run
    clock.run = lambda calls: [one._replace(values=(one.values[0] + 1e-3,)) for one in run(calls)]
    one, = check_part(clock, SPEED, PAPER, np.random.default_rng(0))
    assert one.text == "fast_gru_speed: fast_gru_forward: h is not right, so its time says nothing" and one.kind == "wrong"


def test_what_is_timed_cannot_be_answered_from_an_earlier_call(of, monkeypatch):
    """Each call has another sequence, and all that they return is added up."""
    session = of("import numpy as np\nseen = []\ndef f(x, y):\n    seen.append(x.copy())\n    return x * y\ndef g(x): return np.array(len({a.tobytes() for a in seen}))\n", numba=False)
    x, y = np.arange(6.0).reshape(1, 6, 1), np.array(2.0)
    result, distinct = session.run([Call("f", (x, y), times=5), Call("g", (x,))])
    assert np.array_equal(result.values[0], 2 * sum(np.roll(x, k, 1) for k in range(5))) and distinct.values[0] == 5
    one, = of("def f(x): return None", numba=False).run([Call("f", (x,), times=2)])
    assert one.error == "returned None"


# ---- compiled, and in the simulator ---------------------------------------------------------------

def test_a_students_kernel_runs_in_the_simulator(of):
    """And what else may stand there."""
    pytest.importorskip("numba")
    source = right("cuda_update")["port"] + """
import numpy as np

def plain(dh, g): pass

class Made:
    def __call__(self): pass
    def __getitem__(self, launch): return lambda a, b: b.__iadd__(1)
made = Made()

@cuda.jit
def broken(a, b): b[cuda.grid(1)] = a[0, 0]

@cuda.jit
def endless(a, b):
    while True: pass
"""
    session = of(source)
    assert not check_part(session, FAST["cuda_update"], PAPER, np.random.default_rng(0))
    results = session.run([Call(name, (X, np.zeros(2)), launch=(1, 3)) for name in ("plain", "made", "broken")])
    assert [one.error for one in results[:2]] == [f"{name} is no kernel; @cuda.jit belongs above it" for name in ("plain", "made")]
    assert results[2].error.startswith("IndexError: tid=[2, 0, 0] ctaid=[0, 0, 0]: ")
    session.seconds = 0.5
    assert "did not end within 0.5 s" in session.run([Call("endless", (X, X), launch=(2, 4))])[0].error


def test_walls_stand_where_numba_is_allowed(of):
    pytest.importorskip("numba")
    source = """
import os, subprocess, sys
def attempt(f, *args):
    try:
        f(*args)
    except Exception as error:
        raise ValueError(type(error).__name__) from None
def process(x): attempt(subprocess.run, ["true"])
def fork(x): attempt(os.fork)
def raw(x):
    import _posixsubprocess
    attempt(_posixsubprocess.fork_exec, *[None] * 23)
def ours(x):
    import tinydmn
def reads(x): attempt(open, PATH)
def connects(x):
    import socket
    attempt(socket.socket)
def writes(x):
    with open("own.txt", "w") as file: file.write("mine")
    return 1.0
""".replace("PATH", repr(fast_gru.__file__))
    session = of(source)
    *refused, own = session.run([Call(name, (X,)) for name in ("process", "fork", "raw", "reads", "connects", "ours", "writes")])
    assert all("PermissionError" in one.error for one in refused[:5]), refused
    assert refused[5].error == "ModuleNotFoundError: tinydmn is not there (line 14)"
    assert not own.error


def test_what_is_compiled_may_be_kept(of):
    """cache=True looks for the file itself, and for a folder to write into."""
    pytest.importorskip("numba")
    source = "import numba\n@numba.njit(cache=True)\ndef f(x): return 2 * x\ndef kept(x):\n    import os\n    return float(any(name.endswith('.nbi') for _, _, names in os.walk('.') for name in names))\n"
    doubled, kept = of(source).run([Call("f", (X,)), Call("kept", (X,))])
    assert not doubled.error and np.array_equal(doubled.values[0], 2 * X) and kept.values[0] == 1


def test_what_numba_cannot_compile_is_told_with_its_line(of):
    pytest.importorskip("numba")
    session = of("import numba\n@numba.njit\ndef f(x):\n    y = x + 1\n    return y[0, 0, 0]\n@numba.njit\ndef g(x): return nothing(x)\n")
    index, name = session.run([Call("f", (X,)), Call("g", (X,))])
    assert index.error.startswith("TypingError: No implementation of function Function(<built-in function getitem>)") and index.error.endswith(" (line 5)")
    assert name.error == "TypingError: NameError: name 'nothing' is not defined"


def test_without_numba_it_is_said_in_a_line(monkeypatch, tmp_path, capsys):
    from tinydmn.course import session
    monkeypatch.setattr(session, "find_spec", lambda name: None)
    assert main(["exercise", "cuda_update", "--out", str(tmp_path)]) == 0
    capsys.readouterr()
    assert main(["check", str(tmp_path / "cuda_update.py")]) == 2
    assert capsys.readouterr().err == "tinydmn check: this exercise needs Numba: pip install numba\n"


@pytest.mark.slow
@pytest.mark.parametrize("file", right("fast_gru"))
def test_right_files_are_right_and_fast_when_compiled(of, file):
    session, heard = of(right("fast_gru")[file]), []
    assert not check_part(session, FAST["fast_gru"], PAPER, np.random.default_rng(1))
    assert not check_part(session, SPEED, PAPER, np.random.default_rng(1), heard.append) and float(heard[0].split()[0]) >= 1.5


@pytest.mark.slow
@pytest.mark.parametrize("file", [file for file in right("gru") if file != "per_sequence"])
def test_plain_numpy_is_not_fast(of, file):
    found = check_part(of(right("gru")[file] + "\n\ndef fast_gru_forward(*args): return gru_forward(*args)[0]\n"), SPEED, PAPER, np.random.default_rng(1))
    assert [one.kind for one in found] == ["too slow"]


@pytest.mark.slow
@pytest.mark.parametrize("file", right("cuda_update"))
def test_right_kernels_are_right_in_the_simulator(of, file):
    assert not check_part(of(right("cuda_update")[file]), FAST["cuda_update"], PAPER, np.random.default_rng(1))


@pytest.mark.slow
@pytest.mark.parametrize("name", FAST)
def test_wrong_files_are_found_where_they_are_compiled_too(of, name):
    for what, source, _ in wrong(name)[::2]:
        session = of(source)
        assert check_part(session, FAST[name], PAPER, np.random.default_rng(1)), what
        session.close()


@pytest.mark.slow
def test_an_assignment_is_graded(tmp_path, capsys):
    path = tmp_path / "a8.py"
    path.write_text(right("fast_gru")["loops"] + right("cuda_update")["port"], encoding="utf-8")
    assert main(["grade", "a8", str(path), "--json"]) == 0
    assert [part["points"] for part in json.loads(capsys.readouterr().out)["parts"]] == [4, 2, 6]


# ---- a network of a student's own functions -------------------------------------------------------

def broken(piece, file, old, new):
    """A file for a network with a mistake in it."""
    sources = right(piece)
    file = file or next(iter(sources))
    assert sources[file].count(old) == 1, (piece, file, old)
    return source_of(PAPER, **{piece: sources[file].replace(old, new)})


@pytest.fixture
def short(monkeypatch):
    """A training of seconds."""
    monkeypatch.setattr(network, "STORIES", 16)
    monkeypatch.setattr(network, "ENTRIES", 1)
    monkeypatch.setattr(network, "SETTINGS", network.SETTINGS | {"epochs": 3, "hidden": 8, "embedding": 8, "gate_hidden": 4})
    monkeypatch.setattr(network, "NEEDED", 0.0)


@pytest.mark.parametrize("dialect", (PAPER, OTHERS[0]), ids="-".join)
def test_right_functions_make_a_network(dialect, short):
    heard = []
    session = Local(source_of(dialect))
    assert not check_part(session, NETWORK, dialect, np.random.default_rng(0), heard.append)
    assert not check_part(session, ANSWERS, dialect, np.random.default_rng(0), heard.append)
    assert re.fullmatch(r"\d+ parameters, the worst relative error is \de-0\d", heard[0])
    assert re.fullmatch(r"\d+\.\d % of 80 unseen questions right", heard[1])


@pytest.mark.parametrize("piece, file, old, new, kinds", WRONG)
def test_wrong_functions_make_none(piece, file, old, new, kinds):
    found = check_part(Local(broken(piece, file, old, new)), NETWORK, PAPER, np.random.default_rng(0))
    assert found and category(found[0]) in kinds.split("|") and all(one.part == "network" for one in found)
    assert found[0].text.startswith(piece)


def test_a_mistake_that_only_a_network_shows(short):
    """Right for each pair as it is checked, wrong for more rows."""
    source = broken("gru_cell", "any_dialect", "    dh_prev = dh * keep\n", "    dh_prev = dh * keep\n    if len(dh) > 5:\n        dh_prev = 0 * dh_prev\n")
    one, = check_part(Local(source), NETWORK, PAPER, np.random.default_rng(0))
    assert "in a network the derivatives are wrong in" in one.text and "embedding.L" in one.text
    source = broken("gru_cell", "any_dialect", "    dh_prev = dh * keep\n", "    dh_prev = dh * keep\n    assert len(dh) <= 5\n")
    one, = check_part(Local(source), NETWORK, PAPER, np.random.default_rng(0))
    assert one.kind == "error" and one.text.startswith("network: gru_cell_backward: AssertionError")
    source = broken("gate", "any_dialect", "def gate_forward(c, m, q, W_b, W_1, b_1, W_2, b_2):\n", "def gate_forward(*args):\n    s, cache = forward(*args)\n    return s[:, :5], cache\n\n\ndef forward(c, m, q, W_b, W_1, b_1, W_2, b_2):\n")
    one, = check_part(Local(source), ANSWERS, PAPER, np.random.default_rng(0))
    assert one.kind == "error" and one.text.startswith("network_answers: gate_forward: shapes (")


@pytest.mark.parametrize("dialect", (PAPER, *OTHERS), ids="-".join)
def test_a_state_lasts_in_every_dialect(dialect):
    """b_z begins above 0: what keeps the old state is near 1 wherever it is z that keeps, and wherever it is 1 - z."""
    students = network.Students(Local(source_of(dialect)), dialect)
    h, H = np.ones((1, 3)), 3
    kept, _ = students.gru_cell_forward(np.zeros((1, 2)), h, (np.zeros((9, 2)), np.zeros((9, 3)), np.repeat([4.0, 0.0, 0.0], H)))
    assert np.all(kept > 0.95)


def test_functions_that_learn_nothing_answer_too_little(short, monkeypatch):
    monkeypatch.setattr(network, "NEEDED", 0.95)
    source = broken("gru_cell", "any_dialect", "    dh_prev = dh * keep\n", "    dh_prev = dh * keep\n    dh = 0 * dh\n")
    one, = check_part(Local(source), ANSWERS, PAPER, np.random.default_rng(0))
    assert one.kind == "too few right answers" and re.fullmatch(r"network_answers: \d+\.\d % of 80 unseen questions right, asked are 95 %", one.text)
    assert one.hidden == one.text


def test_the_better_of_two_trainings_counts(short, monkeypatch):
    shares, heard = iter((0.5, 0.97, 0.6, 0.4)), []
    import tinydmn
    monkeypatch.setattr(network, "NEEDED", 0.95)
    monkeypatch.setattr(tinydmn, "fit", lambda *_, **__: None)
    monkeypatch.setattr(tinydmn, "evaluate", lambda *_: type("Score", (), {"answer_accuracy": next(shares), "n_questions": 9}))
    assert not check_part(None, ANSWERS, PAPER, np.random.default_rng(0), heard.append) and heard == ["97.0 % of 9 unseen questions right"]
    assert "60.0 % of 9" in check_part(None, ANSWERS, PAPER, np.random.default_rng(0))[0].text


def test_the_command_tells_derivatives_then_answers(short, tmp_path, capsys):
    path = tmp_path / "network.py"
    path.write_text('EXERCISE, STUDENT = "network", None\nEXERCISE = "network"\n' + source_of(PAPER), encoding="utf-8")
    assert main(["check", str(path)]) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("network: right: ") and "the worst relative error is" in first
    assert re.fullmatch(r"network_answers: right: \d+\.\d % of 80 unseen questions right", second)


@pytest.mark.slow
@pytest.mark.parametrize("dialect", (PAPER, *OTHERS), ids="-".join)
def test_right_functions_answer_as_many_as_are_asked(of, dialect):
    assert not check_part(of(source_of(dialect), 120.0, numba=False), ANSWERS, dialect, np.random.default_rng(2))
