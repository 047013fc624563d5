"""Matrix products on the device: a tile of the result a block, its factors passing through shared
memory, so that each number is read from memory once for TILE results.

Where a product has many terms and few results (the gradient of a matrix over all rows of a batch)
the terms are cut into chunks, a buffer each, which are added in a fixed order: the same bits each
time, whatever order the blocks ran in.

Where cupy is installed its cuBLAS makes the products instead.
"""

from functools import cache

from .device import TILE, ZERO, cuda, cupy, empty, launch, real

CHUNK = 512                    # terms a buffer
A_GIVEN_ACROSS, B_GIVEN_ACROSS, KEEP, BIAS = 1, 2, 4, 8    # how a product is made


@cache
def _tiled(dtype):
    number = real(dtype)

    @cuda.jit
    def product(A, B, bias, out, how, chunk):
        """out (Z M, N): rows z M .. of terms z chunk .. (z + 1) chunk of A (M, K) B (K, N).

        how, added up: A is given as (K, M); B as (N, K); out is added to; bias (N,) is added.
        """
        a = cuda.shared.array((TILE, TILE), number)
        b = cuda.shared.array((TILE, TILE), number)
        x, y, z = cuda.threadIdx.x, cuda.threadIdx.y, cuda.blockIdx.z
        m, n = cuda.blockIdx.y * TILE + y, cuda.blockIdx.x * TILE + x
        M, K = A.shape[0], A.shape[1]
        if how & A_GIVEN_ACROSS:
            M, K = K, M
        N, last = out.shape[1], min(K, (z + 1) * chunk)
        total = ZERO
        for first in range(z * chunk, last, TILE):
            k = first + x                                  # thread (y, x) loads a[y, x] and b[y, x]
            a[y, x] = ZERO
            if m < M and k < last:
                a[y, x] = A[k, m] if how & A_GIVEN_ACROSS else A[m, k]
            k = first + y
            b[y, x] = ZERO
            if n < N and k < last:
                b[y, x] = B[n, k] if how & B_GIVEN_ACROSS else B[k, n]
            cuda.syncthreads()
            for i in range(TILE):
                total += a[y, i] * b[i, x]
            cuda.syncthreads()
        if m < M and n < N:
            if how & KEEP:
                total += out[z * M + m, n]
            if how & BIAS:
                total += bias[n]
            out[z * M + m, n] = total
    return product


@cuda.jit
def _add_chunks(parts, out, keep):
    """parts (Z M, N) -> out (M, N)."""
    i = cuda.grid(1)
    if i < out.size:
        m, n = i // out.shape[1], i % out.shape[1]
        total = out[m, n] if keep else ZERO
        for row in range(m, parts.shape[0], out.shape[0]):
            total += parts[row, n]
        out[m, n] = total


def product(A, B, transposed="", into=None, bias=None, out=None):
    """A (M, K) B (K, N), plus bias (N,) -> (M, N): new, in `out`, or added to `into`; any strides.

    transposed: "A", A is given as (K, M); "B", B as (N, K).  bias: only where A is not, and
    nothing is added to.
    """
    how = A_GIVEN_ACROSS * ("A" in transposed) + B_GIVEN_ACROSS * ("B" in transposed)
    place = out if into is None else into
    if cupy():
        return _by_cublas(A.T if "A" in transposed else A, B.T if "B" in transposed else B, place,
                          into is not None, bias)
    M, K = A.shape[::-1] if "A" in transposed else A.shape
    N = B.shape[0] if "B" in transposed else B.shape[1]
    place = empty((M, N), A.dtype) if place is None else place
    chunks = max(1, -(-K // CHUNK)) if "A" in transposed else 1
    whole = chunks == 1                                    # made, or added, where it belongs
    parts = place if whole else empty((chunks * M, N), A.dtype)
    if M and N:
        how += KEEP * (whole and into is not None) + BIAS * (bias is not None)
        grid = -(-N // TILE), -(-M // TILE), chunks
        _tiled(A.dtype)[grid, (TILE, TILE)](A, B, parts[0] if bias is None else bias, parts, how,
                                            max(K, 1) if whole else CHUNK)
    if not whole:
        launch(_add_chunks, M * N, parts, place, into is not None)
    return place


def _by_cublas(A, B, place, keep, bias):
    a, b = map(cupy().asarray, (A, B))
    out = empty((len(a), b.shape[1]), A.dtype) if place is None else place
    there = cupy().asarray(out)
    if keep:
        there += a @ b
        return out
    cupy().matmul(a, b, out=there)
    if bias is not None:
        there += cupy().asarray(bias)
    return out


def affine(x, W, b):
    """x (N, I), W (J, I), b (J,) -> x Wᵀ + b."""
    return product(x, W, "B", bias=b)


def affine_backward(da, x, W, dW, db):
    """da (N, J) -> dx (N, I).  Adds into dW (J, I), db (J,)."""
    product(da, x, "A", into=dW)
    add_rows(da, db)
    return product(da, W)


@cuda.jit
def _chunk_sums(a, parts, chunk, keep):
    """parts (Z, K): row z the sum of rows z chunk .. (z + 1) chunk of a (N, K)."""
    i = cuda.grid(1)
    if i < parts.size:
        z, k = i // parts.shape[1], i % parts.shape[1]
        total = parts[z, k] if keep else ZERO
        for row in range(z * chunk, min(a.shape[0], (z + 1) * chunk)):
            total += a[row, k]
        parts[z, k] = total


def add_rows(a, out):
    """out (K,) += the sum of a (N, K) over its rows."""
    K, out = out.size, out.reshape(1, out.size)
    chunks = -(-len(a) // CHUNK)
    if chunks <= 1:
        launch(_chunk_sums, K, a, out, CHUNK, True)
        return
    parts = empty((chunks, K), a.dtype)
    launch(_chunk_sums, parts.size, a, parts, CHUNK, False)
    launch(_add_chunks, K, parts, out, True)
