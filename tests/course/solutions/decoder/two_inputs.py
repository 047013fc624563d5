import numpy as np


def sigmoid(x):
    return 0.5 * (1 + np.tanh(0.5 * x))


def decoder_forward(y_prev, q, a_prev, W, U, b, W_a):
    A, H = W_a.shape
    W_y, W_q = W[:, :A], W[:, A:]
    v = y_prev @ W_y.T + q @ W_q.T + b
    Uh = a_prev @ U.T
    z = sigmoid(v[:, :H] + Uh[:, :H])
    r = sigmoid(v[:, H:2 * H] + Uh[:, H:2 * H])
    tilde = np.tanh(v[:, 2 * H:] + r * Uh[:, 2 * H:])
    a = tilde + z * (a_prev - tilde)
    return a, a.dot(W_a.T), (y_prev, q, a_prev, W_y, W_q, U, W_a, z, r, tilde, Uh[:, 2 * H:], a)


def decoder_backward(da, dlogits, cache, dW, dU, db, dW_a):
    y_prev, q, a_prev, W_y, W_q, U, W_a, z, r, tilde, Uh, a = cache
    A = len(W_a)
    da = da + dlogits.dot(W_a)
    dW_a += dlogits.T.dot(a)
    d_h = da * (1 - z) * (1 - tilde * tilde)
    d_r = d_h * Uh * (r - r * r)
    d_z = da * (a_prev - tilde) * (z - z * z)
    dv = np.concatenate((d_z, d_r, d_h), axis=1)
    dUh = np.concatenate((d_z, d_r, d_h * r), axis=1)
    dW[:, :A] += dv.T.dot(y_prev)
    dW[:, A:] += dv.T.dot(q)
    dU += dUh.T.dot(a_prev)
    db += np.sum(dv, axis=0)
    return dv.dot(W_y), dv.dot(W_q), da * z + dUh.dot(U)
