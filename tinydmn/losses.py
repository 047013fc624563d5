"""The loss of section 2.5: cross-entropy of the answers and of the gates, summed over what is scored.

Sizes: N answers (one a question, a step or a word), A classes, Q questions, T positions.
"""

from typing import NamedTuple

import numpy as np

from .output import Losses
from .parts import Net, answer_kind, answer_of, make_plan


class LossCache(NamedTuple):
    """What loss_backward needs: softmax and target of the answers' rows, and of the gates' or None."""

    p_answers: object          # (N, A)
    answer_target: object      # (N,) int32
    p_gates: object            # (passes Q, T)
    gate_target: object        # (passes Q,) int32
    logits_shape: tuple
    target_shape: tuple        # (passes, Q)


def loss_forward(logits, s, answers, batch, plan, net):
    """logits: of the answer module; s (passes, Q, T): gate scores, or None; answers: as in an Output.

    -> Losses, LossCache.
    """
    ops, part, target = net.ops, answer_of(net.config), plan.memory.target
    rows = part.scores(logits, plan.answer)                # (N, A)
    wanted = ops.to_device(plan.answer.target)
    E_answers, p_answers = ops.cross_entropy_forward(rows, wanted)
    E_gates, p_gates, looked_for, right, supervised = 0.0, None, None, 0, target >= 0
    if target.size:
        s = s.reshape(-1, s.shape[2])
        looked_for = ops.to_device(target.ravel())
        E_gates, p_gates = ops.cross_entropy_forward(s, looked_for)
        looked = ops.argmax(s).reshape(target.shape)
        right = int(np.sum(looked[supervised] == target[supervised]))
    n, n_known = part.counted(batch, plan.answer)
    n_right = int(part.right(answers, batch.answer).sum())
    losses = Losses(E_answers, E_gates, n_right, right, n, n_known, int(supervised.sum()))
    return losses, LossCache(p_answers, wanted, p_gates, looked_for, logits.shape, target.shape)


def loss_backward(cache, alpha, beta, ops):
    """The derivatives of  alpha E_gates + beta E_answers  -> dlogits, ds (passes, Q, T) or None."""
    dlogits = ops.cross_entropy_backward(cache.p_answers, cache.answer_target, beta).reshape(cache.logits_shape)
    if cache.p_gates is None:
        return dlogits, None
    ds = ops.cross_entropy_backward(cache.p_gates, cache.gate_target, alpha)
    return dlogits, ds.reshape(*cache.target_shape, -1)


def loss_of_output(out, batch, config, ops):
    """Losses of an Output.  The pass that ended a question too early is wrong, those it spared are not scored."""
    plan, s = make_plan(batch, config), out.gate_scores
    if config.stop == "yes":
        not_made = np.arange(len(plan.memory.target))[:, None] >= out.passes_made          # (passes, Q)
        plan = plan._replace(memory=plan.memory._replace(target=np.where(not_made, np.int32(-1), plan.memory.target)))
        s = np.where(not_made[..., None], s.dtype.type(0), s)
    return loss_forward(ops.to_device(out.logits), ops.to_device(s), out.answers, batch, plan, Net({}, config, ops))[0]


def right_answers(answers, batch, kind):
    """Which answers are right -> bool (Q,), or of tags (Q, T), False behind a sentence.

    kind: as Config.answer.  A sequence is right as a whole, with its end.  An answer that training
    never saw is wrong whatever the network predicts; it has no class, so it does not count in the loss.
    """
    return answer_kind(kind).right(answers, batch.answer)
