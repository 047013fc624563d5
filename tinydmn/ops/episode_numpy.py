"""From scores to an episode: the softmax episode of section 4.1, and σ for the gated one (eqs 7, 8 run in gru_numpy.py).

Sizes: R facts, Q questions, T places, H hidden.  Scores are -inf on padding.
"""

import numpy as np

from .gru_numpy import sigmoid


def softmax(s):
    """Softmax over the last axis: over facts, never over the batch.  -inf gives 0."""
    e = np.exp(s - s.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def sigmoid_gates_forward(s):
    """s (Q, T) -> g (Q, T), the σ of eq. (6); 0 on padding."""
    return sigmoid(s)


def sigmoid_gates_backward(dg, g):
    """dg, g (Q, T) -> ds (Q, T)."""
    return dg * g * (1.0 - g)


def softmax_episode_forward(s, c, rows, n):
    """e = Σ_t softmax(s)_t c_t.  s (Q, T), c (R, H), rows (Q, T), n (Q,) -> e (Q, H), g (Q, T)."""
    g = softmax(s)
    return np.einsum("qt,qth->qh", g, c[rows]), g


def softmax_episode_backward(de, g, c, rows, n, dc):
    """de (Q, H) -> ds (Q, T).  Adds into dc (R, H)."""
    dg = np.einsum("qh,qth->qt", de, c[rows])
    np.add.at(dc, rows, g[..., None] * de[:, None])        # on padding g is 0
    return g * (dg - np.sum(dg * g, axis=1, keepdims=True))
