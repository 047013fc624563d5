"""The loss of section 2.5: cross-entropy of the answers and of the gates, summed over a batch.

Sizes: N targets (one a question, a decoder's step, or a tagged word), A classes, Q questions,
T positions.
"""

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from .output import Losses
from .parts import Net, answer_kind, answer_of, make_plan


class Unread(NamedTuple):
    """What Losses are made of, for `read`: while nobody reads, a device goes on."""

    numbers: tuple             # E_answers, E_gates, answers right, gates right, of the back end
    counts: tuple              # n_questions, n_known, n_gates


def read(unread, ops):
    """Unread -> Losses."""
    *E, right, gates_right = map(ops.number, unread.numbers)
    return Losses(*E, int(right), int(gates_right), *unread.counts)


def add_unread(a, b, ops):
    """Of two pieces -> Unread of both."""
    return Unread(tuple(map(ops.add, a.numbers, b.numbers)),
                  tuple(m + n for m, n in zip(a.counts, b.counts)))


class LossCache(NamedTuple):
    """What loss_backward needs; of the gates None where no pass is supervised."""

    p_answers: object          # (N, A)
    answer_target: object      # (N,) int32
    p_gates: object            # (passes Q, T)
    gate_target: object        # (passes Q,) int32
    logits_shape: tuple
    target_shape: tuple        # (passes, Q)


def loss_forward(logits, s, batch, plan, net):
    """logits (..., A), N rows; s (passes, Q, T) or None; plan: on the host.

    -> Unread, LossCache.
    """
    ops, part, target = net.ops, answer_of(net.config), plan.memory.target
    answer_target = ops.to_device(plan.answer.target)
    *_, A = logits.shape
    rows = logits.reshape(logits.size // A, A)             # (N, A)
    E_answers, p_answers = ops.cross_entropy_forward(rows, answer_target)
    right = part.count_right(rows, answer_target, plan.answer, net)
    E_gates, p_gates, gate_target, gates_right = 0.0, None, None, 0
    if target.size:
        s = s.reshape(target.size, s.shape[2])             # (passes Q, T)
        gate_target = ops.to_device(target.ravel())
        E_gates, p_gates = ops.cross_entropy_forward(s, gate_target)
        gates_right = ops.count_right(s, gate_target)
    counts = *part.counted(batch, plan.answer), int(np.count_nonzero(target >= 0))
    cache = LossCache(p_answers, answer_target, p_gates, gate_target, logits.shape, target.shape)
    return Unread((E_answers, E_gates, right, gates_right), counts), cache


def loss_backward(cache, alpha, beta, ops):
    """Of  alpha E_gates + beta E_answers  -> dlogits, ds (passes, Q, T) or None."""
    dlogits = ops.cross_entropy_backward(cache.p_answers, cache.answer_target, beta)
    dlogits = dlogits.reshape(cache.logits_shape)
    if cache.p_gates is None:
        return dlogits, None
    ds = ops.cross_entropy_backward(cache.p_gates, cache.gate_target, alpha)
    return dlogits, ds.reshape(*cache.target_shape, -1)


def loss_of_output(out, batch, config, ops):
    """Output -> Losses.

    A pass that chose end-of-passes too early is wrong; the passes not made after it are not scored.
    """
    plan, s = make_plan(batch, config), out.gate_scores
    if config.stop == "yes":
        target = plan.memory.target                        # (passes, Q)
        not_made = np.arange(len(target))[:, None] >= out.passes_made
        target = np.where(not_made, np.int32(-1), target)
        plan = plan._replace(memory=plan.memory._replace(target=target))
        s = np.where(not_made[..., None], s.dtype.type(0), s)
    rows = answer_of(config).scores(out.logits, plan.answer)           # still on the host
    rows, s = ops.to_device(rows), ops.to_device(s)
    losses = read(loss_forward(rows, s, batch, plan, Net({}, config, ops))[0], ops)
    right = answer_of(config).right(out.answers, batch.answer)         # of what it says
    return replace(losses, answers_right=int(right.sum()))


def right_answers(answers, batch, kind):
    """Which answers are right -> bool (Q,), or of tags (Q, T), False on padding.

    answers: as in Output; kind: as Config.answer.  A sequence is right as a whole, <eos> included.
    An answer not seen in training is wrong whatever is predicted; it has no class, hence no loss.
    """
    return answer_kind(kind).right(answers, batch.answer)
