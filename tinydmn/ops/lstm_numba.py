"""Long short-term memory, compiled.  Meaning, names and shapes: lstm_numpy.py; what makes it fast: gru_numba.py and packing_numba.py."""

import numpy as np

from .compiled import njit
from .packing_numba import add_outer, rows_product, schedule, states_at, states_at_backward
from .tanh_numba import FAST, sigmoid, tanh


@njit(cache=True, nogil=True, fastmath=FAST, error_model="numpy", forceinline=True)
def _lstm_step(a, Uh, s_prev, gates, s, tanh_s, h):
    """One sequence at one step: i, f, o, c~ go to gates (4H,), the cell to s (H,), the state to h (H,)."""
    H = len(h)
    for k in range(H):
        i = sigmoid(a[k] + Uh[k])
        f = sigmoid(a[H + k] + Uh[H + k])
        o = sigmoid(a[2 * H + k] + Uh[2 * H + k])
        c_tilde = tanh(a[3 * H + k] + Uh[3 * H + k])
        s_k = f * s_prev[k] + i * c_tilde
        tanh_s_k = tanh(s_k)
        gates[k], gates[H + k], gates[2 * H + k], gates[3 * H + k] = i, f, o, c_tilde
        s[k], tanh_s[k], h[k] = s_k, tanh_s_k, o * tanh_s_k


@njit(cache=True, nogil=True, fastmath=FAST, error_model="numpy")
def _forward(a, rows, n, at, U):
    order, start = schedule(n)
    B, T, P, H = len(n), len(start) - 1, start[-1], U.shape[1]
    U_T, gates, Uh = U.T.copy(), np.empty((P, 4 * H), a.dtype), np.zeros((B, 4 * H), a.dtype)
    s, tanh_s, h = np.empty((P, H), a.dtype), np.empty((P, H), a.dtype), np.empty((P, H), a.dtype)
    s_0 = np.zeros(H, a.dtype)                             # s_0 = 0; h_0 = 0, and so is U h_0
    for t in range(T):
        now, live = start[t], start[t + 1] - start[t]
        if t > 0:
            rows_product(h[start[t - 1]:start[t - 1] + live], U_T, Uh[:live])
        for j in range(live):
            p = now + j
            _lstm_step(a[rows[order[j], t]], Uh[j], s[start[t - 1] + j] if t > 0 else s_0, gates[p], s[p], tanh_s[p], h[p])
    return states_at(h, at, order, start), gates, s, tanh_s, h, order, start


@njit(cache=True, nogil=True, fastmath=FAST, error_model="numpy", forceinline=True)
def _lstm_step_backward(dh, gates, s_prev, tanh_s, ds, d, da):
    """dh (H,) -> d (4H,), the gradient before the nonlinearities, also added into da (4H,).  ds (H,): in that of s_t, out that of s_{t-1}."""
    H, one = len(dh), dh.dtype.type(1)                     # a bare 1 would be an int64, and the whole loop float64
    for k in range(H):
        i, f, o, c_tilde = gates[k], gates[H + k], gates[2 * H + k], gates[3 * H + k]
        ds_k = ds[k] + dh[k] * o * (one - tanh_s[k] * tanh_s[k])       # from h_t too
        d_i = ds_k * c_tilde * i * (one - i)
        d_f = ds_k * s_prev[k] * f * (one - f)
        d_o = dh[k] * tanh_s[k] * o * (one - o)
        d_c = ds_k * i * (one - c_tilde * c_tilde)
        ds[k] = ds_k * f
        d[k], d[H + k], d[2 * H + k], d[3 * H + k] = d_i, d_f, d_o, d_c
    for k in range(4 * H):
        da[k] += d[k]


@njit(cache=True, nogil=True, fastmath=FAST, error_model="numpy")
def _backward(dout, a_rows, gates, s, tanh_s, h, order, start, rows, at, U, dU):
    B, T, H = len(order), len(start) - 1, U.shape[1]
    da, dh, d = np.zeros((a_rows, 4 * H), h.dtype), states_at_backward(dout, at, order, start), np.empty(gates.shape, h.dtype)
    ds, product, s_0 = np.zeros((B, H), h.dtype), np.empty((B, H), h.dtype), np.zeros(H, h.dtype)
    for t in range(T - 1, -1, -1):
        now, live = start[t], start[t + 1] - start[t]
        for j in range(live):
            p = now + j
            _lstm_step_backward(dh[p], gates[p], s[start[t - 1] + j] if t > 0 else s_0, tanh_s[p], ds[j], d[p], da[rows[order[j], t]])
        if t > 0:
            rows_product(d[now:now + live], U, product[:live])
            for j in range(live):
                into = dh[start[t - 1] + j]
                for k in range(H):
                    into[k] += product[j, k]
    add_outer(d, h, start, dU)
    return da


def lstm_forward(a, rows, n, at, U):
    out, *cache = _forward(a, rows, n, at, U)
    return out, (len(a), *cache)


def lstm_backward(dout, cache, rows, n, at, U, dU):
    return _backward(dout, *cache, rows, at, U, dU)
