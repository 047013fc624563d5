import numpy as np


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def gates(x, h_prev, W, U, b):
    a, Uh = x @ W.T + b, h_prev @ U.T
    n = h_prev.shape[1]
    z, r = sigmoid(a[:, :n] + Uh[:, :n]), sigmoid(a[:, n:-n] + Uh[:, n:-n])
    return z, r, np.tanh(a[:, -n:] + r * Uh[:, -n:]), Uh[:, -n:]


def gru_cell_forward(x, h_prev, W, U, b):
    z, r, t, _ = gates(x, h_prev, W, U, b)
    return h_prev * z + t * (1 - z), (x, h_prev, W, U, b)


def gru_cell_backward(dh, cache, dW, dU, db):
    x, h_prev, W, U, b = cache
    z, r, t, Uh = gates(*cache)
    da_h = dh * (1 - z) * (1 + t) * (1 - t)
    da = np.concatenate([dh * (h_prev - t) * z * (1 - z), da_h * Uh * r * (1 - r), da_h], 1)
    through_U = np.concatenate([da[:, :-z.shape[1]], da_h * r], 1)
    np.add(dW, da.T.dot(x), out=dW)
    np.add(dU, through_U.T.dot(h_prev), out=dU)
    np.add(db, np.ones(len(da), da.dtype) @ da, out=db)
    return da.dot(W), through_U.dot(U) + dh * z
