"""What the network returns for a batch, and the sums of its losses."""

from dataclasses import astuple, dataclass

import numpy as np


@dataclass(frozen=True)
class Output:
    """NumPy arrays; Q questions, A classes, T = F + 1 positions (the visible facts, end-of-passes).
    On padded positions, and in passes that a question did not make, scores are -inf and gates 0;
    the memory after such a pass is the one before it.

    Answers that are a sequence or tags: logits (Q, steps, A), answers (Q, steps), -1 after the end.
    With tags every word has gates and memories of its own: gates (passes, N, F), memories
    (passes + 1, N, H), for all N words, sentence by sentence; there are no scores.
    """

    logits: np.ndarray         # (Q, A)              before the softmax of eq. (9)
    answers: np.ndarray        # (Q,)                the likeliest class
    gate_scores: np.ndarray    # (passes, Q, T)      before the σ of eq. (6); the last visible
                               #                     position, n_facts[q], is end-of-passes
    gates: np.ndarray          # (passes, Q, T)      after σ or softmax
    memories: np.ndarray       # (passes + 1, Q, H)  m^0 .. m^passes
    answered_from: np.ndarray  # (Q,)                the i of the m^i that the answer was read from
    passes_made: np.ndarray    # (Q,)                all, or fewer where a question stopped early


@dataclass(frozen=True)
class Losses:
    """Cross-entropies summed over a batch (in nats), and counts."""

    answers: float
    gates: float
    answers_right: int
    gates_right: int
    n_questions: int           # answers that are scored: one a question, or one a tagged word
    n_known: int               # of these, answers with a class; the others are wrong, without loss
    n_gates: int               # supervised passes that were made, over all questions

    @property
    def mean(self):
        """E_gates per question + E_answers per answer that has a class."""
        return self.gates / self.n_questions + self.answers / max(1, self.n_known)

    def __add__(self, other):
        return Losses(*(a + b for a, b in zip(astuple(self), astuple(other))))
