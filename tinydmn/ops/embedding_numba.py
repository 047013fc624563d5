"""Word vectors, compiled.  Meaning, names and shapes: embedding_numpy.py."""

import numpy as np

from .compiled import njit
from .embedding_numpy import dropout_backward, dropout_forward, embedding_forward   # a gather and products: NumPy's own are as fast


@njit(cache=True, nogil=True)
def _scatter_add(dx, tokens, dL):
    for i in range(len(tokens)):                           # in the order of the words: the same bits each time
        dx_i, dL_w = dx[i], dL[tokens[i]]
        for d in range(dL.shape[1]):
            dL_w[d] += dx_i[d]


def embedding_backward(dx, tokens, dL):
    _scatter_add(dx.reshape(-1, dL.shape[1]), tokens.reshape(-1), dL)


@njit(cache=True, nogil=True)
def features_forward(features, F):
    x = np.zeros((len(features), F.shape[1]), F.dtype)
    for i in range(len(features)):
        for k in range(features.shape[1]):
            if features[i, k] >= 0:
                for d in range(F.shape[1]):
                    x[i, d] += F[features[i, k], d]
    return x


@njit(cache=True, nogil=True)
def features_backward(dx, features, dF):
    for i in range(len(features)):
        for k in range(features.shape[1]):
            if features[i, k] >= 0:
                for d in range(dF.shape[1]):
                    dF[features[i, k], d] += dx[i, d]
