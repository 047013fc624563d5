"""Right answers are counted where the scores lie; that is what comparing the predicted answers says."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from tinydmn.config import Config
from tinydmn.data.batch import UNSEEN, make_batch
from tinydmn.data.vocabulary import Vocabulary
from tinydmn.losses import Unread, add_unread, loss_forward, loss_of_output, read
from tinydmn.model import DMN
from tinydmn.ops import load
from tinydmn.output import Losses
from tinydmn.parts import Net, answer_of, make_plan

from .stories import TAGS, stories_for

KINDS = {"word": {}, "sequence": {"answer": "sequence"}, "short sequences": {"answer": "sequence", "longest": 2}, "tags": TAGS}


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), share=st.sampled_from((0.0, 0.9, 1.0)))
def test_as_many_are_right_as_are_predicted_right(kind, seed, share):
    """share: of the rows whose likeliest class is the right one; some answers were never seen in training."""
    config, rng = Config(passes=0, **KINDS[kind]), np.random.default_rng(seed)
    stories = stories_for(rng, 5, config)
    vocabulary = Vocabulary.build(stories, config.answer)
    batch = make_batch(stories, vocabulary, config.facts, config.answer)
    batch.answer[..., :1][rng.random(batch.answer[..., :1].shape) < 0.2] = UNSEEN
    plan, part, net = make_plan(batch, config), answer_of(config), Net({}, config, load("numpy"))
    target, A = plan.answer.target, len(vocabulary.answers)
    rows = rng.normal(size=(len(target), A))
    said = (target >= 0) & (rng.random(len(target)) < share)
    rows[said, target[said]] += 10
    logits = rows.reshape(*batch.answer.shape, A) if config.answer == "sequence" else rows
    wanted = int(part.right(part.predicted(logits, plan.answer, net), batch.answer).sum())
    unread, _ = loss_forward(logits, None, batch, plan, net)
    assert read(unread, net.ops).answers_right == wanted
    if share == 1.0 and kind != "short sequences":         # all that have a class
        assert wanted == part.counted(batch, plan.answer)[1]


@pytest.mark.parametrize("kind", ("word", "sequence"))
def test_what_an_output_says_is_scored_not_its_scores(kind):
    """An ensemble chooses in float64, and its logits are rounded: between near equals they may say something else."""
    config = Config(hidden=2, embedding=2, gate_hidden=2, passes=1, **KINDS[kind])
    stories = stories_for(np.random.default_rng(0), 5, config)
    model = DMN(config, Vocabulary.build(stories, config.answer), "numpy")
    batch = make_batch(stories, model.vocabulary, config.facts, config.answer)
    out = model.forward(batch)
    for answers, n in ((batch.answer, len(batch.answer)), (np.full_like(batch.answer, -1), 0)):
        assert loss_of_output(replace(out, answers=answers), batch, config, model.ops).answers_right == n


def test_unread_losses_of_two_pieces():
    ops = load("numpy")
    a, b = Unread((1.5, 0.25, 3, 1), (5, 4, 2)), Unread((2.0, 0.5, 1, 0), (2, 2, 1))
    assert read(add_unread(a, b, ops), ops) == Losses(3.5, 0.75, 4, 1, 7, 6, 3) == read(a, ops) + read(b, ops)
    assert type(read(a, ops).answers_right) is int
