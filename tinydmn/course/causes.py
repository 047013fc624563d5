"""One mistake makes many arrays wrong.  Here it is looked for at its place: a path of the
definition whose derivative is scaled, by 0 (a missing term), by -1 (a sign), by a number, or by a factor that
is missing or stands where none belongs.
"""

import numpy as np

from .kinds import close
from .part import defined, differences


def values_of(case):
    """-> {intermediate: its values, in the order in which they occur}."""
    found = {}

    def note(name, value):
        found.setdefault(name, []).append(np.array(value))
        return value
    defined(case.part, case.dialect, case.arrays, note)
    return found


def scaled(case, array, name, by):
    """The derivative of an array where all that comes through `name` is multiplied by `by`.

    by: a number, or an array for each time that `name` occurs.
    """
    base = values_of(case)[name]
    by = by if isinstance(by, list) else [by] * len(base)

    def loss(a):
        now = iter(zip(base, by))

        def pass_on(what, value):
            if what != name:
                return value
            still, times = next(now)
            return still + times * (value - still)
        return case.loss(defined(case.part, case.dialect, {**case.arrays, array: a},
                                 pass_on).values())
    return differences(loss, case.arrays[array])


GATES, SQUASHED = ("z", "r", "g"), ("h_tilde", "u")


def factors(values, path):
    """(how it is called, arrays) of what a derivative of an activation or a gate is made of."""
    for name in (*GATES, *SQUASHED):
        if [np.shape(v) for v in values.get(name, [])] != [np.shape(v) for v in values[path]]:
            continue
        yield name, values[name]
        yield f"(1 - {name})", [1.0 - v for v in values[name]]
        if name in SQUASHED:
            yield f"(1 - {name}^2)", [1.0 - v * v for v in values[name]]
        else:
            yield f"{name} * (1 - {name})", [v * (1.0 - v) for v in values[name]]


def hypotheses(case):
    """-> (path, by, kind) of each mistake that is thought of, the simple ones first."""
    values, called = values_of(case), case.part.through
    paths = [name for name in called if name in values]
    for by, said in ((0.0, "missing term: what comes through {}"),
                     (-1.0, "sign: of what comes through {}"),
                     (2.0, "factor: 2 times what comes through {}"),
                     (0.5, "factor: 0.5 times what comes through {}")):
        for path in paths:
            yield path, by, said.format(called[path])
    for path in paths:
        where = f", in what comes through {called[path]}"
        for name, factor in factors(values, path):
            if all(np.all(np.abs(f) > 1e-6) for f in factor):
                yield path, [1.0 / f for f in factor], f"missing factor: {name}{where}"
            yield path, factor, f"factor too many: {name}{where}"
            if name in GATES:
                yield (path, [f / (1.0 - f) for f in factor],
                       f"wrong factor: {name} where 1 - {name} belongs{where}")
                yield (path, [(1.0 - f) / f for f in factor],
                       f"wrong factor: 1 - {name} where {name} belongs{where}")


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
