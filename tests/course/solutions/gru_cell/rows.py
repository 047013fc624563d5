import numpy as np


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def gru_cell_forward(x, h_prev, W, U, b):
    H, kept, out = len(b) // 3, [], []
    for x_b, h_b in zip(x, h_prev):
        a, Uh = W @ x_b + b, U @ h_b
        z, r = sigmoid(a[:H] + Uh[:H]), sigmoid(a[H:2 * H] + Uh[H:2 * H])
        t = np.tanh(a[2 * H:] + r * Uh[2 * H:])
        out.append(z * h_b + (1 - z) * t)
        kept.append((x_b, h_b, z, r, t, Uh[2 * H:]))
    return np.array(out), (kept, W, U)


def gru_cell_backward(dh, cache, dW, dU, db):
    kept, W, U = cache
    dx, dh_prev = [], []
    for d, (x, h, z, r, t, Uh) in zip(dh, kept):
        da_h = d * (1 - z) * (1 - t * t)
        da = np.concatenate([d * (h - t) * z * (1 - z), da_h * Uh * r * (1 - r), da_h])
        dUh = da.copy()
        dUh[-len(r):] *= r
        dW += np.outer(da, x)
        dU += np.outer(dUh, h)
        db += da
        dx.append(W.T @ da)
        dh_prev.append(d * z + U.T @ dUh)
    return np.stack(dx), np.stack(dh_prev)
