"""Sentiment (section 4.2): the Stanford Sentiment Treebank, and texts with labels of one's own."""

import re

import numpy as np

from ..data.batch import take_stories
from ..data.grammar.sentiment import sentiment_texts
from ..data.labelled import how_labelled, read_labelled
from ..data.sst import (ANSWERS, load_sst, phrase_stories, read_sst, sentiment_question,
                        sentiment_stories)
from ..data.text import first_letter, read_text, treebank_words
from ..data.vocabulary import END_OF_SENTENCE, Vocabulary
from ..errors import UserError
from ..training.material import Material, batch_of, word_vectors
from .task import (VECTORS, Option, Paper, Row, Table, Task, Typed, draws, generated, known_words,
                   own_texts, papers_passes, passes_text, settled, texts_typed, wide_enough)

# one sentence, a fact at every word
TREEBANK = {"facts": "words", "episode": "gated", "bidirectional": "yes", "passes": 2, "hidden": 80,
            "embedding": 50, "batch": 64, "dropout": 0.4, "l2": 1e-5, "epochs": 6,
            "final_rate": 0.05, "learning_rate": 1e-3, "alpha": 0.0, "gate_epochs": 0}
GENERATED = {"dropout": 0.1, "batch": 16, "epochs": 12}
STEPS = 600                    # that a run on a file of one's own takes at least
SIZES = 3000, 500              # generated texts, for training and for validation

# how a tree begins:  (3 (2 It)   or  (4 fun)
TREE = re.compile(r"\(\s*[0-9]+\s*(\(|[^()\s]+\s*\)\s*$)", re.M)

SENTIMENT = {                  # the paper's table 2, test, in %: binary, fine, source
    "MV-RNN": (82.9, 44.4, "Socher et al. 2013"),
    "RNTN": (85.4, 45.7, "Socher et al. 2013"),
    "DCNN": (86.8, 48.5, "Kalchbrenner et al. 2014"),
    "PVec": (87.8, 48.7, "Le and Mikolov 2014"),
    "CNN-MC": (88.1, 47.4, "Kim 2014"),
    "DRNN": (86.6, 49.8, "Irsoy and Cardie 2015"),
    "CT-LSTM": (88.0, 51.0, "Tai et al. 2015"),
    "DMN": (88.6, 52.1, "Kumar et al. 2016")}
PASSES = {"SST fine": {0: 50.0, 1: 51.5, 2: 52.1, 3: 50.1}}            # table 4


def sst_config(own=False, n_texts=None, **given):
    """Config for sentiment, with the fields in `given`.  own: generated texts.

    n_texts: of a file of one's own, without the phrases of trees: smaller batches (of the
    treebank's sentences, binary, 1,000 give 68.8 % on its development set, 61.9 % with batches of
    64; 6,920 give 80.3 %).
    """
    preset = TREEBANK | (GENERATED if own else {}) | ({"batch": 16} if n_texts else {})
    return settled(preset, given, n_texts, STEPS)


class Sst(Task):
    """The Stanford Sentiment Treebank (Socher et al. 2013), and texts with labels."""

    name = "sst"
    learns = "sentiment"
    one, many = "text", "texts"
    welcome = ("Type a text, one a line; Ctrl-D ends.  Punctuation becomes words of its own, "
               "as in the treebank.")
    formats = """a table of texts and labels with , ; or tabs, or JSON Lines:
{"text": "A warm film", "label": "good"}"""
    generated_texts, published_texts = "texts of our own grammar", "published trees"
    asked = "text"
    supports = augments = False
    answer_order = ANSWERS["fine"]
    options = {
        "kind": Option("five classes or two (default fine)", "fine", choices=("fine", "binary"),
                       not_of_files="its labels are its classes"),
        "phrases": Option("share of the phrases that an epoch sees (default 0.5)", 0.5, float,
                          {"least": 0.0, "most": 1.0}, metavar="SHARE",
                          not_of_files="only trees have phrases"),
        "vectors": VECTORS,
    }
    tables = {2: Table("sentiment, sentences right", ("passes",)),
              4: Table("passes and answers right", ("passes",),
                       note="SST with 5 passes: not in the paper")}

    def texts(self, about):
        if about["data"] is None:
            return *self.splits(about), []
        trees = self._trees(about)
        return *_sentences(trees, about["kind"]), phrase_stories(trees[0], about["kind"])

    def splits(self, about):
        if about["data"] is not None:
            return _sentences(self._trees(about), about["kind"])
        n_train, n_valid = SIZES
        texts = sentiment_texts(n_train + n_valid, draws(self, about, about["seed"]), about["kind"])
        return texts[:n_train], texts[n_train:], None

    def _trees(self, about):
        return load_sst(about["data"], draws(self, about, about["seed"]))

    def fresh(self, about, n, rng, known=()):
        return sentiment_texts(n, rng, about["kind"], known), f"generated, {about['kind']}"

    def stream(self, about):
        return 2

    def part(self, about):
        return about["kind"]

    def left_out(self, about):
        binary = about["kind"] == "binary" and not own_texts(about)
        return " (neutral ones are left out: --kind fine keeps them)" * binary

    def read(self, path, about):
        if first_letter(path) == "(" and TREE.match(read_text(path, "texts and labels").lstrip()):
            raise UserError(f"{path}: holds a treebank's trees; give the folder with its train.txt "
                            "and dev.txt as --data")
        return read_labelled(path)

    def how_read(self, path, about):
        return how_labelled(path)

    def read_asked(self, path, about):
        if _holds_trees(path, about):
            return sentiment_stories(read_sst(path), about["kind"])
        return self.read(path, about)

    def how_asked(self, path, about):
        return None if _holds_trees(path, about) else self.how_read(path, about)

    def check_file(self, path, stories):
        labels = {q.answer[0] for story in stories for q in story.questions}
        if len(labels) < 2:
            raise UserError(f"{path}: all its texts have the label {labels.pop()}; "
                            "give texts with two labels at least")

    def run_name(self, about):
        return f"sst-{about['kind']}"

    def preset(self, about, given, train=None):
        return sst_config(generated(about), len(train) if own_texts(about) else None, **given)

    def material(self, about, given, train, valid, test, phrases=()):
        vectors = word_vectors(about["vectors"], train + valid + (test or []))
        config = self.suited(self.preset(about, given, train), train)
        config = wide_enough(config, vectors, given)
        every = [*train, *phrases]
        vocabulary = Vocabulary.build(every, config.answer,
                                      more_words=vectors[0] if vectors else ())
        whole = batch_of(every, vocabulary, config)

        def epoch(rng):
            """All full sentences and a fresh sample of the phrases (section 4.2)."""
            chosen = len(train) + np.flatnonzero(rng.random(len(phrases)) < about["phrases"])
            epoch = np.concatenate([np.arange(len(train)), chosen])
            return take_stories(whole, epoch)[0] if phrases else whole
        return Material(config, vocabulary, train, valid, test, epoch, vectors, phrases)

    def typed(self, lines, about, vocabulary, problem):
        question = sentiment_question(0, about["kind"]).tokens
        # a file of one's own was read as this text is: without knowing any word
        known = frozenset() if own_texts(about) else known_words(vocabulary)
        for text in texts_typed(lines):
            words = [word.lower() for word in treebank_words(text, known)]
            yield Typed([text], [words], text, question)

    def asked_text(self, answer):
        """A text to classify is its own question."""
        return " ".join(word for word in answer.facts if word != END_OF_SENTENCE)

    # ---- tables 2 and 4

    def paper(self, table, panels, rows):
        if table == 2:
            for row, (*both, source) in SENTIMENT.items():
                for panel, figure in zip(("binary", "fine"), both):
                    yield Paper(panel, row, "paper", figure, source)
        else:
            yield from papers_passes(PASSES, panels, rows)

    def runs(self, table, options):
        if table == 2:
            for kind in ("binary", "fine"):
                for passes in (1, 2):
                    row = f"ours, {passes_text(passes)}"
                    yield self._row(kind, options.data, options, (kind, row), passes)
        elif options.sst or not options.data:
            for passes in (0, 1, 2) if options.quick else (0, 1, 2, 3):
                place = "SST fine", passes_text(passes)
                yield self._row("fine", options.sst, options, place, passes)

    def _row(self, kind, data, options, place, passes):
        return Row(f"sst-{kind} {passes_text(passes).replace(' ', '-')}",
                   [(*place, "ours", "accuracy")], data,
                   {"kind": kind, "vectors": options.vectors}, {"passes": passes})


def _sentences(trees, kind):
    """(train, valid, test) as trees, test may be None -> the same as list[Story] each."""
    return [part and sentiment_stories(part, kind) for part in trees]


def _holds_trees(path, about):
    """Whether `eval` reads a file as trees: of a run on trees, whatever begins like one, and what
    cannot be looked at twice."""
    return not own_texts(about) and first_letter(path) in ("(", "")
