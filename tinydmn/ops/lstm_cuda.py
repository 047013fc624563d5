"""Long short-term memory on the device.  Meaning, names and shapes: lstm_numpy.py; the way of the
steps: recurrence_cuda.py.  A state is [h, s] (P, 2H).
"""

import math

from .device import ONE, ZERO, cuda, empty, launch
from .gru_cuda import sigmoid
from .recurrence_cuda import (row_sums, run_backward, run_forward, step_by_step,
                              step_by_step_backward)


@cuda.jit
def _step(a, rows, Uh, previous, g, s, live, gates, made, state):
    H = state.shape[1] // 2
    j, k = cuda.grid(1) // H, cuda.grid(1) % H
    if j < live:
        p = s + j
        x, h_prev, s_prev = rows[p], previous[j, k], previous[j, H + k]
        i = sigmoid(a[x, k] + Uh[j, k])
        f = sigmoid(a[x, H + k] + Uh[j, H + k])
        o = sigmoid(a[x, 2 * H + k] + Uh[j, 2 * H + k])
        c_tilde = math.tanh(a[x, 3 * H + k] + Uh[j, 3 * H + k])
        s_new = f * s_prev + i * c_tilde
        tanh_s = math.tanh(s_new)
        gates[p, k], gates[p, H + k], gates[p, 2 * H + k], gates[p, 3 * H + k] = i, f, o, c_tilde
        made[p, k], made[p, H + k] = s_new, tanh_s
        state[p, k] = g[p] * (o * tanh_s) + (ONE - g[p]) * h_prev                      # (7)
        state[p, H + k] = g[p] * s_new + (ONE - g[p]) * s_prev


@cuda.jit
def _step_backward(dstate, previous, g, s, live, gates, made, d, dg, carry):
    H = dstate.shape[1] // 2
    j, k = cuda.grid(1) // H, cuda.grid(1) % H
    if j < live:
        p = s + j
        h_prev, s_prev, s_new, tanh_s = (previous[j, k], previous[j, H + k], made[p, k],
                                         made[p, H + k])
        i, f, o, c_tilde = gates[p, k], gates[p, H + k], gates[p, 2 * H + k], gates[p, 3 * H + k]
        dh, ds = dstate[p, k] + carry[j, k], dstate[p, H + k] + carry[j, H + k]
        dg[p, k] = dh * (o * tanh_s - h_prev) + ds * (s_new - s_prev)                  # (7)
        carry[j, k] = (ONE - g[p]) * dh
        carry[j, H + k] = (ONE - g[p]) * ds
        dh = g[p] * dh
        ds = g[p] * ds + dh * o * (ONE - tanh_s * tanh_s)      # s_t acts through h_t too
        d[p, k] = ds * c_tilde * i * (ONE - i)
        d[p, H + k] = ds * s_prev * f * (ONE - f)
        d[p, 2 * H + k] = dh * tanh_s * o * (ONE - o)
        d[p, 3 * H + k] = ds * i * (ONE - c_tilde * c_tilde)
        carry[j, H + k] += ds * f


@cuda.jit
def _left_half(state, h):
    i, k = cuda.grid(1) // h.shape[1], cuda.grid(1) % h.shape[1]
    if i < h.shape[0]:
        h[i, k] = state[i, k]


@cuda.jit
def _with_right_half(dh, dstate):
    H = dh.shape[1]
    i, k = cuda.grid(1) // H, cuda.grid(1) % H
    if i < dh.shape[0]:
        dstate[i, k], dstate[i, H + k] = dh[i, k], ZERO


def _steps(a, packing, g, U):
    H, P = U.shape[1], packing.P
    gates, made = empty((P, 4 * H), a.dtype), empty((P, 2 * H), a.dtype)
    state = step_by_step(_step, 2 * H, (a, g, gates, made), packing, U)
    return halved(state, H), (gates, made, state)


def halved(state, H):
    """[h, s] (P, 2H) -> h (P, H)."""
    h = empty((len(state), H), state.dtype)
    launch(_left_half, h.size, state, h)
    return h


def _steps_backward(dh, packing, made, U):
    g, h, (gates, cell, state) = made
    P, H = h.shape
    dstate, d, dg = (empty((P, n), h.dtype) for n in (2 * H, 4 * H, H))
    launch(_with_right_half, h.size, dh, dstate)
    step_by_step_backward(_step_backward, dstate, (g, state, d, dg, gates, cell), packing, U)
    return d, d, row_sums(dg)


def lstm_forward(x, sequences, lstm, g=None):
    return run_forward(_steps, x, sequences, lstm, g)


def lstm_backward(dout, cache, lstm, dlstm):
    return run_backward(_steps_backward, dout, cache, lstm, dlstm)
