"""Softmax cross-entropy, compiled.  Meaning, names and shapes: loss_numpy.py."""

import math

import numpy as np

from .compiled import njit
from .tanh_numba import FAST


@njit(cache=True, nogil=True, fastmath=FAST, error_model="numpy")
def cross_entropy_forward(s, target):
    N, K = s.shape
    loss, p = 0.0, np.empty((N, K), s.dtype)
    for i in range(N):
        largest, total = s[i, 0], s.dtype.type(0)
        for k in range(K):
            largest = max(largest, s[i, k])
        for k in range(K):
            p[i, k] = math.exp(s[i, k] - largest)          # -inf gives 0: a class not allowed
            total += p[i, k]
        for k in range(K):
            p[i, k] /= total
        if target[i] >= 0:
            loss += math.log(total) + largest - s[i, target[i]]
    return loss, p


@njit(cache=True, nogil=True)
def count_right(s, target, steps=1):
    right = 0
    for first in range(0, len(s), steps):
        scored = wrong = False
        for i in range(first, first + steps):
            if target[i] >= 0:
                scored = True
                wrong = wrong or s[i].argmax() != target[i]
        right += scored and not wrong
    return right


@njit(cache=True, nogil=True)
def cross_entropy_backward(p, target, scale):
    ds = np.zeros_like(p)
    for i in range(len(p)):
        if target[i] >= 0:
            for k in range(p.shape[1]):
                ds[i, k] = scale * p[i, k]
            ds[i, target[i]] -= scale
    return ds
