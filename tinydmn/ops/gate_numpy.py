"""The attention gate, eqs (5) and (6): reference implementation.

Sizes: Q questions, T facts of each, H hidden, G gate_hidden.
gate = Gate(W_b (H, H), W_1 (G, 7H + 2), b_1 (G,), W_2 (G,), b_2 ()).
"""

import numpy as np

__all__ = ["gate_forward", "gate_backward"]

# the order of eq. (5), and of W_1's columns
BLOCKS = ("c", "m", "q", "c∘q", "c∘m", "|c-q|", "|c-m|", "cW_bq", "cW_bm")


def gate_features(c, m, q, W_b):
    """z(c, m, q), eq. (5).  c, m, q (..., H), W_b (H, H) -> z_feat (..., 7H + 2)."""
    cW_b = c @ W_b
    cW_bq = np.sum(cW_b * q, axis=-1, keepdims=True)       # (..., 1)
    cW_bm = np.sum(cW_b * m, axis=-1, keepdims=True)
    blocks = [c, m, q, c * q, c * m, np.abs(c - q), np.abs(c - m), cW_bq, cW_bm]           # (5)
    return np.concatenate(blocks, axis=-1)


def gate_features_backward(dz_feat, c, m, q, W_b, dW_b):
    """dz_feat (..., 7H + 2) -> dc, dm, dq (..., H).  Adds into dW_b.  |x| has derivative 0 at 0."""
    H = c.shape[-1]
    d_c, d_m, d_q, d_cq, d_cm, d_abs_q, d_abs_m = np.split(dz_feat[..., :7 * H], 7, axis=-1)
    d_bq, d_bm = dz_feat[..., 7 * H:7 * H + 1], dz_feat[..., 7 * H + 1:]               # (..., 1)
    sign_q, sign_m = np.sign(c - q), np.sign(c - m)
    cW_b = c @ W_b                                         # of cᵀW_b q and cᵀW_b m: what meets q, m
    x = d_bq * q + d_bm * m                                # and what meets cᵀW_b
    dW_b += c.reshape(-1, H).T @ x.reshape(-1, H)
    dc = d_c + d_cq * q + d_cm * m + d_abs_q * sign_q + d_abs_m * sign_m + x @ W_b.T
    dm = d_m + d_cm * c - d_abs_m * sign_m + d_bm * cW_b
    dq = d_q + d_cq * c - d_abs_q * sign_q + d_bq * cW_b
    return dc, dm, dq                                      # through (5)


def gate_forward(c, m, q, gate):
    """c (Q, T, H), m and q (Q, H) -> s (Q, T): the scores, eq. (6) before its outer σ; cache."""
    m, q = (np.broadcast_to(x[:, None], c.shape) for x in (m, q))
    z_feat = gate_features(c, m, q, gate.W_b)              # (Q, T, 7H + 2)
    u = np.tanh(z_feat @ gate.W_1.T + gate.b_1)            # (Q, T, G)
    s = u @ gate.W_2 + gate.b_2                            # (6)
    return s, (c, m, q, z_feat, u)


def gate_backward(ds, cache, gate, dgate):
    """ds (Q, T) -> dc (Q, T, H), dm (Q, H), dq (Q, H).  Adds into dgate."""
    c, m, q, z_feat, u = cache
    dW_b, dW_1, db_1, dW_2, db_2 = dgate
    ds = ds[..., None]                                     # (Q, T, 1)
    da = ds * gate.W_2 * (1.0 - u**2)                      # (Q, T, G)  through (6) and its tanh
    dW_2 += np.sum(ds * u, axis=(0, 1))
    db_2 += np.sum(ds)
    dW_1 += np.einsum("qtg,qtf->gf", da, z_feat)
    db_1 += da.sum(axis=(0, 1))
    dc, dm, dq = gate_features_backward(da @ gate.W_1, c, m, q, gate.W_b, dW_b)
    return dc, dm.sum(axis=1), dq.sum(axis=1)              # all facts of a question share m and q
