"""The attention gate: its features, eq. (5), and its two layers, eq. (6)."""

import numpy as np

from ..dialect import DISTANCES, LIKENESSES
from ..part import Part, plain

BLOCKS = ("c", "m", "q", "like(c, q)", "like(c, m)", "apart(c, q)", "apart(c, m)", "c W_b q",
          "c W_b m")


def features(dialect, c, m, q, W_b, at=plain):
    """Eq. (5).  c (Q, T, H), m and q (Q, H) -> z (Q, T, 7H + 2)."""
    m, q = (np.broadcast_to(a[:, None], c.shape) for a in (m, q))
    like = (lambda a, b: a * b) if dialect.likeness == "product" else lambda a, b: np.tanh(a * b)
    apart = ((lambda a, b: np.abs(a - b)) if dialect.distance == "abs"
             else lambda a, b: (a - b)**2)
    cW_b = c @ W_b
    made = (c, m, q, like(c, q), like(c, m), apart(c, q), apart(c, m),
            np.sum(cW_b * q, -1, keepdims=True), np.sum(cW_b * m, -1, keepdims=True))
    return np.concatenate([at(name, a) for name, a in zip(BLOCKS, made)], axis=-1)


def scores(dialect, a, at):
    """Eq. (6) before its outer sigmoid: (Q, T)."""
    z = at("z_feat", features(dialect, a["c"], a["m"], a["q"], a["W_b"], at))
    u = at("u", np.tanh(at("a_1", z @ a["W_1"].T + a["b_1"])))
    return u @ a["W_2"] + a["b_2"]


def equations_of_features(dialect):
    return f"""\
z(c, m, q) = [c, m, q, like(c, q), like(c, m), apart(c, q), apart(c, m), c W_b q, c W_b m]   (5)
             like(x, y)  = {LIKENESSES[dialect.likeness]}
             apart(x, y) = {DISTANCES[dialect.distance]}; |x| has the derivative 0 at 0
The last two are one number each, c W_b q = sum_ij c_i W_b[i, j] q_j.  A question has one m and
one q for all of its T facts: c is (Q, T, H), m and q are (Q, H), z is (Q, T, 7H + 2)."""


def equations(dialect):
    return f"""\
{equations_of_features(dialect)}

s = W_2 . u + b_2,   u = tanh(W_1 z + b_1)                                                (6)
W_1 is (G, 7H + 2), b_1 (G,), W_2 (G,), b_2 (1,); s is (Q, T)."""


def columns(name, i):
    def index(W_1):
        H = (W_1.shape[1] - 2) // 7
        edges = [*range(0, 7 * H + 1, H), 7 * H + 1, 7 * H + 2]
        return np.s_[..., edges[i]:edges[i + 1]]
    return f"columns of {name}", index


def off_the_kinks(rng, arrays):
    """Draws m and q until no number of them is nearly one of c's: |0| has no derivative."""
    for name in ("m", "q"):
        while np.abs(arrays["c"] - arrays[name][:, None]).min() < 0.02:
            arrays[name] = rng.normal(size=arrays[name].shape)


INPUTS = {"c": "Q,T,H", "m": "Q,H", "q": "Q,H"}
SIZES = lambda rng: {"Q": 2, "T": 3, "H": int(rng.integers(2, 4)), "G": 3}     # noqa: E731
PARTS = (
    Part("gate_features", "The gate's features", INPUTS, {"W_b": "H,H"}, {"z": "Q,T,7H+2"},
         lambda dialect, a, at: (features(dialect, a["c"], a["m"], a["q"], a["W_b"], at),), SIZES,
         equations=equations_of_features, mend=off_the_kinks,
         through={name: f"the block {name} of eq. (5)" for name in BLOCKS}),
    Part("gate", "The gate", INPUTS,
         {"W_b": "H,H", "W_1": "G,7H+2", "b_1": "G", "W_2": "G", "b_2": "1"}, {"s": "Q,T"},
         lambda dialect, a, at: (scores(dialect, a, at),), SIZES, equations=equations,
         mend=off_the_kinks, blocks={"W_1": tuple(columns(*pair[::-1])
                                                  for pair in enumerate(BLOCKS))},
         through={"u": "u, eq. (6)", "z_feat": "z, eq. (5)", "a_1": "W_1 z + b_1"} | {
             name: f"the block {name} of eq. (5)" for name in BLOCKS}))
