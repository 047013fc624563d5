"""A step of the GRU, eqs (1)-(4)."""

import numpy as np

from ..dialect import ACTIVATIONS, KEEPS, RESETS
from ..part import Part, plain, thirds


def sigmoid(x):
    return 0.5 * (1.0 + np.tanh(0.5 * x))


def step(dialect, x, h_prev, W, U, b, at=plain):
    """Eqs (1)-(4).  x (B, I), h_prev (B, H) -> h (B, H)."""
    H = h_prev.shape[1]
    a, Uh = x @ W.T + b, at("U h_prev", h_prev @ U[:2 * H].T)
    z = at("z", sigmoid(at("a_z", a[:, :H] + Uh[:, :H])))                              # (1)
    r = at("r", sigmoid(at("a_r", a[:, H:2 * H] + Uh[:, H:])))                         # (2)
    if dialect.reset == "after":
        reset = r * at("U_h h_prev", h_prev @ U[2 * H:].T)
    else:
        reset = at("r * h_prev", r * h_prev) @ U[2 * H:].T
    activation, _ = ACTIVATIONS[dialect.candidate]
    h_tilde = at("h_tilde", activation(at("a_h", a[:, 2 * H:] + reset)))               # (3)
    keep = z if dialect.keep == "z" else 1.0 - z
    return keep * at("h_prev", h_prev) + (1.0 - keep) * h_tilde                        # (4)


def equations(dialect):
    return f"""\
z       = sigmoid(a_z),   a_z = W_z x + U_z h_prev + b_z                    (1)
r       = sigmoid(a_r),   a_r = W_r x + U_r h_prev + b_r                    (2)
h_tilde = f(a_h),         a_h = W_h x + {RESETS[dialect.reset]} + b_h
                          f(a) = {ACTIVATIONS[dialect.candidate][1]:36}   (3)
h       = {KEEPS[dialect.keep]:50}                (4)

W, U and b have the rows of z, r and h_tilde in this order: W_z = W[:H], W_r = W[H:2H],
W_h = W[2H:].  * is element by element; x and h_prev hold a row for each of B."""


THROUGH = {"z": "z, eq. (1)", "r": "r, eq. (2)", "h_tilde": "h_tilde, eq. (3)",
           "h_prev": "h_prev in eq. (4)", "U h_prev": "U h_prev in eqs (1) and (2)",
           "U_h h_prev": "U_h h_prev in eq. (3)", "r * h_prev": "r * h_prev in eq. (3)",
           "a_z": "a_z", "a_r": "a_r", "a_h": "a_h"}
WEIGHTS = {"W": "3H,I", "U": "3H,H", "b": "3H"}
BLOCKS = {name: thirds("z", "r", "h~") for name in WEIGHTS}

PARTS = (Part(
    "gru_cell", "A step of the GRU",
    inputs={"x": "B,I", "h_prev": "B,H"}, params=WEIGHTS, outputs={"h": "B,H"},
    define=lambda dialect, a, at: (step(dialect, a["x"], a["h_prev"], a["W"], a["U"], a["b"],
                                        at),),
    sizes=lambda rng: {"B": 3, "I": 2, "H": int(rng.integers(3, 5))},
    equations=equations, blocks=BLOCKS, through=THROUGH),)
