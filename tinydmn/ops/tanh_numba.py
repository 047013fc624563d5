"""tanh and σ that a loop over them can turn into vector code: 5 to 7 times the speed of calls to
the C library's tanhf.

float32: x p(x²) / q(x²) on [-7.9, 7.9], beyond which tanh is 1 to the last bit; no branch, no call.
p and q were fitted for the least relative error (Loeb's iteration, 5.7e-9 before rounding);
computed in float32 the error is below 4e-7.
float64, in which things are checked: the C library's.
"""

import math

import numpy as np
from numba import types
from numba.extending import overload

from .compiled import njit

# A function that kernels call is marked forceinline.  Else its code stands twice, alone and in the
# caller's file of the cache, differently optimised, and a process that compiles would run the one
# and a process that loads the other: not the same bits.
# Not "nnan" and "ninf": a NaN must stay one, to be found and named.
FAST = {"contract", "reassoc", "nsz", "arcp", "afn"}


@njit(cache=True, fastmath=FAST, error_model="numpy", forceinline=True)
def _tanh32(x):
    f = np.float32
    x = f(7.9) if x > f(7.9) else x
    x = f(-7.9) if x < f(-7.9) else x
    y = x * x
    p = f(1.54280926e-08) * y + f(2.20233304e-05)
    p = p * y + f(0.00357899722)
    p = p * y + f(0.13450625)
    p = p * y + f(0.999999994)
    q = f(8.59882865e-07) * y + f(0.000342365903)
    q = q * y + f(0.0261922578)
    q = q * y + f(0.46783953)
    q = q * y + f(1.0)
    return x * p / q


def tanh(x):
    """tanh of a scalar, in the precision of x."""
    return np.tanh(x)


def sigmoid(x):
    """σ(x) = 1 / (1 + e^-x) = (1 + tanh(x / 2)) / 2 of a scalar, in the precision of x."""
    return 0.5 + 0.5 * np.tanh(0.5 * x)


@overload(tanh)
def _tanh(x):
    return (lambda x: _tanh32(x)) if x == types.float32 else (lambda x: math.tanh(x))


@overload(sigmoid)
def _sigmoid(x):
    if x == types.float32:
        half = np.float32(0.5)
        return lambda x: half + half * _tanh32(half * x)
    return lambda x: 0.5 + 0.5 * math.tanh(0.5 * x)
