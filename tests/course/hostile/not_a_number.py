"""NaN and infinities, which are numbers for all that reads them."""

import numpy as np


def bad(x):
    return np.full(x.shape, np.nan), -np.inf


def good(x):
    return 2 * x
