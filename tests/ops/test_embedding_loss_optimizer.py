"""Rows of arrays, dropout, cross-entropy, L2, clipping, Adam, and what stands between the equations."""

import math

import numpy as np
import pytest
from hypothesis import given, strategies as st

from tinydmn.gradcheck import assert_grad

from .helpers import CLOSE, NUMBA, NUMPY, assert_same, each_backend, each_dtype, ops, seeds, sizes


@each_backend
@given(S=sizes, T=sizes, V=sizes, D=sizes, seed=seeds)
def test_gather_and_dropout_gradients(backend, S, T, V, D, seed):
    op, rng = ops.load(backend), np.random.default_rng(seed)
    L, tokens = rng.normal(size=(V, D)), rng.integers(0, V, (S, T)).astype(np.int32)    # words repeat: gradients add up
    mask, w = rng.integers(0, 2, (S, T, D)) / 0.5, rng.normal(size=(S, T, D))
    loss = lambda: np.sum(w * op.dropout_forward(op.gather_forward(L, tokens), mask))
    dL = np.ones_like(L)                                   # what others gave stays
    op.gather_backward(op.dropout_backward(w, mask), tokens, dL)
    assert_grad("L", dL - 1, loss, L)
    x = rng.normal(size=(S, T, D))
    assert_grad("x", op.dropout_backward(w, mask), lambda: np.sum(w * op.dropout_forward(x, mask)), x)


def spelling(rng, R, K, N):
    """Features of R words, K at most, of N there are, some of them -1: none."""
    return rng.integers(-1, N, (R, K)).astype(np.int32)


@each_backend
@given(R=sizes, K=sizes, N=sizes, D=sizes, seed=seeds)
def test_features_gradients(backend, R, K, N, D, seed):
    op, rng = ops.load(backend), np.random.default_rng(seed)
    features, F, w = spelling(rng, R, K, N), rng.normal(size=(N, D)), rng.normal(size=(R, D))
    for row, x in zip(features, op.features_forward(features, F)):                      # a word's features add up, -1 adds nothing
        np.testing.assert_allclose(x, sum((F[f] for f in row if f >= 0), np.zeros(D)), atol=1e-12)
    dF = np.ones_like(F)
    op.features_backward(w, features, dF)
    assert_grad("F", dF - 1, lambda: np.sum(w * op.features_forward(features, F)), F)


@each_dtype
@given(R=sizes, K=sizes, N=sizes, D=sizes, seed=seeds)
def test_numba_features_are_numpy(dtype, R, K, N, D, seed):
    rng = np.random.default_rng(seed)
    features, F, dx = spelling(rng, R, K, N), rng.normal(size=(N, D)).astype(dtype), rng.normal(size=(R, D)).astype(dtype)
    results = []
    for op in (NUMBA, NUMPY):
        dF = np.ones_like(F)
        op.features_backward(dx, features, dF)
        results.append((op.features_forward(features, F), dF))
    assert_same(*results, dtype)


@each_dtype
@given(S=sizes, T=sizes, V=sizes, D=sizes, seed=seeds)
def test_numba_gather_is_numpy(dtype, S, T, V, D, seed):
    rng = np.random.default_rng(seed)
    L, tokens, dx = rng.normal(size=(V, D)).astype(dtype), rng.integers(0, V, (S, T)).astype(np.int32), rng.normal(size=(S, T, D)).astype(dtype)
    results = []
    for op in (NUMBA, NUMPY):
        dL = np.ones_like(L)
        op.gather_backward(dx, tokens, dL)
        results.append((op.gather_forward(L, tokens), dL))
    assert_same(*results, dtype)


def scored(rng, N, K):
    """Scores with some -inf, targets that are open classes or -1."""
    s, target = rng.normal(size=(N, K)), rng.integers(-1, K, N).astype(np.int32)
    s[(rng.random((N, K)) < 0.3) & (np.arange(K) != np.maximum(target, 0)[:, None])] = -np.inf
    return s, target


@each_backend
@given(N=sizes, K=sizes, seed=seeds)
def test_cross_entropy_gradients(backend, N, K, seed):
    op, rng = ops.load(backend), np.random.default_rng(seed)
    s, target = scored(rng, N, K)
    s[np.isneginf(s)] = -60.0                              # central differences need finite numbers
    loss = lambda: 0.25 * op.cross_entropy_forward(s, target)[0]
    assert_grad("s", op.cross_entropy_backward(op.cross_entropy_forward(s, target)[1], target, 0.25), loss, s)


@each_backend
@given(N=sizes, K=sizes, seed=seeds)
def test_cross_entropy_takes_scores(backend, N, K, seed):
    """Equal scores cost log K each; probabilities sum to 1; huge scores stay finite; a closed class gets nothing."""
    op, rng = ops.load(backend), np.random.default_rng(seed)
    target = rng.integers(0, K, N).astype(np.int32)
    assert op.cross_entropy_forward(np.full((N, K), 7.0), target)[0] == pytest.approx(N * math.log(K), abs=1e-12)
    s, target = scored(rng, N, K)
    loss, p = op.cross_entropy_forward(1e4 * s, target)
    assert np.isfinite(loss)
    np.testing.assert_allclose(p.sum(axis=1), 1.0)
    np.testing.assert_array_equal(p[np.isneginf(s)], 0.0)
    np.testing.assert_array_equal(op.cross_entropy_backward(p, target, 1.0)[target < 0], 0.0)


@each_backend
@given(n=st.integers(0, 5), steps=sizes, K=st.integers(1, 3), seed=seeds)
def test_right_answers_are_counted(backend, n, steps, K, seed):
    """By hand: an answer of several steps is right as a whole; -1 is not scored, and where nothing is scored nothing is right."""
    rng = np.random.default_rng(seed)
    s, target = rng.integers(0, 2, (n * steps, K)).astype(float), rng.integers(-1, K, n * steps).astype(np.int32)        # many equals: the first counts
    if K > 1:
        s[rng.random((n * steps, K)) < 0.2] = -np.inf
    right = 0
    for i in range(0, n * steps, steps):
        hits = [list(s[j]).index(max(s[j])) == target[j] for j in range(i, i + steps) if target[j] >= 0]
        right += bool(hits) and all(hits)
    found = ops.load(backend).count_right(s, target, steps)
    assert found == right and isinstance(found, int)
    if steps == 1:
        assert ops.load(backend).count_right(s, target) == right


@each_dtype
@given(N=sizes, K=sizes, seed=seeds)
def test_numba_cross_entropy_is_numpy(dtype, N, K, seed):
    s, target = scored(np.random.default_rng(seed), N, K)
    s = s.astype(dtype)
    results = []
    for op in (NUMBA, NUMPY):
        loss, p = op.cross_entropy_forward(s, target)
        results.append((loss, p, op.cross_entropy_backward(p, target, 0.5)))
    assert_same(*results, dtype)


@each_backend
@given(P=st.integers(1, 30), seed=seeds)
def test_l2_gradient(backend, P, seed):
    op, rng = ops.load(backend), np.random.default_rng(seed)
    theta, decayed, dtheta = rng.normal(size=P), rng.integers(0, 2, P).astype(float), np.ones(P)
    op.l2_backward(theta, decayed, 0.3, dtheta)
    assert_grad("theta", dtheta - 1, lambda: 0.3 * op.l2_forward(theta, decayed), theta)


@each_backend
@each_dtype
@given(P=st.integers(1, 30), largest=st.floats(0.1, 10), seed=seeds)
def test_clipping_keeps_the_direction(backend, dtype, P, largest, seed):
    op, rng = ops.load(backend), np.random.default_rng(seed)
    before = rng.normal(size=P).astype(dtype)
    after = before.copy()
    norm = op.clip_by_global_norm(after, largest)
    assert norm == pytest.approx(np.linalg.norm(before), rel=1e-5)
    np.testing.assert_allclose(after, before * min(1.0, largest / norm), rtol=1e-5)


@each_backend
def test_adam_by_hand(backend):
    """Two steps on one number, as in algorithm 1 of the paper, in Python's floats."""
    op, theta, m, v = ops.load(backend), np.array([1.0]), np.zeros(1), np.zeros(1)
    x, m_hand, v_hand = 1.0, 0.0, 0.0
    for step, g in ((1, 0.5), (2, -2.0)):
        m_hand, v_hand = 0.9 * m_hand + 0.1 * g, 0.999 * v_hand + 0.001 * g * g
        x -= 0.01 * (m_hand / (1 - 0.9**step)) / (math.sqrt(v_hand / (1 - 0.999**step)) + 1e-8)
        op.adam(theta, np.array([g]), (m, v), step, 0.01)
        assert theta[0] == pytest.approx(x, abs=1e-14)
        assert (m[0], v[0]) == pytest.approx((m_hand, v_hand), abs=1e-14)  # changed in place: what a checkpoint keeps


@each_dtype
@given(P=st.integers(1, 30), seed=seeds)
def test_numba_optimizer_is_numpy(dtype, P, seed):
    rng = np.random.default_rng(seed)
    start, decayed = rng.normal(size=P).astype(dtype), rng.integers(0, 2, P).astype(dtype)
    slopes = rng.normal(size=(3, P)).astype(dtype)
    results = []
    for op in (NUMBA, NUMPY):
        theta, m, v = start.copy(), np.zeros_like(start), np.zeros_like(start)
        for step, d in enumerate(slopes, 1):
            d = d.copy()
            op.l2_backward(theta, decayed, 0.1, d)
            op.clip_by_global_norm(d, 2.0)
            op.adam(theta, d, (m, v), step, 0.01)
        results.append((theta, m, v))
    assert_same(*results, dtype)
    np.testing.assert_allclose(NUMBA.l2_forward(start, decayed), NUMPY.l2_forward(start, decayed), **CLOSE[dtype])


@each_backend
def test_adam_with_settings_of_ones_own(backend):
    """One step: m_hat = d, v_hat = d^2, whatever the betas; a large epsilon divides by its own."""
    op, theta, m, v = ops.load(backend), np.array([1.0, 1.0]), np.zeros(2), np.zeros(2)
    op.adam(theta, np.array([0.5, -2.0]), (m, v), 1, 0.01, betas=(0.5, 0.75), epsilon=3.0)
    np.testing.assert_allclose(theta, [1 - 0.01 * 0.5 / 3.5, 1 + 0.01 * 2 / 5], rtol=1e-14)
    np.testing.assert_allclose(m, [0.25, -1.0], rtol=1e-14)
    np.testing.assert_allclose(v, [0.0625, 1.0], rtol=1e-14)


@each_backend
@given(N=sizes, K=sizes, seed=seeds)
def test_argmax_is_the_first_of_the_largest(backend, N, K, seed):
    s = np.random.default_rng(seed).integers(0, 2, (2, N, K)).astype(float)                # ties
    wanted = [[max(range(K), key=lambda k: (row[k], -k)) for row in rows] for rows in s]
    np.testing.assert_array_equal(ops.load(backend).argmax(s), wanted)


@each_backend
@each_dtype
def test_what_stands_between_the_equations(backend, dtype):
    """zeros, stack, append_row, add (a new array), add_into (in place); to_device and to_host change no number."""
    op = ops.load(backend)
    a, b = np.arange(6, dtype=dtype).reshape(2, 3), np.ones((2, 3), dtype)
    zeros = op.to_host(op.zeros((2, 3), a.dtype))
    assert zeros.shape == (2, 3) and zeros.dtype == a.dtype and not zeros.any()
    x, y, rows = op.to_device((a.copy(), b.copy(), (np.arange(2, dtype=np.int32),)))
    np.testing.assert_array_equal(op.to_host(rows[0]), [0, 1])
    np.testing.assert_array_equal(op.to_host(op.stack([x, y])), [a, b])
    np.testing.assert_array_equal(op.to_host(op.append_row(x, y[0])), [*a, b[0]])
    np.testing.assert_array_equal(op.to_host(op.add(x, y)), a + 1)
    np.testing.assert_array_equal(op.to_host(x), a)
    op.add_into(x, y)
    np.testing.assert_array_equal(op.to_host(x), a + 1)


@each_backend
def test_pieces_are_neither_too_large_nor_too_small(backend):
    """At least one, never more than there are stories; of many questions at most 80 a piece where the stories allow; of few one."""
    op = ops.load(backend)
    for S in (*range(1, 40), 100, 1000):
        for Q in (*range(S, S + 60), 4 * S + 500):
            n = op.n_pieces(S, Q)
            assert 1 <= n <= S and (n == S or Q <= 80 * n)
            assert n == 1 or Q >= 16
            assert Q < 16 or S == 1 or n >= 2              # two threads have something to do
