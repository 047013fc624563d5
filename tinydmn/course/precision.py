"""Is a gradient right beyond the digits that plain central differences tell?  What is float32 on the
way, or is a difference quotient itself, passes there; two finer looks see it.

A backward is linear in the derivatives of the outputs, to the last digit: what is rounded to float32
behind them is not.  What is rounded before, in the cache, is linear: differences of fourth order of
the definition, in a few random directions, tell ten digits.
"""

import numpy as np

from .part import defined, total

LINEAR = 1e-12                 # of the largest number of an array
EXACT, TRUSTED = 1e-9, 1e-10   # of an array's norm: what is too far, what two steps must agree to
STEPS = (4e-4, 1e-4)
DIRECTIONS = 2


def parted(case):
    """Two cases whose derivatives of the outputs sum to those of the case."""
    rng = np.random.default_rng(1)
    one = {name: rng.normal(size=np.shape(d)) for name, d in case.douts.items()}
    return [case._replace(douts=one),
            case._replace(douts={name: d - one[name] for name, d in case.douts.items()})]


def digits(case, whole, halves):
    """-> {array: how many digits are right} of the gradients that are not right to the last.

    whole, halves: {array: gradient}, of the case and of the two that it was parted into; each holds
    what it held before.
    """
    off = {}
    for name, got in whole.items():
        start = case.start.get(name, 0.0)
        sums = [half[name] - start for half in halves]
        apart = np.max(np.abs(got - start - sums[0] - sums[1]), initial=0.0)
        scale = max(np.max(np.abs(a), initial=0.0) for a in (got, start, *sums))
        if apart > LINEAR * scale:
            off[name] = apart / scale
    return {name: int(-np.log10(apart)) for name, apart in (off or by_the_definition(
        case, {name: got - case.start.get(name, 0.0) for name, got in whole.items()})).items()}


def by_the_definition(case, gradients):
    """-> {array: how far it is from the definition's derivative, of its norm} where that is far."""
    rng, off = np.random.default_rng(2), {}
    for name, gradient in gradients.items():
        scale, a = np.sqrt(np.sum(gradient**2)), case.arrays[name]
        for _ in range(DIRECTIONS):
            move = rng.normal(size=a.shape)

            def loss(step, name=name, a=a, move=move):
                moved = {**case.arrays, name: a + step * move}
                return total(case.douts, defined(case.part, case.dialect, moved))
            wide, narrow = (fourth_order(loss, step) for step in STEPS)
            apart = abs(np.sum(move * gradient) - wide)
            # two steps that disagree have a kink between them, or too few digits themselves
            if abs(wide - narrow) < TRUSTED * scale and apart > EXACT * scale:
                off[name] = max(off.get(name, 0.0), apart / scale)
    return off


def fourth_order(loss, step):
    """The derivative of loss at 0, exact up to terms of step^4."""
    return (8.0 * (loss(step) - loss(-step)) - (loss(2 * step) - loss(-2 * step))) / (12.0 * step)
