"""Points for students' files: each part on hidden cases, by itself, in at most its time.

A part is checked against the definition, never against another part of the same file: what is wrong
in one costs nothing in the next.  What a forward and a backward earn by themselves says shares.py.
"""

import json
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from pathlib import Path
from time import monotonic
from typing import NamedTuple

import numpy as np

from ..errors import UserError, kind_of, notice
from ..writing import json_text, write_whole
from .answering import called_and_wrong
from .calls import Result
from .dialect import dialect_of
from .scratch import remove_left
from .session import Ended, Session
from .shares import FORWARD, check_shares, earned, said

SECONDS = 10.0                 # of a student's functions, for each part that says nothing else
CASES = 2                      # of each part that says nothing else
ASKING = 3                     # so many times as long where a file waits for the grader's answers
LINES = 10                     # that a part says at most


class Assignment(NamedTuple):
    """parts: (part, points) each; a part has a name and a title."""

    name: str
    title: str
    parts: tuple

    @property
    def most(self):
        return sum(points for _, points in self.parts)


@dataclass(frozen=True)
class Graded:
    """One part: its points, and what is wrong, without the numbers of hidden cases."""

    name: str
    title: str
    points: int
    most: int
    says: tuple = ()


@dataclass(frozen=True)
class Report:
    """One file.  problem: why it cannot be loaded, one line.  failed: why it could not be graded,
    which is no fault of the student's."""

    assignment: str
    submission: str
    parts: tuple
    problem: str = ""
    failed: str = ""

    @property
    def points(self):
        return sum(part.points for part in self.parts)

    @property
    def most(self):
        return sum(part.most for part in self.parts)

    def as_json(self):
        return {"assignment": self.assignment, "submission": self.submission, "points": self.points,
                "max": self.most, "problem": self.problem, "failed": self.failed,
                "parts": [asdict(part) for part in self.parts]}

    @staticmethod
    def of_json(kept):
        """What as_json gave -> Report.  Raises KeyError, TypeError or ValueError where it is
        none."""
        parts = tuple(Graded(**{**part, "says": tuple(part["says"])}) for part in kept["parts"])
        return Report(*(kept[key] for key in ("assignment", "submission")), parts, kept["problem"],
                      kept["failed"])


class Grader(NamedTuple):
    """How an assignment is graded.

    seed: of the hidden cases.  student: the seed of the equations' dialect; None for the paper's.
    by_name: instead it is the submission's name, without .py.  check(session, part, student, rng)
    -> findings; none where all is right.
    """

    assignment: Assignment
    seed: int = 0
    student: str | None = None
    seconds: float = SECONDS
    by_name: bool = False
    check: object = None

    def grade(self, path, name=None, opened=None):
        """One submission -> Report.  path: a file, or a folder with one.  opened: a list that holds
        the session while it runs."""
        path = Path(path)
        name = name or path.name
        try:
            file = file_of(path)
        except UserError as error:
            return self.nothing(name, str(error))
        opened = [] if opened is None else opened
        try:
            with opened_in(opened, Session(file, self.seconds, numba=self.numba)) as session:
                parts = [self._part(session, name, i) for i in range(len(self.assignment.parts))]
                wrong = {} if session.problem else called_and_wrong(
                    self, Timed(session, self.seconds), file, name, parts)
                problem = session.problem
            longer = self._replace(seconds=ASKING * self.seconds)
            for i, others in wrong.items():
                if session.problem:              # it has been stopped
                    break
                again = Session(file, longer.seconds, numba=self.numba, others=others)
                with opened_in(opened, again) as session:
                    parts[i] = better(parts[i], longer._part(session, name, i), others)
        except Exception as error:               # one file must not end the whole class's grading
            return self.nothing(name, failed=f"{type(error).__name__}: {first_line(error)}")
        return Report(self.assignment.name, name, tuple(parts), problem)

    @property
    def numba(self):
        """Whether students' functions are written with Numba."""
        return any("numba" in getattr(part, "wants", ()) for part, _ in self.assignment.parts)

    def nothing(self, name, problem="", failed=""):
        """A Report without a point."""
        says = (problem or "could not be graded; ask your teacher",)
        parts = tuple(Graded(part.name, part.title, 0, points, says)
                      for part, points in self.assignment.parts)
        return Report(self.assignment.name, name, parts, problem, failed)

    def _part(self, session, name, i):
        part, points = self.assignment.parts[i]
        timed = Timed(session, max(self.seconds, getattr(part, "seconds", 0.0)))
        for case in range(getattr(part, "cases", 0) or CASES):
            if found := self.found(timed, name, part, [self.seed, i, case]):
                says = tuple(dict.fromkeys(map(hidden, found)))
                more = (f"and {len(says) - LINES} more",) if len(says) > LINES else ()
                says = (*said(points, found), *says[:LINES], *more)
                return Graded(part.name, part.title, earned(points, found), points, says)
        return Graded(part.name, part.title, points, points)

    def found(self, timed, name, part, seed):
        """What is found in a part, on one case."""
        rng, check = np.random.default_rng(seed), self.check or checked
        return check(timed, part, self.whose(name), rng)

    def whose(self, name):
        """The seed of a submission's equations."""
        return name.removesuffix(".py") if self.by_name else self.student

    def mark(self, path):
        """What a kept report must agree with, so that it need not be made again."""
        try:
            file = file_of(path)
            content = file.read_bytes() if file.is_file() else b""     # a pipe would be waited for
        except (UserError, OSError):
            content = b""
        parts = [(part.name, points) for part, points in self.assignment.parts]
        about = json_text([self.assignment.name, parts, self.seed, self.student, self.seconds,
                           self.by_name, FORWARD])
        return sha256(about.encode() + b"\0" + content).hexdigest()


def better(before, after, others):
    """A part as the file has it, or beside right versions of others, where it earns more, or has
    other mistakes to tell."""
    if after.points < before.points or after.says == before.says:
        return before
    names = " and ".join(others)
    return replace(after, says=(f"with a right {names} in place of yours", *after.says))


@contextmanager
def opened_in(opened, session):
    """A session that stands in a list while it is open."""
    with session:
        opened.append(session)
        try:
            yield session
        finally:
            opened.remove(session)


def checked(session, part, student, rng):
    """The check of an exercise."""
    return check_shares(session, part, dialect_of(student), rng)


def hidden(finding):
    """What may be said of a hidden case: which array, block and kind; no numbers."""
    says = getattr(finding, "hidden", "") or f"{finding.part}: {finding.kind or 'wrong'}"
    return first_line(says)


def first_line(text, most=400):
    lines = str(text).split("\n", 1)
    return lines[0] if len(lines[0]) <= most else lines[0][:most] + " ..."


class Timed:
    """A session with so many seconds for all runs of a part."""

    def __init__(self, session, seconds):
        self.session, self.left, self.seconds = session, seconds, seconds

    def run(self, calls):
        if self.left <= 0:
            return [Result(None, f"the {self.seconds:g} s of this part are over") for _ in calls]
        try:
            self.session.load()
        except Ended:
            return self.session.run(calls)       # it says why
        began, self.session.seconds = monotonic(), self.left
        try:
            return self.session.run(calls)
        finally:
            self.left -= monotonic() - began
            self.session.seconds = self.seconds


# ---- submissions ---------------------------------------------------------------------------------


def file_of(path):
    """A submission's file: itself, or the one .py in its folder.  Raises UserError where there is
    none, or several."""
    path = Path(path)
    if (kind := kind_of(path)) is None:
        raise UserError(f"{path}: no such file; give a student's file, or a folder of them")
    if kind == "file":
        return path
    files = python_files(path)
    if len(files) != 1:
        names = f" ({', '.join(file.name for file in files[:5])})" if files else ""
        raise UserError(f"{path.name}: {len(files) or 'no'} .py files{names}; hand in one")
    return files[0]


def python_files(folder):
    try:
        return sorted(path for path in folder.iterdir() if path.suffix == ".py"
                      and not path.name.startswith((".", "_")) and path.is_file())
    except OSError as error:
        raise UserError(f"{folder}: cannot be read ({error.strerror}); give a folder you may "
                        "read") from None


def is_one(path):
    """Whether a path is one submission: a file, or a folder that holds one .py and no folder."""
    if kind_of(path) == "file":
        return True
    return len(python_files(Path(path))) == 1 and not folders(Path(path))


def folders(folder):
    return [path for path in folder.iterdir()
            if path.is_dir() and not path.name.startswith((".", "_"))]


def submissions(folder):
    """A class's folder -> {name: path}: each .py in it, and each folder in it.  Raises UserError
    where there is none."""
    folder = Path(folder)
    found = python_files(folder) + folders(folder)
    if not found:
        raise UserError(f"{folder}: no submissions; it should hold a .py file, or a folder, for "
                        "each student")
    return {path.name: path for path in sorted(found)}


# ---- a class -------------------------------------------------------------------------------------


def kept_at(out, name):
    return Path(out) / f"{name}.json"


def kept(grader, path, at):
    """The Report that was kept for a submission, or None where there is none of this very file, or
    it could not be graded."""
    try:
        found = json.loads(Path(at).read_text(encoding="utf-8"))
        if found["mark"] != grader.mark(path) or found["failed"]:
            return None
        report = Report.of_json(found)
        parts = [(part.name, part.most, part.points in range(part.most + 1))
                 for part in report.parts]
        if parts != [(part.name, points, True) for part, points in grader.assignment.parts]:
            raise ValueError("of other parts")
        return report
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        notice(at, f"{at}: is damaged, and is made again")
        return None


def grade_all(grader, paths, jobs, out=None, on_end=None):
    """Grades submissions, {name: path}, `jobs` at a time -> {name: Report}.

    out: a folder for a JSON file each, written as it is ready: after an interruption what is there
    need not be made again (`kept`).  on_end(report) is called after each.  However this ends, no
    process stays behind; and no folder, but where this process is killed: the next call removes it.
    """
    reports, opened = {}, []
    remove_left()

    def one(name, path):
        mark = grader.mark(path)
        return mark, grader.grade(path, name, opened)
    pool = ThreadPoolExecutor(jobs)
    try:
        waiting = {pool.submit(one, name, path): name for name, path in paths.items()}
        for done in as_completed(waiting):
            mark, report = done.result()
            if out:
                write_whole(kept_at(out, waiting[done]),
                            json_text({"mark": mark, **report.as_json()}) + "\n")
            reports[waiting[done]] = report
            on_end and on_end(report)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        for session in list(opened):
            session.stop()
        pool.shutdown()
    return {name: reports[name] for name in paths}
