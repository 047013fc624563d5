"""What a run learns from, and ensembles of the epochs that it kept."""

from dataclasses import replace

import numpy as np
import pytest

from tinydmn.data.batch import take_stories
from tinydmn.errors import UserError
from tinydmn.model import DMN
from tinydmn.training import checkpoint, loop
from tinydmn.training.evaluate import evaluate, together
from tinydmn.training.material import about_run, batch_of, gather, share_of, unknown_words

TINY = {"hidden": 6, "embedding": 5, "gate_hidden": 4, "epochs": 3, "patience": 3}

TREES = """(3 (2 It) (4 (2 's) (4 good)))
(1 (2 It) (1 (2 is) (0 bad)))
(2 (2 It) (2 is))
"""


def write_trees(folder):
    for name in ("train.txt", "dev.txt"):
        (folder / name).write_text(TREES, encoding="utf-8")
    return folder


def test_sentiment_learns_from_sentences_and_a_fresh_half_of_the_phrases(tmp_path):
    about = about_run("sst", write_trees(tmp_path), 0, kind="fine", vectors=None, phrases=0.5)
    material = gather(about, **TINY)
    assert [q.answer for s in material.valid for q in s.questions] == [["positive"], ["negative"], ["neutral"]]
    rng, drawn = np.random.default_rng(0), []
    for _ in range(30):
        batch = material.epoch(rng)
        assert len(batch.n_tokens) >= 3 and set(batch.n_tokens[:3]) == {2, 3}             # the sentences always
        drawn.append(len(batch.n_tokens) - 3)
    assert material.n_phrases == 7 and 0.3 < np.mean(drawn) / 7 < 0.7 and len(set(drawn)) > 1


def test_binary_sentiment_has_no_neutral_texts(tmp_path):
    material = gather(about_run("sst", write_trees(tmp_path), 0, kind="binary", vectors=None), **TINY)
    assert len(material.valid) == 2 and set(material.vocabulary.answers) == {"negative", "positive"}


def test_word_vectors_from_a_file(tmp_path):
    write_trees(tmp_path)
    (tmp_path / "v.txt").write_text("it 1 2 3\nis 4 5 6\nfilm 7 8 9\n", encoding="utf-8")
    gathered = lambda **more: gather(about_run("sst", tmp_path, 0, kind="fine", vectors=str(tmp_path / "v.txt")), **TINY | more)
    material = gathered(embedding=3)
    assert "film" in material.vocabulary.words             # frequent words of the file are known too
    before = DMN(material.config, material.vocabulary, "numpy").params["embedding.L"]
    model, without = material.network("numpy")
    of = lambda model: model.params["embedding.L"][material.vocabulary.word_id["is"]]
    np.testing.assert_array_equal(of(model), [4, 5, 6])
    changed = (model.params["embedding.L"] != before).any(axis=1)
    assert changed.sum() == 3 and without == len(before) - 3
    np.testing.assert_array_equal(of(gathered(embedding=5).network("numpy")[0]), [4, 5, 6, 0, 0])
    with pytest.raises(UserError, match="--embedding 2: the word vectors have 3 numbers"):
        gathered(embedding=2)


def test_vectors_wider_than_the_preset_widen_the_network(tmp_path):
    write_trees(tmp_path)
    (tmp_path / "v.txt").write_text("it" + " 0.5" * 300 + "\n", encoding="utf-8")
    assert gather(about_run("sst", tmp_path, 0, kind="fine", vectors=str(tmp_path / "v.txt"))).config.embedding == 300


def test_unknown_words_of_tagged_text(tmp_path):
    (tmp_path / "train.tsv").write_text("The\tDT\ncat\tNN\nran\tVBD\n\nThe\tDT\ndog\tNN\n", encoding="utf-8")
    (tmp_path / "dev.tsv").write_text("The\tDT\nbird\tNN\nran\tVBD\n\nthe\tDT\n", encoding="utf-8")
    material = gather(about_run("pos", tmp_path, 0, column="xpos", vectors=None), **TINY)
    batch = material.batch(material.valid)
    np.testing.assert_array_equal(unknown_words(batch, material.valid, material.train), [[False, True, False], [True, False, False]])   # as written: "the" is new
    model = DMN(material.config, material.vocabulary, "numpy")
    out = model.forward(batch)
    share = share_of(unknown_words(batch, material.valid, material.train), model, batch)
    assert share == np.mean([out.answers[0, 1] == batch.answer[0, 1], out.answers[1, 0] == batch.answer[1, 0]])
    score = evaluate(model, batch)
    assert score.n_questions == 4 and np.isnan(score.gate_accuracy)
    assert score.answer_accuracy == np.sum((out.answers == batch.answer) & (batch.answer >= 0)) / 4


@pytest.mark.parametrize("task, switch", [(1, {"rename": "yes"}), (1, {"shorten": 1.0}), (19, {"answer": "sequence", "rename": "yes"}), (7, {"rename": "yes"}),
                                          (1, {"reading": "both"}), (1, {"facts": "both"})])
def test_each_switch_gives_batches_that_train(task, switch):
    material = gather(about_run("babi", None, 0, task=task, size="1k"), **TINY | {"epochs": 1} | switch)
    small = replace(material, epoch=lambda rng: take_stories(material.epoch(rng), np.arange(6))[0])
    model = DMN(material.config, material.vocabulary, "numpy")
    state = loop.start(model, 0)
    loop.train(model, small.epoch, take_stories(material.batch(material.valid), np.arange(3))[0], state)
    assert state.epoch == 1 and np.isfinite(state.history[0]["loss"])


def test_plain_is_the_papers_model():
    for task in range(1, 21):
        config = gather(about_run("babi", None, 0, task=task, size="1k", plain=True)).config
        assert (config.rename, config.shorten, config.reading, config.facts, config.cell) == ("no", 0.0, "forward", "sentences", "gru")


def test_the_best_epochs_are_kept_and_answer_together(tmp_path):
    material = gather(about_run("babi", None, 0, task=1, size="1k"), **TINY | {"keep": 3, "epochs": 5, "patience": 5, "gate_epochs": 0, "choose_last": 1.0})
    model = DMN(material.config, material.vocabulary, "numpy")
    train, valid = (take_stories(material.batch(stories), np.arange(8))[0] for stories in (material.train, material.valid))
    state, seen = loop.start(model, 0), {}
    loop.train(model, train, valid, state, lambda state: seen.update({state.epoch: (state.history[-1], state.theta.copy())}))
    ranked = sorted(seen, key=lambda e: (seen[e][0]["valid_answer_accuracy"], -seen[e][0]["valid_loss"]), reverse=True)[:3]
    assert [state.best_epoch, *(epoch for _, epoch, _ in state.runners_up)] == ranked
    for theta, epoch in zip(state.kept, ranked, strict=True):
        np.testing.assert_array_equal(theta, seen[epoch][1])
    p = 0
    for theta in state.kept:
        model.theta[...] = theta
        logits = model.forward(valid).logits.astype(float)
        p = p + np.exp(logits - logits.max(1, keepdims=True)) / np.exp(logits - logits.max(1, keepdims=True)).sum(1, keepdims=True) / 3
    model.theta[...] = state.best_theta
    np.testing.assert_allclose(np.exp(together(model, valid, state.kept).logits), p, rtol=1e-5)
    np.testing.assert_array_equal(model.theta, state.best_theta)                           # given back
    assert evaluate(model, valid, thetas=state.kept).answer_accuracy == np.mean(p.argmax(1) == valid.answer)
    checkpoint.save(tmp_path / "a.npz", model, state, {"name": "x"})
    _, again, _ = checkpoint.load(tmp_path / "a.npz", "numpy")
    assert [epoch for _, epoch, _ in again.runners_up] == ranked[1:]
    for one, other in zip(state.kept, again.kept, strict=True):
        np.testing.assert_array_equal(one, other)


def test_sequences_have_no_ensemble():
    material = gather(about_run("babi", None, 0, task=19, size="1k"), **TINY)
    model = DMN(material.config, material.vocabulary, "numpy")
    with pytest.raises(ValueError, match="sequence"):
        together(model, batch_of(material.valid[:2], material.vocabulary, material.config), [model.theta, model.theta])
