"""Question module (section 2.2): the question's words, with the same L and a network of its own; q is its last state.

A question of no words gives q = 0: with it, without passes and with a decoder, the network is sequence-to-sequence (section 3).
"""

from .input_module import words_backward, words_forward


def forward(batch, L, params, ops, cell="gru"):
    """Batch, L (V, D) -> q (Q, H), cache."""
    at = batch.n_question[:, None] - 1                     # (Q, 1)  the last word
    q, cache = words_forward(batch.question, batch.n_question, at, L, params["question.W"], params["question.U"], params["question.b"], ops, cell)
    return q[:, 0], (at, cache)


def backward(dq, cache, batch, L, params, ops, dL, grads, cell="gru"):
    """dq (Q, H).  Adds into dL and grads["question.*"]."""
    at, cache = cache
    words_backward(dq[:, None], cache, batch.question, batch.n_question, at, L, params["question.W"], params["question.U"], ops,
                   dL, grads["question.W"], grads["question.U"], grads["question.b"], cell)
