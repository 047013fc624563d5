"""The passes over the facts (section 2.3): gate, episode and memory in the paper's order.

    for i = 1 .. T_M:   s^i = G(c, m^{i-1}, q);   e^i from s^i and c;   m^i = GRU(e^i, m^{i-1})

This composition is the reference; a back end may override the whole of it.
Sizes: R facts in all, Q questions, T visible facts of one at most, H hidden.
"""

import numpy as np

from .groups import Facts

__all__ = ["passes_forward", "passes_backward", "word_passes_forward", "word_passes_backward",
           "stopped_at"]


def passes_forward(ops, c, m, q, facts, weights, how):
    """c (R, H): all facts; facts: Facts, the rows of it each question has; m^0 = m, q (Q, H);
    weights: Memory; how: Passes.

    -> memories, scores, gates, each an array a pass that was made: m (Q, H); s (Q, T), -inf on
    padding; g (Q, T), 0 there; and cache.
    """
    rows, n = facts
    padding = np.arange(rows.shape[1]) >= n[:, None]       # (Q, T)
    c_q = c[rows]                                          # (Q, T, H)  the facts of each question
    episode = getattr(ops, how.episode + "_episode_forward")
    ms, ss, gs, caches, done = [], [], [], [], np.zeros(len(q), bool)
    while len(ms) < how.n and not (how.stop and done.all()):
        s, gate_cache = ops.gate_forward(c_q, m, q, weights.gate)                      # (5), (6)
        s = np.where(padding, s.dtype.type(-np.inf), s)
        e, g, episode_cache = episode(c_q, s, weights.episode)                         # (7), (8)
        m, memory_cache = ops.gru_cell_forward(e, m, weights.memory)
        ms.append(m)
        ss.append(s)
        gs.append(g)
        caches.append((gate_cache, episode_cache, memory_cache))
        done |= s.argmax(axis=1) == n - 1                  # a question's last row is end-of-passes
    return ms, ss, gs, (c.shape, facts, caches, how)


def passes_backward(ops, dms, dss, cache, weights, dweights):
    """dms: (Q, H) a pass; dss: (Q, T) a pass, what the scores' own loss gives, or None.

    -> dc (R, H), dm (Q, H) of the memory it started from, dq (Q, H).  Adds into dweights.
    """
    c_shape, (rows, n), caches, how = cache
    episode = getattr(ops, how.episode + "_episode_backward")
    visible = np.arange(rows.shape[1]) < n[:, None]        # (Q, T)
    dm = np.zeros_like(dms[-1])
    dc, dq = np.zeros(c_shape, dm.dtype), np.zeros_like(dm)
    for i in reversed(range(len(caches))):
        gate_cache, episode_cache, memory_cache = caches[i]
        de, dm = ops.gru_cell_backward(dms[i] + dm, memory_cache, weights.memory, dweights.memory)
        dc_episode, ds = episode(de, episode_cache, weights.episode, dweights.episode)  # (8), (7)
        if dss is not None:
            ds = ds + dss[i]
        ds = np.where(visible, ds, ds.dtype.type(0))
        dc_gate, dm_gate, dq_gate = ops.gate_backward(ds, gate_cache, weights.gate, dweights.gate)
        np.add.at(dc, rows, dc_episode + dc_gate)
        dm = dm + dm_gate
        dq += dq_gate
    return dc, dm, dq


def word_passes_forward(ops, c, q, n_words, weights, how):
    """A memory for each word of a sentence (section 2.4): word t sees the facts 0 .. t, m^0 = q.

    c (Q, F, H): every word a fact; q (Q, H); n_words (Q,): N words in all, sentence by sentence.
    -> memories (passes, N, H), gates (passes, N, F), cache.
    """
    Q, F, H = c.shape
    of = np.repeat(np.arange(Q, dtype=np.int32), n_words)  # (N,) the sentence of each word
    # (N,) how many facts it sees
    n = np.concatenate([np.arange(1, k + 1, dtype=np.int32) for k in n_words])         # (N,)
    rows = (of[:, None] * F + np.arange(F)).astype(np.int32)
    c, facts = c.reshape(Q * F, H), Facts(rows, n)
    m, _, g, cache = ops.passes_forward(c, q[of], q[of], facts, weights, how)
    return np.stack(m), np.stack(g), (cache, of, (Q, F, H), how.n)


def word_passes_backward(ops, dm, cache, weights, dweights):
    """dm (N, H), of the last memories -> dc (Q, F, H), dq (Q, H).  Adds into dweights."""
    cache, of, shape, passes = cache
    dms = [np.zeros_like(dm)] * (passes - 1) + [dm]
    dc, dm_0, dq_word = ops.passes_backward(dms, None, cache, weights, dweights)
    dq = np.zeros((shape[0], shape[2]), dm.dtype)
    np.add.at(dq, of, dm_0 + dq_word)                      # a sentence's words share q, and m^0 = q
    return dc.reshape(shape), dq


def stopped_at(s, n):
    """s (passes, Q, T), n (Q,) -> (Q,) ints on the host: the first pass, counted from 1, that chose
    end-of-passes, a question's last row; where none did, the last pass.
    """
    ends = s.argmax(axis=2) == n - 1
    return np.where(ends.any(axis=0), ends.argmax(axis=0) + 1, len(s))
