"""The attention gate: its features, eq. (5), and its two layers, eq. (6)."""

import numpy as np

from ..dialect import DISTANCES, LIKENESSES
from ..part import Edge, Part, Product, plain

BLOCKS = ("c", "m", "q", "like(c, q)", "like(c, m)", "apart(c, q)", "apart(c, m)", "c W_b q",
          "c W_b m")


def features(dialect, c, m, q, W_b, at=plain):
    """Eq. (5).  c (Q, T, H), m and q (Q, H) -> z (Q, T, 7H + 2)."""
    m, q = (np.broadcast_to(a[:, None], c.shape) for a in (m, q))
    like = (lambda a, b: a * b) if dialect.likeness == "product" else lambda a, b: np.tanh(a * b)
    apart = np.abs if dialect.distance == "abs" else np.square
    c, m, q = (at(name, a) for name, a in (("all c", c), ("all m", m), ("all q", q)))
    c_q, c_m = at("c - q", c - q), at("c - m", c - m)
    both = np.stack([c_q, c_m])
    apart_q, apart_m = at("apart", apart(both), others(dialect, both))
    cW_b = at("c W_b", c @ W_b, {"transposed: W_b": lambda: c @ W_b.T})
    dot = lambda a, b: np.sum(a * b, axis=-1, keepdims=True)
    made = (c, m, q, like(c, q), like(c, m), apart_q, apart_m, dot(cW_b, q), dot(cW_b, m))
    other = {"apart(c, q)": others(dialect, c_q), "apart(c, m)": others(dialect, c_m)} | {
        f"c W_b {name}": {"transposed: W_b": lambda a=a: dot(c @ W_b.T, a),
                          "factor: W_b is missing": lambda a=a: dot(c, a)}
        for name, a in (("q", q), ("m", m))}
    text, f = (("tanh(x * y)", np.tanh) if dialect.likeness == "product" else
               ("x * y", lambda a: a))
    for name, a in (("like(c, q)", c * q), ("like(c, m)", c * m)):
        other[name] = {f"other equations: {text} is not what is asked": lambda a=a: f(a)}
    made = [at(name, a, other.get(name)) for name, a in zip(BLOCKS, made)]
    return at("features", np.concatenate(made, axis=-1), {
        f"order: {BLOCKS[i]} and {BLOCKS[i + 1]} are exchanged": lambda i=i: np.concatenate(
            [*made[:i], made[i + 1], made[i], *made[i + 2:]], axis=-1) for i in (1, 3, 5, 7)})


def others(dialect, x):
    """What stands for |x| in eq. (5), and is not the dialect's."""
    made = {"|x - y|": lambda: np.abs(x), "(x - y)^2": lambda: x**2,
            "x - y": lambda: x, "y - x": lambda: -x}
    return {f"other equations: {text} is not what is asked": f for text, f in made.items()
            if text != DISTANCES[dialect.distance]}


def scores(dialect, a, at):
    """Eq. (6) before its outer sigmoid: (Q, T)."""
    z = at("z_feat", features(dialect, a["c"], a["m"], a["q"], a["W_b"], at))
    W_1, b_1, W_2, b_2 = (at(name, a[name]) for name in ("W_1", "b_1", "W_2", "b_2"))
    a_1 = at("a_1", z @ W_1.T + b_1)
    u = at("u", np.tanh(a_1), {
        "other equations: u = W_1 z + b_1, without tanh": lambda: a_1,
        "other equations: u = sigmoid(W_1 z + b_1), not tanh": lambda: 1.0 / (1.0 + np.exp(-a_1))})
    s = u @ W_2 + b_2
    return at("s", s, {
        "other equations: the outer sigmoid is not asked": lambda: 1.0 / (1.0 + np.exp(-s)),
        "factor: W_2 is missing": lambda: u.sum(axis=2)})


def products(dialect):
    every = lambda a: np.s_[:]
    return {"W_1": [Product(every, "a_1", "z_feat")], "b_1": [Product(every, "a_1", "")],
            "W_2": [Product(every, "s", "u")], "b_2": [Product(every, "s", "")]}


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


def columns(i):
    """The columns of block i of eq. (5), of z and of W_1."""
    def index(a):
        H = (a.shape[-1] - 2) // 7
        edges = [*range(0, 7 * H + 1, H), 7 * H + 1, 7 * H + 2]
        return np.s_[..., edges[i]:edges[i + 1]]
    return f"columns of {BLOCKS[i]}", index


def off_the_kinks(rng, arrays):
    """Draws m and q until no number of them is nearly one of c's: |0| has no derivative."""
    for name in ("m", "q"):
        while np.abs(arrays["c"] - arrays[name][:, None]).min() < 0.02:
            arrays[name] = rng.normal(size=arrays[name].shape)


def on_the_kinks(arrays):
    """A fact that equals its question's q, another that equals its m."""
    q, m = arrays["q"].copy(), arrays["m"].copy()
    q[0], m[-1] = arrays["c"][0, 0], arrays["c"][-1, -1]
    return {"q": q, "m": m}


EDGES = (Edge("where c equals q or m", "there |x| has the derivative 0", "kink", on_the_kinks),)
THROUGH = {"c W_b": "c W_b", "apart": "both blocks apart(x, y)"} | {
    name: f"the block {name} of eq. (5)" for name in BLOCKS}
INPUTS = {"c": "Q,T,H", "m": "Q,H", "q": "Q,H"}
SIZES = lambda rng: {"Q": 4, "T": 3, "H": 2, "G": 5}
PARTS = (
    Part("gate_features", "The gate's features", INPUTS, {"W_b": "H,H"}, {"z": "Q,T,7H+2"},
         lambda dialect, a, at: (features(dialect, a["c"], a["m"], a["q"], a["W_b"], at),), SIZES,
         equations=equations_of_features, mend=off_the_kinks, edges=EDGES,
         blocks={"z": tuple(map(columns, range(len(BLOCKS))))}, through=THROUGH),
    Part("gate", "The gate", INPUTS,
         {"W_b": "H,H", "W_1": "G,7H+2", "b_1": "G", "W_2": "G", "b_2": "1"}, {"s": "Q,T"},
         lambda dialect, a, at: (scores(dialect, a, at),), SIZES, equations=equations,
         mend=off_the_kinks, edges=EDGES, products=products,
         blocks={"W_1": tuple(map(columns, range(len(BLOCKS))))},
         through={"u": "u, eq. (6)", "z_feat": "z, eq. (5)", "a_1": "W_1 z + b_1", "s": "s",
                  **{name: name for name in ("W_1", "b_1", "W_2", "b_2")}, **THROUGH}))
