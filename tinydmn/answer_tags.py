"""Answer module (section 2.4) for tags: eq. (9) from the last memory of each word.

Sizes: Q sentences, F facts (words) of one at most, T tags of one at most, N words in all, A tags.
"""

from typing import NamedTuple

import numpy as np

from . import answer_word as word
from .answer_word import backward, count_right, forward, initial, known, shapes
from .data.batch import NONE
from .errors import UserError

__all__ = ["ASKS", "MEMORY", "PER_WORD", "DECODED", "EXAMPLE", "check", "shapes", "initial",
           "plan", "forward", "backward", "last_facts", "scores", "predicted", "count_right",
           "shown", "right", "counted"]

ASKS, MEMORY = False, "words"
PER_WORD, DECODED = True, False        # an answer to every word
EXAMPLE = ("x", "y")


class AnswerPlan(NamedTuple):
    """The integers of this module."""

    target: np.ndarray         # (N,) int32  class of each word; -1: unknown or not seen in training
    of: np.ndarray             # (N,) int    the sentence of each word
    at: np.ndarray             # (N,) int    its position there
    shape: tuple               # (Q, F)


def check(config):
    """Raises UserError for settings that do not go with this kind of answer."""
    if (config.episode, config.facts) != ("gated", "words"):
        raise UserError("--answer tags needs --episode gated and --facts words: "
                        "the memory of a word is the state h_t of eq. 7 at that word")
    word.check(config)
    if config.stop == "yes":
        raise UserError("--stop yes: a tagged word has no end-of-passes to choose; "
                        "leave --stop out")


def plan(batch, config):
    """-> AnswerPlan.  Where no tag is known, Batch.answer may be narrower than the sentences."""
    of, at = _words(batch)
    Q, T = batch.answer.shape
    answer = np.full((Q, max(T, batch.fact_end.shape[1])), NONE, np.int32)
    answer[:, :T] = known(batch.answer)
    return AnswerPlan(answer[of, at], of, at, batch.fact_end.shape)


def _words(batch):
    """of (N,), at (N,): the sentence and the position of each word."""
    n = batch.n_facts
    of = np.repeat(np.arange(len(n)), n)
    return of, np.arange(len(of)) - np.repeat(np.cumsum(n) - n, n)


def last_facts(batch):
    """(N,) int32: each word's own fact, a row of all Q F facts."""
    of, at = _words(batch)
    return (batch.story_of[of] * batch.fact_end.shape[1] + at).astype(np.int32)


def scores(logits, plan):
    """Output's logits (Q, F, A) -> (N, A), a row for each of plan.target."""
    return logits[plan.of, plan.at]


def predicted(logits, plan, net):
    """logits (N, A) -> the likeliest tags (Q, F), -1 on padding."""
    answers = np.full(plan.shape, -1)
    answers[plan.of, plan.at] = net.ops.argmax(logits)
    return answers


def shown(logits, plan, net):
    """-> fields of Output: logits (Q, F, A), answers (Q, F), NumPy arrays."""
    by_word = net.ops.to_host(logits)
    out = np.zeros((*plan.shape, by_word.shape[1]), by_word.dtype)
    out[plan.of, plan.at] = by_word
    return {"logits": out, "answers": predicted(logits, plan, net)}


def right(answers, wanted):
    """Which tags (Q, F) are right -> bool (Q, T), False on padding."""
    return (answers[:, :wanted.shape[1]] == wanted) & (wanted != NONE)


def counted(batch, plan):
    """-> how many tags are scored, and how many of these have a class."""
    return int(np.count_nonzero(batch.answer != NONE)), int(np.count_nonzero(plan.target >= 0))
