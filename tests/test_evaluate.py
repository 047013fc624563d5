"""Every figure of an evaluation against a second, plain computation: one story at a time, one question after the other, in plain Python."""

from dataclasses import asdict
from math import exp, isnan, log, nan, sqrt
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import Phase, given, settings, strategies as st

from tinydmn.config import Config
from tinydmn.data.batch import NONE, make_batch
from tinydmn.data.story import Question, Story
from tinydmn.data.vocabulary import Vocabulary
from tinydmn.model import DMN
from tinydmn.output import Losses
from tinydmn.training.evaluate import evaluate, interval, outputs, score, together
from tinydmn.training.material import batch_of, share_of, unknown_words
from tinydmn.training.runs import figures

from .stories import random_stories

TAGS = {"answer": "tags", "episode": "gated", "facts": "words"}
KINDS = {"word": {}, "gated": {"episode": "gated"}, "stop": {"stop": "yes", "passes": 4}, "no passes": {"passes": 0}, "both ways": {"bidirectional": "yes"},
         "sequence": {"answer": "sequence", "longest": 4}, "sequence, stop": {"answer": "sequence", "longest": 4, "stop": "yes"}, "tags": TAGS | {"passes": 2}}
DRAW = (Phase.explicit, Phase.generate)                   # a seed cannot be made simpler
each_kind = pytest.mark.parametrize("kind", KINDS)


def stories_of(rng, S, config):
    """Stories of the kind that a configuration is for; some answers stand nowhere in those that the vocabulary is built of, some are not known."""
    stories = []
    for story in random_stories(rng, S):
        if config.answer == "tags":
            words = [w for fact in story.facts for w in fact]
            stories.append(Story([words], [Question(["tags"], [f"t{rng.integers(4)}" for _ in words] if rng.random() < 0.9 else [], 1)]))
            continue
        for k, q in enumerate(story.questions):
            n = 1 if config.answer == "word" else rng.integers(1, 4)
            story.questions[k] = Question(q.tokens, [f"a{rng.integers(4)}" for _ in range(n)] if rng.random() < 0.8 else [], q.n_facts, q.support)
        stories.append(story)
    return stories


def network(kind, seed, S=12):
    """-> a random network (the definition, float64), its stories: answers a3 and t3 were never seen in training."""
    config = Config(**{"hidden": 4, "embedding": 3, "gate_hidden": 3, "passes": 3} | KINDS[kind])
    rng = np.random.default_rng(seed)
    stories = stories_of(rng, S, config)
    known = [Story(s.facts, [Question(q.tokens, [a for a in q.answer if a not in ("a3", "t3")], q.n_facts) for q in s.questions]) for s in stories]
    known.append(Story([["w0"]], [Question(["w1"], ["a0", "a1"] if config.answer == "sequence" else ["a0"], 1)]))
    model = DMN(config, Vocabulary.build(known, config.answer), "numpy", seed, "float64")
    model.theta += rng.normal(size=model.theta.shape)      # far from any that says the same of everything
    return model, stories


def softmax(scores):
    top = max(scores)
    e = [exp(s - top) for s in scores]
    return [x / sum(e) for x in e]


def mean_of(lists):
    """Of equally long lists of numbers, place by place."""
    return [sum(values) / len(values) for values in zip(*lists, strict=True)]


def plainly(model, stories, thetas=None):
    """-> answer accuracy, gate accuracy, loss, number of answers judged.  thetas: weights whose probabilities are averaged."""
    config, answers, own = model.config, model.vocabulary.answers, model.theta.copy()
    right = judged = known = gates_right = n_gates = 0
    E_answers = E_gates = 0.0
    for story in stories:
        members = []
        for theta in thetas or [own]:
            model.theta = theta
            members.append(model.forward(batch_of([story], model.vocabulary, config)))
        model.theta = own
        asked = sorted(story.questions, key=lambda q: q.n_facts) if config.bidirectional == "yes" else story.questions
        for k, q in enumerate(asked):
            said = [mean_of([softmax(out.logits[k] if config.answer == "word" else out.logits[k, t]) for out in members])
                    for t in range(1 if config.answer == "word" else members[0].logits.shape[1])]          # a step, or a word, each
            best = [max(range(len(p)), key=p.__getitem__) for p in said]
            if config.answer == "word" and q.answer:
                judged += 1
                right += answers[best[0]] == q.answer[0]
                if q.answer[0] in answers:
                    known += 1
                    E_answers -= log(said[0][answers.index(q.answer[0])])
            if config.answer == "tags":
                for p, b, tag in zip(said, best, q.answer):
                    judged += 1
                    right += answers[b] == tag
                    if tag in answers:
                        known += 1
                        E_answers -= log(p[answers.index(tag)])
            if config.answer == "sequence" and q.answer:
                judged += 1
                wanted = [*q.answer, "<eos>"]
                words = [answers[b] for b in best[:config.longest]]
                right += words[:words.index("<eos>") + 1] == wanted if "<eos>" in words else False
                if all(w in answers for w in wanted):
                    known += 1
                    E_answers -= sum(log(p[answers.index(w)]) for p, w in zip(said, wanted))
            for i in range(config.passes if q.support and config.answer != "tags" else 0):
                target = q.support[i] if i < len(q.support) else q.n_facts if i == len(q.support) else None
                made = [softmax(out.gate_scores[i, k, :q.n_facts + 1]) for out in members if i < out.passes_made[k]]
                if target is not None and made:
                    gate = mean_of(made)
                    n_gates += 1
                    gates_right += max(range(len(gate)), key=gate.__getitem__) == target
                    E_gates -= log(gate[target])
    return right / judged, gates_right / n_gates if n_gates else nan, E_gates / judged + E_answers / max(1, known), judged


def same(found, plain):
    assert found.n_questions == plain[3]
    np.testing.assert_allclose([found.answer_accuracy, found.gate_accuracy, found.loss], plain[:3], rtol=1e-9)


@each_kind
@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=3, phases=DRAW)
def test_every_figure_of_a_set_of_any_size(kind, seed):
    """Sets larger than what is asked at once are summed over all their parts."""
    model, stories = network(kind, seed)
    plain = plainly(model, stories)
    batch = batch_of(stories, model.vocabulary, model.config)
    for at_once in (1, 5, 64):
        same(evaluate(model, batch, at_once), plain)


def test_the_examples_have_what_is_to_be_told_apart():
    """Unseen answers, answers that are not known, passes that are not supervised, and gates that are right in one pass and wrong in another."""
    model, stories = network("word", 4, 40)
    questions = [q for story in stories for q in story.questions]
    assert {q.answer[0] if q.answer else None for q in questions} == {None, "a0", "a1", "a2", "a3"} and {len(q.support) for q in questions} == {0, 1, 2, 3}
    found = evaluate(model, make_batch(stories, model.vocabulary))
    assert found.n_questions == sum(bool(q.answer) for q in questions) < len(questions)
    out = model.forward(make_batch(stories, model.vocabulary))
    by_pass = [np.mean([out.gate_scores[i, k].argmax() == (q.support[i] if i < len(q.support) else q.n_facts)
                        for k, q in enumerate(questions) if q.support and i <= len(q.support)]) for i in range(3)]
    assert len({*by_pass, found.gate_accuracy}) == 4       # over all passes, not one of them


@pytest.mark.parametrize("kind", [kind for kind in KINDS if "sequence" not in kind])
@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=2, phases=DRAW)
def test_an_ensemble_says_the_mean_of_its_members(kind, seed):
    """Of answers and of gates; its loss is that of the means, and the network keeps its own weights."""
    model, stories = network(kind, seed, 8)
    rng = np.random.default_rng(seed)
    thetas = [model.theta + rng.normal(size=model.theta.shape) for _ in range(3)]
    before, batch = model.theta.copy(), batch_of(stories, model.vocabulary, model.config)
    same(evaluate(model, batch, 3, thetas), plainly(model, stories, thetas))
    same(evaluate(model, batch, 64, thetas[1:2]), plainly(model, stories, thetas[1:2]))    # one member is that member, not the network's own weights
    np.testing.assert_array_equal(model.theta, before)
    alone = [model.with_weights(theta).forward(batch) for theta in thetas]
    out = together(model, batch, thetas)
    if kind != "stop":
        np.testing.assert_allclose(out.gates, np.mean([one.gates for one in alone], axis=0), rtol=1e-9)
    for i, k in np.ndindex(out.gate_scores.shape[:2]):     # a pass's mean is over those who made it
        made = [one for one in alone if i < one.passes_made[k]]
        np.testing.assert_allclose(out.gates[i, k], np.mean([one.gates[i, k] for one in made] or [0 * out.gates[i, k]], axis=0), rtol=1e-9)
        places = int(batch.n_facts[k]) + 1
        assert np.isfinite(out.gate_scores[i, k]).tolist() == [bool(made) and place < places for place in range(out.gate_scores.shape[2])]
        assert not made or np.exp(out.gate_scores[i, k]).sum() == pytest.approx(1.0)
    np.testing.assert_allclose(out.memories, np.mean([one.memories for one in alone], axis=0), rtol=1e-9)
    assert (out.passes_made == np.max([one.passes_made for one in alone], axis=0)).all()
    assert out.logits.dtype == out.gates.dtype == model.dtype


def test_an_ensemble_that_there_is_none_of():
    model, stories = network("sequence", 0)
    batch, before = make_batch(stories, model.vocabulary, answer="sequence"), model.theta.copy()
    with pytest.raises(ValueError, match="sequence"):
        evaluate(model, batch, thetas=[model.theta + 1, model.theta])
    with pytest.raises(ValueError, match="one epoch at least"):
        evaluate(model, batch, thetas=[])
    np.testing.assert_array_equal(model.theta, before)
    assert evaluate(model, batch, thetas=[before]) == evaluate(model, batch)


def test_outputs_are_of_all_stories_in_their_order():
    model, stories = network("word", 1)
    batch = make_batch(stories, model.vocabulary)
    parts = list(outputs(model, batch, 5))
    assert [len(part.n_tokens) for part, _ in parts] == [5, 5, 2]
    np.testing.assert_array_equal(np.concatenate([part.answer for part, _ in parts]), batch.answer)
    np.testing.assert_array_equal(np.concatenate([out.answers for _, out in parts]), model.forward(batch).answers)


def test_score_by_hand():
    found = score(Losses(answers=6.0, gates=4.0, answers_right=3, gates_right=5, n_questions=8, n_known=4, n_gates=10))
    assert asdict(found) == {"answer_accuracy": 3 / 8, "gate_accuracy": 0.5, "loss": 4 / 8 + 6 / 4, "n_questions": 8}
    unsupervised = score(Losses(2.0, 0.0, 1, 0, 4, 4, 0))
    assert isnan(unsupervised.gate_accuracy) and unsupervised.loss == 0.5
    assert score(Losses(0.0, 3.0, 0, 0, 3, 0, 3)).loss == 1.0                              # every answer unseen: the gates' loss alone
    for nothing in (None, Losses(0.0, 0.0, 0, 0, 0, 0, 0)):
        with pytest.raises(ValueError, match="no question of this set has an answer"):
            score(nothing)


def test_interval_by_hand():
    """The roots of (p - share)² = z² p (1 - p) / n."""
    for share, n, z in ((0.5, 100, 1.96), (0.2, 7, 1.96), (0.93, 1000, 1.96), (0.5, 4, 1.0)):
        for p in interval(share, n, z):
            assert (p - share)**2 == pytest.approx(z * z * p * (1 - p) / n, rel=1e-9)
    assert interval(0.5, 100) == pytest.approx((0.40383, 0.59617), abs=1e-5)
    assert interval(0.0, 10) == (0.0, pytest.approx(1.96**2 / (10 + 1.96**2))) and interval(1.0, 10)[1] == 1.0
    for k in range(11):
        low, high = interval(k / 10, 10)
        assert 0.0 <= low <= k / 10 <= high <= 1.0
    assert interval(0.3, 50, 3)[1] > interval(0.3, 50)[1] and sqrt(2) < (interval(0.3, 50)[1] - 0.3) / (interval(0.3, 200)[1] - 0.3)


# ---- words that training never saw


def tagged(lengths):
    """Sentences of these lengths, no word twice; the tags take turns, counted over all sentences."""
    number, stories = 0, []
    for n in lengths:
        stories.append(Story([[f"w{number + i}" for i in range(n)]], [Question(["tags"], [f"t{(number + i) % 3}" for i in range(n)], 1)]))
        number += n
    return stories


class Tagger:
    """Says the right tag of a word, but of two in nine, counted by the word's id."""

    def __init__(self, vocabulary):
        self.vocabulary, self.config = vocabulary, Config(**TAGS)

    def forward(self, batch):
        number = batch.tokens - 3                          # of three markers before the words
        return SimpleNamespace(answers=np.where(batch.answer == NONE, -1, np.where(np.isin(number % 9, (0, 4)), batch.answer + 1, batch.answer)))


def test_new_words_are_judged_over_all_parts_of_a_set():
    stories = tagged([3, 1, 4, 1, 5, 9, 2, 6] * 20)        # 160 sentences: more than are asked at once
    names = [w for s in stories for w in s.facts[0]]
    vocabulary = Vocabulary(("<pad>", "<unk>", "<eos>", *names), ("t0", "t1", "t2"), kind="tags")
    train = [Story([[w for i, w in enumerate(names) if i % 3]], [])]
    batch = make_batch(stories, vocabulary, "words", "tags")
    new = unknown_words(batch, stories, train)
    assert new.sum() == len(range(0, len(names), 3)) and not new[batch.answer == NONE].any()
    assert [bool(x) for row, s in zip(new, stories) for x in row[:len(s.facts[0])]] == [i % 3 == 0 for i in range(len(names))]
    wrong = len(range(0, len(names), 9))                   # of nine words the first is new and wrong, the fifth wrong and known
    assert sum(map(len, (s.facts[0] for s in stories[:64]))) % 9                           # so the new words of another part would be others
    assert share_of(new, Tagger(vocabulary), batch) == pytest.approx(1 - wrong / new.sum(), rel=1e-12)
    assert share_of(new & False, Tagger(vocabulary), batch) == 0.0


def test_words_without_a_tag_are_not_judged():
    stories = [Story([["new", "old"]], [Question(["tags"], [], 1)]), Story([["new", "old"]], [Question(["tags"], ["t", "t"], 1)])]
    vocabulary = Vocabulary.build(stories, "tags")
    batch = make_batch(stories, vocabulary, "words", "tags")
    np.testing.assert_array_equal(unknown_words(batch, stories, [Story([["old"]], [])]), [[False, False], [True, False]])


# ---- the figures of a table's run


@pytest.mark.parametrize("kind", ("word", "sequence", "tags"))
def test_figures_of_a_run(kind):
    """Over more stories than are asked at once: each figure, and `right` question by question."""
    model, stories = network(kind, 3, 66)
    batch = batch_of(stories, model.vocabulary, model.config)
    rng = np.random.default_rng(0)
    thetas = [model.theta + rng.normal(size=model.theta.shape) for _ in range(2)]
    unknown = rng.random(batch.answer.shape) < 0.5 if kind == "tags" else None
    accuracy, gates, loss, n = plainly(model, stories)
    found = figures(model, batch, unknown, thetas)
    assert found["n"] == n and found["accuracy"] == pytest.approx(accuracy) and found["loss"] == pytest.approx(loss)
    assert found["gate_accuracy"] == (None if isnan(gates) else pytest.approx(gates))
    assert ("ensemble_accuracy" in found) == ("sequence" not in kind) and "ensemble_accuracy" not in figures(model, batch, unknown, thetas[:1])
    if "sequence" not in kind:
        assert found["ensemble_accuracy"] == pytest.approx(plainly(model, stories, thetas)[0]) != accuracy
    if kind == "tags":
        assert found["n_unknown"] == unknown.sum() and "right" not in found
        assert found["unknown"] == share_of(unknown, model, batch) and found["ensemble_unknown"] == share_of(unknown, model, batch, thetas)
        assert found["unknown"] != found["ensemble_unknown"] and "ensemble_unknown" not in figures(model, batch, unknown)
    else:
        asked = [Story(s.facts, [q]) for s in stories for q in s.questions]
        assert found["right"] == "".join(str(int(plainly(model, [one])[0])) if one.questions[0].answer else "0" for one in asked)
