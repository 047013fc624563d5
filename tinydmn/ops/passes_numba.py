"""The passes over the facts, compiled.  Meaning, names and shapes: passes_numpy.py.

What makes them fast, each exact: what no pass changes is made once (gate_numba.py); W c + b of
eq. (7)'s GRU is made once a fact for all passes and questions; facts are read where they stand,
never copied for each question; the first pass over a tagged sentence has the same gates for all its
words, so one run of eq. (7) gives the episodes of them all.

Episode kinds that are not known here are composed as in the reference.
"""

import numpy as np

from . import passes_numpy
from .embedding_numba import gather_backward
from .episode_numba import softmax_rows_backward, softmax_rows_forward
from .gate_numba import pass_backward, pass_forward, shared_backward, shared_forward, shared_zeros
from .groups import PAIRS, Facts, Passes, Sequences
from .gru_numba import (input_product, input_product_backward, states_backward, states_forward,
                        step_backward, step_forward)
from .gru_numpy import sigmoid

KNOWN = ("softmax", "gated")


def look_forward(c, m, q, facts, weights, how):
    """The passes of one kind that is known here: as passes_forward."""
    (rows, n), (W_b, W_1, b_1, W_2, b_2), gated = facts, weights.gate, how.episode == "gated"
    shared = shared_forward(c, rows, n, q, W_b, W_1, b_1)
    a = input_product(c, weights.episode.W, weights.episode.b) if gated else None
    run = Sequences(rows, n, n[:, None] - 1)
    ms, ss, gs, caches, done = [], [], [], [], np.zeros(len(q), bool)
    while len(ms) < how.n and not (how.stop and done.all()):
        s, gate_cache = pass_forward(m, shared, W_b, W_2, b_2)                         # (5), (6)
        if gated:
            g = sigmoid(s)
            e, episode_cache = states_forward(a, run, g, weights.episode.U)            # (7)
            e = e[:, 0]                                                                # (8)
        else:
            e, g = softmax_rows_forward(s, c, rows, n)                                 # section 4.1
            episode_cache = None
        a_m = input_product(e, weights.memory.W, weights.memory.b)
        m, memory_cache = step_forward(a_m, m, weights.memory.U)
        ms.append(m)
        ss.append(s)
        gs.append(g)
        caches.append((gate_cache, episode_cache, e, memory_cache))
        done |= s.argmax(axis=1) == n - 1
    return ms, ss, gs, (c, facts, shared, gs, caches, how)


def look_backward(dms, dss, cache, weights, dweights, dc):
    """-> dm (Q, H) of the memory it started from, dq (Q, H).  Adds into dc (R, H) and dweights."""
    c, (rows, n), shared, gs, caches, how = cache
    gate, episode, memory = weights
    dgate, depisode, dmemory = tuple(dweights.gate), dweights.episode, dweights.memory
    dshared, gated, dm = shared_zeros(shared), how.episode == "gated", 0
    da = np.zeros((len(c), 3 * c.shape[1]), c.dtype) if gated else None
    for i in reversed(range(len(caches))):
        gate_cache, episode_cache, e, memory_cache = caches[i]
        da_memory, dm = step_backward(dm + dms[i], memory_cache, memory.U, dmemory.U)
        de = input_product_backward(da_memory, e, memory.W, dmemory.W, dmemory.b)
        if gated:
            de = de[:, None]                                                           # (8)
            da_i, dg = states_backward(de, episode_cache, episode.U, depisode.U)       # (7)
            da += da_i
            ds = dg * gs[i] * (1.0 - gs[i])
        else:
            ds = softmax_rows_backward(de, gs[i], c, rows, n, dc)
        ds = ds if dss is None else ds + dss[i]
        dm = dm + pass_backward(ds, gate_cache, shared, dshared, (gate.W_b, gate.W_2), dgate)
    if gated:
        dc += input_product_backward(da, c, episode.W, depisode.W, depisode.b)
    return dm, shared_backward(dshared, shared, gate.W_b, dc, dgate)


def passes_forward(ops, c, m, q, facts, weights, how):
    if how.episode not in KNOWN:
        return passes_numpy.passes_forward(ops, c, m, q, facts, weights, how)
    return look_forward(c, m, q, facts, weights, how)


def passes_backward(ops, dms, dss, cache, weights, dweights):
    if cache[-1].episode not in KNOWN:
        return passes_numpy.passes_backward(ops, dms, dss, cache, weights, dweights)
    dc = np.zeros_like(cache[0])
    dm, dq = look_backward(dms, dss, cache, weights, dweights, dc)
    return dc, dm, dq


def chunks(n):
    """n (N,): facts each word sees -> slices of words, PAIRS facts at most or one word each."""
    out, start, total = [], 0, 0
    for i, k in enumerate(n):
        if i > start and total + k > PAIRS:
            out.append(slice(start, i))
            start, total = i, 0
        total += k
    return [*out, slice(start, len(n))]


def first_pass_forward(c, q, n_words, weights):
    """c (Q, F, H), q (Q, H) -> h (Q, F, H): eq. (7) at every word; g (Q, F), cache."""
    Q, F, H = c.shape
    (W_b, W_1, b_1, W_2, b_2), episode, _ = weights
    c, every = c.reshape(Q * F, H), np.arange(F, dtype=np.int32)
    rows = np.arange(Q * F, dtype=np.int32).reshape(Q, F)
    at = np.where(every < n_words[:, None], every, np.int32(-1))
    shared = shared_forward(c, rows, n_words, q, W_b, W_1, b_1)
    s, gate_cache = pass_forward(q, shared, W_b, W_2, b_2)                             # m^0 = q
    g = sigmoid(s)
    a = input_product(c, episode.W, episode.b)
    h, episode_cache = states_forward(a, Sequences(rows, n_words, at), g, episode.U)   # (7)
    return h, g, (c, shared, gate_cache, g, episode_cache)


def first_pass_backward(dh, cache, weights, dweights, dc, dq):
    """dh (Q, F, H).  Adds into dc (Q F, H), dq (Q, H) and dweights."""
    c, shared, gate_cache, g, episode_cache = cache
    gate, episode, _ = weights
    dgate, depisode, _ = dweights
    da, dg = states_backward(dh, episode_cache, episode.U, depisode.U)
    dc += input_product_backward(da, c, episode.W, depisode.W, depisode.b)
    dshared = shared_zeros(shared)
    ds = dg * g * (1.0 - g)
    dq += pass_backward(ds, gate_cache, shared, dshared, (gate.W_b, gate.W_2), tuple(dgate))
    dq += shared_backward(dshared, shared, gate.W_b, dc, tuple(dgate))


def word_passes_forward(ops, c, q, n_words, weights, how):
    if how.episode != "gated":
        return passes_numpy.word_passes_forward(ops, c, q, n_words, weights, how)
    Q, F, H = c.shape
    of = np.repeat(np.arange(Q, dtype=np.int32), n_words)  # (N,) the sentence of each word
    place = (np.arange(len(of)) - np.repeat(np.cumsum(n_words) - n_words, n_words)).astype(np.int32)
    rows, n = of[:, None] * np.int32(F) + np.arange(F, dtype=np.int32), place + np.int32(1)
    h, g, first = first_pass_forward(c, q, n_words, weights)
    e, q_word = h[of, place], q[of]                        # e^1 = h^1_t
    a_m = input_product(e, weights.memory.W, weights.memory.b)
    m_1, memory_cache = step_forward(a_m, q_word, weights.memory.U)
    gates = np.zeros((how.n, len(of), F), c.dtype)
    gates[0] = np.where(np.arange(F) <= place[:, None], g[of], 0.0)
    parts, later, results = chunks(n) if how.n > 1 else [], [], []
    rest, c = Passes(how.n - 1, "gated"), c.reshape(Q * F, H)
    look = lambda part: look_forward(c, m_1[part], q_word[part], _facts(rows, n, part),
                                     weights, rest)
    for part in parts:
        m, _, g_part, cache = look(part)
        results.append(m)
        later.append(cache if len(parts) == 1 else None)   # of several it is made again, backward
        for i, g_i in enumerate(g_part):
            gates[i + 1, part, :g_i.shape[1]] = g_i
    m = [m_1] + [np.concatenate([ms[i] for ms in results]) for i in range(how.n - 1)]
    cache = look, (of, place), parts, later, (first, e, memory_cache), (Q, F, H), how
    return np.stack(m), gates, cache


def word_passes_backward(ops, dm, cache, weights, dweights):
    if not isinstance(cache[-1], Passes):                  # composed
        return passes_numpy.word_passes_backward(ops, dm, cache, weights, dweights)
    look, (of, place), parts, later, (first, e, memory_cache), (Q, F, H), how = cache
    memory, dmemory = weights.memory, dweights.memory
    dc, dq = np.zeros((Q * F, H), dm.dtype), np.zeros((Q, H), dm.dtype)
    dq_word, dm_1 = np.zeros_like(dm), dm if how.n == 1 else np.empty_like(dm)
    for part, kept in zip(parts, later):
        kept = look(part)[-1] if kept is None else kept
        dms = [0] * (how.n - 2) + [dm[part]]
        dm_1[part], dq_word[part] = look_backward(dms, None, kept, weights, dweights, dc)
    da_memory, dm_0 = step_backward(dm_1, memory_cache, memory.U, dmemory.U)
    de = input_product_backward(da_memory, e, memory.W, dmemory.W, dmemory.b)
    dh = np.zeros((Q, F, H), dm.dtype)
    dh[of, place] = de
    first_pass_backward(dh, first, weights, dweights, dc, dq)
    gather_backward(dq_word + dm_0, of, dq)                # a sentence's words share q, and m^0 = q
    return dc.reshape(Q, F, H), dq


def _facts(rows, n, part):
    """The Facts of a chunk of words, no wider than its longest."""
    return Facts(np.ascontiguousarray(rows[part, :int(n[part].max())]), n[part])
