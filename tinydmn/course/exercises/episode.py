"""From scores to an episode: the softmax over facts, and the gated GRU over them."""

import numpy as np

from ..part import Part
from .gru_cell import BLOCKS, THROUGH, equations as of_a_step, sigmoid, step


def softmax_episode(c, s, n, at):
    """c (Q, T, H), s (Q, T), n (Q,) -> e (Q, H)."""
    there = np.arange(s.shape[1]) < n[:, None]
    e_s = np.where(there, np.exp(s - np.where(there, s, -np.inf).max(axis=1, keepdims=True)), 0.0)
    g = at("g", e_s / at("sum of e^s", e_s.sum(axis=1, keepdims=True)))
    return np.sum(g[..., None] * at("c", c), axis=1)


def gated_episode(dialect, a, at):
    """Eqs (7) and (8).  c (Q, T, H), s (Q, T), n (Q,) -> e (Q, H)."""
    c, s, n = a["c"], a["s"], a["n"]
    g, h = at("sigmoid(s)", sigmoid(s)), np.zeros_like(c[:, 0])
    for t in range(c.shape[1]):
        g_t = at("g", np.broadcast_to(g[:, t, None], h.shape))
        new = at("GRU(c, h)", step(dialect, c[:, t], h, a["W"], a["U"], a["b"], at))
        mixed = g_t * new + (1.0 - g_t) * at("(1 - g) h", h)
        h = np.where((t < n)[:, None], mixed, h)                                       # (7)
    return h                                                                           # (8)


def equations_of_softmax(dialect):
    return """\
g = softmax(s) over the facts that are there;   e = sum_t g_t c_t                  (section 4.1)
c is (Q, T, H), s (Q, T), n (Q,): a question has n facts, what stands behind is padding and
reaches nothing; e is (Q, H)."""


def equations_of_gated(dialect):
    return f"""\
h_t = g_t GRU(c_t, h_(t-1)) + (1 - g_t) h_(t-1), h_0 = 0, g = sigmoid(s)            (7)
e   = the last h, after the n facts of a question                                    (8)
{of_a_step(dialect)}

c is (Q, T, H), s (Q, T), n (Q,); padding reaches nothing.  e is (Q, H)."""


def given(rng, sizes):
    n = rng.integers(1, sizes["T"] + 1, sizes["Q"])
    n[0], n[-1] = sizes["T"], sizes["T"] - 1
    return {"n": n}


SIZES = lambda rng: {"Q": 3, "T": int(rng.integers(3, 5)), "H": 2}             # noqa: E731
PARTS = (
    Part("softmax_episode", "The softmax episode", {"c": "Q,T,H", "s": "Q,T"}, {}, {"e": "Q,H"},
         lambda dialect, a, at: (softmax_episode(a["c"], a["s"], a["n"], at),), SIZES, given,
         equations=equations_of_softmax,
         through={"g": "g", "c": "c in the sum", "sum of e^s": "the sum of e^s"}),
    Part("gated_episode", "The gated episode", {"c": "Q,T,H", "s": "Q,T"},
         {"W": "3H,H", "U": "3H,H", "b": "3H"}, {"e": "Q,H"},
         lambda dialect, a, at: (gated_episode(dialect, a, at),), SIZES, given,
         equations=equations_of_gated, blocks=BLOCKS,
         through={"g": "g, eq. (7)", "GRU(c, h)": "the GRU in eq. (7)",
                  "(1 - g) h": "(1 - g) h in eq. (7)", "sigmoid(s)": "sigmoid(s)", **THROUGH}))
