# beside: gate/loops gated_episode/per_question gru_cell/einsum
# ruff: noqa: F821


def pass_forward(c, q, n, m, gate, episode, memory):
    s, of_gate = gate_forward(c, m, q, *gate)
    e, of_episode = gated_episode_forward(c, s, n, *episode)
    new, of_memory = gru_cell_forward(e, m, *memory)
    return new, (of_gate, of_episode, of_memory)


def pass_backward(dm, cache, dgate, depisode, dmemory):
    of_gate, of_episode, of_memory = cache
    de, straight = gru_cell_backward(dm, of_memory, *dmemory)
    dc, ds = gated_episode_backward(de, of_episode, *depisode)
    more, by_gate, dq = gate_backward(ds, of_gate, *dgate)
    return dc + more, straight + by_gate, dq


def passes_forward(c, q, n, *weights):
    groups = weights[:5], weights[5:8], weights[8:]
    m_1, first = pass_forward(c, q, n, q, *groups)
    m_2, second = pass_forward(c, q, n, m_1, *groups)
    return m_2, (first, second)


def passes_backward(dm, cache, *dweights):
    groups = dweights[:5], dweights[5:8], dweights[8:]
    first, second = cache
    dc_2, dm_1, dq_2 = pass_backward(dm, second, *groups)
    dc_1, dm_0, dq_1 = pass_backward(dm_1, first, *groups)
    dq = np.copy(dm_0)
    dq += dq_1
    dq += dq_2
    return dc_2 + dc_1, dq
