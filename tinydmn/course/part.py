"""A part of an exercise: a pair of functions that a student writes, and the definition it is held
against: the forward equations alone.

A definition is a function  define(dialect, arrays, at) -> outputs  over float64 arrays by name.  At
each value of a name, say z, it calls at("z", z) and goes on with what that returns: so a check can
move an intermediate, for its derivative, or hold it still, to see what comes through it.  A third
argument says what may stand there by mistake: {kind of mistake: function -> the value}.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

STEP = 1e-6                    # of a central difference
FORWARD = dict(rtol=1e-9, atol=1e-11)                      # how near is right
BACKWARD = dict(rtol=1e-5, atol=1e-7)


class Part(NamedTuple):
    """Sizes are letters: "BIH" is the shape (B, I, H), "3H" three times H; see `shape`.

    The student's functions:
        NAME_forward(*inputs, *given, *params) -> *outputs, cache
        NAME_backward(*d_outputs, cache, *d_params) -> *d_inputs         adds into d_params
    """

    name: str
    title: str
    inputs: dict               # name -> sizes; with derivatives
    params: dict               # name -> sizes; with derivatives that are added to
    outputs: dict              # name -> sizes
    define: Callable           # see above
    sizes: Callable            # rng -> {letter: size}, all different: a wrong axis has no place
    given: Callable = lambda rng, sizes: {}                # integers, masks: no derivatives
    equations: Callable = lambda dialect: ""               # for the student, in words and symbols
    mend: Callable = lambda rng, arrays: None              # moves drawn arrays away from kinks
    blocks: dict = {}          # array -> ((name of a block, array -> its index), ...)
    through: dict = {}         # intermediate -> how a message names it
    products: Callable = lambda dialect: {}                # see Product: parameter -> its products
    edges: tuple = ()          # Edge: values at which careless code fails
    # of a part that is no such pair:
    check: Callable | None = None          # see checking.check_part -> [Finding or its fields]
    stub: Callable | None = None                           # dialect -> its text
    asks: tuple | None = None                              # see `asked`
    right: str = "forward as the equations, every derivative as by differences"    # of a right one
    wants: tuple = ()          # packages beside NumPy; "numba": in the student's process too
    seconds: float = 0.0       # that its check may take, where that is more than usual
    cases: int = 0             # of a grading; 0: as many as usual


class Product(NamedTuple):
    """Where a parameter is multiplied: what node holds is operand @ parameter[rows].T, and more.

    operand "" is 1: the parameter is added.
    """

    rows: Callable             # parameter -> the index of its rows
    node: str
    operand: str


class Edge(NamedTuple):
    """Values at which careless code fails: of some arrays, with what a message says of them."""

    said: str                  # "where c equals q"
    advice: str                # one clause
    kind: str
    change: Callable           # arrays -> {name: array} of those that change


def asked(part):
    """The names of the functions that a student writes for a part."""
    if part.asks is not None:
        return part.asks
    pair = (f"{part.name}_forward", f"{part.name}_backward")
    return (part.name,) if part.check else pair


def plain(name, value, otherwise=None):
    return value


def shape(sizes, letters):
    """({"B": 2, "H": 3}, "B,3H,7H+2") -> (2, 9, 23)."""
    def one(text):
        text, _, more = text.partition("+")
        number = text.rstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
        letter = text[len(number):]
        return int(number or 1) * (sizes[letter] if letter else 1) + int(more or 0)
    return tuple(one(text) for text in letters.split(",") if text)


def thirds(*names):
    """The blocks of an array whose rows are stacked."""
    def index(i):
        return lambda a: np.s_[i * len(a) // len(names):(i + 1) * len(a) // len(names)]
    return tuple((f"rows of {name}", index(i)) for i, name in enumerate(names))


def drawn(part, rng, dtype=np.float64):
    """-> arrays: inputs, given and params by name, in the order of the call."""
    sizes = part.sizes(rng)
    draw = lambda names, scale: {name: scale * rng.normal(size=shape(sizes, letters))
                                 for name, letters in names.items()}
    inputs = draw(part.inputs, 1.0)
    given = part.given(rng, sizes)
    arrays = {**inputs, **given, **draw(part.params, 0.6)}
    part.mend(rng, arrays)
    return {name: a.astype(dtype) if is_float(a) else a for name, a in arrays.items()}


def is_float(a):
    return isinstance(a, np.ndarray) and a.dtype.kind == "f"


def defined(part, dialect, arrays, at=plain):
    """The definition -> {output's name: array}."""
    return dict(zip(part.outputs, part.define(dialect, arrays, at)))


def differences(loss, a):
    """Central differences of loss(a) in every entry of a."""
    out = np.empty(a.shape)
    for i in np.ndindex(a.shape):
        up, down = a.copy(), a.copy()
        up[i] += STEP
        down[i] -= STEP
        out[i] = (loss(up) - loss(down)) / (2 * STEP)
    return out


def total(douts, outs):
    """What a backward differentiates: the sum of all outputs, each number times its own d."""
    return sum(np.sum(douts[key] * out) for key, out in outs.items())


def derivative_at(part, dialect, arrays, douts, name):
    """The derivative of an intermediate, where it occurs once; None where it does not occur so."""
    values = []

    def note(what, value, otherwise=None):
        if what == name:
            values.append(np.array(value, np.float64))
        return value
    defined(part, dialect, arrays, note)
    if len(values) != 1:
        return None

    def loss(moved):
        move = lambda what, v, otherwise=None: moved if what == name else v
        return total(douts, defined(part, dialect, arrays, move))
    return differences(loss, values[0])
