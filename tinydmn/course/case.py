"""One case of a check: its arguments, and the calls that are made with them; what is said of them,
as a Finding; and what must hold of a result whatever its numbers are: how many values, their shapes
and dtypes, arguments that stay what they were.
"""

from typing import NamedTuple

import numpy as np

from .calls import Call, Kept, Result
from .part import defined, drawn, is_float


class Finding(NamedTuple):
    """One line: what is wrong where.  hidden: the same without the numbers of the case.  way:
    "forward" or "backward", where the other may be right."""

    part: str
    text: str
    kind: str = ""
    hidden: str = ""
    way: str = ""

    def __str__(self):
        return self.text


class Case(NamedTuple):
    """What one check is made of, by name."""

    part: object
    dialect: object
    arrays: dict               # inputs, given, params
    douts: dict
    start: dict                # what the params' gradients are before

    def forward(self, **changed):
        return Call(f"{self.part.name}_forward", tuple({**self.arrays, **changed}.values()), True)

    def backward(self, place):
        return Call(f"{self.part.name}_backward",
                    (*self.douts.values(), Kept(place), *(a.copy() for a in self.start.values())))

    def loss(self, outs):
        return sum(np.sum(d * out) for d, out in zip(self.douts.values(), outs))


def make_case(part, dialect, rng, dtype=np.float64):
    arrays = drawn(part, rng, dtype)
    outs = defined(part, dialect, {k: np.asarray(a, np.float64) if is_float(a) else a
                                   for k, a in arrays.items()})
    draw = lambda like: rng.normal(size=np.shape(like)).astype(dtype)
    return Case(part, dialect, arrays, {k: draw(out) for k, out in outs.items()},
                {k: draw(arrays[k]) for k in part.params})


def finding(case, way, where, text, kind="", hidden=None):
    name = f"{case.part.name}_{way}"
    head = f"{name}: {where}: " if where else f"{name}: "
    return Finding(case.part.name, head + text, kind, head + (text if hidden is None else hidden),
                   way)


def named(case, way, result):
    """What a call returned, with names; for the backward the params' gradients too."""
    if way == "forward":
        return dict(zip(case.part.outputs, result.values))
    after = result.args[len(case.douts) + 1:]
    return {**dict(zip(case.part.inputs, result.values)), **dict(zip(case.part.params, after))}


def wrong_shapes(case, result, way="forward"):
    """Findings about how many values there are, and their shapes."""
    likes = ({k: d.shape for k, d in case.douts.items()} if way == "forward"
             else {k: case.arrays[k].shape for k in case.part.inputs})
    d = "" if way == "forward" else "d"
    if len(result.values) != len(likes):
        n = len(result.values) + (way == "forward")
        said = f"returns {n} value{'s' * (n != 1)}; return {returned(case, way)}"
        return [finding(case, way, "", said, "shape")]
    found, shapes = [], [got.shape for got in result.values]
    if shapes != [*likes.values()] and sorted(shapes) == sorted(likes.values()):
        said = (f"returned in another order: the shapes are {', '.join(map(str, shapes))}; return "
                f"{returned(case, way)}")
        return [finding(case, way, "", said, "order")]
    for (name, wanted), got in zip(likes.items(), result.values):
        if got.shape != wanted:
            also = ", which has as many numbers" * bool(got.size == np.prod(wanted, dtype=int))
            said = f"shape {got.shape}{also}, should be {wanted}"
            found.append(finding(case, way, d + name, said, "shape"))
    return found


def returned(case, way):
    """What a function should return, in words."""
    if way == "forward":
        return ", ".join(case.part.outputs) + ", cache" * (case.part.check is None)
    return ", ".join("d" + name for name in case.part.inputs)


def failed(case, way, result):
    """hidden: an exception's message may hold numbers; its type tells enough."""
    if result.error == "returned None":
        return finding(case, way, "", f"returned None; return {returned(case, way)}", "shape")
    name = f"{case.part.name}_{way}"
    if result.error.startswith(f"TypeError: {name}() ") and " argument" in result.error:
        call = [*case.arrays] if way == "forward" else [
            *("d" + k for k in case.douts), "cache", *("d" + k for k in case.start)]
        return finding(case, way, "", f"is called as {name}({', '.join(call)}), and takes other "
                       "arguments", "error")
    return finding(case, way, "", result.error, "error", result.error.partition(":")[0])


def shaped(case, call, result):
    """A further call's result; one of other shapes has failed."""
    if result.values is None:
        return result
    way = call.function.rpartition("_")[2]
    wrong = wrong_shapes(case, result, way)
    if way == "backward" and not wrong:
        after = named(case, way, result)
        wrong = any(np.shape(after[name]) != a.shape for name, a in case.start.items())
    return Result(None, "returns other shapes in another call") if wrong else result


def wrong_dtypes(case, way, arrays, dtype):
    d = "" if way == "forward" else "d"
    return [finding(case, way, d + name, f"is {a.dtype} for {np.dtype(dtype)} arguments", "dtype")
            for name, a in arrays.items() if isinstance(a, np.ndarray) and a.dtype != dtype][:1]


def changed(case, way, result, before):
    """Findings about arguments that are not what they were."""
    return [finding(case, way, name, "is changed in place; make a new array", "changed in place")
            for (name, a), b in zip(before.items(), result.args)
            if isinstance(a, np.ndarray) and not same(a, b)]


def same(a, b):
    return b is not None and np.shape(a) == np.shape(b) and np.array_equal(a, b, equal_nan=False)
