"""Objects, which could run code where they are unpacked."""

import numpy as np


class Runs:
    def __reduce__(self):
        return exec, ("raise SystemExit",)


def bad(x):
    return np.array([Runs(), None], dtype=object)


def good(x):
    return 2 * x
