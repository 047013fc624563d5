"""The softmax episode over facts that stand once, compiled, for the passes of passes_numba.py.

Meaning: episode_numpy.py.  Sizes: R facts in all, Q questions, T facts of one at most, H hidden.
"""

import math

import numpy as np

from .compiled import njit
from .tanh_numba import FAST


@njit(cache=True, nogil=True, fastmath=FAST, error_model="numpy")
def softmax_rows_forward(s, c, rows, n):
    """s (Q, T), c (R, H), rows (Q, T), n (Q,) -> e (Q, H), g (Q, T)."""
    Q, T = s.shape
    e, g = np.zeros((Q, c.shape[1]), s.dtype), np.zeros((Q, T), s.dtype)
    for q in range(Q):
        largest, total, e_q = s[q, 0], s.dtype.type(0), e[q]
        for t in range(n[q]):
            largest = max(largest, s[q, t])
        for t in range(n[q]):
            g[q, t] = math.exp(s[q, t] - largest)
            total += g[q, t]
        for t in range(n[q]):
            g[q, t] /= total
            c_t, g_t = c[rows[q, t]], g[q, t]
            for k in range(len(e_q)):
                e_q[k] += g_t * c_t[k]
    return e, g


@njit(cache=True, nogil=True, fastmath=FAST, error_model="numpy")
def softmax_rows_backward(de, g, c, rows, n, dc):
    """de (Q, H) -> ds (Q, T).  Adds into dc (R, H)."""
    Q, T = g.shape
    ds = np.zeros((Q, T), g.dtype)
    for q in range(Q):
        de_q, mean = de[q], g.dtype.type(0)
        for t in range(n[q]):
            c_t, dc_t, g_t, dot = c[rows[q, t]], dc[rows[q, t]], g[q, t], g.dtype.type(0)
            for k in range(len(de_q)):
                dot += de_q[k] * c_t[k]
                dc_t[k] += g_t * de_q[k]
            ds[q, t] = dot
            mean += g_t * dot
        for t in range(n[q]):
            ds[q, t] = g[q, t] * (ds[q, t] - mean)
    return ds
