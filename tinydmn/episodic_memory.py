"""Episodic memory module (section 2.3): passes over the facts, each guided by what the last one found.

    m^0 = q;   for i = 1 .. T_M:   g^i_t = G(c_t, m^{i-1}, q);   e^i from g^i and c;   m^i = GRU(e^i, m^{i-1})

The passes themselves are one operation: ops/passes_numpy.py composes them.
Sizes: S stories, F facts of one, Q questions, T = F + 1 positions (the visible facts, then
end-of-passes), R = S F + 1 rows in all, H hidden.
"""

from typing import NamedTuple

import numpy as np

from .ops.groups import EPISODES, GRU, Facts, Gate, Memory, Passes, gate_shapes, named, recurrent_shapes, take

ASKS = True                    # it needs q


class Look(NamedTuple):
    """Where the passes looked, and what they found: arrays of the back end, but for `last`."""

    m: object                  # (passes + 1, Q, H)  the memories
    s: object                  # (passes, Q, T)      scores of eq. (6) before its σ, -inf on padding
    g: object                  # (passes, Q, T)      gates
    last: np.ndarray           # (Q,) int            the memory that the answer is read from


class MemoryPlan(NamedTuple):
    """The integers of this module."""

    facts: Facts               # rows (Q, T) of the S F facts and of the end-of-passes vector behind them
    target: np.ndarray         # (passes, Q) int32: where each pass should look, -1 for anywhere
    read: np.ndarray           # (Q,) int32: of (passes + 1) Q memories, the one that answers in training where passes may stop


def memory_shapes(config):
    """The parameters of gate, episode and memory."""
    H, episode = config.hidden, EPISODES[config.episode]
    return {**named("gate", gate_shapes(H, config.gate_hidden)),
            **(named("episode", recurrent_shapes(episode, H, H)) if episode else {}),
            **named("memory", recurrent_shapes(GRU, H, H))}


def memory_weights(arrays, config):
    """-> Memory of parameters, or of gradients."""
    episode = EPISODES[config.episode]
    return Memory(take(Gate, arrays, "gate"), episode and take(episode, arrays, "episode"), take(GRU, arrays, "memory"))


def shapes(config, vocabulary):
    return memory_shapes(config) | {"memory.end_of_passes": (config.hidden,)}


def initial(values, config):
    """The memory GRU's b_z starts at config.memory_bias: with 1 a pass begins by keeping most of the question.

    Task 17 wants that, and orthogonal U.  Without them a network first learns one of its two axes,
    above and below or left and right; by then the first pass overwrites what the question says of
    the other one, and nothing is left to learn that from.
    """
    values["memory.b"][:config.hidden] = config.memory_bias


def plan(batch, config):
    """-> MemoryPlan."""
    S, F = batch.fact_end.shape
    position = np.arange(int(batch.n_facts.max()) + 1, dtype=np.int32)
    rows = np.where(position < batch.n_facts[:, None], batch.story_of[:, None] * np.int32(F) + position, np.int32(S * F))
    target = gate_targets(batch.support, batch.n_facts, config.passes)
    stops = target == batch.n_facts
    last = np.where(stops.any(axis=0), stops.argmax(axis=0) + 1, config.passes)
    facts = Facts(rows.astype(np.int32), (batch.n_facts + 1).astype(np.int32))
    return MemoryPlan(facts, target, _read(last))


def _read(last):
    """last (Q,): which memory of each question -> its row, of all memories under each other."""
    return (last * len(last) + np.arange(len(last))).astype(np.int32)


def gate_targets(support, n_facts, passes):
    """Where each pass should look: (passes, Q) int32.

    Pass i at the i-th supporting fact in the file's order, the pass after the last one at
    end-of-passes (position n_facts), later passes anywhere (-1).  Questions without supporting facts
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

    In training every pass is made; else, with config.stop, they end where all questions have chosen
    end-of-passes, and each answers from the memory after the pass that did.
    """
    params, config, ops = net
    (S, F, H), Q = c.shape, len(q)
    stop = config.stop == "yes"
    c = ops.append_row(c.reshape(S * F, H), params["memory.end_of_passes"])
    how = Passes(config.passes, config.episode, stop and not training)
    m, s, g, cache = ops.passes_forward(c, q, q, plan.facts, memory_weights(params, config), how)
    spared = config.passes - len(m)                        # passes that no question of the batch asked for
    look = [ops.stack([q, *m, *spared * m[-1:]]), *(ops.stack([*a, *spared * a[-1:]]) for a in (s, g))]
    if not stop:
        return m[-1], Look(*look, np.full(Q, config.passes)), (cache, None, c.shape)
    last = None if training else ops.stopped_at(look[1], plan.facts.n)
    rows = plan.read if training else ops.to_device(_read(last))
    read = ops.gather_forward(look[0].reshape(-1, H), rows)
    return read, Look(*look, last), (cache, rows, c.shape)


def backward(dread, ds, cache, net, grads):
    """dread (Q, H), ds (passes, Q, T) from the gates' own loss -> dc (S F, H), dq (Q, H)."""
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
    """Look -> what an Output says of it, as NumPy arrays: gate_scores, gates, memories, answered_from, passes_made.

    After a question's own end its memory stays, its scores are -inf and its gates 0: what later
    passes did was done for its neighbours.
    """
    m, s, g = map(net.ops.to_host, look[:3])
    passes, Q = s.shape[:2]
    made = np.full(Q, passes)
    if net.config.stop == "yes":
        made = look.last
        after = (np.arange(passes)[:, None] >= made)[..., None]                            # (passes, Q, 1)
        m = m[np.minimum(np.arange(passes + 1)[:, None], made), np.arange(Q)]
        s, g = np.where(after, s.dtype.type(-np.inf), s), np.where(after, g.dtype.type(0), g)
    return {"gate_scores": s, "gates": g, "memories": m, "answered_from": look.last, "passes_made": made}
