"""Threads over coarse pieces of work, each with single-threaded BLAS."""

import ctypes
import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from threading import Lock

from threadpoolctl import ThreadpoolController

from .errors import UserError


def count():
    """How many threads to use: TINYDMN_THREADS, or the cores that this process may run on.

    Raises UserError where the variable is no number from 1 to 1024.
    """
    if asked := os.environ.get("TINYDMN_THREADS"):
        if not asked.isdecimal() or not 1 <= int(asked) <= 1024:
            raise UserError(f"TINYDMN_THREADS is {asked!r}; "
                            "give a number of threads, 1 to 1024, or unset it")
        return int(asked)
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@cache
def _pool(n):
    return ThreadPoolExecutor(n, thread_name_prefix="tinydmn")


@cache
def _blas():
    import_module("scipy.linalg.cython_blas")              # Numba uses SciPy's BLAS: load it first,
                                                           # or the controller would not find it
    return ThreadpoolController().select(user_api="blas")


def _set_blas_threads(numbers):
    """Sets how many threads each BLAS library uses, process-wide -> how many each used before.

    threadpoolctl 3.8 lets only the Python thread that first set them do so again, and ignores all
    others, so whoever left last would not be heard; here no thread stays the controlling one.
    """
    libraries = _blas().lib_controllers
    before = [library.get_num_threads() for library in libraries]
    free = next((library.clear_controlling_thread for library in libraries
                 if hasattr(library, "clear_controlling_thread")), lambda force=False: None)
    free(force=True)                                       # one controlling thread for all of them
    for library, n in zip(libraries, numbers):
        library.set_num_threads(n)
    free()
    return before


class _BlasLimit:
    """One BLAS thread while anyone is inside.  The limit is process-wide, so the first one in sets
    it, and the last one out restores what was there before, in whatever order they leave.
    """

    def __init__(self):
        self.lock, self.inside, self.before = Lock(), 0, []

    def __enter__(self):
        one_each = [1] * len(_blas().lib_controllers)      # before the lock: it may load a library
        with self.lock:
            if not self.inside:
                self.before = _set_blas_threads(one_each)
            self.inside += 1

    def __exit__(self, *error):
        with self.lock:
            self.inside -= 1
            if not self.inside:
                _set_blas_threads(self.before)

    def after_fork(self):
        """In the child: whoever was inside is still in the parent, and only there."""
        if self.inside:
            self.inside = 0
            _set_blas_threads(self.before)
        self.lock.release()


_one_blas_thread = _BlasLimit()
if hasattr(os, "register_at_fork"):                        # no fork while a limit is being set
    os.register_at_fork(before=_one_blas_thread.lock.acquire,
                        after_in_parent=_one_blas_thread.lock.release,
                        after_in_child=_one_blas_thread.after_fork)
    os.register_at_fork(after_in_child=_pool.cache_clear)  # a child has none of these threads


def run(work, pieces, n):
    """[work(piece) for piece in pieces], by at most n threads; BLAS uses one thread meanwhile."""
    with _one_blas_thread:
        if n == 1 or len(pieces) == 1:
            return [work(piece) for piece in pieces]
        return list(_pool(n).map(work, pieces))


@contextmanager
def interruptible():
    """Turns a SystemError that was Ctrl-C back into KeyboardInterrupt.

    Ctrl-C while a compiled function runs in the main thread leaves it as a SystemError ("returned a
    result with an exception set").
    """
    try:
        yield
    except SystemError as error:
        cause = error
        while cause is not None and not isinstance(cause, KeyboardInterrupt):
            cause = cause.__cause__ or cause.__context__
        if cause is None:
            raise
        raise KeyboardInterrupt from None


def blas_names():
    """The BLAS libraries in use, as text."""
    return ", ".join(sorted({f"{lib['internal_api']} {lib['version']} ({lib['architecture']})"
                             for lib in _blas().info()}))


def keep_freed_memory():
    """Asks the C library to keep large freed arrays for the next step (glibc; elsewhere no effect).

    By default glibc returns them to the system, and each training step maps some 700 pages anew, a
    tenth of its time.  The setting is process-wide, so programs ask for it, the library does not.
    """
    trim_threshold, mmap_threshold, largest = -1, -3, 2**25
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if os.name == "posix" else None
    if mallopt:
        mallopt(trim_threshold, 2**30)
        mallopt(mmap_threshold, largest)
