"""The same parameters give the same loss and the same gradients in PyTorch and in JAX: float64, every entry within 1e-10."""

import importlib

import numpy as np
import pytest
from hypothesis import given, strategies as st

from tinydmn.config import Config
from tinydmn.data.batch import make_batch
from tinydmn.data.story import Question, Story
from tinydmn.data.vocabulary import Vocabulary
from tinydmn.model import DMN

from .rows import gate_targets, to_rows

PEERS = ("torch", "jax", "jax_shared")
WORDS = ("mary", "john", "milk", "home", "went", "took", "the", "he")
ANSWERS = ("home", "yes", "no")
ALL_WORDS = Story([list(WORDS)], [Question(["who"], [answer], 1) for answer in ANSWERS])     # one size of vocabulary for all drawn stories
STORIES = [
    Story([["mary", "went", "home"], ["john", "took", "the", "milk"], ["john", "left"]],
          [Question(["where", "is", "mary"], ["home"], 1, [0]), Question(["who", "has", "it"], ["john"], 2, [1]),
           Question(["where", "is", "the", "milk"], ["home"], 3, [1, 0])]),
    Story([["mary", "took", "it"]], [Question(["who"], ["mary"], 1, [0])]),
    Story([["john", "left"], ["mary", "went", "home"], ["mary", "took", "the", "milk"], ["john", "went", "home"], ["he", "left"]],
          [Question(["where", "is", "the", "milk"], ["home"], 5, [2, 1, 4]), Question(["is", "john", "home"], ["yes"], 4, [])]),
]


def library(name):
    """tests/peers/NAME_dmn.py, or a skip where the library is not installed."""
    package = name.removesuffix("_shared")
    pytest.importorskip(package, reason=f"{package} is not installed; it is one of the optional peers: pip install -e .[peers]")
    return importlib.import_module(f".{name}_dmn", __package__)


def peer_loss_and_grads(name, *args):
    """JAX compiles anew for each size, so its arrays are padded to 8 or multiples of 40, few sizes for all tests: padding must not matter."""
    coarse = {"bucket": lambda n: 8 if n <= 8 else -(-n // 40) * 40} if name.startswith("jax") else {}
    return library(name).loss_and_grads(*args, **coarse)


def model_of(stories, backend, seed, **settings):
    """A float64 DMN with no parameter at zero (zeros hide wrong terms), and the batch of `stories`."""
    vocabulary = Vocabulary.build(stories + [ALL_WORDS])
    model = DMN(Config(**settings), vocabulary, backend=backend, seed=seed, dtype="float64")
    rng = np.random.default_rng(seed)
    for a in model.params.values():
        a[...] = 0.5 * rng.normal(size=a.shape)
    return model, make_batch(stories, vocabulary)


def assert_same(model, batch, name, alpha=1.0, beta=1.0):
    loss, grads = model.loss_and_grads(batch, alpha=alpha, beta=beta)
    peer_loss, peer_grads = peer_loss_and_grads(name, model.params, batch, model.config, alpha, beta, "float64")
    assert set(peer_grads) == set(grads) == set(model.params)
    np.testing.assert_allclose(loss, peer_loss, rtol=1e-10, atol=1e-10, err_msg=f"loss against {name}")
    for parameter in grads:
        np.testing.assert_allclose(grads[parameter], peer_grads[parameter], rtol=1e-10, atol=1e-10, err_msg=f"{parameter} against {name}")


@pytest.mark.parametrize("episode", ("gated", "softmax"))
@pytest.mark.parametrize("backend", ("numpy", "numba"))
@pytest.mark.parametrize("name", PEERS)
@pytest.mark.parametrize("alpha, beta", ((1.0, 1.0), (1.0, 0.0), (0.3, 0.7)))
def test_loss_and_gradients(name, backend, episode, alpha, beta):
    library(name)
    model, batch = model_of(STORIES, backend, 0, hidden=5, embedding=4, gate_hidden=3, passes=3, episode=episode)
    assert_same(model, batch, name, alpha, beta)


words = st.lists(st.sampled_from(WORDS), min_size=1, max_size=5)


@st.composite
def stories(draw):
    out = []
    for _ in range(draw(st.integers(1, 4))):
        facts = draw(st.lists(words, min_size=1, max_size=6))
        questions = []
        for _ in range(draw(st.integers(1, 3))):
            n = draw(st.integers(1, len(facts)))
            support = draw(st.lists(st.integers(0, n - 1), max_size=4, unique=True))
            questions.append(Question(draw(words), [draw(st.sampled_from(ANSWERS))], n, support))
        out.append(Story(facts, questions))
    return out


@pytest.mark.parametrize("episode", ("gated", "softmax"))
@pytest.mark.parametrize("backend", ("numpy", "numba"))
@pytest.mark.parametrize("name", ["torch", *(pytest.param(name, marks=pytest.mark.slow) for name in PEERS[1:])])       # which compile anew for each shape
@given(drawn=stories(), passes=st.sampled_from((1, 3)), seed=st.integers(0, 2**32 - 1))
def test_drawn_stories(name, backend, episode, drawn, passes, seed):
    library(name)
    model, batch = model_of(drawn, backend, seed, hidden=5, embedding=4, gate_hidden=3, passes=passes, episode=episode)
    assert_same(model, batch, name)


@pytest.mark.parametrize("name", PEERS)
def test_a_wrong_gradient_is_seen(name):
    """One gradient a thousandth too large must fail, or the comparison compares nothing."""
    library(name)
    model, batch = model_of(STORIES, "numpy", 0, hidden=5, embedding=4, gate_hidden=3, passes=3, episode="gated")

    class Wrong:
        params, config = model.params, model.config

        def loss_and_grads(self, batch, alpha, beta):
            loss, grads = model.loss_and_grads(batch, alpha=alpha, beta=beta)
            return loss, grads | {"episode.U": 1.001 * grads["episode.U"]}
    with pytest.raises(AssertionError, match="episode.U"):
        assert_same(Wrong(), batch, name)


@pytest.mark.parametrize("name, episode", [("torch", "gated"), ("jax_shared", "softmax"),
                                           *(pytest.param(*rest, marks=pytest.mark.slow) for rest in (("torch", "softmax"), ("jax", "softmax"), ("jax", "gated"), ("jax_shared", "gated")))])
def test_trainer_learns(name, episode):
    """What the benchmark times is training: the first loss is the model's, and 10 steps on one batch lower it."""
    peer = library(name)
    model, batch = model_of(STORIES, "numpy", 0, hidden=8, embedding=8, gate_hidden=8, passes=3, episode=episode)
    step = peer.make_trainer(model.params, model.config, [batch, batch])
    losses = [step(i) for i in range(10)]
    np.testing.assert_allclose(losses[0], model.loss_and_grads(batch, alpha=1.0, beta=1.0)[0], rtol=1e-5)
    assert losses[-1] < 0.95 * losses[0]


@pytest.mark.parametrize("name", PEERS)
def test_no_derivative_of_absolute_value_at_zero(name):
    """|c - q| has derivative 0 at 0, so parameters whose facts and question are all equal give finite, equal gradients."""
    library(name)
    model, batch = model_of(STORIES, "numpy", 0, hidden=5, embedding=4, gate_hidden=3, passes=3, episode="softmax")
    for module in ("input", "question"):
        for p in "WUb":
            model.params[f"{module}.{p}"][...] = 0.0       # every state is 0: c = q = m^0
    model.params["memory.end_of_passes"][...] = 0.0
    assert_same(model, batch, name)


def test_rows():
    """Each row holds the words of its own visible facts and nothing after them; padding rows have no target."""
    vocabulary = Vocabulary.build(STORIES)
    batch = make_batch(STORIES, vocabulary)
    rows = to_rows(batch, 3, bucket=lambda n: -(-n // 4) * 4)
    assert rows.n_questions == 6 and rows.tokens.shape == (8, 20) and rows.fact_end.shape == (8, 8) and rows.question.shape == (8, 4)
    for q, (story, question) in enumerate((s, q) for s in STORIES for q in s.questions):
        said = [w for fact in story.facts[:question.n_facts] for w in fact + ["<eos>"]]
        assert [vocabulary.words[i] for i in rows.tokens[q]] == said + ["<pad>"] * (20 - len(said))
        assert all(vocabulary.words[rows.tokens[q, end]] == "<eos>" for end in rows.fact_end[q, :question.n_facts])
    assert (rows.target[6:] == -1).all() and (rows.answer[6:] == -1).all()


def test_gate_targets():
    support, n_facts = np.array([[1, 0, -1], [2, 1, 4], [0, -1, -1], [-1, -1, -1]]), np.array([3, 5, 1, 4])
    expected = [[1, 0, 3, -1], [2, 1, 4, 5], [0, 1, -1, -1], [-1] * 4]
    assert gate_targets(support, n_facts, 4).tolist() == expected
    assert gate_targets(support, n_facts, 2).tolist() == [row[:2] for row in expected]
