"""The attention gate, eqs (5) and (6), as the paper writes it."""

import numpy as np
import pytest
from hypothesis import assume, given

from tinydmn.ops.gate_numpy import BLOCKS, gate_features, gate_features_backward
from tinydmn.ops.groups import gate_shapes

from .helpers import NUMPY, assert_a_thousandth_is_seen, assert_gradients, drawn, each_backend, less_one, ones, ops, seeds, sizes


def asked(rng, Q, T, H, G):
    """Random c, m, q and Gate, and weights w of a loss <w, s>."""
    return rng.normal(size=(Q, T, H)), rng.normal(size=(Q, H)), rng.normal(size=(Q, H)), drawn(rng, gate_shapes(H, G)), rng.normal(size=(Q, T))


def far_from_the_kink(c, *others):
    """|c - x| has no derivative at 0: central differences need c and x apart."""
    return all(np.abs(c - x[:, None]).min() > 1e-3 for x in others)


def gradients(op, ds, c, m, q, gate):
    """ds (Q, T) -> dc, dm, dq, dgate, this added to ones and without them."""
    dgate = ones(gate)
    return *op.gate_backward(ds, op.gate_forward(c, m, q, gate)[1], gate, dgate), less_one(dgate)


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
    w, dW_b = rng.normal(size=(B, 7 * H + 2)), np.ones_like(W_b)
    loss = lambda: np.sum(w * gate_features(c, m, q, W_b))
    assert_gradients(loss, (*gate_features_backward(w, c, m, q, W_b, dW_b), dW_b - 1), (c, m, q, W_b))


def test_scores_by_hand():
    """Question by question and fact by fact, as eq. (6) is written, before its outer σ."""
    c, m, q, gate, _ = asked(np.random.default_rng(0), 2, 3, 2, 4)
    s, _ = NUMPY.gate_forward(c, m, q, gate)
    for i in range(2):
        for t in range(3):
            z = gate_features(c[i, t], m[i], q[i], gate.W_b)
            assert s[i, t] == pytest.approx(gate.W_2 @ np.tanh(gate.W_1 @ z + gate.b_1) + gate.b_2, abs=1e-13)


@each_backend
@given(Q=sizes, T=sizes, H=sizes, G=sizes, seed=seeds)
def test_gradients(backend, Q, T, H, G, seed):
    op = ops.load(backend)
    c, m, q, gate, w = asked(np.random.default_rng(seed), Q, T, H, G)
    assume(far_from_the_kink(c, m, q))
    loss = lambda: np.sum(w * op.gate_forward(c, m, q, gate)[0])
    assert_gradients(loss, gradients(op, w, c, m, q, gate), (c, m, q, gate))


def test_a_gradient_wrong_by_a_thousandth_is_seen():
    c, m, q, gate, w = asked(np.random.default_rng(3), 2, 3, 3, 2)
    loss = lambda: np.sum(w * NUMPY.gate_forward(c, m, q, gate)[0])
    exact = gradients(NUMPY, w, c, m, q, gate)
    assert_a_thousandth_is_seen(loss, exact, (c, m, q, gate))
    exact[3].W_1[:, 5 * 3] *= 1.001                        # one column of the |c - q| block
    with pytest.raises(AssertionError, match=r"gradient of 3\.W_1: columns of \|c-q\|"):
        assert_gradients(loss, exact, (c, m, q, gate))


def test_the_kink_takes_derivative_0():
    """c = q = m, as in the first pass where a fact is the question: |c - q| gives nothing, not a NaN and not ±1."""
    H, G = 3, 2
    c, _, _, gate, _ = asked(np.random.default_rng(0), 1, 1, H, G)
    gate.W_1[:, :5 * H], gate.W_1[:, 7 * H:] = 0.0, 0.0    # only the blocks |c - q| and |c - m| are read
    for d in gradients(NUMPY, np.ones((1, 1)), c, c[:, 0].copy(), c[:, 0].copy(), gate)[:3]:
        np.testing.assert_array_equal(d, 0.0)


@each_backend
@given(Q=sizes, T=sizes, H=sizes, G=sizes, seed=seeds)
def test_each_fact_alone_as_beside_others(backend, Q, T, H, G, seed):
    op = ops.load(backend)
    c, m, q, gate, _ = asked(np.random.default_rng(seed), Q, T, H, G)
    s, _ = op.gate_forward(c, m, q, gate)
    for i in range(Q):
        for t in range(T):
            alone, _ = op.gate_forward(c[i:i + 1, t:t + 1], m[i:i + 1], q[i:i + 1], gate)
            np.testing.assert_allclose(alone[0, 0], s[i, t], rtol=1e-12, atol=1e-13)


@each_backend
@given(Q=sizes, T=sizes, H=sizes, G=sizes, seed=seeds)
def test_gradient_is_linear_in_ds(backend, Q, T, H, G, seed):
    op, rng = ops.load(backend), np.random.default_rng(seed)
    *arguments, one = asked(rng, Q, T, H, G)
    two = rng.normal(size=(Q, T))
    (*d_one, g_one), (*d_two, g_two), (*d_both, g_both) = (gradients(op, ds, *arguments) for ds in (one, two, one + two))
    for a, b, both in zip((*d_one, *g_one), (*d_two, *g_two), (*d_both, *g_both)):
        np.testing.assert_allclose(a + b, both, rtol=1e-9, atol=1e-9)
