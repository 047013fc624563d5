import numpy as np


def features_forward(c, m, q, W_b):
    out = []
    for t in range(c.shape[1]):
        x = c[:, t]
        of_q, of_m = np.diag(x @ W_b @ q.T), np.diag(x @ W_b @ m.T)
        out.append(np.hstack([x, m, q, x * q, x * m, abs(x - q), abs(x - m), of_q[:, None], of_m[:, None]]))
    return np.stack(out, 1), (c, m, q, W_b)


def features_backward(dz, cache, dW_b):
    c, m, q, W_b = cache
    H, dcs, dm, dq = c.shape[2], [], 0, 0
    for t in range(c.shape[1]):
        x, d = c[:, t], dz[:, t]
        parts = [d[:, k * H:(k + 1) * H] for k in range(7)]
        of_q, of_m = d[:, -2][:, None], d[:, -1][:, None]
        apart_q, apart_m = parts[5] * np.sign(q - x), parts[6] * np.sign(m - x)
        dx = parts[0] + parts[3] * q + parts[4] * m - apart_q - apart_m
        dcs.append(dx + (of_q * q + of_m * m) @ W_b.T)
        dm = dm + parts[1] + parts[4] * x + apart_m + of_m * (x @ W_b)
        dq = dq + parts[2] + parts[3] * x + apart_q + of_q * (x @ W_b)
        dW_b += x.T @ (of_q * q) + x.T @ (of_m * m)
    return np.stack(dcs, 1), dm, dq


def gate_forward(c, m, q, W_b, W_1, b_1, W_2, b_2):
    z, _ = features_forward(c, m, q, W_b)
    s = [np.tanh(z[:, t] @ W_1.T + b_1) @ W_2 for t in range(z.shape[1])]
    return np.array(s).T + b_2, (c, m, q, W_b, W_1, b_1, W_2)


def gate_backward(ds, cache, dW_b, dW_1, db_1, dW_2, db_2):
    c, m, q, W_b, W_1, b_1, W_2 = cache
    z, features = features_forward(c, m, q, W_b)
    dz = []
    for t in range(z.shape[1]):
        u = np.tanh(z[:, t] @ W_1.T + b_1)
        da = ds[:, t, None] * (W_2 - W_2 * u**2)
        dW_2 += u.T @ ds[:, t]
        db_2 += ds[:, t].sum()
        dW_1 += da.T @ z[:, t]
        db_1 += np.ones(len(da), da.dtype) @ da
        dz.append(da @ W_1)
    return features_backward(np.stack(dz, 1), features, dW_b)
