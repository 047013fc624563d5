"""A task set is one class and one line: a fourth one, registered here, is trained, resumed, evaluated, asked and put into tables by commands that
know no set by name; and nothing imports upward or in a circle."""

import ast
import io
import json
import re
from pathlib import Path

import pytest

import tinydmn
from tinydmn import fit
from tinydmn.cli import main
from tinydmn.data.story import Question, Story
from tinydmn.errors import UserError
from tinydmn.tasks import EVERY_RUN, TASKS, about_run, gather, texts_of
from tinydmn.tasks.babi import BABI
from tinydmn.tasks.task import Option, Paper, Row, Table, Task, Typed, draws
from tinydmn.training import checkpoint
from tinydmn.training.runs import Run
from tinydmn.training.tables import entries_of, runs_of, tables

HOME = Path(tinydmn.__file__).parent
COLOURS = ("red", "green", "blue")
SMALL = ("--hidden", "6", "--embedding", "6", "--gate-hidden", "4", "--backend", "numpy", "--quiet")


class Colours(Task):
    """Which colour a thing has: one fact a thing."""

    name = "colours"
    learns = "colours of things"
    one, many = "list", "lists"
    asked = "thing"
    welcome = "Type a thing and its colour."
    formats = "stories of\nthings"
    generated_texts = "lists of things"
    augments = False
    options = {"things": Option("how many things are told of (default 3)", 3, int, {"least": 1, "most": 9}, metavar="N")}
    settings = {"epochs": 3, "gate_epochs": 0, "passes": 1, "batch": 8}
    tables = {9: Table("colours, right", ("passes",), digits=0, note="no such table is in the paper")}

    def splits(self, about):
        stories = self.made(60, about, draws(self, about, about["seed"]))
        return stories[:40], stories[40:], None

    def made(self, n, about, rng):
        names = [f"thing{i}" for i in range(about["things"])]
        out = []
        for _ in range(n):
            of = [COLOURS[i] for i in rng.integers(3, size=len(names))]
            asked = int(rng.integers(len(names)))
            out.append(Story([[name, "is", colour] for name, colour in zip(names, of)], [Question([names[asked]], [of[asked]], len(names), [asked])], "made"))
        return out

    def fresh(self, about, n, rng, known=()):
        return self.made(n, about, rng), f"{n} fresh lists"

    def run_name(self, about):
        return f"colours-{about['things']}"

    def typed(self, lines, about, vocabulary, problem):
        for line in lines:
            thing, colour = line.split()
            yield Typed([line], [[thing, "is", colour]], thing, [thing])

    def paper(self, table, panels, rows):
        for row in rows:
            yield Paper("", row, "paper", 33.0, "nobody")

    def runs(self, table, options):
        for n in (2, 3):
            yield Row(f"colours of {n}", [("", f"{n} things", "ours", "accuracy")], options.data, {"things": n}, {"passes": 2})


@pytest.fixture
def colours(monkeypatch):
    monkeypatch.setitem(TASKS, "colours", Colours())


def run(capsys, *words):
    """-> exit code, stdout, stderr."""
    try:
        code = main([*map(str, words)])
    except SystemExit as stop:
        code = stop.code
    out = capsys.readouterr()
    return code, out.out, out.err


def test_a_further_set_is_trained_resumed_evaluated_and_asked(colours, capsys, tmp_path, monkeypatch):
    path = tmp_path / "c.npz"
    code, out, err = run(capsys, "train", "colours", "--things", 2, "--epochs", 2, "--out", path, "--json", *SMALL)
    assert code == 0 and not err and json.loads(out)["n_valid"] == 20
    _, state, about = checkpoint.load(path)
    assert about == {"set": "colours", "name": "colours-2", "data": None, "seed": 0} | EVERY_RUN | {"things": 2, "texts": about["texts"]} and state.epoch == 2
    assert run(capsys, "train", "colours", "--resume", "--epochs", 3, "--out", path, "--quiet")[0] == 0 and checkpoint.load(path)[1].epoch == 3
    code, _, err = run(capsys, "train", "colours", "--resume", "--things", 3, "--out", path, "--quiet")
    assert code == 2 and "--things differs from the run in" in err
    code, out, _ = run(capsys, "eval", path, "--stories", 30, "--backend", "numpy", "--predictions", tmp_path / "a.jsonl")
    assert code == 0 and out.startswith("30 fresh lists: ")
    first = json.loads((tmp_path / "a.jsonl").read_text().splitlines()[0])
    assert first["thing"].startswith("thing") and first["right_answer"] in COLOURS and first["support"]
    monkeypatch.setattr("sys.stdin", io.StringIO("thing1 red\n"))
    code, out, _ = run(capsys, "ask", path, "--json", "--backend", "numpy")
    assert code == 0 and json.loads(out)["answer"] in COLOURS and json.loads(out)["facts"] == ["thing1 red"]
    assert run(capsys, "gradcheck", path, "--entries", 3)[0] == 0


def test_its_options_are_its_own(colours, capsys, tmp_path):
    code, _, err = run(capsys, "train", "babi", "--things", 2, "--out", tmp_path / "a.npz")
    assert code == 2 and "--things is for colours, not for babi; leave it out" in err
    code, _, err = run(capsys, "train", "colours", "--task", 2, "--out", tmp_path / "a.npz")
    assert code == 2 and "--task is for babi, not for colours; leave it out" in err
    code, _, err = run(capsys, "train", "colours", "--things", 10, "--out", tmp_path / "a.npz")
    assert code == 2 and "argument --things: 10 is out of range; give 1 to 9" in err
    for words, says in (("--drop-facts", 1), "--drop-facts: only stories can be augmented, not lists"), (("--answer", "tags", "--episode", "gated", "--facts", "words"), "colours has no tags"):
        code, _, err = run(capsys, "train", "colours", *words, "--out", tmp_path / "a.npz")
        assert code == 2 and says in err
    out = " ".join(run(capsys, "train", "--help")[1].split())
    assert "colours stories of things" in out and "{babi,sst,pos,colours}" in out and "colours of things" in out and "colours: how many things are told of (default 3)" in out


def test_a_file_of_ones_own_is_read_as_its_set_reads_it(colours, capsys, tmp_path):
    path = tmp_path / "mine.txt"
    path.write_text("".join(f"1 thing{i} is red.\n2 thing{i}?\tred\t1\n" for i in range(20)))
    code, out, err = run(capsys, "train", "colours", "--file", path, "--epochs", 1, "--out", tmp_path / "a.npz", *SMALL)
    assert code == 0 and f"{path}: read as bAbI format" in err
    assert gather(about_run("colours", None, 0, file=path)).config.epochs == 1000    # at most, of a short file
    path.write_text("1 thing is red.\n2 thing?\tred\t1\n")
    assert "one list alone cannot be split; add lists" in run(capsys, "train", "colours", "--file", path, "--out", tmp_path / "b.npz")[2]


def test_its_tables(colours):
    assert list(tables()) == [1, 2, 3, 4, 9] and list(tables()[4]) == ["babi", "sst"]
    runs = runs_of(9, (0, 1), hidden=7)
    assert [(r.label, r.about["things"], r.about["seed"], r.given) for r in runs] == [(f"colours of {n}", n, seed, {"hidden": 7, "passes": 2}) for seed in (0, 1) for n in (2, 3)]
    assert runs[0].settings["config"]["passes"] == 2 and runs[0].name.startswith("colours-2-seed0-")
    assert [(e["row"], e["series"], e["mean"]) for e in entries_of(9, runs, {})] == [("2 things", "paper", 33.0), ("3 things", "paper", 33.0)]
    with pytest.raises(UserError, match="--passes: table 9 sets it from row to row"):
        runs_of(9, passes=3)


def test_the_library_knows_it_too(colours):
    model = fit("colours", things=2, epochs=1, backend="numpy", hidden=5)
    assert model.config.passes == 1 and set(model.vocabulary.answers) == set(COLOURS)


def test_names_and_digests_of_runs_do_not_depend_on_other_sets(colours):
    """What a further set is told stands in its own runs alone: names of files hold a digest of all that a run is told."""
    before = Run("", [], about_run("babi", None, 0, task=1, size="1k"), {}).name
    TASKS.pop("colours")
    assert Run("", [], about_run("babi", None, 0, task=1, size="1k"), {}).name == before == "babi-1-seed0-" + before[-8:]


def test_a_run_of_an_unknown_set_is_one_line(colours, capsys, tmp_path):
    path = tmp_path / "c.npz"
    assert run(capsys, "train", "colours", "--epochs", 1, "--out", path, *SMALL)[0] == 0
    TASKS.pop("colours")
    code, out, err = run(capsys, "eval", path)
    assert (code, out, err) == (2, "", "tinydmn eval: a run of colours, which is no task set here; give one of babi, sst, pos\n")


def test_without_texts_of_its_own_a_set_says_so():
    class Empty(Task):
        name = "empty"
    with pytest.raises(NotImplementedError, match="empty"):
        Empty().splits({})
    with pytest.raises(UserError, match="empty has no generator"):
        Empty().fresh({}, 1, None)
    assert Empty().part({}) == "empty" == Empty().run_name({}) and list(Empty().paper(1, [], [])) == [] == list(Empty().runs(1, None))


# ---- who knows whom


def imported(path):
    """Modules of the package that a file imports when it is loaded."""
    package, out = ["tinydmn", *path.relative_to(HOME).parts[:-1]], set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ImportFrom) and node.level:
            base = ".".join([*package[:len(package) - node.level + 1], *filter(None, [node.module])])
            out |= {base} | {f"{base}.{name.name}" for name in node.names}
    return out


def graph():
    """{module: modules that it imports when it is loaded}, but for the package itself, which knows its version; a package is its __init__."""
    files = {".".join(["tinydmn", *path.relative_to(HOME).with_suffix("").parts]).removesuffix(".__init__"): path for path in HOME.rglob("*.py")}
    return {name: {other for other in imported(path) if other in files and other not in (name, "tinydmn")} for name, path in files.items()}


def test_no_module_outside_tasks_knows_a_set_by_name():
    for folder in ("cli", "training", "bench", "plots"):
        for path in (HOME / folder).rglob("*.py"):
            source = path.read_text(encoding="utf-8").replace('options.get("sst")', "")       # an option of tables: a folder
            spelled = re.findall(r"""["'](?:babi|sst|pos)["']""", source)
            assert not spelled, path


def test_imports_run_downward_and_in_no_circle():
    edges = graph()
    for name, others in edges.items():
        part = name.split(".")[1] if "." in name else ""
        for other in others:
            assert other.split(".")[1] != "cli" or part in ("cli", "__main__"), (name, other)
            if part == "data":
                assert other.split(".")[1] in ("data", "errors", "writing", "streams"), (name, other)
    below = {"tinydmn.training." + name for name in ("loop", "checkpoint", "evaluate", "progress", "memory", "material")}
    assert not [(name, other) for name in below for other in edges[name] if ".tasks" in other]
    done, open_ = set(), []

    def visit(name):
        assert name not in open_, [*open_, name]
        if name not in done:
            open_.append(name)
            for other in sorted(edges[name]):
                visit(other)
            done.add(open_.pop())
    for name in sorted(edges):
        visit(name)


def test_table_1_of_the_paper_is_not_another():
    assert sum(BABI["DMN"]) / 20 == pytest.approx(93.6, abs=0.05) and texts_of(about_run("pos", None, 0))[2] is None
