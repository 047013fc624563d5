"""`tinydmn train`: what is said on the command line reaches the run, and what it prints is what a second computation gives."""

import json
from argparse import Namespace
from dataclasses import asdict, fields

import numpy as np
import pytest

from tinydmn.cli import main, train
from tinydmn.config import Config
from tinydmn.errors import UserError
from tinydmn.model import DMN
from tinydmn.training import checkpoint, loop
from tinydmn.training.evaluate import evaluate
from tinydmn.tasks import about_run, gather, pos, sst, texts_of
from tinydmn.training.material import share_of, unknown_words

from .test_apart import NUMPY, SETS, TINY, told, untrained, write_files  # noqa: F401 (a fixture)


def checkpoint_of(tmp_path, *words):
    """`tinydmn train` without any training -> network, State, about."""
    out = tmp_path / "run.npz"
    assert main(["train", *map(str, words), "--overwrite", "--backend", "numpy", "--quiet", "--out", str(out)]) == 0
    return checkpoint.load(out)


EVERY = {                      # a value for each field of Config that is no default of any task, two sets of those that exclude each other
    "hidden": (5, 6), "embedding": (7, 8), "embedding_scale": (2.5, 0.5), "recurrent": ("orthogonal", "normal"), "memory_bias": (1.5, -2.0), "gate_hidden": (3, 4), "passes": (4, 2), "episode": ("gated", "softmax"), "stop": ("yes", "no"),
    "facts": ("both", "sentences"), "cell": ("rnn", "lstm"), "bidirectional": ("yes", "no"), "answer": ("word", "sequence"), "longest": (31, 33),
    "teacher_forcing": ("yes", "no"), "learning_rate": (0.125, 0.25), "final_rate": (0.75, 0.5), "batch": (6, 7), "epochs": (17, 18), "patience": (11, 12),
    "gate_epochs": (3, 4), "alpha": (0.5, 2.0), "dropout": (0.2, 0.45), "l2": (0.03, 0.04), "clip": (0.75, 9.0), "selection_window": (0.6, 0.7), "ensemble": (2, 1),
    "drop_facts": (0.4, 0.0), "permute_entities": ("yes", "no")}


@pytest.mark.parametrize("which", (0, 1))
def test_every_option_of_config_reaches_the_checkpoint(which, tmp_path, untrained):
    assert EVERY.keys() == {f.name for f in fields(Config)}
    given = {name: values[which] for name, values in EVERY.items()}
    words = [word for name, value in given.items() for word in ("--" + name.replace("_", "-"), value)]
    (tmp_path / "data").mkdir()
    model, state, about = checkpoint_of(tmp_path, "babi", "--data", write_files(tmp_path / "data", "babi"), "--seed", 9, *words)
    assert asdict(model.config) == given and untrained[0][0].config == model.config
    np.testing.assert_array_equal(state.theta, DMN(model.config, model.vocabulary, "numpy", 9).theta)
    assert state.rng.bit_generator.state == np.random.default_rng([9, 1]).bit_generator.state


@pytest.mark.parametrize("words, says", (
    (("babi",), {"set": "babi", "task": 1, "size": None, "plain": False, "seed": 0, "data": None, "name": "babi-1"}),
    (("babi", "--task", 20, "--size", "1k", "--plain", "--seed", 4), {"task": 20, "size": "1k", "plain": True, "seed": 4, "name": "babi-20"}),
    (("sst",), {"set": "sst", "kind": "fine", "phrases": 0.5, "vectors": None, "name": "sst-fine"}),
    (("sst", "--kind", "binary", "--phrases", 0.25), {"kind": "binary", "phrases": 0.25, "name": "sst-binary"}),
    (("pos",), {"set": "pos", "column": "xpos", "vectors": None, "name": "pos"}), (("pos", "--column", "upos"), {"column": "upos"})))
def test_what_a_run_is_told_stands_in_its_checkpoint(words, says, tmp_path, untrained, monkeypatch):
    for task in (sst, pos):
        monkeypatch.setattr(task, "SIZES", (30, 10))
    model, state, about = checkpoint_of(tmp_path, *words)
    assert about.items() >= says.items() and about["texts"] == gather(about).digest
    assert model.config == gather(about).config            # and the preset is that of the task


def test_without_out_a_run_has_its_name(tmp_path, untrained, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sst, "SIZES", (30, 10))
    assert main(["train", "sst", "--kind", "binary", *NUMPY]) == 0 == main(["train", "babi", "--task", "20", *NUMPY])
    assert sorted(path.name for path in (tmp_path / "runs").iterdir()) == ["babi-20.npz", "sst-binary.npz"]


def test_the_bar_counts_the_answers_of_an_epoch(tmp_path, untrained, monkeypatch):
    for task_set in SETS:
        (tmp_path / task_set).mkdir()
        write_files(tmp_path / task_set, task_set)
    n = lambda task_set, phrases=0.5, **given: train.questions_an_epoch(gather(a := told(task_set, tmp_path / task_set, phrases=phrases), **given), a)
    assert (n("babi"), n("babi", drop_facts=1.0), n("pos"), n("sst", 0.0), n("sst", 1.0), n("sst")) == (20, 10, 40, 20, 20 + 21, 20 + 10)


# ---- what train and eval print


@pytest.fixture(scope="module")
def kept_run(tmp_path_factory):
    """A run of tags with three epochs kept -> its checkpoint, and what train said as JSON and as text."""
    folder = tmp_path_factory.mktemp("kept")
    write_files(folder, "pos")
    path = folder / "a.npz"
    words = ["train", "pos", "--data", str(folder), "--epochs", "4", "--ensemble", "3", "--batch", "3", "--learning-rate", "0.05", "--out", str(path), *NUMPY]
    said = []
    for more in (["--json"], ["--overwrite"]):
        with pytest.MonkeyPatch.context() as patch:
            printed = []
            patch.setattr("sys.stdout", Namespace(write=printed.append, flush=lambda: None))
            assert main(words + more) == 0
        said.append("".join(printed))
    return path, json.loads(said[0]), said[1]


def test_train_says_what_its_kept_epochs_say_together(kept_run):
    path, said, printed = kept_run
    model, state, about = checkpoint.load(path, "numpy")
    material = gather(about, **asdict(model.config))
    batch = material.batch(material.valid)
    found = evaluate(model, batch, thetas=state.kept)
    new = unknown_words(batch, material.valid, material.train)
    share = share_of(new, model, batch, state.kept)
    assert len(state.kept) == 3 and said["valid_answer_accuracy"] == found.answer_accuracy and said["n_valid"] == found.n_questions == 10
    assert said["valid_unknown_words"] == [share, 5] and said["valid_gate_accuracy"] is None
    assert (said["epochs"], said["best_epoch"], len(said["history"])) == (4, state.best_epoch, 4) and said["seconds"] > 0
    low, high = said["valid_interval"]
    assert low < found.answer_accuracy < high
    assert f"validation: {100 * found.answer_accuracy:.1f} % of 10 answers right (95 % interval {100 * low:.1f} to {100 * high:.1f})" in printed
    assert f"words that training never saw: {100 * share:.1f} % of 5 right" in printed and "gates" not in printed
    assert f"best of 4 epochs: {state.best_epoch} and 2 more, whose mean these figures are; " in printed and f"saved in {path}" in printed


def test_train_says_what_they_say_together_where_each_says_something_else(tmp_path, monkeypatch, capsys):
    """Kept weights that differ much, as a few epochs of training on a few sentences do not."""
    for name, words in (("train", "abc"), ("dev", "abxyz")):
        lines = (f"{word}{i}\t{'DNNVVV'[(ord(word) + i) % 6]}\n" + "\n" * (i % 2) for word in words for i in range(12))
        (tmp_path / f"{name}.tsv").write_text("".join(lines))
    ended = []

    def far_apart(model, epoch, valid, state, *_):
        rng = np.random.default_rng(0)
        state.best_theta, *others = (rng.normal(0, 3, state.theta.shape).astype(state.theta.dtype) for _ in range(3))
        state.runners_up = [((0.5, -1.0), k, theta) for k, theta in enumerate(others, 1)]
        model.theta = state.best_theta
        ended.append((model, valid, state))
    monkeypatch.setattr(loop, "train", far_apart)
    assert main(["train", "pos", "--data", str(tmp_path), "--ensemble", "3", "--json", "--out", str(tmp_path / "a.npz"), *NUMPY]) == 0
    said = json.loads(capsys.readouterr().out)
    (model, batch, state), (texts, valid, _) = ended.pop(), texts_of(said["about"])
    new = unknown_words(batch, valid, texts)
    found = lambda thetas: (evaluate(model, batch, thetas=thetas).answer_accuracy, [share_of(new, model, batch, thetas), 36])
    assert (said["valid_answer_accuracy"], said["valid_unknown_words"]) == found(state.kept)
    assert all(together != alone for together, alone in zip(found(state.kept), found(None), strict=True))


@pytest.mark.parametrize("more, shown", (((), True), (("--quiet",), False), (("--json",), False)))
def test_progress_is_shown_where_it_is_not_quiet(more, shown, tmp_path, capsys):
    write_files(tmp_path, "pos")
    assert main(["train", "pos", "--data", str(tmp_path), "--epochs", "2", "--out", str(tmp_path / "a.npz"), *NUMPY[:-1], *more]) == 0
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("epoch")]
    assert [line.split()[1] for line in lines] == (["1/2", "2/2"] if shown else [])


def test_train_says_what_its_gates_do(tmp_path, capsys):
    write_files(tmp_path, "babi")
    out = tmp_path / "a.npz"
    assert main(["train", "babi", "--data", str(tmp_path), "--epochs", "3", "--gate-epochs", "1", "--out", str(out), *NUMPY]) == 0
    printed, err = capsys.readouterr()
    model, state, about = checkpoint.load(out, "numpy")
    found = evaluate(model, gather(about, **asdict(model.config)).batch(texts_of(about)[1]))
    assert f"gates: {100 * found.gate_accuracy:.1f} % of the supervised passes" in printed and f"best of 3 epochs: {state.best_epoch}; " in printed
    assert f"validation: {100 * found.answer_accuracy:.1f} % of 5 answers" in printed
    assert "validation asks for 5 answers that training never saw, and counts them as wrong: valid0, valid1," in err


def test_eval_asks_one_epoch_or_all_that_were_kept(kept_run, capsys):
    path, *_ = kept_run
    model, state, about = checkpoint.load(path, "numpy")
    rng = np.random.default_rng(0)
    state.runners_up = [(score, epoch, theta + rng.normal(size=theta.shape).astype(theta.dtype)) for score, epoch, theta in state.runners_up]
    apart = path.with_name("apart.npz")
    checkpoint.save(apart, model, state, about)            # members that say something else
    batch = gather(about, **asdict(model.config)).batch(texts_of(about)[0])
    said = []
    for more, thetas in (([], None), (["--ensemble"], state.kept)):
        assert main(["eval", str(apart), "--data", about["data"], "--split", "train", "--json", "--backend", "numpy", *more]) == 0
        said.append(json.loads(capsys.readouterr().out))
        found = evaluate(model, batch, thetas=thetas)
        assert said[-1]["loss"] == found.loss and said[-1]["answer_accuracy"] == found.answer_accuracy and said[-1]["epochs_together"] == len(thetas or [0])
    assert said[0]["loss"] != said[1]["loss"]


def test_the_picture_marks_where_the_answers_began(tmp_path, monkeypatch, capsys):
    drawn = []
    monkeypatch.setattr("tinydmn.plots.plot_training", lambda *given: drawn.append(given))
    write_files(tmp_path, "babi")
    for alpha, gate_epochs in (("1", 2), ("0", 0)):
        out = tmp_path / f"{alpha}.npz"
        assert main(["train", "babi", "--data", str(tmp_path), "--epochs", "3", "--gate-epochs", "2", "--alpha", alpha, "--plot", "a.png", "--out", str(out), *NUMPY]) == 0
        history, path, marked = drawn.pop()
        assert str(path) == "a.png" and marked == gate_epochs and json.dumps(history) == json.dumps(checkpoint.load(out)[1].history)


def test_words_without_a_vector_are_counted(tmp_path, untrained, capsys):
    write_files(tmp_path, "sst")
    (tmp_path / "v.txt").write_text("good 1 2\nelsewhere 3 4\ntrain7 5 6\n")
    model, *_ = checkpoint_of(tmp_path, "sst", "--data", tmp_path, "--vectors", tmp_path / "v.txt", "--hidden", 4, "--embedding", 2)
    n = len(model.vocabulary.words)
    assert n == 3 + 20 + 3 and f"{n - 3} of {n} words have no vector in {tmp_path / 'v.txt'}: they start at random" in capsys.readouterr().err
    np.testing.assert_array_equal(model.params["embedding.L"][model.vocabulary.word_id["elsewhere"]], [3, 4])


def test_a_decoder_that_may_not_be_long_enough_is_refused(tmp_path):
    (tmp_path / "qa19_x_train.txt").write_text("1 A is north of B.\n2 How do you go?\tn,w,n\t1\n1 A is B.\n2 How do you go?\tn\t1\n")
    about = about_run("babi", tmp_path, 0, task=19, size="1k")
    with pytest.raises(UserError, match="--longest is 3, and training has an answer of 4 steps with its <eos>; give --longest 4 or more"):
        gather(about, longest=3, **TINY)
    assert gather(about, longest=4, **TINY).config.longest == 4


@pytest.mark.parametrize("place, says", (("curves.txt", "ends in .png, .svg or .pdf"), (".png", "ends in"), ("there.png", "is a folder"), ("file/curves.png", "file: is no folder")))
def test_where_the_picture_cannot_go_nothing_is_trained(place, says, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there.png").mkdir()
    (tmp_path / "file").write_text("a file\n")
    with pytest.raises(SystemExit) as stopped:
        main(["train", "babi", "--out", "a.npz", "--plot", place, *NUMPY])
    assert stopped.value.code == 2 and says in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "there.png"]


def test_a_picture_may_go_to_a_folder_that_is_not_there_yet(tmp_path, monkeypatch):
    monkeypatch.setattr("tinydmn.plots.plot_training", lambda history, path, *more: path.parent.mkdir(parents=True))
    assert main(["train", "babi", "--epochs", "1", "--gate-epochs", "0", "--out", str(tmp_path / "a.npz"), "--plot", str(tmp_path / "new" / "er" / "a.SVG"), *NUMPY]) == 0
    assert (tmp_path / "new" / "er").is_dir()


@pytest.mark.parametrize("epochs, best, others, says",
                         ((1, 1, 0, "1 epoch; "), (4, 3, 0, "best of 4 epochs: 3; "),
                          (1, 0, 0, "1 epoch, none better than the start, whose weights are kept; "),
                                                        (4, 0, 0, "4 epochs, none better than the start, whose weights are kept; "),
                                                        (4, 2, 1, "best of 4 epochs: 2 and 1 more, whose mean these figures are; ")))
def test_train_says_which_epoch_it_saved(epochs, best, others, says, tmp_path, capsys, monkeypatch):
    def ended(model, epoch, valid, state, *_):
        state.epoch, state.best_epoch, state.runners_up = epochs, best, [((0.5, -1.0), 1, state.theta)] * others
    monkeypatch.setattr(loop, "train", ended)
    write_files(tmp_path, "pos")
    assert main(["train", "pos", "--data", str(tmp_path), "--out", str(tmp_path / "a.npz"), *NUMPY]) == 0
    line = capsys.readouterr().out.splitlines()[-2]
    assert line.startswith(says) and line.endswith(f" s; saved in {tmp_path / 'a.npz'}")
