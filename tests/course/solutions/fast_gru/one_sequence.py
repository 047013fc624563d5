"""A sequence at a time, with the weights of each gate apart."""
import numba
import numpy as np


@numba.njit(cache=True)
def dot(row, v):
    s = row[0] * v[0]
    for i in range(1, len(v)):
        s += row[i] * v[i]
    return s


@numba.njit(cache=True)
def one(x, out, W, U, b):
    H = U.shape[1]
    h = np.zeros(H, x.dtype)
    W_z, W_r, W_h = W[:H], W[H:2 * H], W[2 * H:]
    U_z, U_r, U_h = U[:H], U[H:2 * H], U[2 * H:]
    b_z, b_r, b_h = b[:H], b[H:2 * H], b[2 * H:]
    for t in range(len(x)):
        for j in range(H):
            z = 1 / (1 + np.exp(-dot(W_z[j], x[t]) - dot(U_z[j], h) - b_z[j]))
            r = 1 / (1 + np.exp(-dot(W_r[j], x[t]) - dot(U_r[j], h) - b_r[j]))
            c = np.tanh(dot(W_h[j], x[t]) + b_h[j] + r * dot(U_h[j], h))
            out[t, j] = z * h[j] + (1 - z) * c
        h[:] = out[t]


def fast_gru_forward(x, n, W, U, b):
    out = np.zeros((*x.shape[:2], U.shape[1]), x.dtype)
    for k, length in enumerate(n):
        one(x[k, :length], out[k, :length], W, U, b)
    return out
