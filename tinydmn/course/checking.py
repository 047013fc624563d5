"""Is a part right?  The forward against the definition; every entry of the backward against central
differences of the student's own forward; what must stay as it was; values at which careless code
fails; and where something is wrong, which block, by which factor, what kind of mistake that is.
"""

from itertools import chain

import numpy as np

from ..errors import UserError
from .case import (Finding, changed, failed, finding, make_case, named, same, shaped, wrong_dtypes,
                   wrong_shapes)
from .causes import Ground, alone_kind, joint_kind, kind_of_forward, place
from .kinds import there, worst
from .part import BACKWARD, FORWARD, STEP, defined, derivative_at, differences, total
from .precision import digits, not_linear, parted

EDGE = dict(rtol=1e-4, atol=1e-5)


def check_part(session, part, dialect, rng, say=lambda text: None, beside=None):
    """-> [Finding]; none where all is right.  session: anything with run([Call]) -> [Result].

    A part's own check is called alike, and returns Findings or (where, text, kind) of each;
    say(text) is told what it has measured.  beside(session, case, found, *results) -> [Finding]: of
    a backward beside a wrong forward, of which `found` speaks.
    """
    if part.check:
        found = part.check(session, part, dialect, rng, say)
        found = [one if isinstance(one, Finding) else own_finding(part, *one) for one in found]
        return [one._replace(way="") for one in found]     # right or not: it is no pair
    case, single = (make_case(part, dialect, rng, dtype) for dtype in (np.float64, np.float32))
    edges = [case._replace(arrays={**case.arrays, **edge.change(case.arrays)})
             for edge in part.edges]
    calls = [case.forward(), case.backward(0), case.backward(0), single.forward(),
             single.backward(3), *(half.backward(0) for half in parted(case))]
    for edge in edges:
        calls += [edge.forward(), edge.backward(len(calls))]
    first, = session.run(calls[:1])                        # alone: a backward may end the process
    forward, backward, *more = session.run(calls)
    again, forward_1, backward_1, *more = map(shaped, [case] * len(more), calls[2:], more)
    halves, at_edges = more[:3], more[3:]
    found, right = check_forward(case, first if forward.values is None else forward)
    found += check_dtype(single, forward_1, "forward") * (not found)
    if right:
        found += check_backward(session, case, backward, again, halves)
        found += [] if found else check_digits(case, backward, halves)
        if not found:
            found += check_dtype(single, backward_1, "backward")
        for edge, of, results in zip(part.edges, edges, zip(at_edges[::2], at_edges[1::2])):
            found += [] if found else check_edge(edge, of, results)
    elif beside:
        found += beside(session, case, found, backward, again, halves)
    return found


def own_finding(part, where, text, kind):
    """Of a part with a check of its own."""
    head = f"{part.name}: " + f"{where}: " * bool(where)
    return Finding(part.name, head + text, kind, head + kind)


def check_forward(case, result):
    """-> [Finding], whether its values are right."""
    if result.values is None:
        return [failed(case, "forward", result)], False
    found = wrong_shapes(case, result)
    if found:
        return found, False
    found = wrong_dtypes(case, "forward", named(case, "forward", result), np.float64)
    if found:
        return found, False
    found = changed(case, "forward", result, case.arrays)
    outs, got = defined(case.part, case.dialect, case.arrays), named(case, "forward", result)
    wrong = [name for name in outs if not np.allclose(got[name], outs[name], **FORWARD)]
    if not wrong or found:
        return found, not found
    if all(np.allclose(got[name], outs[name], rtol=1e-5, atol=1e-6) for name in wrong):
        said = ("is right to seven digits only: something on the way is float32, or a small "
                "number is added")
        return [finding(case, "forward", wrong[0], said, "dtype")], False
    name = wrong[0]
    kind = kind_of_forward(case, got, outs)
    also = f" (wrong too: {', '.join(wrong[1:])})" * (len(wrong) > 1)
    said = (f"; {kind}" if kind else "") + also
    said += ". The backward is checked once this is right" * (not case.part.check)
    text = f"{worst(got[name], outs[name])}, by the equations{said}"
    hidden = f"does not follow the equations{said}"
    return [finding(case, "forward", name, text, kind, hidden)], False


def check_dtype(case, result, way):
    """float32 in, float32 out; of float64 other findings speak."""
    if result.values is None:
        return []
    return wrong_dtypes(case, way, named(case, way, result), np.float32)


def check_digits(case, result, halves):
    """Whether gradients that agree with plain differences are right to the last digits."""
    whole, *parts = (named(case, "backward", one) for one in (result, *halves))
    right = digits(case, whole, parts)
    if not right:
        return []
    n, are = min(right.values()), "are" if len(right) > 1 else "is"
    said = (f"{are} right to {n} digits only: something on the way is float32, or a difference "
            "quotient")
    return [finding(case, "backward", ", ".join("d" + name for name in right), said, "dtype")]


def check_edge(edge, case, results):
    """Values at which careless code fails: against the definition and its differences."""
    with np.errstate(all="ignore"):
        for way, result in zip(("forward", "backward"), results):
            if result.values is None:
                return [failed(case, way, result)]
            got = named(case, way, result)
            outs = defined(case.part, case.dialect, case.arrays)
            if way == "backward":
                outs = {name: differences(lambda a, name=name: total(case.douts, defined(
                    case.part, case.dialect, {**case.arrays, name: a})), case.arrays[name])
                    for name in case.part.inputs}
            for name, want in outs.items():
                if not np.allclose(got[name], want, **EDGE):
                    finite = np.all(np.isfinite(got[name]))
                    said = f"{'is wrong' if finite else 'is not finite'} {edge.said}: {edge.advice}"
                    return [finding(case, way, ("d" if way == "backward" else "") + name, said,
                                    edge.kind if finite else "not finite")]
    return []


def check_backward(session, case, result, again, halves, judge=None):
    """halves: the results of `parted`.  judge(case, got, numeric, parts) -> [Finding]: of gradients
    beside differences."""
    if result.values is None:
        return [failed(case, "backward", result)]
    found = wrong_shapes(case, result, "backward")
    found += changed(case, "backward", result, {"d" + k: d for k, d in case.douts.items()})
    if found:
        return found
    got = named(case, "backward", result)
    for name in case.part.params:
        if not isinstance(got[name], np.ndarray) or got[name].shape != case.start[name].shape:
            return [finding(case, "backward", "d" + name,
                            "is not an array of the shape it came in", "shape")]
    if found := wrong_dtypes(case, "backward", got, np.float64):
        return found
    if fails := [one for one in (again, *halves) if one.values is None]:
        return [failed(case, "backward", fails[0])]
    second = named(case, "backward", again)
    if different := [name for name in got if not same(got[name], second[name])
                     and np.all(np.isfinite(got[name]))]:
        said = ("differs when it is called again: the cache is changed in place, or what "
                "np.empty made is not filled")
        return [finding(case, "backward", "d" + different[0], said, "changed in place")]
    numeric = by_differences(session, case)
    if numeric is None:
        said = "fails for arguments that differ by a millionth"
        return [finding(case, "forward", "", said, "error")._replace(way="backward")]
    parts = [named(case, "backward", one) for one in halves]
    return (judge or judged)(case, got, numeric, parts)


def by_differences(session, case):
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
    if any(r.values is None or wrong_shapes(case, r) for r in results):
        return None
    n = len(case.part.outputs)
    losses = np.array([case.loss(r.values[:n]) for r in results]).reshape(-1, 2)
    slopes, out, place = (losses[:, 0] - losses[:, 1]) / (2 * STEP), {}, 0
    for name in names:
        size, shape = case.arrays[name].size, case.arrays[name].shape
        out[name] = slopes[place:place + size].reshape(shape)
        place += size
    return out


UNTOUCHED = "nothing was added to it: += adds in place, = makes another array"
LOST = "what it held before is lost; add to it: +=, not ="


def judged(case, got, numeric, parts=()):
    """The gradients against differences -> [Finding], one for all that one mistake explains.

    parts: the gradients of what `parted` made of the case.
    """
    if not any(np.any(a != case.start.get(name, 0.0)) for name, a in got.items()):
        where = ", ".join("d" + name for name in case.douts)
        return [finding(case, "backward", "", f"every derivative is 0: {where} reaches none",
                        "missing term")]
    found, wrong, kept = [], {}, {UNTOUCHED: [], LOST: []}
    for name, want in numeric.items():
        start = case.start.get(name, np.zeros(()))
        if np.allclose(got[name], start + want, **BACKWARD):
            continue
        if name in case.start and same(start, got[name]):
            kept[UNTOUCHED].append(name)
        elif name in case.start and overwritten(got[name], start, want):
            kept[LOST].append(name)
        else:
            wrong[name] = got[name] - start
    for said, names in kept.items():
        if names:
            where = ", ".join("d" + name for name in names)
            found.append(finding(case, "backward", where, said, "forgotten accumulation"))
    leaks = wrong and all(leaks_alone(case, name, a, numeric[name]) for name, a in wrong.items())
    if wrong and not leaks and (kind := not_linear(case, wrong, got, parts)):
        return [*found, told(case, list(wrong), wrong, numeric, kind)]
    return found + (diagnosed(case, got, wrong, numeric) if wrong else [])


def leaks_alone(case, name, got, want):
    """Whether a gradient is wrong in the padding alone."""
    n = case.arrays.get("n") if name in case.part.inputs else None
    inside = None if n is None else there(n, want)
    return inside is not None and np.allclose(got[inside], want[inside], **BACKWARD)


def overwritten(got, start, want):
    """Whether wherever it is wrong, just what it held before is missing."""
    wrong = ~np.isclose(got, start + want, **BACKWARD)
    return (wrong.all() or wrong.sum() > 1) and np.allclose(got[wrong], want[wrong], **BACKWARD)


def diagnosed(case, got, wrong, numeric):
    """What is said of wrong gradients: {name: what the backward gives}."""
    ground = Ground(case)
    if kind := joint_kind(ground, wrong, numeric):
        return [told(case, list(wrong), wrong, numeric, kind)]
    kinds = {name: alone_kind(ground, name, wrong[name], numeric[name], got[name])
             for name in wrong} if len(wrong) < 4 else {}
    groups = {}
    for name in wrong:
        groups.setdefault(kinds.get(name, ""), []).append(name)
    unnamed = groups.pop("", [])
    if not groups:
        right = [name for name in numeric if name not in wrong]
        where = place(ground, wrong, right)
        said = f"all that is wrong comes through {where}; look there first" if where else ""
        return [told(case, unnamed, wrong, numeric, "", said)]
    first = next(iter(groups))
    groups[first] += unnamed
    return [told(case, names, wrong, numeric, kind) for kind, names in groups.items()]


def told(case, names, wrong, numeric, kind, said=""):
    """The finding about gradients with one mistake in them."""
    name, n = names[0], len(names)
    blocks = [(block, index(numeric[name])) for block, index in case.part.blocks.get(name, ())]
    apart = [(block, index) for block, index in blocks
             if not np.allclose(wrong[name][index], numeric[name][index], **BACKWARD)]
    block, index = apart[0] if len(apart) == 1 else ("", np.s_[...])
    where = ", ".join("d" + name for name in names) + f", {block}" * bool(block and n == 1)
    first = f"d{name} " * (n > 1) + worst(wrong[name], numeric[name], index)
    if not kind and not said and n > 1:
        said = "no one mistake that is known here explains them all" + blocks_right(
            case, wrong, numeric)
    end = f"; {kind or said}" if kind or said else ""
    return finding(case, "backward", where, f"{first}, by differences{end}", kind,
                   f"disagree{'s' * (n == 1)} with differences{end}")


def blocks_right(case, wrong, numeric):
    """"; rows of z are right" where that holds in every wrong array that has them, else ""."""
    right = None
    for name, got in wrong.items():
        if found := case.part.blocks.get(name):
            here = [block for block, index in found if np.allclose(
                got[index(got)], numeric[name][index(got)], **BACKWARD)]
            right = here if right is None else [block for block in right if block in here]
    return f"; {' and '.join(right)} are right" if right else ""


def check_shown(session, part, dialect, rng):
    """Each intermediate derivative in the file's dict `show` -> [(name, verdict, difference)].

    verdict: "exact", "close", "wrong", "shape", "several" for what occurs more than once, or
    "unknown" for a name that the definition lacks.
    Raises UserError where the forward or the backward fails.
    """
    if part.check:
        return []                                          # it has no steps
    case = make_case(part, dialect, rng)
    forward, backward = session.run([case.forward(), case.backward(0)])
    for way, result in (("forward", forward), ("backward", backward)):
        if result.values is None:
            raise UserError(str(failed(case, way, result)))
    out = []
    for name, got in chain(forward.shown.items(), backward.shown.items()):
        what = {f"d{key.replace(' ', '')}": key for key in part.through} | {
            f"d{key}": key for key in part.through}
        if name not in what:
            out.append((name, "unknown", None))
            continue
        want = derivative_at(part, dialect, case.arrays, case.douts, what[name])
        if want is None:
            out.append((name, "several", None))
            continue
        if got.shape != want.shape:
            out.append((name, "shape", None))
            continue
        worst_of_all = float(np.max(np.abs(got - want), initial=0.0))
        close = np.allclose(got, want, **BACKWARD)
        out.append((name, "exact" if worst_of_all < 1e-9 else "close" if close else "wrong",
                    worst_of_all))
    return out
