"""Arrays on the device, and what stands between the equations.  Meaning: arrays_numpy.py.

A number that an operation returns is an array of one float64.
"""

import math

import numba
import numpy as np

from .device import THREADS, Index, cuda, empty, is_device, launch


def to_device(arrays):
    if isinstance(arrays, (tuple, list)):
        parts = [to_device(part) for part in arrays]
        return type(arrays)(*parts) if hasattr(arrays, "_fields") else type(arrays)(parts)
    if not isinstance(arrays, (np.ndarray, np.floating)):
        return arrays                                      # None, a shape, what is there already
    if arrays.dtype.kind in "iub":
        return Index(arrays)
    return cuda.to_device(np.ascontiguousarray(arrays).reshape(arrays.shape))


def to_host(a):
    if isinstance(a, Index):
        return a.host
    return a.copy_to_host() if is_device(a) else a


def number(a):
    return float(a.copy_to_host()[0]) if is_device(a) else a


@cuda.jit
def fill(out, value):
    i = cuda.grid(1)
    if i < out.size:
        out[i] = value


def flat(a):
    """An array of any shape, contiguous -> (n,)."""
    return a.reshape(a.size)


def zeros(shape, dtype):
    out = empty(shape, dtype)
    launch(fill, out.size, flat(out), out.dtype.type(0))
    return out


@cuda.jit
def _copy(a, out):
    i = cuda.grid(1)
    if i < out.size:
        out[i] = a[i]


@cuda.jit
def _add(a, b, out):
    i = cuda.grid(1)
    if i < out.size:
        out[i] = a[i] + b[i]


@cuda.jit
def _multiply(a, b, out):
    i = cuda.grid(1)
    if i < out.size:
        out[i] = a[i] * b[i]


@cuda.jit
def _transpose(a, out):
    i, j = cuda.grid(1) // out.shape[1], cuda.grid(1) % out.shape[1]
    if i < out.shape[0]:
        out[i, j] = a[j, i]


@cuda.jit
def _total(a, weight, root, out):
    """One block: a thread adds every THREADS-th number, the first thread their sums."""
    parts = cuda.shared.array(THREADS, numba.float64)
    t = cuda.threadIdx.x
    part = 0.0
    for i in range(t, a.size, THREADS):
        part += a[i]
    parts[t] = part
    cuda.syncthreads()
    if t == 0:
        part = 0.0
        for i in range(THREADS):
            part += parts[i]
        out[0] = math.sqrt(weight * part) if root else weight * part


def total(a, weight=1.0, root=False):
    """weight Σ a in float64, in an order that is the same each time, or its root -> (1,)."""
    out = empty((1,), np.float64)
    _total[1, THREADS](a, weight, root, out)
    return out


def transposed(a):
    """a (M, N) -> (N, M), a new array: threads that walk down its columns read side by side."""
    out = empty(a.shape[::-1], a.dtype)
    launch(_transpose, a.size, a, out)
    return out


def copy(a):
    """A new array of the same numbers."""
    out = empty(a.shape, a.dtype)
    launch(_copy, out.size, flat(a), flat(out))
    return out


def stack(arrays):
    first = arrays[0]
    out = empty((len(arrays), *first.shape), first.dtype)
    for i, a in enumerate(arrays):
        launch(_copy, a.size, flat(a), flat(out[i]))
    return out


def append_row(a, row):
    out = empty((len(a) + 1, a.shape[1]), a.dtype)
    launch(_copy, a.size, flat(a), flat(out[:len(a)]))
    launch(_copy, row.size, row, flat(out[len(a):]))
    return out


def add(a, b):
    out = empty(a.shape, a.dtype)
    launch(_add, out.size, flat(a), flat(b), flat(out))
    return out


def add_into(a, b):
    launch(_add, a.size, flat(a), flat(b), flat(a))


def multiply(a, b):
    """a ∘ b, a new array."""
    out = empty(a.shape, a.dtype)
    launch(_multiply, out.size, flat(a), flat(b), flat(out))
    return out


def n_pieces(S, Q):
    return 1                                               # a device wants all rows at once


@cuda.jit
def _gather(x, rows, out):
    i, d = cuda.grid(1) // x.shape[1], cuda.grid(1) % x.shape[1]
    if i < rows.size:
        out[i, d] = x[rows[i], d] if rows[i] >= 0 else x.dtype.type(0)


def gather(x, rows):
    """x (R, D), rows (N,): Index -> (N, D); zeros for -1."""
    out = empty((len(rows), x.shape[1]), x.dtype)
    launch(_gather, out.size, x, rows.device, out)
    return out


@cuda.jit
def _scatter_add(dout, source, start, dx):
    r, d = cuda.grid(1) // dx.shape[1], cuda.grid(1) % dx.shape[1]
    if r < dx.shape[0]:
        total = dx[r, d]
        for i in range(start[r], start[r + 1]):
            total += dout[source[i], d]
        dx[r, d] = total


def inverse(rows, R):
    """rows: which of R rows each of N numbers goes to, -1 for none -> source, start: Index.

    Row r collects source[start[r]:start[r + 1]], in their order: a sum that is the same each time,
    which atomic additions are not.
    """
    rows = rows.ravel()
    source = np.argsort(rows, kind="stable")
    source = source[np.count_nonzero(rows < 0):]
    return Index(source), Index(np.searchsorted(rows[source], np.arange(R + 1)))


def scatter_add(dout, rows, dx, of=None):
    """dx (R, D) += the rows of dout (N, D), each to its row: rows, an array of the host (N,).

    of (N,): which row of dout each is, where it is not its own number.
    """
    source, start = inverse(rows, len(dx))
    source = source if of is None else Index(of[source.host])
    launch(_scatter_add, dx.size, dout, source.device, start.device, dx)
