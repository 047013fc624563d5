"""A memory for each word (section 2.4): tagging one sentence, word by word.

Eq. (8) becomes e^i = h^i_t: word t is asked what stands in the facts 0 .. t, and it has its own m^i_t and its own answer.
The question is the same for every word, and so are the gates of the first pass: they are made once a sentence, and one run of eq. (7) gives
all its h^1_t.  Later passes look with m^{i-1}_t, another one for each word: n words make n (n + 1) / 2 pairs of word and fact, run as that
many places of n questions.  They are cut into chunks of at most PAIRS pairs; where there are several, a chunk's numbers are not kept
for the way back but made again there, so the memory they take is bounded, however long the sentence.

Sizes: S = Q sentences, one question each; F facts (words) at most; N words in all, one sentence after another; H hidden.
"""

import numpy as np

from .episodic_memory import look_backward, look_forward

PAIRS = 20_000


def word_rows(n_words, F):
    """n_words (Q,) -> of (N,): the sentence of each word; place (N,): its place there; rows (N, F), n (N,): the facts it may look at."""
    of = np.repeat(np.arange(len(n_words), dtype=np.int32), n_words)
    place = (np.arange(len(of)) - np.repeat(np.cumsum(n_words) - n_words, n_words)).astype(np.int32)
    rows = of[:, None] * np.int32(F) + np.arange(F, dtype=np.int32)    # those behind the word stand there and are never read
    return of, place, rows.astype(np.int32), place + np.int32(1)


def chunks(n, pairs=None):
    """n (N,): places each word looks at -> slices of words with at most `pairs` (PAIRS) places together, or of one word."""
    pairs = PAIRS if pairs is None else pairs
    out, start, total = [], 0, 0
    for i, k in enumerate(n):
        if i > start and total + k > pairs:
            out.append(slice(start, i))
            start, total = i, 0
        total += k
    return [*out, slice(start, len(n))]


def forward(facts, q, n_words, params, passes, ops, keep=True):
    """facts (Q, F, H): every word a fact; q (Q, H), n_words (Q,) int32 -> m (passes + 1, N, H), g (passes, N, F) after σ, cache.

    keep: hold what `backward` needs.  passes may be 0: a word's memory is then its fact.
    """
    Q, F, H = facts.shape
    of, place, rows, n = word_rows(n_words, F)
    if passes == 0:
        return facts[of, place][None], np.zeros((0, len(of), F), facts.dtype), (of, place)
    c = facts.reshape(Q * F, H)
    W_b, W_1, b_1, W_2, b_2 = (params["gate." + p] for p in ("W_b", "W_1", "b_1", "W_2", "b_2"))
    at = np.where(np.arange(F) < n_words[:, None], np.arange(F), -1).astype(np.int32)                 # (Q, F)  h^1_t of every word
    all_rows = (np.arange(Q)[:, None] * F + np.arange(F)).astype(np.int32)
    shared = ops.gate_shared_forward(c, all_rows, n_words, q, W_b, W_1, b_1)
    s, gate_cache = ops.gate_forward(q, shared, W_b, W_1, W_2, b_2)                                    # m^0 = q
    g = ops.sigmoid_gates_forward(s)
    a = ops.input_product(c, params["episode.W"], params["episode.b"])
    h, episode_cache = ops.gru_forward(a, all_rows, n_words, at, g, params["episode.U"])               # (7)
    e, q_word = h[of, place], q[of]                                                                    # e^1 = h^1_t
    m_1, memory_cache = ops.gru_cell_forward(ops.input_product(e, params["memory.W"], params["memory.b"]), q_word, params["memory.U"])
    first = (at, all_rows, shared, gate_cache, g, a, episode_cache, e, memory_cache)
    parts = chunks(n) if passes > 1 else []
    later, results = [], []
    for part in parts:
        width = int(n[part].max())
        m, _, g_part, cache = look_forward(c, np.ascontiguousarray(rows[part, :width]), n[part], q_word[part], m_1[part], params, passes - 1, "gated", ops)
        results.append((m, g_part))
        later.append(cache if keep and len(parts) == 1 else None)
    m = [q_word, m_1] + [np.concatenate([ms[i] for ms, _ in results]) for i in range(passes - 1)]
    gates = np.zeros((passes, len(of), F), facts.dtype)
    gates[0] = np.where(np.arange(F) <= place[:, None], g[of], 0.0)
    for part, (_, g_part) in zip(parts, results):
        for i, g_i in enumerate(g_part):
            gates[i + 1, part, :g_i.shape[1]] = g_i
    return np.stack(m), gates, (of, place, rows, n, c, q_word, m_1, parts, later, first)


def backward(dm_last, cache, facts_shape, params, passes, ops, grads):
    """dm_last (N, H) of the last memories -> dfacts (Q, F, H), dq (Q, H)."""
    Q, F, H = facts_shape
    of, place, *cache = cache
    dfacts, dq = np.zeros(facts_shape, dm_last.dtype), np.zeros((Q, H), dm_last.dtype)
    if passes == 0:
        dfacts[of, place] = dm_last
        return dfacts, dq
    rows, n, c, q_word, m_1, parts, later, first = cache
    dc, dq_word, dm_1 = dfacts.reshape(Q * F, H), np.zeros_like(q_word), dm_last if passes == 1 else np.empty_like(dm_last)
    for part, kept in zip(parts, later):
        if kept is None:
            width = int(n[part].max())
            *_, kept = look_forward(c, np.ascontiguousarray(rows[part, :width]), n[part], q_word[part], m_1[part], params, passes - 1, "gated", ops)
        dms = [0] * (passes - 2) + [dm_last[part]]
        dq_word[part], dm_1[part] = look_backward(dms, None, kept, params, "gated", ops, grads, dc)
    at, all_rows, shared, gate_cache, g, a, episode_cache, e, memory_cache = first
    da_memory, dq_memory = ops.gru_cell_backward(dm_1, memory_cache, params["memory.U"], grads["memory.U"])
    de = ops.input_product_backward(da_memory, e, params["memory.W"], grads["memory.W"], grads["memory.b"])
    dh = np.zeros(facts_shape, dm_last.dtype)
    dh[of, place] = de
    n_words = np.bincount(of, minlength=Q).astype(np.int32)
    da, dg = ops.gru_backward(dh, episode_cache, all_rows, n_words, at, g, params["episode.U"], grads["episode.U"])
    dc += ops.input_product_backward(da, c, params["episode.W"], grads["episode.W"], grads["episode.b"])
    dshared = ops.gate_shared_zeros(shared, params["gate.W_1"])
    dq += ops.gate_backward(ops.sigmoid_gates_backward(dg, g), gate_cache, shared, dshared, params["gate.W_b"], params["gate.W_1"], params["gate.W_2"],
                            grads["gate.W_b"], grads["gate.W_1"], grads["gate.W_2"], grads["gate.b_2"])
    dq += ops.gate_shared_backward(dshared, shared, params["gate.W_b"], params["gate.W_1"], dc, grads["gate.W_b"], grads["gate.W_1"], grads["gate.b_1"])
    ops.embedding_backward(dq_word + dq_memory, of, dq)                                                # a sentence's words share its q
    return dfacts, dq
