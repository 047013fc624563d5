"""Adam, L2 and clipping on the device.  Meaning, names and shapes: optimizer_numpy.py."""

import math

import numpy as np

from .arrays_cuda import total
from .device import ONE, cuda, empty, launch

SUMS = 1024                    # threads of a sum over all parameters, each of every 1024th


@cuda.jit
def _squares(a, weight, weighted, sums):
    first = cuda.grid(1)
    if first < sums.size:
        part = 0.0
        for i in range(first, a.size, sums.size):
            square = float(a[i]) * float(a[i])
            part += square * weight[i] if weighted else square
        sums[first] = part


def _squares_of(a, weight=None):
    """Σ weight a², in parts: float64, each in an order that is the same each time."""
    sums = empty((min(SUMS, a.size),), np.float64)
    launch(_squares, sums.size, a, a if weight is None else weight, weight is not None, sums)
    return sums


def l2_forward(theta, decayed):
    return total(_squares_of(theta, decayed), 0.5)


@cuda.jit
def _l2_backward(theta, decayed, weight, dtheta):
    i = cuda.grid(1)
    if i < theta.size:
        dtheta[i] += weight * decayed[i] * theta[i]


def l2_backward(theta, decayed, weight, dtheta):
    launch(_l2_backward, theta.size, theta, decayed, theta.dtype.type(weight), dtheta)


@cuda.jit
def _clip(dtheta, norm, largest):
    i = cuda.grid(1)
    if i < dtheta.size and norm[0] > largest:
        dtheta[i] *= dtheta.dtype.type(largest / norm[0])


def clip_by_global_norm(dtheta, largest):
    norm = total(_squares_of(dtheta), root=True)
    launch(_clip, dtheta.size, dtheta, norm, float(largest))
    return norm


@cuda.jit
def _adam(theta, dtheta, m, v, rate, betas, correction_and_epsilon):
    i = cuda.grid(1)
    if i < theta.size:
        (beta_1, beta_2), (correction, epsilon) = betas, correction_and_epsilon
        m[i] = beta_1 * m[i] + (ONE - beta_1) * dtheta[i]
        v[i] = beta_2 * v[i] + (ONE - beta_2) * dtheta[i] * dtheta[i]
        theta[i] -= rate * m[i] / (math.sqrt(v[i] * correction) + epsilon)


def adam(theta, dtheta, moments, step, rate, betas=(0.9, 0.999), epsilon=1e-8):
    (beta_1, beta_2), own = betas, theta.dtype.type        # float64 would be slow on most devices
    launch(_adam, theta.size, theta, dtheta, *moments, own(rate / (1.0 - beta_1**step)),
           (own(beta_1), own(beta_2)), (own(1.0 / (1.0 - beta_2**step)), own(epsilon)))
