"""Answer module (section 2.4), an answer of one word: one step of eq. (9), straight from the last memory.

Sizes: Q questions, H hidden, A classes.
"""

from typing import NamedTuple

import numpy as np

from .data.batch import NONE, UNSEEN

ASKS, MEMORY = False, "passes"             # it needs no q; the kind of memory that it reads


class AnswerPlan(NamedTuple):
    """The integers of this module."""

    target: np.ndarray         # (Q,) int32 class, -1: not known, or one that training never saw


def shapes(config, vocabulary):
    return {"answer.W_a": (len(vocabulary.answers), config.hidden)}


def initial(values, config):
    pass


def plan(batch, config):
    return AnswerPlan(known(batch.answer))


def known(answer):
    """Classes with NONE where an answer has none."""
    unseen = answer == UNSEEN
    return np.where(unseen, np.int32(NONE), answer) if unseen.any() else answer


def last_facts(batch):
    """(Q,): of S F facts, the last visible one of each question."""
    return batch.story_of * np.int32(batch.fact_end.shape[1]) + batch.n_facts - np.int32(1)


def forward(read, q, plan, net, training=False):
    """read (Q, H): the memory -> logits (Q, A), before the softmax of eq. (9); cache."""
    return net.ops.output_forward(read, net.params["answer.W_a"]), read


def backward(dlogits, cache, net, grads):
    """dlogits (Q, A) -> dread (Q, H), None for q.  Adds into grads["answer.W_a"]."""
    return net.ops.output_backward(dlogits, cache, net.params["answer.W_a"], grads["answer.W_a"]), None


def scores(logits, plan):
    """Logits of an Output -> (Q, A), a row for each of plan.target."""
    return logits


def predicted(logits, plan, net):
    """-> the likeliest class (Q,)."""
    return net.ops.argmax(logits)


def shown(logits, plan, net):
    """-> what an Output says: logits (Q, A), answers (Q,), as NumPy arrays."""
    return {"logits": net.ops.to_host(logits), "answers": predicted(logits, plan, net)}


def right(answers, wanted):
    """Which answers (Q,) are right -> bool (Q,).  One that training never saw never is."""
    return answers == wanted


def counted(batch, plan):
    """How many answers are scored, and how many of these have a class."""
    return int(np.count_nonzero(batch.answer != NONE)), int(np.count_nonzero(plan.target >= 0))
