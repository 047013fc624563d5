"""Long short-term memory, compiled.  Meaning, names and shapes: lstm_numpy.py; what makes it fast:
gru_numba.py and packing_numba.py.
"""

import numpy as np

from .compiled import njit
from .gru_numba import run_backward, run_forward
from .packing_numba import add_outer, rows_product, schedule, states_at, states_at_backward
from .tanh_numba import FAST, sigmoid, tanh


@njit(cache=True, nogil=True, fastmath=FAST, error_model="numpy", forceinline=True)
def _lstm_step(a, Uh, g, previous, cell, state):
    """One sequence at one step.  previous: h, s (H,) of the step before.

    i, f, o, c~ go to cell's gates (4H,), s and tanh s before eq. (7) to its others (H,); h and s
    after it to state (H,).
    """
    (h_prev, s_prev), (gates, s_new, tanh_s), (h, s) = previous, cell, state
    H, one = len(h), h.dtype.type(1)
    for k in range(H):
        i = sigmoid(a[k] + Uh[k])
        f = sigmoid(a[H + k] + Uh[H + k])
        o = sigmoid(a[2 * H + k] + Uh[2 * H + k])
        c_tilde = tanh(a[3 * H + k] + Uh[3 * H + k])
        s_k = f * s_prev[k] + i * c_tilde
        tanh_s_k = tanh(s_k)
        gates[k], gates[H + k], gates[2 * H + k], gates[3 * H + k] = i, f, o, c_tilde
        s_new[k], tanh_s[k] = s_k, tanh_s_k
        h[k] = g * (o * tanh_s_k) + (one - g) * h_prev[k]              # (7)
        s[k] = g * s_k + (one - g) * s_prev[k]


@njit(cache=True, nogil=True, fastmath=FAST, error_model="numpy")
def _forward(a, rows, n, at, g, U):
    order, start = schedule(n)
    B, T, P, H = len(n), len(start) - 1, start[-1], U.shape[1]
    U_T, gates, Uh = U.T.copy(), np.empty((P, 4 * H), a.dtype), np.zeros((B, 4 * H), a.dtype)
    s_new, tanh_s = np.empty((P, H), a.dtype), np.empty((P, H), a.dtype)
    h, s, zero = np.empty((P, H), a.dtype), np.empty((P, H), a.dtype), np.zeros(H, a.dtype)
    for t in range(T):                                     # h_0 = s_0 = 0, and so is U h_0
        now, live = start[t], start[t + 1] - start[t]
        if t > 0:
            rows_product(h[start[t - 1]:start[t - 1] + live], U_T, Uh[:live])
        for j in range(live):
            b, p, before = order[j], now + j, start[t - 1] + j
            h_prev, s_prev = (h[before], s[before]) if t > 0 else (zero, zero)
            _lstm_step(a[rows[b, t]], Uh[j], g[b, t], (h_prev, s_prev),
                       (gates[p], s_new[p], tanh_s[p]), (h[p], s[p]))
    return states_at(h, at, order, start), (gates, s_new, tanh_s, h, s, order, start)


@njit(cache=True, nogil=True, fastmath=FAST, error_model="numpy", forceinline=True)
def _lstm_step_backward(dh, ds, g, previous, cell, d, da):
    """dh (H,) -> d (4H,), the gradient before the nonlinearities; dg is returned.

    Adds d into da (4H,).  ds (H,): in, the gradient of s_t; out, that of s_{t-1}.
    """
    (h_prev, s_prev), (gates, s_new, tanh_s) = previous, cell
    H, one, dg = len(dh), dh.dtype.type(1), dh.dtype.type(0)
    for k in range(H):
        i, f, o, c_tilde = gates[k], gates[H + k], gates[2 * H + k], gates[3 * H + k]
        dg += dh[k] * (o * tanh_s[k] - h_prev[k]) + ds[k] * (s_new[k] - s_prev[k])  # through (7)
        dh_k = g * dh[k]
        ds_k = g * ds[k] + dh_k * o * (one - tanh_s[k] * tanh_s[k])    # s_t acts through h_t too
        d_i = ds_k * c_tilde * i * (one - i)
        d_f = ds_k * s_prev[k] * f * (one - f)
        d_o = dh_k * tanh_s[k] * o * (one - o)
        d_c = ds_k * i * (one - c_tilde * c_tilde)
        ds[k] = ds_k * f + (one - g) * ds[k]
        d[k], d[H + k], d[2 * H + k], d[3 * H + k] = d_i, d_f, d_o, d_c
    for k in range(4 * H):
        da[k] += d[k]
    return dg


@njit(cache=True, nogil=True, fastmath=FAST, error_model="numpy")
def _backward(dout, packed, inputs, rows_at, g, U, dU):
    (gates, s_new, tanh_s, h, s, order, start), (rows, at) = packed, rows_at
    B, T, H, one = len(order), len(start) - 1, U.shape[1], h.dtype.type(1)
    da, dg = np.zeros((inputs, 4 * H), h.dtype), np.zeros(g.shape, h.dtype)
    dh, d = states_at_backward(dout, at, order, start), np.empty(gates.shape, h.dtype)
    ds, product, zero = np.zeros((B, H), h.dtype), np.empty((B, H), h.dtype), np.zeros(H, h.dtype)
    for t in range(T - 1, -1, -1):
        now, live = start[t], start[t + 1] - start[t]
        for j in range(live):
            b, p, before = order[j], now + j, start[t - 1] + j
            h_prev, s_prev = (h[before], s[before]) if t > 0 else (zero, zero)
            dg[b, t] = _lstm_step_backward(dh[p], ds[j], g[b, t], (h_prev, s_prev),
                                           (gates[p], s_new[p], tanh_s[p]), d[p], da[rows[b, t]])
        if t > 0:
            rows_product(d[now:now + live], U, product[:live])
            for j in range(live):
                into, g_t = dh[start[t - 1] + j], g[order[j], t]
                for k in range(H):
                    into[k] += product[j, k] + (one - g_t) * dh[now + j, k]
    add_outer(d, h, start, dU)
    return da, dg


def lstm_forward(x, sequences, lstm, g=None):
    return run_forward(_forward, x, sequences, lstm, g)


def lstm_backward(dout, cache, lstm, dlstm):
    return run_backward(_backward, dout, cache, lstm, dlstm)
