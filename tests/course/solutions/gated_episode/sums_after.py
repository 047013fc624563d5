import numpy as np


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def gated_episode_forward(c, s, n, W, U, b):
    Q, T, H = c.shape
    g = (sigmoid(s) * (np.arange(T) < n[:, None]))[..., None]
    h = np.zeros((T + 1, Q, H), c.dtype)
    z, r, tilde, Uh = (np.zeros((T, Q, H), c.dtype) for _ in range(4))
    a = c @ W.T + b
    for t in range(T):
        u = h[t] @ U.T
        z[t], r[t] = sigmoid(a[:, t, :H] + u[:, :H]), sigmoid(a[:, t, H:2 * H] + u[:, H:2 * H])
        Uh[t] = u[:, 2 * H:]
        tilde[t] = np.tanh(a[:, t, 2 * H:] + r[t] * Uh[t])
        h[t + 1] = h[t] + g[:, t] * (1 - z[t]) * (tilde[t] - h[t])
    return h[T], (c, s, g, h, z, r, tilde, Uh, W, U)


def gated_episode_backward(de, cache, dW, dU, db):
    c, s, g, h, z, r, tilde, Uh, W, U = cache
    T, Q, H = z.shape
    da, dUh, dg = np.zeros((T, Q, 3 * H), c.dtype), np.zeros((T, Q, 3 * H), c.dtype), np.zeros_like(g)
    dh = de.copy()
    for t in range(T - 1, -1, -1):
        dg[:, t, 0] = (dh * (1 - z[t]) * (tilde[t] - h[t])).sum(axis=1)
        d = g[:, t] * dh
        da_h = d * (1 - z[t]) * (1 - tilde[t]**2)
        da[t] = np.hstack([d * (h[t] - tilde[t]) * z[t] * (1 - z[t]), da_h * Uh[t] * r[t] * (1 - r[t]), da_h])
        dUh[t] = np.hstack([da[t, :, :2 * H], da_h * r[t]])
        dh = dh - d + d * z[t] + dUh[t] @ U
    dW += np.einsum("tqg,qth->gh", da, c)
    dU += np.einsum("tqg,tqh->gh", dUh, h[:-1])
    db += da.sum(axis=0).sum(axis=0)
    return np.einsum("tqg,gh->qth", da, W), (dg * g * (1 - g))[..., 0]
