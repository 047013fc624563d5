"""Errors that are the user's to mend: one line, no traceback, exit code 2; and what is a line, but no error."""

import sys
from pathlib import Path

import numpy as np

PICTURES = (".png", ".svg", ".pdf")


class UserError(ValueError):
    """A mistake in what was given (a file, an option, a story).  The message is one line: where it is, what is wrong, how to mend it."""


def at_line(path, line, problem, mend):
    """A UserError in the common form  FILE:LINE: problem; mend."""
    return UserError(f"{path}:{line}: {problem}; {mend}")


_noticed = set()


def notice(about, text):
    """One line on standard error for the user, no reason to stop; of what it is `about` nothing more is said in this process."""
    if about not in _noticed and sys.stderr:
        _noticed.add(about)
        print("tinydmn:", " ".join(text.splitlines()), file=sys.stderr, flush=True)


def check_rng(rng):
    """Raises TypeError where `rng` is no numpy Generator: a seed in its place would draw nothing, or the same numbers each time."""
    if not isinstance(rng, np.random.Generator):
        raise TypeError(f"rng is {rng!r}; give a generator, numpy.random.default_rng(seed)")


def check_picture(path):
    """Raises UserError where the ending of `path` is no picture's.  It stands here, so that a command can ask before its work without Matplotlib."""
    if Path(path).suffix.lower() not in PICTURES:
        raise UserError(f"{path}: a picture's name ends in {', '.join(PICTURES[:-1])} or {PICTURES[-1]}; change its ending")
