"""The paper's tables 1 to 4: its figures, the runs that give ours, and what several seeds say together.

A run is one task, one setting, one seed.  Its figures become a small JSON file in the table's folder when it is finished, its weights a
checkpoint beside it; the files' name holds a digest of its settings, so that it is found again and never taken for another.
"""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from _thread import interrupt_main
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from pathlib import Path
from statistics import mean, stdev

import numpy as np

from .. import __version__, threads
from ..config import Config
from ..data.babi import FOLDERS, TITLES, load_task
from ..data.sources import size_of
from ..data.story import Question, Story
from ..data.vocabulary import Vocabulary
from ..errors import UserError
from ..model import DMN
from . import checkpoint, loop, memory
from .evaluate import evaluate, outputs
from .material import about_run, batch_of, begin_with, gather, unknown_words
from .presets import babi_config, pos_config, sst_config

# ---- what the paper reports, in % --------------------------------------------------------------------------------------------------

BABI = {                                                   # table 1, test: tasks 1 to 20
    "MemNN": (100, 100, 100, 100, 98, 100, 85, 91, 100, 98, 100, 100, 100, 99, 100, 100, 65, 95, 36, 100),      # Weston et al. 2015
    "DMN": (100, 98.2, 95.2, 100, 99.3, 100, 96.9, 96.5, 100, 97.5, 99.9, 100, 99.8, 100, 100, 99.4, 59.6, 95.3, 34.5, 100)}
SENTIMENT = {                                              # table 2, test: binary, fine, whose
    "MV-RNN": (82.9, 44.4, "Socher et al. 2013"), "RNTN": (85.4, 45.7, "Socher et al. 2013"),
    "DCNN": (86.8, 48.5, "Kalchbrenner et al. 2014"), "PVec": (87.8, 48.7, "Le and Mikolov 2014"), "CNN-MC": (88.1, 47.4, "Kim 2014"),
    "DRNN": (86.6, 49.8, "Irsoy and Cardie 2015"), "CT-LSTM": (88.0, 51.0, "Tai et al. 2015"), "DMN": (88.6, 52.1, "Kumar et al. 2016")}
TAGGING = {                                                # table 3, WSJ test, all words; the paper has no figure for unknown words
    "SVMTool": (97.15, "Giménez and Màrquez 2004"), "Søgaard": (97.27, "Søgaard"), "Suzuki et al.": (97.40, "Suzuki et al."),
    "Spoustová et al.": (97.44, "Spoustová et al."), "SCNN": (97.50, "Søgaard 2011"), "DMN, single (dev)": (97.5, "Kumar et al. 2016"),
    "DMN, ensemble of 4": (97.56, "Kumar et al. 2016")}
PASSES = {"task 3": {0: 0, 1: 0, 2: 16.7, 3: 64.7, 5: 95.2}, "task 7": {0: 48.8, 1: 48.8, 2: 49.1, 3: 83.4, 5: 96.9},       # table 4
          "task 8": {0: 33.6, 1: 54.0, 2: 55.6, 3: 83.4, 5: 96.5}, "SST fine": {0: 50.0, 1: 51.5, 2: 52.1, 3: 50.1}}

PASSED = 95.0                                              # a task counts as passed above
VARIANTS = ("plain", "retold")                             # the paper's model; the same, with stories told again (data/retelling.py)
QUICK = {"hidden": 12, "embedding": 12, "gate_hidden": 12, "epochs": 2, "patience": 2, "gate_epochs": 0, "batch": 32}
SET_BY_TABLE = {1: ("rename", "shorten"), 2: ("passes",), 3: (), 4: ("passes",)}
LAYOUT = 1                                                 # of a run's JSON file; files of another layout are run again

# ---- runs --------------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Run:
    """One training: what the table makes of it, and all that it takes to make it again."""

    label: str                 # for people:  babi-2 plain
    places: list               # [(panel, row, series, figure)]: where each of its figures stands in the table
    about: dict                # see material.gather
    given: dict                # fields of Config

    @property
    def settings(self):
        """What decides its figures, as a dict that JSON can hold."""
        about, own = self.about, self.about["data"] is None
        config = {"babi": lambda: babi_config(about["task"], about["size"], plain=about["plain"], **self.given),
                  "sst": lambda: sst_config(own, **self.given), "pos": lambda: pos_config(own, **self.given)}[about["set"]]()
        # what plain means is said by the config
        return {"layout": LAYOUT, "about": {k: v for k, v in about.items() if k != "plain"}, "config": asdict(config)}

    @property
    def name(self):
        """Of its files, without their ending."""
        digest = sha256(json.dumps(self.settings, sort_keys=True).encode()).hexdigest()[:8]
        return f"{self.about['name']}-seed{self.about['seed']}-{digest}"


def runs_of(table, seeds=(0,), data=None, sst=None, size=None, tasks=None, variants=VARIANTS, vectors=None, column="xpos", quick=False, **given):
    """The runs of a table, seed by seed -> list[Run], no two the same.

    data: folder of bAbI (tables 1, 4), of SST (2) or of tagged sentences (3); None: generated stories, own grammars.  sst: folder of SST for
    table 4, where data alone leaves the column SST out and sst alone the tasks.  Raises UserError for settings that the table itself sets.
    """
    if taken := [name for name in SET_BY_TABLE[table] if name in given]:
        raise UserError(f"--{taken[0]}: table {table} sets it from row to row; leave it out" + (", or choose by --variants" if table == 1 else ""))
    for folder in filter(None, (data, sst)):
        if not Path(folder).exists():
            raise UserError(f"{folder}: no such folder; give the folder with the published files, or leave it out for texts of our own")
    given = QUICK | given if quick else given
    if vectors and "embedding" in given and quick:
        given = {k: v for k, v in given.items() if k != "embedding"}                       # as wide as the vectors
    runs = []

    def babi(task, seed, panel, row, series, plain, **more):
        about = about_run("babi", data, seed, task=task, size=size, plain=plain)
        runs.append(Run(f"babi-{task} {series if table == 1 else row.replace(' ', '-')}", [(panel, row, series, "accuracy")], about, more | given))

    def sentiment(kind, seed, folder, panel, row, **more):
        runs.append(Run(f"sst-{kind} {row.removeprefix('ours, ').replace(' ', '-')}", [(panel, row, "ours", "accuracy")],
                        about_run("sst", folder, seed, kind=kind, vectors=vectors), more | given))

    if table == 1:
        tasks = tasks or ((1, 15) if quick else tuple(TITLES))
        size = _size(data, tasks[0], size)
        for seed in seeds:
            for task in tasks:
                for variant in variants:
                    babi(task, seed, "", row_of(task), variant, variant == "plain")
    elif table == 2:
        for seed in seeds:
            for kind in ("binary", "fine"):
                for passes in (1, 2):
                    sentiment(kind, seed, data, kind, f"ours, {_passes(passes)}", passes=passes)
    elif table == 3:
        keep = min(given.get("keep", 4), given.get("epochs", 4))
        for seed in seeds:
            places = [(panel, row, "ours", figure) for row, start in (("ours, single model", ""), (f"ours, ensemble of {keep}", "ensemble_"))
                      for panel, figure in (("all words", start + "accuracy"), ("unknown words", start + "unknown")) if keep > 1 or not start]
            runs.append(Run(f"pos keep-{keep}", places, about_run("pos", data, seed, column=column, vectors=vectors), given | {"keep": keep}))
    else:
        tasks = (tasks or ((7,) if quick else (3, 7, 8))) if data or not sst else ()
        size = _size(data, tasks[0], size) if tasks else None
        for seed in seeds:
            for passes in (0, 1, 2) if quick else (0, 1, 2, 3, 5):
                for task in tasks:
                    babi(task, seed, f"task {task}", _passes(passes), "ours", True, passes=passes)
                if (sst or not data) and passes < 5:
                    sentiment("fine", seed, sst, "SST fine", _passes(passes), passes=passes)
    merged = {}                                            # where a task has no switch to turn, plain and retold are one run
    for run in runs:
        known = merged.setdefault(run.name, run)
        new = [place for place in run.places if place not in known.places]
        label = f"{known.label} = {new[0][2]}" if known is not run and new else known.label
        merged[run.name] = replace(known, places=known.places + new, label=label)
    return list(merged.values())


def row_of(task):
    """A task's row in table 1: number and name."""
    return f"{task:2} {TITLES.get(task, '').replace('-', ' ')}"


def _passes(n):
    return f"{n} pass{'es' * (n != 1)}"


def _size(data, task, size):
    """"1k" or "10k": as asked for, as the folder is named, or as the files are long."""
    named = next((s for s, names in FOLDERS.items() if data and Path(data).name in names), None)
    return size or named or (size_of(load_task(data, task)[0]) if data else "1k")


# ---- one run -----------------------------------------------------------------------------------------------------------------------


def finished(run, folder):
    """What a run's JSON file says; None where there is none, or none that can be read as what it should be: then it is run again."""
    try:
        result = json.loads((Path(folder) / f"{run.name}.json").read_text(encoding="utf-8"))
        if result["settings"] == run.settings and result["valid"]["n"] and {"test", "seconds", "epochs"} <= result.keys():
            return result
    except (OSError, ValueError, KeyError, TypeError):
        return None


def execute(run, folder, backend="numba"):
    """Trains, or goes on from the checkpoint in `folder`; writes NAME.json there.  -> its contents."""
    path = Path(folder) / f"{run.name}.npz"
    material = gather(run.about, **run.given)
    batches = {split: material.batch(stories) if stories else None for split, stories in (("valid", material.valid), ("test", material.test))}
    try:
        model, state, _ = checkpoint.load(path, backend)
        begun = model.config == material.config and model.vocabulary == material.vocabulary
    except UserError:                                      # none there, or not one of this version
        begun = False
    if not begun:
        model = DMN(material.config, material.vocabulary, backend, run.about["seed"])
        if material.vectors:
            begin_with(model, material.vectors)
        state = loop.start(model, run.about["seed"])
    memory.check(material.train, model.config, model.dtype)
    loop.train(model, material.epoch, batches["valid"], state, lambda state: checkpoint.save(path, model, state, run.about))
    result = {"version": __version__, "settings": run.settings, "seed": run.about["seed"], "epochs": state.epoch, "best_epoch": state.best_epoch,
              "seconds": sum(epoch["seconds"] for epoch in state.history), "threads": model.threads,
              "n_train": sum(len(story.questions) for story in material.train)}
    trained_on = set(_asked(material.train))
    for split, batch in batches.items():
        stories = getattr(material, split)
        unknown = unknown_words(batch, stories, material.train) if batch and model.config.answer == "tags" else None
        result[split] = batch and figures(model, batch, unknown, state.kept)
        if batch:
            result[split]["n_in_train"] = sum(asked in trained_on for asked in _asked(stories))
    write_whole(path.with_suffix(".json"), json.dumps(result, indent=1))
    return result


def _asked(stories):
    """Each question together with all it may see, as one text."""
    return (repr((story.facts[:q.n_facts], q.tokens)) for story in stories for q in story.questions)


def figures(model, batch, unknown=None, kept=()):
    """Shares of 1 of a model on the Batch of a set.  unknown: which words of tagged sentences training never saw, as batch.answer.
    kept: weights of several epochs, for the figures named ensemble_...  Of whole answers `right` has a 1 or a 0 for each question."""
    first, kind = evaluate(model, batch), model.config.answer
    out = {"n": first.n_questions, "accuracy": first.answer_accuracy, "loss": first.loss,
           "gate_accuracy": first.gate_accuracy if np.isfinite(first.gate_accuracy) else None}
    if len(kept) > 1 and kind != "sequence":
        out["ensemble_accuracy"] = evaluate(model, batch, thetas=kept).answer_accuracy
    if kind == "tags":
        out["n_unknown"] = int(unknown.sum())
        for start, thetas in (("", None), ("ensemble_", kept))[:1 + (len(kept) > 1)]:
            right, row = 0, 0
            for part, said in outputs(model, batch, thetas=thetas):
                Q, T = part.answer.shape
                right += int(np.sum((said.answers[:, :T] == part.answer) & unknown[row:row + Q, :T]))
                row += Q
            out[start + "unknown"] = right / max(1, out["n_unknown"])
    else:
        out["right"] = "".join("01"[r] for part, said in outputs(model, batch) for r in _whole_right(said.answers, part.answer))
    return out


def _whole_right(answers, wanted):
    """(Q,) of 0 and 1: is the answer, of one word or of several with their end, the one wanted?"""
    if wanted.ndim == 1:
        return (answers == wanted).astype(int)
    T = wanted.shape[1]
    return ((answers[:, :T] == wanted).all(axis=1) & (answers[:, T:] < 0).all(axis=1)).astype(int)


def write_whole(path, text):
    """The file appears whole or not at all.  Raises UserError where it cannot be written."""
    path = Path(path)
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(text, encoding="utf-8")
        os.replace(temporary, path)
    except OSError as error:
        raise UserError(f"{path}: cannot be written ({error.strerror}); choose another --out") from None
    finally:
        temporary.unlink(missing_ok=True)


# ---- many runs, side by side -------------------------------------------------------------------------------------------------------


def run_all(runs, folder, jobs, backend="numba", on_end=None):
    """Runs in processes of their own, `jobs` at a time, those that are finished already left out.

    on_end(run, result, problem) after each: problem is None or one line.  However this ends, no process stays behind, and what is finished stays.
    """
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"{folder}: cannot be made ({error.strerror}); choose another --out") from None
    waiting = [run for run in runs if not finished(run, folder)]
    n_threads = max(1, threads.count() // max(1, min(jobs, len(waiting))))
    if backend == "numba" and jobs > 1 and len(waiting) > 1:
        compile_for(waiting)
    active = []
    try:
        while waiting or active:
            while waiting and len(active) < jobs:
                active.append((waiting[0], _start(waiting[0], folder, backend, n_threads)))
                del waiting[0]
            for run, process in [pair for pair in active if pair[1].poll() is not None]:
                active.remove((run, process))
                process.stdin.close()
                on_end and on_end(run, *_outcome(run, folder, process.returncode))
            time.sleep(0.02)
    finally:
        for _, process in active:
            process.stdin.close()                          # a worker stops when nobody is left to ask for its work
        for run, process in active:
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
            (folder / f"{run.name}.log").unlink(missing_ok=True)


def _start(run, folder, backend, n_threads):
    """A worker process; what it says of errors goes to NAME.log."""
    home = str(Path(__file__).parents[2])                  # where this package was found, it will be found again
    environment = os.environ | {"TINYDMN_THREADS": str(n_threads), "PYTHONPATH": os.pathsep.join(filter(None, (home, os.environ.get("PYTHONPATH"))))}
    with open(folder / f"{run.name}.log", "w", encoding="utf-8") as log:
        process = subprocess.Popen([sys.executable, "-m", "tinydmn.training.tables"], stdin=subprocess.PIPE, stdout=log, stderr=log, text=True,
                                   env=environment)
    try:
        print(json.dumps({"run": asdict(run), "folder": str(folder), "backend": backend}), file=process.stdin, flush=True)
    except OSError:
        process.wait()                                     # it has gone already: its exit code and its log will say why
    return process


def _outcome(run, folder, code):
    """-> what the run found, or None; what went wrong in one line, or None."""
    result, log = finished(run, folder), folder / f"{run.name}.log"
    if code == 0 and result:
        log.unlink()
        return result, None
    said = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return None, said[-1] if said else f"its process ended with exit code {code}" + (" (killed: out of memory?)" if code == -9 else "")


def compile_for(runs):
    """One training step on a tiny set for each kind of network, so that processes side by side find kernels compiled and need not write
    them at the same time."""
    for settings in {json.dumps(tiny, sort_keys=True): tiny for tiny in (_tiny(run.settings["config"]) for run in runs)}.values():
        config = Config(**settings)
        facts = [["a", "b"]] if config.facts == "words" else [["a", "b"], ["b"]]
        answer = {"word": ["a"], "sequence": ["a", "b"], "tags": ["x", "y"]}[config.answer]
        stories = [Story(facts, [Question(["c"], answer, len(facts), [0] if config.alpha else [])])] * 2
        vocabulary = Vocabulary.build(stories, config.answer, features=config.answer == "tags")
        model, batch = DMN(config, vocabulary), batch_of(stories, vocabulary, config)
        loop.train(model, batch, batch, loop.start(model, 0))


def _tiny(config):
    return config | {"hidden": 4, "embedding": 4, "gate_hidden": 4, "passes": min(2, config["passes"]), "epochs": 1, "gate_epochs": 0, "keep": 1}


def main():
    """A worker: the run to make stands in the first line of the input; when the input ends, whoever asked for it has gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)           # Ctrl-C in a terminal reaches every process of it: the first one decides
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    asked = json.loads(sys.stdin.readline())

    def stop_with_parent():
        sys.stdin.read()
        interrupt_main(signal.SIGTERM)
    threading.Thread(target=stop_with_parent, daemon=True).start()
    threads.keep_freed_memory()
    try:
        execute(Run(**asked["run"]), asked["folder"], asked["backend"])
    except UserError as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return 130
    return 0


# ---- what they say together --------------------------------------------------------------------------------------------------------


def measured(result):
    """-> "test" and the figures of the test set, where the data has one; else "validation" and those."""
    return ("test", result["test"]) if result["test"] else ("validation", result["valid"])


def over_seeds(results, figure="accuracy"):
    """Results of one setting with several seeds -> mean, best (the seed that validation chooses), spread (standard deviation; None of one), in %."""
    values = [100 * measured(result)[1][figure] for result in results]
    chosen = max(range(len(results)), key=lambda i: (results[i]["valid"][figure], -results[i]["valid"]["loss"]))
    return {"mean": mean(values), "best": values[chosen], "spread": stdev(values) if len(values) > 1 else None,
            "values": values, "seeds": [result["seed"] for result in results], "split": measured(results[0])[0]}


def entries_of(table, runs, results):
    """All figures of a table as one list: {"panel", "row", "series", "mean", and of ours what over_seeds gives}.  results: {run's name: result}."""
    panels = list(dict.fromkeys(place[0] for run in runs for place in run.places))
    rows = list(dict.fromkeys(place[1] for run in runs for place in run.places))
    paper = lambda panel, row, series, value, source: {"panel": panel, "row": row, "series": series, "mean": value, "source": source}
    of_paper = "Kumar et al. 2016"
    if table == 1:
        out = [paper("", row, name, values[int(row[:2]) - 1], of_paper if name == "DMN" else "Weston et al. 2015")
               for row in rows if int(row[:2]) in TITLES for name, values in BABI.items()]
    elif table == 2:
        out = [paper(panel, row, "paper", figure, source)
               for row, (*both, source) in SENTIMENT.items() for panel, figure in zip(("binary", "fine"), both)]
    elif table == 3:
        out = [paper("all words", row, "paper", figure, source) for row, (figure, source) in TAGGING.items()]
    else:
        out = [paper(panel, _passes(n), "paper", figure, of_paper)
               for panel in panels for n, figure in PASSES.get(panel, {}).items() if _passes(n) in rows]
    found = {}
    for run in runs:
        if run.name in results:
            for *place, figure in run.places:
                found.setdefault((*place, figure), []).append(results[run.name])
    # an ensemble needs more than one epoch with answers
    return out + [{"panel": panel, "row": row, "series": series} | over_seeds(of, figure) for (panel, row, series, figure), of in found.items()
                  if all(figure in measured(result)[1] for result in of)]


def table_1_summary(entries):
    """{series: mean over the tasks, how many it passes, over how many tasks; ours also by each task's best seed, and the spread}.

    The paper's are of the same tasks.
    """
    out = {}
    for series in dict.fromkeys(entry["series"] for entry in entries):
        own = [entry for entry in entries if entry["series"] == series]
        out[series] = {"tasks": len(own)}
        values = [entry.get("values", ()) for entry in own]
        if len(values[0]) > 1 and len(set(map(len, values))) == 1:                         # of the mean over the tasks, seed by seed
            out[series]["spread"] = stdev(map(mean, zip(*values)))
        for kind in ("mean", "best"):
            if all(kind in entry for entry in own):
                # MemNN's figures are whole numbers, and the paper counts its 95 on task 18 as passed
                passed = sum(entry[kind] + 0.5 * (series == "MemNN") > PASSED for entry in own)
                out[series] |= {kind: mean(entry[kind] for entry in own), f"passed_{kind}": passed}
    return out


def difference(ones, twos, same_questions):
    """By how many % the second of two settings is better than the first -> mean, lower, upper (95 %, paired by question).

    ones, twos: results, seed by seed.  same_questions: whether all seeds were asked the same; then a question counts once, with its mean.
    """
    bits = lambda results: [np.array(list(measured(result)[1]["right"]), float) for result in results]
    by_seed = [b - a for a, b in zip(bits(ones), bits(twos))]
    d = 100 * (np.mean(by_seed, axis=0) if same_questions else np.concatenate(by_seed))
    half = 1.96 * d.std(ddof=1) / np.sqrt(len(d))
    return float(d.mean()), float(d.mean() - half), float(d.mean() + half)


if __name__ == "__main__":
    sys.exit(main())
