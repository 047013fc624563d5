"""The LSTM and the tanh network in place of the GRU: gradients of every input and parameter, and what must change nothing."""

import math

import numpy as np
import pytest
from hypothesis import given

from tinydmn.gradcheck import assert_grad

from .helpers import NUMBA, NUMPY, assert_same, each_backend, each_dtype, ops, packing_numba, seeds, sequences, sizes, steps_of

GATES = {"lstm": 4, "rnn": 1}                              # rows of U for each unit
each_cell = pytest.mark.parametrize("cell", GATES)


def functions(op, cell):
    return getattr(op, f"{cell}_forward"), getattr(op, f"{cell}_backward")


def chain(cell, rng, B, T, H, R, F, empty=True):
    """Random arguments of a forward function: a, rows, n, at, U.  About one sequence in four is empty."""
    rows, n = sequences(rng, B, T, R)
    if empty:
        n[rng.random(B) < 0.25] = 0
    return rng.normal(size=(R, GATES[cell] * H)), rows, n, steps_of(rng, n, F), rng.normal(size=(GATES[cell] * H, H))


def every_step(n, T):
    return np.where(np.arange(T) < n[:, None], np.arange(T), -1).astype(np.int32)


def test_two_lstm_steps_by_hand():
    """One unit, every number computed with Python's floats.  Two steps: h_0 = s_0 = 0 would hide U and the forget gate."""
    a, U = ((0.3, -0.4, 0.5, 0.7), (-0.2, 0.6, 0.1, -0.9)), (0.2, -0.6, 0.9, 0.8)
    sigmoid = lambda x: 1 / (1 + math.exp(-x))
    h, s, states = 0.0, 0.0, []
    for a_i, a_f, a_o, a_c in a:
        i, f, o = sigmoid(a_i + U[0] * h), sigmoid(a_f + U[1] * h), sigmoid(a_o + U[2] * h)
        s = f * s + i * math.tanh(a_c + U[3] * h)
        h = o * math.tanh(s)
        states.append(h)
    for op in (NUMPY, NUMBA):
        out, _ = op.lstm_forward(np.array(a), np.array([[0, 1]]), np.array([2]), np.array([[0, 1]]), np.array(U)[:, None])
        np.testing.assert_allclose(out[0, :, 0], states, rtol=0, atol=1e-15)


def test_two_rnn_steps_by_hand():
    h_1 = math.tanh(0.3)
    h_2 = math.tanh(-0.4 + 0.9 * h_1)
    for op in (NUMPY, NUMBA):
        out, _ = op.rnn_forward(np.array([[0.3], [-0.4]]), np.array([[0, 1]]), np.array([2]), np.array([[0, 1]]), np.array([[0.9]]))
        np.testing.assert_allclose(out[0, :, 0], (h_1, h_2), rtol=0, atol=1e-15)


@each_backend
@each_cell
@given(B=sizes, T=sizes, H=sizes, R=sizes, F=sizes, seed=seeds)
def test_sequence_gradients(backend, cell, B, T, H, R, F, seed):
    (forward, backward), rng = functions(ops.load(backend), cell), np.random.default_rng(seed)
    a, rows, n, at, U = chain(cell, rng, B, T, H, R, F)
    w = rng.normal(size=(B, F, H))                         # loss = <w, out>: every output matters
    loss = lambda: np.sum(w * forward(a, rows, n, at, U)[0])
    dU = np.ones_like(U)
    da = backward(w, forward(a, rows, n, at, U)[1], rows, n, at, U, dU)
    assert_grad("a", da, loss, a)
    assert_grad("U", dU - 1, loss, U)


@each_backend
@each_cell
def test_a_gradient_wrong_by_a_thousandth_is_seen(backend, cell):
    """The check checked: it must fail on a planted mistake of 0.1 %."""
    (forward, backward), rng = functions(ops.load(backend), cell), np.random.default_rng(0)
    a, rows, n, at, U = chain(cell, rng, 3, 4, 3, 3, 2, empty=False)
    w, dU = rng.normal(size=(3, 2, 3)), np.zeros_like(U)
    loss = lambda: np.sum(w * forward(a, rows, n, at, U)[0])
    da = backward(w, forward(a, rows, n, at, U)[1], rows, n, at, U, dU)
    for name, exact, of in (("a", da, a), ("U", dU, U)):
        assert_grad(name, exact, loss, of)
        with pytest.raises(AssertionError, match=f"gradient of {name}"):
            assert_grad(name, 1.001 * exact, loss, of)


@each_dtype
@each_cell
@given(B=sizes, T=sizes, H=sizes, R=sizes, F=sizes, seed=seeds)
def test_numba_is_numpy(dtype, cell, B, T, H, R, F, seed):
    rng = np.random.default_rng(seed)
    a, rows, n, at, U = chain(cell, rng, 20 * B, T, H, R, F)            # on both sides of packing_numba.MANY
    a, U, w = a.astype(dtype), U.astype(dtype), rng.normal(size=(20 * B, F, H)).astype(dtype)
    results = []
    for op in (NUMBA, NUMPY):
        forward, backward = functions(op, cell)
        out, cache = forward(a, rows, n, at, U)
        dU = np.ones_like(U)                               # gradients are added to, never overwritten
        results.append((out, backward(w, cache, rows, n, at, U, dU), dU))
    assert_same(*results, dtype)


@each_backend
@each_cell
@given(B=sizes, T=sizes, H=sizes, R=sizes, seed=seeds)
def test_alone_as_in_any_batch(backend, cell, B, T, H, R, seed):
    """A sequence's states do not depend on its neighbours, their order, or padding."""
    (forward, _), rng = functions(ops.load(backend), cell), np.random.default_rng(seed)
    a, rows, n, _, U = chain(cell, rng, B, T, H, R, 1)
    every = every_step(n, T)
    together, _ = forward(a, rows, n, every, U)
    for b in range(B):
        width = max(n[b], 1)
        alone, _ = forward(a, rows[b:b + 1, :width], n[b:b + 1], every[b:b + 1, :width], U)
        np.testing.assert_allclose(alone[0], together[b, :width], rtol=1e-12, atol=1e-14)
    order = rng.permutation(B)
    mixed, _ = forward(a, rows[order], n[order], every[order], U)
    np.testing.assert_allclose(mixed, together[order], rtol=1e-12, atol=1e-14)
    poisoned = np.vstack([a, np.full_like(a[:1], np.nan)])              # whatever stands on padding
    wild = np.where(np.arange(T) < n[:, None], rows, R).astype(np.int32)
    padded, _ = forward(poisoned, wild, n, every, U)
    np.testing.assert_array_equal(padded, together)


@each_backend
@each_cell
@given(B=sizes, T=sizes, H=sizes, R=sizes, F=sizes, seed=seeds)
def test_padding_has_no_gradient(backend, cell, B, T, H, R, F, seed):
    """A row that only padding names, NaN at that, gets a gradient of 0, and the others' stay as they were."""
    (forward, backward), rng = functions(ops.load(backend), cell), np.random.default_rng(seed)
    a, rows, n, at, U = chain(cell, rng, B, T, H, R, F)
    w, results = rng.normal(size=(B, F, H)), []
    poisoned = np.vstack([a, np.full_like(a[:1], np.nan)])
    wild = np.where(np.arange(T) < n[:, None], rows, R).astype(np.int32)
    for inputs, read in ((a, rows), (poisoned, wild)):
        dU = np.zeros_like(U)
        results.append((backward(w, forward(inputs, read, n, at, U)[1], read, n, at, U, dU), dU))
    (da, dU), (da_wild, dU_wild) = results
    np.testing.assert_array_equal(da_wild[:-1], da)
    np.testing.assert_array_equal(da_wild[-1], 0.0)
    np.testing.assert_array_equal(dU_wild, dU)


@each_backend
@each_cell
def test_wanted_nowhere_is_zero(backend, cell):
    (forward, backward), rng = functions(ops.load(backend), cell), np.random.default_rng(1)
    a, rows, n, _, U = chain(cell, rng, 3, 4, 2, 3, 1)
    at, dU = np.full((3, 2), -1, np.int32), np.zeros_like(U)
    out, cache = forward(a, rows, n, at, U)
    da = backward(np.ones_like(out), cache, rows, n, at, U, dU)
    for x in (out, da, dU):
        np.testing.assert_array_equal(x, 0.0)


@each_backend
@each_cell
@each_dtype
@pytest.mark.parametrize("T", (1, 3))
def test_sequences_all_empty(backend, cell, dtype, T):
    """An empty question: the state after its last step, at = n - 1 = -1, is h_0 = 0, and it sends no gradient anywhere."""
    (forward, backward), rng = functions(ops.load(backend), cell), np.random.default_rng(2)
    a, rows, n, _, U = chain(cell, rng, 3, T, 2, 3, 1)
    a, U, n = a.astype(dtype), U.astype(dtype), np.zeros_like(n)
    at, dU = n[:, None] - 1, np.zeros_like(U)
    out, cache = forward(a, rows, n, at, U)
    da = backward(np.ones_like(out), cache, rows, n, at, U, dU)
    for x, shape in ((out, (3, 1, 2)), (da, a.shape), (dU, U.shape)):
        assert x.shape == shape and x.dtype == np.dtype(dtype)
        np.testing.assert_array_equal(x, 0.0)


@each_backend
@each_cell
@each_dtype
def test_large_inputs_saturate_and_nan_stays(backend, cell, dtype):
    """|W x + b| of 1e4 overflows nowhere; a NaN in an input that is read is not hidden by a saturated gate."""
    forward, backward = functions(ops.load(backend), cell)
    rng = np.random.default_rng(3)
    a, rows, n, _, U = chain(cell, rng, 3, 4, 2, 3, 1, empty=False)
    a, U, at = (1e4 * a).astype(dtype), U.astype(dtype), n[:, None] - 1
    out, cache = forward(a, rows, n, at, U)
    da = backward(np.ones_like(out), cache, rows, n, at, U, np.zeros_like(U))
    assert np.isfinite(out).all() and np.abs(out).max() <= 1 and np.isfinite(da).all()
    a[rows[0, 0]] = np.nan
    assert np.isnan(forward(a, rows, n, at, U)[0][0]).all()


@pytest.mark.parametrize("B", (1, 2, 3, 7, packing_numba.MANY - 1, packing_numba.MANY, packing_numba.MANY + 1))
@pytest.mark.parametrize("K", (1, 3, 4, 5, 16, 81))
@each_dtype
def test_rows_product(B, K, dtype):
    """The loop and BLAS, on both sides of where they change places; K with and without a rest by four."""
    rng = np.random.default_rng(B * 100 + K)
    x, M, out = rng.normal(size=(B, K)).astype(dtype), rng.normal(size=(K, 7)).astype(dtype), np.full((B, 7), np.nan, dtype)
    packing_numba.rows_product(x, M, out)
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
    one = np.zeros((N, 1), np.int32)
    n, rows = np.ones(N, np.int32), np.arange(N, dtype=np.int32)[:, None]
    tanh = NUMBA.rnn_forward(x[:, None], rows, n, one, np.zeros((1, 1), dtype))[0].ravel()
    np.testing.assert_allclose(tanh, np.tanh(x.astype("float64")), rtol=bound, atol=0)
    a = np.stack([x, np.zeros_like(x), np.zeros_like(x)], axis=1)          # h~ = 0, so h = z h_prev
    sigmoid = NUMBA.gru_cell_forward(a, np.ones((N, 1), dtype), np.zeros((3, 1), dtype))[0].ravel()
    with np.errstate(over="ignore"):
        np.testing.assert_allclose(sigmoid, 1 / (1 + np.exp(-x.astype("float64"))), rtol=0, atol=bound)
    assert (np.abs(tanh) <= 1).all() and (sigmoid >= 0).all() and (sigmoid <= 1).all()
    nan = NUMBA.rnn_forward(np.full((1, 1), np.nan, dtype), rows[:1], n[:1], one[:1], np.zeros((1, 1), dtype))[0]
    assert np.isnan(nan).all()
