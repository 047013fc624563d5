import numpy as np


def sigmoid(x):
    return 1.0 / (1.0 + np.exp(-x))


def cell_forward(x, h_prev, W, U, b):
    a_z, a_r, a_h = np.split(x @ W.T + b, 3, axis=1)
    Uh_z, Uh_r, Uh_h = np.split(h_prev @ U.T, 3, axis=1)
    z = sigmoid(a_z + Uh_z)
    r = sigmoid(a_r + Uh_r)
    h_tilde = np.tanh(a_h + r * Uh_h)
    return z * h_prev + (1.0 - z) * h_tilde, (x, h_prev, W, U, z, r, Uh_h, h_tilde)


def cell_backward(dh, cache, dW, dU, db):
    x, h_prev, W, U, z, r, Uh_h, h_tilde = cache
    da_z = dh * (h_prev - h_tilde) * z * (1.0 - z)
    da_h = dh * (1.0 - z) * (1.0 - h_tilde**2)
    da_r = da_h * Uh_h * r * (1.0 - r)
    da = np.hstack([da_z, da_r, da_h])
    dUh = np.hstack([da_z, da_r, da_h * r])
    dW += da.T @ x
    dU += dUh.T @ h_prev
    db += da.sum(axis=0)
    return da @ W, dh * z + dUh @ U


def gated_episode_forward(c, s, n, W, U, b):
    g = sigmoid(s)
    h = np.zeros_like(c[:, 0])
    caches = []
    for t in range(c.shape[1]):
        g_t = np.where(t < n, g[:, t], 0.0)[:, None]
        h_new, cell = cell_forward(c[:, t], h, W, U, b)
        caches.append((cell, h_new, h, g_t))
        h = g_t * h_new + (1.0 - g_t) * h
    return h, (caches, g, n)


def gated_episode_backward(de, cache, dW, dU, db):
    caches, g, n = cache
    ds = np.zeros_like(g)
    dc = []
    dh = de
    for t in reversed(range(len(caches))):
        cell, h_new, h, g_t = caches[t]
        dg = np.sum(dh * (h_new - h), axis=1)
        ds[:, t] = np.where(t < n, dg * g[:, t] * (1.0 - g[:, t]), 0.0)
        dc_t, dh_prev = cell_backward(g_t * dh, cell, dW, dU, db)
        dc.append(dc_t)
        dh = dh_prev + (1.0 - g_t) * dh
    return np.stack(dc[::-1], axis=1), ds
