"""The whole network: its gradients, its backends, and all that must change nothing."""

from dataclasses import astuple
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from tinydmn import model as models
from tinydmn import ops, word_vectors
from tinydmn.config import Config
from tinydmn.data.batch import make_batch, take_stories
from tinydmn.data.story import Question, Story
from tinydmn.data.vocabulary import Vocabulary
from tinydmn.gradcheck import assert_grad, check_model
from tinydmn.episodic_memory import gate_targets
from tinydmn.model import DMN
from tinydmn.ops.groups import GRU, Sequences
from tinydmn.output import Output
from tinydmn.parameters import shapes
from tinydmn.pieces import joined
from tinydmn.word_vectors import dropout_mask

from .stories import pieces_of, random_batch, random_stories

EPISODES = ("softmax", "gated")
each_episode = pytest.mark.parametrize("episode", EPISODES)
each_backend = pytest.mark.parametrize("backend", ops.BACKENDS)
seeds = st.integers(0, 2**32 - 1)


def small(episode, **more):
    return Config(**{"hidden": 4, "embedding": 3, "gate_hidden": 3, "passes": 3, "episode": episode} | more)


def network(seed, episode, backend, S=3, dtype="float64", **more):
    """A small network whose parameters are all away from 0 (zeros hide wrong terms), and a batch for it."""
    rng = np.random.default_rng(seed)
    batch, stories, vocabulary = random_batch(rng, S)
    model = DMN(small(episode, **more), vocabulary, backend, seed, dtype)
    model.theta += 0.1 * rng.normal(size=model.theta.shape).astype(dtype)
    return model, batch, stories


@each_episode
@given(seed=seeds)
@settings(max_examples=4)
def test_every_entry_of_every_parameter(episode, seed):
    """Of the fast version; the definition has the same gradients, test_numba_is_numpy says."""
    model, batch, _ = network(seed, episode, "numba", S=2, dropout=0.2, l2=0.01)
    loss = lambda: model.loss_and_grads(batch, alpha=0.7, beta=1.3, rng=np.random.default_rng(5))[0]
    _, grads = model.loss_and_grads(batch, alpha=0.7, beta=1.3, rng=np.random.default_rng(5))
    assert grads.keys() == model.params.keys()
    for name, a in model.params.items():
        # the curvature of three passes through the gates: central differences are good to 1e-5 here
        assert_grad(name, grads[name], loss, a, rtol=2e-5, atol=2e-8)


@each_episode
def test_a_wrong_derivative_in_the_model_is_seen(episode):
    model, batch, _ = network(0, episode, "numpy", S=2)
    right = model.ops.gru_cell_backward
    assert max(error for error, _ in check_model(model, batch, 5, np.random.default_rng(0)).values()) < 1e-5
    model.ops = ops.load("numpy", overlay=SimpleNamespace(gru_cell_backward=lambda *a: tuple(1.001 * x for x in right(*a))))
    wrong = check_model(model, batch, 2, np.random.default_rng(0))
    assert wrong["memory.W"][0] > 1e-4


@each_episode
@given(seed=seeds)
@settings(max_examples=10)
def test_numba_is_numpy(episode, seed):
    model, batch, _ = network(seed, episode, "numpy", S=30)
    fast, _, _ = network(seed, episode, "numba", S=30)
    (J, grads), (J_fast, grads_fast) = (m.loss_and_grads(batch, rng=np.random.default_rng(1)) for m in (model, fast))
    assert J_fast == pytest.approx(J, rel=1e-11)
    for name in grads:
        np.testing.assert_allclose(grads_fast[name], grads[name], rtol=1e-8, atol=1e-11, err_msg=name)
    plain, quick = model.forward(batch), fast.forward(batch)
    for field in ("logits", "answers", "gate_scores", "gates", "memories"):
        np.testing.assert_allclose(getattr(quick, field), getattr(plain, field), rtol=1e-9, atol=1e-11, err_msg=field)


@each_episode
@each_backend
def test_float32_agrees_with_float64_and_stays_float32(episode, backend):
    exact, batch, _ = network(3, episode, backend, S=10)
    model, _, _ = network(3, episode, backend, S=10, dtype="float32")
    model.theta[...] = exact.theta
    J, grads = model.loss_and_grads(batch)
    J_exact, grads_exact = exact.loss_and_grads(batch)
    assert J == pytest.approx(J_exact, rel=1e-5)
    for name, d in grads.items():
        assert d.dtype == np.float32
        np.testing.assert_allclose(d, grads_exact[name], rtol=1e-3, atol=1e-5, err_msg=name)    # float32 sums of hundreds of terms


@each_backend
@each_episode
@given(seed=seeds)
@settings(max_examples=8)
def test_a_story_alone_is_a_story_in_any_batch(backend, episode, seed):
    """Neighbours, their order and padding change neither answers nor gates; the loss of a batch is the mean over its questions."""
    model, batch, stories = network(seed, episode, backend, S=5)
    together, J, first = model.forward(batch), [], 0
    for s, story in enumerate(stories):
        part = make_batch([story], model.vocabulary)
        alone, n = model.forward(part), len(story.questions)
        here, T = slice(first, first + n), alone.gates.shape[2]
        np.testing.assert_allclose(alone.logits, together.logits[here], rtol=1e-10, atol=1e-12)
        np.testing.assert_allclose(alone.gates, together.gates[:, here, :T], rtol=1e-10, atol=1e-12)
        np.testing.assert_array_equal(together.gates[:, here, T:], 0.0)
        J.append(model.loss_and_grads(part)[0] * n)
        first += n
    whole, grads = model.loss_and_grads(batch)
    assert whole == pytest.approx(sum(J) / first, rel=1e-11)
    order = np.random.default_rng(seed).permutation(len(stories))
    mixed, mixed_grads = model.loss_and_grads(make_batch([stories[i] for i in order], model.vocabulary))
    assert mixed == pytest.approx(whole, rel=1e-11)
    for name in grads:
        np.testing.assert_allclose(mixed_grads[name], grads[name], rtol=1e-8, atol=1e-11, err_msg=name)


@each_backend
@each_episode
def test_whatever_stands_on_padding_is_never_read(backend, episode):
    model, batch, _ = network(1, episode, backend, S=6)
    J, grads = model.loss_and_grads(batch)
    wild = {name: a.copy() for name, a in vars(batch).items()}
    wild["tokens"][np.arange(wild["tokens"].shape[1]) >= batch.n_tokens[:, None]] = 1
    wild["question"][np.arange(wild["question"].shape[1]) >= batch.n_question[:, None]] = 1
    wild["fact_end"][np.arange(wild["fact_end"].shape[1]) >= batch.n_facts_story[:, None]] = 3
    J_wild, grads_wild = model.loss_and_grads(type(batch)(**wild))
    assert J_wild == J
    for name in grads:
        np.testing.assert_array_equal(grads_wild[name], grads[name], err_msg=name)


@each_backend
def test_facts_told_later_are_not_seen(backend):
    """A question's answer does not change when the story goes on after it."""
    model, _, stories = network(2, "softmax", backend, S=8)
    for story in stories:
        q = story.questions[0]
        cut = Story(story.facts[:q.n_facts], [q], story.source)
        whole, short = (model.forward(make_batch([s], model.vocabulary)).logits[0] for s in (story, cut))
        np.testing.assert_allclose(whole, short, rtol=1e-10, atol=1e-12)


@each_episode
@each_backend
def test_one_seed_one_result_however_many_threads(episode, backend):
    """Bit for bit, also where the batch is cut into several pieces."""
    results = []
    for n in (1, 2, 2, 3):
        model, batch, _ = network(4, episode, backend, S=150, dtype="float32", hidden=24, embedding=20)
        assert len(pieces_of(batch)) > 2
        model.threads = n
        J, grads = model.loss_and_grads(batch, rng=np.random.default_rng(9))
        results.append((J, *grads.values(), *vars(model.forward(batch)).values()))
    for one, *others in zip(*results):
        for other in others:
            np.testing.assert_array_equal(one, other)


@given(seed=seeds)
@settings(max_examples=10)
def test_pieces_hold_every_question_once(seed):
    batch, _, _ = random_batch(np.random.default_rng(seed), 120)
    parts = pieces_of(batch)
    np.testing.assert_array_equal(np.sort(np.concatenate([questions for _, questions in parts])), np.arange(len(batch.answer)))
    assert sum(len(piece.n_tokens) for piece, _ in parts) == len(batch.n_tokens)
    for piece, questions in parts:
        np.testing.assert_array_equal(piece.answer, batch.answer[questions])
        np.testing.assert_array_equal(piece.n_tokens[piece.story_of], batch.n_tokens[batch.story_of[questions]])
        assert (np.diff(piece.n_tokens) <= 0).all()        # the longest first
    whole = [int(piece.n_tokens.sum()) for piece, _ in parts]
    assert max(whole) - min(whole) <= batch.n_tokens.max() # and dealt out: none has much more to do than another


@pytest.mark.parametrize("S, each, n", ((1, 1, 1), (15, 1, 1), (16, 1, 2), (160, 1, 2), (161, 1, 3), (240, 1, 3), (400, 1, 5), (1, 100, 1), (2, 8, 2), (3, 200, 3)))
def test_how_many_pieces(S, each, n):
    """By the questions: tiny batches stay whole, 80 a piece at most, but a story is never cut."""
    story = Story([["a"]], [Question(["b"], ["c"], 1)] * each)
    batch = make_batch([story] * S, Vocabulary.build([story]))
    assert [len(piece.n_tokens) for piece, _ in pieces_of(batch)] == [len(range(i, S, n)) for i in range(n)]


@each_backend
def test_sums_of_the_pieces_are_the_whole_and_come_in_their_order(backend, monkeypatch):
    """Whichever thread is first: float32 sums in another order are other bits."""
    model, batch, _ = network(4, "softmax", backend, S=150, dtype="float32", hidden=16)
    J, losses, wanted = model.gradient(batch)
    parts = pieces_of(batch)
    assert len(parts) > 2

    def backward(work, parts, n):
        done = {i: work(parts[i]) for i in reversed(range(len(parts)))}
        return [done[i] for i in range(len(parts))]
    monkeypatch.setattr(models.threads, "run", backward)
    np.testing.assert_array_equal(model.gradient(batch)[2], wanted)
    monkeypatch.setattr(models, "pieces", lambda batch, n: parts[::-1])
    assert np.any(model.gradient(batch)[2] != wanted)      # so the order matters, and it is one
    monkeypatch.setattr(models, "pieces", lambda batch, n: [(batch, np.arange(len(batch.answer)))])
    whole_J, whole_losses, whole = model.gradient(batch)
    np.testing.assert_allclose(whole, wanted, rtol=1e-3, atol=1e-5)
    np.testing.assert_allclose(astuple(whole_losses), astuple(losses), rtol=1e-5)
    assert whole_J == pytest.approx(J, rel=1e-5) and whole_losses.n_questions == len(batch.answer)


@each_backend
def test_a_word_looked_up_is_a_word_embedded(backend):
    """A table of words that the steps read gives what a row for each occurrence gives, and the same gradients."""
    op, rng = ops.load(backend), np.random.default_rng(0)
    tokens, n = rng.integers(0, 5, (3, 4)).astype(np.int32), np.array([4, 2, 3], np.int32)
    at = n[:, None] - 1
    L, W, U, b, w = (rng.normal(size=s) for s in ((5, 3), (6, 3), (6, 2), (6,), (3, 1, 2)))
    states, cache = op.gru_forward(L, Sequences(tokens, n, at), GRU(W, U, b))
    once = GRU(*map(np.zeros_like, (W, U, b)))
    dL_once, _ = op.gru_backward(w, cache, GRU(W, U, b), once)
    x = op.gather_forward(L, tokens)                       # (3, 4, D)
    rows = np.arange(12, dtype=np.int32).reshape(3, 4)
    again, cache = op.gru_forward(x.reshape(12, 3), Sequences(rows, n, at), GRU(W, U, b))
    each, dL = GRU(*map(np.zeros_like, (W, U, b))), np.zeros_like(L)
    dx, _ = op.gru_backward(w, cache, GRU(W, U, b), each)
    op.gather_backward(dx.reshape(x.shape), tokens, dL)
    np.testing.assert_allclose(states, again, rtol=1e-12)
    for one, other in zip((dL_once, *once), (dL, *each)):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-12)


def test_a_mask_keeps_the_mean_and_is_the_generators():
    mask = dropout_mask((300, 200), 0.3, np.dtype("float32"), np.random.default_rng(0))
    assert mask.dtype == np.float32 and mask.mean() == pytest.approx(1.0, abs=0.01) and (mask == 0).mean() == pytest.approx(0.3, abs=0.01)
    assert set(np.unique(mask)) == {np.float32(0), np.float32(1 / 0.7)}
    np.testing.assert_array_equal(mask, dropout_mask((300, 200), 0.3, np.dtype("float32"), np.random.default_rng(0)))
    rng = np.random.default_rng(0)
    assert dropout_mask((3, 2), 0.3, np.dtype("float32"), None) is None and dropout_mask((3, 2), 0.0, np.dtype("float32"), rng) is None
    assert rng.random() == np.random.default_rng(0).random()               # nothing was drawn for nothing


@each_backend
@pytest.mark.parametrize("more_words", (0, 300))
def test_dropout_takes_the_same_numbers_of_a_word_wherever_it_stands(backend, more_words, monkeypatch):
    """In facts and in questions, in every story: J is that of a network whose word vectors lack these numbers.  Without a generator nothing is dropped."""
    rng = np.random.default_rng(0)
    stories = random_stories(rng, 8)
    vocabulary = Vocabulary.build(stories, more_words=[f"z{i}" for i in range(more_words)])
    batch, masks = make_batch(stories, vocabulary), []
    model, plain = (DMN(small("gated", dropout=dropout), vocabulary, backend, 0, "float64") for dropout in (0.4, 0.0))
    monkeypatch.setattr(word_vectors, "dropout_mask", lambda *a: masks.append(dropout_mask(*a)) or masks[-1])
    J, grads = model.loss_and_grads(batch, rng=rng)
    words = np.unique(np.r_[batch.tokens.ravel(), batch.question.ravel()]) if more_words else np.arange(len(vocabulary.words))
    mask = np.zeros_like(plain.params["embedding.L"])
    mask[words] = masks.pop()
    assert 0 < (mask[words] == 0).mean() < 1 and not masks
    plain.params["embedding.L"] *= mask
    J_plain, grads_plain = plain.loss_and_grads(batch, rng=rng)
    assert J == pytest.approx(J_plain, rel=1e-12) and masks.pop() is None
    for name in grads:
        np.testing.assert_allclose(grads[name], grads_plain[name] * mask if name == "embedding.L" else grads_plain[name], rtol=1e-9, atol=1e-12, err_msg=name)
    undropped = model.loss_and_grads(batch)[0]
    assert masks.pop() is None and undropped != J != model.loss_and_grads(batch, rng=rng)[0]           # each step a mask of its own
    plain.theta = model.theta
    assert undropped == plain.loss_and_grads(batch)[0]
    np.testing.assert_array_equal(model.forward(batch).logits, plain.forward(batch).logits)            # what is asked, not trained, sees whole words


@each_backend
def test_l2_is_of_matrices_alone(backend):
    """Word vectors are rows of a matrix; biases, W_2 and end-of-passes are none."""
    (model, batch, _), (plain, _, _) = (network(0, "gated", backend, l2=l2) for l2 in (0.25, 0.0))
    (J, grads), (J_plain, grads_plain) = model.loss_and_grads(batch), plain.loss_and_grads(batch)
    matrices = {"embedding.L", "gate.W_b", "gate.W_1", "answer.W_a"} | {f"{gru}.{part}" for gru in ("input", "question", "episode", "memory") for part in "WU"}
    assert J - J_plain == pytest.approx(0.25 / 2 * sum(np.sum(model.params[name]**2) for name in matrices), rel=1e-9)
    for name, a in model.params.items():
        np.testing.assert_allclose(grads[name] - grads_plain[name], 0.25 * a * (name in matrices), rtol=1e-6, atol=1e-12, err_msg=name)
    assert model.gradient(batch)[1] == plain.gradient(batch)[1]            # the losses that are shown are those of answers and gates


def test_stories_are_taken_with_their_questions():
    batch, stories, vocabulary = random_batch(np.random.default_rng(0), 9)
    chosen = np.array([7, 2, 5])
    part, questions = take_stories(batch, chosen)
    for name, a in vars(make_batch([stories[i] for i in chosen], vocabulary)).items():
        got = getattr(part, name)
        assert got.flags.c_contiguous and got.dtype == np.int32, name
        if name == "support":                              # keeps the whole batch's width
            got = got[:, :a.shape[1]]
        np.testing.assert_array_equal(got, a, err_msg=name)
    np.testing.assert_array_equal(part.answer, batch.answer[questions])


def test_targets_of_the_passes():
    """File order, then end-of-passes, then anywhere; no supporting facts: no supervision."""
    support = np.array([[4, 1, -1], [2, -1, -1], [-1, -1, -1], [0, 1, 2]], np.int32)
    target = gate_targets(support, np.array([6, 3, 5, 4], np.int32), 3)
    np.testing.assert_array_equal(target.T, [[4, 1, 6], [2, 3, -1], [-1, -1, -1], [0, 1, 2]])
    np.testing.assert_array_equal(gate_targets(support, np.array([6, 3, 5, 4], np.int32), 1).T, [[4], [2], [-1], [0]])


@each_episode
def test_shapes_of_parameters_and_output(episode):
    model, batch, _ = network(0, episode, "numpy")
    H, D, G, V, A = 4, 3, 3, len(model.vocabulary.words), len(model.vocabulary.answers)
    assert {name: a.shape for name, a in model.params.items()} == shapes(model.config, model.vocabulary)
    assert model.params["gate.W_1"].shape == (G, 7 * H + 2) and model.params["input.W"].shape == (3 * H, D)
    assert model.params["embedding.L"].shape == (V, D) and model.params["answer.W_a"].shape == (A, H)
    out, Q = model.forward(batch), len(batch.answer)
    assert out.logits.shape == (Q, A) and out.memories.shape == (4, Q, H)
    assert out.gates.shape == out.gate_scores.shape == (3, Q, batch.n_facts.max() + 1)
    np.testing.assert_array_equal(np.isneginf(out.gate_scores), np.broadcast_to(np.arange(out.gates.shape[2]) > batch.n_facts[:, None], out.gates.shape))


def test_a_parameter_can_be_written_or_replaced():
    model, batch, _ = network(0, "softmax", "numba")
    model.params["answer.W_a"][...] = 0.0
    np.testing.assert_array_equal(model.forward(batch).logits, 0.0)
    assert model.loss_and_grads(batch, alpha=0.0)[0] == pytest.approx(np.log(len(model.vocabulary.answers)))    # log A at the start
    model.params["answer.W_a"] = np.ones_like(model.params["answer.W_a"])
    assert np.abs(model.forward(batch).logits).max() > 0


def test_pieces_whose_answers_end_sooner_are_filled_up():
    """Answers with -1, which is no word; scores of places that are not there with -inf, everything else with 0."""
    def said(Q, steps, T, value):
        return Output(np.full((Q, steps, 3), value, np.float32), np.full((Q, steps), int(value)), *(np.full((2, Q, T), value, np.float32) for _ in range(2)),
                             np.full((3, Q, 4), value, np.float32), np.full(Q, 2), np.full(Q, 2))
    batch = SimpleNamespace(n_facts=np.array([4, 3, 4]))
    out = joined([said(2, 3, 5, 1.0), said(1, 2, 4, 2.0)], [(None, np.array([0, 2])), (None, np.array([1]))], batch)
    np.testing.assert_array_equal(out.answers, [[1, 1, 1], [2, 2, -1], [1, 1, 1]])
    np.testing.assert_array_equal(out.logits[:, :, 0], [[1, 1, 1], [2, 2, 0], [1, 1, 1]])
    np.testing.assert_array_equal(out.gate_scores[0], [[1] * 5, [2] * 4 + [-np.inf], [1] * 5])
    np.testing.assert_array_equal(out.gates[1], [[1] * 5, [2] * 4 + [0], [1] * 5])
    np.testing.assert_array_equal(out.memories[2, :, 0], [1, 2, 1])
    np.testing.assert_array_equal(out.passes_made, [2, 2, 2])
