import numpy as np


def softmax_episode_forward(c, s, n):
    gs = []
    for row, length in zip(s, n):
        e_s = np.exp(row[:length] - row[:length].max())
        gs.append(e_s / e_s.sum())
    e = np.array([g @ facts[:len(g)] for g, facts in zip(gs, c)])
    return e, {"c": c, "g": gs}


def softmax_episode_backward(de, cache):
    c, gs = cache["c"], cache["g"]
    dc, ds = np.zeros_like(c), np.zeros(c.shape[:2], c.dtype)
    for i, g in enumerate(gs):
        k = len(g)
        dg = c[i, :k] @ de[i]
        ds[i, :k] = (np.diag(g) - np.outer(g, g)) @ dg
        dc[i, :k] = np.outer(g, de[i])
    return dc, ds
