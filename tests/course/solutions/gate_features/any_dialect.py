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


def gate_features_forward(c, m, q, W_b):
    m, q = np.broadcast_to(m[:, None], c.shape), np.broadcast_to(q[:, None], c.shape)
    cW = c @ W_b
    z = np.concatenate([c, m, q, like(c, q), like(c, m), apart(c, q), apart(c, m),
                        np.sum(cW * q, axis=2, keepdims=True), np.sum(cW * m, axis=2, keepdims=True)], axis=2)
    return z, (c, m, q, W_b, cW)


def gate_features_backward(dz, cache, dW_b):
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
