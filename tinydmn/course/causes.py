"""One mistake makes many arrays wrong.  Here it is looked for at its place: a path of the definition
whose derivative is scaled, by 0 (a missing term), by -1 (a sign), by a number, or by a factor that
is missing or stands where none belongs.
"""

import numpy as np

from .kinds import close
from .part import defined, differences


def values_of(case):
    """-> {intermediate: its value}, where it occurs once."""
    found, twice = {}, set()

    def note(name, value):
        if name in found:
            twice.add(name)
        found[name] = np.array(value)
        return value
    defined(case.part, case.dialect, case.arrays, note)
    return {name: value for name, value in found.items() if name not in twice}


def scaled(case, array, name, by):
    """The derivative of an array where all that comes through `name` is multiplied by `by`."""
    base = values_of(case)[name]

    def loss(a):
        pass_on = lambda what, value: base + by * (value - base) if what == name else value
        return case.loss(defined(case.part, case.dialect, {**case.arrays, array: a},
                                 pass_on).values())
    return differences(loss, case.arrays[array])


def factors(values, like):
    """(how it is called, array) of what a derivative of an activation or a gate is made of."""
    for name, v in values.items():
        if v.shape == like.shape and name in ("z", "r", "g", "u", "h_tilde"):
            yield name, v
            yield f"(1 - {name})", 1.0 - v
            if name in ("h_tilde", "u"):
                yield f"(1 - {name}^2)", 1.0 - v * v
            else:
                yield f"{name} * (1 - {name})", v * (1.0 - v)


def hypotheses(case):
    """-> (path, by, kind) of each mistake that is thought of, the simple ones first."""
    values = values_of(case)
    paths = [name for name in case.part.through if name in values]
    called = case.part.through
    for by, said in ((0.0, "missing term: what comes through {}"),
                     (-1.0, "sign: of what comes through {}"),
                     (2.0, "factor: 2 times what comes through {}"),
                     (0.5, "factor: 0.5 times what comes through {}")):
        for path in paths:
            yield path, by, said.format(called[path])
    for path in paths:
        for name, factor in factors(values, values[path]):
            if np.all(np.abs(factor) > 1e-6):
                yield path, 1.0 / factor, (f"missing factor: {name}, in what comes through "
                                           f"{called[path]}")
            if name in ("z", "r", "g"):
                yield path, factor / (1.0 - factor), (
                    f"wrong factor: {name} where 1 - {name} belongs, in what comes through "
                    f"{called[path]}")
                yield path, (1.0 - factor) / factor, (
                    f"wrong factor: 1 - {name} where {name} belongs, in what comes through "
                    f"{called[path]}")
            yield path, factor, (f"factor too many: {name}, in what comes through "
                                 f"{called[path]}")


def cause(case, wrong, right):
    """The one mistake that explains every wrong array, or "".

    wrong: {array: what the student's backward gives}; right: names of the arrays that are right.
    """
    smallest = min(wrong, key=lambda name: wrong[name].size)
    for path, by, kind in hypotheses(case):
        if (close(scaled(case, smallest, path, by), wrong[smallest])
                and all(close(scaled(case, name, path, by), got)
                        for name, got in wrong.items() if name != smallest)):
            return kind
    return ""


def place(case, wrong, right):
    """The intermediate that all wrong arrays have in common, and no right one: or ""."""
    values = values_of(case)
    matters = {}
    for path in case.part.through:
        if path in values:
            matters[path] = {name for name in (*wrong, *right)
                             if not close(scaled(case, name, path, 0.0), scaled(case, name, path,
                                                                                1.0))}
    fitting = [path for path, names in matters.items() if names == set(wrong)]
    return case.part.through[fitting[-1]] if fitting else ""
