"""Softmax cross-entropy, for answers and for gates (section 2.5).  Takes scores, never probabilities."""

import numpy as np


def cross_entropy_forward(s, target):
    """s (N, K) scores, -inf where a class may not be chosen; target (N,) int, -1 for a row that is not judged.

    -> loss (sum over the judged rows, a float), p (N, K) = softmax(s).
    """
    shifted = s - s.max(axis=1, keepdims=True)
    log_sum = np.log(np.exp(shifted).sum(axis=1))
    judged = np.flatnonzero(target >= 0)
    loss = float(np.sum(log_sum[judged] - shifted[judged, target[judged]]))
    return loss, np.exp(shifted - log_sum[:, None])


def cross_entropy_backward(p, target, scale):
    """-> ds (N, K) = scale · (p - onehot(target)); 0 in rows that are not judged."""
    ds = p * scale
    judged = np.flatnonzero(target >= 0)
    ds[judged, target[judged]] -= scale
    ds[target < 0] = 0.0
    return ds
