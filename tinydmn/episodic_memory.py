"""Episodic memory module (section 2.3): passes over the facts, each guided by the last memory.

    m^0 = q
    for i = 1 .. T_M:   g^i_t = G(c_t, m^{i-1}, q);   e^i from g^i and c;   m^i = GRU(e^i, m^{i-1})

The passes themselves are one operation, composed in ops/passes_numpy.py.
Sizes: S stories, F facts of one, Q questions, T = F + 1 positions (the visible facts, then
end-of-passes), R = S F + 1 rows in all, H hidden.
"""

from typing import NamedTuple

import numpy as np

from .ops.groups import (EPISODES, GRU, Facts, Gate, Memory, Passes, gate_shapes, named,
                         recurrent_shapes, take)

ASKS = True                    # it needs q
SUPERVISED = True            # whether supporting facts tell its passes where to look


class Look(NamedTuple):
    """What the passes computed: arrays of the back end, except `last`.  In training m and g are
    None where nothing reads them.
    """

    m: object                  # (passes + 1, Q, H)  the memories
    s: object                  # (passes, Q, T)      scores of eq. (6) before its σ, -inf on padding
    g: object                  # (passes, Q, T)      gates
    last: np.ndarray           # (Q,) int            the i of the m^i that the answer is read from


class MemoryPlan(NamedTuple):
    """The integers of this module."""

    facts: Facts               # rows (Q, T) of the S F facts and, after these, end-of-passes
    target: np.ndarray         # (passes, Q) int32  the gate's target in each pass, -1 for none
    read: np.ndarray | None    # (Q,) int32  with config.stop, in training: the memory that each
                               #             answer is read from, of all (passes + 1) Q


def memory_shapes(config):
    """Shapes of the parameters of gate, episode and memory."""
    H, episode = config.hidden, EPISODES[config.episode]
    return {**named("gate", gate_shapes(H, config.gate_hidden)),
            **(named("episode", recurrent_shapes(episode, H, H)) if episode else {}),
            **named("memory", recurrent_shapes(GRU, H, H))}


def memory_weights(arrays, config):
    """name -> array, of parameters or gradients -> Memory."""
    episode = EPISODES[config.episode]
    episode = episode and take(episode, arrays, "episode")
    return Memory(take(Gate, arrays, "gate"), episode, take(GRU, arrays, "memory"))


def shapes(config, vocabulary):
    return memory_shapes(config) | {"memory.end_of_passes": (config.hidden,)}


def initial(values, config):
    """The memory GRU's b_z starts at config.memory_bias: at 1 a pass keeps most of the question.

    Task 17 needs that, and orthogonal U.  Without them a network first learns one of its two axes,
    above/below or left/right; by then the first pass overwrites what the question says about the
    other one, and nothing is left to learn that from.
    """
    values["memory.b"][:config.hidden] = config.memory_bias


def plan(batch, config):
    """-> MemoryPlan."""
    S, F = batch.fact_end.shape
    position = np.arange(int(batch.n_facts.max()) + 1, dtype=np.int32)
    rows = np.where(position < batch.n_facts[:, None],
                    batch.story_of[:, None] * np.int32(F) + position, np.int32(S * F))
    target = gate_targets(batch.support, batch.n_facts, config.passes)
    facts = Facts(rows.astype(np.int32), (batch.n_facts + 1).astype(np.int32))
    if config.stop == "no":
        return MemoryPlan(facts, target, None)
    stops = target == batch.n_facts
    last = np.where(stops.any(axis=0), stops.argmax(axis=0) + 1, config.passes)
    return MemoryPlan(facts, target, _read(last))


def _read(last):
    """last (Q,): the i of each question's m^i -> its row of the memories ((passes + 1) Q, H)."""
    return (last * len(last) + np.arange(len(last))).astype(np.int32)


def gate_targets(support, n_facts, passes):
    """The gate's target position in each pass: (passes, Q) int32, -1 for none.

    Pass i should attend to the i-th supporting fact in the file's order, the pass after the last
    one to end-of-passes (position n_facts); later passes, and questions without supporting facts,
    are not supervised.
    """
    Q, P = support.shape
    target = np.full((passes, Q), -1, np.int32)
    shown = min(passes, P)
    target[:shown] = support[:, :shown].T
    n_support = np.sum(support >= 0, axis=1)
    ends = (n_support > 0) & (n_support < passes)
    target[n_support[ends], np.flatnonzero(ends)] = n_facts[ends]
    return target


def forward(c, q, plan, net, training=False):
    """c (S, F, H), q (Q, H) -> the memory that each answer is read from (Q, H), Look, cache.

    With config.stop the passes end once all questions have chosen end-of-passes, and each answer is
    read from the memory after the pass that chose it; in training all passes are made, and the
    answer is read where the targets have end-of-passes.
    """
    params, config, ops = net
    (S, F, H), Q = c.shape, len(q)
    stop = config.stop == "yes"
    c = ops.append_row(c.reshape(S * F, H), params["memory.end_of_passes"])
    how = Passes(config.passes, config.episode, stop and not training)
    weights = memory_weights(params, config)
    ms, ss, gs, cache = ops.passes_forward(c, q, q, plan.facts, weights, how)
    n_spared = config.passes - len(ms)                     # passes that no question had to make
    padded = lambda a: [*a, *n_spared * a[-1:]]
    s = ops.stack(padded(ss))
    m = None if training and not stop else ops.stack([q, *padded(ms)])     # nobody looks at these
    g = None if training else ops.stack(padded(gs))
    if not stop:
        return ms[-1], Look(m, s, g, np.full(Q, config.passes)), (cache, None, c.shape)
    last = None if training else ops.stopped_at(s, plan.facts.n)
    rows = plan.read if training else ops.to_device(_read(last))
    read = ops.gather_forward(m.reshape(-1, H), rows)
    return read, Look(m, s, g, last), (cache, rows, c.shape)


def backward(dread, ds, cache, net, grads):
    """dread (Q, H), ds (passes, Q, T) of the gates' own loss or None -> dc (S F, H), dq (Q, H).

    Adds into grads of gate, episode and memory.
    """
    params, config, ops = net
    cache, rows, (R, H) = cache
    passes, Q = config.passes, len(dread)
    dm_0, dms = None, [ops.zeros((Q, H), dread.dtype)] * (passes - 1) + [dread]
    if rows is not None:
        dm = ops.zeros(((passes + 1) * Q, H), dread.dtype)
        ops.gather_backward(dread, rows, dm)
        dm_0, *dms = (dm[i * Q:(i + 1) * Q] for i in range(passes + 1))
    weights, dweights = memory_weights(params, config), memory_weights(grads, config)
    dc, dm, dq = ops.passes_backward(dms, ds, cache, weights, dweights)
    ops.add_into(grads["memory.end_of_passes"], dc[R - 1])
    dm = dm if dm_0 is None else ops.add(dm_0, dm)
    return dc[:R - 1], ops.add(dm, dq)                     # m^0 = q: what reaches m^0 is q's


def shown(look, plan, net):
    """Look -> fields of Output: gate_scores, gates, memories, answered_from, passes_made; NumPy.

    After a question has stopped its memory stays, its scores are -inf and its gates 0: later passes
    were made for other questions of the batch.
    """
    m, s, g = map(net.ops.to_host, look[:3])
    passes, Q = s.shape[:2]
    made = np.full(Q, passes)
    if net.config.stop == "yes":
        made = look.last
        after = (np.arange(passes)[:, None] >= made)[..., None]        # (passes, Q, 1)
        m = m[np.minimum(np.arange(passes + 1)[:, None], made), np.arange(Q)]
        s, g = np.where(after, s.dtype.type(-np.inf), s), np.where(after, g.dtype.type(0), g)
    return {"gate_scores": s, "gates": g, "memories": m,
            "answered_from": look.last, "passes_made": made}
