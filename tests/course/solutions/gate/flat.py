import numpy as np


def features_forward(c, m, q, W_b):
    Q, T, H = c.shape
    z = np.empty((Q, T, 7 * H + 2), dtype=c.dtype)
    m, q = m[:, np.newaxis], q[:, np.newaxis]
    z[..., :H] = c
    z[..., H:2 * H] = m
    z[..., 2 * H:3 * H] = q
    z[..., 3 * H:4 * H] = c * q
    z[..., 4 * H:5 * H] = c * m
    z[..., 5 * H:6 * H] = np.maximum(c - q, q - c)
    z[..., 6 * H:7 * H] = np.maximum(c - m, m - c)
    z[..., 7 * H] = (c * (q @ W_b.T)).sum(-1)
    z[..., 7 * H + 1] = (c * (m @ W_b.T)).sum(-1)
    return z, (c, m, q, W_b)


def features_backward(dz, cache, dW_b):
    c, m, q, W_b = cache
    H = c.shape[-1]
    block = lambda k: dz[..., k * H:(k + 1) * H]
    of_q, of_m = dz[..., -2:-1], dz[..., -1:]
    sign = lambda v: (c > v) * 1.0 - (c < v) * 1.0
    dc = block(0).copy()
    dc += block(3) * q
    dc += block(4) * m
    dc += block(5) * sign(q).astype(c.dtype)
    dc += block(6) * sign(m).astype(c.dtype)
    dc += of_q * (q @ W_b.T)
    dc += of_m * (m @ W_b.T)
    dm = (block(1) + block(4) * c - (block(6) * sign(m)).astype(c.dtype)).sum(1)
    dq = (block(2) + block(3) * c - (block(5) * sign(q)).astype(c.dtype)).sum(1)
    met_q, met_m = (of_q * c).sum(1), (of_m * c).sum(1)                      # (Q, H)
    dW_b += met_q.T @ q[:, 0] + met_m.T @ m[:, 0]
    return dc, dm + met_m @ W_b, dq + met_q @ W_b


def gate_forward(c, m, q, W_b, W_1, b_1, W_2, b_2):
    z, features = features_forward(c, m, q, W_b)
    flat = z.reshape(-1, z.shape[-1])
    u = np.tanh(flat @ W_1.T + b_1)
    return (u @ W_2 + b_2).reshape(z.shape[:2]), dict(features=features, z=flat, u=u, W_1=W_1, W_2=W_2)


def gate_backward(ds, cache, dW_b, dW_1, db_1, dW_2, db_2):
    z, u = cache["z"], cache["u"]
    d = ds.ravel()
    da = np.outer(d, cache["W_2"]) * (1 + u) * (1 - u)
    dW_2 += d @ u
    db_2 += d.sum(keepdims=True)
    dW_1 += da.T @ z
    db_1 += da.sum(0)
    return features_backward((da @ cache["W_1"]).reshape(*ds.shape, -1), cache["features"], dW_b)
