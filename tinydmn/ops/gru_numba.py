"""The GRU and the gated step over facts, eqs (1)-(4) and (7), compiled.  Meaning, names and shapes:
gru_numpy.py.

What makes it fast, each exact:
- W x + b is made once for each distinct input (a word, a fact) and read at every step that has it;
- sequences are packed, no work on padding (packing_numba.py);
- U's gradient is one product at the end, not one a step;
- a product over few rows is a loop that keeps U in cache, where BLAS packs U anew at each call:
  packing_numba.MANY.
"""

import numpy as np

from .compiled import njit
from .packing_numba import add_outer, rows_product, schedule, states_at, states_at_backward
from .tanh_numba import FAST, sigmoid, tanh


@njit(cache=True, nogil=True)
def input_product(x, W, b):
    """x (N, I) -> a (N, 3H): the part of eqs (1)-(3) that does not depend on the state."""
    return np.dot(x, W.T) + b


@njit(cache=True, nogil=True)
def input_product_backward(da, x, W, dW, db):
    """da (N, 3H) -> dx (N, I).  Adds into dW and db."""
    dW += np.dot(da.T, x)
    for i in range(len(da)):
        db += da[i]
    return np.dot(da, W)


@njit(cache=True, nogil=True, fastmath=FAST, error_model="numpy", forceinline=True)
def _gru_step(a_row, g, Uh, h_prev, gates, Uh_h, h):
    """Eqs (1)-(4) and (7) of one sequence at one step.

    z, r, h~ go to gates (3H,), the state to h (H,).
    """
    H, one = len(h), h.dtype.type(1)                       # a bare 1, an int64, would mean float64
    for k in range(H):
        z = sigmoid(a_row[k] + Uh[k])                                  # (1)
        r = sigmoid(a_row[H + k] + Uh[H + k])                          # (2)
        h_tilde = tanh(a_row[2 * H + k] + r * Uh[2 * H + k])           # (3)
        h[k] = h_prev[k] + g * (one - z) * (h_tilde - h_prev[k])       # (4), and (7) around it
        gates[k], gates[H + k], gates[2 * H + k], Uh_h[k] = z, r, h_tilde, Uh[2 * H + k]


@njit(cache=True, nogil=True, fastmath=FAST, error_model="numpy")
def _forward(a, rows, n, at, g, U):
    order, start = schedule(n)
    B, T, P, H = len(n), len(start) - 1, start[-1], U.shape[1]
    U_T = U.T.copy()
    gates, Uh_h = np.empty((P, 3 * H), a.dtype), np.empty((P, H), a.dtype)
    h = np.empty((P, H), a.dtype)
    Uh, h_0 = np.zeros((B, 3 * H), a.dtype), np.zeros((B, H), a.dtype)
    h_prev = h_0                                           # h_0 = 0, and so is U h_0
    for t in range(T):
        s, live = start[t], start[t + 1] - start[t]
        if t > 0:
            rows_product(h_prev[:live], U_T, Uh[:live])
        for j in range(live):
            b, p = order[j], s + j
            _gru_step(a[rows[b, t]], g[b, t], Uh[j], h_prev[j], gates[p], Uh_h[p], h[p])
        h_prev = h[s:s + live]
    return states_at(h, at, order, start), (gates, Uh_h, h, order, start)


@njit(cache=True, nogil=True, fastmath=FAST, error_model="numpy", forceinline=True)
def _gru_step_backward(dh, cell, h_prev, g, da, dUh, dh_prev):
    """dh (H,) -> dUh (3H,), dh_prev (H,) without what comes through U; dg is returned.

    cell: z, r, h~ stacked (3H,), and U h~'s part (H,).  Adds into da (3H,).
    """
    gates, Uh_h = cell
    H, one, dg = len(h_prev), h_prev.dtype.type(1), h_prev.dtype.type(0)
    for k in range(H):
        z, r, h_tilde = gates[k], gates[H + k], gates[2 * H + k]
        change = h_tilde - h_prev[k]
        dg += dh[k] * (one - z) * change                               # through (7)
        d = g * dh[k]
        da_z = -d * change * z * (one - z)                             # through (4), then (1)
        da_h = d * (one - z) * (one - h_tilde * h_tilde)               # through (4), then (3)
        da_r = da_h * Uh_h[k] * r * (one - r)                          # through (3), then (2)
        dh_prev[k] = d * z + (one - g) * dh[k]
        dUh[k], dUh[H + k], dUh[2 * H + k] = da_z, da_r, da_h * r      # the candidate's passes r
        da[k] += da_z
        da[H + k] += da_r
        da[2 * H + k] += da_h
    return dg


@njit(cache=True, nogil=True, fastmath=FAST, error_model="numpy")
def _backward(dout, packed, inputs, rows_at, g, U, dU):
    (gates, Uh_h, h, order, start), (rows, at) = packed, rows_at
    B, T, P, H = len(order), len(start) - 1, start[-1], U.shape[1]
    da, dg = np.zeros((inputs, 3 * H), h.dtype), np.zeros(g.shape, h.dtype)
    dh, dUh = states_at_backward(dout, at, order, start), np.empty((P, 3 * H), h.dtype)
    carry, none = np.empty((B, H), h.dtype), np.zeros(H, h.dtype)
    for t in range(T - 1, -1, -1):
        s, live = start[t], start[t + 1] - start[t]
        for j in range(live):
            b, p = order[j], s + j
            h_prev = h[start[t - 1] + j] if t > 0 else none
            dg[b, t] = _gru_step_backward(dh[p], (gates[p], Uh_h[p]), h_prev, g[b, t],
                                          da[rows[b, t]], dUh[p], carry[j])
        if t > 0:
            into = dh[start[t - 1]:start[t - 1] + live]
            product = np.empty((live, H), h.dtype)
            rows_product(dUh[s:s + live], U, product)
            for j in range(live):
                for k in range(H):
                    into[j, k] += carry[j, k] + product[j, k]
    add_outer(dUh, h, start, dU)
    return da, dg


def states_forward(a, sequences, g, U, kernel=_forward):
    """A GRU over inputs that have met W and b already: a (R, 3H) -> out (B, F, H), cache.

    kernel: the _forward of another cell.
    """
    rows, n, at = sequences
    g = np.ones(rows.shape, a.dtype) if g is None else g
    out, packed = kernel(a, rows, n, at, g, U)
    return out, (packed, len(a), (rows, at), g)


def states_backward(dout, cache, U, dU):
    """dout (B, F, H) -> da (R, 3H), dg (B, T).  Adds into dU."""
    return _backward(dout, *cache, U, dU)


def run_forward(kernel, x, sequences, weights, g):
    """Any cell over Sequences, as recurrence_numpy.run_forward; kernel: its _forward."""
    W, U, b = weights
    out, cache = states_forward(input_product(x, W, b), sequences, g, U, kernel)
    return out, (x, cache, g is None)


def run_backward(kernel, dout, cache, weights, dweights):
    """As recurrence_numpy.run_backward; kernel: the cell's _backward."""
    (W, U, _), (dW, dU, db), (x, cache, plain) = weights, dweights, cache
    da, dg = kernel(dout, *cache, U, dU)
    return input_product_backward(da, x, W, dW, db), None if plain else dg


def gru_forward(ops, x, sequences, gru, g=None):
    return run_forward(_forward, x, sequences, gru, g)


def gru_backward(ops, dout, cache, gru, dgru):
    return run_backward(_backward, dout, cache, gru, dgru)


@njit(cache=True, nogil=True, fastmath=FAST, error_model="numpy")
def _cell_forward(a, h_prev, U):
    B, H = h_prev.shape
    Uh, gates = np.empty((B, 3 * H), a.dtype), np.empty((B, 3 * H), a.dtype)
    Uh_h, h = np.empty((B, H), a.dtype), np.empty((B, H), a.dtype)
    rows_product(h_prev, U.T.copy(), Uh)
    for b in range(B):
        _gru_step(a[b], a.dtype.type(1), Uh[b], h_prev[b], gates[b], Uh_h[b], h[b])
    return h, gates, Uh_h


@njit(cache=True, nogil=True, fastmath=FAST, error_model="numpy")
def _cell_backward(dh, h_prev, gates, Uh_h, U, dU):
    B, H = h_prev.shape
    da, dUh = np.zeros((B, 3 * H), dh.dtype), np.empty((B, 3 * H), dh.dtype)
    dh_prev, product = np.empty((B, H), dh.dtype), np.empty((B, H), dh.dtype)
    for b in range(B):
        _gru_step_backward(dh[b], (gates[b], Uh_h[b]), h_prev[b], dh.dtype.type(1), da[b], dUh[b],
                           dh_prev[b])
    rows_product(dUh, U, product)
    dU += np.dot(dUh.T, h_prev)
    return da, dh_prev + product


def step_forward(a, h_prev, U):
    """One step from a (B, 3H) = W x + b -> h (B, H), cache."""
    h, gates, Uh_h = _cell_forward(a, h_prev, U)
    return h, (h_prev, gates, Uh_h)


def step_backward(dh, cache, U, dU):
    """dh (B, H) -> da (B, 3H), dh_prev (B, H).  Adds into dU."""
    return _cell_backward(dh, *cache, U, dU)


def gru_cell_forward(x, h_prev, gru):
    x, h_prev = np.ascontiguousarray(x), np.ascontiguousarray(h_prev)
    h, cache = step_forward(input_product(x, gru.W, gru.b), h_prev, gru.U)
    return h, (x, cache)


def gru_cell_backward(dh, cache, gru, dgru):
    x, cache = cache
    da, dh_prev = step_backward(np.ascontiguousarray(dh), cache, gru.U, dgru.U)
    return input_product_backward(da, x, gru.W, dgru.W, dgru.b), dh_prev
