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
from .part import defined, differences, total
from .stub import given_names

# the parts whose functions a part may call, as the handouts advise
CALLS = {"gru": ("gru_cell",), "gate": ("gate_features",), "gated_episode": ("gru_cell",),
         "passes": ("gate_features", "gate", "gru_cell", "gated_episode"),
         "decoder": ("gru_cell",)}
MOST, SECONDS = 1000, 2.0      # numbers of a question, and how long an answer may take


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
                found.setdefault(i, {})[one] = answers(every[one], dialect_of(grader.whose(name)))
    return found


def answers(part, dialect):
    """-> answer(way, arrays) -> arrays, of a part's definition.  It raises an exception where the
    question is none, too large or too slow to answer."""
    names = [*part.inputs, *given_names(part), *part.params]
    moved = [*part.inputs, *part.params]

    def answer(way, arrays):
        n = len(part.outputs) if way == "backward" else 0
        if len(arrays) != n + len(names):
            raise ValueError(f"takes {', '.join(names)}")
        if sum(a.size for a in arrays) > MOST:
            raise ValueError(f"takes {MOST} numbers at most")
        arrays = [a.astype(np.float64) if a.dtype.kind == "f" else a for a in arrays]
        args, until = dict(zip(names, arrays[n:])), monotonic() + SECONDS
        with np.errstate(all="ignore"):
            outs = defined(part, dialect, args)
            if way != "backward":
                return [*outs.values()]
            douts = dict(zip(outs, arrays))
            for name, out in outs.items():
                if douts[name].shape != out.shape:
                    raise ValueError(f"d{name} should have the shape {out.shape}")

            def loss(name, a):
                if monotonic() > until:
                    raise TimeoutError("took too long")
                return total(douts, defined(part, dialect, {**args, name: a}))
            return [differences(lambda a, name=name: loss(name, a), args[name]) for name in moved]
    return answer
