"""Softmax episode (section 4.1) and the σ of eq. (6)."""

import numpy as np
import pytest
from hypothesis import given

from tinydmn.gradcheck import assert_grad

from .helpers import NUMBA, NUMPY, assert_same, each_backend, each_dtype, ops, seeds, sequences, sizes


def episode(rng, Q, T, R, H):
    """Random s (-inf on padding), c, rows, n."""
    rows, n = sequences(rng, Q, T, R)
    s = rng.normal(size=(Q, T))
    s[np.arange(T) >= n[:, None]] = -np.inf
    return s, rng.normal(size=(R, H)), rows, n


@each_backend
@given(Q=sizes, T=sizes, R=sizes, H=sizes, seed=seeds)
def test_softmax_episode_gradients(backend, Q, T, R, H, seed):
    op, rng = ops.load(backend), np.random.default_rng(seed)
    s, c, rows, n = episode(rng, Q, T, R, H)
    w = rng.normal(size=(Q, H))
    loss = lambda: np.sum(w * op.softmax_episode_forward(s, c, rows, n)[0])
    dc = np.ones_like(c)
    ds = op.softmax_episode_backward(w, op.softmax_episode_forward(s, c, rows, n)[1], c, rows, n, dc)
    assert_grad("c", dc - 1, loss, c)
    seen = np.arange(T) < n[:, None]
    s_seen = s.copy()
    s_seen[~seen] = -1e300                                 # central differences need finite numbers; exp(-1e300) is 0 as well
    loss = lambda: np.sum(w * op.softmax_episode_forward(s_seen, c, rows, n)[0])
    assert_grad("s", ds, loss, s_seen)
    np.testing.assert_array_equal(ds[~seen], 0.0)


@each_backend
@given(Q=sizes, T=sizes, R=sizes, H=sizes, seed=seeds)
def test_softmax_runs_over_the_visible_facts(backend, Q, T, R, H, seed):
    """Each row sums to 1 over its own facts: not over the batch, not over padding; the score's level does not matter."""
    op, rng = ops.load(backend), np.random.default_rng(seed)
    s, c, rows, n = episode(rng, Q, T, R, H)
    e, g = op.softmax_episode_forward(s, c, rows, n)
    np.testing.assert_allclose(g.sum(axis=1), 1.0, rtol=1e-12)
    np.testing.assert_array_equal(g[np.arange(T) >= n[:, None]], 0.0)
    np.testing.assert_allclose(op.softmax_episode_forward(s + 5000.0, c, rows, n)[0], e, rtol=1e-9, atol=1e-12)       # and overflows nowhere
    np.testing.assert_allclose(op.softmax_episode_forward(s - 5000.0, c, rows, n)[0], e, rtol=1e-9, atol=1e-12)


@each_backend
@pytest.mark.parametrize("where", range(3))
def test_softmax_with_one_score_far_above_the_others(backend, where):
    """Wherever it stands: exp must not overflow."""
    op, c = ops.load(backend), np.eye(3)
    s = np.zeros((1, 3))
    s[0, where] = 5000.0
    e, g = op.softmax_episode_forward(s, c, np.arange(3)[None], np.array([3]))
    np.testing.assert_array_equal(g[0], c[where])
    np.testing.assert_array_equal(e[0], c[where])


@each_backend
@given(Q=sizes, T=sizes, seed=seeds)
def test_sigmoid_gates_gradients(backend, Q, T, seed):
    op, rng = ops.load(backend), np.random.default_rng(seed)
    s, w = rng.normal(size=(Q, T)), rng.normal(size=(Q, T))
    loss = lambda: np.sum(w * op.sigmoid_gates_forward(s))
    assert_grad("s", op.sigmoid_gates_backward(w, op.sigmoid_gates_forward(s)), loss, s)


@each_backend
def test_sigmoid_gates_are_closed_on_padding_and_never_overflow(backend):
    g = ops.load(backend).sigmoid_gates_forward(np.array([[-np.inf, -1e4, 0.0, 1e4]]))
    np.testing.assert_array_equal(g, [[0.0, 0.0, 0.5, 1.0]])


@each_dtype
@given(Q=sizes, T=sizes, R=sizes, H=sizes, seed=seeds)
def test_numba_is_numpy(dtype, Q, T, R, H, seed):
    rng = np.random.default_rng(seed)
    s, c, rows, n = episode(rng, Q, T, R, H)
    s, c, de = s.astype(dtype), c.astype(dtype), rng.normal(size=(Q, H)).astype(dtype)
    results = []
    for op in (NUMBA, NUMPY):
        e, g = op.softmax_episode_forward(s, c, rows, n)
        dc = np.ones_like(c)
        results.append((e, g, op.softmax_episode_backward(de, g, c, rows, n, dc), dc))
    assert_same(*results, dtype)
