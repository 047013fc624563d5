"""What a run learns from: stories as batches, their vocabulary, and settings that suit them."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256

import numpy as np

from ..config import Config
from ..data.batch import NONE, Batch, cut_at_questions, make_batch
from ..data.glove import packaged_glove, read_glove
from ..data.entities import NONE_FOUND, Classes
from ..data.vocabulary import Vocabulary
from ..losses import right_answers
from ..model import DMN
from .evaluate import outputs

# words of a file of vectors, its most frequent ones, known besides those of the training text
FREQUENT = 20_000


@dataclass(frozen=True)
class Material:
    """Everything a run needs.  epoch(rng) gives the training batch of one epoch."""

    config: Config
    vocabulary: Vocabulary
    train: list                # list[Story], as they stand in the files
    valid: list
    test: list | None
    epoch: Callable[[np.random.Generator], Batch]
    vectors: tuple | None = None               # words, (N, D) float32: initial word vectors
    phrases: list = field(default_factory=list)        # labelled phrases, besides the sentences
    names: Classes = NONE_FOUND                # entity permutation: classes of names

    def batch(self, stories):
        """list[Story] -> Batch for this run's network."""
        return batch_of(stories, self.vocabulary, self.config)

    @property
    def digest(self):
        """16 letters that tell these texts from others: all that is trained on and validated with,
        wherever it lies."""
        return digest(self.train, self.phrases, self.valid)

    def network(self, backend="numba", seed=0):
        """-> an untrained DMN with the word vectors; how many of its words have none and start at
        random (None without vectors)."""
        model = DMN(self.config, self.vocabulary, backend, seed)
        if self.vectors is None:
            return model, None
        words, values = self.vectors
        ids = np.array([self.vocabulary.word_id.get(w, -1) for w in words])
        L, width = model.ops.to_host(model.params["embedding.L"]), values.shape[1]
        L[ids[ids >= 0], :width] = values[ids >= 0]
        L[ids[ids >= 0], width:] = 0.0         # a wider L leaves room for what training adds
        model.params["embedding.L"] = L
        return model, len(self.vocabulary.words) - int(np.sum(ids >= 0))


def supervised(stories):
    """Whether any question of `stories` names its supporting facts, so gates can be supervised."""
    return any(len(q.support) for story in stories for q in story.questions)


def digest(*parts):
    """16 letters that tell lists of stories from others, and where a part ends and the next
    starts."""
    out = sha256()
    for part in parts:
        out.update(f"{len(part)} stories".encode())
        for story in part:
            questions = [(q.tokens, q.answer, q.n_facts, [int(i) for i in q.support])
                         for q in story.questions]
            out.update(json.dumps([story.facts, questions]).encode())
    return out.hexdigest()[:16]


def batch_of(stories, vocabulary, config):
    """list[Story] -> Batch for a network of this configuration."""
    if config.bidirectional == "yes":
        stories = cut_at_questions(stories)
    return make_batch(stories, vocabulary, config.facts, config.answer)


def word_vectors(source, stories):
    """Vectors of the words of `stories` (in lower case) and of the FREQUENT first ones of the file.

    source: a file, "glove" (the installed package) or None.  -> words, (N, D); None for None.
    """
    if source is None:
        return None
    wanted = {w.lower() for s in stories for fact in s.facts for w in fact}
    if source == "glove":
        return packaged_glove(wanted, FREQUENT)
    return read_glove(source, wanted, FREQUENT)


def unknown_words(batch, stories, train):
    """Which words of a batch of tagged `stories` are not in the stories `train`, as they are
    written -> bool, shape of batch.answer."""
    seen = {w for s in train for fact in s.facts for w in fact}
    out = np.zeros(batch.answer.shape, bool)
    for row, story in zip(out, stories):
        words = [w not in seen for fact in story.facts for w in fact]
        row[:len(words)] = words
    return out & (batch.answer != NONE)


def share_of(words, model, batch, thetas=None):
    """The share of right tags among some `words` (bool, shape of batch.answer)."""
    right, first = 0, 0
    for part, out in outputs(model, batch, thetas=thetas):
        Q, T = part.answer.shape
        tags = right_answers(out.answers, part, "tags") & words[first:first + Q, :T]
        right += int(np.sum(tags))
        first += Q
    return right / max(1, int(words.sum()))
