import numpy as np


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def gru_forward(x, n, W, U, b):
    B, T, _ = x.shape
    H = U.shape[1]
    ax = np.einsum("bti,gi->btg", x, W) + b
    h = np.zeros((B, T + 1, H), x.dtype)
    z, r, Uh, tilde = (np.zeros((B, T, H), x.dtype) for _ in range(4))
    for t in range(T):
        u = h[:, t] @ U.T
        z[:, t], r[:, t] = sigmoid(ax[:, t, :H] + u[:, :H]), sigmoid(ax[:, t, H:-H] + u[:, H:-H])
        Uh[:, t] = u[:, -H:]
        tilde[:, t] = np.tanh(ax[:, t, -H:] + r[:, t] * Uh[:, t])
        h[:, t + 1] = z[:, t] * h[:, t] + (1 - z[:, t]) * tilde[:, t]
    mask = (np.arange(T)[None] < n[:, None]).astype(x.dtype)[:, :, None]
    return h[:, 1:] * mask, (x, W, U, h, z, r, Uh, tilde, mask)


def gru_backward(dh, cache, dW, dU, db):
    x, W, U, h, z, r, Uh, tilde, mask = cache
    B, T, H = dh.shape
    da, dUh = (np.zeros((B, T, 3 * H), dh.dtype) for _ in range(2))
    d = np.zeros((B, H), dh.dtype)
    for t in range(T - 1, -1, -1):
        d = d + dh[:, t] * mask[:, t]
        da[:, t, :H] = d * (h[:, t] - tilde[:, t]) * z[:, t] * (1 - z[:, t])
        da[:, t, 2 * H:] = d * (1 - z[:, t]) * (1 - tilde[:, t]**2)
        da[:, t, H:2 * H] = da[:, t, 2 * H:] * Uh[:, t] * r[:, t] * (1 - r[:, t])
        dUh[:, t] = da[:, t]
        dUh[:, t, 2 * H:] *= r[:, t]
        d = d * z[:, t] + dUh[:, t] @ U
    np.add(dW, np.einsum("btg,bti->gi", da, x), out=dW)
    np.add(dU, np.einsum("btg,btk->gk", dUh, h[:, :-1]), out=dU)
    np.add(db, da.sum(axis=(0, 1)), out=db)
    return np.einsum("btg,gi->bti", da, W)
