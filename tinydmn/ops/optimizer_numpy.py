"""Adam (Kingma & Ba, ICLR 2015, algorithm 1), L2 and clipping by the global norm, on one flat
vector of all parameters, (P,): reference implementation.
"""

import numpy as np

__all__ = ["l2_forward", "l2_backward", "clip_by_global_norm", "adam"]


def l2_forward(theta, decayed):
    """Half the squared norm of theta (P,) where `decayed` (P,) is 1 (matrices), not 0.

    -> a number.
   """
    return 0.5 * float(np.sum(decayed * theta.astype(np.float64)**2))


def l2_backward(theta, decayed, weight, dtheta):
    """Adds weight · theta into dtheta where decayed."""
    dtheta += weight * decayed * theta


def clip_by_global_norm(dtheta, largest):
    """Scales dtheta (P,) in place to the norm `largest` where its own is larger.

    -> its norm before, a number.
    """
    norm = float(np.sqrt(np.sum(dtheta.astype(np.float64)**2)))
    if norm > largest:
        dtheta *= largest / norm
    return norm


def adam(theta, dtheta, moments, step, rate, betas=(0.9, 0.999), epsilon=1e-8):
    """One step, in place on theta and on moments = (m, v), each (P,).  step counts from 1."""
    (m, v), (beta_1, beta_2) = moments, betas
    m[:] = beta_1 * m + (1.0 - beta_1) * dtheta
    v[:] = beta_2 * v + (1.0 - beta_2) * dtheta**2
    m_hat = m / (1.0 - beta_1**step)
    v_hat = v / (1.0 - beta_2**step)
    theta -= rate * m_hat / (np.sqrt(v_hat) + epsilon)
