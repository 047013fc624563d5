import numba
import numpy as np


@numba.njit(cache=True)
def sigmoid(a):
    return 1.0 / (1.0 + np.exp(-a))


@numba.njit(cache=True)
def fast_gru_forward(x, n, W, U, b):
    B, T, I = x.shape
    H = U.shape[1]
    out = np.zeros((B, T, H), x.dtype)
    h, new = np.empty(H, x.dtype), np.empty(H, x.dtype)
    for k in range(B):
        h[:] = 0.0
        for t in range(n[k]):
            for j in range(H):
                a_z, a_r, a_h = b[j], b[H + j], b[2 * H + j]
                for i in range(I):
                    a_z += W[j, i] * x[k, t, i]
                    a_r += W[H + j, i] * x[k, t, i]
                    a_h += W[2 * H + j, i] * x[k, t, i]
                Uh = 0.0
                for i in range(H):
                    a_z += U[j, i] * h[i]
                    a_r += U[H + j, i] * h[i]
                    Uh += U[2 * H + j, i] * h[i]
                z, r = sigmoid(a_z), sigmoid(a_r)
                new[j] = z * h[j] + (1.0 - z) * np.tanh(a_h + r * Uh)
            h[:] = new
            out[k, t] = h
    return out
