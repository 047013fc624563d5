"""Answer module (section 2.4).  An answer of one word, and a tag, is one step of eq. (9), straight from the last memory; an answer of
several words is decoded word by word, eqs (9) and (10).

Sizes: Q questions, H hidden, A answers (in a decoder: words of answers, the first of them <eos>).
"""

import numpy as np

from .data.vocabulary import END_OF_ANSWER


def forward(m, W_a):
    """m (Q, H) -> logits (Q, A), before the softmax of eq. (9)."""
    return m @ W_a.T                                       # (9)


def backward(dlogits, m, W_a, dW_a):
    """dlogits (Q, A) -> dm (Q, H).  Adds into dW_a."""
    dW_a += dlogits.T @ m
    return dlogits @ W_a                                   # through (9)


def decode_forward(m, q, given, least, longest, params, ops):
    """a_0 = m;  a_t = GRU([y_{t-1}, q], a_{t-1});  y_t = softmax(W_a a_t), for t = 1, 2, ...

    m, q (Q, H).  y_{t-1} is the one-hot vector of the previous word, 0 at the first step.  given (Q, T): the correct words, fed in their
    places (teacher forcing); None: the likeliest word is fed (greedy), and it ends when all questions have said <eos>, but not
    before `least` steps.  In any case it ends after `longest` steps.
    -> logits (Q, steps, A), cache.
    """
    W, U, W_a = params["answer.W"], params["answer.U"], params["answer.W_a"]
    A = len(W_a)
    from_words = np.ascontiguousarray(W[:, :A].T)          # (A, 3H)  W times a one-hot vector is one of these rows
    from_q = ops.input_product(q, np.ascontiguousarray(W[:, A:]), params["answer.b"])
    a, logits, steps, fed, ended = m, [], [], None, np.zeros(len(m), bool)
    while len(logits) < longest and not (len(logits) >= least and ended.all()):
        x = from_q if fed is None else from_q + from_words[fed]
        a, cache = ops.gru_cell_forward(x, a, U)           # (10)
        logits.append(forward(a, W_a))                     # (9)
        steps.append((fed, cache, a))
        fed = logits[-1].argmax(axis=1) if given is None else np.maximum(given[:, len(logits) - 1], 0)
        if given is None:
            ended |= fed == END_OF_ANSWER
    return np.stack(logits, axis=1), (q, steps)


def decode_backward(dlogits, cache, params, ops, grads):
    """dlogits (Q, steps, A) -> dm (Q, H), dq (Q, H).  Adds into grads["answer.*"].  No gradient runs through the choice of a word."""
    q, steps = cache
    W, U, W_a = params["answer.W"], params["answer.U"], params["answer.W_a"]
    A, da, dx_all = len(W_a), np.zeros_like(q), 0
    for t in reversed(range(len(steps))):
        fed, cell, a = steps[t]
        da = da + backward(np.ascontiguousarray(dlogits[:, t]), a, W_a, grads["answer.W_a"])
        dx, da = ops.gru_cell_backward(da, cell, U, grads["answer.U"])                 # through (10)
        if fed is not None:
            np.add.at(grads["answer.W"].T, fed, dx)        # rows :A of W's transpose: the words
        dx_all = dx_all + dx
    dW_q = np.zeros((len(W), q.shape[1]), W.dtype)
    dq = ops.input_product_backward(dx_all, q, np.ascontiguousarray(W[:, A:]), dW_q, grads["answer.b"])
    grads["answer.W"][:, A:] += dW_q
    return da, dq


def said(logits, longest=np.inf):
    """logits (Q, steps, A) -> the likeliest words (Q, steps), -1 behind the first <eos> and behind `longest` steps."""
    words = logits.argmax(axis=2)
    ended = np.cumsum(words == END_OF_ANSWER, axis=1) - (words == END_OF_ANSWER)
    return np.where((ended > 0) | (np.arange(words.shape[1]) >= longest), -1, words)
