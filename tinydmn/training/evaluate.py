"""How good a model is on stories it was not trained on."""

from dataclasses import dataclass, replace

import numpy as np

from ..data.batch import take_stories
from ..model import loss_forward
from ..ops.episode_numpy import softmax


@dataclass(frozen=True)
class Score:
    """Means over the questions of a set; shares from 0 to 1."""

    answer_accuracy: float
    gate_accuracy: float       # of the supervised passes; NaN where no supporting facts are known
    loss: float                # E_gates + E_answers
    n_questions: int


def evaluate(model, batch, stories_at_once=64, thetas=None):
    """batch: all stories of a set as one Batch -> Score.  thetas: weights of several epochs (State.kept); the answer is the mean of theirs."""
    total = None
    for part, out in outputs(model, batch, stories_at_once, thetas):
        losses, _ = loss_forward(out, part, model.config, model.ops)
        total = losses if total is None else total + losses
    return score(total)


def outputs(model, batch, stories_at_once=64, thetas=None):
    """Part by part: a Batch of some stories, in their order, and the Output for it (of several weights: together)."""
    for start in range(0, len(batch.n_tokens), stories_at_once):
        part, _ = take_stories(batch, np.arange(start, min(start + stories_at_once, len(batch.n_tokens))))
        if len(part.answer):
            yield part, model.forward(part) if thetas is None or len(thetas) == 1 else together(model, part, thetas)


def together(model, batch, thetas):
    """An ensemble: the mean of what several weights of one network say -> Output of the last, with logits the log of the mean probabilities.

    Raises ValueError for answers that are sequences: each network would go on from another word.
    """
    if model.config.answer == "sequence":
        raise ValueError("an ensemble answers with one word or with tags, not with a sequence")
    own, p = model.theta.copy(), 0
    for theta in thetas:
        model.theta[...] = theta
        out = model.forward(batch)
        p = p + softmax(out.logits.astype(np.float64)) / len(thetas)
    model.theta[...] = own
    return replace(out, logits=np.log(p).astype(out.logits.dtype), answers=np.where(out.answers < 0, -1, p.argmax(axis=-1)))


def score(losses):
    """Losses (sums) -> Score (means)."""
    return Score(losses.answers_right / losses.n_questions, losses.gates_right / losses.n_gates if losses.n_gates else float("nan"),
                 (losses.gates + losses.answers) / losses.n_questions, losses.n_questions)


def interval(share, n, z=1.96):
    """95 % interval of a share measured on n questions (Wilson 1927): lower, upper."""
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z * np.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return max(0.0, min(share, middle - half)), min(1.0, max(share, middle + half))     # rounding must not leave the share outside
