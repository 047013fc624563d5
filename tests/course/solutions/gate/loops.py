import numpy as np


def features_forward(c, m, q, W_b):
    Q, T, H = c.shape
    z = np.zeros((Q, T, 7 * H + 2), c.dtype)
    for i in range(Q):
        for t in range(T):
            for j in range(H):
                x, y, w = c[i, t, j], m[i, j], q[i, j]
                z[i, t, j::H][:7] = x, y, w, x * w, x * y, abs(x - w), abs(x - y)
                for k in range(H):
                    z[i, t, 7 * H] += x * W_b[j, k] * q[i, k]
                    z[i, t, 7 * H + 1] += x * W_b[j, k] * m[i, k]
    return z, (c, m, q, W_b)


def features_backward(dz, cache, dW_b):
    c, m, q, W_b = cache
    Q, T, H = c.shape
    dc, dm, dq = np.zeros_like(c), np.zeros_like(m), np.zeros_like(q)
    for i in range(Q):
        for t in range(T):
            of_q, of_m = dz[i, t, 7 * H], dz[i, t, 7 * H + 1]
            for j in range(H):
                x, y, w = c[i, t, j], m[i, j], q[i, j]
                d = [dz[i, t, j + k * H] for k in range(7)]
                dc[i, t, j] += d[0] + d[3] * w + d[4] * y + d[5] * np.sign(x - w) + d[6] * np.sign(x - y)
                dm[i, j] += d[1] + d[4] * x - d[6] * np.sign(x - y)
                dq[i, j] += d[2] + d[3] * x - d[5] * np.sign(x - w)
                for k in range(H):
                    met = of_q * q[i, k] + of_m * m[i, k]
                    dc[i, t, j] += W_b[j, k] * met
                    dW_b[j, k] += x * met
                    dq[i, k] += of_q * x * W_b[j, k]
                    dm[i, k] += of_m * x * W_b[j, k]
    return dc, dm, dq


def gate_forward(c, m, q, W_b, W_1, b_1, W_2, b_2):
    z, features = features_forward(c, m, q, W_b)
    Q, T, _ = c.shape
    s, us = np.zeros((Q, T), c.dtype), {}
    for i in range(Q):
        for t in range(T):
            us[i, t] = np.tanh(W_1 @ z[i, t] + b_1)
            s[i, t] = W_2 @ us[i, t] + b_2[0]
    return s, (features, z, us, W_1, W_2)


def gate_backward(ds, cache, dW_b, dW_1, db_1, dW_2, db_2):
    features, z, us, W_1, W_2 = cache
    dz = np.zeros_like(z)
    for (i, t), u in us.items():
        da = ds[i, t] * W_2 * (1 - u * u)
        dW_2 += ds[i, t] * u
        db_2[0] += ds[i, t]
        dW_1 += np.outer(da, z[i, t])
        db_1 += da
        dz[i, t] = W_1.T @ da
    return features_backward(dz, features, dW_b)
