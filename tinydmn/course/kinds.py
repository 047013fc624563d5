"""What kind of mistake a wrong array looks like."""

import numpy as np

CLOSE = dict(rtol=1e-4, atol=1e-6)


def close(a, b):
    return np.shape(a) == np.shape(b) and np.allclose(a, b, **CLOSE)


def worst(got, want, index=np.s_[...]):
    """The entry of a block that differs most -> its index, a text: got, the factor, the right one."""
    inside = np.zeros(want.shape, bool)
    inside[index] = True
    apart = np.where(inside, np.abs(got - want), -1.0)
    apart = np.where(np.isnan(apart), np.inf, apart)
    at = np.unravel_index(int(np.argmax(apart)), want.shape)
    a, b = float(got[at]), float(want[at])
    times = f" ({a / b:.3g} times)" if abs(b) > 1e-9 and np.isfinite(a) else ""
    place = "[" + ", ".join(map(str, map(int, at))) + "] " if want.ndim else ""
    return at, f"at {place}{a:.6g}{times}, should be {b:.6g}"


def kind_of(got, want, terms=lambda: (), rows=lambda: (), lengths=None):
    """The kind of mistake, in a few words, or "".

    terms: () -> (name, what comes through it), of the right array; rows: () -> the right array as
    each row of a batch alone makes it; lengths: of sequences whose padding is the second axis.
    """
    if not np.all(np.isfinite(got)):
        return "not finite"
    if not np.any(got) and np.any(want):
        return "missing term: all of it"
    if close(got, -want):
        return "sign: of all of it"
    if times := factor(got, want):
        return f"factor: {times:.4g} times"
    if want.ndim == 2 and want.shape[0] == want.shape[1] and close(got, want.T):
        return "transposed"
    if lengths is not None and want.ndim >= 2 and leaks(got, want, lengths):
        return "padding leaked: where sequences have ended"
    if shifted(got, want):
        return "off by one in time"
    if axis := summed(got, want):
        return f"wrong axis: {axis}"
    for name, term in terms():
        if close(term, 0 * term):
            continue
        if close(got, want - term):
            return f"missing term: what comes through {name}"
        if close(got, want - 2 * term):
            return f"sign: of what comes through {name}"
        if times := factor(got - want + term, term):
            return f"factor: {times:.4g} times what comes through {name}"
    total = 0
    for row, alone in enumerate(rows()):
        total = total + alone
        if close(got, alone):
            return f"forgotten accumulation: row {row} of the batch alone is counted"
    return ""


def factor(got, want):
    """k where got is k times want, else None."""
    norm = float(np.sum(want * want))
    if norm < 1e-12:
        return None
    k = float(np.sum(got * want)) / norm
    return k if abs(k - 1.0) > 1e-4 and abs(k) > 1e-4 and close(got, k * want) else None


def leaks(got, want, lengths):
    """Whether all that is wrong lies where sequences have ended."""
    steps = np.arange(want.shape[1]) < np.asarray(lengths)[:, None] if len(want) == len(
        lengths) else None
    if steps is None or steps.all():
        return False
    inside = steps.reshape(*steps.shape, *[1] * (want.ndim - 2))
    return close(np.where(inside, got, 0.0), np.where(inside, want, 0.0))


def shifted(got, want):
    """Whether the second axis is one too early or too late."""
    if want.ndim < 2 or want.shape[1] < 3 or not np.any(want):
        return False
    early, late = (got[:, :-1], want[:, 1:]), (got[:, 1:], want[:, :-1])
    return any(close(a, b) and np.any(b) for a, b in (early, late))


def summed(got, want):
    """How a sum or a mean went along another axis, or ""."""
    if want.ndim == 1 and len(want) > 1 and close(got, np.full_like(want, want.sum())):
        return "summed where each has its own"
    for axis in range(want.ndim if want.ndim > 1 else 0):
        for name, f in (("summed", np.sum), ("averaged", np.mean)):
            if close(got, np.broadcast_to(f(want, axis=axis, keepdims=True), want.shape)):
                return f"{name} over axis {axis}"
    return ""
