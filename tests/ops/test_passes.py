"""The passes over the facts, eqs (5) to (8) and the memory, and those of every word of a sentence (section 2.4)."""

import sys

import numpy as np
import pytest
from hypothesis import assume, given, strategies as st

from tinydmn.ops.groups import Facts, Passes

from .helpers import (NUMBA, NUMPY, arrays, assert_a_thousandth_is_seen, assert_gradients, assert_same, cast, each_backend, each_dtype, each_kind, less_one,
                      memory_weights, ones, ops, questions, seeds, sizes, visible)

passes_numba = sys.modules["tinydmn.ops.passes_numba"]
n_passes, few, two = st.integers(1, 3), st.integers(1, 3), st.integers(1, 2)


def looked(rng, kind, n, Q, T, R, H, G):
    """Random arguments of passes_forward, and what their loss weighs memories and scores with."""
    c, m, q, facts = questions(rng, Q, T, R, H)
    return (c, m, q, facts, memory_weights(rng, kind, H, G), Passes(n, kind)), (rng.normal(size=(n, Q, H)), rng.normal(size=(n, Q, T)))


def loss_of(op, arguments, w):
    """Σ_i <w_m^i, m^i> + <w_s^i, s^i>: every memory and every score of a visible fact matters."""
    ms, ss, _, _ = op.passes_forward(*arguments)
    seen = visible(arguments[3])
    return sum(np.sum(w_m * m) + np.sum(w_s[seen] * s[seen]) for w_m, w_s, m, s in zip(*w, ms, ss))


def gradients(op, arguments, w_m, w_s):
    """Of the loss: dc, dm, dq, dweights, these added to ones and without them."""
    weights = arguments[4]
    dweights = ones(weights)
    return *op.passes_backward(w_m, w_s, op.passes_forward(*arguments)[3], weights, dweights), less_one(dweights)


def far_from_the_kink(op, arguments):
    """|c - x| has no derivative at 0: central differences need facts apart from q and from every memory."""
    c, m, q, facts, *_ = arguments
    return min(np.abs(c[facts.rows] - x[:, None])[visible(facts)].min() for x in (m, q, *op.passes_forward(*arguments)[0])) > 1e-3


@each_backend
@each_kind
@given(n=n_passes, Q=two, T=few, R=few, H=two, G=two, seed=seeds)
def test_gradients(backend, kind, n, Q, T, R, H, G, seed):
    op = ops.load(backend)
    arguments, w = looked(np.random.default_rng(seed), kind, n, Q, T, R, H, G)
    assume(far_from_the_kink(op, arguments))
    c, m, q, _, weights, _ = arguments
    assert_gradients(lambda: loss_of(op, arguments, w), gradients(op, arguments, *w), (c, m, q, weights))


@each_backend
@each_kind
@given(n=n_passes, Q=sizes, T=sizes, R=sizes, H=sizes, G=sizes, seed=seeds)
def test_gradients_of_the_last_memory_alone(backend, kind, n, Q, T, R, H, G, seed):
    """Without a loss of the scores: dss is None, as when the gates are not supervised."""
    op = ops.load(backend)
    arguments, (w_m, w_s) = looked(np.random.default_rng(seed), kind, n, Q, T, R, H, G)
    w_m[:-1] = 0
    assert_same(gradients(op, arguments, w_m, None), gradients(op, arguments, w_m, 0 * w_s), "float64")
    alone = gradients(op, arguments, [np.zeros_like(w_m[0])] * (n - 1) + [w_m[-1]], None)
    assert_same(alone, gradients(op, arguments, w_m, None), "float64")


@each_backend
@each_kind
def test_a_gradient_wrong_by_a_thousandth_is_seen(backend, kind):
    op = ops.load(backend)
    arguments, w = looked(np.random.default_rng(3), kind, 2, 2, 3, 3, 3, 2)
    c, m, q, _, weights, _ = arguments
    assert_a_thousandth_is_seen(lambda: loss_of(op, arguments, w), gradients(op, arguments, *w), (c, m, q, weights))


@each_dtype
@each_kind
@given(n=n_passes, Q=few, T=sizes, R=sizes, H=sizes, G=sizes, seed=seeds)
def test_numba_is_numpy(dtype, kind, n, Q, T, R, H, G, seed):
    """Memories, scores (-inf on padding), gates, and all gradients; also on both sides of packing_numba.MANY."""
    arguments, w = looked(np.random.default_rng(seed), kind, n, 15 * Q, T, R, H, G)
    arguments, w = (*cast(arguments[:5], dtype), arguments[5]), cast(w, dtype)
    assert_same(*((list(op.passes_forward(*arguments)[:3]), gradients(op, arguments, *w)) for op in (NUMBA, NUMPY)), dtype)


@each_backend
@each_kind
@given(n=n_passes, Q=sizes, T=sizes, R=sizes, H=sizes, G=sizes, seed=seeds)
def test_each_pass_is_gate_episode_and_memory(backend, kind, n, Q, T, R, H, G, seed):
    """Question by question with the operations of the reference: nothing but the order of section 2.3."""
    op = ops.load(backend)
    (c, m, q, facts, weights, how), _ = arguments, _ = looked(np.random.default_rng(seed), kind, n, Q, T, R, H, G)
    ms, ss, gs, _ = op.passes_forward(*arguments)
    assert len(ms) == len(ss) == len(gs) == n
    for i in range(Q):
        c_i, m_i, q_i = c[facts.rows[i, :facts.n[i]]][None], m[i:i + 1], q[i:i + 1]
        for m_got, s_got, g_got in zip(ms, ss, gs):
            s, _ = NUMPY.gate_forward(c_i, m_i, q_i, weights.gate)
            e, g, _ = getattr(NUMPY, f"{kind}_episode_forward")(c_i, s, weights.episode)
            m_i, _ = NUMPY.gru_cell_forward(e, m_i, weights.memory)
            assert_same((m_got[i], s_got[i, :facts.n[i]], g_got[i, :facts.n[i]]), (m_i[0], s[0], g[0]), "float64")
            np.testing.assert_array_equal(s_got[i, facts.n[i]:], -np.inf)
            np.testing.assert_array_equal(g_got[i, facts.n[i]:], 0.0)


@each_backend
@each_kind
@given(n=n_passes, Q=sizes, T=sizes, R=sizes, H=sizes, G=sizes, seed=seeds)
def test_padding_and_neighbours_change_nothing(backend, kind, n, Q, T, R, H, G, seed):
    """What padding names, and what gradient of a score is given there; the other questions of the batch, and their order."""
    op, rng = ops.load(backend), np.random.default_rng(seed)
    (c, m, q, facts, weights, how), (w_m, w_s) = arguments, _ = looked(rng, kind, n, Q, T, R, H, G)
    seen = visible(facts)
    results, d = list(op.passes_forward(*arguments)[:3]), gradients(op, arguments, w_m, w_s)
    other = Facts(np.where(seen, facts.rows, rng.integers(0, R, (Q, T))).astype(np.int32), facts.n)
    wild = (c, m, q, other, weights, how)
    assert_same(list(op.passes_forward(*wild)[:3]), results, "float64")
    assert_same(gradients(op, wild, w_m, np.where(seen, w_s, np.nan)), d, "float64")
    total = [np.zeros_like(c), ones(weights)]
    for i in rng.permutation(Q):
        width, one = facts.n[i], np.s_[i:i + 1]
        alone = (c, m[one], q[one], Facts(facts.rows[one, :width], facts.n[one]), weights, how)
        ms, ss, gs = op.passes_forward(*alone)[:3]
        assert_same([(a[0], b[0], g[0]) for a, b, g in zip(ms, ss, gs)],
                    [(a[i], b[i, :width], g[i, :width]) for a, b, g in zip(*results)], "float64")
        dc, dm, dq, dweights = gradients(op, alone, w_m[:, one], w_s[:, one, :width])
        assert_same((dm[0], dq[0]), (d[1][i], d[2][i]), "float64")
        total[0] += dc
        for (_, into), (_, a) in zip(arrays(total[1]), arrays(dweights)):
            into += a
    assert_same((total[0], less_one(total[1])), (d[0], d[3]), "float64")   # and each question adds its own gradients


@each_backend
@each_kind
def test_a_fact_collects_the_gradients_of_all_who_read_it(backend, kind):
    """Shared by two questions, and twice in one: as many copies of it, each read once, collect the same together."""
    op, rng = ops.load(backend), np.random.default_rng(5)
    (c, m, q, _, weights, how), w = looked(rng, kind, 2, 2, 3, 2, 3, 2)
    rows, n = np.array([[0, 0, 1], [1, 0, 0]], np.int32), np.array([3, 2], np.int32)
    copies = Facts(np.arange(6, dtype=np.int32).reshape(2, 3), n)
    shared = gradients(op, (c, m, q, Facts(rows, n), weights, how), *w)
    apart = gradients(op, (c[rows.ravel()], m, q, copies, weights, how), *w)
    together = np.zeros_like(c)
    np.add.at(together, rows.ravel(), apart[0])
    assert_same(shared, (together, *apart[1:]), "float64")


@each_backend
@each_kind
@given(Q=sizes, T=sizes, R=sizes, H=sizes, G=sizes, seed=seeds)
def test_stops_once_every_question_has_chosen_its_last_row(backend, kind, Q, T, R, H, G, seed):
    op = ops.load(backend)
    arguments, (w_m, w_s) = looked(np.random.default_rng(seed), kind, 4, Q, T, R, H, G)
    n = arguments[3].n
    ms, ss, gs, _ = op.passes_forward(*arguments)
    done = np.logical_or.accumulate([s.argmax(axis=1) == n - 1 for s in ss]).all(axis=1)   # a question that has chosen it once is done
    made = int(done.argmax()) + 1 if done.any() else 4
    stopped = (*arguments[:5], Passes(4, kind, stop=True))
    assert_same(list(op.passes_forward(*stopped)[:3]), [ms[:made], ss[:made], gs[:made]], "float64")
    fewer = (*arguments[:5], Passes(made, kind))
    assert_same(gradients(op, stopped, w_m[:made], w_s[:made]), gradients(op, fewer, w_m[:made], w_s[:made]), "float64")


@each_backend
@each_kind
def test_a_question_that_is_done_need_not_choose_again(backend, kind):
    """A memory that changes its sign at every pass, and a gate of c m alone: question 0 chooses its last row in passes 1 and 3, question 1 in 2 and 4."""
    weights = memory_weights(np.random.default_rng(0), kind, 1, 1)
    for _, a in arrays(weights):
        a[...] = 0
    weights.gate.W_1[0, 4], weights.gate.W_2[0] = 1, 1     # the block c∘m
    weights.memory.U[2], weights.memory.b[:2] = -3, (-20, 20)              # z = 0, r = 1: m^i = tanh(-3 m^{i-1})
    c, m, facts = np.array([[-1.0], [1.0]]), np.array([[1.0], [-1.0]]), Facts(np.array([[0, 1], [0, 1]], np.int32), np.array([2, 2], np.int32))
    op = ops.load(backend)
    _, ss, _, _ = op.passes_forward(c, m, m.copy(), facts, weights, Passes(4, kind))
    assert [s.argmax(axis=1).tolist() for s in ss] == [[1, 0], [0, 1]] * 2
    assert len(op.passes_forward(c, m, m.copy(), facts, weights, Passes(4, kind, stop=True))[0]) == 2


@each_backend
@each_kind
def test_the_kink_takes_derivative_0(backend, kind):
    """c = q = m, as in the first pass where a fact is the question: |c - q| gives nothing, not a NaN and not ±1."""
    H, rng = 3, np.random.default_rng(0)
    (c, _, _, _, weights, _), _ = looked(rng, kind, 1, 1, 1, 1, H, 2)
    weights.gate.W_1[:, :5 * H], weights.gate.W_1[:, 7 * H:] = 0.0, 0.0    # only the blocks |c - q| and |c - m| are read
    facts = Facts(np.zeros((1, 1), np.int32), np.ones(1, np.int32))
    arguments = (c, c.copy(), c.copy(), facts, weights, Passes(1, kind))
    for d in gradients(ops.load(backend), arguments, np.zeros((1, 1, H)), np.ones((1, 1, 1)))[:3]:
        np.testing.assert_array_equal(d, 0.0)


@each_backend
@each_kind
def test_gradient_is_linear(backend, kind):
    op, rng = ops.load(backend), np.random.default_rng(7)
    arguments, one = looked(rng, kind, 2, 3, 4, 4, 3, 2)
    two = (rng.normal(size=one[0].shape), rng.normal(size=one[1].shape))
    d = [arrays(gradients(op, arguments, *w)) for w in (one, two, (one[0] + two[0], one[1] + two[1]))]
    for (name, a), (_, b), (_, both) in zip(*d):
        np.testing.assert_allclose(a + b, both, rtol=1e-9, atol=1e-9, err_msg=name)


@given(Q=sizes, T=sizes, R=sizes, H=sizes, G=sizes, seed=seeds)
def test_a_kind_without_kernels_is_composed(Q, T, R, H, G, seed):
    """As an episode that a student adds to the reference alone."""
    arguments, w = looked(np.random.default_rng(seed), "gated", 2, Q, T, R, H, G)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passes_numba, "KNOWN", ())
        composed = list(NUMBA.passes_forward(*arguments)[:3]), gradients(NUMBA, arguments, *w)
    assert_same((list(NUMPY.passes_forward(*arguments)[:3]), gradients(NUMPY, arguments, *w)), composed, "float64")


# ---- a memory for each word

def sentences(rng, kind, n, Q, F, H, G):
    """Random arguments of word_passes_forward, and w (N, H) of a loss <w, last memories>."""
    n_words = rng.integers(1, F + 1, Q).astype(np.int32)
    n_words[rng.integers(Q)] = F
    arguments = rng.normal(size=(Q, F, H)), rng.normal(size=(Q, H)), n_words, memory_weights(rng, kind, H, G), Passes(n, kind)
    return arguments, rng.normal(size=(n_words.sum(), H))


def word_gradients(op, arguments, w):
    """dc, dq, dweights, these added to ones and without them."""
    weights = arguments[3]
    dweights = ones(weights)
    return *op.word_passes_backward(w, op.word_passes_forward(*arguments)[2], weights, dweights), less_one(dweights)


def as_passes(c, q, n_words, weights, how):
    """The same question for passes_forward: word t of sentence i is a question of its own, which sees the facts 0 .. t."""
    Q, F, H = c.shape
    of, place = np.nonzero(np.arange(F) < n_words[:, None])
    rows = (of[:, None] * F + np.arange(F)).astype(np.int32)
    return (c.reshape(Q * F, H), q[of], q[of], Facts(rows, (place + 1).astype(np.int32)), weights, how), of


def words_far_from_the_kink(arguments):
    return far_from_the_kink(NUMPY, as_passes(*arguments)[0])


@each_backend
@each_kind
@given(n=n_passes, Q=two, F=few, H=two, G=two, seed=seeds)
def test_word_gradients(backend, kind, n, Q, F, H, G, seed):
    op = ops.load(backend)
    arguments, w = sentences(np.random.default_rng(seed), kind, n, Q, F, H, G)
    assume(words_far_from_the_kink(arguments))
    c, q, _, weights, _ = arguments
    loss = lambda: np.sum(w * op.word_passes_forward(*arguments)[0][-1])
    assert_gradients(loss, word_gradients(op, arguments, w), (c, q, weights))


@each_backend
@each_kind
def test_a_word_gradient_wrong_by_a_thousandth_is_seen(backend, kind):
    op = ops.load(backend)
    arguments, w = sentences(np.random.default_rng(2), kind, 2, 2, 3, 3, 2)
    c, q, _, weights, _ = arguments
    loss = lambda: np.sum(w * op.word_passes_forward(*arguments)[0][-1])
    level = ("2.gate.b_2",) if kind == "softmax" else ()   # a softmax does not depend on the level of its scores
    assert_a_thousandth_is_seen(loss, word_gradients(op, arguments, w), (c, q, weights), level)


@each_dtype
@each_kind
@given(n=n_passes, Q=sizes, F=sizes, H=sizes, G=sizes, seed=seeds)
def test_numba_words_are_numpy_words(dtype, kind, n, Q, F, H, G, seed):
    arguments, w = sentences(np.random.default_rng(seed), kind, n, 4 * Q, F, H, G)
    arguments, w = (*cast(arguments[:4], dtype), arguments[4]), cast(w, dtype)
    assert_same(*((list(op.word_passes_forward(*arguments)[:2]), word_gradients(op, arguments, w)) for op in (NUMBA, NUMPY)), dtype)


@each_backend
@each_kind
@given(n=n_passes, Q=sizes, F=sizes, H=sizes, G=sizes, seed=seeds)
def test_words_are_questions_of_their_own(backend, kind, n, Q, F, H, G, seed):
    """Each word's memories, gates and gradients are those of its own passes over the facts up to it; words behind the sentence's end have no say."""
    op = ops.load(backend)
    arguments, w = sentences(np.random.default_rng(seed), kind, n, Q, F, H, G)
    c, q, n_words, weights, how = arguments
    ms, gates, _ = op.word_passes_forward(*arguments)
    alone, of = as_passes(*arguments)
    ms_alone, _, gates_alone, cache = NUMPY.passes_forward(*alone)
    assert_same((ms, gates), (np.stack(ms_alone), np.stack(gates_alone)), "float64")
    dweights = ones(weights)
    dc, dm, dq = NUMPY.passes_backward([np.zeros_like(w)] * (n - 1) + [w], None, cache, weights, dweights)
    of_sentence = np.stack([(dm + dq)[of == i].sum(axis=0) for i in range(Q)])             # m^0 = q, of every word
    assert_same(word_gradients(op, arguments, w), (dc.reshape(c.shape), of_sentence, less_one(dweights)), "float64")
    behind = np.arange(F) >= n_words[:, None]
    wild = (np.where(behind[..., None], 1e3, c), *arguments[1:])
    assert_same(list(op.word_passes_forward(*wild)[:2]), [ms, gates], "float64")
    d = word_gradients(op, wild, w)
    np.testing.assert_array_equal(d[0][behind], 0.0)
    assert_same(d, word_gradients(op, arguments, w), "float64")


@pytest.mark.parametrize("pairs", (1, 3, 7))
@each_dtype
def test_words_in_chunks_are_words_in_one(pairs, dtype, monkeypatch):
    """However many are worked on at a time; of several chunks the forward is made again on the way back."""
    arguments, w = sentences(np.random.default_rng(4), "gated", 3, 3, 4, 3, 2)
    arguments, w = (*cast(arguments[:4], dtype), arguments[4]), cast(w, dtype)
    run = lambda: (list(NUMBA.word_passes_forward(*arguments)[:2]), word_gradients(NUMBA, arguments, w))
    whole = run()
    monkeypatch.setattr(passes_numba, "PAIRS", pairs)
    made, look = [], passes_numba.look_forward
    monkeypatch.setattr(passes_numba, "look_forward", lambda *given: made.append(len(given[1])) or look(*given))
    assert_same(run(), whole, dtype)
    assert len(made) > 4 and set(map(sum, (made[:len(made) // 3], made[-(len(made) // 3):]))) == {len(w)}   # forward, forward, backward


@given(n=st.lists(st.integers(1, 9), min_size=1, max_size=12), pairs=st.integers(1, 20))
def test_chunks(n, pairs):
    """All words in their order, none twice; each chunk as full as PAIRS allows, and of one word at least."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passes_numba, "PAIRS", pairs)
        parts = passes_numba.chunks(np.array(n))
    assert [i for part in parts for i in range(len(n))[part]] == list(range(len(n)))
    for part, after in zip(parts, [*parts[1:], None]):
        together = sum(n[part])
        assert together <= pairs or part.stop - part.start == 1
        assert after is None or together + n[after.start] > pairs
