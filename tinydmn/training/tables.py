"""The paper's tables 1 to 4: its figures, the runs that give ours, and what several seeds say together."""

from dataclasses import replace
from math import inf
from pathlib import Path
from statistics import mean, stdev

import numpy as np

from ..data.babi import FOLDERS, TITLES, load_task
from ..data.sources import size_of
from ..errors import UserError, check_folder, kind_of
from .material import about_run
from .runs import Run

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
VARIANTS = ("plain", "extended")                           # the paper's model; the same with switches that it does not have (presets.EXTENDED)
QUICK = {"hidden": 12, "embedding": 12, "gate_hidden": 12, "epochs": 2, "patience": 2, "gate_epochs": 0, "batch": 32}
SET_BY_TABLE = {1: ("permute_entities", "drop_facts"), 2: ("passes",), 3: (), 4: ("passes",)}

# ---- the runs of a table -----------------------------------------------------------------------------------------------------------


def runs_of(table, seeds=(0,), data=None, sst=None, size=None, tasks=None, variants=VARIANTS, vectors=None, column="xpos", quick=False, **given):
    """The runs of a table, seed by seed -> list[Run], no two the same.

    data: folder of bAbI (tables 1, 4), of SST (2) or of tagged sentences (3); None: generated stories, own grammars.  sst: folder of SST for
    table 4, where data alone leaves the column SST out and sst alone the tasks.  Raises UserError for settings that the table itself sets.
    """
    if taken := [name for name in SET_BY_TABLE[table] if name in given]:
        raise UserError(f"--{taken[0]}: table {table} sets it from row to row; leave it out" + (", or choose by --variants" if table == 1 else ""))
    for folder in filter(None, (data, sst)):
        if table != 3 or not kind_of(folder):              # tagged words may be one file
            check_folder(folder, "give the folder with the published files, or leave it out for texts of our own")
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
        keep = min(given.get("ensemble", 4), given.get("epochs", 4))
        for seed in seeds:
            places = [(panel, row, "ours", figure) for row, start in (("ours, single model", ""), (f"ours, ensemble of {keep}", "ensemble_"))
                      for panel, figure in (("all words", start + "accuracy"), ("unknown words", start + "unknown")) if keep > 1 or not start]
            runs.append(Run(f"pos keep-{keep}", places, about_run("pos", data, seed, column=column, vectors=vectors), given | {"ensemble": keep}))
    else:
        tasks = (tasks or ((7,) if quick else (3, 7, 8))) if data or not sst else ()
        size = _size(data, tasks[0], size) if tasks else None
        for seed in seeds:
            for passes in (0, 1, 2) if quick else (0, 1, 2, 3, 5):
                for task in tasks:
                    babi(task, seed, f"task {task}", _passes(passes), "ours", True, passes=passes)
                if (sst or not data) and passes < 5:
                    sentiment("fine", seed, sst, "SST fine", _passes(passes), passes=passes)
    merged = {}                                            # where a task has no switch to turn, plain and extended are one run
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


# ---- what they say together --------------------------------------------------------------------------------------------------------


def measured(result):
    """-> "test" and the figures of the test set, where the data has one; else "validation" and those."""
    return ("test", result["test"]) if result["test"] else ("validation", result["valid"])


def over_seeds(results, figure="accuracy"):
    """Results of one setting with several seeds -> mean, least, best (of the seed that validation chooses: higher accuracy there, then lower
    loss; test figures have no say), spread (standard deviation; None of one), in %."""
    values = [100 * measured(result)[1][figure] for result in results]
    loss = [inf if (loss := result["valid"]["loss"]) is None else loss for result in results]              # one that was no number stands as null
    chosen = max(range(len(results)), key=lambda i: (results[i]["valid"][figure], -loss[i]))
    return {"mean": mean(values), "least": min(values), "best": values[chosen], "chosen": results[chosen]["seed"], "spread": stdev(values) if len(values) > 1 else None,
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
    """{series: mean over the tasks, how many it passes, over how many tasks; ours also by each task's least seed and by the one that validation
    chooses ("best"), and the spread}.

    The paper's are of the same tasks.
    """
    out = {}
    for series in dict.fromkeys(entry["series"] for entry in entries):
        own = [entry for entry in entries if entry["series"] == series]
        out[series] = {"tasks": len(own)}
        values = [entry.get("values", ()) for entry in own]
        if len(values[0]) > 1 and len(set(map(len, values))) == 1:                         # of the mean over the tasks, seed by seed
            out[series]["spread"] = stdev(map(mean, zip(*values)))
        for kind in ("mean", "least", "best"):
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
