# beside: gate/recompute gated_episode/recompute gru_cell/recompute
# ruff: noqa: F821


def passes_forward(c, q, n, *weights):
    ms = [q]
    for i in range(2):
        s, _ = gate_forward(c, ms[i], q, *weights[:5])
        e, _ = gated_episode_forward(c, s, n, *weights[5:8])
        ms.append(gru_cell_forward(e, ms[i], *weights[8:])[0])
    return ms[2], (c.copy(), q.copy(), n, ms[1], [w.copy() for w in weights])


def passes_backward(dm, cache, *dweights):
    c, q, n, m_1, weights = cache
    dc, dq = np.zeros_like(c), np.zeros_like(q)
    for m in (m_1, q):
        s, of_gate = gate_forward(c, m, q, *weights[:5])
        e, of_episode = gated_episode_forward(c, s, n, *weights[5:8])
        _, of_memory = gru_cell_forward(e, m, *weights[8:])
        de, dm = gru_cell_backward(dm, of_memory, *dweights[8:])
        parts, ds = gated_episode_backward(de, of_episode, *dweights[5:8])
        np.add(dc, parts, out=dc)
        parts, through, of_q = gate_backward(ds, of_gate, *dweights[:5])
        np.add(dc, parts, out=dc)
        np.add(dq, of_q, out=dq)
        dm = dm + through
    return dc, dq + dm
