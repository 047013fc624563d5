"""The GRU and the gated step over facts, eqs (1)-(4) and (7), compiled.  Meaning, names and shapes: gru_numpy.py.

What makes it fast, each exact:
- sequences are sorted by length: a step works on the first rows alone, never on padding;
- the steps lie behind one another in packed arrays (P, ...), P = n.sum(): step t owns rows start[t]:start[t+1], and the
  sequences that still live at step t+1 are the first of them, in the same order;
- U's gradient is one product at the end, not one a step;
- a product over few rows is a loop that keeps U in cache, for BLAS packs U anew at each call (8 rows of H = 80: 6 µs
  against 17; even at about 40 rows).  From packing_numba.MANY rows on it is BLAS.
"""

import numpy as np

from .compiled import njit
from .packing_numba import rows_product, schedule
from .tanh_numba import FAST, sigmoid, tanh


@njit(cache=True, nogil=True)
def input_product(x, W, b):
    return np.dot(x, W.T) + b


@njit(cache=True, nogil=True)
def input_product_backward(da, x, W, dW, db):
    dW += np.dot(da.T, x)
    for i in range(len(da)):
        db += da[i]
    return np.dot(da, W)


@njit(cache=True, nogil=True, fastmath=FAST, error_model="numpy", forceinline=True)
def _gru_step(a, row, g, Uh, h_prev, gates, Uh_h, h):
    """Eqs (1)-(4) and (7) of one sequence at one step.  Ends of eqs (1)-(3): z, r, h~ go to gates (3H,), h to h (H,)."""
    H, one = len(h), h.dtype.type(1)                       # a bare 1 would be an int64, and the whole loop float64
    a_row = a[row]
    for k in range(H):
        z = sigmoid(a_row[k] + Uh[k])                                  # (1)
        r = sigmoid(a_row[H + k] + Uh[H + k])                          # (2)
        h_tilde = tanh(a_row[2 * H + k] + r * Uh[2 * H + k])           # (3)
        h[k] = h_prev[k] + g * (one - z) * (h_tilde - h_prev[k])         # (4) and (7) in one: g GRU + (1 - g) h_prev
        gates[k], gates[H + k], gates[2 * H + k], Uh_h[k] = z, r, h_tilde, Uh[2 * H + k]


@njit(cache=True, nogil=True, fastmath=FAST, error_model="numpy")
def _forward(a, rows, n, at, g, U):
    order, start = schedule(n)
    B, T, P, H = len(n), len(start) - 1, start[-1], U.shape[1]
    U_T = U.T.copy()
    gates, Uh_h, h = np.empty((P, 3 * H), a.dtype), np.empty((P, H), a.dtype), np.empty((P, H), a.dtype)
    Uh, h_0 = np.zeros((B, 3 * H), a.dtype), np.zeros((B, H), a.dtype)
    h_prev = h_0                                           # h_0 = 0, and so is U h_0
    for t in range(T):
        s, live = start[t], start[t + 1] - start[t]
        if t > 0:
            rows_product(h_prev[:live], U_T, Uh[:live])
        for j in range(live):
            b, p = order[j], s + j
            _gru_step(a, rows[b, t], g[b, t], Uh[j], h_prev[j], gates[p], Uh_h[p], h[p])
        h_prev = h[s:s + live]
    out = np.zeros((B, at.shape[1], H), a.dtype)
    for j in range(B):
        for f in range(at.shape[1]):
            if at[order[j], f] >= 0:
                out[order[j], f] = h[start[at[order[j], f]] + j]
    return out, gates, Uh_h, h, order, start


@njit(cache=True, nogil=True, fastmath=FAST, error_model="numpy", forceinline=True)
def _gru_step_backward(dh, gates, Uh_h, h_prev, g, da, dUh, dh_prev):
    """dh (H,) -> dUh (3H,), dh_prev (H,) without what comes through U, dg (returned).  Adds into da (3H,)."""
    H, one, dg = len(h_prev), h_prev.dtype.type(1), h_prev.dtype.type(0)
    for k in range(H):
        z, r, h_tilde = gates[k], gates[H + k], gates[2 * H + k]
        change = h_tilde - h_prev[k]
        dg += dh[k] * (one - z) * change                                 # through (7)
        d = g * dh[k]
        da_z = -d * change * z * (one - z)                             # through (4), then (1)
        da_h = d * (one - z) * (one - h_tilde * h_tilde)                 # through (4), then (3)
        da_r = da_h * Uh_h[k] * r * (one - r)                          # through (3), then (2)
        dh_prev[k] = d * z + (one - g) * dh[k]
        dUh[k], dUh[H + k], dUh[2 * H + k] = da_z, da_r, da_h * r      # the candidate's share passes r
        da[k] += da_z
        da[H + k] += da_r
        da[2 * H + k] += da_h
    return dg


@njit(cache=True, nogil=True, fastmath=FAST, error_model="numpy")
def _backward(dout, a_rows, gates, Uh_h, h, order, start, rows, at, g, U, dU):
    B, T, P, H = len(order), len(start) - 1, start[-1], U.shape[1]
    da, dg, dh = np.zeros((a_rows, 3 * H), h.dtype), np.zeros(g.shape, h.dtype), np.zeros((P, H), h.dtype)
    for j in range(B):
        for f in range(at.shape[1]):
            if at[order[j], f] >= 0:
                dh[start[at[order[j], f]] + j] += dout[order[j], f]
    dUh, carry, none = np.empty((P, 3 * H), h.dtype), np.empty((B, H), h.dtype), np.zeros(H, h.dtype)
    for t in range(T - 1, -1, -1):
        s, live = start[t], start[t + 1] - start[t]
        for j in range(live):
            b, p = order[j], s + j
            h_prev = h[start[t - 1] + j] if t > 0 else none
            dg[b, t] = _gru_step_backward(dh[p], gates[p], Uh_h[p], h_prev, g[b, t], da[rows[b, t]], dUh[p], carry[j])
        if t > 0:
            into = dh[start[t - 1]:start[t - 1] + live]
            product = np.empty((live, H), h.dtype)
            rows_product(dUh[s:s + live], U, product)
            for j in range(live):
                for k in range(H):
                    into[j, k] += carry[j, k] + product[j, k]
    if T > 1:                                              # dU = Σ_t dUh_tᵀ h_{t-1}, as one product
        h_prev = np.empty((P - start[1], H), h.dtype)
        for t in range(1, T):
            live = start[t + 1] - start[t]
            h_prev[start[t] - start[1]:start[t + 1] - start[1]] = h[start[t - 1]:start[t - 1] + live]
        dU += np.dot(dUh[start[1]:].T, h_prev)
    return da, dg


def gru_forward(a, rows, n, at, g, U):
    out, *cache = _forward(a, rows, n, at, np.ones(rows.shape, a.dtype) if g is None else g, U)
    return out, (len(a), *cache)


def gru_backward(dout, cache, rows, n, at, g, U, dU):
    da, dg = _backward(dout, *cache, rows, at, np.ones(rows.shape, dout.dtype) if g is None else g, U, dU)
    return da, None if g is None else dg


@njit(cache=True, nogil=True, fastmath=FAST, error_model="numpy")
def _cell_forward(a, h_prev, U):
    B, H = h_prev.shape
    Uh, gates, Uh_h, h = np.empty((B, 3 * H), a.dtype), np.empty((B, 3 * H), a.dtype), np.empty((B, H), a.dtype), np.empty((B, H), a.dtype)
    rows_product(h_prev, U.T.copy(), Uh)
    for b in range(B):
        _gru_step(a, b, a.dtype.type(1), Uh[b], h_prev[b], gates[b], Uh_h[b], h[b])
    return h, gates, Uh_h


@njit(cache=True, nogil=True, fastmath=FAST, error_model="numpy")
def _cell_backward(dh, h_prev, gates, Uh_h, U, dU):
    B, H = h_prev.shape
    da, dUh = np.zeros((B, 3 * H), dh.dtype), np.empty((B, 3 * H), dh.dtype)
    dh_prev, product = np.empty((B, H), dh.dtype), np.empty((B, H), dh.dtype)
    for b in range(B):
        _gru_step_backward(dh[b], gates[b], Uh_h[b], h_prev[b], dh.dtype.type(1), da[b], dUh[b], dh_prev[b])
    rows_product(dUh, U, product)
    dU += np.dot(dUh.T, h_prev)
    return da, dh_prev + product


def gru_cell_forward(a, h_prev, U):
    h, gates, Uh_h = _cell_forward(a, h_prev, U)
    return h, (h_prev, gates, Uh_h)


def gru_cell_backward(dh, cache, U, dU):
    return _cell_backward(dh, *cache, U, dU)
