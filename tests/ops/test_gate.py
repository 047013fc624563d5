"""The attention gate, eqs (5) and (6)."""

import numpy as np
from hypothesis import assume, given
import pytest

from tinydmn.gradcheck import assert_grad
from tinydmn.ops.gate_numpy import BLOCKS, gate_features, gate_features_backward

from .helpers import NUMBA, NUMPY, assert_same, each_backend, each_dtype, ops, seeds, sequences, sizes


def gate(rng, Q, T, R, H, G):
    """Random arguments: c, rows, n, q, m and the parameters W_b, W_1, b_1, W_2, b_2."""
    rows, n = sequences(rng, Q, T, R)
    c, q, m = rng.normal(size=(R, H)), rng.normal(size=(Q, H)), rng.normal(size=(Q, H))
    return c, rows, n, q, m, (rng.normal(size=(H, H)), rng.normal(size=(G, 7 * H + 2)), rng.normal(size=G), rng.normal(size=G),
                              np.array(rng.normal()))


def far_from_the_kink(c, rows, n, *others):
    """|c - x| has no derivative at 0: central differences need c and x apart."""
    seen = np.arange(rows.shape[1]) < n[:, None]
    return all(np.abs(c[rows] - x[:, None])[seen].min() > 1e-3 for x in others)


def two_passes(op, c, rows, n, q, m, weights):
    """Scores of a pass guided by q and of one guided by m, with what they share."""
    W_b, W_1, b_1, W_2, b_2 = weights
    shared = op.gate_shared_forward(c, rows, n, q, W_b, W_1, b_1)
    return shared, [op.gate_forward(x, shared, W_b, W_1, W_2, b_2) for x in (q, m)]


def gradients(op, ds, c, rows, n, q, m, weights):
    """ds (2, Q, T) -> gradients of c, q, m, W_b, W_1, b_1, W_2, b_2 through both passes, added to what other modules gave: 1."""
    W_b, W_1, b_1, W_2, b_2 = weights
    shared, passes = two_passes(op, c, rows, n, q, m, weights)
    dc, dW_b, dW_1, db_1, dW_2, db_2 = given = [np.ones_like(x) for x in (c, W_b, W_1, b_1, W_2, b_2)]
    dshared = op.gate_shared_zeros(shared, W_1)
    dx = [op.gate_backward(d, cache, shared, dshared, W_b, W_1, W_2, dW_b, dW_1, dW_2, db_2) for d, (_, cache) in zip(ds, passes)]
    dq = op.gate_shared_backward(dshared, shared, W_b, W_1, dc, dW_b, dW_1, db_1) + dx[0]
    for d in given:
        d -= 1
    return dc, dq, dx[1], dW_b, dW_1, db_1, dW_2, db_2


def test_nine_blocks_in_the_papers_order():
    c, m, q, W_b = np.array([2.0, 3.0]), np.array([5.0, -1.0]), np.array([1.0, 4.0]), np.array([[1.0, 2.0], [0.0, -1.0]])
    blocks = [c, m, q, c * q, c * m, abs(c - q), abs(c - m), [c @ W_b @ q], [c @ W_b @ m]]
    assert len(BLOCKS) == len(blocks)
    np.testing.assert_array_equal(gate_features(c, m, q, W_b), np.concatenate(blocks))


@given(B=sizes, H=sizes, seed=seeds)
def test_features_gradients(B, H, seed):
    rng = np.random.default_rng(seed)
    c, m, q, W_b = (rng.normal(size=s) for s in ((B, H), (B, H), (B, H), (H, H)))
    assume(min(np.abs(c - q).min(), np.abs(c - m).min()) > 1e-3)
    w = rng.normal(size=(B, 7 * H + 2))
    loss = lambda: np.sum(w * gate_features(c, m, q, W_b))
    dW_b = np.zeros_like(W_b)
    for name, exact, at in zip("cmq", gate_features_backward(w, c, m, q, W_b, dW_b), (c, m, q)):
        assert_grad(name, exact, loss, at)
    assert_grad("W_b", dW_b, loss, W_b)


@each_backend
@given(Q=sizes, T=sizes, R=sizes, H=sizes, G=sizes, seed=seeds)
def test_gate_gradients(backend, Q, T, R, H, G, seed):
    op, rng = ops.load(backend), np.random.default_rng(seed)
    c, rows, n, q, m, weights = gate(rng, Q, T, R, H, G)
    assume(far_from_the_kink(c, rows, n, q, m))
    seen = np.arange(T) < n[:, None]
    w = rng.normal(size=(2, Q, T))
    loss = lambda: sum(np.sum(w_i[seen] * s[seen]) for w_i, (s, _) in zip(w, two_passes(op, c, rows, n, q, m, weights)[1]))
    names = ("c", "q", "m", "W_b", "W_1", "b_1", "W_2", "b_2")
    for name, exact, at in zip(names, gradients(op, w, c, rows, n, q, m, weights), (c, q, m, *weights)):
        assert_grad(name, exact, loss, at)


@each_backend
def test_a_wrong_gate_gradient_is_seen(backend):
    op, rng = ops.load(backend), np.random.default_rng(3)
    c, rows, n, q, m, weights = gate(rng, 2, 3, 3, 3, 2)
    seen = np.arange(3) < n[:, None]
    w = rng.normal(size=(2, 2, 3))
    loss = lambda: sum(np.sum(w_i[seen] * s[seen]) for w_i, (s, _) in zip(w, two_passes(op, c, rows, n, q, m, weights)[1]))
    dW_1 = gradients(op, w, c, rows, n, q, m, weights)[4]
    assert_grad("W_1", dW_1, loss, weights[1])
    dW_1[:, 5 * 3] *= 1.001                                # one column of the |c - q| block
    with pytest.raises(AssertionError, match="gradient of W_1"):
        assert_grad("W_1", dW_1, loss, weights[1])


@each_dtype
@given(Q=sizes, T=sizes, R=sizes, H=sizes, G=sizes, seed=seeds)
def test_numba_is_numpy(dtype, Q, T, R, H, G, seed):
    rng = np.random.default_rng(seed)
    cast = lambda x: np.asarray(x, dtype)
    c, rows, n, q, m, weights = gate(rng, Q, T, R, H, G)
    c, q, m, weights = cast(c), cast(q), cast(m), tuple(cast(x) for x in weights)
    ds = cast(rng.normal(size=(2, Q, T)))
    results = [([s for s, _ in two_passes(op, c, rows, n, q, m, weights)[1]], gradients(op, ds, c, rows, n, q, m, weights))
               for op in (NUMBA, NUMPY)]
    assert_same(*results, dtype)


@each_backend
def test_the_kink_takes_derivative_0(backend):
    """c = q = m, as at the first pass when a fact is the question: |c - q| gives nothing, not a NaN and not ±1."""
    op, rng = ops.load(backend), np.random.default_rng(0)
    H, G = 3, 2
    c, rows, n = rng.normal(size=(1, H)), np.zeros((1, 1), np.int32), np.ones(1, np.int32)
    _, _, _, _, _, weights = gate(rng, 1, 1, 1, H, G)
    weights[1][:, :5 * H], weights[1][:, 7 * H:] = 0.0, 0.0            # only the blocks |c - q| and |c - m| are read
    dc, dq, dm, *_ = gradients(op, np.ones((2, 1, 1)), c, rows, n, c.copy(), c.copy(), weights)
    for d in (dc, dq, dm):
        np.testing.assert_array_equal(d, 0.0)


@each_backend
@given(Q=sizes, T=sizes, R=sizes, H=sizes, G=sizes, seed=seeds)
def test_padding_and_neighbours_change_nothing(backend, Q, T, R, H, G, seed):
    op, rng = ops.load(backend), np.random.default_rng(seed)
    c, rows, n, q, m, weights = gate(rng, Q, T, R, H, G)
    s = two_passes(op, c, rows, n, q, m, weights)[1][1][0]
    assert np.all(np.isneginf(s) == (np.arange(T) >= n[:, None]))
    for i in range(Q):
        alone = two_passes(op, c, rows[i:i + 1, :n[i]], n[i:i + 1], q[i:i + 1], m[i:i + 1], weights)[1][1][0]
        np.testing.assert_allclose(alone[0], s[i, :n[i]], rtol=1e-12, atol=1e-13)


@each_backend
@given(Q=sizes, T=sizes, R=sizes, H=sizes, G=sizes, seed=seeds)
def test_gradient_is_linear_in_ds(backend, Q, T, R, H, G, seed):
    op, rng = ops.load(backend), np.random.default_rng(seed)
    arguments = gate(rng, Q, T, R, H, G)
    one, two = rng.normal(size=(2, 2, Q, T))
    for a, b, both in zip(*(gradients(op, ds, *arguments) for ds in (one, two, one + two))):
        np.testing.assert_allclose(a + b, both, rtol=1e-9, atol=1e-9)
