import numpy as np


def softmax_episode_forward(c, s, n):
    there = np.arange(s.shape[1])[None, :] < n[:, None]
    masked = np.where(there, s, -np.inf)
    e_s = np.exp(masked - masked.max(axis=1, keepdims=True))
    g = e_s / e_s.sum(axis=1, keepdims=True)
    e = np.sum(g[:, :, None] * c, axis=1)
    return e, (c, g)


def softmax_episode_backward(de, cache):
    c, g = cache
    dg = np.sum(de[:, None, :] * c, axis=2)
    ds = g * (dg - np.sum(g * dg, axis=1, keepdims=True))
    dc = g[:, :, None] * de[:, None, :]
    return dc, ds
