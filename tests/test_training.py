"""Training: it learns, it stops, it keeps the best; checkpoints: a killed run goes on to the same bits."""

import json
import os
import pickle
from types import SimpleNamespace

import numpy as np
import pytest

from tinydmn import ops
from tinydmn.config import Config
from tinydmn.data.batch import make_batch
from tinydmn.data.sources import babi_stories
from tinydmn.data.vocabulary import Vocabulary
from tinydmn.errors import UserError
from tinydmn.model import DMN
from tinydmn.training import checkpoint, loop, memory
from tinydmn.training.evaluate import evaluate, interval

from .stories import random_batch


def small_run(seed=0, backend="numba", **more):
    """A small model on 40 generated stories of task 1 and its batches: train, valid."""
    train, valid, _ = babi_stories(1, seed=3)
    vocabulary = Vocabulary.build(train)
    config = Config(**{"hidden": 16, "embedding": 16, "gate_hidden": 16, "passes": 2, "batch": 8, "epochs": 4} | more)
    return DMN(config, vocabulary, backend, seed), make_batch(train[:40], vocabulary), make_batch(valid[:20], vocabulary)


def test_the_loss_begins_at_log_A_and_log_T():
    """A fresh network knows nothing: each answer costs about log A, each gate about log of the places it may look at."""
    model, train, _ = small_run()
    model.params["answer.W_a"][...] = 0.0
    model.params["gate.W_2"][...] = 0.0
    J, losses, _ = model.gradient(train)
    assert losses.answers / losses.n_questions == pytest.approx(np.log(len(model.vocabulary.answers)), rel=1e-5)
    target = train.n_facts + 1                             # task 1, two passes: a supporting fact and end-of-passes
    assert losses.gates / losses.n_questions == pytest.approx(2 * np.log(target).mean(), rel=1e-5)


@pytest.mark.parametrize("episode", ("softmax", "gated"))
def test_ten_steps_in_both_backends(episode):
    """The same ten Adam steps: the losses agree, and they fall."""
    losses = {}
    for backend in ops.BACKENDS:
        model, train, _ = small_run(backend=backend, episode=episode, dropout=0.2)
        state, losses[backend] = loop.start(model, 0), []
        for _ in range(2):
            loop.train_epoch(model, train, state, 1.0, on_step=lambda _, J: losses[backend].append(J))
    assert len(losses["numpy"]) == 10
    np.testing.assert_allclose(losses["numba"], losses["numpy"], rtol=1e-4)
    assert np.mean(losses["numpy"][-3:]) < np.mean(losses["numpy"][:3])


def test_beta_is_0_at_first_and_the_best_weights_are_a_copy():
    model, train, valid = small_run(epochs=6, gate_epochs=2)
    seen = {}

    def on_epoch(state):
        seen[state.epoch] = model.theta.copy()
    state = loop.train(model, train, valid, loop.start(model, 0), on_epoch)
    assert [h["beta"] for h in state.history] == [0.0, 0.0, 1.0, 1.0, 1.0, 1.0]
    assert state.best_epoch > 2                            # an epoch that did not train the answers is never the best
    np.testing.assert_array_equal(model.theta, seen[state.best_epoch])
    assert evaluate(model, valid).answer_accuracy == state.best[0] == max(h["valid_answer_accuracy"] for h in state.history[2:])
    np.testing.assert_array_equal(state.theta, seen[6])    # and the last ones are kept beside them, to go on from
    if state.best_epoch < 6:
        assert not np.array_equal(state.best_theta, state.theta)


def test_it_stops_when_nothing_gets_better():
    model, train, valid = small_run(epochs=50, patience=2, learning_rate=0.0, gate_epochs=1)
    state = loop.train(model, train, valid, loop.start(model, 0))
    assert state.best_epoch == 2 and state.epoch == 4      # with a learning rate of 0 the first judged epoch stays the best


def test_the_learning_rate_falls_in_a_straight_line(monkeypatch):
    model, train, valid = small_run(epochs=5, learning_rate=0.01, final_rate=0.2, batch=40, gate_epochs=0)
    rates, adam = [], model.ops.adam
    model.ops = ops.load("numba", overlay=SimpleNamespace(adam=lambda *a: (rates.append(a[4]), adam(*a))))
    loop.train(model, train, valid, loop.start(model, 0))
    np.testing.assert_allclose(rates, [0.01, 0.008, 0.006, 0.004, 0.002])


def test_one_seed_one_result():
    first, again, other = (run_with(seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first.theta, again.theta)
    assert not np.array_equal(first.theta, other.theta)


def run_with(seed):
    model, train, valid = small_run(seed)
    return loop.train(model, train, valid, loop.start(model, seed))


def test_resumed_is_uninterrupted(tmp_path):
    """Stopped after 2 epochs, saved, loaded, gone on: the same bits as 5 epochs at once, and the same best."""
    whole_model, train, valid = small_run(epochs=5)
    whole = loop.train(whole_model, train, valid, loop.start(whole_model, 0))
    model, _, _ = small_run(epochs=5)
    path = tmp_path / "run.npz"

    class Stop(Exception):
        """Planted."""

    def on_epoch(state):
        checkpoint.save(path, model, state, {"task": 1})
        if state.epoch == 2:
            raise Stop
    with pytest.raises(Stop):
        loop.train(model, train, valid, loop.start(model, 0), on_epoch)
    model, state, about = checkpoint.load(path)
    assert about == {"task": 1} and state.epoch == 2
    state = loop.train(model, train, valid, state)
    for vector in checkpoint.VECTORS:
        np.testing.assert_array_equal(getattr(state, vector), getattr(whole, vector), err_msg=vector)
    assert state.best == whole.best and state.best_epoch == whole.best_epoch and state.step == whole.step


def test_a_nan_stops_training_and_is_named():
    model, train, valid = small_run()
    state = loop.start(model, 0)
    model.params["memory.U"][3, 4] = np.nan
    with pytest.raises(UserError, match=r"epoch 1: memory\.U is not finite; training stopped"):
        loop.train_epoch(model, train, state, 1.0)
    model, train, valid = small_run()
    dtheta = np.zeros_like(model.theta)
    dtheta[model.params["embedding.L"].size + 1] = np.inf
    assert loop.first_not_finite(model, dtheta) == "the gradient of input.W"
    assert loop.first_not_finite(model, np.zeros_like(dtheta)) is None


@pytest.mark.parametrize("backend", ops.BACKENDS)
@pytest.mark.parametrize("bad", (np.nan, np.inf))
@pytest.mark.parametrize("name", ("embedding.L", "input.U", "gate.W_1", "memory.end_of_passes", "answer.W_a"))
def test_no_array_hides_what_is_not_finite(backend, bad, name):
    """Compiled with fast arithmetic or not: a NaN or Inf in any parameter reaches the loss or the gradient."""
    model, train, _ = small_run(backend=backend)
    model.params[name][..., 0] = bad
    J, _, dtheta = model.gradient(train)
    assert not np.isfinite(J + np.sum(dtheta))


def test_the_checkpoint_of_a_nan_run_stands(tmp_path):
    """The file keeps the last good epoch, because it is written only after one."""
    model, train, valid = small_run(epochs=3)
    path, state = tmp_path / "run.npz", loop.start(model, 0)

    def on_epoch(state):
        checkpoint.save(path, model, state, {})
        if state.epoch == 1:
            model.params["input.W"][0, 0] = np.inf
    with pytest.raises(UserError, match="not finite"):
        loop.train(model, train, valid, state, on_epoch)
    loaded, state, _ = checkpoint.load(path)
    assert state.epoch == 1 and np.isfinite(loaded.theta).all() and np.isfinite(state.theta).all()


# --- files that are no checkpoints

def saved(tmp_path):
    model, _, _ = small_run()
    path = tmp_path / "good.npz"
    checkpoint.save(path, model, loop.start(model, 0), {"task": 1})
    return path


def test_a_checkpoint_holds_all_and_leaves_no_temporary_file(tmp_path):
    path = saved(tmp_path)
    assert os.listdir(tmp_path) == ["good.npz"]
    with np.load(path, allow_pickle=False) as file:
        names, meta = set(file.files), json.loads(str(file["meta"]))
    model, state, _ = checkpoint.load(path)
    assert names == {"meta"} | {f"{v}/{p}" for v in ("theta", "best_theta", "m", "v") for p in model.params}
    assert meta["config"]["hidden"] == 16 and "mary" in meta["words"] and meta["rng"]["bit_generator"] == "PCG64"


def broken(tmp_path, change):
    """A copy of a good checkpoint with its arrays changed."""
    with np.load(saved(tmp_path), allow_pickle=False) as file:
        arrays = dict(file)
    change(arrays)
    np.savez(tmp_path / "bad.npz", **arrays)
    return tmp_path / "bad.npz"


def of_version_99(arrays):
    arrays["meta"] = np.array(json.dumps(json.loads(str(arrays["meta"])) | {"version": 99}))


def without_config(arrays):
    meta = json.loads(str(arrays["meta"]))
    del meta["config"]["hidden"], meta["words"]
    arrays["meta"] = np.array(json.dumps(meta))


CHANGES = {
    "version 99": (of_version_99, "checkpoint of version 99"),
    "no meta": (lambda a: a.pop("meta"), "not a tinydmn checkpoint"),
    "no words": (without_config, "a part is missing"),
    "no array": (lambda a: a.pop("theta/input.W"), "a part is missing"),
    "wrong shape": (lambda a: a.update({"m/input.W": np.zeros((2, 2))}), "m/input.W has shape"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_wrong_checkpoint_is_one_line(tmp_path, name):
    change, says = CHANGES[name]
    with pytest.raises(UserError, match=says) as error:
        checkpoint.load(broken(tmp_path, change))
    assert "\n" not in str(error.value) and "bad.npz" in str(error.value) and "; " in str(error.value)


@pytest.mark.parametrize("share", (0.0, 0.3, 0.9, 0.999))
def test_a_truncated_checkpoint_is_one_line(tmp_path, share):
    path = saved(tmp_path)
    data = path.read_bytes()
    path.write_bytes(data[:int(share * len(data))])
    with pytest.raises(UserError, match="truncated or no checkpoint"):
        checkpoint.load(path)


def test_a_pickle_is_never_loaded(tmp_path):
    class Trap:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "ran"),)
    (tmp_path / "plain.npz").write_bytes(pickle.dumps(Trap()))
    np.savez(tmp_path / "inside.npz", meta=np.array([Trap()], dtype=object))
    for name in ("plain.npz", "inside.npz"):
        with pytest.raises(UserError, match="pickled|no checkpoint"):
            checkpoint.load(tmp_path / name)
    assert not (tmp_path / "ran").exists()


def test_a_missing_checkpoint_names_the_command(tmp_path):
    with pytest.raises(UserError, match="no such checkpoint; train one"):
        checkpoint.load(tmp_path / "none.npz")


# --- figures

def test_interval_holds_the_share_and_narrows():
    for share, n in ((0.0, 10), (0.5, 10), (0.95, 100), (1.0, 100)):
        low, high = interval(share, n)
        assert 0 <= low <= share <= high <= 1
    assert interval(0.5, 1000)[1] - interval(0.5, 1000)[0] < interval(0.5, 100)[1] - interval(0.5, 100)[0]
    assert interval(0.95, 100) == pytest.approx((0.8882, 0.9785), abs=1e-4)             # Wilson's interval, computed by hand


def test_a_story_too_long_is_named_before_it_kills():
    _, stories, _ = random_batch(np.random.default_rng(0), 5)
    config = Config()
    memory.check(stories, config, "float32", free=2**33)
    heaviest = max(stories, key=lambda s: memory.bytes_needed(s, config, "float32"))
    with pytest.raises(UserError, match=f"^{heaviest.source}: story of {len(heaviest.facts)} facts; .* lower --batch or --hidden"):
        memory.check(stories, config, "float32", free=1000)


def test_validation_chooses_among_the_last_epochs_alone():
    """Before, the latest stands; of the last third (epochs 7 to 9) the best is kept, however good an earlier one was."""
    model, train, valid = small_run(epochs=9, patience=3, gate_epochs=0, selection_window=1 / 3)
    state, stood = loop.start(model, 0), []
    note = lambda state: stood.append((state.epoch, state.best_epoch, state.theta.copy(), *(state.history[-1][k] for k in ("valid_answer_accuracy", "valid_loss"))))
    loop.train(model, train, valid, state, note)
    assert [best for _, best, *_ in stood[:6]] == [1, 2, 3, 4, 5, 6]                    # and patience did not run out
    allowed = stood[6:]
    best = max(allowed, key=lambda entry: (entry[3], -entry[4]))
    assert state.best_epoch == best[0] >= 7
    np.testing.assert_array_equal(state.best_theta, best[2])
    np.testing.assert_array_equal(model.theta, best[2])
