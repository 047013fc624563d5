"""Mistakes in training/: the loop, evaluation, checkpoints, what a run learns from, tables."""

from . import Mutant

MUTANTS = [
    Mutant("tinydmn/training/loop.py", "order = state.rng.permutation(len(batch.n_tokens))", "order = np.arange(len(batch.n_tokens))",
           "tests/test_training.py", "no shuffling"),
    Mutant("tinydmn/training/loop.py", "if beta:\n            if state.best_epoch", "if True:\n            if state.best_epoch", "tests/test_training.py",
           "an epoch of the gates alone may be the best"),
]
