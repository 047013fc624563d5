"""Each operation alone: its time, and its share of this machine's rate of matrix multiplication
(float32, one thread).
"""

from collections import Counter
from time import perf_counter
from types import SimpleNamespace

import numpy as np

from .. import ops, threads
from ..ops.groups import GRU, Facts, Gate, Memory, Passes, Sequences
from .counting import passes_flop
from .worker import our_trainer

PASSES = 3


def best_seconds(call, budget=0.15):
    """The shortest of all calls in about `budget` seconds, after a first one that may compile."""
    call()
    best, spent = np.inf, 0.0
    while spent < budget:
        began = perf_counter()
        call()
        seconds = perf_counter() - began
        best, spent = min(best, seconds), spent + seconds
    return best


def in_turns(calls, rounds=4, budget=0.08):
    """{name: function} -> {name: seconds}, the shortest of each in `rounds` times `budget` seconds.

    They take turns, so that a slow second of the machine does not hit one of them alone.
    """
    turn = lambda _: [best_seconds(call, budget) for call in calls.values()]
    turns = threads.run(turn, range(rounds), 1)            # by one thread, BLAS too
    return dict(zip(calls, np.min(turns, axis=0).tolist()))


def sgemm_rate(n=1024, n_threads=1):
    """Floating-point operations per second of n x n x n products, one in each of n_threads."""
    a = np.random.default_rng(0).random((n, n), np.float32)
    product = lambda out: 2 * n**3 / best_seconds(lambda: np.matmul(a, a, out=out), 0.5)
    return sum(threads.run(product, [np.empty_like(a) for _ in range(n_threads)], n_threads))


def shares_of_a_step(net, batch, rounds=4, budget=0.08):
    """-> {operation: its share of a training step}, from `rounds` times `budget` seconds of steps.

    net: a DMN, which is not changed.  By one thread, BLAS too.
    """
    net, seconds = net.with_weights(net.theta.copy()), Counter()
    net.threads = 1

    def clocked(name, call):
        def timed(*given):
            began = perf_counter()
            result = call(*given)
            seconds[name] += perf_counter() - began
            return result
        return timed
    by_name = {name: clocked(name, getattr(net.ops, name)) for name in net.ops.functions}
    net.ops = SimpleNamespace(**by_name)
    train = our_trainer(net, [batch])
    train(0)                                               # compiles
    seconds.clear()
    step = clocked("step", train)
    while seconds["step"] < rounds * budget:
        threads.run(step, [0], 1)
    return {name: spent / seconds["step"] for name, spent in seconds.items() if name != "step"}


def table(backend="numba", S=8, Q=40, H=80, seed=0):
    """[(operation, seconds, floating-point operations)] at the sizes of one piece of a task-1
    batch: S stories of 10 facts of 6 words, Q questions, 30 distinct words, 3 passes.
    """
    calls = _calls(ops.load(backend), np.random.default_rng(seed), S, Q, H)
    timed = lambda _: [(name, best_seconds(call), flop) for name, call, flop in calls]
    return threads.run(timed, [None], 1)[0]


def _calls(op, rng, S, Q, H, F=10, words=6):
    """[(name, a function without arguments, the floating-point operations of a call)]."""
    V, T, R = 30, words * F, S * F + 1
    f = lambda *shape: rng.normal(size=shape).astype(np.float32) / 4
    cells = [GRU(f(3 * H, H), f(3 * H, H), f(3 * H)) for _ in range(3)]
    gate = Gate(f(H, H), f(H, 7 * H + 2), f(H), f(H), np.full((), 0.1, np.float32))
    zeros = lambda group: type(group)(*map(np.zeros_like, group))
    L, c, q, h = f(V, H), f(R, H), f(Q, H), f(Q, H)
    tokens, n_words = rng.integers(0, V, (S, T)).astype(np.int32), np.full(S, T, np.int32)
    ends = np.tile(np.arange(words - 1, T, words, dtype=np.int32), (S, 1))
    story = Sequences(tokens, n_words, ends)
    facts = Facts(rng.integers(0, R, (Q, F + 1)).astype(np.int32),
                  rng.integers(3, F + 2, Q).astype(np.int32))
    pairs = int(facts.n.sum())
    gru, dgru = cells[0], zeros(cells[0])
    out, read = op.gru_forward(L, story, gru)
    _, cell = op.gru_cell_forward(h, q, gru)
    dx, logits, W_a, target = f(S, T, H), f(Q, 6), f(6, H), np.zeros(Q, np.int32)
    p = op.cross_entropy_forward(logits, target)[1]
    theta, decayed = f(150_000), np.ones(150_000, np.float32)
    product = 2 * H * H                                    # one vector through one H x H matrix
    gru_flop, cell_flop = (V + S * T) * 3 * product, 2 * Q * 3 * product
    calls = [
        ("gather_forward", lambda: op.gather_forward(L, tokens), 0),
        ("gather_backward", lambda: op.gather_backward(dx, tokens, np.zeros_like(L)), S * T * H),
        ("gru_forward", lambda: op.gru_forward(L, story, gru), gru_flop),
        ("gru_backward", lambda: op.gru_backward(out, read, gru, dgru), 2 * gru_flop),
        ("gru_cell_forward", lambda: op.gru_cell_forward(h, q, gru), cell_flop),
        ("gru_cell_backward", lambda: op.gru_cell_backward(h, cell, gru, dgru), 2 * cell_flop),
    ]
    for kind in ("softmax", "gated"):
        weights = Memory(gate, cells[1] if kind == "gated" else None, cells[2])
        dweights = Memory(zeros(gate), weights.episode and zeros(cells[1]), zeros(cells[2]))
        calls += _passes(op, (c, q, facts), kind, weights, dweights, pairs)
    return calls + [
        ("output_forward", lambda: op.output_forward(h, W_a), Q * 2 * W_a.size),
        ("output_backward", lambda: op.output_backward(logits, h, W_a, np.zeros_like(W_a)),
         Q * 4 * W_a.size),
        ("cross_entropy_forward", lambda: op.cross_entropy_forward(logits, target), 0),
        ("cross_entropy_backward", lambda: op.cross_entropy_backward(p, target, 0.1), 0),
        ("l2_backward", lambda: op.l2_backward(theta, decayed, 1e-6, theta.copy()), 3 * theta.size),
        ("clip_by_global_norm", lambda: op.clip_by_global_norm(theta, 1e9), 2 * theta.size),
        ("adam", lambda: op.adam(theta, decayed, (np.zeros_like(theta), theta.copy()**2), 1, 1e-6),
         10 * theta.size),
    ]


def _passes(op, arrays, kind, weights, dweights, pairs):
    """The rows of PASSES passes over the facts, forward and backward."""
    c, q, facts = arrays
    (R, H), Q, how = c.shape, len(q), Passes(PASSES, kind)
    ms, ss, _, cache = op.passes_forward(c, q, q, facts, weights, how)
    dss = np.where(np.isfinite(np.stack(ss)), np.float32(0.1), np.float32(0))
    flop = passes_flop(R, pairs, Q, H, H, PASSES, kind)
    forward = lambda: op.passes_forward(c, q, q, facts, weights, how)
    backward = lambda: op.passes_backward(ms, dss, cache, weights, dweights)
    return [(f"passes_forward, {kind}", forward, flop),
            (f"passes_backward, {kind}", backward, 2 * flop)]
