"""The passes over the facts on the device.  Meaning, names and shapes: passes_numpy.py; the algebra
of the compiled version: gate_numba.py.
"""

import numpy as np

from ..errors import UserError
from .answer_cuda import argmax_rows
from .arrays_cuda import add, add_into, gather, scatter_add, stack, zeros
from .device import Index, integers
from .episode_cuda import (gated_backward, gated_forward, last_of, softmax_backward,
                           softmax_forward)
from .gate_cuda import make_pairs, pass_backward, pass_forward, shared_backward, shared_forward
from .groups import Facts
from .gru_cuda import step_backward, step_forward
from .product_cuda import affine, affine_backward

KNOWN = ("softmax", "gated")


def passes_forward(ops, c, m, q, facts, weights, how):
    if how.episode not in KNOWN:
        raise UserError(f"--episode {how.episode}: it has no CUDA kernels; "
                        "use --backend numba or numpy")
    facts = Facts(*map(integers, facts))
    n, gated = facts.n.host, how.episode == "gated"
    pairs = make_pairs(facts, len(c))
    shared = shared_forward(c, q, pairs, weights.gate)
    a = affine(c, weights.episode.W, weights.episode.b) if gated else None
    run = last_of(facts) if gated else None
    ms, ss, gs, caches, done = [], [], [], [], np.zeros(len(q), bool)
    while len(ms) < how.n and not (how.stop and done.all()):
        s, gate_cache = pass_forward(m, shared, weights.gate)                          # (5), (6)
        if gated:
            e, g, episode_cache = gated_forward(s, a, run, weights.episode.U)          # (7), (8)
        else:
            (e, g), episode_cache = softmax_forward(s, c, pairs), None                 # section 4.1
        m, memory_cache = step_forward(affine(e, weights.memory.W, weights.memory.b), m,
                                       weights.memory.U)
        ms.append(m)
        ss.append(s)
        gs.append(g)
        caches.append((gate_cache, episode_cache, e, memory_cache))
        if how.stop:
            done |= argmax_rows(s) == n - 1
    return ms, ss, gs, (c, shared, gs, caches, how)


def passes_backward(ops, dms, dss, cache, weights, dweights):
    c, shared, gs, caches, how = cache
    gate, episode, memory = weights
    gated, pairs = how.episode == "gated", shared[2]
    dc, d_shared, dm = (zeros(a.shape, c.dtype) for a in (c, shared[-1], dms[-1]))
    da = zeros((len(c), 3 * c.shape[1]), c.dtype) if gated else None
    into = dc, dweights.gate
    for i in reversed(range(len(caches))):
        gate_cache, episode_cache, e, memory_cache = caches[i]
        da_memory, dm = step_backward(add(dms[i], dm), memory_cache, memory.U, dweights.memory.U)
        de = affine_backward(da_memory, e, memory.W, dweights.memory.W, dweights.memory.b)
        if gated:
            da_i, ds = gated_backward(de, gs[i], episode_cache, episode.U, dweights.episode.U)
            add_into(da, da_i)
        else:
            ds = softmax_backward(de, gs[i], c, pairs, dc)
        ds = ds if dss is None else add(ds, dss[i])
        add_into(dm, pass_backward(ds, gate_cache, shared, d_shared, gate, into))
    if gated:
        add_into(dc, affine_backward(da, c, episode.W, dweights.episode.W, dweights.episode.b))
    return dc, dm, shared_backward(d_shared, shared, gate, into)


def word_passes_forward(ops, c, q, n_words, weights, how):
    Q, F, H = c.shape
    n_words = integers(n_words).host
    of = np.repeat(np.arange(Q), n_words)                  # (N,) the sentence of each word
    place = np.arange(len(of)) - np.repeat(np.cumsum(n_words) - n_words, n_words)
    rows = of[:, None] * F + np.arange(F)
    facts = Facts(rows.astype(np.int32), (place + 1).astype(np.int32))
    q_word = gather(q, Index(of))
    m, _, g, cache = passes_forward(ops, c.reshape(Q * F, H), q_word, q_word, facts, weights, how)
    return stack(m), stack(g), (cache, of, (Q, F, H), how.n)


def word_passes_backward(ops, dm, cache, weights, dweights):
    cache, of, (Q, F, H), passes = cache
    dms = [zeros(dm.shape, dm.dtype)] * (passes - 1) + [dm]
    dc, dm_0, dq_word = passes_backward(ops, dms, None, cache, weights, dweights)
    dq = zeros((Q, H), dm.dtype)
    scatter_add(add(dm_0, dq_word), of, dq)                # a sentence's words share q, and m^0 = q
    return dc.reshape(Q, F, H), dq


def stopped_at(s, n):
    n = integers(n).host
    ends = np.stack([argmax_rows(s[i]) for i in range(len(s))]) == n - 1
    return np.where(ends.any(axis=0), ends.argmax(axis=0) + 1, len(s))
