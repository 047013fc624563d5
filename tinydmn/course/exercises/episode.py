"""From scores to an episode: the softmax over facts, and the gated GRU over them."""

import numpy as np

from ..part import Edge, Part
from .gru_cell import BLOCKS, THROUGH, equations as of_a_step, products, sigmoid, step


def softmax_episode(c, s, n, at):
    """c (Q, T, H), s (Q, T), n (Q,) -> e (Q, H)."""
    there = np.arange(s.shape[1]) < n[:, None]
    s = at("s", s)
    low = np.where(there, s, -np.inf)
    largest = low.max(axis=1, keepdims=True)
    each = lambda a: np.broadcast_to(largest + a, s.shape)
    log_sum = lambda a, axis=1: np.logaddexp.reduce(a - largest, axis=axis, keepdims=True)
    log = at("sum of e^s", each(log_sum(low)), {
        "wrong axis: the sum of e^s goes over questions too": lambda: each(
            np.logaddexp.reduce((low - largest).ravel())),
        "wrong axis: the sum of e^s goes over questions, not over facts": lambda: each(
            log_sum(low, 0)),
        "padding leaked: the sum of e^s goes over padding": lambda: each(log_sum(s)),
        "padding leaked: padding counts as a score of 0": lambda: each(
            log_sum(np.where(there, s, 0.0))),
        "factor: the division by the sum of e^s is missing": lambda: each(0.0),
        "wrong axis: summed over the questions too": lambda: np.broadcast_to(
            np.sum(largest + log_sum(low)), s.shape)})
    g = np.where(there, np.exp(at("s in g", s) - np.where(there, log, 0.0)), 0.0)
    g = at("g", g, {"factor: the derivative of the softmax is missing": lambda: s,
                    "factor: g is missing": lambda: np.ones_like(g)})
    rows, last = np.arange(len(s)), n - 1
    return at("e", np.sum(g[..., None] * at("c", c), axis=1), {
        "forgotten accumulation: the last fact alone is counted": lambda:
            g[rows, last, None] * c[rows, last],
        "forgotten accumulation: the first number of each c_t alone is counted": lambda: np.sum(
            g[..., None] * c * (np.arange(c.shape[2]) == 0), axis=1)})


def gated_episode(dialect, a, at):
    """Eqs (7) and (8).  c (Q, T, H), s (Q, T), n (Q,) -> e (Q, H)."""
    c, s, n = a["c"], a["s"], a["n"]
    g = at("sigmoid(s)", sigmoid(s), {"factor: the derivative of sigmoid(s) is missing": lambda: s,
           "other equations: g = sigmoid(s), no softmax": lambda: np.exp(s) / np.exp(s).sum(
               axis=1, keepdims=True)})
    h = np.zeros_like(c[:, 0])
    for t in range(c.shape[1]):
        there = (t < n)[:, None]                           # on padding g is 0: the state passes
        g_t = at("g", np.where(there, np.broadcast_to(g[:, t, None], h.shape), 0.0))
        h, before = at("h", h), c[:, t - 1]
        c_t = at("c", c[:, t], {"off by one in time: c_(t-1) where c_t belongs": lambda: before})
        new = at("GRU(c, h)", step(dialect, c_t, at("h in GRU", h), a["W"], a["U"], a["b"], at))
        mixed = at("g in g GRU", g_t) * new + (1.0 - at("g in (1 - g) h", g_t)) * at("(1 - g) h", h)
        mixed = at("mixed", mixed, {
            "factor: g where 1 - g belongs, and 1 - g where g": lambda: (1.0 - g_t) * new + g_t * h,
            "factor: (1 - g) is missing before h": lambda: g_t * new + h,
            "missing term: (1 - g) h; the state is the GRU's alone": lambda: new,
            "missing term: (1 - g) h in the last state": lambda t=t: (
                new if t == c.shape[1] - 1 else mixed)})
        h = at("h new", mixed, {"term too many: dh goes on to the step before as it is, too":
                                lambda: mixed + h})                                    # (7)
    return h                                                                           # (8)


def equations_of_softmax(dialect):
    return """\
g = softmax(s) over the facts that are there;   e = sum_t g_t c_t                  (section 4.1)
c is (Q, T, H), s (Q, T), n (Q,): a question has n facts, what stands behind is padding and
reaches nothing; e is (Q, H).  Subtract each question's largest s before e^s: s may be 1000."""


def equations_of_gated(dialect):
    return f"""\
h_t = g_t GRU(c_t, h_(t-1)) + (1 - g_t) h_(t-1), h_0 = 0, g = sigmoid(s)            (7)
e   = the last h, after the n facts of a question                                    (8)
{of_a_step(dialect)}

c is (Q, T, H), s (Q, T), n (Q,); padding reaches nothing.  e is (Q, H).
s may be 1000 or -1000."""


def given(rng, sizes):
    n = rng.integers(1, sizes["T"] + 1, sizes["Q"])
    n[0], n[-1] = sizes["T"], sizes["T"] - 1
    return {"n": n}


def large(arrays):
    """Scores near 1000, near -1000 and near 0, each for questions of their own."""
    s = arrays["s"]
    return {"s": s + 1000.0 * (1 - np.arange(len(s)) % 3)[:, None]}


EDGES = (Edge("where scores are 1000 or -1000",
              "subtract the largest before e^s, and write sigmoid so that e^ cannot overflow",
              "not finite", large),)
OF_GATED = {
    "g": "g, eq. (7)", "GRU(c, h)": "the GRU in eq. (7)", "(1 - g) h": "(1 - g) h in eq. (7)",
    "sigmoid(s)": "sigmoid(s)", "g in g GRU": "g before the GRU in eq. (7)",
    "h": "h, on to the next step", "h in GRU": "h in the GRU of eq. (7)",
    "g in (1 - g) h": "1 - g in eq. (7)", **THROUGH}
SIZES = lambda rng: {"Q": 4, "T": 3, "H": 2}
PARTS = (
    Part("softmax_episode", "The softmax episode", {"c": "Q,T,H", "s": "Q,T"}, {}, {"e": "Q,H"},
         lambda dialect, a, at: (softmax_episode(a["c"], a["s"], a["n"], at),), SIZES, given,
         equations=equations_of_softmax, edges=EDGES,
         through={"g": "g", "c": "c in the sum", "sum of e^s": "the sum of e^s",
                  "s in g": "e^s above the sum", "e": "e"}),
    Part("gated_episode", "The gated episode", {"c": "Q,T,H", "s": "Q,T"},
         {"W": "3H,H", "U": "3H,H", "b": "3H"}, {"e": "Q,H"},
         lambda dialect, a, at: (gated_episode(dialect, a, at),), SIZES, given,
         equations=equations_of_gated, blocks=BLOCKS, edges=EDGES, products=products,
         through=OF_GATED))
