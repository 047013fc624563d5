"""The parameters of a network: one flat dict, name -> array.  Their gradients have the same keys and shapes."""

from math import prod

import numpy as np

from .parts import parts_of


def shapes(config, vocabulary):
    """name -> shape, part by part."""
    return {name: shape for part in parts_of(config) for name, shape in part.shapes(config, vocabulary).items()}


def initial(config, vocabulary, rng):
    """Initial values, float64.  Matrices, the word vectors among them: normal with variance 1 / columns;
    biases 0; then each part's own changes.

    config.recurrent "orthogonal": each gate's U is orthogonal (Saxe et al. 2014), so that a state
    keeps all its directions until one of them is of use.
    """
    values = {}
    for name, shape in shapes(config, vocabulary).items():
        if name.endswith((".b", ".b_1", ".b_2")):
            values[name] = np.zeros(shape)
        else:
            values[name] = rng.normal(size=shape) / np.sqrt(shape[-1])
        if name.endswith(".U") and config.recurrent == "orthogonal":
            blocks = values[name].reshape(-1, config.hidden, config.hidden)
            values[name] = np.concatenate([_orthogonal(U) for U in blocks])
    for part in parts_of(config):
        part.initial(values, config)
    return values


def _orthogonal(a):
    """A square matrix of normal numbers -> an orthogonal one, any as likely as any other.

    Mezzadri 2007: R's diagonal must be positive.
    """
    Q, R = np.linalg.qr(a)
    return Q * np.sign(np.diag(R))


class Parameters(dict):
    """name -> view of a part of theta.  Assigning copies the numbers into the view; names and shapes are
    those of the network.
    """

    def __setitem__(self, name, value):
        if name not in self:
            raise KeyError(f"no parameter {name!r}; this network has {', '.join(self)}")
        if np.shape(value) != self[name].shape:
            raise ValueError(f"{name} has shape {self[name].shape}; an array of shape {np.shape(value)} was given")
        self[name][...] = value

    def update(self, *others, **more):
        for name, value in dict(*others, **more).items():
            self[name] = value

    def __ior__(self, other):
        self.update(other)
        return self

    def _refuse(self, *_, **__):
        raise TypeError("a network keeps its parameters: assign to one of them, or make a network of another Config")
    __delitem__ = pop = popitem = clear = setdefault = _refuse

    def __reduce__(self):                                  # copied or pickled alone: a plain dict
        return dict, (dict(self),)


def flat(values):
    """A dict of arrays -> one contiguous vector of all their numbers."""
    return np.concatenate([np.ravel(v) for v in values.values()])


def views(theta, shapes):
    """theta (P,) -> name -> view of its part, in the order of `shapes`."""
    out, start = {}, 0
    for name, shape in shapes.items():
        size = prod(shape)
        out[name] = theta[start:start + size].reshape(shape)
        start += size
    return out
