"""Input module (section 2.1): the words of a story through a GRU; its states at the sentence ends are the facts c_1 .. c_TC.

In one sentence every state is a fact; a switch (Config.facts) has both in a story.  Another one (Config.bidirectional) has a second network
read each text from its end, and a fact is the sum of both states.
Sizes: S stories, T words, F facts, R distinct words (or V), D embedding, H hidden.
"""

import numpy as np


def words_forward(tokens, n_tokens, at, L, W, U, b, ops, cell="gru"):
    """h_t = GRU(L[w_t], h_{t-1}), and of these the states at the steps `at`.

    tokens (S, T), n_tokens (S,), at (S, F) with -1 for none, L (V, D) -> states (S, F, H), cache.  cell: "gru", "lstm" or "rnn".
    W x_t depends on the word alone, so it is made once for each word of L, (V, 3H), and looked up by the tokens: the same numbers as
    the product with L[w_t] at every t.
    """
    a = ops.input_product(L, W, b)
    if cell == "gru":
        return ops.gru_forward(a, tokens, n_tokens, at, None, U)
    return getattr(ops, cell + "_forward")(a, tokens, n_tokens, at, U)


def words_backward(dstates, cache, tokens, n_tokens, at, L, W, U, ops, dL, dW, dU, db, cell="gru"):
    """dstates (S, F, H).  Adds into dL, dW, dU, db."""
    if cell == "gru":
        da, _ = ops.gru_backward(dstates, cache, tokens, n_tokens, at, None, U, dU)
    else:
        da = getattr(ops, cell + "_backward")(dstates, cache, tokens, n_tokens, at, U, dU)
    dL += ops.input_product_backward(da, L, W, dW, db)


def forward(batch, L, params, ops, cell="gru"):
    """Batch, L (V, D) -> c (S, F, H), cache.  A story is encoded once for all its questions.

    Raises ValueError where a network that reads backward would read on behind a question.
    """
    S, F = batch.fact_end.shape
    there = np.arange(F) < batch.n_facts_story[:, None]
    ways = [("input", batch.tokens, np.where(there, batch.fact_end, -1).astype(np.int32))]
    if "input_back.W" in params:
        if np.any(batch.n_facts < batch.n_facts_story[batch.story_of]):
            raise ValueError("reading both ways: cut the stories at their questions first (data.batch.cut_at_questions)")
        last = batch.n_tokens[:, None] - 1
        turned = np.take_along_axis(batch.tokens, np.maximum(last - np.arange(batch.tokens.shape[1]), 0), axis=1)
        ways.append(("input_back", turned, np.where(there, last - batch.fact_end, -1).astype(np.int32)))
    c, caches = 0, []
    for name, tokens, at in ways:
        states, cache = words_forward(tokens, batch.n_tokens, at, L, params[name + ".W"], params[name + ".U"], params[name + ".b"], ops, cell)
        c = c + states if caches else states
        caches.append((name, tokens, at, cache))
    return c, caches


def backward(dc, caches, batch, L, params, ops, dL, grads, cell="gru"):
    """dc (S, F, H).  Adds into dL and grads["input.*"]."""
    for name, tokens, at, cache in caches:
        words_backward(dc, cache, tokens, batch.n_tokens, at, L, params[name + ".W"], params[name + ".U"], ops,
                       dL, grads[name + ".W"], grads[name + ".U"], grads[name + ".b"], cell)
