"""Any recurrent cell over sequences of unequal length on the device: what goes before and after the
steps, and the way of a launch a step.

As in packing_numba.py the sequences are sorted by length and the steps lie behind one another in
packed arrays (P, ...): step t owns rows start[t]:start[t + 1], the longest sequences first, so that
the rows of step t are the first of those of step t - 1.  All of that is made of integers on the
host.

A cell is two kernels of one thread a number, for the rows s .. s + live - 1 of one step:
    forward(a, rows, Uh, previous, g, s, live, *kept, state)
    backward(dstate, previous, g, s, live, *kept, d, dg, carry)
"""

from functools import cached_property

import numpy as np

from .arrays_cuda import fill, flat, gather, scatter_add, zeros
from .device import Index, cuda, empty, integers, launch
from .product_cuda import affine, affine_backward, product


class Packing:
    """The integers of Sequences, packed.  Sizes: B, T, F, and P steps in all."""

    def __init__(self, sequences):
        rows, n, at = (integers(a).host for a in sequences)
        self.shape, self.at_shape = rows.shape, at.shape
        B, T = rows.shape[0], int(n.max(initial=0))
        order = np.argsort(-n, kind="stable")              # longest first
        lives = np.arange(T)[:, None] < n[order]           # (T, B)
        self.live = lives.sum(axis=1)                      # (T,) sequences that have step t
        self.start = np.concatenate([[0], np.cumsum(self.live)])
        t, j = np.nonzero(lives)                           # (P,) step and place of each packed row
        self.P, self.T, self.B = len(t), T, B
        self.rows = Index(rows[order[j], t])               # (P,) the input of each
        self.gates = Index(order[j] * rows.shape[1] + t)   # (P,) its entry of g (B T)
        place = np.argsort(order)                          # of each sequence
        at = at.reshape(B, -1)
        wanted = self.start[np.maximum(at, 0)] + place[:, None] if T else np.zeros_like(at)
        self.at = Index(np.where(at >= 0, wanted, -1).ravel())         # (B F,) packed rows wanted
        self.before = Index(self.start[t[self.first:] - 1] + j[self.first:] if T else t)

    @property
    def first(self):
        """Where step 1 begins: the rows from here on have a step before them."""
        return int(self.start[1]) if self.T else 0

    @cached_property
    def start_on_device(self):
        """(T + 1,)"""
        return Index(self.start).device


def packed_gates(g, packing, dtype):
    """g (B, T) or None -> (P,)."""
    if g is None:
        ones = empty((packing.P,), dtype)                  # no eq. (7) at all
        launch(fill, packing.P, ones, ones.dtype.type(1))
        return ones
    return flat(gather(g.reshape(g.size, 1), packing.gates))


def wanted_states(h, packing):
    """Packed h (P, H) -> out (B, F, H), zeros where none is wanted."""
    return gather(h, packing.at).reshape(*packing.at_shape, h.shape[1])


def wanted_states_backward(dout, packing):
    """dout (B, F, H) -> packed dh (P, H)."""
    H = dout.shape[2]
    dh = zeros((packing.P, H), dout.dtype)
    scatter_add(dout.reshape(-1, H), packing.at.host, dh)
    return dh


def add_recurrent(d, h, packing, dU):
    """dU += Σ_t d_tᵀ h_{t-1} as one product.  Packed d (P, J), h (P, H); h_0 = 0 adds nothing."""
    if packing.P > packing.first:
        product(d[packing.first:], gather(h, packing.before), "A", into=dU)


def run_forward(steps, x, sequences, weights, g):
    """Any cell over Sequences, as recurrence_numpy.run_forward.

    steps(a, packing, g, U) -> packed h (P, H), what its backward needs.
    """
    out, cache = states_forward(steps, affine(x, weights.W, weights.b), Packing(sequences),
                                weights.U, g)
    return out, (x, cache)


def states_forward(steps, a, packing, U, g):
    """Over inputs that have met W and b already: a (R, J) -> out (B, F, H), cache."""
    g_packed = packed_gates(g, packing, a.dtype)
    h, kept = steps(a, packing, g_packed, U)
    return wanted_states(h, packing), (packing, len(a), g is None, g_packed, h, kept)


def run_backward(steps, dout, cache, weights, dweights):
    """As recurrence_numpy.run_backward.

    steps(dh, packing, g, h, kept, U) -> packed da (P, J), dUh (P, J), dg (P,).
    """
    x, cache = cache
    da, dg = states_backward(steps, dout, cache, weights.U, dweights.U)
    return affine_backward(da, x, weights.W, dweights.W, dweights.b), dg


def states_backward(steps, dout, cache, U, dU):
    """dout (B, F, H) -> da (R, J), dg (B, T) or None.  Adds into dU."""
    packing, R, plain, g, h, kept = cache
    da, dUh, dg = steps(wanted_states_backward(dout, packing), packing, (g, h, kept), U)
    add_recurrent(dUh, h, packing, dU)
    da_rows = zeros((R, da.shape[1]), da.dtype)
    scatter_add(da, packing.rows.host, da_rows)
    if plain:
        return da_rows, None
    dg_all = zeros((packing.shape[0] * packing.shape[1], 1), da.dtype)
    scatter_add(dg.reshape(dg.size, 1), packing.gates.host, dg_all)
    return da_rows, dg_all.reshape(*packing.shape)


@cuda.jit
def _row_sums(a, out):
    i = cuda.grid(1)
    if i < out.size:
        total = a[i, 0]
        for k in range(1, a.shape[1]):
            total += a[i, k]
        out[i] = total


def row_sums(a):
    """a (N, K) -> (N,)."""
    out = empty((len(a),), a.dtype)
    launch(_row_sums, len(a), a, out)
    return out


def step_by_step(kernel, h_size, arrays, packing, U):
    """Forward, a product and a launch a step.  arrays: a (R, J), g (P,), *what the kernel keeps.

    -> packed state (P, h_size).
    """
    a, g, *kept = arrays
    H, state = U.shape[1], empty((packing.P, h_size), a.dtype)
    previous, Uh = zeros((packing.B, h_size), a.dtype), zeros((packing.B, len(U)), a.dtype)
    for t in range(packing.T):
        s, live = int(packing.start[t]), int(packing.live[t])
        if t:
            previous = state[int(packing.start[t - 1]):]
            Uh = product(previous[:live, :H], U, "B")
        launch(kernel, live * H, a, packing.rows.device, Uh, previous, g, s, live, *kept, state)
    return state


def step_by_step_backward(kernel, dstate, arrays, packing, U):
    """Backward.  dstate (P, h_size) is used up; arrays: g (P,), state, d (P, J), dg (P, H), *kept.

    The kernel makes d of a step and the rows of dg that sum to the gates' gradients; what reaches
    the step before without U it leaves in `carry`, and adds what the step after left there.
    """
    g, state, d, dg, *kept = arrays
    H, zero = U.shape[1], zeros((packing.B, dstate.shape[1]), d.dtype)
    carry = zeros((packing.B, dstate.shape[1]), d.dtype)
    for t in reversed(range(packing.T)):
        s, live = int(packing.start[t]), int(packing.live[t])
        before = int(packing.start[t - 1]) if t else 0
        previous = state[before:] if t else zero
        launch(kernel, live * H, dstate, previous, g, s, live, *kept, d, dg, carry)
        if t:                                              # the half of a state that meets U
            product(d[s:s + live], U, into=dstate[before:before + live, :H])
