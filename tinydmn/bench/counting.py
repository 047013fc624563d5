"""The floating-point operations of the products: a multiplication and an addition are two.

Sizes: H hidden, D embedding, G gate_hidden, A classes; Q questions; R facts and end-of-passes, each
counted once; pairs of a question and a fact that it sees, or end-of-passes.
"""

import numpy as np


def passes_flop(R, pairs, Q, H, G, passes, kind):
    """The passes over the facts, forward.

    Once:    2 G H (2 pairs + R + Q) + 2 H H Q   c∘q, |c-q|; c; q, of eq. (5) with W_1; W_b q
             2 3H H R                            gated: W c of eq. (7)
    A pass:  2 G H (2 pairs + Q) + 2 H H Q       c∘m, |c-m|; m; W_b m
             2 3H H 2 Q                          the memory's GRU
             2 H pairs, or 2 3H H pairs          the episode: softmax, or gated: U h of eq. (7)
    """
    gated, square, gate = kind == "gated", 2 * H * H, 2 * G * H
    once = gate * (2 * pairs + R + Q) + square * (Q + 3 * R * gated)
    a_pass = gate * (2 * pairs + Q) + square * (Q + 6 * Q)
    return once + passes * (a_pass + (3 * square if gated else 2 * H) * pairs)


def passes_bytes(R, Q, H, G, kind, backward=False, size=4):
    """The bytes that have to pass through memory at the least, as gru_bytes: weights, facts and
    questions read, the last memory written; backward reads them and its gradient, and writes those
    of facts, questions and weights.
    """
    gate, gru = H * H + G * (7 * H + 2) + 2 * G + 1, 3 * H * (2 * H + 1)
    weights, given = gate + gru * (2 if kind == "gated" else 1), (R + Q) * H
    forward = weights + given + Q * H
    back = 2 * weights + 2 * given + Q * H
    return size * (forward + back * backward)


def step_flop(batch, n_words, n_classes, config):
    """One training step, forward and backward, on a Batch with GRUs and one-word answers.

    Three times the forward products, as each has two in the backward pass.  Forward:

        2 3H D 2 n_words                         W x of each distinct word, for facts and questions
        2 3H H (tokens + words of questions)     U h of each word read
        passes_flop, 2 A H Q                     the passes, eq. (9)

    n_words: rows of word vectors.  Products with the loss and per element are not counted.
    """
    H, D, Q = config.hidden, config.embedding, len(batch.n_facts)
    read = int(batch.n_tokens.sum() + batch.n_question.sum())
    words = 2 * 3 * H * (2 * D * n_words + H * read)
    R, pairs = int(batch.n_facts_story.sum()) + 1, int(np.sum(batch.n_facts + 1))
    passes = passes_flop(R, pairs, Q, H, config.gate_hidden, config.passes, config.episode)
    return 3 * (words + passes + 2 * n_classes * H * Q)


def gru_flop(steps, inputs, hidden, backward=False):
    """A GRU over `steps` steps in all, each with an input of its own: W x and U h; backward has two
    products for each.
    """
    return (3 if backward else 1) * 2 * 3 * hidden * (inputs + hidden) * steps


def gru_bytes(steps, inputs, hidden, backward=False, size=4):
    """The bytes that have to pass through memory at the least: weights and inputs read, states
    written; backward reads weights, inputs and the states' gradients, and writes those of the
    inputs and of the weights.  What a step keeps for its backward, states too, is not counted: it
    could be computed again.
    """
    weights = 3 * hidden * (inputs + hidden + 1)
    forward = weights + steps * (inputs + hidden)
    back = 2 * weights + steps * (inputs + hidden + inputs)
    return size * (forward + back * backward)
