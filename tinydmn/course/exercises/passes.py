"""Back through the passes: gate, gated episode and memory, twice over the same facts."""

import numpy as np

from ..dialect import UPDATES
from ..part import Part, plain
from . import gate
from .episode import OF_GATED, equations_of_gated, gated_episode, given
from .gru_cell import BLOCKS, step

PASSES = 2


def run(dialect, a, at):
    """c (Q, T, H), q (Q, H), n (Q,) -> m (Q, H) after two passes; m^0 = q."""
    q = a["q"]
    m = at("m_0", q)
    for i in range(1, PASSES + 1):
        m = at("m of the passes", m)
        new = one_pass(dialect, {**a, "c": at(f"c in pass {i}", a["c"])}, m, at, f"pass {i}")
        more = {"term too many: one pass more": lambda m=new: one_pass(dialect, a, m)}
        m = at("m new", at(f"m after pass {i}", new, {
            f"missing term: pass {i} is left out": lambda m=m: m,
            **(more if i == PASSES else {})}))
    return m


def one_pass(dialect, a, m, at=plain, which=""):
    """-> the memory after it.  which: "pass 2"."""
    q, memory = a["q"], (a["W_m"], a["U_m"], a["b_m"])
    in_gate = lambda name, x: at(f"{name} in the gate", at(f"{name} in the gate of {which}", x))
    both = at("m and q in the gate", np.stack([in_gate("m", m), in_gate("q", q)]), {
        "off by one in time: m_0 = q where m belongs, in the gate": lambda: np.stack([q, q]),
        "order: what comes through m and through q in the gate is exchanged": lambda: np.stack(
            [q, m]),
        "order: m gets what comes through q in the gate": lambda: np.stack([0 * m, q + m])})
    seen = {**a, "c": in_gate("c", a["c"]), "m": both[0], "q": both[1]}
    s = at("scores", gate.scores(dialect, seen, at))

    def in_episode(name, value, otherwise=None):           # "c" alone is the gate's block
        return at("c in the episode" if name == "c" else name, value, otherwise)
    other = {**a, "s": s, **dict(zip("WUb", memory))}
    e = at("e", gated_episode(dialect, {**a, "s": s}, in_episode), {
        "order: W_m, U_m and b_m in the episode": lambda: gated_episode(dialect, other, plain)})
    x = e + at("q added to e", q) if dialect.update == "sum" else e
    m_in = at("m in its GRU", at(f"m in its GRU in {which}", m), {
        "off by one in time: m_0 = q where m belongs, in its GRU": lambda: q})
    new = at("GRU(e, m)", step(dialect, x, m_in, *memory, at), {
        "order: e and m are exchanged in the memory's GRU": lambda: step(dialect, m, x, *memory),
        "order: W, U and b in the memory's GRU": lambda: step(dialect, x, m, a["W"], a["U"],
                                                              a["b"])})
    return at("m_prev", m) + new if dialect.update == "residual" else new


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
             **{name: name for i in range(1, PASSES + 1) for name in (
                 f"c in pass {i}", f"m after pass {i}", f"m in its GRU in pass {i}",
                 *(f"{one} in the gate of pass {i}" for one in "cmq"))},
             "m of the passes": "m, from pass to pass",
             "m_0": "m_0 = q", "scores": "the scores", "e": "e, eq. (8)",
             "GRU(e, m)": "the memory's GRU", "m in its GRU": "m_prev in the memory's GRU",
             "m_prev": "m_prev added to it", "u": "u, eq. (6)", "z_feat": "z, eq. (5)",
             **OF_GATED}),)
