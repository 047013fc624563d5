"""How good a model is on stories it was not trained on."""

from dataclasses import dataclass, replace

import numpy as np
from scipy.special import log_softmax, logsumexp

from ..data.batch import only_batch, take_stories
from ..losses import loss_of_output
from ..parts import answer_of


@dataclass(frozen=True)
class Score:
    """Means over the questions of a set (of tags: over the words); shares from 0 to 1.

    The score of a question does not depend on the others.
    """

    answer_accuracy: float     # share of right answers; one that training never saw is wrong
    gate_accuracy: float       # share of the supervised passes; NaN without supporting facts
    loss: float                # E_gates a question + E_answers an answer that has a class
    n_questions: int

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval of answer_accuracy: lower, upper."""
        return interval(self.answer_accuracy, self.n_questions)


def evaluate(model, batch, stories_at_once=64, thetas=None):
    """batch: all stories of a set as one Batch -> Score.

    thetas: weights (P,) to use instead of the model's own, of one epoch or of several, a
    checkpoint ensemble (State.kept): then probabilities and gates are the means of theirs.  Raises
    TypeError where `batch` is no Batch, ValueError where none of its questions has an answer.
    """
    total = None
    for part, out in outputs(model, batch, stories_at_once, thetas):
        losses = loss_of_output(out, part, model.config, model.ops)
        total = losses if total is None else total + losses
    return score(total)


def outputs(model, batch, stories_at_once=64, thetas=None):
    """Part by part: a Batch of some stories, in their order, and the Output for it (of several
    weights: their ensemble's)."""
    only_batch(batch)
    for start in range(0, len(batch.n_tokens), stories_at_once):
        end = min(start + stories_at_once, len(batch.n_tokens))
        part, _ = take_stories(batch, np.arange(start, end))
        if len(part.answer):
            yield part, model.forward(part) if thetas is None else together(model, part, thetas)


def together(model, batch, thetas):
    """An ensemble of one network with several weights, thetas (each (P,)) -> Output.

    Probabilities are averaged, those of answers and those of each pass's positions: logits and
    gate_scores are the logs of the means.  Where the gate ends the passes, a mean is over the
    weights that made the pass.  Raises ValueError for no weights at all, and for several where
    answers are sequences, which the members would decode differently.
    """
    if not len(thetas):
        raise ValueError("an ensemble needs the weights of one epoch at least")
    outs = [model.with_weights(theta).forward(batch) for theta in thetas]
    if len(outs) == 1:
        return outs[0]
    if answer_of(model.config).DECODED:
        raise ValueError("an ensemble answers with one word or with tags, not with a sequence")
    dtype = outs[0].logits.dtype
    each = [log_softmax(out.logits.astype(np.float64), axis=-1) for out in outs]
    log_p = logsumexp(each, axis=0) - np.log(len(outs))
    # (members, passes, Q)
    made = np.array([np.arange(len(out.gates))[:, None] < out.passes_made for out in outs])
    gates, scores = np.mean([out.gates for out in outs], axis=0), outs[0].gate_scores
    if scores.size:
        n = np.maximum(1, made.sum(axis=0))[..., None]                     # (passes, Q, 1)
        log_g = []
        for out, m in zip(outs, made[..., None]):
            of = log_softmax(np.where(m, out.gate_scores.astype(np.float64), 0), axis=-1)
            log_g.append(np.where(m, of, -np.inf))
        gates = np.sum([out.gates for out in outs], axis=0) / n
        scores = np.logaddexp.reduce(log_g) - np.log(n)
    answers = np.where(outs[0].answers < 0, -1, log_p.argmax(axis=-1))
    return replace(
        outs[0], logits=log_p.astype(dtype), answers=answers, gates=gates.astype(dtype),
        gate_scores=scores.astype(dtype),
        memories=np.mean([out.memories for out in outs], axis=0).astype(dtype),
        passes_made=np.max([out.passes_made for out in outs], axis=0),
        answered_from=np.max([out.answered_from for out in outs], axis=0))


def score(losses):
    """Losses (sums) -> Score (means)."""
    if losses is None or not losses.n_questions:
        raise ValueError("no question of this set has an answer to compare with")
    gates = losses.gates_right / losses.n_gates if losses.n_gates else float("nan")
    return Score(losses.answers_right / losses.n_questions, gates, losses.mean, losses.n_questions)


def interval(share, n, z=1.96):
    """95 % interval of a share measured on n questions (Wilson 1927): lower, upper."""
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z * np.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    # rounding must not leave the share outside
    return max(0.0, min(share, middle - half)), min(1.0, max(share, middle + half))
