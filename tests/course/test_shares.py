"""What a forward and a backward earn by themselves, and what a forward of one's own choice does not."""

import numpy as np
import pytest

from tinydmn.course import checking
from tinydmn.course.assignments import ASSIGNMENTS
from tinydmn.course.case import Finding, finding, make_case
from tinydmn.course.catalogue import EXERCISES
from tinydmn.course.dialect import PAPER, Dialect
from tinydmn.course.grade import Grader
from tinydmn.course.shares import check_shares, earned, said, shares

from .local import Local
from .solutions import PARTS, WHOLE, network, right
from .wrong import any_dialect, graded, in_dialect

PARTS = PARTS | WHOLE
EARNED = {"forward": 4, "backward": 8, "": 0}              # of 12


def of(*ways):
    return [Finding("p", "wrong", "", "", way) for way in ways]


def found(part, source, dialect=PAPER, seed=0):
    with np.errstate(all="ignore"):
        return check_shares(Local(source), PARTS[part], dialect, np.random.default_rng(seed))


def undiagnosed(case, got, wrong, numeric):
    """Which mistake it is costs most of the time, and no points."""
    return [finding(case, "backward", "", "is wrong")]


def test_a_third_is_the_forwards():
    assert [shares(points) for points in (12, 7, 5, 3, 2, 1)] == [(4, 8), (2, 5), (1, 4), (1, 2), (0, 2), (0, 1)]
    assert earned(7, []) == 7 and earned(7, of("backward", "backward")) == 2 and earned(7, of("forward")) == 5 and earned(7, of("forward", "backward")) == 0
    assert earned(7, of("")) == earned(7, of("backward", "")) == 0                                 # of a part that is no such pair
    assert earned(2, of("forward")) == earned(2, of("backward")) == 0                              # a mistake always costs something
    assert said(7, of("backward")) == ["forward 2 of 2, backward 0 of 5"] and said(7, of("forward")) == ["forward 0 of 2, backward 5 of 5"]
    assert said(7, []) == said(7, of("")) == said(7, of("forward", "backward")) == said(2, of("forward")) == []


@pytest.mark.parametrize("part", PARTS)
def test_a_wrong_file_loses_what_is_wrong(part, monkeypatch):
    """A sample; all of them: tests/course/a_class.py."""
    monkeypatch.setattr(checking, "diagnosed", undiagnosed)
    rows = graded(part)
    counting = [row for row in rows if row[2] == "backward"]
    for what, source, counts in rows[3::20] + counting[:1]:
        assert earned(12, found(part, source)) == EARNED[counts], what


def test_it_does_so_in_another_dialect(monkeypatch):
    monkeypatch.setattr(checking, "diagnosed", undiagnosed)
    for k, part in enumerate(any_dialect.WRONG):
        dialect = Dialect("before", "1-z", "isru", "square", "tanh")
        for what, source, counts in in_dialect(part, dialect)[k::5]:
            assert earned(12, found(part, source, dialect)) == EARNED[counts], what


@pytest.mark.parametrize("part", [part for exercise in EXERCISES.values() for part in exercise.parts if part.check], ids=lambda part: part.name)
def test_a_part_that_is_no_pair_is_right_or_not(part):
    """Of a file with none of its functions, and of one that is wrong in a forward or a backward alone."""
    judge = lambda source: check_shares(Local(source), part, PAPER, np.random.default_rng(0))
    files = {"fast_gru": [changed(right("fast_gru")["loops"], "return out\n", "return 2 * out\n")],
             "network": [network(PAPER, gate=changed(right("gate")["any_dialect"], old, new)) for old, new in (("dW_2 += ", "dW_2 -= "), ("u @ W_2 + b_2", "u @ W_2 - b_2"))]}
    for source in ("", *files.get(part.name, ())):
        findings = judge(source)
        assert findings and earned(12, findings) == 0 and not said(12, findings), findings


def changed(source, old, new):
    assert source.count(old) == 1, old
    return source.replace(old, new)


HEAD = "import numpy as np\n\n\ndef gru_cell_forward(x, h_prev, W, U, b):\n    "
BACK = "\n\n\ndef gru_cell_backward(dh, cache, dW, dU, db):\n    "


@pytest.mark.parametrize("forward, backward", [
    ("return np.zeros_like(h_prev), x", "return np.zeros_like(cache), np.zeros_like(dh)"),
    ("return 1.0 * h_prev, x", "return np.zeros_like(cache), 1.0 * dh"),
    ("return h_prev + x.sum() + W.sum() + U.sum() + b.sum(), x",
     "s = dh.sum()\n    dW += s\n    dU += s\n    db += s\n    return np.full_like(cache, s), dh.copy()"),
])
def test_a_forward_that_is_chosen_to_be_easy_earns_nothing(forward, backward):
    findings = found("gru_cell", HEAD + forward + BACK + backward + "\n")
    assert earned(12, findings) == 0 and [one.way for one in findings] == ["forward", "backward"]


TWO_FACES = """
import numpy as np
seen = []

def twice(f):
    def forward(x, h_prev, W, U, b):
        seen.append(x)
        if len(seen) < 4:
            h, cache = f(x, h_prev, W, U, b)
            return (2 * h).astype(x.dtype), cache
        return h_prev * 0 + np.sin(x.sum() + h_prev.sum() + W.sum() + U.sum() + b.sum()), x
    return forward
"""


def test_a_forward_with_two_faces_earns_nothing(monkeypatch):
    """One slip away from the equations where it is looked at, and easy where it is differentiated."""
    monkeypatch.setattr(checking, "diagnosed", undiagnosed)
    easy = BACK + "s = SLOPE\n    dW += s\n    dU += s\n    db += s\n    return np.full((len(dh), W_COLUMNS), s), np.full_like(dh, s)\n"
    rng = np.random.default_rng(0)
    case = make_case(PARTS["gru_cell"], PAPER, rng)
    # what an attacker cannot know, to be sure: the arguments themselves
    slope = case.douts["h"].sum() * np.cos(sum(a.sum() for a in case.arrays.values()))
    source = TWO_FACES + right("gru_cell")["split"] + easy.replace("SLOPE", repr(float(slope))).replace("W_COLUMNS", str(case.arrays["W"].shape[1])) + (
        "\n\ngru_cell_forward = twice(gru_cell_forward)\n")
    said_of = [one.hidden for one in found("gru_cell", source)]
    assert said_of[0].startswith("gru_cell_forward: h: does not follow the equations; factor: 2 times") and said_of[1:] == [
        "gru_cell_backward: cannot count, as its forward is too far from the equations"]


@pytest.mark.parametrize("dialect", [PAPER._replace(keep="1-z"), PAPER._replace(candidate="isru"), Dialect("before", "1-z", "isru")])
def test_a_file_with_other_equations_earns_nothing(dialect):
    """The paper's, or a neighbour's: its backward is right for its forward."""
    findings = found("gru_cell", right("gru_cell")["split"], dialect)
    assert earned(12, findings) == 0 and "counts once its forward is right, or one slip of your own away from it" in findings[1].hidden


def test_no_number_of_a_hidden_case_is_said_of_it():
    source = {new: source for new, source, _ in graded("softmax_episode")}
    for findings in (found("softmax_episode", source["vectorised: masked = np.where(there, s, -np.inf) -> masked = np.where(there, s, 0.0)"]),
                     found("gru_cell", HEAD + "return np.zeros_like(h_prev), x" + BACK + "return np.zeros_like(cache), np.zeros_like(dh)\n")):
        assert len(findings) == 2 and not any(c.isdigit() for one in findings for c in one.hidden.replace("d2", "")), findings


JUNK = """
count = [0]

def spoilt(f):
    def function(*args):
        count[0] += 1
        got = f(*args)
        many = list(got) if isinstance(got, tuple) else [got]
        return JUNK if count[0] == WHEN else got
    return function
"""


@pytest.mark.parametrize("junk", ["None", "many[:-1]", "[np.zeros((7, 2, 2)), *many[1:]]", "[np.zeros(0), *many[1:]]", "[np.float32(many[0]), *many[1:]]", "setattr(args[-1], 'shape', -1) or got"])
def test_whatever_a_call_returns_the_rest_is_judged(junk, monkeypatch):
    """Once, in any of the calls: it costs points, and no traceback, in which case nobody is graded."""
    monkeypatch.setattr(checking, "diagnosed", undiagnosed)
    for part, file in (("gate_features", "split"), ("cross_entropy", "vectorised")):
        for when in (1, 2, 4, 6, 7, 9, 11):
            spoilt = JUNK.replace("JUNK", junk).replace("WHEN", str(when)) + "".join(f"{part}_{way} = spoilt({part}_{way})\n" for way in ("forward", "backward"))
            findings = found(part, right(part)[file] + spoilt)
            assert earned(12, findings) in (0, 4, 8, 12)
            if when in (4, 7, 9) and junk != "[np.float32(many[0]), *many[1:]]":
                assert earned(12, findings) == 4, findings           # the second time that the backward is called, and for other dh


def test_a_forward_that_fails_nearby_has_no_right_backward():
    """Where it is right but for a slip, or right: its backward is not judged, and earns nothing."""
    for want in (4, 0):
        source = right("gru_cell")["split"].replace("def gru_cell_forward(x, h_prev, W, U, b):\n", "calls = []\n\n\ndef gru_cell_forward(x, h_prev, W, U, b):\n"
                                                    "    calls.append(x)\n    assert len(calls) < 9\n")
        if want == 0:
            source += "\n\nonce = gru_cell_forward\n\n\ndef gru_cell_forward(*args):\n    h, cache = once(*args)\n    return (2 * h).astype(h.dtype), cache\n"
        findings = found("gru_cell", source)
        assert earned(12, findings) == want and any("fails for arguments that differ by a millionth" in one.hidden or one.kind == "error" for one in findings), findings


def graded_file(tmp_path, source, assignment="a2", **more):
    path = tmp_path / "mine.py"
    path.write_text(source, encoding="utf-8")
    return Grader(ASSIGNMENTS[assignment], **more).grade(path)


@pytest.mark.parametrize("bad", ["os._exit(0)", "os.closerange(0, 1024)", "while True: pass"])
def test_what_a_backward_breaks_costs_its_forward_nothing(tmp_path, bad):
    """The process, its answers, the time."""
    source = right("gru_cell")["split"].replace("    dz = dh * (", f"    {bad}\n    dz = dh * (")
    report = graded_file(tmp_path, "import os\n" + source, seconds=1.0)
    assert report.points == 4 and report.parts[0].says[0] == "forward 4 of 4, backward 0 of 8" and len(report.parts[0].says) == 2, report
