"""write the student's file of an exercise: stubs, equations, an example in numbers

examples:
  tinydmn exercise --list
  tinydmn exercise gru_cell --out homework/                 then: tinydmn check homework/gru_cell.py
  tinydmn exercise gru_cell --out homework/ --student ada   other equations of the same kind, ada's own
"""

from pathlib import Path

from ..course.catalogue import EXERCISES, exercise
from ..course.stub import others, student_file
from ..errors import UserError
from ..writing import check_place, write_whole
from .common import counted


def add_arguments(parser):
    parser.add_argument("name", nargs="?", metavar="NAME", help="of the exercise; see --list")
    parser.add_argument("--out", metavar="DIR", help="folder; made where there is none")
    parser.add_argument("--student", metavar="SEED",
                        help="a name or number: equations that no source has the answer to, the "
                             "same each time (default: the paper's)")
    parser.add_argument("--overwrite", action="store_true", help="replace a file of the same name")
    parser.add_argument("--list", action="store_true", help="print the exercises")


def run(args):
    if args.list:
        for name, one in EXERCISES.items():
            print(f"{name:18}{one.title}")
        return
    if not args.name or not args.out:
        raise UserError("give an exercise and --out DIR, or --list")
    found, path = exercise(args.name), Path(args.out) / f"{args.name}.py"
    check_place(path, args.overwrite)
    write_whole(path, student_file(args.name, found, args.student))
    print(f"{path}: {counted(2 * len(found.parts), 'function')} to write; "
          f"then: tinydmn check {path}")
    for line in others(args.student):
        print(f"  not the paper's: {line}")
