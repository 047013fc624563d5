"""Matrix products on the device: a tile of the result a block, its factors passing through shared
memory, so that each number is read from memory once for TILE results.

Where a product has many terms and few results (the gradient of a matrix over all rows of a batch)
the terms are cut into chunks, a buffer each, which are added in a fixed order: the same bits each
time, whatever order the blocks ran in.
"""

from functools import cache

from .arrays_cuda import fill, flat
from .device import TILE, ZERO, cuda, empty, launch, real

CHUNK = 512                    # terms a buffer


@cache
def _tiled(dtype):
    number = real(dtype)

    @cuda.jit
    def product(A, B, out, transposed, chunk):
        """out (Z, M, N): of terms z chunk .. (z + 1) chunk of A (M, K) B (K, N).

        transposed: bit 0, A is given as (K, M); bit 1, B as (N, K).
        """
        a = cuda.shared.array((TILE, TILE), number)
        b = cuda.shared.array((TILE, TILE), number)
        x, y, z = cuda.threadIdx.x, cuda.threadIdx.y, cuda.blockIdx.z
        m, n = cuda.blockIdx.y * TILE + y, cuda.blockIdx.x * TILE + x
        K = A.shape[0] if transposed & 1 else A.shape[1]
        last = min(K, (z + 1) * chunk)
        total = ZERO
        for first in range(z * chunk, last, TILE):
            k = first + x                                  # thread (y, x) loads a[y, x] and b[y, x]
            a[y, x] = ZERO
            if m < out.shape[1] and k < last:
                a[y, x] = A[k, m] if transposed & 1 else A[m, k]
            k = first + y
            b[y, x] = ZERO
            if n < out.shape[2] and k < last:
                b[y, x] = B[n, k] if transposed & 2 else B[k, n]
            cuda.syncthreads()
            for i in range(TILE):
                total += a[y, i] * b[i, x]
            cuda.syncthreads()
        if m < out.shape[1] and n < out.shape[2]:
            out[z, m, n] = total
    return product


@cuda.jit
def _add_chunks(parts, out, keep):
    i = cuda.grid(1)
    if i < out.size:
        N = out.shape[1]
        total = out[i // N, i % N] if keep else ZERO
        for z in range(parts.shape[0]):
            total += parts[z, i // N, i % N]
        out[i // N, i % N] = total


@cuda.jit
def _add_bias(a, b):
    i, k = cuda.grid(1) // a.shape[1], cuda.grid(1) % a.shape[1]
    if i < a.shape[0]:
        a[i, k] += b[k]


def product(A, B, transposed="", into=None):
    """A (M, K) B (K, N) -> (M, N), or added to `into`; any strides.

    transposed: "A", A is given as (K, M); "B", B as (N, K).
    """
    flags = ("A" in transposed) + 2 * ("B" in transposed)
    M, K = A.shape[::-1] if flags & 1 else A.shape
    N = B.shape[0] if flags & 2 else B.shape[1]
    chunks = max(1, -(-K // CHUNK)) if flags & 1 else 1
    parts = empty((chunks, M, N), A.dtype)
    if M and N:
        grid = -(-N // TILE), -(-M // TILE), chunks
        _tiled(A.dtype)[grid, (TILE, TILE)](A, B, parts, flags, CHUNK if flags & 1 else max(K, 1))
    if into is None and chunks == 1:
        return parts.reshape(M, N)
    out = empty((M, N), A.dtype) if into is None else into
    launch(_add_chunks, M * N, parts, out, into is not None)
    return out


def affine(x, W, b):
    """x (N, I), W (J, I), b (J,) -> x Wᵀ + b."""
    a = product(x, W, "B")
    launch(_add_bias, a.size, a, b)
    return a


def affine_backward(da, x, W, dW, db):
    """da (N, J) -> dx (N, I).  Adds into dW (J, I), db (J,)."""
    product(da, x, "A", into=dW)
    add_rows(da, db)
    return product(da, W)


def add_rows(a, out):
    """out (K,) += the sum of a (N, K) over its rows: a product with ones, so in chunks too."""
    ones = empty((len(a), 1), a.dtype)
    launch(fill, len(a), flat(ones), a.dtype.type(1))
    product(ones, a, "A", into=out.reshape(1, out.size))
