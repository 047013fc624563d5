"""Any recurrent cell over sequences of unequal length, and the gated step of eq. (7): reference.

A cell is a pair of functions:  forward(x, state, weights) -> state, cache
                                backward(dstate, cache, weights, dweights) -> dx, dstate
Sizes: R distinct inputs, I input, H hidden, B sequences, T steps, F states that are wanted.
The state of a GRU or RNN is h (B, H), that of an LSTM [h, s] (B, 2H).
"""

import numpy as np

__all__ = []                   # no operation stands here, but what they share


def run_forward(cell, x, sequences, weights, g=None, size=None):
    """h_t = cell(x_t, h_{t-1}), h_0 = 0; with gates g (B, T):
    h_t = g_t cell(x_t, h_{t-1}) + (1 - g_t) h_{t-1}.

    x (R, I), rows of which are the steps' inputs; size: of a state, where it is not H.
    -> out (B, F, H): the states h after the steps `at`, zeros where at is -1; cache.
    """
    rows, n, at = sequences
    (B, T), H = rows.shape, weights.U.shape[1]
    h = np.zeros((B, T + 1, size or H), x.dtype)           # h[:, t + 1]: after step t; h_0 at -1
    caches = []
    for t in range(T):
        b = np.flatnonzero(t < n)                          # the sequences not yet at their end
        h_new, cache = cell(x[rows[b, t]], h[b, t], weights)
        g_t = np.ones((len(b), 1), x.dtype) if g is None else g[b, t, None]
        h[b, t + 1] = g_t * h_new + (1.0 - g_t) * h[b, t]  # (7)
        caches.append((b, cache, g_t, h_new - h[b, t]))
    return h[np.arange(B)[:, None], at + 1, :H], (caches, sequences, x.shape, h.shape, g is None)


def run_backward(cell_backward, dout, cache, weights, dweights):
    """dout (B, F, H) -> dx (R, I), dg (B, T) or None.  Adds into dweights."""
    caches, (rows, n, at), x_shape, h_shape, plain = cache
    (B, T), H = rows.shape, dout.shape[2]
    dx, dh, dg = (np.zeros(shape, dout.dtype) for shape in (x_shape, h_shape, (B, T)))
    np.add.at(dh[:, :, :H], (np.arange(B)[:, None], at + 1), dout)
    for t in reversed(range(T)):
        b, cell_cache, g_t, change = caches[t]
        d = dh[b, t + 1]
        dg[b, t] = np.sum(d * change, axis=1)              # through (7)
        dx_t, dh_prev = cell_backward(g_t * d, cell_cache, weights, dweights)
        np.add.at(dx, rows[b, t], dx_t)
        dh[b, t] += dh_prev + (1.0 - g_t) * d
    return dx, None if plain else dg
