"""Errors that are the user's to mend: one line, no traceback, exit code 2."""

from pathlib import Path

import numpy as np

PICTURES = (".png", ".svg", ".pdf")


class UserError(ValueError):
    """A mistake in what was given (a file, an option, a story).  The message is one line: where it is, what is wrong, how to mend it."""


def at_line(path, line, problem, mend):
    """A UserError in the common form  FILE:LINE: problem; mend."""
    return UserError(f"{path}:{line}: {problem}; {mend}")


def check_rng(rng):
    """Raises TypeError where `rng` is no numpy Generator: a seed in its place would draw nothing, or the same numbers each time."""
    if not isinstance(rng, np.random.Generator):
        raise TypeError(f"rng is {rng!r}; give a generator, numpy.random.default_rng(seed)")


def check_picture(path):
    """Raises UserError where the ending of `path` is no picture's.  It stands here, so that a command can ask before its work without Matplotlib."""
    if Path(path).suffix.lower() not in PICTURES:
        raise UserError(f"{path}: a picture's name ends in {', '.join(PICTURES[:-1])} or {PICTURES[-1]}; change its ending")
