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


def forward(facts, q, story_of, n_facts, params, passes, episode, ops):
    """facts (S, F, H), q (Q, H), story_of and n_facts (Q,) int32.

    -> m (passes + 1, Q, H); s, g (passes, Q, T): the scores of eq. (6) before its σ, -inf on padding, and the gates
    after σ (episode "gated") or softmax ("softmax"); cache.
    """
    S, F, H = facts.shape
    W_b, W_1, b_1, W_2, b_2 = (params["gate." + p] for p in ("W_b", "W_1", "b_1", "W_2", "b_2"))
    rows, n = candidates(story_of, n_facts, S, F)
    last = n[:, None] - 1
    c = np.concatenate([facts.reshape(S * F, H), params["memory.end_of_passes"][None]])
    shared = ops.gate_shared_forward(c, rows, n, q, W_b, W_1, b_1)
    a = ops.input_product(c, params["episode.W"], params["episode.b"]) if episode == "gated" else None
    m, s, g, caches = [q], [], [], []
    for i in range(passes):
        s_i, gate_cache = ops.gate_forward(m[i], shared, W_b, W_1, W_2, b_2)                           # (5), (6)
        if episode == "gated":
            g_i = ops.sigmoid_gates_forward(s_i)
            e, episode_cache = ops.gru_forward(a, rows, n, last, g_i, params["episode.U"])             # (7)
            e = e[:, 0]                                                                                # (8)
        else:
            e, g_i = ops.softmax_episode_forward(s_i, c, rows, n)                                      # section 4.1
            episode_cache = None
        m_i, memory_cache = ops.gru_cell_forward(ops.input_product(e, params["memory.W"], params["memory.b"]), m[i],
                                                 params["memory.U"])                                   # m^i = GRU(e^i, m^{i-1})
        m.append(m_i)
        s.append(s_i)
        g.append(g_i)
        caches.append((gate_cache, episode_cache, e, memory_cache))
    return np.stack(m), np.stack(s), np.stack(g), (c, rows, n, last, shared, a, g, caches)


def backward(dm_last, ds, cache, params, episode, ops, grads):
    """dm_last (Q, H) of the last memory, ds (passes, Q, T) from the gates' own loss -> dfacts (R - 1, H), dq (Q, H)."""
    c, rows, n, last, shared, a, g, caches = cache
    W_b, W_1, W_2 = params["gate.W_b"], params["gate.W_1"], params["gate.W_2"]
    dshared = ops.gate_shared_zeros(shared, W_1)
    dc, da, dm = np.zeros_like(c), np.zeros_like(a) if episode == "gated" else None, dm_last
    for i in reversed(range(len(caches))):
        gate_cache, episode_cache, e, memory_cache = caches[i]
        da_memory, dm = ops.gru_cell_backward(dm, memory_cache, params["memory.U"], grads["memory.U"])
        de = ops.input_product_backward(da_memory, e, params["memory.W"], grads["memory.W"], grads["memory.b"])
        if episode == "gated":
            da_i, dg = ops.gru_backward(de[:, None], episode_cache, rows, n, last, g[i], params["episode.U"],
                                        grads["episode.U"])                                            # through (8), (7)
            da += da_i
            ds_i = ops.sigmoid_gates_backward(dg, g[i])
        else:
            ds_i = ops.softmax_episode_backward(de, g[i], c, rows, n, dc)
        dm = dm + ops.gate_backward(ds_i + ds[i], gate_cache, shared, dshared, W_b, W_1, W_2,
                                    grads["gate.W_b"], grads["gate.W_1"], grads["gate.W_2"], grads["gate.b_2"])   # (6), (5)
    if episode == "gated":
        dc += ops.input_product_backward(da, c, params["episode.W"], grads["episode.W"], grads["episode.b"])
    dq = dm + ops.gate_shared_backward(dshared, shared, W_b, W_1, dc, grads["gate.W_b"], grads["gate.W_1"], grads["gate.b_1"])
    grads["memory.end_of_passes"] += dc[-1]
    return dc[:-1], dq                                     # m^0 = q: what reaches m^0 is q's
