import numpy as np


def sigmoid(x):
    return 1.0 / (1.0 + np.exp(-x))


def gru_forward(x, n, W, U, b):
    B, T, _ = x.shape
    H = U.shape[1]
    out = np.zeros((B, T, H), x.dtype)
    h = np.zeros((B, H), x.dtype)
    cache = []
    for t in range(T):
        lives = (t < n)[:, None]
        a = x[:, t] @ W.T + b
        Uh = h @ U.T
        z = sigmoid(a[:, :H] + Uh[:, :H])
        r = sigmoid(a[:, H:2 * H] + Uh[:, H:2 * H])
        h_tilde = np.tanh(a[:, 2 * H:] + r * Uh[:, 2 * H:])
        h_new = z * h + (1.0 - z) * h_tilde
        cache.append((h, z, r, Uh[:, 2 * H:], h_tilde, lives))
        h = np.where(lives, h_new, h)
        out[:, t] = np.where(lives, h_new, 0.0)
    return out, (x, W, U, cache)


def gru_backward(dout, kept, dW, dU, db):
    x, W, U, cache = kept
    dx = np.zeros_like(x)
    dh = np.zeros_like(dout[:, 0])
    for t in reversed(range(x.shape[1])):
        h_prev, z, r, Uh_h, h_tilde, lives = cache[t]
        dh_t = np.where(lives, dh + dout[:, t], 0.0)
        da_z = dh_t * (h_prev - h_tilde) * z * (1.0 - z)
        da_h = dh_t * (1.0 - z) * (1.0 - h_tilde**2)
        da_r = da_h * Uh_h * r * (1.0 - r)
        da = np.hstack([da_z, da_r, da_h])
        dUh = np.hstack([da_z, da_r, da_h * r])
        dW += da.T @ x[:, t]
        dU += dUh.T @ h_prev
        db += da.sum(axis=0)
        dx[:, t] = da @ W
        dh = np.where(lives, dh_t * z + dUh @ U, dh)
    return dx
