"""fit, evaluate, save and load do what the command line does, and say what is wrong in one line."""

import inspect
import io
import json
from pathlib import Path

import numpy as np
import pytest

import tinydmn
from tinydmn import Config, Question, Score, Story, UserError, evaluate, fit, generate, library, load, read_babi, save
from tinydmn.cli import main
from tinydmn.data.grammar.tags import tagged_texts
from tinydmn.model import DMN
from tinydmn.tasks import TASKS, about_given, about_run, gather
from tinydmn.training import checkpoint, loop, memory
from tinydmn.training.evaluate import evaluate as score_batch, interval
from tinydmn.training.material import batch_of

SMALL = {"hidden": 6, "embedding": 6, "gate_hidden": 4, "backend": "numpy"}
QUICK = SMALL | {"epochs": 2, "gate_epochs": 0}
OPTIONS = ("--hidden", "6", "--embedding", "6", "--gate-hidden", "4", "--backend", "numpy", "--epochs", "2", "--gate-epochs", "0", "--quiet")


@pytest.fixture(scope="module")
def stories():
    return generate(1, 30, np.random.default_rng(0))


@pytest.fixture
def untrained(monkeypatch):
    """Training that does nothing; what it was given."""
    calls = []
    monkeypatch.setattr(loop, "train", lambda *given: calls.append(given))
    return calls


def test_as_in_the_help(tmp_path, monkeypatch, capsys):
    """The first lines of help(tinydmn.fit): stories as sentences, trained, scored, saved, loaded, asked by the command line."""
    stories = [Story([f"{who} went to the {where}.", "John left."], [Question(f"Where is {who}?", where, 2, [0])]) for who in ("Mary", "Ann") for where in ("garden", "house") * 5]
    model = fit(stories, epochs=60, hidden=20, embedding=20, gate_hidden=10, backend="numpy")
    score = evaluate(model, stories)
    assert isinstance(score, Score) and score.answer_accuracy == 1.0 and score.n_questions == 20
    path = tmp_path / "mine.npz"
    save(model, path)
    assert evaluate(load(path, "numpy"), stories) == score
    monkeypatch.setattr("sys.stdin", io.StringIO("Mary went to the garden.\nWhere is Mary?\n"))
    assert main(["ask", str(path), "--json", "--backend", "numpy"]) == 0 and json.loads(capsys.readouterr().out)["answer"] == "garden"


@pytest.mark.parametrize("words, given", ((("babi", "--task", "20", "--seed", "3"), {"task": 20, "seed": 3}), (("babi", "--task", "1", "--plain"), {"task": 1, "plain": True}),
                                          (("babi",), {"config": Config(passes=1)})))
def test_fit_trains_as_the_command_line_does(words, given, tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(tinydmn.data.sources.SIZES, "1k", (40, 20))
    if "config" in given:
        words, given = (*words, "--passes", "1", *[w for f, v in vars(given["config"]).items() for w in (f"--{f.replace('_', '-')}", str(v)) if f not in
                        {*QUICK, "passes"}]), given
    assert main(["train", *words, *OPTIONS, "--out", str(tmp_path / "a.npz")]) == 0
    capsys.readouterr()
    model = fit("babi", **QUICK | given)
    theirs = load(tmp_path / "a.npz", "numpy")
    assert model.config == theirs.config and model.vocabulary == theirs.vocabulary
    np.testing.assert_array_equal(model.theta, theirs.theta)
    save(model, tmp_path / "b.npz")
    (_, one, about), (_, two, other) = (checkpoint.load(tmp_path / name, "numpy") for name in ("a.npz", "b.npz"))
    assert about == other and one.epoch == two.epoch == 2 and not capsys.readouterr().err
    for vector in ("theta", "best_theta", "m", "v"):
        np.testing.assert_array_equal(getattr(one, vector), getattr(two, vector))
    assert main(["train", words[0], "--resume", "--epochs", "3", "--out", str(tmp_path / "b.npz"), "--quiet"]) == 0         # it goes on


def test_a_file_of_ones_own_and_a_folder(tmp_path, untrained):
    path = tmp_path / "qa1_x_train.txt"
    text = "".join(f"1 Mary went to the place{i}.\n2 Where is Mary?\tplace{i}\t1\n" for i in range(20))
    path.write_text(text)
    fit(path, **QUICK)
    fit(str(path), str(path), **QUICK)
    fit("babi", data=tmp_path, task=1, **QUICK)
    lengths = [(len(epoch(np.random.default_rng(0)).n_tokens), len(valid.n_tokens)) for _, epoch, valid, *_ in untrained]
    assert lengths == [(18, 2), (20, 20), (18, 2)]
    (tmp_path / "reviews.csv").write_text("text,label\n" + "".join(f"a text {i},{'good' if i % 2 else 'bad'}\n" for i in range(20)))
    model = fit(tmp_path / "reviews.csv", task_set="sst", **QUICK)
    assert set(model.vocabulary.answers) == {"good", "bad"} and model.config.facts == "words"


def test_what_is_given_reaches_training(stories, untrained):
    model = fit(stories, config=Config(epochs=7, hidden=9, embedding=8), hidden=5, backend="numpy", seed=4)
    config = model.config
    assert (config.epochs, config.hidden, config.embedding, config.dropout, config.patience) == (7, 5, 8, Config().dropout, Config().patience)
    assert model.backend == "numpy" and untrained[-1][3].rng.bit_generator.state == loop.start(model, 4).rng.bit_generator.state
    np.testing.assert_array_equal(model.theta, DMN(config, model.vocabulary, "numpy", 4).theta)
    without = fit(stories, **SMALL).config                 # then what suits the stories
    assert without == TASKS["babi"].preset(about_given("babi", 0), {k: v for k, v in SMALL.items() if k != "backend"}, stories[:27]) and without.epochs > 100
    valid = stories[:3]
    fit(stories, valid, **QUICK)
    assert len(untrained[-1][2].n_tokens) == 3
    fit(stories, **QUICK)
    assert len(untrained[-1][2].n_tokens) == 3 and len(untrained[-1][1](np.random.default_rng(0)).n_tokens) == 27      # every tenth held out


def test_a_list_may_hold_other_texts(untrained):
    tagged = tagged_texts(30, np.random.default_rng(0))
    model = fit(tagged, task_set="pos", **SMALL)
    assert model.config.answer == "tags" and len(untrained[-1][2].n_tokens) == 3 and evaluate(model, tagged).n_questions == sum(len(s.questions[0].answer) for s in tagged)


def test_progress_is_shown_where_it_is_asked_for(stories, capsys):
    fit(stories, **QUICK)
    assert capsys.readouterr() == ("", "")
    fit(stories, progress=True, **QUICK)
    out, err = capsys.readouterr()
    assert not out and [line.split("/")[0] for line in err.splitlines()] == ["epoch   1", "epoch   2"]


def test_a_score_is_that_of_evaluation(stories, tmp_path):
    model = fit(stories, ensemble=2, selection_window=1.0, **QUICK)
    batch = batch_of(stories, model.vocabulary, model.config)
    one = evaluate(model, stories)
    assert one == score_batch(model, batch) and one.interval == interval(one.answer_accuracy, one.n_questions)
    both = evaluate(model, stories, ensemble=True)
    save(model, tmp_path / "a.npz")
    kept = checkpoint.load(tmp_path / "a.npz", "numpy")[1].kept
    assert len(kept) == 2 and both == score_batch(model, batch, thetas=kept) == evaluate(load(tmp_path / "a.npz", "numpy"), stories, True) and both.loss != one.loss
    with pytest.raises(UserError, match="ensemble: one epoch alone was kept; train with ensemble=2 or more"):
        evaluate(fit(stories, **QUICK), stories, ensemble=True)
    with pytest.raises(UserError, match="one epoch alone"):
        evaluate(DMN(model.config, model.vocabulary, "numpy"), stories, ensemble=True)
    path = tmp_path / "a.txt"
    path.write_text("1 Mary went to the garden.\n2 Where is Mary?\tgarden\t1\n")
    assert evaluate(model, path) == evaluate(model, read_babi(path)) == evaluate(model, str(path)) and evaluate(model, path).n_questions == 1


def test_what_is_saved_is_what_the_model_holds(stories, tmp_path):
    """With the state of its training, where it was not changed since; a network of no run is kept as it is."""
    model = fit(stories, **QUICK)
    save(model, tmp_path / "a.npz")
    again = load(tmp_path / "a.npz", "numpy")
    save(again, tmp_path / "b.npz")
    states = [checkpoint.load(tmp_path / name, "numpy")[1] for name in ("a.npz", "b.npz")]
    assert [state.epoch for state in states] == [2, 2]
    again.theta[...] = 0.25
    save(again, tmp_path / "c.npz")
    changed, state, _ = checkpoint.load(tmp_path / "c.npz", "numpy")
    assert (changed.theta == 0.25).all() and state.epoch == 0
    fresh = DMN(model.config, model.vocabulary, "numpy", seed=5)
    save(fresh, tmp_path / "d.npz")
    loaded, state, about = checkpoint.load(tmp_path / "d.npz", "numpy")
    np.testing.assert_array_equal(loaded.theta, fresh.theta)
    assert state.epoch == 0 and about == about_given("babi", 0) and about["given"]


@pytest.mark.parametrize("words, says", ((("eval",), "stories given to fit(), which are in no file; give --file FILE"),
                                         (("eval", "--data", "."), "was trained on stories of no task, given to fit()"),
                                         (("train", "babi", "--resume", "--out"), "stories given to fit(), which are in no file")))
def test_a_run_on_given_stories_has_no_texts_that_a_command_could_find(words, says, stories, tmp_path, capsys):
    path = tmp_path / "a.npz"
    save(fit(stories, **QUICK), path)
    if words[0] == "eval":
        words = ("eval", path, *words[1:])
    else:
        words = (*words, path)
    assert main([str(word) for word in words]) == 2
    err = capsys.readouterr().err
    assert says in err and err.count("\n") == 1
    file = tmp_path / "a.txt"
    file.write_text("1 Mary went to the garden.\n2 Where is Mary?\tgarden\t1\n")
    assert main(["eval", str(path), "--file", str(file)]) == 0


@pytest.mark.parametrize("call, error, says", (
    (lambda s: fit([]), UserError, "0 stories with a question cannot be split; give more, or valid"),
    (lambda s: fit(s, []), UserError, "no story has a question to learn from, or to validate with"),
    (lambda s: fit(s[0]), TypeError, "stories are a Story; give a list of Story"),
    (lambda s: fit(["Mary went."]), TypeError, "a str among the stories"),
    (lambda s: fit({}), TypeError, "stories are a dict"),
    (lambda s: fit("nowhere.txt"), UserError, "nowhere.txt"),
    (lambda s: fit("a", s), TypeError, "valid is a list and stories are a file"),
    (lambda s: fit("babi", s), UserError, "valid: babi has a validation part of its own"),
    (lambda s: fit(s, task_set="x"), UserError, "task_set is 'x'; give babi or sst or pos"),
    (lambda s: fit(s, hiden=5), TypeError, "unexpected keyword argument 'hiden'"),
    (lambda s: fit(s, data="."), TypeError, "unexpected keyword argument 'data'"),
    (lambda s: fit(s, kind="fine"), TypeError, "unexpected keyword argument 'kind'"),
    (lambda s: fit("sst", kind="ternary"), UserError, "kind is 'ternary'; give fine or binary"),
    (lambda s: fit("sst", phrases=2.0), UserError, "phrases is 2.0; give 0.0 to 1.0"),
    (lambda s: fit("pos", column="lemma"), UserError, "lemma is unknown"),
    (lambda s: fit("babi", task=0), UserError, "task is 0; give 1 to 999"),
    (lambda s: fit(s, hidden=-1), UserError, "--hidden is -1"),
    (lambda s: fit(s, answer="tags", facts="words", episode="gated"), UserError, "babi has no tags"),
    (lambda s: load("nowhere.npz"), UserError, "no such checkpoint")))
def test_what_is_wrong_is_said_in_one_line(call, error, says, stories):
    with pytest.raises(error, match=says.replace("(", r"\(").replace(")", r"\)")) as raised:
        call(stories)
    assert "\n" not in str(raised.value)


def test_what_cannot_be_scored(stories):
    model = fit(stories, **QUICK)
    with pytest.raises(UserError, match="no story has a question to score"):
        evaluate(model, [Story(["Mary left."], [])])
    with pytest.raises(ValueError, match="no question of this set has an answer"):
        evaluate(model, [Story(["Mary left."], [Question("Where is Mary?", [], 1)])])
    with pytest.raises(TypeError, match="a int among the stories"):
        evaluate(model, [1])
    with pytest.raises(UserError, match="cannot be written"):
        save(model, "/proc/none/a.npz")


def test_memory_is_asked_first(stories, monkeypatch):
    monkeypatch.setattr(memory, "available", lambda: 1000)
    with pytest.raises(UserError, match="the parameters and their moments take about"):
        fit(stories, **QUICK)


def test_help_says_what_each_takes_and_gives():
    for name in ("fit", "evaluate", "save", "load"):
        function = getattr(tinydmn, name)
        taken = inspect.signature(function).parameters
        assert len([p for p in taken.values() if p.kind != p.VAR_KEYWORD]) <= 7 and "Raises" in function.__doc__
        assert all(p.annotation is not p.empty for p in taken.values() if p.kind != p.VAR_KEYWORD) and inspect.signature(function).return_annotation is not inspect.Signature.empty
        assert all(p in function.__doc__ or p in ("model", "path") for p in taken), name
        assert function is getattr(library, name) and function.__module__ == "tinydmn.library"
    assert about_run("babi", None, 0, task=1)["name"] == "babi-1" and gather is tinydmn.tasks.gather and Path(library.__file__).name == "library.py"
