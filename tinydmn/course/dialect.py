"""Dialects: other equations of the same kind, so that no source holds the answer to an exercise.

`PAPER` is the paper's own.  A student's seed gives another: the reset gate before the product, z
and 1 - z exchanged, another activation of the candidate, other blocks in eq. (5), another update
of the memory.  Central differences need the forward equations alone, so a dialect is checked
without anyone having written its backward pass.
"""

from hashlib import sha256
from typing import NamedTuple

import numpy as np

# name -> (function, how a student reads it)
ACTIVATIONS = {
    "tanh": (np.tanh, "tanh(a)"),
    "softsign": (lambda a: a / (1.0 + np.abs(a)), "a / (1 + |a|)"),
    "arctan": (np.arctan, "arctan(a)"),
    "isru": (lambda a: a / np.sqrt(1.0 + a * a), "a / sqrt(1 + a^2)"),
}
RESETS = {"after": "r * (U_h h_prev)", "before": "U_h (r * h_prev)"}
KEEPS = {"z": "z * h_prev + (1 - z) * h_tilde", "1-z": "(1 - z) * h_prev + z * h_tilde"}
# the blocks of eq. (5) that a dialect may have in place of another
DISTANCES = {"abs": "|x - y|", "square": "(x - y)^2"}
LIKENESSES = {"product": "x * y", "tanh": "tanh(x * y)"}
UPDATES = {"gru": "GRU(e, m_prev)", "sum": "GRU(e + q, m_prev)",
           "residual": "m_prev + GRU(e, m_prev)"}


class Dialect(NamedTuple):
    """The choices; the defaults are the paper's."""

    reset: str = "after"       # eq. (3): r after the product with U_h, or before it
    keep: str = "z"            # eq. (4): which of z and 1 - z keeps the old state
    candidate: str = "tanh"    # eq. (3)
    distance: str = "abs"      # eq. (5): the blocks |c - q|, |c - m|
    likeness: str = "product"  # eq. (5): the blocks c * q, c * m
    update: str = "gru"        # section 2.3: the memory


PAPER = Dialect()
# field -> {choice: how it reads}
CHOICES = {"reset": RESETS, "keep": KEEPS, "candidate": {k: text for k, (_, text) in
                                                         ACTIVATIONS.items()},
           "distance": DISTANCES, "likeness": LIKENESSES, "update": UPDATES}


def dialect_of(student):
    """A student's seed, any text -> Dialect, the same each time; None -> PAPER.

    Both the GRU and eq. (5) differ from the paper's.
    """
    if student is None:
        return PAPER
    draw = np.random.default_rng(list(sha256(str(student).encode()).digest()))
    while True:
        pick = lambda choices: str(draw.choice(list(choices)))
        found = Dialect(pick(RESETS), pick(KEEPS), pick(ACTIVATIONS), pick(DISTANCES),
                        pick(LIKENESSES), pick(UPDATES))
        if found[:3] != PAPER[:3] and found[3:5] != PAPER[3:5]:
            return found


def described(dialect):
    """-> the lines that say what is not the paper's."""
    return [f"{name}: {value}" for name, value, usual in zip(Dialect._fields, dialect, PAPER)
            if value != usual]
