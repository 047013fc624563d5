"""Stories as plain C-contiguous arrays, ready for any backend.  Padding never changes a result."""

from dataclasses import dataclass, field, replace

import numpy as np

from .vocabulary import END_OF_ANSWER, END_OF_SENTENCE

NONE, UNSEEN = -1, -2          # no answer is known; one that training never saw, for which there is no class: it always counts as wrong


@dataclass(frozen=True)
class Batch:
    """S stories of at most T words and F facts; Q questions of at most Tq words and P supporting facts.  All int32.

    Where spelling counts (Vocabulary.features), ids of words are rows of `forms`; else `forms` is empty.
    """

    tokens: np.ndarray         # (S, T)   word ids of the whole story, <eos> after each sentence
    n_tokens: np.ndarray       # (S,)
    fact_end: np.ndarray       # (S, F)   index into T of each fact: of its sentence's <eos>, or of its word
    n_facts_story: np.ndarray  # (S,)
    question: np.ndarray       # (Q, Tq)
    n_question: np.ndarray     # (Q,)
    story_of: np.ndarray       # (Q,)     which story each question is about, ascending
    n_facts: np.ndarray        # (Q,)     how many of its facts the question may see
    answer: np.ndarray         # (Q,)     class; (Q, A) where answers are sequences (ended by <eos>) or tags.  NONE: not known, or behind the end; UNSEEN
    support: np.ndarray        # (Q, P)   supporting facts in the file's order, -1 for none
    forms: np.ndarray = field(default_factory=lambda: np.zeros((0, 1), np.int32))
    #                            (R, 1 + K)  where spelling counts, each word as it is written: its word id, then its features' ids, -1 for none

    @property
    def n_answer(self):
        """(Q,) steps of each answer that is a sequence (with its <eos>) or tags."""
        return np.sum(self.answer != NONE, axis=1, dtype=np.int32)


def padded(rows, fill=0):
    """Lists of numbers of unequal length -> one int32 array (len(rows), longest), at least one column."""
    out = np.full((len(rows), max([1, *map(len, rows)])), fill, np.int32)
    for i, row in enumerate(rows):
        out[i, :len(row)] = row
    return out


def make_batch(stories, vocabulary, facts="sentences", answer="word"):
    """Story objects -> Batch.  A question whose `answer` is empty gets NONE, an answer that the vocabulary does not have UNSEEN.

    facts: as Config.facts.  "words" is for texts of one sentence: no <eos>, every word a fact.  answer: the kind, as Config.answer.
    """
    forms, encode = _encoder(vocabulary)
    end = encode([END_OF_SENTENCE]) if facts != "words" else []
    tokens, ends, questions, story_of, n_facts, answers, support = [], [], [], [], [], [], []
    for s, story in enumerate(stories):
        line, fact_end = [], []                            # fact_end: of each sentence
        for fact in story.facts:
            line += encode(fact) + end
            fact_end.append(len(line) - 1)
        tokens.append(line)
        ends.append(fact_end if facts == "sentences" else range(len(line)))
        for q in story.questions:
            questions.append(encode(q.tokens))
            story_of.append(s)
            n_facts.append(q.n_facts if facts == "sentences" else fact_end[q.n_facts - 1] + 1)
            answers.append(_answer(q, vocabulary, answer))
            support.append(q.support if facts == "sentences" else [fact_end[i] for i in q.support])
    counts = [np.array([len(row) for row in rows], np.int32) for rows in (tokens, ends, questions)]
    return Batch(padded(tokens), counts[0], padded(ends), counts[1], padded(questions), counts[2],
                 np.array(story_of, np.int32), np.array(n_facts, np.int32),
                 np.array(answers, np.int32) if answer == "word" else padded(answers, -1), padded(support, -1),
                 padded(list(forms.values()), -1))


def _answer(question, vocabulary, kind):
    """Class of a one-word answer, or the classes of a sequence or of tags (none: not known)."""
    if kind == "word":
        return vocabulary.answer_id.get(",".join(question.answer), UNSEEN) if question.answer else NONE
    classes = [vocabulary.answer_id.get(word, UNSEEN) for word in question.answer]
    return classes + [END_OF_ANSWER] if kind == "sequence" and classes else classes


def _encoder(vocabulary):
    """forms (filled while encoding; none where spelling does not count), and encode(tokens) -> ids of words or of forms."""
    if not vocabulary.features:
        return {}, vocabulary.encode
    forms, number = {}, {}

    def encode(tokens):
        for form in tokens:
            if form not in number:
                number[form] = len(number)
                forms[form] = vocabulary.encode([form]) + vocabulary.encode_features(form)
        return [number[form] for form in tokens]
    return forms, encode


def cut_at_questions(stories):
    """Stories -> a story for each place at which something is asked, cut there: for a network that reads backward from the end."""
    return [replace(story, facts=story.facts[:n], questions=[q for q in story.questions if q.n_facts == n])
            for story in stories for n in sorted({q.n_facts for q in story.questions})]


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
    answer = batch.answer[questions]
    if answer.ndim == 2:
        answer = np.ascontiguousarray(answer[:, :widest(np.sum(answer != NONE, axis=1))])
    return Batch(cut(batch.tokens, stories, n_tokens), n_tokens, cut(batch.fact_end, stories, n_facts_story), n_facts_story,
                 cut(batch.question, questions, n_question), n_question, number[batch.story_of[questions]],
                 batch.n_facts[questions], answer, batch.support[questions], batch.forms), questions
