"""A story and its questions, as words.  Everything the network is asked is a (facts, question, answer) triplet (paper, section 1)."""

from dataclasses import dataclass, field

from ..errors import UserError

QUESTION_MARKS = "?\uff1f\u061f"                           # also those of Chinese and Arabic
ENDS = QUESTION_MARKS + ".!\u3002\uff01\u0964"              # of a sentence; also the full stops of Chinese and Hindi


@dataclass(frozen=True)
class Question:
    """One question, asked after the first `n_facts` facts of its story.

    tokens may be given as one sentence ("Where is Mary?"), answer as one text ("garden", "n,w"): they are cut into words as in a bAbI file.
    """

    tokens: list[str]                                  # lower-case words, no question mark
    answer: list[str]                                  # one word, or a list: ["n", "w"]
    n_facts: int                                       # how many facts of the story it may see
    support: list[int] = field(default_factory=list)   # indices into Story.facts, from 0, in the file's order of reasoning

    def __post_init__(self):
        if isinstance(self.tokens, str):
            object.__setattr__(self, "tokens", sentence_words(self.tokens))
        if isinstance(self.answer, str):
            object.__setattr__(self, "answer", answer_words(self.answer))


@dataclass(frozen=True)
class Story:
    """Facts in order of time, each a list of lower-case words without its full stop, and the questions asked along the way.

    A fact may be given as one sentence ("Mary went to the garden."): it is cut into words as in a bAbI file.  Raises UserError where all
    the facts are one text, or the questions are one Question and no list.
    """

    facts: list[list[str]]
    questions: list[Question]
    source: str = ""                                   # "FILE:LINE" of its first line, or the generator's name

    def __post_init__(self):
        if isinstance(self.facts, str):
            raise UserError(f"{self.source or 'story'}: its facts are one text; give a list, a sentence each")
        if isinstance(self.questions, (str, Question)):
            raise UserError(f"{self.source or 'story'}: its questions are one {type(self.questions).__name__}; give a list, [Question(...)]")
        if any(isinstance(fact, str) for fact in self.facts):
            object.__setattr__(self, "facts", [sentence_words(fact) if isinstance(fact, str) else fact for fact in self.facts])


def asked(story):
    """Each question of a story together with all that it may see, as one text: what two sets that are kept apart have not in common."""
    return [repr((story.facts[:q.n_facts], q.tokens)) for q in story.questions]


def count_questions(stories):
    return sum(len(story.questions) for story in stories)


def sentence_words(text):
    """A sentence or a question -> its words in lower case, without the full stop or the mark at its end.

    Blanks part words, and nothing else does: 9:15, dr. and ana, are words, for a file as for what is typed.
    """
    return text.lower().strip().rstrip(ENDS).split()


def is_question(text):
    """Whether a sentence ends in a question mark, of whatever script."""
    return text.rstrip().endswith(tuple(QUESTION_MARKS))


def answer_words(text):
    """The answer of a file, "Garden" or "n,w" -> its words in lower case; an empty one where there is nothing between two commas."""
    return [word.strip() for word in text.lower().split(",")] if text.strip() else []
