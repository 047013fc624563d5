"""The command line as its users meet it: what it prints, what it keeps, and one line with exit code 2 for each mistake."""

import io
import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import tinydmn
from tinydmn import DMN, Config, Vocabulary, ops
from tinydmn.cli import COMMANDS, gradcheck, main, module_of
from tinydmn.data import sources
from tinydmn.data.generator import generate
from tinydmn.gradcheck import recording
from tinydmn.data.grammar.sentiment import sentiment_texts
from tinydmn.data.grammar.tags import tagged_texts
from tinydmn.errors import UserError
from tinydmn.training import checkpoint, loop, memory
from tinydmn.tasks import about_run, pos, sst

SMALL = ("--hidden", "12", "--embedding", "12", "--gate-hidden", "12", "--passes", "2", "--batch", "16", "--final-rate", "1", "--quiet")


@pytest.fixture(scope="module", autouse=True)
def few_texts():
    """Runs on generated texts have few of them."""
    with pytest.MonkeyPatch.context() as patch:
        for size, n in (("1k", (100, 60)), ("10k", (200, 60))):
            patch.setitem(sources.SIZES, size, n)
        patch.setattr(sst, "SIZES", (120, 40))
        patch.setattr(pos, "SIZES", (80, 30))
        yield


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


# --- gradcheck

# for each derivative: the array that it adds into, or None for its result; where its sign is wrong; in which network; what that spoils
SIGNS = {
    "gru_backward": (lambda a: a[4].U, np.s_[1:2], "gated", "question.U", "rows of r"), "gru_cell_backward": (lambda a: a[3].U, np.s_[2:], "gated", "memory.U", "rows of h~"),
    "lstm_backward": (lambda a: a[3].U, np.s_[3:], "lstm", "input.U", "rows of c~"), "rnn_backward": (lambda a: a[3].U, np.s_[...], "rnn", "input.U", ""),
    "gate_backward": (lambda a: a[3].W_1, np.s_[:, 4:5], "gated", "gate.W_1", "columns of c∘m"), "gated_episode_backward": (lambda a: a[4].U, np.s_[1:2], "gated", "episode.U", "rows of r"),
    "passes_backward": (lambda a: a[5].gate.W_1, np.s_[:, 4:5], "gated", "gate.W_1", "columns of c∘m"),
    "word_passes_backward": (lambda a: a[4].memory.b, np.s_[:1], "tags", "memory.b", "rows of z"), "decode_backward": (lambda a: a[4].gru.U, np.s_[2:], "sequence", "answer.U", "rows of h~"),
    "output_backward": (lambda a: a[3], np.s_[...], "gated", "answer.W_a", ""), "cross_entropy_backward": (None, np.s_[...], "gated", "answer.W_a", ""),
    "gather_backward": (lambda a: a[2], np.s_[...], "tags", "embedding.L", ""), "features_backward": (lambda a: a[2], np.s_[...], "tags", "embedding.F", ""),
    "dropout_backward": (None, np.s_[...], "rnn", "embedding.L", "")}
# of these the array is only one of several ways from J to the number: it is wrong, and by no one factor
OF_SEVERAL = {"softmax_episode_backward": (None, np.s_[...], "softmax", "input.W"), "l2_backward": (lambda a: a[3], np.s_[...], "softmax", "question.W")}
# what the compiled passes do without
COMPOSED = {"numpy": (), "numba": ("gru_cell_backward", "gate_backward", "gated_episode_backward", "softmax_episode_backward")}
PLANTED = [(name, backend) for backend in ops.BACKENDS for name in (*SIGNS, *OF_SEVERAL) if name not in COMPOSED[backend]]


def wrong_sign(right, array_of, at):
    """A derivative of which a part, `at`, has the wrong sign: of what it adds into one of its arguments, or of its result."""
    def wrong(*args):
        before = None if array_of is None else array_of(args).copy()
        found = right(*args)
        if array_of is None:
            array = found[0] if isinstance(found, tuple) else found
            array[at] *= -1
        else:
            array_of(args)[at] -= 2 * (array_of(args) - before)[at]
        return found
    wrong.py_func = getattr(right, "py_func", right)       # the file it stands in
    return wrong


def plant(monkeypatch, backend, name, array_of, at):
    """From now on this operation of a back end, wherever it has it from, has a wrong sign."""
    functions, layer = ops.functions, ops.load(backend).source[name]
    changed = {name: wrong_sign(functions(layer)[name], array_of, at)}
    monkeypatch.setattr(ops, "functions", lambda one: {**functions(one), **changed} if one == layer else functions(one))


def one_case(monkeypatch, title):
    """gradcheck checks one network alone, with the least sizes there are."""
    monkeypatch.setattr(gradcheck, "CASES", {title: gradcheck.CASES[title] | {"hidden": 1, "embedding": 1, "gate_hidden": 1}})


def complaint(out, parameter):
    """What is said below a parameter's row."""
    lines = out.splitlines()
    first = 1 + next(i for i, line in enumerate(lines) if line.split()[0] == parameter)
    stop = next(i for i in range(first, len(lines)) if not lines[i].startswith("    "))
    return " ".join(line.strip() for line in lines[first:stop])


@pytest.mark.parametrize("name, backend", PLANTED)
def test_gradcheck_sees_a_wrong_sign_and_says_where(name, backend, capsys, monkeypatch):
    array_of, at, title, parameter, *block = SIGNS.get(name) or OF_SEVERAL[name]
    one_case(monkeypatch, title)
    plant(monkeypatch, backend, name, array_of, at)
    code, out, _ = run(capsys, "gradcheck", "--backend", backend)
    assert code == 1 and "a derivative is wrong" in out
    says = complaint(out, parameter)
    assert says.startswith(f"<-- wrong, {backend}: {block[0] if block else ''}") and " entries wrong, most at [" in says
    if block:                                              # this block alone, and all of it
        assert says.count(" entries wrong") == 1 and says.endswith("(the whole is -1 times what it should be)")


def test_gradcheck_says_which_back_end_is_wrong(capsys, monkeypatch):
    one_case(monkeypatch, "gated")
    plant(monkeypatch, "numpy", "gated_episode_backward", *SIGNS["gated_episode_backward"][:2])
    code, out, _ = run(capsys, "gradcheck", "--json")
    checked = json.loads(out)["checked"]["gated"]
    assert code == 1 and checked["numpy"]["episode.U"][0] == json.loads(out)["worst"] > 0.5 and "rows of r" in checked["numpy"]["episode.U"][2]
    assert all(error < 1e-5 and not says for error, _, says in checked["numba"].values())
    code, out, _ = run(capsys, "gradcheck")
    assert code == 1 and complaint(out, "episode.U").startswith("<-- wrong, numpy: rows of r: 1 of 1 entries") and "wrong, numba" not in out
    figures = next(line for line in out.splitlines() if line.startswith("  episode.U")).split()
    assert figures[1] == "3" and float(figures[2]) > 0.5 and float(figures[3]) < 1e-5       # numpy, then numba, as the head says
    assert out.splitlines()[0].split()[-2:] == ["numpy", "numba"] and max(map(len, out.splitlines())) <= 80


@pytest.fixture(scope="module")
def default_run():
    """gradcheck as it is without arguments -> its figures, and the operations of each back end that it called."""
    called = {backend: set() for backend in ops.BACKENDS}

    def watching(operations):
        def watched(name, function):
            def call(*args):
                called[operations.layers[0]].add(name)
                return function(*args)
            call.py_func = getattr(function, "py_func", function)
            return call
        functions = {name: watched(name, function) for name, function in operations.functions.items()}
        return recording(ops.Operations(functions, dict(operations.source), operations.layers))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gradcheck, "recording", watching)
        patch.setattr("sys.stdout", io.StringIO())
        assert main(["gradcheck", "--json"]) == 0
        return json.loads(sys.stdout.getvalue()), called


def test_gradcheck_runs_every_derivative_of_both_back_ends(default_run):
    figures, called = default_run
    every = {name for name in ops.functions("numpy") if ops.stem(name) != name}             # the others differentiate nothing
    for backend, names in called.items():
        without = {f"{ops.stem(name)}_{way}" for name in COMPOSED[backend] for way in ("forward", "backward")}
        assert names & every == every - without
    folder = Path(ops.__file__).parent
    for backend in ops.BACKENDS:
        with_derivatives = {f"ops/{path.name}" for path in folder.glob(f"*_{backend}.py") if re.search(r"^def \w+_backward\(", path.read_text(encoding="utf-8"), re.M)}
        assert len(with_derivatives) >= 8 and with_derivatives <= set(figures["files"][backend])
        assert set(figures["files"][backend]) <= {f"ops/{path.name}" for path in folder.glob("*.py")}
    assert not any("numba" in name for name in figures["files"]["numpy"]) and "ops/gru_numpy.py" not in figures["files"]["numba"]


def test_gradcheck_checks_every_entry_of_every_parameter(default_run):
    figures, _ = default_run
    assert figures["backends"] == list(ops.BACKENDS) and set(figures["checked"]) == set(gradcheck.CASES)
    worst = 0.0
    for title, switches in gradcheck.CASES.items():
        stories = gradcheck.TAGGED if title == "tags" else gradcheck.STORIES
        config = Config(**{"hidden": 2, "embedding": 2, "gate_hidden": 2, "passes": 2} | switches)
        model = DMN(config, Vocabulary.build(stories, config.answer, features=title == "tags"), "numpy")
        for backend in ops.BACKENDS:
            checked = figures["checked"][title][backend]
            assert {name: entries for name, (_, entries, _) in checked.items()} == {name: a.size for name, a in model.params.items()}
            assert all(says == "" for *_, says in checked.values())
            worst = max(worst, *(error for error, *_ in checked.values()))
    assert figures["worst"] == worst < 1e-5


def test_gradcheck_of_one_back_end(capsys, monkeypatch):
    one_case(monkeypatch, "softmax")
    code, out, _ = run(capsys, "gradcheck", "--backend", "numpy", "--json")
    figures = json.loads(out)
    assert code == 0 and figures["backends"] == list(figures["files"]) == ["numpy"] and list(figures["checked"]["softmax"]) == ["numpy"]
    again = json.loads(run(capsys, "gradcheck", "--backend", "numpy", "--json", "--seed", 1)[1])
    assert again["worst"] != figures["worst"]              # other networks
    code, out, _ = run(capsys, "gradcheck", "--backend", "numpy")
    assert code == 0 and "numba" not in out and out.endswith(f"worst relative error {figures['worst']:.1e}: every derivative agrees\n")
    assert "numpy ran " + ", ".join(figures["files"]["numpy"]) in " ".join(out.split())


def saved(path, task_set, stories, told, **switches):
    """A checkpoint of a network that learnt nothing."""
    config = Config(**{"hidden": 3, "embedding": 3, "gate_hidden": 3, "passes": 1} | switches)
    model = DMN(config, Vocabulary.build(stories, config.answer, features=task_set == "pos"), "numpy", seed=1)
    checkpoint.save(path, model, loop.start(model, 0), about_run(task_set, None, 0, **told))
    return model


@pytest.mark.parametrize("task_set, told, switches", [
    ("babi", {"task": 1, "size": None}, {"episode": "gated"}), ("babi", {"task": 19, "size": None}, {"answer": "sequence", "bidirectional": "yes"}),
    ("sst", {"kind": "binary"}, {"facts": "words", "alpha": 0.0}), ("pos", {"column": "xpos"}, {"answer": "tags", "facts": "words", "episode": "gated"})])
def test_gradcheck_of_a_checkpoint(task_set, told, switches, tmp_path, capsys, monkeypatch):
    rng = np.random.default_rng(0)
    stories = {"babi": lambda: generate(told["task"], 30, rng), "sst": lambda: sentiment_texts(30, rng, "binary"), "pos": lambda: tagged_texts(30, rng)}[task_set]()
    model, thetas, compared = saved(tmp_path / "a.npz", task_set, stories, told, **switches), [], gradcheck.compared
    monkeypatch.setattr(gradcheck, "compared", lambda model, *more: (thetas.append(model.theta.copy()), compared(model, *more))[1])
    code, out, _ = run(capsys, "gradcheck", tmp_path / "a.npz", "--entries", 3, "--json")
    assert len(thetas) == 2 and all(np.array_equal(theta, model.theta) for theta in thetas)            # this very network, twice
    (name, by_backend), = json.loads(out)["checked"].items()
    assert code == 0 and name == about_run(task_set, None, 0, **told)["name"] and list(by_backend) == list(ops.BACKENDS)
    for checked in by_backend.values():
        assert {k: n for k, (_, n, _) in checked.items()} == {k: min(3, a.size) for k, a in model.params.items()}
        assert max(error for error, *_ in checked.values()) < 1e-4


def test_gradcheck_of_a_checkpoint_sees_a_wrong_derivative(tmp_path, capsys, monkeypatch):
    model = saved(tmp_path / "a.npz", "babi", generate(1, 30, np.random.default_rng(0)), {"task": 1, "size": None})
    plant(monkeypatch, "numpy", "gate_backward", lambda a: a[3].W_2, np.s_[...])
    code, out, _ = run(capsys, "gradcheck", tmp_path / "a.npz", "--entries", 4, "--backend", "numpy")
    wrong = [line.split()[0] for line, following in zip(out.splitlines(), out.splitlines()[1:]) if "<-- wrong" in following]
    assert code == 1 and wrong == ["gate.W_2"]
    assert gradcheck.ENTRIES == 40
    monkeypatch.setattr(gradcheck, "ENTRIES", 4)           # where nothing is said
    entries = json.loads(run(capsys, "gradcheck", tmp_path / "a.npz", "--backend", "numpy", "--json")[1])["checked"]["babi-1"]["numpy"]
    assert entries["gate.W_1"][1] == 4 and entries["gate.W_1"][2] == "" and entries["gate.W_2"][1] == model.params["gate.W_2"].size == 3
    assert "the whole is -1 times" in entries["gate.W_2"][2]                            # every entry of it was checked, so the whole is known


def test_gradcheck_of_a_network_whose_answers_we_have_no_texts_for(tmp_path, capsys):
    stories = [tinydmn.Story(["Mary sat."], [tinydmn.Question("Where is Mary?", "nowhere", 1)])]
    saved(tmp_path / "a.npz", "babi", stories, {"task": 1, "size": None})
    assert "check a network trained on generated texts" in refused(capsys, "gradcheck", tmp_path / "a.npz")


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
    assert code == 0 and "0.0 % of 1 answer right" in out and "1 answer that training never saw, counted as wrong: zoo" in out


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


# --- killed

@pytest.fixture
def four_stories(tmp_path):
    """A folder with four stories, on which an epoch takes a moment."""
    folder = tmp_path / "four"
    assert main(["data", "--task", "1", "--stories", "4", "--out", str(folder)]) == 0
    train, valid = sorted(folder.glob("*.txt"))
    valid.write_text(train.read_text())
    return folder


def test_a_killed_run_resumes_to_the_bits_of_an_unkilled_one(tmp_path, four_stories):
    killed, whole = tmp_path / "killed.npz", tmp_path / "whole.npz"
    words = ["train", "babi", "--task", "1", "--data", str(four_stories), *SMALL[:-1], "--batch", "2", "--patience", "100000"]
    process = subprocess.Popen([sys.executable, "-m", "tinydmn", *words, "--epochs", "100000", "--out", str(killed)], stderr=subprocess.PIPE, text=True)
    lines = [process.stderr.readline() for _ in range(3)]
    process.kill()
    process.communicate()
    assert all(line.startswith(f"epoch {i:3}/100000 ") for i, line in enumerate(lines, 1)), lines
    _, state, _ = checkpoint.load(killed)
    assert state.epoch >= 2
    last = state.epoch + 2
    assert main(["train", "babi", "--resume", "--out", str(killed), "--epochs", str(last), "--quiet"]) == 0
    assert main([*words, "--epochs", str(last), "--out", str(whole), "--quiet"]) == 0
    a, b = (checkpoint.load(path)[1] for path in (killed, whole))
    for vector in checkpoint.VECTORS:
        np.testing.assert_array_equal(getattr(a, vector), getattr(b, vector), err_msg=vector)


# --- exit codes

@pytest.mark.parametrize("raised, code, says", [
    (None, 0, ""), (0, 0, ""), (1, 1, ""), (UserError("a file; mend it"), 2, "tinydmn info: a file; mend it\n"), (UserError("a\nfile\n"), 2, "tinydmn info: a file\n"),
    (KeyboardInterrupt(), 130, "tinydmn info: stopped\n")])
def test_how_a_command_ends_is_its_exit_code(raised, code, says, capsys, monkeypatch):
    def command(args):
        if isinstance(raised, BaseException):
            raise raised
        return raised
    monkeypatch.setattr(module_of("info"), "run", command)
    assert run(capsys, "info") == (code, "", says)


def test_a_system_error_that_was_ctrl_c_in_a_kernel(capsys, monkeypatch):
    def command(args):
        try:
            raise KeyboardInterrupt
        except KeyboardInterrupt as error:
            raise SystemError("returned a result with an exception set") from error
    monkeypatch.setattr(module_of("info"), "run", command)
    assert run(capsys, "info") == (130, "", "tinydmn info: stopped\n")


def test_a_mistake_of_ours_is_not_hidden(monkeypatch):
    def command(args):
        raise IndexError("ours")
    monkeypatch.setattr(module_of("info"), "run", command)
    with pytest.raises(IndexError):
        main(["info"])


def test_what_is_no_command(capsys):
    for words in (("trian",), (), ("--seed", "1"), ("train",), ("train", "images"), ("ask", "a.npz", "--what")):
        refused(capsys, *words)
    line = refused(capsys, "trian\nbabi")
    assert line.startswith("tinydmn: ") and all(name in line for name in COMMANDS)
    assert run(capsys, "--version") == (0, f"tinydmn {tinydmn.__version__}\n", "")


def test_main_takes_what_stands_on_the_command_line(capsys, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["tinydmn", "info", "--json"])
    assert main() == 0 and json.loads(capsys.readouterr().out)["tinydmn"] == tinydmn.__version__


def test_the_public_names(monkeypatch):
    assert set(tinydmn.__all__) <= set(dir(tinydmn)) and "__version__" in dir(tinydmn)
    for name in tinydmn.__all__:
        assert getattr(tinydmn, name).__name__ == name
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        tinydmn.nothing


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
    code, out, _ = run(capsys, "train", "pos", "--epochs", "2", "--ensemble", "2", "--out", path, *SMALL)
    assert code == 0 and "words that training never saw" in out
    code, out, _ = run(capsys, "eval", path, "--ensemble", "--json", "--stories", 30)
    assert code == 0 and json.loads(out)["epochs_together"] == 2
    (tmp_path / "dev.tsv").write_text("She\tPRP\nran\tVBD\n\nBang\tZZZ\n")
    code, out, _ = run(capsys, "eval", path, "--file", tmp_path / "dev.tsv")
    assert code == 0 and "of 3 answers right" in out and "1 answer that training never saw, counted as wrong: ZZZ" in out
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
    (("babi", "--answer", "tags", "--episode", "gated", "--facts", "words"), "babi has no tags"), (("pos", "--answer", "word"), "tagged sentences ask for tags"),
    (("sst", "--answer", "tags", "--episode", "gated"), "sst has no tags"), (("babi", "--facts", "words"), "--facts words is for texts of one sentence"),
    (("babi", "--task", "19", "--ensemble", "2"), "an ensemble answers with one word"), (("pos", "--episode", "softmax"), "needs --episode gated")])
def test_switches_that_do_not_suit_each_other(words, says, tmp_path, capsys):
    assert says in refused(capsys, "train", *words, "--out", tmp_path / "c.npz") and not (tmp_path / "c.npz").exists()


def test_without_passes_there_are_no_gates_to_begin_with(tmp_path, capsys):
    code, out, _ = run(capsys, "train", "babi", "--epochs", "1", "--out", tmp_path / "c.npz", "--json", *SMALL, "--passes", "0", "--gate-epochs", "2")
    assert code == 0 and json.loads(out)["history"][0]["beta"] == 1.0


def test_a_mistake_that_a_worker_of_the_benchmark_finds_is_one_line(capsys, tmp_path):
    assert main(["bench", "--data", str(tmp_path / "none"), "--no-operations"]) == 2
    assert capsys.readouterr().err.count("\n") == 1
