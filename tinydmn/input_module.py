"""Input module (section 2.1): the words of a story through a GRU; its states at the sentence ends are the facts c_1 .. c_TC.

Sizes: S stories, T words, F facts, V vocabulary, D embedding, H hidden.
"""

import numpy as np


def words_forward(tokens, n_tokens, at, L, W, U, b, ops):
    """h_t = GRU(L[w_t], h_{t-1}), and of these the states at the steps `at`.

    tokens (S, T), n_tokens (S,), at (S, F) with -1 for none, L (V, D) -> states (S, F, H), cache.
    W x_t depends on the word alone, so it is made once for each word of L, (V, 3H), and looked up by the tokens: the same numbers as
    the product with L[w_t] at every t.
    """
    a = ops.input_product(L, W, b)
    states, cache = ops.gru_forward(a, tokens, n_tokens, at, None, U)
    return states, cache


def words_backward(dstates, cache, tokens, n_tokens, at, L, W, U, ops, dL, dW, dU, db):
    """dstates (S, F, H).  Adds into dL, dW, dU, db."""
    da, _ = ops.gru_backward(dstates, cache, tokens, n_tokens, at, None, U, dU)
    dL += ops.input_product_backward(da, L, W, dW, db)


def forward(batch, L, params, ops):
    """Batch, L (V, D) -> c (S, F, H), cache.  A story is encoded once for all its questions."""
    S, F = batch.fact_end.shape
    at = np.where(np.arange(F) < batch.n_facts_story[:, None], batch.fact_end, -1).astype(np.int32)
    c, cache = words_forward(batch.tokens, batch.n_tokens, at, L, params["input.W"], params["input.U"], params["input.b"], ops)
    return c, (at, cache)


def backward(dc, cache, batch, L, params, ops, dL, grads):
    """dc (S, F, H).  Adds into dL and grads["input.*"]."""
    at, cache = cache
    words_backward(dc, cache, batch.tokens, batch.n_tokens, at, L, params["input.W"], params["input.U"], ops,
                   dL, grads["input.W"], grads["input.U"], grads["input.b"])
