import numpy as np

DIALECT = ("after", "z", "tanh", "abs", "product", "gru")
RESET, KEEP, CANDIDATE, DISTANCE, LIKENESS, UPDATE = DIALECT


def like(x, y):
    return x * y if LIKENESS == "product" else np.tanh(x * y)


def apart(x, y):
    return np.abs(x - y) if DISTANCE == "abs" else (x - y)**2


def like_slope(x, y):
    """By x, over y."""
    return np.ones_like(x * y) if LIKENESS == "product" else 1 - np.tanh(x * y)**2


def apart_slope(x, y):
    return np.sign(x - y) if DISTANCE == "abs" else 2 * (x - y)


def features_forward(c, m, q, W_b):
    m, q = np.broadcast_to(m[:, None], c.shape), np.broadcast_to(q[:, None], c.shape)
    cW = c @ W_b
    z = np.concatenate([c, m, q, like(c, q), like(c, m), apart(c, q), apart(c, m),
                        np.sum(cW * q, axis=2, keepdims=True), np.sum(cW * m, axis=2, keepdims=True)], axis=2)
    return z, (c, m, q, W_b, cW)


def features_backward(dz, cache, dW_b):
    c, m, q, W_b, cW = cache
    H = c.shape[2]
    d_c, d_m, d_q, d_cq, d_cm, d_aq, d_am = np.split(dz[..., :7 * H], 7, axis=2)
    d_wq, d_wm = dz[..., -2:-1], dz[..., -1:]
    d_cq, d_cm = d_cq * like_slope(c, q), d_cm * like_slope(c, m)
    d_aq, d_am = d_aq * apart_slope(c, q), d_am * apart_slope(c, m)
    right = d_wq * q + d_wm * m
    dW_b += np.einsum("qti,qtj->ij", c, right)
    dc = d_c + d_cq * q + d_cm * m + d_aq + d_am + right @ W_b.T
    return dc, np.sum(d_m + d_cm * c - d_am + d_wm * cW, 1), np.sum(d_q + d_cq * c - d_aq + d_wq * cW, 1)


def gate_forward(c, m, q, W_b, W_1, b_1, W_2, b_2):
    z, cache = features_forward(c, m, q, W_b)
    u = np.tanh(z @ W_1.T + b_1)
    return u @ W_2 + b_2, (cache, z, u, W_1, W_2)


def gate_backward(ds, cache, dW_b, dW_1, db_1, dW_2, db_2):
    features, z, u, W_1, W_2 = cache
    da = ds[..., None] * W_2 * (1 - u**2)
    dW_2 += np.einsum("qt,qtg->g", ds, u)
    db_2 += ds.sum()
    dW_1 += np.einsum("qtg,qtf->gf", da, z)
    db_1 += da.sum(axis=(0, 1))
    return features_backward(da @ W_1, features, dW_b)
