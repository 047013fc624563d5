"""Words, features of words, and answers as numbers."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

PAD, UNKNOWN, END_OF_SENTENCE = "<pad>", "<unk>", "<eos>"
SPECIAL = (PAD, UNKNOWN, END_OF_SENTENCE)  # a text may hold these as words, with ids of their own:
UNKNOWN_ID, END_OF_SENTENCE_ID = 1, 2      # so the code refers to a marker by its id, not its name
END_OF_ANSWER = 0                          # class of <eos> where answers are sequences
FEWEST = 3                                 # a feature must occur in that many training words


@dataclass(frozen=True)
class Vocabulary:
    """Three lists: the id of a word is its index in `words`, that of a feature its index in
    `features`, and the class of an answer its index in `answers`."""

    words: tuple[str, ...]            # begins with the three markers
    answers: tuple[str, ...]          # kind "word": several words are one entry, "n,w"
    features: tuple[str, ...] = ()    # spelling features (features_of); empty: none are used
    kind: str | None = None           # of answers, as Config.answer; None: unknown.  For "sequence"
    #                                   the first answer is <eos>

    @classmethod
    def build(cls, stories: Sequence, answer: str = "word", features: bool = False,
              more_words: Sequence[str] = ()) -> "Vocabulary":
        """Every word and every answer of `stories`, sorted, so that the stories' order is
        irrelevant.

        answer: the kind, as Config.answer; a "sequence" consists of single words and ends in <eos>.
        features: also collect spelling features; words are then lower-cased.
        more_words: words to include besides those of the stories.
        """
        texts = (text for s in stories for text in (*s.facts, *(q.tokens for q in s.questions)))
        forms = Counter(w for text in texts for w in text)
        words = {w.lower() if features else w for w in (*forms, *more_words)}
        if answer == "word":
            whole = {",".join(q.answer) for s in stories for q in s.questions if q.answer}
            answers = tuple(sorted(whole))
        else:
            single = {w for s in stories for q in s.questions for w in q.answer}
            answers = (*((END_OF_SENTENCE,) if answer == "sequence" else ()), *sorted(single))
        shared = Counter(f for form in forms for f in features_of(form)) if features else {}
        frequent = sorted(f for f, n in shared.items() if n >= FEWEST)
        return cls(SPECIAL + tuple(sorted(words)), answers, tuple(frequent), answer)

    @cached_property
    def word_id(self):
        return {w: i for i, w in enumerate(self.words)}    # a word overrides a marker of its name

    @cached_property
    def answer_id(self):
        return {a: i for i, a in enumerate(self.answers)
                if (self.kind, i) != ("sequence", END_OF_ANSWER)}

    @cached_property
    def feature_id(self):
        return {f: i for i, f in enumerate(self.features)}

    def unknown(self, tokens):
        """The words of `tokens` that are not in the vocabulary, each once, in their order."""
        return [w for w in dict.fromkeys(tokens) if self.encode_text([w]) == [UNKNOWN_ID]]

    def encode(self, tokens):
        """Ids of `tokens`; unknown words become <unk>.  Markers may be given by name, unless the
        texts contain a word of that name."""
        return [self.word_id.get(self._plain(w), UNKNOWN_ID) for w in tokens]

    def encode_text(self, tokens):
        """As `encode`, for text from outside: a "<eos>" in it is a word, never the marker."""
        return [i if i >= len(SPECIAL) else UNKNOWN_ID for i in self.encode(tokens)]

    def encode_features(self, form):
        """Ids of the spelling features of a word as written; unknown features are left out."""
        return [self.feature_id[f] for f in features_of(form) if f in self.feature_id]

    def unseen_answers(self, stories, kind="word"):
        """Answers of `stories` (for a `kind` other than "word": their words or tags) without a
        class, each once: a network gets them wrong."""
        answers = [q.answer for s in stories for q in s.questions if q.answer]
        whole = kind == "word"
        names = [",".join(a) for a in answers] if whole else [w for a in answers for w in a]
        return [name for name in dict.fromkeys(names) if name not in self.answer_id]

    def answer_text(self, classes):
        """A class (int), or the classes of a sequence (1-D, padded with -1) -> the words of the
        answer, joined by commas."""
        if getattr(classes, "ndim", 0) == 0:
            return self.answers[int(classes)]
        end = END_OF_ANSWER if self.kind == "sequence" else None
        return ",".join(self.answers[k] for k in classes if k >= 0 and k != end)

    def _plain(self, word):
        return word.lower() if self.features else word


def features_of(form):
    """The spelling features of a word (list[str]): case, digits, a hyphen, and its prefixes of 1 to
    3 and suffixes of 1 to 4 letters."""
    low = form.lower()
    case = ("none" if low == form.upper() else "lower" if form == low else
            "Title" if form[1:] == low[1:] else "UPPER" if form == form.upper() else "miXed")
    digit, hyphen = any(ch.isdigit() for ch in form), "-" in form
    prefixes = [f"{low[:k]}-" for k in range(1, 4) if len(low) > k]
    suffixes = [f"-{low[-k:]}" for k in range(1, 5) if len(low) > k]
    return [f"case {case}"] + ["digit"] * digit + ["hyphen"] * hyphen + prefixes + suffixes
