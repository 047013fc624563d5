"""The GRU through time, over sequences of unequal length."""

import numpy as np

from ..part import Part
from .gru_cell import BLOCKS, THROUGH, WEIGHTS, equations as of_a_step, products, step


def run(dialect, x, n, W, U, b, at):
    """x (B, T, I), n (B,) -> h (B, T, H), 0 after a sequence's end."""
    B, T, _ = x.shape
    h, out = np.zeros((B, U.shape[1])), []
    before = h
    for t in range(T):
        lives = (t < n)[:, None]
        # the state before is of the step before, and in none where the sequence had ended
        h, before = at("h", h, {"term too many: dh goes on to the step before as it is, too":
                                lambda: h + np.where(t - 1 < n[:, None], before, 0.0)}), h
        new = at("h new", np.where(lives, step(dialect, x[:, t], h, W, U, b, at), h))
        out.append(at("h out", np.where(lives, new, 0.0),
                      {"off by one in time: h_(t-1) where h_t belongs": lambda: h * lives}))
        h = new
    return np.stack(out, axis=1)


def equations(dialect):
    return f"""\
h_t = GRU(x_t, h_(t-1)), h_0 = 0, for t = 1 .. n of each sequence:
{of_a_step(dialect)}

x is (B, T, I), n (B,) says how many steps a sequence has.  h (B, T, H) has all states, and 0
where a sequence has ended: what stands in x there is padding and reaches nothing."""


def given(rng, sizes):
    n = rng.integers(1, sizes["T"] + 1, sizes["B"])
    n[0], n[-1] = sizes["T"], 1                            # one without padding, one of one step
    return {"n": n}


PARTS = (Part(
    "gru", "The GRU through time",
    inputs={"x": "B,T,I"}, params=WEIGHTS, outputs={"h": "B,T,H"},
    define=lambda dialect, a, at: (run(dialect, a["x"], a["n"], a["W"], a["U"], a["b"], at),),
    sizes=lambda rng: {"B": 4, "T": 3, "I": 2, "H": 5},
    given=given, equations=equations, blocks=BLOCKS, products=products,
    through={**THROUGH, "h": "h, on to the next step", "h out": "the outputs h"}),)
