import numpy as np


def sigmoid(x):
    return 0.5 * (np.tanh(x / 2) + 1)


def gated_episode_forward(c, s, n, W, U, b):
    Q, T, H = c.shape
    h, steps = np.zeros((Q, H), c.dtype), []
    for t in range(T):
        lives, g = (t < n)[:, None], sigmoid(s[:, t:t + 1])
        a, Uh = c[:, t] @ W.T + b, h @ U.T
        z, r = sigmoid(a[:, :H] + Uh[:, :H]), sigmoid(a[:, H:-H] + Uh[:, H:-H])
        tilde = np.tanh(a[:, -H:] + r * Uh[:, -H:])
        new = z * h + (1 - z) * tilde
        steps.append((lives, g, h, z, r, tilde, Uh[:, -H:], new))
        h = np.where(lives, g * new + (1 - g) * h, h)
    return h, (c, W, U, steps)


def gated_episode_backward(de, cache, dW, dU, db):
    c, W, U, steps = cache
    dc, ds, dh = np.zeros_like(c), np.zeros_like(c[..., 0]), de
    for t in range(len(steps))[::-1]:
        lives, g, h, z, r, tilde, Uh, new = steps[t]
        d = np.where(lives, dh, 0)
        ds[:, t] = np.einsum("qh,qh,qh->q", d, new - h, np.broadcast_to(g - g * g, h.shape))
        d_new = d * g
        da_h = d_new * (1 - z) * (1 - tilde**2)
        da = np.hstack([d_new * (h - tilde) * (z - z * z), da_h * Uh * (r - r * r), da_h])
        dUh = da.copy()
        dUh[:, -h.shape[1]:] *= r
        np.add(dW, np.einsum("qg,qh->gh", da, c[:, t]), out=dW)
        np.add(dU, np.einsum("qg,qh->gh", dUh, h), out=dU)
        np.add(db, np.einsum("qg->g", da), out=db)
        dc[:, t] = da @ W
        dh = np.where(lives, d_new * z + dUh @ U + d * (1 - g), dh)
    return dc, ds
