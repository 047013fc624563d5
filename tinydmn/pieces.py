"""A batch cut into pieces, one for a thread at a time, and their outputs joined again.

A piece is a batch of whole stories; the back end decides how many there are (ops.n_pieces).
"""

import numpy as np

from .data.batch import take_stories
from .output import Output

# padding, where a piece's output is shorter than the longest one; elsewhere 0
FILL = {"answers": -1, "gate_scores": -np.inf}


def pieces(batch, n):
    """A batch as at most n pieces: [(Batch, indices of its questions in the whole)].

    Stories are dealt out by length, the longest first, so that all pieces take about equally long.
    """
    if n <= 1:
        return [(batch, np.arange(len(batch.answer)))]
    order = np.argsort(-batch.n_tokens, kind="stable")
    parts = [take_stories(batch, order[i::n]) for i in range(n)]
    return [part for part in parts if len(part[1])]


def joined(outputs, parts, batch):
    """Outputs of the pieces -> Output of the whole batch.

    An array has a row a question, or a row a tagged word, sentence by sentence.
    """
    questions = [questions for _, questions in parts]
    first = np.cumsum(batch.n_facts) - batch.n_facts
    words = [np.concatenate([np.arange(first[q], first[q] + batch.n_facts[q]) for q in some])
             for some in questions]
    whole = {}
    for field in Output.__dataclass_fields__:
        arrays = [getattr(out, field) for out in outputs]
        axis = 1 if field in ("gate_scores", "gates", "memories") else 0
        sizes = [a.shape[axis] for a in arrays]
        rows = next((rows for rows in (questions, words) if sizes == [len(r) for r in rows]), None)
        whole[field] = arrays[0] if rows is None else _whole(arrays, rows, axis, FILL.get(field, 0))
    return Output(**whole)


def _whole(arrays, rows, axis, fill):
    """Arrays of the pieces -> one array: entry k of piece i along `axis` goes to rows[i][k]."""
    shape = [max(a.shape[i] for a in arrays) for i in range(arrays[0].ndim)]
    shape[axis] = sum(map(len, rows))
    result = np.full(shape, fill, arrays[0].dtype)
    for a, r in zip(arrays, rows):
        where = [slice(0, n) for n in a.shape]
        where[axis] = r
        result[tuple(where)] = a
    return result
