import numba
import numpy as np

DIALECT = ("after", "z", "tanh", "abs", "product", "gru")
RESET, KEEP, CANDIDATE, DISTANCE, LIKENESS, UPDATE = DIALECT


@numba.njit(cache=True)
def f(a):
    if CANDIDATE == "tanh":
        return np.tanh(a)
    if CANDIDATE == "arctan":
        return np.arctan(a)
    if CANDIDATE == "softsign":
        return a / (1 + abs(a))
    return a / np.sqrt(1 + a * a)


@numba.njit(cache=True)
def fast_gru_forward(x, n, W, U, b):
    (B, T, I), H = x.shape, U.shape[1]
    out = np.zeros((B, T, H), x.dtype)
    z, r, h = np.empty(H, x.dtype), np.empty(H, x.dtype), np.empty(H, x.dtype)
    for k in range(B):
        h[:] = 0
        for t in range(n[k]):
            for j in range(H):
                a_z, a_r = b[j], b[H + j]
                for i in range(I):
                    a_z += W[j, i] * x[k, t, i]
                    a_r += W[H + j, i] * x[k, t, i]
                for i in range(H):
                    a_z += U[j, i] * h[i]
                    a_r += U[H + j, i] * h[i]
                z[j] = 1 / (1 + np.exp(-a_z))
                r[j] = 1 / (1 + np.exp(-a_r))
            for j in range(H):
                a = b[2 * H + j]
                for i in range(I):
                    a += W[2 * H + j, i] * x[k, t, i]
                s = 0.0
                for i in range(H):
                    s += U[2 * H + j, i] * (h[i] if RESET == "after" else r[i] * h[i])
                c = f(a + r[j] * s if RESET == "after" else a + s)
                keep = z[j] if KEEP == "z" else 1 - z[j]
                out[k, t, j] = keep * h[j] + (1 - keep) * c
            h[:] = out[k, t]
    return out
