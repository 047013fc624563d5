"""Every switch of the network, and pairs of them, against the paper's equations written down once more (oracle.py): what it says of each question,
what it looks at, and what is scored.  Float64, both back ends."""

from dataclasses import astuple, replace
from functools import cache
from itertools import count

import numpy as np
import pytest

from tinydmn import ops
from tinydmn.config import Config
from tinydmn.data.batch import NONE, cut_at_questions, make_batch, take_stories
from tinydmn.data.story import Story
from tinydmn.data.vocabulary import Vocabulary
from tinydmn.model import DMN
from tinydmn.training.evaluate import evaluate, outputs

from . import oracle
from .stories import TAGS, pieces_of, stories_for

GATED, SEQUENCE, BOTH, STOP = {"episode": "gated"}, {"answer": "sequence"}, {"bidirectional": "yes"}, {"stop": "yes"}
CASES = [
    {}, GATED, {"passes": 0}, {"passes": 1}, GATED | {"passes": 2}, {"cell": "lstm"}, {"cell": "rnn"} | GATED, BOTH, BOTH | GATED | {"cell": "lstm"},
    {"facts": "both"}, GATED | {"facts": "both"} | BOTH, {"facts": "words"}, GATED | {"facts": "words"} | BOTH, {"passes": 0, "facts": "words", "cell": "rnn"},
    {"passes": 0} | BOTH, STOP, STOP | GATED, STOP | {"passes": 1}, STOP | {"facts": "both"}, STOP | BOTH | {"cell": "rnn"},
    SEQUENCE, SEQUENCE | GATED, SEQUENCE | {"teacher_forcing": "no"}, SEQUENCE | STOP, SEQUENCE | {"passes": 0}, SEQUENCE | {"longest": 2},
    SEQUENCE | BOTH | {"cell": "lstm", "facts": "both"}, SEQUENCE | {"facts": "words", "passes": 0, "teacher_forcing": "no"},
    SEQUENCE | STOP | GATED | {"teacher_forcing": "no", "longest": 3}, SEQUENCE | BOTH | {"cell": "rnn", "passes": 1},
    TAGS, TAGS | {"passes": 0}, TAGS | {"passes": 1}, TAGS | {"passes": 2} | BOTH, TAGS | {"passes": 2, "cell": "lstm"}, TAGS | BOTH | {"cell": "rnn"},
    {"features": True}, TAGS | {"features": True, "passes": 2}, SEQUENCE | BOTH | {"features": True},
]
name = lambda case: "-".join(f"{k}={v}" for k, v in case.items()) or "plain"
each_case = pytest.mark.parametrize("case", CASES, ids=name)
each_backend = pytest.mark.parametrize("backend", ops.BACKENDS)
each_single = pytest.mark.parametrize("case", [case for case in CASES if case.get("answer") != "sequence"], ids=name)     # they can be an ensemble
FORMS = ("Running", "running", "walked", "Walked", "B-52s", "x", "talked", "jumped", "Jumping")
close = lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-11)


def told(rng, S, config, features):
    """Random stories that suit a configuration, and the vocabulary of them, before some of their words and answers became ones never seen, and
    some answers ones that nobody knows.  A question has no word to three."""
    word = lambda k: FORMS[k] if features else f"w{k}"
    asks = lambda: [word(k) for k in rng.integers(0, 9, rng.integers(0, 4))]
    spell = lambda text: [word(int(w[1:]) % 9) for w in text]
    stories = [replace(s, facts=[spell(fact) for fact in s.facts], questions=[replace(q, tokens=asks()) for q in s.questions])
               for s in stories_for(rng, S, replace(config, bidirectional="no"))]
    vocabulary = Vocabulary.build([*stories, Story([[word(k) for k in range(9)]], [])], config.answer, features)
    strange = lambda text: [w if rng.random() < 0.9 else "Unheard-of" if features else "unheard" for w in text]
    number = count()
    answer = lambda a: {3: [], 5: [*a[:-1], "never"]}.get(next(number) % 7, a)
    return [replace(s, facts=[strange(fact) for fact in s.facts], questions=[replace(q, answer=answer(q.answer)) for q in s.questions])
            for s in stories], vocabulary


class Case:
    """Networks with one switch or several, stories for them, and what the oracle says of each question; `thetas`: more weights to ask."""

    def __init__(self, case):
        switches, features = {k: v for k, v in case.items() if k != "features"}, "features" in case
        self.config = config = Config(**{"hidden": 4, "embedding": 3, "gate_hidden": 3, "passes": 3, "l2": 0.03, "longest": 6} | switches)
        rng = np.random.default_rng(CASES.index(case))
        stories, self.vocabulary = told(rng, 18 if config.facts == "words" else 12, config, features)
        self.stories = cut_at_questions(stories) if config.bidirectional == "yes" else stories
        self.asked = [(story, question) for story in self.stories for question in story.questions]
        self.batch = self.batch_of(self.stories)
        self.models = {backend: DMN(config, self.vocabulary, backend, dtype="float64") for backend in ops.BACKENDS}
        for _ in range(50):
            self.thetas = 0.6 * rng.normal(size=(2, self.models["numpy"].theta.size))      # no parameter at 0: zeros hide wrong terms
            for model in self.models.values():
                model.theta = self.thetas[0]
            if config.stop == "no" or config.passes == 1 or len(set(self.models["numpy"].forward(self.batch).passes_made)) > 1:
                break                                      # else: all questions end alike, and a test of where they end would show little

    def batch_of(self, stories):
        return make_batch(stories, self.vocabulary, self.config.facts, self.config.answer)

    def weights(self, theta):
        return dict(self.models["numpy"].with_weights(theta).params)

    @property
    def p(self):
        return self.weights(self.thetas[0])

    @cache
    def said(self, member=0, training=False):
        """What the oracle says of each question."""
        if training and self.config.stop == "no" and self.config.answer != "sequence":
            return self.said(member)                       # it runs in the same way
        p = self.weights(self.thetas[member])
        return [oracle.ask(*pair, p, self.vocabulary, self.config, training) for pair in self.asked]

    def sums(self, said):
        """What is scored of each question where `said` was said."""
        return [oracle.judge(one, oracle.classes_of(q, self.vocabulary, self.config), self.config) for one, (_, q) in zip(said, self.asked, strict=True)]


made = cache(lambda i: Case(CASES[i]))
case_of = lambda case: made(CASES.index(case))
total = lambda sums: sum(sums[1:], sums[0])


def assert_says(out, said, config):
    """Output of a batch, what the oracle says of each of its questions."""
    passes = config.passes
    if config.answer == "tags":
        for q, words in enumerate(said):
            assert out.answers[q].tolist() == [word.answer[0] for word in words] + [-1] * (out.answers.shape[1] - len(words))
            close(out.logits[q, :len(words)], [word.logits[0] for word in words])
        every = [word for words in said for word in words]
        assert out.gates.shape[:2] == (passes, len(every)) and out.memories.shape[:2] == (passes + 1, len(every))
        for n, word in enumerate(every):
            close(out.memories[:, n], word.memories)
            for i in range(passes):
                close(out.gates[i, n], np.pad(word.gates[i], (0, out.gates.shape[2] - len(word.gates[i]))))
        return
    assert len(out.answers) == len(said) and out.gates.shape == out.gate_scores.shape and out.gates.shape[0] == passes
    for q, one in enumerate(said):
        n = len(one.scores)
        assert out.passes_made[q] == out.answered_from[q] == n
        close(out.memories[:, q], [*one.memories, *(passes - n) * one.memories[-1:]])
        for i in range(passes):
            s, g = (one.scores[i], one.gates[i]) if i < n else ([], [])
            close(out.gate_scores[i, q], np.pad(s, (0, out.gates.shape[2] - len(s)), constant_values=-np.inf))
            close(out.gates[i, q], np.pad(g, (0, out.gates.shape[2] - len(g))))
        if config.answer == "word":
            assert out.answers[q] == one.answer[0]
            close(out.logits[q], one.logits[0])
        else:
            assert out.answers[q].tolist() == one.answer + [-1] * (out.answers.shape[1] - len(one.answer))
            close(out.logits[q, :len(one.logits)], one.logits)


@each_backend
@each_case
def test_what_it_says(case, backend):
    """The whole batch, in pieces; then some of its stories in another order, and each story alone."""
    c = case_of(case)
    model, said = c.models[backend], c.said()
    assert len(pieces_of(c.batch)) > 1
    assert_says(model.forward(c.batch), said, c.config)
    for chosen in (np.array([7, 0, 3]), np.array([5])):
        part, questions = take_stories(c.batch, chosen)
        assert_says(model.forward(part), [said[q] for q in questions], c.config)
        assert_says(model.forward(c.batch_of([c.stories[i] for i in chosen])), [said[q] for q in questions], c.config)


@each_backend
@each_case
def test_what_it_is_trained_on(case, backend):
    """J and the sums it is made of, weighted so that no part can stand for another."""
    c = case_of(case)
    model, wanted = c.models[backend], total(c.sums(c.said(training=True)))
    for alpha, beta in ((0.7, 1.3), (1.0, 0.0), (0.0, 1.0)):
        J, losses, _ = model.gradient(c.batch, alpha, beta)
        close(astuple(losses), astuple(wanted))
        close(J, oracle.J(wanted, c.p, c.config, alpha, beta))
    assert model.loss_and_grads(c.batch, 0.7, 1.3)[0] == model.gradient(c.batch, 0.7, 1.3)[0]
    assert model.loss_and_grads(c.batch)[0] == model.gradient(c.batch, c.config.alpha, 1.0)[0]
    part, questions = take_stories(c.batch, np.arange(3))  # a batch too small for pieces
    assert len(pieces_of(part)) == 1
    if questions.size and np.any(part.answer != NONE):
        sums = total([c.sums(c.said(training=True))[q] for q in questions])
        close(model.gradient(part, 0.7, 1.3)[0], oracle.J(sums, c.p, c.config, 0.7, 1.3))


def assert_score(score, total):
    assert score.n_questions == total.n_questions and score.answer_accuracy == total.answers_right / total.n_questions
    np.testing.assert_equal(score.gate_accuracy, total.gates_right / total.n_gates if total.n_gates else np.nan)
    close(score.loss, total.gates / total.n_questions + total.answers / max(1, total.n_known))


@each_backend
@each_case
def test_what_is_scored(case, backend):
    """Whatever neighbours a story is evaluated with."""
    c = case_of(case)
    for at_once in (1, 64) if backend == "numba" else (5,):
        assert_score(evaluate(c.models[backend], c.batch, at_once), total(c.sums(c.said())))


@each_single
def test_what_an_ensemble_says_and_scores(case):
    """The mean of its members' probabilities, each weight's passes as long as they were made; a single member is that member."""
    c, backend = case_of(case), "numba"
    members = [c.said(i) for i in range(len(c.thetas))]
    said = [oracle.together(one, c.config) for one in zip(*members)]
    for at_once in (1, 64):
        assert_score(evaluate(c.models[backend], c.batch, at_once, thetas=c.thetas), total(c.sums(said)))
    first = 0
    for part, out in outputs(c.models[backend], c.batch, 4, c.thetas):
        for q in range(len(part.answer)):
            one = said[first + q]
            if c.config.answer == "tags":
                assert [k for k in out.answers[q] if k >= 0] == [word.answer[0] for word in one]
                close(out.logits[q, :len(one)], [word.logits[0] for word in one])
            else:
                assert out.answers[q] == one.answer[0] and out.passes_made[q] == len(one.scores)
                close(out.logits[q], one.logits[0])
                for i, (s, g) in enumerate(zip(one.scores, one.gates)):
                    close(out.gate_scores[i, q, :len(s)], s)
                    close(out.gates[i, q, :len(g)], g)
        first += len(part.answer)
    one = evaluate(c.models[backend], c.batch, thetas=c.thetas[1:2])                       # a single member: its own weights, not the network's
    assert_score(one, total(c.sums(members[1])))
    close(c.models[backend].theta, c.thetas[0])


def test_the_cases_are_as_varied_as_they_should_be():
    """Or the comparisons above compare little: passes that end early and late, answers that end at once, later and never, all kinds of answers."""
    for case in CASES:
        c = case_of(case)
        sums, said = total(c.sums(c.said())), c.said()
        assert sums.n_known < sums.n_questions < (len(c.asked) if c.config.answer != "tags" else sum(len(s.facts[0]) for s in c.stories)), case
        assert 0 < sums.answers_right < sums.n_questions or c.config.answer == "sequence", case
        if c.config.stop == "yes" and c.config.passes > 1:
            assert len({len(one.scores) for one in said}) > 1, case
        if c.config.passes and c.config.answer != "tags" and c.config.facts != "words":
            assert 0 < sums.gates_right < sums.n_gates, case
    ends = [one.answer for case in CASES if case.get("answer") == "sequence" for one in case_of(case).said()]
    assert {1, 2, 3} < {len(answer) for answer in ends} and any(answer[-1] != oracle.END_OF_ANSWER for answer in ends)
    assert any(total(case_of(case).sums(case_of(case).said())).answers_right for case in CASES if case.get("answer") == "sequence")


@each_backend
def test_a_wrong_number_is_seen(backend):
    """The comparison compared: a parameter a thousandth larger changes what is said and scored."""
    c = case_of({})
    for name in c.models[backend].params:
        other = DMN(c.config, c.vocabulary, backend, dtype="float64")
        other.theta = c.thetas[0]
        other.params[name] *= 1.001
        with pytest.raises(AssertionError):
            assert_says(other.forward(c.batch), c.said(), c.config)
            close(other.gradient(c.batch)[0], oracle.J(total(c.sums(c.said(training=True))), c.p, c.config, 1.0, 1.0))
