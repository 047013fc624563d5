import numpy as np


def features_forward(c, m, q, W_b):
    one = np.ones_like(c)
    mm, qq = m[:, None] * one, q[:, None] * one
    bilinear = [np.einsum("qti,ij,qj->qt", c, W_b, v)[..., None] for v in (q, m)]
    z = np.concatenate([c, mm, qq, c * qq, c * mm, np.abs(qq - c), np.abs(mm - c), *bilinear], -1)
    return z, (c, m, q, W_b)


def features_backward(dz, cache, dW_b):
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


def gate_forward(c, m, q, W_b, W_1, b_1, W_2, b_2):
    z, features = features_forward(c, m, q, W_b)
    a = np.einsum("qtf,gf->qtg", z, W_1) + b_1
    return np.einsum("qtg,g->qt", np.tanh(a), W_2) + b_2, (features, z, a, W_1, W_2)


def gate_backward(ds, cache, dW_b, dW_1, db_1, dW_2, db_2):
    features, z, a, W_1, W_2 = cache
    np.add(db_2, np.einsum("qt->", ds), out=db_2)
    np.add(dW_2, np.einsum("qt,qtg->g", ds, np.tanh(a)), out=dW_2)
    da = np.einsum("qt,g,qtg->qtg", ds, W_2, 1 / np.cosh(a)**2)
    np.add(db_1, np.einsum("qtg->g", da), out=db_1)
    np.add(dW_1, np.einsum("qtg,qtf->gf", da, z), out=dW_1)
    return features_backward(np.einsum("qtg,gf->qtf", da, W_1), features, dW_b)
