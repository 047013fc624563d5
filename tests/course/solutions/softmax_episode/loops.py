import numpy as np


def softmax_episode_forward(c, s, n):
    Q, T, H = c.shape
    e, g = np.zeros((Q, H), c.dtype), np.zeros((Q, T), c.dtype)
    for i in range(Q):
        largest = max(s[i, t] for t in range(n[i]))
        total = 0.0
        for t in range(n[i]):
            g[i, t] = np.exp(s[i, t] - largest)
            total += g[i, t]
        for t in range(n[i]):
            g[i, t] /= total
            for j in range(H):
                e[i, j] += g[i, t] * c[i, t, j]
    return e, (c, g, e.copy())


def softmax_episode_backward(de, cache):
    c, g, e = cache
    dc, ds = np.zeros_like(c), np.zeros_like(g)
    for i, t, j in np.ndindex(*c.shape):
        dc[i, t, j] = g[i, t] * de[i, j]
        ds[i, t] += g[i, t] * de[i, j] * (c[i, t, j] - e[i, j])
    return dc, ds
