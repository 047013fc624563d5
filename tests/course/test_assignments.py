"""Assignments: what is handed out is holes and a handout that is true."""

import ast
import re
import shlex

import numpy as np
import pytest

from tinydmn.cli import COMMANDS, main, parser
from tinydmn.cli import exercise as command
from tinydmn.cli.lessons import folder
from tinydmn.course.assignments import ASSIGNMENTS
from tinydmn.course.catalogue import EXERCISES, exercise, said_by
from tinydmn.course.dialect import PAPER, dialect_of
from tinydmn.course.part import asked
from tinydmn.course.stub import check_holes, others, student_file
from tinydmn.errors import UserError

PLACE = folder() / "assignments"
HANDOUTS = {name: (PLACE / f"{name}.md").read_text(encoding="utf-8") for name in ASSIGNMENTS}
GUIDE = (PLACE / "teacher.md").read_text(encoding="utf-8")
GRADED = [name for name, one in ASSIGNMENTS.items() if one.exercises]
TOTAL, OF_QUESTIONS = 20, 8    # points of an assignment
ROW = re.compile(r"^\| (?:`(\w+)`)?[^|]*\| (\d+) \| (the command|hand) \|$", re.M)


def write(*words):
    return main(["exercise", *map(str, words)])


# ---- the table -----------------------------------------------------------------------------------

def test_eight_assignments_in_their_order():
    assert list(ASSIGNMENTS) == [f"a{i}" for i in range(1, 9)]
    assert all(one.name == name for name, one in ASSIGNMENTS.items())
    assert sorted(path.stem for path in PLACE.glob("*.md")) == [*ASSIGNMENTS, "teacher"]


@pytest.mark.parametrize("name", ASSIGNMENTS)
def test_every_part_that_has_points_is_in_the_catalogue(name):
    one = ASSIGNMENTS[name]
    parts = [part for each in one.exercises for part in EXERCISES[each].parts]
    assert list(one.points) == [part.name for part in parts]                               # and none that has no points
    assert one.parts == tuple((part, one.points[part.name]) for part in parts)
    assert one.most == sum(one.points.values()) and all(points > 0 for points in one.points.values())


@pytest.mark.parametrize("name", GRADED)
def test_an_assignment_is_an_exercise_of_all_its_parts(name):
    one, found = ASSIGNMENTS[name], exercise(name)
    assert found.title == one.title and found.parts == tuple(part for part, _ in one.parts)


def test_an_unknown_name_is_told_what_there_is():
    with pytest.raises(UserError, match="no exercise 'a9'; there are .*gru_cell, .*a1, .*a8"):
        exercise("a9")


def test_an_assignment_that_is_graded_by_hand_alone(monkeypatch, tmp_path, capsys):
    monkeypatch.setitem(ASSIGNMENTS, "a2", ASSIGNMENTS["a2"]._replace(exercises=(), points={}))
    assert write("a2", "--out", tmp_path) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["a2.md"] and "a2.py" not in capsys.readouterr().out
    with pytest.raises(UserError, match="a2: is graded by hand alone"):
        exercise("a2")


# ---- what is handed out --------------------------------------------------------------------------

@pytest.mark.parametrize("student", (None, "ada", "bo"))
@pytest.mark.parametrize("name", GRADED)
def test_a_student_is_handed_a_handout_and_holes(name, student, tmp_path, capsys):
    out = tmp_path / "of" / "one"
    assert write(name, "--out", out, *["--student", student] * bool(student)) == 0
    said = capsys.readouterr().out
    assert sorted(path.name for path in out.iterdir()) == [f"{name}.md", f"{name}.py"]
    assert said_by(out / f"{name}.py") == (name, student)
    text = (out / f"{name}.py").read_text(encoding="utf-8")
    holes = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Raise)]
    assert f"{len(holes)} functions to write" in said and f"about {ASSIGNMENTS[name].hours} hours" in said
    assert f"tinydmn check {name}.py" in text and max(map(len, text.splitlines())) <= 100
    assert all(line in said for line in others(exercise(name), student))


@pytest.mark.parametrize("student", (None, "ada"))
@pytest.mark.parametrize("name", GRADED)
def test_a_stub_is_the_same_as_in_its_exercise_alone(name, student):
    """Its worked example too: sizes of one exercise do not leak into another's."""
    text = student_file(name, exercise(name), student)
    for each in ASSIGNMENTS[name].exercises:
        alone = student_file(each, EXERCISES[each], student)
        assert alone.partition("def ")[2] in text


def test_nothing_is_replaced_and_all_is_written_or_none(tmp_path, capsys):
    (tmp_path / "a2.py").write_text("mine", encoding="utf-8")
    assert write("a2", "--out", tmp_path) == 2
    assert "a2.py: exists already" in capsys.readouterr().err and not (tmp_path / "a2.md").exists()
    assert write("a2", "--out", tmp_path, "--overwrite") == 0 and (tmp_path / "a2.md").exists()
    assert (tmp_path / "a2.py").read_text(encoding="utf-8") != "mine"


def test_the_list(capsys):
    assert write("--list") == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == [*ASSIGNMENTS, *EXERCISES]
    assert all(one.title in lines[i] for i, one in enumerate([*ASSIGNMENTS.values(), *EXERCISES.values()]))


def test_nothing_asked_is_one_line(capsys):
    assert write() == 2 and write("a2") == 2
    assert capsys.readouterr().err.count("give an assignment or an exercise and --out DIR, or --list") == 2


RIGHT = student_file("gru_cell", EXERCISES["gru_cell"])
HOLE = '    raise NotImplementedError("write gru_cell_backward")\n'


@pytest.mark.parametrize("old, new, says", [
    (HOLE, "    return dh, dh\n", "gru_cell_backward is no hole"),                         # a solution
    (HOLE, "    dx = dh @ cache\n" + HOLE, "gru_cell_backward is no hole"),                # left half in
    (HOLE, HOLE + "    return dh, dh\n", "gru_cell_backward is no hole"),
    (HOLE, "    pass\n", "gru_cell_backward is no hole"),
    (HOLE, HOLE.replace("NotImplementedError", "ValueError"), "gru_cell_backward is no hole"),
    ("def gru_cell_backward", "def gru_cell_back", "gru_cell_backward: no hole for it"),
    (HOLE, HOLE + "\n\ndef sigmoid(a):\n    return 1 / (1 + np.exp(-a))\n", "sigmoid is no hole"),
    ("import numpy as np\n", "import numpy as np\nsolution = lambda dh: dh\n", "stands outside the holes"),
    ("import numpy as np\n", "from tinydmn import ops\n", "stands outside the holes"),
    ("import numpy as np\n", "import numpy as np\nshow_me = {'dz': 1}\n", "stands outside the holes"),
    (HOLE, HOLE + "\n\nclass Solution:\n    pass\n", "stands outside the holes"),
])
def test_a_planted_solution_is_not_handed_out(monkeypatch, tmp_path, capsys, old, new, says):
    assert RIGHT.count(old) >= 1
    monkeypatch.setattr(command, "student_file", lambda *_: RIGHT.replace(old, new))
    assert write("a2", "--out", tmp_path) == 2
    error = capsys.readouterr().err
    assert says in error and error.count("\n") == 1 and not [*tmp_path.iterdir()]


def test_a_given_function_is_no_solution():
    given = RIGHT + '\n\ndef f(a):\n    """Given: a smooth function."""\n    return float(np.sum(a * a))\n'
    check_holes(given, EXERCISES["gru_cell"])
    one = EXERCISES["gru_cell"].parts[0]._replace(name="numerical_gradient", asks=("numerical_gradient",))               # a part of one function
    hole = '\n\ndef numerical_gradient(a):\n    """-> the derivative."""\n    raise NotImplementedError\n'
    check_holes(RIGHT + hole, EXERCISES["gru_cell"]._replace(parts=(one,)))


def test_a_missing_handout_is_one_line(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(command, "folder", lambda: tmp_path)
    assert write("a2", "--out", tmp_path / "out") == 2
    assert "a2.md: No such file or directory; install tinydmn again" in capsys.readouterr().err


def test_what_is_not_the_papers_is_said_where_it_matters():
    assert others(EXERCISES["gru_cell"], None) == [] == others(EXERCISES["cross_entropy"], "ada")
    for name in ("ada", "bo", "eva"):
        dialect = dialect_of(name)
        differ = lambda fields: [field for field in fields if getattr(dialect, field) != getattr(PAPER, field)]
        named = lambda of: [line.partition(":")[0] for line in others(EXERCISES[of], name)]
        assert named("gru_cell") == differ(("reset", "keep", "candidate")) != []
        assert named("gate") == differ(("distance", "likeness")) != []
    assert any(line == "keep: (1 - z) * h_prev + z * h_tilde" for line in others(EXERCISES["gru"], "ada"))


def test_a_handed_out_file_fails_its_check(tmp_path, capsys):
    pytest.importorskip("tinydmn.course.session")
    assert write("a5", "--out", tmp_path) == 0
    capsys.readouterr()
    assert main(["check", str(tmp_path / "a5.py")]) == 1
    said = " ".join(capsys.readouterr().out.split())
    assert said.count("NotImplementedError") == 2 and "softmax_episode_forward" in said and "gated_episode_forward" in said


# ---- the handouts --------------------------------------------------------------------------------

@pytest.mark.parametrize("name", ASSIGNMENTS)
def test_a_handout_has_all_its_sections(name):
    text, one = HANDOUTS[name], ASSIGNMENTS[name]
    assert text.startswith(f"# {name}. {one.title}\n") and f"About {one.hours} hours." in text
    assert re.findall("^## (.*)$", text, re.M) == ["What", "Why", "Equations and shapes", "Steps", "Check", "Points", "Questions"]
    assert f"Hand in: `{name}.py`" in text and re.search(r"\]\(\.\./\d\d", text)
    assert max(len(line) for line in text.splitlines() if not line.lstrip().startswith("|")) <= 100


@pytest.mark.parametrize("name", ASSIGNMENTS)
def test_the_points_of_a_handout_are_those_of_the_command(name):
    rows = ROW.findall(HANDOUTS[name])
    assert {part: int(points) for part, points, by in rows if by == "the command"} == ASSIGNMENTS[name].points
    assert sum(int(points) for _, points, _ in rows) == TOTAL and ("", str(OF_QUESTIONS), "hand") in rows
    assert (f"tinydmn check {name}.py" in HANDOUTS[name]) == bool(ASSIGNMENTS[name].exercises)


@pytest.mark.parametrize("name", ASSIGNMENTS)
def test_every_question_has_its_rubric(name):
    questions = re.findall(r"^(\d)\. ", HANDOUTS[name].split("## Questions")[1], re.M)
    assert questions == ["1", "2", "3", "4"]
    rubrics = re.findall(rf"^\| {name}\.(\d) \| ([^|]+) \| ([^|]+) \|$", GUIDE, re.M)
    assert [number for number, *_ in rubrics] == questions
    assert 2 * len(questions) == OF_QUESTIONS


@pytest.mark.parametrize("name", ASSIGNMENTS)
def test_a_handout_holds_no_solution(name):
    """Code in it is given to run, and defines none of what is asked."""
    functions = {name for one in EXERCISES.values() for part in one.parts for name in asked(part)}
    for block in re.findall(r"```python\n(.*?)```", HANDOUTS[name], re.S):
        defined = {node.name for node in ast.walk(ast.parse(block)) if isinstance(node, ast.FunctionDef)}
        assert not defined & functions


@pytest.mark.parametrize("name", [*ASSIGNMENTS, "teacher"])
def test_its_links_lead_somewhere(name):
    text = re.sub(r"```.*?```", "", HANDOUTS.get(name, GUIDE), flags=re.S)
    links = re.findall(r"\]\(([^)]+)\)", text)
    assert links and all((PLACE / link).exists() for link in links), links
    if name != "teacher":                                  # handed out there is nothing to link to: names instead
        assert "](.." not in command.handout(name) and re.search(r"\(`\d\d\w+\.py`\)", command.handout(name))


def commands_in(text):
    """Each `tinydmn ...` line of the shell blocks -> its words."""
    lines = [line.strip() for block in re.findall(r"```sh\n(.*?)```", text, re.S) for line in block.splitlines()]
    return [shlex.split(line, comments=True)[1:] for line in lines if line.startswith("tinydmn ")]


@pytest.mark.parametrize("words", [words for text in (*HANDOUTS.values(), GUIDE) for words in commands_in(text)], ids=" ".join)
def test_a_command_in_a_handout_or_in_the_guide_is_one(words):
    if words[0] not in COMMANDS:
        pytest.importorskip(f"tinydmn.cli.{words[0]}")
    parser().parse_args(words)


def test_the_guide_maps_every_lesson_and_assignment_to_a_week():
    weeks = GUIDE.split("## Ten weeks")[1].split("\n## ")[0]
    assert re.findall(r"^\| (\d+) \|", weeks, re.M) == [str(i) for i in range(1, 11)]
    assert set(re.findall(r"\.\./(\w+\.py)", weeks)) == {path.name for path in folder().glob("[0-9]*.py")}
    assert re.findall(r"\]\((a\d)\.md\)", weeks) == list(ASSIGNMENTS)
    hours = re.findall(r"\]\((a\d)\.md\).*\| (\d+) \|$", weeks, re.M)
    assert {name: int(number) for name, number in hours} == {name: one.hours for name, one in ASSIGNMENTS.items()}


def test_the_guides_example_of_a_further_assignment():
    line, = re.findall(r"^    (Assignment\(.*\)),$", GUIDE, re.M)
    from tinydmn.course.assignments import Assignment
    one = eval(line, {"Assignment": Assignment})
    assert one.exercises == tuple(one.points) and one.name not in ASSIGNMENTS


# ---- what the guide says of numbers --------------------------------------------------------------

def test_the_rubric_of_the_kink():
    slope = (abs(4e-6 + 1e-5) - abs(4e-6 - 1e-5)) / 2e-5
    assert slope == pytest.approx(0.4) and "| a4.2 | 0.4," in GUIDE


@pytest.mark.parametrize("dtype, low, high, digits", [(np.float64, 1e-6, 1e-4, 9), (np.float32, 1e-3, 3e-2, 3)])
def test_the_rubric_of_the_best_step(dtype, low, high, digits):
    """Of the sine, whose third derivative is of its own size: the worst of many places."""
    x, steps = np.linspace(0.5, 1.0, 200).astype(dtype), 10.0 ** np.arange(-7, -0.5, 0.5)
    slope = lambda h: (np.sin(x + dtype(h)) - np.sin(x - dtype(h))) / dtype(2 * h)
    errors = [np.abs(slope(h) - np.cos(x.astype(np.float64))).max() for h in steps]
    assert low <= steps[np.argmin(errors)] <= high and min(errors) < 10.0 ** -digits
    assert dtype == np.float64 or errors[np.argmin(np.abs(np.log10(steps) + 5))] > 0.002                 # and where float64 is at its best
