"""write an assignment's handout and file, or an exercise's file: stubs, equations, an example

examples:
  tinydmn exercise --list
  tinydmn exercise a2 --out homework/          a2.md and a2.py; then: tinydmn check homework/a2.py
  tinydmn exercise gru_cell --out homework/    gru_cell.py alone
  tinydmn exercise a2 --out ada/ --student ada     other equations of the same kind, ada's own
"""

import re
from pathlib import Path

from ..course.assignments import ASSIGNMENTS
from ..course.catalogue import EXERCISES, exercise
from ..course.stub import check_holes, others, student_file
from ..errors import UserError
from ..writing import check_place, write_whole
from .common import counted, student
from .lessons import folder


def add_arguments(parser):
    parser.add_argument("name", nargs="?", metavar="NAME",
                        help="of the assignment or the exercise; see --list")
    parser.add_argument("--out", metavar="DIR", help="folder; made where there is none")
    parser.add_argument("--student", type=student, metavar="SEED",
                        help="a name or number: equations that no source has the answer to, the "
                             "same each time (default: the paper's)")
    parser.add_argument("--overwrite", action="store_true", help="replace files of the same name")
    parser.add_argument("--list", action="store_true", help="print assignments and exercises")


def run(args):
    if args.list:
        return print_list()
    if not args.name or not args.out:
        raise UserError("give an assignment or an exercise and --out DIR, or --list")
    assignment = ASSIGNMENTS.get(args.name)
    files, found, path = {}, None, Path(args.out) / f"{args.name}.py"
    if assignment:
        files[path.with_suffix(".md")] = handout(args.name)
    if not assignment or assignment.exercises:
        found = exercise(args.name)
        files[path] = student_file(args.name, found, args.student)
        check_holes(files[path], found)
    for one in files:                                      # all or none
        check_place(one, args.overwrite)
    for one, text in files.items():
        write_whole(one, text)
    if assignment:
        print(f"{path.with_suffix('.md')}: what to do, about {counted(assignment.hours, 'hour')}")
    if found:
        print(f"{path}: {counted(files[path].count('raise NotImplementedError('), 'function')} to "
              f"write; then: tinydmn check {path}")
        for line in others(found, args.student):
            print(f"  not the paper's: {line}")


def print_list():
    for name, one in ASSIGNMENTS.items():
        print(f"{name:18}{one.title}")
    for name, one in EXERCISES.items():
        print(f"{name:18}{one.title}")


def handout(name):
    """-> the text of an assignment's handout, to be read away from the lessons: a link to a file
    of theirs becomes its name.

    Raises UserError where it is missing.
    """
    path = folder() / "assignments" / f"{name}.md"
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise UserError(f"{path}: {error.strerror or error}; install tinydmn again") from None
    return re.sub(r"\[([^]]+)\]\(\.\./([^)/]+)\)", r"\1 (`\2`)", text)
