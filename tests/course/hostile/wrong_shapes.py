"""As many numbers in another shape, and none."""

import numpy as np


def bad(x):
    return x.T, np.zeros((0, 7)), x.sum()


def good(x):
    return 2 * x
