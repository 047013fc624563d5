"""From scores to an episode, one kind of it after the other: reference implementation.

Every kind:  NAME_episode_forward(c, s, weights) -> e (Q, H), g (Q, T), cache
             NAME_episode_backward(de, cache, weights, dweights) -> dc (Q, T, H), ds (Q, T)
with facts c (Q, T, H), scores s (Q, T), -inf on padding, and the kind's own parameters, or None.
"""

import numpy as np

from .gru_numpy import sigmoid

__all__ = ["softmax_episode_forward", "softmax_episode_backward",
           "gated_episode_forward", "gated_episode_backward"]


def softmax(s):
    """Softmax over the last axis: over facts, never over the batch.  -inf gives 0."""
    e = np.exp(s - s.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def softmax_episode_forward(c, s, weights=None):
    """Section 4.1: e = Σ_t g_t c_t, g = softmax(s)."""
    g = softmax(s)
    e = np.einsum("qt,qth->qh", g, c)
    return e, g, (c, g)


def softmax_episode_backward(de, cache, weights=None, dweights=None):
    """de (Q, H) -> dc (Q, T, H), ds (Q, T), 0 on padding."""
    c, g = cache
    dg = np.einsum("qh,qth->qt", de, c)
    ds = g * (dg - np.sum(dg * g, axis=1, keepdims=True))  # the softmax's Jacobian, diag(g) - g gᵀ
    return g[..., None] * de[:, None], ds


def gated_episode_forward(ops, c, s, gru):
    """Eqs (7) and (8), g = σ(s).  On padding g is 0, so the state passes unchanged."""
    g = sigmoid(s)
    h, caches = np.zeros_like(c[:, 0]), []
    for t in range(c.shape[1]):
        h_new, cache = ops.gru_cell_forward(c[:, t], h, gru)
        caches.append((cache, h_new - h))
        g_t = g[:, t, None]
        h = g_t * h_new + (1.0 - g_t) * h                  # (7)
    return h, g, (caches, g)                               # (8)  e = the last h


def gated_episode_backward(ops, de, cache, gru, dgru):
    """de (Q, H) -> dc (Q, T, H), ds (Q, T), 0 on padding.  Adds into dgru."""
    caches, g = cache
    dc, dg, dh = [], np.empty_like(g), de                  # through (8)
    for t in reversed(range(g.shape[1])):
        cell, change = caches[t]
        g_t = g[:, t, None]
        dg[:, t] = np.sum(dh * change, axis=1)             # through (7)
        dc_t, dh_prev = ops.gru_cell_backward(g_t * dh, cell, gru, dgru)
        dc.append(dc_t)
        dh = dh_prev + (1.0 - g_t) * dh
    return np.stack(dc[::-1], axis=1), dg * g * (1.0 - g)
