"""Adam, L2 and clipping, compiled: one pass over the parameters each.  Meaning, names and shapes:
optimizer_numpy.py.
"""

import math

from .compiled import njit
from .tanh_numba import FAST


@njit(cache=True, nogil=True, fastmath=FAST, error_model="numpy")
def l2_forward(theta, decayed):
    total = 0.0
    for i in range(len(theta)):
        total += decayed[i] * theta[i] * theta[i]
    return 0.5 * total


@njit(cache=True, nogil=True, fastmath=FAST, error_model="numpy")
def l2_backward(theta, decayed, weight, dtheta):
    for i in range(len(theta)):
        dtheta[i] += weight * decayed[i] * theta[i]


@njit(cache=True, nogil=True, fastmath=FAST, error_model="numpy")
def clip_by_global_norm(dtheta, largest):
    total = 0.0
    for i in range(len(dtheta)):
        total += float(dtheta[i]) * float(dtheta[i])
    norm = math.sqrt(total)
    if norm > largest:
        shorter = dtheta.dtype.type(largest / norm)
        for i in range(len(dtheta)):
            dtheta[i] *= shorter
    return norm


@njit(cache=True, nogil=True, fastmath=FAST, error_model="numpy")
def _adam(theta, dtheta, m, v, rate, betas, correction_and_epsilon):
    (beta_1, beta_2), (correction, epsilon) = betas, correction_and_epsilon
    for i in range(len(theta)):
        m[i] = beta_1 * m[i] + (1 - beta_1) * dtheta[i]
        v[i] = beta_2 * v[i] + (1 - beta_2) * dtheta[i] * dtheta[i]
        theta[i] -= rate * m[i] / (math.sqrt(v[i] * correction) + epsilon)


def adam(theta, dtheta, moments, step, rate, betas=(0.9, 0.999), epsilon=1e-8):
    beta_1, beta_2 = betas
    own = theta.dtype.type                                 # float64 would halve the vectors
    _adam(theta, dtheta, *moments, own(rate / (1.0 - beta_1**step)), (own(beta_1), own(beta_2)),
          (own(1.0 / (1.0 - beta_2**step)), own(epsilon)))
