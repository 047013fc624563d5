"""The runs of a table: each is made once, goes on where it was stopped, is never taken for another, and several side by side are as one by one."""

import json
import sys
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from tinydmn.data.generator import generate, write_task
from tinydmn.data.story import asked
from tinydmn.errors import UserError
from tinydmn.tasks import babi, pos, sst
from tinydmn.training import checkpoint, runs as many
from tinydmn.training.evaluate import evaluate
from tinydmn.tasks import gather, texts_of
from tinydmn.training.runs import execute, finished
from tinydmn.training.tables import runs_of

TINY = {"hidden": 8, "embedding": 8, "gate_hidden": 8, "epochs": 3, "patience": 3, "gate_epochs": 0, "batch": 64}


@pytest.fixture(scope="module")
def run():
    return runs_of(1, tasks=[15], variants=("plain",), **TINY)[0]


@pytest.fixture(scope="module")
def once(run, tmp_path_factory):
    """A run from beginning to end -> folder, result."""
    folder = tmp_path_factory.mktemp("once")
    return folder, execute(run, folder, "numpy")


def test_a_run_writes_its_figures(run, once):
    folder, found = once
    assert finished(run, folder) == json.loads(json.dumps(found)) and found["epochs"] == 3 and found["test"] is None
    assert found["valid"]["right"].count("1") / found["valid"]["n"] == pytest.approx(found["valid"]["accuracy"]) and found["n_train"] > 500
    assert not [p for p in folder.iterdir() if p.suffix not in (".json", ".npz")]
    model, state, about = checkpoint.load(folder / f"{run.name}.npz", "numpy")
    assert (found["epochs"], found["best_epoch"], found["seed"]) == (3, state.best_epoch, 0) and found["seconds"] == sum(epoch["seconds"] for epoch in state.history)
    valid = evaluate(model, gather(run.about, **run.given).batch(texts_of(run.about)[1]))
    assert (found["valid"]["accuracy"], found["valid"]["loss"], found["valid"]["gate_accuracy"]) == (valid.answer_accuracy, valid.loss, valid.gate_accuracy)
    assert about == run.about | {"texts": gather(run.about, **run.given).digest} and found["settings"] == run.settings


def test_killed_in_the_middle_it_goes_on_to_the_same_figures(run, once, tmp_path, monkeypatch):
    save = checkpoint.save

    def save_and_stop(*args):
        save(*args)
        raise KeyboardInterrupt
    monkeypatch.setattr(checkpoint, "save", save_and_stop)
    with pytest.raises(KeyboardInterrupt):
        execute(run, tmp_path, "numpy")
    assert finished(run, tmp_path) is None and len(list(tmp_path.glob("*.npz"))) == 1
    epochs = []
    monkeypatch.setattr(checkpoint, "save", lambda *args: epochs.append(save(*args)))
    found = execute(run, tmp_path, "numpy")
    assert len(epochs) == 2                                # of three: the first was not done again
    assert {k: found[k] for k in ("valid", "epochs", "best_epoch")} == {k: once[1][k] for k in ("valid", "epochs", "best_epoch")}


def test_epochs_and_seconds_are_those_of_training(run, tmp_path, monkeypatch):
    def train(model, epoch, valid, state, save):
        state.epoch, state.best_epoch, state.history = 9, 4, [{"seconds": 1.5}, {"seconds": 2.25}]
    monkeypatch.setattr(many.loop, "train", train)
    found = execute(run, tmp_path, "numpy")
    assert (found["epochs"], found["best_epoch"], found["seconds"]) == (9, 4, 3.75)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"settings": 1}'])
def test_a_broken_file_is_not_taken_for_a_finished_run(run, once, tmp_path, text):
    (tmp_path / f"{run.name}.json").write_text(text)
    assert finished(run, tmp_path) is None
    wrong = json.loads((once[0] / f"{run.name}.json").read_text())
    wrong["settings"]["config"]["hidden"] += 1
    (tmp_path / f"{run.name}.json").write_text(json.dumps(wrong))
    assert finished(run, tmp_path) is None


def test_what_a_run_trains_is_what_its_settings_say(monkeypatch):
    """Run.settings, which name its files, against the configuration that gather makes of the same."""
    monkeypatch.setattr(sst, "SIZES", (30, 10))
    monkeypatch.setattr(pos, "SIZES", (30, 10))
    monkeypatch.setattr(babi, "babi_stories", lambda *_: (generate(1, 3, np.random.default_rng(0)),) * 3)
    for run in (*runs_of(1, tasks=(17,), hidden=9), runs_of(2)[0], runs_of(3)[0]):
        material = gather(run.about, **run.given)
        assert run.settings["config"] == json.loads(json.dumps(vars(material.config))) and run.settings["about"] == {k: v for k, v in run.about.items() if k != "plain"}


def test_names_of_runs_differ_where_anything_differs(run):
    others = [replace(run, about=run.about | {key: value}) for key, value in (("seed", 1), ("task", 4), ("size", "10k"), ("data", "/x"))]
    names = [r.name for r in (run, *others, replace(run, given=run.given | {"hidden": 9}), replace(run, given=run.given | {"dropout": 0.25}))]
    assert len(set(names)) == 7 and names[0] == replace(run, label="other", places=[]).name and names[0].startswith("babi-15-seed0-")


def test_other_texts_in_the_same_place_are_another_run(tmp_path):
    """What is finished is finished for the texts that it was made of: they are looked at again, once a process."""
    data, out = tmp_path / "data", tmp_path / "out"
    write_task(data, 1, {"train": 8, "valid": 3, "test": 2}, np.random.default_rng(0))
    run, = runs_of(1, data=data, tasks=(1,), variants=("plain",), **TINY | {"epochs": 1})
    found = execute(run, out, "numpy")
    assert found["texts"].keys() == {"train", "valid", "test"} and len(set(found["texts"].values())) == 3
    for split in ("train", "valid", "test"):
        path = next(data.glob(f"*_{split}.txt"))
        right = path.read_text()
        many._texts.cache_clear()
        assert finished(run, out) == json.loads(json.dumps(found))
        path.write_text(right.replace("Mary", "Zoe"))
        many._texts.cache_clear()
        assert finished(run, out) is None
        path.write_text("no story\n")
        many._texts.cache_clear()
        assert finished(run, out) is None
        path.write_text(right)
    many._texts.cache_clear()


@pytest.mark.parametrize("other", ("texts", "config", "vocabulary"))
def test_a_checkpoint_of_another_run_is_not_gone_on_from(other, tmp_path, monkeypatch):
    data = tmp_path / "data"
    write_task(data, 1, {"train": 8, "valid": 3}, np.random.default_rng(0))
    run, = runs_of(1, data=data, tasks=(1,), variants=("plain",), **TINY | {"epochs": 1})
    epochs, save = [], checkpoint.save
    monkeypatch.setattr(checkpoint, "save", lambda path, model, state, about: epochs.append(state.epoch) or save(path, model, state, about))
    execute(run, tmp_path, "numpy")
    execute(run, tmp_path, "numpy")
    assert epochs == [1]                                   # the same again: nothing is trained twice
    path = tmp_path / f"{run.name}.npz"
    model, state, about = checkpoint.load(path, "numpy")
    if other == "config":
        model.config = replace(model.config, dropout=0.125)
    elif other == "vocabulary":
        model.vocabulary = replace(model.vocabulary, words=(*model.vocabulary.words[:-1], "zoo"))
    save(path, model, state, about | {"texts": "others"} if other == "texts" else about)
    execute(run, tmp_path, "numpy")
    assert epochs == [1, 1] and checkpoint.load(path)[2] == about


def test_tags_have_unknown_words_and_an_ensemble(tmp_path):
    """On a small file: whatever is known is learnt, words never seen are judged on their own."""
    lines = {"train": "a D\nred A\ndog N\n\nthe D\ndog N\nruns V\n\n" * 20, "dev": "the D\nfox N\nruns V\n\na D\nred A\nfox N\n\n"}
    for split, text in lines.items():
        (tmp_path / f"{split}.tsv").write_text(text.replace(" ", "\t"))
    run = runs_of(3, data=tmp_path, ensemble=2, hidden=8, embedding=8, gate_hidden=8, epochs=3, gate_epochs=0, batch=4, learning_rate=0.02)[0]
    found = execute(run, tmp_path / "out", "numpy")["valid"]
    assert found["n"] == 6 and found["n_unknown"] == 2 and {"ensemble_accuracy", "ensemble_unknown"} <= found.keys()
    known_right = found["accuracy"] * 6 - found["unknown"] * 2
    assert 0 <= known_right <= 4.001 and found["unknown"] * 2 == pytest.approx(round(found["unknown"] * 2))


def test_questions_of_the_training_set_are_counted():
    stories = generate(1, 3, np.random.default_rng(0))
    first = set(asked(stories[0]))
    assert sum(text in first for story in stories for text in asked(story)) >= len(stories[0].questions)


# ---- many runs


@pytest.fixture(scope="module")
def small_runs(tmp_path_factory):
    """Two runs on small files."""
    data = tmp_path_factory.mktemp("data")
    for task in (1, 15):
        write_task(data, task, {"train": 8, "valid": 3, "test": 2}, np.random.default_rng(0))
    return runs_of(1, data=data, tasks=(1, 15), variants=("plain",), **TINY | {"epochs": 2})


def test_side_by_side_and_one_after_the_other_give_the_same_files(small_runs, tmp_path):
    """Two processes at a time, and this one."""
    ended = []
    many.run_all(small_runs, tmp_path / "two", 2, "numpy", lambda *what: ended.append(what))
    assert {run.name for run, *_ in ended} == {run.name for run in small_runs} and all(problem is None for *_, problem in ended)
    for run in small_runs:
        execute(run, tmp_path / "one", "numpy")
        one, two = (json.loads((tmp_path / place / f"{run.name}.json").read_text()) for place in ("one", "two"))
        assert two == next(found for ended_run, found, _ in ended if ended_run == run)
        assert {k: v for k, v in one.items() if k not in ("seconds", "threads")} == {k: v for k, v in two.items() if k not in ("seconds", "threads")}
        states = [checkpoint.load(tmp_path / place / f"{run.name}.npz")[1] for place in ("one", "two")]
        np.testing.assert_array_equal(states[0].theta, states[1].theta)
    assert {path.suffix for path in (tmp_path / "two").iterdir()} == {".json", ".npz"}
    many.run_all(small_runs, tmp_path / "two", 2, "numpy", lambda *what: pytest.fail("run again"))


def test_ctrl_c_stops_the_workers_and_keeps_what_is_done(small_runs, tmp_path, monkeypatch):
    long = replace(small_runs[0], given=small_runs[0].given | {"epochs": 100_000, "patience": 100_000})
    started, start, sleep = [], many._start, time.sleep
    monkeypatch.setattr(many, "_start", lambda *given: started.append(start(*given)) or started[-1])

    def until_an_epoch_is_saved(seconds):
        sleep(seconds)
        if list(tmp_path.glob("*.npz")):
            raise KeyboardInterrupt
    monkeypatch.setattr(many, "time", SimpleNamespace(sleep=until_an_epoch_is_saved))
    with pytest.raises(KeyboardInterrupt):
        many.run_all([long], tmp_path, 1, "numpy", lambda *_: pytest.fail("ended"))
    assert [process.poll() for process in started] == [130]
    assert [path.name for path in tmp_path.iterdir()] == [f"{long.name}.npz"] and checkpoint.load(tmp_path / f"{long.name}.npz")[1].epoch >= 1


@pytest.mark.parametrize("where", ("Popen", "order"))
def test_ctrl_c_while_a_worker_is_started_leaves_no_log_and_no_worker(small_runs, tmp_path, monkeypatch, where):
    started, popen = [], many.subprocess.Popen

    class Worker(popen):
        def __init__(self, *given, **more):
            if where == "Popen":
                raise KeyboardInterrupt
            super().__init__(*given, **more)
            started.append(self)
    monkeypatch.setattr(many.subprocess, "Popen", Worker)
    if where == "order":
        monkeypatch.setattr(many, "print", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt), raising=False)
    with pytest.raises(KeyboardInterrupt):
        many.run_all(small_runs, tmp_path, 1, "numpy", lambda *_: pytest.fail("ended"))
    assert not list(tmp_path.iterdir()) and [process.poll() is None for process in started] == [False] * (where == "order")


def test_workers_share_the_cores(small_runs, tmp_path, monkeypatch):
    """Each gets its part of the threads; as many of them at a time as were asked for."""
    class Busy:
        returncode, stdin, looks = 0, None, 3

        def poll(self):
            self.looks -= 1
            return None if self.looks else 0
    started, running, most = [], set(), []

    def start(run, folder, backend, n):
        running.add(run.name)
        started.append(n)
        most.append(len(running))
        return Busy()
    monkeypatch.setattr(many, "_start", start)
    monkeypatch.setattr(many, "_leave", lambda process: None)
    monkeypatch.setattr(many, "_outcome", lambda run, *_: running.discard(run.name) or (None, "none"))
    monkeypatch.setattr(many, "time", SimpleNamespace(sleep=lambda _: None))
    monkeypatch.setattr(many.threads, "count", lambda: 8)
    five = [replace(small_runs[0], given=small_runs[0].given | {"epochs": n}) for n in range(1, 6)]
    for jobs, n in ((1, 8), (2, 4), (3, 2), (64, 1)):
        started.clear(), most.clear()
        many.run_all(five, tmp_path, jobs, "numpy", lambda *_: None)
        assert started == [n] * 5 and max(most) == min(jobs, 5) and not running


def test_files_appear_whole_or_not_at_all(tmp_path, monkeypatch):
    many.write_whole(tmp_path / "a" / "b.txt", "one")
    with monkeypatch.context() as patch:
        patch.setattr(many.os, "replace", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
        with pytest.raises(UserError, match="No space left on device"):
            many.write_whole(tmp_path / "a" / "b.txt", "two")
    assert (tmp_path / "a" / "b.txt").read_text() == "one" and len(list((tmp_path / "a").iterdir())) == 1


@pytest.mark.skipif(not Path("/bin/false").exists(), reason="needs a program that fails, /bin/false")
def test_a_worker_that_dies_is_reported(run, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "executable", "/bin/false")
    ended = []
    many.run_all([run], tmp_path, 1, on_end=lambda *what: ended.append(what))
    assert len(ended) == 1 and ended[0][1] is None and "exit code 1" in ended[0][2]
    assert [path.name for path in tmp_path.iterdir()] == [f"{run.name}.log"]               # what it said stays


@pytest.mark.parametrize("code, log, says", ((1, "", "its process ended with exit code 1"), (-9, "", "its process ended with exit code -9 (killed: out of memory?)"),
                                             (2, "one\nthe last line\n", "the last line"), (0, "no file was written", "no file was written")))
def test_why_a_run_failed_is_one_line(code, log, says, run, tmp_path):
    (tmp_path / f"{run.name}.log").write_text(log)
    assert many._outcome(run, tmp_path, code) == (None, says)


def test_out_that_cannot_be_made(run, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot be made"):
        many.run_all([run], tmp_path / "file", 1)


def test_kernels_are_compiled_for_each_kind_of_network():
    kinds = [run for number in (1, 2, 3, 4) for run in runs_of(number)]
    distinct = {json.dumps(many._tiny(run.settings["config"]), sort_keys=True): run for run in kinds}
    answers = {run.settings["config"]["answer"] for run in distinct.values()}
    assert answers == {"word", "sequence", "tags"}
    many.compile_for([next(run for run in kinds if run.settings["config"]["answer"] == answer) for answer in sorted(answers)])
