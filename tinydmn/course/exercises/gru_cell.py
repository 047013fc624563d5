"""A step of the GRU, eqs (1)-(4)."""

import numpy as np

from ..dialect import ACTIVATIONS
from ..part import Part, plain


def sigmoid(x):
    return 0.5 * (1.0 + np.tanh(0.5 * x))


def stacked(names, H=None):
    """The blocks z, r, h~ of an array whose rows are stacked."""
    def third(a, i):
        n = len(a) // 3
        return np.s_[i * n:(i + 1) * n]
    return tuple((f"rows of {name}", lambda a, i=i: third(a, i))
                 for i, name in enumerate(("z", "r", "h~"))) if names else ()


def step(dialect, x, h_prev, W, U, b, at=plain):
    """Eqs (1)-(4) in a dialect."""
    H = h_prev.shape[1]
    a = x @ W.T + b
    Uh = at("U h_prev", h_prev @ U[:2 * H].T)
    z = at("z", sigmoid(at("a_z", a[:, :H] + Uh[:, :H])))                              # (1)
    r = at("r", sigmoid(at("a_r", a[:, H:2 * H] + Uh[:, H:])))                         # (2)
    if dialect.reset == "after":
        reset = r * at("U_h h_prev", h_prev @ U[2 * H:].T)
    else:
        reset = at("r * h_prev", r * h_prev) @ U[2 * H:].T
    h_tilde = at("h_tilde", ACTIVATIONS[dialect.candidate][0](at("a_h", a[:, 2 * H:] + reset)))
    keep = z if dialect.keep == "z" else 1.0 - z
    return keep * at("h_prev", h_prev) + (1.0 - keep) * h_tilde                        # (4)


def equations(dialect):
    reset = ("r * (U_h h_prev)" if dialect.reset == "after" else "U_h (r * h_prev)")
    candidate = ACTIVATIONS[dialect.candidate][1].replace("a", "a_h") \
        if dialect.candidate == "tanh" else ACTIVATIONS[dialect.candidate][1]
    last = ("h = z * h_prev + (1 - z) * h_tilde" if dialect.keep == "z"
            else "h = (1 - z) * h_prev + z * h_tilde")
    return f"""\
a_z = W_z x + U_z h_prev + b_z        z = sigmoid(a_z)                            (1)
a_r = W_r x + U_r h_prev + b_r        r = sigmoid(a_r)                            (2)
a_h = W_h x + {reset} + b_h
h_tilde = f(a_h), f(a) = {candidate.replace('a_h', 'a')}                                        (3)
{last}                                            (4)
W, U and b stack the rows of z, r, h_tilde in this order: W_z = W[:H], W_r = W[H:2H], W_h = W[2H:]."""


THROUGH = {"z": "z, eq. (1)", "r": "r, eq. (2)", "h_tilde": "h_tilde, eq. (3)",
           "h_prev": "h_prev in eq. (4)", "U h_prev": "U h_prev in eqs (1) and (2)",
           "U_h h_prev": "U_h h_prev in eq. (3)", "r * h_prev": "r * h_prev in eq. (3)",
           "a_z": "a_z", "a_r": "a_r", "a_h": "a_h"}
BLOCKS = {name: stacked(True) for name in ("W", "U", "b")}

PART = Part(
    "gru_cell", "A step of the GRU",
    inputs={"x": "B,I", "h_prev": "B,H"}, params={"W": "3H,I", "U": "3H,H", "b": "3H"},
    outputs={"h": "B,H"},
    define=lambda dialect, a, at: (step(dialect, *(a[k] for k in ("x", "h_prev", "W", "U", "b")),
                                        at),),
    sizes=lambda rng: {"B": 3, "I": 2, "H": int(rng.integers(3, 5))},
    equations=equations, blocks=BLOCKS, through=THROUGH)
