"""Question module (section 2.2): a GRU of its own reads the question's words, with the same L; q is
its last state.

A question without words gives q = 0: with a decoder and no passes, the network is then
sequence-to-sequence (section 3).  Where no other module needs q, there is no GRU, and q is None.
Sizes: Q questions, R distinct words (or V), D embedding, H hidden.
"""

from .ops.groups import CELLS, Sequences, named, recurrent_shapes, take
from .parts import answer_of, memory_of


def shapes(config, vocabulary):
    if not (memory_of(config).ASKS or answer_of(config).ASKS):
        return {}
    return named("question", recurrent_shapes(CELLS[config.cell], config.embedding, config.hidden))


def initial(values, config):
    """Keeps the random start."""


def plan(batch, config):
    """-> Sequences: the words of each question, and its last step."""
    return Sequences(batch.question, batch.n_question, batch.n_question[:, None] - 1)


def forward(x, plan, net):
    """x (R, D): word vectors -> q (Q, H), cache."""
    params, config, ops = net
    if "question.W" not in params:
        return None, None
    cell, run = CELLS[config.cell], getattr(ops, config.cell + "_forward")
    q, cache = run(x, plan, take(cell, params, "question"))                                # (1)-(4)
    return q.reshape(len(q), -1), cache                    # one state each: (Q, 1, H) -> (Q, H)


def backward(dq, cache, net, grads, dx):
    """dq (Q, H).  Adds into dx (R, D) and grads["question.*"]."""
    params, config, ops = net
    cell, run = CELLS[config.cell], getattr(ops, config.cell + "_backward")
    dq = dq.reshape(len(dq), 1, -1)
    d, _ = run(dq, cache, take(cell, params, "question"), take(cell, grads, "question"))
    ops.add_into(dx, d)
