"""The plain recurrent network on the device.  Meaning, names and shapes: rnn_numpy.py; the way of
the steps: recurrence_cuda.py.
"""

import math

from .device import ONE, cuda, empty
from .recurrence_cuda import (row_sums, run_backward, run_forward, step_by_step,
                              step_by_step_backward)


@cuda.jit
def _step(a, rows, Uh, h_prev, g, s, live, new, h):
    H = h.shape[1]
    j, k = cuda.grid(1) // H, cuda.grid(1) % H
    if j < live:
        p = s + j
        new[p, k] = math.tanh(a[rows[p], k] + Uh[j, k])
        h[p, k] = g[p] * new[p, k] + (ONE - g[p]) * h_prev[j, k]                       # (7)


@cuda.jit
def _step_backward(dh, h_prev, g, s, live, new, d, dg, carry):
    H = dh.shape[1]
    j, k = cuda.grid(1) // H, cuda.grid(1) % H
    if j < live:
        p = s + j
        dh_k = dh[p, k] + carry[j, k]
        dg[p, k] = dh_k * (new[p, k] - h_prev[j, k])                                   # (7)
        d[p, k] = g[p] * dh_k * (ONE - new[p, k] * new[p, k])
        carry[j, k] = (ONE - g[p]) * dh_k


def _steps(a, packing, g, U):
    new = empty((packing.P, U.shape[1]), a.dtype)
    return step_by_step(_step, U.shape[1], (a, g, new), packing, U), new


def _steps_backward(dh, packing, made, U):
    g, h, new = made
    d, dg = empty(h.shape, h.dtype), empty(h.shape, h.dtype)
    step_by_step_backward(_step_backward, dh, (g, h, d, dg, new), packing, U)
    return d, d, row_sums(dg)


def rnn_forward(x, sequences, rnn, g=None):
    return run_forward(_steps, x, sequences, rnn, g)


def rnn_backward(dout, cache, rnn, drnn):
    return run_backward(_steps_backward, dout, cache, rnn, drnn)
