"""How good a model is on stories it was not trained on."""

from dataclasses import dataclass

import numpy as np

from ..data.batch import take_stories
from ..model import loss_forward


@dataclass(frozen=True)
class Score:
    """Means over the questions of a set; shares from 0 to 1."""

    answer_accuracy: float
    gate_accuracy: float       # of the supervised passes; NaN where no supporting facts are known
    loss: float                # E_gates + E_answers
    n_questions: int


def evaluate(model, batch, stories_at_once=64):
    """batch: all stories of a set as one Batch -> Score."""
    total = None
    for start in range(0, len(batch.n_tokens), stories_at_once):
        part, _ = take_stories(batch, np.arange(start, min(start + stories_at_once, len(batch.n_tokens))))
        if len(part.answer):
            losses, _ = loss_forward(model.forward(part), part, model.config, model.ops)
            total = losses if total is None else total + losses
    return score(total)


def score(losses):
    """Losses (sums) -> Score (means)."""
    return Score(losses.answers_right / losses.n_questions, losses.gates_right / losses.n_gates if losses.n_gates else float("nan"),
                 (losses.gates + losses.answers) / losses.n_questions, losses.n_questions)


def interval(share, n, z=1.96):
    """95 % interval of a share measured on n questions (Wilson 1927): lower, upper."""
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z * np.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return max(0.0, min(share, middle - half)), min(1.0, max(share, middle + half))     # rounding must not leave the share outside
