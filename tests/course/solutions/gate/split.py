import numpy as np


def features_forward(c, m, q, W_b):
    m, q = np.broadcast_to(m[:, None], c.shape), np.broadcast_to(q[:, None], c.shape)
    cW = c @ W_b
    cWq = np.sum(cW * q, axis=2, keepdims=True)
    cWm = np.sum(cW * m, axis=2, keepdims=True)
    z = np.concatenate([c, m, q, c * q, c * m, np.abs(c - q), np.abs(c - m), cWq, cWm], axis=2)
    return z, (c, m, q, W_b, cW)


def features_backward(dz, cache, dW_b):
    c, m, q, W_b, cW = cache
    H = c.shape[2]
    d_c, d_m, d_q, d_cq, d_cm, d_aq, d_am = np.split(dz[..., :7 * H], 7, axis=2)
    d_wq, d_wm = dz[..., 7 * H, None], dz[..., 7 * H + 1, None]
    sign_q, sign_m = np.sign(c - q), np.sign(c - m)
    right = d_wq * q + d_wm * m
    dW_b += np.tensordot(c, right, axes=([0, 1], [0, 1]))
    dc = d_c + d_cq * q + d_cm * m + d_aq * sign_q + d_am * sign_m + right @ W_b.T
    dm = d_m + d_cm * c - d_am * sign_m + d_wm * cW
    dq = d_q + d_cq * c - d_aq * sign_q + d_wq * cW
    return dc, dm.sum(axis=1), dq.sum(axis=1)


def gate_forward(c, m, q, W_b, W_1, b_1, W_2, b_2):
    z, features = features_forward(c, m, q, W_b)
    u = np.tanh(z @ W_1.T + b_1)
    s = u @ W_2 + b_2
    return s, (features, z, u, W_1, W_2)


def gate_backward(ds, cache, dW_b, dW_1, db_1, dW_2, db_2):
    features, z, u, W_1, W_2 = cache
    du = ds[..., None] * W_2
    da = du * (1.0 - u**2)
    dW_2 += np.sum(ds[..., None] * u, axis=(0, 1))
    db_2 += np.sum(ds)
    dW_1 += np.einsum("qtg,qtf->gf", da, z)
    db_1 += da.sum(axis=(0, 1))
    dz = da @ W_1
    return features_backward(dz, features, dW_b)
