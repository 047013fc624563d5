"""Episodic memory module (section 2.3): passes over the facts, each guided by what the last one found.

    m^0 = q;   for i = 1 .. T_M:   g^i_t = G(c_t, m^{i-1}, q);   e^i from g^i and c;   m^i = GRU(e^i, m^{i-1})

All facts stand once, in c (R, H), the end-of-passes vector behind them as the last; rows (Q, T) says which of them a question
may look at: its n_facts facts in their order, then end-of-passes.  Sizes: Q questions, T places to look at, R facts in all.
"""

import numpy as np


def candidates(story_of, n_facts, S, F):
    """rows (Q, T) into S * F facts and the end-of-passes vector behind them; n (Q,) places a question has, n_facts + 1."""
    place = np.arange(int(n_facts.max()) + 1, dtype=np.int32)
    rows = np.where(place < n_facts[:, None], story_of[:, None] * np.int32(F) + place, np.int32(S * F))
    return rows.astype(np.int32), (n_facts + 1).astype(np.int32)


def look_forward(c, rows, n, q, m, params, passes, episode, ops, stop=False):
    """`passes` passes over the places of each question.  c (R, H); rows, n: `candidates`; q, m (Q, H), m: the memory to begin with.

    -> memories, scores, gates, one array a pass: m (Q, H); s, g (Q, T), the scores of eq. (6) before its σ, -inf on padding, and the gates
    after σ (episode "gated") or softmax ("softmax"); cache.  stop: end when every question has chosen end-of-passes, its last place.
    """
    W_b, W_1, b_1, W_2, b_2 = (params["gate." + p] for p in ("W_b", "W_1", "b_1", "W_2", "b_2"))
    last = n[:, None] - 1
    shared = ops.gate_shared_forward(c, rows, n, q, W_b, W_1, b_1)
    a = ops.input_product(c, params["episode.W"], params["episode.b"]) if episode == "gated" else None
    ms, ss, gs, caches, done = [], [], [], [], np.zeros(len(q), bool)
    while len(ms) < passes and not (stop and done.all()):
        s, gate_cache = ops.gate_forward(m, shared, W_b, W_1, W_2, b_2)                                # (5), (6)
        if episode == "gated":
            g = ops.sigmoid_gates_forward(s)
            e, episode_cache = ops.gru_forward(a, rows, n, last, g, params["episode.U"])               # (7)
            e = e[:, 0]                                                                                # (8)
        else:
            e, g = ops.softmax_episode_forward(s, c, rows, n)                                          # section 4.1
            episode_cache = None
        m, memory_cache = ops.gru_cell_forward(ops.input_product(e, params["memory.W"], params["memory.b"]), m,
                                               params["memory.U"])                                     # m^i = GRU(e^i, m^{i-1})
        ms.append(m)
        ss.append(s)
        gs.append(g)
        caches.append((gate_cache, episode_cache, e, memory_cache))
        done |= s.argmax(axis=1) == n - 1
    return ms, ss, gs, (c, rows, n, last, shared, a, gs, caches)


def look_backward(dms, dss, cache, params, episode, ops, grads, dc):
    """dms: (Q, H) a pass, the gradient that reaches each memory from outside; dss: (Q, T) a pass, of the scores, from the gates' own loss,
    or None for none.  -> dq (Q, H), dm (Q, H) of the memory it began with.  Adds into dc (R, H)."""
    c, rows, n, last, shared, a, g, caches = cache
    W_b, W_1, W_2 = params["gate.W_b"], params["gate.W_1"], params["gate.W_2"]
    dshared = ops.gate_shared_zeros(shared, W_1)
    da, dm = np.zeros_like(a) if episode == "gated" else None, 0
    for i in reversed(range(len(caches))):
        gate_cache, episode_cache, e, memory_cache = caches[i]
        da_memory, dm = ops.gru_cell_backward(dm + dms[i], memory_cache, params["memory.U"], grads["memory.U"])
        de = ops.input_product_backward(da_memory, e, params["memory.W"], grads["memory.W"], grads["memory.b"])
        if episode == "gated":
            da_i, dg = ops.gru_backward(de[:, None], episode_cache, rows, n, last, g[i], params["episode.U"],
                                        grads["episode.U"])                                            # through (8), (7)
            da += da_i
            ds = ops.sigmoid_gates_backward(dg, g[i])
        else:
            ds = ops.softmax_episode_backward(de, g[i], c, rows, n, dc)
        ds = ds if dss is None else ds + dss[i]
        dm = dm + ops.gate_backward(ds, gate_cache, shared, dshared, W_b, W_1, W_2,
                                    grads["gate.W_b"], grads["gate.W_1"], grads["gate.W_2"], grads["gate.b_2"])   # (6), (5)
    if episode == "gated":
        dc += ops.input_product_backward(da, c, params["episode.W"], grads["episode.W"], grads["episode.b"])
    return ops.gate_shared_backward(dshared, shared, W_b, W_1, dc, grads["gate.W_b"], grads["gate.W_1"], grads["gate.b_1"]), dm


def forward(facts, q, story_of, n_facts, params, passes, episode, ops, stop=False):
    """facts (S, F, H), q (Q, H), story_of and n_facts (Q,) int32.

    -> m (passes + 1, Q, H); s, g (passes, Q, T): scores and gates as in look_forward; cache.  stop: end when every question has chosen
    end-of-passes; what is left is for `cut`.
    """
    S, F, H = facts.shape
    rows, n = candidates(story_of, n_facts, S, F)
    c = np.concatenate([facts.reshape(S * F, H), params["memory.end_of_passes"][None]])
    m, s, g, cache = look_forward(c, rows, n, q, q, params, passes, episode, ops, stop)
    spared = passes - len(m)                               # passes that no question of the batch asked for
    return np.stack([q, *m, *spared * m[-1:]]), np.stack([*s, *spared * s[-1:]]), np.stack([*g, *spared * g[-1:]]), cache


def cut(m, s, g, made):
    """Takes back what passes behind a question's own end did, which were made for its neighbours: made (Q,) passes each -> m, s, g.

    Behind its end a question's memory stays, its scores are -inf and its gates 0.
    """
    passes, Q = s.shape[:2]
    behind = (np.arange(passes)[:, None] >= made)[..., None]                                           # (passes, Q, 1)
    m = m[np.minimum(np.arange(passes + 1)[:, None], made), np.arange(Q)]
    return m, np.where(behind, s.dtype.type(-np.inf), s), np.where(behind, g.dtype.type(0), g)


def backward(dm, ds, cache, params, episode, ops, grads):
    """dm (passes + 1, Q, H) of every memory, ds (passes, Q, T) from the gates' own loss -> dfacts (R - 1, H), dq (Q, H)."""
    dc = np.zeros_like(cache[0])
    dq, dm_0 = look_backward(dm[1:], ds, cache, params, episode, ops, grads, dc)
    grads["memory.end_of_passes"] += dc[-1]
    return dc[:-1], dm[0] + dm_0 + dq                      # m^0 = q: what reaches m^0 is q's
