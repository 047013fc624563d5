"""The GRU of a3, forward, compiled by Numba: the same numbers, and in less time.

The time is that which passes here, in the grader's process, from the question to the answer, for
many calls in one message, each with a sequence of its own: a file cannot set this clock, nor answer
from an earlier call's result.  The loop in NumPy that it is held against runs here too, in turns
with it; of several tries the best counts.  What that does not promise: threads that a file leaves
running may slow the loop in NumPy, where they take its core; and on a machine that others use, a
file near the border may be once on this side of it and once on the other.
"""

from statistics import median
from time import perf_counter

import numpy as np

from ..calls import Call
from ..dialect import ACTIVATIONS
from ..part import Part, defined, drawn, is_float
from .gru import equations as of_the_gru, run
from .gru_cell import BLOCKS, THROUGH, WEIGHTS, sigmoid

NEEDED = 1.5                   # times as fast as `loop`
TRIES, TURNS, CALLS = 3, 5, 25                             # the best try counts; the median turn
TIMED = {"B": 1, "T": 60, "I": 40, "H": 40}
# sizes and dtypes of the cases: one row and several
CASES = (({"B": 4, "T": 3, "I": 2, "H": 5}, np.float64),
         ({"B": 1, "T": 6, "I": 3, "H": 4}, np.float64),
         ({"B": 3, "T": 4, "I": 5, "H": 2}, np.float32))
SINGLE = dict(rtol=1e-4, atol=1e-5)                        # how near is right in float32
STUB = '''

def fast_gru_forward(x, n, W, U, b):
    """-> h, without a cache.

{equations}

    Made for speed: at least {needed} times as fast as a loop in NumPy where B = 1, T = 60, H = 40,
    once it is compiled.  Functions of your own under @numba.njit(cache=True) belong beside it.
    """
    raise NotImplementedError("write fast_gru_forward")
'''


def indented(text):
    return "\n".join("    " + line if line else "" for line in text.splitlines())


def stub(dialect):
    return STUB.format(equations=indented(of_the_gru(dialect)), needed=NEEDED)


def loop(dialect, x, n, W, U, b):
    """The same in NumPy, as one would write it for speed."""
    (B, T, _), H, f = x.shape, U.shape[1], ACTIVATIONS[dialect.candidate][0]
    Wx, U_zr, U_h = x @ W.T + b, U[:2 * H].T, U[2 * H:].T
    h, out = np.zeros((B, H), x.dtype), np.zeros((B, T, H), x.dtype)
    for t in range(T):
        zr = sigmoid(Wx[:, t, :2 * H] + h @ U_zr)
        z, r = zr[:, :H], zr[:, H:]
        reset = r * (h @ U_h) if dialect.reset == "after" else (r * h) @ U_h
        h_tilde = f(Wx[:, t, 2 * H:] + reset)
        new = h_tilde + z * (h - h_tilde) if dialect.keep == "z" else h + z * (h_tilde - h)
        lives = (t < n)[:, None]
        h = np.where(lives, new, h)
        out[:, t] = h * lives
    return out


def given(rng, sizes):
    """Sequences of unequal length, one of them short; and where there is one alone, padding too."""
    n = rng.integers(1, sizes["T"] + 1, sizes["B"])
    n[0], n[-1] = sizes["T"], max(1, sizes["T"] - 2)
    return {"n": n}


def forward(case):
    return Call("fast_gru_forward", tuple(case.arrays.values()))


def check(session, part, dialect, rng, say):
    """The numbers."""
    from ..checking import check_dtype, check_forward, make_case
    cases = [make_case(part._replace(sizes=lambda rng, sizes=sizes: sizes), dialect, rng, dtype)
             for sizes, dtype in CASES]
    cases.append(cases[0])                                 # what a call leaves harms no later one
    for case, result in zip(cases, session.run([forward(case) for case in cases])):
        if result.values is not None and len(result.values) != 1:
            return [("forward", f"returns {len(result.values)} values; return h alone", "shape")]
        if case.arrays["x"].dtype == np.float64 or result.values is None:
            found, _ = check_forward(case, result)
        else:
            found = check_dtype(case, result, "forward") or check_single(case, result)
        if found:
            return found
    return []


def check_single(case, result):
    """In float32: the shape, the numbers, the arguments."""
    from ..checking import changed, wrong_shapes
    double = {name: a.astype(np.float64) if is_float(a) else a for name, a in case.arrays.items()}
    want, found = defined(case.part, case.dialect, double)["h"], wrong_shapes(case, result)
    if not found and not np.allclose(result.values[0], want, **SINGLE):
        return [("forward", "h is right in float64, and not in float32", "dtype")]
    return found or changed(case, "forward", result, case.arrays)


def check_speed(session, part, dialect, rng, say):
    """The time."""
    from ..checking import Finding
    sized = part._replace(sizes=lambda rng: TIMED)
    first = drawn(sized, rng)
    weights = {name: first[name] * 0.5 for name in WEIGHTS}
    n = np.array([TIMED["T"]])
    args = (first["x"], n, *weights.values())
    call = Call("fast_gru_forward", args, times=CALLS)
    right, best = total(dialect, *args), 0.0
    result, = session.run([call._replace(times=2)])        # which compiles
    if result.values is None:
        return [("forward", result.error, "error")]
    for _ in range(TRIES):
        ours, theirs = [], []
        for _ in range(TURNS):
            began = perf_counter()
            result, = session.run([call])
            theirs.append(perf_counter() - began)
            if not is_right(result, right):
                return [("forward", result.error or "h is not right, so its time says nothing",
                         "error" if result.error else "wrong")]
            began = perf_counter()
            total(dialect, *args)
            ours.append(perf_counter() - began)
        best = max(best, median(ours) / median(theirs))
        if best >= NEEDED:
            say(f"{best:.1f} times as fast as a loop in NumPy")
            return []
    text = (f"{part.name}: {best:.2f} times as fast as a loop in NumPy, asked are {NEEDED}: what "
            "of a step is not compiled?")
    return [Finding(part.name, text, "too slow", text)]


def total(dialect, x, *args):
    """What Call.times asks, by `loop`."""
    return sum(loop(dialect, np.roll(x, k, 1), *args) for k in range(CALLS))


def is_right(result, want):
    return (result.values is not None and len(result.values) == 1
            and result.values[0].shape == want.shape
            and np.allclose(result.values[0], want, rtol=1e-6, atol=1e-8))


OF_BOTH = dict(
    inputs={"x": "B,T,I"}, params=WEIGHTS, outputs={"h": "B,T,H"},
    define=lambda dialect, a, at: (run(dialect, a["x"], a["n"], a["W"], a["U"], a["b"], at),),
    sizes=lambda rng: CASES[0][0], given=given, equations=of_the_gru, blocks=BLOCKS,
    through=THROUGH, wants=("numba", "scipy"), seconds=60.0)
PARTS = (Part("fast_gru", "The GRU through time, compiled", **OF_BOTH, check=check, stub=stub,
              asks=("fast_gru_forward",), right="the numbers of the definition"),
         Part("fast_gru_speed", "The GRU through time, fast", **OF_BOTH, check=check_speed,
              stub=lambda dialect: "", asks=(), cases=1))
