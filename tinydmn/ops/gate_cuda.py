"""The attention gate, eqs (5) and (6), on the device.  Meaning, names and shapes: gate_numpy.py.

The algebra is that of gate_numba.py: z(c, m, q) is never built, what no pass changes is made once
("shared"), pairs of a question and a fact are packed.  Products are products, and as few as there
can be: all matrices that meet the question stand below one another in one, those that meet the
memory in another.  What stands around the products is written as functions of the device, so that
passes_cuda.py can put several of them in one kernel.  Sums over a question's pairs, or over the
pairs that see a fact, are made by the thread that owns the result, in the pairs' order.

Sizes: R facts in all, Q questions, T facts of one at most, P pairs, H hidden, G gate_hidden.
"""

import math
from typing import NamedTuple

import numpy as np

from .arrays_cuda import inverse, zeros
from .device import ONE, THREADS, ZERO, Index, cuda, empty, integers, launch
from .groups import Facts
from .product_cuda import add_rows, product


class Pairs(NamedTuple):
    """The visible facts of each question, packed: pair off[q] + t is question q's fact t."""

    fact: Index                # (P,)     the fact of each pair
    of: Index                  # (P,)     its question
    off: Index                 # (Q + 1,) where a question's pairs begin
    seen: Index                # (P,)     the pairs, fact by fact
    seen_from: Index           # (R + 1,) where a fact's begin there
    T: int


class Shared(NamedTuple):
    """What all passes share.  x: the question or the memory."""

    c: object                  # (R, H)
    q: object                  # (Q, H)
    pairs: Pairs
    meet: tuple                # what meets q (H + G, H), and m (H + G, H, or 3H more with U)
    V: object                  # (2G, 2H + 1)  W_1's columns that compare with q; below, with m
    of_q: object               # (Q, H + G)  the products of the first with q
    X_q: object                # (P, 2H + 1)  facts compared with q
    a: object                  # (P, G)  all of eq. (6)'s sum that the memory has no part in


def make_pairs(facts, R):
    """Facts over R facts in all -> Pairs."""
    rows, n = (integers(a).host for a in facts)
    there = np.arange(rows.shape[1]) < n[:, None]
    (of, _), fact = np.nonzero(there), rows[there]
    return Pairs(Index(fact), Index(of), Index(np.concatenate([[0], np.cumsum(n)])),
                 *inverse(fact, R), rows.shape[1])


def launch_blocks(kernel, n, *arrays):
    """Runs a kernel of one block a question, for n of them."""
    if n:
        kernel[n, THREADS](*arrays)


# ---- matrices of one vector below one another

@cuda.jit(device=True)
def column(j, H, x):
    """Where in W_1 column j of the blocks that compare stands; x: 0 the question, 1 the memory.

    The blocks of eq. (5) from 3 on: c∘q, c∘m, |c-q|, |c-m|, and one number each cᵀW_b q, cᵀW_b m.
    """
    return 7 * H + x if j == 2 * H else (3 + x + 2 * (j // H)) * H + j % H


@cuda.jit
def _take_columns(W_1, V):
    G, N = W_1.shape[0], V.shape[1]
    i, j = cuda.grid(1) // N, cuda.grid(1) % N
    if i < V.shape[0]:
        V[i, j] = W_1[i % G, column(j, (N - 1) // 2, i // G)]


@cuda.jit
def _add_columns(dV, dW_1):
    G, N = dW_1.shape[0], dV.shape[1]
    i, j = cuda.grid(1) // N, cuda.grid(1) % N
    if i < dV.shape[0]:
        dW_1[i % G, column(j, (N - 1) // 2, i // G)] += dV[i, j]


@cuda.jit
def _take_rows(W_b, W_1, U, out):
    """W_b and W_1's columns of q, eq. (5)'s block 2; W_b and those of m, block 1; U."""
    G, H = W_1.shape[0], W_b.shape[0]
    i, k = cuda.grid(1) // H, cuda.grid(1) % H
    if i < out.shape[0]:
        x, row = min(i // (H + G), 1), i % (H + G)
        if i >= 2 * (H + G):
            out[i, k] = U[i - 2 * (H + G), k]
        elif row < H:
            out[i, k] = W_b[row, k]
        else:
            out[i, k] = W_1[row - H, (2 - x) * H + k]


@cuda.jit
def _add_rows_of(d, dW_b, dW_1, dU):
    G, H = dW_1.shape[0], dW_b.shape[0]
    i, k = cuda.grid(1) // H, cuda.grid(1) % H
    if i < d.shape[0]:
        x, row = min(i // (H + G), 1), i % (H + G)
        if i >= 2 * (H + G):
            dU[i - 2 * (H + G), k] += d[i, k]
        elif row >= H:
            dW_1[row - H, (2 - x) * H + k] += d[i, k]
        elif x == 0:                                       # W_b meets both
            dW_b[row, k] += d[i, k] + d[H + G + i, k]


def arranged(gate, U):
    """-> what meets q, and what meets m and ends with U where that is given; V.  See Shared."""
    (G, _), H = gate.W_1.shape, len(gate.W_b)
    rows = empty((2 * (H + G) + (0 if U is None else len(U)), H), gate.W_1.dtype)
    V = empty((2 * G, 2 * H + 1), gate.W_1.dtype)
    launch(_take_rows, rows.size, gate.W_b, gate.W_1, gate.W_b if U is None else U, rows)
    launch(_take_columns, V.size, gate.W_1, V)
    return (rows[:H + G], rows[H + G:]), V


# ---- what stands around the products: for a thread a number, or for a block a question

@cuda.jit
def _compare(c, x, of_x, fact, of, X):
    """The blocks of eq. (5) that compare facts with x: c∘x, |c-x|, cᵀW_b x.

    of_x: W_b x in its first columns.
    """
    H, N = c.shape[1], X.shape[1]
    p, j = cuda.grid(1) // N, cuda.grid(1) % N
    if p < X.shape[0]:
        r, q = fact[p], of[p]
        if j < H:
            X[p, j] = c[r, j] * x[q, j]
        elif j < 2 * H:
            X[p, j] = abs(c[r, j - H] - x[q, j - H])
        else:
            total = ZERO
            for k in range(H):
                total += c[r, k] * of_x[q, k]
            X[p, j] = total


@cuda.jit(device=True)
def sign(x):
    return ONE if x > ZERO else (-ONE if x < ZERO else ZERO)           # 0 at the kink of |x|


@cuda.jit(device=True)
def to_fact(r, k, dX, c, x, of_x, of, seen, seen_from):
    """What the comparisons with x give number k of fact r."""
    H, total = c.shape[1], ZERO
    for i in range(seen_from[r], seen_from[r + 1]):
        p = seen[i]
        q = of[p]
        total += (dX[p, k] * x[q, k] + sign(c[r, k] - x[q, k]) * dX[p, H + k]
                  + dX[p, 2 * H] * of_x[q, k])
    return total


@cuda.jit(device=True)
def to_question(q, k, dX, c, x, fact, off, dx, d_of):
    """What they give number k of question q's x, added to dx, and of W_b x."""
    H, total, total_b = c.shape[1], dx[q, k], ZERO
    for p in range(off[q], off[q + 1]):
        c_k = c[fact[p], k]
        total += dX[p, k] * c_k - sign(c_k - x[q, k]) * dX[p, H + k]
        total_b += dX[p, 2 * H] * c_k
    dx[q, k], d_of[q, k] = total, total_b


@cuda.jit
def _compare_backward(dX, c, x, of_x, fact, of, off, seen, seen_from, dc, dx, d_of):
    """The first threads have a number of dc each, the others one of dx."""
    i, H = cuda.grid(1), c.shape[1]
    if i < dc.size:
        dc[i // H, i % H] += to_fact(i // H, i % H, dX, c, x, of_x, of, seen, seen_from)
    elif i < dc.size + dx.size:
        i -= dc.size
        to_question(i // H, i % H, dX, c, x, fact, off, dx, d_of)


@cuda.jit
def _shared_sum(a, from_c, of_q, b_1, fact, of):
    G, H = a.shape[1], of_q.shape[1] - a.shape[1]
    p, k = cuda.grid(1) // G, cuda.grid(1) % G
    if p < a.shape[0]:
        a[p, k] += from_c[fact[p], k] + of_q[of[p], H + k] + b_1[k]


@cuda.jit(device=True)
def scores(q, a, of_m, H, W_2, b_2, off, u, s):
    """Eq. (6) before its outer σ, of all facts of question q: a block.

    u (P, G): V_m times the comparisons; what its tanh gives comes in its place.
    """
    first, n, G = off[q], off[q + 1] - off[q], u.shape[1]
    for i in range(cuda.threadIdx.x, n * G, cuda.blockDim.x):
        p, k = first + i // G, i % G
        u[p, k] = math.tanh(u[p, k] + a[p, k] + of_m[q, H + k])
    cuda.syncthreads()
    for t in range(cuda.threadIdx.x, s.shape[1], cuda.blockDim.x):
        if t < n:
            total = b_2[0]
            for k in range(G):
                total += u[first + t, k] * W_2[k]
            s[q, t] = total
        else:
            s[q, t] = -math.inf


@cuda.jit(device=True)
def scores_backward(q, ds, dss, scored, u, H, W_2, off, ds_p, da, d_shared, d_of):
    """The same back: ds_p, da and d_shared of question q's pairs, d_of of q.

    dss: what the scores' own loss gives, where `scored`.
    """
    for k in range(cuda.threadIdx.x, u.shape[1], cuda.blockDim.x):
        total = ZERO
        for p in range(off[q], off[q + 1]):
            d = ds[q, p - off[q]]
            if scored:
                d += dss[q, p - off[q]]
            da_k = d * W_2[k] * (ONE - u[p, k] * u[p, k])
            da[p, k] = da_k
            d_shared[p, k] += da_k
            total += da_k
            if k == 0:
                ds_p[p, 0] = d
        d_of[q, H + k] = total


@cuda.jit
def _scores(a, of_m, H, W_2, b_2, off, u, s):
    scores(cuda.blockIdx.x, a, of_m, H, W_2, b_2, off, u, s)


@cuda.jit
def _scores_backward(ds, u, H, W_2, off, ds_p, da, d_shared, d_of):
    scores_backward(cuda.blockIdx.x, ds, ds, False, u, H, W_2, off, ds_p, da, d_shared, d_of)


@cuda.jit
def _sums_of_pairs(da, off, seen, seen_from, d_of, H, d_c):
    """The pairs of each question, in the columns of d_of from H on; and those of each fact."""
    G, Q = da.shape[1], d_of.shape[0]
    i, k = cuda.grid(1) // G, cuda.grid(1) % G
    total = ZERO
    if i < Q:
        for p in range(off[i], off[i + 1]):
            total += da[p, k]
        d_of[i, H + k] = total
    elif i < Q + d_c.shape[0]:
        for j in range(seen_from[i - Q], seen_from[i - Q + 1]):
            total += da[seen[j], k]
        d_c[i - Q, k] = total


# ---- what all passes share, and the products of one

def shared_forward(c, q, pairs, gate, U=None):
    """c (R, H), q (Q, H); U: of the GRU that makes the memory -> Shared."""
    H, (meet, V) = c.shape[1], arranged(gate, U)
    of_q, X_q = product(q, meet[0], "B"), empty((len(pairs.fact), 2 * H + 1), c.dtype)
    launch(_compare, X_q.size, c, q, of_q, pairs.fact.device, pairs.of.device, X_q)
    a, from_c = product(X_q, V[:len(V) // 2], "B"), product(c, gate.W_1[:, :H], "B")
    launch(_shared_sum, a.size, a, from_c, of_q, gate.b_1, pairs.fact.device, pairs.of.device)
    return Shared(c, q, pairs, meet, V, of_q, X_q, a)


def pass_products(m, shared, V_m, X, u):
    """m (Q, H) -> the products of shared.meet with m.  In their places: X (P, 2H + 1), the facts
    compared with m, and V_m times these, u (P, G).
    """
    c, pairs = shared.c, shared.pairs
    of_m = product(m, shared.meet[1], "B")
    launch(_compare, X.size, c, m, of_m, pairs.fact.device, pairs.of.device, X)
    product(X, V_m, "B", out=u)
    return of_m


def through_compare(dX, shared, x, of_x, into):
    """dX (P, 2H + 1).  into: dc, dx, d_of; adds into the first two, sets W_b x in the third."""
    pairs = shared.pairs
    launch(_compare_backward, into[0].size + into[1].size, dX, shared.c, x, of_x,
           pairs.fact.device, pairs.of.device, pairs.off.device, pairs.seen.device,
           pairs.seen_from.device, *into)


class Made(NamedTuple):
    """What each pass made, pass after pass: n times the rows."""

    m: object                  # (n Q, H)       the memories that the passes began with
    X: object                  # (n P, 2H + 1)  facts compared with them
    u: object                  # (n P, G)       eq. (6)'s tanh


class Gradients(NamedTuple):
    """What the way back through the passes leaves for the weights, pass after pass."""

    of_m: object               # (n Q, H + G + 3H)  of the products of Shared.meet with m
    a: object                  # (n P, G)           of what eq. (6)'s tanh is taken of
    s: object                  # (n P, 1)           of the scores
    shared: object             # (P, G)             of Shared.a: over all passes


def shared_backward(d, made, shared, gate, dc, dgate, dU=None):
    """d: Gradients, made: Made -> dq (Q, H).  Adds into dc (R, H), dgate and dU.

    One product for all passes makes the gradient of what meets m; so with V.
    """
    c, q, pairs, meet, V, of_q, X_q, _ = shared
    (Q, H), G, new = q.shape, len(V) // 2, lambda *shape: empty(shape, c.dtype)
    product(d.s, made.u, "A", into=dgate.W_2.reshape(1, G))
    add_rows(d.s, dgate.b_2.reshape(1))
    d_of_q, d_c, dq = new(Q, H + G), new(len(c), G), zeros((Q, H), c.dtype)
    launch(_sums_of_pairs, (Q + len(c)) * G, d.shared, pairs.off.device, pairs.seen.device,
           pairs.seen_from.device, d_of_q, H, d_c)
    add_rows(d_c, dgate.b_1)
    product(d_c, c, "A", into=dgate.W_1[:, :H])
    product(d_c, gate.W_1[:, :H], into=dc)
    through_compare(product(d.shared, V[:G]), shared, q, of_q, (dc, dq, d_of_q))
    product(d_of_q, meet[0], into=dq)
    dV, rows = new(2 * G, 2 * H + 1), new(len(meet[0]) + len(meet[1]), H)
    product(d.shared, X_q, "A", out=dV[:G])
    product(d.a, made.X, "A", out=dV[G:])
    launch(_add_columns, dV.size, dV, dgate.W_1)
    product(d_of_q, q, "A", out=rows[:H + G])
    product(d.of_m, made.m, "A", out=rows[H + G:])
    launch(_add_rows_of, rows.size, rows, dgate.W_b, dgate.W_1, dgate.W_b if dU is None else dU)
    return dq


# ---- the gate alone

def own_facts(c):
    """c (Q, T, H): facts that each question has for itself -> Facts over c (Q T, H)."""
    Q, T, _ = c.shape
    return Facts(np.arange(Q * T, dtype=np.int32).reshape(Q, T), np.full(Q, T, np.int32))


def gate_forward(c, m, q, gate):
    (Q, T, H), rows = c.shape, c.reshape(-1, c.shape[2])
    pairs = make_pairs(own_facts(c), len(rows))
    shared = shared_forward(rows, q, pairs, gate)
    X, u = empty(shared.X_q.shape, c.dtype), empty(shared.a.shape, c.dtype)
    V_m = shared.V[len(gate.W_2):]
    of_m, s = pass_products(m, shared, V_m, X, u), empty((Q, T), c.dtype)
    launch_blocks(_scores, Q, shared.a, of_m, H, gate.W_2, gate.b_2.reshape(1), pairs.off.device,
                  u, s)
    return s, (shared, of_m, Made(m, X, u), c.shape)


def gate_backward(ds, cache, gate, dgate):
    shared, of_m, made, shape = cache
    m, _, u = made
    new = lambda *shape: empty(shape, ds.dtype)
    d = Gradients(new(*of_m.shape), new(*u.shape), new(len(u), 1), zeros(u.shape, ds.dtype))
    dc, dm = zeros(shared.c.shape, ds.dtype), zeros(m.shape, ds.dtype)
    launch_blocks(_scores_backward, len(m), ds, u, m.shape[1], gate.W_2, shared.pairs.off.device,
                  d.s, d.a, d.shared, d.of_m)
    through_compare(product(d.a, shared.V[u.shape[1]:]), shared, m, of_m, (dc, dm, d.of_m))
    product(d.of_m, shared.meet[1], into=dm)
    dq = shared_backward(d, made, shared, gate, dc, dgate)
    return dc.reshape(*shape), dm, dq
