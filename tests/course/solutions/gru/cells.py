import numpy as np


def sigmoid(x):
    return 0.5 + 0.5 * np.tanh(x / 2)


def cell_forward(x, h, W, U, b):
    H = h.shape[1]
    a, Uh = x @ W.T + b, h @ U.T
    z, r = sigmoid(a[:, :H] + Uh[:, :H]), sigmoid(a[:, H:2 * H] + Uh[:, H:2 * H])
    t = np.tanh(a[:, 2 * H:] + r * Uh[:, 2 * H:])
    return z * h + (1 - z) * t, (x, h, z, r, t, Uh[:, 2 * H:])


def cell_backward(dh, cache, W, U):
    x, h, z, r, t, Uh = cache
    da_h = dh * (1 - z) * (1 - t * t)
    da = np.hstack([dh * (h - t) * z * (1 - z), da_h * Uh * r * (1 - r), da_h])
    dUh = np.hstack([da[:, :-h.shape[1]], da_h * r])
    return da @ W, dh * z + dUh @ U, da.T @ x, dUh.T @ h, da.sum(0)


def gru_forward(x, n, W, U, b):
    states, caches = [np.zeros((len(x), U.shape[1]), x.dtype)], []
    for t in range(x.shape[1]):
        h, cache = cell_forward(x[:, t], states[-1], W, U, b)
        states.append(h)
        caches.append(cache)
    there = np.arange(x.shape[1]) < n[:, None]
    return np.stack(states[1:], axis=1) * there[..., None], (caches, there, W, U)


def gru_backward(dh, cache, dW, dU, db):
    caches, there, W, U = cache
    dh = dh * there[..., None]                 # what stands after the end only runs on into padding
    dxs, carried = [], 0
    for t, cell in reversed(list(enumerate(caches))):
        dx, carried, dW_t, dU_t, db_t = cell_backward(dh[:, t] + carried, cell, W, U)
        dW += dW_t
        dU += dU_t
        db += db_t
        dxs.append(dx)
    return np.stack(dxs[::-1], axis=1)
