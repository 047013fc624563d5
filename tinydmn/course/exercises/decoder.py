"""A step of the answer module's decoder, section 2.4."""

import numpy as np

from ..part import Part, Product
from .gru_cell import BLOCKS, THROUGH, equations as of_a_step, products, step


def decode(dialect, a, at):
    y_prev, q = at("y_prev", a["y_prev"]), at("q", a["q"])
    x = at("[y_prev, q]", np.concatenate([y_prev, q], axis=1),
           {"order: [q, y_prev] where [y_prev, q] belongs": lambda: np.concatenate(
               [q, y_prev], axis=1)})
    state = at("a", step(dialect, x, a["a_prev"], a["W"], a["U"], a["b"], at))
    W_a, old = a["W_a"], a["a_prev"]
    logits = state @ W_a.T
    return state, at("logits", logits, {
        "other equations: the logits go in no exp or softmax": lambda: np.exp(logits),
        "off by one in time: a_prev where a belongs": lambda: old @ W_a.T})


def all_products(dialect):
    return products(dialect) | {"W_a": [Product(lambda a: np.s_[:], "logits", "a")]}


def equations(dialect):
    return f"""\
a      = GRU([y_prev, q], a_prev)         y_prev first, then q, side by side
logits = W_a a                            of the softmax over A words
with, for x = [y_prev, q] and h_prev = a_prev:
{of_a_step(dialect)}

y_prev is (B, A), q and a_prev are (B, H); W_a is (A, H)."""


PARTS = (Part(
    "decoder", "A step of the decoder",
    {"y_prev": "B,A", "q": "B,H", "a_prev": "B,H"},
    {"W": "3H,K", "U": "3H,H", "b": "3H", "W_a": "A,H"}, {"a": "B,H", "logits": "B,A"},
    decode, lambda rng: {"B": 3, "A": 2, "H": 4, "K": 6}, equations=equations, blocks=BLOCKS,
    products=all_products,
    through={"a": "a", "logits": "the logits", "y_prev": "y_prev in [y_prev, q]",
             "q": "q in [y_prev, q]", **THROUGH}),)
