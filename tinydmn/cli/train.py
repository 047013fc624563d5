"""train a network

  tinydmn train babi --task 1                     stories and questions; without --data generated ones
  tinydmn train babi --task 2 --data DIR          on the published files (the folder of en, en-10k, or of the files)
  tinydmn train sst --data DIR --vectors glove    sentiment: Stanford's trees (train.txt, dev.txt, test.txt)
  tinydmn train pos --data DIR --vectors glove    a tag for each word: columns, CoNLL-U or the Penn Treebank's sections
  tinydmn train babi --file my_stories.txt        on a file of your own, under any name, plain or .gz; every tenth story is held out,
                                                  or --valid FILE; likewise sst (a table of text,label) and pos (tagged sentences)
  tinydmn train babi --task 2 --data DIR --resume go on where a run was stopped, to the same bits

After each epoch the run is saved; Ctrl-C loses at most the epoch it was in.  A resumed run keeps all that it was told: what is given again must be
the same, but for --epochs, --patience, and the place of --data, --file and --valid, if the same texts lie there.

What a file of your own holds decides how it is read:
  babi   the bAbI format, or JSON Lines:  {"facts": ["Mary sat."], "questions": [{"question": "Who sat?", "answer": "mary", "support": [0]}]}
         supporting facts may be left out; "n_facts": 3 in a question that is asked after the third fact
  sst    a table of texts and labels with , ; or tabs, or JSON Lines:  {"text": "A warm film", "label": "good"}
  pos    word and tag in columns, word/TAG, CoNLL-2000, -2003, CoNLL-U, Penn Treebank trees (or a folder of such files, wsj_NNNN.mrg)
"""

import sys
from argparse import ArgumentTypeError
from dataclasses import asdict, replace
from pathlib import Path
from time import perf_counter

from ..data.files import how_read, in_common
from ..data.entities import classes_text
from ..data.sources import SIZES, size_of
from ..data.tag_formats import COLUMN_NAMES
from ..errors import UserError, kind_of
from ..training import checkpoint, loop, memory
from ..training.evaluate import evaluate, interval
from ..training.material import SETS, about_run, gather, share_of, supervised, unknown_words
from ..training.progress import Progress
from .common import SEEDS, add_backend, add_config, add_json, best_epoch, counted, given_config, number, picture, print_json

OWN = {                        # what each set is told besides --data and --seed, and what holds where nothing is said
    "babi": {"task": 1, "size": None, "plain": False}, "sst": {"kind": "fine", "phrases": 0.5, "vectors": None}, "pos": {"column": "xpos", "vectors": None}}
NOT_OF_FILES = {               # options that say nothing of a file of one's own
    "data": "one or the other", "task": "stories of your own are no task's", "size": "it is as the file is long",
    "kind": "its labels are its classes", "phrases": "only trees have phrases"}
PLACES = ("data", "file", "valid")


def add_arguments(parser):
    parser.add_argument("task_set", choices=SETS, metavar="{babi,sst,pos}", help="what to learn: answers about stories, sentiment, tags")
    parser.add_argument("--task", type=number(least=1, most=999), metavar="N", help="babi: which task (default 1)")
    parser.add_argument("--data", metavar="DIR", help="folder of the published files; without it, and without --file, texts are generated")
    parser.add_argument("--file", metavar="FILE", help="stories, texts with labels or tagged sentences of your own, under any name")
    parser.add_argument("--valid", metavar="FILE", help="another such file for validation (default: every tenth of --file is held out)")
    parser.add_argument("--size", choices=SIZES, help="babi: about 1,000 or 10,000 training questions (default: as the folder says, else 1k)")
    parser.add_argument("--plain", action="store_const", const=True, help="babi: the paper's model, without the switches that a task has by default")
    parser.add_argument("--kind", choices=("fine", "binary"), help="sst: five classes or two (default fine)")
    parser.add_argument("--phrases", type=number(float, least=0.0, most=1.0), metavar="SHARE", help="sst: share of the phrases that an epoch sees (default 0.5)")
    parser.add_argument("--column", type=column, metavar="NAME",
                        help=f"pos: which tags, where a format has several: {', '.join(COLUMN_NAMES)}, or the "
                                                                      "number of a column (default xpos, which is pos in CoNLL-2000 and -2003)")
    parser.add_argument("--vectors", metavar="FILE", help="sst, pos: word vectors to begin with, a GloVe text file, or glove for the installed package")
    parser.add_argument("--out", metavar="FILE", help="checkpoint to write (default runs/babi-TASK.npz, runs/sst-KIND.npz, runs/pos.npz)")
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--resume", action="store_true", help="go on from the checkpoint in --out")
    how.add_argument("--overwrite", action="store_true", help="begin anew even where --out exists")
    parser.add_argument("--plot", type=picture, metavar="FILE", help="draw the training curves (.png, .svg or .pdf)")
    parser.add_argument("--quiet", action="store_true", help="no progress bar")
    parser.add_argument("--seed", type=number(**SEEDS), metavar="N", help="one seed, one result: on one machine bit for bit (default 0)")
    add_backend(parser)
    add_json(parser)
    add_config(parser)


def run(args):
    began = perf_counter()
    about = about_of(args)
    out = Path(args.out or f"runs/{about['name']}.npz")
    if args.resume:
        model, state, about, material = resumed(args, out)
    else:
        if (kind := kind_of(out)) and not args.overwrite:
            mend = "give --out a file" if kind == "folder" else "go on with --resume, replace it with --overwrite, or give another --out"
            raise UserError(f"{out}: exists already{' and is a folder' * (kind == 'folder')}; {mend}")
        material = gather(about, **given_config(args))
        about["texts"] = material.digest
        for line in said_of(material, about):
            print(line, file=sys.stderr)
        memory.check(material.train + material.valid, material.config, "float32", material.vocabulary)
        model, without = material.network(args.backend, about["seed"])
        if without is not None:
            print(f"{without} of {len(model.vocabulary.words)} words have no vector in {args.vectors}: they begin at random", file=sys.stderr)
        state = loop.start(model, about["seed"])
    valid_batch = material.batch(material.valid)
    if unseen := model.vocabulary.unseen_answers(material.valid, model.config.answer):
        print(f"validation asks for {len(unseen)} answers that training never saw, and counts them as wrong: {', '.join(unseen[:8])}", file=sys.stderr)
    checkpoint.save(out, model, state, about)              # from here on Ctrl-C leaves something to go on from

    progress = Progress(model.config, state, questions_an_epoch(material, about), quiet=args.quiet or args.json)
    def on_epoch(state):
        checkpoint.save(out, model, state, about)
        progress.epoch(state)
    try:
        loop.train(model, material.epoch, valid_batch, state, on_epoch, progress.step)
    except KeyboardInterrupt:
        progress.close()
        print(f"stopped in epoch {state.epoch + 1}; {out} holds {counted(state.epoch, 'finished epoch')}: go on with --resume", file=sys.stderr)
        return 130
    finally:
        progress.close()
    held_out = evaluate(model, valid_batch, thetas=state.kept)
    low, high = interval(held_out.answer_accuracy, held_out.n_questions)
    if args.plot:
        from ..plots import plot_training                  # loads Matplotlib
        plot_training(state.history, args.plot, sum(epoch["beta"] == 0 for epoch in state.history))
    seconds = perf_counter() - began
    unknown = None                                         # share right, and number, of the words that training never saw
    if about["set"] == "pos":
        new = unknown_words(valid_batch, material.valid, material.train)
        unknown = share_of(new, model, valid_batch, state.kept), int(new.sum())
    if args.json:
        print_json({"checkpoint": str(out), "epochs": state.epoch, "best_epoch": state.best_epoch, "seconds": seconds, "about": about,
                    "valid_answer_accuracy": held_out.answer_accuracy, "valid_interval": (low, high), "valid_unknown_words": unknown,
                    "valid_gate_accuracy": held_out.gate_accuracy, "n_valid": held_out.n_questions, "history": state.history})
        return
    print(f"validation: {100 * held_out.answer_accuracy:.1f} % of {held_out.n_questions} answers right (95 % interval {100 * low:.1f} to {100 * high:.1f})")
    if unknown:
        print(f"words that training never saw: {100 * unknown[0]:.1f} % of {unknown[1]} right")
    if held_out.gate_accuracy == held_out.gate_accuracy:
        print(f"gates: {100 * held_out.gate_accuracy:.1f} % of the supervised passes look at the right fact")
    together = f" and {len(state.runners_up)} more, whose mean these figures are" if state.runners_up else ""
    print(f"{best_epoch(state.epoch, state.best_epoch)}{together}; {seconds:.0f} s; saved in {out}")
    print(f"now ask it something:  tinydmn ask {out}")


def column(text):
    """A `type` for argparse: a name of tags, or a column's number."""
    if text in COLUMN_NAMES or text.isdecimal():
        return text
    raise ArgumentTypeError(f"{text} is unknown; give {', '.join(COLUMN_NAMES)}, or a number")


def said_of(material, about):
    """What is worth a line about the texts of a run before it begins."""
    if about.get("file"):
        for path in filter(None, (about["file"], about["valid"])):
            yield f"{path}: read as {how_read(about['set'], path, about['column'])}"
        if about["valid"] and (n := in_common(material.train, material.valid)):
            every = sum(len(story.questions) for story in material.valid)
            yield f"{n} of {every} validation questions stand in training as well, with all that is told before them"
    if about["set"] == "babi" and not supervised(material.train):
        yield "no question of training names its supporting facts: the gates are not supervised"
    if material.config.permute_entities == "yes":
        yield from classes_text(material.names) or ["no names can change places"]


def about_of(args):
    """What the run is told, as training.material.gather reads it.  Raises UserError for what another set of tasks, or another source, is told."""
    own = OWN[args.task_set]
    for name in {name for others in OWN.values() for name in others} - set(own):
        if getattr(args, name) is not None:
            sets = " and ".join(task_set for task_set, names in OWN.items() if name in names)
            raise UserError(f"--{name} is for {sets}, not for {args.task_set}; leave it out")
    if args.valid and not args.file:
        raise UserError("--valid: is for a file of your own; give --file FILE as well, or leave --valid out")
    for name, why in NOT_OF_FILES.items():
        if args.file and getattr(args, name) is not None:
            raise UserError(f"--{name} with --file: {why}; leave --{name} out" + (", or --file" if name == "data" else ""))
    told = {name: default if getattr(args, name) is None else getattr(args, name) for name, default in own.items()}
    return about_run(args.task_set, args.data, args.seed or 0, **told, **({"file": args.file, "valid": args.valid} if args.file else {}))


def resumed(args, out):
    """-> model, State, about and Material of the run in `out`.  Raises UserError where the options say otherwise than that run was told."""
    model, state, about = checkpoint.load(out, args.backend)
    differs = "differs from the run in {}, which has {}; a resumed run may change --epochs and --patience alone: leave it out, or begin anew with --overwrite"
    if not {"set", "texts"} <= about.keys():
        raise UserError(f"{out}: does not say what it was trained on, and cannot go on; begin anew with --overwrite")
    if args.task_set != about["set"]:
        raise UserError(f"{out}: is a run of {about['set']}, not of {args.task_set}; train {about['set']} --resume, or give another --out")
    now = about_of(args)
    for name in ("seed", *OWN[about["set"]]):
        untold = name == "size" and about["size"] is None  # then it is as its texts are, below
        if getattr(args, name) is not None and now[name] != about[name] and not untold:
            raise UserError(f"--{name} " + differs.format(out, about[name]))
    source = f"folder {about['data']}" if about["data"] else "generated texts"
    other, own = ("data", f"file {about['file']}") if about.get("file") else ("file", source)
    if getattr(args, other):
        raise UserError(f"--{other}: the run in {out} has its {own}; leave it out, or begin anew with --overwrite")
    moved = {name: now[name] for name in PLACES if getattr(args, name)}
    more = {k: v for k, v in given_config(args).items() if v != getattr(model.config, k)}
    if fixed := set(more) - {"epochs", "patience"}:
        name = sorted(fixed)[0]
        raise UserError(f"--{name.replace('_', '-')} " + differs.format(out, getattr(model.config, name)))
    model.config = replace(model.config, **more)
    about = about | moved
    material = gather(about, **asdict(model.config))
    if material.digest != about["texts"] or material.vocabulary != model.vocabulary:
        where = " and ".join(filter(None, map(about.get, PLACES))) or "generated texts"
        raise UserError(f"{where}: these are not the texts the run in {out} was begun with; "
                        f"give its {'--file' if about.get('file') else '--data'}, or begin anew with --overwrite")
    if args.size and args.size != (size := about["size"] or size_of(material.train)):
        raise UserError("--size " + differs.format(out, size))
    memory.check(material.train + material.valid, model.config, model.dtype, model.vocabulary)
    return model, state, about, material


def questions_an_epoch(material, about):
    """About how many answers an epoch judges, for the progress bar."""
    if about["set"] == "pos":
        return sum(len(q.answer) for story in material.train for q in story.questions)
    n = sum(len(story.questions) for story in material.train)
    return max(1, n // 2) if material.config.drop_facts else n + int(len(material.phrases) * about["phrases"])
