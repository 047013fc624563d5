"""Whole networks on arrays that can do nothing by themselves, as those of a GPU: what touches floats is an operation, or a view.

The toy back end's operations take its arrays' numbers out, call the reference, and wrap what comes back.
"""

from types import SimpleNamespace

import numpy as np
import pytest

from tinydmn import ops
from tinydmn.config import Config
from tinydmn.data.batch import make_batch
from tinydmn.data.vocabulary import Vocabulary
from tinydmn.errors import UserError
from tinydmn.losses import loss_of_output
from tinydmn.model import DMN
from tinydmn.training import loop

from ..stories import TAGS, pieces_of, stories_for

REFERENCE = ops.load("numpy")
ON_HOST = ("to_host", "number", "argmax", "stopped_at", "n_pieces")        # these give host arrays, or none


class Device:
    """An array whose numbers only operations see: it knows its shape and makes views, nothing else."""

    __array_ufunc__ = None                                 # NumPy's functions and operators refuse it
    __slots__ = ("numbers",)

    def __init__(self, numbers):
        self.numbers = numbers

    shape, dtype, size, ndim = (property(lambda self, name=name: getattr(self.numbers, name)) for name in ("shape", "dtype", "size", "ndim"))

    def __len__(self):
        return len(self.numbers)

    def __array__(self, *_, **__):
        raise TypeError("a device array was read on the host")

    def __iter__(self):
        raise TypeError("a device array was read on the host")

    def reshape(self, *shape):
        return Device(view_of(self.numbers, self.numbers.reshape(*shape)))

    def __getitem__(self, where):
        assert all(isinstance(i, (int, slice)) for i in (where if isinstance(where, tuple) else (where,))), "only slices are views"
        return Device(self.numbers[where])

    def __setitem__(self, where, values):
        assert where == slice(None) and isinstance(values, np.ndarray), "an array of the host is copied as a whole"
        self.numbers[:] = values


def view_of(a, b):
    assert b.size == 0 or np.shares_memory(a, b), "this reshape copies"
    return b


def nest(function, x):
    """function of every leaf of a nest of tuples and lists; named tuples stay what they are."""
    if isinstance(x, (tuple, list)):
        parts = [nest(function, part) for part in x]
        return type(x)(*parts) if hasattr(x, "_fields") else type(x)(parts)
    return function(x)


bare = lambda x: nest(lambda leaf: leaf.numbers if isinstance(leaf, Device) else leaf, x)
NUMBERS = ("cross_entropy_forward", "count_right", "l2_forward", "clip_by_global_norm")    # these give numbers, that lie on the device too


def wrapped(x, numbers):
    kinds = (np.ndarray, float, int) if numbers else np.ndarray
    return nest(lambda leaf: Device(leaf) if isinstance(leaf, kinds) else leaf, x)


def on_device(name):
    reference = getattr(REFERENCE, name)

    def operation(*args):
        hosts = []
        nest(lambda leaf: hosts.append(leaf) if isinstance(leaf, np.ndarray) else None, args)
        assert not hosts or name == "to_device", f"{name} was given arrays on the host: {hosts}"
        found = reference(*bare(args))
        return found if name in ON_HOST else wrapped(found, name in NUMBERS or name == "add" and not isinstance(found, np.ndarray))
    return operation


def device_ops(**own):
    """The toy back end: every operation its own, but those that are given."""
    return ops.load("numpy", overlay=SimpleNamespace(**{name: on_device(name) for name in ops.functions("numpy")} | own))


CASES = {"softmax": {}, "gated": {"episode": "gated"}, "stop": {"stop": "yes", "passes": 4}, "no passes": {"passes": 0}, "bidirectional": {"bidirectional": "yes"},
         "lstm": {"cell": "lstm"}, "rnn": {"cell": "rnn"}, "sequence": {"answer": "sequence"}, "sequence without teacher": {"answer": "sequence", "teacher_forcing": "no"},
         "sequence to sequence": {"answer": "sequence", "passes": 0}, "tags": TAGS | {"passes": 2}, "tags without passes": TAGS | {"passes": 0},
         "dropout and l2": {"dropout": 0.3, "l2": 0.1}}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("more_words", (0, 300))           # a batch over all of L, and one over its own words
def test_a_network_on_a_device_is_the_network(case, more_words):
    config = Config(**{"hidden": 4, "embedding": 3, "gate_hidden": 3, "passes": 2} | CASES[case])
    rng = np.random.default_rng(0)
    stories = stories_for(rng, 20, config)
    vocabulary = Vocabulary.build(stories, config.answer, features=config.answer == "tags", more_words=[f"z{i}" for i in range(more_words)])
    batch = make_batch(stories, vocabulary, config.facts, config.answer)
    assert len(pieces_of(batch)) > 1
    host, device = (DMN(config, vocabulary, backend, 1, "float64") for backend in ("numpy", device_ops()))
    assert isinstance(device.theta, Device) and all(isinstance(a, Device) for a in device.params.values())
    (J, losses, dtheta), (J_device, losses_device, dtheta_device) = (model.gradient(batch, rng=np.random.default_rng(2)) for model in (host, device))
    assert J == J_device and losses == losses_device
    np.testing.assert_array_equal(dtheta_device.numbers, dtheta)
    out, out_device = host.forward(batch), device.forward(batch)
    for name, a in vars(out).items():
        assert isinstance(getattr(out_device, name), np.ndarray)
        np.testing.assert_array_equal(getattr(out_device, name), a, err_msg=name)
    assert loss_of_output(out_device, batch, config, device.ops) == loss_of_output(out, batch, config, host.ops)


def test_a_float_that_is_read_outside_of_an_operation_is_seen():
    """The check checked."""
    a = Device(np.ones(3))
    for read in (lambda: np.exp(a), lambda: a + 1.0, lambda: a * a, lambda: np.asarray(a), lambda: list(a), lambda: float(a), lambda: np.stack([a])):
        with pytest.raises(TypeError):
            read()
    with pytest.raises(AssertionError):
        a[np.array([0, 1])]
    with pytest.raises(AssertionError):
        device_ops().output_forward(np.ones((2, 3)), Device(np.ones((2, 3))))


# ---- training: a device is not waited for


TRAINED = {"hidden": 4, "embedding": 3, "gate_hidden": 3, "passes": 2, "batch": 3, "epochs": 2, "gate_epochs": 0, "dropout": 0.2, "l2": 0.01}


def to_train(backend, **more):
    config = Config(**TRAINED | more)
    stories = stories_for(np.random.default_rng(0), 10, config)
    vocabulary = Vocabulary.build(stories, config.answer, features=config.answer == "tags")
    return DMN(config, vocabulary, backend, 1, "float64"), make_batch(stories, vocabulary, config.facts, config.answer)


def logging(log):
    """The toy back end, that notes in `log` when it takes a step, and when a number or an array of it is read."""
    def noted(name):
        operation = on_device(name)
        return lambda *args: (log.append(name), operation(*args))[1]
    return device_ops(**{name: noted(name) for name in ("number", "to_host", "argmax", "adam")})


@pytest.mark.parametrize("more", ({}, {"answer": "sequence"}, TAGS, {"passes": 0}), ids=("word", "sequence", "tags", "no passes"))
def test_the_losses_of_a_device_are_read_when_the_epoch_is_over(more):
    log = []
    (host, batch), (device, _) = to_train("numpy", **more), to_train(logging(log), **more)
    states = [loop.start(model, 2) for model in (host, device)]
    log.clear()
    found = [loop.train_epoch(model, batch, state, 1.0) for model, state in zip((host, device), states)]
    assert found[0] == found[1] and log.count("adam") == 4 == states[1].step
    first, last = log.index("adam"), len(log) - log[::-1].index("adam")
    assert {*log[first:last]} == {"adam"} and log[:first] == ["to_host"] and {*log[last:]} == {"number", "to_host"}
    for a, b in zip((host.theta_on_host, states[0].m, states[0].v), (device.theta_on_host, states[1].m, states[1].v)):
        np.testing.assert_array_equal(a, b)


def test_where_each_step_is_shown_it_is_read_at_once():
    log, seen = [], []
    model, batch = to_train(logging(log))
    state = loop.start(model, 2)
    log.clear()
    total, J = loop.train_epoch(model, batch, state, 1.0, lambda losses, J: (log.append("shown"), seen.append((losses, J))))
    assert [name for name in log if name in ("adam", "shown")] == ["adam", "shown"] * 4
    assert all("number" in log[i:j] for i, j in zip([0, *(k for k, name in enumerate(log) if name == "shown")], [k for k, name in enumerate(log) if name == "adam"]))
    host, _ = to_train("numpy")
    assert (total, J) == loop.train_epoch(host, batch, loop.start(host, 2), 1.0)
    assert J == sum(J * losses.n_questions for losses, J in seen) and total.n_questions == sum(losses.n_questions for losses, _ in seen)


@pytest.mark.parametrize("name", ("memory.U", "input.b"))
@pytest.mark.parametrize("on_step", (None, lambda losses, J: None), ids=("late", "at once"))
def test_what_is_not_finite_on_a_device_is_named_as_on_the_host(name, on_step):
    """After two steps a NaN appears in a parameter; the epoch goes on, and then says where it was first."""
    said = []

    def adam(theta, dtheta, moments, step, rate):
        REFERENCE.adam(*bare((theta, dtheta, moments)), step, rate)
        if step == 2:
            at = sum(a.size for a in list(model.params.values())[:[*model.params].index(name)])
            bare(theta)[at] = np.nan
    for backend in (ops.load("numpy", overlay=SimpleNamespace(adam=adam)), device_ops(adam=adam)):
        model, batch = to_train(backend)
        state = loop.start(model, 2)
        with np.errstate(all="ignore"), pytest.raises(UserError, match=f"^epoch 1: {name} is not finite; training stopped") as error:
            loop.train_epoch(model, batch, state, 1.0, on_step)
        said.append((str(error.value), state.step, model.theta_on_host.tobytes(), state.m.any(), state.rng.bit_generator.state))
    assert said[0] == said[1] and said[0][1] == 2
