"""Numerical gradients: with what everything else is checked."""

import numpy as np

from ..calls import Call
from ..part import Part

STUB = '''

def f(a):
    """Given: a smooth function of an array -> float."""
    return float(np.sum({f}))


def numerical_gradient(a):
    """-> the derivative of f in every entry of a, an array of a's shape, by central differences.

    d f / d a_i is nearly (f(a + h e_i) - f(a - h e_i)) / 2h, where e_i is 1 at entry i alone.
    f gets the whole array, with one entry moved; a itself stays what it is.  Choose h: the error
    of the formula grows as h^2, that of rounding as 1/h.  Asked: 9 right digits.

    Example: a = [0.5]; the derivative of f there is {example}
    """
    raise NotImplementedError("write numerical_gradient")
'''
# by the dialect's candidate: how f reads, its derivative
FUNCTIONS = {"tanh": ("np.sin(a) * a", lambda a: np.cos(a) * a + np.sin(a)),
             "softsign": ("np.exp(np.sin(a))", lambda a: np.exp(np.sin(a)) * np.cos(a)),
             "arctan": ("np.cos(a * a)", lambda a: -2.0 * a * np.sin(a * a)),
             "isru": ("np.exp(-a * a) + np.sin(a)",
                      lambda a: -2.0 * a * np.exp(-a * a) + np.cos(a))}


def stub(dialect):
    text, slope = FUNCTIONS[dialect.candidate]
    return STUB.format(f=text, example=f"{float(slope(np.array(0.5))):.9f}")


def check(session, part, dialect, rng, say):
    """-> [(where, text, kind)]."""
    slope = FUNCTIONS[dialect.candidate][1]
    arrays = [rng.normal(size=(2, 3)), rng.normal(size=4)]
    calls = [Call("numerical_gradient", (a.copy(),)) for a in arrays]
    for a, result in zip(arrays, session.run(calls)):
        if result.values is None:
            return [("", result.error, "error")]
        if len(result.values) != 1 or result.values[0].shape != a.shape:
            found = ", ".join(str(v.shape) for v in result.values)
            return [("", f"shape {found} for a of shape {a.shape}", "shape")]
        if not np.array_equal(result.args[0], a):
            return [("a", "is changed; put back what you move, or move a copy",
                     "changed in place")]
        got, want = result.values[0], slope(a)
        apart = np.abs(got - want).max()
        if apart < 2e-9 * max(1.0, np.abs(want).max()):
            continue
        if np.allclose(got, 2 * want, 1e-3) or np.allclose(got, want / 2, 1e-3):
            times = float(np.sum(got * want) / np.sum(want * want))
            return [("", f"{times:.3g} times the derivative", f"factor: {times:.3g} times")]
        if np.allclose(got, -want, 1e-3):
            return [("", "has the other sign", "sign: of all of it")]
        if apart < 0.05:
            return [("", f"differs from the derivative by {apart:.1e}; are both sides taken, and "
                     "is h neither too large nor too small?", "one-sided differences")]
        at = np.unravel_index(int(np.argmax(np.abs(got - want))), want.shape)
        place = ", ".join(map(str, map(int, at)))
        return [("", f"at [{place}] {got[at]:.6g}, should be {want[at]:.6g}", "wrong")]
    return []


PARTS = (Part("numerical_gradient", "Numerical gradients", {}, {}, {}, None,
              lambda rng: {}, check=check, stub=stub,
              right="nine right digits, and a is what it was"),)
