"""The training loop, seen from outside: what each step is given, which epochs may be chosen, what the history says."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from tinydmn.config import Config
from tinydmn.data.batch import make_batch, take_stories
from tinydmn.data.story import Question, Story
from tinydmn.data.vocabulary import Vocabulary
from tinydmn.errors import UserError
from tinydmn.model import DMN
from tinydmn.ops import load
from tinydmn.output import Losses
from tinydmn.training import loop
from tinydmn.training.evaluate import Score, evaluate

SMALL = {"hidden": 4, "embedding": 8, "gate_hidden": 3, "passes": 2, "batch": 4, "epochs": 3, "gate_epochs": 0}


def numbered(n, support=True):
    """n stories that begin with a word of their own; story i has 1 + i % 3 questions."""
    return [Story([[f"story{i}", "begins"], ["mary", "went", f"place{i % 4}"]],
                  [Question(["where", f"q{k}"], [f"place{(i + k) % 4}"], 2, [1] * support) for k in range(1 + i % 3)], f"story {i}") for i in range(n)]


def small(n=10, support=True, seed=0, **more):
    """-> network (the definition), batch of n numbered stories."""
    stories = numbered(n, support)
    vocabulary = Vocabulary.build(stories)
    return DMN(Config(**SMALL | more), vocabulary, "numpy", seed), make_batch(stories, vocabulary)


def numbers_of(model, batch):
    """Which of the numbered stories a batch holds, in its order."""
    return [int(model.vocabulary.words[line[0]].removeprefix("story")) for line in batch.tokens]


class Noted(np.random.Generator):
    """A generator that notes what is asked of it."""

    def __init__(self, seed=0):
        super().__init__(np.random.PCG64(seed))
        self.drawn = []

    def random(self, *given, **more):
        self.drawn.append(("random", given[0]))
        return super().random(*given, **more)

    def permutation(self, n):
        self.drawn.append(("permutation", n))
        return super().permutation(n)


def watched(model, monkeypatch):
    """Everything that its training steps are given, a dict each, in the order in which it is given."""
    steps = []
    gradient, ops = model.gradient_unread, model.ops

    def note_gradient(batch, **more):
        steps.append({"stories": numbers_of(model, batch), "n": len(batch.answer), "theta": model.theta.copy(), "masks": [], **more})
        read, dtheta = gradient(batch, **more)
        J, losses = read()
        steps[-1] |= {"J": J, "losses": losses, "gradient": dtheta.copy()}
        return read, dtheta

    def note_dropout(x, mask):
        if steps and "J" not in steps[-1]:
            steps[-1]["masks"].append(mask.copy())
        else:
            steps.append({"masks outside of a step": mask})
        return ops_before["dropout_forward"](x, mask)

    def note_adam(theta, dtheta, moments, step, rate):
        steps[-1] |= {"update": dtheta.copy(), "step": step, "rate": rate, "vectors": (theta, *moments)}
        ops_before["adam"](theta, dtheta, moments, step, rate)
    ops_before = {name: getattr(ops, name) for name in ("dropout_forward", "adam")}
    monkeypatch.setattr(model, "gradient_unread", note_gradient)
    monkeypatch.setattr(model, "ops", load(ops.layers, overlay=SimpleNamespace(dropout_forward=note_dropout, adam=note_adam)))
    return steps


# ---- what a step is given


def test_each_epoch_sees_each_story_once_in_a_fresh_order_drawn_from_its_rng(monkeypatch):
    orders = {}
    for seed in (0, 0, 1):
        model, batch = small(10)
        steps, state = watched(model, monkeypatch), loop.start(model, seed)
        state.rng = Noted(seed)
        loop.train(model, batch, batch, state)
        assert [len(step["stories"]) for step in steps] == [4, 4, 2] * 3
        assert [kind for kind, _ in state.rng.drawn] == ["permutation", "random", "random", "random"] * 3
        assert [n for kind, n in state.rng.drawn if kind == "permutation"] == [10] * 3
        epochs = [sum((step["stories"] for step in steps[i:i + 3]), []) for i in (0, 3, 6)]
        assert all(sorted(epoch) == list(range(10)) for epoch in epochs)
        assert len({*map(tuple, epochs), tuple(range(10))}) == 4                           # anew each time, and never as in the file
        assert orders.setdefault(seed, epochs) == epochs
        monkeypatch.undo()
    assert orders[0] != orders[1]


@pytest.mark.parametrize("size, sizes", ((1, [1] * 7), (3, [3, 3, 1]), (7, [7]), (50, [7])))
def test_a_batch_is_of_so_many_stories(size, sizes, monkeypatch):
    model, batch = small(7, batch=size, epochs=1)
    steps = watched(model, monkeypatch)
    loop.train(model, batch, batch, loop.start(model, 0))
    assert [len(step["stories"]) for step in steps] == sizes and sum(step["n"] for step in steps) == len(batch.answer)


@pytest.mark.parametrize("share", (0.25, 0.6))
def test_each_step_drops_its_own_share_of_the_words(share, monkeypatch):
    model, batch = small(12, dropout=share, embedding=60, epochs=4)
    steps, state = watched(model, monkeypatch), loop.start(model, 0)
    loop.train(model, batch, batch, state)
    assert len(steps) == 12 and all(step["rng"] is state.rng and len(step["masks"]) == 1 for step in steps)    # and evaluation drops nothing
    masks = [step["masks"][0] for step in steps]
    values = np.concatenate([mask.ravel() for mask in masks])
    assert set(np.unique(values)) == {0, np.float32(1 / (1 - share))}
    assert np.mean(values == 0) == pytest.approx(share, abs=5 * np.sqrt(share * (1 - share) / len(values)))
    assert len({mask.tobytes() for mask in masks}) == len(masks)


def test_without_dropout_nothing_is_dropped(monkeypatch):
    model, batch = small(6, dropout=0.0)
    steps = watched(model, monkeypatch)
    loop.train(model, batch, batch, loop.start(model, 0))
    assert steps and not any(step["masks"] for step in steps)


@pytest.mark.parametrize("clip", (1e-3, 0.05, 1e6))
def test_adam_gets_the_gradient_no_longer_than_clip(clip, monkeypatch):
    model, batch = small(12, clip=clip, dropout=0.0)
    steps = watched(model, monkeypatch)
    loop.train(model, batch, batch, loop.start(model, 0))
    for step in steps:
        norm = np.linalg.norm(step["gradient"].astype(float))
        assert (norm > clip) == (clip < 1)                 # the example is one that has to be clipped, or one that has not
        np.testing.assert_allclose(step["update"], step["gradient"] * min(1.0, clip / norm), rtol=1e-5, atol=1e-12)


def test_steps_are_counted_on_and_adam_keeps_its_moments_in_the_state(monkeypatch):
    model, batch = small(10)
    steps, state = watched(model, monkeypatch), loop.start(model, 0)
    loop.train(model, batch, batch, state)
    assert [step["step"] for step in steps] == list(range(1, 10)) and state.step == 9
    for step in steps:
        theta, m, v = step["vectors"]
        assert theta is model.theta and m is state.m and v is state.v
    assert state.m.any() and (state.v >= 0).all() and state.v.any()


@pytest.mark.parametrize("epochs, rates", ((1, [0.01]), (2, [0.01, 0.002]), (5, [0.01, 0.008, 0.006, 0.004, 0.002])))
def test_the_rate_falls_from_the_first_epoch_to_the_last(epochs, rates, monkeypatch):
    model, batch = small(4, epochs=epochs, learning_rate=0.01, final_rate=0.2)
    steps = watched(model, monkeypatch)
    loop.train(model, batch, batch, loop.start(model, 0))
    np.testing.assert_allclose([step["rate"] for step in steps], rates)


def test_a_function_gives_each_epoch_its_batch(monkeypatch):
    """It is asked once an epoch, with the run's generator; validation stays as it is."""
    model, batch = small(10)
    steps, state, asked, judged = watched(model, monkeypatch), loop.start(model, 0), [], []

    def epoch(rng):
        asked.append(rng)
        return take_stories(batch, np.arange(len(asked) * 2))[0]
    monkeypatch.setattr(loop, "evaluate", lambda model, batch, *more: judged.append(batch) or evaluate(model, batch, *more))
    loop.train(model, epoch, batch, state)
    assert len(asked) == 3 and all(rng is state.rng for rng in asked)
    assert [sorted(sum((step["stories"] for step in part), [])) for part in (steps[:1], steps[1:2], steps[2:])] == [[*range(2)], [*range(4)], [*range(6)]]
    assert len(judged) == 3 and all(one is batch for one in judged)


@pytest.mark.parametrize("support, more, betas", (
    (True, {"gate_epochs": 2}, [0, 0, 1, 1]), (True, {"gate_epochs": 0}, [1] * 4), (True, {"gate_epochs": 3}, [0, 0, 0, 1]),
    (False, {"gate_epochs": 2}, [1] * 4), (True, {"gate_epochs": 2, "alpha": 0.0}, [1] * 4), (True, {"gate_epochs": 2, "passes": 0}, [1] * 4)))
def test_the_gates_learn_alone_at_first_where_they_are_told_where_to_look(support, more, betas, monkeypatch):
    model, batch = small(4, support, epochs=4, **more)
    steps = watched(model, monkeypatch)
    state = loop.train(model, batch, batch, loop.start(model, 0))
    assert [step["beta"] for step in steps] == [epoch["beta"] for epoch in state.history] == betas
    assert state.best_epoch > betas.count(0)


def test_what_is_called_after_each_step_and_each_epoch(monkeypatch):
    model, batch = small(10)
    steps, state, after_steps, after_epochs = watched(model, monkeypatch), loop.start(model, 0), [], []

    def on_epoch(given):
        assert given is state and given.history[-1]["epoch"] == given.epoch == len(given.history) == len(after_epochs) + 1
        np.testing.assert_array_equal(given.theta, model.theta)
        after_epochs.append(given.theta)
    loop.train(model, batch, batch, state, on_epoch, lambda losses, J: after_steps.append((losses, J)))
    assert after_steps == [(step["losses"], step["J"]) for step in steps] and len(after_epochs) == 3
    assert len({id(theta) for theta in after_epochs}) == 3 and not np.array_equal(after_epochs[0], after_epochs[1])    # copies, not one vector
    np.testing.assert_array_equal(model.theta, state.best_theta)


def test_a_fresh_state():
    model, _ = small(3)
    states = [loop.start(model, seed) for seed in (5, 5, 6)]
    for state in states:
        np.testing.assert_array_equal(state.theta, model.theta)
        np.testing.assert_array_equal(state.best_theta, model.theta)
        assert not state.m.any() and not state.v.any() and (state.step, state.epoch, state.best_epoch) == (0, 0, 0)
        vectors = [state.theta, state.best_theta, state.m, state.v, model.theta]
        assert not any(np.shares_memory(a, b) for i, a in enumerate(vectors) for b in vectors[:i])
    draws = [state.rng.random(4).tolist() for state in states]
    assert draws[0] == draws[1] != draws[2] and draws[0] != np.random.default_rng(5).random(4).tolist()          # the network's own start has that one


def test_training_goes_on_from_the_last_weights(monkeypatch):
    """A checkpoint gives the best weights in the network and the last in the state: it goes on from these."""
    model, batch = small(4, epochs=2)
    state = loop.start(model, 0)
    state.theta = state.theta + 0.01
    steps = watched(model, monkeypatch)
    loop.train(model, batch, batch, state)
    np.testing.assert_array_equal(steps[0]["theta"], loop.start(small(4)[0], 0).theta + np.float32(0.01))


# ---- what the history says


def test_history_is_what_a_second_computation_gives(monkeypatch):
    """With a rate of 0 and no dropout every epoch says what one look at the whole sets says: with J weighted by the questions of its batches."""
    model, batch = small(11, learning_rate=0.0, dropout=0.0, alpha=0.7, gate_epochs=1, batch=4, seed=11)
    valid = take_stories(batch, np.arange(5))[0]
    times = iter(range(0, 10_000, 7))
    monkeypatch.setattr(loop, "perf_counter", lambda: next(times))
    monkeypatch.setattr(loop, "evaluate", lambda *given: (next(times), evaluate(*given))[1])                   # it takes its time
    steps = []
    state = loop.train(model, batch, valid, loop.start(model, 0), None, lambda losses, J: steps.append((losses.n_questions, J)))
    assert len({n for n, _ in steps}) > 1 and [epoch["epoch"] for epoch in state.history] == [1, 2, 3]
    fit, held_out = evaluate(model, batch), evaluate(model, valid)
    for number, epoch in enumerate(state.history):
        J, losses, _ = model.gradient(batch, beta=epoch["beta"])
        own = steps[3 * number:3 * number + 3]
        assert epoch["loss"] == pytest.approx(J, rel=1e-6) == pytest.approx(sum(n * J for n, J in own) / sum(n for n, _ in own), rel=1e-6)
        assert (epoch["train_answer_accuracy"], epoch["train_gate_accuracy"]) == (fit.answer_accuracy, fit.gate_accuracy)
        assert (epoch["valid_answer_accuracy"], epoch["valid_gate_accuracy"], epoch["valid_loss"]) == (held_out.answer_accuracy, held_out.gate_accuracy, held_out.loss)
        assert epoch["seconds"] == 7 and epoch["examples_per_second"] == len(batch.answer) / 7                 # of training alone
    assert len({fit.answer_accuracy, fit.gate_accuracy, held_out.answer_accuracy, held_out.gate_accuracy}) == 4
    assert [epoch["beta"] for epoch in state.history] == [0, 1, 1] and state.history[0]["loss"] < state.history[1]["loss"]


def test_what_was_judged_while_it_learnt_is_summed_over_the_epoch():
    model, batch = small(10, batch=3, epochs=1)
    seen = []
    state = loop.train(model, batch, batch, loop.start(model, 0), None, lambda losses, J: seen.append((losses, J)))
    now, n = state.history[0], sum(losses.n_questions for losses, _ in seen)
    assert n == len(batch.answer) and now["train_answer_accuracy"] == sum(losses.answers_right for losses, _ in seen) / n
    assert now["train_gate_accuracy"] == sum(losses.gates_right for losses, _ in seen) / sum(losses.n_gates for losses, _ in seen)
    assert now["loss"] == pytest.approx(sum(J * losses.n_questions for losses, J in seen) / n, rel=1e-12)
    assert now["seconds"] > 0 and now["examples_per_second"] == pytest.approx(n / now["seconds"])


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("J, bad, says", ((np.nan, None, "the loss"), (1.0, np.inf, "the gradient of input.W"), (np.inf, np.nan, "the gradient of input.W")))
def test_what_is_not_finite_is_named_before_it_changes_anything(J, bad, says, monkeypatch):
    model, batch = small(4)
    dtheta = np.full_like(model.theta, 0.1)
    if bad is not None:
        dtheta[model.params["embedding.L"].size + 2] = bad
    monkeypatch.setattr(model, "gradient_unread", lambda *_, **__: (lambda: (J, Losses(1, 1, 1, 1, 1, 1, 1)), dtheta))
    state, before = loop.start(model, 0), model.theta.copy()
    with pytest.raises(UserError, match=f"^epoch 1: {says} is not finite; "):
        loop.train(model, batch, batch, state, lambda state: pytest.fail("saved"), lambda *_: pytest.fail("counted"))
    np.testing.assert_array_equal(model.theta, before)
    assert state.step == 0 and not state.m.any() and not state.history


# ---- which epochs are chosen: a loop without a network, whose weights are the number of the epoch and whose scores are given


class Bare(SimpleNamespace):
    """What the loop needs of a network whose epochs are stood in for."""

    theta_on_host = property(lambda self: self.theta)


def choose(scores, state=None, **more):
    """scores: (accuracy, loss) on validation of epoch 1, 2, ...; state: to go on from; -> State after training, epochs that stood as the best
    after each."""
    config = Config(**{"epochs": len(scores), "patience": len(scores), "gate_epochs": 0} | more)
    model = Bare(config=config, theta=np.zeros(1))
    state, stood = state or loop.State(np.random.default_rng(0), *(np.zeros(1) for _ in range(4))), []
    _, batch = small()

    def epoch(model, batch, state, beta, on_step):
        model.theta[...] = state.epoch + 1                 # in place, as Adam does
        return Losses(0, 0, 0, 0, 1, 1, 0), 0.0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop, "train_epoch", epoch)
        patch.setattr(loop, "evaluate", lambda *_: Score(scores[state.epoch][0], np.nan, scores[state.epoch][1], 1))
        loop.train(model, batch, batch, state, lambda state: stood.append(state.best_epoch))
    assert state.theta[0] == state.epoch and model.theta[0] == state.best_theta[0] == state.best_epoch             # copies, and the best at the end
    assert [theta[0] for _, _, theta in state.runners_up] == [epoch for _, epoch, _ in state.runners_up]
    return state, stood


def kept(state):
    return [state.best_epoch, *(epoch for _, epoch, _ in state.runners_up)]


RISING = [(0.1 * i, 1.0) for i in range(10)]
FALLING = RISING[::-1]


@pytest.mark.parametrize("selection_window, first", ((1.0, 1), (0.9, 2), (0.5, 6), (0.3, 8), (0.2, 9), (0.1, 10), (0.0, 10)))
def test_of_falling_scores_the_first_that_may_be_chosen_is(selection_window, first):
    state, stood = choose(FALLING, selection_window=selection_window)
    assert state.best_epoch == first and stood == [*range(1, first), *[first] * (11 - first)]
    assert state.best == (pytest.approx(FALLING[first - 1][0]), -1.0)


@pytest.mark.parametrize("epochs, selection_window, first", ((120, 0.1, 109), (25, 0.2, 21), (9, 1 / 3, 7), (60, 0.1, 55), (500, 0.1, 451), (3, 1 / 3, 3)))
def test_the_presets_choose_among_so_many(epochs, selection_window, first):
    assert choose([(1.0 - 1e-3 * i, 1.0) for i in range(epochs)], selection_window=selection_window)[0].best_epoch == first


@pytest.mark.parametrize("patience", (1, 2, 4, 10))
def test_patience_counts_the_epochs_without_anything_better(patience):
    state, _ = choose([(0.5, 1.0), (0.6, 1.0), *[(0.6, 1.0)] * 12], patience=patience)
    assert state.best_epoch == 2 and state.epoch == 2 + patience                           # as good is not better
    assert choose(RISING, patience=patience)[0].epoch == 10


@pytest.mark.parametrize("gate_epochs", (1, 3, 6))
@pytest.mark.parametrize("patience", (1, 2))
def test_patience_waits_for_the_answers_to_begin(patience, gate_epochs):
    state, stood = choose(FALLING, patience=patience, gate_epochs=gate_epochs)
    assert stood[:gate_epochs] == [0] * gate_epochs and state.best_epoch == gate_epochs + 1 and state.epoch == min(10, gate_epochs + 1 + patience)


def test_patience_counts_from_the_first_epoch_where_no_gate_is_taught():
    assert choose(FALLING, patience=1, gate_epochs=5, alpha=0.0)[0].epoch == 2


def test_patience_waits_until_an_epoch_may_be_chosen():
    state, _ = choose(FALLING, patience=1, selection_window=0.4)
    assert state.epoch == 8 and state.best_epoch == 7


def test_the_best_are_kept_in_their_order_and_no_more():
    scores = [(0.5, 1.0), (0.9, 2.0), (0.9, 1.0), (0.2, 1.0), (0.9, 1.0), (0.7, 1.0)]
    assert [kept(choose(scores, ensemble=k)[0]) for k in (1, 2, 3, 4, 6, 9)] == [[3], [3, 5], [3, 5, 2], [3, 5, 2, 6], [3, 5, 2, 6, 1, 4], [3, 5, 2, 6, 1, 4]]
    state = choose(scores, ensemble=3)[0]
    assert [state.best, *(score for score, _, _ in state.runners_up)] == [(0.9, -1.0), (0.9, -1.0), (0.9, -2.0)]
    assert [theta[0] for theta in state.kept] == [3, 5, 2]


@pytest.mark.parametrize("epochs, chosen", ((12, [9, 10, 11]), (11, [9, 10, 11]), (20, [15, 16, 17])))
def test_a_run_that_is_made_longer_chooses_among_its_new_last_epochs(epochs, chosen):
    """Of 10 epochs 8 to 10 were kept; what is too early now is kept no longer."""
    scores = [(1.0 - 0.01 * i, 1.0) for i in range(epochs)]
    state, _ = choose(scores[:10], selection_window=0.3, ensemble=3)
    assert kept(state) == [8, 9, 10]
    assert kept(choose(scores, state, selection_window=0.3, ensemble=3)[0]) == chosen


def test_of_a_run_that_is_made_longer_a_runner_up_may_be_too_early():
    scores = RISING + [(0.3, 1.0), (0.2, 1.0)]
    state, _ = choose(scores[:10], selection_window=0.3, ensemble=3)
    assert kept(state) == [10, 9, 8] and kept(choose(scores, state, selection_window=0.3, ensemble=3)[0]) == [10, 9, 11]


def test_an_epoch_whose_score_is_no_number_stands_behind_all():
    nan = (np.nan, np.nan)
    assert kept(choose([nan, (0.0, 9.0), nan, (0.1, 9.0), (0.9, np.nan), (0.9, np.inf)], ensemble=6)[0]) == [4, 2, 1, 3, 5, 6]
    assert choose([nan] * 3)[0].best_epoch == 1 and choose([nan, nan, (0.0, 5.0)])[0].best_epoch == 3


share = st.sampled_from((0.0, 0.25, 0.5, 1.0))


@given(scores=st.lists(st.tuples(share | st.just(np.nan), share), min_size=1, max_size=12), k=st.integers(1, 4), patience=st.integers(1, 12), data=st.data())
@settings(max_examples=60)
def test_what_is_kept_is_what_a_plain_ranking_keeps(scores, k, patience, data):
    """The epochs that may be chosen, sorted by accuracy, then by loss, then by age."""
    epochs = len(scores)
    last, gate_epochs = data.draw(st.integers(0, epochs)), data.draw(st.integers(0, epochs - 1))
    state, _ = choose(scores, ensemble=k, patience=patience, selection_window=last / epochs, gate_epochs=gate_epochs)
    key = lambda e: (-1.0, -np.inf) if np.isnan(scores[e - 1][0]) else (scores[e - 1][0], -scores[e - 1][1])

    def ranked(n):
        """After n epochs."""
        judged = [e for e in range(gate_epochs + 1, n + 1)]
        allowed = [e for e in judged if e > epochs - last] or judged[-1:]
        return sorted(allowed, key=lambda e: (*(-x for x in key(e)), e))[:k]
    end = next((n for n in range(1, epochs) if ranked(n) and n - ranked(n)[0] >= patience), epochs)
    assert state.epoch == end and kept(state) == ranked(end)
