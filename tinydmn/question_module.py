"""Question module (section 2.2): the question's words, with the same L and a network of its own;
q is its last state.

A question of no words gives q = 0: with it, without passes and with a decoder, the network is
sequence-to-sequence (section 3).  Where nothing asks for q, there is no such network, and q is None.
"""

from .ops.groups import CELLS, Sequences, named, recurrent_shapes, take
from .parts import answer_of, memory_of


def shapes(config, vocabulary):
    if not (memory_of(config).ASKS or answer_of(config).ASKS):
        return {}
    return named("question", recurrent_shapes(CELLS[config.cell], config.embedding, config.hidden))


def initial(values, config):
    pass


def plan(batch, config):
    """-> Sequences: a question's words, and its last one."""
    return Sequences(batch.question, batch.n_question, batch.n_question[:, None] - 1)


def forward(x, plan, net):
    """x (R, D): word vectors -> q (Q, H), cache."""
    params, config, ops = net
    if "question.W" not in params:
        return None, None
    q, cache = getattr(ops, config.cell + "_forward")(x, plan, take(CELLS[config.cell], params, "question"))
    return q.reshape(len(q), -1), cache                    # of one state each


def backward(dq, cache, net, grads, dx):
    """dq (Q, H).  Adds into dx (R, D) and grads["question.*"]."""
    params, config, ops = net
    cell = CELLS[config.cell]
    dq = dq.reshape(len(dq), 1, -1)
    run = getattr(ops, config.cell + "_backward")
    d, _ = run(dq, cache, take(cell, params, "question"), take(cell, grads, "question"))
    ops.add_into(dx, d)
