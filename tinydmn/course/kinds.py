"""What kind of mistake a wrong array looks like, beside the right one; and, below, mistakes that a
student may have made with the outputs' derivatives, with lengths and with factors: `causes` tries
them.
"""

from typing import NamedTuple

import numpy as np

from .dialect import ACTIVATIONS
from .part import differences

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
    times = f" ({a / b:.3g} times)" if abs(b) > 1e-9 and np.isfinite(a) and a else ""
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
        return times_said(times)
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


def elsewhere(got, want):
    """Whether all numbers are right and stand in other places."""
    if want.size < 4 or got.shape != want.shape or not close(
            np.sort(got, None), np.sort(want, None)):
        return ""
    return "order: the right numbers in other places, as by reshape for a transpose"


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
            gone = ", ".join(str(i) for i in there if i not in kept)
            return f"missing term: nothing at {gone} along axis {axis}"
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


def times_said(times):
    """The kind where all is a number times what it should be.

    A number that is no simple fraction may be one of a hidden case, and is not told.
    """
    if times == -1.0:
        return "sign: of all of it"
    for n in range(2, 65):
        if np.isclose(abs(times), 1 / n, rtol=1e-4):
            return f"factor: {'-' * (times < 0)}1/{n} times"
        if np.isclose(abs(times), n, rtol=1e-4):
            return f"factor: {times:.4g} times"
    return "factor: the same in every entry, as where the d of an output is missing"


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


class Hypothesis(NamedTuple):
    kind: str
    path: str = ""
    change: object = 1.0       # times: a number, or an array for each time that the path occurs;
    #                            a text: what may stand there by mistake
    douts: dict | None = None  # what stands for them; with a path: in what comes through it
    operands: dict | None = None       # parameter -> for each of its products, its operands,
    weights: dict = {}         # and by what a product is multiplied: its place among them -> arrays
    n: object = None           # lengths
    arrays: dict | None = None                     # arguments
    onwards: tuple = ()        # of a state, before and after a step: steps go from first to last


AXES = {"B": "row {} of the batch", "Q": "question {}", "T": "step {}"}


def of_outputs(ground):
    """Other derivatives of the outputs: some of the rows or steps alone, those of another step."""
    part, douts = ground.case.part, ground.case.douts
    if len(douts) > 1:
        for name in douts:
            yield Hypothesis(f"missing term: d{name}", douts={**douts, name: 0 * douts[name]})
            for path, called in part.through.items():
                if path in ground.values:
                    yield Hypothesis(f"missing term: d{name}, in what comes through {called}", path,
                                     douts={**douts, name: 0 * douts[name]})
            for by in (-1.0, 2.0, 0.5, 1.0 / len(douts[name])):
                kind = "sign: of" if by < 0 else f"factor: {by:.4g} times"
                yield Hypothesis(f"{kind} d{name}", douts={**douts, name: by * douts[name]})
    yield from of_blocks(ground)
    letters = [text.split(",") for text in part.outputs.values()]
    for axis, letter in enumerate(letters[0]):
        if any(axis >= len(of) or of[axis] != letter for of in letters):
            continue
        size = next(iter(douts.values())).shape[axis]
        said = AXES.get(letter, f"number {{}} of the axis {letter}")
        only = lambda keep: {k: d * np.expand_dims(keep, tuple(
            i for i in range(d.ndim) if i != axis)) for k, d in douts.items()}
        for i in range(size if size > 1 else 0):
            yield Hypothesis(f"forgotten accumulation: {said.format(i)} alone is counted",
                             douts=only(np.arange(size) == i))
        for i in (0, size - 1) if letter in AXES and size > 1 else ():
            yield Hypothesis(f"missing term: {said.format(i)} is not counted",
                             douts=only(np.arange(size) != i))
        if letter == "T":
            for i in (-1, 0):
                last = np.zeros(next(iter(douts.values())).shape[:2])
                last[i, i] = 1.0
                which = "last" if i else "first"
                kind = f"forgotten accumulation: the {which} row and step alone"
                yield Hypothesis(kind, douts={k: d * last.reshape(
                    *last.shape, *[1] * (d.ndim - 2)) for k, d in douts.items()})
            for by, when in ((1, "earlier"), (-1, "later")):
                yield Hypothesis(f"off by one in time: the derivative of the step {when}",
                                 douts={k: np.roll(d, by, axis) for k, d in douts.items()})
            yield from of_steps(ground)


def of_steps(ground):
    """Outputs' derivatives that are counted at other steps too: axes (row, step, ...)."""
    douts, n = ground.case.douts, ground.case.arrays.get("n")
    all_steps = lambda d: np.broadcast_to(d.sum(axis=1, keepdims=True), d.shape)
    yield Hypothesis("wrong axis: at each step the derivatives of all steps",
                     douts={k: all_steps(d) for k, d in douts.items()})
    again, before = {}, {}
    for k, d in douts.items():
        again[k], before[k] = d.copy(), d.copy()
        last = np.full(len(d), d.shape[1]) if n is None else n
        again[k][np.arange(len(d)), last - 1] += d[:, -1]
        lives = np.arange(1, d.shape[1]) < last[:, None]
        before[k][:, :-1] += d[:, 1:] * lives.reshape(*lives.shape, *[1] * (d.ndim - 2))
    yield Hypothesis("term too many: the derivative of the last step is counted twice", douts=again)
    yield Hypothesis("term too many: each step's derivative goes to the step before as it is, too",
                     douts=before)


def of_blocks(ground):
    """The derivative of one block of an output in another's place."""
    for name, d in ground.case.douts.items():
        blocks = [(block, index(d)) for block, index in ground.case.part.blocks.get(name, ())]
        for (a, i), (b, j) in ((x, y) for x in blocks for y in blocks if x is not y):
            if d[i].shape == d[j].shape:
                other, swapped = d.copy(), d.copy()
                other[i], swapped[i], swapped[j] = d[j], d[j], d[i]
                yield Hypothesis(f"order: d{name} at {b} where that at {a} belongs",
                                 douts={name: other})
                yield Hypothesis(f"order: d{name} at {a} and at {b} exchanged",
                                 douts={name: swapped})


def lengths(ground):
    n = ground.case.arrays.get("n")
    if n is not None:
        yield Hypothesis("off by one in time: as if each had a step less", n=n - 1)
        yield Hypothesis("padding leaked: as if each had a step more", n=n + 1)
        yield Hypothesis("padding leaked: as if nothing were padding", n=n + 99)


class Atom(NamedTuple):
    """What a derivative may be made of."""

    called: str
    base: str                  # the intermediate
    form: str                  # what is made of it
    values: list


def atoms(ground):
    found = []
    for name, values in ground.values.items():
        if name in GATES or name in SQUASHED:
            for form, f in [*FORMS.items()][:3 if name in GATES else None]:
                found.append(Atom(form.format(name), name, form, [f(v) for v in values]))
        if name in ("c - q", "c - m"):
            found.append(Atom(f"sign({name})", name, "sign", [np.sign(v) for v in values]))
        if name in ATOMS:
            found.append(Atom(name, name, "", values))
        if name == "a_h" and (candidate := ground.case.dialect.candidate) != "tanh":
            f, _ = ACTIVATIONS[candidate]
            slopes = [differences(lambda a: f(a).sum(), v) for v in values]
            found.append(Atom("f'(a_h)", "h_tilde", "slope", slopes))
    return found


FORMS = {"(1 - {0})": lambda v: 1.0 - v, "{0} * (1 - {0})": lambda v: v * (1.0 - v),
         "(1 - {0}^2)": lambda v: 1.0 - v * v, "(1 + {0}^2)": lambda v: 1.0 + v * v,
         "(1 - tanh({0})^2)": lambda v: 1.0 - np.tanh(v)**2}
# what students take for factors, and paths along which a factor says what it says elsewhere too
ATOMS = ("z", "r", "h_tilde", "h_prev", "U_h h_prev", "r * h_prev", "g", "sigmoid(s)", "u", "c - q",
         "c - m", "c", "m", "q", "p", "a")
NO_FACTORS = ("a_z", "a_r", "a_h", "a_1", "U h_prev", "h_prev in U", "U_z h_prev", "U_r h_prev",
              "W", "b", "W_1", "b_1", "W_2", "b_2", "h", "h out", "apart", "c W_b", "GRU(c, h)",
              "g")
GATES = ("z", "r", "g", "sigmoid(s)")
SQUASHED = ("h_tilde", "u", "a")


def fitted(values, like):
    """The values of an atom as factors of a path's, or None where the shapes do not allow it."""
    if len(values) != len(like) or any(v.ndim > w.ndim or v.shape != w.shape[:v.ndim]
                                       for v, w in zip(values, like)):
        return None
    return [v.reshape(*v.shape, *[1] * (w.ndim - v.ndim)) for v, w in zip(values, like)]


def over(a, b, c=None):
    """a / b, or a / (b c); 0 where b is."""
    c = c or [1.0] * len(a)
    return [np.divide(u, v * w, out=np.zeros(np.broadcast_shapes(u.shape, v.shape)),
                      where=np.abs(v) > 1e-9) for u, v, w in zip(a, b, c)]


def factors(ground, pairs=True):
    """A path's derivative times or through an atom, or one atom in another's place."""
    called, every = ground.case.part.through, atoms(ground)
    for path in (name for name in called if name in ground.values and name not in NO_FACTORS):
        like, where = ground.values[path], f", in what comes through {called[path]}"
        fitting = [(atom, f) for atom in every if (f := fitted(atom.values, like)) is not None]
        for atom, f in fitting:
            yield Hypothesis(f"factor: {atom.called} is missing{where}", path, over(f, f, f))
            yield Hypothesis(f"factor: {atom.called} is too many{where}", path, f)
        for (atom, f), (other, g) in ((a, b) for a in fitting for b in fitting if pairs):
            if atom.called != other.called and (atom.base == other.base or atom.form == other.form):
                yield Hypothesis(f"factor: {atom.called} where {other.called} belongs{where}", path,
                                 over(f, g))
