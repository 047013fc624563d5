"""Answer module (section 2.4) for answers of one word: one step of eq. (9) from the last memory.

Sizes: Q questions, H hidden, A classes.
"""

from typing import NamedTuple

import numpy as np

from .data.batch import NONE, UNSEEN
from .errors import UserError

ASKS, MEMORY = False, "passes"         # it needs no q; the kind of memory that it reads
PER_WORD, DECODED = False, False       # one answer a question, one step of eq. (9)
EXAMPLE = ("a",)                       # an answer to a fact of two words, "a b"


class AnswerPlan(NamedTuple):
    """The integers of this module."""

    target: np.ndarray         # (Q,) int32  class; -1: unknown, or not seen in training


def shapes(config, vocabulary):
    return {"answer.W_a": (len(vocabulary.answers), config.hidden)}


def check(config):
    """Raises UserError for settings that do not go with this kind of answer."""
    if config.teacher_forcing == "no":
        raise UserError("--teacher-forcing no: only a decoder is fed with words, and --answer is "
                        f"{config.answer}; leave --teacher-forcing out")


def initial(values, config):
    """Keeps the random start."""


def plan(batch, config):
    return AnswerPlan(known(batch.answer))


def known(answer):
    """Batch.answer with NONE in place of UNSEEN: neither has a class."""
    unseen = answer == UNSEEN
    return np.where(unseen, np.int32(NONE), answer) if unseen.any() else answer


def last_facts(batch):
    """(Q,) int32: the last visible fact of each question, a row of all S F facts."""
    return batch.story_of * np.int32(batch.fact_end.shape[1]) + batch.n_facts - np.int32(1)


def forward(read, q, plan, net, training=False):
    """read (Q, H): the memory -> logits (Q, A), before the softmax of eq. (9); cache."""
    return net.ops.output_forward(read, net.params["answer.W_a"]), read                   # (9)


def backward(dlogits, cache, net, grads):
    """dlogits (Q, A) -> dread (Q, H), None for q.  Adds into grads["answer.W_a"]."""
    W_a, dW_a = net.params["answer.W_a"], grads["answer.W_a"]
    return net.ops.output_backward(dlogits, cache, W_a, dW_a), None


def scores(logits, plan):
    """Output's logits (Q, A) -> (Q, A), a row for each of plan.target."""
    return logits


def predicted(logits, plan, net):
    """-> the likeliest class (Q,)."""
    return net.ops.argmax(logits)


def count_right(rows, target, plan, net):
    """rows (Q, A), target: on the device -> how many answers are right, a number."""
    return net.ops.count_right(rows, target)


def shown(logits, plan, net):
    """-> fields of Output: logits (Q, A), answers (Q,), NumPy arrays."""
    return {"logits": net.ops.to_host(logits), "answers": predicted(logits, plan, net)}


def right(answers, wanted):
    """Which answers (Q,) are right -> bool (Q,).  One not seen in training never is."""
    return answers == wanted


def counted(batch, plan):
    """-> how many answers are scored, and how many of these have a class."""
    return int(np.count_nonzero(batch.answer != NONE)), int(np.count_nonzero(plan.target >= 0))
