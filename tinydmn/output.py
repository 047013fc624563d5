"""What the network gives for one batch, and the sums of its losses."""

from dataclasses import astuple, dataclass

import numpy as np


@dataclass(frozen=True)
class Output:
    """NumPy arrays; Q questions, A classes, T = F + 1 positions (the visible facts, end-of-passes).
    On positions that a question does not have, and in passes that it did not make, scores are -inf
    and gates 0; the memory after such a pass is the one before it.

    Answers that are a sequence or tags: logits (Q, steps, A), answers (Q, steps), -1 behind the end.
    With tags every word has gates and memories of its own: gates (passes, N, F), memories
    (passes + 1, N, H), N = all words, one sentence after another; no scores.
    """

    logits: np.ndarray         # (Q, A)           before the softmax of eq. (9)
    answers: np.ndarray        # (Q,)             the likeliest class
    gate_scores: np.ndarray    # (passes, Q, T)   before the σ of eq. (6); position n_facts[q] is end-of-passes
    gates: np.ndarray          # (passes, Q, T)   after σ or softmax
    memories: np.ndarray       # (passes + 1, Q, H)
    answered_from: np.ndarray  # (Q,)             the memory that the answer was read from: `passes`, or earlier where it stopped
    passes_made: np.ndarray    # (Q,)             all of them, or fewer where a question stopped by itself


@dataclass(frozen=True)
class Losses:
    """Sums over a batch, and how many of its answers and gates were right."""

    answers: float
    gates: float
    answers_right: int
    gates_right: int
    n_questions: int           # answers that are scored: one a question, or one a word where answers are tags
    n_known: int               # of these, answers that have a class: the others are wrong, and have no loss
    n_gates: int               # passes that are supervised and were made, over all questions

    @property
    def mean(self):
        """E_gates a question + E_answers an answer that has a class."""
        return self.gates / self.n_questions + self.answers / max(1, self.n_known)

    def __add__(self, other):
        return Losses(*(a + b for a, b in zip(astuple(self), astuple(other))))
