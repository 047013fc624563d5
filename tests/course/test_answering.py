"""A part beside right versions of what it calls: a mistake costs its points once, and no definition is in the student's process."""

import os
import time

import numpy as np
import pytest

from tinydmn.course import answering, checking
from tinydmn.course.answering import CALLS, Answers, called
from tinydmn.course.asking import Cache, stand_ins
from tinydmn.course.assignments import ASSIGNMENTS
from tinydmn.course.calls import Call
from tinydmn.course.catalogue import EXERCISES
from tinydmn.course.dialect import PAPER, Dialect
from tinydmn.course.grade import Grader
from tinydmn.course.part import defined, differences, drawn, total
from tinydmn.course.session import Session

from . import a_class
from .solutions import PARTS, in_dialect, right
from .test_shares import undiagnosed

pytestmark = pytest.mark.skipif(os.name == "nt", reason="a student's file runs on Linux and macOS alone")
GATE = right("gate")["split"].replace("features_forward", "gate_features_forward").replace("features_backward", "gate_features_backward")
EPISODE = right("gated_episode")["masked"].replace("cell_forward", "gru_cell_forward").replace("cell_backward", "gru_cell_backward")
PASSES = right("gru_cell")["split"] + EPISODE.partition("def gated_episode")[0].partition("def gru_cell")[0] + "def gated_episode" + EPISODE.partition(
    "def gated_episode")[2] + GATE + "\n\ndef passes_forward" + right("passes")["loop"].partition("def passes_forward")[2]
SIGN = "dc = d_c + d_cq * q", "dc = d_c - d_cq * q"


def changed(source, *changes):
    for old, new in changes:
        assert source.count(old) == 1, old
        source = source.replace(old, new)
    return source


def points(tmp_path, assignment, source, **more):
    path = tmp_path / "mine.py"
    path.write_text(source, encoding="utf-8")
    return Grader(ASSIGNMENTS[assignment], **more).grade(path)


@pytest.mark.parametrize("assignment, source, want", [
    pytest.param("a4", changed(GATE, SIGN), (2, 5), marks=pytest.mark.slow),
    ("a4", changed(GATE, ("cWq, cWm], axis=2)", "cWm, cWq], axis=2)")), (0, 5)),
    ("a4", changed(GATE, SIGN, ("da = du * (1.0 - u**2)", "da = du")), (2, 1)),
    ("a5", right("softmax_episode")["vectorised"] + changed(EPISODE, ("da_h = dh * (1.0 - z)", "da_h = dh * z")), (5, 7)),
    pytest.param("a6", PASSES, (12,), marks=pytest.mark.slow),
    pytest.param("a6", changed(PASSES, SIGN), (12,), marks=pytest.mark.slow),
    pytest.param("a6", changed(PASSES, SIGN, ("dq = dq + dq_g", "dq = dq_g")), (4,), marks=pytest.mark.slow),
], ids=["backward", "forward", "both", "not asked for", "right", "passes", "passes wrong"])
def test_a_mistake_costs_its_points_once(tmp_path, assignment, source, want, monkeypatch):
    if want not in ((2, 1), (4,)):                         # there its own mistake is told
        monkeypatch.setattr(checking, "diagnosed", undiagnosed)
    report = points(tmp_path, assignment, source)
    assert tuple(part.points for part in report.parts) == want and not report.failed, report
    beside = [line for line in report.parts[-1].says if line.startswith("with a right ")]
    assert beside == ([] if source == PASSES else [f"with a right {'gru_cell' if assignment == 'a5' else 'gate_features and gate' if assignment == 'a6' else 'gate_features'} in place of yours"])


def test_in_a_dialect(tmp_path, monkeypatch):
    monkeypatch.setattr(checking, "diagnosed", undiagnosed)
    from tinydmn.course.dialect import dialect_of
    gate, features = (in_dialect(part, dialect_of("ada"))["any_dialect"] for part in ("gate", "gate_features"))
    report = points(tmp_path, "a4", a_class.calling(gate, changed(features, ("+ d_aq + d_am", "+ d_aq"))), student="ada")
    assert [part.points for part in report.parts] == [2, 5]


def test_a_gate_that_has_it_all_inside_keeps_its_points_and_its_lines(tmp_path):
    wrong = changed(right("gate_features")["split"], SIGN)
    report = points(tmp_path, "a4", changed(right("gate")["split"], SIGN) + "\n\n" + wrong.replace("features_forward", "gate_features_forward").replace(
        "features_backward", "gate_features_backward").replace("gate_gate_", "gate_"))
    assert [part.points for part in report.parts] == [2, 1] and not any("with a right" in line for line in report.parts[1].says)


def test_what_a_file_holds_is_read_not_run(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text("raise SystemExit\ndef gate_features_forward(): pass\ndef gate_features_backward(): pass\ndef gru_cell_forward(): pass\n")
    assert called("gate", path) == ["gate_features"] and called("gru", path) == called("gate_features", path) == []
    path.write_text("def x(:\n")
    assert called("gate", path) == called("gate", tmp_path / "none.py") == []
    parts = {part.name for one in EXERCISES.values() for part in one.parts}
    assert {*CALLS, *(one for ones in CALLS.values() for one in ones)} <= parts


@pytest.mark.parametrize("name, dtype", [("gate_features", np.float64), ("gated_episode", np.float64), ("gru_cell", np.float32)])
def test_a_stand_in_is_the_definition_and_adds_into_what_it_gets(name, dtype):
    part, dialect = PARTS[name], Dialect("before", "1-z", "isru", "square", "tanh")
    answer = Answers(part, dialect)
    functions = stand_ins(name, lambda header, arrays: answer(header["way"], arrays))
    rng = np.random.default_rng(0)
    a = drawn(part, rng, dtype)
    *outs, cache = functions[f"{name}_forward"](*a.values())
    wide = {key: value.astype(np.float64) if value.dtype.kind == "f" else value for key, value in a.items()}
    for out, want in zip(outs, defined(part, dialect, wide).values()):
        assert out.dtype == dtype
        np.testing.assert_allclose(out, want, rtol=1e-6)
    douts = {key: np.ones_like(out) for key, out in zip(part.outputs, outs)}
    start = [np.full_like(a[key], 3) for key in part.params]
    got = functions[f"{name}_backward"](*douts.values(), cache, *start)
    assert type(cache) is Cache and len(got) == len(part.inputs)
    for key, d in (*zip(part.inputs, got), *((key, s - 3) for key, s in zip(part.params, start))):
        want = differences(lambda x, key=key: total(douts, defined(part, dialect, {**wide, key: x})), wide[key])
        assert d.dtype == dtype
        np.testing.assert_allclose(d, want, rtol=1e-5, atol=1e-6)
    with pytest.raises(TypeError, match=f"{name}_backward needs the cache that {name}_forward has returned"):
        functions[f"{name}_backward"](*douts.values(), (), *start)


@pytest.mark.parametrize("name", ["gate_features", "gated_episode"])
def test_a_stand_ins_derivatives_have_ten_digits_and_are_linear(name):
    """As those of a function by hand: what calls it is judged as if it were the student's own."""
    part, rng = PARTS[name], np.random.default_rng(1)
    names = {}
    exec("import numpy as np\n" + next(iter(right(name).values())), names)
    answer, a = Answers(part, PAPER), drawn(part, rng)
    *outs, cache = names[f"{name}_forward"](*a.values())
    douts = [[rng.normal(size=np.shape(out)) for out in outs] for _ in range(2)]
    start = [np.zeros_like(a[key]) for key in part.params]
    want = [*names[f"{name}_backward"](*douts[0], cache, *start), *start]
    one, two, both = (answer("backward", [*d, *a.values()]) for d in (*douts, [x + y for x, y in zip(*douts)]))
    for got, other, total, exact in zip(one, two, both, want):
        assert np.abs(got - exact).max() < 1e-10 * np.abs(exact).max() and np.abs(got + other - total).max() < 1e-13 * np.abs(total).max()
    assert len(answer.known) == 1 and all(not np.any(d) for d in answer("backward", [*(0 * d for d in douts[0]), *a.values()]))
    if name == "gate_features":
        for _ in range(answering.KEPT + 2):
            answer("backward", [*douts[0], *drawn(part, rng).values()])
        assert len(answer.known) == answering.KEPT


def test_near_a_kink_a_shorter_step_is_taken():
    a = np.array([0.0, 5e-5, -1e-4, 1.0])
    np.testing.assert_allclose(np.diag(answering.slopes_of(np.abs, a)), [0, 1, -1, 1], atol=1e-9)


def test_time_that_runs_out_while_a_file_asks_is_told(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(HOSTILE.replace("NAME", "'double'"))
    with Session(path, 0.6, others={"double": lambda way, arrays: time.sleep(1.0) or arrays}) as session:
        assert session.run([Call("twice", (np.ones(2),))])[0].error == "did not end within 0.6 s (line 14)"


def test_what_is_no_question_is_not_answered(monkeypatch):
    answer, a = Answers(PARTS["gate_features"], PAPER), drawn(PARTS["gate_features"], np.random.default_rng(0))
    with pytest.raises(ValueError, match="takes c, m, q, W_b"):
        answer("forward", [*a.values()][:3])
    with pytest.raises(ValueError, match="takes 500 numbers at most"):
        answer("forward", [np.zeros((20, 20, 3)), *[*a.values()][1:]])
    with pytest.raises(ValueError, match="dz should have the shape"):
        answer("backward", [np.zeros(()), *a.values()])
    monkeypatch.setattr(answering, "SECONDS", -1.0)
    with pytest.raises(TimeoutError):
        answer("backward", [np.zeros((4, 3, 16)), *a.values()])


HOSTILE = """
import __main__ as student

def f(x):
    arrays = student.Arrays()
    student.send(101, {"ask": NAME, "way": "forward", "args": [arrays.add(x)]}, arrays)
    return student.unpack(student.receive(100))[1][0]

def long(x):
    while True:
        double_forward(x)

def twice(x):
    return double_forward(x)[0]
"""


def test_a_file_is_answered_what_it_may_ask_and_no_longer_than_it_has_time(tmp_path):
    """In a session without stand-ins a question is no answer; of others no more than they are asked is told."""
    path, x = tmp_path / "mine.py", np.ones((2, 3))
    path.write_text(HOSTILE.replace("NAME", "'gate'"))
    with Session(path, 2.0) as session:
        assert session.run([Call("f", (x,))])[0].error == "what it answers cannot be read"
    with Session(path, 1.0, others={"double": lambda way, arrays: [2 * a for a in arrays]}) as session:
        assert session.run([Call("twice", (x,))])[0].values[0].sum() == 12
        assert session.run([Call("f", (x,))])[0].error.startswith("IndexError")            # there is no such answer
        result, = session.run([Call("long", (x,))])
        assert result.error.startswith("did not end within 1 s (line ")
        assert session.run([Call("twice", (x,))])[0].values[0].sum() == 12
    with Session(path, 2.0, others={"double": lambda way, arrays: 1 / 0}) as session:
        assert session.run([Call("twice", (x,))])[0].error == "ValueError: division by zero (line 14)"
