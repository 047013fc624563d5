"""A checkpoint holds all that a run is: every field comes back, whatever it holds, and what cannot be written harms nothing."""

import json
import os
from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import Phase, given, settings, strategies as st

from tinydmn.config import Config
from tinydmn.data.story import Question, Story
from tinydmn.data.vocabulary import SPECIAL, Vocabulary
from tinydmn.errors import UserError
from tinydmn.model import DMN
from tinydmn.training import checkpoint
from tinydmn.training.loop import State

TAGS = {"answer": "tags", "episode": "gated", "facts": "words"}
KINDS = {"word": {}, "sequence": {"answer": "sequence", "longest": 7}, "tags": TAGS, "other numbers": {
    "passes": 0, "dropout": 0.25, "l2": 1e-3, "clip": 0.7, "selection_window": 0.3, "permute_entities": "yes", "drop_facts": 0.5, "bidirectional": "yes", "cell": "lstm",
    "stop": "no", "facts": "both", "final_rate": 0.1, "learning_rate": 0.3, "batch": 3, "epochs": 9, "patience": 2, "gate_epochs": 1, "alpha": 0.5,
    "embedding_scale": 4.0}}


def run(kind="word", dtype="float32", keep=1, seed=0, history=0):
    """-> a network and a State in which no two fields are alike."""
    rng = np.random.default_rng(seed)
    config = Config(**{"hidden": 3, "embedding": 2, "gate_hidden": 2, "ensemble": keep} | KINDS[kind])
    words = ["Running", "talking", "walking", "été", "<eos>"]
    stories = [Story([words], [Question(["What"], ["n", "w"] if kind == "sequence" else ["x,y"], 1)])]
    vocabulary = Vocabulary.build(stories, config.answer, features=kind == "tags")
    model = DMN(config, vocabulary, "numpy", seed, dtype)
    vector = lambda: rng.normal(size=model.theta.shape).astype(dtype)
    state = State(np.random.default_rng([seed, 1]), vector(), vector(), vector(), vector(), step=int(rng.integers(1, 99)), epoch=history, best_epoch=max(0, history - 1),
                  best=(float(rng.random()), -float(rng.random())), runners_up=[((float(rng.random()), -1.0), int(i), vector()) for i in range(keep - 1)],
                  history=[{"epoch": i, "loss": float(rng.random()), "valid_gate_accuracy": float("nan")} for i in range(history)])
    state.rng.random(int(rng.integers(9)))                 # somewhere on its way
    return model, state


def same_state(one, other):
    for name in (f.name for f in fields(State)):
        a, b = getattr(one, name), getattr(other, name)
        if name == "rng":
            assert a.bit_generator.state == b.bit_generator.state
        elif name == "runners_up":
            assert [entry[:2] for entry in a] == [entry[:2] for entry in b]
            for (_, _, theta), (_, _, again) in zip(a, b):
                np.testing.assert_array_equal(theta, again, strict=True)
        elif name == "history":
            assert json.dumps(a) == json.dumps(b)          # a NaN is not equal to itself
        elif isinstance(a, np.ndarray):
            np.testing.assert_array_equal(a, b, strict=True, err_msg=name)
        else:
            assert a == b and type(a) is type(b), name


@given(kind=st.sampled_from(sorted(KINDS)), dtype=st.sampled_from(("float32", "float64")), keep=st.integers(1, 4), seed=st.integers(0, 2**32 - 1), history=st.integers(0, 3))
@settings(max_examples=20, phases=(Phase.explicit, Phase.generate))
def test_every_field_comes_back(tmp_path_factory, kind, dtype, keep, seed, history):
    if kind == "sequence":
        keep = 1                                           # a decoder has no ensemble
    model, state = run(kind, dtype, keep, seed, history)
    about = {"set": "babi", "seed": seed, "data": None, "nested": [1, "zwölf", {"a": 0.5}], "texts": "0123"}
    path = tmp_path_factory.mktemp("run") / "a.npz"
    checkpoint.save(path, model, state, about)
    for backend in ("numpy", "numba"):
        again, state_again, about_again = checkpoint.load(path, backend)
        same_state(state, state_again)
        assert again.config == model.config and again.vocabulary == model.vocabulary and about_again == about
        assert (again.dtype, again.backend) == (model.dtype, backend) and again.params.keys() == model.params.keys()
        np.testing.assert_array_equal(again.theta, state.best_theta)                       # the best weights answer, the last go on
    assert not np.array_equal(state_again.theta, state_again.best_theta)
    again.theta += 1
    assert not np.array_equal(again.theta, state_again.best_theta)                         # a copy, which training may change
    draws = state.rng.random(3), state_again.rng.random(3)
    np.testing.assert_array_equal(*draws)


def test_parameters_stand_in_the_file_by_name(tmp_path):
    model, state = run(keep=2)
    checkpoint.save(tmp_path / "a.npz", model, state, {})
    with np.load(tmp_path / "a.npz") as file:
        meta = json.loads(str(file["meta"]))
        assert file["best_theta/input.W"].shape == model.params["input.W"].shape and file["runner_up_0/answer.W_a"].dtype == np.float32
        np.testing.assert_array_equal(np.concatenate([file[f"m/{name}"].ravel() for name in model.params]), state.m)
    assert tuple(meta["words"][:3]) == SPECIAL and meta["version"] == checkpoint.VERSION


def test_a_checkpoint_of_another_version_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoint, "VERSION", checkpoint.VERSION + 1)
    checkpoint.save(tmp_path / "a.npz", *run(), {})
    monkeypatch.undo()
    with pytest.raises(UserError, match=f"a.npz: checkpoint of version {checkpoint.VERSION + 1}, this tinydmn reads version {checkpoint.VERSION}; "):
        checkpoint.load(tmp_path / "a.npz")


@pytest.mark.parametrize("kind, now, before", (
    ("other numbers", {"teacher_forcing": "yes"}, {"reading": "both", "teacher": "correct", "rename": "yes", "shorten": 0.5, "choose_last": 0.3, "keep": 2, "word_length": 4.0}),
    ("sequence", {"teacher_forcing": "no"}, {"reading": "forward", "teacher": "predicted", "rename": "no", "shorten": 0.0, "choose_last": 1.0, "keep": 1, "word_length": 1.0})))
def test_a_checkpoint_of_version_3_is_read_under_its_former_names(kind, now, before, tmp_path):
    model, state = run(kind, keep=before["keep"])
    model.config = replace(model.config, **now)
    checkpoint.save(tmp_path / "a.npz", model, state, {"set": "babi"})
    with np.load(tmp_path / "a.npz") as file:
        arrays = dict(file)
    meta = json.loads(str(arrays["meta"]))
    names = ("bidirectional", "teacher_forcing", "permute_entities", "drop_facts", "selection_window", "ensemble", "embedding_scale")
    meta["config"] = {name: value for name, value in meta["config"].items() if name not in names} | before
    np.savez(tmp_path / "a.npz", **arrays | {"meta": np.array(json.dumps(meta | {"version": 3}))})
    again, state_again, _ = checkpoint.load(tmp_path / "a.npz", "numpy")
    assert again.config == model.config
    same_state(state, state_again)


def test_it_makes_its_folder(tmp_path):
    checkpoint.save(tmp_path / "a" / "b" / "c.npz", *run(), {})
    assert checkpoint.load(tmp_path / "a" / "b" / "c.npz")[2] == {}


# ---- what cannot be written


def refused(path, match="cannot be written"):
    with pytest.raises(UserError, match=match) as error:
        checkpoint.save(path, *run(), {})
    assert "\n" not in str(error.value) and str(error.value).startswith(str(path)) and "give --out a file" in str(error.value)


def test_a_folder_and_places_that_cannot_hold_a_file(tmp_path):
    (tmp_path / "file").write_text("here")
    (tmp_path / "folder").mkdir()
    for path in (tmp_path / "folder", tmp_path / "file" / "a.npz", "/dev/null/a.npz", tmp_path / ("long" * 80)):
        refused(path)
    assert sorted(os.listdir(tmp_path)) == ["file", "folder"] and not os.listdir(tmp_path / "folder")


@pytest.mark.parametrize("step", ("open", "write", "sync", "rename"))
@pytest.mark.parametrize("error, says", ((OSError(28, "No space left on device"), "No space left"), (PermissionError(13, "Permission denied"), "Permission denied"),
                                         (KeyboardInterrupt(), None)))
def test_what_fails_on_its_way_leaves_the_old_file(step, error, says, tmp_path, monkeypatch):
    path = tmp_path / "a.npz"
    model, state = run()
    checkpoint.save(path, model, state, {"good": 1})
    before = path.read_bytes()

    def fail(*given, **more):
        if step == "write":
            given[0].write(b"half of it")
        raise error
    with monkeypatch.context() as patch:
        patch.setattr(*{"open": (checkpoint, "open"), "write": (np, "savez"), "sync": (os, "fsync"), "rename": (os, "replace")}[step], fail, raising=False)
        if says:
            refused(path, says)
        else:
            with pytest.raises(KeyboardInterrupt):
                checkpoint.save(path, model, state, {})
    assert path.read_bytes() == before and os.listdir(tmp_path) == ["a.npz"]
    assert checkpoint.load(path)[2] == {"good": 1}
