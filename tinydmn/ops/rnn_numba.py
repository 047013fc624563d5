"""The plain recurrent network, compiled.  Meaning, names and shapes: rnn_numpy.py; what makes it
fast: gru_numba.py and packing_numba.py.
"""

import numpy as np

from .compiled import njit
from .gru_numba import run_backward, run_forward
from .packing_numba import add_outer, rows_product, schedule, states_at, states_at_backward
from .tanh_numba import FAST, tanh


@njit(cache=True, nogil=True, fastmath=FAST, error_model="numpy")
def _forward(a, rows, n, at, g, U):
    order, start = schedule(n)
    B, T, H, one = len(n), len(start) - 1, U.shape[1], a.dtype.type(1)
    new, h = np.empty((start[-1], H), a.dtype), np.empty((start[-1], H), a.dtype)
    U_T, Uh, h_0 = U.T.copy(), np.zeros((B, H), a.dtype), np.zeros(H, a.dtype)         # U h_0 = 0
    for t in range(T):
        now, live = start[t], start[t + 1] - start[t]
        if t > 0:
            rows_product(h[start[t - 1]:start[t - 1] + live], U_T, Uh[:live])
        for j in range(live):
            a_row, Uh_row, new_row, h_row = a[rows[order[j], t]], Uh[j], new[now + j], h[now + j]
            h_prev, g_t = h[start[t - 1] + j] if t > 0 else h_0, g[order[j], t]
            for k in range(H):
                new_row[k] = tanh(a_row[k] + Uh_row[k])
                h_row[k] = g_t * new_row[k] + (one - g_t) * h_prev[k]                  # (7)
    return states_at(h, at, order, start), (new, h, order, start)


@njit(cache=True, nogil=True, fastmath=FAST, error_model="numpy")
def _backward(dout, packed, inputs, rows_at, g, U, dU):
    (new, h, order, start), (rows, at) = packed, rows_at
    T, H, one = len(start) - 1, U.shape[1], h.dtype.type(1)
    da, dg = np.zeros((inputs, H), h.dtype), np.zeros(g.shape, h.dtype)
    dh, d = states_at_backward(dout, at, order, start), np.empty(h.shape, h.dtype)
    product, h_0 = np.empty((len(order), H), h.dtype), np.zeros(H, h.dtype)
    for t in range(T - 1, -1, -1):
        now, live = start[t], start[t + 1] - start[t]
        for j in range(live):
            b = order[j]
            da_row, dh_row, d_row, new_row = da[rows[b, t]], dh[now + j], d[now + j], new[now + j]
            h_prev, g_t, dot = h[start[t - 1] + j] if t > 0 else h_0, g[b, t], h.dtype.type(0)
            for k in range(H):
                dot += dh_row[k] * (new_row[k] - h_prev[k])                            # (7)
                d_k = g_t * dh_row[k] * (one - new_row[k] * new_row[k])
                d_row[k] = d_k
                da_row[k] += d_k
            dg[b, t] = dot
        if t > 0:
            rows_product(d[now:now + live], U, product[:live])
            for j in range(live):
                into, g_t = dh[start[t - 1] + j], g[order[j], t]
                for k in range(H):
                    into[k] += product[j, k] + (one - g_t) * dh[now + j, k]
    add_outer(d, h, start, dU)
    return da, dg


def rnn_forward(x, sequences, rnn, g=None):
    return run_forward(_forward, x, sequences, rnn, g)


def rnn_backward(dout, cache, rnn, drnn):
    return run_backward(_backward, dout, cache, rnn, drnn)
