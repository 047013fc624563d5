"""From scores to an episode on the device, over facts that stand once.

Meaning: episode_numpy.py.  What a block does for a question is written as functions of the device,
which passes_cuda.py puts in one kernel with the gate's.  Sizes: gate_cuda.py.
"""

import math
from typing import NamedTuple

import numpy as np

from .arrays_cuda import gather, scatter_add, zeros
from .device import ONE, ZERO, Index, cuda, empty, integers, launch
from .gate_cuda import launch_blocks, make_pairs, own_facts
from .groups import Sequences
from .gru_cuda import gru_steps, gru_steps_backward, sigmoid
from .product_cuda import affine, affine_backward
from .recurrence_cuda import Packing, add_recurrent


# ---- softmax, section 4.1

@cuda.jit(device=True)
def softmax(q, off, s, g):
    """Of the scores of question q: a block.  Each thread adds all numbers, in their order."""
    x, n = cuda.threadIdx.x, off[q + 1] - off[q]
    largest, total = s[q, 0], ZERO
    for t in range(1, n):
        largest = max(largest, s[q, t])
    for t in range(x, g.shape[1], cuda.blockDim.x):
        g[q, t] = math.exp(s[q, t] - largest) if t < n else ZERO
    cuda.syncthreads()
    for t in range(n):
        total += g[q, t]
    cuda.syncthreads()                                     # no number is divided before all have it
    for t in range(x, n, cuda.blockDim.x):
        g[q, t] = g[q, t] / total


@cuda.jit(device=True)
def weighted_sum(q, g, c, fact, off, e):
    for k in range(cuda.threadIdx.x, c.shape[1], cuda.blockDim.x):
        total = ZERO
        for p in range(off[q], off[q + 1]):
            total += g[q, p - off[q]] * c[fact[p], k]
        e[q, k] = total


@cuda.jit(device=True)
def softmax_backward(q, de, g, c, fact, off, ds):
    """de -> ds of the facts of question q: a block."""
    x, n, mean = cuda.threadIdx.x, off[q + 1] - off[q], ZERO
    for t in range(x, n, cuda.blockDim.x):                 # to the gates
        total = ZERO
        for k in range(c.shape[1]):
            total += de[q, k] * c[fact[off[q] + t], k]
        ds[q, t] = total
    cuda.syncthreads()
    for t in range(n):
        mean += g[q, t] * ds[q, t]
    cuda.syncthreads()
    for t in range(x, n, cuda.blockDim.x):                 # through the softmax
        ds[q, t] = g[q, t] * (ds[q, t] - mean)


@cuda.jit(device=True)
def sum_to_fact(r, k, de, g, of, off, seen, seen_from):
    """What the weighted sums give number k of fact r."""
    total = ZERO
    for i in range(seen_from[r], seen_from[r + 1]):
        q = of[seen[i]]
        total += g[q, seen[i] - off[q]] * de[q, k]
    return total


@cuda.jit
def _softmax_episode(s, c, fact, off, g, e):
    q = cuda.blockIdx.x
    softmax(q, off, s, g)
    cuda.syncthreads()
    weighted_sum(q, g, c, fact, off, e)


@cuda.jit
def _softmax_backward(de, g, c, fact, off, ds):
    softmax_backward(cuda.blockIdx.x, de, g, c, fact, off, ds)


@cuda.jit
def _sums_to_facts(de, g, of, off, seen, seen_from, dc):
    H = dc.shape[1]
    r, k = cuda.grid(1) // H, cuda.grid(1) % H
    if r < dc.shape[0]:
        dc[r, k] = sum_to_fact(r, k, de, g, of, off, seen, seen_from)


def softmax_episode_forward(c, s, weights=None):
    rows = c.reshape(-1, c.shape[2])
    pairs = make_pairs(own_facts(c), len(rows))            # -inf on padding makes a gate of 0
    e, g = empty((len(s), c.shape[2]), s.dtype), empty(s.shape, s.dtype)
    launch_blocks(_softmax_episode, len(s), s, rows, pairs.fact.device, pairs.off.device, g, e)
    return e, g, (rows, g, pairs, c.shape)


def softmax_episode_backward(de, cache, weights=None, dweights=None):
    c, g, pairs, shape = cache
    dc, ds = empty(c.shape, c.dtype), empty(g.shape, g.dtype)
    launch_blocks(_softmax_backward, len(g), de, g, c, pairs.fact.device, pairs.off.device, ds)
    launch(_sums_to_facts, dc.size, de, g, pairs.of.device, pairs.off.device, pairs.seen.device,
           pairs.seen_from.device, dc)
    return dc.reshape(*shape), ds


# ---- gated, eqs (7) and (8)

class Run(NamedTuple):
    """Eq. (7) over the facts of each question, its steps packed as recurrence_cuda.py has them."""

    packing: Packing
    row: Index                 # (P,) the packed row of each pair
    ends: Index                # (Q,) the packed row of each question's last fact
    last: Index                # (P,) the question that a packed row is the last of, -1 for none


def run_over(facts):
    """Facts -> Run."""
    rows, n = (integers(a).host for a in facts)
    packing = Packing(Sequences(rows, n, n[:, None] - 1))
    ends, last = packing.at.host, np.full(packing.P, -1)
    last[ends[ends >= 0]] = np.flatnonzero(ends >= 0)
    return Run(packing, Index(np.argsort(packing.gates.host)), packing.at, Index(last))


@cuda.jit(device=True)
def gates(q, off, row, s, g, g_packed):
    """Eq. (6)'s outer σ, of the scores of question q: a block."""
    n = off[q + 1] - off[q]
    for t in range(cuda.threadIdx.x, g.shape[1], cuda.blockDim.x):
        g[q, t] = sigmoid(s[q, t]) if t < n else ZERO
        if t < n:
            g_packed[row[off[q] + t]] = g[q, t]


@cuda.jit(device=True)
def gates_backward(q, dg, g, off, row, ds):
    """dg (P,), packed -> ds of the facts of question q: a block."""
    for t in range(cuda.threadIdx.x, off[q + 1] - off[q], cuda.blockDim.x):
        ds[q, t] = dg[row[off[q] + t]] * g[q, t] * (ONE - g[q, t])


@cuda.jit
def _gates(s, off, row, g, g_packed):
    gates(cuda.blockIdx.x, off, row, s, g, g_packed)


@cuda.jit
def _gates_backward(dg, g, off, row, ds):
    gates_backward(cuda.blockIdx.x, dg, g, off, row, ds)


@cuda.jit
def _last_states(h, ends, e):
    q, k = cuda.grid(1) // e.shape[1], cuda.grid(1) % e.shape[1]
    if q < e.shape[0]:
        e[q, k] = h[ends[q], k] if ends[q] >= 0 else ZERO


def run_forward(a, g, run, U, e):
    """a (R, 3H): facts that have met W and b; g (P,), packed -> e (Q, H), in its place; cache."""
    h, kept = gru_steps(a, run.packing, g, U)                                          # (7)
    launch(_last_states, e.size, h, run.ends.device, e)                                # (8)
    return g, h, kept


def run_backward(de, cache, run, U, dU):
    """de (Q, H) -> packed da (P, 3H), dg (P,).  Adds into dU."""
    da, dUh, dg = gru_steps_backward(gather(de, run.last), run.packing, cache, U)
    add_recurrent(dUh, cache[1], run.packing, dU)
    return da, dg


def gated_episode_forward(ops, c, s, gru):
    rows, facts = c.reshape(-1, c.shape[2]), own_facts(c)
    pairs, run = make_pairs(facts, len(rows)), run_over(facts)
    e, g = empty((len(s), c.shape[2]), s.dtype), empty(s.shape, s.dtype)
    g_packed = empty((len(rows),), s.dtype)
    launch_blocks(_gates, len(s), s, pairs.off.device, run.row.device, g, g_packed)
    cache = run_forward(affine(rows, gru.W, gru.b), g_packed, run, gru.U, e)
    return e, g, (rows, g, pairs, run, cache, c.shape)


def gated_episode_backward(ops, de, cache, gru, dgru):
    c, g, pairs, run, cache, shape = cache
    da, dg = run_backward(de, cache, run, gru.U, dgru.U)
    ds, da_rows = empty(g.shape, g.dtype), zeros((len(c), da.shape[1]), da.dtype)
    launch_blocks(_gates_backward, len(g), dg, g, pairs.off.device, run.row.device, ds)
    scatter_add(da, run.packing.rows.host, da_rows)
    return affine_backward(da_rows, c, gru.W, dgru.W, dgru.b).reshape(*shape), ds
