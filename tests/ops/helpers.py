"""What the tests of the operations share: back ends, precisions, random arguments of a drawn shape, and nests of arrays.

A nest is an array, None, or a tuple of nests: the groups of tinydmn/ops/groups.py are nests.
"""

import sys

import numpy as np
import pytest
from hypothesis import strategies as st

from tinydmn import ops
from tinydmn.gradcheck import assert_grad
from tinydmn.ops.groups import EPISODES, GRU, Facts, Memory, gate_shapes, recurrent_shapes

sizes, seeds = st.integers(1, 4), st.integers(0, 2**32 - 1)
each_backend = pytest.mark.parametrize("backend", ops.BACKENDS)
each_dtype = pytest.mark.parametrize("dtype", ("float32", "float64"))
each_kind = pytest.mark.parametrize("kind", EPISODES)
NUMPY, NUMBA = ops.load("numpy"), ops.load("numba")
packing_numba = sys.modules["tinydmn.ops.packing_numba"]   # loaded with the kernels, so that its own are kept where theirs are
CLOSE = {"float32": dict(rtol=2e-4, atol=2e-5), "float64": dict(rtol=1e-10, atol=1e-12)}   # Numba against NumPy: rounding alone


def nest(f, *nests):
    """f of the arrays that have the same place in each -> the nest of the results."""
    first = nests[0]
    if isinstance(first, tuple):
        parts = [nest(f, *group) for group in zip(*nests, strict=True)]
        return type(first)(*parts) if hasattr(first, "_fields") else tuple(parts)
    return None if first is None else f(*nests)


def arrays(of, name=""):
    """A nest -> [(name, array)]: fields by their names, places of a plain tuple by their numbers."""
    if isinstance(of, tuple):
        fields = getattr(of, "_fields", range(len(of)))
        return [pair for field, part in zip(fields, of) for pair in arrays(part, f"{name}.{field}".lstrip("."))]
    return [] if of is None else [(name, of)]


def drawn(rng, shapes, scale=1.0):
    """A nest of shapes -> of normal arrays (float64)."""
    if shapes is None:
        return None
    if all(isinstance(size, int) for size in shapes):
        return np.array(scale * rng.normal(size=shapes))
    return type(shapes)(*(drawn(rng, shape, scale) for shape in shapes))


def cast(of, dtype):
    """Its float arrays in `dtype`; integers stay."""
    return nest(lambda a: a.astype(dtype) if a.dtype.kind == "f" else a, of)


def ones(weights):
    """Gradients to add into that are not zero: what others gave must stay."""
    return nest(np.ones_like, weights)


def less_one(dweights):
    """What was added into ones(weights)."""
    return nest(lambda a: np.asarray(a - 1), dweights)


def assert_gradients(loss, exact, at):
    """Every entry of every array of the nest `at` by central differences; exact: a nest of the same form."""
    given, wanted = arrays(exact), arrays(at)
    assert [name for name, _ in given] == [name for name, _ in wanted]
    for (name, d), (_, a) in zip(given, wanted):
        assert_grad(name or "x", d, loss, a)


def assert_a_thousandth_is_seen(loss, exact, at, without=()):
    """The check checked: it must fail where any of the gradients is wrong by 0.1 %.  without: names of those that are 0."""
    assert_gradients(loss, exact, at)
    for (name, d), (_, a) in zip(arrays(exact), arrays(at)):
        if name in without:
            np.testing.assert_allclose(d, 0.0, atol=1e-14)
            continue
        assert np.abs(d).max() > 1e-3, f"{name} has hardly a gradient"
        with pytest.raises(AssertionError, match=f"gradient of {name}: .*wrong"):
            assert_grad(name, np.asarray(1.001 * d), loss, a)


def assert_same(fast, plain, dtype):
    """Two nests that should differ by rounding alone; shapes and dtypes equal."""
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


def visible(facts):
    """Facts -> (Q, T) bool: not padding."""
    return np.arange(facts.rows.shape[1]) < facts.n[:, None]


def questions(rng, Q, T, R, H):
    """Random c (R, H), m, q (Q, H) and Facts.  Facts are shared, and a question may have one twice."""
    return rng.normal(size=(R, H)), rng.normal(size=(Q, H)), rng.normal(size=(Q, H)), Facts(*sequences(rng, Q, T, R))


def memory_weights(rng, kind, H, G):
    """A random Memory for episodes of a kind; at half the size, so that three passes do not saturate."""
    group = EPISODES[kind]
    gru = recurrent_shapes(GRU, H, H)
    return drawn(rng, Memory(gate_shapes(H, G), group and recurrent_shapes(group, H, H), gru), scale=0.5)
