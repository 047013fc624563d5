import numpy as np


def sigmoid(x):
    return 1.0 / (1.0 + np.exp(-x))


def decoder_forward(y_prev, q, a_prev, W, U, b, W_a):
    x = np.hstack([y_prev, q])
    a_z, a_r, a_h = np.split(x @ W.T + b, 3, axis=1)
    Uh_z, Uh_r, Uh_h = np.split(a_prev @ U.T, 3, axis=1)
    z = sigmoid(a_z + Uh_z)
    r = sigmoid(a_r + Uh_r)
    h_tilde = np.tanh(a_h + r * Uh_h)
    a = z * a_prev + (1.0 - z) * h_tilde
    logits = a @ W_a.T
    return a, logits, (x, a_prev, a, z, r, Uh_h, h_tilde, W, U, W_a)


def decoder_backward(da, dlogits, cache, dW, dU, db, dW_a):
    x, a_prev, a, z, r, Uh_h, h_tilde, W, U, W_a = cache
    dW_a += dlogits.T @ a
    dh = da + dlogits @ W_a
    da_z = dh * (a_prev - h_tilde) * z * (1.0 - z)
    da_h = dh * (1.0 - z) * (1.0 - h_tilde**2)
    da_r = da_h * Uh_h * r * (1.0 - r)
    d = np.hstack([da_z, da_r, da_h])
    dUh = np.hstack([da_z, da_r, da_h * r])
    dW += d.T @ x
    dU += dUh.T @ a_prev
    db += d.sum(axis=0)
    dx = d @ W
    da_prev = dh * z + dUh @ U
    A = len(W_a)
    return dx[:, :A], dx[:, A:], da_prev
