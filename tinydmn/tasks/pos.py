"""Tagging (section 2.4): a tag for each word; published and generated sentences, or one's own."""

import os

from ..data.grammar.tags import tagged_texts
from ..data.tag_formats import COLUMN_NAMES, how_tagged
from ..data.tagged import Sentence, load_tagged, read_mrg_folder, read_tagged, tagged_stories
from ..data.text import treebank_words
from ..data.vocabulary import Vocabulary
from ..errors import UserError
from ..training.material import Material, batch_of, word_vectors
from .task import (VECTORS, Option, Paper, Row, Table, Task, Typed, draws, generated, known_words,
                   own_texts, settled, texts_typed, wide_enough)

# a memory for each word
SENTENCES = {"answer": "tags", "facts": "words", "episode": "gated", "bidirectional": "yes",
             "passes": 1, "hidden": 120, "embedding": 120, "batch": 16, "dropout": 0.5, "l2": 0.0,
             "epochs": 12, "final_rate": 0.05, "alpha": 0.0, "gate_epochs": 0}
GENERATED = {"hidden": 40, "embedding": 30, "dropout": 0.1, "epochs": 6}
STEPS = 1000                   # that a run on a file of one's own takes at least
SIZES = 2000, 400              # generated sentences, for training and for validation

TAGGING = {                    # the paper's table 3, WSJ test, in %: all words, source
    "SVMTool": (97.15, "Giménez and Màrquez 2004"),
    "Søgaard": (97.27, "Søgaard"),
    "Suzuki et al.": (97.40, "Suzuki et al."),
    "Spoustová et al.": (97.44, "Spoustová et al."),
    "SCNN": (97.50, "Søgaard 2011"),
    "DMN, single (dev)": (97.5, "Kumar et al. 2016"),
    "DMN, ensemble of 4": (97.56, "Kumar et al. 2016")}


def pos_config(own=False, n_texts=None, **given):
    """Config for tagging, with the fields in `given`.  own: generated texts.

    n_texts: sentences of a file of one's own.  300 of UD English EWT give 84.7 % of its development
    words with the 60 epochs that STEPS asks for, 80.0 % with 12, 85.1 % with 200.
    """
    return settled(SENTENCES | (GENERATED if own else {}), given, n_texts, STEPS)


def column(text):
    """The name of tags, or a column's number.  Raises UserError for anything else."""
    if text in COLUMN_NAMES or text.isdecimal():
        return text
    raise UserError(f"{text} is unknown; give {', '.join(COLUMN_NAMES)}, or a number")


class Pos(Task):
    """Tagged sentences: columns, CoNLL-U, word/TAG, the Penn Treebank."""

    name = "pos"
    learns = "tags"
    one, many = "sentence", "sentences"
    welcome = ("Type a sentence, one a line; Ctrl-D ends.  Punctuation becomes words of its own, "
               "as in a treebank.")
    formats = """word and tag in columns, word/TAG, CoNLL-2000, -2003, CoNLL-U, Penn Treebank trees
(or a folder of such files, wsj_NNNN.mrg)"""
    generated_texts, published_texts = "texts of our own grammar", "tagged sentences given"
    asked = "word"
    tags = True
    supports = augments = False
    options = {
        "column": Option(f"which tags, where a format has several: {', '.join(COLUMN_NAMES)}, or "
                         "the number of a column (default xpos, which is pos in CoNLL-2000 and "
                         "-2003)", "xpos", column, metavar="NAME"),
        "vectors": VECTORS,
    }
    tables = {3: Table("tagging, words right", digits=2)}

    def splits(self, about):
        rng = draws(self, about, about["seed"])
        if about["data"] is not None:
            return load_tagged(about["data"], about["column"], rng)
        n_train, n_valid = SIZES
        texts = tagged_texts(n_train + n_valid, rng)
        return texts[:n_train], texts[n_train:], None

    def fresh(self, about, n, rng, known=()):
        return tagged_texts(n, rng, known), "generated sentences"

    def stream(self, about):
        return 3

    def part(self, about):
        return about["column"]

    def read(self, path, about):
        return tagged_stories(read_tagged(path, about["column"]))

    def how_read(self, path, about):
        if os.path.isdir(path):
            return f"{len(read_mrg_folder(path))} trees of a folder"
        return how_tagged(path, about["column"])

    read_asked, how_asked = read, how_read

    def preset(self, about, given, train=None):
        return pos_config(generated(about), len(train) if own_texts(about) else None, **given)

    def material(self, about, given, train, valid, test, phrases=()):
        vectors = word_vectors(about["vectors"], train + valid + (test or []))
        config = self.suited(self.preset(about, given, train), train)
        config = wide_enough(config, vectors, given)
        vocabulary = Vocabulary.build(train, "tags", features=True,
                                      more_words=vectors[0] if vectors else ())
        whole = batch_of(train, vocabulary, config)
        return Material(config, vocabulary, train, valid, test, lambda rng: whole, vectors)

    def typed(self, lines, about, vocabulary, problem):
        known = known_words(vocabulary)
        for text in texts_typed(lines):
            words = treebank_words(text, known)
            story, = tagged_stories([Sentence([(word, "?") for word in words], "")])
            yield Typed([text], story.facts, text, story.questions[0].tokens)

    # ---- table 3; the paper has no figure for unknown words

    def paper(self, table, panels, rows):
        for row, (figure, source) in TAGGING.items():
            yield Paper("all words", row, "paper", figure, source)

    def runs(self, table, options):
        keep = min(options.given.get("ensemble", 4), options.given.get("epochs", 4))
        rows = [("ours, single model", "")]
        if keep > 1:
            rows.append((f"ours, ensemble of {keep}", "ensemble_"))
        places = [(panel, row, "ours", prefix + figure) for row, prefix in rows
                  for panel, figure in (("all words", "accuracy"), ("unknown words", "unknown"))]
        yield Row(f"pos keep-{keep}", places, options.data,
                  {"column": options.column, "vectors": options.vectors}, {"ensemble": keep})
