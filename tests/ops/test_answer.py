"""Answers: the output, eq. (9), and the decoder, eqs (9) and (10), with teacher forcing and greedy."""

import numpy as np
import pytest
from hypothesis import assume, given, strategies as st

from tinydmn.ops.answer_numpy import END
from tinydmn.ops.groups import GRU, Decoder, recurrent_shapes

from .helpers import (NUMBA, NUMPY, assert_a_thousandth_is_seen, assert_gradients, assert_same, cast, drawn, each_backend, each_dtype, less_one, ones,
                      ops, seeds, sizes)

forced = pytest.mark.parametrize("teacher_forcing", (True, False))


def asked(rng, Q, T, H, A, teacher_forcing):
    """Random m, q, given (or None), steps and Decoder, and w of a loss <w, logits>.  Greedy, <eos> ends no answer before the last step."""
    given = rng.integers(-1, A, (Q, T)).astype(np.int32) if teacher_forcing else None      # -1: padding behind an answer
    weights = drawn(rng, Decoder(recurrent_shapes(GRU, A + H, H), (A, H)))
    return (rng.normal(size=(Q, H)), rng.normal(size=(Q, H)), given, (T, T), weights), rng.normal(size=(Q, T, A))


def gradients(op, arguments, dlogits):
    """dm, dq, dweights, these added to ones and without them."""
    weights = arguments[4]
    dweights = ones(weights)
    return *op.decode_backward(dlogits, op.decode_forward(*arguments)[1], weights, dweights), less_one(dweights)


def by_hand(m, q, given, T, weights):
    """The logits of T steps, with one-hot vectors and NumPy's GRU cell -> (Q, T, A)."""
    A, a, word, logits = len(weights.W_a), m, None, []
    for t in range(T):
        y = np.zeros((len(m), A)) if word is None else np.eye(A)[word]
        a, _ = NUMPY.gru_cell_forward(np.hstack([y, q]), a, weights.gru)
        logits.append(a @ weights.W_a.T)
        word = logits[-1].argmax(axis=1) if given is None else np.maximum(given[:, t], 0)
    return np.stack(logits, axis=1)


@each_backend
@given(N=sizes, H=sizes, A=sizes, seed=seeds)
def test_output_gradients(backend, N, H, A, seed):
    op, rng = ops.load(backend), np.random.default_rng(seed)
    a, W_a, w = rng.normal(size=(N, H)), rng.normal(size=(A, H)), rng.normal(size=(N, A))
    np.testing.assert_allclose(op.output_forward(a, W_a), [[W_a[k] @ a[i] for k in range(A)] for i in range(N)], rtol=1e-12, atol=1e-14)
    dW_a = np.ones_like(W_a)
    da = op.output_backward(w, a, W_a, dW_a)
    assert_gradients(lambda: np.sum(w * op.output_forward(a, W_a)), (da, dW_a - 1), (a, W_a))


@each_backend
@forced
@given(Q=sizes, T=sizes, H=sizes, A=sizes, seed=seeds)
def test_steps_are_those_of_the_paper(backend, teacher_forcing, Q, T, H, A, seed):
    op = ops.load(backend)
    (m, q, given, steps, weights), _ = asked(np.random.default_rng(seed), Q, T, H, A, teacher_forcing)
    logits, _ = op.decode_forward(m, q, given, steps, weights)
    np.testing.assert_allclose(logits, by_hand(m, q, given, T, weights), rtol=1e-10, atol=1e-12)


@each_backend
@forced
@given(Q=sizes, T=sizes, H=sizes, A=sizes, seed=seeds)
def test_gradients(backend, teacher_forcing, Q, T, H, A, seed):
    op = ops.load(backend)
    arguments, w = asked(np.random.default_rng(seed), Q, T, H, A, teacher_forcing)
    m, q, given, _, weights = arguments
    if not teacher_forcing and A > 1:                      # the choice of a word jumps where two are equally likely
        two = np.sort(op.decode_forward(*arguments)[0], axis=2)[..., -2:]
        assume((two[..., 1] - two[..., 0]).min() > 1e-3)
    assert_gradients(lambda: np.sum(w * op.decode_forward(*arguments)[0]), gradients(op, arguments, w), (m, q, weights))


@each_backend
def test_a_gradient_wrong_by_a_thousandth_is_seen(backend):
    op = ops.load(backend)
    arguments, w = asked(np.random.default_rng(0), 3, 3, 3, 4, True)
    m, q, _, _, weights = arguments
    assert_a_thousandth_is_seen(lambda: np.sum(w * op.decode_forward(*arguments)[0]), gradients(op, arguments, w), (m, q, weights))


@each_dtype
@forced
@given(Q=sizes, T=sizes, H=sizes, A=sizes, seed=seeds)
def test_numba_is_numpy(dtype, teacher_forcing, Q, T, H, A, seed):
    (m, q, given, steps, weights), w = asked(np.random.default_rng(seed), 15 * Q, T, H, A, teacher_forcing)
    if given is None:                                      # words that are about equally likely may be chosen differently: the first word's share decides
        logits = by_hand(m, q, given, T, weights)
        two = np.sort(logits, axis=2)[..., -2:] if A > 1 else np.array([0.0, 1.0])
        sure = np.atleast_2d(two[..., 1] - two[..., 0]).min(axis=-1) > 1e-2
        assume(sure.any())
        m, q, w = (a[sure] if A > 1 else a for a in (m, q, w))
    arguments, w = (*cast((m, q), dtype), given, steps, cast(weights, dtype)), w.astype(dtype)
    assert_same(*((op.decode_forward(*arguments)[0], gradients(op, arguments, w)) for op in (NUMBA, NUMPY)), dtype)


@each_backend
@given(Q=sizes, T=sizes, H=sizes, A=sizes, seed=seeds)
def test_greedy_answers_are_those_fed_back(backend, Q, T, H, A, seed):
    """Teacher forcing with what greedy decoding chose gives the same logits and the same gradients."""
    op = ops.load(backend)
    (m, q, _, steps, weights), w = asked(np.random.default_rng(seed), Q, T, H, A, False)
    greedy = (m, q, None, steps, weights)
    logits, _ = op.decode_forward(*greedy)
    fed = (m, q, logits.argmax(axis=2).astype(np.int32), steps, weights)
    assert_same((op.decode_forward(*fed)[0], gradients(op, fed, w)), (logits, gradients(op, greedy, w)), "float64")


@each_backend
@given(Q=sizes, least=st.integers(1, 3), more=st.integers(0, 3), H=sizes, A=sizes, seed=seeds)
def test_decoding_ends_with_the_last_answer(backend, Q, least, more, H, A, seed):
    """Greedy: the first step after which every question has reached <eos>, never before `least` nor after `most`; then as many rows of gradient."""
    op, most = ops.load(backend), least + more
    (m, q, _, _, weights), w = asked(np.random.default_rng(seed), Q, most, H, A, False)
    every, _ = op.decode_forward(m, q, None, (most, most), weights)
    ended = np.logical_or.accumulate(every.argmax(axis=2) == END, axis=1).all(axis=0)      # one that has ended goes on, unheard
    made = max(least, int(ended.argmax()) + 1 if ended.any() else most)
    arguments = (m, q, None, (least, most), weights)
    logits, _ = op.decode_forward(*arguments)
    assert_same(logits, every[:, :made], "float64")
    assert_same(gradients(op, arguments, w[:, :made].copy()), gradients(op, (m, q, None, (made, made), weights), w[:, :made].copy()), "float64")


@each_backend
def test_an_answer_that_has_ended_need_not_end_again(backend):
    """Two questions that choose <eos> in different steps, never both in one: the second of them ends both."""
    op, found = ops.load(backend), 0
    for seed in range(300):
        (m, q, _, _, weights), _ = asked(np.random.default_rng(seed), 2, 5, 4, 2, False)
        says_eos = by_hand(m, q, None, 5, weights).argmax(axis=2) == END
        if says_eos.any(axis=1).all() and not says_eos.all(axis=0).any():
            last = int(says_eos.argmax(axis=1).max())
            assert op.decode_forward(m, q, None, (1, 5), weights)[0].shape[1] == last + 1
            found += last < 4
    assert found >= 3


@each_backend
def test_a_decoder_that_always_says_eos(backend):
    """`least` steps, and with given words all of them: those have an end of their own."""
    op, rng = ops.load(backend), np.random.default_rng(0)
    (m, q, given, _, weights), _ = asked(rng, 3, 5, 2, 3, True)
    only_eos = weights._replace(W_a=np.zeros_like(weights.W_a))            # equal logits: the first word, <eos>, is chosen
    assert END == 0
    for least in (1, 2, 5):
        assert op.decode_forward(m, q, None, (least, 5), only_eos)[0].shape == (3, least, 3)
    given[:] = END
    assert op.decode_forward(m, q, given, (1, 5), only_eos)[0].shape == (3, 5, 3)


@each_backend
@forced
@given(Q=sizes, T=sizes, H=sizes, A=sizes, seed=seeds)
def test_a_question_alone_as_in_any_batch(backend, teacher_forcing, Q, T, H, A, seed):
    op = ops.load(backend)
    (m, q, given, steps, weights), _ = asked(np.random.default_rng(seed), Q, T, H, A, teacher_forcing)
    together, _ = op.decode_forward(m, q, given, steps, weights)
    for i in range(Q):
        one = np.s_[i:i + 1]
        alone, _ = op.decode_forward(m[one], q[one], None if given is None else given[one], steps, weights)
        np.testing.assert_allclose(alone[0], together[i], rtol=1e-10, atol=1e-12)
