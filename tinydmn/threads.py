"""Threads over coarse pieces of work, each with single-threaded matrix products of its own."""

import ctypes
import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from threading import Lock

from threadpoolctl import ThreadpoolController

from .errors import UserError


def count():
    """How many threads to use: TINYDMN_THREADS, or the cores this process may run on."""
    if asked := os.environ.get("TINYDMN_THREADS"):
        if not asked.isdecimal() or not 1 <= int(asked) <= 1024:
            raise UserError(f"TINYDMN_THREADS is {asked!r}; give a number of threads, 1 to 1024, or unset it")
        return int(asked)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@cache
def _pool(n):
    return ThreadPoolExecutor(n, thread_name_prefix="tinydmn")


@cache
def _blas():
    import scipy.linalg.cython_blas                        # Numba's products use SciPy's BLAS: loaded now, or it would be missed below
    return ThreadpoolController().select(user_api="blas")


class _BlasLimit:
    """One BLAS thread while anyone works here: the limit holds for the whole process, so the first one in sets it and the last one out
    gives back what was there before, whatever the order in which they leave."""

    def __init__(self):
        self.lock, self.inside, self.before = Lock(), 0, None

    def __enter__(self):
        with self.lock:
            if not self.inside:
                self.before = _blas().limit(limits=1)
            self.inside += 1

    def __exit__(self, *error):
        with self.lock:
            self.inside -= 1
            if not self.inside:
                self.before.restore_original_limits()


_one_blas_thread = _BlasLimit()


def _after_fork():
    """A forked process has none of its parent's threads: it makes a pool of its own, and works for nobody yet."""
    _pool.cache_clear()
    _one_blas_thread.lock = Lock()
    if _one_blas_thread.inside:
        _one_blas_thread.inside = 0
        _one_blas_thread.before.restore_original_limits()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def run(work, pieces, n):
    """[work(piece) for piece in pieces], by at most n threads; BLAS gets one thread each meanwhile."""
    with _one_blas_thread:
        if n == 1 or len(pieces) == 1:
            return [work(piece) for piece in pieces]
        return list(_pool(n).map(work, pieces))


@contextmanager
def interruptible():
    """Ctrl-C while a compiled function runs in the main thread leaves it as a SystemError ("returned a result with an exception set"); here
    it becomes the KeyboardInterrupt that it was."""
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
    """The BLAS libraries at work, as text."""
    return ", ".join(sorted({f"{lib['internal_api']} {lib['version']} ({lib['architecture']})" for lib in _blas().info()}))


def keep_freed_memory():
    """Ask the C library to keep large freed arrays for the next step (Linux; elsewhere this does nothing).

    By default glibc hands them back to the system, and each training step takes some 700 pages anew, a tenth of its time.  It holds for the
    whole process, so programs ask for it, the library does not.
    """
    trim_threshold, mmap_threshold, largest = -1, -3, 2**25
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if os.name == "posix" else None
    if mallopt:
        mallopt(trim_threshold, 2**30)
        mallopt(mmap_threshold, largest)
