"""The paper's tables: its figures, the runs that give ours, what several seeds say together, and what the command shows of them."""

import json
import re
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, strategies as st

from tinydmn.cli import main, table as command
from tinydmn.data.generator import write_task
from tinydmn.plots import plot_table
from tinydmn.tasks.babi import babi_config
from tinydmn.tasks.pos import pos_config
from tinydmn.tasks.sst import sst_config
from tinydmn.tasks import babi, sst
from tinydmn.tasks.babi import BABI
from tinydmn.tasks.pos import TAGGING
from tinydmn.tasks.sst import SENTIMENT
from tinydmn.training.tables import VARIANTS, difference, entries_of, measured, over_seeds, runs_of, table_1_summary

PASSES = babi.PASSES | sst.PASSES
BABI_SERIES = ("MemNN", "DMN")
share = st.sampled_from((0.0, 0.25, 0.5, 0.75))


def result(accuracy, seed=0, test=None, valid_loss=1.0, right="", unknown=None):
    figures = lambda share, unknown: {"n": 10, "accuracy": share, "loss": valid_loss, "right": right, "n_in_train": 0, "unknown": unknown}
    return {"seed": seed, "valid": figures(accuracy, unknown), "test": None if test is None else figures(test, test)}


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


def test_no_digit_of_the_papers_tables_is_another():
    """Sums in which each place has its own weight, made of the paper's tables by hand."""
    weighted = lambda values: pytest.approx(sum(place * value for place, value in enumerate(values, 1)), abs=1e-6)
    assert (18878.0, 18874.6) == (weighted(BABI["MemNN"]), weighted(BABI["DMN"]))
    assert (3150.2, 1785.7) == (weighted([b for b, *_ in SENTIMENT.values()]), weighted([f for _, f, _ in SENTIMENT.values()])) and 2729.07 == weighted([a for a, _ in TAGGING.values()])
    for panel, total in (("task 3", 880.1), ("task 7", 1208.7), ("task 8", 1221.0), ("SST fine", 509.7)):
        assert sum((passes + 1) * value for passes, value in PASSES[panel].items()) == pytest.approx(total)


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


@given(values=st.lists(st.tuples(share, share, st.sampled_from((0.5, 1.0)), share), min_size=1, max_size=5), with_test=st.booleans())
def test_over_seeds_is_what_a_plain_count_gives(values, with_test):
    """(accuracy on validation, of its new words, loss there, accuracy on test) of each seed."""
    results = [result(a, seed, t if with_test else None, loss, unknown=u) for seed, (a, u, loss, t) in enumerate(values)]
    for figure, column in (("accuracy", 0), ("unknown", 1)):
        shown = [100 * (v[3] if with_test else v[column]) for v in values]
        best = sorted(range(len(values)), key=lambda i: (-values[i][column], values[i][2], i))[0]
        found = over_seeds(results, figure)
        assert (found["values"], found["best"], found["chosen"], found["seeds"]) == (shown, shown[best], best, list(range(len(values))))
        assert found["least"] == min(shown) and found["mean"] == pytest.approx(sum(shown) / len(shown))
        assert found["spread"] == (pytest.approx(np.std(shown, ddof=1)) if len(shown) > 1 else None)
        assert measured(results[0]) == (found["split"], results[0]["test" if with_test else "valid"])


def test_summary_over_tasks_and_seeds():
    """Passed is more than 95; of MemNN's whole numbers 95 counts, as the paper counts them."""
    row = lambda series, name, values, best=0: {"row": name, "series": series, "mean": np.mean(values)} | (
        {} if series in BABI_SERIES else {"least": min(values), "best": values[best], "values": values})
    entries = [row("MemNN", "1", [95]), row("MemNN", "2", [94]), row("DMN", "1", [95.0]), row("DMN", "2", [95.1]),
               row("plain", "1", [90.0, 100.0], 1), row("plain", "2", [96.0, 98.0]), row("extended", "1", [100.0, 97.0, 94.0])]
    found = table_1_summary(entries)
    assert found["MemNN"] == {"tasks": 2, "mean": 94.5, "passed_mean": 1} and found["DMN"] == {"tasks": 2, "mean": pytest.approx(95.05), "passed_mean": 1}
    assert found["plain"] == {"tasks": 2, "mean": 96.0, "passed_mean": 1, "least": 93.0, "passed_least": 1, "best": 98.0, "passed_best": 2,
                              "spread": pytest.approx(np.std([93.0, 99.0], ddof=1))}
    assert found["extended"]["tasks"] == 1 and found["extended"]["passed_mean"] == 1 and found["extended"]["passed_least"] == 0
    uneven = table_1_summary([row("plain", "1", [90.0, 100.0]), row("plain", "2", [96.0])])["plain"]
    assert "spread" not in uneven and uneven["mean"] == 95.5 and uneven["passed_mean"] == 1


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


def told(run):
    """What decides a run, in short."""
    about, config = run.about, gather_config(run)
    return about["set"], about["task"] or about["kind"] or about["column"], about["seed"], config.passes, config


def gather_config(run):
    """The configuration that training takes: gather's, without any texts."""
    about, own = run.about, run.about["data"] is None
    return {"babi": lambda: babi_config(about["task"], about["size"], about["plain"], **run.given), "sst": lambda: sst_config(own, **run.given),
            "pos": lambda: pos_config(own, **run.given)}[about["set"]]()


def test_each_run_is_what_its_row_says(tmp_path):
    """Seed by seed, row by row; a place says panel, row, series and which figure stands there."""
    runs = runs_of(1, seeds=(4, 2), tasks=(2, 4), size="10k")
    assert [(told(run)[:3], run.about["size"], run.about["plain"], [place[1:] for place in run.places]) for run in runs] == [
        (("babi", 2, seed), "10k", True, [(" 2 two supporting facts", "plain", "accuracy"), (" 2 two supporting facts", "extended", "accuracy")]) if task == 2 else
        (("babi", 4, seed), "10k", True, [(" 4 two arg relations", variant, "accuracy") for variant in VARIANTS]) for seed in (4, 2) for task in (2, 4)]
    two = runs_of(1, tasks=(2,))                           # here extended is another network
    assert [(run.about["plain"], run.places[0][2], told(run)[-1]) for run in two] == [
        (True, "plain", babi_config(2, "1k", True)), (False, "extended", babi_config(2, "1k", False))] and two[0].label == "babi-2 plain"
    assert [(told(run)[:4], run.places) for run in runs_of(2, seeds=(3,), data=tmp_path)] == [
        (("sst", kind, 3, passes), [(kind, f"ours, {passes} pass{'es' * (passes > 1)}", "ours", "accuracy")]) for kind in ("binary", "fine") for passes in (1, 2)]
    assert all(run.about["data"] == str(tmp_path) and told(run)[-1] == sst_config(passes=told(run)[3]) for run in runs_of(2, data=tmp_path))
    for keep, given in ((4, {}), (3, {"epochs": 3}), (2, {"ensemble": 2}), (1, {"ensemble": 1})):
        run, = runs_of(3, seeds=(5,), column="upos", **given)
        assert told(run)[:3] == ("pos", "upos", 5) and told(run)[-1] == pos_config(True, **given | {"ensemble": keep})
        assert [place for place in run.places] == [(panel, row, "ours", start + figure) for row, start in (("ours, single model", ""), (f"ours, ensemble of {keep}", "ensemble_"))
                                                   for panel, figure in (("all words", "accuracy"), ("unknown words", "unknown")) if keep > 1 or not start]
    four = runs_of(4, seeds=(1,))
    assert [(told(run)[:4], run.places) for run in four] == [
        (("babi", panel, 1, n) if panel != "fine" else ("sst", "fine", 1, n),
         [(f"task {panel}" if panel != "fine" else "SST fine", f"{n} pass{'es' * (n != 1)}", "ours", "accuracy")])
        for n, panel in [*((n, task) for n in (0, 1, 2, 3, 5) for task in (3, 7, 8)), *((n, "fine") for n in (0, 1, 2, 3))]]
    assert all(run.about["plain"] for run in four if run.about["set"] == "babi")
    assert {run.about["set"] for run in runs_of(4, sst=tmp_path)} == {"sst"}               # what there is data for
    write_task(tmp_path, 7, {"train": 3, "valid": 2}, np.random.default_rng(0))
    assert {run.about["set"] for run in runs_of(4, data=tmp_path, tasks=(7,))} == {"babi"}
    both = {(run.about["set"], run.about["data"]) for run in runs_of(4, data=tmp_path, sst=tmp_path / "..", tasks=(7,))}
    assert both == {("babi", str(tmp_path)), ("sst", str(tmp_path.parent))}


def test_a_quick_table_is_small_and_what_is_given_goes_before():
    for number, rows in ((1, 2), (2, 4), (3, 1), (4, 6)):
        runs = runs_of(number, quick=True)
        assert len(runs) == rows and all((c.hidden, c.embedding, c.epochs, c.gate_epochs) == (12, 12, 2, 0) for c in map(gather_config, runs))
    assert [run.about["task"] for run in runs_of(1, quick=True, variants=("plain",))] == [1, 15] and {run.about["task"] for run in runs_of(4, quick=True)} == {7, None}
    given = gather_config(runs_of(1, quick=True, hidden=7, epochs=5)[0])
    assert (given.hidden, given.epochs, given.embedding) == (7, 5, 12)
    assert gather_config(runs_of(2, quick=True, vectors="v.txt")[0]).embedding == 50 and "embedding" not in runs_of(3, quick=True, vectors="glove")[0].given


def test_size_is_the_one_asked_for_or_the_folders_own(tmp_path):
    size = lambda data, size=None: runs_of(1, data=data, size=size, tasks=(1,), variants=("plain",))[0].about["size"]
    for name, n in (("en-10k", 3), ("own", 3), ("large", 800)):
        write_task(tmp_path / name, 1, {"train": n, "valid": 2}, np.random.default_rng(0))
    assert (size(None), size(None, "10k"), size(tmp_path / "en-10k"), size(tmp_path / "own"), size(tmp_path / "large"), size(tmp_path / "own", "10k")) == \
        ("1k", "10k", "10k", "1k", "10k", "10k")


def test_plain_has_no_switch_and_equal_settings_are_one_run():
    plain = runs_of(1, variants=("plain",))
    assert all(run.settings["config"]["permute_entities"] == "no" and run.settings["config"]["drop_facts"] == 0 for run in plain)
    both = runs_of(1)
    assert len({run.name for run in both}) == len(both)
    assert all(len(run.places) == 2 for run in both if run.about["task"] == 1) and len(runs_of(1, seeds=(0, 0))) == len(both)
    assert len([run for run in both if run.about["task"] == 19]) == 2          # here the presets have a switch


def test_name_follows_the_settings():
    name = lambda **given: runs_of(1, tasks=[1], **given)[0].name
    assert name(epochs=2) == name(epochs=2) and len({name(epochs=2), name(epochs=3), name(epochs=2, seeds=[1])}) == 3


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
    words = (1, "--quick", "--tasks", 1, 15, "--epochs", 1, "--jobs", 1, "--variants", "plain", "--backend", "numpy", "--out", tmp_path / "t")
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
    ((5,), "5"), ((1, "--permute-entities", "yes"), "--variants"), ((4, "--passes", 2), "--passes"), ((2, "--data", "nowhere"), "nowhere"),
    ((1, "--jobs", 0), "--jobs"), ((2, "--vectors", "nowhere.txt"), "nowhere.txt"), ((1, "--tasks", 21), "21"), ((3, "--hidden", 0), "--hidden")])
def test_mistakes_are_one_line(capsys, tmp_path, words, said):
    code, out, err = table(capsys, *words, "--out", tmp_path / "t")
    assert code == 2 and err.count("\n") == 1 and said in err and not out and not (tmp_path / "t").exists()


def test_picture(tmp_path):
    entries = [{"panel": p, "row": r, "series": s, "mean": 50.0, "spread": 2.0, "best": 51.0} for p in "ab" for r in "xy" for s in ("paper", "ours")]
    assert plot_table(entries, tmp_path / "a.png", "A title").stat().st_size > 5000
    with pytest.raises(ValueError):
        plot_table([], tmp_path / "b.png")


# ---- what the command shows, of runs whose figures are given


def fake(run, i, with_test=False, n_train=900, n_in_train=0, **more):
    """The result of run number i: no two of its figures are alike."""
    figures = lambda start: {"n": 200, "accuracy": start + i / 1000, "loss": 2.0 - i / 1000, "gate_accuracy": None, "n_in_train": n_in_train, "unknown": start + 0.2 + i / 1000,
                             "ensemble_accuracy": start + 0.01 + i / 1000, "ensemble_unknown": start + 0.21 + i / 1000,
                             "right": "".join("01"[(i * 37 + j * j) % 5 < 2] for j in range(200))} | more
    return {"settings": run.settings, "seed": run.about["seed"], "epochs": 9, "best_epoch": 7, "seconds": 2.0, "n_train": n_train,
            "texts": {"train": "t", "valid": "v" if run.about["data"] else str(run.about["seed"]), "test": "e"},
            "valid": figures(0.3), "test": figures(0.5) if with_test else None}


@pytest.fixture
def shown(tmp_path, capsys, monkeypatch):
    """-> the command's lines and its table.json, of runs with given results (None: the run failed), and what was drawn."""
    def shown(*words, make=fake, n_before=0):
        drawn = []

        def run_all(runs, folder, jobs, backend, on_end):
            for i, run in enumerate(runs):
                found = make(run, i)
                on_end(run, found, None if found else "out of luck")
        monkeypatch.setattr(command, "run_all", run_all)
        monkeypatch.setattr("tinydmn.plots.plot_table", lambda *given, **more: drawn.append((given, more)))
        code, out, err = table(capsys, *words, "--out", tmp_path / "t")
        said = json.loads((tmp_path / "t" / "table.json").read_text())
        assert max(map(len, out.split(str(tmp_path))[0].splitlines())) <= 80 and code == (1 if said["failed"] else 0), err
        if drawn:
            assert json.loads(json.dumps(drawn[0][0][0])) == said["entries"]
        return out.splitlines(), said, err, drawn
    return shown


def cells(lines, heads):
    """{row's name: what stands under each of `heads`}, read by place: `heads` is the line with the columns' names, right-aligned over them."""
    at = next(i for i, line in enumerate(lines) if line.split()[-len(heads):] == heads)
    ends = [m.end() for m in re.finditer(r"\S+", lines[at])][-len(heads):]
    label = ends[0] - (7 if heads[0] == "MemNN" else 6)
    rows = {}
    for line in lines[at + 1:]:
        if not line:
            break
        rows[line[:label].rstrip()] = [line[max(label, a):b].strip() for a, b in zip([label, *ends], ends)]
    return lines[at - 1], rows


def test_table_1_is_what_its_runs_found(shown):
    """Each figure of each cell from the results, by a second count; test figures, where there are some."""
    seeds = (3, 1, 8)
    lines, said, err, drawn = shown(1, "--tasks", 2, 4, 19, "--seeds", *seeds, 3, make=lambda run, i: fake(run, i * 7 % 11, with_test=True))
    runs = runs_of(1, seeds, tasks=(2, 4, 19))
    number = {run.name: i * 7 % 11 for i, run in enumerate(runs)}
    head, rows = cells(lines, ["MemNN", "DMN", "mean", "least", "best", "mean", "least", "best"])
    assert re.split(" {2,}", head.strip()) == ["paper", "ours, plain", "ours, extended"]
    means = {variant: [] for variant in VARIANTS}
    for task, name in ((2, " 2 two supporting facts"), (4, " 4 two arg relations"), (19, "19 path finding")):
        expected = [f"{BABI['MemNN'][task - 1]:.1f}", f"{BABI['DMN'][task - 1]:.1f}"]
        for variant in VARIANTS:
            own = [number[run.name] for run in runs if any(place[1:3] == (name, variant) for place in run.places)]
            values = [50 + i / 10 for i in own]
            assert len(values) == 3
            expected += [f"{np.mean(values):.1f}", f"{min(values):.1f}", f"{max(values):.1f}"]              # the seed that validation chooses: of these, the largest
            means[variant].append((np.mean(values), min(values), max(values)))
        assert rows[name] == expected
    expected = [f"{np.mean([BABI[s][t - 1] for t in (2, 4, 19)]):.1f}" for s in BABI_SERIES] + [f"{x:.1f}" for variant in VARIANTS for x in np.mean(means[variant], axis=0)]
    assert rows["mean of 3 tasks"] == expected and rows["passed (> 95 %)"] == ["2", "2", *["0"] * 6]
    assert "ours: generated stories (1k), test set; mean and least of 3 seeds; best: the" in lines and said["seeds"] == list(seeds)
    assert any("plain and extended are one run where no such switch is set: task 4" in line for line in lines)
    assert said["runs"][0] == {"name": runs[0].name, "places": [list(place) for place in runs[0].places], "seed": 3, "epochs": 9, "best_epoch": 7, "seconds": 2.0}
    assert len(said["runs"]) == len(runs) == 15 and said["seconds_training"] == 30 and "15 runs, 30 s of training" in lines[-2]
    sources = {entry["series"]: entry["source"] for entry in said["entries"] if "source" in entry}
    assert sources == {"MemNN": "Weston et al. 2015", "DMN": "Kumar et al. 2016"} and all(entry["split"] == "test" for entry in said["entries"] if entry["series"] in VARIANTS)
    assert [line.split("]")[0] for line in err.splitlines()[1:]] == [f"[{i:2}/15" for i in range(1, 16)]
    first = err.splitlines()[1]
    assert first == "[ 1/15] babi-2 plain seed 3:  50.0 % (test), best of 9 epochs: 7, 2 s"
    assert drawn[0][1]["threshold"] == 95.0 and "stories (1k), test set" in drawn[0][0][2]


def test_seed_and_split_are_said(shown):
    lines, *_ = shown(1, "--tasks", 4, "--seeds", 6, "--size", "10k", make=lambda run, i: fake(run, i, n_train=4000, n_in_train=7))
    assert "ours: generated stories (10k), validation set; seed 6" in lines
    text = " ".join(lines)
    assert "trained on fewer than there should be: task 4 on 4,000 questions" in text
    assert "questions that are in the training set as well, with all their facts: task 4 7 of 200" in text
    assert "validation: early stopping looked at these same answers" in text and "used where there is no test file" not in text
    text = " ".join(shown(1, "--tasks", 2, 4, make=lambda run, i: fake(run, i, i == 0, n_in_train=2))[0])
    assert "test or validation set" in text and "answers; used where there is no test file" in text and "stand in the training set" not in text and "fewer" not in text


def test_which_epoch_a_run_is(shown):
    *_, err, _ = shown(1, "--tasks", 2, 4, 19, "--variants", "plain", make=lambda run,
                       i: fake(run, i) | [{"epochs": 1, "best_epoch": 1}, {"best_epoch": 0}, {}][i])
    assert [line.split("(validation), ")[1] for line in err.splitlines()[1:]] == ["1 epoch, 2 s",
            "9 epochs, none better than the start, whose weights are kept, 2 s", "best of 9 epochs: 7, 2 s"]


def test_a_failed_run_leaves_its_cell_empty(shown):
    lines, said, err, _ = shown(1, "--tasks", 2, 19, "--variants", "extended", make=lambda run, i: fake(run, 5) if i else None)
    _, rows = cells(lines, ["MemNN", "DMN", "mean", "least", "best"])
    assert rows[" 2 two supporting facts"] == ["100.0", "98.2", "", "", ""] and rows["19 path finding"] == ["36.0", "34.5", "30.5", "30.5", "30.5"]
    assert rows["mean of those there"] == ["68.0", "66.3", "30.5", "30.5", "30.5"] and rows["passed (> 95 %)"] == ["1", "1", "0", "0", "0"]
    assert list(said["failed"].values()) == ["out of luck"] and "babi-2 extended seed 0: failed: out of luck" in err and len(said["runs"]) == 1
    lines, said, _, drawn = shown(1, "--tasks", 2, make=lambda *_: None)
    assert len(said["failed"]) == 2 and not drawn and "ours: generated stories (1k), no set; seed 0" in lines


def test_table_2_has_two_panels_and_a_paired_difference(shown, tmp_path):
    (tmp_path / "data").mkdir()
    lines, said, _, drawn = shown(2, "--data", tmp_path / "data", "--vectors", "none", "--seeds", 0, 1)
    head, rows = cells(lines, ["paper", "mean", "least", "best"] * 2)
    assert head.split() == ["binary", "fine"] and head.rindex("binary") < head.rindex("fine")
    # runs 0 to 3 are binary with one pass and two, fine with one and two, of seed 0; 4 to 7 of seed 1
    cell = lambda i: [f"{30 + (i + i + 4) / 20:.1f}", f"{30 + i / 10:.1f}", f"{30 + (i + 4) / 10:.1f}"]
    assert rows["ours, 1 pass"] == ["", *cell(0), "", *cell(2)] and rows["ours, 2 passes"] == ["", *cell(1), "", *cell(3)]
    assert rows["DMN"] == ["88.6", "", "", "", "52.1", "", "", ""] and rows["CNN-MC"] == ["88.1", "", "", "", "47.4", "", "", ""] and len(rows) == 10
    results = [fake(run, i) for i, run in enumerate(runs_of(2, (0, 1), data=tmp_path / "data"))]
    for kind, (one, two) in (("binary", (0, 1)), ("fine", (2, 3))):
        d, low, high = difference([results[one], results[one + 4]], [results[two], results[two + 4]], True)
        assert f"two passes against one, {kind}: {d:+.1f} (95 % interval {low:+.1f} to {high:+.1f}, paired by sentence)" in " ".join(lines)
    assert drawn[0][1]["threshold"] is None and said["table"] == 2 and "summary" not in said
    assert "paper: test; word vectors of ours: none" in lines and "ours: published trees, validation set; mean and least of 2 seeds; best: the seed" in lines


def test_seeds_that_were_asked_other_questions_are_not_averaged_by_question(shown):
    lines, *_ = shown(2, "--seeds", 0, 1, "--vectors", "none")
    results = [fake(run, i) for i, run in enumerate(runs_of(2, (0, 1)))]
    d, low, high = difference([results[0], results[4]], [results[1], results[5]], False)
    assert f"two passes against one, binary: {d:+.1f} (95 % interval {low:+.1f} to {high:+.1f}, paired by sentence)" in " ".join(lines)
    assert "ours: texts of our own grammar, validation set; mean and least of 2 seeds; best:" in lines


def test_table_3_shows_two_digits_and_the_ensemble(shown, tmp_path):
    (tmp_path / "v.txt").write_text("the 1 2\n")
    lines, *_ = shown(3, "--vectors", tmp_path / "v.txt", make=lambda run, i: fake(run, 1, with_test=True))
    head, rows = cells(lines, ["paper", "mean", "least", "best"] * 2)
    assert re.split(" {2,}", head.strip()) == ["all words", "unknown words"]
    assert rows["ours, single model"] == ["", *["50.10"] * 3, "", *["70.10"] * 3] and rows["ours, ensemble of 4"] == ["", *["51.10"] * 3, "", *["71.10"] * 3]
    assert rows["DMN, ensemble of 4"] == ["97.56", *[""] * 7] and rows["SVMTool"][0] == "97.15"
    assert "paper: test, WSJ; word vectors of ours: v.txt" in lines and "ours: texts of our own grammar, test set; seed 0" in lines
    lines, *_ = shown(3, "--vectors", "none", "--ensemble", 2, make=lambda run, i: {**fake(run, 1), "valid": {k: v for k, v in fake(run, 1)["valid"].items() if "ensemble" not in k}})
    assert not any("ensemble of 2" in line for line in lines)                              # fewer epochs were kept


def test_table_4_has_the_papers_figures_beside_ours(shown):
    lines, *_ = shown(4, "--vectors", "none")
    runs = runs_of(4)
    found = {}
    for block in range(2):
        at = [i for i, line in enumerate(lines) if line.split()[:1] == ["paper"]][block]
        head, rows = cells(lines[at - 1:], ["paper", "mean", "least", "best"] * 2)
        panels = re.findall("task [378]|SST fine", head)
        for row, values in rows.items():
            found |= {(panels[0], row): values[:4], (panels[1], row): values[4:]}
    assert set(found) == {(panel, f"{n} pass{'es' * (n != 1)}") for panel in PASSES for n in (0, 1, 2, 3, 5)}
    for i, run in enumerate(runs):
        (panel, row, *_), = run.places
        paper = PASSES[panel].get(int(row[0]))
        assert found[panel, row] == ["" if paper is None else f"{paper:.1f}", *[f"{30 + i / 10:.1f}"] * 3]
    assert found["SST fine", "5 passes"] == [""] * 4 and "SST with 5 passes: not in the paper" in lines
    assert "ours: generated stories (1k) and texts of our own grammar, validation set; seed" in lines


def test_the_folder_is_named_by_what_is_in_it(monkeypatch, capsys, tmp_path):
    folders = []

    def run_all(runs, folder, *_):
        folders.append(str(folder))
        raise KeyboardInterrupt
    monkeypatch.setattr(command, "run_all", run_all)
    write_task(tmp_path / "en-10k", 1, {"train": 3, "valid": 2}, np.random.default_rng(0))
    for words in ((1, "--tasks", 4), (1, "--size", "10k", "--quick"), (1, "--data", tmp_path / "en-10k", "--tasks", 1), (3,), (2, "--data", tmp_path)):
        assert table(capsys, *words)[0] == 130
    assert folders == ["runs/table1-1k-own", "runs/table1-10k-own-quick", "runs/table1-10k", "runs/table3-own", "runs/table2"]
    assert command.vectors_of(command_args(3, vectors="none")) is None and command.vectors_of(command_args(1, data="x")) is None


def command_args(number, **more):
    return SimpleNamespace(**{"table": number, "vectors": None, "data": None, "sst": None} | more)


@pytest.mark.parametrize("installed", (True, False))
def test_word_vectors_are_taken_where_they_are_installed_and_texts_are_published(installed, monkeypatch, tmp_path):
    monkeypatch.setattr(command, "find_spec", lambda name: installed or None)
    of = lambda number, **more: command.vectors_of(command_args(number, **more))
    glove = "glove" if installed else None
    assert [of(2, data="x"), of(3, data="x"), of(4, sst="x"), of(4, data="x"), of(2), of(1, data="x"), of(2, data="x", vectors="none")] == [glove, glove, glove] + [None] * 4
    (tmp_path / "v.txt").write_text("")
    assert of(2, vectors="glove") == "glove" and of(3, vectors=str(tmp_path / "v.txt")) == str(tmp_path / "v.txt")


def test_what_is_finished_is_counted_and_shown(shown, monkeypatch):
    """Of 3 runs 2 are there: one is made, the table has all."""
    runs = runs_of(1, tasks=(2, 4))
    before = {run.name: fake(run, i) for i, run in enumerate(runs[:2])}
    monkeypatch.setattr(command, "finished", lambda run, folder: before.get(run.name))
    asked = []

    def make(run, i):
        asked.append(run.name)
        return fake(run, i)
    lines, said, err, _ = shown(1, "--tasks", 2, 4, "--jobs", 2, make=lambda run, i: before.get(run.name) or make(run, i))
    assert err.startswith("3 runs, 2 of them finished before, 1 at a time, in ") and asked == [runs[2].name] and len(said["runs"]) == 3
    monkeypatch.setattr(command, "finished", lambda run, folder: None)
    assert shown(1, "--tasks", 2, 4, "--jobs", 2)[2].startswith("3 runs, 2 at a time, in ")


def test_the_command_says_what_ctrl_c_leaves(monkeypatch, capsys, tmp_path):
    def run_all(runs, folder, jobs, backend, on_end):
        on_end(runs[0], fake(runs[0], 1), None)
        raise KeyboardInterrupt
    monkeypatch.setattr(command, "run_all", run_all)
    code, out, err = table(capsys, 1, "--tasks", 2, 4, "--out", tmp_path / "t")
    assert code == 130 and not out and err.splitlines()[-1] == f"stopped; 1 of 3 runs are finished and stay in {tmp_path / 't'}: the same command goes on"


def test_jobs_and_backend_reach_the_runs(monkeypatch, capsys, tmp_path):
    given = []

    def run_all(runs, folder, jobs, backend, on_end):
        given.append((len(runs), folder, jobs, backend))
        raise KeyboardInterrupt
    monkeypatch.setattr(command, "run_all", run_all)
    monkeypatch.setattr(command.threads, "count", lambda: 5)
    for words in (("--jobs", 3, "--backend", "numpy"), ()):
        assert table(capsys, 1, "--tasks", 4, *words, "--out", tmp_path)[0] == 130
    assert given == [(1, tmp_path, 3, "numpy"), (1, tmp_path, 5, "numba")]
