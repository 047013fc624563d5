"""Every switch of the network against plain autograd (torch_switches.py): loss, every gradient and the answers, float64, within 1e-10."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from tinydmn import ops
from tinydmn.config import Config
from tinydmn.data.batch import cut_at_questions, make_batch
from tinydmn.data.story import Question, Story
from tinydmn.data.vocabulary import Vocabulary
from tinydmn.model import DMN
from tinydmn.ops import passes_numba

from ..stories import TAGS, pieces_of, stories_for
from ..test_switches import SWITCHES

pytest.importorskip("torch", reason="torch is not installed; it is one of the optional peers: pip install -e .[peers]")

from . import torch_switches as oracle                     # noqa: E402  (it imports torch)

SEQUENCE, GATED = {"answer": "sequence"}, {"episode": "gated"}
CASES = SWITCHES | {                                       # those of the network's own tests, and switches together
    "plain": {}, "gated": GATED,
    "sequence, predicted": SEQUENCE | {"teacher_forcing": "no"}, "sequence, gated, predicted": SEQUENCE | GATED | {"teacher_forcing": "no"},
    "sequence, stop": SEQUENCE | {"stop": "yes"}, "sequence, no passes, predicted": SEQUENCE | {"passes": 0, "teacher_forcing": "no"},
    "sequence, both ways, lstm, facts at every word too": SEQUENCE | {"bidirectional": "yes", "cell": "lstm", "facts": "both"},
    "stop, gated, facts at every word too": GATED | {"stop": "yes", "facts": "both"}, "stop, one pass": {"stop": "yes", "passes": 1},
    "rnn, gated, both ways": GATED | {"cell": "rnn", "bidirectional": "yes"}, "lstm, gated": GATED | {"cell": "lstm"},
    "every word a fact, both ways": {"facts": "words", "bidirectional": "yes"}, "no passes, both ways": {"passes": 0, "bidirectional": "yes"},
    "no passes, every word a fact, rnn": {"passes": 0, "facts": "words", "cell": "rnn"},
    "tags, lstm": TAGS | {"passes": 2, "cell": "lstm"}, "tags, rnn, both ways": TAGS | {"passes": 3, "cell": "rnn", "bidirectional": "yes"},
    "l2": {"l2": 0.03},
}
each_case = pytest.mark.parametrize("case", CASES)
SMALL = {"hidden": 4, "embedding": 3, "gate_hidden": 3, "passes": 3}
FORMS = ("Running", "running", "walked", "Walked", "B-52s", "x", "talked", "jumped", "Jumping", "TALKED", "42", "talking")
EVERY_ANSWER = [Story([["w0"]], [Question([], [answer], 1) for answer in ("a0", "a1", "a2")])]
EVERY_TAG = [Story([["w0"]], [Question([], ["t0", "t1", "t2", "t3"], 1)])]


def drawn(rng, S, config):
    """Random stories for a configuration, not yet cut at their questions; questions have one to three words."""
    stories = stories_for(rng, S, replace(config, bidirectional="no"))
    text = lambda: [f"w{k}" for k in rng.integers(0, 9, rng.integers(1, 4))]
    return [replace(s, questions=[replace(q, tokens=text()) for q in s.questions]) for s in stories]


def spelled(stories):
    """The same stories in words whose spelling tells something: w3 becomes "Walked"."""
    form = lambda word: FORMS[int(word[1:])] if word[1:].isdigit() else word
    text = lambda words: [form(word) for word in words]
    return [replace(s, facts=[text(fact) for fact in s.facts], questions=[replace(q, tokens=text(q.tokens)) for q in s.questions]) for s in stories]


def networks(stories, config, seed=0, features=False, more_words=(), scale=0.5):
    """A model on each backend with the same parameters, none of them 0 (zeros hide wrong terms), and the batch of `stories`."""
    known = EVERY_TAG if config.answer == "tags" else EVERY_ANSWER
    forms = [Story([list(FORMS)], [])] if features else []
    vocabulary = Vocabulary.build([*stories, *known, *forms], config.answer, features, more_words)
    models = [DMN(config, vocabulary, backend, seed, "float64") for backend in ops.BACKENDS]
    theta = scale * np.random.default_rng(seed).normal(size=models[0].theta.shape)
    for model in models:
        model.theta[...] = theta
    cut = cut_at_questions(stories) if config.bidirectional == "yes" else stories
    return models, make_batch(cut, vocabulary, config.facts, config.answer)


def assert_same_gradients(loss, grads, loss_oracle, grads_oracle, backend=""):
    np.testing.assert_allclose(loss, loss_oracle, rtol=1e-10, atol=1e-10, err_msg=f"loss, {backend}")
    assert grads.keys() == grads_oracle.keys()
    for name, d in grads.items():
        assert d.shape == grads_oracle[name].shape, name
        np.testing.assert_allclose(d, grads_oracle[name], rtol=1e-10, atol=1e-10, err_msg=f"{name}, {backend}")


def assert_same_answers(out, logits, config, backend=""):
    """Output of a batch, logits (steps, A) a question: what was answered, and how sure."""
    for i, row in enumerate(logits):
        said = np.atleast_1d(out.answers[i])
        assert said[said >= 0].tolist() == row.argmax(axis=1).tolist(), f"question {i}, {backend}"
        ours = out.logits[i][None] if config.answer == "word" else out.logits[i, :len(row)]
        np.testing.assert_allclose(ours, row, rtol=1e-10, atol=1e-10, err_msg=f"question {i}, {backend}")


def compare(stories, config, alpha=1.0, beta=1.0, **more):
    """Both backends with the oracle -> models, batch, what the oracle gives: J and gradients."""
    models, batch = networks(stories, config, **more)
    params, vocabulary = models[0].params, models[0].vocabulary
    expected = oracle.loss_and_grads(params, stories, vocabulary, config, alpha, beta)
    logits = oracle.answers(params, stories, vocabulary, config)
    for model in models:
        assert_same_gradients(*model.loss_and_grads(batch, alpha=alpha, beta=beta), *expected, model.backend)
        assert_same_answers(model.forward(batch), logits, config, model.backend)
    return models, batch, expected


def without_effect(config):
    """Parameters whose gradient is 0: softmax is blind to what is added to all scores, and the last fact, all that an answer without passes
    is read from, is where reading backward begins: a network's U has nothing to read there yet."""
    blind = {"gate.b_2": config.passes > 0 and config.episode == "softmax", "input_back.U": config.passes == 0 and config.answer != "tags"}
    return {name for name, is_blind in blind.items() if is_blind}


@each_case
def test_fixed_stories(case):
    """Enough questions for several pieces; the losses weighted, so that neither can stand for the other.

    Then, or the comparison compares nothing: the largest entry of one gradient a thousandth too large must be seen, whichever parameter's.
    """
    config = Config(**SMALL | CASES[case])
    models, batch, expected = compare(drawn(np.random.default_rng(1), 16 if config.facts == "words" else 8, config), config, alpha=0.7, beta=1.3)
    assert len(pieces_of(batch)) > 1
    loss, grads = models[1].loss_and_grads(batch, alpha=0.7, beta=1.3)
    for name in grads.keys() - without_effect(config):
        wrong = grads[name].copy()
        wrong.flat[np.abs(wrong).argmax()] *= 1.001
        with pytest.raises(AssertionError, match=name):
            assert_same_gradients(loss, grads | {name: wrong}, *expected)
    with pytest.raises(AssertionError, match="loss"):
        assert_same_gradients(1.001 * loss, grads, *expected)


@each_case
@given(S=st.integers(1, 3), hidden=st.integers(1, 5), embedding=st.integers(1, 4), gate_hidden=st.integers(1, 4), passes=st.integers(1, 3),
       seed=st.integers(0, 2**32 - 1))
@settings(max_examples=3)
def test_drawn_stories(case, S, hidden, embedding, gate_hidden, passes, seed):
    config = Config(**{"hidden": hidden, "embedding": embedding, "gate_hidden": gate_hidden, "passes": passes} | CASES[case])
    compare(drawn(np.random.default_rng(seed), S, config), config, seed=seed)


@pytest.mark.parametrize("case", ("plain", "sequence", "tags, two passes", "tags, both ways", "facts at every word too", "both ways, lstm"))
def test_features_of_spelling(case):
    config = Config(**SMALL | CASES[case])
    stories = spelled(drawn(np.random.default_rng(2), 8, config))
    _, _, (_, grads) = compare(stories, config, features=True)
    assert grads["embedding.F"].any(axis=1).sum() > 8      # so many features stand in these stories


def test_words_never_seen():
    """<unk> stands for them; where spelling counts, their features still tell something."""
    config = Config(**SMALL | CASES["tags, two passes"])
    models, _ = networks([], config, features=True)
    stories = [Story([["Hopping", "walked", "hopped"]], [Question(["tags"], ["t0", "t1", "t2"], 1)])]
    vocabulary = models[0].vocabulary
    assert vocabulary.unknown(stories[0].facts[0]) == ["Hopping", "hopped"] and vocabulary.encode_features("Hopping")
    compare_unseen(models, stories, config)


@pytest.mark.parametrize("case", ("plain", "tags, two passes", "sequence, predicted"))
def test_answers_never_seen(case):
    """No class stands for them: they give no loss, but they are counted."""
    config = Config(**SMALL | CASES[case])
    stories = drawn(np.random.default_rng(3), 8, config)
    models, _ = networks(stories, config)
    unseen = [replace(s, questions=[replace(q, answer=["never", *q.answer[1:]]) for q in s.questions]) if i % 3 else s for i, s in enumerate(stories)]
    compare_unseen(models, unseen, config)


def compare_unseen(models, stories, config):
    """Stories that the models' vocabulary was not built from, with the oracle."""
    vocabulary = models[0].vocabulary
    expected = oracle.loss_and_grads(models[0].params, stories, vocabulary, config)
    for model in models:
        assert_same_gradients(*model.loss_and_grads(make_batch(stories, vocabulary, config.facts, config.answer)), *expected, model.backend)


@pytest.mark.parametrize("case", ("plain", "sequence, both ways, lstm, facts at every word too"))
def test_a_vocabulary_larger_than_the_batch(case):
    """The model then works on the batch's own words alone; the gradient of all other words is 0."""
    config = Config(**SMALL | CASES[case])
    compare(drawn(np.random.default_rng(4), 3, config), config, more_words=[f"z{i}" for i in range(300)])


@pytest.mark.parametrize("more", ({"passes": 0}, {"passes": 2},
                                  GATED | {"passes": 2, "teacher_forcing": "no"}, {"passes": 0, "cell": "lstm", "bidirectional": "yes"}))
@pytest.mark.parametrize("some", (False, True))
def test_sequence_to_sequence(more, some):
    """A text without a question, reversed; with `some`, every other text has a question."""
    config = Config(**SMALL | SEQUENCE | {"facts": "words"} | more)
    rng = np.random.default_rng(5)
    texts = [[f"a{k}" for k in rng.integers(0, 3, n)] for n in rng.integers(1, 5, 8)]
    stories = [Story([text], [Question(["w1", "w2"] if some and i % 2 else [], text[::-1], 1)]) for i, text in enumerate(texts)]
    models, batch, _ = compare(stories, config)
    grads = models[0].loss_and_grads(batch)[1]
    assert any(grads["question." + part].any() for part in "WUb") == some


@pytest.mark.parametrize("case", ("tags, two passes", "tags, three passes", "tags, both ways"))
def test_long_sentences_in_chunks(case, monkeypatch):
    monkeypatch.setattr(passes_numba, "PAIRS", 4)
    config = Config(**SMALL | CASES[case])
    compare(drawn(np.random.default_rng(6), 5, config), config)


@pytest.mark.parametrize("case", ("tags, no passes", "tags, one pass", "tags, three passes"))
def test_memories_and_gates_of_words(case):
    """They come in the order of the words, also where a batch was cut into pieces; behind its word a gate is 0."""
    config = Config(**SMALL | CASES[case])
    stories = drawn(np.random.default_rng(9), 17, config)
    models, batch = networks(stories, config)
    seen = oracle.words_seen(models[0].params, stories, models[0].vocabulary, config)
    assert len(pieces_of(batch)) > 1
    for model in models:
        out = model.forward(batch)
        assert out.memories.shape[1] == out.gates.shape[1] == len(seen)
        for word, (memories, gates) in enumerate(seen):
            np.testing.assert_allclose(out.memories[:, word], memories, rtol=1e-10, atol=1e-10)
            for i, g in enumerate(gates):
                np.testing.assert_allclose(out.gates[i, word], np.pad(g, (0, out.gates.shape[2] - len(g))), rtol=1e-10, atol=1e-10)


def networks_where(premise, stories, config):
    """The first of 60 random networks whose answers, on all of a batch, are as varied as the test needs: premise(Output) -> bool."""
    for seed in range(60):
        models, batch = networks(stories, config, seed, scale=1.0)
        if premise(models[1].forward(batch)):
            return models, batch
    raise AssertionError("no network among 60 answers as this test needs")


@pytest.mark.parametrize("case", ("stop", "stop, gated, facts at every word too", "sequence, stop"))
def test_some_questions_stop_early(case):
    """Some after one pass, some after two, some never."""
    config = Config(**SMALL | CASES[case])
    stories = drawn(np.random.default_rng(7), 10, config)
    models, batch = networks_where(lambda out: set(out.answered_from) == {1, 2, 3}, stories, config)
    logits = oracle.answers(models[0].params, stories, models[0].vocabulary, config)
    for model in models:
        assert_same_answers(model.forward(batch), logits, config, model.backend)


@pytest.mark.parametrize("case", [case for case, more in CASES.items() if more.get("answer") == "sequence" and "teacher_forcing" not in more])
def test_greedy_decoding(case):
    """Some answers end at once, some later, some never: those are stopped."""
    config = Config(**SMALL | CASES[case])
    stories = drawn(np.random.default_rng(8), 5, config)
    lengths = lambda out: set((out.answers >= 0).sum(axis=1))
    models, batch = networks_where(lambda out: len(lengths(out)) > 2 and max(lengths(out)) == oracle.LONGEST, stories, config)
    logits = oracle.answers(models[0].params, stories, models[0].vocabulary, config)
    for model in models:
        assert_same_answers(model.forward(batch), logits, config, model.backend)
