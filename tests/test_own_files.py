"""A run on a file of one's own, under any name: trained, evaluated, asked, resumed; its parts are apart, what does not go together is one line."""

import gzip
import io
import json
import shutil
from dataclasses import asdict

import numpy as np
import pytest

from tinydmn.cli import main
from tinydmn.data.files import in_common, read_stories
from tinydmn.data.story import Question, Story, asked
from tinydmn.errors import UserError
from tinydmn.training import checkpoint, runs
from tinydmn.training.evaluate import evaluate
from tinydmn.tasks import TASKS, about_run, gather, texts_of
from tinydmn.tasks.task import generated
from tinydmn.training.material import batch_of, supervised
from tinydmn.tasks.babi import babi_config
from tinydmn.tasks.pos import pos_config
from tinydmn.tasks.sst import sst_config
from tinydmn.training.progress import Progress

from .test_apart import NUMPY, SETS, marks, same_batch, story_file, untrained  # noqa: F401 (a fixture)

NAMES = {"babi": "my_stories.txt", "sst": "reviews 2024.csv", "pos": "tagged"}
RUNS = {"babi": "babi-my_stories", "sst": "sst-reviews 2024", "pos": "pos-tagged"}
read_file = lambda task_set, path: TASKS[task_set].read(path, {"column": "xpos"})
parts_of_file = lambda task_set, path, valid=None, column="xpos": TASKS[task_set].parts_of_file({"file": path, "valid": valid, "column": column})
JSON_STORY = ('{{"facts": ["Mary went to the {0}.", "John left."], '
              '"questions": [{{"question": "Where is Mary?", "answer": "{0}", "support": [0]}}]}}\n')


def own_text(task_set, split, numbers, ids=True):
    """A file of one's own: a word of its own in each story, text or sentence."""
    if task_set == "sst":
        return "text,label\n" + "".join(f'"{split}{i}, indeed",label {i % 3}\n' for i in numbers)
    if task_set == "pos":
        return "".join(f"{split}{i}ing/{'NV'[i % 2]} went/V\n" for i in numbers)
    text = story_file("babi", split, numbers)
    return text if ids else text.replace("\t1\n", "\t\n")


def write(path, text):
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    return path


@pytest.fixture(params=SETS)
def task_set(request):
    return request.param


def run(capsys, *words):
    """-> exit code, stdout, stderr."""
    try:
        code = main([str(w) for w in words])
    except SystemExit as stop:                             # argparse's own
        code = stop.code
    said = capsys.readouterr()
    return code, said.out, said.err


def train(capsys, *words):
    code, out, err = run(capsys, "train", *words, *NUMPY)
    assert code == 0, err
    return out, err


def refused(capsys, *words, command="train"):
    """The one line of a command that is refused."""
    code, out, err = run(capsys, command, *words, *(NUMPY if command == "train" else ()))
    assert code == 2 and not out and err.count("\n") == 1, (code, out, err)
    return err.removeprefix(f"tinydmn {command}: ")


# ---- the parts

@pytest.mark.parametrize("name", ["", ".gz", "qa1_x_train.txt"])
def test_every_tenth_is_held_out_and_training_alone_is_learnt_from(task_set, name, tmp_path):
    path = write(tmp_path / (name if name.startswith("qa") else NAMES[task_set] + name), own_text(task_set, "mine", range(30)))
    material = gather(about_run(task_set, None, 5, file=path, column="xpos"))
    assert marks(material.valid) == [m for i in (9, 19, 29) for m in marks(read_file(task_set, path)[i:i + 1])] and material.test is None
    assert len(material.train) == 27 and not set(marks(material.train)) & set(marks(material.valid))
    assert not {text for s in material.train for text in asked(s)} & {text for s in material.valid for text in asked(s)}
    known = {w for w in material.vocabulary.words if any(ch.isdigit() for ch in w)}
    assert {m.rstrip(",") for m in marks(material.train)} == {w.rstrip(",").removesuffix("ing") for w in known}
    assert gather(about_run(task_set, None, 6, file=path, column="xpos")).digest == material.digest        # whatever the seed
    assert not generated(about_run(task_set, None, 5, file=path)) and generated(about_run(task_set, None, 5, task=1, kind="fine"))


def test_validation_from_another_file(task_set, tmp_path):
    path, valid = (write(tmp_path / f"{split}.any", own_text(task_set, split, range(n))) for split, n in (("mine", 12), ("other", 4)))
    train_part, valid_part, *_ = texts_of(about_run(task_set, None, 0, file=path, valid=valid, column="xpos"))
    assert {m.rstrip("0123456789,") for m in marks(train_part)} == {"mine"} and {m.rstrip("0123456789,") for m in marks(valid_part)} == {"other"}
    assert (len(train_part), len(valid_part)) == (12, 4)


def test_one_column_of_both_files(tmp_path):
    path, valid = (write(tmp_path / name, "He PRP B-NP O\nran VBD B-VP O\n\n" * 3) for name in "ab")
    for column, tags in (("pos", ["PRP", "VBD"]), ("chunk", ["B-NP", "B-VP"]), ("ner", ["O", "O"])):
        for part in parts_of_file("pos", path, valid, column):
            assert {tuple(story.questions[0].answer) for story in part} == {tuple(tags)} and len(part) == 3


def test_copies_of_a_story_stay_together(task_set, tmp_path):
    """What stands twice is not both trained on and asked."""
    path = write(tmp_path / "a", own_text(task_set, "mine", [i // 2 for i in range(40)]))
    train_part, valid_part = parts_of_file(task_set, path)
    assert not set(marks(train_part)) & set(marks(valid_part)) and len(valid_part) == 4


def test_stories_that_ask_nothing_are_left_out(tmp_path):
    path = write(tmp_path / "a", "1 John left.\n" + own_text("babi", "mine", range(10)) + "1 John sat.\n")
    train_part, valid_part = parts_of_file("babi", path)
    assert (len(train_part), len(valid_part)) == (9, 1) and len(read_stories(path)) == 12


def test_the_content_decides_not_the_name(tmp_path):
    for name in ("a.txt", "a.jsonl", "a", "a.csv.gz"):
        babi, lines = (read_stories(write(tmp_path / name, text)) for text in (own_text("babi", "x", range(3)),
                                                                               "\n \n" + "".join(JSON_STORY.format(f"x{i}") for i in range(3))))
        assert [(s.facts, s.questions) for s in babi] == [(s.facts, s.questions) for s in lines]


@pytest.mark.parametrize("name, one", [("babi", "story"), ("sst", "text"), ("pos", "sentence")])
def test_too_little_to_learn_from(name, one, tmp_path):
    path = write(tmp_path / "a", own_text(name, "mine", [1]) + ("mine2,label 1\n" if name == "sst" else ""))
    if name == "sst":
        with pytest.raises(UserError, match=f"^{path}: all its texts have the label label 1; give texts with two labels at least$"):
            parts_of_file(name, path)
        return
    with pytest.raises(UserError, match=f"^{path}: one {one} alone cannot be split; add .*, or give --valid FILE$"):
        parts_of_file(name, path)
    assert [len(part) for part in parts_of_file(name, path, path)] == [1, 1]


def test_questions_in_common_are_counted():
    one = lambda where, n=1: Story([["mary", "went", where], ["john", "left"]], [Question(["where"], [where], n)])
    assert in_common([one("home"), one("out", 2)], [one("home"), one("home", 2), one("out"), one("out", 2)]) == 2


# ---- settings

def test_without_ids_the_gates_are_told_nothing(tmp_path):
    of = lambda *parts: gather(about_run("babi", None, 0, file=write(tmp_path / "a", "".join(parts))))
    told, untold, some = (of(*parts) for parts in ([own_text("babi", "a", range(20))], [own_text("babi", "a", range(20), False)],
                                                   [own_text("babi", "a", range(20), False), own_text("babi", "b", range(2))]))
    assert told.config.alpha == 1.0 == some.config.alpha and told.config.gates_first and some.config.gates_first
    assert untold.config.alpha == 0.0 and untold.config.gate_epochs == 0 and not untold.config.gates_first
    assert (supervised(told.train), supervised(untold.train), supervised(some.train)) == (True, False, True)
    assert asdict(untold.config) | {"alpha": 1.0, "gate_epochs": 2} == asdict(told.config)
    assert gather(about_run("babi", None, 0, file=tmp_path / "a"), alpha=0.5, gate_epochs=3).config.alpha == 0.5


def test_a_small_file_is_read_more_often(tmp_path):
    """As many steps, at least, as settle anything; a large one as often as the preset says."""
    for make, big in ((lambda n, **given: babi_config(None, "1k", False, n, True, **given), 20_000),
                      (lambda n, **given: sst_config(False, n, **given), 200_000),
                      (lambda n, **given: pos_config(False, n, **given), 200_000)):
        few, more, many = make(40), make(100), make(big)
        assert few.epochs > more.epochs > many.epochs and few.patience == few.epochs
        assert make(40, batch=2).epochs < few.epochs and make(40, epochs=7).epochs == 7 and make(2).epochs <= 1000
    assert babi_config(None, "1k", False, 20_000).epochs == babi_config(21).epochs


def test_settings_of_other_runs_do_not_know_of_files():
    """A table's runs keep their names, and what is finished is not run again."""
    about = about_run("babi", None, 0, task=1, size="1k")
    assert not {"file", "valid"} & about.keys()
    assert runs.Run("x", [], about, {}).settings["config"] == asdict(babi_config(1))


# ---- the command line

def test_trained_evaluated_and_asked(task_set, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = write(tmp_path / NAMES[task_set], own_text(task_set, "mine", range(20)))
    out, err = train(capsys, task_set, "--file", NAMES[task_set], "--epochs", 2)
    assert f"{path}: read as " in err and f"saved in runs/{RUNS[task_set]}.npz" in out and ("gates:" in out) == (task_set == "babi")
    name = f"runs/{RUNS[task_set]}.npz"
    model, state, about = checkpoint.load(name, "numpy")
    assert (about["file"], about["valid"], about["set"], about["data"]) == (str(path), None, task_set, None)
    valid = parts_of_file(task_set, path)[1]
    right = evaluate(model, batch_of(valid, model.vocabulary, model.config))
    monkeypatch.chdir(tmp_path.parent)                     # it is found from elsewhere
    said = json.loads(run(capsys, "eval", tmp_path / name, "--json", "--backend", "numpy")[1])
    assert (said["answer_accuracy"], said["loss"], said["n_questions"]) == (right.answer_accuracy, right.loss,
                                                                            right.n_questions) and str(path) in said["source"]
    whole = json.loads(run(capsys, "eval", tmp_path / name, "--file", path, "--json", "--backend", "numpy")[1])
    assert whole["n_questions"] == 20 * (2 if task_set == "pos" else 1) and whole["source"] == str(path)
    typed = {"babi": "Mary went to the mine1.\nWhere is Mary?\n", "sst": "mine1, indeed\n", "pos": "mine1ing went\n"}[task_set]
    monkeypatch.setattr("sys.stdin", io.StringIO(typed))
    answer = json.loads(run(capsys, "ask", tmp_path / name, "--json", "--backend", "numpy")[1])
    assert {answer["answer"], *answer["others"]} <= set(model.vocabulary.answers) if task_set != "pos" else len(answer["tags"]) == 2
    if task_set == "sst":
        assert set(model.vocabulary.answers) == {"label 0", "label 1", "label 2"}
    assert run(capsys, "gradcheck", tmp_path / name, "--entries", 2, "--backend", "numpy")[0] == 0


def test_what_is_said_before_a_run(tmp_path, capsys, untrained):  # noqa: F811
    said = lambda *words: train(capsys, *words, "--overwrite", "--out", tmp_path / "a.npz")[1].splitlines()
    path = write(tmp_path / "no ids", own_text("babi", "mine", range(20), False))
    assert said("babi", "--file", path) == [f"{path}: read as bAbI format",
                                            "no question of training names its supporting facts: the gates are not supervised",
                                            "validation asks for 2 answers that training never saw, and counts them as wrong: mine9, mine19"]
    path, other = (write(tmp_path / name, "".join(JSON_STORY.format(f"x{i}") for i in numbers))
                   for name, numbers in (("a", range(20)), ("b", range(18, 24))))
    assert said("babi", "--file", path, "--valid", other)[:3] == [
        f"{path}: read as JSON Lines", f"{other}: read as JSON Lines",
        "2 of 6 validation questions are in training as well, with all facts before them"]
    path = write(tmp_path / "t", "EU NNP B-NP B-ORG\nruns VBZ B-VP O\n\nRome NNP B-NP B-LOC\n\nIt PRP B-NP O\n")
    assert said("pos", "--file", path, "--column", "ner")[0] == f"{path}: read as CoNLL-2003, column ner"
    assert set(checkpoint.load(tmp_path / "a.npz")[0].vocabulary.answers) == {"B-ORG", "O", "B-LOC"}


@pytest.mark.parametrize("words, says", (
    (("babi", "--data", "."), "--data with --file: "), (("babi", "--task", 1), "--task with --file: "),
                                         (("babi", "--size", "1k"), "--size with --file: "), (("sst", "--kind", "fine"), "--kind with --file: "),
    (("sst", "--phrases", 0.5), "--phrases with --file: "), (("pos", "--data", "."), "--data with --file: "),
                                         (("babi", "--kind", "fine"), "--kind is for sst"), (("sst", "--column", "pos"), "--column is for pos"),
    (("pos", "--column", "lemma"), "argument --column: lemma is unknown; give xpos, upos, pos, chunk, ner, or a number"),
                                         (("babi", "--answer", "tags"), "--answer tags"),
    (("sst", "--drop-facts", 1), "--drop-facts: only stories")))
def test_options_that_say_nothing_of_a_file(words, says, tmp_path, capsys, untrained):  # noqa: F811
    path = write(tmp_path / "a", own_text(words[0], "mine", range(20)))
    assert says in refused(capsys, *words, "--file", path, "--out", tmp_path / "a.npz") and not untrained and not (tmp_path / "a.npz").exists()


def test_valid_alone_is_refused(task_set, tmp_path, capsys):
    assert "--valid: is for a file of your own; give --file FILE as well" in refused(capsys, task_set, "--valid", tmp_path)


def test_a_fault_of_either_file_is_named(task_set, tmp_path, capsys):
    good = write(tmp_path / "good", own_text(task_set, "mine", range(20)))
    bad = write(tmp_path / "bad", own_text(task_set, "mine", range(2)) + {"babi": "1 Mary\n3 sat.\n", "sst": "alone\n",
                                                                          "pos": "a/N b c/V\n"}[task_set])
    line = {"babi": 8, "sst": 4, "pos": 3}[task_set]
    for words in (("--file", bad), ("--file", good, "--valid", bad)):
        assert refused(capsys, task_set, *words, "--out", tmp_path / "a.npz").startswith(f"{bad}:{line}: ")
    assert refused(capsys, task_set, "--file", tmp_path / "none", "--out", tmp_path / "a.npz").startswith(f"{tmp_path / 'none'}: no such file")


# ---- eval

@pytest.fixture
def begun(task_set, tmp_path, capsys, untrained):  # noqa: F811
    """The checkpoint of a run that has not been trained, and its file."""
    path = write(tmp_path / "mine.txt", own_text(task_set, "mine", range(20)))
    train(capsys, task_set, "--file", path, "--out", tmp_path / "a.npz")
    untrained.clear()
    return tmp_path / "a.npz", path


def test_eval_of_a_file_that_has_changed(task_set, begun, capsys):
    """What is held out now may have been trained on."""
    checkpoint_, path = begun
    text = path.read_text()
    write(path, own_text(task_set, "new", [1]) + text.removeprefix("text,label\n"))
    assert refused(capsys, checkpoint_, command="eval").startswith(f"{path}: has changed since {checkpoint_} was trained")
    path.unlink()
    assert refused(capsys, checkpoint_, command="eval").startswith(f"{path}: no such file")
    write(path, text)
    assert run(capsys, "eval", checkpoint_)[0] == 0


def test_eval_has_no_fresh_texts_of_such_a_run(task_set, begun, tmp_path, capsys):
    assert "no such texts can be generated; give --file FILE" in refused(capsys, begun[0], "--stories", 5, command="eval")
    said = refused(capsys, begun[0], "--data", tmp_path / "none", command="eval")
    assert "stories of no task" in said if task_set == "babi" else "no such f" in said
    assert "chooses among the files of a folder" in refused(capsys, begun[0], "--split", "train", command="eval")


def test_eval_asks_the_validation_file(task_set, tmp_path, capsys, untrained):  # noqa: F811
    path, valid = (write(tmp_path / name, own_text(task_set, "mine", numbers)) for name, numbers in (("a", range(20)), ("b", range(15, 22))))
    train(capsys, task_set, "--file", path, "--valid", valid, "--out", tmp_path / "a.npz")
    by_itself, by_name = (json.loads(run(capsys, "eval", tmp_path / "a.npz", *words, "--json")[1]) for words in ((), ("--file", valid)))
    assert by_itself["n_questions"] == 7 * (1 + (task_set == "pos"))
    assert by_itself.pop("source") == f"{valid}, validation" and by_name.pop("source") == str(valid)
    assert by_itself == by_name


def test_a_run_on_trees_is_asked_of_a_table(tmp_path, capsys, untrained):  # noqa: F811
    for name in ("train", "dev"):
        write(tmp_path / f"{name}.txt", "(3 (2 It) (4 good))\n(1 (2 It) (0 bad))\n")
    train(capsys, "sst", "--data", tmp_path, "--out", tmp_path / "a.npz")
    write(tmp_path / "t", "It good,positive\nIt bad,awful\n")
    _, out, err = run(capsys, "eval", tmp_path / "a.npz", "--file", tmp_path / "t", "--json")
    assert err == f"{tmp_path / 't'}: read as a table with a comma between columns, text and label, no header\n"
    assert json.loads(out)["n_questions"] == 2 and json.loads(out)["unseen_answers"] == ["awful"]
    assert json.loads(run(capsys, "eval", tmp_path / "a.npz", "--file", tmp_path / "dev.txt", "--json")[1])["unseen_answers"] == []


# ---- resume

def test_stopped_it_goes_on_to_the_same_bits(task_set, tmp_path, capsys, monkeypatch):
    path = write(tmp_path / "mine", own_text(task_set, "mine", range(20)))
    words = (task_set, "--file", path, "--epochs", 3)
    train(capsys, *words, "--out", tmp_path / "whole.npz")
    with monkeypatch.context() as patch:
        def interrupted(progress, state):
            raise KeyboardInterrupt
        patch.setattr(Progress, "epoch", interrupted)
        assert run(capsys, "train", *words, *NUMPY, "--out", tmp_path / "a.npz")[0] == 130
    assert run(capsys, "train", task_set, "--resume", "--out", tmp_path / "a.npz", *NUMPY[-3:])[0] == 0
    (model, state, about), (whole, ended, told) = (checkpoint.load(tmp_path / name, "numpy") for name in ("a.npz", "whole.npz"))
    np.testing.assert_array_equal(state.theta, ended.theta)
    assert about == told and model.config == whole.config and state.epoch == 3


def test_never_as_another_run(task_set, begun, tmp_path, capsys, untrained):  # noqa: F811
    out, path = begun
    before, text = out.read_bytes(), path.read_text()
    resume = lambda *words: refused(capsys, task_set, "--resume", "--out", out, *words)
    other = write(tmp_path / "other.txt", own_text(task_set, "other", range(20)))
    for words in (("--file", other), ("--file", path, "--valid", other), ("--file", path, "--valid", path)):
        assert "these are not the texts the run in" in resume(*words) and str(words[-1]) in resume(*words)
    assert f"--data: the run in {out} has its file {path}; leave it out" in resume("--data", tmp_path)
    assert "--valid: is for a file of your own; give --file FILE as well" in resume("--valid", other)
    write(path, own_text(task_set, "mine", range(21)))
    assert f"{path}: these are not the texts the run in {out} was trained on; give its --file" in resume()
    path.unlink()
    assert f"{path}: no such file" in resume()
    write(path, text)
    assert out.read_bytes() == before and not untrained
    moved = shutil.copy(path, tmp_path / "elsewhere")
    code, _, err = run(capsys, "train", task_set, "--resume", "--out", out, "--file", moved, *NUMPY[-3:])
    assert code == 0 and len(untrained) == 1 and checkpoint.load(out)[2]["file"] == str(moved), err


def test_a_run_of_another_source_takes_no_file(tmp_path, capsys, untrained):  # noqa: F811
    (tmp_path / "d").mkdir()
    path = write(tmp_path / "d" / "qa1_x_train.txt", own_text("babi", "mine", range(20)))
    train(capsys, "babi", "--data", tmp_path / "d", "--out", tmp_path / "a.npz")
    said = refused(capsys, "babi", "--resume", "--file", path, "--out", tmp_path / "a.npz")
    assert f"--file: the run in {tmp_path / 'a.npz'} has its folder {tmp_path / 'd'}; leave it out" in said


def test_another_column_is_another_run(tmp_path, capsys, untrained):  # noqa: F811
    path = write(tmp_path / "t", "EU NNP B-NP B-ORG\nruns VBZ B-VP O\n\nRome NNP B-NP B-LOC\n\nIt PRP B-NP O\n")
    train(capsys, "pos", "--file", path, "--column", "ner", "--out", tmp_path / "a.npz")
    assert "--column differs from the run in" in refused(capsys, "pos", "--resume", "--column", "chunk", "--out", tmp_path / "a.npz")
    _, out, err = run(capsys, "eval", tmp_path / "a.npz", "--file", path, "--json")
    assert err == f"{path}: read as CoNLL-2003, column ner\n"
    assert json.loads(out)["unseen_answers"] == [] and json.loads(out)["n_questions"] == 4


def test_a_checkpoint_that_knows_of_no_files(tmp_path, capsys, untrained):  # noqa: F811
    """One that was made before there were any: it is evaluated, asked and resumed as ever."""
    (tmp_path / "d").mkdir()
    write(tmp_path / "d" / "qa1_x_train.txt", own_text("babi", "mine", range(20)))
    train(capsys, "babi", "--data", tmp_path / "d", "--out", tmp_path / "a.npz")
    model, state, about = checkpoint.load(tmp_path / "a.npz", "numpy")
    assert "file" not in about and "valid" not in about
    assert run(capsys, "eval", tmp_path / "a.npz", "--file", write(tmp_path / "j", JSON_STORY.format("mine1")))[0] == 0
    assert run(capsys, "train", "babi", "--resume", "--out", tmp_path / "a.npz", *NUMPY[-3:])[0] == 0 and len(untrained) == 2


def test_a_batch_of_a_list_answer(tmp_path, capsys, untrained):  # noqa: F811
    """A list is one class, or with --answer sequence decoded word by word."""
    text = "".join(f"1 Mary took {'apple milk'.split()[i % 2]} {i}.\n2 What has she?\tapple,milk\t1\n" for i in range(12))
    path = write(tmp_path / "a", text)
    for words, answers in (((), ("apple,milk",)), (("--answer", "sequence"), ("<eos>", "apple", "milk"))):
        train(capsys, "babi", "--file", path, "--overwrite", "--out", tmp_path / "a.npz", *words)
        model, *_ = checkpoint.load(tmp_path / "a.npz", "numpy")
        assert model.vocabulary.answers == answers
        assert same_batch(untrained.pop()[2], batch_of(parts_of_file("babi", path)[1], model.vocabulary, model.config))
