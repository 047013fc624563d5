"""The attention gate, eqs (5) and (6), compiled, for the passes of passes_numba.py.

Facts stand once, in c (R, H); rows (Q, T) says which of them question q has at position t, n (Q,)
how many.  What makes it fast, each exact algebra:
- z(c, m, q) is never built.  Of its nine blocks c, q, c∘q, |c-q| and cᵀW_b q do not change from
  pass to pass: their products with W_1 are made once ("shared", one sum of G numbers a pair), and a
  pass adds those of m, c∘m, |c-m| and cᵀW_b m;
- the blocks c, q, m alone are multiplied once a fact or a question, not once a pair;
- pairs of a question and a fact are packed: pair p of question q is off[q] + t, no work on padding.

Sizes: R facts in all, Q questions, T facts of one at most, P pairs, H hidden, G gate_hidden.
"""

import numpy as np

from .compiled import njit
from .tanh_numba import FAST, tanh


@njit(cache=True, nogil=True, forceinline=True)
def _pairs(rows, n):
    """rows (Q, T), n (Q,) -> off (Q + 1,): where a question's pairs begin; their facts (P,)."""
    off = np.zeros(len(n) + 1, np.int64)
    for q in range(len(n)):
        off[q + 1] = off[q] + n[q]
    fact = np.empty(off[-1], np.int64)
    for q in range(len(n)):
        for t in range(n[q]):
            fact[off[q] + t] = rows[q, t]
    return off, fact


@njit(cache=True, nogil=True, fastmath=FAST, error_model="numpy", forceinline=True)
def _compare(c, x, W_bx, off, fact):
    """The blocks of eq. (5) that compare a fact with x, the question or the memory.

    c (R, H), x and W_b x (Q, H) -> features (P, 2H): c∘x and |c-x|; bilinear (P,): cᵀW_b x.
    """
    H = c.shape[1]
    features, bilinear = np.empty((len(fact), 2 * H), c.dtype), np.empty(len(fact), c.dtype)
    for q in range(len(off) - 1):
        x_q, W_bx_q = x[q], W_bx[q]
        for p in range(off[q], off[q + 1]):
            c_p, f, dot = c[fact[p]], features[p], c.dtype.type(0)
            for k in range(H):
                f[k] = c_p[k] * x_q[k]
                f[H + k] = abs(c_p[k] - x_q[k])
                dot += c_p[k] * W_bx_q[k]
            bilinear[p] = dot
    return features, bilinear


@njit(cache=True, nogil=True, fastmath=FAST, error_model="numpy", forceinline=True)
def _compare_backward(d_features, d_bilinear, c, x, W_bx, pairs, dc):
    """d_features (P, 2H), d_bilinear (P,) -> dx (Q, H) without what passes W_b, d(W_b x) (Q, H).

    Adds into dc (R, H).
    """
    off, fact = pairs
    H = c.shape[1]
    dx, dW_bx = np.zeros_like(x), np.zeros_like(x)
    for q in range(len(off) - 1):
        x_q, W_bx_q, dx_q, dW_bx_q = x[q], W_bx[q], dx[q], dW_bx[q]
        for p in range(off[q], off[q + 1]):
            c_p, dc_p, d, d_dot = c[fact[p]], dc[fact[p]], d_features[p], d_bilinear[p]
            for k in range(H):
                sign = np.sign(c_p[k] - x_q[k]) * d[H + k]             # 0 at the kink of |c-x|
                dc_p[k] += d[k] * x_q[k] + sign + d_dot * W_bx_q[k]
                dx_q[k] += d[k] * c_p[k] - sign
                dW_bx_q[k] += d_dot * c_p[k]
    return dx, dW_bx


@njit(cache=True, nogil=True, fastmath=FAST, error_model="numpy", forceinline=True)
def _shared_sum(a, from_c, from_q, bilinear, w, off, fact):
    """a (P, G) += each pair's from_c (R, G), from_q (Q, G), and cᵀW_b q (P,) times w (G,)."""
    for q in range(len(off) - 1):
        for p in range(off[q], off[q + 1]):
            a_p, c_p, q_p, b = a[p], from_c[fact[p]], from_q[q], bilinear[p]
            for k in range(len(w)):
                a_p[k] += c_p[k] + q_p[k] + b * w[k]


@njit(cache=True, nogil=True, fastmath=FAST, error_model="numpy", forceinline=True)
def _score(u, shared, from_m, bilinear, weights, off, T):
    """u (P, G), the products of c∘m and |c-m|, becomes tanh of the whole sum.

    -> s (Q, T): eq. (6) before its outer σ, -inf on padding.
    """
    w, W_2, b_2 = weights
    s = np.full((len(off) - 1, T), -np.inf, u.dtype)
    for q in range(len(off) - 1):
        m_q = from_m[q]
        for p in range(off[q], off[q + 1]):
            u_p, shared_p, b = u[p], shared[p], bilinear[p]
            for k in range(len(w)):
                u_p[k] = tanh(u_p[k] + shared_p[k] + m_q[k] + b * w[k])
            dot = b_2[()]
            for k in range(len(w)):
                dot += u_p[k] * W_2[k]
            s[q, p - off[q]] = dot
    return s


@njit(cache=True, nogil=True, fastmath=FAST, error_model="numpy", forceinline=True)
def _score_backward(ds, u, bilinear, weights, off, d_shared, dweights):
    """ds (Q, T) -> da (P, G) before the tanh, its sum a question (Q, G), d_bilinear (P,), db_2.

    weights: w, W_2; adds into d_shared and into dweights: dw, dW_2.
    """
    (w, W_2), (dw, dW_2) = weights, dweights
    G, one = len(W_2), W_2.dtype.type(1)
    da, d_m = np.empty_like(u), np.zeros((len(off) - 1, G), u.dtype)
    d_bilinear, db_2 = np.empty_like(bilinear), u.dtype.type(0)
    for q in range(len(off) - 1):
        d_m_q = d_m[q]
        for p in range(off[q], off[q + 1]):
            u_p, da_p, shared_p, b = u[p], da[p], d_shared[p], bilinear[p]
            d, dot = ds[q, p - off[q]], u.dtype.type(0)
            db_2 += d
            for k in range(G):
                da_k = d * W_2[k] * (one - u_p[k] * u_p[k])
                dW_2[k] += d * u_p[k]
                dw[k] += da_k * b
                dot += da_k * w[k]
                da_p[k] = da_k
                d_m_q[k] += da_k
                shared_p[k] += da_k
            d_bilinear[p] = dot
    return da, d_m, d_bilinear, db_2


@njit(cache=True, nogil=True, fastmath=FAST, error_model="numpy", forceinline=True)
def _shared_sum_backward(da, bilinear, w, off, fact, R, dw):
    """da (P, G) -> sums a fact (R, G), a question (Q, G); d_bilinear (P,).  Adds into dw (G,)."""
    G = len(w)
    d_c, d_q = np.zeros((R, G), da.dtype), np.zeros((len(off) - 1, G), da.dtype)
    d_bilinear = np.empty_like(bilinear)
    for q in range(len(off) - 1):
        d_q_q = d_q[q]
        for p in range(off[q], off[q + 1]):
            da_p, d_c_p, b, dot = da[p], d_c[fact[p]], bilinear[p], w.dtype.type(0)
            for k in range(G):
                d_c_p[k] += da_p[k]
                d_q_q[k] += da_p[k]
                dw[k] += da_p[k] * b
                dot += da_p[k] * w[k]
            d_bilinear[p] = dot
    return d_c, d_q, d_bilinear


@njit(cache=True, nogil=True, forceinline=True)
def _blocks(W_1, H):
    """W_1's columns by block of eq. (5), contiguous.

    Of c, m, q (G, H); of (c∘q, |c-q|), (c∘m, |c-m|) (G, 2H); of cᵀW_b q, cᵀW_b m (G,).
    """
    # entry by entry: a slice that is copied whole takes Numba two seconds to compile
    G, dtype = len(W_1), W_1.dtype
    c, m, q = np.empty((G, H), dtype), np.empty((G, H), dtype), np.empty((G, H), dtype)
    of_q, of_m = np.empty((G, 2 * H), dtype), np.empty((G, 2 * H), dtype)
    w_q, w_m = np.empty(G, dtype), np.empty(G, dtype)
    for i in range(G):
        for k in range(H):
            c[i, k], m[i, k], q[i, k] = W_1[i, k], W_1[i, H + k], W_1[i, 2 * H + k]
            of_q[i, k], of_q[i, H + k] = W_1[i, 3 * H + k], W_1[i, 5 * H + k]
            of_m[i, k], of_m[i, H + k] = W_1[i, 4 * H + k], W_1[i, 6 * H + k]
        w_q[i], w_m[i] = W_1[i, 7 * H], W_1[i, 7 * H + 1]
    return c, m, q, of_q, of_m, w_q, w_m


@njit(cache=True, nogil=True, fastmath=FAST, error_model="numpy")
def shared_forward(c, rows, n, q, W_b, W_1, b_1):
    """What all passes share -> shared.  c (R, H), rows (Q, T), n (Q,), q (Q, H)."""
    off, fact = _pairs(rows, n)
    blocks = _blocks(W_1, c.shape[1])
    W_c, _, W_q, W_compare, _, w, _ = blocks
    W_bq = np.dot(q, W_b.T)
    features, bilinear = _compare(c, q, W_bq, off, fact)
    a = np.dot(features, W_compare.T)
    _shared_sum(a, np.dot(c, W_c.T), np.dot(q, W_q.T) + b_1, bilinear, w, off, fact)
    return c, q, off, fact, rows.shape[1], W_bq, features, bilinear, a, blocks


@njit(cache=True, nogil=True, fastmath=FAST, error_model="numpy")
def pass_forward(m, shared, W_b, W_2, b_2):
    """The scores of one pass: m (Q, H) -> s (Q, T), -inf on padding, cache."""
    c, _, off, fact, T, _, _, _, a, (_, W_m, _, _, W_compare, _, w) = shared
    W_bm = np.dot(m, W_b.T)
    features, bilinear = _compare(c, m, W_bm, off, fact)
    u = np.dot(features, W_compare.T)
    s = _score(u, a, np.dot(m, W_m.T), bilinear, (w, W_2, b_2), off, T)
    return s, (m, W_bm, features, bilinear, u)


def shared_zeros(shared):
    """Where pass_backward collects, over the passes, the gradients of what they share."""
    c, *_, a, _ = shared
    return np.zeros_like(c), np.zeros_like(a)


@njit(cache=True, nogil=True, fastmath=FAST, error_model="numpy", forceinline=True)
def _through_products(d, c, made, pairs, weights, first, into):
    """Through the products of a pass, or of what the passes share: -> dx (Q, H).

    d: da (P, G), d_x (Q, G), d_bilinear (P,); made: x, W_b x, features; adds into dc, dW_1, dW_b.
    first: the block of eq. (5) that is x itself; those of c∘x and |c-x| are the fourth and sixth
    for m, the third and fifth for q (from 0).
    """
    (da, d_x, d_bilinear), (x, W_bx, features) = d, made
    (W_x, W_compare, W_b), (dc, dW_1, dW_b) = weights, into
    H = c.shape[1]
    product, difference = (3, 5) if first == 2 else (4, 6)
    d_compare, dW_x = np.dot(da.T, features), np.dot(d_x.T, x)
    for i in range(len(dW_1)):
        for k in range(H):
            dW_1[i, first * H + k] += dW_x[i, k]
            dW_1[i, product * H + k] += d_compare[i, k]
            dW_1[i, difference * H + k] += d_compare[i, H + k]
    dx, dW_bx = _compare_backward(np.dot(da, W_compare), d_bilinear, c, x, W_bx, pairs, dc)
    dW_b += np.dot(dW_bx.T, x)
    dx += np.dot(dW_bx, W_b)
    dx += np.dot(d_x, W_x)
    return dx


@njit(cache=True, nogil=True, fastmath=FAST, error_model="numpy")
def pass_backward(ds, cache, shared, dshared, weights, dgate):
    """ds (Q, T) -> dm (Q, H).  weights: W_b, W_2.  Adds into dshared and dgate, but for db_1."""
    m, W_bm, features, bilinear, u = cache
    c, _, off, fact, _, _, _, _, _, (_, W_m, _, _, W_compare, _, w) = shared
    (dc, d_shared), (W_b, W_2), (dW_b, dW_1, _, dW_2, db_2) = dshared, weights, dgate
    dw = np.zeros_like(w)
    da, d_m, d_bilinear, db = _score_backward(ds, u, bilinear, (w, W_2), off, d_shared, (dw, dW_2))
    for i in range(len(dw)):
        dW_1[i, 7 * c.shape[1] + 1] += dw[i]
    db_2[()] += db
    return _through_products((da, d_m, d_bilinear), c, (m, W_bm, features), (off, fact),
                             (W_m, W_compare, W_b), 1, (dc, dW_1, dW_b))


@njit(cache=True, nogil=True, fastmath=FAST, error_model="numpy")
def shared_backward(dshared, shared, W_b, dc, dgate):
    """-> dq (Q, H).  Adds into dc (R, H) and dgate: dW_b, dW_1, db_1."""
    c, q, off, fact, _, W_bq, features, bilinear, _, (W_c, _, W_q, W_compare, _, w, _) = shared
    (dc_passes, da), (dW_b, dW_1, db_1, _, _) = dshared, dgate
    H, dw = c.shape[1], np.zeros_like(w)
    d_c, d_q, d_bilinear = _shared_sum_backward(da, bilinear, w, off, fact, len(c), dw)
    dW_c = np.dot(d_c.T, c)
    for i in range(len(dw)):
        dW_1[i, 7 * H] += dw[i]
        for k in range(H):
            dW_1[i, k] += dW_c[i, k]
    for i in range(len(d_q)):
        db_1 += d_q[i]
    dc += dc_passes
    dc += np.dot(d_c, W_c)
    return _through_products((da, d_q, d_bilinear), c, (q, W_bq, features), (off, fact),
                             (W_q, W_compare, W_b), 2, (dc, dW_1, dW_b))
