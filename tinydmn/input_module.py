"""Input module (section 2.1): the words of a story through a GRU; its states at the sentence ends are the facts c_1 .. c_TC.

Sizes: S stories, T words, F facts, V vocabulary, D embedding, H hidden.
"""

import numpy as np

PARAMETERS = ("input.W", "input.U", "input.b")


def words_forward(tokens, n_tokens, at, L, W, U, b, ops, mask=None):
    """h_t = GRU(L[w_t], h_{t-1}), and of these the states at the steps `at`.

    tokens (S, T), n_tokens (S,), at (S, F) with -1 for none; mask (S, T, D): dropout on the word vectors, or None.
    -> states (S, F, H), cache.
    """
    if mask is None:                                       # every occurrence of a word has one product with W: make it once
        x, rows = L, tokens                                # (V, D)
    else:
        x = ops.dropout_forward(ops.embedding_forward(tokens, L), mask).reshape(-1, L.shape[1])      # (S T, D)
        rows = np.arange(tokens.size, dtype=np.int32).reshape(tokens.shape)
    a = ops.input_product(x, W, b)
    states, cache = ops.gru_forward(a, rows, n_tokens, at, None, U)
    return states, (x, rows, cache)


def words_backward(dstates, cache, tokens, n_tokens, at, L, W, U, ops, dL, dW, dU, db, mask=None):
    """dstates (S, F, H).  Adds into dL, dW, dU, db."""
    x, rows, gru_cache = cache
    da, _ = ops.gru_backward(dstates, gru_cache, rows, n_tokens, at, None, U, dU)
    dx = ops.input_product_backward(da, x, W, dW, db)
    if mask is None:
        dL += dx
    else:
        ops.embedding_backward(ops.dropout_backward(dx.reshape(mask.shape), mask), tokens, dL)


def forward(batch, params, ops, mask=None):
    """Batch -> c (S, F, H), cache.  A story is encoded once for all its questions."""
    S, F = batch.fact_end.shape
    at = np.where(np.arange(F) < batch.n_facts_story[:, None], batch.fact_end, -1).astype(np.int32)
    c, cache = words_forward(batch.tokens, batch.n_tokens, at, params["embedding.L"], *(params[p] for p in PARAMETERS), ops, mask)
    return c, (at, cache)


def backward(dc, cache, batch, params, ops, grads, mask=None):
    """dc (S, F, H).  Adds into grads["embedding.L"] and grads["input.*"]."""
    at, cache = cache
    words_backward(dc, cache, batch.tokens, batch.n_tokens, at, params["embedding.L"], params["input.W"], params["input.U"], ops,
                   grads["embedding.L"], *(grads[p] for p in ("input.W", "input.U", "input.b")), mask)
