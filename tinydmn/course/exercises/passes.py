"""Back through the passes: gate, gated episode and memory, twice over the same facts."""

import numpy as np

from ..dialect import UPDATES
from ..part import Part
from .episode import equations_of_gated, given
from .gate import BLOCKS as FEATURES
from .gate import columns, equations as of_the_gate, off_the_kinks, scores
from .gru_cell import BLOCKS, THROUGH, sigmoid, step

PASSES = 2


def run(dialect, a, at):
    """c (Q, T, H), q (Q, H), n (Q,) -> m (Q, H) after two passes; m^0 = q."""
    c, q, n = a["c"], a["q"], a["n"]
    m = at("m_0", q)
    for _ in range(PASSES):
        seen = {**a, "c": at("c in the gate", c), "m": at("m in the gate", m),
                "q": at("q in the gate", q)}
        s = at("scores", scores(dialect, seen, at))
        g, h = sigmoid(s), np.zeros_like(m)
        for t in range(c.shape[1]):
            g_t = at("g", np.broadcast_to(g[:, t, None], h.shape))
            c_t = at("c in the episode", c[:, t])
            new = at("GRU(c, h)", step(dialect, c_t, h, a["W"], a["U"], a["b"], at))
            mixed = g_t * new + (1.0 - g_t) * at("(1 - g) h", h)
            h = np.where((t < n)[:, None], mixed, h)
        e = at("e", h)
        x = e + at("q", q) if dialect.update == "sum" else e
        m_in = at("m in its GRU", m)
        new = at("GRU(e, m)", step(dialect, x, m_in, a["W_m"], a["U_m"], a["b_m"], at))
        m = at("m_prev", m) + new if dialect.update == "residual" else new
    return m


def equations(dialect):
    return f"""\
m_0 = q;  for two passes:  s = gate(c, m_prev, q),  e = the gated episode of c and s,
                           m = {UPDATES[dialect.update]}, a GRU of its own: W_m, U_m, b_m
The gate:
{of_the_gate(dialect)}
The episode:
{equations_of_gated(dialect)}

m (Q, H) is the memory after the second pass."""


def clear_of_kinks(rng, arrays):
    moved = {**arrays, "m": arrays["q"]}
    off_the_kinks(rng, moved)
    arrays["q"] = moved["q"]


PARTS = (Part(
    "passes", "Back through the passes", {"c": "Q,T,H", "q": "Q,H"},
    {"W_b": "H,H", "W_1": "G,7H+2", "b_1": "G", "W_2": "G", "b_2": "1", "W": "3H,H", "U": "3H,H",
     "b": "3H", "W_m": "3H,H", "U_m": "3H,H", "b_m": "3H"}, {"m": "Q,H"},
    lambda dialect, a, at: (run(dialect, a, at),),
    lambda rng: {"Q": 2, "T": 3, "H": 2, "G": 2}, given, equations=equations, mend=clear_of_kinks,
    blocks={**BLOCKS, **{f"{name}_m": blocks for name, blocks in BLOCKS.items()},
            "W_1": tuple(columns(name, i) for i, name in enumerate(FEATURES))},
    through={"m_0": "m_0 = q", "m in the gate": "m in the gate", "c in the gate": "c in the gate",
             "q in the gate": "q in the gate", "c in the episode": "c in the episode",
             "scores": "the scores", "g": "g, eq. (7)", "e": "e, eq. (8)",
             "GRU(c, h)": "the GRU in eq. (7)", "(1 - g) h": "(1 - g) h in eq. (7)",
             "GRU(e, m)": "the memory's GRU", "m in its GRU": "m_prev in the memory's GRU",
             "m_prev": "m_prev added to it", "q": "q added to e",
             "u": "u, eq. (6)", "z_feat": "z, eq. (5)", **THROUGH}),)
