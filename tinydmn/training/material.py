"""What a run learns from: the stories of one of the three task sets as batches, their vocabulary, and settings that suit them.

A run is told by `about`, a dict that JSON can hold; from it and the settings given by hand everything is made again, so a run can be
resumed and a table can be asked for twice.
"""

import json
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Callable

import numpy as np

from ..data.augmentation import drop_facts, ordinal_questions, permute_entities, self_contained_facts
from ..data.batch import NONE, Batch, cut_at_questions, make_batch, take_stories
from ..data.entities import NONE_FOUND, Classes, find_classes
from ..data.files import parts_of_file
from ..data.glove import packaged_glove, read_glove
from ..data.grammar.sentiment import sentiment_texts
from ..data.grammar.tags import tagged_texts
from ..data.sources import babi_stories, size_of
from ..data.sst import load_sst, phrase_stories, sentiment_stories
from ..data.tagged import load_tagged
from ..data.vocabulary import Vocabulary
from ..errors import UserError
from ..losses import right_answers
from ..model import DMN
from .evaluate import outputs
from .presets import babi_config, pos_config, sst_config

SETS = ("babi", "sst", "pos")
FREQUENT = 20_000              # words of a file of vectors, its most frequent ones, that are known besides those of the training text
SIZES = {"sst": (3000, 500), "pos": (2000, 400)}           # texts of our own grammars, for training and for validation


@dataclass(frozen=True)
class Material:
    """Everything a run needs.  epoch(rng) gives the training batch of one epoch."""

    config: object
    vocabulary: Vocabulary
    train: list                # list[Story], as they stand in the files
    valid: list
    test: list | None
    epoch: Callable[[np.random.Generator], Batch]
    vectors: tuple | None = None               # words, (N, D) float32: word vectors to begin with
    phrases: list = field(default_factory=list)            # sentiment: labelled phrases, trained on besides the sentences
    names: Classes = NONE_FOUND                            # stories with other names: whose change places, and whose do not

    def batch(self, stories):
        """list[Story] -> Batch for this run's network."""
        return batch_of(stories, self.vocabulary, self.config)

    @property
    def digest(self):
        """16 letters that tell these texts from others: all that is trained on and validated, wherever it lies."""
        return digest(self.train, self.phrases, self.valid)

    def network(self, backend="numba", seed=0):
        """-> a fresh DMN that begins with the word vectors, how many of its words have none and begin at random (None without vectors)."""
        model = DMN(self.config, self.vocabulary, backend, seed)
        if self.vectors is None:
            return model, None
        words, values = self.vectors
        ids = np.array([self.vocabulary.word_id.get(w, -1) for w in words])
        L, width = model.params["embedding.L"], values.shape[1]
        L[ids[ids >= 0], :width] = values[ids >= 0]
        L[ids[ids >= 0], width:] = 0.0                     # a wider L leaves room for what training and spelling say of a word
        return model, len(self.vocabulary.words) - int(np.sum(ids >= 0))


def generated(about):
    """Whether the texts of a run are our own, and in no file."""
    return about["data"] is None and not about.get("file")


def supervised(stories):
    """Whether a question of `stories` names the facts that it rests on: then there is something that the gates can be told."""
    return any(len(q.support) for story in stories for q in story.questions)


def _n_of_file(about, train):
    """How many texts a file of one's own gives to learn from; None where they are of another source."""
    return len(train) if about.get("file") else None


def digest(*parts):
    """16 letters that tell lists of stories from others, and where one part ends and the next begins."""
    out = sha256()
    for part in parts:
        out.update(f"{len(part)} stories".encode())
        for story in part:
            out.update(json.dumps([story.facts, [(q.tokens, q.answer, q.n_facts, [int(i) for i in q.support]) for q in story.questions]]).encode())
    return out.hexdigest()[:16]


def batch_of(stories, vocabulary, config):
    """list[Story] -> Batch for a network of this configuration."""
    return make_batch(cut_at_questions(stories) if config.bidirectional == "yes" else stories, vocabulary, config.facts, config.answer)


def gather(about, **given):
    """about: {"set": one of SETS, "data": folder or None, "seed": int, and babi: "task", "size", "plain"; sst: "kind", "phrases"; pos: "column"; sst
    and pos: "vectors": a file, "glove" (the installed package) or None}; of a run on a file of one's own also "file" and "valid" (a file or None);
    given: fields of Config -> Material.  Raises UserError for what is missing."""
    train, valid, test, *more = texts_of(about)
    return {"babi": _babi, "sst": _sst, "pos": _pos}[about["set"]](about, given, train, valid, test, *more)


def texts_of(about):
    """about: as in `gather` -> its training, validation and test stories (test may be None), and of published trees their phrases.

    Raises UserError for what is missing, and where nothing is left to learn from or to validate with.
    """
    if about.get("file"):
        return *parts_of_file(about["set"], about["file"], about["valid"], about["column"]), None, *[[]] * (about["set"] == "sst")
    found = {"babi": _babi_texts, "sst": _sst_texts, "pos": _pos_texts}[about["set"]](about)
    for stories, part in zip(found, ("training", "validation")):
        if not stories:
            neutral = " (neutral ones are left out: --kind fine keeps them)" if about["kind"] == "binary" else ""
            raise UserError(f"{about['data'] or 'our own texts'}: its {part} part has no question left to ask{neutral}; give more texts")
    return found


def _suits(config, task_set, train):
    """The configuration.  Raises UserError where its kind of answer or of facts is not what the texts of a set have."""
    if (config.answer == "tags") != (task_set == "pos"):
        raise UserError(f"--answer {config.answer}: {'tagged sentences ask for tags' if task_set == 'pos' else 'only pos has tags'}; leave --answer out")
    if config.facts == "words" and task_set == "babi":
        raise UserError("--facts words is for texts of one sentence; a story has sentences, both (its words as well), or leave it out")
    if task_set != "babi" and (config.drop_facts or config.permute_entities == "yes"):
        raise UserError(f"--{'shorten' if config.drop_facts else 'rename'}: only stories are told again, not {'sentences' if task_set == 'pos' else 'texts'}; leave it out")
    steps = 1 + max(len(q.answer) for story in train for q in story.questions)             # its words and <eos>
    if config.answer == "sequence" and steps > config.longest:
        raise UserError(f"--longest is {config.longest}, and training has an answer of {steps} steps with its <eos>; give --longest {steps} or more")
    return config


def _babi_texts(about):
    return babi_stories(about["task"], about["data"], about["size"], about["seed"])


def _babi(about, given, train, valid, test):
    told = not about.get("file") or supervised(train)
    config = _suits(babi_config(about["task"], about["size"] or size_of(train), about["plain"], _n_of_file(about, train), told, **given), "babi", train)
    vocabulary = Vocabulary.build(train, config.answer)
    whole = batch_of(train, vocabulary, config)
    if config.permute_entities == "no" and not config.drop_facts:
        return Material(config, vocabulary, train, valid, test, lambda rng: whole)
    names = find_classes(train) if config.permute_entities == "yes" else NONE_FOUND
    alone, counts = (self_contained_facts(train), ordinal_questions(train)) if config.drop_facts else (None, None)
    known = set(vocabulary.answers)

    def retold(story, rng):
        if config.drop_facts:
            story = drop_facts(story, config.drop_facts, rng, alone, counts)
        new = permute_entities(story, names.taken, rng)
        # a list of several names, taken as one class, has a class only in the orders that were seen: else the story keeps its names
        return new if config.answer != "word" or all(",".join(q.answer) in known for q in new.questions) else story
    return Material(config, vocabulary, train, valid, test, lambda rng: batch_of([retold(story, rng) for story in train], vocabulary, config), names=names)


def _sst_texts(about):
    kind, rng = about["kind"], np.random.default_rng([about["seed"], 2])
    if about["data"] is None:
        n_train, n_valid = SIZES["sst"]
        texts = sentiment_texts(n_train + n_valid, rng, kind)
        return texts[:n_train], texts[n_train:], None, []
    trees = load_sst(about["data"], rng)
    train, valid, test = (part and sentiment_stories(part, kind) for part in trees)
    return train, valid, test, phrase_stories(trees[0], kind)


def _sst(about, given, train, valid, test, phrases):
    vectors = word_vectors(about["vectors"], train + valid + (test or []))
    config = _wide_enough(_suits(sst_config(generated(about), _n_of_file(about, train), **given), "sst", train), vectors, given)
    vocabulary = Vocabulary.build(train + phrases, config.answer, more_words=vectors[0] if vectors else ())
    whole = batch_of(train + phrases, vocabulary, config)

    def epoch(rng):
        """All full sentences and a fresh sample of the phrases (section 4.2)."""
        chosen = len(train) + np.flatnonzero(rng.random(len(phrases)) < about["phrases"])
        return take_stories(whole, np.concatenate([np.arange(len(train)), chosen]))[0] if phrases else whole
    return Material(config, vocabulary, train, valid, test, epoch, vectors, phrases)


def _pos_texts(about):
    rng = np.random.default_rng([about["seed"], 3])
    if about["data"] is None:
        n_train, n_valid = SIZES["pos"]
        texts = tagged_texts(n_train + n_valid, rng)
        return texts[:n_train], texts[n_train:], None
    return load_tagged(about["data"], about["column"], rng)


def _pos(about, given, train, valid, test):
    vectors = word_vectors(about["vectors"], train + valid + (test or []))
    config = _wide_enough(_suits(pos_config(generated(about), _n_of_file(about, train), **given), "pos", train), vectors, given)
    vocabulary = Vocabulary.build(train, "tags", features=True, more_words=vectors[0] if vectors else ())
    whole = batch_of(train, vocabulary, config)
    return Material(config, vocabulary, train, valid, test, lambda rng: whole, vectors)


def word_vectors(source, stories):
    """Vectors of the words of `stories` (in lower case) and of the FREQUENT first ones of the file -> words, (N, D); None for source None."""
    if source is None:
        return None
    wanted = {w.lower() for s in stories for fact in s.facts for w in fact}
    return packaged_glove(wanted, FREQUENT) if source == "glove" else read_glove(source, wanted, FREQUENT)


def _wide_enough(config, vectors, given):
    """The configuration with D no less than the vectors have numbers.  Raises UserError where a smaller one was asked for."""
    width = vectors[1].shape[1] if vectors else 0
    if given.get("embedding", width) < width:
        raise UserError(f"--embedding {given['embedding']}: the word vectors have {width} numbers each; give more, or leave it out")
    return replace(config, embedding=max(width, config.embedding))


def unknown_words(batch, stories, train):
    """Which words of a batch of tagged `stories` stand nowhere in the stories `train`, as they are written -> bool, shape of batch.answer."""
    seen = {w for s in train for fact in s.facts for w in fact}
    out = np.zeros(batch.answer.shape, bool)
    for row, story in zip(out, stories):
        words = [w not in seen for fact in story.facts for w in fact]
        row[:len(words)] = words
    return out & (batch.answer != NONE)


def share_of(words, model, batch, thetas=None):
    """Which share of the tags of some `words` (bool, shape of batch.answer) is right."""
    right, first = 0, 0
    for part, out in outputs(model, batch, thetas=thetas):
        Q, T = part.answer.shape
        right += int(np.sum(right_answers(out.answers, part, "tags") & words[first:first + Q, :T]))
        first += Q
    return right / max(1, int(words.sum()))


def about_run(task_set, data, seed, **more):
    """The `about` of a run, with every key that `gather` asks for."""
    data = str(Path(data).resolve()) if data else None
    if more.get("vectors") not in (None, "glove"):
        more["vectors"] = str(Path(more["vectors"]).resolve())
    if more.get("file"):                                   # other runs have neither key
        more |= {name: more.get(name) and str(Path(more[name]).resolve()) for name in ("file", "valid")} | {"task": None}
        name = f"{task_set}-{name_of_file(more['file'])}"
    else:
        name = {"babi": lambda: f"babi-{more['task']}", "sst": lambda: f"sst-{more['kind']}", "pos": lambda: "pos"}[task_set]()
    every = {"task": None, "size": None, "plain": False, "kind": None, "column": None, "vectors": None, "phrases": 0.5}
    return {"set": task_set, "name": name, "data": data, "seed": seed} | every | more


def name_of_file(path):
    """What a run on that file is called: stories of my_stories.txt.gz are babi-my_stories."""
    name = Path(path).name
    return Path(name.removesuffix(".gz")).stem or name
