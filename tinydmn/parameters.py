"""The parameters of a network: one flat dict, name -> array.  Gradients have the same keys, shapes.

Size: P numbers in all parameters together.
"""

from copy import copy
from math import prod

import numpy as np

from .ops import Operations, load
from .parts import parts_of


def shapes(config, vocabulary):
    """name -> shape, part by part."""
    return {name: shape for part in parts_of(config)
            for name, shape in part.shapes(config, vocabulary).items()}


def initial(config, vocabulary, rng):
    """Initial values, name -> float64 array.  Matrices, word vectors included: normal with variance
    1 / columns; biases: 0; then each part's own adjustments.  rng: a NumPy Generator.

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
    """A square matrix of normal numbers -> an orthogonal one, uniformly distributed.

    For that R's diagonal must be positive (Mezzadri 2007).
    """
    Q, R = np.linalg.qr(a)
    return Q * np.sign(np.diag(R))


class Parameters(dict):
    """name -> view of theta.  Assigning copies the values into it; names and shapes are fixed.

    Raises KeyError for another name, ValueError for another shape, TypeError for removing one.
    """

    def __setitem__(self, name, value):
        if name not in self:
            raise KeyError(f"no parameter {name!r}; this network has {', '.join(self)}")
        if np.shape(value) != self[name].shape:
            raise ValueError(f"{name} has shape {self[name].shape}; "
                             f"an array of shape {np.shape(value)} was given")
        place = self[name]
        place.reshape(place.size)[:] = np.reshape(value, -1)           # a device has no [...]

    def update(self, *others, **more):
        for name, value in dict(*others, **more).items():
            self[name] = value

    def __ior__(self, other):
        self.update(other)
        return self

    def _refuse(self, *_, **__):
        raise TypeError("a network keeps its parameters: "
                        "assign to one of them, or make a network of another Config")
    __delitem__ = pop = popitem = clear = setdefault = _refuse

    def __reduce__(self):                                  # a copy, or a pickle, is a plain dict
        return dict, (dict(self),)


def flat(values):
    """name -> array -> one contiguous vector (P,) of all their entries."""
    return np.concatenate([np.ravel(v) for v in values.values()])


def views(theta, shapes):
    """theta (P,) -> name -> view of its part, laid out in the order of `shapes`."""
    out, start = {}, 0
    for name, shape in shapes.items():
        size = prod(shape)
        out[name] = theta[start:start + size].reshape(shape)
        start += size
    return out


class Weights:
    """What a network holds: one vector theta (P,), and views of it by name.

    A subclass sets config, vocabulary, backend and dtype, then calls _attach.
    """

    def _attach(self, theta):
        """Makes theta (P,) this network's parameters, on its back end's device."""
        loaded = isinstance(self.backend, Operations)
        self.ops = self.backend if loaded else load(self.backend)
        self._shapes = shapes(self.config, self.vocabulary)
        self._theta = self.ops.to_device(theta)
        self._params = Parameters(views(self._theta, self._shapes))

    def __getstate__(self):                                # a copy makes its own views of theta
        return {k: v for k, v in vars(self).items() if k not in ("ops", "_params", "_shapes")}

    def __setstate__(self, state):
        vars(self).update(state)
        self._attach(self._theta)

    @property
    def params(self):
        """name -> array: the parameters.  Assigning copies."""
        return self._params

    @params.setter
    def params(self, values):                              # `params |= more` ends here too
        if values.keys() != self._params.keys():
            raise ValueError(f"the parameters of this network are {', '.join(self._params)}; "
                             "give these, or assign to one of them")
        self._params.update(values)

    @property
    def theta(self):
        """(P,): all parameters as one vector, in the order of params.  Assigning copies."""
        return self._theta

    @theta.setter
    def theta(self, values):
        if np.shape(values) != self._theta.shape:
            raise ValueError(f"theta has shape {self._theta.shape}; "
                             f"an array of shape {np.shape(values)} was given")
        self._theta[:] = values                            # a device has no [...]

    @property
    def theta_on_host(self):
        """theta as a NumPy array: theta itself, or a copy of what lies on a device."""
        return self.ops.to_host(self._theta)

    def with_weights(self, theta):
        """This network with other parameters: theta (P,), contiguous, of its dtype; not copied.

        Raises ValueError for another array.
        """
        fits = (isinstance(theta, np.ndarray) and theta.flags.c_contiguous
                and (theta.shape, theta.dtype) == (self._theta.shape, self.dtype))
        if not fits:
            raise ValueError(f"the weights of this network are a contiguous {self.dtype} array "
                             f"of shape {self._theta.shape}; give one")
        other = copy(self)
        other._attach(theta)
        return other

    def decayed(self):
        """(P,): 1 for the parameters that L2 decays, those of matrices; 0 for biases, vectors."""
        blocks = [np.full(v.size, v.ndim == 2, self.dtype) for v in self.params.values()]
        return np.concatenate(blocks)
