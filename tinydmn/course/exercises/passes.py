"""Back through the passes: gate, gated episode and memory, twice over the same facts."""

from ..dialect import UPDATES
from ..part import Part
from . import gate
from .episode import OF_GATED, equations_of_gated, gated_episode, given
from .gru_cell import BLOCKS, step

PASSES = 2


def run(dialect, a, at):
    """c (Q, T, H), q (Q, H), n (Q,) -> m (Q, H) after two passes; m^0 = q."""
    c, q = a["c"], a["q"]
    m = at("m_0", q)

    def in_episode(name, value, otherwise=None):           # "c" alone is the gate's block
        return at("c in the episode" if name == "c" else name, value, otherwise)
    for _ in range(PASSES):
        seen = {**a, "c": at("c in the gate", c), "m": at("m in the gate", m),
                "q": at("q in the gate", q)}
        s = at("scores", gate.scores(dialect, seen, at))
        e = at("e", gated_episode(dialect, {**a, "s": s}, in_episode))
        x = e + at("q added to e", q) if dialect.update == "sum" else e
        m_in = at("m in its GRU", m)
        new = at("GRU(e, m)", step(dialect, x, m_in, a["W_m"], a["U_m"], a["b_m"], at))
        m = at("m_prev", m) + new if dialect.update == "residual" else new
    return m


def equations(dialect):
    return f"""\
m_0 = q;  for two passes:  s = gate(c, m_prev, q),  e = the gated episode of c and s,
                           m = {UPDATES[dialect.update]}, a GRU of its own: W_m, U_m, b_m
The gate:
{gate.equations(dialect)}
The episode:
{equations_of_gated(dialect)}

m (Q, H) is the memory after the second pass."""


def clear_of_kinks(rng, arrays):
    """In the first pass m is q."""
    moved = {**arrays, "m": arrays["q"]}
    gate.off_the_kinks(rng, moved)
    arrays["q"] = moved["q"]


PARTS = (Part(
    "passes", "Back through the passes", {"c": "Q,T,H", "q": "Q,H"},
    {"W_b": "H,H", "W_1": "G,7H+2", "b_1": "G", "W_2": "G", "b_2": "1", "W": "3H,H", "U": "3H,H",
     "b": "3H", "W_m": "3H,H", "U_m": "3H,H", "b_m": "3H"}, {"m": "Q,H"},
    lambda dialect, a, at: (run(dialect, a, at),),
    lambda rng: {"Q": 2, "T": 3, "H": 2, "G": 2}, given, equations=equations, mend=clear_of_kinks,
    blocks={**BLOCKS, **{f"{name}_m": blocks for name, blocks in BLOCKS.items()},
            "W_1": tuple(map(gate.columns, range(len(gate.BLOCKS))))},
    through={**{name: name for name in ("c in the gate", "q in the gate", "m in the gate",
                                        "c in the episode", "q added to e")},
             "m_0": "m_0 = q", "scores": "the scores", "e": "e, eq. (8)",
             "GRU(e, m)": "the memory's GRU", "m in its GRU": "m_prev in the memory's GRU",
             "m_prev": "m_prev added to it", "u": "u, eq. (6)", "z_feat": "z, eq. (5)",
             **OF_GATED}),)
