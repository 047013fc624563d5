"""Errors that are the user's to mend: one line, no traceback, exit code 2; and what is a line, but no error."""

import errno
import os
import stat
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


def kind_of(path):
    """"folder", "file" or, where nothing is, None.  Raises UserError where that cannot be known: not to be looked at, or no possible name."""
    try:
        return "folder" if stat.S_ISDIR(os.stat(path).st_mode) else "file"
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            return None
        raise UserError(f"{path}: cannot be read ({error.strerror}); give a place you may read") from None
    except ValueError:                                     # a letter that names cannot have here
        raise no_name(path) from None


def no_name(path):
    """A UserError about a name that no file of this system can have: with a NUL, or a letter that its encoding lacks."""
    return UserError(f"{path}: no file can have this name here (names are {sys.getfilesystemencoding()}); set PYTHONUTF8=1, or give another name")


def check_folder(path, mend):
    """Raises UserError where `path` is no folder, and says what it is."""
    if (kind := kind_of(path)) != "folder":
        raise UserError(f"{path}: {'no such folder' if kind is None else f'is a {kind}, not a folder'}; {mend}")


def check_picture(path):
    """Raises UserError where the ending of `path` is no picture's.  It stands here, so that a command can ask before its work without Matplotlib."""
    if Path(path).suffix.lower() not in PICTURES:
        raise UserError(f"{path}: a picture's name ends in {', '.join(PICTURES[:-1])} or {PICTURES[-1]}; change its ending")
