"""Long short-term memory (Hochreiter & Schmidhuber 1997) with a forget gate (Gers et al. 2000),
no peepholes, in place of the GRU: reference implementation.

    i = σ(W_i x + U_i h_{t-1} + b_i)       input gate
    f = σ(W_f x + U_f h_{t-1} + b_f)       forget gate
    o = σ(W_o x + U_o h_{t-1} + b_o)       output gate
    c~ = tanh(W_c x + U_c h_{t-1} + b_c)   candidate
    s_t = f s_{t-1} + i c~                 cell state, written s here: c are the facts
    h_t = o tanh(s_t)

Sizes: B rows, I input, H hidden.  lstm = LSTM(W (4H, I), U (4H, H), b (4H,)): i, f, o, c~ stacked.
The state is [h, s] (B, 2H); a gate g of eq. (7) mixes both halves with the previous ones.
"""

import numpy as np

from .gru_numpy import sigmoid
from .recurrence_numpy import run_backward, run_forward

__all__ = ["lstm_forward", "lstm_backward"]


def lstm_cell_forward(x, state, lstm):
    """One step.  x (B, I), state (B, 2H): h_{t-1} and s_{t-1} -> h_t and s_t (B, 2H), cache."""
    W, U, b = lstm
    h_prev, s_prev = np.split(state, 2, axis=1)            # each (B, H)
    a_i, a_f, a_o, a_c = np.split(x @ W.T + h_prev @ U.T + b, 4, axis=1)
    i, f, o, c_tilde = sigmoid(a_i), sigmoid(a_f), sigmoid(a_o), np.tanh(a_c)
    s = f * s_prev + i * c_tilde
    tanh_s = np.tanh(s)
    return np.hstack([o * tanh_s, s]), (x, h_prev, s_prev, i, f, o, c_tilde, tanh_s)


def lstm_cell_backward(dstate, cache, lstm, dlstm):
    """dstate (B, 2H): dh_t and ds_t -> dx (B, I), dstate (B, 2H) of the previous step.

    Adds into dlstm.
    """
    x, h_prev, s_prev, i, f, o, c_tilde, tanh_s = cache
    W, U, _ = lstm
    dW, dU, db = dlstm
    dh, ds = np.split(dstate, 2, axis=1)
    ds = ds + dh * o * (1.0 - tanh_s**2)                   # s_t reaches the loss through h_t too
    da = np.hstack([ds * c_tilde * i * (1.0 - i), ds * s_prev * f * (1.0 - f),
                    dh * tanh_s * o * (1.0 - o), ds * i * (1.0 - c_tilde**2)])             # (B, 4H)
    dW += da.T @ x
    dU += da.T @ h_prev
    db += da.sum(axis=0)
    return da @ W, np.hstack([da @ U, ds * f])


def lstm_forward(x, sequences, lstm, g=None):
    """As gru_forward, with this cell."""
    return run_forward(lstm_cell_forward, x, sequences, lstm, g, size=2 * lstm.U.shape[1])


def lstm_backward(dout, cache, lstm, dlstm):
    """As gru_backward, with this cell."""
    return run_backward(lstm_cell_backward, dout, cache, lstm, dlstm)
