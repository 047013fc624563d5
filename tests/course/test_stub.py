"""What a student is handed, and what the commands exercise and check say of it."""

import ast
import json
import os
import re

import numpy as np
import pytest

from tinydmn.cli import main
from tinydmn.course.assignments import ASSIGNMENTS
from tinydmn.course.case import make_case
from tinydmn.course.catalogue import EXERCISES
from tinydmn.course.checking import check_part
from tinydmn.course.dialect import PAPER, dialect_of
from tinydmn.course.exercises.differences import FUNCTIONS
from tinydmn.course.part import asked, derivative_at
from tinydmn.course.stub import steps_of, student_file

from .local import Local

RIGHT = """
def cross_entropy_forward(s, target):
    e = np.exp(s - s.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    return -np.log(p[np.arange(len(s)), target]).sum(keepdims=True), (p, target)


def cross_entropy_backward(dloss, cache):
    p, target = cache
    ds = p.copy()
    ds[np.arange(len(p)), target] -= 1
    show["dloss"] = dloss
    return ds * dloss
"""


@pytest.mark.parametrize("student", (None, "ada", 'say "hi"\n'))
@pytest.mark.parametrize("name", EXERCISES)
def test_a_student_file_is_stubs_with_the_equations(name, student):
    exercise = EXERCISES[name]
    text = student_file(name, exercise, student)
    assert max(map(len, text.splitlines())) <= 100 and "Solution" not in text
    names = {}
    exec(text, names)
    assert names["EXERCISE"] == name and names["STUDENT"] == student and names.get("show") == (None if exercise.numba else {})
    for part in exercise.parts:
        if part.stub:
            assert all(callable(names[function]) for function in asked(part))
            for node in ast.parse(text).body:
                if isinstance(node, ast.FunctionDef) and node.name in asked(part):
                    assert isinstance(node.body[-1], ast.Raise) and node.body[-1].exc.func.id == "NotImplementedError"
            continue
        forward, backward = names[f"{part.name}_forward"], names[f"{part.name}_backward"]
        for function in (forward, backward):
            with pytest.raises(NotImplementedError, match=function.__name__):
                function(*[None] * function.__code__.co_argcount)
        assert all(line in re.sub("^    ", "", forward.__doc__, flags=re.M) for line in part.equations(dialect_of(student)).splitlines())
        assert backward.__code__.co_varnames[:backward.__code__.co_argcount] == (*(f"d{out}" for out in part.outputs), "cache", *(f"d{p}" for p in part.params))


NUMERICAL = """
def numerical_gradient(a):
    h, out = 1e-5, np.zeros_like(a)
    for i in np.ndindex(a.shape):
        up, down = a.copy(), a.copy()
        up[i] += h
        down[i] -= h
        out[i] = (f(up) - f(down)) / (2 * h)
    return out
"""


@pytest.mark.parametrize("old, new, kind", [
    ("", "", ""), ("        down[i] -= h\n", "", "one-sided differences"), ("(2 * h)", "h", "factor: 2 times"), ("1e-5", "1e-2", "one-sided differences"), ("1e-5", "1e-13", "one-sided differences"),
    ("f(up) - f(down)", "f(down) - f(up)", "sign: of all of it"), ("a.copy(), a.copy()", "a, a.copy()", "changed in place"), ("return out", "return out.ravel()", "shape"),
    ("return out", "return None", "error"), ("out[i] =", "out[...] =", "wrong")])
@pytest.mark.parametrize("candidate", FUNCTIONS)
def test_numerical_gradients(old, new, kind, candidate):
    part, dialect = EXERCISES["differences"].parts[0], PAPER._replace(candidate=candidate)
    if old == "        down[i] -= h\n":
        source = NUMERICAL.replace(old, "").replace("(2 * h)", "h")
    else:
        source = NUMERICAL.replace(old, new)
    assert source != NUMERICAL or not old
    found = check_part(Local("import numpy as np" + part.stub(dialect).partition("def numerical")[0] + source), part, dialect, np.random.default_rng(0))
    assert [f.kind for f in found] == [kind] * bool(kind)
    assert all(not re.search(r"\d\.\d", f.hidden) for f in found)


def test_exercise_and_check(tmp_path, capsys):
    assert main(["exercise", "--list"]) == 0
    listed = [line.split()[0] for line in capsys.readouterr().out.splitlines() if line.strip()]
    assert set(EXERCISES) <= set(listed) and {"a1", "a8"} <= set(listed)
    out = tmp_path / "home work"
    assert main(["exercise", "cross_entropy", "--out", str(out), "--student", "ada"]) == 0
    path = out / "cross_entropy.py"
    said = capsys.readouterr().out
    assert said.startswith(f"{path}: 2 functions to write; then: tinydmn check {path}") and "not the paper's" not in said
    assert main(["exercise", "cross_entropy", "--out", str(out)]) == 2 and "cross_entropy.py" in capsys.readouterr().err
    handed_out = path.read_text(encoding="utf-8")
    assert main(["check", str(path), "--steps"]) == 2
    assert capsys.readouterr().err.startswith("tinydmn check: cross_entropy_forward: NotImplementedError: write cross_entropy_forward (line ")
    assert main(["check", str(path)]) == 1
    assert "NotImplementedError: write cross_entropy_forward" in " ".join(capsys.readouterr().out.split())
    head = handed_out.partition("def ")[0]
    path.write_text(head + RIGHT, encoding="utf-8")
    assert main(["check", str(path)]) == 0
    assert capsys.readouterr().out == "cross_entropy: right: forward as the equations, every derivative as by differences\n"
    assert main(["check", str(path), "--steps"]) == 0 and "exact" in capsys.readouterr().out
    path.write_text(head + RIGHT.replace("-= 1", "+= 1"), encoding="utf-8")
    assert main(["check", str(path), "--json"]) == 1
    figures = json.loads(capsys.readouterr().out)
    assert figures["exercise"] == "cross_entropy" and not figures["right"] and "ds" in figures["findings"][0]["text"]


@pytest.mark.parametrize("text, error", [
    (None, "No such file"), ("x = (", "line 1: not Python"), (b"\xff\xfe", "no text in UTF-8"), ("x = 1", "does not say which exercise"), ('EXERCISE = "knitting"', "no exercise 'knitting'")])
def test_a_file_that_cannot_be_checked(tmp_path, capsys, text, error):
    path = tmp_path / "mine.py"
    if text is not None:
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    assert main(["check", str(path)]) == 2
    said = capsys.readouterr().err
    assert error in said and said.startswith("tinydmn check: ") and said.count("\n") == 1


def test_what_has_no_steps_and_what_is_graded_by_hand(monkeypatch, tmp_path, capsys):
    path = tmp_path / "differences.py"
    assert main(["exercise", "differences", "--out", str(tmp_path)]) == 0
    assert main(["check", str(path), "--steps"]) == 0 and "`show` is empty" in capsys.readouterr().out
    monkeypatch.setitem(ASSIGNMENTS, "a8", ASSIGNMENTS["a8"]._replace(exercises=(), points={}))
    assert main(["grade", "a8", str(path)]) == 2
    assert capsys.readouterr().err == "tinydmn grade: a8: is graded by hand alone; its handout and the teacher's guide say how\n"


def refused(capsys, *words):
    """The one line of a command that a mistake of the user's ends."""
    capsys.readouterr()
    try:
        code = main([*map(str, words)])
    except SystemExit as error:
        code = error.code
    said = capsys.readouterr()
    assert code == 2 and not said.out and said.err.count("\n") == 1, said
    return said.err


@pytest.mark.parametrize("whose", ["", " ", "two\nlines", "n" * 101])
def test_whose_equations_is_a_name(capsys, tmp_path, whose):
    """A variable of the shell that is not set is none: all would get the same."""
    file, out = tmp_path / "mine.py", tmp_path / "out.zip"
    file.write_text('EXERCISE = "gru_cell"', encoding="utf-8")
    for words in (["exercise", "a2", "--out", tmp_path / "new"], ["check", file], ["grade", "a2", file], ["autograder", "a2", "--out", out, "--without-numpy"]):
        assert "give a name or a number, of 100 letters at most" in refused(capsys, *words, "--student", whose)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.py"]


def test_a_place_that_is_none_is_one_line(capsys, tmp_path):
    os.mkfifo(tmp_path / "pipe.py")
    assert "is no file" in refused(capsys, "check", tmp_path / "pipe.py") and "is no file" in refused(capsys, "check", tmp_path)
    assert "ends in .zip" in refused(capsys, "autograder", "a2", "--out", "") and "ends in .zip" in refused(capsys, "autograder", "a2", "--out", tmp_path / "a.txt")
    (tmp_path / "a.zip").mkdir()
    assert "is a folder" in refused(capsys, "autograder", "a2", "--out", tmp_path / "a.zip")
    assert main(["grade", "a2", str(tmp_path / "pipe.py")]) == 0 and "cannot be loaded: is no file" in capsys.readouterr().out


def test_a_file_may_begin_with_a_mark(capsys, tmp_path):
    """As some editors write UTF-8."""
    file = tmp_path / "mine.py"
    file.write_bytes(b'\xef\xbb\xbfEXERCISE = "cross_entropy"\nimport numpy as np\nshow = {}\n' + RIGHT.encode())
    assert main(["check", str(file)]) == 0 and "right" in capsys.readouterr().out


@pytest.mark.parametrize("name", [name for name, exercise in EXERCISES.items() if not exercise.parts[0].stub])
def test_a_stub_offers_steps_that_can_be_checked(name):
    for part in EXERCISES[name].parts:
        for dialect in (PAPER, dialect_of("ada")):
            case = make_case(part, dialect, np.random.default_rng(0))
            for step in steps_of(part, dialect):
                assert derivative_at(part, dialect, case.arrays, case.douts, step) is not None
                assert re.search(rf"\b{step}\b", part.equations(dialect))
    assert {"z", "r", "h_tilde", "a_h"} <= set(steps_of(EXERCISES["gru_cell"].parts[0], PAPER)) and "keep" not in steps_of(EXERCISES["gru_cell"].parts[0], PAPER)
