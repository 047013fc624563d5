"""Whole networks on arrays that can do nothing by themselves, as those of a GPU: what touches floats is an operation, or a view.

The toy back end's operations take its arrays' numbers out, call the reference, and wrap what comes back.
"""

import numpy as np
import pytest

from tinydmn import ops
from tinydmn.config import Config
from tinydmn.data.batch import make_batch
from tinydmn.data.vocabulary import Vocabulary
from tinydmn.losses import loss_of_output
from tinydmn.model import DMN

from ..stories import TAGS, pieces_of, stories_for

REFERENCE = ops.load("numpy")
ON_HOST = ("to_host", "argmax", "stopped_at", "n_pieces")  # these give host arrays, or none


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
wrapped = lambda x: nest(lambda leaf: Device(leaf) if isinstance(leaf, (np.ndarray, np.floating)) and np.ndim(leaf) >= 0 and isinstance(leaf, np.ndarray) else leaf, x)


def on_device(name):
    reference = getattr(REFERENCE, name)

    def operation(*args):
        hosts = []
        nest(lambda leaf: hosts.append(leaf) if isinstance(leaf, np.ndarray) else None, args)
        assert not hosts or name == "to_device", f"{name} was given arrays on the host: {hosts}"
        found = reference(*bare(args))
        return found if name in ON_HOST else wrapped(found)
    return operation


def device_ops():
    """The toy back end: every operation its own."""
    class Names:
        pass
    names = Names()
    for name in ops.functions("numpy"):
        function = on_device(name)
        setattr(names, name, function)
    return ops.load("numpy", overlay=names)


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
