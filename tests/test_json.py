"""Whatever prints or writes figures as JSON: JSON as the standard has it, with no NaN and no Infinity, and nothing else beside it."""

import io
import json
import math
from dataclasses import replace

import numpy as np
import pytest

from tinydmn.cli import main, table
from tinydmn.config import Config
from tinydmn.data.babi import read_babi
from tinydmn.data.sst import read_sst, sentiment_stories
from tinydmn.data.story import Question, Story
from tinydmn.data.tagged import read_columns, tagged_stories
from tinydmn.data.vocabulary import Vocabulary
from tinydmn.errors import UserError
from tinydmn.model import DMN
from tinydmn.training import checkpoint, loop, runs as many
from tinydmn.training.answers import answers, json_lines
from tinydmn.tasks import about_run
from tinydmn.training.runs import Run, execute, finished
from tinydmn.training.tables import over_seeds
from tinydmn.writing import check_place, json_text, write_whole

from .data.test_eval_command import KIND, SMALL, TAGGED, TREES
from .test_apart import NUMPY, TOLD, write_files

IDS = "1 Mary went to the garden.\n2 John left.\n3 Where is Mary?\tgarden\t1\n4 Where is John?\tout\t2\n"
FILES = {"babi": IDS, "no ids": IDS.replace("\t1\n", "\t\n").replace("\t2\n", "\t\n"), "one class": IDS.replace("out", "garden"), "no passes": IDS,
         "sequence": IDS.replace("out", "out,in"),
         "stop": IDS, "sst": TREES, "pos": TAGGED, "lost": IDS, "lost sst": TREES, "lost pos": TAGGED, "ensemble": IDS, "ensemble pos": TAGGED}
SWITCHES = {"no passes": {"passes": 0}, "sequence": {"answer": "sequence"}, "stop": {"stop": "yes"}}
TYPED = {"babi": "Mary went to the garden.\nWhere is Mary?\nWhere is John?\n", "sst": "It is good\nbad\n", "pos": "The cat\nran\n"}


def strict(text):
    return json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))


def run(capsys, *words):
    """-> exit code, standard output."""
    code = main([*map(str, words)])
    return code, capsys.readouterr().out


@pytest.fixture(params=FILES)
def network(request, tmp_path):
    """-> name of the case, set, checkpoint, file.  A network that is "lost" has weights so large that it says nothing but NaN."""
    case = request.param
    task_set, file = next((s for s in ("sst", "pos") if s in case), "babi"), tmp_path / "file"
    file.write_text(FILES[case])
    stories = {"babi": read_babi, "sst": lambda p: sentiment_stories(read_sst(p)), "pos": lambda p: tagged_stories(read_columns(p))}[task_set](file)
    config = Config(**SMALL | KIND[task_set] | SWITCHES.get(case, {}), ensemble=2 if "ensemble" in case else 1)
    model = DMN(config, Vocabulary.build(stories, config.answer, features=task_set == "pos"), "numpy", 0)
    if "lost" in case:
        model.theta = np.full_like(model.theta, np.nan)
    state = loop.start(model, 0)
    state.best_epoch = 1
    if "ensemble" in case:
        state.runners_up = [((0.5, -1.0), 2, model.theta + 1)]
    checkpoint.save(tmp_path / "a.npz", model, state, about_run(task_set, None, 0, **TOLD[task_set]))
    return case, task_set, tmp_path / "a.npz", file


def test_eval_and_its_predictions(network, tmp_path, capsys):
    case, task_set, path, file = network
    more = ["--ensemble"] * ("ensemble" in case)
    code, out = run(capsys, "eval", path, "--file", file, "--json", "--backend", "numpy", "--predictions", tmp_path / "a.jsonl", "--plot",
                    tmp_path / "a.png", *more)
    found = strict(out)
    assert code == 0 and (found["loss"] is None) == ("lost" in case) and (found["gate_accuracy"] is None) == (task_set != "babi"
                                                                                                              or case in ("no ids", "no passes"))
    lines = [strict(line) for line in (tmp_path / "a.jsonl").read_text().splitlines()]
    assert len(lines) == found["n_questions"] and all((line["probability"] is None) == ("lost" in case) for line in lines)
    if case == "one class":
        assert all(line["others"] == {} and line["probability"] == 1.0 for line in lines)
    if case == "no passes":
        assert all(line["passes"] == line["gates"] == [] for line in lines)


def test_ask_gives_an_object_a_line(network, capsys, monkeypatch):
    case, task_set, path, file = network
    monkeypatch.setattr("sys.stdin", io.StringIO(TYPED[task_set]))
    code, out = run(capsys, "ask", path, "--json", "--backend", "numpy")
    lines = [strict(line) for line in out.splitlines()]
    assert code == 0 and len(lines) == 2
    told = [value for line in lines for value in (line["probabilities"] if task_set == "pos" else [line["probability"]])]
    assert all((value is None) == ("lost" in case) for value in told)


def test_what_people_read_is_printed_of_any_network(network, capsys, monkeypatch):
    """Also of one that is lost: no traceback."""
    case, task_set, path, file = network
    monkeypatch.setattr("sys.stdin", io.StringIO(TYPED[task_set]))
    assert run(capsys, "ask", path, "--backend", "numpy")[0] == 0
    assert run(capsys, "eval", path, "--file", file, "--wrong", "--backend", "numpy")[0] == 0


def test_gradcheck_and_info(tmp_path, capsys):
    assert strict(run(capsys, "info", "--json")[1])["tinydmn"]
    story = Story([["mary", "went", "to", "the", "garden"]], [Question(["where", "is", "mary"], [place], 1, [0]) for place in
                                                              ("garden", "kitchen", "office", "bathroom", "bedroom", "hallway")])
    model = DMN(Config(hidden=3, embedding=3, gate_hidden=3), Vocabulary.build([story]), "numpy", 0)
    for value, code in ((model.theta, 0), (np.full_like(model.theta, np.nan), 1)):
        model.theta = value
        checkpoint.save(tmp_path / "a.npz", model, loop.start(model, 0), about_run("babi", None, 0, task=1))
        ended, out = run(capsys, "gradcheck", tmp_path / "a.npz", "--entries", 1, "--backend", "numpy", "--json")
        assert ended == code and (strict(out)["worst"] is None) == bool(code)


@pytest.mark.parametrize("task_set, more", [("babi", ()), ("babi", ("--passes", "0")), ("babi", ("--alpha", "0")), ("babi", ("--answer", "sequence")),
                                            ("sst", ("--kind", "binary")), ("sst", ()),
                                            ("pos", ("--ensemble", "2"))])
def test_train(task_set, more, tmp_path, capsys):
    write_files(tmp_path, task_set)
    code, out = run(capsys, "train", task_set, "--data", tmp_path, "--epochs", 2, "--gate-epochs", 1, "--out", tmp_path / "a.npz", "--json", *NUMPY,
                    *more)
    found = strict(out)
    assert code == 0 and len(found["history"]) == found["epochs"] == 2
    assert (found["valid_gate_accuracy"] is None) == (task_set != "babi" or "--passes" in more)


# ---- what a table writes

def no_numbers(run):
    """A run's result, with a loss that is no number."""
    figures = {"accuracy": 0.5, "n": 4, "n_in_train": 0, "loss": math.nan, "gate_accuracy": math.inf, "right": "0101"}
    return {"settings": run.settings, "seed": run.about["seed"], "epochs": 9, "best_epoch": 7, "seconds": math.nan, "n_train": 4,
            "texts": {"train": "t", "valid": "v", "test": "e"},
            "valid": figures, "test": None}


def test_a_table_whose_figures_are_no_numbers(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(table, "run_all", lambda runs, folder, jobs, backend, on_end: [on_end(run, no_numbers(run), None) for run in runs])
    words = ("table", 1, "--tasks", 2, "--variants", "plain", "--seeds", 0, 1, "--out", tmp_path / "t")
    code, out = run(capsys, *words, "--json")
    assert code == 0 and strict(out) == strict((tmp_path / "t" / "table.json").read_text()) and strict(out)["seconds_training"] is None


def test_a_run_whose_loss_is_no_number(tmp_path, monkeypatch):
    write_files(tmp_path, "babi")
    run = Run("babi-1 plain", [], about_run("babi", tmp_path, 0, **TOLD["babi"]),
              {"hidden": 4, "embedding": 4, "gate_hidden": 3, "epochs": 1, "gate_epochs": 0})
    right = many.figures
    monkeypatch.setattr(many, "figures", lambda *given: right(*given) | {"loss": math.nan})
    execute(run, tmp_path / "out", "numpy")
    path, = (tmp_path / "out").glob("*.json")
    assert strict(path.read_text())["valid"]["loss"] is None
    result = finished(run, tmp_path / "out")
    assert result["valid"]["loss"] is None
    better, same = (result | {"seed": seed, "valid": result["valid"] | {"loss": loss}} for seed, loss in ((1, 3.0), (2, None)))
    assert [over_seeds(results)["chosen"] for results in ([result, better, same], [better, result], [result, same])] == [1, 1,
            0]      # the lower loss; none is the highest


# ---- the pieces

def test_text_of_figures():
    figures = {"a": np.float32(0.5), "b": [np.int64(3), np.bool_(True)], "c": np.array([[1.5, np.nan], [np.inf, 2]]), "d": ("x", None, -math.inf),
               "e": "NaN \udcff"}
    for indent in (None, 1):
        text = json_text(figures, indent)
        assert strict(text) == {"a": 0.5, "b": [3, True], "c": [[1.5, None], [None, 2.0]], "d": ["x", None, None], "e": "NaN \udcff"}
        assert text.isascii() and ("\n" in text) == (indent is not None)
    assert '"b": [3, true]' in json_text(figures, None)


def test_answers_as_lines(tmp_path):
    story = Story([["a"]], [Question(["q"], [], 1)], "x:1")
    known = replace(story, questions=[Question(["q"], ["b"], 1)])
    model = DMN(Config(hidden=3, embedding=3, gate_hidden=3, passes=1), Vocabulary.build([known]), "numpy", 0)
    line = strict(json_lines(answers(model, [story]), "babi"))
    assert line["right"] is None and line["right_answer"] is None and line["answer"] == "b"


def test_a_place_to_write(tmp_path):
    (tmp_path / "a").write_text("mine")
    check_place(tmp_path / "b"), check_place(tmp_path / "new" / "b"), check_place(tmp_path / "a", overwrite=True)
    for path, more, says in (("a", {}, "exists already"), (".", {"overwrite": True}, "is a folder"), ("a/b", {"overwrite": True}, "is no folder")):
        with pytest.raises(UserError, match=says):
            check_place(tmp_path / path, **more)
    write_whole(tmp_path / "b", b"\xff\r\n")
    write_whole(tmp_path / "c", "é \udcff\n")
    assert (tmp_path / "b").read_bytes() == b"\xff\r\n" and (tmp_path / "c").read_bytes() == b"\xc3\xa9 ?\n"
    with pytest.raises(UserError, match="cannot be written.*; give another"):
        write_whole(tmp_path / "a" / "b", "x", "give another")
