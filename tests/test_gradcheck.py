"""The checker checked: it passes what is right and fails what is wrong, says where and by which factor, and which files it ran."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from tinydmn import DMN, Config, Vocabulary, make_batch, ops
from tinydmn.cli import gradcheck as command, main
from tinydmn.gradcheck import (STEP, OnHost, assert_grad, blocks, check_model, compared, explained, factor_between, numerical_entries, numerical_grad, recording,
                               relative_error)
from tinydmn.ops.gate_numpy import BLOCKS
from tinydmn.parameters import views

from .stories import random_batch, random_stories

seeds = st.integers(0, 2**32 - 1)


@given(n=st.integers(1, 6), seed=seeds)
def test_a_cubic_is_differentiated_and_restored(n, seed):
    a = np.random.default_rng(seed).normal(size=(n, 2))
    before = a.copy()
    slopes = numerical_grad(lambda: np.sum(a**3), a)
    np.testing.assert_allclose(slopes, 3 * before**2, rtol=1e-6, atol=1e-8)
    np.testing.assert_array_equal(a, before)
    np.testing.assert_array_equal(numerical_entries(lambda: np.sum(a**3), a, [(0, 1)]), slopes[0, 1:])


def test_differences_are_central_and_of_the_step():
    a, seen = np.array([2.0, 5.0]), []
    numerical_grad(lambda: seen.append(a.copy()) or 0.0, a)
    np.testing.assert_array_equal(seen, [[2 + STEP, 5], [2 - STEP, 5], [2, 5 + STEP], [2, 5 - STEP]])
    np.testing.assert_allclose(numerical_entries(lambda: a[0]**3, a, [(0,)], h=0.5), [3 * 4 + 0.25])       # its error is of h²
    b = np.array(3.0)                                      # a number alone, as gate.b_2
    np.testing.assert_allclose(numerical_grad(lambda: float(b)**2, b), 6.0)


def test_float32_is_refused():
    a = np.ones(2, np.float32)
    with pytest.raises(AssertionError, match="float64"):
        numerical_grad(lambda: a.sum(), a)


def test_a_thousandth_is_seen_and_rounding_is_not():
    a = np.array([1.0, 2.0, 1e-7])
    loss = lambda: np.sum(a**2)
    assert_grad("a", 2 * a, loss, a)
    with pytest.raises(AssertionError, match="gradient of a"):
        assert_grad("a", 2 * a * 1.001, loss, a)
    exact = np.array([1.0, 1e-9])
    assert relative_error(exact, exact * np.array([1.001, 1.0])).max() > 4e-4
    assert relative_error(exact, exact + 1e-11).max() < 1e-7


def test_how_wrong_it_may_be():
    a = np.array([1.0, 0.0])
    loss = lambda: a[0]**2
    assert_grad("a", np.array([2.0 + 1e-6, 1e-9]), loss, a)
    assert_grad("a", np.array([2.01, 0.0]), loss, a, rtol=0.01)
    for wrong, more in (([2.0 + 3e-6, 0.0], {}), ([2.0, 2e-8], {}), ([2.0, 2e-6], {"rtol": 0.1}), ([2.0, np.nan], {"atol": 1.0}), ([np.inf, 0.0], {"atol": 1.0})):
        with pytest.raises(AssertionError, match="gradient of a: 1 of 2 entries wrong"):
            assert_grad("a", np.array(wrong), loss, a, **more)


@pytest.mark.parametrize("exact, what", (
    (2.0, "is float"), (np.float64(2.0), "is float64"), (np.array(2.0), r"is float64 \(\)"), ([2.0, 2.0], "is list"), (None, "is NoneType"),
    (np.full(2, 2.0, np.float32), r"is float32 \(2,\)"), (np.full(2, 2), r"is int64 \(2,\)"), (np.full((1, 2), 2.0), r"is float64 \(1, 2\)"),
    (np.full((2, 2), 2.0), r"is float64 \(2, 2\)"), (np.full(1, 2.0), r"is float64 \(1,\)")))
def test_what_is_no_gradient_of_that_array_is_refused(exact, what):
    """Also where NumPy would stretch it to the right numbers."""
    a = np.ones(2)
    with pytest.raises(AssertionError, match=f"^gradient of a: {what}, and should be float64 \\(2,\\), as a is$"):
        assert_grad("a", exact, lambda: np.sum(a**2), a)


# where it is wrong, and by how much

H, D, G = 2, 3, 4
STACKED = {"z": (0, 2), "r": (2, 4), "h~": (4, 6)}
LSTM = {"i": (0, 2), "f": (2, 4), "o": (4, 6), "c~": (6, 8)}
EDGES = {**{block: (k * H, (k + 1) * H) for k, block in enumerate(BLOCKS[:7])}, BLOCKS[7]: (7 * H, 7 * H + 1), BLOCKS[8]: (7 * H + 1, 7 * H + 2)}
rows = lambda ab: np.s_[ab[0]:ab[1]]
PLACES = [(name, shape, f"rows of {block}", rows(ab)) for name, shape in (("input.W", (3 * H, D)), ("U", (3 * H, H)), ("memory.b", (3 * H,)), ("W", (3 * H, D)))
          for block, ab in STACKED.items()]
PLACES += [("input.U", (4 * H, H), f"rows of {block}", rows(ab)) for block, ab in LSTM.items()]
PLACES += [(name, (G, 7 * H + 2), f"columns of {block}", np.s_[:, ab[0]:ab[1]]) for name in ("gate.W_1", "W_1") for block, ab in EDGES.items()]


def complaint(name, a, wrong):
    """What assert_grad says of `wrong` where the gradient of the loss is a itself."""
    with pytest.raises(AssertionError) as error:
        assert_grad(name, np.asarray(wrong), lambda: 0.5 * np.sum(a**2), a)
    return str(error.value)


@pytest.mark.parametrize("name, shape, block, at", PLACES, ids=lambda x: x if isinstance(x, str) else "")
@pytest.mark.parametrize("factor", (-1.0, 2.0, 0.0, 0.5))
def test_a_wrong_block_is_named_with_its_factor(name, shape, block, at, factor):
    a = np.random.default_rng(0).uniform(1, 2, shape)
    wrong = a.copy()
    wrong[at] *= factor
    said, n = complaint(name, a, wrong), a[at].size
    assert said.startswith(f"gradient of {name}: {block}: {n} of {n} entries wrong, most at [") and said.count(" entries wrong") == 1
    assert said.endswith(f"(the whole is {factor:.4g} times what it should be)")
    place = tuple(int(i) for i in said.split("most at [")[1].split("]")[0].split(","))     # in the whole array, not in the block
    assert np.abs(wrong - a)[place] == np.abs(wrong - a).max()
    assert f"{wrong[place]:.6g}, the difference says {a[place]:.6g}" in said


@pytest.mark.parametrize("name, shape, block, at", PLACES[::3], ids=lambda x: x if isinstance(x, str) else "")
def test_no_factor_where_none_fits(name, shape, block, at):
    a = np.random.default_rng(0).uniform(1, 2, shape)
    one, noise, nan = a.copy(), a.copy(), a.copy()
    index = tuple(i[0] for i in np.nonzero(np.isin(a, a[at])))
    one[index] = -one[index]
    noise[at] += np.random.default_rng(1).uniform(0.1, 0.2, a[at].shape)
    nan[index] = np.nan
    for wrong, n in ((one, 1), (noise, a[at].size), (nan, 1)):
        said = complaint(name, a, wrong)
        assert f": {block}: {n} of {a[at].size} entries wrong" in said
        assert ("times" in said) == (a[at].size == 1 and wrong is not nan)                 # one number has a factor by itself
    assert "nan, the difference says" in complaint(name, a, nan)


def test_each_wrong_block_is_told_and_no_right_one():
    a = np.random.default_rng(0).uniform(1, 2, (3 * H, H))
    wrong = a.copy()
    wrong[:H] *= -1
    wrong[2 * H:] *= 2
    z, h = complaint("episode.U", a, wrong).removeprefix("gradient of episode.U: ").split("; ")
    assert z.startswith("rows of z: 4 of 4") and "-1 times" in z and h.startswith("rows of h~: 4 of 4") and "2 times" in h


@pytest.mark.parametrize("name, shape", (("embedding.L", (6, 2)), ("gate.W_b", (6, 6)), ("W_1", (4, 15)), ("answer.W_a", (3, 2)), ("input.U", (5, 5)), ("U", (6, 3)),
                                         ("memory.end_of_passes", (3,)), ("gate.b_1", (3,)), ("gate.b_2", ()), ("input.b", (7,)), ("input.W", (8, 2))))
def test_what_has_no_blocks_is_one(name, shape):
    assert blocks(name, shape) == [("", np.s_[...])]
    a = np.array(np.random.default_rng(0).uniform(1, 2, shape))
    said = complaint(name, a, -a)
    assert said.startswith(f"gradient of {name}: {a.size} of {a.size} entries wrong, most at [") and said.endswith("(the whole is -1 times what it should be)")


def test_blocks_hold_every_entry_once():
    for name, shape in (("W", (9, 2)), ("U", (9, 3)), ("U", (12, 3)), ("b", (9,)), ("gate.W_1", (2, 23)), ("gate.W_b", (3, 3))):
        count = np.zeros(shape, int)
        for _, at in blocks(name, shape):
            count[at] += 1
        assert (count == 1).all()
    assert [block for block, _ in blocks("W_1", (2, 23))] == ["columns of " + block for block in BLOCKS]


def test_the_factor_between_two_arrays():
    wanted = np.array([1.0, -2.0, 0.0])
    for k in (-1.0, 0.0, 3.0, 1e6, 1.001):
        assert factor_between(k * wanted, wanted) == pytest.approx(k, abs=1e-12)
    assert factor_between(2 * wanted + [1e-4, 0, 0], wanted) == pytest.approx(2, rel=1e-4)
    for got in (2 * wanted + [1e-3, 0, 0], wanted[::-1], [np.nan, -2, 0], [np.inf, -2, 0], wanted + [0, 0, 1]):
        assert factor_between(np.array(got), wanted) is None
    assert factor_between(np.array([3.0, -3.0]), np.array([1.0, -1.0])) == pytest.approx(3)            # whose mean is 0
    assert factor_between(wanted, np.zeros(3)) is None and type(factor_between(wanted, wanted)) is float


def test_it_is_told_in_one_line_and_nothing_where_nothing_is_wrong():
    a = np.ones((3 * H, H))
    assert explained("U", a, a, 1e-6, 1e-8) == "" and "\n" not in explained("U", -a, a, 1e-6, 1e-8)


# relative errors

def test_relative_error_has_a_floor():
    """Entries far below the largest are measured against a thousandth of it, entries of an array of zeros against 1e-5."""
    a, b = np.array([1.0, 1e-6, 0.0]), np.array([1.0, 3e-6, 0.0])
    np.testing.assert_allclose(relative_error(a, b), [0, 2e-6 / 2e-3, 0])
    np.testing.assert_allclose(relative_error(a[:2] * 1e-3, b[:2] * 1e-3), [0, 2e-9 / 1e-5])
    np.testing.assert_allclose(relative_error(np.array([1.0]), np.array([-1.0])), [1.0])
    np.testing.assert_allclose(relative_error(np.array([2.0]), np.array([1.0])), [1 / 3])
    np.testing.assert_array_equal(relative_error(np.zeros(2), np.zeros(2)), 0.0)
    np.testing.assert_allclose(relative_error(np.zeros(2), np.array([1e-6, 0.0])), [0.1, 0.0])
    assert np.isnan(relative_error(np.array([np.nan]), np.array([1.0]))).all()


# whole networks

class Bowl:
    """Stands for a network: J = alpha Σ a² + Σ b³, its gradient of b wrong by `factor`."""

    def __init__(self, factor=1.0):
        self.factor, self.params = factor, {"a": np.linspace(1, 2, 6).reshape(2, 3), "b": np.array([1.0, 2.0])}

    def loss_and_grads(self, batch, alpha):
        a, b = self.params.values()
        assert batch == "batch"
        return alpha * np.sum(a**2) + np.sum(b**3), {"a": 2 * alpha * a, "b": self.factor * 3 * b**2}


def test_every_parameter_is_compared_in_every_entry_or_in_some():
    model = Bowl()
    for name, exact, numerical in compared(model, "batch", None, None):
        np.testing.assert_allclose(exact, {"a": 2 * model.params["a"].ravel(), "b": 3 * model.params["b"]**2}[name])      # alpha = 1
        np.testing.assert_allclose(numerical, exact, rtol=1e-6)
    found = {name: exact for name, exact, _ in compared(model, "batch", 4, np.random.default_rng(0))}
    assert list(found) == ["a", "b"] and len(set(found["a"])) == 4 and set(found["a"]) < set(2 * model.params["a"].ravel()) and len(found["b"]) == 2
    drawn = {tuple(exact) for seed in range(5) for name, exact, _ in compared(model, "batch", 4, np.random.default_rng(seed)) if name == "a"}
    assert len(drawn) > 1


def test_a_network_whose_parameters_lie_elsewhere():
    """On the host they are copies, which each evaluation takes over; differences are its own, or another's, whose J it must have."""
    batch, _, vocabulary = random_batch(np.random.default_rng(0), 3)
    make = lambda: DMN(Config(hidden=2, embedding=2, gate_hidden=2, passes=1), vocabulary, "numpy", dtype="float64")
    model, plain = make(), make()
    elsewhere = OnHost(model)
    elsewhere.theta = elsewhere.theta.copy()
    elsewhere.params = views(elsewhere.theta, {name: a.shape for name, a in model.params.items()})
    wanted = list(compared(plain, batch, 3, np.random.default_rng(1)))
    for (name, *found), (name_plain, *expected) in zip(compared(elsewhere, batch, 3, np.random.default_rng(1)), wanted, strict=True):
        assert name == name_plain and all(map(np.array_equal, found, expected))
    other = make()
    other.params["answer.W_a"] = 1.5 * other.params["answer.W_a"]
    (name, exact, numerical), *others = compared(OnHost(make(), other), batch, 3, np.random.default_rng(1))
    assert name == "J" and exact == numerical == plain.loss_and_grads(batch, alpha=1.0)[0] and [name for name, *_ in others] == [name for name, *_ in wanted]
    (_, exact, numerical), *others = compared(OnHost(make(), Doubled(other)), batch, 3, np.random.default_rng(1))
    assert numerical == pytest.approx(2 * exact) and np.allclose(others[0][2], 2 * wanted[0][2])


@pytest.mark.parametrize("simulated", (True, False))
def test_the_command_on_a_device(simulated, monkeypatch, capsys):
    """With the reference's differences where that is slow, and with its own elsewhere."""
    made = []
    monkeypatch.setattr(command, "DEVICES", ("numpy",))
    monkeypatch.setattr(command, "CASES", {"rnn": {"cell": "rnn", "passes": 0, "dropout": 0.3}})
    monkeypatch.setattr(command.device, "SIMULATED", simulated)
    monkeypatch.setattr(command, "notice", lambda about, text: made.append(text))
    monkeypatch.setattr(command, "OnHost", lambda *both: made.append(both) or OnHost(*both))
    assert main(["gradcheck", "--backend", "numpy", "--json"]) == 0
    (checked,) = json.loads(capsys.readouterr().out)["checked"].values()
    *said, (model, reference) = made
    assert ("J" in checked["numpy"]) == simulated == (reference is not None) == ("the simulator is slow" in "".join(said))
    assert not simulated or (type(reference) is type(model) and reference is not model and reference.config == model.config)


class Doubled:
    """Stands for a network whose J is twice another's."""

    def __init__(self, model):
        self.model = model

    theta = property(None, lambda self, theta: setattr(self.model, "theta", theta))

    def loss_and_grads(self, batch, alpha):
        return 2 * self.model.loss_and_grads(batch, alpha=alpha)[0], None


def test_the_worst_error_of_each_parameter():
    right, wrong = check_model(Bowl(), "batch", None, None), check_model(Bowl(-1.0), "batch", 1, np.random.default_rng(0))
    assert {name: n for name, (_, n) in right.items()} == {"a": 6, "b": 2} and {name: n for name, (_, n) in wrong.items()} == {"a": 1, "b": 1}
    assert all(error < 1e-8 for error, _ in right.values()) and wrong["a"][0] < 1e-8 and wrong["b"][0] == pytest.approx(1.0)


FILES = {"numpy": {f"ops/{name}_numpy.py" for name in ("arrays", "embedding", "gru", "lstm", "gate", "episode", "passes", "answer", "loss", "optimizer")},
         "numba": {f"ops/{name}_numba.py" for name in ("embedding", "lstm", "passes", "loss", "optimizer")}
         | {f"ops/{name}_numpy.py" for name in ("arrays", "answer", "embedding")}}


@pytest.mark.parametrize("backend", ops.BACKENDS)
def test_the_files_whose_functions_ran(backend):
    """Those, and no others: of a network that reads with an LSTM and looks with σ.  What is recorded is what runs."""
    stories = random_stories(np.random.default_rng(0), 3)
    vocabulary = Vocabulary.build(stories, more_words=[f"z{i}" for i in range(300)])       # so many that a batch is asked over its own words
    batch = make_batch(stories, vocabulary)
    model = DMN(Config(hidden=3, embedding=2, gate_hidden=2, passes=2, cell="lstm", episode="gated", l2=0.1, dropout=0.2), vocabulary, backend, dtype="float64")
    wanted = model.loss_and_grads(batch, rng=np.random.default_rng(1))
    model.ops, files = recording(model.ops)
    assert not files and vars(model.ops).keys() == vars(ops.load(backend)).keys()
    J, grads = model.loss_and_grads(batch, rng=np.random.default_rng(1))
    assert files == FILES[backend] and J == wanted[0]
    for name in grads:
        np.testing.assert_array_equal(grads[name], wanted[1][name])


def test_a_derivative_that_is_wrong_in_one_back_end_is_wrong_there(monkeypatch):
    batch, _, vocabulary = random_batch(np.random.default_rng(0), 3)
    worst = {}
    for backend in ops.BACKENDS:
        model = DMN(Config(hidden=3, embedding=2, gate_hidden=2, passes=2), vocabulary, backend, dtype="float64")
        if backend == "numpy":
            right = model.ops.gru_cell_backward
            model.ops = ops.load("numpy", overlay=SimpleNamespace(gru_cell_backward=lambda *a: [-x for x in right(*a)]))
        worst[backend] = max(error for error, _ in check_model(model, batch, 5, np.random.default_rng(0)).values())
    assert worst["numpy"] > 0.1 and worst["numba"] < 1e-5


@given(n=st.integers(1, 4), seed=seeds, factor=st.sampled_from((-1.0, 0.0, 2.0, 1.001)))
@settings(max_examples=10)
def test_whatever_the_size_a_wrong_gradient_is_refused_and_a_right_one_taken(n, seed, factor):
    a = np.random.default_rng(seed).uniform(0.5, 2, (3 * n, n))
    assert_grad("U", 2 * a, lambda: np.sum(a**2), a)
    with pytest.raises(AssertionError):
        assert_grad("U", factor * 2 * a, lambda: np.sum(a**2), a)
