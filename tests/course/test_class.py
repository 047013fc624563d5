"""A class, by the one command: killed half-way, gone on with, and every part of every file with the points known beforehand."""

import csv
import io
import os
import re
import sys
from pathlib import Path

import pytest

from . import a_class
from .solutions import FAST, PARTS, WHOLE, right
from .wrong import wrong

pytestmark = pytest.mark.skipif(os.name == "nt" or sys.platform == "darwin", reason="reads /proc")
RESULTS = Path(__file__).parents[1] / "RESULTS.md"


def test_a_small_class(tmp_path):
    problems, figures = a_class.run(a_class.made(tmp_path / "a", "a2", 10, False, quick=True))
    assert not problems, problems
    assert figures.startswith("a2: 10 files in ")


@pytest.mark.slow
@pytest.mark.parametrize("assignment, paper", [("a2", False), ("a2", True), ("a4", False), ("a5", True), ("a6", False)])
def test_a_class_of_200(tmp_path, assignment, paper):
    one = a_class.made(tmp_path / "a", assignment, 200, paper)
    assert sum(member.what.startswith("hostile/") for member in one.members) >= 20
    problems, figures = a_class.run(one)
    print(figures)
    assert not problems, problems


def test_what_does_not_hold_is_told(tmp_path):
    """Of a run that has not been: there is nothing, and that is not right."""
    one = a_class.made(tmp_path / "a", "a5", 6, True, quick=True)
    (one.folder / "first.err").touch()
    (one.folder / "second.err").write_text("[1/6] s000.py: 1 of 12 points\n")
    (one.folder / "second.out").write_text("{}")
    (one.folder / "out").mkdir()
    (one.folder / "class" / "s000.py").write_text("")
    (one.folder / "more").touch()
    (one.folder / "tmp" / "decoy.txt").unlink()
    (one.folder / "tmp" / "decoy.txt").write_text("x")
    problems = one.problems({"s000": (0, b'{"failed": "OSError: x"}')}, 3)
    for says in ("exit code 3", "the kill came when 1 of 6 were there", "graded again: ['s000']", "s000: could not be graded before the kill: OSError: x", "s000: its result was written again", "no results in JSON", "s000.py", "decoy.txt",
                 "more than there should be: ['more']"):
        assert any(says in problem for problem in problems), says
    (one.folder / "second.out").write_text('{"submissions": []}')
    (one.folder / "points.csv").write_text("submission\n")
    assert len(one.points()) == 6 and "None in JSON, None in CSV, should be (" in one.points()[0]


EVERY = [*PARTS, *WHOLE, *FAST]


def test_the_table_in_the_docs_is_of_these_files():
    text = RESULTS.read_text(encoding="utf-8")
    table = text.partition("python -m tests.course.table")[2]
    rows = {row["part"].strip(): row for row in csv.DictReader(io.StringIO("\n".join(
        re.sub(r" *\| *", "|", line).strip("|") for line in table.splitlines() if line.startswith("|") and not line.startswith("|---"))), delimiter="|") if row["part"] in EVERY}
    assert [*rows] == [*EVERY]
    for part, row in rows.items():
        r, passed, n, found, named = (int(row[key]) for key in ("right", "pass", "wrong", "found", "named"))
        assert (r, n) == (len(right(part)), len(wrong(part))) and r == passed and n == found, part
        assert named <= n and row["share"] == f"{100 * named / n:.0f} %" and named >= 0.9 * n, part
    assert f"{sum(len(wrong(part)) for part in EVERY)} wrong files" in text
