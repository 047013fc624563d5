"""What is said of a student's pair of functions, over a sample of tests/course/solutions and tests/course/wrong.

All of them: `python -m tests.course.table`."""

import re

import numpy as np
import pytest

from tinydmn.course.case import make_case, named
from tinydmn.course.checking import check_shown
from tinydmn.course.dialect import PAPER, Dialect, described, dialect_of
from tinydmn.course.kinds import kind_of
from tinydmn.course.part import defined, derivative_at, drawn, shape
from tinydmn.course.precision import digits, parted
from tinydmn.ops import answer_numpy, episode_numpy, gate_numpy, gru_numpy, loss_numpy
from tinydmn.ops.groups import Gate

from .local import Local
from .solutions import PARTS, in_dialect, right
from .table import category, findings
from .wrong import wrong

OTHERS = (Dialect("before", "1-z", "softsign", "square", "tanh"), Dialect("before", "z", "arctan", "square", "product"),
          Dialect("after", "1-z", "isru", "abs", "tanh"))
ADA, BO = (Dialect("after", "1-z", "isru", "square", "tanh", "residual"), Dialect("before", "1-z", "softsign", "square", "tanh", "gru"))


IN_DIALECT = """
def slope(a):
    return 1 / (1 + np.abs(a))**2

def gru_cell_forward(x, h_prev, W, U, b):
    H, a = h_prev.shape[1], x @ W.T + b
    z, r = (1 / (1 + np.exp(-one)) for one in np.split(a[:, :2 * H] + h_prev @ U[:2 * H].T, 2, axis=1))
    a_t = a[:, 2 * H:] + (r * h_prev) @ U[2 * H:].T
    t = a_t / (1 + np.abs(a_t))
    return (1 - z) * h_prev + z * t, (x, h_prev, W, U, z, r, a_t, t)

def gru_cell_backward(dh, cache, dW, dU, db):
    x, h_prev, W, U, z, r, a_t, t = cache
    H = z.shape[1]
    dz = dh * (t - h_prev) * z * (1 - z)
    dt = dh * z * slope(a_t)
    d_rh = dt @ U[2 * H:]
    dr = d_rh * h_prev * r * (1 - r)
    da = np.hstack([dz, dr, dt])
    dW += da.T @ x
    db += da.sum(axis=0)
    dU[:2 * H] += da[:, :2 * H].T @ h_prev
    dU[2 * H:] += dt.T @ (r * h_prev)
    back = dh * (1 - z) + da[:, :2 * H] @ U[:2 * H]
    back = back + d_rh * r
    return da @ W, back
"""


GATE_IN_DIALECT = """
def gate_features_forward(c, m, q, W_b):
    T = c.shape[1]
    M, Q = np.repeat(m[:, None], T, 1), np.repeat(q[:, None], T, 1)
    cq = np.tanh(c * Q)
    cm = np.tanh(c * M)
    wq, wm = (((c @ W_b) * a).sum(2, keepdims=True) for a in (Q, M))
    z = np.concatenate([c, M, Q, cq, cm, np.abs(c - Q), np.abs(c - M), wq, wm], 2)
    return z, (c, M, Q, cq, cm, W_b)
def gate_features_backward(dz, cache, dW_b):
    c, M, Q, cq, cm, W_b = cache
    H = c.shape[2]
    p = [dz[..., i*H:(i+1)*H] for i in range(7)]
    wq, wm = dz[..., -2:-1], dz[..., -1:]
    dcq = p[3] * (1 - cq**2)
    dcm = p[4] * (1 - cm**2)
    sq, sm = np.sign(c - Q) * p[5], np.sign(c - M) * p[6]
    dW_b += np.einsum("qti,qtj->ij", c, wq * Q + wm * M)
    dc = p[0] + dcq * Q + dcm * M + sq + sm + (wq * Q + wm * M) @ W_b.T
    dM = p[1] + dcm * c - sm + wm * (c @ W_b)
    dQ = p[2] + dcq * c - sq + wq * (c @ W_b)
    return dc, dM.sum(1), dQ.sum(1)
"""


@pytest.mark.parametrize("name", PARTS)
def test_right_files_lose_nothing(name):
    files = right(name)
    assert len(files) >= 5
    for seed, (file, source) in enumerate(files.items()):
        assert not findings(PARTS[name], source, seed), file


@pytest.mark.parametrize("dialect", OTHERS, ids=lambda d: "-".join(d))
@pytest.mark.parametrize("name", PARTS)
def test_right_files_in_another_dialect_lose_nothing_and_those_of_the_paper_do(name, dialect):
    for file, source in list(in_dialect(name, dialect).items())[:2]:
        assert not findings(PARTS[name], source, 3, dialect), file
    if name not in ("cross_entropy", "softmax_episode"):
        of_paper = next(source for file, source in right(name).items() if file not in ("any_dialect",))
        found = findings(PARTS[name], of_paper, 3, dialect)
        assert found and "does not follow the equations" in found[0].hidden


@pytest.mark.parametrize("name", PARTS)
def test_wrong_files_are_found_named_and_told_in_a_line_without_the_cases_numbers(name):
    mistakes = wrong(name)
    assert len(mistakes) >= 25
    step = 13
    named, sample = 0, mistakes[1::step]
    for what, source, kinds in sample:
        found = findings(PARTS[name], source, 1)
        assert 1 <= len(found) <= 2, what
        named += category(found[0]) in kinds
        for f in found:
            assert f.part == name and str(f) == f.text and "\n" not in f.text
            assert "at [" not in f.hidden and not re.search(r"should be -?\d|\d\.\d{5}", f.hidden), f.hidden
    assert named >= len(sample) - 1


def said(name, file, old, new):
    source = right(name)[file]
    assert source.count(old) == 1
    return findings(PARTS[name], source.replace(old, new))


def test_messages_name_the_array_the_block_the_worst_entry_and_the_mistake():
    (one,) = said("gru_cell", "split", "dh * (1.0 - z)", "dh * z")
    assert one.text.startswith("gru_cell_backward: dx, dh_prev, dW, dU, db: dx at [")
    assert "times), should be" in one.text and "by differences; factor: z where (1 - z) belongs" in one.text
    assert one.hidden == one.text.partition(": dx at")[0] + ": disagree with differences; " + one.kind
    (one,) = said("gru_cell", "gates_apart", "dW[:H] += dz.T @ x", "dW[:H] += (2 * dz).T @ x")
    assert one.text.startswith("gru_cell_backward: dW, rows of z: at [") and one.kind == "factor: 2 times"
    (one,) = said("gru_cell", "split", "dW += da.T @ x", "dW[:] = da.T @ x")
    assert one.text == "gru_cell_backward: dW: what it held before is lost; add to it: +=, not ="
    (one,) = said("gru_cell", "split", "dW += da.T @ x", "dW = dW + da.T @ x")
    assert "nothing was added to it" in one.text
    (one,) = said("gru_cell", "split", "np.tanh(a_h", "np.arctan(a_h")
    assert "arctan(a) is not what is asked" in one.text and "backward is checked once this is right" in one.text


@pytest.mark.parametrize("old, new, kind", [
    ("dU[2 * H:] += dt.T @ (r * h_prev)", "dU[2 * H:] += dt.T @ h_prev", "factor: h_prev where r * h_prev belongs"),
    ("back = back + d_rh * r", "back = back + d_rh", "factor: r is missing, in what comes through h_prev in r * h_prev"),
    ("slope(a_t)", "(1 - t**2)", "factor: (1 - h_tilde^2) where f'(a_h) belongs, in what comes through h_tilde, eq. (3)")])
def test_the_kind_in_another_dialect(old, new, kind):
    """Equations of which the paper's source is no answer: the reset gate before the product, a / (1 + |a|) for tanh."""
    source = IN_DIALECT
    assert source.count(old) == 1
    assert not findings(PARTS["gru_cell"], source, 0, OTHERS[0])
    (one,) = findings(PARTS["gru_cell"], source.replace(old, new), 0, OTHERS[0])
    assert one.kind == kind


def test_what_must_stay_as_it_was():
    (one,) = said("gru_cell", "split", "dz = dh * (", "dh *= 2\n    dz = dh * (")
    assert one.text == "gru_cell_backward: dh: is changed in place; make a new array"
    (one,) = said("gru_cell", "split", "dr = da_h * Uh_h", "Uh_h *= 2\n    dr = da_h * Uh_h")
    assert "the cache is changed in place" in one.text
    (one,) = said("gru_cell", "split", "h = z * h_prev", "x += 1\n    h = z * h_prev")
    assert one.text == "gru_cell_forward: x: is changed in place; make a new array"


def test_types_and_shapes_are_kept():
    assert "is float64 for float32" in said("gru_cell", "split", "dx = da @ W", "dx = np.zeros(x.shape)\n    dx += da @ W")[0].text
    assert "is float32 for float64" in said("gru_cell", "split", "dx = da @ W", "dx = (da @ W).astype(np.float32)")[0].text
    (one,) = said("gru_cell", "split", "np.tanh(a_h + r * Uh_h)", "np.tanh(a_h + r * Uh_h).astype(np.float32)")
    assert one.kind == "dtype" and "float32" in one.text
    (one,) = said("gru_cell", "split", "return dx, dh_prev", "return dx.T, dh_prev")
    assert re.search(r"dx: shape \(2, 3\), which has as many numbers, should be \(3, 2\)", one.text)
    (one,) = said("gru_cell", "split", "return dx, dh_prev", "return dx")
    assert one.text == "gru_cell_backward: returns 1 value; return dx, dh_prev"


@pytest.mark.parametrize("name, file, old, new, arrays", [
    ("gru_cell", "split", "da_z = dz * z * (1.0 - z)", "da_z = (dz * z * (1.0 - z)).astype(np.float32)", "dx, dh_prev, dW, dU, db: are right to 8 digits"),
    ("gru_cell", "split", "db += da.sum(axis=0)", "db += da.sum(axis=0, dtype=np.float32)", "db: is right to 7 digits"),
    ("gru_cell", "split", "dr = da_h * Uh_h", "dr = da_h * Uh_h.astype(np.float32)", "dx, dh_prev, dW, db: are right to 8 digits"),     # linear in dh: dU's share is small
    ("decoder", "hstack", "a_prev, a, z, r, Uh_h, h_tilde, W, U, W_a)", "a_prev, a, np.float32(z), r, Uh_h, h_tilde, W, U, W_a)", "da_prev, dW, dU, db: are right to 7 digits")])
def test_float32_on_the_way_back_is_seen(name, file, old, new, arrays):
    (one,) = said(name, file, old, new)
    assert one.kind == "dtype" and one.text == one.hidden and arrays in one.text and one.text.endswith("something on the way is float32, or a difference quotient")


def test_a_kink_nearby_is_no_rounding():
    """Differences over it say nothing of a right gradient."""
    part = PARTS["gate_features"]
    case = make_case(part, PAPER, np.random.default_rng(0))
    case.arrays["q"][:] = case.arrays["c"][:, 0] + 3e-4
    _, *results = Local(right("gate_features")["split"]).run([case.forward(), case.backward(0), *(one.backward(0) for one in parted(case))])
    whole, *halves = (named(case, "backward", result) for result in results)
    assert digits(case, whole, halves) == {}


@pytest.mark.parametrize("step", (1e-3, 1e-5))
def test_a_backward_that_only_takes_differences_is_seen(step):
    """Of large steps they are not the definition's derivative, of small ones not linear in dh."""
    head, _, _ = right("gru_cell")["recompute"].partition("def gru_cell_backward")
    back = f"""def gru_cell_backward(dh, cache, *d_params):
    out = []
    for k, a in enumerate(cache):
        d = np.zeros_like(a)
        for i in np.ndindex(a.shape):
            up, down = a.copy(), a.copy()
            up[i] += {step}
            down[i] -= {step}
            above, below = [np.sum(dh * gru_cell_forward(*cache[:k], one, *cache[k + 1:])[0]) for one in (up, down)]
            d[i] = (above - below) / {2 * step}
        out.append(d)
    for mine, d in zip(d_params, out[2:]):
        mine += d
    return out[0], out[1]
"""
    (one,) = findings(PARTS["gru_cell"], head + back)
    assert one.kind == "dtype" and "difference quotient" in one.text


@pytest.mark.parametrize("name, file, old, new, kind", [
    ("gru_cell", "split", "dh_prev = dh * z + dUh @ U", "dh_prev = z + dUh @ U", "factor: a term without dh: it is not 0 where dh is 0"),
    ("gru_cell", "split", "dW += da.T @ x", "dW += (da * dh[:, [0]]).T @ x", "factor: not linear; dh stands in each term once, as a factor"),
    ("gru_cell", "split", "dW += da.T @ x", "dW[:] = (da + 1.0).T @ x", "factor: a term without dh: it is not 0 where dh is 0"),
    ("decoder", "hstack", "dh = da + dlogits @ W_a", "dh = da * (dlogits @ W_a)", "factor: not linear; one of da and dlogits stands in each term once, as a factor"),
    ("decoder", "hstack", "dh = da + dlogits @ W_a", "dh = da + dlogits @ W_a + a", "factor: a term without da and dlogits: it is not 0 where da and dlogits are 0"),
    ("gru_cell", "split", "dW += da.T @ x", "dW[:] = da.T @ x * 2", "forgotten accumulation: = for +=; 2 times what comes through W"),         # linear in dh, though not what is added
    ("gated_episode", "masked", "    dh = de\n", "    dh = 0 * de\n", "missing term"),
    ("gru", "masked", "for t in reversed(range(x.shape[1])):", "for t in range(x.shape[1]):", "order: the backward goes through the steps from the first to the last"),
    ("gru", "masked", "    dh = np.zeros_like(dout[:, 0])\n", "    dh = dout[:, -1]\n", "term too many: the derivative of the last step is counted twice"),
    ("gru", "masked", "dh + dout[:, t], 0.0)", "dh + dout.sum(axis=1), 0.0)", "wrong axis: at each step the derivatives of all steps"),
    ("gru", "masked", "dh_t * z + dUh @ U, dh)", "dh_t * z + dUh @ U + dout[:, t], dh)", "term too many: each step's derivative goes to the step before as it is, too"),
    ("gru", "masked", "dh = np.where(lives, dh_t * z + dUh @ U, dh)", "dh += np.where(lives, dh_t * z + dUh @ U, 0.0)", "term too many: dh goes on to the step before as it is, too"),
    ("gru", "masked", "dW += da.T @ x[:, t]", "dW += da.T @ x[:, -1]", "off by one in time: x of the last step in all"),
    ("gru", "masked", "dx[:, t] = da @ W", "dx[:, t] = da @ W + ~lives", "padding leaked: numbers where a sequence has ended"),
    ("gru_cell", "split", "dx = da @ W", "dx = dUh @ W", "factor: r is too many, in what comes through W_h x + b_h in eq. (3)"),
    ("gate", "split", "du = ds[..., None] * W_2", "du = ds[..., None] * np.ones_like(W_2)", "factor: W_2 is missing"),
    ("gru_cell", "split", "dW += da.T @ x", "dW += (da.T @ x).T.reshape(dW.shape)", "order: the right numbers in other places, as by reshape for a transpose")])
def test_the_kind_of_a_wrong_backward(name, file, old, new, kind):
    (one,) = said(name, file, old, new)
    assert one.kind == kind


@pytest.mark.parametrize("old, new, says", [
    ("dc = d_c + d_cq * q + d_cm * m", "dc = d_c + 1.3 * d_cq * q**3 + d_cm * m", ""),
    ("d_c, d_m, d_q, d_cq, d_cm, d_aq, d_am = np.split(dz[..., :7 * H], 7, axis=2)",
     "d_c, d_m, d_q, d_cq, d_cm, d_aq, d_am = np.split(dz[..., :7 * H], 7, axis=2)\n    d_cq = d_cq * np.cos(c)",
     "all that is wrong comes through the block like(c, q) of eq. (5) or the block apart(c, q) of eq. (5); look there first")])
def test_a_place_is_named_with_all_that_it_may_be(old, new, says):
    (one,) = said("gate_features", "split", old, new)
    assert not one.kind and one.hidden.rpartition(" with differences")[2].removeprefix("; ") == says


@pytest.mark.parametrize("old, new", [("dcq = p[3] * (1 - cq**2)", "dcq = p[3]"), ("cq = np.tanh(c * Q)", "cq = c * Q")])
def test_the_likeness_of_another_dialect_is_named(old, new):
    source = GATE_IN_DIALECT
    assert source.count(old) == 1 and not findings(PARTS["gate_features"], source, 0, OTHERS[2])
    (one,) = findings(PARTS["gate_features"], source.replace(old, new), 0, OTHERS[2])
    assert "x * y" in one.kind


def test_what_no_known_mistake_explains_says_which_blocks_are_right():
    (one,) = said("gru_cell", "split", "da_h = dh_tilde * (1.0 - h_tilde**2)", "da_h = dh_tilde * np.cos(h_tilde + 1.0)")
    assert not one.kind and one.hidden.endswith("no one mistake that is known here explains them all; rows of z are right")


@pytest.mark.parametrize("name, file, old, new, kind", [
    ("gru_cell", "split", "a_z, a_r, a_h = np.split(x", "a_r, a_z, a_h = np.split(x", "order: W, b taken as if the rows were those of r, z, h~"),
    ("gru_cell", "split", "Uh_z, Uh_r, Uh_h = np.split(h", "Uh_h, Uh_z, Uh_r = np.split(h", "order: U taken as if the rows were those of h~, z, r"),
    ("gru_cell", "split", "h_prev @ U.T, 3", "np.hstack([h_prev @ u for u in np.split(U, 3)]), 3", "transposed: U, each gate's rows"),
    ("gru", "masked", "a = x[:, t] @ W.T", "a = x[:, -1 - t] @ W.T", "order: the steps of x from the last to the first"),
    ("decoder", "hstack", "logits = a @ W_a.T", "logits = h_tilde @ W_a.T", "factor: h_tilde where a belongs, in the product with W_a"),
    ("decoder", "hstack", "logits = a @ W_a.T", "logits = np.tanh(a @ W_a.T)", "other equations: the logits are W_a a, no tanh of it"),
    ("gated_episode", "masked", "h = g_t * h_new + (1.0 - g_t) * h\n", "h = h_new\n", "missing term: (1 - g) h; the state is the GRU's alone"),
    ("gru_cell", "split", "return h, (x", "return h + 1e-7, (x", "dtype")])
def test_the_kind_of_a_wrong_forward(name, file, old, new, kind):
    (one,) = said(name, file, old, new)
    assert one.kind == kind


def test_what_returns_nothing_is_told_what_to_return():
    (one,) = said("gru_cell", "split", "    return dx, dh_prev", "    return dh_prev, dx")
    assert one.text == "gru_cell_backward: returned in another order: the shapes are (3, 5), (3, 2); return dx, dh_prev" and one.kind == "order"
    (one,) = said("gru_cell", "split", "gru_cell_backward(dh, cache, dW, dU, db)", "gru_cell_backward(dh, cache)")
    assert one.hidden == "gru_cell_backward: is called as gru_cell_backward(dh, cache, dW, dU, db), and takes other arguments"
    (one,) = said("gru_cell", "split", "    return dx, dh_prev", "")
    assert one.text == one.hidden == "gru_cell_backward: returned None; return dx, dh_prev" and one.kind == "shape"
    (one,) = said("gru_cell", "split", "    return h, (x, h_prev, W, U, z, r, Uh_h, h_tilde)", "")
    assert one.text == "gru_cell_forward: returned None; return h, cache"


def test_an_exceptions_message_is_not_repeated_of_a_hidden_case():
    (one,) = said("gru_cell", "split", "dx = da @ W", "raise ValueError(str(dh))")
    assert "[" in one.text and one.hidden == "gru_cell_backward: ValueError"


@pytest.mark.parametrize("name, old, new, kind, where", [
    ("cross_entropy", "np.exp(s - s.max(axis=1, keepdims=True))", "np.exp(s)", "not finite", "scores are 1000"),
    ("softmax_episode", "np.exp(masked - masked.max(axis=1, keepdims=True))", "np.exp(masked)", "not finite", "scores are 1000"),
    ("gate_features", "np.sign(c - q), np.sign(c - m)", "np.where(c >= q, 1.0, -1.0).astype(c.dtype), np.sign(c - m)", "kink",
     "c equals q or m: there |x| has the derivative 0"),
])
def test_values_at_which_careless_code_fails(name, old, new, kind, where):
    file = "split" if name == "gate_features" else "vectorised"
    (one,) = said(name, file, old, new)
    assert one.kind == kind and where in one.text and one.hidden == one.text


def test_a_gradient_by_itself_has_a_kind():
    want = np.random.default_rng(0).normal(size=(3, 4, 2))
    n = np.array([4, 2, 3])
    there = (np.arange(4) < n[:, None])[..., None]
    kind = lambda got, want=want, **more: kind_of(got, want, **more).partition(":")[0]
    assert kind(-want) == "sign" and kind(3 * want) == "factor" and kind(0 * want) == "missing term"
    assert kind(want[:, :, 0].T[:3, :3], want[:, :3, 0]) == "transposed"
    assert kind(np.roll(want, 1, axis=1)) == "off by one in time"
    assert kind(want + ~there, want * there, lengths=n) == "padding leaked"
    assert kind(np.broadcast_to(want.mean(axis=0), want.shape)) == "wrong axis"
    assert kind(want * (np.arange(3) == 1)[:, None, None]) == "forgotten accumulation"
    assert kind(want[:, ::-1]) == "order" and kind(want * np.nan) == "not finite"
    assert kind_of(want + 1, want) == ""


def test_dialects_stay_what_they_were():
    assert dialect_of(None) == PAPER == Dialect() and not described(PAPER)
    assert dialect_of("ada") == ADA and dialect_of("bo") == BO
    assert dialect_of(7) == dialect_of("7")
    made = [dialect_of(i) for i in range(60)]
    assert all(d[:3] != PAPER[:3] and d[3:5] != PAPER[3:5] for d in made)
    for values in zip(*made):
        assert len(set(values)) > 1
    assert described(OTHERS[0]) == ["reset: before", "keep: 1-z", "candidate: softsign", "distance: square", "likeness: tanh"]


@pytest.mark.parametrize("name", PARTS)
def test_no_two_sizes_are_equal(name):
    for seed in range(5):
        sizes = list(PARTS[name].sizes(np.random.default_rng(seed)).values())
        assert len(set(sizes)) == len(sizes)


def test_sizes_are_letters():
    assert shape({"B": 2, "H": 3}, "B,3H,7H+2") == (2, 9, 23) and shape({"K": 4}, "1") == (1,)


def test_definitions_are_the_librarys_in_the_papers_dialect():
    rng = np.random.default_rng(5)
    a = {name: drawn(part, rng) for name, part in PARTS.items()}
    ours = {name: defined(PARTS[name], PAPER, a[name]) for name in PARTS}
    close = lambda x, y: np.testing.assert_allclose(x, y, rtol=1e-10, atol=1e-12)

    e = a["cross_entropy"]
    close(ours["cross_entropy"]["loss"], [loss_numpy.cross_entropy_forward(e["s"], e["target"])[0]])

    cell = a["gru_cell"]
    weights = lambda of: (of["W"], of["U"], of["b"])
    close(ours["gru_cell"]["h"], gru_numpy.gru_cell_forward(cell["x"], cell["h_prev"], weights(cell))[0])

    run = a["gru"]
    for i, n in enumerate(run["n"]):
        h = np.zeros((1, 5))
        for t in range(n):
            h = gru_numpy.gru_cell_forward(run["x"][i:i + 1, t], h, weights(run))[0]
            close(ours["gru"]["h"][i, t], h[0])
        assert not ours["gru"]["h"][i, n:].any()

    f = a["gate_features"]
    m, q = (np.broadcast_to(f[k][:, None], f["c"].shape) for k in ("m", "q"))
    close(ours["gate_features"]["z"], gate_numpy.gate_features(f["c"], m, q, f["W_b"]))

    g = a["gate"]
    close(ours["gate"]["s"], gate_numpy.gate_forward(g["c"], g["m"], g["q"], Gate(
        g["W_b"], g["W_1"], g["b_1"], g["W_2"], g["b_2"][0]))[0])

    for name, of in (("softmax_episode", episode_numpy.softmax_episode_forward),
                     ("gated_episode", lambda c, s: episode_numpy.gated_episode_forward(gru_numpy, c, s, weights(a[name])))):
        e = a[name]
        s = np.where(np.arange(e["s"].shape[1]) < e["n"][:, None], e["s"], -np.inf)
        close(ours[name]["e"], of(e["c"], s)[0])

    d = a["decoder"]
    state = gru_numpy.gru_cell_forward(np.hstack([d["y_prev"], d["q"]]), d["a_prev"], weights(d))[0]
    close(ours["decoder"]["a"], state)
    close(ours["decoder"]["logits"], answer_numpy.output_forward(state, d["W_a"]))


def test_intermediate_derivatives_are_shown():
    part, source = PARTS["gru_cell"], right("gru_cell")["split"]
    shown = "show = {}\n" + source.replace("da_z = dz", 'show.update(dz=dz, dr=2 * dh, dx=dh, da_h=dh[0])\n    da_z = dz')
    said = dict((name, (verdict, apart)) for name, verdict, apart in check_shown(Local(shown), part, PAPER, np.random.default_rng(2)))
    assert said["dz"][0] in ("exact", "close") and said["dz"][1] < 1e-6
    assert said["dr"][0] == "wrong" and said["dr"][1] > 1e-3
    assert said["da_h"] == ("shape", None)
    shown = "show = {}\n" + right("gru")["masked"].replace("da_z = dh_t", "show.update(dz=dh_t, dno=dh_t)\n        da_z = dh_t")
    assert check_shown(Local(shown), PARTS["gru"], PAPER, np.random.default_rng(2)) == [("dz", "several", None), ("dno", "unknown", None)]


def test_the_derivative_of_an_intermediate_that_occurs_more_than_once_is_not_given():
    part, rng = PARTS["gru"], np.random.default_rng(0)
    arrays = drawn(part, rng)
    douts = {"h": np.ones_like(defined(part, PAPER, arrays)["h"])}
    assert derivative_at(part, PAPER, arrays, douts, "z") is None
    one = PARTS["gru_cell"]
    arrays = drawn(one, rng)
    assert derivative_at(one, PAPER, arrays, {"h": np.ones_like(arrays["h_prev"])}, "z").shape == arrays["h_prev"].shape
