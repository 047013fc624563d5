"""A story and its questions, as words.

Every task is a set of (facts, question, answer) triplets (paper, section 1).
"""

from dataclasses import dataclass, field

from ..errors import UserError

QUESTION_MARKS = "?\uff1f\u061f"                           # also of Chinese and Arabic
ENDS = QUESTION_MARKS + ".!\u3002\uff01\u0964"             # of a sentence; also of Chinese, Hindi


@dataclass(frozen=True)
class Question:
    """One question, asked after the first `n_facts` facts of its story.

    tokens may be given as one sentence ("Where is Mary?") and answer as one text ("garden", "n,w");
    they are split into words as in a bAbI file.
    """

    tokens: list[str]                                  # lower-case words, no question mark
    answer: list[str]                                  # one word, or a list: ["n", "w"]
    n_facts: int                                       # number of visible facts: the first n_facts
    support: list[int] = field(default_factory=list)   # supporting facts, in order of reasoning:
    #                                                    indices into Story.facts, from 0

    def __post_init__(self):
        if isinstance(self.tokens, str):
            object.__setattr__(self, "tokens", sentence_words(self.tokens))
        if isinstance(self.answer, str):
            object.__setattr__(self, "answer", answer_words(self.answer))


@dataclass(frozen=True)
class Story:
    """Facts in order of time, each a list of lower-case words without its full stop, and the
    questions asked along the way.

    A fact may be given as one sentence ("Mary went to the garden."), which is split into words as
    in a bAbI file.  Raises UserError where the facts are one text instead of a list, or the
    questions one Question.
    """

    facts: list[list[str]]
    questions: list[Question]
    source: str = ""                                   # "FILE:LINE", or what generated it

    def __post_init__(self):
        if isinstance(self.facts, str):
            raise UserError(f"{self.source or 'story'}: its facts are one text; "
                            "give a list, a sentence each")
        if isinstance(self.questions, (str, Question)):
            raise UserError(f"{self.source or 'story'}: its questions are one "
                            f"{type(self.questions).__name__}; give a list, [Question(...)]")
        if any(isinstance(fact, str) for fact in self.facts):
            facts = [sentence_words(fact) if isinstance(fact, str) else fact for fact in self.facts]
            object.__setattr__(self, "facts", facts)


def asked(story):
    """Each question of a story with its visible facts, as one text: sets are disjoint in these."""
    return [repr((story.facts[:q.n_facts], q.tokens)) for q in story.questions]


def count_questions(stories):
    return sum(len(story.questions) for story in stories)


def sentence_words(text):
    """A sentence or a question -> its words in lower case, without the punctuation at its end.

    Only whitespace separates words: 9:15, dr. and ana, are words, in files and in typed input.
    """
    return text.lower().strip().rstrip(ENDS).split()


def is_question(text):
    """Whether a sentence ends in a question mark of any script."""
    return text.rstrip().endswith(tuple(QUESTION_MARKS))


def answer_words(text):
    """An answer as in a file, "Garden" or "n,w" -> its words in lower case; an empty word where
    there is nothing between two commas."""
    return [word.strip() for word in text.lower().split(",")] if text.strip() else []
