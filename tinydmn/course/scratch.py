"""The empty folder in which a student's file runs.

It goes when its session ends.  Where the grader itself is killed nobody is left to remove it, so
each is locked by its session: the system drops the lock with the process, and the next run of the
grader removes every folder that nobody holds.
"""

import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

PREFIX = "tinydmn-student-"


def new():
    """-> a folder, and the open file that holds it; `gone` takes both."""
    while True:
        folder = tempfile.mkdtemp(prefix=PREFIX)
        with suppress(FileNotFoundError):        # remove_left may have come between
            held = os.open(folder, os.O_RDONLY)
            if lock(held) is not False and os.path.isdir(folder):
                return folder, held
            os.close(held)


def gone(folder, held):
    """Removes a folder with what is in it, and lets go of it."""
    shutil.rmtree(folder, ignore_errors=True)
    os.close(held)


def remove_left():
    """Removes the folders of graders that were killed."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with suppress(OSError):                  # of another user, or gone by now
            held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            if lock(held):
                shutil.rmtree(folder, ignore_errors=True)
            os.close(held)


def lock(held):
    """Whether an open file is locked now: False where somebody else holds it, None where the file
    system knows no locks."""
    import fcntl                                 # not on Windows, where no session opens
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    except BlockingIOError:
        return False
    except OSError:
        return None
