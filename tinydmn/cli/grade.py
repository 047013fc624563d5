"""grade students' files of an assignment: one, or a class in a folder

examples:
  tinydmn grade a2 mine.py                      points of each part, what is wrong
  tinydmn grade a2 class/ --out graded/         a JSON for each file, and graded/grades.csv
  tinydmn grade a2 class/ --out graded/ --resume    goes on where it was interrupted

A class's folder holds a .py file, or a folder with one, for each student; a
folder with a single .py is one submission.  A file runs in a process of its own,
limited in time, memory and output; what that does not promise:
tinydmn/course/session.py.  Choose your own --seed and keep it.
"""

import sys
from pathlib import Path

from .. import threads
from ..course import formats
from ..course.assignments import ASSIGNMENTS
from ..course.grade import SECONDS, Grader, grade_all, is_one, kept, kept_at, submissions
from ..errors import UserError, kind_of, notice
from ..terminal import shown, wrap
from ..writing import check_place, write_whole
from .common import add_json, add_seed, counted, number, print_json, student


def add_arguments(parser):
    parser.add_argument("assignment", metavar="NAME", help="of the assignment: a1, a2, ...")
    parser.add_argument("path", metavar="FILE|FOLDER",
                        help="one student's file, or a class's folder")
    for name, (_, meaning) in formats.FORMATS.items():
        parser.add_argument(f"--{name}", metavar="F",
                            help=f"of one submission: write {meaning} as F")
    parser.add_argument("--csv", metavar="F", help="write a table as F, a line for each submission")
    parser.add_argument("--out", metavar="DIR",
                        help="folder for a JSON of each submission, and grades.csv")
    parser.add_argument("--resume", action="store_true",
                        help="leave what --out holds of the same files as it is")
    parser.add_argument("--jobs", type=number(least=1, most=1024), metavar="N",
                        help="files at a time (default: the cores, or TINYDMN_THREADS)")
    parser.add_argument("--seconds", type=number(float, above=0, most=3600), default=SECONDS,
                        metavar="N", help=f"for each part (default {SECONDS}; a7's network and "
                                          "a8 have more)")
    parser.add_argument("--student", type=student, metavar="SEED",
                        help="whose equations: the seed that tinydmn exercise was given (default: "
                             "the paper's); with --by-name each file's own name is the seed")
    parser.add_argument("--by-name", action="store_true", help="see --student")
    add_seed(parser)
    add_json(parser)


def run(args):
    assignment = find(args.assignment)
    if kind_of(args.path) is None:
        raise UserError(f"{args.path}: no such file or folder; give a student's file, or a class's "
                        "folder")
    check_options(args)
    path = Path(args.path)
    single = any(getattr(args, name) for name in formats.FORMATS) or is_one(path)
    paths = {path.resolve().name: path} if single else submissions(path)
    grader = Grader(assignment, args.seed, args.student, args.seconds, args.by_name)
    done = {}
    if args.resume:
        done = {name: report for name, path in paths.items()
                if (report := kept(grader, path, kept_at(args.out, name)))}
    waiting = {name: path for name, path in paths.items() if name not in done}
    jobs = min(args.jobs or threads.count(), max(1, len(waiting)))
    try:
        with Bar(len(paths), len(done), not single) as bar:
            done |= grade_all(grader, waiting, jobs, args.out, bar.ended)
    except KeyboardInterrupt:
        if args.out:
            print(f"stopped; what is in {args.out} stays: --resume goes on", file=sys.stderr)
        return 130
    reports = [done[name] for name in paths]
    write(args, reports)
    if args.json:
        one = [formats.own(report) for report in reports]
        print_json(one[0] if single else {"assignment": assignment.name, "submissions": one})
    elif single:
        print("\n".join(page(reports[0])))
    else:
        print("\n".join(class_page(reports)))
    return 1 if any(report.failed for report in reports) else 0


def find(name):
    """An assignment by its name.  Raises UserError where there is none that is graded here."""
    if name not in ASSIGNMENTS:
        raise UserError(f"{name}: no such assignment; give one of {', '.join(ASSIGNMENTS)}")
    if not ASSIGNMENTS[name].parts:
        raise UserError(f"{name}: is graded by hand alone; its handout and the teacher's guide "
                        "say how")
    return ASSIGNMENTS[name]


def check_options(args):
    """Raises UserError before the work where a result could not be written after it."""
    for name in formats.FORMATS:
        if place := getattr(args, name):
            check_place(place, overwrite=True)
    if args.csv:
        check_place(args.csv, overwrite=True)
        if kind_of(args.csv) and not args.resume:
            raise UserError(f"{args.csv}: exists already; choose another --csv, or go on with "
                            "--resume, which replaces it")
    if args.resume and not args.out:
        raise UserError("--resume goes on with a folder of results; give --out DIR")
    if args.by_name and args.student is not None:
        raise UserError("--by-name and --student both name the equations; give one of them")
    kind = args.out and kind_of(args.out)
    if kind == "file":
        raise UserError(f"{args.out}: is a file, not a folder; choose another --out")
    if kind and not args.resume and any(Path(args.out).glob("*.json")):
        raise UserError(f"{args.out}: holds results already; choose another --out, or go on with "
                        "--resume")


def write(args, reports):
    for name in formats.FORMATS:
        if place := getattr(args, name):
            write_whole(place, formats.text_of(name, reports[0]), f"choose another --{name}")
    if args.csv:
        write_whole(args.csv, formats.table(reports), "choose another --csv")
    if args.out:
        write_whole(Path(args.out) / "grades.csv", formats.table(reports))


class Bar:
    """How far a class is: a bar in a terminal, a line a file elsewhere; nothing for one file."""

    def __init__(self, total, done, wanted, stream=None):
        self.total, self.done, self.stream = total, done, stream or sys.stderr
        self.lines, self.bar = wanted and not self.stream.isatty(), None
        if wanted and not self.lines:
            from tqdm import tqdm
            self.bar = tqdm(total=total, initial=done, file=self.stream, ncols=80, leave=False,
                            mininterval=0,
                            bar_format="{desc} |{bar}| {n}/{total}", desc="grading")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.bar:
            self.bar.close()

    def ended(self, report):
        self.done += 1
        if self.bar:
            self.bar.set_description_str(f"{shown(report.submission)[:24]:24}", refresh=False)
            self.bar.update()
        elif self.lines:
            print(f"[{self.done}/{self.total}] {shown(report.submission)}: "
                  f"{formats.summary(report)}", file=self.stream, flush=True)
        if report.failed:
            notice(report.submission, f"{report.submission}: {formats.summary(report)}")


def page(report):
    """One report -> its lines."""
    lines = [f"{shown(report.submission)}: {formats.summary(report)}"]
    for part in report.parts:
        lines.append(f"  {part.points:3} of {part.most:3}  {part.title}")
        if not report.problem:
            for says in part.says:
                lines += wrap(says, 90, " " * 14)
    return lines


def class_page(reports):
    """A class -> its lines: a line a submission, and how each part went."""
    width = min(32, max(len(shown(report.submission)) for report in reports))
    lines = [f"{shown(report.submission)[:width]:{width}}  {report.points:4} of {report.most:4}"
             + (f"  {report.problem or report.failed}" if report.problem or report.failed else "")
             for report in reports]
    lines.append(f"{counted(len(reports), 'submission')}, mean "
                 f"{sum(report.points for report in reports) / len(reports):.1f} points")
    for i, part in enumerate(reports[0].parts):
        right = sum(report.parts[i].points == part.most for report in reports)
        lines.append(f"  {right:4} right  {part.title}")
    return lines
