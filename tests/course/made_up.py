"""An assignment of two parts, as small as can be: double(x), and add(x, y), which must leave x alone."""

from typing import NamedTuple

import numpy as np

from tinydmn.course.calls import Call
from tinydmn.course.grade import Assignment


class Part(NamedTuple):
    name: str
    title: str


class Finding(NamedTuple):
    part: str
    text: str
    kind: str = ""
    hidden: str = ""


def check(session, part, student, rng):
    x = rng.normal(size=(2, 3)) + (0 if student is None else 100 * len(student))
    if part.name == "double":
        calls, wants = [Call("double", (x,))], [2 * x]
    else:
        calls, wants = [Call("add", (x, x))], [2 * x]
    for result, want in zip(session.run(calls), wants):
        if result.values is None:
            return [Finding(part.name, f"{part.name}: {result.error}", "error", f"{part.name}: {result.error}")]
        if not np.array_equal(result.args[0], x):
            return [Finding(part.name, f"{part.name}: x is changed in place", "changed in place", f"{part.name}: x is changed in place")]
        if result.values[0].shape != want.shape or not np.allclose(result.values[0], want):
            return [Finding(part.name, f"{part.name}: should be {want}", "factor")]
    return []


A0 = Assignment("a0", "Two sums", ((Part("double", "Twice x"), 3), (Part("add", "x and y"), 2)))
RIGHT = "def double(x):\n    return 2 * x\n\n\ndef add(x, y):\n    return x + y\n"
HALF = RIGHT.replace("2 * x", "3 * x")
