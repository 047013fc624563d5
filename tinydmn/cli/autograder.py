"""make the archive with which Gradescope grades an assignment

example:
  tinydmn autograder a2 --out autograder.zip    then upload it as the autograder

It installs without a network: this package lies in it as a wheel, and NumPy's
wheel too where pip can get it (of a7 SciPy's, of a8 Numba's as well).  Python
3.11 or newer must be there (choose such an image), and NumPy and the others
where their wheels are not in the archive.
"""

from pathlib import Path

from ..course.autograder import make, titles, wanted
from ..course.grade import SECONDS, Grader
from ..errors import UserError
from ..writing import check_place, write_whole
from .common import add_seed, number, student
from .grade import find


def add_arguments(parser):
    parser.add_argument("assignment", metavar="NAME", help="of the assignment: a1, a2, ...")
    parser.add_argument("--out", required=True, metavar="FILE", help="the archive: a .zip")
    parser.add_argument("--overwrite", action="store_true", help="replace a file of this name")
    parser.add_argument("--python", choices=("3.11", "3.12", "3.13", "3.14"), default="3.12",
                        help="Python of the image, for NumPy's wheel (default 3.12)")
    parser.add_argument("--without-numpy", action="store_true",
                        help="do not ask pip for NumPy's wheel, nor for others: they are in the "
                             "image")
    parser.add_argument("--seconds", type=number(float, above=0, most=3600), default=SECONDS,
                        metavar="N", help=f"for each part (default {SECONDS})")
    parser.add_argument("--student", type=student, metavar="SEED",
                        help="whose equations: the seed that tinydmn exercise was given (default: "
                             "the paper's)")
    add_seed(parser)


def run(args):
    assignment = find(args.assignment)
    if Path(args.out).suffix.lower() != ".zip":
        raise UserError(f"{args.out}: an archive's name ends in .zip; change its ending")
    check_place(args.out, args.overwrite)
    grader = Grader(assignment, args.seed, args.student, args.seconds)
    raw, has_numpy = make(grader, args.python, not args.without_numpy)
    write_whole(args.out, raw)
    names = titles(wanted(assignment))
    numpy = (f"with {names} for Python {args.python}" if has_numpy
             else f"without {names}, which must be installed in the image")
    print(f"{Path(args.out)}: {assignment.title}, {assignment.most} points; {numpy}")
