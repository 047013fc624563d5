"""The answer to one question: what the network predicts, how probable it is, and its attention.

`ask` is what `DMN.ask` calls.  `ranked`, `ranked_tags`, `attention` and `position_labels` read an
Output; whatever shows an answer (`ask`, the command line, predictions in a file) shares them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from numbers import Integral
from os import PathLike
from typing import TYPE_CHECKING

import numpy as np

from .data.babi import typed_questions
from .data.batch import make_batch
from .data.story import Question, Story, sentence_words
from .data.vocabulary import END_OF_SENTENCE
from .errors import UserError, check_picture
from .ops.episode_numpy import softmax
from .parts import answer_of
from .terminal import answer_text, shown, wrap

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from .model import DMN

RANKED = 4                     # the answer and the runners-up
# between two sentences; after the full stop of Chinese or Hindi no blank is needed
STOP = re.compile(r"(?<=[.!?])\s+|(?<=[\u3002\uff01\uff1f\u0964\u061f])\s*")


@dataclass(frozen=True, eq=False, repr=False)
class Answer:
    """The answer to one question, with the attention of every pass over the F positions of a story.

    print(answer) shows it as plain text; in a terminal that has colour the interpreter shows it in
    colour (NO_COLOR forbids that), a notebook as a picture; `plot` draws and saves the picture.
    """

    question: str                          # as it was typed, or its words
    answer: str                            # a decoded answer: its words joined by commas
    probability: float                     # of `answer`, 0 to 1; decoded: of all its words together
    others: list[tuple[str, float]]        # the runners-up, the likeliest first; decoded: none
    facts: list[str]                       # F labels, one a position: sentences, or words
    attention: np.ndarray                  # (passes made, F + 1) in [0, 1]; last: end-of-passes
    support: tuple[int, ...] = ()          # supporting facts, indices into `facts`, where known
    unknown_words: list[str] = field(default_factory=list)     # not in the vocabulary

    def text(self, width: int = 80, colour: bool | None = None) -> str:
        """The answer as text: question, answer, runners-up, and attention, a line a fact.

        width: columns (at least 12).  colour: True, False, or None for a terminal with colour
        (`terminal.use_colour`).  Raises ValueError where the width is too small.
        """
        body = answer_text(self.question, [(self.answer, self.probability), *self.others],
                           self.facts, self.attention, self.support, width, colour)
        unknown = ", ".join(map(shown, self.unknown_words))
        note = wrap(f"never seen in training, read as unknown: {unknown}", width) if unknown else []
        return "\n".join([*note, body])

    def __str__(self):
        return self.text(colour=False)

    def __repr__(self):
        return self.text()

    def plot(self, path: str | PathLike | None = None) -> Figure:
        """Draw the attention as in the paper's table 5 -> the Matplotlib figure.

        path: also save it there; its ending (.png, .svg, .pdf) chooses the format.  Raises
        UserError where the network made no pass, and where the picture cannot be written.
        """
        if not len(self.attention):
            raise UserError("a network of zero passes has no attention; there is nothing to plot")
        if path is not None:
            check_picture(path)
        from .plots.attention import attention_figure      # loads Matplotlib
        from .plots.drawing import save
        panel = ("", self.attention, f"{self.answer}  (probability {self.probability:.3f})")
        with attention_figure(self.facts, [panel], self.question, support=self.support) as figure:
            if path is not None:
                save(figure, path)
        return figure

    def _repr_png_(self):
        """For a notebook; None, which leaves the text, where there is no attention to draw."""
        drawable = len(self.attention) and np.isfinite(self.attention).all()
        return self.plot()._repr_png_() if drawable else None


def ask(model: DMN, story: str | Sequence | Story,
        question: str | Sequence[str] | Question) -> Answer:
    """Ask a network one question about a story -> Answer.

    story: one text, its sentences on lines of their own, or on one line between full stops (a known
    word such as "dr." ends none); a list of sentences; a list of lists of words; or a Story.
    Sentences are read as those of a bAbI file: their case, their end mark and running line numbers
    do not count, and questions among them are left out.  Where every word is a fact
    (Config.facts "words"), the text is one sentence whatever its stops.
    question: a sentence, a list of words, or a Question, which sees its first n_facts facts of a
    Story or list.  Words that are not in the vocabulary are read as unknown, and named.

    Raises UserError (one line) for what cannot be asked: a story without facts, a fact or a
    question without words, another type; and for a network that tags words.
    """
    config, vocabulary = model.config, model.vocabulary
    if answer_of(config).PER_WORD:
        raise UserError("this network tags the words of a sentence and answers no question; "
                        "use forward")
    facts, labels = _facts(story, vocabulary, config.facts)
    question, typed = _question(question, len(facts))
    seen = question.n_facts if isinstance(question.n_facts, Integral) else None
    facts, labels = facts[:seen], labels and labels[:seen]
    batch = make_batch([Story(facts, [question])], vocabulary, config.facts, config.answer)
    out = model.forward(batch)
    (answer, probability), *others = ranked(vocabulary, out, 0)
    support = tuple(int(i) for i in batch.support[0] if i >= 0)
    words = [word for text in (*facts, question.tokens) for word in text]
    return Answer(typed, answer, probability, others, position_labels(facts, config.facts, labels),
                  attention(out, 0, batch.n_facts[0]), support, vocabulary.unknown(words))


def _facts(story, vocabulary, kind):
    """What was given as a story -> facts as lists of words, and as typed (None: not typed)."""
    if isinstance(story, Story):
        return story.facts, None
    if isinstance(story, str):
        lines = [line for line in story.splitlines() if line.strip()]
        if kind == "words":
            lines = [" ".join(lines)] if lines else []
        elif len(lines) == 1:
            lines = _sentences(lines[0], vocabulary)
    elif isinstance(story, Sequence) and not isinstance(story, bytes):
        lines = list(story)
    else:
        raise UserError(f"a story is a text, a list of sentences or a Story; this one is a "
                        f"{type(story).__name__}")
    if not lines:
        raise UserError("the story has no facts; give one at least")
    for i, line in enumerate(lines, 1):
        if not isinstance(line, Sequence) or isinstance(line, bytes):
            raise UserError(f"fact {i} of the story is a {type(line).__name__}; give a sentence or "
                            "a list of words")
    if not all(isinstance(line, str) for line in lines):
        return Story(lines, []).facts, None                # cuts those that are texts into words
    if empty := [i for i, line in enumerate(lines) if not sentence_words(line)]:
        raise UserError(f"fact {empty[0] + 1} of the story has no words; leave it out")
    if kind == "words":
        return [sentence_words(line) for line in lines], lines
    *_, (typed, _) = typed_questions([*map(_one_line, lines), "what?"], _refuse)
    return [sentence_words(fact) for fact in typed], typed


def _sentences(text, vocabulary):
    """A line -> its sentences; a word that the vocabulary has with its full stop ends none."""
    sentences, known = [], set(vocabulary.words)
    for part in STOP.split(text):
        if sentences and sentences[-1].split()[-1].lower() in known:
            sentences[-1] += " " + part
        elif part.strip():
            sentences.append(part)
    return sentences


def _one_line(text):
    return " ".join(text.split("\n"))


def _refuse(problem):
    raise UserError(problem)


def _question(question, n_facts):
    """What was given as a question -> Question, and its text."""
    if isinstance(question, Question):
        return question, " ".join(question.tokens)
    if isinstance(question, str):
        typed, words = question.split("\t")[0].strip(), sentence_words(question.split("\t")[0])
    elif isinstance(question, Sequence) and not isinstance(question, bytes):
        words = list(question)
        typed = " ".join(map(str, words))
    else:
        raise UserError(f"a question is a sentence or a list of words; this one is a "
                        f"{type(question).__name__}")
    if not words:
        raise UserError("the question has no words; write one like  Where is Mary?")
    return Question(words, [], n_facts), typed


# ---- read from an Output ------------------------------------------------------------------------

def ranked(vocabulary, out, q, most=RANKED):
    """The answers to question q of an Output -> [(answer, probability)], the predicted one first.

    A decoded answer has no runners-up; its probability is the product over its words, each given
    the words decoded before it.
    """
    if vocabulary.kind == "sequence":
        p, steps = softmax(out.logits[q].astype(np.float64)), np.flatnonzero(out.answers[q] >= 0)
        text = vocabulary.answer_text(out.answers[q]) or "(no word)"
        return [(text, float(np.prod(p[steps, out.answers[q, steps]])))]
    return ranked_tags(vocabulary, out.logits[q:q + 1], out.answers[q:q + 1], most)[0]


def ranked_tags(vocabulary, logits, chosen, most=RANKED):
    """As `ranked`, for N rows.  logits (N, A); chosen (N,) or more: each row's predicted class."""
    scores, rows = logits.astype(np.float64), np.arange(len(logits))
    p = softmax(scores)
    scores[rows, chosen[:len(rows)]] = np.inf              # among equals, the one that was chosen
    order = np.argsort(-scores, axis=1, kind="stable")[:, :most]
    return [[(vocabulary.answers[k], float(of[k])) for k in best] for of, best in zip(p, order)]


def attention(out, q, n):
    """The attention of question q over the n positions that it sees -> (passes made, n + 1), the
    last column end-of-passes."""
    return out.gates[:out.passes_made[q], q, :n + 1]


def position_labels(facts, kind, texts=None):
    """A label for each position that a pass may attend to, end-of-passes excepted.

    facts: lists of words.  kind: Config.facts.  texts: the facts as they were typed, where known.
    """
    if kind == "sentences":
        return texts or [" ".join(words) for words in facts]
    end = [END_OF_SENTENCE] if kind == "both" else []
    return [word for words in facts for word in (*words, *end)]
