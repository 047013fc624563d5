"""A story and its questions, as words.  Everything the network is asked is a (facts, question, answer) triplet (paper, section 1)."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Question:
    """One question, asked after the first `n_facts` facts of its story."""

    tokens: list[str]                                  # lower-case words, no question mark
    answer: list[str]                                  # one word, or a list: ["n", "w"]
    n_facts: int                                       # how many facts of the story it may see
    support: list[int] = field(default_factory=list)   # indices into Story.facts, in the file's order of reasoning


@dataclass(frozen=True)
class Story:
    """Facts in order of time, each a list of lower-case words without its full stop, and the questions asked along the way."""

    facts: list[list[str]]
    questions: list[Question]
    source: str = ""                                   # "FILE:LINE" of its first line, or the generator's name
