"""Rows of arrays: a word's vector is row w of L (section 2.1).  Reference implementation.

Sizes: R rows, D columns, K features of a word at most.
"""

import numpy as np

__all__ = ["gather_forward", "gather_backward", "features_forward", "features_backward",
           "dropout_forward", "dropout_backward"]


def gather_forward(x, rows):
    """x (R, D), rows: indices of any shape (...) -> (..., D)."""
    return x[rows]


def gather_backward(dout, rows, dx):
    """dout (..., D).  Adds into dx (R, D): a row that was taken twice collects both gradients."""
    np.add.at(dx, rows, dout)


def features_forward(features, F):
    """features (R, K) indices, -1 for none; F (N, D) -> (R, D): the sum of each row's features."""
    return np.where(features[..., None] >= 0, F[features], 0).sum(axis=1, dtype=F.dtype)


def features_backward(dx, features, dF):
    """dx (R, D).  Adds into dF (N, D)."""
    row, k = np.nonzero(features >= 0)
    np.add.at(dF, features[row, k], dx[row])


def dropout_forward(x, mask):
    """x, mask of one shape -> x ∘ mask.  The mask holds 0 or 1 / (1 - p), so x keeps its mean."""
    return x * mask


def dropout_backward(dy, mask):
    """dy -> dx: what was dropped has no gradient."""
    return dy * mask
