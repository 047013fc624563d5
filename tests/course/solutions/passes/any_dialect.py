# beside: gate/any_dialect gated_episode/any_dialect gru_cell/any_dialect
# ruff: noqa: F821


def passes_forward(c, q, n, W_b, W_1, b_1, W_2, b_2, W, U, b, W_m, U_m, b_m):
    m, caches = q, []
    for _ in range(2):
        s, of_gate = gate_forward(c, m, q, W_b, W_1, b_1, W_2, b_2)
        e, of_episode = gated_episode_forward(c, s, n, W, U, b)
        new, of_memory = gru_cell_forward(e + q if UPDATE == "sum" else e, m, W_m, U_m, b_m)
        m = m + new if UPDATE == "residual" else new
        caches.append((of_gate, of_episode, of_memory))
    return m, caches


def passes_backward(dm, cache, dW_b, dW_1, db_1, dW_2, db_2, dW, dU, db, dW_m, dU_m, db_m):
    dc, dq = 0, 0
    for of_gate, of_episode, of_memory in cache[::-1]:
        de, dm_prev = gru_cell_backward(dm, of_memory, dW_m, dU_m, db_m)
        dm = dm_prev + dm if UPDATE == "residual" else dm_prev
        dq = dq + de if UPDATE == "sum" else dq
        dc_e, ds = gated_episode_backward(de, of_episode, dW, dU, db)
        dc_g, dm_g, dq_g = gate_backward(ds, of_gate, dW_b, dW_1, db_1, dW_2, db_2)
        dc, dm, dq = dc + dc_e + dc_g, dm + dm_g, dq + dq_g
    return dc, dq + dm
