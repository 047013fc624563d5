"""The recurrent cells, eqs (1)-(4) of a GRU, and the gated step, eq. (7): gradients of every input and parameter, and what must change nothing."""

import math
from types import FunctionType

import numba
import numpy as np
import pytest
from hypothesis import given

from tinydmn.ops import gru_numba
from tinydmn.ops.groups import CELLS, GRU, LSTM, RNN, Sequences, recurrent_shapes

from .helpers import (NUMBA, NUMPY, assert_a_thousandth_is_seen, assert_gradients, assert_same, cast, drawn, each_backend, each_dtype, less_one, ones,
                      ops, packing_numba, seeds, sequences, sizes, steps_of)

each_cell = pytest.mark.parametrize("cell", CELLS)
with_and_without_gates = pytest.mark.parametrize("gated", (False, True))


def chain(cell, rng, B, T, H, R, F, I, gated, empty=True):
    """Random arguments of a forward function: x, Sequences, weights, g.  About one sequence in four is empty."""
    rows, n = sequences(rng, B, T, R)
    if empty:
        n[rng.random(B) < 0.25] = 0
    g = rng.uniform(0.1, 0.9, (B, T)) if gated else None
    return rng.normal(size=(R, I)), Sequences(rows, n, steps_of(rng, n, F)), drawn(rng, recurrent_shapes(CELLS[cell], I, H)), g


def forward(op, cell, x, read, weights, g):
    return getattr(op, f"{cell}_forward")(x, read, weights, g)


def gradients(op, cell, w, x, read, weights, g):
    """Of <w, out>: dx, dg, dweights, these added to ones and without them."""
    dweights = ones(weights)
    dx, dg = getattr(op, f"{cell}_backward")(w, forward(op, cell, x, read, weights, g)[1], weights, dweights)
    return dx, dg, less_one(dweights)


def every_step(n, T):
    return np.where(np.arange(T) < n[:, None], np.arange(T), -1).astype(np.int32)


def test_the_shapes_of_each_cell():
    for cell, blocks in ((GRU, 3), (LSTM, 4), (RNN, 1)):
        assert recurrent_shapes(cell, 5, 2) == cell((blocks * 2, 5), (blocks * 2, 2), (blocks * 2,))


@each_backend
def test_two_gru_steps_by_hand(backend):
    """One unit, every number of eqs (1)-(4) and (7) computed with Python's floats.  Two steps: h_0 = 0 would hide U."""
    xs, gs, W, U, b = (0.3, -0.4), (0.8, 0.3), (0.5, -0.7, 1.1), (0.2, -0.6, 0.9), (0.1, 0.2, -0.3)
    sigmoid = lambda a: 1 / (1 + math.exp(-a))
    for gates in (None, gs):
        h, states = 0.0, []
        for x, g in zip(xs, gates or (1.0, 1.0)):
            z = sigmoid(W[0] * x + b[0] + U[0] * h)
            r = sigmoid(W[1] * x + b[1] + U[1] * h)
            h_tilde = math.tanh(W[2] * x + b[2] + r * (U[2] * h))
            h = g * (z * h + (1 - z) * h_tilde) + (1 - g) * h
            states.append(h)
        weights = GRU(np.array(W)[:, None], np.array(U)[:, None], np.array(b))
        read = Sequences(np.array([[0, 1]], np.int32), np.array([2], np.int32), np.array([[0, 1]], np.int32))
        out, _ = ops.load(backend).gru_forward(np.array(xs)[:, None], read, weights, gates and np.array([gates]))
        np.testing.assert_allclose(out[0, :, 0], states, rtol=0, atol=1e-15)


@each_backend
def test_two_lstm_steps_by_hand(backend):
    """Two steps: h_0 = s_0 = 0 would hide U and the forget gate.  A gate mixes h and s with those of the step before."""
    xs, gs, W, U, b = (0.3, -0.4), (0.8, 0.3), (0.5, -0.7, 1.1, 0.4), (0.2, -0.6, 0.9, 0.8), (0.1, 0.2, -0.3, 0.6)
    sigmoid = lambda a: 1 / (1 + math.exp(-a))
    for gates in (None, gs):
        h, s, states = 0.0, 0.0, []
        for x, g in zip(xs, gates or (1.0, 1.0)):
            i, f, o = (sigmoid(W[k] * x + b[k] + U[k] * h) for k in range(3))
            s_new = f * s + i * math.tanh(W[3] * x + b[3] + U[3] * h)
            h, s = g * o * math.tanh(s_new) + (1 - g) * h, g * s_new + (1 - g) * s
            states.append(h)
        weights = LSTM(np.array(W)[:, None], np.array(U)[:, None], np.array(b))
        read = Sequences(np.array([[0, 1]], np.int32), np.array([2], np.int32), np.array([[0, 1]], np.int32))
        out, _ = ops.load(backend).lstm_forward(np.array(xs)[:, None], read, weights, gates and np.array([gates]))
        np.testing.assert_allclose(out[0, :, 0], states, rtol=0, atol=1e-15)


@each_backend
def test_two_rnn_steps_by_hand(backend):
    h_1 = math.tanh(0.5 * 0.3 + 0.1)
    h_2 = math.tanh(0.5 * -0.4 + 0.1 + 0.9 * h_1)
    read = Sequences(np.array([[0, 1]], np.int32), np.array([2], np.int32), np.array([[0, 1]], np.int32))
    weights = RNN(np.array([[0.5]]), np.array([[0.9]]), np.array([0.1]))
    out, _ = ops.load(backend).rnn_forward(np.array([[0.3], [-0.4]]), read, weights)
    np.testing.assert_allclose(out[0, :, 0], (h_1, h_2), rtol=0, atol=1e-15)
    g = np.array([[0.8, 0.3]])
    out, _ = ops.load(backend).rnn_forward(np.array([[0.3], [-0.4]]), read, weights, g)
    gated = 0.8 * h_1
    np.testing.assert_allclose(out[0, :, 0], (gated, 0.3 * math.tanh(0.5 * -0.4 + 0.1 + 0.9 * gated) + 0.7 * gated), rtol=0, atol=1e-15)


@each_backend
@given(B=sizes, I=sizes, H=sizes, seed=seeds)
def test_gru_cell_gradients(backend, B, I, H, seed):
    op, rng = ops.load(backend), np.random.default_rng(seed)
    x, h_prev, gru = rng.normal(size=(B, I)), rng.normal(size=(B, H)), drawn(rng, recurrent_shapes(GRU, I, H))
    w, dgru = rng.normal(size=(B, H)), ones(gru)           # loss = <w, h>: every output matters
    loss = lambda: np.sum(w * op.gru_cell_forward(x, h_prev, gru)[0])
    d = op.gru_cell_backward(w, op.gru_cell_forward(x, h_prev, gru)[1], gru, dgru)
    assert_gradients(loss, (*d, less_one(dgru)), (x, h_prev, gru))


@each_backend
@each_cell
@with_and_without_gates
@given(B=sizes, T=sizes, H=sizes, R=sizes, F=sizes, I=sizes, seed=seeds)
def test_gradients(backend, cell, gated, B, T, H, R, F, I, seed):
    op, rng = ops.load(backend), np.random.default_rng(seed)
    x, read, weights, g = chain(cell, rng, B, T, H, R, F, I, gated)
    w = rng.normal(size=(B, F, H))
    loss = lambda: np.sum(w * forward(op, cell, x, read, weights, g)[0])
    dx, dg, dweights = gradients(op, cell, w, x, read, weights, g)
    assert_gradients(loss, (dx, dg, dweights), (x, g, weights))


@each_backend
@each_cell
def test_a_gradient_wrong_by_a_thousandth_is_seen(backend, cell):
    op, rng = ops.load(backend), np.random.default_rng(0)
    x, read, weights, g = chain(cell, rng, 3, 4, 3, 3, 2, 2, True, empty=False)
    w = rng.normal(size=(3, 2, 3))
    loss = lambda: np.sum(w * forward(op, cell, x, read, weights, g)[0])
    assert_a_thousandth_is_seen(loss, gradients(op, cell, w, x, read, weights, g), (x, g, weights))


@each_dtype
@each_cell
@with_and_without_gates
@given(B=sizes, T=sizes, H=sizes, R=sizes, F=sizes, I=sizes, seed=seeds)
def test_numba_is_numpy(dtype, cell, gated, B, T, H, R, F, I, seed):
    rng = np.random.default_rng(seed)
    x, read, weights, g = cast(chain(cell, rng, 20 * B, T, H, R, F, I, gated), dtype)      # on both sides of packing_numba.MANY
    w = rng.normal(size=(20 * B, F, H)).astype(dtype)
    results = [(forward(op, cell, x, read, weights, g)[0], gradients(op, cell, w, x, read, weights, g)) for op in (NUMBA, NUMPY)]
    assert_same(*results, dtype)


@each_dtype
@given(B=sizes, I=sizes, H=sizes, seed=seeds)
def test_numba_cell_is_numpy_cell(dtype, B, I, H, seed):
    rng = np.random.default_rng(seed)
    x, h_prev, gru, dh = cast((rng.normal(size=(30 * B, I)), rng.normal(size=(30 * B, H)), drawn(rng, recurrent_shapes(GRU, I, H)),
                               rng.normal(size=(30 * B, H))), dtype)
    results = []
    for op in (NUMBA, NUMPY):
        h, cache = op.gru_cell_forward(x, h_prev, gru)
        dgru = ones(gru)
        results.append((h, *op.gru_cell_backward(dh, cache, gru, dgru), dgru))
    assert_same(*results, dtype)


@each_backend
@given(B=sizes, I=sizes, H=sizes, seed=seeds)
def test_a_sequence_is_its_cell_step_by_step(backend, B, I, H, seed):
    """gru_forward over the same three inputs as three calls of gru_cell_forward."""
    op, rng = ops.load(backend), np.random.default_rng(seed)
    x, gru = rng.normal(size=(3, B, I)), drawn(rng, recurrent_shapes(GRU, I, H))
    read = Sequences(np.arange(3 * B, dtype=np.int32).reshape(3, B).T.copy(), np.full(B, 3, np.int32), np.full((B, 1), 2, np.int32))
    out, _ = op.gru_forward(x.reshape(3 * B, I), read, gru)
    h = np.zeros((B, H))
    for x_t in x:
        h, _ = op.gru_cell_forward(x_t, h, gru)
    np.testing.assert_allclose(out[:, 0], h, rtol=1e-12, atol=1e-14)


@each_backend
@each_cell
@with_and_without_gates
@given(B=sizes, T=sizes, H=sizes, R=sizes, I=sizes, seed=seeds)
def test_alone_as_in_any_batch(backend, cell, gated, B, T, H, R, I, seed):
    """A sequence's states do not depend on its neighbours, their order, or padding."""
    op, rng = ops.load(backend), np.random.default_rng(seed)
    x, (rows, n, _), weights, g = chain(cell, rng, B, T, H, R, 1, I, gated)
    every, gates = every_step(n, T), (lambda at: g if g is None else g[at])
    together, _ = forward(op, cell, x, Sequences(rows, n, every), weights, g)
    for b in range(B):
        width = max(n[b], 1)
        one = np.s_[b:b + 1, :width]
        alone, _ = forward(op, cell, x, Sequences(rows[one], n[b:b + 1], every[one]), weights, gates(one))
        np.testing.assert_allclose(alone[0], together[b, :width], rtol=1e-12, atol=1e-14)
    order = rng.permutation(B)
    mixed, _ = forward(op, cell, x, Sequences(rows[order], n[order], every[order]), weights, gates(order))
    np.testing.assert_allclose(mixed, together[order], rtol=1e-12, atol=1e-14)


@each_backend
@each_cell
@with_and_without_gates
@given(B=sizes, T=sizes, H=sizes, R=sizes, F=sizes, I=sizes, seed=seeds)
def test_padding_changes_nothing_and_has_no_gradient(backend, cell, gated, B, T, H, R, F, I, seed):
    """An input that only padding names, behind a gate that is NaN: the states stay to the bit, and neither of the two has a gradient."""
    op, rng = ops.load(backend), np.random.default_rng(seed)
    x, (rows, n, at), weights, g = chain(cell, rng, B, T, H, R, F, I, gated)
    there, w = np.arange(T) < n[:, None], rng.normal(size=(B, F, H))
    read, g_wild = Sequences(np.where(there, rows, R).astype(np.int32), n, at), np.where(there, g, np.nan) if gated else None
    with_last = lambda value: np.vstack([x, np.full_like(x[:1], value)])
    out, _ = forward(op, cell, with_last(0), Sequences(rows, n, at), weights, g)
    padded, _ = forward(op, cell, with_last(np.nan), read, weights, g_wild)
    np.testing.assert_array_equal(padded, out)
    dx, dg, dweights = gradients(op, cell, w, with_last(0), Sequences(rows, n, at), weights, g)
    dx_wild, dg_wild, dweights_wild = gradients(op, cell, w, with_last(1e3), read, weights, g_wild)
    np.testing.assert_array_equal(dx_wild[-1], 0.0)
    assert_same((dx_wild, dg_wild, dweights_wild), (dx, dg, dweights), "float64")
    if gated:
        np.testing.assert_array_equal(dg[~there], 0.0)


@each_backend
@each_cell
@given(B=sizes, T=sizes, H=sizes, R=sizes, I=sizes, seed=seeds)
def test_closed_gates_keep_the_state_and_open_ones_are_the_cell(backend, cell, B, T, H, R, I, seed):
    op, rng = ops.load(backend), np.random.default_rng(seed)
    x, (rows, n, _), weights, _ = chain(cell, rng, B, T, H, R, 1, I, False)
    read = Sequences(rows, n, n[:, None] - 1)
    closed, _ = forward(op, cell, x, read, weights, np.zeros((B, T)))
    np.testing.assert_array_equal(closed, 0.0)             # g = 0: h_0 passes unchanged
    opened, _ = forward(op, cell, x, read, weights, np.ones((B, T)))
    plain, _ = forward(op, cell, x, read, weights, None)
    np.testing.assert_array_equal(opened, plain)           # g = 1: the cell itself
    first = np.tile(np.arange(T) == 0, (B, 1)).astype(float)               # open at the first step alone: its state is the last
    once, _ = forward(op, cell, x, read, weights, first)
    state, _ = forward(op, cell, x, Sequences(rows, n, np.minimum(n[:, None], 1) - 1), weights, None)
    np.testing.assert_allclose(once, state, rtol=1e-13, atol=0)


@each_backend
@each_cell
@with_and_without_gates
def test_wanted_nowhere_is_zero(backend, cell, gated):
    op, rng = ops.load(backend), np.random.default_rng(1)
    x, read, weights, g = chain(cell, rng, 3, 4, 2, 3, 2, 2, gated)
    read = read._replace(at=np.full((3, 2), -1, np.int32))
    out, _ = forward(op, cell, x, read, weights, g)
    dx, dg, dweights = gradients(op, cell, np.ones_like(out), x, read, weights, g)
    for a in (out, dx, *dweights, *([dg] if gated else [])):
        np.testing.assert_array_equal(a, 0.0)
    assert gated or dg is None


@each_backend
@each_cell
@each_dtype
@pytest.mark.parametrize("T", (1, 3))
def test_sequences_all_empty(backend, cell, dtype, T):
    """An empty question: the state after its last step, at = n - 1 = -1, is h_0 = 0, and it sends no gradient anywhere."""
    op, rng = ops.load(backend), np.random.default_rng(2)
    x, (rows, n, _), weights, _ = cast(chain(cell, rng, 3, T, 2, 3, 1, 2, False), dtype)
    n = np.zeros_like(n)
    read = Sequences(rows, n, n[:, None] - 1)
    out, _ = forward(op, cell, x, read, weights, None)
    dx, _, dweights = gradients(op, cell, np.ones_like(out), x, read, weights, None)
    for a, shape in ((out, (3, 1, 2)), (dx, x.shape), *((d, a.shape) for d, a in zip(dweights, weights))):
        assert a.shape == shape and a.dtype == np.dtype(dtype)
        np.testing.assert_array_equal(a, 0.0)


@each_backend
@each_cell
@each_dtype
def test_large_inputs_saturate_and_nan_stays(backend, cell, dtype):
    """|W x + b| of 1e4 overflows nowhere; a NaN in an input that is read is not hidden by a saturated gate."""
    op, rng = ops.load(backend), np.random.default_rng(3)
    x, (rows, n, _), weights, _ = chain(cell, rng, 3, 4, 2, 3, 1, 2, False, empty=False)
    (x, weights), read = cast((1e4 * x, weights), dtype), Sequences(rows, n, n[:, None] - 1)
    out, _ = forward(op, cell, x, read, weights, None)
    dx, _, dweights = gradients(op, cell, np.ones_like(out), x, read, weights, None)
    assert np.isfinite(out).all() and np.abs(out).max() <= 1 and all(np.isfinite(d).all() for d in (dx, *dweights))
    x[rows[0, 0]] = np.nan
    assert np.isnan(forward(op, cell, x, read, weights, None)[0][0]).all()


# ---- what the compiled cells are made of

@given(N=sizes, I=sizes, H=sizes, seed=seeds)
def test_input_product_gradients(N, I, H, seed):
    rng = np.random.default_rng(seed)
    x, W, b, w = rng.normal(size=(N, I)), rng.normal(size=(3 * H, I)), rng.normal(size=3 * H), rng.normal(size=(N, 3 * H))
    loss = lambda: np.sum(w * gru_numba.input_product(x, W, b))
    dW, db = np.ones_like(W), np.ones_like(b)              # what others gave stays
    dx = gru_numba.input_product_backward(w, x, W, dW, db)
    assert_gradients(loss, (dx, GRU(dW - 1, None, db - 1)), (x, GRU(W, None, b)))


@pytest.fixture(scope="module")
def products():
    """The product as this processor has it, and the loop alone: where MANY is 4 four rows a turn go to BLAS."""
    given = packing_numba.rows_product
    function = getattr(given, "py_func", given)            # with NUMBA_DISABLE_JIT it is the function itself
    loop = FunctionType(function.__code__, vars(packing_numba) | {"MANY": 10**9})
    return {"as it is": given, "loop": numba.njit(fastmath=packing_numba.FAST, error_model="numpy")(loop)}         # kept in no cache


@pytest.mark.parametrize("way", ("as it is", "loop"))
@pytest.mark.parametrize("B", sorted({1, 2, 3, 4, 5, 6, 7, 8, packing_numba.MANY - 1, packing_numba.MANY, packing_numba.MANY + 1}))
@pytest.mark.parametrize("K", (1, 3, 4, 5, 16, 81))
@each_dtype
def test_rows_product(products, way, B, K, dtype):
    """The loop and BLAS, on both sides of where they change places; K and B with and without a rest by four."""
    rng = np.random.default_rng(B * 100 + K)
    x, M, out = rng.normal(size=(B, K)).astype(dtype), rng.normal(size=(K, 7)).astype(dtype), np.full((B, 7), np.nan, dtype)
    products[way](x, M, out)
    np.testing.assert_allclose(out, x @ M, rtol=1e-5 if dtype == "float32" else 1e-12, atol=1e-5 if dtype == "float32" else 1e-12)


@given(B=sizes, T=sizes, seed=seeds)
def test_schedule(B, T, seed):
    """Longest first; step t has one packed row for each sequence with more than t steps."""
    n = np.random.default_rng(seed).integers(0, T + 1, 3 * B)
    order, start = packing_numba.schedule(n)
    assert sorted(order) == list(range(3 * B)) and (np.diff(n[order]) <= 0).all()
    assert start.tolist() == [0, *np.cumsum([(n > t).sum() for t in range(n.max())])]


@each_dtype
def test_tanh_and_sigmoid_of_every_size(dtype):
    """To the last bits over the whole range, in which tanh is a polynomial in float32, and beyond it; a NaN stays one."""
    x = np.concatenate([np.linspace(-12, 12, 4001), [0.0, 1e-8, -1e-8, 1e-30, 7.9, -7.9, 8, 100, -100, np.inf, -np.inf]]).astype(dtype)
    N, bound = len(x), 4e-7 if dtype == "float32" else 1e-15
    one, rnn = np.zeros((N, 1), np.int32), RNN(*cast((np.ones((1, 1)), np.zeros((1, 1)), np.zeros(1)), dtype))
    read = Sequences(np.arange(N, dtype=np.int32)[:, None], np.ones(N, np.int32), one)
    tanh = NUMBA.rnn_forward(x[:, None], read, rnn)[0].ravel()
    np.testing.assert_allclose(tanh, np.tanh(x.astype("float64")), rtol=bound, atol=0)
    a = np.stack([x, np.zeros_like(x), np.zeros_like(x)], axis=1)          # h~ = 0, so h = z h_prev
    sigmoid = gru_numba.step_forward(a, np.ones((N, 1), dtype), np.zeros((3, 1), dtype))[0].ravel()
    with np.errstate(over="ignore"):
        np.testing.assert_allclose(sigmoid, 1 / (1 + np.exp(-x.astype("float64"))), rtol=0, atol=bound)
    assert (np.abs(tanh) <= 1).all() and (sigmoid >= 0).all() and (sigmoid <= 1).all()
    nan = NUMBA.rnn_forward(np.full((N, 1), np.nan, dtype), read, rnn)[0]
    assert np.isnan(nan).all()
