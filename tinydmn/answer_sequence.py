"""Answer module (section 2.4) for answers of several words: a decoder, eqs (9) and (10).

Sizes: Q questions, T steps of the longest correct answer, H hidden, A answer words, <eos> first.
"""

from typing import NamedTuple

import numpy as np

from .answer_word import last_facts
from .data.batch import NONE, UNSEEN
from .data.vocabulary import END_OF_ANSWER
from .errors import UserError
from .ops.groups import GRU, Decoder, named, recurrent_shapes, take

__all__ = ["ASKS", "MEMORY", "PER_WORD", "DECODED", "EXAMPLE", "check", "shapes", "initial",
           "plan", "forward", "backward", "last_facts", "scores", "predicted", "count_right",
           "shown", "right", "counted"]

ASKS, MEMORY = True, "passes"
PER_WORD, DECODED = False, True        # an answer is several steps, each fed by the last
EXAMPLE = ("a", "b")


class AnswerPlan(NamedTuple):
    """The integers of this module."""

    target: np.ndarray         # (Q T,) int32  the words of each answer, then <eos>, then -1; all -1
                               #               where one of its words was not seen in training
    given: np.ndarray          # (Q, T) int32  for teacher forcing: Batch.answer as it is


def shapes(config, vocabulary):
    A = len(vocabulary.answers)
    gru = recurrent_shapes(GRU, A + config.hidden, config.hidden)
    return named("answer", gru) | {"answer.W_a": (A, config.hidden)}


def check(config):
    """Raises UserError for settings that do not go with this kind of answer."""
    if config.ensemble > 1:
        raise UserError("--ensemble: an ensemble answers with one word or with tags, "
                        "and this network decodes a sequence; leave --ensemble out")


def initial(values, config):
    """Keeps the random start."""


def plan(batch, config):
    """-> AnswerPlan.  An answer with a word not seen in training has no class as a whole."""
    unseen = np.any(batch.answer == UNSEEN, axis=1, keepdims=True)
    return AnswerPlan(np.where(unseen, np.int32(NONE), batch.answer).ravel(), batch.answer)


def _weights(arrays):
    return Decoder(take(GRU, arrays, "answer"), arrays["answer.W_a"])


def forward(read, q, plan, net, training=False):
    """read (Q, H): a_0, q (Q, H) -> logits (Q, steps, A), cache.

    In training there are T steps, teacher-forced where config.teacher_forcing says so; else
    decoding is greedy and ends once all answers have <eos>, after T steps at least and
    max(T, config.longest) at most.
    """
    config, T = net.config, plan.given.shape[1]
    given, most = None, max(T, config.longest)
    if training:
        given, most = plan.given if config.teacher_forcing == "yes" else None, T
    return net.ops.decode_forward(read, q, given, (T, most), _weights(net.params))


def backward(dlogits, cache, net, grads):
    """dlogits (Q, T, A) -> dread (Q, H), dq (Q, H).  Adds into grads["answer.*"]."""
    return net.ops.decode_backward(dlogits, cache, _weights(net.params), _weights(grads))


def scores(logits, plan):
    """Output's logits (Q, steps, A) -> (Q T, A), a row for each of plan.target."""
    return logits[:, :plan.given.shape[1]].reshape(-1, logits.shape[2])


def predicted(logits, plan, net):
    """-> decoded words (Q, steps), -1 after the first <eos> and after config.longest steps."""
    return until_end(net.ops.argmax(logits), net.config.longest)


def until_end(words, longest=np.inf):
    """words (Q, steps) -> the same with -1 after the first <eos> and after `longest` steps."""
    ended = np.cumsum(words == END_OF_ANSWER, axis=1) - (words == END_OF_ANSWER)
    return np.where((ended > 0) | (np.arange(words.shape[1]) >= longest), -1, words)


def count_right(rows, target, plan, net):
    """rows (Q T, A), target: on the device -> how many answers are right as a whole, a number."""
    given = plan.given
    if (too_long := np.count_nonzero(given >= 0, axis=1) > net.config.longest).any():
        target = np.where(too_long[:, None], np.int32(NONE), plan.target.reshape(given.shape))
        target = net.ops.to_device(target.ravel())         # one that is cut off never is right
    return net.ops.count_right(rows, target, max(1, given.shape[1]))


def shown(logits, plan, net):
    """-> fields of Output: logits (Q, steps, A), answers (Q, steps), NumPy arrays."""
    return {"logits": net.ops.to_host(logits), "answers": predicted(logits, plan, net)}


def right(answers, wanted):
    """Which answers (Q, steps) are right as a whole, <eos> included -> bool (Q,)."""
    return (answers[:, :wanted.shape[1]] == wanted).all(axis=1)


def counted(batch, plan):
    """-> how many answers are scored, and how many of these have a class; one a question."""
    has_class = np.any(plan.target.reshape(batch.answer.shape) >= 0, axis=1)
    return int(np.any(batch.answer != NONE, axis=1).sum()), int(has_class.sum())
