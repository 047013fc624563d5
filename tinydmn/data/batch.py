"""Stories as plain C-contiguous arrays, ready for any backend.  Padding never changes a result."""

from dataclasses import dataclass

import numpy as np

from .vocabulary import END_OF_SENTENCE


@dataclass(frozen=True)
class Batch:
    """S stories of at most T words and F facts; Q questions of at most Tq words and P supporting facts.  All int32."""

    tokens: np.ndarray         # (S, T)   word ids of the whole story, <eos> after each fact
    n_tokens: np.ndarray       # (S,)
    fact_end: np.ndarray       # (S, F)   index into T of each fact's <eos>
    n_facts_story: np.ndarray  # (S,)
    question: np.ndarray       # (Q, Tq)
    n_question: np.ndarray     # (Q,)
    story_of: np.ndarray       # (Q,)     which story each question is about, ascending
    n_facts: np.ndarray        # (Q,)     how many of its facts the question may see
    answer: np.ndarray         # (Q,)     class; -1 where it is not known (when asking)
    support: np.ndarray        # (Q, P)   supporting facts in the file's order, -1 for none


def padded(rows, fill=0):
    """Lists of numbers of unequal length -> one int32 array (len(rows), longest), at least one column."""
    out = np.full((len(rows), max([1, *map(len, rows)])), fill, np.int32)
    for i, row in enumerate(rows):
        out[i, :len(row)] = row
    return out


def make_batch(stories, vocabulary):
    """Story objects -> Batch.  A question whose `answer` is empty gets class -1.  Raises UserError for an answer never seen."""
    eos = vocabulary.word_id[END_OF_SENTENCE]
    tokens, ends, questions, story_of, n_facts, answers, support = [], [], [], [], [], [], []
    for s, story in enumerate(stories):
        line, end = [], []
        for fact in story.facts:
            line += vocabulary.encode(fact) + [eos]
            end.append(len(line) - 1)
        tokens.append(line)
        ends.append(end)
        for q in story.questions:
            questions.append(vocabulary.encode(q.tokens))
            story_of.append(s)
            n_facts.append(q.n_facts)
            answers.append(vocabulary.answer_class(q.answer, story.source) if q.answer else -1)
            support.append(q.support)
    counts = [np.array([len(row) for row in rows], np.int32) for rows in (tokens, ends, questions)]
    return Batch(padded(tokens), counts[0], padded(ends), counts[1], padded(questions), counts[2],
                 np.array(story_of, np.int32), np.array(n_facts, np.int32), np.array(answers, np.int32), padded(support, -1))


def take_stories(batch, stories):
    """The part of a batch about `stories` (indices into S, any order), padding trimmed -> Batch, the questions' indices."""
    number = np.full(len(batch.n_tokens), -1, np.int32)
    number[stories] = np.arange(len(stories), dtype=np.int32)
    questions = np.flatnonzero(number[batch.story_of] >= 0)
    questions = questions[np.argsort(number[batch.story_of[questions]], kind="stable")]
    n_tokens, n_facts_story = batch.n_tokens[stories], batch.n_facts_story[stories]
    n_question = batch.n_question[questions]
    widest = lambda n: max(1, int(n.max(initial=0)))
    cut = lambda a, rows, n: np.ascontiguousarray(a[rows, :widest(n)])
    return Batch(cut(batch.tokens, stories, n_tokens), n_tokens, cut(batch.fact_end, stories, n_facts_story), n_facts_story,
                 cut(batch.question, questions, n_question), n_question, number[batch.story_of[questions]],
                 batch.n_facts[questions], batch.answer[questions], batch.support[questions]), questions
