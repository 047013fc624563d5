"""A step of the answer module's decoder, section 2.4."""

import numpy as np

from ..part import Part
from .gru_cell import BLOCKS, THROUGH, equations as of_a_step, step


def decode(dialect, a, at):
    x = np.concatenate([at("y_prev", a["y_prev"]), at("q", a["q"])], axis=1)
    state = at("a", step(dialect, x, a["a_prev"], a["W"], a["U"], a["b"], at))
    return state, state @ a["W_a"].T


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
    decode, lambda rng: {"B": 3, "A": 2, "H": 3, "K": 5}, equations=equations, blocks=BLOCKS,
    through={"a": "a", "y_prev": "y_prev in [y_prev, q]", "q": "q in [y_prev, q]", **THROUGH}),)
