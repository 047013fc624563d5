"""Word vectors (section 2.1): the matrix L, and where spelling counts the vectors F of a word's features added to its own.

    x_w = L[w] + Σ_f F[f]        f: the features of w as it is written (data/vocabulary.py), e.g. "case Title", "-ing"

Sizes: V vocabulary, D embedding, R distinct words of a batch, K features at most.
"""

from dataclasses import replace

import numpy as np


def distinct(batch, n_words):
    """A batch over its own words alone -> Batch whose ids count them from 0, and what each stands for: forms (R, 1 + K).

    The products of a batch with its words (input_module.words_forward) then take as many rows as it has words, not as the language has.
    A batch with more words than the vocabulary is left as it is: forms None stands for all of L in its order.
    """
    if not len(batch.forms) and n_words <= batch.tokens.size + batch.question.size:
        return batch, None
    ids, number = np.unique(np.concatenate([batch.tokens.ravel(), batch.question.ravel()]), return_inverse=True)
    tokens, question = np.split(number.astype(np.int32), [batch.tokens.size])
    forms = batch.forms[ids] if len(batch.forms) else ids[:, None]
    return replace(batch, tokens=tokens.reshape(batch.tokens.shape), question=question.reshape(batch.question.shape), forms=batch.forms[:0]), forms


def forward(forms, params, mask, ops):
    """forms (R, 1 + K) or None -> x (R, D), or all of L.  mask (R, D): dropout, or None."""
    L = params["embedding.L"]
    x = L if forms is None else ops.embedding_forward(forms[:, 0], L)
    if "embedding.F" in params:
        x = x + ops.features_forward(forms[:, 1:], params["embedding.F"])
    return x if mask is None else ops.dropout_forward(x, mask)


def backward(dx, forms, mask, ops, grads):
    """dx (R, D).  Adds into grads["embedding.*"]."""
    dx = dx if mask is None else ops.dropout_backward(dx, mask)
    if forms is None:
        grads["embedding.L"] += dx
    else:
        ops.embedding_backward(dx, forms[:, 0], grads["embedding.L"])
    if "embedding.F" in grads:
        ops.features_backward(dx, forms[:, 1:], grads["embedding.F"])
