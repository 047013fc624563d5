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


def _set_blas_threads(numbers):
    """How many threads each BLAS library is to use from now on, in the whole process -> how many it used.

    threadpoolctl 3.8 lets only that Python thread set them which did so first, and ignores all others: whoever left last would not be heard.
    So nobody stays the first.
    """
    libraries = _blas().lib_controllers
    before = [library.get_num_threads() for library in libraries]
    free = next((library.clear_controlling_thread for library in libraries if hasattr(library, "clear_controlling_thread")), lambda force=False: None)
    free(force=True)                                       # for all libraries there is one first thread
    for library, n in zip(libraries, numbers):
        library.set_num_threads(n)
    free()
    return before


class _BlasLimit:
    """One BLAS thread while anyone works here: the limit holds for the whole process, so the first one in sets it and the last one out
    gives back what was there before, whatever the order in which they leave."""

    def __init__(self):
        self.lock, self.inside, self.before = Lock(), 0, []

    def __enter__(self):
        one_each = [1] * len(_blas().lib_controllers)      # loads what it must before the lock is taken
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
        """In the child: whoever was inside has stayed behind."""
        if self.inside:
            self.inside = 0
            _set_blas_threads(self.before)
        self.lock.release()


_one_blas_thread = _BlasLimit()
if hasattr(os, "register_at_fork"):                        # no fork while a limit is being set; a child has none of its parent's threads
    os.register_at_fork(before=_one_blas_thread.lock.acquire, after_in_parent=_one_blas_thread.lock.release, after_in_child=_one_blas_thread.after_fork)
    os.register_at_fork(after_in_child=_pool.cache_clear)


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
