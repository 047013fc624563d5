"""Mistakes that the user can fix: one line, no traceback, exit code 2; and notices, a line that
stops nothing."""

import errno
import os
import stat
import sys
from pathlib import Path

import numpy as np

PICTURES = (".png", ".svg", ".pdf")


class UserError(ValueError):
    """A mistake in what was given (a file, an option, a story).  Its message is one line: where it
    is, what is wrong, how to fix it."""


def at_line(path, line, problem, fix):
    """A UserError in the common form  FILE:LINE: problem; fix."""
    return UserError(f"{path}:{line}: {problem}; {fix}")


_noticed = set()


def notice(about, text):
    """One line on standard error, once a process for each thing it is `about`."""
    if about not in _noticed and sys.stderr:
        _noticed.add(about)
        print("tinydmn:", " ".join(text.splitlines()), file=sys.stderr, flush=True)


def check_rng(rng):
    """Raises TypeError where `rng` is no numpy Generator: a seed instead would draw nothing, or the
    same numbers each time."""
    if not isinstance(rng, np.random.Generator):
        raise TypeError(f"rng is {rng!r}; give a generator, numpy.random.default_rng(seed)")


def kind_of(path):
    """"folder", "file", or None where nothing has this name.  Raises UserError where that cannot be
    known: no permission, or a name that no file can have."""
    try:
        return "folder" if stat.S_ISDIR(os.stat(path).st_mode) else "file"
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            return None
        raise UserError(f"{path}: cannot be read ({error.strerror}); give a place you may "
                        "read") from None
    except ValueError:                               # a character that names cannot have here
        raise no_name(path) from None


def no_name(path):
    """A UserError for a name that no file can have on this system: it holds a NUL, or a character
    that the file system's encoding lacks."""
    encoding = sys.getfilesystemencoding()
    return UserError(f"{path}: no file can have this name here (names are {encoding}); "
                     "set PYTHONUTF8=1, or give another name")


def check_folder(path, fix):
    """Raises UserError where `path` is no folder: what it is instead, and how to fix it."""
    if (kind := kind_of(path)) != "folder":
        problem = "no such folder" if kind is None else f"is a {kind}, not a folder"
        raise UserError(f"{path}: {problem}; {fix}")


def check_picture(path):
    """Raises UserError where the ending of `path` is no picture's.

    It stands here so that a command can check before its work, without loading Matplotlib."""
    if Path(path).suffix.lower() not in PICTURES:
        raise UserError(f"{path}: a picture's name ends in {', '.join(PICTURES[:-1])} or "
                        f"{PICTURES[-1]}; change its ending")
