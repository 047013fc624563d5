"""Training (section 2.5): J = alpha E_gates + beta E_answers, Adam, early stopping on validation;
the best weights are kept as a copy.
"""

from dataclasses import dataclass, field
from numbers import Real
from time import perf_counter

import numpy as np

from .. import threads
from ..data.batch import only_batch, take_stories
from ..errors import UserError
from ..parameters import views
from .evaluate import evaluate, score


@dataclass
class State:
    """All that training needs to resume: from a checkpoint, a killed run ends in the same bits."""

    rng: np.random.Generator   # order of the stories, dropout, data augmentation
    theta: np.ndarray          # (P,) all parameters as one vector, in the order of DMN.params
    m: np.ndarray              # (P,) Adam's first moment
    v: np.ndarray              # (P,) Adam's second moment
    best_theta: np.ndarray     # (P,) a copy of theta after the best epoch
    step: int = 0
    epoch: int = 0             # epochs finished
    best_epoch: int = 0
    best: tuple = (-1.0, 0.0)  # on validation: answer accuracy, then minus the loss
    history: list = field(default_factory=list)                # a dict an epoch: see `train`
    # [(score, epoch, theta)] of the next best epochs, config.ensemble - 1 at most
    runners_up: list = field(default_factory=list)

    @property
    def kept(self):
        """The checkpoint ensemble: weights of the best epochs, the best first, each (P,)."""
        return [self.best_theta, *(theta for _, _, theta in self.runners_up)]

    def rank(self, score, theta, keep):
        """Ranks an epoch that reached `score` (a tuple) on validation among the best `keep`.

        Between equals the earlier one comes first; a score that is not finite comes last.
        """
        if not np.all(np.isfinite(score)):
            score = (-1.0, -np.inf)
        best = [(self.best, self.best_epoch, self.best_theta)] * (self.best_epoch > 0)
        ranked = best + self.runners_up + [(score, self.epoch, theta.copy())]
        ranked = sorted(ranked, key=lambda entry: entry[0], reverse=True)[:keep]
        (self.best, self.best_epoch, self.best_theta), self.runners_up = ranked[0], ranked[1:]


def start(model, seed):
    """A State for a model that has not been trained."""
    theta = model.theta_on_host
    zeros = lambda: np.zeros_like(theta)
    rng = np.random.default_rng([seed, 1])
    return State(rng, theta.copy(), zeros(), zeros(), theta.copy())


def first_not_finite(model, dtheta):
    """Name of the first parameter, or else gradient, that holds a NaN or an Inf; or None."""
    shapes = {name: value.shape for name, value in model.params.items()}
    dtheta = model.ops.to_host(dtheta)
    arrays = [*views(model.theta_on_host, shapes).items(),
              *(("the gradient of " + name, d) for name, d in views(dtheta, shapes).items())]
    return next((name for name, a in arrays if not np.isfinite(a).all()), None)


class NotFinite(Exception):
    """A loss or gradient, seen when the epoch was over."""


def train_epoch(model, batch, state, beta, on_step=None):
    """One epoch over the stories of `batch` in a fresh order -> Losses (sums), summed J.

    Changes model.theta and state.  A device gets step after step, and its losses are read when the
    epoch is over, unless on_step wants them at once.  Raises UserError where J or the gradient is
    not finite.
    """
    theta, m, v = (a.copy() for a in (model.theta_on_host, state.m, state.v))
    step, drawn = state.step, state.rng.bit_generator.state
    try:
        return _steps(model, batch, state, beta, on_step)
    except NotFinite:                                      # where was it?  Once more, step by step
        model.theta, state.m, state.v, state.step = theta, m, v, step
        state.rng.bit_generator.state = drawn
        return _steps(model, batch, state, beta, lambda losses, J: None)


def _steps(model, batch, state, beta, on_step):
    """As train_epoch.  Raises NotFinite where it came out too late to say which array it was."""
    config, ops, read, unread = model.config, model.ops, [], []
    done = state.epoch / max(1, config.epochs - 1)         # 0 in the first epoch, 1 in the last
    rate = config.learning_rate * (1.0 + (config.final_rate - 1.0) * done)
    moments = ops.to_device((state.m, state.v))            # there for the whole epoch
    order = state.rng.permutation(len(batch.n_tokens))
    for first in range(0, len(order), config.batch):
        part, _ = take_stories(batch, order[first:first + config.batch])
        if not len(part.answer):
            continue
        losses, dtheta = model.gradient_unread(part, beta=beta, rng=state.rng)
        with threads.interruptible(), np.errstate(invalid="ignore"):
            norm = ops.clip_by_global_norm(dtheta, config.clip)
        if on_step or isinstance(norm, Real):              # on the host it is there
            read.append(losses())
            if not np.isfinite(read[-1][0] + ops.number(norm)):
                name = first_not_finite(model, dtheta) or "the loss"
                raise UserError(f"epoch {state.epoch + 1}: {name} is not finite; "
                                "training stopped, the last good checkpoint stands; "
                                "try a smaller --learning-rate or --clip")
        else:
            unread.append((losses, norm))
        state.step += 1
        with threads.interruptible():
            ops.adam(model.theta, dtheta, moments, state.step, rate)
        if on_step:
            J, found = read[-1]
            on_step(found, J)
    for losses, norm in unread:
        read.append(losses())
        if not np.isfinite(read[-1][0] + ops.number(norm)):
            raise NotFinite
    state.m, state.v = map(ops.to_host, moments)
    total, loss = None, 0.0
    for J, losses in read:
        total = losses if total is None else total + losses
        loss += J * losses.n_questions
    return total, loss


def train(model, train_batch, valid_batch, state, on_epoch=None, on_step=None):
    """Trains for config.epochs, or until config.patience epochs brought no better one -> state.

    train_batch, valid_batch: all stories of a set as one Batch each; train_batch may be a function,
    epoch(rng) -> the Batch of an epoch.  on_epoch(state) is called after each epoch: to save, to
    show; on_step(losses, J) after each step, for which a device is waited for.
    At the end model.params holds the best weights.  Only epochs in config.selection_window are
    candidates: a hundred validation questions are few, and an early epoch that was lucky on them
    generalises worse than a late one, when the learning rate has decayed.
    Raises UserError, naming the array, for a NaN or an Inf; TypeError for what is no Batch.
    """
    config = model.config
    only_batch(valid_batch)
    model.theta = state.theta
    while state.epoch < config.epochs:
        if state.best_epoch and state.epoch - state.best_epoch >= config.patience:
            break
        began = perf_counter()
        batch = train_batch(state.rng) if callable(train_batch) else train_batch
        only_batch(batch)
        gates_alone = config.gates_first and state.epoch < config.gate_epochs
        # without supervision the gates alone would learn nothing
        beta = 0.0 if gates_alone and np.any(batch.support >= 0) else 1.0
        losses, J = train_epoch(model, batch, state, beta, on_step)
        seconds = perf_counter() - began
        fit, held_out = score(losses), evaluate(model, valid_batch)
        state.epoch += 1
        if beta:
            early = round((1.0 - config.selection_window) * config.epochs)
            state.runners_up = [entry for entry in state.runners_up if entry[1] > early]
            if state.best_epoch <= early:
                state.best_epoch = 0                       # before the window: no candidate now
            validation = held_out.answer_accuracy, -held_out.loss
            state.rank(validation, model.theta_on_host, config.ensemble)
        state.theta = model.theta_on_host.copy()
        state.history.append({
            "epoch": state.epoch, "beta": beta, "loss": J / losses.n_questions, "seconds": seconds,
            "train_answer_accuracy": fit.answer_accuracy, "train_gate_accuracy": fit.gate_accuracy,
            "valid_answer_accuracy": held_out.answer_accuracy,
            "valid_gate_accuracy": held_out.gate_accuracy,
            "valid_loss": held_out.loss, "examples_per_second": losses.n_questions / seconds})
        if on_epoch:
            on_epoch(state)
    model.theta = state.best_theta
    return state
