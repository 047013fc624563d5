"""The passes over the facts on the device.  Meaning, names and shapes: passes_numpy.py; the algebra
of the compiled version: gate_numba.py.

To start a kernel takes microseconds, and a batch of questions has little for one to do.  So a pass
is its products and, between two of them, one kernel for all that stands there; or a few, where
eq. (7) runs over the facts.  Where a step needs all of the step before, a block has a question, and
its threads wait for one another.

    forward    W_b, W_1, U times m | compare facts with m | V_m X | tanh, scores, gates, episode |
               W e + b | memory
    backward   memory | W | episode, gates, scores | V_m | to facts and questions | W_b, W_1, U

A weight's gradient is one product over the rows of all passes, after the last of them.

Launches, as tests/ops/test_cuda.py counts them; in brackets those of a kernel for each product and
each equation (a softmax pass forward: five products, and compare, tanh, scores, softmax, Σ g c, the
GRU's step):

                           a pass forward   backward    a batch besides: forward   backward
    softmax                        6 (11)     6 (26)                       7 (8)    20 (17)
    gated                          9 (14)    10 (34)                       8 (9)    24 (22)

Of many rows, more than a chunk of product_cuda.py, a weight's gradient takes a launch more: now
once a batch, one operation after the other in each pass.
"""

import numpy as np

from ..errors import UserError
from .answer_cuda import argmax_rows
from .arrays_cuda import add, gather, scatter_add, zeros
from .device import Index, cuda, empty, integers, launch
from .episode_cuda import (gates, gates_backward, run_backward, run_forward, run_over, softmax,
                           softmax_backward, sum_to_fact, weighted_sum)
from .gate_cuda import (Gradients, Made, launch_blocks, make_pairs, pass_products, scores,
                        scores_backward, shared_backward, shared_forward, to_fact, to_question)
from .groups import Facts
from .gru_cuda import cell_backward, cell_forward
from .product_cuda import add_rows, affine, product

KNOWN = ("softmax", "gated")


# ---- kernels of a pass: a block a question

@cuda.jit
def _softmax_pass(a, of_m, W_2, b_2, c, off, u, s, fact, g, e):
    """Eq. (6) and section 4.1."""
    q = cuda.blockIdx.x
    scores(q, a, of_m, c.shape[1], W_2, b_2, off, u, s)
    cuda.syncthreads()
    softmax(q, off, s, g)
    cuda.syncthreads()
    weighted_sum(q, g, c, fact, off, e)


@cuda.jit
def _softmax_pass_backward(de, fact, g, c, off, dss, scored, ds, u, W_2, ds_p, da, d_shared, d_of):
    q = cuda.blockIdx.x
    softmax_backward(q, de, g, c, fact, off, ds)
    cuda.syncthreads()
    scores_backward(q, ds, dss, scored, u, c.shape[1], W_2, off, ds_p, da, d_shared, d_of)


@cuda.jit
def _gated_pass(a, of_m, W_2, b_2, c, off, u, s, row, g, g_packed):
    """Eq. (6)."""
    q = cuda.blockIdx.x
    scores(q, a, of_m, c.shape[1], W_2, b_2, off, u, s)
    cuda.syncthreads()
    gates(q, off, row, s, g, g_packed)


@cuda.jit
def _gated_pass_backward(dg, row, g, c, off, dss, scored, ds, u, W_2, ds_p, da, d_shared, d_of):
    q = cuda.blockIdx.x
    gates_backward(q, dg, g, off, row, ds)
    cuda.syncthreads()
    scores_backward(q, ds, dss, scored, u, c.shape[1], W_2, off, ds_p, da, d_shared, d_of)


# ---- to facts and questions: a thread a number, the facts' first

@cuda.jit
def _softmax_to_both(dX, c, m, of_m, fact, of, off, seen, seen_from, dc, dm, d_of, de, g):
    i, H = cuda.grid(1), c.shape[1]
    if i < dc.size:
        r, k = i // H, i % H
        dc[r, k] += (to_fact(r, k, dX, c, m, of_m, of, seen, seen_from)
                     + sum_to_fact(r, k, de, g, of, off, seen, seen_from))
    elif i < dc.size + dm.size:
        i -= dc.size
        to_question(i // H, i % H, dX, c, m, fact, off, dm, d_of)


@cuda.jit
def _gated_to_both(dX, c, m, of_m, fact, of, off, seen, seen_from, dc, dm, d_of, da, row, da_all):
    """da (P, 3H), packed: of eq. (7)'s run; da_all (R, 3H) adds those of each fact."""
    i, H = cuda.grid(1), c.shape[1]
    if i < dc.size:
        dc[i // H, i % H] += to_fact(i // H, i % H, dX, c, m, of_m, of, seen, seen_from)
    elif i < dc.size + dm.size:
        i -= dc.size
        to_question(i // H, i % H, dX, c, m, fact, off, dm, d_of)
    elif i < dc.size + dm.size + da_all.size:
        i -= dc.size + dm.size
        r, k = i // (3 * H), i % (3 * H)
        total = da_all[r, k]
        for j in range(seen_from[r], seen_from[r + 1]):
            total += da[row[seen[j]], k]
        da_all[r, k] = total


# ---- all passes

def look_forward(c, m, q, facts, weights, how):
    """-> memories (n + 1, Q, H), from m on; scores and gates (n, Q, T), of n passes made; cache."""
    if how.episode not in KNOWN:
        raise UserError(f"--episode {how.episode}: it has no CUDA kernels; "
                        "use --backend numba or numpy")
    facts = Facts(*map(integers, facts))
    n, gated = facts.n.host, how.episode == "gated"
    (gate, episode, memory), pairs = weights, make_pairs(facts, len(c))
    shared = shared_forward(c, q, pairs, gate, memory.U)
    a = affine(c, episode.W, episode.b) if gated else None
    run = run_over(facts) if gated else None
    (Q, H), (P, G), fact, off = q.shape, shared.a.shape, pairs.fact.device, pairs.off.device
    V_m = shared.V[G:]
    # pass after pass: the memories and what else the weights' gradients are products of
    each = lambda n, *shape: empty((n, *shape), c.dtype)
    ms, Xs, us, es = (each(how.n + 1, Q, H), each(how.n, P, 2 * H + 1), each(how.n, P, G),
                      each(how.n, Q, H))
    ss, gs, b_2 = each(how.n, Q, pairs.T), each(how.n, Q, pairs.T), gate.b_2.reshape(1)
    ms[0].copy_to_device(m)
    caches, done = [], np.zeros(len(q), bool)
    while len(caches) < how.n and not (how.stop and done.all()):
        i = len(caches)
        m, X, u, s, g, e = ms[i], Xs[i], us[i], ss[i], gs[i], es[i]
        of_m = pass_products(m, shared, V_m, X, u)                                     # (5)
        scored = shared.a, of_m, gate.W_2, b_2, c, off, u, s
        if gated:
            g_packed = empty((P,), c.dtype)
            launch_blocks(_gated_pass, Q, *scored, run.row.device, g, g_packed)        # (6)
            run_cache = run_forward(a, g_packed, run, episode.U, e)                    # (7), (8)
        else:
            launch_blocks(_softmax_pass, Q, *scored, fact, g, e)                       # section 4.1
            run_cache = None
        cell = cell_forward(affine(e, memory.W, memory.b), of_m, H + G, m, ms[i + 1])
        caches.append((u, g, of_m, run_cache, cell))
        if how.stop:
            done |= argmax_rows(s) == n - 1
    N = len(caches)                                        # fewer than how.n where all have stopped
    rows = lambda x: x[:N].reshape(N * x.shape[1], x.shape[2])
    made = Made(rows(ms), rows(Xs), rows(us)), rows(es)
    return ms[:N + 1], ss[:N], gs[:N], (shared, run, made, caches)


def passes_forward(ops, c, m, q, facts, weights, how):
    ms, ss, gs, cache = look_forward(c, m, q, facts, weights, how)
    each = lambda x: [x[i] for i in range(len(x))]
    return each(ms[1:]), each(ss), each(gs), cache


def passes_backward(ops, dms, dss, cache, weights, dweights):
    shared, run, (made, es), caches = cache
    (gate, episode, memory), (dgate, depisode, dmemory) = weights, dweights
    c, pairs, N = shared.c, shared.pairs, len(caches)
    (Q, H), (P, G), gated, scored = shared.q.shape, shared.a.shape, run is not None, dss is not None
    fact, off, V_m = pairs.fact.device, pairs.off.device, shared.V[G:]
    new = lambda *shape: empty(shape, c.dtype)
    d = Gradients(new(N * Q, H + G + 3 * H), new(N * P, G), new(N * P, 1), zeros((P, G), c.dtype))
    da_memory, ds, dm = new(N * Q, 3 * H), new(Q, pairs.T), None
    dc, da = zeros(c.shape, c.dtype), zeros((len(c), 3 * H), c.dtype) if gated else None
    for i in reversed(range(N)):
        u, g, of_m, run_cache, cell = caches[i]
        m, of_q, of_p = cell[0], slice(i * Q, (i + 1) * Q), slice(i * P, (i + 1) * P)
        d_of, da_m, da_i = d.of_m[of_q], da_memory[of_q], d.a[of_p]
        dm = cell_backward(dms[i], dm, cell, da_m, d_of)
        de = product(da_m, memory.W)
        to_scores = (g, c, off, dss[i] if scored else ds, scored, ds, u, gate.W_2, d.s[of_p], da_i,
                     d.shared, d_of)
        if gated:
            da_run, dg = run_backward(de, run_cache, run, episode.U, depisode.U)       # (8), (7)
            launch_blocks(_gated_pass_backward, Q, dg, run.row.device, *to_scores)
        else:
            launch_blocks(_softmax_pass_backward, Q, de, fact, *to_scores)
        to_both = (product(da_i, V_m), c, m, of_m, fact, pairs.of.device, off,
                   pairs.seen.device, pairs.seen_from.device, dc, dm, d_of)
        if gated:
            launch(_gated_to_both, dc.size + dm.size + da.size, *to_both, da_run, run.row.device,
                   da)
        else:
            launch(_softmax_to_both, dc.size + dm.size, *to_both, de, g)
        product(d_of, shared.meet[1], into=dm)
    product(da_memory, es, "A", into=dmemory.W)
    add_rows(da_memory, dmemory.b)
    if gated:
        product(da, c, "A", into=depisode.W)
        add_rows(da, depisode.b)
        product(da, episode.W, into=dc)
    return dc, dm, shared_backward(d, made, shared, gate, dc, dgate, dmemory.U)


def word_passes_forward(ops, c, q, n_words, weights, how):
    Q, F, H = c.shape
    n_words = integers(n_words).host
    of = np.repeat(np.arange(Q), n_words)                  # (N,) the sentence of each word
    place = np.arange(len(of)) - np.repeat(np.cumsum(n_words) - n_words, n_words)
    rows = of[:, None] * F + np.arange(F)
    facts = Facts(rows.astype(np.int32), (place + 1).astype(np.int32))
    q_word = gather(q, Index(of))
    m, _, g, cache = look_forward(c.reshape(Q * F, H), q_word, q_word, facts, weights, how)
    return m[1:], g, (cache, of, (Q, F, H), how.n)


def word_passes_backward(ops, dm, cache, weights, dweights):
    cache, of, (Q, F, H), passes = cache
    dms = [zeros(dm.shape, dm.dtype)] * (passes - 1) + [dm]
    dc, dm_0, dq_word = passes_backward(ops, dms, None, cache, weights, dweights)
    dq = zeros((Q, H), dm.dtype)
    scatter_add(add(dm_0, dq_word), of, dq)                # a sentence's words share q, and m^0 = q
    return dc.reshape(Q, F, H), dq


def stopped_at(s, n):
    n = integers(n).host
    ends = np.stack([argmax_rows(s[i]) for i in range(len(s))]) == n - 1
    return np.where(ends.any(axis=0), ends.argmax(axis=0) + 1, len(s))
