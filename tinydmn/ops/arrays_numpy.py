"""What the network does with float arrays between its equations: reference implementation.

On the CPU arrays are NumPy's and are worked on where they are; a back end whose arrays lie on a
device has all of these of its own.
"""

import numpy as np

__all__ = ["to_device", "to_host", "number", "zeros", "stack", "append_row", "add", "add_into",
           "n_pieces"]

# questions a piece: at most LARGEST, about; a batch below twice SMALLEST stays whole
LARGEST, SMALLEST = 80, 8


def to_device(arrays):
    """A NumPy array, a nest of tuples of them, or None -> the same as arrays of this back end."""
    return arrays


def to_host(a):
    """An array of this back end -> a NumPy array."""
    return a


def number(a):
    """A number that an operation returned, or a float -> a float.

    Where arrays lie on a device such a number lies there too, and this waits for it: until somebody
    reads, the device is given its next work without a pause.
    """
    return a


def zeros(shape, dtype):
    """An array of zeros."""
    return np.zeros(shape, dtype)


def stack(arrays):
    """Arrays of one shape (...) -> (n, ...)."""
    return np.stack(arrays)


def append_row(a, row):
    """a (N, H), row (H,) -> (N + 1, H)."""
    return np.concatenate([a, row[None]])


def add(a, b):
    """a + b, a new array."""
    return a + b


def add_into(a, b):
    """a += b, in place."""
    a += b


def n_pieces(S, Q):
    """Into how many pieces a batch of S stories and Q questions is cut, for threads and caches.

    It depends on the batch alone, so results do not depend on the number of threads.
    """
    return min(S, max(-(-Q // LARGEST), 2 if Q >= 2 * SMALLEST else 1))
