"""Softmax cross-entropy on the device.  Meaning, names and shapes: loss_numpy.py."""

import math

import numpy as np

from .answer_cuda import argmax_rows
from .arrays_cuda import total
from .device import ZERO, cuda, empty, integers, launch


@cuda.jit
def _cross_entropy(s, target, loss, p):
    i = cuda.grid(1)
    if i < s.shape[0]:
        largest, total = s[i, 0], ZERO
        for k in range(s.shape[1]):
            largest = max(largest, s[i, k])
        for k in range(s.shape[1]):
            p[i, k] = math.exp(s[i, k] - largest)          # -inf gives 0: a class not allowed
            total += p[i, k]
        for k in range(s.shape[1]):
            p[i, k] = p[i, k] / total
        loss[i] = 0.0
        if target[i] >= 0:
            loss[i] = math.log(total) + largest - s[i, target[i]]


def cross_entropy_forward(s, target):
    loss, p = empty((len(s),), np.float64), empty(s.shape, s.dtype)
    launch(_cross_entropy, len(s), s, integers(target).device, loss, p)
    return total(loss), p


@cuda.jit
def _cross_entropy_backward(p, target, scale, ds):
    i, k = cuda.grid(1) // p.shape[1], cuda.grid(1) % p.shape[1]
    if i < p.shape[0]:
        ds[i, k] = ZERO
        if target[i] >= 0:
            ds[i, k] = scale * p[i, k]
            if target[i] == k:
                ds[i, k] -= scale


def cross_entropy_backward(p, target, scale):
    ds = empty(p.shape, p.dtype)
    launch(_cross_entropy_backward, p.size, p, integers(target).device, p.dtype.type(scale), ds)
    return ds


@cuda.jit
def _right(s, target, steps, right):
    """A thread an answer."""
    i = cuda.grid(1)
    if i < right.size:
        scored, wrong = False, False
        for row in range(i * steps, (i + 1) * steps):
            if target[row] >= 0:
                best = 0
                for k in range(1, s.shape[1]):
                    if s[row, k] > s[row, best]:
                        best = k
                scored = True
                wrong = wrong or best != target[row]
        right[i] = 1.0 if scored and not wrong else 0.0


def count_right(s, target, steps=1):
    right = empty((len(s) // steps,), np.float64)
    launch(_right, right.size, s, integers(target).device, steps, right)
    return total(right)


def argmax(s):
    *first, K = s.shape
    return argmax_rows(s.reshape(s.size // K, K)).reshape(first)
