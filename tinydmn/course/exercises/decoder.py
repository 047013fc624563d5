"""A step of the answer module's decoder, section 2.4."""

import numpy as np

from ..part import Part, Product
from .gru_cell import BLOCKS, THROUGH, equations as of_a_step, products, sigmoid, step


def decode(dialect, a, at):
    y_prev, q = at("y_prev", a["y_prev"]), at("q", a["q"])
    x = at("[y_prev, q]", np.concatenate([y_prev, q], axis=1),
           {f"order: {said} where [y_prev, q] belongs": lambda pair=pair: np.concatenate(
               pair, axis=1) for said, pair in {
               "[q, y_prev]": (q, y_prev), "[y_prev, a_prev]": (y_prev, a["a_prev"])}.items()})
    state = at("a", step(dialect, x, a["a_prev"], a["W"], a["U"], a["b"], at))
    W_a, old = a["W_a"], a["a_prev"]
    logits = state @ W_a.T
    return state, at("logits", logits, {
        "other equations: the logits go in no exp or softmax": lambda: np.exp(logits),
        "off by one in time: a_prev where a belongs": lambda: old @ W_a.T, **{
            f"other equations: the logits are W_a a, no {said}": lambda f=f: f(logits)
            for said, f in OF_LOGITS.items()}})


def centred(s):
    return s - s.max(axis=1, keepdims=True)


def softmax(s):
    e = np.exp(centred(s))
    return e / e.sum(axis=1, keepdims=True)


OF_LOGITS = {"tanh of it": np.tanh, "sigmoid of it": sigmoid, "softmax of it": softmax,
             "logarithm of a softmax": lambda s: np.log(softmax(s)),
             "distance from the largest": centred}


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
