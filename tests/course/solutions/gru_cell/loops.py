import numpy as np


def sigmoid(x):
    return 1.0 / (1.0 + np.exp(-x))


def gru_cell_forward(x, h_prev, W, U, b):
    B, I = x.shape
    H = h_prev.shape[1]
    h = np.empty_like(h_prev)
    z, r, t, Uh = (np.empty_like(h_prev) for _ in range(4))
    for i in range(B):
        for j in range(H):
            a_z, a_r, a_h, u_h = b[j], b[H + j], b[2 * H + j], 0.0
            for k in range(I):
                a_z += x[i, k] * W[j, k]
                a_r += x[i, k] * W[H + j, k]
                a_h += x[i, k] * W[2 * H + j, k]
            for k in range(H):
                a_z += h_prev[i, k] * U[j, k]
                a_r += h_prev[i, k] * U[H + j, k]
                u_h += h_prev[i, k] * U[2 * H + j, k]
            z[i, j], r[i, j], Uh[i, j] = sigmoid(a_z), sigmoid(a_r), u_h
            t[i, j] = np.tanh(a_h + r[i, j] * u_h)
            h[i, j] = z[i, j] * h_prev[i, j] + (1 - z[i, j]) * t[i, j]
    return h, (x, h_prev, W, U, z, r, t, Uh)


def gru_cell_backward(dh, cache, dW, dU, db):
    x, h_prev, W, U, z, r, t, Uh = cache
    B, I = x.shape
    H = h_prev.shape[1]
    dx, dh_prev = np.zeros_like(x), np.zeros_like(h_prev)
    for i in range(B):
        for j in range(H):
            a_z = dh[i, j] * (h_prev[i, j] - t[i, j]) * z[i, j] * (1 - z[i, j])
            a_h = dh[i, j] * (1 - z[i, j]) * (1 - t[i, j] ** 2)
            a_r = a_h * Uh[i, j] * r[i, j] * (1 - r[i, j])
            dh_prev[i, j] += dh[i, j] * z[i, j]
            for gate, a, u in ((0, a_z, a_z), (1, a_r, a_r), (2, a_h, a_h * r[i, j])):
                row = gate * H + j
                db[row] += a
                for k in range(I):
                    dW[row, k] += a * x[i, k]
                    dx[i, k] += a * W[row, k]
                for k in range(H):
                    dU[row, k] += u * h_prev[i, k]
                    dh_prev[i, k] += u * U[row, k]
    return dx, dh_prev
