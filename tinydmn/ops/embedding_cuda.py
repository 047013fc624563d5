"""Rows of arrays on the device.  Meaning, names and shapes: embedding_numpy.py."""

import numpy as np

from .arrays_cuda import gather, multiply, scatter_add
from .device import ZERO, cuda, empty, integers, launch


def gather_forward(x, rows):
    rows = integers(rows)
    return gather(x, rows.reshape(-1)).reshape(*rows.shape, x.shape[1])


def gather_backward(dout, rows, dx):
    scatter_add(dout.reshape(-1, dx.shape[1]), integers(rows).host.ravel(), dx)


@cuda.jit
def _features(features, F, x):
    i, d = cuda.grid(1) // x.shape[1], cuda.grid(1) % x.shape[1]
    if i < x.shape[0]:
        total = ZERO
        for k in range(features.shape[1]):
            if features[i, k] >= 0:
                total += F[features[i, k], d]
        x[i, d] = total


def features_forward(features, F):
    features = integers(features)
    x = empty((len(features), F.shape[1]), F.dtype)
    launch(_features, x.size, features.device, F, x)
    return x


def features_backward(dx, features, dF):
    features = integers(features).host
    of = np.repeat(np.arange(len(features)), features.shape[1])
    scatter_add(dx, features.ravel(), dF, of)


def dropout_forward(x, mask):
    return multiply(x, mask)


def dropout_backward(dy, mask):
    return multiply(dy, mask)
