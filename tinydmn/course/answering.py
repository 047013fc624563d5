"""A part beside right versions of the functions it calls, so that a mistake costs its points once.

Where a part fails, and the file holds functions of another part that fail too, the part is tried
again in a fresh process, in which stand-ins (asking.py) have those functions' names: the grader
answers them, a forward by the definition, a backward by its central differences.

What this does not promise.  It reaches a function that is called by its own name, with the stub's
arguments, and whose cache is passed on unread: a part with the same lines written out inside, or
that reads the other's cache, keeps the points it had.
"""

import ast
from time import monotonic

import numpy as np

from .catalogue import EXERCISES
from .dialect import dialect_of
from .part import BACKWARD, STEP, defined
from .stub import given_names

# the parts whose functions a part may call, as the handouts advise
CALLS = {"gru": ("gru_cell",), "gate": ("gate_features",), "gated_episode": ("gru_cell",),
         "passes": ("gate_features", "gate", "gru_cell", "gated_episode"),
         "decoder": ("gru_cell",)}
MOST, SECONDS = 500, 2.0       # numbers of a question, and how long an answer may take
KEPT = 16                      # answers that are kept: a backward asks for the same ones again
WIDE = 1e-4                    # a step of differences of fourth order


def called(name, path):
    """The parts that a part may call and whose functions a file holds, by reading it."""
    try:
        tree = ast.parse(path.read_bytes())
    except (OSError, ValueError, SyntaxError, RecursionError, MemoryError):
        return []
    held = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    return [one for one in CALLS.get(name, ())
            if {f"{one}_forward", f"{one}_backward"} <= held]


def called_and_wrong(grader, timed, file, name, parts):
    """{place of a part that fails: {part it may call, and that fails too: its answers}}.

    parts: as graded.  A part that the file holds without being asked for it is checked here.
    """
    every = {part.name: part for one in EXERCISES.values() for part in one.parts}
    right, found = {part.name: part.points == part.most for part in parts}, {}
    for i, part in enumerate(parts):
        for one in called(part.name, file) if part.points < part.most else ():
            if one not in right:
                right[one] = not grader.found(timed, name, every[one], grader.seed)
            if not right[one]:
                found.setdefault(i, {})[one] = Answers(every[one], dialect_of(grader.whose(name)))
    return found


class Answers:
    """answer(way, arrays) -> arrays, of a part's definition: its values, or its derivatives.  It
    raises an exception where the question is none, or too large or too slow to answer."""

    def __init__(self, part, dialect):
        self.part, self.dialect, self.known = part, dialect, {}
        self.names = [*part.inputs, *given_names(part), *part.params]

    def __call__(self, way, arrays):
        n = len(self.part.outputs) if way == "backward" else 0
        if len(arrays) != n + len(self.names):
            raise ValueError(f"takes {', '.join(self.names)}")
        if sum(a.size for a in arrays) > MOST:
            raise ValueError(f"takes {MOST} numbers at most")
        arrays = [a.astype(np.float64) if a.dtype.kind == "f" else a for a in arrays]
        args = dict(zip(self.names, arrays[n:]))
        with np.errstate(all="ignore"):
            outs = defined(self.part, self.dialect, args)
            if way != "backward":
                return [*outs.values()]
            for (name, out), d in zip(outs.items(), arrays):
                if d.shape != out.shape:
                    raise ValueError(f"d{name} should have the shape {out.shape}")
            slopes = self.slopes(args)
            dout = flat(arrays[:n])
            return [(slope @ dout).reshape(args[name].shape) for name, slope in slopes.items()]

    def slopes(self, args):
        """{name: (its numbers, all outputs' numbers)} of a definition, kept for the next time: a
        backward made of these is linear in the outputs' derivatives, to the last digit."""
        key = tuple((a.shape, a.tobytes()) for a in args.values())
        if key not in self.known:
            until = monotonic() + SECONDS

            def values(name, a):
                if monotonic() > until:
                    raise TimeoutError("took too long")
                return flat(defined(self.part, self.dialect, {**args, name: a}).values())
            made = {name: slopes_of(lambda a, name=name: values(name, a), args[name])
                    for name in (*self.part.inputs, *self.part.params)}
            while len(self.known) >= KEPT:
                self.known.pop(next(iter(self.known)))
            self.known[key] = made
        return self.known[key]


def flat(arrays):
    return np.concatenate([np.ravel(a) for a in arrays])


def slopes_of(f, a):
    """The derivatives of a vector f(a) in every number of a: (numbers of a, numbers of f).

    Differences of fourth order, to ten digits and more; near a kink, where they are wrong, those
    of a step that is too short to meet it.
    """
    rows = []
    for i in np.ndindex(a.shape):
        def at(step, i=i):
            moved = a.copy()
            moved[i] += step
            return f(moved)
        wide = (8.0 * (at(WIDE) - at(-WIDE)) - (at(2 * WIDE) - at(-2 * WIDE))) / (12.0 * WIDE)
        short = (at(STEP) - at(-STEP)) / (2 * STEP)
        rows.append(np.where(np.isclose(wide, short, **BACKWARD), wide, short))
    return np.array(rows)
