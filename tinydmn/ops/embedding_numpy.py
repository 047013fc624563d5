"""Word vectors: row w of L stands for word w (section 2.1).  Sizes: V vocabulary, D embedding, R words, K features a word at most."""

import numpy as np


def embedding_forward(tokens, L):
    """tokens: ids of any shape (...), L (V, D) -> x (..., D)."""
    return L[tokens]


def embedding_backward(dx, tokens, dL):
    """dx (..., D).  Adds into dL (V, D): a word that occurs twice collects both gradients."""
    np.add.at(dL, tokens, dx)


def features_forward(features, F):
    """features (R, K) ids, -1 for none; F (N, D) -> (R, D): the sum of each row's feature vectors."""
    return np.where(features[..., None] >= 0, F[features], 0).sum(axis=1, dtype=F.dtype)


def features_backward(dx, features, dF):
    """dx (R, D).  Adds into dF (N, D)."""
    row, k = np.nonzero(features >= 0)
    np.add.at(dF, features[row, k], dx[row])


def dropout_forward(x, mask):
    """x, mask of one shape -> x ∘ mask.  The mask holds 0 or 1/(1 - p), so that the mean of x stays what it was."""
    return x * mask


def dropout_backward(dy, mask):
    """dy -> dx: what was dropped gets no gradient."""
    return dy * mask
