"""Answers, eqs (9) and (10), on the device.  Meaning, names and shapes: answer_numpy.py.

W times a one-hot vector is a column of W, and W q + b is the same at every step, so neither product
is made (as in answer_numba.py).
"""

import numpy as np

from .answer_numpy import END
from .arrays_cuda import add, add_into, inverse, zeros
from .device import Index, cuda, empty, integers, launch
from .gru_cuda import step_backward, step_forward
from .product_cuda import affine, affine_backward, product


def output_forward(a, W_a):
    return product(a, W_a, "B")                            # (9)


def output_backward(dlogits, a, W_a, dW_a):
    product(dlogits, a, "A", into=dW_a)
    return product(dlogits, W_a)                           # through (9)


@cuda.jit
def _argmax(s, out):
    i = cuda.grid(1)
    if i < out.size:
        best = 0
        for k in range(1, s.shape[1]):
            if s[i, k] > s[i, best]:
                best = k
        out[i] = best


def argmax_rows(s):
    """s (N, K) -> (N,) ints on the host: the first of the largest."""
    out = empty((len(s),), np.int64)
    launch(_argmax, len(s), s, out)
    return out.copy_to_host()


@cuda.jit
def _add_words(x, W, words, out):
    i, k = cuda.grid(1) // x.shape[1], cuda.grid(1) % x.shape[1]
    if i < x.shape[0]:
        out[i, k] = x[i, k] + W[k, words[i]]


@cuda.jit
def _add_to_words(dx, source, start, dW):
    J = dx.shape[1]
    word, k = cuda.grid(1) // J, cuda.grid(1) % J
    if word < start.size - 1:
        total = dW[k, word]
        for i in range(start[word], start[word + 1]):
            total += dx[source[i], k]
        dW[k, word] = total


@cuda.jit
def _put_step(logits, t, out):
    i, k = cuda.grid(1) // logits.shape[1], cuda.grid(1) % logits.shape[1]
    if i < logits.shape[0]:
        out[i, t, k] = logits[i, k]


@cuda.jit
def _take_step(dlogits, t, out):
    i, k = cuda.grid(1) // out.shape[1], cuda.grid(1) % out.shape[1]
    if i < out.shape[0]:
        out[i, k] = dlogits[i, t, k]


def decode_forward(ops, m, q, given, steps, weights):
    (W, U, b), W_a = weights
    least, most = steps
    A = len(W_a)
    from_q = affine(q, W[:, A:], b)
    given = None if given is None else integers(given).host
    a, logits, caches, fed, ended = m, [], [], None, np.zeros(len(m), bool)
    while len(logits) < most and not (len(logits) >= least and ended.all()):
        x = from_q
        if fed is not None:
            x = empty(from_q.shape, from_q.dtype)
            launch(_add_words, x.size, from_q, W, Index(fed).device, x)
        a, cache = step_forward(x, a, U)                   # (10)
        logits.append(output_forward(a, W_a))              # (9)
        caches.append((fed, cache, a))
        if given is None:
            fed = argmax_rows(logits[-1])
            ended |= fed == END
        else:
            fed = np.maximum(given[:, len(logits) - 1], 0)
    out = empty((len(m), len(logits), A), m.dtype)
    for t, step in enumerate(logits):
        launch(_put_step, step.size, step, t, out)
    return out, (q, caches)


def decode_backward(ops, dlogits, cache, weights, dweights):
    q, caches = cache
    ((W, U, _), W_a), ((dW, dU, db), dW_a) = weights, dweights
    A, da, dx_all = len(W_a), zeros(q.shape, q.dtype), zeros((len(q), len(W)), q.dtype)
    for t in reversed(range(len(caches))):
        fed, cell, a = caches[t]
        step = empty((len(q), A), q.dtype)
        launch(_take_step, step.size, dlogits, t, step)
        da = add(da, output_backward(step, a, W_a, dW_a))
        dx, da = step_backward(da, cell, U, dU)            # through (10)
        if fed is not None:
            source, start = inverse(fed, A)
            launch(_add_to_words, A * len(W), dx, source.device, start.device, dW)
        add_into(dx_all, dx)
    return da, affine_backward(dx_all, q, W[:, A:], dW[:, A:], db)
