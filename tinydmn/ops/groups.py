"""Arrays that belong together travel together: the parameters of an equation, and the integers
that say what it runs over.  A gradient has the type of what it is the gradient of.

Sizes: I input, H hidden, G gate_hidden, A answers; B sequences, T steps, F states, Q questions.
"""

from functools import cache
from operator import itemgetter
from typing import NamedTuple

import numpy as np


class GRU(NamedTuple):
    """Eqs (1)-(4).  The gates z, r, h~ are stacked, so that one product serves three.

    Of each cell: blocks, how many are stacked; keeps, which of them keeps the old state.
    """

    W: np.ndarray              # (3H, I)
    U: np.ndarray              # (3H, H)
    b: np.ndarray              # (3H,)
    blocks, keeps = 3, 0


class LSTM(NamedTuple):
    """The gates i, f, o, c~ stacked."""

    W: np.ndarray              # (4H, I)
    U: np.ndarray              # (4H, H)
    b: np.ndarray              # (4H,)
    blocks, keeps = 4, 1


class RNN(NamedTuple):
    """h_t = tanh(W x_t + U h_{t-1} + b)."""

    W: np.ndarray              # (H, I)
    U: np.ndarray              # (H, H)
    b: np.ndarray              # (H,)
    blocks, keeps = 1, None


class Gate(NamedTuple):
    """Eqs (5) and (6)."""

    W_b: np.ndarray            # (H, H)
    W_1: np.ndarray            # (G, 7H + 2)  its columns in the order of eq. (5)'s blocks
    b_1: np.ndarray            # (G,)
    W_2: np.ndarray            # (G,)
    b_2: np.ndarray            # ()


class Memory(NamedTuple):
    """What the passes over the facts use: eqs (5) and (6), eq. (7), and m^i = GRU(e^i, m^{i-1})."""

    gate: Gate
    episode: GRU | None        # None where an episode has no parameters: section 4.1
    memory: GRU


class Decoder(NamedTuple):
    """Eqs (9) and (10)."""

    gru: GRU                   # of [y_{t-1}, q]: W (3H, A + H)
    W_a: np.ndarray            # (A, H)


class Sequences(NamedTuple):
    """B sequences of at most T steps, whose inputs are rows of one array."""

    rows: np.ndarray           # (B, T) int32  the row read at each step; padding may hold anything
    n: np.ndarray              # (B,)   int32  steps of each sequence, 0 for an empty one
    at: np.ndarray             # (B, F) int32  the steps whose states are wanted, -1 for none


class Facts(NamedTuple):
    """The visible facts of Q questions, rows of one array of all facts."""

    rows: np.ndarray           # (Q, T) int32  padding holds some other row, never used
    n: np.ndarray              # (Q,)   int32  visible facts of each, end-of-passes included


class Passes(NamedTuple):
    """How to look: a part of the configuration."""

    n: int                     # T_M
    episode: str               # a key of EPISODES
    stop: bool = False         # once every question has chosen end-of-passes, its last row


PAIRS = 20_000                 # of a word and a fact, at most: what compiled word passes hold

CELLS = {"gru": GRU, "lstm": LSTM, "rnn": RNN}             # name of a cell -> its parameters
# name of an episode kind -> its parameters; its operations are NAME_episode_forward and _backward
EPISODES = {
    "softmax": None,
    "gated": GRU,
}


def recurrent_shapes(cell, I, H):
    """-> the group `cell` (GRU, LSTM or RNN) of shapes, for inputs of size I."""
    rows = cell.blocks * H
    return cell((rows, I), (rows, H), (rows,))


def gate_shapes(H, G):
    """-> Gate of shapes."""
    return Gate((H, H), (G, 7 * H + 2), (G,), (G,), ())


def named(prefix, group):
    """A group -> {"prefix.field": value}."""
    return {f"{prefix}.{field}": value for field, value in zip(group._fields, group)}


def take(group, arrays, prefix):
    """{"prefix.field": array, ...} -> the group of these arrays, the arrays themselves."""
    return group._make(_fields_of(group, prefix)(arrays))


@cache
def _fields_of(group, prefix):
    return itemgetter(*(f"{prefix}.{field}" for field in group._fields))
