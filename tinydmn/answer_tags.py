"""Answer module (section 2.4), a tag for each word: eq. (9) from the last memory of each word.

Sizes: Q sentences, T words of one at most, N words in all, H hidden, A tags.
"""

from typing import NamedTuple

import numpy as np

from .answer_word import backward, forward, initial, known, shapes
from .data.batch import NONE

__all__ = ["ASKS", "MEMORY", "shapes", "initial", "plan", "forward", "backward", "last_facts",
           "scores", "predicted", "shown", "right", "counted"]

ASKS, MEMORY = False, "words"


class AnswerPlan(NamedTuple):
    """The integers of this module."""

    target: np.ndarray         # (N,) int32 class of each word, -1: not known, or one that training never saw
    of: np.ndarray             # (N,) int: the sentence of each word
    at: np.ndarray             # (N,) int: its position there
    shape: tuple               # (Q, F)


def plan(batch, config):
    """-> AnswerPlan.  Where no tag is known, batch.answer may be narrower than the sentences."""
    of, at = _words(batch)
    Q, T = batch.answer.shape
    answer = np.full((Q, max(T, batch.fact_end.shape[1])), NONE, np.int32)
    answer[:, :T] = known(batch.answer)
    return AnswerPlan(answer[of, at], of, at, batch.fact_end.shape)


def _words(batch):
    """of (N,), at (N,): the sentence and the position of each word."""
    of = np.repeat(np.arange(len(batch.n_facts)), batch.n_facts)
    return of, np.arange(len(of)) - np.repeat(np.cumsum(batch.n_facts) - batch.n_facts, batch.n_facts)


def last_facts(batch):
    """(N,): of Q F facts, each word's own."""
    of, at = _words(batch)
    return (batch.story_of[of] * batch.fact_end.shape[1] + at).astype(np.int32)


def scores(logits, plan):
    """Logits (N, A), or of an Output (Q, F, A) -> (N, A), a row for each of plan.target."""
    return logits if len(logits.shape) == 2 else logits[plan.of, plan.at]


def predicted(logits, plan, net):
    """logits (N, A) -> the likeliest tags (Q, F), -1 behind a sentence."""
    answers = np.full(plan.shape, -1)
    answers[plan.of, plan.at] = net.ops.argmax(logits)
    return answers


def shown(logits, plan, net):
    """-> what an Output says: logits (Q, F, A), answers (Q, F), as NumPy arrays."""
    by_word = net.ops.to_host(logits)
    out = np.zeros((*plan.shape, by_word.shape[1]), by_word.dtype)
    out[plan.of, plan.at] = by_word
    return {"logits": out, "answers": predicted(logits, plan, net)}


def right(answers, wanted):
    """Which tags (Q, F) are right -> bool (Q, T), False behind a sentence."""
    return (answers[:, :wanted.shape[1]] == wanted) & (wanted != NONE)


def counted(batch, plan):
    """How many tags are scored, and how many of these have a class."""
    return int(np.count_nonzero(batch.answer != NONE)), int(np.count_nonzero(plan.target >= 0))
