import numba
import numpy as np


@numba.njit(cache=True)
def step(Wx, h, U, out):
    H = len(h)
    Uh = U @ h
    for j in range(H):
        z = 1.0 / (1.0 + np.exp(-Wx[j] - Uh[j]))
        r = 1.0 / (1.0 + np.exp(-Wx[H + j] - Uh[H + j]))
        out[j] = z * h[j] + (1.0 - z) * np.tanh(Wx[2 * H + j] + r * Uh[2 * H + j])


@numba.njit(cache=True)
def fast_gru_forward(x, n, W, U, b):
    (B, T, I), H = x.shape, U.shape[1]
    Wx = (x.reshape(B * T, I) @ W.T + b).reshape(B, T, 3 * H)
    out = np.zeros((B, T, H), x.dtype)
    for k in range(B):
        h = np.zeros(H, x.dtype)
        for t in range(n[k]):
            step(Wx[k, t], h, U, out[k, t])
            h = out[k, t]
    return out
