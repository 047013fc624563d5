"""Stories as plain C-contiguous arrays, ready for any back end.  Padding never changes a result."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from numbers import Integral

import numpy as np

from ..errors import UserError
from .story import Question, Story
from .vocabulary import END_OF_ANSWER, END_OF_SENTENCE_ID, Vocabulary

NONE = -1                      # no answer is known
UNSEEN = -2                    # an answer not seen in training: it has no class and is always wrong


@dataclass(frozen=True)
class Batch:
    """S stories of at most T words and F facts; Q questions of at most Tq words and P supporting
    facts.  All int32.

    With spelling features (Vocabulary.features), word ids are row indices into `forms`; otherwise
    `forms` is empty.
    """

    tokens: np.ndarray         # (S, T)   word ids of the whole story, <eos> after each sentence
    n_tokens: np.ndarray       # (S,)
    fact_end: np.ndarray       # (S, F)   index into T of each fact's last token: <eos>, or its word
    n_facts_story: np.ndarray  # (S,)
    question: np.ndarray       # (Q, Tq)
    n_question: np.ndarray     # (Q,)
    story_of: np.ndarray       # (Q,)     index of the story of each question, ascending
    n_facts: np.ndarray        # (Q,)     number of facts visible to the question
    answer: np.ndarray         # (Q,)     class; (Q, A) for sequences (ended by <eos>) and tags;
    #                                     NONE where unknown and as padding; UNSEEN
    support: np.ndarray        # (Q, P)   supporting facts in the file's order, padded with -1
    forms: np.ndarray = field(default_factory=lambda: np.zeros((0, 1), np.int32))
    #                            (R, 1 + K)  of each distinct spelling the word id and the ids of
    #                                        its features, padded with -1

    @property
    def n_answer(self):
        """(Q,) length of each answer that is a sequence (including <eos>) or tags."""
        return np.sum(self.answer != NONE, axis=1, dtype=np.int32)


def padded(rows, fill=0):
    """Lists of integers, padded with `fill` -> int32 (len(rows), longest), at least one column."""
    out = np.full((len(rows), max([1, *map(len, rows)])), fill, np.int32)
    for i, row in enumerate(rows):
        out[i, :len(row)] = row
    return out


def make_batch(stories: Sequence[Story], vocabulary: Vocabulary, facts: str = "sentences",
               answer: str = "word") -> Batch:
    """Story objects -> Batch.  An empty `answer` becomes NONE, one not in the vocabulary UNSEEN.

    facts: as Config.facts; "words" is for texts of one sentence: no <eos>, and each word is a fact.
    answer: the kind of answer, as Config.answer.
    Raises UserError, naming the story, for whatever compiled code, which checks no bounds, cannot
    process: no facts, no question, a fact without words, a question that sees no facts or more than
    there are, an invisible supporting fact, a number of tags other than the number of words; and
    where the vocabulary was built for another kind of answer.
    """
    stories = _checked(stories, vocabulary, facts, answer)
    forms, encode, end = _encoder(vocabulary, facts)
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
    lengths = [np.array([len(row) for row in rows], np.int32) for rows in (tokens, ends, questions)]
    return Batch(padded(tokens), lengths[0], padded(ends), lengths[1],
                 padded(questions), lengths[2], np.array(story_of, np.int32),
                 np.array(n_facts, np.int32),
                 np.array(answers, np.int32) if answer == "word" else padded(answers, -1),
                 padded(support, -1), padded(list(forms.values()), -1))


def _answer(question, vocabulary, kind):
    """The class of a one-word answer, or the classes of a sequence or of tags ([] if unknown)."""
    if kind == "word":
        name = ",".join(question.answer)
        return vocabulary.answer_id.get(name, UNSEEN) if question.answer else NONE
    classes = [vocabulary.answer_id.get(word, UNSEEN) for word in question.answer]
    return classes + [END_OF_ANSWER] if kind == "sequence" and classes else classes


def _checked(stories, vocabulary, facts, kind):
    """The stories as a list.  Raises UserError for the first that does not fit."""
    for what, given, known in (("facts", facts, ("sentences", "words", "both")),
                               ("answer", kind, ("word", "sequence", "tags"))):
        if given not in known:
            raise UserError(f"{what} is {given!r}; give {' or '.join(known)}")
    if vocabulary.kind not in (None, kind):
        raise UserError(f"answer is {kind!r}, and the vocabulary was built for "
                        f"{vocabulary.kind!r}; give both the same: "
                        f"Vocabulary.build(stories, answer={kind!r})")
    if isinstance(stories, (Story, Batch)):
        raise UserError(f"one {type(stories).__name__} was given where a list of stories is "
                        "wanted; give [story, ...]")
    stories = list(stories)                                # iterated over twice
    for number, story in enumerate(stories, 1):
        if not isinstance(story, Story):
            raise UserError(f"story {number} is {type(story).__name__}; "
                            "give tinydmn.Story objects, as read_babi and generate return them")
        name = story.source or f"story {number}"
        _check_facts(story, name)
        for k, q in enumerate(story.questions, 1):
            _check_question(q, story, kind, f"{name}: question {k} ({' '.join(q.tokens)[:40]})")
    return stories


def _check_facts(story, name):
    """Raises UserError where a part of the story is missing, or is not what it should be."""
    if not story.facts:
        raise UserError(f"{name}: has no facts; give at least one")
    if not story.questions:
        raise UserError(f"{name}: has no question; ask one, or leave the story out")
    if strange := [q for q in story.questions if not isinstance(q, Question)]:
        raise UserError(f"{name}: one of its questions is {type(strange[0]).__name__}; "
                        "give tinydmn.Question objects")
    if empty := [i for i, fact in enumerate(story.facts) if not len(fact)]:
        raise UserError(f"{name}: fact {empty[0]} (from 0) has no words; leave it out")
    texts = [*story.facts, *(part for q in story.questions for part in (q.tokens, q.answer))]
    if not all(type(w) is str for text in texts for w in text):
        raise UserError(f"{name}: holds something that is not a word; give each fact, question and "
                        "answer as a list of strings, or as one string")


def _check_question(q, story, kind, asked):
    """Raises UserError where a question does not fit its story.  asked: the question in words."""
    F = len(story.facts)
    if not isinstance(q.n_facts, Integral) or not 1 <= q.n_facts <= F:
        raise UserError(f"{asked} sees n_facts = {q.n_facts!r} facts of {F}; give 1 to {F}")
    if unseen := [i for i in q.support if not isinstance(i, Integral) or not 0 <= i < q.n_facts]:
        raise UserError(f"{asked} rests on fact {unseen[0]!r}, and sees facts 0 to "
                        f"{q.n_facts - 1}; facts are counted from 0")
    n_words = sum(map(len, story.facts[:q.n_facts]))
    if kind == "tags" and q.answer and len(q.answer) != n_words:
        raise UserError(f"{asked} has {len(q.answer)} tags for {n_words} words; give one a word")


def _encoder(vocabulary, facts):
    """-> forms (filled while encoding; empty without spelling features), encode(tokens) -> ids of
    words or of forms, and the tokens that end a sentence: [the id of <eos>], or []."""
    end = [] if facts == "words" else [END_OF_SENTENCE_ID]
    if not vocabulary.features:
        return {}, vocabulary.encode_text, end
    marker = None                                          # <eos> as a form, which no text contains
    forms = {marker: end} if end else {}
    number = {form: i for i, form in enumerate(forms)}

    def encode(tokens):
        for form in tokens:
            if form not in number:
                number[form] = len(number)
                forms[form] = vocabulary.encode_text([form]) + vocabulary.encode_features(form)
        return [number[form] for form in tokens]
    return forms, encode, [number[marker]] if end else []


def cut_at_questions(stories):
    """Stories -> one story for each n_facts of its questions, with these facts alone: a
    bidirectional network would otherwise read facts that the question may not see."""
    return [replace(story, facts=story.facts[:n],
                    questions=[q for q in story.questions if q.n_facts == n])
            for story in stories for n in sorted({q.n_facts for q in story.questions})]


def only_batch(batch):
    """Raises TypeError where `batch` is no Batch."""
    if not isinstance(batch, Batch):
        raise TypeError(f"a {type(batch).__name__} was given where a Batch is wanted; "
                        "make one: make_batch(stories, vocabulary)")


def check_batch(batch, vocabulary):
    """Raises TypeError where `batch` is no Batch, and ValueError where an array has an index out of
    range or does not fit the others: compiled code checks no bounds."""
    only_batch(batch)
    if not len(batch.story_of):
        raise ValueError("the batch holds no question; make it from stories that ask something")
    for name, fits in _fits(batch, vocabulary):
        if not fits:
            raise ValueError(f"the batch's {name} does not fit: an index is out of range, or the "
                             "batch was made for another network; make it anew: "
                             "make_batch(stories, model.vocabulary, config.facts, config.answer)")


def _fits(batch, vocabulary):
    """Yields (name of an array, whether its values are valid); stop at the first that are not, as
    each check relies on those before it."""
    S, Q = len(batch.tokens), len(batch.question)
    V, N = len(vocabulary.words), len(vocabulary.features)
    for name, rows in (("n_tokens", S), ("fact_end", S), ("n_facts_story", S), ("n_question", Q),
                       ("story_of", Q), ("n_facts", Q), ("answer", Q), ("support", Q)):
        if len(getattr(batch, name)) != rows:
            yield name, False
    forms, n_words = batch.forms, len(batch.forms) or V
    yield "forms", not (len(forms) or N) or (
        bool(len(forms)) == bool(N) and _within(forms[:, :1], V)
        and _least(forms[:, 1:]) >= -1 and _most(forms[:, 1:]) < N)
    yield "tokens", _within(batch.tokens, n_words)
    yield "n_tokens", _within(batch.n_tokens - 1, batch.tokens.shape[1])
    yield "n_facts_story", _within(batch.n_facts_story, batch.fact_end.shape[1] + 1)
    outside = batch.fact_end >= batch.n_tokens[:, None]
    outside |= batch.fact_end < 0
    if outside.any():                                      # padded positions may hold anything
        outside &= np.arange(outside.shape[1]) < batch.n_facts_story[:, None]
    yield "fact_end", not outside.any()
    yield "question", _within(batch.question, n_words)
    yield "n_question", _within(batch.n_question, batch.question.shape[1] + 1)
    yield "story_of", _within(batch.story_of, S)
    n_facts, n_story = batch.n_facts, batch.n_facts_story[batch.story_of]
    yield "n_facts", _least(n_facts) >= 1 and _most(n_facts - n_story) <= 0
    yield "support", _least(batch.support) >= -1 and _most(batch.support - n_facts[:, None]) < 0
    shaped = vocabulary.kind is None or batch.answer.ndim == (1 if vocabulary.kind == "word" else 2)
    yield "answer", (shaped and _least(batch.answer) >= UNSEEN
                     and _most(batch.answer) < len(vocabulary.answers))
    if vocabulary.kind == "tags":                          # one per word, or none
        yield "answer", ((batch.n_answer == batch.n_facts) | (batch.n_answer == 0)).all()


def _least(a):
    return np.minimum.reduce(a, axis=None) if a.size else 0


def _most(a):
    return np.maximum.reduce(a, axis=None) if a.size else -1


def _within(a, below):
    """Whether 0 <= a < below everywhere, in one pass: read as unsigned, a negative is huge."""
    return not a.size or np.maximum.reduce(a.view(f"u{a.itemsize}"), axis=None) < below


def take_stories(batch, stories):
    """The part of a batch about `stories` (indices into S, in any order), padding trimmed -> Batch,
    and the indices of its questions in the old one.

    Raises TypeError where `batch` is no Batch.
    """
    only_batch(batch)
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
    return Batch(cut(batch.tokens, stories, n_tokens), n_tokens,
                 cut(batch.fact_end, stories, n_facts_story), n_facts_story,
                 cut(batch.question, questions, n_question), n_question,
                 number[batch.story_of[questions]], batch.n_facts[questions], answer,
                 batch.support[questions], batch.forms), questions
