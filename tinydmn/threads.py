"""Threads over coarse pieces of work, each with single-threaded matrix products of its own."""

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
