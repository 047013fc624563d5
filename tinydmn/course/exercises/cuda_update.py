"""The derivative of eq. (7) as a kernel of CUDA, which runs in Numba's simulator.

The kernel is launched from here with as many threads as rows, with fewer rows than threads, with
more than one block; with rows behind the last in its results, and with something in all of them.
What the simulator cannot tell: whether threads that wait for one another would, on a GPU.
"""

import numpy as np

from ..calls import Call
from ..case import Finding
from ..part import Part
from ..stub import in_numbers, indented

THREADS, BEHIND = 4, 2         # of a block; rows of the results behind the last question's
# rows, units, blocks beside those that are needed: first where each thread has a row
SIZES = ((THREADS, 3, 0), (1, 2, 0), (THREADS - 1, 5, 0), (THREADS + 1, 2, 0),
         (2 * THREADS + 3, 3, 1))
EQUATIONS = {"z": "h = g * h_new + (1 - g) * h_prev", "1-z": "h = (1 - g) * h_new + g * h_prev"}
NAMES = ("dg", "dh_new", "dh_prev")
# of a gate that is shut, one that is open, and one between
EXAMPLE = {"dh": [[1.0, 2.0], [3.0, -1.0], [2.0, 4.0]], "g": [0.0, 1.0, 0.25],
           "h_new": [[0.5, 1.0], [-1.0, 0.5], [1.0, -0.5]],
           "h_prev": [[1.5, -1.0], [1.0, 2.0], [0.5, 1.0]]}
LAUNCH = f"""\
# in the simulator: NUMBA_ENABLE_CUDASIM=1.  One thread more than there are rows
dg, dh_new, dh_prev = np.full(3, np.nan), np.full((3, 2), np.nan), np.full((3, 2), np.nan)
update_backward[1, {THREADS}](dh, g, h_new, h_prev, dg, dh_new, dh_prev)"""
STUB = '''

@cuda.jit
def update_backward(dh, g, h_new, h_prev, dg, dh_new, dh_prev):
    """Writes dg, dh_new and dh_prev, whatever they held before.

{equations}

    dh is the derivative of a loss in h.  A thread a row of dh; there may be more threads than rows.
    dh, h_new and h_prev are (Q, H), g is (Q,).  dg, dh_new and dh_prev may have more rows than Q:
    those behind stay what they are.

{example}
    """
    raise NotImplementedError("write update_backward")
'''


def equations(dialect):
    return f"""\
{EQUATIONS[dialect.keep]:50}                (7)
for each of Q rows, which has one g for all of its H units."""


def stub(dialect):
    arrays = {name: np.array(a) for name, a in EXAMPLE.items()}
    made = dict(zip(NAMES, backward(dialect, **arrays)))
    return STUB.format(equations=indented(equations(dialect).splitlines()),
                       example=indented(in_numbers(arrays, LAUNCH.splitlines(), made)))


def drawn(rng, Q, H, last):
    """-> what the kernel reads, what it writes.  last: the results hold NaN before."""
    dh, h_new, h_prev = rng.normal(size=(3, Q, H))
    shapes = (Q + BEHIND,), (Q + BEHIND, H), (Q + BEHIND, H)
    held = [np.full(shape, np.nan) if last else rng.normal(size=shape) for shape in shapes]
    return {"dh": dh, "g": rng.uniform(0.1, 0.9, Q), "h_new": h_new, "h_prev": h_prev}, held


def backward(dialect, dh, g, h_new, h_prev):
    """-> dg, dh_new, dh_prev."""
    sign, new = (1.0, g) if dialect.keep == "z" else (-1.0, 1.0 - g)
    dg, new = sign * np.sum(dh * (h_new - h_prev), axis=1), new[:, None]
    return dg, new * dh, (1.0 - new) * dh


def mistakes(dialect, given):
    """What stands in a result by mistake: name -> [(kind, what is said, values)]."""
    dh, g, h_new, h_prev = given.values()
    with_gates = lambda g: dict(zip(NAMES, backward(dialect, dh, g, h_new, h_prev)))
    want, swapped = with_gates(g), with_gates(1.0 - g)
    of_place = with_gates(g[np.arange(len(g)) % THREADS])
    sign = 1.0 if dialect.keep == "z" else -1.0
    each = sign * dh * (h_new - h_prev)
    found = {"dg": [
        ("forgotten accumulation", "the last unit alone is counted", each[:, -1]),
        ("forgotten accumulation", "the first unit alone is counted", each[:, 0]),
        ("forgotten accumulation", "the first unit is not counted", each[:, 1:].sum(axis=1)),
        ("forgotten accumulation", "the last unit is not counted", each[:, :-1].sum(axis=1)),
        ("forgotten accumulation", "each row has the sum of those before it too",
         each.sum(axis=1).cumsum()),
        ("missing term", "h_prev is missing", sign * np.sum(dh * h_new, axis=1)),
        ("missing term", "h_new is missing", -sign * np.sum(dh * h_prev, axis=1)),
        ("sign", "of one of h_new and h_prev", sign * np.sum(dh * (h_new + h_prev), axis=1)),
        ("sign", "of one of h_new and h_prev", -sign * np.sum(dh * (h_new + h_prev), axis=1)),
        ("factor", "dh is missing", sign * np.sum(h_new - h_prev, axis=1)),
        ("factor", "the mean over the units, not the sum", each.mean(axis=1)),
        ("factor", "g is in it", g * want["dg"]), ("factor", "g is in it", (1 - g) * want["dg"]),
        ("wrong index", "the sum over all rows", np.full(len(g), each.sum()))]}
    for name in NAMES[1:]:
        by = want[name] / dh
        found[name] = [
            ("g for 1 - g", "g and 1 - g are exchanged", swapped[name]),
            ("factor", "g is missing", dh), ("factor", "dh is missing", by),
            ("factor", "g (1 - g) is the sigmoid's, which is not here",
             (g * (1 - g))[:, None] * dh),
            ("factor", "h_new or h_prev is in it", want[name] * given["h_" + name[3:]]),
            ("sign", "1 + g stands where 1 - g belongs", (2.0 - by) * dh),
            ("wrong index", "g of the thread's place in its block, not of its row",
             of_place[name]),
            ("wrong index", "g of the first row", by[0] * dh),
            ("wrong index", "the columns are in another order", want[name][:, ::-1])]
    return found


def check(session, part, dialect, rng, say):
    """-> [(where, text, kind)]."""
    cases = [(*size, *drawn(rng, *size[:2], size is SIZES[-1])) for size in SIZES]
    calls = [Call("update_backward", (*given.values(), *held),
                  launch=(-(-Q // THREADS) + more, THREADS)) for Q, _, more, given, held in cases]
    *results, again = session.run([*calls, calls[-2]])
    for (Q, _, _, given, held), call, result in zip(cases, calls, results):
        blocks = call.launch[0]
        where = (f"{Q} row{'s' * (Q > 1)}, {blocks} block{'s' * (blocks > 1)} of {THREADS} "
                 "threads")
        if result.values is None:
            return [failed(part, where, result, blocks * THREADS > Q)]
        if found := judged(dialect, given, held, result, Q):
            name, text, kind = found
            return [(name, f"{text} ({where})", kind)]
    same = (a.tobytes() == b.tobytes() for a, b in zip(results[-2].args, again.args))
    if again.values is None or not all(same):
        return [("", "gives other bits in a second run", "not the same bits")]
    return []


def failed(part, where, result, spare):
    """hidden: an exception's type, as its message may hold numbers."""
    kind, said = "error", ""
    if spare and result.error.startswith("IndexError"):
        kind, said = "guard", "; there may be more threads than rows"
    hidden = f"{result.error.partition(':')[0]}{said}"
    return Finding(part.name, f"{part.name}: {result.error}{said} ({where})", kind,
                   f"{part.name}: {hidden}")


def judged(dialect, given, held, result, Q):
    """The first that is wrong after a launch -> name, text, kind; None where all is right."""
    for (name, before), after in zip(given.items(), result.args):
        if not np.array_equal(before, after):
            return name, "is changed; it is only to be read", "changed in place"
    wants, got = backward(dialect, **given), dict(zip(NAMES, result.args[len(given):]))
    for name, before, want in zip(NAMES, held, wants):
        whole = got[name]
        if not np.array_equal(whole[Q:], before[Q:], equal_nan=True):
            return name, "a row behind the last is written", "writes behind the last row"
        if not np.allclose(whole[:Q], want, rtol=1e-9, atol=1e-11):
            other = mistakes(dialect, given)[name]
            text, kind = told(whole[:Q], want, before[:Q], other)
            return name, text, kind
    return None


def told(got, want, before, others):
    """What is said of a result that is wrong -> text, kind."""
    close = lambda a, b: np.allclose(a, b, rtol=1e-6, atol=1e-9, equal_nan=False)
    wrong = ~np.isclose(got, want, rtol=1e-9, atol=1e-11)
    at = tuple(int(i) for i in np.argwhere(wrong)[0])
    text = f"[{', '.join(map(str, at))}] is {got[at]:.6g}, should be {want[at]:.6g}"
    left = wrong & ((got == before) | (np.isnan(got) & np.isnan(before)))
    if np.isnan(before).all() and np.isnan(got).all() or close(got, want + before):
        return f"{text}: what it held before is in it", "adds into what was there"
    if left.all():
        return "is not written", "not written"
    if np.array_equal(left, wrong):
        rows = wrong.reshape(len(got), -1).all(axis=1)
        if rows[THREADS:].all() and not wrong[:THREADS].any() and len(got) > THREADS:
            return ("rows behind the first block are not written; which row is a thread's?",
                    "not written")
        return f"{text}: it is not written", "not written"
    if left.any():
        return "not every number is written", "not written"
    if close(got, -want):
        return f"{text}: the other sign", "sign"
    for kind, said, values in others:
        if close(got, values):
            return f"{text}: {said}", kind
    return text, "wrong"


PARTS = (Part("cuda_update", "Back through eq. (7), a kernel", {}, {}, {}, None, lambda rng: {},
              equations=equations, check=check, stub=stub, asks=("update_backward",),
              right="for all sizes", wants=("numba", "scipy"), seconds=60.0),)
