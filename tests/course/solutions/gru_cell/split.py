import numpy as np


def sigmoid(x):
    return 1.0 / (1.0 + np.exp(-x))


def gru_cell_forward(x, h_prev, W, U, b):
    a_z, a_r, a_h = np.split(x @ W.T + b, 3, axis=1)
    Uh_z, Uh_r, Uh_h = np.split(h_prev @ U.T, 3, axis=1)
    z = sigmoid(a_z + Uh_z)
    r = sigmoid(a_r + Uh_r)
    h_tilde = np.tanh(a_h + r * Uh_h)
    h = z * h_prev + (1.0 - z) * h_tilde
    return h, (x, h_prev, W, U, z, r, Uh_h, h_tilde)


def gru_cell_backward(dh, cache, dW, dU, db):
    x, h_prev, W, U, z, r, Uh_h, h_tilde = cache
    dz = dh * (h_prev - h_tilde)
    da_z = dz * z * (1.0 - z)
    dh_tilde = dh * (1.0 - z)
    da_h = dh_tilde * (1.0 - h_tilde**2)
    dr = da_h * Uh_h
    da_r = dr * r * (1.0 - r)
    da = np.hstack([da_z, da_r, da_h])
    dUh = np.hstack([da_z, da_r, da_h * r])
    dW += da.T @ x
    dU += dUh.T @ h_prev
    db += da.sum(axis=0)
    dx = da @ W
    dh_prev = dh * z + dUh @ U
    return dx, dh_prev
