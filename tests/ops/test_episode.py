"""Episodes: attention-gated GRU of eqs (7) and (8), softmax of section 4.1.  Every kind goes through one suite."""

import numpy as np
import pytest
from hypothesis import given

from tinydmn.ops.groups import EPISODES, GRU, Sequences, recurrent_shapes

from .helpers import (NUMPY, assert_a_thousandth_is_seen, assert_gradients, assert_same, drawn, each_backend, each_kind, less_one, ones, ops, seeds,
                      sizes)


def scored(rng, kind, Q, T, H):
    """Random c, s (-inf on padding), weights and n."""
    n = rng.integers(1, T + 1, Q)
    s = np.where(np.arange(T) < n[:, None], rng.normal(size=(Q, T)), -np.inf)
    group = EPISODES[kind]
    return rng.normal(size=(Q, T, H)), s, drawn(rng, group and recurrent_shapes(group, H, H)), n


def forward(op, kind, c, s, weights):
    return getattr(op, f"{kind}_episode_forward")(c, s, weights)


def gradients(op, kind, de, c, s, weights):
    """dc, ds, dweights, these added to ones and without them."""
    dweights = ones(weights)
    dc, ds = getattr(op, f"{kind}_episode_backward")(de, forward(op, kind, c, s, weights)[2], weights, dweights)
    return dc, ds, less_one(dweights)


@each_backend
@each_kind
@given(Q=sizes, T=sizes, H=sizes, seed=seeds)
def test_gradients(backend, kind, Q, T, H, seed):
    op, rng = ops.load(backend), np.random.default_rng(seed)
    c, s, weights, n = scored(rng, kind, Q, T, H)
    w = rng.normal(size=(Q, H))
    loss = lambda: np.sum(w * forward(op, kind, c, s, weights)[0])
    dc, ds, dweights = gradients(op, kind, w, c, s, weights)
    assert_gradients(loss, (dc, ds, dweights), (c, s, weights))
    padding = np.arange(T) >= n[:, None]
    np.testing.assert_array_equal(ds[padding], 0.0)
    np.testing.assert_array_equal(dc[padding], 0.0)


@each_kind
def test_a_gradient_wrong_by_a_thousandth_is_seen(kind):
    rng = np.random.default_rng(1)
    c, s, weights, _ = scored(rng, kind, 3, 4, 3)
    w = rng.normal(size=(3, 3))
    loss = lambda: np.sum(w * forward(NUMPY, kind, c, s, weights)[0])
    assert_a_thousandth_is_seen(loss, gradients(NUMPY, kind, w, c, s, weights), (c, s, weights))


@each_backend
@each_kind
@given(Q=sizes, T=sizes, H=sizes, seed=seeds)
def test_padding_and_neighbours_change_nothing(backend, kind, Q, T, H, seed):
    """A question's episode is of its own facts; what padding holds has no say."""
    op, rng = ops.load(backend), np.random.default_rng(seed)
    c, s, weights, n = scored(rng, kind, Q, T, H)
    e, g, _ = forward(op, kind, c, s, weights)
    padding = np.arange(T) >= n[:, None]
    np.testing.assert_array_equal(g[padding], 0.0)
    wild, g_wild, _ = forward(op, kind, np.where(padding[..., None], 1e3, c), s, weights)
    np.testing.assert_array_equal(wild, e)
    np.testing.assert_array_equal(g_wild, g)
    for i in range(Q):
        alone, g_alone, _ = forward(op, kind, c[i:i + 1, :n[i]], s[i:i + 1, :n[i]], weights)
        assert_same((alone[0], g_alone[0]), (e[i], g[i, :n[i]]), "float64")


@each_backend
@each_kind
def test_scores_of_any_size_are_gates_between_0_and_1(backend, kind):
    op = ops.load(backend)
    c, _, weights, _ = scored(np.random.default_rng(0), kind, 1, 4, 2)
    s = np.array([[-1e4, 0.0, 1e4, -np.inf]])
    e, g, _ = forward(op, kind, c, s, weights)
    assert np.isfinite(e).all()
    np.testing.assert_array_equal(g, {"softmax": [[0.0, 0.0, 1.0, 0.0]], "gated": [[0.0, 0.5, 1.0, 0.0]]}[kind])
    dc, ds, dweights = gradients(op, kind, np.ones_like(e), c, s, weights)
    assert all(np.isfinite(d).all() for d in (dc, ds, *(dweights or ())))


@each_backend
@given(Q=sizes, T=sizes, H=sizes, seed=seeds)
def test_a_softmax_episode_is_a_mean_of_its_facts(backend, Q, T, H, seed):
    """Gates sum to 1 over a question's facts: not over the batch, not over padding; the level of the scores has no say, and overflows nowhere."""
    op, rng = ops.load(backend), np.random.default_rng(seed)
    c, s, _, _ = scored(rng, "softmax", Q, T, H)
    e, g, _ = forward(op, "softmax", c, s, None)
    np.testing.assert_allclose(g.sum(axis=1), 1.0, rtol=1e-12)
    np.testing.assert_allclose(g, np.exp(s) / np.exp(s).sum(axis=1, keepdims=True), rtol=1e-12)
    np.testing.assert_allclose(e, (g[..., None] * c).sum(axis=1), rtol=1e-12, atol=1e-14)
    for level in (5000.0, -5000.0):
        np.testing.assert_allclose(forward(op, "softmax", c, s + level, None)[0], e, rtol=1e-9, atol=1e-12)


@each_backend
@pytest.mark.parametrize("where", range(3))
def test_softmax_with_one_score_far_above_the_others(backend, where):
    """Wherever it stands: exp must not overflow."""
    s = np.zeros((1, 3))
    s[0, where] = 5000.0
    e, g, _ = forward(ops.load(backend), "softmax", np.eye(3)[None], s, None)
    np.testing.assert_array_equal(g[0], np.eye(3)[where])
    np.testing.assert_array_equal(e[0], np.eye(3)[where])


@each_backend
@given(Q=sizes, T=sizes, H=sizes, seed=seeds)
def test_a_gated_episode_is_the_gated_gru_and_its_last_state(backend, Q, T, H, seed):
    """Eqs (7) and (8): the recurrence of gru_forward with gates g = σ(s), and its state after the last fact."""
    op, rng = ops.load(backend), np.random.default_rng(seed)
    c, s, gru, n = scored(rng, "gated", Q, T, H)
    e, g, _ = forward(op, "gated", c, s, gru)
    np.testing.assert_allclose(g, 1 / (1 + np.exp(-s)), rtol=1e-12, atol=1e-15)
    facts = Sequences(np.arange(Q * T, dtype=np.int32).reshape(Q, T), n.astype(np.int32), (n[:, None] - 1).astype(np.int32))
    w, dgru = rng.normal(size=(Q, H)), ones(gru)
    out, cache = op.gru_forward(c.reshape(Q * T, H), facts, gru, g)
    np.testing.assert_allclose(out[:, 0], e, rtol=1e-11, atol=1e-13)
    dx, dg = op.gru_backward(w[:, None], cache, gru, dgru)
    assert_same(gradients(op, "gated", w, c, s, gru), (dx.reshape(Q, T, H), dg * g * (1 - g), less_one(dgru)), "float64")


def test_a_gated_step_by_hand():
    """Two facts, one unit: h_1 = g_1 GRU(c_1, 0), h_2 = g_2 GRU(c_2, h_1) + (1 - g_2) h_1 = e."""
    gru = GRU(np.array([[0.5], [-0.7], [1.1]]), np.array([[0.2], [-0.6], [0.9]]), np.array([0.1, 0.2, -0.3]))
    c, s = np.array([[[0.3], [-0.4]]]), np.array([[1.2, -0.5]])
    h, g = 0.0, 1 / (1 + np.exp(-s[0]))
    for c_t, g_t in zip(c[0, :, 0], g):
        new = NUMPY.gru_cell_forward(np.array([[c_t]]), np.array([[h]]), gru)[0][0, 0]
        h = g_t * new + (1 - g_t) * h
    e, g_got, _ = forward(NUMPY, "gated", c, s, gru)
    assert e[0, 0] == pytest.approx(h, abs=1e-15)
    np.testing.assert_allclose(g_got[0], g, rtol=1e-14)
