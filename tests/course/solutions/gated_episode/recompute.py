import numpy as np


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def gru(x, h, W, U, b):
    H = h.shape[1]
    a, Uh = x @ W.T + b, h @ U.T
    z, r = sigmoid(a[:, :H] + Uh[:, :H]), sigmoid(a[:, H:2 * H] + Uh[:, H:2 * H])
    tilde = np.tanh(a[:, 2 * H:] + r * Uh[:, 2 * H:])
    return z * h + (1 - z) * tilde, z, r, tilde, Uh[:, 2 * H:]


def gated_episode_forward(c, s, n, W, U, b):
    states = [np.zeros((len(c), c.shape[2]), c.dtype)]
    for t in range(int(n.max())):
        g = sigmoid(s[:, t, None])
        new = gru(c[:, t], states[-1], W, U, b)[0]
        states.append(np.where((n > t)[:, None], g * new + (1 - g) * states[-1], states[-1]))
    return states[-1], [c, s, n, W, U, b, states]


def gated_episode_backward(de, cache, dW, dU, db):
    c, s, n, W, U, b, states = cache
    H = c.shape[2]
    dc, ds, dh = np.zeros_like(c), np.zeros_like(s), de
    for t in reversed(range(len(states) - 1)):
        h = states[t]
        alive = (n > t).astype(c.dtype)[:, None]
        g = sigmoid(s[:, t, None]) * alive
        new, z, r, tilde, Uh = gru(c[:, t], h, W, U, b)
        ds[:, t] = ((dh * (new - h)).sum(1, keepdims=True) * g * (1 - g))[:, 0]
        d = g * dh
        dh = (1 - g) * dh + d * z
        da_h = d * (1 - z) * (1 - tilde**2)
        for k, (da, du) in enumerate(((d * (h - tilde) * z * (1 - z), None), (da_h * Uh * r * (1 - r), None),
                                      (da_h, da_h * r))):
            du = da if du is None else du
            rows = slice(k * H, k * H + H)
            dW[rows] += da.T @ c[:, t]
            dU[rows] += du.T @ h
            db[rows] += da.sum(0)
            dc[:, t] += da @ W[rows]
            dh = dh + du @ U[rows]
    return dc, ds
