import numpy as np


def sigmoid(x):
    return 1.0 / (1.0 + np.exp(-x))


def gru_forward(x, n, W, U, b):
    H = U.shape[1]
    out = np.zeros((*x.shape[:2], H), x.dtype)
    kept = []
    for i in range(len(x)):
        h = np.zeros(H, x.dtype)
        for t in range(n[i]):
            a, Uh = W @ x[i, t] + b, U @ h
            z, r = sigmoid(a[:H] + Uh[:H]), sigmoid(a[H:2 * H] + Uh[H:2 * H])
            h_tilde = np.tanh(a[2 * H:] + r * Uh[2 * H:])
            kept.append((i, t, h, z, r, Uh[2 * H:], h_tilde))
            h = z * h + (1 - z) * h_tilde
            out[i, t] = h
    return out, (x, W, U, kept)


def gru_backward(dout, cache, dW, dU, db):
    x, W, U, kept = cache
    dx = np.zeros_like(x)
    dh = np.zeros((len(x), U.shape[1]), x.dtype)
    for i, t, h, z, r, Uh, h_tilde in reversed(kept):
        d = dh[i] + dout[i, t]
        da_h = d * (1 - z) * (1 - h_tilde**2)
        da = np.concatenate([d * (h - h_tilde) * z * (1 - z), da_h * Uh * r * (1 - r), da_h])
        dUh = np.concatenate([da[:2 * len(z)], da_h * r])
        dW += np.outer(da, x[i, t])
        dU += np.outer(dUh, h)
        db += da
        dx[i, t] = W.T @ da
        dh[i] = d * z + U.T @ dUh
    return dx
