"""The parts of the network (the paper's figure 2), each a file that owns itself.

A part has

    shapes(config, vocabulary) -> {name: shape}            its parameters
    initial(values, config)                                 adjusts their initial values, in place
    plan(batch, config) -> NamedTuple of int32 arrays       all its index work, on the host
    forward(..., plan, net) -> ..., cache
    backward(d..., cache, net, grads) -> d...               adds into grads

and touches floats through net.ops alone.  A memory or an answer module has more: ASKS (does it
need q?), `shown`, and what else the files below have in common.  To add a part, add its file and a
line here.
"""

from functools import cache
from importlib import import_module
from typing import NamedTuple

ANSWERS = {"word": "answer_word", "sequence": "answer_sequence", "tags": "answer_tags"}
MEMORIES = {"passes": "episodic_memory", "words": "word_memories", "none": "no_memory"}


class Net(NamedTuple):
    """What every part is given."""

    params: dict               # name -> array
    config: object             # Config
    ops: object                # Operations


class Plan(NamedTuple):
    """All integers that a network needs for a batch, part by part."""

    input: tuple
    question: tuple | None
    memory: tuple
    answer: tuple


@cache
def _module(name):
    return import_module(f"{__package__}.{name}")


def answer_kind(kind):
    """The answer module for a kind of answer, a key of ANSWERS."""
    return _module(ANSWERS[kind])


def answer_of(config):
    """The answer module of a configuration."""
    return answer_kind(config.answer)


def memory_of(config):
    """The memory module that the answer module reads from; no_memory without passes."""
    return _module(MEMORIES[answer_of(config).MEMORY if config.passes else "none"])


def parts_of(config):
    """All parts of a configuration, in the order of its parameters."""
    first = map(_module, ("word_vectors", "input_module", "question_module"))
    return [*first, memory_of(config), answer_of(config)]


def make_plan(batch, config):
    """Batch -> Plan.  Raises ValueError for a batch that a part cannot use."""
    _, *parts = parts_of(config)
    return Plan(*(part.plan(batch, config) for part in parts))
