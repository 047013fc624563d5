"""Words, features of words, and answers as numbers."""

from collections import Counter
from dataclasses import dataclass
from functools import cached_property

PAD, UNKNOWN, END_OF_SENTENCE = "<pad>", "<unk>", "<eos>"
SPECIAL = (PAD, UNKNOWN, END_OF_SENTENCE)              # our own markers; a text may hold such a word too: then it has an id of its own
UNKNOWN_ID, END_OF_SENTENCE_ID = 1, 2                  # so the code knows a marker by its number, never by its name
END_OF_ANSWER = 0                                      # class of <eos> where answers are sequences
FEWEST = 3                                             # a feature must be shared by that many words of the training text


@dataclass(frozen=True)
class Vocabulary:
    """Three lists: a word's id is its place in `words`, a feature's its place in `features`, an answer's class its place in `answers`."""

    words: tuple[str, ...]                             # begins with the three markers
    answers: tuple[str, ...]                           # kind "word": an answer of several words is one entry, joined by commas, "n,w"
    features: tuple[str, ...] = ()                     # of spelling, features_of; empty: none are used, and words are taken as they stand
    kind: str | None = None                            # of answers, as Config.answer; of a "sequence" the first is the marker <eos>.  None: not told

    @classmethod
    def build(cls, stories, answer="word", features=False, more_words=()):
        """Every word and every answer of `stories`, sorted, so that the order of the stories does not matter.

        answer: the kind, as in Config.answer; a "sequence" is made of single words, and <eos> ends it.
        features: also features of spelling; words are then kept in lower case.  more_words: known besides those of the stories.
        """
        forms = Counter(w for s in stories for text in (*s.facts, *(q.tokens for q in s.questions)) for w in text)
        words = {w.lower() if features else w for w in (*forms, *more_words)}
        if answer == "word":
            answers = tuple(sorted({",".join(q.answer) for s in stories for q in s.questions if q.answer}))
        else:
            single = {w for s in stories for q in s.questions for w in q.answer}
            answers = (*((END_OF_SENTENCE,) if answer == "sequence" else ()), *sorted(single))
        shared = Counter(f for form in forms for f in features_of(form)) if features else {}
        return cls(SPECIAL + tuple(sorted(words)), answers, tuple(sorted(f for f, n in shared.items() if n >= FEWEST)), answer)

    @cached_property
    def word_id(self):
        return {w: i for i, w in enumerate(self.words)}                    # a word of the texts goes before a marker of its name

    @cached_property
    def answer_id(self):
        return {a: i for i, a in enumerate(self.answers) if (self.kind, i) != ("sequence", END_OF_ANSWER)}

    @cached_property
    def feature_id(self):
        return {f: i for i, f in enumerate(self.features)}

    def unknown(self, tokens):
        """The words of `tokens` that the vocabulary does not have, each once, in their order."""
        return [w for w in dict.fromkeys(tokens) if self.encode_text([w]) == [UNKNOWN_ID]]

    def encode(self, tokens):
        """Ids of `tokens`; a word never seen becomes <unk>.  A marker may be named, where no text has a word of its name."""
        return [self.word_id.get(self._plain(w), UNKNOWN_ID) for w in tokens]

    def encode_text(self, tokens):
        """As encode, of somebody's text: a "<eos>" in it is a word, never the marker."""
        return [i if i >= len(SPECIAL) else UNKNOWN_ID for i in self.encode(tokens)]

    def encode_features(self, form):
        """Ids of the features of a word as it is written; those never seen are left out."""
        return [self.feature_id[f] for f in features_of(form) if f in self.feature_id]

    def unseen_answers(self, stories, kind="word"):
        """Answers of `stories` (their words, or tags, where `kind` is not "word") that have no class, each once: a network gets them wrong."""
        answers = [q.answer for s in stories for q in s.questions if q.answer]
        names = (",".join(a) for a in answers) if kind == "word" else (name for a in answers for name in a)
        return [name for name in dict.fromkeys(names) if name not in self.answer_id]

    def answer_text(self, classes):
        """Class (int) or classes of a sequence (1-D, -1 behind its end) -> the answer's words, joined by commas."""
        if getattr(classes, "ndim", 0) == 0:
            return self.answers[int(classes)]
        return ",".join(self.answers[k] for k in classes if k >= 0 and not (self.kind == "sequence" and k == END_OF_ANSWER))

    def _plain(self, word):
        return word.lower() if self.features else word


def features_of(form):
    """What the spelling of a word tells (a list of str): its case, digits, a hyphen, its first 1 to 3 and last 1 to 4 letters."""
    low = form.lower()
    case = ("lower" if form == low else "Title" if form[1:] == low[1:] else "UPPER" if form == form.upper() else "miXed") if low != form.upper() else "none"
    shape = [f"case {case}"] + ["digit"] * any(ch.isdigit() for ch in form) + ["hyphen"] * ("-" in form)
    return shape + [f"{low[:k]}-" for k in range(1, 4) if len(low) > k] + [f"-{low[-k:]}" for k in range(1, 5) if len(low) > k]
