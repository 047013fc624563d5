"""A made-up class, graded by the command, killed half-way, gone on with: `python -m tests.course.a_class [--assignment a2 a4 a5 a6] [--files 200]`

Right files, wrong ones (tests/course/wrong) and hostile ones (tests/course/hostile), of all of which the points of each part are known
beforehand.  Each student has a variant of the equations, known by the file's name; --paper: all have the paper's, and the wrong files are
those of the table.  Held: who was graded before the kill is not graded again, every part of every file has its points, no process stays
behind, and nothing outside the class's results has changed.  Exit code 1 where not.

The hostile files attack a decoy beside their folders, see tests/course/hostile/__init__.py."""

import argparse
import ast
import csv
import hashlib
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import numpy as np

from tinydmn.course.assignments import ASSIGNMENTS
from tinydmn.course.dialect import PAPER, dialect_of
from tinydmn.course.shares import shares

from . import solutions, wrong

ROOT, HOSTILE = Path(__file__).parents[2], Path(__file__).parent / "hostile"
SLOW = ("endless_loop", "sleeps", "memory_bomb", "prints")           # seconds each
DRAWN = "[None, :] < n[:, None] - 1"                                 # wrong everywhere, or NaN, by whether a question of one fact is drawn
PIECES = {"gate": "split", "gated_episode": "where", "gru_cell": "split"}     # what passes/loop.py calls, and which files of these it has
AT_ONCE = "raises_at_import"                                         # before any part


class Member(NamedTuple):
    """One file of the class, and the points of its parts."""

    name: str
    source: str
    points: tuple
    what: str


class Making:
    """The files of an assignment's class, drawn from a seed."""

    def __init__(self, assignment, paper, seed=0):
        self.parts, self.paper, self.rng = ASSIGNMENTS[assignment].parts, paper, np.random.default_rng(seed)
        self.most = tuple(points for _, points in self.parts)

    def pick(self, rows):
        return rows[self.rng.integers(len(rows))]

    def right(self, part, dialect):
        return self.pick(sorted((solutions.right(part) if self.paper else solutions.in_dialect(part, dialect)).values()))

    def rights(self, dialect):
        return {part.name: self.right(part.name, dialect) for part, _ in self.parts}

    def counted(self, i, counts):
        """Points where in part i no more than `counts` still does."""
        forward, backward = shares(self.most[i])
        return tuple({"forward": forward, "backward": backward, "": 0}[counts] if i == k else most for k, most in enumerate(self.most))

    def wrong_pieces(self, dialect):
        """Right passes that call a function of another part, which is wrong -> [(what was changed, source)]; it costs nothing here."""
        file = "loop" if self.paper else solutions.ANY
        source = (solutions.right("passes") if self.paper else solutions.in_dialect("passes", dialect))[file]
        rows = [(f"{piece}/{old} -> {new}", old, new) for piece in PIECES for old, new in
                ([row[1:3] for row in wrong.lines(piece) if row[0] == PIECES[piece]] if self.paper else [row[:2] for row in wrong.any_dialect.WRONG[piece]])]
        return [(what, source.replace(old, new)) for what, old, new in rows if source.count(old) == 1]

    def member(self, kind, name, k):
        dialect = PAPER if self.paper else dialect_of(name)
        sources, i = self.rights(dialect), k % len(self.parts)
        part = self.parts[i][0].name
        if kind == "right":
            return Member(name, whole(sources), self.most, "right")
        if kind == "wrong":
            rows = wrong.graded(part) if self.paper else wrong.in_dialect(part, dialect)
            what, sources[part], counts = self.pick([row for row in rows if DRAWN not in row[0]])
            return Member(name, whole(sources), self.counted(i, counts), f"{part}/{what}")
        if kind == "calls" and part == "passes":
            what, source = self.pick(self.wrong_pieces(dialect))
            return Member(name, source, self.most, f"passes calls {what}")
        if kind == "calls":                                # a gate that calls the file's own features, which are wrong
            gate = solutions.right("gate")["split"] if self.paper else solutions.in_dialect("gate", dialect)["any_dialect"]
            what, source, counts = self.pick([row for row in (wrong.graded if self.paper else wrong.in_dialect)("gate_features", *([] if self.paper else [dialect]))
                                              if not self.paper or row[0].startswith("split")])
            return Member(name, calling(gate, source), self.counted(0, counts), f"gate calls gate_features/{what}")
        path, way = HOSTILE / f"{kind}.py", ("backward", "forward")[k // len(self.parts) % 2]
        attack = f"\n\ndef {part}_{way}(*args):\n    return bad(*args[:{3 if kind == 'changes_inputs' else 1}])\n"
        points = tuple(0 for _ in self.most) if kind == AT_ONCE else self.counted(i, "forward" if way == "backward" else "")
        return Member(name, path.read_text() + "\n\n" + whole(sources) + (attack if kind != AT_ONCE else ""), points, f"hostile/{kind} in {part}_{way}")

    def members(self, files, hostile):
        """-> [Member]: the hostile, a third of the others right, the rest wrong; in an order that mixes them."""
        n = files - len(hostile)
        calls = n // 10 if self.parts[-1][0].name in ("gate", "passes") else 0
        kinds = [*hostile, *["right"] * (n // 3), *["calls"] * calls]
        kinds += ["wrong"] * (files - len(kinds))
        names = [f"s{i:03}" for i in self.rng.permutation(files)]
        return [self.member(kind, name, k) for k, (kind, name) in enumerate(zip(kinds, names))]


def whole(sources):
    """The files of several parts as one: what a part defines beside its functions is its own."""
    if len(sources) == 1:
        return next(iter(sources.values()))
    return "\n\n".join(f"def _{part}():\n{textwrap.indent(source, '    ')}\n    return {part}_forward, {part}_backward\n\n\n"
                       f"{part}_forward, {part}_backward = _{part}()\n" for part, source in sources.items())


def calling(gate, features):
    """A right gate that calls the functions gate_features_... of `features`, a file of its own."""
    used = {"features_forward": "gate_features_forward", "features_backward": "gate_features_backward"}
    tree = ast.parse(gate)
    tree.body = [node for node in tree.body if not (isinstance(node, ast.FunctionDef) and node.name in used)]
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in used:
            node.id = used[node.id]
    # the features' file comes last: what both define is its own, and in both the same but for the mistake
    renamed = ast.parse(features)
    for node in ast.walk(renamed):
        if isinstance(node, ast.Name) and node.id in used:
            node.id = used[node.id]
        if isinstance(node, ast.FunctionDef) and node.name in used:
            node.name = used[node.name]
    return ast.unparse(tree) + "\n\n\n" + ast.unparse(renamed) + "\n"


def hostiles(quick=False):
    """The names of the hostile files."""
    return [path.stem for path in sorted(HOSTILE.glob("*.py")) if path.stem != "__init__" and not (quick and path.stem in SLOW)]


class Class:
    """A class's folder: the files, what is made of them, and what must stay as it is."""

    def __init__(self, folder, assignment, members, paper, jobs=None):
        self.folder, self.assignment, self.members, self.jobs = Path(folder).absolute(), assignment, members, jobs
        self.words = ["--seed", "7", *([] if paper else ["--by-name"]), *(["--jobs", str(jobs)] if jobs else [])]
        for name in ("class", "tmp", "home"):
            (self.folder / name).mkdir(parents=True)
        for path in (self.folder, *self.folder.parents)[:1]:
            path.chmod(0o755)
        (self.folder / "tmp").chmod(0o1777)                # as /tmp is: the children may be nobody's
        (self.folder / "tmp" / "decoy.txt").write_text("decoy")
        for one in members:
            (self.folder / "class" / f"{one.name}.py").write_text(one.source, encoding="utf-8")
        self.before, self.out = self.state(), self.folder / "out"

    def state(self):
        """What no file may change: {path: its content's digest}."""
        package = [path for path in (ROOT / "tinydmn").rglob("*.py")]
        own = [path for name in ("class", "home") for path in (self.folder / name).rglob("*")]
        return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "" for path in
                (*package, *own, self.folder / "tmp" / "decoy.txt")}

    def start(self, log):
        """The command, in a group of processes of its own."""
        words = [sys.executable, "-m", "tinydmn", "grade", self.assignment, str(self.folder / "class"), "--out", str(self.out), "--resume",
                 "--csv", str(self.folder / "points.csv"), "--json", *self.words]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("NUMBA")} | {
            "PYTHONPATH": str(ROOT), "TMPDIR": str(self.folder / "tmp"), "HOME": str(self.folder / "home"), "PYTHONDONTWRITEBYTECODE": "1"}
        with open(self.folder / f"{log}.out", "w") as out, open(self.folder / f"{log}.err", "w") as err:
            return subprocess.Popen(words, stdout=out, stderr=err, env=environment, cwd=self.folder, start_new_session=True)

    def results(self):
        return {path.name.removesuffix(".py.json"): (path.stat().st_mtime_ns, path.read_bytes()) for path in self.out.glob("*.json")}

    def said(self, log):
        """The students of whom a run said that they are graded."""
        return [line.partition("] ")[2].partition(".py:")[0] for line in (self.folder / f"{log}.err").read_text().splitlines() if line.startswith("[")]

    def children(self):
        """Processes that have a folder below this one."""
        found, mark = [], f"HOME={self.folder}".encode()
        for path in Path("/proc").glob("[0-9]*/environ"):
            with suppress(OSError):
                if any(line.startswith(mark) for line in path.read_bytes().split(b"\0")):
                    found.append(int(path.parts[2]))
        return found

    def killed(self):
        """A run that is killed when half of the files are there -> {student: result} of those that are."""
        first = self.start("first")
        try:
            while first.poll() is None and len(list(self.out.glob("*.json"))) < len(self.members) // 2:
                time.sleep(0.01)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(first.pid, signal.SIGKILL)
            first.wait()
        return self.results()

    def problems(self, there, code, patience=30.0):
        """What does not hold after the second run."""
        out, n = [], len(self.members)
        if code != 0:
            out.append(f"exit code {code}: {(self.folder / 'second.err').read_text()[-300:]}")
        if not n // 2 <= len(there) < n:
            out.append(f"the kill came when {len(there)} of {n} were there")
        again = self.said("second")
        if len(again) != n - len(there) or len({*again}) != len(again) or {*again} & {*there}:
            out.append(f"graded again: {sorted({*again} & {*there})}, {len(again)} in the second run where {n - len(there)} were left")
        now = self.results()
        out += [f"{name}: its result was written again" for name, kept in there.items() if now.get(name) != kept]
        out += [f"{name}: could not be graded {when}: {why}" for when, results in (("before the kill", there), ("after it", now))
                for name, (_, text) in results.items() if (why := failed(text))]
        out += self.points()
        until = time.monotonic() + patience
        while self.children() and time.monotonic() < until:
            time.sleep(0.1)
        if left := self.children():
            out.append(f"processes left behind: {left}")
        if changed := [path for path, what in self.state().items() ^ self.before.items()]:
            out.append(f"changed: {sorted(set(changed))}")
        names = {path.name for path in self.folder.iterdir()}
        if more := names - {"class", "home", "tmp", "out", "points.csv", *(f"{log}.{kind}" for log in ("first", "second") for kind in ("out", "err"))}:
            out.append(f"more than there should be: {sorted(more)}")
        if more := [path.name for path in (self.folder / "tmp").iterdir() if path.name != "decoy.txt"]:
            out.append(f"left in the folder for temporary files: {more}")
        return out

    def points(self):
        """Files of which the points are not those known beforehand."""
        with suppress(ValueError, KeyError, OSError):
            found = json.loads((self.folder / "second.out").read_text())["submissions"]
            found = {one["submission"].removesuffix(".py"): tuple(part["points"] for part in one["parts"]) for one in found}
            rows = csv.DictReader((self.folder / "points.csv").read_text().splitlines())
            table = {row["submission"].removesuffix(".py"): tuple(int(row[part.name]) for part, _ in ASSIGNMENTS[self.assignment].parts) for row in rows}
            return [f"{one.name}: {found.get(one.name)} in JSON, {table.get(one.name)} in CSV, should be {one.points}: {one.what}" for one in self.members
                    if not found.get(one.name) == table.get(one.name) == one.points]
        return ["no results in JSON"]


def failed(text):
    """Why a file could not be graded, by its result; such a one is graded again."""
    with suppress(ValueError, KeyError):
        return json.loads(text)["failed"]
    return ""


def run(one):
    """A class: killed, gone on with -> problems, a line of figures."""
    began = time.monotonic()
    there = one.killed()
    half = time.monotonic() - began
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    second = one.start("second")
    code = second.wait()
    took, more = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    busy = (more.ru_utime + more.ru_stime - used.ru_utime - used.ru_stime) / max(took - half, 1e-9)
    n = len(one.members)
    return one.problems(there, code), (f"{one.assignment}: {n} files in {took / 60:.1f} minutes, {60 * n / took:.0f} a minute; killed after {half:.0f} s with "
                                       f"{len(there)} graded; in the second run {busy:.1f} cores busy")


def made(folder, assignment, files, paper, quick=False, **more):
    hostile = hostiles(quick)
    hostile = hostile if files >= 3 * len(hostile) else hostile[::len(hostile) // max(1, files // 4)]
    return Class(folder, assignment, Making(assignment, paper).members(files, hostile), paper, **more)


def main(words):
    parser = argparse.ArgumentParser(prog="python -m tests.course.a_class", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--assignment", nargs="+", default=["a2"], choices=("a2", "a3", "a4", "a5", "a6"))
    parser.add_argument("--files", type=int, default=200)
    parser.add_argument("--paper", action="store_true", help="the paper's equations for all")
    parser.add_argument("--jobs", type=int, help="as the command's (default: as many as there are cores)")
    parser.add_argument("--folder", help="that does not exist yet, and stays (default: one that goes)")
    args = parser.parse_args(words)
    failed = 0
    with tempfile.TemporaryDirectory() as temporary:
        above = Path(args.folder or temporary)
        if not args.folder:
            above.chmod(0o755)
        for assignment in args.assignment:
            one = made(above / assignment, assignment, args.files, args.paper, jobs=args.jobs)
            kinds = [member.what.partition("/")[0] for member in one.members]
            problems, figures = run(one)
            print(f"{figures}; {kinds.count('right')} right, {kinds.count('hostile')} hostile", *problems, sep="\n    ", flush=True)
            failed += len(problems)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
