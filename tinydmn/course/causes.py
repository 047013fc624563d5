"""One mistake makes many arrays wrong.  Here it is looked for at its place.

Each mistake that is thought of (hypotheses.py) is a Hypothesis.  What a backward with this one
mistake would give is tried in a few random directions: that costs a forward of the definition or
two, whatever the size of the arrays.
"""

from itertools import islice

import numpy as np

from .dialect import CHOICES
from .hypotheses import hypotheses, instead, multiplied, scalings, taken
from .kinds import (Hypothesis, close, elsewhere, factor, factors, kind_of, leaks, lengths, met,
                    only_padded, times_said)
from .part import BACKWARD, FORWARD, STEP, defined

TRIES = 3                      # directions in which a hypothesis must hold
COST = 300_000                 # intermediates that may be computed while causes are looked for


class Ground:
    """The definition at the values of a case."""

    def __init__(self, case):
        self.case = case
        self.values, self.others, self.losses = {}, {}, {}

        def note(name, value, otherwise=None):
            self.values.setdefault(name, []).append(np.array(value))
            self.others.setdefault(name, []).append(
                {kind: np.array(f()) for kind, f in (otherwise or {}).items()})
            return value
        self.outs = defined(case.part, case.dialect, case.arrays, note)
        self.products = case.part.products(case.dialect)
        self.left = COST // max(1, sum(map(len, self.values.values())))        # forwards, at most

    def outputs(self, hypothesis, moves, step):
        """The outputs where the arrays are moved by step times moves, and the mistake is made."""
        if hypothesis.onwards:
            return self.onwards({k: self.case.arrays[k] + step * v for k, v in moves.items()},
                                *hypothesis.onwards)
        seen, shifts = {}, self.shifts(hypothesis, moves)

        def at(name, value, otherwise=None):
            k = seen[name] = seen.get(name, -1) + 1
            if name in shifts:
                value = value + step * shifts[name][k]
            if name != hypothesis.path:
                return value
            still, change = self.values[name][k], hypothesis.change
            if isinstance(change, str):
                return still + otherwise[change]() - self.others[name][k][change]
            return still + (change[k] if isinstance(change, list) else change) * (value - still)
        arrays = dict(self.case.arrays)
        for name, move in moves.items():
            if not (hypothesis.operands and name in hypothesis.operands):
                arrays[name] = arrays[name] + step * move
        if hypothesis.n is not None:
            arrays["n"] = hypothesis.n
        return defined(self.case.part, self.case.dialect, arrays, at)

    def onwards(self, moved, before, after, first="", last=""):
        """The outputs where each state moves by what the state after it does, not the one before:
        so a backward has it that goes from the first step to the last.

        before, after: names of the state at a step.  first: the array that the first state is;
        last: the output that is the last one; where there are such.
        """
        T, outs = len(self.values[before]), {}
        of_first = moved[first] - self.case.arrays[first] if first in moved else 0.0
        later = [0.0] * (T - 1) + [of_first]
        for _ in range(T):                                 # each time one step more is as it stays
            seen, moves = {}, []

            def at(name, value, otherwise=None):
                k = seen[name] = seen.get(name, -1) + 1
                if name == before:
                    return self.values[name][k] + later[k]
                if name == after:
                    moves.append(value - self.values[name][k])
                return value
            outs = defined(self.case.part, self.case.dialect, {**self.case.arrays, **moved}, at)
            later = [*moves[1:], of_first]
        return outs | ({last: self.outs[last] + moves[0]} if last else {})

    def shifts(self, hypothesis, moves):
        """{node: how it moves each time} for parameters whose products have other operands."""
        shifts = {}
        for name, operands in (hypothesis.operands or {}).items():
            for product, values in zip(self.products[name], operands):
                move = moves[name][product.rows(moves[name])]
                step = [v @ np.atleast_2d(move).T if product.operand else v * move for v in values]
                step = [s[..., 0] if move.ndim == 1 and product.operand else s for s in step]
                if w := hypothesis.weights.get(self.products[name].index(product)):
                    step = [a * b for a, b in zip(w, step)]
                old = shifts.get(product.node, [0.0] * len(step))
                shifts[product.node] = [a + b for a, b in zip(old, step)]
        return shifts

    def loss(self, hypothesis, moves, step):
        douts = hypothesis.douts or self.case.douts
        outs = self.outputs(hypothesis._replace(path="") if hypothesis.douts else hypothesis,
                            moves, step)
        value = sum(np.sum(douts[k] * (out - self.outs[k])) for k, out in outs.items())
        if hypothesis.douts and hypothesis.path:               # elsewhere the right ones count
            still = self.outputs(hypothesis._replace(change=0.0), moves, step)
            value += sum(np.sum((self.case.douts[k] - douts[k]) * (out - self.outs[k]))
                         for k, out in still.items())
        return value

    def fits(self, hypothesis, wrong, tries):
        """Whether the mistake gives the wrong arrays, in each of a few directions."""
        for i, (moves, target) in enumerate(tries):
            value = self.loss(hypothesis, moves, STEP)
            if hypothesis.n is not None or i:
                value = (value - self.loss(hypothesis, moves, -STEP)) / 2
            if not np.isclose(value / STEP, target, rtol=1e-3 if i == 0 else 1e-4,
                              atol=1e-4 if i == 0 else 1e-6):
                return False
        return True


def cause(ground, wrong):
    """The one mistake that explains every wrong array, or "".  wrong: {array: what it gives}."""
    rng, tries = np.random.default_rng(0), []
    for _ in range(TRIES):
        moves = {name: rng.normal(size=got.shape) for name, got in wrong.items()}
        tries.append((moves, sum(np.sum(move * wrong[name]) for name, move in moves.items())))
    with np.errstate(all="ignore"):
        for hypothesis in islice(hypotheses(ground, wrong), max(0, ground.left)):
            ground.left -= 1
            if ground.fits(hypothesis, wrong, tries):
                kind = hypothesis.kind.replace(" is not what is asked", "")
                return kind.replace("other equations: ", "factor: the derivative is that of ")
    return ""


def cause_of_forward(ground, got):
    """The one mistake in a forward that gives these outputs, or "".  got: {output: array}."""
    case = ground.case
    still = {}                                             # the path's value is changed, not moved

    def outs(hypothesis):
        still.clear()

        def at(name, value, otherwise=None):
            k = still[name] = still.get(name, -1) + 1
            if name != hypothesis.path:
                return value
            change = hypothesis.change
            if isinstance(change, str):
                return otherwise[change]()
            if hypothesis.operands:                        # the node has one value
                return hypothesis.operands[name]
            return (change[k] if isinstance(change, list) else change) * value
        arrays = {**case.arrays, **(hypothesis.arrays or {})}
        if hypothesis.n is not None:
            arrays["n"] = hypothesis.n
        return defined(case.part, case.dialect, arrays, at)
    with np.errstate(all="ignore"):
        for hypothesis in (*instead(ground), *scalings(ground), *lengths(ground), *taken(case),
                           *multiplied(ground), *factors(ground, pairs=False)):
            made = outs(hypothesis)
            if all(np.allclose(made[name], a, rtol=1e-7, atol=1e-9) for name, a in got.items()):
                return hypothesis.kind
    return ""


def place(ground, wrong, right):
    """The few intermediates that all wrong arrays have in common, and no right one: or ""."""
    if len(wrong) < 2 or not right:
        return ""                                          # that would say nothing
    rng, case = np.random.default_rng(0), ground.case
    moves = {name: rng.normal(size=case.arrays[name].shape) for name in (*wrong, *right)}
    fitting = []
    for path in case.part.through:
        if path in ground.values:
            through = {name for name in moves if abs(
                ground.loss(Hypothesis("", path, 0.0), {name: moves[name]}, STEP)
                - ground.loss(Hypothesis("", path, 1.0), {name: moves[name]}, STEP)) > 1e-4 * STEP}
            fitting += [path] * (through == set(wrong))
    called = list(dict.fromkeys(case.part.through[path] for path in fitting))
    return f"{', '.join(called[:-1])} or {called[-1]}" if 1 < len(called) < 4 else (
        called[0] if len(called) == 1 else "")


def kind_of_forward(case, got, outs):
    """The kind of mistake in a forward, or ""."""
    n, kinds = case.arrays.get("n"), {}
    for name in outs:
        if not np.allclose(got[name], outs[name], **FORWARD):
            blocks = [(block, index(outs[name])) for block, index in case.part.blocks.get(name, ())]
            kinds[name] = kind_of(got[name], outs[name], n, blocks)
    if len(set(kinds.values())) == 1 and (kind := next(iter(kinds.values()))):
        return kind
    ground = Ground(case)
    kind = other_equations(case, got) or cause_of_forward(ground, got)
    if not kind and n is not None and all(only_padded(got[name], outs[name], n) for name in kinds):
        kind = "padding leaked: only sequences that end in padding are wrong"
    return kind or next(filter(None, kinds.values()), "") or next(
        filter(None, (met(got[name], outs[name], ground.values) for name in kinds)), "")


def other_equations(case, got):
    """Which other dialect's equations a forward follows, or ""."""
    for field, choices in CHOICES.items():
        for other in choices:
            outs = defined(case.part, case.dialect._replace(**{field: other}), case.arrays)
            if all(np.allclose(outs[name], got[name], **FORWARD) for name in outs):
                return f"other equations: {choices[other]} is not what is asked"
    return ""


def joint_kind(ground, wrong, numeric):
    """The kind of one mistake in all wrong gradients, or ""."""
    if any(not np.all(np.isfinite(a)) for a in wrong.values()):
        return "not finite: NaN or infinite"
    if len(wrong) == 1:
        return ""
    times = {name: factor(a, numeric[name]) for name, a in wrong.items()}
    first = next(iter(times.values()))
    if first and all(k and abs(k - first) < 1e-3 for k in times.values()):
        return times_said(first)
    n, names = ground.case.arrays.get("n"), list(wrong)
    if len(names) == 2 and all(close(wrong[a], numeric[b]) for a, b in (names, names[::-1])):
        return f"order: d{names[0]} and d{names[1]} are exchanged"
    rows = [name for name in names if name in ground.case.part.inputs]
    if rows and n is not None and all(only_padded(wrong[name], numeric[name], n) for name in rows):
        return "padding leaked: only sequences that end in padding are wrong"
    if kind := cause(ground, wrong):
        return kind
    if n is not None and any(leaks(a, numeric[name], n) for name, a in wrong.items()
                             if name in ground.case.part.inputs):
        return "padding leaked: numbers where a sequence has ended"
    return ""


def alone_kind(ground, name, got, want, whole):
    """The kind of mistake in one gradient, or "".  whole: with what it held before."""
    blocks = [(block, index(want)) for block, index in ground.case.part.blocks.get(name, ())]
    n = ground.case.arrays.get("n") if name in ground.case.part.inputs else None
    apart = [index for _, index in blocks if not np.allclose(got[index], want[index], **BACKWARD)]
    kinds = {kind_of(got[index], want[index]) for index in apart} if len(apart) < len(
        blocks) else {""}
    kind = kind_of(got, want, n, blocks)
    if kind.startswith("padding") and (other := met(got, want, ground.values)):
        kind = other
    if kind or len(kinds) == 1 and (kind := kinds.pop()):
        return kind
    kind = met(got, want, ground.values) or cause(ground, {name: got})
    if not kind and name in ground.case.start and (kind := cause(ground, {name: whole})):
        kind = "forgotten accumulation: = for +=; " + kind.rpartition(": ")[2]
    return kind or elsewhere(got, want)
