"""Rows of arrays, compiled.  Meaning, names and shapes: embedding_numpy.py.  Dropout is
NumPy's own: one product is as fast there.
"""

import numpy as np

from .compiled import njit


@njit(cache=True, nogil=True)
def _scatter_add(dout, rows, dx):
    for i in range(len(rows)):                             # in the rows' order: same bits each time
        dout_i, dx_row = dout[i], dx[rows[i]]
        for d in range(dx.shape[1]):
            dx_row[d] += dout_i[d]


def gather_forward(x, rows):
    return x[rows]


def gather_backward(dout, rows, dx):
    _scatter_add(dout.reshape(-1, dx.shape[1]), rows.reshape(-1), dx)


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
