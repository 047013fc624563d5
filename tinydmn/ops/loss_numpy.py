"""Softmax cross-entropy, for answers and for gates (section 2.5): reference implementation."""

import numpy as np

__all__ = ["cross_entropy_forward", "cross_entropy_backward", "count_right", "argmax"]


def cross_entropy_forward(s, target):
    """s (N, K) scores, -inf where a class is not allowed; target (N,) int, -1: a row not scored.

    -> loss (sum over the scored rows, a number), p (N, K) = softmax(s).
    """
    shifted = s - s.max(axis=1, keepdims=True)
    log_sum = np.log(np.exp(shifted).sum(axis=1))
    scored = np.flatnonzero(target >= 0)
    loss = float(np.sum(log_sum[scored] - shifted[scored, target[scored]]))
    return loss, np.exp(shifted - log_sum[:, None])


def cross_entropy_backward(p, target, scale):
    """-> ds (N, K) = scale · (p - onehot(target)); 0 in rows that are not scored."""
    ds = p * scale
    scored = np.flatnonzero(target >= 0)
    ds[scored, target[scored]] -= scale
    ds[target < 0] = 0.0
    return ds


def count_right(s, target, steps=1):
    """s (N, K), target (N,) as above; `steps` rows after each other are one answer.

    -> how many answers are right (a number): in each row that is scored the likeliest class is the
    target, and one row is scored at least.
    """
    scored = (target >= 0).reshape(-1, steps)
    wrong = (s.argmax(axis=1) != target).reshape(-1, steps)
    return int(np.sum(scored.any(axis=1) & ~(scored & wrong).any(axis=1)))


def argmax(s):
    """s (..., K) -> (...) ints on the host: the first of the largest."""
    return s.argmax(axis=-1)
