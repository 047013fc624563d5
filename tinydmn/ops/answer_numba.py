"""The decoder, eqs (9) and (10), compiled.  Meaning, names and shapes: answer_numpy.py.

W times a one-hot vector is a row of W's transpose, and W q + b is the same at every step, so
neither product is made; the steps are those of gru_numba.py.
"""

import numpy as np

from .answer_numpy import END
from .answer_numpy import output_backward as _output_backward
from .answer_numpy import output_forward as _output_forward
from .gru_numba import input_product, input_product_backward, step_backward, step_forward


def decode_forward(ops, m, q, given, steps, weights):
    (W, U, b), W_a = weights
    least, most = steps
    A = len(W_a)
    from_words = np.ascontiguousarray(W[:, :A].T)          # (A, 3H)
    from_q = input_product(q, np.ascontiguousarray(W[:, A:]), b)
    a, logits, caches, fed, ended = m, [], [], None, np.zeros(len(m), bool)
    while len(logits) < most and not (len(logits) >= least and ended.all()):
        x = from_q if fed is None else from_q + from_words[fed]
        a, cache = step_forward(x, a, U)                   # (10)
        logits.append(_output_forward(a, W_a))             # (9)
        caches.append((fed, cache, a))
        if given is None:
            fed = logits[-1].argmax(axis=1)
            ended |= fed == END
        else:
            fed = np.maximum(given[:, len(logits) - 1], 0)
    return np.stack(logits, axis=1), (q, caches)


def decode_backward(ops, dlogits, cache, weights, dweights):
    q, caches = cache
    ((W, U, _), W_a), ((dW, dU, db), dW_a) = weights, dweights
    A, da, dx_all = len(W_a), np.zeros_like(q), 0
    for t in reversed(range(len(caches))):
        fed, cell, a = caches[t]
        da = da + _output_backward(np.ascontiguousarray(dlogits[:, t]), a, W_a, dW_a)
        dx, da = step_backward(da, cell, U, dU)            # through (10)
        if fed is not None:
            np.add.at(dW.T, fed, dx)                       # rows :A of W's transpose: the words
        dx_all = dx_all + dx
    dW_q = np.zeros((len(W), q.shape[1]), W.dtype)
    dq = input_product_backward(dx_all, q, np.ascontiguousarray(W[:, A:]), dW_q, db)
    dW[:, A:] += dW_q
    return da, dq
