"""Words and answers as numbers."""

from dataclasses import dataclass
from functools import cached_property

from ..errors import UserError

PAD, UNKNOWN, END_OF_SENTENCE = "<pad>", "<unk>", "<eos>"
SPECIAL = (PAD, UNKNOWN, END_OF_SENTENCE)              # ids 0, 1, 2


@dataclass(frozen=True)
class Vocabulary:
    """Two lists: a word's id is its place in `words`, an answer's class its place in `answers`."""

    words: tuple[str, ...]                             # begins with the three special words
    answers: tuple[str, ...]                           # an answer of several words is one entry, joined by commas: "n,w"

    @classmethod
    def build(cls, stories):
        """Every word and every answer of `stories`, sorted, so that the order of the stories does not matter."""
        words = {w for s in stories for text in (*s.facts, *(q.tokens for q in s.questions)) for w in text}
        answers = {",".join(q.answer) for s in stories for q in s.questions}
        return cls(SPECIAL + tuple(sorted(words - set(SPECIAL))), tuple(sorted(answers)))

    @cached_property
    def word_id(self):
        return {w: i for i, w in enumerate(self.words)}

    @cached_property
    def answer_id(self):
        return {a: i for i, a in enumerate(self.answers)}

    def unknown(self, tokens):
        """The words of `tokens` that the vocabulary does not have, each once, in their order."""
        return [w for w in dict.fromkeys(tokens) if w not in self.word_id]

    def encode(self, tokens):
        """Ids of `tokens`; a word never seen becomes <unk>."""
        unk = self.word_id[UNKNOWN]
        return [self.word_id.get(w, unk) for w in tokens]

    def answer_class(self, answer, source=""):
        """Class of an answer (a list of words).  Raises UserError for one that training never saw: no class stands for it."""
        name = ",".join(answer)
        if name not in self.answer_id:
            raise UserError(f"{source}: answer {name!r} was never seen in training; "
                            f"train on stories that hold it, or take it out (known: {', '.join(self.answers[:8])}{', ...' if len(self.answers) > 8 else ''})")
        return self.answer_id[name]
