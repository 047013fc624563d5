"""Are the derivatives right?  Each is held against a central difference, (loss(x + h) - loss(x - h)) / 2h, in float64."""

import numpy as np

STEP = 1e-5                    # h: smaller loses digits to rounding, larger to curvature


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
    """Raises AssertionError, naming the array, where a hand-written gradient `exact` of loss() in `a` is wrong in any entry."""
    np.testing.assert_allclose(exact, numerical_grad(loss, a), rtol, atol, err_msg=f"gradient of {name}")


def relative_error(exact, numerical):
    """|a - b| / (|a| + |b|), entry by entry; entries below a thousandth of the array's largest are measured against that thousandth.

    A central difference carries a rounding error of about 1e-11, whatever the size of the derivative: one of 1e-7 it cannot judge.
    """
    size = np.abs(exact) + np.abs(numerical)
    return np.abs(exact - numerical) / np.maximum(size, max(1e-3 * size.max(), 1e-6))


def check_model(model, batch, entries, rng):
    """Worst relative error of each parameter's gradient, J with alpha = beta = 1, in `entries` random entries (None: in every one).

    -> {name: (worst relative error, entries checked)}.  model: float64.
    """
    loss = lambda: model.loss_and_grads(batch, alpha=1.0)[0]
    _, grads = model.loss_and_grads(batch, alpha=1.0)
    worst = {}
    for name, a in model.params.items():
        every = list(np.ndindex(a.shape))
        chosen = every if entries is None or len(every) <= entries else [every[i] for i in rng.choice(len(every), entries, replace=False)]
        exact = np.array([grads[name][i] for i in chosen])
        worst[name] = float(relative_error(exact, numerical_entries(loss, a, chosen)).max()), len(chosen)
    return worst
