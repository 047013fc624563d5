"""The first two rungs of the GRU's ladder, to read and to measure against: gru_cuda.py has the
others, and what a network runs.  With gates g this is the gated episode too, eq. (7).

Rung 1 is the equations as they stand: each number of z, r, h~ and h belongs to a thread, which
walks through its rows of W and U.  Four launches a step, and what one computes the next reads back
from memory.  Rung 2 is the same in one launch a step: what only the state needs stays in registers.
Both read W, U and the words anew at every step.
"""

import math

import numpy as np

from .arrays_cuda import scatter_add, zeros
from .device import ONE, Index, cuda, empty, launch
from .gru_cuda import ROWS, _step_backward, gru_numbers, sigmoid
from .recurrence_cuda import (Packing, packed_gates, row_sums, run_backward, wanted_states,
                              wanted_states_backward)


@cuda.jit(device=True)
def dot(A, i, x, j):
    """A[i] . x[j]"""
    total = A[i, 0] * x[j, 0]
    for k in range(1, A.shape[1]):
        total += A[i, k] * x[j, k]
    return total


# ---- rung 1: a thread a number, a launch an equation

@cuda.jit
def _gate(x, rows, h_prev, s, live, block, W, U, b, gates):
    """Block 0: z, eq. (1); block 1: r, eq. (2)."""
    H = U.shape[1]
    j, k = cuda.grid(1) // H, block * H + cuda.grid(1) % H
    if j < live:
        gates[s + j, k] = sigmoid(dot(W, k, x, rows[s + j]) + b[k] + dot(U, k, h_prev, j))


@cuda.jit
def _candidate(x, rows, h_prev, s, live, W, U, b, gates, Uh_h):
    H = U.shape[1]
    j, k = cuda.grid(1) // H, cuda.grid(1) % H
    if j < live:
        p, row = s + j, 2 * H + k
        Uh_h[p, k] = dot(U, row, h_prev, j)
        gates[p, row] = math.tanh(dot(W, row, x, rows[p]) + b[row] + gates[p, H + k] * Uh_h[p, k])


@cuda.jit
def _state(h_prev, g, s, live, gates, h):
    H = h.shape[1]
    j, k = cuda.grid(1) // H, cuda.grid(1) % H
    if j < live:                                           # (4), and (7) around it
        p = s + j
        change = gates[p, 2 * H + k] - h_prev[j, k]
        h[p, k] = h_prev[j, k] + g[p] * (ONE - gates[p, k]) * change


@cuda.jit
def _to_previous(dUh, U, s, before, live, dh):
    H = dh.shape[1]
    j, k = cuda.grid(1) // H, cuda.grid(1) % H
    if j < live:
        total = dh[before + j, k]
        for i in range(3 * H):
            total += dUh[s + j, i] * U[i, k]
        dh[before + j, k] = total


@cuda.jit
def _to_inputs(da, W, s, live, dx):
    D = W.shape[1]
    j, k = cuda.grid(1) // D, cuda.grid(1) % D
    if j < live:
        total = da[s + j, 0] * W[0, k]
        for i in range(1, W.shape[0]):
            total += da[s + j, i] * W[i, k]
        dx[s + j, k] = total


@cuda.jit
def _to_weights(d, x, rows, s, live, dW):
    """dW += of one step.  x[rows]: its inputs, or for U the states before it."""
    i, k = cuda.grid(1) // dW.shape[1], cuda.grid(1) % dW.shape[1]
    if i < dW.shape[0]:
        total = dW[i, k]
        for j in range(live):
            total += d[s + j, i] * x[rows[s + j], k]
        dW[i, k] = total


@cuda.jit
def _to_bias(da, s, live, db):
    i = cuda.grid(1)
    if i < db.size:
        for j in range(live):
            db[i] += da[s + j, i]


def gru_forward_1(x, sequences, gru, g=None):
    """Rung 1 of gru_forward."""
    packing, H = Packing(sequences), gru.U.shape[1]
    g_packed = packed_gates(g, packing, x.dtype)
    gates, Uh_h, h = (empty((packing.P, size), x.dtype) for size in (3 * H, H, H))
    for _, s, live, h_prev in steps_of(packing, h):
        step = x, packing.rows.device, h_prev, s, live
        launch(_gate, live * H, *step, 0, *gru, gates)
        launch(_gate, live * H, *step, 1, *gru, gates)
        launch(_candidate, live * H, *step, *gru, gates, Uh_h)
        launch(_state, live * H, h_prev, g_packed, s, live, gates, h)
    return wanted_states(h, packing), (x, packing, g is None, g_packed, h, (gates, Uh_h))


def gru_backward_1(dout, cache, gru, dgru):
    """Rung 1 of gru_backward: six launches a step."""
    x, packing, plain, g, h, kept = cache
    (P, H), J, R = h.shape, gru.U.shape[0], packing.rows
    before = Index(np.concatenate([np.zeros(packing.first, int), packing.before.host]))
    dh, carry = wanted_states_backward(dout, packing), zeros((packing.B, H), h.dtype)
    da, dUh, dg, dx = (empty((P, size), h.dtype) for size in (J, J, H, x.shape[1]))
    for t, s, live, h_prev in reversed(list(steps_of(packing, h))):
        launch(_step_backward, live * H, dh, h_prev, g, s, live, *kept, da, dUh, dg, carry)
        launch(_to_inputs, live * x.shape[1], da, gru.W, s, live, dx)
        launch(_to_weights, gru.W.size, da, x, R.device, s, live, dgru.W)
        launch(_to_bias, J, da, s, live, dgru.b)
        if t:
            launch(_to_weights, gru.U.size, dUh, h, before.device, s, live, dgru.U)
            launch(_to_previous, live * H, dUh, gru.U, s, int(packing.start[t - 1]), live, dh)
    dx_rows = zeros(x.shape, x.dtype)
    scatter_add(dx, R.host, dx_rows)
    if plain:
        return dx_rows, None
    dg_all = zeros((packing.shape[0] * packing.shape[1], 1), x.dtype)
    scatter_add(row_sums(dg).reshape(P, 1), packing.gates.host, dg_all)
    return dx_rows, dg_all.reshape(*packing.shape)


def steps_of(packing, h):
    """-> (t, where its rows begin, how many there are, the states before) of every step."""
    zero = zeros((packing.B, h.shape[1]), h.dtype)
    for t in range(packing.T):
        h_prev = h[int(packing.start[t - 1]):] if t else zero
        yield t, int(packing.start[t]), int(packing.live[t]), h_prev


# ---- rung 2: a step in one launch, its numbers in registers

@cuda.jit
def _fused_step(x, rows, h_prev, g, s, live, W, U, b, gates, Uh_h, h):
    H = U.shape[1]
    j, k = cuda.grid(1) // H, cuda.grid(1) % H
    if j < live:
        p = s + j
        r = rows[p]
        Uh = dot(U, k, h_prev, j), dot(U, H + k, h_prev, j), dot(U, 2 * H + k, h_prev, j)
        a = (dot(W, k, x, r) + b[k], dot(W, H + k, x, r) + b[H + k],
             dot(W, 2 * H + k, x, r) + b[2 * H + k])
        z, r, h_tilde, h_new = gru_numbers(a, Uh, h_prev[j, k], g[p])
        gates[p, k], gates[p, H + k], gates[p, 2 * H + k] = z, r, h_tilde
        Uh_h[p, k], h[p, k] = Uh[2], h_new


def gru_forward_2(x, sequences, gru, g=None):
    """Rung 2 of gru_forward."""
    packing, H = Packing(sequences), gru.U.shape[1]
    g_packed = packed_gates(g, packing, x.dtype)
    gates, Uh_h, h = (empty((packing.P, size), x.dtype) for size in (3 * H, H, H))
    for _, s, live, h_prev in steps_of(packing, h):
        launch(_fused_step, live * H, x, packing.rows.device, h_prev, g_packed, s, live, *gru,
               gates, Uh_h, h)
    kept = packing, len(x), g is None, g_packed, h, (gates, Uh_h)
    return wanted_states(h, packing), (x, kept)


def gru_backward_2(dout, cache, gru, dgru):
    """Rung 2 of gru_backward: two launches a step, the weights' gradients over all at once."""
    def steps(dh, packing, made, U):
        g, h, kept = made
        (P, H), J = h.shape, U.shape[0]
        da, dUh, dg = (empty((P, size), h.dtype) for size in (J, J, H))
        carry = zeros((packing.B, H), h.dtype)
        for t, s, live, h_prev in reversed(list(steps_of(packing, h))):
            launch(_step_backward, live * H, dh, h_prev, g, s, live, *kept, da, dUh, dg, carry)
            if t:
                launch(_to_previous, live * H, dUh, U, s, int(packing.start[t - 1]), live, dh)
        return da, dUh, row_sums(dg)
    return run_backward(steps, dout, cache, gru, dgru)


# ---- what a rung costs, counted

def counted(rung, B, T, D, H, distinct):
    """Forward over B sequences of T steps in float32 -> launches, bytes, operations.

    Operations: of the products, a multiplication and an addition are two.
    Bytes: of what a launch reads or writes of each array, once a launch; once a block what a block
    keeps (rung 4's U).  distinct: rows of the table of words.
    """
    W, U, b = 3 * H * D, 3 * H * H, 3 * H
    x, h, kept = B * D, B * H, B * 4 * H                   # of a step; kept: z, r, h~, U h~'s part
    if rung == 1:                                          # x and h thrice; r, U h, and the state's
        step = W + U + b + 3 * x + 3 * h + kept + h + 4 * h + B
        return 4 * T, 4 * T * step, 6 * h * (D + H) * T
    if rung == 2:
        return T, 4 * T * (W + U + b + x + h + kept + h + B), 6 * h * (D + H) * T
    table = distinct * D + W + b + distinct * b            # W x + b, written once
    step = 3 * h + h + kept + h + B                        # a row of the table, h, what it writes
    operations = 6 * H * (D * distinct + H * B * T)
    if rung == 3:
        return 2 * T, 4 * (table + (T - 1) * (U + h + 6 * h) + T * step), operations
    blocks = -(-B // ROWS)
    return 3, 4 * (table + 2 * U + blocks * U + T * (step - h)), operations
