import numpy as np


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def gru_cell_forward(x, h_prev, W, U, b):
    H = h_prev.shape[1]
    W_z, W_r, W_h = W[:H], W[H:2 * H], W[2 * H:]
    U_z, U_r, U_h = U[:H], U[H:2 * H], U[2 * H:]
    z = sigmoid(x @ W_z.T + h_prev @ U_z.T + b[:H])
    r = sigmoid(x @ W_r.T + h_prev @ U_r.T + b[H:2 * H])
    Uh = h_prev @ U_h.T
    t = np.tanh(x @ W_h.T + r * Uh + b[2 * H:])
    return (1 - z) * t + z * h_prev, (x, h_prev, z, r, t, Uh, W_z, W_r, W_h, U_z, U_r, U_h)


def gru_cell_backward(dh, cache, dW, dU, db):
    x, h_prev, z, r, t, Uh, W_z, W_r, W_h, U_z, U_r, U_h = cache
    H = h_prev.shape[1]
    dh_prev = dh * z
    # the candidate
    dt = dh * (1 - z)
    dt = dt * (1 - t**2)
    dW[2 * H:] += dt.T @ x
    db[2 * H:] += dt.sum(axis=0)
    dU[2 * H:] += (dt * r).T @ h_prev
    dh_prev = dh_prev + (dt * r) @ U_h
    dx = dt @ W_h
    # the reset gate
    dr = dt * Uh * r * (1 - r)
    dW[H:2 * H] += dr.T @ x
    db[H:2 * H] += dr.sum(axis=0)
    dU[H:2 * H] += dr.T @ h_prev
    dh_prev = dh_prev + dr @ U_r
    dx = dx + dr @ W_r
    # the update gate
    dz = dh * h_prev - dh * t
    dz = dz * z * (1 - z)
    dW[:H] += dz.T @ x
    db[:H] += dz.sum(axis=0)
    dU[:H] += dz.T @ h_prev
    return dx + dz @ W_z, dh_prev + dz @ U_z
