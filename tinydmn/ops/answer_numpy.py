"""Answers, eqs (9) and (10): reference implementation.

Sizes: Q questions, H hidden, A classes (of a decoder: words, the first of them <eos>).
"""

import numpy as np

__all__ = ["output_forward", "output_backward", "decode_forward", "decode_backward"]

END = 0                                                    # the class of <eos>


def output_forward(a, W_a):
    """a (N, H), W_a (A, H) -> logits (N, A), before the softmax of eq. (9)."""
    return a @ W_a.T                                       # (9)


def output_backward(dlogits, a, W_a, dW_a):
    """dlogits (N, A) -> da (N, H).  Adds into dW_a."""
    dW_a += dlogits.T @ a
    return dlogits @ W_a                                   # through (9)


def decode_forward(ops, m, q, given, steps, weights):
    """a_0 = m;  a_t = GRU([y_{t-1}, q], a_{t-1});  y_t = softmax(W_a a_t), for t = 1, 2, ...

    m, q (Q, H); weights: Decoder.  y_{t-1} is the one-hot vector of the previous word, 0 at the
    first step: the correct one, given (Q, T) int32 (teacher forcing), or the likeliest (greedy)
    where given is None.  steps: (least, most); greedy decoding ends between them, once every
    question has reached <eos>.
    -> logits (Q, steps, A), cache.
    """
    gru, W_a = weights
    least, most = steps
    one_hot = np.eye(len(W_a), dtype=m.dtype)
    a, y, ended = m, np.zeros((len(m), len(W_a)), m.dtype), np.zeros(len(m), bool)
    logits, caches = [], []
    while len(logits) < most and not (len(logits) >= least and ended.all()):
        a, cache = ops.gru_cell_forward(np.hstack([y, q]), a, gru)                         # (10)
        logits.append(ops.output_forward(a, W_a))                                          # (9)
        caches.append((cache, a))
        word = logits[-1].argmax(axis=1) if given is None else given[:, len(logits) - 1]
        y = one_hot[np.maximum(word, 0)]
        if given is None:
            ended |= word == END
    return np.stack(logits, axis=1), caches


def decode_backward(ops, dlogits, cache, weights, dweights):
    """dlogits (Q, steps, A) -> dm, dq (Q, H).  Adds into dweights.

    The choice of a word has no gradient.
    """
    gru, W_a = weights
    dgru, dW_a = dweights
    da = np.zeros_like(cache[0][1])
    dq = np.zeros_like(da)
    for t in reversed(range(len(cache))):
        cell, a = cache[t]
        da = da + ops.output_backward(np.ascontiguousarray(dlogits[:, t]), a, W_a, dW_a)
        dx, da = ops.gru_cell_backward(da, cell, gru, dgru)                         # through (10)
        dq += dx[:, len(W_a):]
    return da, dq
