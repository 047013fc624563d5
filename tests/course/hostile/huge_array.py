"""An array that claims a terabyte without holding it."""

import numpy as np


def bad(x):
    return np.broadcast_to(x[0, 0], (1 << 37,))


def good(x):
    return 2 * x
