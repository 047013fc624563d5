"""A step of the GRU, eqs (1)-(4)."""

import numpy as np

from ..dialect import ACTIVATIONS, KEEPS, RESETS
from ..part import Part, Product, plain, thirds


def sigmoid(x):
    return 0.5 * (1.0 + np.tanh(0.5 * x))


def step(dialect, x, h_prev, W, U, b, at=plain):
    """Eqs (1)-(4).  x (B, I), h_prev (B, H) -> h (B, H)."""
    H = h_prev.shape[1]
    x = at("x", x)
    Wx, U_h = x @ at("W", W).T, U[2 * H:]
    h_in = at("h_prev in U", h_prev)
    Uh = at("U h_prev", h_in @ U[:2 * H].T)
    b = at("b", b)
    a_z = at("a_z", Wx[:, :H] + at("U_z h_prev", Uh[:, :H]) + b[:H])
    a_r = at("a_r", Wx[:, H:2 * H] + at("U_r h_prev", Uh[:, H:]) + b[H:2 * H])
    z = at("z", sigmoid(a_z), {"factor: the derivative of the sigmoid is missing in z":
                               lambda: a_z, SIGN: lambda: sigmoid(-a_z)})              # (1)
    r = at("r", sigmoid(a_r), {"factor: the derivative of the sigmoid is missing in r":
                               lambda: a_r, SIGN: lambda: sigmoid(-a_r)})              # (2)
    if dialect.reset == "after":
        reset = r * at("U_h h_prev", h_in @ U_h.T, {TURNED: lambda: h_in @ U_h})
    else:
        reset = at("(r * h_prev) U_h", at("r * h_prev", r * at("h_prev beside r", h_in)) @ U_h.T,
                   {TURNED: lambda: (r * h_in) @ U_h})
    activation, _ = ACTIVATIONS[dialect.candidate]
    reset = at("reset", reset, {"factor: r is missing": lambda: h_in @ U_h.T})
    a_h = at("a_h", at("W_h x + b_h", Wx[:, 2 * H:] + b[2 * H:]) + reset)
    h_tilde = at("h_tilde", activation(a_h), others(dialect, a_h))                     # (3)
    keep = z if dialect.keep == "z" else 1.0 - z
    old, new = at("keep", keep), at("1 - keep", 1.0 - keep)
    return old * at("h_prev", h_prev) + new * h_tilde                                  # (4)


SIGN = "sign: of what goes into the sigmoid"
TURNED = "transposed: U_h"


def others(dialect, a):
    """The candidate with another activation than the dialect's."""
    more = {name: pair for name, pair in ACTIVATIONS.items() if name != dialect.candidate}
    more |= {"sigmoid": (sigmoid, "1 / (1 + e^-a)"), "none": (lambda a: a, "a")}
    return {f"other equations: f(a) = {text} is not what is asked": lambda f=f: f(a)
            for f, text in more.values()}


def products(dialect):
    """Where W, U and b meet what goes into the gates."""
    third = lambda i: lambda a: np.s_[i * len(a) // 3:(i + 1) * len(a) // 3]
    last = ("U_h h_prev", "h_prev") if dialect.reset == "after" else ("a_h", "r * h_prev")
    of = lambda operand: [Product(third(i), node, operand)
                          for i, node in enumerate(("a_z", "a_r", "a_h"))]
    return {"W": of("x"), "U": of("h_prev")[:2] + [Product(third(2), *last)], "b": of("")}


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
           "a_z": "a_z", "a_r": "a_r", "a_h": "a_h", "W": "W", "b": "b",
           "W_h x + b_h": "W_h x + b_h in eq. (3)", "h_prev beside r": "h_prev in r * h_prev",
           "keep": "the factor of h_prev in eq. (4)", "h_prev in U": "U h_prev in all gates",
           "1 - keep": "the factor of h_tilde in eq. (4)",
           "U_z h_prev": "U_z h_prev", "U_r h_prev": "U_r h_prev"}
WEIGHTS = {"W": "3H,I", "U": "3H,H", "b": "3H"}
BLOCKS = {name: thirds("z", "r", "h~") for name in WEIGHTS}

PARTS = (Part(
    "gru_cell", "A step of the GRU",
    inputs={"x": "B,I", "h_prev": "B,H"}, params=WEIGHTS, outputs={"h": "B,H"},
    define=lambda dialect, a, at: (step(dialect, a["x"], a["h_prev"], a["W"], a["U"], a["b"],
                                        at),),
    sizes=lambda rng: {"B": 3, "I": 2, "H": int(rng.integers(4, 6))},
    equations=equations, blocks=BLOCKS, through=THROUGH, products=products),)
