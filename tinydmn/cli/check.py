"""check a student's file: every derivative against differences of its own forward

examples:
  tinydmn check gru_cell.py
  tinydmn check gru_cell.py --steps      the derivatives in the file's dict `show`, one by one

The file runs in a process of its own.  It takes seconds; a7, which trains a
network on the file's functions, a minute, and a8, which compiles them, a
quarter of one.  Exit code 0 where all is right, 1 where not.
"""

from pathlib import Path

import numpy as np

from ..course.catalogue import exercise, said_by
from ..course.checking import check_part, check_shown
from ..course.dialect import dialect_of
from ..course.grade import Timed
from ..course.session import Session
from ..errors import UserError
from ..terminal import wrap
from .common import add_json, add_seed, print_json, student

SECONDS = 10.0                 # of each part that says nothing else
SAYS = {"unknown": "not in the equations", "several": "one at each step, or none: not checked",
        "shape": "not of the shape of what it is the derivative in"}


def add_arguments(parser):
    parser.add_argument("file", metavar="FILE", help="as tinydmn exercise wrote it, filled in")
    parser.add_argument("--exercise", metavar="NAME", help="where the file does not say which")
    parser.add_argument("--student", type=student, metavar="SEED",
                        help="whose equations (default: as the file says, or the paper's)")
    parser.add_argument("--steps", action="store_true",
                        help='the derivatives in `show`: exact, close or wrong')
    add_seed(parser)
    add_json(parser)


def run(args):
    path = Path(args.file)
    name, whose = said_by(path)
    name, whose = args.exercise or name, args.student or whose
    if not name:
        raise UserError(f'{path}: does not say which exercise it is; EXERCISE = "gru_cell", or '
                        "--exercise NAME")
    found, dialect = exercise(name), dialect_of(whose)
    with Session(path, SECONDS, numba=found.numba) as session:
        if args.steps:
            return steps(session, found, dialect, args)
        findings, said = {}, {part.name: [] for part in found.parts}
        for part in found.parts:
            timed = Timed(session, max(SECONDS, part.seconds))
            findings[part.name] = check_part(timed, part, dialect,
                                             np.random.default_rng(args.seed),
                                             said[part.name].append)
            if not args.json:
                show(part, findings[part.name], said[part.name])
    wrong = sum(map(len, findings.values()))
    if args.json:
        print_json({"exercise": name, "right": not wrong, "findings": [
            one._asdict() for part in findings.values() for one in part]})
    return int(wrong > 0)


def show(part, findings, said):
    """What is wrong, or that nothing is; said: what the check has measured."""
    if not findings:
        print(f"{part.name}: right: {'; '.join(said) or part.right}", flush=True)
    for one in findings:
        print(*wrap(str(one)), sep="\n", flush=True)


def steps(session, found, dialect, args):
    """A line for each derivative in `show`."""
    rows = [(part.name, *row) for part in found.parts
            for row in check_shown(session, part, dialect, np.random.default_rng(args.seed))]
    if args.json:
        print_json([dict(zip(("part", "name", "verdict", "difference"), row)) for row in rows])
    elif not rows:
        print('`show` is empty; write, say, show["dz"] = dz in a backward')
    else:
        for part, name, verdict, apart in rows:
            text = SAYS.get(verdict) or f"largest difference {apart:.1e}"
            print(f"{part:16}{name:14}{verdict:9}{text}".rstrip())
    return int(any(row[2] in ("wrong", "shape") for row in rows))
