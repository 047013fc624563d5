# beside: gate/flat gated_episode/sums_after gru_cell/gates_apart
# ruff: noqa: F821


def passes_forward(c, q, n, W_b, W_1, b_1, W_2, b_2, W, U, b, W_m, U_m, b_m):
    """Each question by itself, with the facts that it sees."""
    m, caches = np.empty_like(q), []
    for k in range(len(q)):
        facts, one, all_of_them = c[k:k + 1, :n[k]], q[k:k + 1], n[k:k + 1]
        memory, steps = one, []
        for _ in range(2):
            s, of_gate = gate_forward(facts, memory, one, W_b, W_1, b_1, W_2, b_2)
            e, of_episode = gated_episode_forward(facts, s, all_of_them, W, U, b)
            memory, of_memory = gru_cell_forward(e, memory, W_m, U_m, b_m)
            steps.append((of_gate, of_episode, of_memory))
        m[k] = memory[0]
        caches.append((n[k], steps))
    return m, (caches, c.shape)


def passes_backward(dm, cache, dW_b, dW_1, db_1, dW_2, db_2, dW, dU, db, dW_m, dU_m, db_m):
    caches, shape = cache
    dc, dq = np.zeros(shape, dm.dtype), np.zeros_like(dm)
    for k, (n, steps) in enumerate(caches):
        dmemory = dm[k:k + 1]
        for of_gate, of_episode, of_memory in steps[::-1]:
            de, dmemory = gru_cell_backward(dmemory, of_memory, dW_m, dU_m, db_m)
            dfacts, ds = gated_episode_backward(de, of_episode, dW, dU, db)
            dfacts_g, dmemory_g, dq_g = gate_backward(ds, of_gate, dW_b, dW_1, db_1, dW_2, db_2)
            dc[k, :n] += dfacts[0] + dfacts_g[0]
            dmemory = dmemory + dmemory_g
            dq[k] += dq_g[0]
        dq[k] += dmemory[0]
    return dc, dq
