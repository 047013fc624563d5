# beside: gate/einsum gated_episode/masked gru_cell/rows
# ruff: noqa: F821


def passes_forward(c, q, n, W_b, W_1, b_1, W_2, b_2, W, U, b, W_m, U_m, b_m):
    s_1, gate_1 = gate_forward(c, q, q, W_b, W_1, b_1, W_2, b_2)
    e_1, episode_1 = gated_episode_forward(c, s_1, n, W, U, b)
    m_1, memory_1 = gru_cell_forward(e_1, q, W_m, U_m, b_m)
    s_2, gate_2 = gate_forward(c, m_1, q, W_b, W_1, b_1, W_2, b_2)
    e_2, episode_2 = gated_episode_forward(c, s_2, n, W, U, b)
    m_2, memory_2 = gru_cell_forward(e_2, m_1, W_m, U_m, b_m)
    return m_2, (gate_1, episode_1, memory_1, gate_2, episode_2, memory_2)


def passes_backward(dm_2, cache, dW_b, dW_1, db_1, dW_2, db_2, dW, dU, db, dW_m, dU_m, db_m):
    gate_1, episode_1, memory_1, gate_2, episode_2, memory_2 = cache
    de_2, dm_1 = gru_cell_backward(dm_2, memory_2, dW_m, dU_m, db_m)
    dc_2, ds_2 = gated_episode_backward(de_2, episode_2, dW, dU, db)
    dc_g2, dm_g2, dq_2 = gate_backward(ds_2, gate_2, dW_b, dW_1, db_1, dW_2, db_2)
    de_1, dm_0 = gru_cell_backward(dm_1 + dm_g2, memory_1, dW_m, dU_m, db_m)
    dc_1, ds_1 = gated_episode_backward(de_1, episode_1, dW, dU, db)
    dc_g1, dm_g1, dq_1 = gate_backward(ds_1, gate_1, dW_b, dW_1, db_1, dW_2, db_2)
    return dc_1 + dc_g1 + dc_2 + dc_g2, dq_1 + dq_2 + dm_0 + dm_g1
