"""The plain recurrent network, h_t = tanh(W x_t + U h_{t-1} + b) (Elman 1990), in place of the GRU: the definition.

Sizes: B rows, T steps, H hidden.  U (H, H).  W x + b comes from input_product, as for the GRU.
"""

import numpy as np


def rnn_cell_forward(a, h_prev, U):
    """One step.  a (B, H) = W x + b, h_prev (B, H) -> h (B, H), cache."""
    h = np.tanh(a + h_prev @ U.T)
    return h, (h_prev, h)


def rnn_cell_backward(dh, cache, U, dU):
    """dh (B, H) -> da (B, H), dh_prev (B, H).  Adds into dU."""
    h_prev, h = cache
    da = dh * (1.0 - h**2)
    dU += da.T @ h_prev
    return da, da @ U


def rnn_forward(a, rows, n, at, U):
    """A tanh network over sequences of unequal length that share their inputs.

    a (R, H): W x + b of every distinct input; rows (B, T) int: the row of `a` that sequence b reads at step t; n (B,) int: steps of
    each sequence, 0 for an empty one; what lies behind is padding and is never read.  h_0 = 0.
    at (B, F) int: the steps whose states are wanted, each below n, -1 for none.
    -> out (B, F, H): those states (zeros where at is -1), cache.
    """
    B, T = rows.shape
    h = np.zeros((B, T + 1, U.shape[1]), a.dtype)          # h[:, t + 1]: the state after step t, so at = -1 finds h_0 = 0
    caches = []
    for t in range(T):
        b = np.flatnonzero(t < n)                          # the sequences not yet at their end
        h[b, t + 1], cache = rnn_cell_forward(a[rows[b, t]], h[b, t], U)
        caches.append(cache)
    return h[np.arange(B)[:, None], at + 1], (caches, a.shape)


def rnn_backward(dout, cache, rows, n, at, U, dU):
    """dout (B, F, H) -> da (R, H).  Adds into dU."""
    caches, a_shape = cache
    B, T = rows.shape
    dh, da = np.zeros((B, T + 1, U.shape[1]), dout.dtype), np.zeros(a_shape, dout.dtype)
    np.add.at(dh, (np.arange(B)[:, None], at + 1), dout)
    for t in reversed(range(T)):
        b = np.flatnonzero(t < n)
        da_t, dh_prev = rnn_cell_backward(dh[b, t + 1], caches[t], U, dU)
        np.add.at(da, rows[b, t], da_t)
        dh[b, t] += dh_prev
    return da
