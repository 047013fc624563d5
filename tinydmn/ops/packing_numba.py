"""Sequences of unequal length without padding, and a product over few rows: what the compiled
recurrent networks share.

- The sequences are sorted by length: a step works on the first rows alone, never on padding.
- The steps lie behind one another in packed arrays (P, ...), P = n.sum(): step t owns rows
  start[t]:start[t+1], and the sequences that still live at step t+1 are the first of them, in the
  same order.

Every function is marked forceinline; tanh_numba.py says why.
"""

import numpy as np
from llvmlite.binding import get_host_cpu_features

from .compiled import njit
from .tanh_numba import FAST

# Rows from which BLAS beats a loop that keeps the matrix in cache.  OpenBLAS packs a matrix anew at
# each call, but has kernels that do not, for few rows, in its versions for AVX-512: 8 rows of
# H = 80 take it 3 µs with them and 23 without; the loop 5 and 9.
MANY = 4 if get_host_cpu_features().get("avx512f") else 40


@njit(cache=True, nogil=True, fastmath=FAST, error_model="numpy", forceinline=True)
def rows_product(x, M, out):
    """out = x M.  x (B, K), M (K, J), all contiguous."""
    B, K = x.shape
    if B >= MANY:
        np.dot(x, M, out)
        return
    out[:] = 0
    for i in range(0, B - 3, 4):                           # 4 rows, 4 of M's: a load serves 4 times
        x_0, x_1, x_2, x_3 = x[i], x[i + 1], x[i + 2], x[i + 3]
        out_0, out_1, out_2, out_3 = out[i], out[i + 1], out[i + 2], out[i + 3]
        for k in range(0, K - 3, 4):
            M_0, M_1, M_2, M_3 = M[k], M[k + 1], M[k + 2], M[k + 3]
            # held in variables: for all the compiler knows, out could be x
            a_0, a_1, a_2, a_3 = x_0[k], x_0[k + 1], x_0[k + 2], x_0[k + 3]
            b_0, b_1, b_2, b_3 = x_1[k], x_1[k + 1], x_1[k + 2], x_1[k + 3]
            c_0, c_1, c_2, c_3 = x_2[k], x_2[k + 1], x_2[k + 2], x_2[k + 3]
            d_0, d_1, d_2, d_3 = x_3[k], x_3[k + 1], x_3[k + 2], x_3[k + 3]
            for j in range(M.shape[1]):
                m_0, m_1, m_2, m_3 = M_0[j], M_1[j], M_2[j], M_3[j]
                out_0[j] += a_0 * m_0 + a_1 * m_1 + a_2 * m_2 + a_3 * m_3
                out_1[j] += b_0 * m_0 + b_1 * m_1 + b_2 * m_2 + b_3 * m_3
                out_2[j] += c_0 * m_0 + c_1 * m_1 + c_2 * m_2 + c_3 * m_3
                out_3[j] += d_0 * m_0 + d_1 * m_1 + d_2 * m_2 + d_3 * m_3
    for i in range(B // 4 * 4, B):                         # up to 3 rows more
        x_0, out_0 = x[i], out[i]
        for k in range(0, K - 3, 4):
            M_0, M_1, M_2, M_3 = M[k], M[k + 1], M[k + 2], M[k + 3]
            a_0, a_1, a_2, a_3 = x_0[k], x_0[k + 1], x_0[k + 2], x_0[k + 3]
            for j in range(M.shape[1]):
                out_0[j] += a_0 * M_0[j] + a_1 * M_1[j] + a_2 * M_2[j] + a_3 * M_3[j]
    for k in range(K // 4 * 4, K):                         # what four does not divide
        for i in range(B):
            for j in range(M.shape[1]):
                out[i, j] += x[i, k] * M[k, j]


@njit(cache=True, nogil=True, forceinline=True)
def copy_row(x, out):
    """out[:] = x, which takes Numba two seconds to compile wherever it stands."""
    for k in range(len(x)):
        out[k] = x[k]


@njit(cache=True, nogil=True, forceinline=True)
def add_row(x, out):
    """out += x, likewise."""
    for k in range(len(x)):
        out[k] += x[k]


@njit(cache=True, nogil=True, forceinline=True)
def schedule(n):
    """Lengths n (B,) -> order (B,): the sequences, longest first; start (T + 1,): step t's packed
    rows are start[t]:start[t+1].
    """
    B, T = len(n), 0
    for b in range(B):
        T = max(T, n[b])
    longer = np.zeros(T + 2, np.int64)                     # longer[t]: sequences of exactly t steps
    for b in range(B):
        longer[n[b]] += 1
    for t in range(T, -1, -1):
        longer[t] += longer[t + 1]                         # now: at least t steps
    order, place = np.empty(B, np.int64), longer[1:].copy()
    for b in range(B):
        order[place[n[b]]] = b
        place[n[b]] += 1
    start = np.zeros(T + 1, np.int64)
    for t in range(T):
        start[t + 1] = start[t] + longer[t + 1]
    return order, start


@njit(cache=True, nogil=True, forceinline=True)
def states_at(h, at, order, start):
    """Packed h (P, H) -> out (B, F, H): the states after the steps at (B, F), zeros for -1."""
    out = np.zeros((len(order), at.shape[1], h.shape[1]), h.dtype)
    for j in range(len(order)):
        for f in range(at.shape[1]):
            if at[order[j], f] >= 0:
                copy_row(h[start[at[order[j], f]] + j], out[order[j], f])
    return out


@njit(cache=True, nogil=True, forceinline=True)
def states_at_backward(dout, at, order, start):
    """dout (B, F, H) -> packed dh (P, H)."""
    dh = np.zeros((start[-1], dout.shape[2]), dout.dtype)
    for j in range(len(order)):
        for f in range(at.shape[1]):
            if at[order[j], f] >= 0:
                add_row(dout[order[j], f], dh[start[at[order[j], f]] + j])
    return dh


@njit(cache=True, nogil=True, forceinline=True)
def add_outer(d, h, start, dU):
    """dU += Σ_t d_tᵀ h_{t-1} as one product.  Packed d (P, J), h (P, H); dU (J, H).

    h_0 = 0 adds nothing.
    """
    T = len(start) - 1
    if T < 2:
        return
    h_prev = np.empty((start[T] - start[1], h.shape[1]), h.dtype)
    for t in range(1, T):
        for j in range(start[t + 1] - start[t]):
            copy_row(h[start[t - 1] + j], h_prev[start[t] - start[1] + j])
    dU += np.dot(d[start[1]:].T, h_prev)
