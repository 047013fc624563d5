"""The command line as its users meet it: what it prints, what it keeps, and one line with exit code 2 for each mistake."""

import io
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tinydmn.cli import COMMANDS, main
from tinydmn.training import checkpoint, memory

SMALL = ("--hidden", "12", "--embedding", "12", "--gate-hidden", "12", "--passes", "2", "--batch", "16", "--final-rate", "1", "--quiet")


def run(capsys, *words):
    """-> exit code, stdout, stderr."""
    try:
        code = main([str(w) for w in words])
    except SystemExit as stop:                             # argparse's own
        code = stop.code
    out = capsys.readouterr()
    return code, out.out, out.err


def refused(capsys, *words):
    """Runs a command that must be refused -> its one line."""
    code, out, err = run(capsys, *words)
    assert code == 2 and err.count("\n") == 1 and "Traceback" not in err and not out, (code, out, err)
    return err


def typed(monkeypatch, text):
    """What the user types into the next command."""
    monkeypatch.setattr("sys.stdin", io.StringIO(text))


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A checkpoint that has seen two epochs of task 1."""
    path = tmp_path_factory.mktemp("run") / "babi-1.npz"
    assert main(["train", "babi", "--task", "1", "--epochs", "2", "--gate-epochs", "1", "--out", str(path), *SMALL]) == 0
    return path


@pytest.fixture
def stories(tmp_path):
    """A folder with generated files of task 1."""
    assert main(["data", "--task", "1", "--stories", "30", "--out", str(tmp_path / "data")]) == 0
    return tmp_path / "data"


def files_of(folder):
    return {p: p.read_bytes() for p in Path(folder).rglob("*") if p.is_file()}


def test_help_names_every_command_and_every_option_has_a_meaning(capsys):
    code, out, _ = run(capsys, "--help")
    assert code == 0 and all(name in out for name in COMMANDS)
    for name in COMMANDS:
        code, out, _ = run(capsys, name, "--help")
        assert code == 0 and len(out) > 200
    for option in ("--hidden", "--episode", "--gate-epochs", "--resume"):
        assert option in run(capsys, "train", "--help")[1]


def test_train_eval_ask(trained, capsys):
    code, out, _ = run(capsys, "eval", trained, "--json")
    figures = json.loads(out)
    assert code == 0 and 990 < figures["n_questions"] <= 1000 and figures["interval"][0] <= figures["answer_accuracy"] <= figures["interval"][1]
    code, out, _ = run(capsys, "eval", trained)
    assert code == 0 and f"{100 * figures['answer_accuracy']:.1f} %" in out


def test_training_prints_figures_as_json(tmp_path, capsys):
    code, out, _ = run(capsys, "train", "babi", "--epochs", 1, "--gate-epochs", 0, "--out", tmp_path / "a.npz", "--json", "--plot",
                       tmp_path / "curves.png", *SMALL)
    figures = json.loads(out)
    assert code == 0 and figures["epochs"] == 1 and len(figures["history"]) == 1 and figures["about"]["seed"] == 0
    assert (tmp_path / "curves.png").stat().st_size > 5000


def test_ask_answers_and_shows_where_it_looked(trained, capsys, monkeypatch, tmp_path):
    monkeypatch.setattr("sys.stdin", open_text(tmp_path, "1 Mary went to the zoo.\nJohn moved to the garden.\n\nMary went to the kitchen.\nWhere is Mary? \tkitchen\t1\n"))
    code, out, _ = run(capsys, "ask", trained, "--plot", tmp_path / "a.png")
    assert code == 0 and "Where is Mary?  ->" in out and "probability" in out and "[done reading]" in out
    assert "Mary went to the kitchen." in out and "zoo" not in out     # an empty line began a new story
    assert (tmp_path / "a.png").stat().st_size > 5000


def test_ask_names_the_unknown_word(trained, capsys, monkeypatch, tmp_path):
    monkeypatch.setattr("sys.stdin", open_text(tmp_path, "Mary went to the zoo.\nWhere is Mary?\n"))
    code, out, _ = run(capsys, "ask", trained)
    assert code == 0 and "never seen in training, read as unknown: zoo" in out
    monkeypatch.setattr("sys.stdin", open_text(tmp_path, "Mary went to the zoo.\nWhere is Mary?\n"))
    answer = json.loads(run(capsys, "ask", trained, "--json")[1])
    assert answer["unknown_words"] == ["zoo"] and 0 < answer["probability"] <= 1 and np.shape(answer["gates"]) == (2, 2)


def open_text(folder, text):
    path = folder / "typed.txt"
    path.write_text(text)
    return path.open()


def test_ask_without_facts_or_without_question(trained, capsys, monkeypatch, tmp_path):
    monkeypatch.setattr("sys.stdin", open_text(tmp_path, "Where is Mary?\n"))
    assert "a question before any fact" in refused(capsys, "ask", trained)
    monkeypatch.setattr("sys.stdin", open_text(tmp_path, "Mary went to the garden.\n"))
    assert "no question was asked" in refused(capsys, "ask", trained)


def test_data_files_train_and_evaluate(stories, tmp_path, capsys):
    out = tmp_path / "b.npz"
    assert run(capsys, "train", "babi", "--data", stories, "--epochs", 1, "--gate-epochs", 0, "--out", out, *SMALL)[0] == 0
    assert run(capsys, "eval", out, "--data", stories, "--split", "train")[0] == 0
    assert "no test file" in refused(capsys, "eval", out, "--data", stories, "--split", "test")
    file = next(stories.glob("*valid*"))
    assert run(capsys, "eval", out, "--file", file)[0] == 0


def test_a_folder_knows_its_size(tmp_path, capsys):
    """--data en-10k needs no --size; the wrong one is refused."""
    folder = tmp_path / "en-10k"
    assert main(["data", "--task", "1", "--stories", "30", "--out", str(folder)]) == 0
    capsys.readouterr()
    assert run(capsys, "train", "babi", "--data", folder, "--epochs", 1, "--gate-epochs", 0, "--out", tmp_path / "b.npz", *SMALL)[0] == 0
    assert "10k" in refused(capsys, "train", "babi", "--data", folder, "--size", "1k", "--out", tmp_path / "c.npz")


def test_info_and_gradcheck(capsys):
    assert "cache" in json.loads(run(capsys, "info", "--json")[1])
    code, out, _ = run(capsys, "gradcheck", "--json")
    figures = json.loads(out)
    assert code == 0 and figures["worst"] < 1e-4 and {"softmax", "gated", "sequence", "lstm", "rnn", "tags"} == set(figures["checked"])


def test_gradcheck_of_a_trained_network(trained, capsys):
    code, out, _ = run(capsys, "gradcheck", trained, "--entries", 3)
    assert code == 0 and "every derivative agrees" in out and "embedding.L" in out


def test_gradcheck_sees_a_wrong_derivative(capsys, monkeypatch):
    from tinydmn import ops
    right = ops.load("numpy").gate_backward
    monkeypatch.setattr(ops.load("numpy"), "gate_backward", lambda *a: 1.01 * right(*a))
    code, out, _ = run(capsys, "gradcheck", "--backend", "numpy")
    assert code == 1 and "<-- wrong" in out and "a derivative is wrong" in out


# --- nothing is overwritten

def test_an_existing_checkpoint_is_kept(trained, capsys):
    before = trained.read_bytes()
    assert "exists already; go on with --resume" in refused(capsys, "train", "babi", "--out", trained, *SMALL)
    assert trained.read_bytes() == before


def test_a_resumed_run_keeps_its_settings(trained, capsys):
    assert "--hidden differs from the run" in refused(capsys, "train", "babi", "--resume", "--out", trained, "--hidden", 13)
    code, out, _ = run(capsys, "train", "babi", "--resume", "--out", trained, "--epochs", 3, "--json")
    assert code == 0 and json.loads(out)["epochs"] == 3


def test_existing_data_files_are_kept(stories, capsys):
    before = files_of(stories)
    assert "exists already" in refused(capsys, "data", "--task", 1, "--out", stories)
    assert files_of(stories) == before


# --- mistakes

BAD_FILES = {
    "empty": ("", "empty"),
    "no number": ("1 Mary went to the garden.\nMary left.\n2 Where is Mary?\tgarden\t1\n", ":2: "),
    "points forward": ("1 Mary went to the garden.\n2 Where is Mary?\tgarden\t3\n3 Mary left.\n", ":2: "),
    "points nowhere": ("1 Mary went to the garden.\n2 Where is Mary?\tgarden\t77\n", ":2: "),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_a_broken_file_is_named_with_its_line(name, tmp_path, capsys):
    text, says = BAD_FILES[name]
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "qa1_single-supporting-fact_train.txt").write_text(text)
    before = files_of(tmp_path)
    line = refused(capsys, "train", "babi", "--data", folder, "--out", tmp_path / "c.npz")
    assert "qa1_single-supporting-fact_train.txt" in line and says in line and "; " in line
    assert files_of(tmp_path) == before


def test_missing_folder_task_and_file(trained, tmp_path, capsys):
    assert "none" in refused(capsys, "train", "babi", "--data", tmp_path / "none", "--out", tmp_path / "c.npz")
    assert str(tmp_path) in refused(capsys, "train", "babi", "--data", tmp_path, "--out", tmp_path / "c.npz")
    assert "missing.txt" in refused(capsys, "eval", trained, "--file", tmp_path / "missing.txt")
    assert "the generator knows tasks" in refused(capsys, "train", "babi", "--task", 99, "--out", tmp_path / "c.npz")
    assert "no such checkpoint" in refused(capsys, "ask", tmp_path / "none.npz")


def test_an_answer_never_seen_in_training(trained, tmp_path, capsys):
    path = tmp_path / "new.txt"
    path.write_text("1 Mary went to the zoo.\n2 Where is Mary?\tzoo\t1\n")
    code, out, _ = run(capsys, "eval", trained, "--file", path)
    assert code == 0 and "0.0 % of 1 answers right" in out and "1 answers that training never saw, counted as wrong: zoo" in out


def test_a_story_longer_than_memory(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(memory, "available", lambda: 300_000)
    line = refused(capsys, "train", "babi", "--out", tmp_path / "c.npz", *SMALL)
    assert "facts; a batch" in line and "lower --batch" in line and not (tmp_path / "c.npz").exists()


@pytest.mark.parametrize("words", (("--hidden", 0), ("--dropout", 1), ("--episode", "both"), ("--hidden", "many"), ("--hidde", 3, "--no"), ("--task", "x")))
def test_a_wrong_option_is_one_line(words, tmp_path, capsys):
    refused(capsys, "train", "babi", "--out", tmp_path / "c.npz", *words)
    assert not list(tmp_path.iterdir())


def test_truncated_and_foreign_checkpoints(trained, tmp_path, capsys):
    for name, data in (("cut.npz", trained.read_bytes()[:3000]), ("text.npz", b"hello"), ("pickle.npz", b"\x80\x04K\x01.")):
        (tmp_path / name).write_bytes(data)
        for command in (("eval",), ("ask",), ("gradcheck",), ("train", "babi", "--resume", "--out")):
            assert name in refused(capsys, *command, tmp_path / name)
        assert (tmp_path / name).read_bytes() == data


# --- stopped from outside

def start_long_run(out, *more):
    words = [sys.executable, "-m", "tinydmn", "train", "babi", "--task", "1", "--epochs", "400", "--patience", "400", "--out", str(out), *SMALL[:-1], *more]
    heeds_ctrl_c = lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)                # a shell's background job begins with it ignored
    return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True, preexec_fn=heeds_ctrl_c)


def wait_for_epochs(process, n):
    for line in process.stderr:
        if line.startswith("epoch") and int(line.split()[1].split("/")[0]) >= n:
            return


def test_ctrl_c_leaves_a_checkpoint_to_go_on_from(tmp_path):
    out = tmp_path / "c.npz"
    process = start_long_run(out)
    wait_for_epochs(process, 2)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130 and "go on with --resume" in err and "Traceback" not in err
    _, state, _ = checkpoint.load(out)
    assert state.epoch >= 2 and os.listdir(tmp_path) == ["c.npz"]


def test_a_killed_run_resumes_to_the_bits_of_an_unkilled_one(tmp_path):
    killed, whole = tmp_path / "killed.npz", tmp_path / "whole.npz"
    process = start_long_run(killed)
    wait_for_epochs(process, 3)
    process.kill()
    process.communicate()
    _, state, _ = checkpoint.load(killed)
    last = state.epoch + 2
    assert main(["train", "babi", "--resume", "--out", str(killed), "--epochs", str(last), "--quiet"]) == 0
    assert main(["train", "babi", "--task", "1", "--epochs", str(last), "--patience", "400", "--out", str(whole), *SMALL]) == 0
    a, b = (checkpoint.load(path)[1] for path in (killed, whole))
    for vector in checkpoint.VECTORS:
        np.testing.assert_array_equal(getattr(a, vector), getattr(b, vector), err_msg=vector)


def test_import_is_light():
    """`import tinydmn` loads neither Numba nor Matplotlib."""
    code = "import sys, tinydmn; tinydmn.DMN; assert not {'numba', 'matplotlib'} & set(sys.modules), sorted(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_sentiment_from_training_to_asking(tmp_path, capsys, monkeypatch):
    path = tmp_path / "sst.npz"
    code, out, _ = run(capsys, "train", "sst", "--kind", "binary", "--epochs", "1", "--out", path, *SMALL)
    assert code == 0 and "answers right" in out and "gates" not in out                  # nothing supervises them
    code, out, _ = run(capsys, "eval", path, "--stories", 40, "--json")
    assert code == 0 and json.loads(out)["n_questions"] == 40
    (tmp_path / "dev.txt").write_text("(3 (2 A) (4 joy))\n(2 (2 A) (2 film))\n(1 (2 No) (0 joy))\n")
    code, out, _ = run(capsys, "eval", path, "--file", tmp_path / "dev.txt")
    assert code == 0 and "of 2 answers right" in out                                    # the neutral one is not asked
    typed(monkeypatch, "Not a good film\n\na zorgy film\n")
    code, out, _ = run(capsys, "ask", path)
    assert code == 0 and out.count("->") == 2 and "never seen in training, read as unknown: zorgy" in out and "[done reading]" in out
    typed(monkeypatch, "\n")
    assert "nothing was typed" in refused(capsys, "ask", path)


def test_tags_from_training_to_asking(tmp_path, capsys, monkeypatch):
    path = tmp_path / "pos.npz"
    code, out, _ = run(capsys, "train", "pos", "--epochs", "2", "--keep", "2", "--out", path, *SMALL)
    assert code == 0 and "words that training never saw" in out
    code, out, _ = run(capsys, "eval", path, "--ensemble", "--json", "--stories", 30)
    assert code == 0 and json.loads(out)["epochs_together"] == 2
    (tmp_path / "dev.tsv").write_text("She\tPRP\nran\tVBD\n\nBang\tZZZ\n")
    code, out, _ = run(capsys, "eval", path, "--file", tmp_path / "dev.tsv")
    assert code == 0 and "of 3 answers right" in out and "1 answers that training never saw, counted as wrong: ZZZ" in out
    typed(monkeypatch, "She can open the can .\n")
    code, out, _ = run(capsys, "ask", path)
    assert code == 0 and [line.split()[0] for line in out.splitlines() if line] == "She can open the can .".split()
    typed(monkeypatch, "She can open the can .\n")
    code, out, _ = run(capsys, "ask", path, "--json")
    assert code == 0 and len(json.loads(out)["tags"]) == 6
    assert "leave --plot out" in refused(capsys, "ask", path, "--plot", tmp_path / "a.png")


def test_answers_of_several_words_are_decoded(tmp_path, capsys, monkeypatch):
    path = tmp_path / "babi-19.npz"
    code, out, _ = run(capsys, "train", "babi", "--task", "19", "--epochs", "1", "--out", path, *SMALL)
    assert code == 0
    typed(monkeypatch, "The office is east of the hallway.\nThe kitchen is north of the office.\nHow do you go from the kitchen to the hallway?\n")
    code, out, _ = run(capsys, "ask", path, "--json")
    assert code == 0 and {"answer", "probability", "gates"} <= set(json.loads(out))
    assert "--ensemble" in refused(capsys, "eval", path, "--ensemble")


def test_a_sentiment_run_goes_on_to_the_same_bits(tmp_path, capsys):
    whole, parts = tmp_path / "whole.npz", tmp_path / "parts.npz"
    assert run(capsys, "train", "sst", "--epochs", "2", "--out", whole, *SMALL)[0] == 0
    assert run(capsys, "train", "sst", "--epochs", "1", "--out", parts, *SMALL)[0] == 0
    assert run(capsys, "train", "sst", "--resume", "--epochs", "2", "--out", parts, "--quiet")[0] == 0
    one, other = (checkpoint.load(path)[1].theta for path in (whole, parts))
    np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("words, says", [
    (("babi", "--answer", "tags", "--episode", "gated", "--facts", "words"), "only pos has tags"), (("pos", "--answer", "word"), "tagged sentences ask for tags"),
    (("sst", "--answer", "tags", "--episode", "gated"), "only pos has tags"), (("babi", "--facts", "words"), "--facts words is for texts of one sentence"),
    (("babi", "--task", "19", "--keep", "2"), "an ensemble answers with one word"), (("pos", "--episode", "softmax"), "needs --episode gated")])
def test_switches_that_do_not_suit_each_other(words, says, tmp_path, capsys):
    assert says in refused(capsys, "train", *words, "--out", tmp_path / "c.npz") and not (tmp_path / "c.npz").exists()


def test_without_passes_there_are_no_gates_to_begin_with(tmp_path, capsys):
    code, out, _ = run(capsys, "train", "babi", "--epochs", "1", "--out", tmp_path / "c.npz", "--json", *SMALL, "--passes", "0", "--gate-epochs", "2")
    assert code == 0 and json.loads(out)["history"][0]["beta"] == 1.0


def test_a_mistake_that_a_worker_of_the_benchmark_finds_is_one_line(capsys, tmp_path):
    assert main(["bench", "--data", str(tmp_path / "none"), "--no-operations"]) == 2
    assert capsys.readouterr().err.count("\n") == 1
