"""Wrong solutions: each one plausible mistake in one of the right files of tests/course/solutions.

A line of a part's WRONG: the file, the text that stands in it once, the wrong text, the kinds by which the mistake may be
called ("a|b": either is fair)."""

import ast
from importlib import import_module

from .. import solutions
from ..solutions import right
from . import any_dialect


def lines(part):
    """A part's table."""
    return import_module(f"{__name__}.{part}").WRONG


def wrong(part):
    """-> [(what was changed, source, kinds)]."""
    sources, out = right(part), []
    for file, old, new, kinds in lines(part):
        assert sources[file].count(old) == 1, f"{part}/{file}.py has {sources[file].count(old)} times: {old}"
        out.append((f"{file}: {old} -> {new}", sources[file].replace(old, new), kinds.split("|")))
    return out


# of those in a forward, what still counts where it is not nothing: the backward, as what is kept for it is as wrong
COUNTS = {
    "cross_entropy": ("e = np.exp(s)", "e = np.exp(s - s.max())", "s -= s.max(axis=1, keepdims=True)\n    e = np.exp(s)", "loss = np.zeros(1)", "np.log(np.exp(s).sum(axis=1))"),
    "gru": ("lives = (t <= n)[:, None]", "lives = (t < n + 9)[:, None]", "lives = (t < n - 1)[:, None]", "lives = (t < n[::-1])[:, None]"),
    "gate_features": ("z = np.zeros((Q, T, 7 * H + 2))",),
    "softmax_episode": ("masked = s", "there = np.arange(s.shape[1])[None, :] <= n[:, None]", "there = np.arange(s.shape[1])[None, :] < n[:, None] - 1",
                        "np.exp(masked)", "np.exp(masked - masked.max())", "e, g = np.zeros((Q, H))"),
    "gated_episode": ("    g = np.exp(s) / (1.0 + np.exp(s))\n",),
    "passes": ("    for _ in range(1):\n", "= gated_episode_forward(c, s, 0 * n + c.shape[1], W, U, b)"),
}
# and the forward, where what it keeps is wrong alone
KEPT = {"gru": ("cache.append((h, z, r, Uh[:, 2 * H:], np.float32(h_tilde), lives))",), "passes": ("ms[2], [w.copy() for w in weights])",)}


def graded(part):
    """-> [(what was changed, source, what still counts: "forward", "backward" or "")], known by the function that is changed."""
    rows, sources = [], right(part)
    for (what, source, _), (file, old, new, _) in zip(wrong(part), lines(part)):
        where = sources[file].index(old)
        line = sources[file].count("\n", 0, where + len(old) - len(old.lstrip())) + 1
        function, = (node.name for node in ast.parse(sources[file]).body if isinstance(node, ast.FunctionDef) and node.lineno <= line <= node.end_lineno)
        rows.append((what, source, "forward" if "backward" in function or new in KEPT.get(part, ()) else "backward" if new in COUNTS.get(part, ()) else ""))
    return rows


def in_dialect(part, dialect):
    """-> the same of mistakes that are mistakes in a dialect too."""
    if part not in any_dialect.WRONG:
        return graded(part)                                # its equations are the same in every dialect
    source, = solutions.in_dialect(part, dialect).values()
    assert all(source.count(old) == 1 for old, _, _ in any_dialect.WRONG[part])
    return [(f"{old} -> {new}", source.replace(old, new), counts) for old, new, counts in any_dialect.WRONG[part]]
