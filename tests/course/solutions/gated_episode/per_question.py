import numpy as np


def sigmoid(x):
    return np.where(x > 0, 1 / (1 + np.exp(-np.abs(x))), 1 - 1 / (1 + np.exp(-np.abs(x))))


def gated_episode_forward(c, s, n, W, U, b):
    H = c.shape[2]
    e, kept = np.zeros((len(c), H), c.dtype), []
    for i in range(len(c)):
        h = np.zeros(H, c.dtype)
        for t in range(n[i]):
            a, Uh = W @ c[i, t] + b, U @ h
            z, r = sigmoid(a[:H] + Uh[:H]), sigmoid(a[H:2 * H] + Uh[H:2 * H])
            tilde = np.tanh(a[2 * H:] + r * Uh[2 * H:])
            g = sigmoid(s[i, t])
            change = (1 - z) * (tilde - h)                        # GRU(c, h) - h
            kept.append((i, t, h, z, r, tilde, Uh[2 * H:], g, change))
            h = h + g * change
        e[i] = h
    return e, (c, W, U, kept)


def gated_episode_backward(de, cache, dW, dU, db):
    c, W, U, kept = cache
    dc, ds, dh = np.zeros_like(c), np.zeros(c.shape[:2], c.dtype), de.copy()
    for i, t, h, z, r, tilde, Uh, g, change in reversed(kept):
        ds[i, t] = dh[i] @ change * g * (1 - g)
        d = g * dh[i]
        da_h = d * (1 - z) * (1 - tilde**2)
        da = np.concatenate([d * (h - tilde) * z * (1 - z), da_h * Uh * r * (1 - r), da_h])
        dUh = np.concatenate([da[:-len(h)], da_h * r])
        dW += np.outer(da, c[i, t])
        dU += np.outer(dUh, h)
        db += da
        dc[i, t] = W.T @ da
        dh[i] = (1 - g) * dh[i] + d * z + U.T @ dUh
    return dc, ds
