"""A line: the piece, which of its files, and a mistake in it; the kinds."""

WRONG = [
    ("gru_cell", "any_dialect", "dh_prev = dh * keep", "dh_prev = dh * (1 - keep)", "factor"),
    ("gru_cell", "any_dialect", "dW += da.T @ x", "dW[...] = da.T @ x", "forgotten accumulation"),
    ("gru", "any_dialect", "(carried + dh[:, t]) * lives", "dh[:, t] * lives", "missing term|forgotten accumulation"),
    ("gru", "any_dialect", "out[:, t] = h * lives", "out[:, t] = h", "padding leaked"),
    ("gate", "any_dialect", "dW_2 += ", "dW_2 -= ", "sign"),
    ("gate", "any_dialect", "features_backward(da @ W_1", "features_backward(-da @ W_1", "sign"),
    ("softmax_episode", None, "g, de), ds", "g, de), -ds", "sign"),
    ("softmax_episode", None, "def softmax_episode_backward", "def softmax_backward", "error"),
]
