"""Is a gradient right beyond the digits that plain central differences tell?  What is float32 on
the way, or is a difference quotient itself, passes there; two finer looks see it.

A backward is linear in the derivatives of the outputs, to the last digit: what is rounded to
float32 behind them is not.  What is rounded before, in the cache, is linear: differences of fourth
order of the definition, in a few random directions, tell ten digits.
"""

import numpy as np

from .part import defined, total

LINEAR = 1e-12                 # of the largest number of an array
EXACT, TRUSTED = 1e-9, 1e-10   # of an array's norm: what is too far, what two steps must agree to
STEPS = (4e-4, 1e-4)
DIRECTIONS = 2
BENT = 1e-4                    # of the largest number: no rounding
IS = {1: "is", 2: "are"}


def parted(case):
    """Two cases whose derivatives of the outputs sum to those of the case, and one of zeros."""
    rng = np.random.default_rng(1)
    one = {name: rng.normal(size=np.shape(d)) for name, d in case.douts.items()}
    return [case._replace(douts=douts) for douts in (
        one, {name: d - one[name] for name, d in case.douts.items()},
        {name: 0.0 * d for name, d in case.douts.items()})]


def digits(case, whole, halves):
    """-> {array: how many digits are right} of the gradients that are not right to the last.

    whole, halves: {array: gradient}, of the case and of those of `parted`; each holds what it held
    before.
    """
    off = {name: apart for name in whole if (apart := bent(case, name, whole, halves)) > LINEAR}
    return {name: int(-np.log10(apart)) for name, apart in (off or by_the_definition(
        case, {name: got - case.start.get(name, 0.0) for name, got in whole.items()})).items()}


def bent(case, name, whole, halves, start=None):
    """How far a gradient is from the sum of those of the two parts, of its largest number."""
    start = case.start.get(name, 0.0) if start is None else start
    got, *sums = (of[name] - start for of in (whole, *halves[:2]))
    scale = max(np.max(np.abs(a), initial=0.0) for a in (whole[name], start, *sums))
    return np.max(np.abs(got - sums[0] - sums[1]), initial=0.0) / scale if scale else 0.0


def not_linear(case, names, whole, halves):
    """What is said of a backward that is not linear in the derivatives of the outputs, or ""."""
    far = lambda name, start: bent(case, name, whole, halves, start) > BENT
    # from 0, too: there a gradient is linear that does not add to what was there
    if not halves or not any(far(name, None) and far(name, 0.0) for name in names):
        return ""
    douts = " and ".join("d" + name for name in case.douts)
    last = halves[2]
    if any(np.any(last[name] != case.start.get(name, 0.0)) for name in names):
        return f"factor: a term without {douts}: it is not 0 where {douts} {IS[len(case.douts)]} 0"
    once = f"{douts} stands" if len(case.douts) == 1 else f"one of {douts} stands"
    return f"factor: not linear; {once} in each term once, as a factor"


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
