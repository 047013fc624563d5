"""Softmax cross-entropy, with which everything is trained."""

import numpy as np

from ..part import Edge, Part


def loss(s, target, at):
    """s (B, K), target (B,) -> the sum over rows of -log softmax(s)[target], as (1,)."""
    rows, K = np.arange(len(s)), s.shape[1]
    largest = s.max(axis=1)
    low = s - largest[:, None]
    log = at("sum of e^s", largest + np.logaddexp.reduce(low, axis=1), {
        "wrong axis: the sum of e^s goes over the batch too": lambda:
            largest + np.logaddexp.reduce(low.ravel()),
        "wrong axis: the sum of e^s goes over the batch, not over classes": lambda:
            largest + np.logaddexp.reduce(low, axis=0)[target]})
    at("p", np.exp(s - log[:, None]))
    picked = at("s[target]", s[rows, target], {
        "order: the class behind the target is taken": lambda:
            s[rows, (target + 1) % K] * (target + 1 < K),
        "order: the class before the target is taken": lambda: s[rows, target - 1],
        "wrong axis: every row's loss is taken at every target": lambda:
            log + np.sum(s[:, target] - log[:, None], axis=1)})
    return at("loss", np.sum(log - picked, keepdims=True), {
        "factor: the logarithm has another base": lambda:
            np.sum(log - picked, keepdims=True) / np.log(2.0),
        "forgotten accumulation: the last row alone is counted": lambda: (log - picked)[-1:],
        "forgotten accumulation: the first row alone is counted": lambda: (log - picked)[:1]})


def equations(dialect):
    return """\
p = softmax(s), row by row;   loss = sum_b -log p[b, target[b]]
s is (B, K), target (B,) holds classes, loss is (1,).  Subtract each row's largest s before e^s:
s may be 1000."""


def large(arrays):
    """Rows near 1000, -1000 and 0."""
    s = arrays["s"]
    return {"s": s + 1000.0 * (1 - np.arange(len(s)) % 3)[:, None]}


PARTS = (Part(
    "cross_entropy", "Softmax cross-entropy", {"s": "B,K"}, {}, {"loss": "1"},
    lambda dialect, a, at: (loss(a["s"], a["target"], at),),
    lambda rng: {"B": 3, "K": 4},
    given=lambda rng, sizes: {"target": rng.integers(0, sizes["K"], sizes["B"])},
    equations=equations,
    edges=(Edge("where scores are 1000 or -1000", "subtract each row's largest s before e^s",
                "not finite", large),),
    through={"loss": "the loss", "sum of e^s": "the sum of e^s", "s[target]": "s[target]"}),)
