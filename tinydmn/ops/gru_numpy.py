"""The gated recurrent unit, eqs (1)-(4), and the gated step over facts, eq. (7): the definition.

Sizes: B rows, T steps, I input, H hidden.  W (3H, I), U (3H, H), b (3H,): the gates z, r, h~ stacked.
"""

import numpy as np


def sigmoid(x):
    """1 / (1 + e^-x), written with tanh so that a large |x| overflows nowhere."""
    return 0.5 * (1.0 + np.tanh(0.5 * x))


def input_product(x, W, b):
    """The part of eqs (1)-(3) that does not depend on the state: x (..., I) -> a (..., 3H)."""
    return x @ W.T + b


def input_product_backward(da, x, W, dW, db):
    """da (N, 3H), x (N, I) -> dx (N, I).  Adds into dW and db."""
    dW += da.T @ x
    db += da.sum(axis=0)
    return da @ W


def gru_cell_forward(a, h_prev, U):
    """One GRU step.  a (B, 3H) = W x + b, h_prev (B, H) -> h (B, H), cache."""
    a_z, a_r, a_h = np.split(a, 3, axis=1)                 # each (B, H)
    Uh_z, Uh_r, Uh_h = np.split(h_prev @ U.T, 3, axis=1)
    z = sigmoid(a_z + Uh_z)                                # (1)
    r = sigmoid(a_r + Uh_r)                                # (2)
    h_tilde = np.tanh(a_h + r * Uh_h)                      # (3)  r after the product, as in the paper
    h = z * h_prev + (1.0 - z) * h_tilde                   # (4)  z keeps the old state
    return h, (h_prev, z, r, Uh_h, h_tilde)


def gru_cell_backward(dh, cache, U, dU):
    """dh (B, H) -> da (B, 3H), dh_prev (B, H).  Adds into dU."""
    h_prev, z, r, Uh_h, h_tilde = cache
    da_z = dh * (h_prev - h_tilde) * z * (1.0 - z)         # through (4), then (1)
    da_h = dh * (1.0 - z) * (1.0 - h_tilde**2)             # through (4), then (3)
    da_r = da_h * Uh_h * r * (1.0 - r)                     # through (3), then (2)
    dUh = np.hstack([da_z, da_r, da_h * r])                # (B, 3H)  the candidate's share passes r
    dU += dUh.T @ h_prev
    return np.hstack([da_z, da_r, da_h]), dh * z + dUh @ U


def gru_forward(a, rows, n, at, g, U):
    """A GRU over sequences of unequal length that share their inputs.

    a (R, 3H): W x + b of every distinct input, a word or a fact; rows (B, T) int: the row of `a` that sequence b reads at
    step t; n (B,) int: steps of each sequence, 0 for an empty one; what lies behind is padding and is never read.
    g (B, T): how far each step opens, eq. (7), or None for a plain GRU.  h_0 = 0.
    at (B, F) int: the steps whose states are wanted, each below n, -1 for none.
    -> out (B, F, H): those states (zeros where at is -1), cache.
    """
    B, T = rows.shape
    h = np.zeros((B, T + 1, U.shape[1]), a.dtype)          # h[:, t + 1]: the state after step t, so at = -1 finds h_0 = 0
    caches = []
    for t in range(T):
        b = np.flatnonzero(t < n)                          # the sequences not yet at their end
        h_new, cache = gru_cell_forward(a[rows[b, t]], h[b, t], U)
        open_ = np.ones((len(b), 1), a.dtype) if g is None else g[b, t, None]
        h[b, t + 1] = open_ * h_new + (1.0 - open_) * h[b, t]          # (7)
        caches.append((cache, open_, h_new - h[b, t]))
    return h[np.arange(B)[:, None], at + 1], (caches, a.shape)


def gru_backward(dout, cache, rows, n, at, g, U, dU):
    """dout (B, F, H) -> da (R, 3H), dg (B, T) or None.  Adds into dU."""
    caches, a_shape = cache
    B, T = rows.shape
    dh, da, dg = np.zeros((B, T + 1, U.shape[1]), dout.dtype), np.zeros(a_shape, dout.dtype), np.zeros((B, T), dout.dtype)
    np.add.at(dh, (np.arange(B)[:, None], at + 1), dout)
    for t in reversed(range(T)):
        b = np.flatnonzero(t < n)
        cell, open_, change = caches[t]
        d = dh[b, t + 1]
        dg[b, t] = np.sum(d * change, axis=1)                          # through (7)
        da_t, dh_prev = gru_cell_backward(open_ * d, cell, U, dU)
        np.add.at(da, rows[b, t], da_t)
        dh[b, t] += dh_prev + (1.0 - open_) * d
    return da, None if g is None else dg
