import numpy as np

DIALECT = ("after", "z", "tanh", "abs", "product", "gru")
RESET, KEEP, CANDIDATE, DISTANCE, LIKENESS, UPDATE = DIALECT


def activation(a):
    return {"tanh": np.tanh, "arctan": np.arctan, "softsign": lambda a: a / (1 + abs(a)),
            "isru": lambda a: a / np.sqrt(1 + a * a)}[CANDIDATE](a)


def slope(a):
    return {"tanh": lambda a: 1 - np.tanh(a)**2, "arctan": lambda a: 1 / (1 + a * a),
            "softsign": lambda a: (1 + abs(a))**-2, "isru": lambda a: (1 + a * a)**-1.5}[CANDIDATE](a)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def cell_forward(x, h_prev, W, U, b):
    H = h_prev.shape[1]
    a = x @ W.T + b
    zr = sigmoid(a[:, :2 * H] + h_prev @ U[:2 * H].T)
    z, r = zr[:, :H], zr[:, H:]
    met = h_prev @ U[2 * H:].T if RESET == "after" else r * h_prev       # what meets r, or U_h
    a_h = a[:, 2 * H:] + (r * met if RESET == "after" else met @ U[2 * H:].T)
    t = activation(a_h)
    keep = z if KEEP == "z" else 1 - z
    return keep * h_prev + (1 - keep) * t, (x, h_prev, W, U, z, r, met, a_h, t, keep)


def cell_backward(dh, cache, dW, dU, db):
    x, h_prev, W, U, z, r, met, a_h, t, keep = cache
    H = h_prev.shape[1]
    sign = 1 if KEEP == "z" else -1
    da_z = sign * dh * (h_prev - t) * z * (1 - z)
    da_h = dh * (1 - keep) * slope(a_h)
    dh_prev = dh * keep
    if RESET == "after":
        dr = da_h * met
        dU[2 * H:] += (da_h * r).T @ h_prev
        dh_prev = dh_prev + (da_h * r) @ U[2 * H:]
    else:
        dmet = da_h @ U[2 * H:]
        dU[2 * H:] += da_h.T @ met
        dr = dmet * h_prev
        dh_prev = dh_prev + dmet * r
    da = np.hstack([da_z, dr * r * (1 - r), da_h])
    dU[:2 * H] += da[:, :2 * H].T @ h_prev
    dW += da.T @ x
    db += da.sum(axis=0)
    return da @ W, dh_prev + da[:, :2 * H] @ U[:2 * H]


def gated_episode_forward(c, s, n, W, U, b):
    g = sigmoid(s) * (np.arange(s.shape[1]) < n[:, None])
    h, caches = np.zeros_like(c[:, 0]), []
    for t in range(c.shape[1]):
        new, cache = cell_forward(c[:, t], h, W, U, b)
        caches.append((cache, new - h))
        h = h + g[:, t, None] * (new - h)
    return h, (g, caches)


def gated_episode_backward(de, cache, dW, dU, db):
    g, caches = cache
    dh, dc, dg = de, [], np.zeros_like(g)
    for t in range(len(caches) - 1, -1, -1):
        step, change = caches[t]
        dg[:, t] = (dh * change).sum(axis=1)
        dc_t, through = cell_backward(g[:, t, None] * dh, step, dW, dU, db)
        dc.insert(0, dc_t)
        dh = dh * (1 - g[:, t, None]) + through
    return np.stack(dc, axis=1), dg * g * (1 - g)
