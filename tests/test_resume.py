"""A run that was stopped goes on to the bits of one that was not, and never as another run than it was begun as."""

import json
import shutil
from dataclasses import fields

import numpy as np
import pytest

from tinydmn.data.entities import Classes
from tinydmn.cli import main
from tinydmn.config import Config
from tinydmn.data.generator import write_task
from tinydmn.tasks import babi
from tinydmn.training import checkpoint, loop
from tinydmn.training.progress import Progress

from .test_checkpoint import same_state

SMALL = ("--hidden", 4, "--embedding", 4, "--gate-hidden", 3, "--backend", "numpy", "--quiet")
TREES = ("(3 (2 It) (4 (2 's) (4 good)))", "(1 (2 It) (1 (2 is) (0 bad)))", "(4 (2 A) (4 (3 good) (2 film)))", "(0 (2 A) (1 (0 bad) (2 film)))")
TAGGED = ("the D\nred A\ndog N", "a D\ndog N\nran V", "the D\nfox N\nruns V", "red A\ndog N\nsleeps V", "it P\nran V")


def write_files(folder):
    """Small files of all three sets -> folder of each."""
    write_task(folder / "babi", 1, {"train": 7, "valid": 3, "test": 2}, np.random.default_rng(0))
    write_task(folder / "babi", 2, {"train": 7, "valid": 3}, np.random.default_rng(0))
    for name in ("sst", "pos"):
        (folder / name).mkdir()
    for name, part in (("train", TREES), ("dev", TREES[:2])):
        (folder / "sst" / f"{name}.txt").write_text("\n".join(part) + "\n")
    for name, part in (("train", TAGGED), ("dev", TAGGED[1:3])):
        (folder / "pos" / f"{name}.tsv").write_text("\n\n".join(part).replace(" ", "\t") + "\n")
    (folder / "vectors.txt").write_text("good 1 2 3 4\nfilm 4 3 2 1\nelsewhere 1 1 1 1\n")


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    write_files(folder)
    return folder


def train(capsys, *words):
    """-> exit code, stdout, stderr of  tinydmn train ...  with a network of a few numbers."""
    try:
        code = main(["train", *map(str, words), *map(str, SMALL if "--resume" not in words else SMALL[-3:])])
    except SystemExit as stop:                             # argparse's own
        code = stop.code
    said = capsys.readouterr()
    return code, said.out, said.err


# ---- the same bits

RUNS = {
    "babi": ("babi", "--epochs", 5, "--gate-epochs", 1, "--batch", 3, "--plain"),
    "babi, told again": ("babi", "--epochs", 4, "--gate-epochs", 2, "--batch", 3, "--drop-facts", 1, "--permute-entities", "yes", "--ensemble", 2),
    "sst, with phrases": ("sst", "--epochs", 4, "--batch", 3, "--ensemble", 3, "--phrases", 0.5, "--selection-window", 0.75),
    "pos": ("pos", "--epochs", 4, "--batch", 2, "--ensemble", 2, "--passes", 2),
}


def without_seconds(state):
    for epoch in state.history:
        assert epoch.pop("seconds") > 0 and epoch.pop("examples_per_second") > 0
    return state


@pytest.mark.parametrize("name", RUNS)
def test_stopped_after_any_epoch_it_goes_on_to_the_same_bits(name, files, tmp_path, capsys, monkeypatch):
    words = (*RUNS[name], "--data", files / RUNS[name][0])
    names = Classes([[("mary",), ("john",)], [("kitchen",), ("garden",), ("office",)]], [])
    monkeypatch.setattr(babi, "find_classes", lambda stories: names)                   # so few stories show none
    assert train(capsys, *words, "--out", tmp_path / "whole.npz")[0] == 0
    model, whole, about = checkpoint.load(tmp_path / "whole.npz")
    n_epochs = whole.epoch
    assert n_epochs == len(without_seconds(whole).history) == RUNS[name][2]
    for stop in range(n_epochs):                           # 0: before the first epoch has ended
        out = tmp_path / f"{stop}.npz"
        with monkeypatch.context() as patch:
            def interrupted(progress, state):
                if state.epoch == stop:
                    raise KeyboardInterrupt
            patch.setattr(Progress, "epoch", interrupted)
            if not stop:
                patch.setattr(loop, "train_epoch", lambda model, batch, state, *_: interrupted(None, state))
            code, _, err = train(capsys, *words, "--out", out)
        assert code == 130 and f"holds {stop} finished epoch{'s' * (stop != 1)}: go on with --resume" in err and checkpoint.load(out)[1].epoch == stop
        assert train(capsys, RUNS[name][0], "--resume", "--out", out)[0] == 0
        again, state, about_again = checkpoint.load(out)
        same_state(without_seconds(state), whole)
        np.testing.assert_array_equal(again.theta, model.theta)
        assert again.config == model.config and again.vocabulary == model.vocabulary and about_again == about


# ---- never as another run: begun and stopped before the first epoch, so nothing is trained here


class Begun:
    """Checkpoints of runs that were stopped at once, and what they were begun with."""

    def __init__(self, files, folder):
        self.files, self.folder = files, folder
        self.words = {"babi": ("babi", "--data", files / "babi", "--ensemble", 2), "sst": ("sst", "--data", files / "sst", "--vectors", files / "vectors.txt"),
                      "pos": ("pos", "--data", files / "pos"), "generated": ("babi", "--task", 20, "--seed", 3),
                      "decoder": ("babi", "--data", files / "babi", "--answer", "sequence", "--size", "1k", "--plain")}
        for name, words in self.words.items():
            assert main(["train", *map(str, words), *map(str, SMALL), "--out", str(self.out(name))]) == 130

    def out(self, name):
        return self.folder / f"{name}.npz"


@pytest.fixture(scope="module")
def begun(files, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        def stop(*_):
            raise KeyboardInterrupt
        patch.setattr(loop, "train", stop)
        return Begun(files, tmp_path_factory.mktemp("begun"))


@pytest.fixture
def trained(monkeypatch):
    """loop.train does nothing; what it was called with."""
    calls = []
    monkeypatch.setattr(loop, "train", lambda *given: calls.append(given))
    return calls


def goes_on(begun, name, trained, capsys, *words, out=None):
    """Resumes a copy -> the checkpoint's path."""
    path = begun.folder / "copy.npz"
    shutil.copy(out or begun.out(name), path)
    code, _, err = train(capsys, begun.words[name][0], "--resume", "--out", path, *words)
    assert code == 0, err
    assert len(trained) == 1
    model, _, _, state, *_ = trained.pop()
    assert state.epoch == 0 and model.config == checkpoint.load(path)[0].config
    return path


def refused(begun, name, trained, capsys, *words, task_set=None, out=None):
    """-> the one line; the file is as it was."""
    path = out or begun.out(name)
    before = path.read_bytes()
    code, said, err = train(capsys, task_set or begun.words[name][0], "--resume", "--out", path, *words)
    assert code == 2 and err.count("\n") == 1 and not said and not trained, (code, err)
    assert path.read_bytes() == before and err.startswith("tinydmn train: ")
    return err


def other_value(f, value):
    """A value of a field of Config that is allowed, and another one."""
    if "choices" in f.metadata:
        return next(choice for choice in f.metadata["choices"] if choice != value)
    return value + 1 if f.type is int else value / 2 + 0.07


@pytest.mark.parametrize("f", [f for f in fields(Config) if f.name not in ("epochs", "patience")], ids=lambda f: f.name)
def test_every_number_of_config_stays(f, begun, trained, capsys):
    was = getattr(checkpoint.load(begun.out("babi"))[0].config, f.name)
    option = "--" + f.name.replace("_", "-")
    err = refused(begun, "babi", trained, capsys, option, other_value(f, was))
    assert f"{option} differs from the run in {begun.out('babi')}, which has {was}; a resumed run may change --epochs and --patience alone" in err


@pytest.mark.parametrize("name, words, has", (
    ("babi", ("--task", 2), 1), ("babi", ("--seed", 1), 0), ("babi", ("--size", "10k"), "1k"), ("babi", ("--plain",), False), ("decoder", ("--size", "10k"), "1k"),
    ("generated", ("--seed", 0), 3), ("generated", ("--task", 1), 20), ("generated", ("--size", "10k"), "1k"), ("sst", ("--kind", "binary"), "fine"),
    ("sst", ("--phrases", 0.4), 0.5), ("sst", ("--phrases", 0), 0.5), ("sst", ("--vectors", "v.txt"), None), ("sst", ("--seed", 1), 0), ("pos", ("--column", "upos"), "xpos"),
    ("pos", ("--vectors", "glove"), None), ("pos", ("--seed", 7), 0)))
def test_what_a_run_was_told_stays(name, words, has, begun, trained, capsys):
    has = begun.files / "vectors.txt" if (name, words[0]) == ("sst", "--vectors") else has
    assert f"{words[0]} differs from the run in {begun.out(name)}, which has {has}; " in refused(begun, name, trained, capsys, *words)


def test_another_task_set(begun, trained, capsys):
    assert "is a run of babi, not of sst" in refused(begun, "babi", trained, capsys, task_set="sst")
    assert "is a run of pos, not of babi" in refused(begun, "pos", trained, capsys, task_set="babi")


def test_other_stories_in_the_same_words(begun, trained, capsys, tmp_path):
    """The same vocabulary is not the same texts: of training, of validation, and of the border between them."""
    def changed(change):
        folder = tmp_path / "changed"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(begun.files / "babi", folder)
        train, valid = (next(folder.glob(f"qa1_*_{split}.txt")) for split in ("train", "valid"))
        a, b = (["1 " + story for story in ("\n" + path.read_text().rstrip("\n")).split("\n1 ")[1:]] for path in (train, valid))
        a, b = change(a, b)
        train.write_text("\n".join(a) + "\n")
        valid.write_text("\n".join(b) + "\n")
        return folder
    goes_on(begun, "babi", trained, capsys, "--data", changed(lambda a, b: (a, b)))
    for change in (lambda a, b: ([a[1], a[0], *a[2:]], b), lambda a, b: (a, b[::-1]), lambda a, b: (a[:-1], [a[-1], *b]), lambda a, b: ([*a, b[0]], b[1:])):
        assert "these are not the texts the run in" in refused(begun, "babi", trained, capsys, "--data", changed(change))


def test_phrases_are_texts_too(begun, trained, capsys, tmp_path):
    shutil.copytree(begun.files / "sst", tmp_path / "sst")
    goes_on(begun, "sst", trained, capsys, "--data", tmp_path / "sst")
    path = tmp_path / "sst" / "train.txt"
    path.write_text(path.read_text().replace("(4 (2 's) (4 good))", "(3 (2 's) (4 good))"))
    assert "these are not the texts" in refused(begun, "sst", trained, capsys, "--data", tmp_path / "sst")


def test_other_word_vectors(begun, trained, capsys):
    """Words that the vectors' file alone has are known too; with others it would be another network."""
    path = begun.files / "vectors.txt"
    right = path.read_text()
    try:
        path.write_text(right.replace("elsewhere", "nowhere"))
        assert "these are not the texts" in refused(begun, "sst", trained, capsys)
    finally:
        path.write_text(right)
    goes_on(begun, "sst", trained, capsys)


def test_texts_that_lie_elsewhere_now(begun, trained, capsys, tmp_path):
    shutil.copytree(begun.files / "babi", tmp_path / "moved")
    path = goes_on(begun, "babi", trained, capsys, "--data", tmp_path / "moved")
    assert checkpoint.load(path)[2]["data"] == str(tmp_path / "moved")                     # and from there it goes on the next time
    goes_on(begun, "babi", trained, capsys, out=shutil.copy(path, tmp_path / "again.npz"))
    shutil.rmtree(tmp_path / "moved")
    again = tmp_path / "again.npz"
    assert "moved: no such folder" in refused(begun, "babi", trained, capsys, out=again)
    goes_on(begun, "babi", trained, capsys, "--data", begun.files / "babi", out=again)


def test_what_is_said_again_may_be_said(begun, trained, capsys):
    for name, words in (("babi", ("--size", "1k")), ("decoder", ()), ("generated", ("--size", "1k")), ("sst", ("--kind", "fine", "--phrases", 0.5)), ("pos", ("--column", "xpos"))):
        goes_on(begun, name, trained, capsys, *begun.words[name][1:], *SMALL[:-3], *words, *(() if name == "generated" else ("--seed", 0)))


def test_epochs_and_patience_may_change(begun, trained, capsys):
    config = checkpoint.load(goes_on(begun, "babi", trained, capsys, "--epochs", 77, "--patience", 5))[0].config
    assert (config.epochs, config.patience) == (77, 5)
    assert "--epochs is 2, and the first 2 train the gates alone" in refused(begun, "babi", trained, capsys, "--epochs", 2)


def test_a_checkpoint_that_does_not_say_what_it_was_trained_on(begun, trained, capsys, tmp_path):
    model, state, _ = checkpoint.load(begun.out("babi"))
    path = tmp_path / "own.npz"
    checkpoint.save(path, model, state, {"task": 1})
    assert "does not say what it was trained on" in refused(begun, "babi", trained, capsys, out=path)


# ---- options of another set, and where a checkpoint cannot be


@pytest.mark.parametrize("words, says", (
    (("babi", "--kind", "fine"), "--kind is for sst, not for babi; leave it out"), (("babi", "--phrases", 1), "--phrases is for sst, not for babi"),
    (("babi", "--column", "upos"), "--column is for pos, not for babi"), (("babi", "--vectors", "glove"), "--vectors is for sst and pos, not for babi"),
    (("sst", "--task", 1), "--task is for babi, not for sst"), (("sst", "--column", "upos"), "--column is for pos"), (("sst", "--plain"), "--plain is for babi"),
    (("pos", "--size", "1k"), "--size is for babi, not for pos"), (("pos", "--kind", "fine"), "--kind is for sst, not for pos"), (("pos", "--phrases", 0.5), "--phrases is for sst")))
def test_options_of_another_set(words, says, begun, trained, capsys, tmp_path):
    code, out, err = train(capsys, *words, "--out", tmp_path / "a.npz")
    assert code == 2 and says in err and err.count("\n") == 1 and not out and not list(tmp_path.iterdir())
    assert says in refused(begun, words[0], trained, capsys, *words[1:])


def test_out_that_cannot_be_a_file(begun, trained, capsys, tmp_path):
    files = list(map(str, begun.words["babi"]))
    for out, says in ((tmp_path, "exists already and is a folder; give --out a file"), ("/dev/null/a.npz", "/dev/null/a.npz: cannot be written (")):
        code, said, err = train(capsys, *files, "--out", out)
        assert code == 2 and says in err and err.count("\n") == 1 and not said and not trained
    code, _, err = train(capsys, *files, "--overwrite", "--out", tmp_path)
    assert code == 2 and "cannot be written (Is a directory)" in err and err.count("\n") == 1 and not list(tmp_path.iterdir())
    assert train(capsys, "babi", "--resume", "--out", tmp_path)[0] == 2


def test_an_existing_run_is_replaced_only_where_it_is_asked_for(begun, trained, capsys, tmp_path):
    path = shutil.copy(begun.out("babi"), tmp_path / "a.npz")
    before = path.read_bytes()
    code, _, err = train(capsys, *begun.words["babi"], "--seed", 1, "--out", path)
    assert code == 2 and "exists already; go on with --resume" in err and path.read_bytes() == before and not trained
    assert train(capsys, *begun.words["babi"], "--seed", 1, "--overwrite", "--out", path)[0] == 0 and len(trained) == 1
    assert checkpoint.load(path)[2]["seed"] == 1
    code, _, err = train(capsys, *begun.words["babi"], "--resume", "--overwrite", "--out", path)
    assert code == 2 and "not allowed with" in err


def test_json_names_the_run(begun, trained, capsys):
    path = shutil.copy(begun.out("babi"), begun.folder / "json.npz")
    code, out, _ = train(capsys, "babi", "--resume", "--out", path, "--json")
    said = json.loads(out)
    assert code == 0 and said["about"] == checkpoint.load(path)[2] and said["checkpoint"] == str(path) and said["history"] == []
