"""A tinydmn Batch as other libraries' users lay it out: one question a row, each row carrying the words of its own visible facts."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Rows:
    """Q questions (rows past `n_questions` are padding) of at most T words, F candidates (facts and end-of-passes) and Tq question words.
    All int32.  Padding: word 0, fact_end 0, n_facts 0, answer -1, target -1."""

    tokens: np.ndarray      # (Q, T)       words of the facts that the question may see, <eos> after each
    fact_end: np.ndarray    # (Q, F)       index into T of each visible fact's <eos>; the columns from n_facts on hold 0
    n_facts: np.ndarray     # (Q,)         visible facts; end-of-passes stands at this index
    question: np.ndarray    # (Q, Tq)
    n_question: np.ndarray  # (Q,)
    answer: np.ndarray      # (Q,)         class
    target: np.ndarray      # (Q, passes)  the candidate that each pass is to choose, -1 for none
    n_questions: int        # rows that are questions


def to_rows(batch, passes, bucket=lambda n: n):
    """tinydmn Batch -> Rows.  `bucket` rounds each of Q, T, F and Tq up to a size, for a compiler that wants few of them."""
    n = batch.n_facts
    n_questions = len(n)
    last = np.maximum(n - 1, 0)
    n_tokens = np.where(n > 0, batch.fact_end[batch.story_of, last] + 1, 0)
    Q, T, F = bucket(n_questions), bucket(max(1, int(n_tokens.max()))), bucket(int(n.max()) + 1)
    rows = Rows(tokens=np.zeros((Q, T), np.int32), fact_end=np.zeros((Q, F), np.int32), n_facts=np.zeros(Q, np.int32),
                question=np.zeros((Q, bucket(batch.question.shape[1])), np.int32), n_question=np.ones(Q, np.int32),
                answer=np.full(Q, -1, np.int32), target=np.full((Q, passes), -1, np.int32), n_questions=n_questions)
    for q, s in enumerate(batch.story_of):
        rows.tokens[q, :n_tokens[q]] = batch.tokens[s, :n_tokens[q]]
        rows.fact_end[q, :n[q]] = batch.fact_end[s, :n[q]]
    rows.question[:n_questions, :batch.question.shape[1]] = batch.question
    rows.n_facts[:n_questions], rows.n_question[:n_questions], rows.answer[:n_questions] = n, batch.n_question, batch.answer
    rows.target[:n_questions] = gate_targets(batch.support, n, passes)
    return rows


def gate_targets(support, n_facts, passes):
    """support (Q, P), n_facts (Q,) -> target (Q, passes): the supporting facts in their order, then end-of-passes once, then -1.
    A question without supporting facts has no target at all."""
    target = np.full((len(n_facts), passes), -1, np.int32)
    for q, facts in enumerate(support):
        order = [t for t in facts if t >= 0]
        order += [n_facts[q]] if order else []
        target[q, :len(order)] = order[:passes]
    return target
