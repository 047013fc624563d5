"""Every number one may turn, with its default and its meaning.  The command line is made from this list."""

from dataclasses import dataclass, field, fields

from .errors import UserError


def _option(default, meaning, **more):
    return field(default=default, metadata={"help": meaning, **more})


@dataclass(frozen=True)
class Config:
    """Sizes of the network and settings of its training.  Raises UserError for a value out of range."""

    # the network
    hidden: int = _option(80, "H: size of a fact, of q, of m and of every GRU state", least=1)
    embedding: int = _option(80, "D: size of a word vector", least=1)
    word_length: float = _option(1.0, "length of a word's vector to begin with, about", least=0.0)
    gate_hidden: int = _option(80, "G: rows of W_1 in the gate, eq. 6", least=1)
    passes: int = _option(3, "T_M: passes over the facts; 0: no memory, the last fact goes to the answer module", least=0)
    episode: str = _option("softmax", "how a pass sums up: softmax (section 4.1) or gated (eqs 7, 8)", choices=("softmax", "gated"))
    stop: str = _option("no", "yes: a question's passes end where its gate chooses end-of-passes; no: all have `passes`", choices=("no", "yes"))
    facts: str = _option("sentences", "the states that are facts: at ends of sentences, at every word of one sentence, or at both in a story",
                         choices=("sentences", "words", "both"))
    cell: str = _option("gru", "what reads words: gru (eqs 1-4), lstm or rnn (a plain tanh RNN)", choices=("gru", "lstm", "rnn"))
    reading: str = _option("forward", "both: a second network reads each text backward, and a fact is the sum of both states",
                           choices=("forward", "both"))
    answer: str = _option("word", "one word (eq. 9), a sequence of words (eqs 9, 10), or tags, one for each word of a sentence",
                          choices=("word", "sequence", "tags"))
    teacher: str = _option("correct", "word that a decoder is fed with in training: the correct one, or the one it predicted",
                           choices=("correct", "predicted"))
    # its training
    learning_rate: float = _option(2e-3, "Adam's step size", least=0.0)
    final_rate: float = _option(1.0, "its share in the last epoch; it falls in a straight line", least=0.0)
    batch: int = _option(32, "stories a batch; each brings all its questions", least=1)
    epochs: int = _option(60, "at most; early stopping may end it sooner", least=1)
    patience: int = _option(20, "epochs without a better validation accuracy before it stops", least=1)
    gate_epochs: int = _option(2, "first epochs with beta = 0: the gates alone (section 2.5)", least=0)
    alpha: float = _option(1.0, "weight of the gates' cross-entropy; 0: no supervision", least=0.0)
    dropout: float = _option(0.1, "share of each word vector set to 0", least=0.0, below=1.0)
    l2: float = _option(0.0, "weight of half the squared length of all matrices", least=0.0)
    clip: float = _option(5.0, "largest norm of the gradient", least=0.0)
    choose_last: float = _option(1.0, "share of the epochs, the last ones, among which validation chooses; until then the latest stands", least=0.0)
    keep: int = _option(1, "best epochs whose weights are kept; an evaluation takes the mean of what they say", least=1)
    shorten: float = _option(0.0, "each epoch leaves out up to this share of the facts that no question needs (data/retelling.py)", least=0.0)
    rename: str = _option("no", "yes: each epoch deals out names anew within classes found in the stories (data/retelling.py)", choices=("no", "yes"))

    def __post_init__(self):
        self._in_range()
        if self.answer == "tags" and (self.episode, self.facts) != ("gated", "words"):
            raise UserError("--answer tags needs --episode gated and --facts words: the memory of a word is the state h_t of eq. 7 at that word")
        if self.answer == "sequence" and self.keep > 1:
            raise UserError("--keep: an ensemble answers with one word or with tags, and this network decodes a sequence; leave --keep out")

    def _in_range(self):
        for f in fields(self):
            value, limits, flag = getattr(self, f.name), f.metadata, "--" + f.name.replace("_", "-")
            if "choices" in limits and value not in limits["choices"]:
                raise UserError(f"{flag} is {value!r}; give {' or '.join(limits['choices'])}")
            if "least" in limits and not limits["least"] <= value < limits.get("below", float("inf")):
                below = f" and less than {limits['below']:g}" if "below" in limits else ""
                raise UserError(f"{flag} is {value:g}; give {limits['least']:g} or more{below}")
