"""The GRU and the gated step over facts, eqs (1)-(4) and (7), on the device.  Meaning, names and
shapes: gru_numpy.py.

The ladder; rungs 1 and 2 stand in gru_ladder_cuda.py, 3 and 4 below:

1. one thread a number, a launch an equation: three for the gates and one for the state each step;
2. the gates fused: one launch a step, of one thread a number of the state;
3. the input product hoisted: W x + b once for each distinct input (a table of words), so that a
   step reads a row of it; U h as a tiled product, which wants a launch of its own;
4. the whole sequence in one launch.  A block has ROWS sequences for all their steps and keeps U on
   chip: thread j owns row j of U (backward: column k of one gate's block), the first numbers of it
   in registers, the next in shared memory.  Both are needed, as numba-cuda gives a block 48 KB of
   shared memory, of which U alone takes 77 KB at H = 80.  What fits neither, above H = 96, is read
   at every step and comes from the cache.  Nothing else but inputs, gates and states passes through
   memory, and there is no barrier wider than a block.

Forward in float32, counted (gru_ladder_cuda.counted), 100 steps, D = H = 80, 160 distinct words:

                       32 sequences                       1,024 sequences
    rung  launches   MB  million operations   launches   MB  million operations
       1       400 30.8               245.8        400 507.4             7864.3
       2       100 22.6               245.8        100 245.2             7864.3
       3       200 24.2               129.0        200 530.3             3938.3
       4         3  9.3               129.0          3 282.7               3938.3

Rung 3 alone saves operations, not bytes: U h goes through memory.  Of rung 4's bytes at 1,024
sequences 20 MB are U, read once by each of 256 blocks; 262 MB are gates and states, which the
backward pass wants.

Rung 4 takes H up to 256 in float32, for more than 768 threads would have too few registers each
(192 in float64, whose states must be on chip); above that rung 3 runs.
"""

import math
from functools import cache

from .arrays_cuda import transposed
from .device import (BLOCK_REGISTERS, HALF, ON_CHIP, ONE, ZERO, cuda, empty, jit_for, launch,
                     real)
from .product_cuda import affine, affine_backward, product
from .recurrence_cuda import (row_sums, run_backward, run_forward, step_by_step,
                              step_by_step_backward)

ROWS = 4                       # sequences a block
# Registers that a thread may fill with numbers of U, and what it needs besides: from larger arrays
# the compiler makes memory (python -m tests.ops.cubins).
REGISTERS, BESIDES = 64, 112


@cuda.jit(device=True)
def sigmoid(x):
    return HALF + HALF * math.tanh(HALF * x)


@cuda.jit(device=True)
def gru_numbers(a, Uh, h_prev, g):
    """Eqs (1)-(4) and (7) of one number of the state.  a, Uh: three each -> z, r, h~, h."""
    z = sigmoid(a[0] + Uh[0])                                          # (1)
    r = sigmoid(a[1] + Uh[1])                                          # (2)
    h_tilde = math.tanh(a[2] + r * Uh[2])                              # (3)
    return z, r, h_tilde, h_prev + g * (ONE - z) * (h_tilde - h_prev)  # (4), and (7) around it


@cuda.jit(device=True)
def gru_numbers_backward(dh, h_prev, g, cell):
    """cell: z, r, h~, U h~'s part -> da_z, da_r, da_h, dg, dh_prev without what comes through U."""
    z, r, h_tilde, Uh_h = cell
    change = h_tilde - h_prev
    d = g * dh                                                         # through (7)
    da_z = -d * change * z * (ONE - z)                                 # through (4), then (1)
    da_h = d * (ONE - z) * (ONE - h_tilde * h_tilde)                   # through (4), then (3)
    da_r = da_h * Uh_h * r * (ONE - r)                                 # through (3), then (2)
    return da_z, da_r, da_h, dh * (ONE - z) * change, d * z + (ONE - g) * dh


# ---- rung 3: a product and a launch a step

@cuda.jit
def _step(a, rows, Uh, h_prev, g, s, live, gates, Uh_h, h):
    H = h.shape[1]
    j, k = cuda.grid(1) // H, cuda.grid(1) % H
    if j < live:
        p = s + j
        x = rows[p]
        z, r, h_tilde, h_new = gru_numbers((a[x, k], a[x, H + k], a[x, 2 * H + k]),
                                           (Uh[j, k], Uh[j, H + k], Uh[j, 2 * H + k]),
                                           h_prev[j, k], g[p])
        gates[p, k], gates[p, H + k], gates[p, 2 * H + k] = z, r, h_tilde
        Uh_h[p, k], h[p, k] = Uh[j, 2 * H + k], h_new


@cuda.jit
def _step_backward(dh, h_prev, g, s, live, gates, Uh_h, da, dUh, dg, carry):
    H = dh.shape[1]
    j, k = cuda.grid(1) // H, cuda.grid(1) % H
    if j < live:
        p = s + j
        cell = gates[p, k], gates[p, H + k], gates[p, 2 * H + k], Uh_h[p, k]
        da_z, da_r, da_h, dg_k, d = gru_numbers_backward(dh[p, k] + carry[j, k], h_prev[j, k], g[p],
                                                         cell)
        da[p, k], da[p, H + k], da[p, 2 * H + k] = da_z, da_r, da_h
        dUh[p, k], dUh[p, H + k], dUh[p, 2 * H + k] = da_z, da_r, da_h * cell[1]
        dg[p, k], carry[j, k] = dg_k, d


# ---- rung 4: the whole sequence in one launch

def split(H, dtype, words=8):
    """How many numbers of its row of U a thread has in registers, and in shared memory.

    None where a block cannot have so many threads, or their states.
    words: numbers of shared memory, in units of H, that a sequence of the block needs besides.
    """
    left, threads = ON_CHIP // dtype.itemsize - ROWS * words * H, 3 * H
    if left < 0 or threads > 768:
        return None
    free = max(1, BLOCK_REGISTERS // threads - BESIDES)
    most = max(1, min(REGISTERS, free) * 4 // dtype.itemsize)
    KEPT = min(max(1, H // 2, H - left // threads), most)
    return KEPT, min(H - KEPT, left // threads)


@cache
def sequence_forward(H, dtype):
    """The kernel of rung 4 for states of H numbers."""
    (KEPT, REST), J, number = split(H, dtype), 3 * H, real(dtype)
    SHARED, CACHED = max(1, REST), KEPT + REST             # from CACHED on the cache has U

    @jit_for(J)
    def gru_sequence(a, rows, g, start, U_t, gates, Uh_h, h):
        # each on a line of its own: by its line the simulator knows a shared array
        mine = cuda.local.array(KEPT, number)
        total = cuda.local.array(ROWS, number)
        rest = cuda.shared.array((SHARED, J), number)
        state = cuda.shared.array((ROWS, H), number)
        Uh = cuda.shared.array((ROWS, J), number)
        j, first = cuda.threadIdx.x, cuda.blockIdx.x * ROWS
        for i in range(KEPT):
            mine[i] = U_t[i, j]
        for i in range(REST):
            rest[i, j] = U_t[KEPT + i, j]
        for i in range(j, ROWS * H, J):
            state[i // H, i % H] = ZERO
        cuda.syncthreads()
        for t in range(start.size - 1):
            s, live = start[t], start[t + 1] - start[t]
            if first >= live:                              # this block's sequences have all ended
                break
            for row in range(ROWS):
                total[row] = ZERO
            for i in range(KEPT):
                for row in range(ROWS):                    # a number of U serves all rows
                    total[row] += mine[i] * state[row, i]
            for i in range(REST):
                for row in range(ROWS):
                    total[row] += rest[i, j] * state[row, KEPT + i]
            for i in range(CACHED, H):
                U_ij = U_t[i, j]
                for row in range(ROWS):
                    total[row] += U_ij * state[row, i]
            for row in range(ROWS):
                Uh[row, j] = total[row]
            cuda.syncthreads()
            for i in range(j, ROWS * H, J):                # thread j: some numbers of the states
                row, k = i // H, i % H
                if first + row < live:
                    p = s + first + row
                    x = rows[p]
                    z, r, h_tilde, h_new = gru_numbers(
                        (a[x, k], a[x, H + k], a[x, 2 * H + k]),
                        (Uh[row, k], Uh[row, H + k], Uh[row, 2 * H + k]), state[row, k], g[p])
                    gates[p, k], gates[p, H + k], gates[p, 2 * H + k] = z, r, h_tilde
                    Uh_h[p, k], h[p, k], state[row, k] = Uh[row, 2 * H + k], h_new, h_new
            cuda.syncthreads()
    return gru_sequence


@cache
def sequence_backward(H, dtype):
    """The kernel of rung 4, backward."""
    (KEPT, REST), J, number = split(H, dtype), 3 * H, real(dtype)
    SHARED, CACHED = max(1, REST), KEPT + REST

    @jit_for(J)
    def gru_sequence_backward(dh, g, start, U, gates, Uh_h, h, da, dUh, dg):
        mine = cuda.local.array(KEPT, number)
        total = cuda.local.array(ROWS, number)
        rest = cuda.shared.array((SHARED, J), number)
        d_row = cuda.shared.array((ROWS, J), number)
        part = cuda.shared.array((ROWS, J), number)
        carry = cuda.shared.array((ROWS, H), number)
        d_g = cuda.shared.array((ROWS, H), number)
        j, first = cuda.threadIdx.x, cuda.blockIdx.x * ROWS
        block, column = j // H * H, j % H                  # of U: rows block .. block + H - 1
        for i in range(KEPT):
            mine[i] = U[block + i, column]
        for i in range(REST):
            rest[i, j] = U[block + KEPT + i, column]
        for i in range(j, ROWS * H, J):
            carry[i // H, i % H] = ZERO
        for row in range(ROWS):
            part[row, j] = ZERO
        cuda.syncthreads()
        for back in range(start.size - 1):
            t = start.size - 2 - back
            s, live = start[t], start[t + 1] - start[t]
            if first >= live:                              # not yet: these sequences are shorter
                continue
            for i in range(j, ROWS * H, J):
                row, k = i // H, i % H
                d_row[row, k], d_row[row, H + k], d_row[row, 2 * H + k] = ZERO, ZERO, ZERO
                if first + row < live:
                    p = s + first + row
                    h_prev = h[start[t - 1] + first + row, k] if t > 0 else ZERO
                    cell = gates[p, k], gates[p, H + k], gates[p, 2 * H + k], Uh_h[p, k]
                    d = (dh[p, k] + carry[row, k] + part[row, k] + part[row, H + k]
                         + part[row, 2 * H + k])
                    da_z, da_r, da_h, dg_k, d = gru_numbers_backward(d, h_prev, g[p], cell)
                    da[p, k], da[p, H + k], da[p, 2 * H + k] = da_z, da_r, da_h
                    da_h = da_h * cell[1]                  # the candidate's part of U h passes r
                    d_row[row, k], d_row[row, H + k], d_row[row, 2 * H + k] = da_z, da_r, da_h
                    dUh[p, k], dUh[p, H + k], dUh[p, 2 * H + k] = da_z, da_r, da_h
                    carry[row, k], d_g[row, k] = d, dg_k
            cuda.syncthreads()
            for row in range(j, min(ROWS, live - first), J):           # H = 1: fewer threads
                sum_g = ZERO                               # a gate's gradient: in a fixed order
                for k in range(H):
                    sum_g += d_g[row, k]
                dg[s + first + row] = sum_g
            for row in range(ROWS):
                total[row] = ZERO
            for i in range(KEPT):
                for row in range(ROWS):
                    total[row] += mine[i] * d_row[row, block + i]
            for i in range(REST):
                for row in range(ROWS):
                    total[row] += rest[i, j] * d_row[row, block + KEPT + i]
            for i in range(CACHED, H):
                U_ij = U[block + i, column]
                for row in range(ROWS):
                    total[row] += U_ij * d_row[row, block + i]
            for row in range(ROWS):
                part[row, j] = total[row]
            cuda.syncthreads()
    return gru_sequence_backward


# ---- the operations

def gru_steps(a, packing, g, U):
    """All steps, by the highest rung that holds U -> packed h (P, H), (gates, Uh_h)."""
    H = U.shape[1]
    gates, Uh_h = empty((packing.P, 3 * H), a.dtype), empty((packing.P, H), a.dtype)
    if split(H, a.dtype) is None:
        return step_by_step(_step, H, (a, g, gates, Uh_h), packing, U), (gates, Uh_h)
    h = empty((packing.P, H), a.dtype)
    if packing.P:
        sequence_forward(H, a.dtype)[-(-packing.B // ROWS), 3 * H](
            a, packing.rows.device, g, packing.start_on_device, transposed(U), gates, Uh_h, h)
    return h, (gates, Uh_h)


def gru_steps_backward(dh, packing, made, U):
    """Packed dh (P, H), used up -> packed da, dUh (P, 3H), dg (P,).  made: g, h, what was kept."""
    g, h, (gates, Uh_h) = made
    H = U.shape[1]
    da, dUh = empty((packing.P, 3 * H), h.dtype), empty((packing.P, 3 * H), h.dtype)
    if split(H, h.dtype) is None:
        dg = empty((packing.P, H), h.dtype)
        step_by_step_backward(_step_backward, dh, (g, h, dUh, dg, gates, Uh_h, da), packing, U)
        return da, dUh, row_sums(dg)
    dg = empty((packing.P,), h.dtype)
    if packing.P:
        sequence_backward(H, h.dtype)[-(-packing.B // ROWS), 3 * H](
            dh, g, packing.start_on_device, U, gates, Uh_h, h, da, dUh, dg)
    return da, dUh, dg


def gru_forward(ops, x, sequences, gru, g=None):
    return run_forward(gru_steps, x, sequences, gru, g)


def gru_backward(ops, dout, cache, gru, dgru):
    return run_backward(gru_steps_backward, dout, cache, gru, dgru)


@cuda.jit
def _cell(a, Uh, first, h_prev, gates, h):
    H = h.shape[1]
    b, k = cuda.grid(1) // H, cuda.grid(1) % H
    if b < h.shape[0]:
        j = first + k
        z, r, h_tilde, h_new = gru_numbers((a[b, k], a[b, H + k], a[b, 2 * H + k]),
                                           (Uh[b, j], Uh[b, H + j], Uh[b, 2 * H + j]),
                                           h_prev[b, k], ONE)
        gates[b, k], gates[b, H + k], gates[b, 2 * H + k], h[b, k] = z, r, h_tilde, h_new


@cuda.jit
def _cell_backward(dh, later, more, h_prev, gates, Uh, first, da, dUh, dh_prev):
    H = h_prev.shape[1]
    b, k = cuda.grid(1) // H, cuda.grid(1) % H
    if b < h_prev.shape[0]:
        j, d = first + k, dh[b, k]
        if more:
            d += later[b, k]
        cell = gates[b, k], gates[b, H + k], gates[b, 2 * H + k], Uh[b, 2 * H + j]
        da_z, da_r, da_h, _, d = gru_numbers_backward(d, h_prev[b, k], ONE, cell)
        da[b, k], da[b, H + k], da[b, 2 * H + k] = da_z, da_r, da_h
        dUh[b, j], dUh[b, H + j], dUh[b, 2 * H + j] = da_z, da_r, da_h * cell[1]
        dh_prev[b, k] = d


def cell_forward(a, Uh, first, h_prev, h):
    """Eqs (1)-(4) where the products are made: a (B, 3H) = W x + b, and U h_prev in the columns of
    Uh from `first` on -> h (B, H), in its place; cache.
    """
    gates = empty(a.shape, a.dtype)
    launch(_cell, h.size, a, Uh, first, h_prev, gates, h)
    return h_prev, gates, Uh, first


def cell_backward(dh, later, cache, da, dUh):
    """dh (B, H), and what comes from later uses of h, or None -> dh_prev without what comes through
    U; da, and in the columns of dUh from `first` on d(U h_prev), in their places.
    """
    h_prev, gates, Uh, first = cache
    dh_prev = empty(h_prev.shape, dh.dtype)
    launch(_cell_backward, h_prev.size, dh, dh if later is None else later, later is not None,
           h_prev, gates, Uh, first, da, dUh, dh_prev)
    return dh_prev


def step_forward(a, h_prev, U):
    """One step from a (B, 3H) = W x + b -> h (B, H), cache."""
    h = empty(h_prev.shape, a.dtype)
    return h, cell_forward(a, product(h_prev, U, "B"), 0, h_prev, h)


def step_backward(dh, cache, U, dU):
    """dh (B, H) -> da (B, 3H), dh_prev (B, H).  Adds into dU."""
    h_prev, gates, *_ = cache
    da, dUh = empty(gates.shape, dh.dtype), empty(gates.shape, dh.dtype)
    dh_prev = cell_backward(dh, None, cache, da, dUh)
    product(dUh, U, into=dh_prev)
    product(dUh, h_prev, "A", into=dU)
    return da, dh_prev


def gru_cell_forward(x, h_prev, gru):
    h, cache = step_forward(affine(x, gru.W, gru.b), h_prev, gru.U)
    return h, (x, cache)


def gru_cell_backward(dh, cache, gru, dgru):
    x, cache = cache
    da, dh_prev = step_backward(dh, cache, gru.U, dgru.U)
    return affine_backward(da, x, gru.W, dgru.W, dgru.b), dh_prev
