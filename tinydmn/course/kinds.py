"""What kind of mistake a wrong array looks like, by itself and beside the right one."""

import numpy as np

CLOSE = dict(rtol=1e-4, atol=1e-6)


def close(a, b):
    return np.shape(a) == np.shape(b) and np.allclose(a, b, **CLOSE)


def worst(got, want, index=np.s_[...]):
    """The entry of a block that differs most, as a text: got, the factor, the right one."""
    inside = np.zeros(want.shape, bool)
    inside[index] = True
    with np.errstate(invalid="ignore"):
        apart = np.where(inside, np.abs(got - want), -1.0)
    apart = np.where(np.isnan(apart), np.inf, apart)
    at = np.unravel_index(int(np.argmax(apart)), want.shape)
    a, b = float(got[at]), float(want[at])
    times = f" ({a / b:.3g} times)" if abs(b) > 1e-9 and np.isfinite(a) else ""
    place = "[" + ", ".join(map(str, map(int, at))) + "] " if want.ndim else ""
    return f"at {place}{a:.6g}{times}, should be {b:.6g}"


def kind_of(got, want, lengths=None, blocks=()):
    """The kind of mistake, in a few words, or "".

    lengths: of sequences whose padding is the second axis.  blocks: ((name, index), ...) of want.
    """
    if not np.all(np.isfinite(got)):
        return "not finite: NaN or infinite"
    if not np.any(got) and np.any(want):
        return "missing term: all of it"
    if times := factor(got, want):
        return "sign: of all of it" if times == -1.0 else f"factor: {times:.4g} times"
    if want.ndim == 2 and want.shape[0] == want.shape[1] and close(got, want.T):
        return "transposed"
    if shifted(got, want):
        return "off by one in time: the numbers are those of a neighbouring step"
    if kind := exchanged(got, want, blocks):
        return kind
    if lengths is not None and leaks(got, want, lengths):
        return "padding leaked: numbers where a sequence has ended"
    if axis := summed(got, want):
        return f"wrong axis: {axis}"
    return counted(got, want)


def counted(got, want):
    """Which rows or columns alone are right where the others are 0, or which are 0, or ""."""
    for axis in range(want.ndim):
        a, b = np.moveaxis(got, axis, 0), np.moveaxis(want, axis, 0)
        there = [i for i in range(len(b)) if np.any(b[i])]
        kept = [i for i in there if close(a[i], b[i])]
        if len(kept) < len(there) and kept and all(not np.any(a[i]) for i in there
                                                   if i not in kept):
            if len(kept) == 1:
                return f"forgotten accumulation: number {kept[0]} of axis {axis} alone is counted"
            return "missing term: 0 at numbers " + ", ".join(
                str(i) for i in there if i not in kept) + f" of axis {axis}"
    return ""


def factor(got, want):
    """k where got is k times want, else None."""
    norm = float(np.sum(want * want))
    if norm < 1e-12:
        return None
    k = float(np.sum(got * want)) / norm
    if want.size < 2 and not any(np.isclose(k, by) for n in range(1, 65) for by in (n, -n, 1 / n)):
        return None                                        # one number is always a multiple
    if abs(k + 1.0) < 1e-4 and close(got, -want):
        return -1.0
    return k if abs(k - 1.0) > 1e-4 and abs(k) > 1e-4 and close(got, k * want) else None


def there(lengths, want):
    """True where an array (rows, steps, ...) is not padding, or None where it has no such axes."""
    if want.ndim < 2 or len(want) != len(lengths):
        return None
    steps = np.arange(want.shape[1]) < np.asarray(lengths)[:, None]
    return np.broadcast_to(steps.reshape(*steps.shape, *[1] * (want.ndim - 2)), want.shape)


def leaks(got, want, lengths):
    """Whether there are numbers in the padding, where the right array has none."""
    inside = there(lengths, want)
    return (inside is not None and not inside.all() and not np.any(want[~inside])
            and bool(np.any(np.abs(got[~inside]) > 1e-9)))


def only_padded(got, want, lengths):
    """Whether just those rows are wrong that end in padding."""
    if len(want) != len(lengths):
        return False
    wrong = np.array([not close(a, b) for a, b in zip(got, want)])
    return bool(wrong.any()) and not np.any(wrong & (lengths == np.max(lengths)))


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


def exchanged(got, want, blocks):
    """Which blocks stand in another order, or ""."""
    for axis in range(1, want.ndim):
        if want.shape[axis] > 1 and close(got, np.flip(want, axis)):
            return f"order: axis {axis} is reversed"
    names = [name for name, index in blocks if not close(got[index], want[index])]
    index = dict(blocks)
    taken = [next((other for other in index if other != name
                   and close(got[index[name]], want[index[other]])), None) for name in names]
    if names and all(taken):
        return "order: " + ", ".join(f"{name} hold what belongs to {other}"
                                     for name, other in zip(names, taken))
    return ""


def met(got, want, values):
    """Which intermediate is missing in an array of its shape, or one too many, or ""."""
    for name, occurs in values.items():
        if len(occurs) == 1 and occurs[0].ndim and want.ndim >= occurs[0].ndim and (
                want.shape[:occurs[0].ndim] == occurs[0].shape):
            v = occurs[0].reshape(*occurs[0].shape, *[1] * (want.ndim - occurs[0].ndim))
            for called, times in ((name, v), (f"(1 - {name})", 1.0 - v),
                                  (f"{name} * (1 - {name})", v * (1.0 - v))):
                if close(got * times, want):
                    return f"factor: {called} is missing"
                if close(got, want * times):
                    return f"factor: {called} is too many"
    return ""
