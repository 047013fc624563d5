import numpy as np


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def state(y_prev, q, a_prev, W, U, b):
    H = len(b) // 3
    x = np.c_[y_prev, q]
    gate = lambda k: sigmoid(x @ W[k * H:(k + 1) * H].T + a_prev @ U[k * H:(k + 1) * H].T + b[k * H:(k + 1) * H])
    z, r = gate(0), gate(1)
    Uh = a_prev @ U[2 * H:].T
    tilde = np.tanh(x @ W[2 * H:].T + r * Uh + b[2 * H:])
    return x, z, r, Uh, tilde, z * a_prev + (1 - z) * tilde


def decoder_forward(y_prev, q, a_prev, W, U, b, W_a):
    a = state(y_prev, q, a_prev, W, U, b)[-1]
    return a, a @ W_a.T, (y_prev, q, a_prev, W, U, b, W_a)


def decoder_backward(da, dlogits, cache, dW, dU, db, dW_a):
    y_prev, q, a_prev, W, U, b, W_a = cache
    x, z, r, Uh, tilde, a = state(*cache[:6])
    H = len(b) // 3
    dW_a += dlogits.T @ a
    d = da + dlogits @ W_a
    dprev, dx = d * z, np.zeros_like(x)
    d_h = d * (1 - z) * (1 - tilde**2)
    for k, dv in enumerate((d * (a_prev - tilde) * z * (1 - z), d_h * Uh * r * (1 - r), d_h)):
        rows = slice(k * H, (k + 1) * H)
        du = dv * r if k == 2 else dv
        dW[rows] += dv.T @ x
        dU[rows] += du.T @ a_prev
        db[rows] += dv.sum(axis=0)
        dx += dv @ W[rows]
        dprev = dprev + du @ U[rows]
    return dx[:, :len(W_a)], dx[:, len(W_a):], dprev
