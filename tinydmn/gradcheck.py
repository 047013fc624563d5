"""Are the derivatives right?  Each is held against a central difference, (loss(x + h) - loss(x - h)) / 2h, in float64."""

from functools import wraps
from pathlib import Path

import numpy as np

from .ops import Operations
from .ops.gate_numpy import BLOCKS

STEP = 1e-5                    # h: smaller loses digits to rounding, larger to curvature
WORST = 1e-4                   # a relative error above this is a wrong derivative; right ones stay below 1e-5


def numerical_grad(loss, a, h=STEP):
    """Central difference of the scalar loss() in every entry of `a` (float64, changed and restored in place)."""
    return numerical_entries(loss, a, np.ndindex(a.shape), h).reshape(a.shape)


def numerical_entries(loss, a, entries, h=STEP):
    """The same in some entries (index tuples) of `a` -> (n,) float64."""
    assert a.dtype == np.float64, "check gradients in float64: in float32 a right one can look wrong"
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
    """Raises AssertionError where a hand-written gradient `exact` of loss() in `a` is wrong in any entry, or is no float64 array of a's shape.

    The message names the array, the block of it that is wrong (z, r, h~ of a GRU; a block of eq. 5), and the factor, where one fits.
    """
    what = type(exact).__name__ if not isinstance(exact, np.ndarray) else f"{exact.dtype} {exact.shape}"
    if what != f"float64 {a.shape}":
        raise AssertionError(f"gradient of {name}: is {what}, and should be float64 {a.shape}, as {name} is")
    numerical = numerical_grad(loss, a)
    if not np.allclose(exact, numerical, rtol, atol):      # nor does a NaN
        raise AssertionError(f"gradient of {name}: " + explained(name, exact, numerical, rtol, atol))


def blocks(name, shape):
    """The blocks of a parameter, or of its gradient -> [(block's name, index of it)].  One block without a name where it has none.

    name: "input.U", or "U" alone.  W, U, b of a GRU stack z, r, h~; W_1 of the gate has the nine blocks of eq. (5) side by side.
    """
    last = name.rsplit(".", 1)[-1]
    if last == "W_1" and (shape[1] - 2) % 7 == 0:
        H = (shape[1] - 2) // 7
        edges = [*range(0, 7 * H + 1, H), 7 * H + 1, 7 * H + 2]
        return [(f"columns of {block}", np.s_[:, a:b]) for block, a, b in zip(BLOCKS, edges, edges[1:])]
    if last in ("W", "U", "b") and shape[0] % 3 == 0 and (last != "U" or shape[0] == 3 * shape[1]):
        H = shape[0] // 3
        return [(f"rows of {block}", np.s_[k * H:(k + 1) * H]) for k, block in enumerate(("z", "r", "h~"))]
    if last == "U" and shape[0] == 4 * shape[1]:
        H = shape[1]
        return [(f"rows of {block}", np.s_[k * H:(k + 1) * H]) for k, block in enumerate(("i", "f", "o", "c~"))]
    return [("", np.s_[...])]


def explained(name, exact, numerical, rtol, atol):
    """In one line, which blocks of a gradient are wrong, where most, and by which factor, where one fits the whole block."""
    says = []
    for block, at in blocks(name, exact.shape):
        got, wanted = exact[at], numerical[at]
        wrong = ~np.isclose(got, wanted, rtol, atol)
        if not wrong.any():
            continue
        difference = np.where(np.isfinite(got), np.abs(got - wanted), np.inf) * wrong
        worst = np.unravel_index(difference.argmax(), wanted.shape)
        place = np.unravel_index(np.arange(exact.size).reshape(exact.shape)[at][worst], exact.shape)       # in the whole array
        said = (f"{block + ': ' if block else ''}{wrong.sum()} of {wrong.size} entries wrong, most at {[int(i) for i in place]}: {got[worst]:.6g}, "
                f"the difference says {wanted[worst]:.6g}")
        factor = factor_between(got, wanted)
        says.append(said + (f" (the whole is {factor:.4g} times what it should be)" if factor is not None else ""))
    return "; ".join(says)


def factor_between(got, wanted, rtol=1e-4):
    """The k with got = k wanted in every entry, within rtol of the largest; None where there is none."""
    size = np.abs(wanted).max()
    if not size or not np.isfinite(got).all():
        return None
    k = float(np.sum(got * wanted) / np.sum(wanted * wanted))
    return k if np.abs(got - k * wanted).max() <= rtol * size * max(1.0, abs(k)) else None


def relative_error(exact, numerical):
    """|a - b| / (|a| + |b|), entry by entry; entries below a thousandth of the array's largest are measured against that thousandth.

    A central difference carries a rounding error of about 1e-10, whatever the size of the derivative: one of 1e-6 it cannot judge.
    """
    size = np.abs(exact) + np.abs(numerical)
    return np.abs(exact - numerical) / np.maximum(size, max(1e-3 * size.max(), 1e-5))


def check_model(model, batch, entries, rng):
    """Worst relative error of each parameter's gradient, J with alpha = beta = 1, in `entries` random entries (None: in every one).

    -> {name: (worst relative error, entries checked)}.  model: float64.
    """
    return {name: (float(relative_error(exact, numerical).max()), len(exact)) for name, exact, numerical in compared(model, batch, entries, rng)}


def compared(model, batch, entries, rng):
    """Parameter by parameter: its name, entries of its gradient and the central differences there, both (n,).  Arguments as in check_model."""
    loss = lambda: model.loss_and_grads(batch, alpha=1.0)[0]
    _, grads = model.loss_and_grads(batch, alpha=1.0)
    for name, a in model.params.items():
        every = list(np.ndindex(a.shape))
        if entries is None or len(every) <= entries:
            yield name, grads[name].ravel(), numerical_entries(loss, a, every)
        else:
            chosen = [every[i] for i in rng.choice(len(every), entries, replace=False)]
            yield name, np.array([grads[name][i] for i in chosen]), numerical_entries(loss, a, chosen)


def recording(ops):
    """Operations -> the same, and a set that fills with the files of those that are called."""
    files = set()

    def recorded(function):
        written = getattr(function, "py_func", function)   # a compiled function knows the one that was written
        file = Path(written.__code__.co_filename)

        @wraps(written)
        def call(*args, **more):
            files.add(f"{file.parent.name}/{file.name}")
            return function(*args, **more)
        return call
    functions = {name: recorded(function) for name, function in ops.functions.items()}
    return Operations(functions, dict(ops.source), ops.layers, ops.overlay), files
