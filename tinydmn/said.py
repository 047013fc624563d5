"""What an Output says of one question: its answers by name, with their probabilities, and where each pass looked."""

import numpy as np

from .ops.episode_numpy import softmax

RANKED = 4                     # the answer and those that came nearest to it


def ranked(vocabulary, out, q, most=RANKED):
    """What the network says of question q of an Output -> [(answer, probability)], its answer first, then those that came nearest.

    A decoded answer has no others; its probability is that of all its words, as they were decoded.
    """
    if vocabulary.kind == "sequence":
        p, steps = softmax(out.logits[q].astype(np.float64)), np.flatnonzero(out.answers[q] >= 0)
        return [(vocabulary.answer_text(out.answers[q]) or "(no word)", float(np.prod(p[steps, out.answers[q, steps]])))]
    return ranked_tags(vocabulary, out.logits[q:q + 1], out.answers[q:q + 1], most)[0]


def ranked_tags(vocabulary, logits, chosen, most=RANKED):
    """logits (N, A), chosen (N,) or more: the answer of each row -> for each row as `ranked`."""
    scores, rows = logits.astype(np.float64), np.arange(len(logits))
    p = softmax(scores)
    scores[rows, chosen[:len(rows)]] = np.inf              # of equals the one that was chosen
    order = np.argsort(-scores, axis=1, kind="stable")[:, :most]
    return [[(vocabulary.answers[k], float(of[k])) for k in best] for of, best in zip(p, order)]


def attention(out, q, n):
    """-> (passes made, n + 1): where each pass of question q looked, the last place end-of-passes.  n: places that the question sees."""
    return out.gates[:out.passes_made[q], q, :n + 1]
