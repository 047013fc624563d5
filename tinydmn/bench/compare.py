"""Training speed against a peer: each side has a process of its own and they take turns, so that a
slow minute of the machine hits both."""

import os
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..errors import UserError

PEERS = Path(__file__).parents[2] / "tests" / "peers"
# side -> what it is written in
PACKAGES = {"torch": "torch", "jax": "jax", "jax-shared": "jax", "torch-cuda": "torch",
            "torch-compile": "torch"}


@dataclass(frozen=True)
class Case:
    """What both sides train on."""

    name: str
    task: int
    stories: int               # a batch; 0: one story with one question
    hidden: int
    episode: str


def cases(tasks, stories, episodes):
    """The benchmark's cases: each task and episode with `stories` a batch and H = 80, and a single
    question at H = 40."""
    out = [Case(f"task {task}, {episode}", task, stories, 80, episode)
           for episode in episodes for task in tasks]
    return out + [Case(f"1 question, H=40, {episode}", 1, 0, 40, episode) for episode in episodes]


def device_cases(tasks, stories, episodes, hidden):
    """Those of a device: each task, episode and H."""
    return [Case(f"task {task}, {episode}, H={H}", task, stories, H, episode)
            for H in hidden for episode in episodes for task in tasks]


class _Side:
    """A worker process: ready() waits until it has compiled, seconds(n) times n training steps."""

    def __init__(self, side, threads, case, seed, data):
        words = [sys.executable, "-m", "tinydmn.bench.worker", side, threads, case.stories,
                 case.episode, case.hidden, case.task, seed, data or ""]
        self.side = side
        pipe = subprocess.PIPE
        self.process = subprocess.Popen([str(w) for w in words], stdin=pipe, stdout=pipe,
                                        stderr=pipe, encoding="utf-8",
                                        env=os.environ | {"PYTHONIOENCODING": "utf-8"})

    def ready(self):
        """-> questions a batch, floating-point operations a step, pieces that threads share."""
        return tuple(map(int, self._line().removeprefix("ready").split()))

    def seconds(self, steps):
        with suppress(BrokenPipeError):                    # it has exited: _line says why
            print(steps, file=self.process.stdin, flush=True)
        return float(self._line())

    def _line(self):
        """Its next line.  Raises UserError where it exited instead: a mistake of the user's, a
        missing package, a signal."""
        if line := self.process.stdout.readline():
            return line
        error, code = self.process.stderr.read().strip().splitlines(), self.process.wait()
        if code == 2 and error:                            # a mistake of the user's, in one line
            raise UserError(error[-1])
        if error and "No module named" in error[-1]:
            missing = error[-1].split(": ", 1)[-1]
            raise UserError(f"{self.side}: {missing}; install it, or leave --against {self.side} "
                            "out")
        if code < 0:
            raise UserError(f"{self.side}: its process was killed by signal {-code} (out of "
                            "memory?); lower --stories")
        raise RuntimeError(f"{self.side}: " + "\n".join(error))

    def close(self):
        """Kill the process, whatever it is doing."""
        self.process.kill()
        self.process.communicate()


def require_peers():
    """Raises UserError where the peers are not there."""
    if not PEERS.is_dir():
        raise UserError(f"{PEERS}: not there; the peers are in the source tree, run the benchmark "
                        "from a clone")


def compare(case, ours, theirs, seed=0, data=None, rounds=7, turn=0.5):
    """Time training -> dict of figures.  ours, theirs: (side, threads); theirs may be None.

    In each round both sides train for about `turn` seconds.  Examples a second are medians; `ratio`
    is the median over the rounds of their time per step divided by ours, with its least and largest
    value; `gflops` is the products of a step by its median time.  Raises UserError where a side
    cannot run.
    """
    if theirs and theirs[0] in PACKAGES:
        require_peers()
    sides = []
    try:
        # one after the other, or both would compile
        for side, threads in filter(None, (ours, theirs)):
            sides.append(_Side(side, threads, case, seed, data))
            questions, flop, pieces = sides[-1].ready()
        steps = [max(1, round(turn / (s.seconds(4) / 4))) for s in sides]
        times = np.array([[s.seconds(n) / n for s, n in zip(sides, steps)] for _ in range(rounds)])
    finally:
        for s in sides:
            s.close()
    figures = {"case": case.name, "questions": questions, "ms": 1e3 * np.median(times[:, 0]),
               "examples_per_second": questions / np.median(times[:, 0]),
              "gflops": flop / np.median(times[:, 0]) / 1e9, "threads_used": min(ours[1], pieces)}
    if theirs:
        ratio = times[:, 1] / times[:, 0]
        figures |= {"against": f"{theirs[0]}, {theirs[1]} thread{'s' * (theirs[1] > 1)}",
                    "their_examples_per_second": questions / np.median(times[:, 1]),
                    "their_ms": 1e3 * np.median(times[:, 1]), "ratio": np.median(ratio),
                    "ratio_least": ratio.min(), "ratio_largest": ratio.max()}
    return figures
