"""Points for a student's file and for a class: each part by itself, in time, without the numbers of hidden cases; what is done stays done."""

import csv
import io
import json
import os
import signal
import subprocess
import sys
import threading
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest

from tinydmn.cli import autograder as command, main
from tinydmn.course import autograder, grade as module
from tinydmn.course.assignments import ASSIGNMENTS
from tinydmn.course.grade import Grader, Report, Timed, file_of, grade_all, hidden, kept, kept_at, submissions
from tinydmn.course.session import Session
from tinydmn.errors import UserError

from . import made_up
from .made_up import A0, HALF, RIGHT

pytestmark = pytest.mark.skipif(os.name == "nt", reason="a student's file runs on Linux and macOS alone")
HOSTILE = Path(__file__).parent / "hostile"
GRADER = Grader(A0, seconds=3.0, check=made_up.check)


@pytest.fixture
def a0(monkeypatch):
    """The assignment a0, for the command line."""
    monkeypatch.setitem(ASSIGNMENTS, "a0", A0)
    monkeypatch.setattr(module, "checked", made_up.check)


def written(folder, **files):
    folder.mkdir(exist_ok=True)
    for name, content in files.items():
        (folder / f"{name}.py").write_text(content, encoding="utf-8")
    return folder


def run(capsys, *words):
    try:
        code = main([str(w) for w in words])
    except SystemExit as stop:
        code = stop.code
    out = capsys.readouterr()
    return code, out.out, out.err


def points(report):
    return [part.points for part in report.parts]


# ---- one file ------------------------------------------------------------------------------------


def test_right_and_half_right(tmp_path):
    folder = written(tmp_path / "c", right=RIGHT, half=HALF)
    right, half = (GRADER.grade(folder / f"{name}.py") for name in ("right", "half"))
    assert points(right) == [3, 2] and right.points == right.most == 5 and right.parts[0].says == () and right.submission == "right.py"
    assert points(half) == [0, 2] and half.points == 2 and half.parts[0].says == ("double: factor",) and not half.problem


def test_no_number_of_a_hidden_case_is_said(tmp_path):
    report = GRADER.grade(written(tmp_path / "c", half=HALF) / "half.py")
    assert not any(c.isdigit() for part in report.parts for line in part.says for c in line)
    assert hidden(made_up.Finding("p", "at [0] 3, should be 4", "sign", "p: dW: sign")) == "p: dW: sign"
    assert hidden(made_up.Finding("p", "at [0] 3, should be 4")) == "p: wrong"
    assert hidden(made_up.Finding("p", "", "", "a" * 500 + "\nb")) == "a" * 400 + " ..."


def test_one_part_costs_nothing_in_the_next(tmp_path):
    for body in ("while True: pass", "import os; os._exit(1)", "return None", "return np.zeros(3)", "raise SystemExit"):
        path = tmp_path / "mine.py"
        path.write_text(f"import numpy as np\ndef double(x):\n    {body}\n" + RIGHT.partition("\n\n\n")[2])
        report = GRADER.grade(path)
        assert points(report) == [0, 2] and len(report.parts[0].says) == 1, (body, report)


@pytest.mark.parametrize("path", sorted(p for p in HOSTILE.glob("*.py") if p.stem != "__init__"), ids=lambda p: p.stem)
def test_a_hostile_file_costs_what_it_breaks(tmp_path, path):
    """Its `bad` stands where the first part's function is; the second part is right."""
    mine = tmp_path / path.name
    mine.write_text(path.read_text() + "\n\ndouble = bad\n\n\ndef add(x, y):\n    return x + y\n" if path.stem != "raises_at_import" else path.read_text())
    report = GRADER.grade(mine)
    assert points(report) == ([0, 2] if path.stem != "raises_at_import" else [0, 0]) and report.parts[0].says and not report.failed, report


def test_several_cases_are_asked_and_they_differ(tmp_path):
    """A file that is right on the first case alone; and every seed, part and case has other numbers."""
    seen = []

    def check(session, part, student, rng):
        seen.append((part.name, float(rng.normal())))
        return []
    path = written(tmp_path / "c", right=RIGHT) / "right.py"
    for seed in (0, 1):
        Grader(A0, seed, check=check).grade(path)
    assert len(seen) == len(set(x for _, x in seen)) == 2 * 2 * module.CASES and module.CASES > 1
    first = list(seen)
    seen.clear()
    Grader(A0, 0, check=check).grade(path)
    assert seen == first[:len(seen)]
    found = iter([[], [made_up.Finding("double", "x")]] + [[]] * 9)
    assert points(Grader(A0, check=lambda *_: next(found)).grade(path)) == [0, 2]


def test_lines_are_said_once_and_not_without_end(tmp_path):
    path = written(tmp_path / "c", right=RIGHT) / "right.py"
    lines = [made_up.Finding("p", "", "", f"line {i // 2}") for i in range(40)]
    says = Grader(A0, check=lambda *_: lines).grade(path).parts[0].says
    assert says[:2] == ("line 0", "line 1") and len(says) == module.LINES + 1 and says[-1] == "and 10 more"


def test_a_part_has_so_much_time_in_all(tmp_path):
    path = tmp_path / "slow.py"
    path.write_text("import time\ndef f(x):\n    time.sleep(0.6)\n    return x\n")
    from tinydmn.course.calls import Call
    with Session(path, 1.0) as session:
        timed = Timed(session, 1.0)
        says = [timed.run([Call("f", (np.ones(2),))])[0].error for _ in range(3)]
        assert says[0] == "" and says[1].startswith("did not end within 0.") and says[2] == "the 1 s of this part are over" and session.seconds == 1.0


def test_a_check_that_fails_is_no_fault_of_the_students(tmp_path):
    path = written(tmp_path / "c", right=RIGHT) / "right.py"
    report = Grader(A0, check=lambda *_: 1 / 0).grade(path)
    assert report.points == 0 and report.failed == "ZeroDivisionError: division by zero" and "ask your teacher" in report.parts[0].says[0]


def test_dialects(tmp_path):
    path = written(tmp_path / "c", right=RIGHT) / "right.py"
    seen = []
    check = lambda session, part, student, rng: seen.append(student) or []
    for student, by_name in ((None, False), ("17", False), (None, True)):
        Grader(A0, 0, student, by_name=by_name, check=check).grade(path)
    assert seen[::4] == [None, "17", "right"]


def test_what_is_a_submission(tmp_path):
    folder = written(tmp_path / "c", ann=RIGHT, _common=RIGHT)
    written(folder / "bob", bob=RIGHT)
    written(folder / "eve")
    written(folder / "two", a=RIGHT, b=RIGHT)
    written(folder / "__pycache__", x=RIGHT)
    (folder / "notes.txt").write_text("")
    assert list(submissions(folder)) == ["ann.py", "bob", "eve", "two"]
    assert file_of(folder / "bob") == folder / "bob" / "bob.py" and file_of(folder / "ann.py") == folder / "ann.py"
    for name, says in (("eve", "eve: no .py files; hand in one"), ("two", r"two: 2 .py files \(a.py, b.py\); hand in one"), ("no", "no such file")):
        with pytest.raises(UserError, match=says):
            file_of(folder / name)
    with pytest.raises(UserError, match="no submissions"):
        submissions(folder / "eve")
    assert GRADER.grade(folder / "two").problem.startswith("two: 2 .py files")
    assert module.is_one(folder / "bob") and not module.is_one(folder) and not module.is_one(folder / "eve") and not module.is_one(folder / "two")


# ---- a class -------------------------------------------------------------------------------------


def test_a_class_goes_on_where_it_was_stopped(tmp_path):
    folder = written(tmp_path / "c", **{f"s{i}": (RIGHT, HALF)[i % 2] for i in range(5)})
    paths, out, ended = submissions(folder), tmp_path / "out", []

    def stop_after_two(report):
        ended.append(report.submission)
        if len(ended) == 2:
            raise KeyboardInterrupt
    with pytest.raises(KeyboardInterrupt):
        grade_all(GRADER, paths, 1, out, stop_after_two)
    there = {path.name for path in out.iterdir()}
    assert there == {f"{name}.json" for name in ended} and len(there) == 2
    found = {name: kept(GRADER, path, kept_at(out, name)) for name, path in paths.items()}
    assert [name for name, report in found.items() if report] == sorted(ended)
    assert {name: report for name, report in found.items() if report} == grade_all(GRADER, {name: paths[name] for name in ended}, 2)
    name = ended[0]
    for other in (GRADER._replace(seed=1), GRADER._replace(student="7"), GRADER._replace(seconds=4.0), GRADER._replace(by_name=True),
                  GRADER._replace(assignment=A0._replace(parts=A0.parts[:1]))):
        assert kept(other, paths[name], kept_at(out, name)) is None
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "FORWARD", 2)                                      # what a part earns is another
        assert kept(GRADER, paths[name], kept_at(out, name)) is None
    paths[name].write_text(RIGHT + "\n# better\n")
    assert kept(GRADER, paths[name], kept_at(out, name)) is None                 # it was handed in again
    kept_at(out, ended[1]).write_text("{")
    assert kept(GRADER, paths[ended[1]], kept_at(out, ended[1])) is None and kept(GRADER, paths["s4.py"], kept_at(out, "s4.py")) is None


@pytest.mark.parametrize("spoil", [
    lambda kept: "{", lambda kept: "", lambda kept: "[" * 100_000, lambda kept: "[]", lambda kept: json.dumps({**kept, "parts": kept["parts"][:1]}), lambda kept: json.dumps({**kept, "parts": 7}),
    lambda kept: json.dumps({**kept, "parts": [{**kept["parts"][0], "points": "3"}, kept["parts"][1]]}),
    lambda kept: json.dumps({**kept, "parts": [{**kept["parts"][0], "points": 4}, kept["parts"][1]]}),
    lambda kept: json.dumps({key: value for key, value in kept.items() if key != "problem"})])
def test_a_damaged_result_is_a_line(capsys, tmp_path, spoil, monkeypatch):
    monkeypatch.setattr("tinydmn.errors._noticed", set())
    path, place = written(tmp_path / "c", ann=RIGHT) / "ann.py", tmp_path / "ann.py.json"
    parts = tuple(module.Graded(part.name, part.title, points, points) for part, points in A0.parts)
    whole = {"mark": GRADER.mark(path), **Report("a0", "ann.py", parts).as_json()}
    place.write_text(json.dumps(whole))
    assert kept(GRADER, path, place).points == 5 and kept(GRADER, path, tmp_path / "no.json") is None and capsys.readouterr().err == ""
    place.write_text(spoil(whole))
    assert kept(GRADER, path, place) is None and capsys.readouterr().err == f"tinydmn: {place}: is damaged, and is made again\n"


def test_a_damaged_result_is_made_again(a0, capsys, tmp_path, monkeypatch):
    monkeypatch.setattr("tinydmn.errors._noticed", set())
    folder, out = written(tmp_path / "c", ann=RIGHT, bob=HALF), tmp_path / "out"
    words = ("grade", "a0", folder, "--out", out, "--seconds", 3, "--resume")
    run(capsys, *words)
    place = out / "ann.py.json"
    before, whole = (out / "bob.py.json").stat().st_mtime_ns, place.read_text()
    place.write_text(whole[:100])
    code, said, err = run(capsys, *words)
    assert code == 0 and "2 submissions, mean 3.5 points" in said and place.read_text() == whole and (out / "bob.py.json").stat().st_mtime_ns == before
    assert err.splitlines() == [f"tinydmn: {place}: is damaged, and is made again", "[2/2] ann.py: 5 of 5 points"]


def test_who_has_handed_in_again_is_graded_again_and_the_others_are_not(a0, capsys, tmp_path):
    folder, out = written(tmp_path / "c", ann=RIGHT, bob=HALF, eve="x = (\n"), tmp_path / "out"
    written(folder / "dan", mine=HALF)
    words = ("grade", "a0", folder, "--out", out, "--seconds", 3, "--jobs", 3, "--resume")
    first = run(capsys, *words)[1]
    assert run(capsys, *words) == (0, first, "")
    written(folder, bob=RIGHT, eve=HALF)
    written(folder / "dan", mine=RIGHT)
    code, said, err = run(capsys, *words)
    assert code == 0 and sorted(line.partition("] ")[2] for line in err.splitlines()) == ["bob.py: 5 of 5 points", "dan: 5 of 5 points", "eve.py: 2 of 5 points"]
    assert "mean 4.2 points" in said
    (folder / "ann.py").unlink()                               # withdrawn: what is kept of it is not in the table
    assert [row["submission"] for row in csv.DictReader(io.StringIO((out / "grades.csv").read_text()))][0] == "ann.py"
    code, said, err = run(capsys, *words)
    assert code == 0 and err == "" and "3 submissions" in said and "ann" not in (out / "grades.csv").read_text()


def test_a_result_that_cannot_be_written_is_one_line(a0, capsys, tmp_path):
    folder, out = written(tmp_path / "c", ann=RIGHT, bob=RIGHT), tmp_path / "out"
    (out / "ann.py.json").mkdir(parents=True)
    code, _, err = run(capsys, "grade", "a0", folder, "--out", out, "--seconds", 3, "--jobs", 1, "--resume")
    assert code == 2 and "ann.py.json: cannot be written" in err.splitlines()[-1] and "Traceback" not in err


def test_so_many_at_a_time(tmp_path):
    """--jobs."""
    paths, open_now, most = submissions(written(tmp_path / "c", **{f"s{i}": RIGHT for i in range(6)})), [], []

    def check(session, part, student, rng):
        open_now.append(part)
        most.append(len(open_now))
        time.sleep(0.05)
        open_now.pop()
        return []
    for jobs in (1, 3):
        most.clear()
        grade_all(GRADER._replace(check=check), paths, jobs)
        assert max(most) == jobs


def test_what_could_not_be_graded_is_graded_again(tmp_path):
    paths = submissions(written(tmp_path / "c", a=RIGHT))
    reports = grade_all(GRADER._replace(check=lambda *_: 1 / 0), paths, 1, tmp_path / "out")
    assert reports["a.py"].failed and kept(GRADER, paths["a.py"], kept_at(tmp_path / "out", "a.py")) is None


def test_side_by_side_is_one_after_the_other(tmp_path):
    folder = written(tmp_path / "c", **{f"s{i}": (RIGHT, HALF, "x = ")[i % 3] for i in range(6)})
    (folder / "s0.py").write_text("import time\ntime.sleep(1)\n" + RIGHT)                  # the first ends last
    one, three = (grade_all(GRADER, submissions(folder), jobs) for jobs in (1, 3))
    assert one == three and list(one) == list(three) == [f"s{i}.py" for i in range(6)] and [r.points for r in one.values()] == [5, 2, 0] * 2


def test_an_interrupted_class_leaves_no_process_and_does_not_wait(tmp_path):
    folder = written(tmp_path / "c", a=RIGHT, b="def double(x):\n    while True:\n        try:\n            for _ in iter(int, 1): pass\n        except BaseException: pass\n")
    opened = []
    real = module.Session

    class Seen(real):
        def __init__(self, *args, **limits):
            super().__init__(*args, **limits)
            opened.append(self)

    def stop(report):
        raise KeyboardInterrupt
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "Session", Seen)
        began = time.monotonic()
        with pytest.raises(KeyboardInterrupt):
            grade_all(GRADER._replace(seconds=30.0), submissions(folder), 2, None, stop)
    assert time.monotonic() - began < 10 and all(session.process is None for session in opened) and threading.active_count() < 10


def test_a_report_is_kept_whole(tmp_path):
    report = GRADER.grade(written(tmp_path / "c", half=HALF) / "half.py")
    assert Report.of_json(json.loads(json.dumps(report.as_json()))) == report
    for broken in ({}, {"parts": 3}, {**report.as_json(), "parts": [{}]}):
        with pytest.raises((KeyError, TypeError, ValueError)):
            Report.of_json(broken)


# ---- the commands --------------------------------------------------------------------------------


def test_the_command_on_one_file(a0, capsys, tmp_path):
    folder = written(tmp_path / "c", half=HALF, broken="x = (\n")
    code, out, err = run(capsys, "grade", "a0", folder / "half.py")
    assert code == 0 and err == "" and out.splitlines() == ["half.py: 2 of 5 points", "    0 of   3  Twice x", " " * 14 + "double: factor", "    2 of   2  x and y"]
    code, out, err = run(capsys, "grade", "a0", folder / "broken.py")
    assert code == 0 and out.splitlines()[0] == "broken.py: the file cannot be loaded: SyntaxError: '(' was never closed (line 1)" and len(out.splitlines()) == 3
    places = {name: tmp_path / f"{name}.json" for name in ("gradescope", "classroom50", "prairielearn")}
    code, out, err = run(capsys, "grade", "a0", folder / "half.py", "--json", "--csv", tmp_path / "x.csv", *(w for name, place in places.items() for w in (f"--{name}", place)))
    found = {name: json.loads(place.read_text()) for name, place in places.items()}
    assert json.loads(out)["points"] == 2 and found["gradescope"]["score"] == 2.0 and found["classroom50"]["max-score"] == 5 and found["prairielearn"]["score"] == 0.4
    assert (tmp_path / "x.csv").read_text().startswith("submission,points,max,double,add,problem\nhalf.py,2,5,0,2,")


def test_a_folder_with_one_file_is_one_submission(a0, capsys, tmp_path):
    assert run(capsys, "grade", "a0", written(tmp_path / "ann", mine=RIGHT))[1].startswith("ann: 5 of 5 points\n")
    two = written(tmp_path / "bob", a=RIGHT, b=RIGHT)
    code, out, _ = run(capsys, "grade", "a0", two, "--gradescope", tmp_path / "results.json")
    results = json.loads((tmp_path / "results.json").read_text())
    assert code == 0 and results["score"] == 0 and "2 .py files" in results["output"]              # there are results, whatever was handed in


def test_the_command_on_a_class(a0, capsys, tmp_path):
    folder, out = written(tmp_path / "c", ann=RIGHT, bob=HALF, eve="import nothing\n"), tmp_path / "out"
    written(folder / "dan", mine=RIGHT)
    code, said, err = run(capsys, "grade", "a0", folder, "--out", out, "--jobs", 2, "--seconds", 3)
    assert code == 0 and sorted(p.name for p in out.iterdir()) == ["ann.py.json", "bob.py.json", "dan.json", "eve.py.json", "grades.csv"]
    rows = list(csv.DictReader(io.StringIO((out / "grades.csv").read_text())))
    assert [(row["submission"], row["points"]) for row in rows] == [("ann.py", "5"), ("bob.py", "2"), ("dan", "5"), ("eve.py", "0")]
    assert rows[3]["problem"] == "ModuleNotFoundError: No module named 'nothing' (line 1)"
    assert "4 submissions, mean 3.0 points" in said and "2 right  Twice x" in said and "3 right  x and y" in said
    assert err.count("\n") == 4 and "[4/4]" in err
    code, _, err = run(capsys, "grade", "a0", folder, "--out", out)
    assert code == 2 and "holds results already" in err
    (out / "bob.py.json").unlink()
    before = (out / "ann.py.json").stat().st_mtime_ns
    code, said_again, err = run(capsys, "grade", "a0", folder, "--out", out, "--resume", "--seconds", 3)
    assert code == 0 and said_again == said and err.count("\n") == 1 and "[4/4] bob.py: 2 of 5 points" in err and (out / "ann.py.json").stat().st_mtime_ns == before
    code, said, _ = run(capsys, "grade", "a0", folder, "--json")
    assert [one["points"] for one in json.loads(said)["submissions"]] == [5, 2, 5, 0]


def test_a_bar_in_a_terminal():
    from tinydmn.cli.grade import Bar

    class Terminal(io.StringIO):
        def isatty(self):
            return True
    stream = Terminal()
    with Bar(3, 1, True, stream) as bar:
        bar.ended(GRADER.nothing("ann\x1b[31m.py"))
    assert "2/3" in stream.getvalue() and "ann" in stream.getvalue() and "\x1b[31m" not in stream.getvalue()


def test_what_is_not_graded_is_said_and_the_exit_code_is_1(a0, capsys, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "checked", lambda *_: 1 / 0)
    code, out, err = run(capsys, "grade", "a0", written(tmp_path / "c", ann=RIGHT) / "ann.py")
    assert code == 1 and "could not be graded (ZeroDivisionError: division by zero); ask your teacher" in out and err.count("\n") == 1


@pytest.mark.parametrize("words, says", [
    (["a9", "mine.py"], "a9: no such assignment; give one of "), (["a0", "no.py"], "no.py: no such file or folder"), (["a0", "empty"], "no submissions"),
    (["a0", "mine.py", "--resume"], "give --out DIR"), (["a0", "mine.py", "--out", "mine.py"], "is a file, not a folder"),
    (["a0", "mine.py", "--gradescope", "empty"], "is a folder"), (["a0", "mine.py", "--csv", "mine.py/x"], "is no folder"),
    (["a0", "mine.py", "--csv", "mine.py"], "mine.py: exists already; choose another --csv"),
    (["a0", "mine.py", "--student", "1", "--by-name"], "give one of them"), (["a0", "mine.py", "--seconds", "0"], "out of range"),
])
def test_a_mistake_is_one_line(a0, capsys, tmp_path, monkeypatch, words, says):
    monkeypatch.chdir(tmp_path)
    written(tmp_path, mine=RIGHT)
    (tmp_path / "empty").mkdir()
    code, out, err = run(capsys, "grade", *words)
    assert code == 2 and not out and says in err and err.count("\n") == 1


def test_the_check_of_an_exercise(monkeypatch):
    """It is asked with the student's dialect."""
    monkeypatch.setattr(module, "check_shares", lambda *words: words)
    monkeypatch.setattr(module, "dialect_of", lambda student: ("dialect", student))
    assert module.checked(1, 2, "7", 3) == (1, 2, ("dialect", "7"), 3)


# ---- Gradescope's archive ------------------------------------------------------------------------

PATCH = f"""
from tinydmn.course import grade
{Path(made_up.__file__).read_text(encoding="utf-8")}
ASSIGNMENTS = {{"a0": A0}}
grade.checked = check
"""


def test_the_archive_installs_and_grades_without_a_network(a0, capsys, tmp_path, monkeypatch):
    monkeypatch.setattr(autograder, "other_wheels", lambda packages, python: {})
    code, out, _ = run(capsys, "autograder", "a0", "--out", tmp_path / "autograder.zip", "--seed", 4)
    assert code == 0 and "Two sums, 5 points; without NumPy, which must be installed in the image" in out
    assert run(capsys, "autograder", "a0", "--out", tmp_path / "autograder.zip")[0] == 2
    home = tmp_path / "autograder"
    with zipfile.ZipFile(tmp_path / "autograder.zip") as file:
        names = file.namelist()
        assert names[:3] == ["setup.sh", "run_autograder", "settings.json"] and len(names) == 4 and names[3].startswith("wheels/tinydmn-")
        assert [file.getinfo(name).external_attr >> 16 for name in names[:2]] == [0o755] * 2
        file.extractall(home / "source")
    assert json.loads((home / "source" / "settings.json").read_text()) == {"assignment": "a0", "seed": 4, "student": None, "seconds": 10.0}
    # of this Python alone, which has NumPy; no network is asked
    links = tmp_path / "bin"
    links.mkdir()
    (links / "python3").write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    (links / "python3").chmod(0o755)
    environment = {"PATH": f"{links}:/usr/bin:/bin", "AUTOGRADER": str(home)}
    results = home / "results" / "results.json"

    def graded():
        results.unlink(missing_ok=True)
        done = subprocess.run(["bash", str(home / "source" / "run_autograder")], env=environment, cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return json.loads(results.read_text())
    written(home / "submission", mine=HALF)
    assert graded()["output"] == autograder.FAILED                                   # before it is set up there are results too
    done = subprocess.run(["bash", str(home / "source" / "setup.sh")], env=environment, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert graded() == {**graded(), "score": 0.0, "output": autograder.FAILED}       # no such assignment there
    (home / "source" / "site" / "tinydmn" / "course" / "assignments.py").write_text(PATCH)
    found = graded()
    assert found["score"] == 2.0 and [test["output"] for test in found["tests"]] == ["double: factor", "right"]
    written(home / "submission", other=RIGHT)
    assert graded()["output"].startswith("the file cannot be loaded: submission: 2 .py files")


def test_without_numpy_the_set_up_says_so(tmp_path):
    raw, _ = autograder.make(GRADER, numpy=False)
    with zipfile.ZipFile(io.BytesIO(raw)) as file:
        file.extractall(tmp_path)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python3").write_text(f'#!/bin/sh\nexec "{sys.executable}" -I -S "$@"\n')          # isolated: it sees no NumPy
    (tmp_path / "bin" / "python3").chmod(0o755)
    for tool in ("dirname", "rm"):
        os.symlink(f"/usr/bin/{tool}" if Path(f"/usr/bin/{tool}").exists() else f"/bin/{tool}", tmp_path / "bin" / tool)
    done = subprocess.run(["/bin/bash", str(tmp_path / "setup.sh")], env={"PATH": str(tmp_path / "bin")}, capture_output=True, text=True)
    assert done.returncode == 1 and "no Python 3.11 or newer with NumPy" in done.stderr


def test_the_wheel_is_one(tmp_path):
    name, raw = autograder.wheel()
    with zipfile.ZipFile(io.BytesIO(raw)) as file:
        names = file.namelist()
        record, = (line.split(",") for line in file.read(next(n for n in names if n.endswith("RECORD"))).decode().splitlines() if line.startswith("tinydmn/course/grade.py"))
        assert record[1] == "sha256=" + autograder.digest(file.read("tinydmn/course/grade.py")) and int(record[2]) == len(file.read("tinydmn/course/grade.py"))
    assert name.endswith("-py3-none-any.whl") and "tinydmn/course/student.py" in names and not [n for n in names if "__pycache__" in n]
    assert autograder.wheel()[1] == raw                                              # the same files, the same bytes


def test_numpy_is_bundled_where_pip_gets_it(monkeypatch):
    def pip(words, **_):
        assert "--python-version=3.13" in words and "numpy>=1.26" in words and not any("scipy" in word for word in words)
        Path(words[-1], "numpy-9.9-cp313.whl").write_bytes(b"wheel")
    monkeypatch.setattr(autograder.subprocess, "run", pip)
    raw, has_numpy = autograder.make(GRADER, "3.13")
    with zipfile.ZipFile(io.BytesIO(raw)) as file:
        assert has_numpy and file.read("wheels/numpy-9.9-cp313.whl") == b"wheel"
    for problem in (OSError("no pip"), subprocess.TimeoutExpired("pip", 1), subprocess.CalledProcessError(1, "pip")):
        def fail(*_, problem=problem, **__):
            raise problem
        monkeypatch.setattr(autograder.subprocess, "run", fail)
        assert autograder.other_wheels(["numpy"], "3.12") == {}
    monkeypatch.setattr(autograder.subprocess, "run", lambda *_, **__: None)
    assert autograder.other_wheels(["numpy"], "3.12") == {}
    assert command.make is autograder.make


def test_a_killed_run_goes_on(tmp_path):
    """The command itself, killed half-way: what it had written stays, and no child does."""
    folder, out = written(tmp_path / "c", **{f"s{i}": RIGHT.replace("return 2", "import time; time.sleep(0.3); return 2") for i in range(6)}), tmp_path / "out"
    code = f"""if True:
        from tinydmn.course import grade
        from tinydmn.course.assignments import ASSIGNMENTS
        from tests.course import made_up
        ASSIGNMENTS["a0"], grade.checked = made_up.A0, made_up.check
        from tinydmn.cli import main
        raise SystemExit(main(["grade", "a0", {str(folder)!r}, "--out", {str(out)!r}, "--jobs", "1", "--resume"]))"""
    root = Path(__file__).parents[2]
    environment = os.environ | {"PYTHONPATH": str(root)}
    first = subprocess.Popen([sys.executable, "-c", code], cwd=root, env=environment, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    until = time.monotonic() + 60
    while len(list(out.glob("*.json"))) < 2 and time.monotonic() < until:
        time.sleep(0.02)
    first.send_signal(signal.SIGKILL)
    first.wait()
    there = {path.name: path.stat().st_mtime_ns for path in out.glob("*.json")}
    assert 2 <= len(there) < 6 and not (out / "grades.csv").exists()
    done = subprocess.run([sys.executable, "-c", code], cwd=root, env=environment, capture_output=True, text=True)
    assert done.returncode == 0 and "6 submissions, mean 5.0 points" in done.stdout, done.stderr
    assert all((out / name).stat().st_mtime_ns == when for name, when in there.items()) and len(list(out.glob("*.json"))) == 6
