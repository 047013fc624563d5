import numpy as np


def gate_features_forward(c, m, q, W_b):
    one = np.ones_like(c)
    mm, qq = m[:, None] * one, q[:, None] * one
    bilinear = [np.einsum("qti,ij,qj->qt", c, W_b, v)[..., None] for v in (q, m)]
    z = np.concatenate([c, mm, qq, c * qq, c * mm, np.abs(qq - c), np.abs(mm - c), *bilinear], -1)
    return z, (c, m, q, W_b)


def gate_features_backward(dz, cache, dW_b):
    c, m, q, W_b = cache
    Q, T, H = c.shape
    d = dz[..., :7 * H].reshape(Q, T, 7, H)
    b = dz[..., 7 * H:]
    grads, dc = {}, d[:, :, 0] + 0
    for name, v, own, like, apart, k in (("q", q, 2, 3, 5, 0), ("m", m, 1, 4, 6, 1)):
        sign = np.sign(c - v[:, None])
        grads[name] = (np.einsum("qth->qh", d[:, :, own]) + np.einsum("qth,qth->qh", d[:, :, like], c)
                       - np.einsum("qth,qth->qh", d[:, :, apart], sign)
                       + np.einsum("qt,qti,ij->qj", b[..., k], c, W_b))
        dc += np.einsum("qth,qh->qth", d[:, :, like], v) + d[:, :, apart] * sign
        dc += np.einsum("qt,ij,qj->qti", b[..., k], W_b, v)
        np.add(dW_b, np.einsum("qt,qti,qj->ij", b[..., k], c, v), out=dW_b)
    return dc, grads["m"], grads["q"]
