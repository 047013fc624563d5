"""Every switch of the network beside the plain one of test_model.py: gradients, backends, batches, and what each is for."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from tinydmn import ops, word_vectors
from tinydmn.answer_sequence import until_end
from tinydmn.config import Config
from tinydmn.data.batch import cut_at_questions, make_batch, take_stories
from tinydmn.data.story import Question, Story
from tinydmn.data.vocabulary import Vocabulary
from tinydmn.errors import UserError
from tinydmn.gradcheck import assert_grad
from tinydmn.losses import right_answers
from tinydmn.model import DMN
from tinydmn.ops import passes_numba
from tinydmn.ops.groups import GRU, Decoder, Gate, Sequences, take
from tinydmn.ops.gru_numpy import sigmoid

from .stories import TAGS, pieces_of, random_stories, stories_for

each_backend = pytest.mark.parametrize("backend", ops.BACKENDS)
seeds = st.integers(0, 2**32 - 1)
SWITCHES = {
    "sequence": {"answer": "sequence"}, "sequence, gated": {"answer": "sequence", "episode": "gated"},
    "sequence, no passes": {"answer": "sequence", "passes": 0},
    "tags, one pass": TAGS | {"passes": 1}, "tags, two passes": TAGS | {"passes": 2}, "tags, three passes": TAGS | {"passes": 3},
    "tags, no passes": TAGS | {"passes": 0}, "tags, both ways": TAGS | {"passes": 2, "bidirectional": "yes"},
    "no passes": {"passes": 0}, "one pass": {"passes": 1}, "stop": {"stop": "yes"},
    "lstm": {"cell": "lstm"}, "rnn": {"cell": "rnn"}, "both ways": {"bidirectional": "yes"}, "both ways, lstm": {"bidirectional": "yes", "cell": "lstm"},
    "facts at every word too": {"facts": "both"}, "every word a fact, gated": {"facts": "words", "episode": "gated"},
}
each_switch = pytest.mark.parametrize("switch", SWITCHES, ids=lambda switch: switch.replace(", ", "-").replace(" ", "_"))


def network(switch, backend, seed, S=3, dtype="float64", features=False, **more):
    """A small network with a switch, no parameter at 0 (zeros hide wrong terms), a batch for it, and the stories."""
    config = Config(**{"hidden": 4, "embedding": 3, "gate_hidden": 3, "passes": 3, "episode": "softmax"} | SWITCHES[switch] | more)
    rng = np.random.default_rng(seed)
    stories = stories_for(rng, S, config)
    vocabulary = Vocabulary.build(stories, config.answer, features)
    model = DMN(config, vocabulary, backend, seed, dtype)
    model.theta += 0.1 * rng.normal(size=model.theta.shape).astype(dtype)
    return model, make_batch(stories, vocabulary, config.facts, config.answer), stories


@each_switch
@given(seed=seeds)
@settings(max_examples=2)
def test_every_entry_of_every_parameter(switch, seed):
    """Of the fast version; test_numba_is_numpy holds the definition's gradients against these to 1e-8."""
    model, batch, _ = network(switch, "numba", seed, S=2, dropout=0.2, l2=0.01, hidden=3, gate_hidden=2, embedding=2)
    loss = lambda: model.loss_and_grads(batch, alpha=0.7, beta=1.3, rng=np.random.default_rng(5))[0]
    _, grads = model.loss_and_grads(batch, alpha=0.7, beta=1.3, rng=np.random.default_rng(5))
    assert grads.keys() == model.params.keys()
    for name, a in model.params.items():
        assert_grad(name, grads[name], loss, a, rtol=2e-5, atol=2e-8)


@each_backend
@given(seed=seeds)
@settings(max_examples=3)
def test_features_of_spelling(backend, seed):
    """x_w = L[w] + Σ F[f], in a batch over its own words, shared by both ways of reading and the question."""
    rng = np.random.default_rng(seed)
    forms = ["Running", "running", "walked", "Walked", "B-52s", "x", "talked", "jumped"]
    text = lambda: [forms[i] for i in rng.integers(0, len(forms), rng.integers(1, 5))]
    stories = [Story([t := text()], [Question(["Tags"], [f"t{rng.integers(2)}" for _ in t], 1)]) for _ in range(6)]
    vocabulary = Vocabulary.build(stories + [Story([forms], [])], "tags", features=True)
    assert vocabulary.features
    config = Config(hidden=3, embedding=2, gate_hidden=2, passes=2, **TAGS, bidirectional="yes", dropout=0.3)
    model = DMN(config, vocabulary, backend, 0, "float64")
    batch = make_batch([*stories, Story([["Unheard", "talked"]], [Question(["Tags"], ["t0", "t0"], 1)])], vocabulary, "words", "tags")
    loss = lambda: model.loss_and_grads(batch, rng=np.random.default_rng(1))[0]
    _, grads = model.loss_and_grads(batch, rng=np.random.default_rng(1))
    for name in ("embedding.L", "embedding.F", "input.W", "input_back.W"):
        assert_grad(name, grads[name], loss, model.params[name], rtol=2e-5, atol=2e-8)
    assert np.abs(grads["embedding.F"][vocabulary.feature_id["-ed"]]).max() > 0


@each_switch
@given(seed=seeds)
@settings(max_examples=3)
def test_numba_is_numpy(switch, seed):
    (plain, batch, _), (fast, _, _) = (network(switch, backend, seed, S=18) for backend in ops.BACKENDS)
    (J, grads), (J_fast, grads_fast) = (m.loss_and_grads(batch, rng=np.random.default_rng(1)) for m in (plain, fast))
    assert J_fast == pytest.approx(J, rel=1e-11)
    for name in grads:
        np.testing.assert_allclose(grads_fast[name], grads[name], rtol=1e-8, atol=1e-11, err_msg=name)
    out, out_fast = plain.forward(batch), fast.forward(batch)
    for field, a in vars(out).items():
        np.testing.assert_allclose(getattr(out_fast, field), a, rtol=1e-9, atol=1e-11, err_msg=field)


@each_backend
@each_switch
def test_float32_stays_float32(switch, backend):
    exact, batch, _ = network(switch, backend, 3, S=8)
    model, _, _ = network(switch, backend, 3, S=8, dtype="float32")
    model.theta[...] = exact.theta
    J, grads = model.loss_and_grads(batch)
    J_exact, grads_exact = exact.loss_and_grads(batch)
    assert J == pytest.approx(J_exact, rel=1e-4)
    for name, d in grads.items():
        assert d.dtype == np.float32
        np.testing.assert_allclose(d, grads_exact[name], rtol=2e-3, atol=2e-5, err_msg=name)
    out = model.forward(batch)
    assert {out.logits.dtype, out.gates.dtype, out.memories.dtype} == {np.dtype("float32")}


@each_backend
@each_switch
def test_shapes_of_an_output(switch, backend):
    model, batch, _ = network(switch, backend, 3, S=40)
    out, config, A = model.forward(batch), model.config, len(model.vocabulary.answers)
    Q, F, N, H, passes = len(batch.story_of), batch.fact_end.shape[1], int(batch.n_facts.sum()), config.hidden, config.passes
    assert len(pieces_of(batch)) > 1 and {f: getattr(out, f).shape for f in ("answered_from", "passes_made")} == {"answered_from": (Q,), "passes_made": (Q,)}
    if config.answer == "tags":
        assert out.logits.shape == (Q, F, A) and out.answers.shape == (Q, F) and out.gate_scores.size == 0
        assert out.gates.shape[:2] == (passes, N) and out.memories.shape == (passes + 1, N, H)
    else:
        steps = out.answers.shape[1:]
        T = F + 1 if passes == 0 else int(batch.n_facts.max()) + 1         # without passes nothing is cut to what is visible
        assert len(steps) == (config.answer == "sequence") and out.answers.shape[0] == Q and out.logits.shape == (Q, *steps, A)
        assert out.gate_scores.shape == out.gates.shape == (passes, Q, T) and out.memories.shape == (passes + 1, Q, H)


def wider(batch):
    """The batch with columns of padding more."""
    more = lambda a, n, fill: np.pad(a, ((0, 0), (0, n)), constant_values=fill)
    answer = batch.answer if batch.answer.ndim == 1 else more(batch.answer, 2, -1)
    return replace(batch, tokens=more(batch.tokens, 3, 1), fact_end=more(batch.fact_end, 2, 0), question=more(batch.question, 2, 1), support=more(batch.support, 2, -1),
                   answer=answer)


def told(out, batch, kind):
    """What an Output says of each question, without padding; `words`: the rows that the words of a sentence have."""
    first = np.cumsum(batch.n_facts) - batch.n_facts
    for q, n in enumerate(batch.n_facts):
        words = np.arange(first[q], first[q] + n) if kind == "tags" else q
        answers = [int(k) for k in np.atleast_1d(out.answers[q]) if k >= 0]
        logits = out.logits[q] if kind == "word" else out.logits[q, :len(answers)]
        places = n if kind == "tags" else n + 1
        assert not out.gates[:, words, places:].any() and np.isneginf(out.gate_scores[:, words, places:] if kind != "tags" else -np.inf).all()
        scores = np.zeros(0) if kind == "tags" else out.gate_scores[:, q, :places]
        yield answers, int(out.passes_made[q]), int(out.answered_from[q]), logits, scores, out.gates[:, words, :places], out.memories[:, words]


@each_switch
@given(seed=seeds)
@settings(max_examples=2)
def test_alone_as_in_any_batch(switch, seed):
    """Neighbours, their order, padding and the cutting into pieces change nothing of what is said; a loss is the mean over what is judged."""
    model, batch, stories = network(switch, "numba", seed, S=18)
    kind, Q = model.config.answer, len(batch.story_of)
    assert len(pieces_of(batch)) > 1
    together = list(told(model.forward(batch), batch, kind))
    order = np.random.default_rng(seed).permutation(len(stories))
    turned, places = take_stories(batch, order)
    found = {"wider": (range(Q), told(model.forward(wider(batch)), batch, kind)), "in another order": (places, told(model.forward(turned), turned, kind))}
    J, judged, first = 0.0, 0, 0
    for s, story in enumerate(stories):
        part = make_batch([story], model.vocabulary, model.config.facts, kind)
        found[f"story {s} alone"] = range(first, first + len(story.questions)), told(model.forward(part), part, kind)
        weight = int(np.sum(part.answer >= 0)) if kind == "tags" else len(story.questions)
        J, judged, first = J + model.loss_and_grads(part)[0] * weight, judged + weight, first + len(story.questions)
    for name, (questions, says) in found.items():
        for q, (answers, made, answered_from, *arrays) in zip(questions, says, strict=True):
            assert (answers, made, answered_from) == together[q][:3], name
            for a, b in zip(arrays, together[q][3:], strict=True):
                np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-11, err_msg=name)
    assert model.loss_and_grads(batch)[0] == pytest.approx(J / judged, rel=1e-10)
    assert model.loss_and_grads(wider(batch))[0] == pytest.approx(J / judged, rel=1e-10)


@each_switch
def test_one_seed_one_result_however_many_threads(switch):
    results = []
    for n in (1, 2, 3):
        model, batch, _ = network(switch, "numba", 4, S=60, dtype="float32")
        model.threads = n
        J, grads = model.loss_and_grads(batch, rng=np.random.default_rng(9))
        results.append((J, *grads.values(), *vars(model.forward(batch)).values()))
    for one, *others in zip(*results):
        for other in others:
            np.testing.assert_array_equal(one, other)


# tags

@pytest.mark.parametrize("passes", (1, 2, 3))
def test_each_word_by_its_own_passes(passes):
    """Against the definition, word by word: word t is a story that ends there, without end-of-passes, and asked for its last word."""
    model, batch, _ = network("tags, two passes", "numpy", 0, S=5, passes=passes)
    out, p, op = model.forward(batch), model.params, model.ops
    x = p["embedding.L"]
    row = 0
    for q in range(len(batch.story_of)):
        for t in range(batch.n_facts[q]):
            words = batch.tokens[q:q + 1, :t + 1]
            every = np.arange(t + 1, dtype=np.int32)[None]
            n = np.array([t + 1], np.int32)
            c, _ = op.gru_forward(x, Sequences(words, n, every), take(GRU, p, "input"))
            quest, n_quest = batch.question[q:q + 1, :batch.n_question[q]], batch.n_question[q:q + 1]
            m = question = op.gru_forward(x, Sequences(quest, n_quest, n_quest[:, None] - 1), take(GRU, p, "question"))[0][:, 0]
            for i in range(passes):
                s, _ = op.gate_forward(c, m, question, take(Gate, p, "gate"))
                g = sigmoid(s)
                np.testing.assert_allclose(out.gates[i, row, :t + 1], g[0], rtol=1e-10)
                h, _ = op.gru_forward(c[0], Sequences(every, n, n[:, None] - 1), take(GRU, p, "episode"), g)
                m, _ = op.gru_cell_forward(h[:, 0], m, take(GRU, p, "memory"))
            np.testing.assert_allclose(out.memories[-1, row], m[0], rtol=1e-10)
            np.testing.assert_allclose(out.logits[q, t], p["answer.W_a"] @ m[0], rtol=1e-9)
            row += 1
    assert row == out.memories.shape[1]


@each_backend
def test_long_sentences_in_chunks_give_the_same(backend, monkeypatch):
    """Chunks of few pairs, made again on the way back, give what one chunk gives."""
    model, batch, _ = network("tags, three passes", backend, 1, S=6)
    J, grads = model.loss_and_grads(batch)
    out = model.forward(batch)
    monkeypatch.setattr(passes_numba, "PAIRS", 4)
    assert len(passes_numba.chunks(np.array([1, 2, 3, 4, 5, 1, 1]))) == 5
    J_chunks, grads_chunks = model.loss_and_grads(batch)
    assert J_chunks == pytest.approx(J, rel=1e-12)
    for name in grads:
        np.testing.assert_allclose(grads_chunks[name], grads[name], rtol=1e-9, atol=1e-12, err_msg=name)
    np.testing.assert_allclose(model.forward(batch).gates, out.gates, rtol=1e-12)


@pytest.mark.parametrize("n, pairs, wanted", (
    ([1, 2, 3, 4], 3, [2, 1, 1]), ([1, 2, 3, 4], 6, [3, 1]), ([1, 2, 3, 4], 7, [3, 1]), ([1, 2, 3, 4], 10, [4]), ([9, 1, 1], 4, [1, 2]), ([3, 1, 1, 1, 1, 1], 4, [2, 4]), ([5, 5], 5, [1, 1]), ([7], 1, [1])))
def test_chunks(n, pairs, wanted, monkeypatch):
    """As many words as fit, one at least; every word once, in their order."""
    monkeypatch.setattr(passes_numba, "PAIRS", pairs)
    parts = passes_numba.chunks(np.array(n))
    assert [part.stop - part.start for part in parts] == wanted
    assert [i for part in parts for i in range(part.start, part.stop)] == list(range(len(n)))


def test_long_sentences_keep_no_more_than_one_chunk(monkeypatch):
    """A chunk's numbers are made again on the way back where there are several, and kept where there is one."""
    model, batch, _ = network("tags, three passes", "numba", 1, S=6)
    looks, look = [], passes_numba.look_forward
    monkeypatch.setattr(passes_numba, "look_forward", lambda *a: looks.append(1) or look(*a))
    model.loss_and_grads(batch)
    assert len(looks) == 1
    monkeypatch.setattr(passes_numba, "PAIRS", 4)
    chunks = len(passes_numba.chunks(np.concatenate([np.arange(1, n + 1) for n in batch.n_facts])))
    looks.clear()
    model.forward(batch)
    assert len(looks) == chunks > 1
    looks.clear()
    model.loss_and_grads(batch)
    assert len(looks) == 2 * chunks


def test_tags_need_one_question_a_sentence_and_gated_episodes():
    model, batch, stories = network("tags, one pass", "numpy", 0)
    twice = [Story(s.facts, s.questions * 2) for s in stories]
    with pytest.raises(ValueError, match="one question"):
        model.forward(make_batch(twice, model.vocabulary, "words", "tags"))
    with pytest.raises(UserError, match="--episode gated"):
        Config(answer="tags", facts="words", episode="softmax")


# answers of several words

def test_decoding_step_by_step():
    """Eqs (9), (10) with Python's loop and one-hot vectors: y_0 = 0, then what was predicted, and it ends after <eos>."""
    model, batch, _ = network("sequence", "numpy", 2, S=4)
    out, p = model.forward(batch), model.params
    A = len(model.vocabulary.answers)
    q = network("sequence", "numpy", 2, S=4)[0].forward(batch).memories[0]
    for i, a in enumerate(out.memories[-1]):
        y, words = np.zeros(A), []
        for step in range(out.logits.shape[1]):
            a = model.ops.gru_cell_forward(np.concatenate([y, q[i]])[None], a[None], take(GRU, p, "answer"))[0][0]      # (10)
            np.testing.assert_allclose(out.logits[i, step], p["answer.W_a"] @ a, rtol=1e-9, atol=1e-12)                                     # (9)
            y = np.eye(A)[np.argmax(p["answer.W_a"] @ a)]
            words.append(int(y.argmax()))
            if words[-1] == 0:
                break
        assert [k for k in out.answers[i] if k >= 0] == words


def test_the_end_of_an_answer_is_found():
    """A decoder that always says <eos> answers with no word at all; one that never does is stopped."""
    model, batch, _ = network("sequence", "numpy", 2)
    model.params["answer.W_a"][...] = 0.0                  # all words alike: argmax takes the first, <eos>
    out = model.forward(batch)
    assert (out.answers[:, 0] == 0).all() and (out.answers[:, 1:] == -1).all() and model.vocabulary.answer_text(out.answers[0]) == ""
    keeps = GRU(np.zeros((12, 6)), np.zeros((12, 4)), np.r_[np.full(4, 9.0), np.zeros(8)])
    logits, _ = model.ops.decode_forward(np.ones((1, 4)), np.ones((1, 4)), None, (1, 7), Decoder(keeps, np.array([[-1.0] * 4, [1.0] * 4])))
    assert logits.shape[1] == 7 and (until_end(logits.argmax(axis=2)) == 1).all()


def speaker(words, A=3):
    """decode_forward's m, q and weights for a network that predicts these words (of A) for each question, in their order, and its
    operations: a step's state is the one-hot vector of its word, whatever the state before."""
    steps = []

    def gru_cell_forward(x, h_prev, gru):
        steps.append(1)
        return np.eye(A)[[row[min(len(steps), len(row)) - 1] for row in words]], None
    zeros = np.zeros((len(words), A))
    return zeros, zeros, Decoder(GRU(np.zeros((3 * A, 2 * A)), np.zeros((3 * A, A)), np.zeros(3 * A)), np.eye(A)), steps, gru_cell_forward


@pytest.mark.parametrize("words, least, longest, steps", (
    ([[1, 0]], 1, 9, 2), ([[1, 0], [0]], 1, 9, 2), ([[1, 0, 1], [1, 1, 0]], 1, 9, 3), ([[0, 1, 1, 1]], 1, 9, 1), ([[0]], 3, 9, 3), ([[1, 0]], 2, 9, 2), ([[1]], 1, 4, 4),
    ([[1, 1, 0]], 1, 3, 3), ([[1, 1, 0]], 1, 2, 2), ([[0]], 4, 4, 4)))
def test_decoding_ends_when_every_answer_has(words, least, longest, steps):
    """One that has said <eos> has ended, whatever it would say then; not before `least` steps, and in any case after `longest`."""
    m, q, weights, made, cell = speaker(words)
    op = ops.load("numpy", overlay=SimpleNamespace(gru_cell_forward=cell))
    logits, _ = op.decode_forward(m, q, None, (least, longest), weights)
    assert logits.shape[1] == steps == len(made)
    said = until_end(logits.argmax(axis=2), longest)
    for row, own in zip(said, words):
        told = [own[min(t, len(own) - 1)] for t in range(steps)]
        told = told[:told.index(0) + 1] if 0 in told else told
        assert [k for k in row if k >= 0] == told and (row[len(told):] == -1).all()


def test_the_longest_answer():
    """A decoder that finds no end makes config.longest steps, or as many as the right answers have, and answers with config.longest words."""
    for longest in (1, 2, 5):
        model, batch, _ = network("sequence", "numpy", 0, longest=longest)
        model.params["answer.W_a"][...], model.params["answer.b"][...] = 0.0, 0.0
        model.params["answer.W_a"][1] = 1.0                # the second word whatever the state, while its numbers are positive; else the first, <eos>
        model.params["answer.b"][8:] = 9.0
        model.params["answer.b"][:4] = -9.0                # z = 0, h~ = 1
        out = model.forward(batch)
        width = batch.answer.shape[1]
        assert out.logits.shape[1] == max(longest, width) and ((out.answers == 1).sum(axis=1) == longest).all() and (out.answers[:, longest:] == -1).all()


def test_a_sequence_is_right_as_a_whole_or_not_at_all():
    vocabulary = Vocabulary(("<pad>", "<unk>", "<eos>", "q", "x"), ("<eos>", "a", "b"))
    batch = make_batch([Story([["x"]], [Question(["q"], ["a", "b"], 1), Question(["q"], ["a"], 1)])], vocabulary, answer="sequence")
    np.testing.assert_array_equal(batch.answer, [[1, 2, 0], [1, 0, -1]])
    for answers, right in (([[1, 2, 0], [1, 0, -1]], 2), ([[1, 2, 0, -1], [1, 0, -1, -1]], 2), ([[1, 2, 2, 0], [1, 0, -1, -1]], 1),
                           ([[2, 1, 0], [1, 2, 0]], 0)):
        assert right_answers(np.array(answers), batch, "sequence").sum() == right


def test_teacher_feeds_the_correct_or_the_predicted_word():
    _, batch, _ = network("sequence", "numpy", 5, S=12)
    correct, predicted = (network("sequence", "numpy", 5, S=12, teacher_forcing=teacher)[0].loss_and_grads(batch)[0] for teacher in ("yes", "no"))
    assert correct != predicted


def test_sequence_to_sequence_has_no_question_and_no_memory():
    """An empty question gives q = 0, so nothing of the question module is left: the decoder reads the last state of the text alone."""
    stories = [Story([["a", "b", "c"]], [Question([], ["c", "b", "a"], 1)]), Story([["b"]], [Question([], ["b"], 1)])]
    vocabulary = Vocabulary.build(stories, "sequence")
    for backend in ops.BACKENDS:
        model = DMN(Config(hidden=4, embedding=3, passes=0, answer="sequence", facts="words"), vocabulary, backend, 0, "float64")
        batch = make_batch(stories, vocabulary, "words", "sequence")
        before = model.loss_and_grads(batch)
        assert not any(name.startswith(("gate.", "memory.", "episode.")) for name in model.params)
        for name in ("question.W", "question.U", "question.b"):
            assert not before[1][name].any()
            model.params[name] += 1.0
        assert model.loss_and_grads(batch)[0] == before[0]


# stopping, zero passes, both ways, facts

def test_stopping_reads_the_answer_where_the_gate_says_enough():
    model, batch, _ = network("stop", "numpy", 0, S=20)
    model.params["memory.end_of_passes"] *= 4              # so that it is chosen now and then
    out = model.forward(batch)
    chosen = out.gate_scores.argmax(axis=2) == batch.n_facts
    assert 0 < chosen[0].sum() < chosen.shape[1]
    for i in range(len(batch.answer)):
        first = np.flatnonzero(chosen[:, i])[0] + 1 if chosen[:, i].any() else 3
        assert out.answered_from[i] == first
        np.testing.assert_allclose(out.logits[i], model.params["answer.W_a"] @ out.memories[first, i], rtol=1e-12)


def test_passes_after_all_have_stopped_are_not_made():
    model, batch, _ = network("stop", "numpy", 0)
    made, right = [], model.ops.gate_forward

    def rising(*args):                                     # scores rise with the place: end-of-passes is chosen at once
        made.append(1)
        s, cache = right(*args)
        return s * 0 + np.where(np.arange(s.shape[1]) <= batch.n_facts[:, None], np.arange(s.shape[1]), 0), cache
    model.ops = ops.load("numpy", overlay=SimpleNamespace(gate_forward=rising))
    out = model.forward(batch)
    assert len(made) == 1 and out.gates.shape[0] == 3 and not out.gates[1:].any() and (out.answered_from == 1).all()


def test_a_question_that_stopped_stays_so():
    """One that chose end-of-passes once has ended, whatever it would choose later, so passes end when each has chosen it once."""
    model, batch, _ = network("stop", "numpy", 0)
    made, right, Q = [], model.ops.gate_forward, len(batch.story_of)

    def by_turns(*args):                                   # question i chooses end-of-passes in the passes of its own parity, and no other
        s, cache = right(*args)
        place = np.where((np.arange(Q) + len(made)) % 2, batch.n_facts, 0)
        made.append(1)
        return np.where(np.isinf(s), s, np.where(np.arange(s.shape[1]) == place[:, None], 1.0, 0.0)), cache
    model.ops = ops.load("numpy", overlay=SimpleNamespace(gate_forward=by_turns))
    out = model.forward(batch)
    assert len(made) == 2 and Q > 1
    np.testing.assert_array_equal(out.answered_from, np.where(np.arange(Q) % 2, 1, 2))
    np.testing.assert_array_equal(out.passes_made, out.answered_from)


def test_zero_passes_answer_from_the_last_fact_alone():
    model, batch, stories = network("no passes", "numpy", 0)
    other = make_batch([replace(s, questions=[replace(q, tokens=["w1"]) for q in s.questions]) for s in stories], model.vocabulary)
    out = model.forward(batch)
    np.testing.assert_array_equal(out.logits, model.forward(other).logits)
    assert out.gates.shape[0] == 0 and out.memories.shape[0] == 1


def test_reading_both_ways_never_looks_behind_a_question():
    model, batch, stories = network("both ways", "numpy", 0)
    with pytest.raises(ValueError, match="cut_at_questions"):
        model.forward(make_batch([Story([["w1"], ["w2"]], [Question(["w3"], ["a1"], 1)])], model.vocabulary))
    for story in stories:
        assert {q.n_facts for q in story.questions} == {len(story.facts)}


def test_cutting_keeps_every_question():
    stories = random_stories(np.random.default_rng(0), 9)
    cut = cut_at_questions(stories)
    wanted = [q for s in stories for q in sorted(s.questions, key=lambda q: q.n_facts)]
    assert [q for s in cut for q in s.questions] == wanted and all(q.n_facts == len(s.facts) for s in cut for q in s.questions)


def test_facts_at_words():
    story = Story([["a", "b"], ["c"]], [Question(["q"], ["x"], 1, [0]), Question(["q"], ["x"], 2, [1, 0])])
    v = Vocabulary.build([story])
    both = make_batch([story], v, "both")
    np.testing.assert_array_equal(both.fact_end, [[0, 1, 2, 3, 4]])
    np.testing.assert_array_equal(both.n_facts, [3, 5])
    np.testing.assert_array_equal(both.support, [[2, -1], [4, 2]])                         # the ends of those sentences
    words = make_batch([Story([["a", "b"]], story.questions[:1])], v, "words")
    assert words.tokens.tolist() == [v.encode(["a", "b"])] and words.n_facts.tolist() == [2] and words.fact_end.tolist() == [[0, 1]]


# a batch over its own words

def test_a_batch_over_its_own_words_gives_the_same():
    model, batch, stories = network("sequence", "numpy", 0)
    more = Vocabulary(model.vocabulary.words + tuple(f"z{i}" for i in range(900)), model.vocabulary.answers)
    large = DMN(model.config, more, "numpy", 0, "float64")
    for name, a in model.params.items():
        large.params[name][tuple(slice(0, k) for k in a.shape)] = a
    small, forms = word_vectors.distinct(batch, len(more.words))
    assert forms is not None and len(forms) < 30 and word_vectors.distinct(batch, 12)[1] is None
    np.testing.assert_array_equal(forms[small.tokens, 0], batch.tokens)
    J, grads = model.loss_and_grads(batch)
    J_large, grads_large = large.loss_and_grads(batch)
    assert J_large == pytest.approx(J, rel=1e-12)
    np.testing.assert_allclose(grads_large["embedding.L"][:len(model.vocabulary.words)], grads["embedding.L"], rtol=1e-9, atol=1e-12)
    assert not grads_large["embedding.L"][len(model.vocabulary.words):].any()


def test_the_vocabulary_must_be_of_the_configurations_kind():
    vocabulary = Vocabulary.build([Story([["a"]], [Question(["q"], ["x"], 1)])])
    with pytest.raises(ValueError, match="sequence"):
        DMN(Config(answer="sequence"), vocabulary, "numpy")
