"""Is a part right?  The forward against the definition; every entry of the backward against central
differences of the student's own forward; what must stay as it was; and where something is wrong,
which block, by which factor, and what kind of mistake that looks like.
"""

from itertools import chain
from typing import NamedTuple

import numpy as np

from .calls import Call, Kept
from .causes import cause, place
from .dialect import CHOICES
from .kinds import kind_of, worst
from .part import STEP, defined, derivative_at, drawn, held, is_float

FORWARD = dict(rtol=1e-7, atol=1e-9)
BACKWARD = dict(rtol=1e-5, atol=1e-7)


class Finding(NamedTuple):
    """One line: what is wrong where.  hidden: the same without the numbers of the case."""

    part: str
    text: str
    kind: str = ""
    hidden: str = ""

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


def check_part(session, part, dialect, rng):
    """-> [Finding]; none where all is right.  session: anything with run([Call]) -> [Result]."""
    if part.check:
        return [Finding(part.name, f"{part.name}: " + f"{where}: " * bool(where) + text, kind,
                        f"{part.name}: {kind}")
                for where, text, kind in part.check(session, part, dialect, rng)]
    case, single = (make_case(part, dialect, rng, dtype) for dtype in (np.float64, np.float32))
    forward, backward, again, forward_1, backward_1 = session.run(
        [case.forward(), case.backward(0), case.backward(0), single.forward(), single.backward(3)])
    found = check_forward(case, forward) + check_dtype(single, forward_1, "forward")
    if forward.values is None or wrong_shapes(case, forward):
        return found
    found += check_backward(session, case, (backward, again), bool(found))
    return found + check_dtype(single, backward_1, "backward") * (backward.values is not None)


def finding(case, way, where, text, kind="", hidden=None):
    name = f"{case.part.name}_{way}"
    head = f"{name}: {where}: " if where else f"{name}: "
    return Finding(case.part.name, head + text, kind, head + (text if hidden is None else hidden))


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
        names = ", ".join(d + name for name in likes) + ", cache" * (way == "forward")
        n = len(result.values) + (way == "forward")
        said = f"returns {n} value{'s' * (n != 1)}; return {names}"
        return [finding(case, way, "", said, "shape")]
    found = []
    for (name, wanted), got in zip(likes.items(), result.values):
        if got.shape != wanted:
            also = ", which has as many numbers" * (got.size == np.prod(wanted, dtype=int))
            said = f"shape {got.shape}{also}, should be {wanted}"
            found.append(finding(case, way, d + name, said, "shape"))
    return found


def check_forward(case, result):
    if result.values is None:
        return [finding(case, "forward", "", result.error, "error")]
    found = wrong_shapes(case, result) + changed(case, "forward", result, case.arrays)
    found += [finding(case, "forward", name, f"is {a.dtype} for float64 arguments", "dtype")
              for name, a in named(case, "forward", result).items() if a.dtype != np.float64]
    if found:
        return found
    outs = defined(case.part, case.dialect, case.arrays)
    for (name, want), got in zip(outs.items(), result.values):
        if not np.allclose(got, want, **FORWARD):
            at, text = worst(got, want)
            kind = (kind_of(got, want, lengths=case.arrays.get("n"))
                    or other_equations(case, name, got))
            said = f"; {kind}" if kind else ""
            found.append(finding(case, "forward", name, f"{text}, by the equations{said}", kind,
                                 f"does not follow the equations{said}"))
    return found


def other_equations(case, name, got):
    """Which other dialect's equations a forward follows, or ""."""
    for field, choices in CHOICES.items():
        for other in choices:
            outs = defined(case.part, case.dialect._replace(**{field: other}), case.arrays)
            if np.allclose(outs[name], got, **FORWARD):
                return f"other equations: {choices[other]} is not what is asked"
    return ""


def changed(case, way, result, before):
    """Findings about arguments that are not what they were."""
    return [finding(case, way, name, "is changed in place; make a new array", "changed in place")
            for (name, a), b in zip(before.items(), result.args)
            if isinstance(a, np.ndarray) and not same(a, b)]


def same(a, b):
    return b is not None and np.shape(a) == np.shape(b) and np.array_equal(a, b, equal_nan=False)


def check_dtype(case, result, way):
    """float32 in, float32 out; of float64 other findings speak."""
    if result.values is None:
        return []
    d = "" if way == "forward" else "d"
    return [finding(case, way, d + name, f"is {a.dtype} for float32 arguments", "dtype")
            for name, a in named(case, way, result).items()
            if isinstance(a, np.ndarray) and a.dtype != np.float32][:1]


def check_backward(session, case, results, forward_wrong):
    result, again = results
    if result.values is None:
        return [finding(case, "backward", "", result.error, "error")]
    found = wrong_shapes(case, result, "backward")
    found += changed(case, "backward", result, {"d" + k: d for k, d in case.douts.items()})
    if found:
        return found
    got = named(case, "backward", result)
    if again.values is not None:
        second = named(case, "backward", again)
        if different := [name for name in got if not same(got[name], second[name])]:
            said = "differs when it is called again: the cache is changed in place"
            return [finding(case, "backward", "d" + different[0], said, "changed in place")]
    numeric = by_differences(session, case)
    if numeric is None:
        return [finding(case, "forward", "", "fails for arguments that differ by a millionth",
                        "error")]
    for name, want in numeric.items():
        found += check_array(case, name, got[name], want)
    if found and forward_wrong:
        names = ", ".join("d" + name for name in numeric if any(
            f"d{name}:" in f.text or f"d{name}," in f.text for f in found))
        return [finding(case, "backward", "", "does not follow your own forward either; mend that "
                        f"one first (disagree: {names})", "")]
    return explained(case, found, got, numeric) if found else []


def by_differences(session, case, douts=None):
    """Central differences of the student's own forward in every entry -> {name: array}, or None."""
    names = [*case.part.inputs, *case.part.params]
    calls = []
    for name in names:
        a = case.arrays[name]
        for i in np.ndindex(a.shape):
            for side in (STEP, -STEP):
                moved = a.copy()
                moved[i] += side
                calls.append(case.forward(**{name: moved}))
    results = session.run(calls)
    if any(r.values is None for r in results):
        return None
    n = len(case.part.outputs)
    losses = np.array([case.loss(r.values[:n]) for r in results]).reshape(-1, 2)
    slopes, out, place = (losses[:, 0] - losses[:, 1]) / (2 * STEP), {}, 0
    for name in names:
        size, shape = case.arrays[name].size, case.arrays[name].shape
        out[name] = slopes[place:place + size].reshape(shape)
        place += size
    return out


def check_array(case, name, got, want):
    """A gradient, block by block."""
    if not isinstance(got, np.ndarray) or got.shape != want.shape:
        return [finding(case, "backward", "d" + name, "is not an array of the shape it came in",
                        "shape")]
    start = case.start.get(name)
    if start is not None:
        if np.allclose(got, start + want, **BACKWARD):
            return []
        if same(start, got):
            return [finding(case, "backward", "d" + name, "nothing was added to it; d += adds in "
                            "place, d = d + makes another array", "missing term")]
        if np.allclose(got, want, **BACKWARD):
            return [finding(case, "backward", "d" + name, "what it held before is lost; add to it: "
                            "+=, not =", "forgotten accumulation")]
        got = got - start
    elif np.allclose(got, want, **BACKWARD):
        return []
    found = []
    blocks = case.part.blocks.get(name, ()) or (("", lambda a: np.s_[...]),)
    for block, index in blocks:
        index = index(want)
        if np.allclose(got[index], want[index], **BACKWARD):
            continue
        at, text = worst(got, want, index)
        terms = lambda index=index: terms_of(case, name, want, index)
        kind = kind_of(got[index], want[index], terms, rows=lambda index=index: rows_of(
            case, name, index), lengths=case.arrays.get("n"))
        where = f"d{name}, {block}" if block else f"d{name}"
        said = f"; {kind}" if kind else ""
        found.append(finding(case, "backward", where, f"{text}, by differences{said}", kind,
                             f"disagrees with differences{said}"))
    if len(found) > 1 and len(found) == len(blocks) and len({f.kind for f in found}) == 1:
        return [found[0]._replace(text=found[0].text.replace(f", {blocks[0][0]}", ""),
                                  hidden=found[0].hidden.replace(f", {blocks[0][0]}", ""))]
    return found


def explained(case, found, got, numeric):
    """One finding for all of them, where one mistake on a path explains them."""
    added = {name: got[name] - case.start.get(name, 0.0) for name in numeric}
    wrong = {name: a for name, a in added.items()
             if not np.allclose(a, numeric[name], **BACKWARD)}
    if not wrong or any(f.kind.startswith(("sign: of all", "factor", "transposed", "shape",
                                           "forgotten", "not finite")) for f in found[:1]) and len(
                                               wrong) == 1:
        return found
    right = [name for name in numeric if name not in wrong]
    if kind := cause(case, wrong, right):
        names = ", ".join("d" + name for name in wrong)
        first = found[0].text.partition(": ")[2].partition("; ")[0]
        said = f"{kind} (wrong: {names}; {first})" if len(wrong) > 1 else f"{first}; {kind}"
        return [finding(case, "backward", "", said, kind, f"{kind} (wrong: {names})")]
    if len(wrong) > 1 and (where := place(case, wrong, right)):
        said = f"all that is wrong comes through {where}; look there first"
        return [*found, finding(case, "backward", "", said, "")]
    return found


def terms_of(case, name, want, index):
    """-> (how it is called, what comes through it) for each intermediate of the definition."""
    exact = held(case.part, case.dialect, case.arrays, case.douts, name, "")
    for what, called in case.part.through.items():
        without = held(case.part, case.dialect, case.arrays, case.douts, name, what)
        yield called, (exact - without)[index]


def rows_of(case, name, index):
    """The derivative by each row of the outputs alone."""
    n = len(next(iter(case.douts.values())))
    for row in range(n):
        alone = {k: np.where(np.arange(len(d)).reshape(-1, *[1] * (d.ndim - 1)) == row, d, 0.0)
                 for k, d in case.douts.items()}
        yield held(case.part, case.dialect, case.arrays, alone, name, "")[index]


def check_shown(session, part, dialect, rng):
    """Each intermediate derivative in the file's dict `show` -> [(name, verdict, difference)].

    verdict: "exact", "close", "wrong", "shape", or "unknown" for a name that the definition lacks.
    """
    case = make_case(part, dialect, rng)
    forward, backward = session.run([case.forward(), case.backward(0)])
    out = []
    for name, got in chain(forward.shown.items(), backward.shown.items()):
        what = {f"d{key.replace(' ', '')}": key for key in part.through} | {
            f"d{key}": key for key in part.through}
        if name not in what:
            out.append((name, "unknown", None))
            continue
        want = derivative_at(part, dialect, case.arrays, case.douts, what[name])
        if got.shape != want.shape:
            out.append((name, "shape", None))
            continue
        worst_of_all = float(np.max(np.abs(got - want), initial=0.0))
        close = np.allclose(got, want, **BACKWARD)
        out.append((name, "exact" if worst_of_all < 1e-9 else "close" if close else "wrong",
                    worst_of_all))
    return out
