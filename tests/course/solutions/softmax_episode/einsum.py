import numpy as np


def softmax_episode_forward(c, s, n):
    there = np.arange(s.shape[1]) < n[:, None]
    low = np.where(there, s, s.min() - 2000)
    g = np.exp(low - low.max(1)[:, None])
    g = np.einsum("qt,q->qt", g, 1 / np.einsum("qt->q", g))
    return np.einsum("qt,qth->qh", g, c), (c, g)


def softmax_episode_backward(de, cache):
    c, g = cache
    dg = np.einsum("qh,qth->qt", de, c)
    ds = np.einsum("qt,qt->qt", g, dg) - np.einsum("qt,qu,qu->qt", g, g, dg)
    return np.einsum("qt,qh->qth", g, de), ds
