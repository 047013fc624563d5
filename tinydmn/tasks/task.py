"""What the program asks of a task set, with the answers that suit questions about stories.

A task set is one module of this folder: a subclass of Task that overrides what is different, and a
line in `tasks/__init__.py`.  `train`, `eval`, `ask`, `table` and the library ask it, and know no
set by name.
"""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, replace
from math import ceil
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

import numpy as np

from ..config import Config
from ..data.babi import split_by_story, typed_questions
from ..data.files import read_stories
from ..data.story import Story, sentence_words
from ..data.text import first_letter
from ..data.vocabulary import Vocabulary
from ..errors import UserError
from ..training.material import Material, batch_of, supervised

MOST_EPOCHS = 1000             # of a run on a file of one's own, however short it is
# the keys that the `about` of every run has: names and digests of runs are made from it
EVERY_RUN = {"task": None, "size": None, "plain": False, "kind": None, "column": None,
             "vectors": None, "phrases": 0.5}


@dataclass(frozen=True)
class Option:
    """One option of `tinydmn train` that belongs to a task set."""

    help: str
    default: object = None
    type: Callable = str       # int, float, str, or a function: text -> value (raises UserError)
    limits: dict = field(default_factory=dict)             # of a number, as Config has them
    choices: tuple | None = None
    flag: bool = False         # given or not, without a value
    metavar: str | None = None
    not_of_files: str = ""     # why it means nothing for a file of one's own, if so
    by_texts: Callable | None = None   # training stories -> its value where it is not given


class Typed(NamedTuple):
    """One question that was typed: its facts, and both as they are read."""

    labels: list[str]          # the facts as typed
    facts: list[list[str]]     # their words
    text: str                  # the question as typed; of a text to classify the text itself
    question: list[str]        # its words


class Paper(NamedTuple):
    """A figure that the paper reports, in %, and where it stands in its table."""

    panel: str
    row: str
    series: str
    value: float
    source: str


class Row(NamedTuple):
    """One run that a table asks for, with one seed."""

    label: str                 # for people
    places: list               # [(panel, row, series, figure)] that its figures fill
    data: str | None           # the folder of its files
    about: dict                # the options of its task set
    settings: dict             # fields of Config that the table sets


class Table(NamedTuple):
    """One of the paper's tables, as far as a task set fills it."""

    title: str
    sets: tuple = ()           # fields of Config that it sets from row to row
    digits: int = 1
    note: str = ""             # a line below it


class Task:
    """A task set.  What stands here suits stories with questions; override the rest.

    `about`, which most methods take, describes a run: a dict that JSON can hold, with "set",
    "data" (a folder or None), "seed", a value of each option, and for a file of one's own "file"
    and "valid" (a file or None).
    """

    name = ""                  # on the command line:  tinydmn train NAME
    learns = "answers about stories"
    one = "story"              # what one of its texts is called
    many = "stories"
    # for people: how `ask` begins; what a file of one's own may hold
    welcome = """Tell a story, one sentence a line; a line that ends in ? is a question.
An empty line begins a new story, Ctrl-D ends.  Words it knows: {words}"""
    formats = """the bAbI format, or JSON Lines:  {"facts": ["Mary sat."], "questions":
[{"question": "Who sat?", "answer": "mary", "support": [0]}]}
supporting facts may be left out; "n_facts": 3 in a question asked after the third fact"""
    generated_texts, published_texts = "generated stories", "published stories"
    asked = "question"         # heads what was asked in a file of answers
    tags = False               # an answer for each word of a sentence
    supports = True            # questions may name their supporting facts
    augments = True            # knows fact dropping and entity permutation
    answer_order = ()          # of a confusion matrix; else alphabetical
    options: dict[str, Option] = {}
    settings: dict = {}        # fields of Config that suit it
    steps = 4000               # that a run on a file of one's own takes at least
    tables: dict[int, Table] = {}      # by their numbers in the paper

    # ---- its texts

    def texts(self, about: dict) -> tuple:
        """-> train, valid, test (each list[Story]; test may be None), and of some sets also
        phrases."""
        return self.splits(about)

    def splits(self, about: dict) -> tuple:
        """(train, valid, test) of the published files in about["data"], or generated."""
        raise NotImplementedError(f"{self.name} has no published and no generated texts")

    def fresh(self, about: dict, n: int, rng, known=()) -> tuple[list[Story], str]:
        """-> n generated stories that are not among `known`, and a name for them.

        Raises UserError where there is no generator.
        """
        raise UserError(f"{self.name} has no generator; give --file FILE or --data DIR")

    def stream(self, about: dict) -> int:
        """A number that keeps its random draws apart from those of other tasks."""
        return crc32(self.name.encode())

    def part(self, about: dict) -> str:
        """Which part of the published files a run is about, in a word."""
        return self.name

    def left_out(self, about: dict) -> str:
        """A remark for a set that holds no question: what its settings leave out."""
        return ""

    # ---- files of one's own

    def read(self, path, about: dict) -> list[Story]:
        """The stories of a file of one's own; those without a question are left out.

        Raises UserError (FILE:LINE: problem; how to fix it).
        """
        return [story for story in read_stories(path) if story.questions]

    def how_read(self, path, about: dict) -> str:
        """In which of its formats `read` reads a file, in words."""
        return "JSON Lines" if first_letter(path) == "{" else "bAbI format"

    def read_asked(self, path, about: dict) -> list[Story]:
        """The stories of a file that `eval` is given, which may lack questions or answers."""
        return read_stories(path)

    def how_asked(self, path, about: dict) -> str | None:
        """How `read_asked` reads a file, in words; None where that goes without saying."""
        return None

    def parts_of_file(self, about: dict) -> tuple[list[Story], list[Story]]:
        """(train, valid) of about["file"]; without about["valid"] every tenth story is held out.

        Raises UserError for a fault in a file, and where there is too little to learn from.
        """
        path, stories = about["file"], self.read(about["file"], about)
        self.check_file(path, stories)
        if about["valid"] is not None:
            return stories, self.read(about["valid"], about)
        if len(stories) < 2:
            more = "stories that ask something" if self.one == "story" else self.many
            raise UserError(f"{path}: one {self.one} alone cannot be split; add {more}, "
                            "or give --valid FILE")
        return split_by_story(stories, 0.1)

    def check_file(self, path, stories: list[Story]):
        """Raises UserError where a file of one's own has nothing to learn from."""

    # ---- its network

    def preset(self, about: dict, given: dict, train=None) -> Config:
        """Config: what suits the task, then `given`.  train: its training stories, where known."""
        n_stories = len(train) if own_texts(about) else None
        return settled(asdict(Config()) | self.settings, given, n_stories, self.steps)

    def material(self, about, given, train, valid, test, phrases=()) -> Material:
        """What a run learns from -> Material.  given: fields of Config."""
        config = self.suited(self.preset(about, given, train), train)
        vocabulary = Vocabulary.build(train, config.answer, features=config.answer == "tags")
        whole = batch_of(train, vocabulary, config)
        return Material(config, vocabulary, train, valid, test, lambda rng: whole)

    def suited(self, config: Config, train: list[Story]) -> Config:
        """The configuration.  Raises UserError where its answers or facts are not those of the
        texts."""
        if (config.answer == "tags") != self.tags:
            why = "tagged sentences ask for tags" if self.tags else f"{self.name} has no tags"
            raise UserError(f"--answer {config.answer}: {why}; leave --answer out")
        if not self.augments and (config.drop_facts or config.permute_entities == "yes"):
            name = "--drop-facts" if config.drop_facts else "--permute-entities"
            raise UserError(f"{name}: only stories can be augmented, not {self.many}; leave it out")
        steps = 1 + max(len(q.answer) for s in train for q in s.questions)         # with <eos>
        if config.answer == "sequence" and steps > config.longest:
            raise UserError(f"--longest is {config.longest}, and training has an answer of {steps} "
                            f"steps with its <eos>; give --longest {steps} or more")
        return config

    # ---- before training

    def run_name(self, about: dict) -> str:
        """What a run is called; its checkpoint is runs/NAME.npz."""
        return self.name

    def remarks(self, train: list[Story]) -> Iterator[str]:
        """Lines about the training stories that are worth reading before the work."""
        if self.supports and not supervised(train):
            yield "no question of training names its supporting facts: the gates are not supervised"

    # ---- questions

    def typed(self, lines, about, vocabulary, problem) -> Iterator[Typed]:
        """Lines as they are typed -> each question, as soon as it can be asked.

        problem(text) is called for what cannot be asked.  Raises UserError where nothing was asked.
        """
        asked = False
        for facts, question in typed_questions(lines, problem):
            words = [sentence_words(fact) for fact in facts]
            yield Typed(facts, words, question, sentence_words(question))
            asked = True
        if not asked:
            raise UserError("no question was asked; end a question's line with ?")

    def asked_text(self, answer) -> str:
        """What was asked, as text.  answer: a ScoredAnswer."""
        return answer.question

    # ---- the paper's tables

    def paper(self, table, panels, rows) -> Iterator[Paper]:
        """The paper's own figures of a table, for the panels and rows that are shown."""
        yield from ()

    def runs(self, table, options) -> Iterator[Row]:
        """The runs that a table needs, for one seed.  options: training.tables.TableOptions."""
        yield from ()


def settled(preset, given, n_stories=None, steps=0):
    """Config of a preset and what is `given`.  A preset runs all its epochs, until the learning
    rate has fallen; a run too short for epochs of the gates alone has none.

    n_stories: of a file of one's own, which is read so often that training takes `steps` steps.
    """
    if n_stories is not None:
        epochs = ceil(steps * given.get("batch", preset["batch"]) / n_stories)
        preset = preset | {"epochs": max(preset["epochs"], min(MOST_EPOCHS, epochs))}
    if given.get("epochs", preset["epochs"]) <= preset["gate_epochs"]:
        preset = preset | {"gate_epochs": 0}
    return Config(**preset | {"patience": preset["epochs"]} | given)


def own_texts(about):
    """Whether the texts of a run are the user's: a file, or stories given to `fit`."""
    return bool(about.get("file") or about.get("given"))


def generated(about):
    """Whether the texts of a run are generated, and in no file."""
    return about["data"] is None and not own_texts(about)


def wide_enough(config, vectors, given):
    """The configuration with D at least the width of the word vectors (words, (N, D)), or None.

    Raises UserError where a smaller D was asked for.
    """
    width = vectors[1].shape[1] if vectors else 0
    if given.get("embedding", width) < width:
        raise UserError(f"--embedding {given['embedding']}: the word vectors have {width} numbers "
                        "each; give more, or leave it out")
    return replace(config, embedding=max(width, config.embedding))


def texts_typed(lines):
    """Lines that hold something.  Raises UserError where there is none."""
    found = False
    for line in lines:
        if line.strip():
            found = True
            yield line.strip()
    if not found:
        raise UserError("nothing was typed; give a text, a line each")


def known_words(vocabulary):
    """Words of the vocabulary, in lower case: what `treebank_words` leaves whole."""
    return frozenset(word.lower() for word in vocabulary.words)


def draws(task, about, seed, *more):
    """The Generator of a task's random draws.  more: numbers for draws of another purpose."""
    return np.random.default_rng([seed, task.stream(about), *more])


def papers_passes(figures, panels, rows):
    """The paper's figures of table 4.  figures: {panel: {number of passes: in %}} -> Paper each."""
    for panel in panels:
        for n, figure in figures.get(panel, {}).items():
            if passes_text(n) in rows:
                yield Paper(panel, passes_text(n), "paper", figure, "Kumar et al. 2016")


def passes_text(n):
    """A row of the paper's tables: "1 pass", "2 passes"."""
    return f"{n} pass{'es' * (n != 1)}"


def name_of_file(path):
    """What a run on that file is called: stories of my_stories.txt.gz are babi-my_stories."""
    name = Path(path).name
    return Path(name.removesuffix(".gz")).stem or name


VECTORS = Option("initial word vectors: a GloVe text file, or glove for the installed package "
                 "(default: random)",
                 metavar="FILE")
