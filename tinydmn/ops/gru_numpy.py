"""The gated recurrent unit, eqs (1)-(4): reference implementation.

Sizes: B rows, I input, H hidden.  gru = GRU(W (3H, I), U (3H, H), b (3H,)): z, r, h~ stacked.
"""

import numpy as np

from .recurrence_numpy import run_backward, run_forward

__all__ = ["gru_cell_forward", "gru_cell_backward", "gru_forward", "gru_backward"]


def sigmoid(x):
    """1 / (1 + e^-x), written with tanh so that a large |x| does not overflow."""
    return 0.5 * (1.0 + np.tanh(0.5 * x))


def gru_cell_forward(x, h_prev, gru):
    """One GRU step.  x (B, I), h_prev (B, H) -> h (B, H), cache."""
    W, U, b = gru
    a_z, a_r, a_h = np.split(x @ W.T + b, 3, axis=1)       # each (B, H)
    Uh_z, Uh_r, Uh_h = np.split(h_prev @ U.T, 3, axis=1)
    z = sigmoid(a_z + Uh_z)                                # (1)
    r = sigmoid(a_r + Uh_r)                                # (2)
    h_tilde = np.tanh(a_h + r * Uh_h)                      # (3)  r after the product: the paper's
    h = z * h_prev + (1.0 - z) * h_tilde                   # (4)  z keeps the old state
    return h, (x, h_prev, z, r, Uh_h, h_tilde)


def gru_cell_backward(dh, cache, gru, dgru):
    """dh (B, H) -> dx (B, I), dh_prev (B, H).  Adds into dgru."""
    x, h_prev, z, r, Uh_h, h_tilde = cache
    W, U, _ = gru
    dW, dU, db = dgru
    da_z = dh * (h_prev - h_tilde) * z * (1.0 - z)         # through (4), then (1)
    da_h = dh * (1.0 - z) * (1.0 - h_tilde**2)             # through (4), then (3)
    da_r = da_h * Uh_h * r * (1.0 - r)                     # through (3), then (2)
    da = np.hstack([da_z, da_r, da_h])                     # (B, 3H)  meets W and b
    dUh = np.hstack([da_z, da_r, da_h * r])                # (B, 3H)  meets U: the last passes r
    dW += da.T @ x
    dU += dUh.T @ h_prev
    db += da.sum(axis=0)
    return da @ W, dh * z + dUh @ U


def gru_forward(ops, x, sequences, gru, g=None):
    """A GRU over Sequences whose inputs are rows of x (R, I); g (B, T): gates of eq. (7), or None.

    -> out (B, F, H): the states after the steps `at`, cache.
    """
    return run_forward(ops.gru_cell_forward, x, sequences, gru, g)


def gru_backward(ops, dout, cache, gru, dgru):
    """dout (B, F, H) -> dx (R, I), dg (B, T) or None.  Adds into dgru."""
    return run_backward(ops.gru_cell_backward, dout, cache, gru, dgru)
