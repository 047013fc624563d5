"""Are the derivatives right?  Each is compared with a central difference, in float64:

    (loss(x + h) - loss(x - h)) / 2h
"""

from functools import wraps
from pathlib import Path

import numpy as np

from .ops import Operations
from .ops.gate_numpy import BLOCKS
from .parameters import views

STEP = 1e-5                    # h: smaller loses digits to rounding, larger to curvature
WORST = 1e-4                   # a relative error above this is a wrong derivative; of right ones
                               # it stays below 1e-5


def numerical_grad(loss, a, h=STEP):
    """Central difference of the scalar loss() in every entry of `a` -> float64 array of a's shape.

    a: float64, changed in place and restored.  Raises AssertionError for another dtype.
    """
    return numerical_entries(loss, a, np.ndindex(a.shape), h).reshape(a.shape)


def numerical_entries(loss, a, entries, h=STEP):
    """The same in n entries (index tuples) of `a` -> (n,) float64."""
    assert a.dtype == np.float64, ("check gradients in float64: "
                                   "in float32 a right one can look wrong")
    slopes = []
    for i in entries:
        keep = a[i]
        a[i] = keep + h
        up = loss()
        a[i] = keep - h
        down = loss()
        a[i] = keep
        slopes.append((up - down) / (2 * h))
    return np.array(slopes)


def assert_grad(name, exact, loss, a, rtol=1e-6, atol=1e-8):
    """Raises AssertionError where a hand-written gradient `exact` of loss() in `a` is wrong in any
    entry, or is no float64 array of a's shape.

    The message names the array, the block of it that is wrong (z, r, h~ of a GRU; a block of
    eq. (5)), and the factor between the two, where one fits.
    """
    is_array = isinstance(exact, np.ndarray)
    what = f"{exact.dtype} {exact.shape}" if is_array else type(exact).__name__
    if what != f"float64 {a.shape}":
        raise AssertionError(f"gradient of {name}: is {what}, "
                             f"and should be float64 {a.shape}, as {name} is")
    numerical = numerical_grad(loss, a)
    if not np.allclose(exact, numerical, rtol, atol):      # a NaN is never close
        why = explained(name, exact, numerical, rtol, atol)
        raise AssertionError(f"gradient of {name}: {why}")


def blocks(name, shape):
    """The blocks of a parameter, or of its gradient -> [(block's name, its index)]; where it has no
    blocks, one that is the whole, named "".

    name: "input.U", or "U" alone.  W, U, b of a GRU stack z, r, h~; W_1 of the gate has the nine
    blocks of eq. (5) side by side.
    """
    last = name.rsplit(".", 1)[-1]
    if last == "W_1" and (shape[1] - 2) % 7 == 0:
        H = (shape[1] - 2) // 7
        edges = [*range(0, 7 * H + 1, H), 7 * H + 1, 7 * H + 2]
        return [(f"columns of {block}", np.s_[:, a:b])
                for block, a, b in zip(BLOCKS, edges, edges[1:])]
    if last in ("W", "U", "b") and shape[0] % 3 == 0 and (last != "U" or shape[0] == 3 * shape[1]):
        stacked = ("z", "r", "h~")
    elif last == "U" and shape[0] == 4 * shape[1]:
        stacked = ("i", "f", "o", "c~")
    else:
        return [("", np.s_[...])]
    H = shape[0] // len(stacked)
    return [(f"rows of {block}", np.s_[k * H:(k + 1) * H]) for k, block in enumerate(stacked)]


def explained(name, exact, numerical, rtol, atol):
    """In one line, which blocks of a gradient are wrong, where most, and by which factor, where one
    fits the whole block; "" where none is wrong.
    """
    says = []
    for block, at in blocks(name, exact.shape):
        got, wanted = exact[at], numerical[at]
        wrong = ~np.isclose(got, wanted, rtol, atol)
        if not wrong.any():
            continue
        difference = np.where(np.isfinite(got), np.abs(got - wanted), np.inf) * wrong
        worst = np.unravel_index(difference.argmax(), wanted.shape)
        number = np.arange(exact.size).reshape(exact.shape)[at][worst]         # in the whole array
        index = [int(i) for i in np.unravel_index(number, exact.shape)]
        said = (f"{block + ': ' if block else ''}{wrong.sum()} of {wrong.size} entries wrong, "
                f"most at {index}: {got[worst]:.6g}, the difference says {wanted[worst]:.6g}")
        factor = factor_between(got, wanted)
        if factor is not None:
            said += f" (the whole is {factor:.4g} times what it should be)"
        says.append(said)
    return "; ".join(says)


def factor_between(got, wanted, rtol=1e-4):
    """The k with got = k wanted in every entry, within rtol of the largest; None where none is."""
    size = np.abs(wanted).max()
    if not size or not np.isfinite(got).all():
        return None
    k = float(np.sum(got * wanted) / np.sum(wanted * wanted))
    return k if np.abs(got - k * wanted).max() <= rtol * size * max(1.0, abs(k)) else None


def relative_error(exact, numerical):
    """|a - b| / (|a| + |b|), entry by entry; entries below a thousandth of the array's largest are
    measured against that thousandth.

    A central difference has a rounding error of about 1e-10, whatever the size of the derivative:
    it says little about one of 1e-6.
    """
    size = np.abs(exact) + np.abs(numerical)
    return np.abs(exact - numerical) / np.maximum(size, max(1e-3 * size.max(), 1e-5))


def check_model(model, batch, entries, rng):
    """Worst relative error of each parameter's gradient, of J with alpha = beta = 1, in `entries`
    random entries (None: in every one).  model: float64; rng: a NumPy Generator.

    -> {name: (worst relative error, entries checked)}.
    """
    return {name: (float(relative_error(exact, numerical).max()), len(exact))
            for name, exact, numerical in compared(model, batch, entries, rng)}


class OnHost:
    """A network on a device for `compared`: its parameters as arrays of the host, which may be
    changed, and its gradients as such.

    differences: the model whose J is differenced, with the same parameters, where it is not this.
    """

    def __init__(self, model, differences=None):
        self.model, self.differences = model, differences or model
        self.theta = model.theta_on_host
        self.params = views(self.theta, {name: a.shape for name, a in model.params.items()})

    def loss(self, batch):
        self.differences.theta = self.theta
        return self.differences.loss_and_grads(batch, alpha=1.0)[0]

    def loss_and_grads(self, batch, alpha):
        self.model.theta = self.theta
        J, grads = self.model.loss_and_grads(batch, alpha=alpha)
        return J, {name: self.model.ops.to_host(d) for name, d in grads.items()}


def compared(model, batch, entries, rng):
    """Yields for each parameter its name, entries of its gradient and the central differences
    there, both (n,); of a network with another's differences also both J, as "J".  model: a DMN of
    the host, or OnHost.  The others as in check_model.
    """
    loss = lambda: model.loss_and_grads(batch, alpha=1.0)[0]
    J, grads = model.loss_and_grads(batch, alpha=1.0)
    if isinstance(model, OnHost):
        loss = lambda: model.loss(batch)
        if model.differences is not model.model:
            yield "J", np.array([J]), np.array([loss()])
    for name, a in model.params.items():
        every = list(np.ndindex(a.shape))
        if entries is None or len(every) <= entries:
            yield name, grads[name].ravel(), numerical_entries(loss, a, every)
        else:
            chosen = [every[i] for i in rng.choice(len(every), entries, replace=False)]
            exact = np.array([grads[name][i] for i in chosen])
            yield name, exact, numerical_entries(loss, a, chosen)


def recording(ops):
    """Operations -> the same, and a set to which each call adds the file of its function."""
    files = set()

    def recorded(function):
        written = getattr(function, "py_func", function)   # of a compiled function: the Python one
        file = Path(written.__code__.co_filename)

        @wraps(written)
        def call(*args, **more):
            files.add(f"{file.parent.name}/{file.name}")
            return function(*args, **more)
        return call
    functions = {name: recorded(function) for name, function in ops.functions.items()}
    return Operations(functions, dict(ops.source), ops.layers, ops.overlay), files
