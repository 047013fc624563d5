"""The plain recurrent network, h_t = tanh(W x_t + U h_{t-1} + b) (Elman 1990), in place of the GRU:
reference implementation.  Sizes: B rows, I input, H hidden.  rnn = RNN(W (H, I), U (H, H), b (H,)).
"""

import numpy as np

from .recurrence_numpy import run_backward, run_forward

__all__ = ["rnn_forward", "rnn_backward"]


def rnn_cell_forward(x, h_prev, rnn):
    """One step.  x (B, I), h_prev (B, H) -> h (B, H), cache."""
    h = np.tanh(x @ rnn.W.T + h_prev @ rnn.U.T + rnn.b)
    return h, (x, h_prev, h)


def rnn_cell_backward(dh, cache, rnn, drnn):
    """dh (B, H) -> dx (B, I), dh_prev (B, H).  Adds into drnn."""
    x, h_prev, h = cache
    dW, dU, db = drnn
    da = dh * (1.0 - h**2)
    dW += da.T @ x
    dU += da.T @ h_prev
    db += da.sum(axis=0)
    return da @ rnn.W, da @ rnn.U


def rnn_forward(x, sequences, rnn, g=None):
    """As gru_forward, with this cell."""
    return run_forward(rnn_cell_forward, x, sequences, rnn, g)


def rnn_backward(dout, cache, rnn, drnn):
    """As gru_backward, with this cell."""
    return run_backward(rnn_cell_backward, dout, cache, rnn, drnn)
