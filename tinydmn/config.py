"""Every number one may turn, with its default and its meaning.  The command line is made from this list."""

from dataclasses import dataclass

from .errors import UserError


@dataclass(frozen=True)
class Config:
    """Sizes of the network and settings of its training."""

    # the network
    hidden: int = 80           # H: size of a fact c_t, of q, m and of every GRU state
    embedding: int = 80        # D: size of a word vector
    gate_hidden: int = 80      # G: rows of W_1 in the gate, eq. 6
    passes: int = 3            # T_M: passes over the facts
    episode: str = "softmax"   # "softmax" (section 4.1) or "gated" (eqs 7, 8)
    # training
    learning_rate: float = 2e-3
    batch: int = 32            # stories a batch; each brings all its questions
    epochs: int = 60           # at most; early stopping may end it sooner
    patience: int = 20         # epochs without a better validation accuracy before it stops
    gate_epochs: int = 2       # epochs with beta = 0: first the gates alone (section 2.5)
    alpha: float = 1.0         # weight of the gates' cross-entropy; 0: no supervision
    dropout: float = 0.1       # share of each word vector set to 0
    l2: float = 0.0            # weight of half the squared length of all matrices
    clip: float = 5.0          # largest global norm of the gradient

    def __post_init__(self):
        for name in ("hidden", "embedding", "gate_hidden", "passes", "batch", "epochs"):
            if getattr(self, name) < 1:
                raise UserError(f"--{name.replace('_', '-')} is {getattr(self, name)}; give a number of 1 or more")
        if self.episode not in ("softmax", "gated"):
            raise UserError(f"--episode is {self.episode!r}; give softmax or gated")
        if not 0.0 <= self.dropout < 1.0:
            raise UserError(f"--dropout is {self.dropout}; give a share from 0 up to, not including, 1")
