"""Long short-term memory (Hochreiter & Schmidhuber 1997) with a forget gate (Gers et al. 2000), no peepholes, in place of the GRU: the definition.

    i = σ(W_i x + U_i h_{t-1} + b_i)       how much of the candidate comes in
    f = σ(W_f x + U_f h_{t-1} + b_f)       how much of the cell stays
    o = σ(W_o x + U_o h_{t-1} + b_o)       how much of the cell is shown
    c~ = tanh(W_c x + U_c h_{t-1} + b_c)   the candidate
    s_t = f s_{t-1} + i c~                 the cell, written s here: c are the facts
    h_t = o tanh(s_t)

Sizes: B rows, T steps, H hidden.  U (4H, H): i, f, o, c~ stacked.  W x + b comes from input_product, as for the GRU.
"""

import numpy as np

from .gru_numpy import sigmoid


def lstm_cell_forward(a, h_prev, s_prev, U):
    """One step.  a (B, 4H) = W x + b, h_prev and s_prev (B, H) -> h (B, H), s (B, H), cache."""
    x_i, x_f, x_o, x_c = np.split(a + h_prev @ U.T, 4, axis=1)         # each (B, H)
    i, f, o, c_tilde = sigmoid(x_i), sigmoid(x_f), sigmoid(x_o), np.tanh(x_c)
    s = f * s_prev + i * c_tilde
    tanh_s = np.tanh(s)
    return o * tanh_s, s, (h_prev, s_prev, i, f, o, c_tilde, tanh_s)


def lstm_cell_backward(dh, ds, cache, U, dU):
    """dh (B, H) and ds (B, H), the latter what comes from the next step's cell -> da (B, 4H), dh_prev (B, H), ds_prev (B, H).  Adds into dU."""
    h_prev, s_prev, i, f, o, c_tilde, tanh_s = cache
    ds = ds + dh * o * (1.0 - tanh_s**2)                               # from h_t too
    da_i = ds * c_tilde * i * (1.0 - i)
    da_f = ds * s_prev * f * (1.0 - f)
    da_o = dh * tanh_s * o * (1.0 - o)
    da_c = ds * i * (1.0 - c_tilde**2)
    da = np.hstack([da_i, da_f, da_o, da_c])
    dU += da.T @ h_prev
    return da, da @ U, ds * f


def lstm_forward(a, rows, n, at, U):
    """An LSTM over sequences of unequal length that share their inputs.

    a (R, 4H): W x + b of every distinct input; rows (B, T) int: the row of `a` that sequence b reads at step t; n (B,) int: steps of
    each sequence, 0 for an empty one; what lies behind is padding and is never read.  h_0 = s_0 = 0.
    at (B, F) int: the steps whose states are wanted, each below n, -1 for none.
    -> out (B, F, H): those states h (zeros where at is -1), cache.
    """
    B, T = rows.shape
    h = np.zeros((B, T + 1, U.shape[1]), a.dtype)          # h[:, t + 1]: the state after step t, so at = -1 finds h_0 = 0
    s, caches = np.zeros_like(h[:, 0]), []
    for t in range(T):
        b = np.flatnonzero(t < n)                          # the sequences not yet at their end
        h[b, t + 1], s[b], cache = lstm_cell_forward(a[rows[b, t]], h[b, t], s[b], U)
        caches.append(cache)
    return h[np.arange(B)[:, None], at + 1], (caches, a.shape)


def lstm_backward(dout, cache, rows, n, at, U, dU):
    """dout (B, F, H) -> da (R, 4H).  Adds into dU."""
    caches, a_shape = cache
    B, T = rows.shape
    dh, da = np.zeros((B, T + 1, U.shape[1]), dout.dtype), np.zeros(a_shape, dout.dtype)
    np.add.at(dh, (np.arange(B)[:, None], at + 1), dout)
    ds = np.zeros_like(dh[:, 0])
    for t in reversed(range(T)):
        b = np.flatnonzero(t < n)
        da_t, dh_prev, ds[b] = lstm_cell_backward(dh[b, t + 1], ds[b], caches[t], U, dU)
        np.add.at(da, rows[b, t], da_t)
        dh[b, t] += dh_prev
    return da
