"""The attention gate, eqs (5) and (6), on the device.  Meaning, names and shapes: gate_numpy.py.

The algebra is that of gate_numba.py: z(c, m, q) is never built, what no pass changes is made once
("shared"), pairs of a question and a fact are packed.  Products are products; what stands around
them is one kernel each, and sums over a question's pairs, or over the pairs that see a fact, are
made by the thread that owns the result, in the pairs' order.

Sizes: R facts in all, Q questions, T facts of one at most, P pairs, H hidden, G gate_hidden.
"""

import math
from functools import cache
from typing import NamedTuple

import numpy as np

from .arrays_cuda import inverse, zeros
from .device import ONE, ZERO, Index, cuda, empty, integers, launch
from .groups import Facts
from .product_cuda import add_rows, affine, product


class Pairs(NamedTuple):
    """The visible facts of each question, packed."""

    fact: Index                # (P,)     the fact of each pair
    of: Index                  # (P,)     its question
    at: Index                  # (P,)     its position there
    off: Index                 # (Q + 1,) where a question's pairs begin
    seen: Index                # (P,)     the pairs, fact by fact
    seen_from: Index           # (R + 1,) where a fact's begin there
    place: Index               # (Q, T)   the pair at each position, -1 on padding


def make_pairs(facts, R):
    """Facts over R facts in all -> Pairs."""
    rows, n = (integers(a).host for a in facts)
    there = np.arange(rows.shape[1]) < n[:, None]
    (of, at), fact = np.nonzero(there), rows[there]
    place = np.where(there, np.cumsum(there).reshape(there.shape) - 1, -1)
    return Pairs(Index(fact), Index(of), Index(at), Index(np.concatenate([[0], np.cumsum(n)])),
                 *inverse(fact, R), Index(place))


@cache
def columns(H):
    """W_1's columns of three blocks of eq. (5), each as a slice: c, m, q."""
    return tuple(slice(i * H, (i + 1) * H) for i in range(3))


@cuda.jit(device=True)
def column(j, H, x):
    """Where in W_1 column j of the blocks that compare stands; x: 0 the question, 1 the memory.

    The blocks of eq. (5) from 3 on: c∘q, c∘m, |c-q|, |c-m|, and one number each cᵀW_b q, cᵀW_b m.
    """
    return 7 * H + x if j == 2 * H else (3 + x + 2 * (j // H)) * H + j % H


@cuda.jit
def _take_columns(W_1, x, V):
    N = V.shape[1]
    i, j = cuda.grid(1) // N, cuda.grid(1) % N
    if i < V.shape[0]:
        V[i, j] = W_1[i, column(j, (N - 1) // 2, x)]


@cuda.jit
def _add_columns(dV, x, dW_1):
    N = dV.shape[1]
    i, j = cuda.grid(1) // N, cuda.grid(1) % N
    if i < dV.shape[0]:
        dW_1[i, column(j, (N - 1) // 2, x)] += dV[i, j]


def comparing(gate):
    """W_1's columns for the blocks that compare with the question, and with the memory.

    Two of (G, 2H + 1).
    """
    (G, _), H = gate.W_1.shape, len(gate.W_b)
    V_q, V_m = (empty((G, 2 * H + 1), gate.W_1.dtype) for _ in range(2))
    launch(_take_columns, V_q.size, gate.W_1, 0, V_q)
    launch(_take_columns, V_m.size, gate.W_1, 1, V_m)
    return V_q, V_m


@cuda.jit
def _compare(c, x, W_bx, fact, of, X):
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
                total += c[r, k] * W_bx[q, k]
            X[p, j] = total


def compare(c, x, W_b, pairs):
    """The blocks of eq. (5) that compare facts with x (Q, H), the question or the memory.

    -> W_b x (Q, H); X (P, 2H + 1): c∘x, |c-x|, cᵀW_b x.
    """
    W_bx, X = product(x, W_b, "B"), empty((len(pairs.fact), 2 * c.shape[1] + 1), c.dtype)
    launch(_compare, X.size, c, x, W_bx, pairs.fact.device, pairs.of.device, X)
    return W_bx, X


@cuda.jit(device=True)
def sign(x):
    return ONE if x > ZERO else (-ONE if x < ZERO else ZERO)           # 0 at the kink of |x|


@cuda.jit
def _to_facts(d, c, x, W_bx, of, seen, seen_from, dc):
    H = c.shape[1]
    r, k = cuda.grid(1) // H, cuda.grid(1) % H
    if r < c.shape[0]:
        total = dc[r, k]
        for i in range(seen_from[r], seen_from[r + 1]):
            p = seen[i]
            q = of[p]
            total += (d[p, k] * x[q, k] + sign(c[r, k] - x[q, k]) * d[p, H + k]
                      + d[p, 2 * H] * W_bx[q, k])
        dc[r, k] = total


@cuda.jit
def _to_questions(d, c, x, fact, off, dx, dW_bx):
    H = c.shape[1]
    q, k = cuda.grid(1) // H, cuda.grid(1) % H
    if q < x.shape[0]:
        total, total_b = ZERO, ZERO
        for p in range(off[q], off[q + 1]):
            c_k = c[fact[p], k]
            total += d[p, k] * c_k - sign(c_k - x[q, k]) * d[p, H + k]
            total_b += d[p, 2 * H] * c_k
        dx[q, k], dW_bx[q, k] = total, total_b


def compare_backward(d, c, made, pairs, W_b, dc, dW_b):
    """d (P, 2H + 1); made: x, W_b x -> dx (Q, H).  Adds into dc, dW_b."""
    x, W_bx = made
    dx, dW_bx = empty(x.shape, x.dtype), empty(x.shape, x.dtype)
    launch(_to_facts, c.size, d, c, x, W_bx, pairs.of.device, pairs.seen.device,
           pairs.seen_from.device, dc)
    launch(_to_questions, x.size, d, c, x, pairs.fact.device, pairs.off.device, dx, dW_bx)
    product(dW_bx, x, "A", into=dW_b)
    return product(dW_bx, W_b, into=dx)


@cuda.jit
def _shared_sum(a, from_c, from_q, fact, of):
    G = a.shape[1]
    p, k = cuda.grid(1) // G, cuda.grid(1) % G
    if p < a.shape[0]:
        a[p, k] += from_c[fact[p], k] + from_q[of[p], k]


@cuda.jit
def _tanh_of_sum(u, shared, from_m, of):
    G = u.shape[1]
    p, k = cuda.grid(1) // G, cuda.grid(1) % G
    if p < u.shape[0]:
        u[p, k] = math.tanh(u[p, k] + shared[p, k] + from_m[of[p], k])


@cuda.jit
def _scores(u, W_2, b_2, place, s):
    q, t = cuda.grid(1) // s.shape[1], cuda.grid(1) % s.shape[1]
    if q < s.shape[0]:
        p = place[q, t]
        total = b_2[0]
        if p >= 0:
            for k in range(u.shape[1]):
                total += u[p, k] * W_2[k]
            s[q, t] = total
        else:
            s[q, t] = -math.inf


def shared_forward(c, q, pairs, gate):
    """What all passes share.  c (R, H), q (Q, H) -> shared."""
    W_1, (of_c, _, of_q), V = gate.W_1, columns(c.shape[1]), comparing(gate)
    W_bq, X = compare(c, q, gate.W_b, pairs)
    a = product(X, V[0], "B")
    from_c, from_q = product(c, W_1[:, of_c], "B"), affine(q, W_1[:, of_q], gate.b_1)
    launch(_shared_sum, a.size, a, from_c, from_q, pairs.fact.device, pairs.of.device)
    return c, q, pairs, V, W_bq, X, a


def pass_forward(m, shared, gate):
    """The scores of one pass: m (Q, H) -> s (Q, T), -inf on padding, cache."""
    c, _, pairs, (_, V_m), _, _, a = shared
    W_bm, X = compare(c, m, gate.W_b, pairs)
    u = product(X, V_m, "B")
    from_m = product(m, gate.W_1[:, columns(c.shape[1])[1]], "B")
    launch(_tanh_of_sum, u.size, u, a, from_m, pairs.of.device)
    s = empty(pairs.place.shape, u.dtype)
    launch(_scores, s.size, u, gate.W_2, gate.b_2.reshape(1), pairs.place.device, s)
    return s, (m, W_bm, X, u)


@cuda.jit
def _through_scores(ds, u, W_2, of, at, ds_p, da, d_shared):
    G = u.shape[1]
    p, k = cuda.grid(1) // G, cuda.grid(1) % G
    if p < u.shape[0]:
        d = ds[of[p], at[p]]
        da[p, k] = d * W_2[k] * (ONE - u[p, k] * u[p, k])
        d_shared[p, k] += da[p, k]
        if k == 0:
            ds_p[p, 0] = d


@cuda.jit
def _sum_of_pairs(da, off, out):
    G = da.shape[1]
    q, k = cuda.grid(1) // G, cuda.grid(1) % G
    if q < out.shape[0]:
        total = ZERO
        for p in range(off[q], off[q + 1]):
            total += da[p, k]
        out[q, k] = total


@cuda.jit
def _sum_of_facts(da, seen, seen_from, out):
    G = da.shape[1]
    r, k = cuda.grid(1) // G, cuda.grid(1) % G
    if r < out.shape[0]:
        total = ZERO
        for i in range(seen_from[r], seen_from[r + 1]):
            total += da[seen[i], k]
        out[r, k] = total


def _through_compare(da, shared, made, x, gate, into):
    """Through the blocks that compare facts with the question (x: 0) or the memory (1).

    da (P, G); made: the vector, W_b times it, X; into: dc, dgate -> d of the vector (Q, H).
    """
    (vector, W_bx, X), (dc, dgate), (c, _, pairs, V, *_) = made, into, shared
    dV = product(da, X, "A")
    launch(_add_columns, dV.size, dV, x, dgate.W_1)
    return compare_backward(product(da, V[x]), c, (vector, W_bx), pairs, gate.W_b, dc, dgate.W_b)


def pass_backward(ds, cache, shared, d_shared, gate, into):
    """ds (Q, T) -> dm (Q, H).  into: dc, dgate; adds into these and d_shared (P, G), not db_1."""
    m, W_bm, X, u = cache
    pairs, (_, dgate), (_, of_m, _) = shared[2], into, columns(m.shape[1])
    da, ds_p = empty(u.shape, u.dtype), empty((len(u), 1), u.dtype)
    launch(_through_scores, u.size, ds, u, gate.W_2, pairs.of.device, pairs.at.device, ds_p, da,
           d_shared)
    product(ds_p, u, "A", into=dgate.W_2.reshape(1, len(gate.W_2)))
    add_rows(ds_p, dgate.b_2.reshape(1))
    d_m = empty((len(m), u.shape[1]), u.dtype)
    launch(_sum_of_pairs, d_m.size, da, pairs.off.device, d_m)
    product(d_m, m, "A", into=dgate.W_1[:, of_m])
    dm = _through_compare(da, shared, (m, W_bm, X), 1, gate, into)
    return product(d_m, gate.W_1[:, of_m], into=dm)


def shared_backward(d_shared, shared, gate, into):
    """d_shared (P, G) -> dq (Q, H).  into: dc, dgate; adds into these."""
    c, q, pairs, _, W_bq, X, _ = shared
    (dc, dgate), (of_c, _, of_q) = into, columns(c.shape[1])
    G = d_shared.shape[1]
    d_q, d_c = empty((len(q), G), c.dtype), empty((len(c), G), c.dtype)
    launch(_sum_of_pairs, d_q.size, d_shared, pairs.off.device, d_q)
    launch(_sum_of_facts, d_c.size, d_shared, pairs.seen.device, pairs.seen_from.device, d_c)
    product(d_c, c, "A", into=dgate.W_1[:, of_c])
    product(d_q, q, "A", into=dgate.W_1[:, of_q])
    add_rows(d_q, dgate.b_1)
    product(d_c, gate.W_1[:, of_c], into=dc)
    dq = _through_compare(d_shared, shared, (q, W_bq, X), 0, gate, into)
    return product(d_q, gate.W_1[:, of_q], into=dq)


def own_facts(c):
    """c (Q, T, H): facts that each question has for itself -> Facts over c (Q T, H)."""
    Q, T, _ = c.shape
    return Facts(np.arange(Q * T, dtype=np.int32).reshape(Q, T), np.full(Q, T, np.int32))


def gate_forward(c, m, q, gate):
    rows, shape = c.reshape(-1, c.shape[2]), c.shape
    shared = shared_forward(rows, q, make_pairs(own_facts(c), len(rows)), gate)
    s, cache = pass_forward(m, shared, gate)
    return s, (shared, cache, shape)


def gate_backward(ds, cache, gate, dgate):
    shared, made, shape = cache
    dc, d_shared = (zeros(a.shape, ds.dtype) for a in (shared[0], shared[-1]))
    dm = pass_backward(ds, made, shared, d_shared, gate, (dc, dgate))
    dq = shared_backward(d_shared, shared, gate, (dc, dgate))
    return dc.reshape(*shape), dm, dq
