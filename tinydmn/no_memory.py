"""No memory (T_M = 0): the answer module reads the last visible fact; for a tag, its word's own.

Sizes: S stories, F facts of one, Q questions, N answers, H hidden.
"""

from typing import NamedTuple

import numpy as np

from .parts import answer_of

ASKS = False                   # it needs no q
SUPERVISED = False           # whether supporting facts tell its passes where to look


class Look(NamedTuple):
    """What the answers were read from."""

    m: object                  # (N, H)
    T: int                     # positions: the facts of a story, and end-of-passes
    s: None = None


class MemoryPlan(NamedTuple):
    """The integers of this module."""

    rows: np.ndarray           # (N,)   int32  of S F facts, the one that each answer is read from
    target: np.ndarray         # (0, Q) int32  no pass is supervised


def shapes(config, vocabulary):
    return {}


def initial(values, config):
    """Keeps the random start."""


def plan(batch, config):
    target = np.zeros((0, len(batch.story_of)), np.int32)
    return MemoryPlan(answer_of(config).last_facts(batch), target)


def forward(c, q, plan, net, training=False):
    """c (S, F, H) -> the fact that each answer is read from (N, H), Look, cache."""
    S, F, H = c.shape
    read = net.ops.gather_forward(c.reshape(S * F, H), plan.rows)
    return read, Look(read, F + 1), (plan.rows, (S * F, H))


def backward(dread, ds, cache, net, grads):
    """dread (N, H) -> dc (S F, H), None for q."""
    rows, shape = cache
    dc = net.ops.zeros(shape, dread.dtype)
    net.ops.gather_backward(dread, rows, dc)
    return dc, None


def shown(look, plan, net):
    """Look -> fields of Output, as episodic_memory.shown, with no pass."""
    m, Q = net.ops.to_host(look.m), plan.target.shape[1]
    none = np.zeros((0, len(m), look.T), m.dtype)
    return {"gate_scores": none, "gates": none, "memories": m[None],
            "answered_from": np.zeros(Q, np.int64), "passes_made": np.zeros(Q, np.int64)}
