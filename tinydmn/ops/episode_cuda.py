"""From scores to an episode on the device, over facts that stand once.

Meaning: episode_numpy.py.
"""

import math

from .arrays_cuda import zeros
from .device import ONE, ZERO, cuda, empty, integers, launch
from .gate_cuda import make_pairs, own_facts
from .groups import Sequences
from .gru_cuda import gru_steps, gru_steps_backward, sigmoid
from .product_cuda import affine, affine_backward
from .recurrence_cuda import Packing, states_backward, states_forward


@cuda.jit
def _softmax_of_facts(s, place, g):
    q, T = cuda.grid(1), s.shape[1]
    if q < s.shape[0]:
        largest, total = s[q, 0], ZERO
        for t in range(T):
            if place[q, t] >= 0:
                largest = max(largest, s[q, t])
        for t in range(T):
            g[q, t] = math.exp(s[q, t] - largest) if place[q, t] >= 0 else ZERO
            total += g[q, t]
        for t in range(T):
            g[q, t] = g[q, t] / total


@cuda.jit
def _weighted_sum(g, c, fact, off, e):
    H = c.shape[1]
    q, k = cuda.grid(1) // H, cuda.grid(1) % H
    if q < e.shape[0]:
        total = ZERO
        for p in range(off[q], off[q + 1]):
            total += g[q, p - off[q]] * c[fact[p], k]
        e[q, k] = total


def softmax_forward(s, c, pairs):
    """s (Q, T), c (R, H) -> e (Q, H), g (Q, T)."""
    e, g = empty((len(s), c.shape[1]), s.dtype), empty(s.shape, s.dtype)
    launch(_softmax_of_facts, len(s), s, pairs.place.device, g)
    launch(_weighted_sum, e.size, g, c, pairs.fact.device, pairs.off.device, e)
    return e, g


@cuda.jit
def _to_gates(de, c, place, fact, ds):
    q, t = cuda.grid(1) // ds.shape[1], cuda.grid(1) % ds.shape[1]
    if q < ds.shape[0]:
        total = ZERO
        if place[q, t] >= 0:
            r = fact[place[q, t]]
            for k in range(c.shape[1]):
                total += de[q, k] * c[r, k]
        ds[q, t] = total


@cuda.jit
def _through_softmax(g, ds):
    q = cuda.grid(1)
    if q < g.shape[0]:
        mean = ZERO
        for t in range(g.shape[1]):
            mean += g[q, t] * ds[q, t]
        for t in range(g.shape[1]):
            ds[q, t] = g[q, t] * (ds[q, t] - mean)


@cuda.jit
def _to_facts(de, g, of, off, seen, seen_from, dc):
    H = dc.shape[1]
    r, k = cuda.grid(1) // H, cuda.grid(1) % H
    if r < dc.shape[0]:
        total = dc[r, k]
        for i in range(seen_from[r], seen_from[r + 1]):
            q = of[seen[i]]
            total += g[q, seen[i] - off[q]] * de[q, k]
        dc[r, k] = total


def softmax_backward(de, g, c, pairs, dc):
    """de (Q, H) -> ds (Q, T), 0 on padding.  Adds into dc (R, H)."""
    ds = empty(g.shape, g.dtype)
    launch(_to_gates, ds.size, de, c, pairs.place.device, pairs.fact.device, ds)
    launch(_through_softmax, len(g), g, ds)
    launch(_to_facts, dc.size, de, g, pairs.of.device, pairs.off.device, pairs.seen.device,
           pairs.seen_from.device, dc)
    return ds


@cuda.jit
def _sigmoid_of(s, g):
    i = cuda.grid(1)
    if i < g.size:
        T = s.shape[1]
        g[i // T, i % T] = sigmoid(s[i // T, i % T])


@cuda.jit
def _through_sigmoid(dg, g, ds):
    i = cuda.grid(1)
    if i < g.size:
        q, t = i // g.shape[1], i % g.shape[1]
        ds[q, t] = dg[q, t] * g[q, t] * (ONE - g[q, t])


def gates_forward(s):
    """g = σ(s): eq. (6)'s outer σ; 0 where s is -inf."""
    g = empty(s.shape, s.dtype)
    launch(_sigmoid_of, s.size, s, g)
    return g


def gates_backward(dg, g):
    ds = empty(g.shape, g.dtype)
    launch(_through_sigmoid, g.size, dg, g, ds)
    return ds


def gated_forward(s, a, packing, U):
    """Eqs (7), (8).  s (Q, T), a (R, 3H): facts that have met W and b -> e (Q, H), g, cache."""
    g = gates_forward(s)
    e, cache = states_forward(gru_steps, a, packing, U, g)
    return e.reshape(len(s), -1), g, cache


def gated_backward(de, g, cache, U, dU):
    """de (Q, H) -> da (R, 3H), ds (Q, T).  Adds into dU."""
    de = de.reshape(len(de), 1, de.shape[1])
    da, dg = states_backward(gru_steps_backward, de, cache, U, dU)
    return da, gates_backward(dg, g)


def last_of(facts):
    """Facts -> Packing of a run over them whose last states are wanted: eq. (8)."""
    rows, n = (integers(a).host for a in facts)
    return Packing(Sequences(rows, n, n[:, None] - 1))


def softmax_episode_forward(c, s, weights=None):
    rows = c.reshape(-1, c.shape[2])
    pairs = make_pairs(own_facts(c), len(rows))            # -inf on padding makes a gate of 0
    e, g = softmax_forward(s, rows, pairs)
    return e, g, (rows, g, pairs, c.shape)


def softmax_episode_backward(de, cache, weights=None, dweights=None):
    c, g, pairs, shape = cache
    dc = zeros(c.shape, c.dtype)
    ds = softmax_backward(de, g, c, pairs, dc)
    return dc.reshape(*shape), ds


def gated_episode_forward(ops, c, s, gru):
    rows = c.reshape(-1, c.shape[2])
    e, g, cache = gated_forward(s, affine(rows, gru.W, gru.b), last_of(own_facts(c)), gru.U)
    return e, g, (rows, g, cache, c.shape)


def gated_episode_backward(ops, de, cache, gru, dgru):
    c, g, cache, shape = cache
    da, ds = gated_backward(de, g, cache, gru.U, dgru.U)
    return affine_backward(da, c, gru.W, dgru.W, dgru.b).reshape(*shape), ds
