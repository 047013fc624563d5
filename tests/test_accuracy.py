"""It learns: a small task in seconds, and, marked slow, the accuracies that README states, from the published files."""

import pytest

from tinydmn.data.batch import make_batch
from tinydmn.data.sources import babi_stories
from tinydmn.data.vocabulary import Vocabulary
from tinydmn.model import DMN
from tinydmn.training import loop
from tinydmn.training.presets import babi_config

from .data.published import BABI, needs_published


def best_accuracy(task, size="1k", data=None, seed=0, **settings):
    """Answers right on validation, at the best epoch."""
    train, valid, _ = babi_stories(task, data, size, seed)
    vocabulary = Vocabulary.build(train)
    model = DMN(babi_config(task, size, **settings), vocabulary, seed=seed)
    return loop.train(model, make_batch(train, vocabulary), make_batch(valid, vocabulary), loop.start(model, seed)).best[0]


@pytest.mark.parametrize("episode", ("softmax", "gated"))
def test_where_people_are_is_learnt_in_seconds(episode):
    assert best_accuracy(1, hidden=40, embedding=40, gate_hidden=40, episode=episode, epochs=25, batch=8, learning_rate=4e-3) >= 0.97


@pytest.mark.slow
@needs_published
@pytest.mark.parametrize("task, size, least", ((1, "1k", 0.99), (6, "1k", 0.99), (2, "1k", 0.90), (1, "10k", 0.995), (6, "10k", 0.995), (2, "10k", 0.985)))
def test_published_tasks(task, size, least):
    assert best_accuracy(task, size, BABI) >= least
