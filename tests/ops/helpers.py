"""What the tests of the operations share: both backends, both precisions, and random arguments of a drawn shape."""

import sys

import numpy as np
import pytest
from hypothesis import strategies as st

from tinydmn import ops

sizes, seeds = st.integers(1, 4), st.integers(0, 2**32 - 1)
each_backend = pytest.mark.parametrize("backend", ops.BACKENDS)
each_dtype = pytest.mark.parametrize("dtype", ("float32", "float64"))
NUMPY, NUMBA = ops.load("numpy"), ops.load("numba")
packing_numba = sys.modules["tinydmn.ops.packing_numba"]   # loaded with the kernels, so that its own are kept where theirs are
CLOSE = {"float32": dict(rtol=2e-4, atol=2e-5), "float64": dict(rtol=1e-10, atol=1e-12)}   # Numba against NumPy: rounding alone


def assert_same(fast, plain, dtype):
    """Two results, or nests of results, that should differ by rounding alone; shapes and dtypes equal."""
    if isinstance(plain, (tuple, list)):
        assert len(fast) == len(plain)
        for a, b in zip(fast, plain):
            assert_same(a, b, dtype)
    elif plain is None:
        assert fast is None
    elif isinstance(plain, float):
        np.testing.assert_allclose(fast, plain, **CLOSE[dtype])
    else:
        assert fast.dtype == plain.dtype == np.dtype(dtype) and fast.shape == plain.shape
        np.testing.assert_allclose(fast, plain, **CLOSE[dtype])


def sequences(rng, B, T, R):
    """B sequences of 1 .. T steps over R rows: rows (B, T), n (B,)."""
    n = rng.integers(1, T + 1, B).astype(np.int32)
    return rng.integers(0, R, (B, T)).astype(np.int32), n


def steps_of(rng, n, F):
    """at (B, F): F steps of each sequence, some of them -1, none."""
    return rng.integers(-1, n[:, None], (len(n), F)).astype(np.int32)
