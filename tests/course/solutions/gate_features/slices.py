import numpy as np


def gate_features_forward(c, m, q, W_b):
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


def gate_features_backward(dz, cache, dW_b):
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
