"""Mistakes in the files any_dialect.py, which are mistakes in every dialect.

A line: the text that stands in it once, the wrong text, what still counts: "forward", "backward" or ""."""

WRONG = {
    "gru_cell": [
        ("* z * (1 - z)", "* z", "forward"), ('sign = 1 if KEEP == "z" else -1', 'sign = -1 if KEEP == "z" else 1', "forward"),
        ("slope(a_h)\n", "slope(t)\n", "forward"), ("da_h = dh * (1 - keep)", "da_h = dh * keep", "forward"), ("dh_prev = dh * keep", "dh_prev = 0 * dh", "forward"),
        ("dr * r * (1 - r)", "dr * r", "forward"), ("dW += da.T @ x", "dW[...] = da.T @ x", "forward"), ("dW += da.T @ x", "dW = dW + da.T @ x", "forward"),
        ("db += da.sum(axis=0)", "db += da.mean(axis=0)", "forward"), ("dU[:2 * H] += da[:, :2 * H].T @ h_prev", "dU[:2 * H] += da[:, :2 * H].T @ h_prev / len(x)", "forward"),
        ("dh_prev + da[:, :2 * H] @ U[:2 * H]", "dh_prev", "forward"), ("return da @ W, dh_prev + da[:, :2 * H] @ U[:2 * H]", "return da @ W", "forward"),
        ("dh_prev = dh * keep", "dh *= keep\n    dh_prev = dh", "forward"), ("da = np.hstack", "da = np.hstak", "forward"),
        ("a = x @ W.T + b", "a = x @ W.T", ""), ("return keep * h_prev + (1 - keep) * t", "return (1 - keep) * h_prev + keep * t", ""),
        ("zr = sigmoid(", "zr = np.tanh(", ""), ("return keep * h_prev", "return 2 * keep * h_prev", ""), ("t = activation(a_h)", "t = a_h", ""),
        ("return keep * h_prev + (1 - keep) * t", "return (keep * h_prev + (1 - keep) * t).astype(np.float64)", "backward")],
    "gru": [
        ("* z * (1 - z)", "* z", "forward"), ("slope(a_h)\n", "slope(t)\n", "forward"), ("da_h = dh * (1 - keep)", "da_h = dh * keep", "forward"),
        ("dW += da.T @ x", "dW[...] = da.T @ x", "forward"), ("dh_prev + da[:, :2 * H] @ U[:2 * H]", "dh_prev", "forward"),
        ("(carried + dh[:, t])", "dh[:, t]", "forward"), ("reversed(range(len(caches)))", "range(len(caches))", "forward"),
        ("lives = (t < n)", "lives = (t <= n)", "backward"), ("zr = sigmoid(", "zr = np.tanh(", ""), ("out[:, t] = h * lives", "out[:, t] = new", "")],
    "gate_features": [
        ("right @ W_b.T", "right @ W_b", "forward"), ("dW_b += np.einsum", "dW_b[...] = np.einsum", "forward"), ("+ d_aq + d_am +", "+ d_aq +", "forward"),
        ("- d_aq + d_wq * cW", "+ d_aq + d_wq * cW", "forward"), ("d_wq * q + d_wm * m", "d_wq * q", "forward"),
        ("np.concatenate([c, m, q,", "np.concatenate([c, q, m,", ""), ("cW = c @ W_b", "cW = c @ W_b.T", ""), ("return z, (c", "return z.astype(np.float64), (c", "backward")],
    "gate": [
        ("W_2 * (1 - u**2)", "W_2", "forward"), ("db_2 += ds.sum()", "db_2 += ds.mean()", "forward"), ("dW_2 += np.einsum", "dW_2[...] = np.einsum", "forward"),
        ("features_backward(da @ W_1", "features_backward(2 * da @ W_1", "forward"), ("u = np.tanh(z @ W_1.T + b_1)", "u = z @ W_1.T + b_1", ""),
        ("return u @ W_2 + b_2,", "return u @ W_2,", "")],
    "gated_episode": [
        ("(dh * change).sum(axis=1)", "(dh * change).mean(axis=1)", "forward"), ("dh = dh * (1 - g[:, t, None]) + through", "dh = through", "forward"),
        ("dh = dh * (1 - g[:, t, None]) + through", "dh = dh + through", "forward"), ("dg * g * (1 - g)", "dg * g", "forward"),
        ("dc.insert(0, dc_t)", "dc.append(dc_t)", "forward"), ("cell_backward(g[:, t, None] * dh,", "cell_backward(dh,", "forward"),
        ("h = h + g[:, t, None] * (new - h)", "h = h + (1 - g[:, t, None]) * (new - h)", ""), ("g = sigmoid(s) * (np.arange(s.shape[1]) < n[:, None])", "g = sigmoid(s)", "backward"),
        ("(np.arange(s.shape[1]) < n[:, None])", "(np.arange(s.shape[1]) <= n[:, None])", "backward")],
    "passes": [
        ("return dc, dq + dm", "return dc, dq", "forward"), ("return dc, dq + dm", "return dc, dq - dm", "forward"), ("return dc, dq + dm", "return dq + dm, dc", "forward"),
        ("dm + dm_g, dq + dq_g", "dm, dq + dq_g", "forward"), ("dm + dm_g, dq + dq_g", "dm + dm_g, dq_g", "forward"), ("dm + dm_g, dq + dq_g", "dm + dm_g, dq - dq_g", "forward"),
        ("dc + dc_e + dc_g", "dc + dc_e", "forward"), ("dc + dc_e + dc_g", "dc_e + dc_g", "forward"), ("dc_g, dm_g, dq_g =", "dc_g, dq_g, dm_g =", "forward"),
        ("in cache[::-1]", "in cache", "forward"), ("in cache[::-1]", "in cache[:1]", "forward"), ("of_memory, dW_m, dU_m, db_m)", "of_memory, dW_m, dU_m, db_m.copy())", "forward"),
        ("(de, of_episode, dW, dU, db)", "(de, of_episode, dW_m, dU_m, db_m)", "forward"), ("for _ in range(2)", "for _ in range(3)", ""),
        ("of_gate = gate_forward(c, m, q", "of_gate = gate_forward(c, q, q", ""), ("m, caches = q, []", "m, caches = 0 * q, []", ""),
        ("of_episode = gated_episode_forward(c, s, n, W, U, b)", "of_episode = gated_episode_forward(c, s, n, W_m, U_m, b_m)", ""),
        ("for _ in range(2)", "for _ in range(1)", "backward"), ("return m, caches", "return m.astype(np.float64), caches", "backward")],
}
