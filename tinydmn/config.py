"""Every setting, with its default, bounds and meaning; the command line is generated from them."""

from dataclasses import dataclass, field, fields
from math import inf
from numbers import Integral, Real
from textwrap import wrap

from .errors import UserError
from .ops.groups import CELLS, EPISODES
from .parts import ANSWERS, answer_of, memory_of


def _option(default, meaning, **limits):
    """limits: choices; least, most: inclusive bounds; above, below: exclusive ones."""
    return field(default=default, metadata={"help": meaning, **limits})


def limits(field):
    """The bounds of a field of Config, as check_value takes them."""
    return {k: v for k, v in field.metadata.items() if k != "help"}


def check_value(name, value, type_, limits):
    """Raises UserError, one line that begins with `name`, for a value of another type than `type_`
    (int, float or str) or beyond its limits: "choices"; "least", "most" (inclusive), "above",
    "below" (exclusive).
    """
    kind = {int: Integral, float: Real, str: str}[type_]
    if not isinstance(value, kind) or isinstance(value, bool):
        wanted = {int: "a whole number", float: "a number", str: "a word"}[type_]
        raise UserError(f"{name} is {value!r}; give {wanted}")
    if "choices" in limits:
        if value not in limits["choices"]:
            raise UserError(f"{name} is {value!r}; give {' or '.join(map(str, limits['choices']))}")
    elif type_ is not str:
        fits = (limits.get("least", -inf) <= value <= limits.get("most", inf)
                and limits.get("above", -inf) < value < limits.get("below", inf))
        if not fits:                                       # as for a NaN
            raise UserError(f"{name} is {value}; give {bounds(limits)}")


def bounds(limits):
    """Limits in words: "1 to 100", "more than 0"."""
    if "least" in limits and "most" in limits:
        return f"{limits['least']:,} to {limits['most']:,}"
    words = {"least": "{:,} or more", "above": "more than {:,}",
             "most": "{:,} or less", "below": "less than {:,}"}
    said = [text.format(limits[key]) for key, text in words.items() if key in limits]
    return " and ".join(said) or "a finite number"


def _described(cls):
    """Adds to the docstring what every field means, so that help(Config) shows it."""
    lines = []
    for f in fields(cls):
        allowed = limits(f)
        allowed = " or ".join(allowed["choices"]) if "choices" in allowed else bounds(allowed)
        text = f"{f.name} ({f.default}): {f.metadata['help']}; {allowed}."
        lines += wrap(text, 96, initial_indent="    ", subsequent_indent="        ")
    listed = "\n".join(lines)
    cls.__doc__ = f"{cls.__doc__.rstrip()}\n\n    Fields (with their defaults):\n\n{listed}\n    "
    return cls


@_described
@dataclass(frozen=True)
class Config:
    """Sizes of the network and settings of its training.

    Raises UserError for a value of another type or out of range, and for values that exclude each
    other.
    """

    # the network
    hidden: int = _option(80, "H: size of a fact, of q, of m and of every GRU state",
                          least=1, most=10_000)
    embedding: int = _option(80, "D: size of a word vector", least=1, most=10_000)
    embedding_scale: float = _option(1.0, "initialisation scale of the word vectors: about the "
                                          "norm of one", least=0.0, most=1e6)
    recurrent: str = _option("normal", "initialisation of the state-to-state matrices U of each "
                                       "GRU, LSTM, RNN", choices=("normal", "orthogonal"))
    memory_bias: float = _option(0.0, "initial b_z of the memory's GRU: above 0 a pass keeps more "
                                      "of the memory, at first the question",
                                 least=-100.0, most=100.0)
    gate_hidden: int = _option(80, "G: rows of W_1 in the gate, eq. (6)", least=1, most=10_000)
    passes: int = _option(3, "T_M: passes over the facts; 0: no memory, the answer module reads "
                             "the last visible fact", least=0, most=100)
    episode: str = _option("softmax", "how a pass summarises the facts: softmax (section 4.1) or "
                                      "gated (eqs (7), (8))", choices=tuple(EPISODES))
    stop: str = _option("no", "yes: a question's passes end where its gate chooses end-of-passes; "
                              "no: all are made", choices=("no", "yes"))
    facts: str = _option("sentences", "the hidden states that are facts: at the ends of sentences, "
                                      "at every word of a single sentence, or at both in a story",
                         choices=("sentences", "words", "both"))
    cell: str = _option("gru", "the recurrent cell that reads words: gru (eqs (1)-(4)), lstm or "
                               "rnn (tanh)", choices=tuple(CELLS))
    bidirectional: str = _option("no", "yes: a second network reads each text backward, and a fact "
                                       "is the sum of both states", choices=("no", "yes"))
    answer: str = _option("word", "one word (eq. (9)), a decoded sequence of words (eqs (9), "
                                  "(10)), or tags, one for each word of a sentence",
                          choices=tuple(ANSWERS))
    longest: int = _option(50, "most steps of the decoder, <eos> included; an answer without <eos> "
                               "by then is wrong", least=1, most=10_000)
    teacher_forcing: str = _option("yes", "yes: in training the decoder is fed the correct "
                                          "previous word; no: the one it predicted",
                                   choices=("no", "yes"))
    # its training
    learning_rate: float = _option(2e-3, "Adam's step size", least=0.0, most=1e3)
    final_rate: float = _option(1.0, "learning rate of the last epoch as a share of the first; "
                                     "linear decay", least=0.0, most=1e3)
    batch: int = _option(32, "stories in a batch; each brings all its questions",
                         least=1, most=1_000_000)
    epochs: int = _option(60, "at most; early stopping may end it sooner", least=1, most=1_000_000)
    patience: int = _option(20, "early stopping: most epochs without a better validation accuracy",
                            least=1, most=1_000_000)
    gate_epochs: int = _option(2, "first epochs with beta = 0: the gates alone (section 2.5)",
                               least=0, most=1_000_000)
    alpha: float = _option(1.0, "weight of the gates' cross-entropy; 0: no gate supervision",
                           least=0.0, most=1e6)
    dropout: float = _option(0.1, "dropout rate of the word vectors", least=0.0, below=1.0)
    l2: float = _option(0.0, "weight of half the squared norm of all matrices", least=0.0, most=1e6)
    clip: float = _option(5.0, "largest global norm of the gradient", above=0.0, most=1e12)
    selection_window: float = _option(1.0, "checkpoint-selection window: the last epochs, as a "
                                           "share of all, among which validation chooses",
                                      least=0.0, most=1.0)
    ensemble: int = _option(1, "size of the checkpoint ensemble: the best epochs, whose mean "
                               "prediction answers", least=1, most=1000)
    drop_facts: float = _option(0.0, "data augmentation: each epoch drops up to this share of the "
                                     "facts that no question needs", least=0.0, most=1.0)
    permute_entities: str = _option("no", "yes: data augmentation: each epoch permutes the "
                                          "entities of a story within classes found in training",
                                    choices=("no", "yes"))

    def __post_init__(self):
        for f in fields(self):
            check_value("--" + f.name.replace("_", "-"), getattr(self, f.name), f.type, f.metadata)
        answer_of(self).check(self)
        if self.stop == "yes" and not self.passes:
            raise UserError("--stop yes: there is no pass to end; leave --stop out")
        if self.gates_first and self.epochs <= self.gate_epochs:
            raise UserError(f"--epochs is {self.epochs}, and the first {self.gate_epochs} train "
                            "the gates alone: no answer would be learnt; give more epochs, or "
                            "--gate-epochs 0")

    @property
    def gates_first(self):
        """Whether training begins with epochs of the gates alone (beta = 0)."""
        return bool(self.gate_epochs and self.alpha and memory_of(self).SUPERVISED)
