"""Threads over coarse pieces of work, each with single-threaded matrix products of its own."""

import ctypes
import os
from concurrent.futures import ThreadPoolExecutor
from functools import cache

from threadpoolctl import ThreadpoolController


def count():
    """How many threads to use: TINYDMN_THREADS, or the cores this process may run on."""
    if asked := os.environ.get("TINYDMN_THREADS"):
        return max(1, int(asked))
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@cache
def _pool(n):
    return ThreadPoolExecutor(n, thread_name_prefix="tinydmn")


@cache
def _blas():
    import scipy.linalg.cython_blas                        # Numba's products use SciPy's BLAS: loaded now, or it would be missed below
    return ThreadpoolController().select(user_api="blas")


def run(work, pieces, n):
    """[work(piece) for piece in pieces], by at most n threads; BLAS gets one thread each meanwhile."""
    with _blas().limit(limits=1):
        if n == 1 or len(pieces) == 1:
            return [work(piece) for piece in pieces]
        return list(_pool(n).map(work, pieces))


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
