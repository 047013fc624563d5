"""The paper's tables: its figures, the runs that give ours, what several seeds say together, and that nothing finished is done twice."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from tinydmn.cli import main
from tinydmn.data.generator import generate, write_task
from tinydmn.data.story import asked
from tinydmn.errors import UserError
from tinydmn.plots import plot_table
from tinydmn.training import checkpoint, runs as many
from tinydmn.training.runs import execute, finished
from tinydmn.training.tables import BABI, PASSES, SENTIMENT, TAGGING, difference, entries_of, over_seeds, runs_of, table_1_summary

TINY = {"hidden": 8, "embedding": 8, "gate_hidden": 8, "epochs": 3, "patience": 3, "gate_epochs": 0, "batch": 64}


def result(accuracy, seed=0, test=None, valid_loss=1.0, right=""):
    figures = lambda share: {"n": 10, "accuracy": share, "loss": valid_loss, "right": right, "n_in_train": 0}
    return {"seed": seed, "valid": figures(accuracy), "test": None if test is None else figures(test)}


# ---- figures of the paper


def test_the_papers_figures_have_the_papers_means():
    assert all(len(figures) == 20 for figures in BABI.values())
    assert np.mean(BABI["DMN"]) == pytest.approx(93.6, abs=0.05) and np.mean(BABI["MemNN"]) == pytest.approx(93.3, abs=0.051)
    summary = table_1_summary(entries_of(1, runs_of(1), {}))
    assert summary["DMN"]["passed_mean"] == 18 and summary["MemNN"]["passed_mean"] == 16 and summary["DMN"]["tasks"] == 20


def test_some_of_the_papers_figures_by_name():
    assert SENTIMENT["DMN"][:2] == (88.6, 52.1) and SENTIMENT["CT-LSTM"][:2] == (88.0, 51.0) and len(SENTIMENT) == 8
    assert max(TAGGING.values())[0] == TAGGING["DMN, ensemble of 4"][0] == 97.56
    by_task = {3: PASSES["task 3"], 7: PASSES["task 7"], 8: PASSES["task 8"]}
    assert all(figures[5] == BABI["DMN"][task - 1] for task, figures in by_task.items())     # table 4 ends where table 1 stands
    assert PASSES["SST fine"][2] == SENTIMENT["DMN"][1] and 5 not in PASSES["SST fine"]


# ---- several seeds


def test_mean_best_and_spread_by_hand():
    found = over_seeds([result(0.90, 0, test=0.80), result(0.95, 1, test=0.70), result(0.95, 2, test=0.90, valid_loss=2.0)])
    assert found["mean"] == pytest.approx(80) and found["spread"] == pytest.approx(10) and found["split"] == "test"
    assert found["best"] == pytest.approx(70)              # validation chooses the seed, the lower loss between equals; test has no say
    assert over_seeds([result(0.5)])["spread"] is None and over_seeds([result(0.5)])["split"] == "validation"


def test_summary_of_table_1_by_hand():
    rows = [{"row": row, "series": "plain", "mean": m, "best": b, "values": v} for row, m, b, v in
            (("1", 95.0, 96.0, [94.0, 96.0]), ("2", 97.0, 99.0, [95.0, 99.0]))]
    summary = table_1_summary(rows)["plain"]
    assert summary["mean"] == 96 and summary["passed_mean"] == 1 and summary["passed_best"] == 2
    assert summary["spread"] == pytest.approx(np.std([94.5, 97.5], ddof=1))


def test_difference_is_paired_by_question():
    ones, twos = [result(0.5, right="0101" * 25)], [result(0.75, right="1101" * 25)]
    d, low, high = difference(ones, twos, True)
    half = 1.96 * 100 * np.std([1, 0, 0, 0] * 25, ddof=1) / 10
    assert d == 25 and (low, high) == (pytest.approx(25 - half), pytest.approx(25 + half))
    again = difference(ones * 4, twos * 4, True)           # the same questions again are no new questions
    assert again == pytest.approx((d, low, high))
    assert difference(ones * 4, twos * 4, False)[1] > low


# ---- which runs


def test_runs_of_each_table():
    variants = {(place[1], place[2]) for run in runs_of(1, seeds=(0, 1)) for place in run.places}
    assert len(variants) == 40
    assert len(runs_of(2, seeds=(0, 1))) == 8 and len(runs_of(3)) == 1 and len(runs_of(4)) == 5 * 3 + 4
    single, ensemble = (sorted(p[3] for p in runs_of(3)[0].places if row in p[1]) for row in ("single", "ensemble of 4"))
    assert single == ["accuracy", "unknown"] and ensemble == ["ensemble_accuracy", "ensemble_unknown"]
    assert {run.settings["config"]["passes"] for run in runs_of(4)} == {0, 1, 2, 3, 5}


def test_plain_has_no_switch_and_equal_settings_are_one_run():
    plain = runs_of(1, variants=("plain",))
    assert all(run.settings["config"]["rename"] == "no" and run.settings["config"]["shorten"] == 0 for run in plain)
    both = runs_of(1)
    assert len({run.name for run in both}) == len(both)
    assert all(len(run.places) == 2 for run in both if run.about["task"] == 1) and len(runs_of(1, seeds=(0, 0))) == len(both)
    assert len([run for run in both if run.about["task"] == 19]) == 2          # here the presets have a switch


def test_name_follows_the_settings():
    name = lambda **given: runs_of(1, tasks=[1], **given)[0].name
    assert name(epochs=2) == name(epochs=2) and len({name(epochs=2), name(epochs=3), name(epochs=2, seeds=[1])}) == 3


# ---- one run


@pytest.fixture(scope="module")
def run():
    return runs_of(1, tasks=[15], variants=("plain",), **TINY)[0]


@pytest.fixture(scope="module")
def once(run, tmp_path_factory):
    """A run from beginning to end -> folder, result."""
    folder = tmp_path_factory.mktemp("once")
    return folder, execute(run, folder)


def test_a_run_writes_its_figures(run, once):
    folder, found = once
    assert finished(run, folder) == json.loads(json.dumps(found)) and found["epochs"] == 3 and found["test"] is None
    assert found["valid"]["right"].count("1") / found["valid"]["n"] == pytest.approx(found["valid"]["accuracy"]) and found["n_train"] > 500
    assert not [p for p in folder.iterdir() if p.suffix not in (".json", ".npz")]


def test_killed_in_the_middle_it_goes_on_to_the_same_figures(run, once, tmp_path, monkeypatch):
    save = checkpoint.save

    def save_and_stop(*args):
        save(*args)
        raise KeyboardInterrupt
    monkeypatch.setattr(checkpoint, "save", save_and_stop)
    with pytest.raises(KeyboardInterrupt):
        execute(run, tmp_path)
    assert finished(run, tmp_path) is None and len(list(tmp_path.glob("*.npz"))) == 1
    epochs = []
    monkeypatch.setattr(checkpoint, "save", lambda *args: epochs.append(save(*args)))
    found = execute(run, tmp_path)
    assert len(epochs) == 2                                # of three: the first was not done again
    assert {k: found[k] for k in ("valid", "epochs", "best_epoch")} == {k: once[1][k] for k in ("valid", "epochs", "best_epoch")}


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"settings": 1}'])
def test_a_broken_file_is_not_taken_for_a_finished_run(run, once, tmp_path, text):
    (tmp_path / f"{run.name}.json").write_text(text)
    assert finished(run, tmp_path) is None
    wrong = json.loads((once[0] / f"{run.name}.json").read_text())
    wrong["settings"]["config"]["hidden"] += 1
    (tmp_path / f"{run.name}.json").write_text(json.dumps(wrong))
    assert finished(run, tmp_path) is None


def test_tags_have_unknown_words_and_an_ensemble(tmp_path):
    """On a small file: whatever is known is learnt, words never seen are judged on their own."""
    lines = {"train": "a D\nred A\ndog N\n\nthe D\ndog N\nruns V\n\n" * 20, "dev": "the D\nfox N\nruns V\n\na D\nred A\nfox N\n\n"}
    for split, text in lines.items():
        (tmp_path / f"{split}.tsv").write_text(text.replace(" ", "\t"))
    run = runs_of(3, data=tmp_path, keep=2, hidden=8, embedding=8, gate_hidden=8, epochs=3, gate_epochs=0, batch=4, learning_rate=0.02)[0]
    found = execute(run, tmp_path / "out")["valid"]
    assert found["n"] == 6 and found["n_unknown"] == 2 and {"ensemble_accuracy", "ensemble_unknown"} <= found.keys()
    known_right = found["accuracy"] * 6 - found["unknown"] * 2
    assert 0 <= known_right <= 4.001 and found["unknown"] * 2 == pytest.approx(round(found["unknown"] * 2))


# ---- the command


def table(capsys, *words):
    """-> exit code, stdout, stderr."""
    try:
        code = main(["table", *map(str, words)])
    except SystemExit as stop:
        code = stop.code
    said = capsys.readouterr()
    return code, said.out, said.err


def test_the_command_and_that_nothing_is_run_twice(tmp_path, capsys):
    words = (1, "--quick", "--tasks", 1, 15, "--epochs", 1, "--jobs", 1, "--variants", "plain", "--out", tmp_path / "t")
    code, out, err = table(capsys, *words)
    assert code == 0 and "generated stories" in out and "validation set" in out and "[2/2]" in err
    assert max(map(len, out.split(str(tmp_path))[0].splitlines())) <= 80
    assert " 1 single supporting fact  100.0 100.0" in out and "mean of 2 tasks            100.0 100.0" in out and "passed" in out
    files = {p: p.stat().st_mtime_ns for p in (tmp_path / "t").glob("babi-*")}
    assert len(files) == 4 and (tmp_path / "t" / "table.png").stat().st_size > 5000
    code, again, err = table(capsys, *words, "--json")
    figures = json.loads(again)
    assert code == 0 and err == "" and {p: p.stat().st_mtime_ns for p in files} == files
    assert figures == json.loads((tmp_path / "t" / "table.json").read_text()) and len(figures["runs"]) == 2
    ours = [entry for entry in figures["entries"] if entry["series"] == "plain"]
    files = [next((tmp_path / "t").glob(f"babi-{task}-*.json")) for task in (1, 15)]
    assert [e["mean"] for e in ours] == [100 * json.loads(file.read_text())["valid"]["accuracy"] for file in files]


def test_a_failing_run_is_one_line_and_the_others_go_on(tmp_path, capsys):
    write_task(tmp_path / "data", 1, {"train": 6, "valid": 2}, np.random.default_rng(0))
    broken = write_task(tmp_path / "data", 2, {"train": 6, "valid": 2}, np.random.default_rng(0))[0]
    broken.write_text("1 Mary went to the garden.\nWhere is Mary?\tgarden\t1\n")
    code, out, err = table(capsys, 1, "--quick", "--data", tmp_path / "data", "--tasks", 1, 2, "--epochs", 1, "--variants", "plain", "--jobs", 1,
                           "--out", tmp_path / "t")
    assert code == 1 and "Traceback" not in err and err.count("failed") == 1
    assert f"failed: {broken}:2:" in err and "published stories" in out and "task" in out
    row = next(line for line in out.splitlines() if line.startswith(" 2 two"))
    assert row.split()[-2:] == ["100.0", "98.2"]           # the paper's figures alone


@pytest.mark.parametrize("words, said", [
    ((5,), "5"), ((1, "--rename", "yes"), "--variants"), ((4, "--passes", 2), "--passes"), ((2, "--data", "nowhere"), "nowhere"),
    ((1, "--jobs", 0), "--jobs"), ((2, "--vectors", "nowhere.txt"), "nowhere.txt"), ((1, "--tasks", 21), "21"), ((3, "--hidden", 0), "--hidden")])
def test_mistakes_are_one_line(capsys, tmp_path, words, said):
    code, out, err = table(capsys, *words, "--out", tmp_path / "t")
    assert code == 2 and err.count("\n") == 1 and said in err and not out and not (tmp_path / "t").exists()


@pytest.mark.skipif(not Path("/bin/false").exists(), reason="needs a program that fails, /bin/false")
def test_a_worker_that_dies_is_reported(run, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "executable", "/bin/false")
    ended = []
    many.run_all([run], tmp_path, 1, on_end=lambda *what: ended.append(what))
    assert len(ended) == 1 and ended[0][1] is None and "exit code 1" in ended[0][2]


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


def test_picture(tmp_path):
    entries = [{"panel": p, "row": r, "series": s, "mean": 50.0, "spread": 2.0, "best": 51.0} for p in "ab" for r in "xy" for s in ("paper", "ours")]
    assert plot_table(entries, tmp_path / "a.png", "A title").stat().st_size > 5000
    with pytest.raises(ValueError):
        plot_table([], tmp_path / "b.png")


def test_questions_of_the_training_set_are_counted():
    stories = generate(1, 3, np.random.default_rng(0))
    first = set(asked(stories[0]))
    assert sum(text in first for story in stories for text in asked(story)) >= len(stories[0].questions)
