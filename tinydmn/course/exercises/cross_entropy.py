"""Softmax cross-entropy, with which everything is trained."""

import numpy as np

from ..part import Part


def loss(s, target, at):
    """s (B, K), target (B,) -> the sum over rows of -log softmax(s)[target], as (1,)."""
    moved = s - s.max(axis=1, keepdims=True)
    total = at("sum of e^s", np.exp(moved).sum(axis=1))
    return np.sum(np.log(total) - at("s[target]", moved[np.arange(len(s)), target]),
                  keepdims=True)


def equations(dialect):
    return """\
p = softmax(s), row by row;   loss = sum_b -log p[b, target[b]]
s is (B, K), target (B,) holds classes, loss is (1,).  Subtract each row's largest s before e^s:
s may be 1000."""


PARTS = (Part(
    "cross_entropy", "Softmax cross-entropy", {"s": "B,K"}, {}, {"loss": "1"},
    lambda dialect, a, at: (loss(a["s"], a["target"], at),),
    lambda rng: {"B": 3, "K": 4},
    given=lambda rng, sizes: {"target": rng.integers(0, sizes["K"], sizes["B"])},
    equations=equations,
    through={"sum of e^s": "the sum of e^s", "s[target]": "s[target]"}),)
