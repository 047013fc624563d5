"""The plain recurrent network, compiled.  Meaning, names and shapes: rnn_numpy.py; what makes it fast: gru_numba.py and packing_numba.py."""

import numpy as np

from .compiled import njit
from .packing_numba import add_outer, rows_product, schedule, states_at, states_at_backward
from .tanh_numba import FAST, tanh


@njit(cache=True, nogil=True, fastmath=FAST, error_model="numpy")
def _forward(a, rows, n, at, U):
    order, start = schedule(n)
    B, T, H = len(n), len(start) - 1, U.shape[1]
    U_T, h, Uh = U.T.copy(), np.empty((start[-1], H), a.dtype), np.zeros((B, H), a.dtype)     # h_0 = 0, and so is U h_0
    for t in range(T):
        now, live = start[t], start[t + 1] - start[t]
        if t > 0:
            rows_product(h[start[t - 1]:start[t - 1] + live], U_T, Uh[:live])
        for j in range(live):
            a_row, Uh_row, h_row = a[rows[order[j], t]], Uh[j], h[now + j]
            for k in range(H):
                h_row[k] = tanh(a_row[k] + Uh_row[k])
    return states_at(h, at, order, start), h, order, start


@njit(cache=True, nogil=True, fastmath=FAST, error_model="numpy")
def _backward(dout, a_rows, h, order, start, rows, at, U, dU):
    T, H, one = len(start) - 1, U.shape[1], h.dtype.type(1)
    da, dh, d = np.zeros((a_rows, H), h.dtype), states_at_backward(dout, at, order, start), np.empty(h.shape, h.dtype)
    product = np.empty((len(order), H), h.dtype)
    for t in range(T - 1, -1, -1):
        now, live = start[t], start[t + 1] - start[t]
        for j in range(live):
            da_row, dh_row, d_row, h_row = da[rows[order[j], t]], dh[now + j], d[now + j], h[now + j]
            for k in range(H):
                d_k = dh_row[k] * (one - h_row[k] * h_row[k])
                d_row[k] = d_k
                da_row[k] += d_k
        if t > 0:
            rows_product(d[now:now + live], U, product[:live])
            for j in range(live):
                into = dh[start[t - 1] + j]
                for k in range(H):
                    into[k] += product[j, k]
    add_outer(d, h, start, dU)
    return da


def rnn_forward(a, rows, n, at, U):
    out, *cache = _forward(a, rows, n, at, U)
    return out, (len(a), *cache)


def rnn_backward(dout, cache, rows, n, at, U, dU):
    return _backward(dout, *cache, rows, at, U, dU)
