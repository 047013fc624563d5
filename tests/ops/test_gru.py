"""The GRU, eqs (1)-(4), and the gated step, eq. (7): gradients of every input and parameter, and what must change nothing."""

import math

import numpy as np
import pytest
from hypothesis import given

from tinydmn.gradcheck import assert_grad

from .helpers import NUMBA, NUMPY, assert_same, each_backend, each_dtype, ops, seeds, sequences, sizes, steps_of


def cell(rng, B, H):
    return rng.normal(size=(B, 3 * H)), rng.normal(size=(B, H)), rng.normal(size=(3 * H, H))


def chain(rng, B, T, H, R, F, gated):
    """Random arguments of gru_forward: a, rows, n, at, g, U.  About one sequence in six is empty."""
    rows, n = sequences(rng, B, T, R)
    n[rng.random(B) < 1 / 6] = 0
    g = rng.uniform(0.1, 0.9, (B, T)) if gated else None
    return rng.normal(size=(R, 3 * H)), rows, n, steps_of(rng, n, F), g, rng.normal(size=(3 * H, H))


def test_one_step_by_hand():
    """One unit, every number of eqs (1)-(4) computed with Python's floats."""
    a_z, a_r, a_h, h_prev, U_z, U_r, U_h = 0.3, -0.4, 0.5, 0.7, 0.2, -0.6, 0.9
    z = 1 / (1 + math.exp(-(a_z + U_z * h_prev)))
    r = 1 / (1 + math.exp(-(a_r + U_r * h_prev)))
    h_tilde = math.tanh(a_h + r * (U_h * h_prev))
    for backend in ops.BACKENDS:
        h, _ = ops.load(backend).gru_cell_forward(np.array([[a_z, a_r, a_h]]), np.array([[h_prev]]), np.array([[U_z], [U_r], [U_h]]))
        assert h[0, 0] == pytest.approx(z * h_prev + (1 - z) * h_tilde, abs=1e-15)


@each_backend
@given(B=sizes, H=sizes, seed=seeds)
def test_cell_gradients(backend, B, H, seed):
    op, rng = ops.load(backend), np.random.default_rng(seed)
    a, h_prev, U = cell(rng, B, H)
    w = rng.normal(size=(B, H))                            # loss = <w, h>: every output matters
    loss = lambda: np.sum(w * op.gru_cell_forward(a, h_prev, U)[0])
    dU = np.ones_like(U)
    da, dh_prev = op.gru_cell_backward(w, op.gru_cell_forward(a, h_prev, U)[1], U, dU)
    for name, exact, at in (("a", da, a), ("h_prev", dh_prev, h_prev), ("U", dU - 1, U)):
        assert_grad(name, exact, loss, at)


@each_backend
@given(N=sizes, I=sizes, H=sizes, seed=seeds)
def test_input_product_gradients(backend, N, I, H, seed):
    op, rng = ops.load(backend), np.random.default_rng(seed)
    x, W, b, w = rng.normal(size=(N, I)), rng.normal(size=(3 * H, I)), rng.normal(size=3 * H), rng.normal(size=(N, 3 * H))
    loss = lambda: np.sum(w * op.input_product(x, W, b))
    dW, db = np.ones_like(W), np.ones_like(b)              # what others gave stays
    dx = op.input_product_backward(w, x, W, dW, db)
    for name, exact, at in (("x", dx, x), ("W", dW - 1, W), ("b", db - 1, b)):
        assert_grad(name, exact, loss, at)


@each_backend
@pytest.mark.parametrize("gated", (False, True))
@given(B=sizes, T=sizes, H=sizes, R=sizes, F=sizes, seed=seeds)
def test_sequence_gradients(backend, gated, B, T, H, R, F, seed):
    op, rng = ops.load(backend), np.random.default_rng(seed)
    a, rows, n, at, g, U = chain(rng, B, T, H, R, F, gated)
    w = rng.normal(size=(B, F, H))
    loss = lambda: np.sum(w * op.gru_forward(a, rows, n, at, g, U)[0])
    dU = np.ones_like(U)
    da, dg = op.gru_backward(w, op.gru_forward(a, rows, n, at, g, U)[1], rows, n, at, g, U, dU)
    assert_grad("a", da, loss, a)
    assert_grad("U", dU - 1, loss, U)
    if gated:
        assert_grad("g", dg, loss, g)


@each_backend
def test_a_gradient_wrong_by_a_thousandth_is_seen(backend):
    """The check checked: it must fail on a planted mistake of 0.1 %."""
    op, rng = ops.load(backend), np.random.default_rng(0)
    a, rows, n, at, g, U = chain(rng, 3, 3, 3, 3, 2, True)
    w = rng.normal(size=(3, 2, 3))
    loss = lambda: np.sum(w * op.gru_forward(a, rows, n, at, g, U)[0])
    da, dg = op.gru_backward(w, op.gru_forward(a, rows, n, at, g, U)[1], rows, n, at, g, U, np.zeros_like(U))
    for name, exact, of in (("a", da, a), ("g", dg, g)):
        assert_grad(name, exact, loss, of)
        with pytest.raises(AssertionError, match=f"gradient of {name}"):
            assert_grad(name, 1.001 * exact, loss, of)


@each_dtype
@pytest.mark.parametrize("gated", (False, True))
@given(B=sizes, T=sizes, H=sizes, R=sizes, F=sizes, seed=seeds)
def test_numba_is_numpy(dtype, gated, B, T, H, R, F, seed):
    rng = np.random.default_rng(seed)
    a, rows, n, at, g, U = (x.astype(dtype) if x is not None and x.dtype == float else x for x in chain(rng, 20 * B, T, H, R, F, gated))
    w = rng.normal(size=(20 * B, F, H)).astype(dtype)
    results = []
    for op in (NUMBA, NUMPY):
        out, cache = op.gru_forward(a, rows, n, at, g, U)
        dU = np.ones_like(U)                               # gradients are added to, never overwritten
        results.append((out, *op.gru_backward(w, cache, rows, n, at, g, U, dU), dU))
    assert_same(*results, dtype)


@each_dtype
@given(B=sizes, H=sizes, seed=seeds)
def test_numba_cell_is_numpy_cell(dtype, B, H, seed):
    rng = np.random.default_rng(seed)
    a, h_prev, U = (x.astype(dtype) for x in cell(rng, 30 * B, H))      # on both sides of packing_numba.MANY
    dh = rng.normal(size=h_prev.shape).astype(dtype)
    results = []
    for op in (NUMBA, NUMPY):
        h, cache = op.gru_cell_forward(a, h_prev, U)
        dU = np.ones_like(U)
        results.append((h, *op.gru_cell_backward(dh, cache, U, dU), dU))
    assert_same(*results, dtype)


@each_backend
@given(B=sizes, T=sizes, H=sizes, R=sizes, seed=seeds)
def test_alone_as_in_any_batch(backend, B, T, H, R, seed):
    """A sequence's states do not depend on its neighbours, their order, or padding."""
    op, rng = ops.load(backend), np.random.default_rng(seed)
    a, rows, n, _, g, U = chain(rng, B, T, H, R, 1, True)
    every = np.where(np.arange(T) < n[:, None], np.arange(T), -1).astype(np.int32)
    together, _ = op.gru_forward(a, rows, n, every, g, U)
    for b in range(B):
        width = max(n[b], 1)
        alone, _ = op.gru_forward(a, rows[b:b + 1, :width], n[b:b + 1], every[b:b + 1, :width], g[b:b + 1, :width], U)
        np.testing.assert_allclose(alone[0], together[b, :width], rtol=1e-12, atol=1e-14)
    order = rng.permutation(B)
    mixed, _ = op.gru_forward(a, rows[order], n[order], every[order], g[order], U)
    np.testing.assert_allclose(mixed, together[order], rtol=1e-12, atol=1e-14)
    wild = np.where(np.arange(T) < n[:, None], rows, R).astype(np.int32)                # whatever stands on padding
    g_wild = np.where(np.arange(T) < n[:, None], g, np.nan)
    padded, _ = op.gru_forward(np.vstack([a, np.full_like(a[:1], np.nan)]), wild, n, every, g_wild, U)
    np.testing.assert_array_equal(padded, together)


@each_backend
@given(B=sizes, T=sizes, H=sizes, R=sizes, seed=seeds)
def test_closed_gates_keep_the_state_and_open_ones_are_a_gru(backend, B, T, H, R, seed):
    op, rng = ops.load(backend), np.random.default_rng(seed)
    a, rows, n, _, _, U = chain(rng, B, T, H, R, 1, False)
    last = n[:, None] - 1
    closed, _ = op.gru_forward(a, rows, n, last, np.zeros((B, T)), U)
    np.testing.assert_array_equal(closed, 0.0)             # g = 0: h_0 passes unchanged
    opened, _ = op.gru_forward(a, rows, n, last, np.ones((B, T)), U)
    plain, _ = op.gru_forward(a, rows, n, last, None, U)
    np.testing.assert_array_equal(opened, plain)           # g = 1: eq. (4)


@each_backend
def test_wanted_nowhere_is_zero(backend):
    op, rng = ops.load(backend), np.random.default_rng(1)
    a, rows, n, _, g, U = chain(rng, 3, 4, 2, 3, 1, True)
    out, cache = op.gru_forward(a, rows, n, np.full((3, 2), -1, np.int32), g, U)
    da, dg = op.gru_backward(np.ones_like(out), cache, rows, n, np.full((3, 2), -1, np.int32), g, U, np.zeros_like(U))
    for x in (out, da, dg):
        np.testing.assert_array_equal(x, 0.0)


@each_backend
@given(B=sizes, T=sizes, H=sizes, R=sizes, F=sizes, seed=seeds)
def test_padding_has_no_gradient(backend, B, T, H, R, F, seed):
    """A row that only padding names, NaN at that, behind a gate that is NaN, gets a gradient of 0, and the others' stay as they were."""
    op, rng = ops.load(backend), np.random.default_rng(seed)
    a, rows, n, at, g, U = chain(rng, B, T, H, R, F, True)
    w, results, there = rng.normal(size=(B, F, H)), [], np.arange(T) < n[:, None]
    for inputs, read, gates in ((a, rows, g), (np.vstack([a, np.full_like(a[:1], np.nan)]), np.where(there, rows, R).astype(np.int32), np.where(there, g, np.nan))):
        dU = np.zeros_like(U)
        results.append((*op.gru_backward(w, op.gru_forward(inputs, read, n, at, gates, U)[1], read, n, at, gates, U, dU), dU))
    (da, dg, dU), (da_wild, dg_wild, dU_wild) = results
    np.testing.assert_array_equal(da_wild, np.vstack([da, np.zeros_like(da[:1])]))
    np.testing.assert_array_equal(dg_wild, dg)
    np.testing.assert_array_equal(dg[~there], 0.0)
    np.testing.assert_array_equal(dU_wild, dU)
