import numpy as np


def sigmoid(x):
    return 0.5 * (1.0 + np.tanh(0.5 * x))


def gru_cell_forward(x, h_prev, W, U, b):
    B, H = h_prev.shape
    a = np.einsum("bi,gji->gbj", x, W.reshape(3, H, -1)) + b.reshape(3, 1, H)
    Uh = np.einsum("bk,gjk->gbj", h_prev, U.reshape(3, H, H))
    z, r = sigmoid(a[:2] + Uh[:2])
    t = np.tanh(a[2] + r * Uh[2])
    return t + z * (h_prev - t), {"x": x, "h_prev": h_prev, "W": W, "U": U, "z": z, "r": r, "t": t, "Uh": Uh[2]}


def gru_cell_backward(dh, cache, dW, dU, db):
    x, h_prev, W, U = (cache[name] for name in ("x", "h_prev", "W", "U"))
    z, r, t = cache["z"], cache["r"], cache["t"]
    H = h_prev.shape[1]
    da = np.empty((3, *dh.shape), dh.dtype)
    da[0] = dh * (h_prev - t) * (z - z**2)
    da[2] = dh * (1 - z) * (1 - t * t)
    da[1] = da[2] * cache["Uh"] * (r - r**2)
    dUh = da.copy()
    dUh[2] *= r
    dW += np.einsum("gbj,bi->gji", da, x).reshape(3 * H, -1)
    dU += np.einsum("gbj,bk->gjk", dUh, h_prev).reshape(3 * H, H)
    db += np.einsum("gbj->gj", da).ravel()
    dx = np.einsum("gbj,gji->bi", da, W.reshape(3, H, -1))
    return dx, z * dh + np.einsum("gbj,gjk->bk", dUh, U.reshape(3, H, H))
