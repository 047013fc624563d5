import numpy as np


def gate_features_forward(c, m, q, W_b):
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


def gate_features_backward(dz, cache, dW_b):
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
