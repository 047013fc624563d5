"""Adam (Kingma & Ba, ICLR 2015, algorithm 1), L2 and clipping by the global norm, on one flat vector of all parameters."""

import numpy as np


def l2_forward(theta, decayed):
    """Half the squared length of theta (P,) where `decayed` (P,) is 1 (matrices) and not 0 (biases and vectors) -> float."""
    return 0.5 * float(np.sum(decayed * theta.astype(np.float64)**2))


def l2_backward(theta, decayed, weight, dtheta):
    """Adds weight · theta into dtheta where decayed."""
    dtheta += weight * decayed * theta


def clip_by_global_norm(dtheta, largest):
    """Shortens dtheta (P,) in place to length `largest` where it is longer.  -> its length before."""
    norm = float(np.sqrt(np.sum(dtheta.astype(np.float64)**2)))
    if norm > largest:
        dtheta *= largest / norm
    return norm


def adam(theta, dtheta, m, v, step, learning_rate, beta_1=0.9, beta_2=0.999, epsilon=1e-8):
    """One step, in place on theta, m, v (P,).  step counts from 1."""
    m[:] = beta_1 * m + (1.0 - beta_1) * dtheta
    v[:] = beta_2 * v + (1.0 - beta_2) * dtheta**2
    m_hat = m / (1.0 - beta_1**step)
    v_hat = v / (1.0 - beta_2**step)
    theta -= learning_rate * m_hat / (np.sqrt(v_hat) + epsilon)
