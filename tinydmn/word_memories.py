"""A memory for each word (section 2.4), for tagging.

Eq. (8) becomes e^i = h^i_t: word t sees the facts 0 .. t, and has its own m^i_t and its own answer.
The passes are one operation, word_passes, composed in ops/passes_numpy.py.
Sizes: S = Q sentences, one question each; F facts (words) at most; N words in all, sentence by
sentence; H hidden.
"""

from typing import NamedTuple

import numpy as np

from .episodic_memory import initial, memory_shapes, memory_weights
from .ops.groups import Passes

__all__ = ["ASKS", "SUPERVISED", "shapes", "initial", "plan", "forward", "backward", "shown"]

ASKS = True                    # it needs q
SUPERVISED = False           # whether supporting facts tell its passes where to look


class Look(NamedTuple):
    """What the passes computed."""

    m: object                  # (passes, N, H)  the memories m^1 .. m^passes
    q: object                  # (N, H)          m^0: each word's q
    g: object                  # (passes, N, F)  gates
    s: None = None             # scores are not supervised, and not kept


class MemoryPlan(NamedTuple):
    """The integers of this module."""

    n_words: np.ndarray        # (Q,)   int32
    of: np.ndarray             # (N,)   int32  the sentence of each word
    target: np.ndarray         # (0, Q) int32  no pass is supervised


def shapes(config, vocabulary):
    return memory_shapes(config)


def plan(batch, config):
    """-> MemoryPlan.  Raises ValueError unless each sentence has exactly one question."""
    Q = len(batch.story_of)
    if Q != len(batch.n_tokens):
        raise ValueError("tags: give each sentence one question")
    of = np.repeat(np.arange(Q, dtype=np.int32), batch.n_facts)
    return MemoryPlan(batch.n_facts, of, np.zeros((0, Q), np.int32))


def forward(c, q, plan, net, training=False):
    """c (Q, F, H), q (Q, H) -> the last memory of each word (N, H), Look, cache."""
    params, config, ops = net
    how = Passes(config.passes, config.episode)
    weights = memory_weights(params, config)
    m, g, cache = ops.word_passes_forward(c, q, plan.n_words, weights, how)
    return m[len(m) - 1], Look(m, ops.gather_forward(q, plan.of), g), (cache, c.shape)


def backward(dread, ds, cache, net, grads):
    """dread (N, H) -> dc (Q F, H), dq (Q, H).  Adds into grads of gate, episode and memory."""
    params, config, ops = net
    cache, (Q, F, H) = cache
    weights, dweights = memory_weights(params, config), memory_weights(grads, config)
    dc, dq = ops.word_passes_backward(dread, cache, weights, dweights)
    return dc.reshape(Q * F, H), dq


def shown(look, plan, net):
    """Look -> fields of Output, as episodic_memory.shown, for each word; no scores."""
    m, q, g = (net.ops.to_host(a) for a in look[:3])
    made = np.full(len(plan.n_words), len(m))
    return {"gate_scores": np.zeros((len(g), 0, 0), g.dtype), "gates": g,
            "memories": np.concatenate([q[None], m]), "answered_from": made, "passes_made": made}
