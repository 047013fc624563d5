import numpy as np


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def gates(x, h, W, U, b):
    H = len(b) // 3
    a, Uh = x @ W.T + b, h @ U.T
    z, r = sigmoid(a[:, :H] + Uh[:, :H]), sigmoid(a[:, H:2 * H] + Uh[:, H:2 * H])
    return z, r, np.tanh(a[:, 2 * H:] + r * Uh[:, 2 * H:]), Uh[:, 2 * H:]


def gru_forward(x, n, W, U, b):
    h = np.zeros((x.shape[0], len(b) // 3), x.dtype)
    out = []
    for t in range(x.shape[1]):
        alive = (n > t).astype(x.dtype)[:, None]
        z, r, tilde, _ = gates(x[:, t], h, W, U, b)
        h = alive * (z * h + (1 - z) * tilde)              # an ended sequence needs no state
        out.append(h)
    return np.transpose(np.array(out), (1, 0, 2)), (x, n, W, U, b, out)


def gru_backward(dh, cache, dW, dU, db):
    x, n, W, U, b, out = cache
    dx, later = np.zeros_like(x), np.zeros_like(out[0])
    for t in range(x.shape[1])[::-1]:
        before = out[t - 1] if t else np.zeros_like(out[0])
        z, r, tilde, Uh = gates(x[:, t], before, W, U, b)
        d = (n > t).astype(x.dtype)[:, None] * (dh[:, t] + later)
        da_z, da_h = d * (before - tilde) * z * (1 - z), d * (1 - z) * (1 - tilde**2)
        da_r = da_h * Uh * r * (1 - r)
        later = d * z
        for k, (a, u) in enumerate([(da_z, da_z), (da_r, da_r), (da_h, da_h * r)]):
            rows = slice(k * len(b) // 3, (k + 1) * len(b) // 3)
            dW[rows] += a.T @ x[:, t]
            dU[rows] += u.T @ before
            db[rows] += a.sum(axis=0)
            dx[:, t] += a @ W[rows]
            later = later + u @ U[rows]
    return dx
