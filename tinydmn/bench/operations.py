"""Each operation alone: its time, and its share of the rate at which this machine multiplies matrices (float32, one thread)."""

from time import perf_counter

import numpy as np

from .. import ops, threads


def best_seconds(call, budget=0.15):
    """The least time of one call, over about `budget` seconds of calls."""
    call()
    best, spent = np.inf, 0.0
    while spent < budget:
        began = perf_counter()
        call()
        seconds = perf_counter() - began
        best, spent = min(best, seconds), spent + seconds
    return best


def sgemm_rate(n=1024):
    """Floating-point operations a second of an n x n x n product, one thread."""
    a = np.random.default_rng(0).random((n, n), np.float32)
    out = np.empty_like(a)
    return threads.run(lambda _: 2 * n**3 / best_seconds(lambda: np.matmul(a, a, out=out), 0.5), [None], 1)[0]


def table(backend="numba", S=8, Q=40, F=10, words=6, V=30, H=80, seed=0):
    """[(operation, seconds, floating-point operations counted)] at the sizes of one piece of a task-1 batch: S stories of F facts, Q questions."""
    op, rng = ops.load(backend), np.random.default_rng(seed)
    f = lambda *shape: rng.normal(size=shape).astype(np.float32) / 4
    zeros = lambda *shape: np.zeros(shape, np.float32)
    T, R, W, U = words * F, S * F + 1, f(3 * H, H), f(3 * H, H)
    tokens, n_words = rng.integers(0, V, (S, T)).astype(np.int32), np.full(S, T, np.int32)
    ends = np.tile(np.arange(words - 1, T, words, dtype=np.int32), (S, 1))
    rows, n = rng.integers(0, R, (Q, F + 1)).astype(np.int32), rng.integers(3, F + 2, Q).astype(np.int32)
    last, pairs = n[:, None] - 1, int(n.sum())
    L, c, q, m, a_words, a_facts, g = f(V, H), f(R, H), f(Q, H), f(Q, H), f(V, 3 * H), f(R, 3 * H), rng.random((Q, F + 1), np.float32)
    gate = f(H, H), f(H, 7 * H + 2), f(H), f(H), np.full((), 0.1, np.float32)
    W_b, W_1, b_1, W_2, b_2 = gate
    d_gate = tuple(np.zeros_like(x) for x in gate)
    shared = op.gate_shared_forward(c, rows, n, q, W_b, W_1, b_1)
    dshared = op.gate_shared_zeros(shared, W_1)
    s, gate_cache = op.gate_forward(m, shared, W_b, W_1, W_2, b_2)
    out, words_cache = op.gru_forward(a_words, tokens, n_words, ends, None, U)
    e, facts_cache = op.gru_forward(a_facts, rows, n, last, g, U)
    h, cell_cache = op.gru_cell_forward(f(Q, 3 * H), q, U)
    _, g_soft = op.softmax_episode_forward(s, c, rows, n)
    dU, dW, db, theta, decay = zeros(3 * H, H), zeros(3 * H, H), zeros(3 * H), f(150_000), np.ones(150_000, np.float32)
    ds, dx = np.where(np.isfinite(s), f(*s.shape), 0).astype(np.float32), f(S, T, H)
    target = np.zeros(Q, np.int32)
    logits = f(Q, 6)
    p = op.cross_entropy_forward(logits, target)[1]
    step = 6 * H * H                                       # U h of one GRU step, multiplications and additions
    calls = [
        ("embedding_forward", lambda: op.embedding_forward(tokens, L), 0),
        ("embedding_backward", lambda: op.embedding_backward(dx, tokens, zeros(V, H)), S * T * H),
        ("input_product", lambda: op.input_product(c, W, db), R * step),
        ("input_product_backward", lambda: op.input_product_backward(a_facts, c, W, dW, db), 2 * R * step),
        ("gru_forward, words", lambda: op.gru_forward(a_words, tokens, n_words, ends, None, U), S * T * step),
        ("gru_backward, words", lambda: op.gru_backward(out, words_cache, tokens, n_words, ends, None, U, dU), 2 * S * T * step),
        ("gru_forward, gated facts", lambda: op.gru_forward(a_facts, rows, n, last, g, U), pairs * step),
        ("gru_backward, gated facts", lambda: op.gru_backward(e, facts_cache, rows, n, last, g, U, dU), 2 * pairs * step),
        ("gru_cell_forward", lambda: op.gru_cell_forward(h @ W.T, q, U), 2 * Q * step),
        ("gru_cell_backward", lambda: op.gru_cell_backward(h, cell_cache, U, dU), 2 * Q * step),
        ("gate_shared_forward", lambda: op.gate_shared_forward(c, rows, n, q, W_b, W_1, b_1), (2 * pairs + R + 2 * Q) * 2 * H * H),
        ("gate_forward", lambda: op.gate_forward(m, shared, W_b, W_1, W_2, b_2), (2 * pairs + 2 * Q) * 2 * H * H),
        ("gate_backward", lambda: op.gate_backward(ds, gate_cache, shared, dshared, W_b, W_1, W_2, d_gate[0], d_gate[1], d_gate[3], d_gate[4]),
         2 * (2 * pairs + 2 * Q) * 2 * H * H),
        ("gate_shared_backward", lambda: op.gate_shared_backward(dshared, shared, W_b, W_1, zeros(R, H), *d_gate[:3]), 2 * (2 * pairs + R + 2 * Q) * 2 * H * H),
        ("softmax_episode_forward", lambda: op.softmax_episode_forward(s, c, rows, n), 2 * pairs * H),
        ("softmax_episode_backward", lambda: op.softmax_episode_backward(e[:, 0], g_soft, c, rows, n, zeros(R, H)), 4 * pairs * H),
        ("cross_entropy_forward", lambda: op.cross_entropy_forward(logits, target), 0),
        ("cross_entropy_backward", lambda: op.cross_entropy_backward(p, target, 0.1), 0),
        ("l2_backward", lambda: op.l2_backward(theta, decay, 1e-6, theta.copy()), 3 * theta.size),
        ("clip_by_global_norm", lambda: op.clip_by_global_norm(theta, 1e9), 2 * theta.size),
        ("adam", lambda: op.adam(theta, decay, np.zeros_like(theta), theta.copy()**2, 1, 1e-6), 10 * theta.size),
    ]
    return threads.run(lambda _: [(name, best_seconds(call), flop) for name, call, flop in calls], [None], 1)[0]
