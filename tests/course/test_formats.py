"""A report in the forms that other programs read: their keys, their kinds of values, and never a NaN."""

import csv
import io
import json
from datetime import UTC, datetime

import pytest

from tinydmn.course import formats
from tinydmn.course.grade import Graded, Report

PARTS = (Graded("cell", "A step of the GRU", 3, 3), Graded("time", "Through time", 0, 2, ("dW: sign", "db: factor")))
REPORT = Report("a2", "ann.py", PARTS)
BROKEN = Report("a2", "bob.py", tuple(Graded(p.name, p.title, 0, p.most, ("SyntaxError",)) for p in PARTS), "SyntaxError: x (line 3)")
FAILED = Report("a2", "eve.py", BROKEN.parts, "", "KeyError: 'W'")
EMPTY = Report("a2", "no.py", ())


def strict(text):
    return json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))


def test_gradescope():
    found = strict(formats.text_of("gradescope", REPORT))
    assert set(found) <= {"score", "output", "visibility", "stdout_visibility", "tests", "leaderboard", "execution_time"}
    assert found["score"] == 3.0 and found["output"] == "3 of 5 points" and found["visibility"] == "visible" and found["stdout_visibility"] == "hidden"
    assert found["tests"] == [
        {"score": 3.0, "max_score": 3.0, "status": "passed", "name": "A step of the GRU", "number": "1", "output": "right", "tags": [], "visibility": "visible"},
        {"score": 0.0, "max_score": 2.0, "status": "failed", "name": "Through time", "number": "2", "output": "dW: sign\ndb: factor", "tags": [], "visibility": "visible"}]
    assert all(isinstance(test[key], float) for test in found["tests"] for key in ("score", "max_score"))
    assert "the file cannot be loaded: SyntaxError: x (line 3)" == strict(formats.text_of("gradescope", BROKEN))["output"]


def test_classroom50(monkeypatch):
    places = {"CLASSROOM": "c", "ASSIGNMENT": "a", "SUBMISSION_TAG": "t", "COMMIT_URL": "u", "RELEASE_URL": "r", "REVIEW_URL": "v"}
    found = formats.classroom50(REPORT, places, datetime(2030, 1, 2, 3, 4, 5, 678, UTC))
    assert found == {"schema": "classroom50/result/v1", "classroom": "c", "assignment": "a", "submission": "t", "commit": "u", "release": "r", "review": "v",
                     "datetime": "2030-01-02T03:04:05+00:00", "score": 3, "max-score": 5,
                     "tests": [{"test-name": "A step of the GRU", "passed": True, "score": 3, "max-score": 3}, {"test-name": "Through time", "passed": False, "score": 0, "max-score": 2}]}
    assert all(type(one) is int for one in (found["score"], found["max-score"], found["tests"][0]["score"]))
    for name, value in places.items():
        monkeypatch.setenv(name, value + "!")
    assert strict(formats.text_of("classroom50", REPORT))["review"] == "v!"
    assert formats.classroom50(REPORT, {})["classroom"] == ""


def test_prairielearn():
    found = strict(formats.text_of("prairielearn", REPORT))
    assert found == {"gradable": True, "score": 0.6, "tests": [{"name": "A step of the GRU", "points": 3, "max_points": 3, "output": "right"},
                                                               {"name": "Through time", "points": 0, "max_points": 2, "output": "dW: sign\ndb: factor"}]}
    assert formats.prairielearn(BROKEN) == {"gradable": False, "message": "the file cannot be loaded: SyntaxError: x (line 3)"}
    assert formats.prairielearn(FAILED)["gradable"] is False and formats.prairielearn(EMPTY)["score"] == 0.0
    long = Report("a2", "x", tuple(Graded("p", "p", 0, 1, ("x" * 1_000_000,)) for _ in range(3)))
    assert len(formats.text_of("prairielearn", long)) < 1_000_000


def test_a_class_as_a_table():
    evil = Report("a2", "=cmd|'/c calc'!A0.py", BROKEN.parts, "@evil, \"x\"")
    rows = list(csv.reader(io.StringIO(formats.table([REPORT, FAILED, evil]))))
    assert rows == [["submission", "points", "max", "cell", "time", "problem"], ["ann.py", "3", "5", "3", "0", ""], ["eve.py", "0", "5", "0", "0", "KeyError: 'W'"],
                    ["'=cmd|'/c calc'!A0.py", "0", "5", "0", "0", "'@evil, \"x\""]]
    assert formats.table([]) == "submission,points,max,problem\n"


def test_its_own():
    assert strict(json.dumps(formats.own(REPORT))) == {
        "assignment": "a2", "submission": "ann.py", "points": 3, "max": 5, "problem": "", "failed": "",
        "parts": [{"name": "cell", "title": "A step of the GRU", "points": 3, "most": 3, "says": []},
                  {"name": "time", "title": "Through time", "points": 0, "most": 2, "says": ["dW: sign", "db: factor"]}]}
    assert formats.summary(FAILED) == "could not be graded (KeyError: 'W'); ask your teacher"


def test_a_share_of_a_parts_points():
    """In each form the part has them, and is not passed."""
    half = Report("a4", "ann.py", (Graded("gate_features", "The gate's features", 2, 7, ("forward 2 of 2, backward 0 of 5", "dc: sign")), Graded("gate", "The gate", 5, 5)))
    found = {name: strict(formats.text_of(name, half)) for name in formats.FORMATS}
    first = {name: one["tests"][0] for name, one in found.items()}
    assert first["gradescope"] | {"score": 2.0, "max_score": 7.0, "status": "failed", "output": "forward 2 of 2, backward 0 of 5\ndc: sign"} == first["gradescope"]
    assert first["classroom50"] == {"test-name": "The gate's features", "passed": False, "score": 2, "max-score": 7}
    assert first["prairielearn"]["points"] == 2 and found["prairielearn"]["score"] == 7 / 12
    assert found["gradescope"]["score"] == 7.0 and found["classroom50"]["score"] == 7 and "ann.py,7,12,2,5," in formats.table([half])


@pytest.mark.parametrize("name", formats.FORMATS)
def test_every_form_of_every_report_is_strict(name):
    for report in (REPORT, BROKEN, FAILED, EMPTY):
        strict(formats.text_of(name, report))
