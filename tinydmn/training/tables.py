"""The paper's tables 1 to 4: its figures, the runs that give ours, and figures over several seeds.

Each task set owns its tables (tasks/): their rows, the paper's figures, the runs.
"""

from dataclasses import dataclass, field, replace
from math import inf
from statistics import mean, stdev

import numpy as np

from ..errors import UserError, check_folder, kind_of
from ..tasks import TASKS, about_run
from .runs import Run

PASSED = 95.0                  # a task counts as passed above
VARIANTS = ("plain", "extended")       # the paper's model; with switches that it does not have
QUICK = {"hidden": 12, "embedding": 12, "gate_hidden": 12, "epochs": 2, "patience": 2,
         "gate_epochs": 0, "batch": 32}

# ---- the runs of a table -------------------------------------------------------------------------


@dataclass(frozen=True)
class TableOptions:
    """The options of a table, besides its number and the seeds."""

    data: str | None = None    # folder of bAbI (tables 1, 4), SST (2) or tagged sentences (3)
    sst: str | None = None     # table 4: folder of SST
    size: str | None = None    # bAbI: "1k" or "10k"
    tasks: tuple | None = None
    variants: tuple = VARIANTS
    vectors: str | None = None
    column: str = "xpos"
    quick: bool = False        # a tiny network and few rows
    given: dict = field(default_factory=dict)              # fields of Config


def tables():
    """The tables that there are -> {number: {name of a task set: its Table}}."""
    found = {}
    for name, task in TASKS.items():
        for number, table in task.tables.items():
            found.setdefault(number, {})[name] = table
    return dict(sorted(found.items()))


def runs_of(table, seeds=(0,), **options):
    """The runs of a table, seed by seed -> list[Run], no two the same.

    options: fields of TableOptions, and fields of Config.  Without data texts are generated; of
    table 4, data alone leaves the column SST out, and sst alone the tasks.  Raises UserError for
    settings that the table itself sets.
    """
    given = {k: options.pop(k) for k in [*options] if k not in TableOptions.__dataclass_fields__}
    own = tables()[table]
    if taken := [name for of in own.values() for name in of.sets if name in given]:
        choose = ", or choose by --variants" if table == 1 else ""
        raise UserError(f"--{taken[0].replace('_', '-')}: table {table} sets it from row to row; "
                        f"leave it out{choose}")
    for folder in filter(None, (options.get("data"), options.get("sst"))):
        if table != 3 or not kind_of(folder):              # tagged words may be one file
            check_folder(folder, "give the folder with the published files, or leave it out for "
                                 "texts of our own")
    given = QUICK | given if options.get("quick") else given
    if options.get("quick") and options.get("vectors"):          # as wide as the vectors
        given = {k: v for k, v in given.items() if k != "embedding"}
    runs = []
    for seed in seeds:
        for name in own:
            for row in TASKS[name].runs(table, TableOptions(**options, given=given)):
                about = about_run(name, row.data, seed, **row.about)
                runs.append(Run(row.label, row.places, about, given | row.settings))
    merged = {}                # where a task has no switch to turn, plain and extended are one run
    for run in runs:
        known = merged.setdefault(run.name, run)
        new = [place for place in run.places if place not in known.places]
        label = f"{known.label} = {new[0][2]}" if known is not run and new else known.label
        merged[run.name] = replace(known, places=known.places + new, label=label)
    return list(merged.values())


# ---- figures over seeds --------------------------------------------------------------------------


def measured(result):
    """-> "test" and the figures of the test set, where there is one; else "validation" and its."""
    return ("test", result["test"]) if result["test"] else ("validation", result["valid"])


def over_seeds(results, figure="accuracy"):
    """Results of one setting with several seeds -> dict of figures in %.

    mean, least, best: the last of the seed that validation chooses (higher accuracy there, then
    lower loss; test figures have no say); spread: the standard deviation, None of one seed.
    """
    values = [100 * measured(result)[1][figure] for result in results]
    # a loss that was not finite is null in a file
    loss = [inf if (loss := result["valid"]["loss"]) is None else loss for result in results]
    chosen = max(range(len(results)), key=lambda i: (results[i]["valid"][figure], -loss[i]))
    return {"mean": mean(values), "least": min(values), "best": values[chosen],
            "chosen": results[chosen]["seed"], "spread": stdev(values) if len(values) > 1 else None,
            "values": values, "seeds": [result["seed"] for result in results],
            "split": measured(results[0])[0]}


def entries_of(table, runs, results):
    """All figures of a table as one list: {"panel", "row", "series", "mean", and of ours all that
    over_seeds gives}.  results: {run's name: result}."""
    panels = list(dict.fromkeys(place[0] for run in runs for place in run.places))
    rows = list(dict.fromkeys(place[1] for run in runs for place in run.places))
    out = [{"panel": panel, "row": row, "series": series, "mean": value, "source": source}
           for name in tables()[table]
           for panel, row, series, value, source in TASKS[name].paper(table, panels, rows)]
    found = {}
    for run in runs:
        if run.name in results:
            for *place, figure in run.places:
                found.setdefault((*place, figure), []).append(results[run.name])
    for (panel, row, series, figure), of in found.items():
        # an ensemble needs more than one epoch with answers
        if all(figure in measured(result)[1] for result in of):
            out.append({"panel": panel, "row": row, "series": series} | over_seeds(of, figure))
    return out


def table_1_summary(entries):
    """A summary of table 1 -> {series: dict}: mean over the tasks, how many are passed, of how
    many; of ours also by each task's least seed, by the one that validation chooses ("best"), and
    the spread.

    The paper's figures are of the same tasks.
    """
    out = {}
    for series in dict.fromkeys(entry["series"] for entry in entries):
        own = [entry for entry in entries if entry["series"] == series]
        out[series] = {"tasks": len(own)}
        values = [entry.get("values", ()) for entry in own]
        if len(values[0]) > 1 and len(set(map(len, values))) == 1:
            # of the mean over the tasks, seed by seed
            out[series]["spread"] = stdev(map(mean, zip(*values)))
        for kind in ("mean", "least", "best"):
            if all(kind in entry for entry in own):
                # MemNN's are whole numbers, and the paper counts its 95 on task 18 as passed
                passed = sum(entry[kind] + 0.5 * (series == "MemNN") > PASSED for entry in own)
                out[series] |= {kind: mean(entry[kind] for entry in own), f"passed_{kind}": passed}
    return out


def difference(ones, twos, same_questions):
    """By how many % the second of two settings is better than the first -> mean, lower, upper (95
    % interval, paired by question).

    ones, twos: results, seed by seed.  same_questions: whether all seeds were asked the same; then
    a question counts once, with its mean.
    """
    bits = lambda results: [np.array(list(measured(result)[1]["right"]), float)
                            for result in results]
    by_seed = [b - a for a, b in zip(bits(ones), bits(twos))]
    d = 100 * (np.mean(by_seed, axis=0) if same_questions else np.concatenate(by_seed))
    half = 1.96 * d.std(ddof=1) / np.sqrt(len(d))
    return float(d.mean()), float(d.mean() - half), float(d.mean() + half)
