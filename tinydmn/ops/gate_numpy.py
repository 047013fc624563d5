"""The attention gate, eqs (5) and (6): the definition.

Sizes: R facts in all, Q questions, T places a question may look at, H hidden, G gate_hidden.
Facts stand once, in c (R, H); rows (Q, T) says which of them question q has at place t, n (Q,) how many places it has.
"""

import numpy as np

BLOCKS = ("c", "m", "q", "c∘q", "c∘m", "|c-q|", "|c-m|", "cW_bq", "cW_bm")   # the order of eq. (5), and of W_1's columns


def gate_features(c, m, q, W_b):
    """z(c, m, q), eq. (5).  c, m, q (..., H), W_b (H, H) -> z_feat (..., 7H + 2)."""
    cW_b = c @ W_b
    dot = lambda x: np.sum(cW_b * x, axis=-1, keepdims=True)
    return np.concatenate([c, m, q, c * q, c * m, np.abs(c - q), np.abs(c - m), dot(q), dot(m)], axis=-1)      # (5)


def gate_features_backward(dz_feat, c, m, q, W_b, dW_b):
    """dz_feat (..., 7H + 2) -> dc, dm, dq, each (..., H).  Adds into dW_b.  |x| takes derivative 0 at x = 0."""
    H = c.shape[-1]
    d_c, d_m, d_q, d_cq, d_cm, d_abs_q, d_abs_m = np.split(dz_feat[..., :7 * H], 7, axis=-1)
    d_bq, d_bm = dz_feat[..., 7 * H:7 * H + 1], dz_feat[..., 7 * H + 1:]
    sign_q, sign_m = np.sign(c - q), np.sign(c - m)
    toward = d_bq * q + d_bm * m                           # what c meets behind W_b
    dW_b += c.reshape(-1, H).T @ toward.reshape(-1, H)
    dc = d_c + d_cq * q + d_cm * m + d_abs_q * sign_q + d_abs_m * sign_m + toward @ W_b.T
    dm = d_m + d_cm * c - d_abs_m * sign_m + d_bm * (c @ W_b)
    dq = d_q + d_cq * c - d_abs_q * sign_q + d_bq * (c @ W_b)
    return dc, dm, dq


def gate_shared_forward(c, rows, n, q, W_b, W_1, b_1):
    """What all passes over the facts share.  c (R, H), rows (Q, T), n (Q,), q (Q, H) -> shared.

    The fast versions multiply the blocks of eq. (5) without m here, once; the definition only keeps its arguments.
    """
    return c, rows, n, q, b_1


def gate_forward(m, shared, W_b, W_1, W_2, b_2):
    """Scores of one pass: eq. (6) before its σ.  m (Q, H) -> s (Q, T), -inf on padding, cache."""
    c, rows, n, q, b_1 = shared
    ct = c[rows]                                           # (Q, T, H)
    mt, qt = (np.broadcast_to(x[:, None], ct.shape) for x in (m, q))
    z_feat = gate_features(ct, mt, qt, W_b)                # (5)
    u = np.tanh(z_feat @ W_1.T + b_1)                      # (Q, T, G)
    s = u @ W_2 + b_2                                      # (6)
    s[np.arange(rows.shape[1]) >= n[:, None]] = -np.inf    # nobody looks at padding
    return s, (ct, mt, qt, z_feat, u)


def gate_shared_zeros(shared, W_1):
    """Where gate_backward collects, over the passes, the gradients of what they share."""
    c, rows, n, q, b_1 = shared
    return np.zeros_like(c), np.zeros_like(q), np.zeros_like(b_1)


def gate_backward(ds, cache, shared, dshared, W_b, W_1, W_2, dW_b, dW_1, dW_2, db_2):
    """ds (Q, T), whatever it holds on padding -> dm (Q, H).  Adds into dshared and the parameters' gradients."""
    ct, mt, qt, z_feat, u = cache
    c, rows, n, q, b_1 = shared
    dc, dq, db_1 = dshared
    ds = np.where(np.arange(rows.shape[1]) < n[:, None], ds, 0.0)[..., None]             # (Q, T, 1)
    da = ds * W_2 * (1.0 - u**2)                           # through (6), to before its tanh
    dW_2 += np.sum(ds * u, axis=(0, 1))
    db_2 += np.sum(ds)
    dW_1 += np.einsum("qtg,qtf->gf", da, z_feat)
    db_1 += da.sum(axis=(0, 1))
    dct, dmt, dqt = gate_features_backward(da @ W_1, ct, mt, qt, W_b, dW_b)              # through (5)
    np.add.at(dc, rows, dct)
    dq += dqt.sum(axis=1)
    return dmt.sum(axis=1)


def gate_shared_backward(dshared, shared, W_b, W_1, dc, dW_b, dW_1, db_1):
    """-> dq (Q, H).  Adds into dc (R, H) and the parameters' gradients."""
    dc += dshared[0]
    db_1 += dshared[2]
    return dshared[1]
