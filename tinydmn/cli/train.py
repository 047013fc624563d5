"""train a network

  tinydmn train babi --task 1
      stories and questions; generated ones without --data
  tinydmn train babi --task 2 --data DIR
      the published files (the folder of en, en-10k, or of the files)
  tinydmn train sst --data DIR --vectors glove
      sentiment: Stanford's trees (train.txt, dev.txt, test.txt)
  tinydmn train pos --data DIR --vectors glove
      a tag for each word: columns, CoNLL-U or the Penn Treebank's sections
  tinydmn train babi --file my_stories.txt
      a file of your own, under any name, plain or .gz; every tenth story is held out, or --valid
      FILE; likewise sst (a table of text,label) and pos (tagged sentences)
  tinydmn train babi --task 2 --data DIR --resume
      resume a stopped run, to the same bits

The run is saved after each epoch; Ctrl-C loses at most the epoch it was in.  A resumed run keeps
its options: what is given again must be the same, except --epochs, --patience, and the place of
--data, --file and --valid, if the same texts are there.

The contents of a file of your own decide how it is read:
"""

import sys
from argparse import ArgumentTypeError
from dataclasses import asdict, replace
from pathlib import Path
from time import perf_counter

from ..data.files import in_common
from ..data.entities import classes_text
from ..errors import UserError, kind_of
from ..library import begin
from ..ops.failures import DeviceError, plainly
from ..parts import answer_of
from ..tasks import TASKS, about_run, gather, having, option_values, task_of
from ..training import checkpoint, loop, memory
from ..training.evaluate import evaluate, interval
from ..training.material import share_of, unknown_words
from ..training.progress import Progress
from .common import (SEEDS, add_backend, add_config, add_json, best_epoch, counted, given_config,
                     number, picture, print_json)

PLACES = ("data", "file", "valid")
DIFFERS = ("differs from the run in {}, which has {}; a resumed run may change --epochs and "
           "--patience alone: leave it out, or start again with --overwrite")


def add_arguments(parser):
    formats = [task.formats.replace("\n", "\n" + " " * 9) for task in TASKS.values()]
    parser.description += "\n".join(f"  {name:6} {text}" for name, text in zip(TASKS, formats))
    learns = ", ".join(task.learns for task in TASKS.values())
    parser.add_argument("task_set", choices=tuple(TASKS), metavar=f"{{{','.join(TASKS)}}}",
                        help=f"what to learn: {learns}")
    parser.add_argument("--data", metavar="DIR", help="folder of the published files; without it, "
                                                      "and without --file, texts are generated")
    parser.add_argument("--file", metavar="FILE", help="stories, texts with labels or tagged "
                                                       "sentences of your own, under any name")
    parser.add_argument("--valid", metavar="FILE",
                        help="another such file for validation (default: every tenth of --file is "
                             "held out)")
    for name, option in options().items():
        add_option(parser, name, option)
    parser.add_argument("--out", metavar="FILE",
                        help="checkpoint to write (default runs/babi-TASK.npz, runs/sst-KIND.npz, "
                             "runs/pos.npz)")
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--resume", action="store_true", help="resume from the checkpoint in --out")
    how.add_argument("--overwrite", action="store_true", help="start again even where --out exists")
    parser.add_argument("--plot", type=picture, metavar="FILE",
                        help="draw the training curves (.png, .svg or .pdf)")
    parser.add_argument("--quiet", action="store_true", help="no progress bar")
    parser.add_argument("--seed", type=number(**SEEDS), metavar="N",
                        help="one seed, one result: on one machine bit for bit (default 0)")
    add_backend(parser)
    add_json(parser)
    add_config(parser)


def options():
    """The options of all task sets -> {name: Option}; several sets may share one."""
    return {name: option for task in TASKS.values() for name, option in task.options.items()}


def add_option(parser, name, option):
    """An option of some task sets.  Not given it stays None: its default depends on the set."""
    words = f"{having(name).replace(' and ', ', ')}: {option.help}"
    if option.flag:
        parser.add_argument("--" + name, action="store_const", const=True, help=words)
        return
    type_ = checked(option.type)
    if option.type in (int, float):
        type_ = number(option.type, **option.limits)
    parser.add_argument("--" + name, type=type_, choices=option.choices, metavar=option.metavar,
                        help=words)


def checked(read):
    """A `type` for argparse of a function that raises UserError."""
    def parse(text):
        try:
            return read(text)
        except UserError as error:
            raise ArgumentTypeError(error) from None
    return parse


def run(args):
    began = perf_counter()
    about = about_of(args)
    out = Path(args.out or f"runs/{about['name']}.npz")
    if args.resume:
        model, state, about, material = resumed(args, out)
    else:
        if (kind := kind_of(out)) and not args.overwrite:
            fix = ("give --out a file" if kind == "folder" else
                   "go on with --resume, replace it with --overwrite, or give another --out")
            folder = " and is a folder" * (kind == "folder")
            raise UserError(f"{out}: exists already{folder}; {fix}")
        material = gather(about, **given_config(args))
        about["texts"] = material.digest
        for line in remarks(material, about):
            print(line, file=sys.stderr)
        model, state, without = begin(material, args.backend, about["seed"])
        if without is not None:
            n = len(model.vocabulary.words)
            print(f"{without} of {n} words have no vector in {args.vectors}: they start at random",
                  file=sys.stderr)
    valid_batch = material.batch(material.valid)
    if unseen := model.vocabulary.unseen_answers(material.valid, model.config.answer):
        print(f"validation asks for {len(unseen)} answers that training never saw, and counts them "
              f"as wrong: {', '.join(unseen[:8])}", file=sys.stderr)
    checkpoint.save(out, model, state, about)              # from here on Ctrl-C can be resumed

    progress = Progress(model.config, state, questions_an_epoch(material, about),
                        quiet=args.quiet or args.json)

    saved = state.epoch                                    # epochs that the file holds

    def on_epoch(state):
        nonlocal saved
        checkpoint.save(out, model, state, about)
        progress.epoch(state)
        saved = state.epoch
    try:
        with plainly():
            loop.train(model, material.epoch, valid_batch, state, on_epoch, progress.on_step)
    except DeviceError as error:
        progress.close()
        raise UserError(f"epoch {saved + 1}: {error.problem}; {error.fix}; {out} holds "
                        f"{counted(saved, 'finished epoch')}: go on with --resume, on any "
                        "--backend, or start again with --overwrite") from error
    except KeyboardInterrupt:
        progress.close()
        print(f"stopped in epoch {state.epoch + 1}; {out} holds "
              f"{counted(state.epoch, 'finished epoch')}: go on with --resume", file=sys.stderr)
        return 130
    finally:
        progress.close()
    held_out = evaluate(model, valid_batch, thetas=state.kept)
    if args.plot:
        from ..plots import plot_training                  # loads Matplotlib
        plot_training(state.history, args.plot, sum(epoch["beta"] == 0 for epoch in state.history))
    unknown = None             # share right, and number, of the words that training never saw
    if answer_of(model.config).PER_WORD:
        new = unknown_words(valid_batch, material.valid, material.train)
        unknown = share_of(new, model, valid_batch, state.kept), int(new.sum())
    report(args, out, about, state, (held_out, unknown, perf_counter() - began))


def report(args, out, about, state, found):
    """Prints the figures of a finished run.  found: Score, figures of unknown words, seconds."""
    held_out, unknown, seconds = found
    low, high = interval(held_out.answer_accuracy, held_out.n_questions)
    if args.json:
        print_json({
            "checkpoint": str(out), "epochs": state.epoch, "best_epoch": state.best_epoch,
            "seconds": seconds, "about": about, "valid_answer_accuracy": held_out.answer_accuracy,
            "valid_interval": (low, high), "valid_unknown_words": unknown,
            "valid_gate_accuracy": held_out.gate_accuracy, "n_valid": held_out.n_questions,
            "history": state.history})
        return
    print(f"validation: {100 * held_out.answer_accuracy:.1f} % of {held_out.n_questions} answers "
          f"right (95 % interval {100 * low:.1f} to {100 * high:.1f})")
    if unknown:
        print(f"words that training never saw: {100 * unknown[0]:.1f} % of {unknown[1]} right")
    if held_out.gate_accuracy == held_out.gate_accuracy:
        print(f"gates: {100 * held_out.gate_accuracy:.1f} % of the supervised passes look at the "
              "right fact")
    others = len(state.runners_up)
    ensemble = f" and {others} more, whose mean these figures are" if others else ""
    print(f"{best_epoch(state.epoch, state.best_epoch)}{ensemble}; {seconds:.0f} s; saved in {out}")
    print(f"now ask it something:  tinydmn ask {out}")


def remarks(material, about):
    """Lines about the texts of a run that are worth reading before it starts."""
    task = task_of(about)
    if about.get("file"):
        for path in filter(None, (about["file"], about["valid"])):
            yield f"{path}: read as {task.how_read(path, about)}"
        if about["valid"] and (n := in_common(material.train, material.valid)):
            every = sum(len(story.questions) for story in material.valid)
            yield (f"{n} of {every} validation questions are in training as well, with all facts "
                   "before them")
    yield from task.remarks(material.train)
    if material.config.permute_entities == "yes":
        yield from classes_text(material.names) or ["no names can be permuted"]


def about_of(args):
    """The `about` of a run: see tasks.about_run.  Raises UserError for an option of another
    task set, or of another source of texts."""
    own = TASKS[args.task_set].options
    for name in options().keys() - own.keys():
        if getattr(args, name) is not None:
            raise UserError(f"--{name} is for {having(name)}, not for {args.task_set}; "
                            "leave it out")
    if args.valid and not args.file:
        raise UserError("--valid: is for a file of your own; give --file FILE as well, "
                        "or leave --valid out")
    if args.file and args.data is not None:
        raise UserError("--data with --file: one or the other; leave --data out, or --file")
    for name, option in own.items():
        if args.file and option.not_of_files and getattr(args, name) is not None:
            raise UserError(f"--{name} with --file: {option.not_of_files}; leave --{name} out")
    more = option_values(args.task_set, vars(args))
    if args.file:
        more |= {"file": args.file, "valid": args.valid}
    return about_run(args.task_set, args.data, args.seed or 0, **more)


def resumed(args, out):
    """-> model, State, about and Material of the run in `out`.  Raises UserError where an option
    differs from that run's."""
    model, state, about = checkpoint.load(out, args.backend)
    if not {"set", "texts"} <= about.keys():
        raise UserError(f"{out}: does not say what it was trained on, and cannot be resumed; "
                        "start again with --overwrite")
    if args.task_set != about["set"]:
        raise UserError(f"{out}: is a run of {about['set']}, not of {args.task_set}; "
                        f"train {about['set']} --resume, or give another --out")
    own, now = TASKS[about["set"]].options, about_of(args)
    for name in ("seed", *own):
        by_texts = name in own and own[name].by_texts and about[name] is None      # below
        if getattr(args, name) is not None and now[name] != about[name] and not by_texts:
            raise UserError(f"--{name} " + DIFFERS.format(out, about[name]))
    source = f"folder {about['data']}" if about["data"] else "generated texts"
    other, texts = ("data", f"file {about['file']}") if about.get("file") else ("file", source)
    if getattr(args, other):
        raise UserError(f"--{other}: the run in {out} has its {texts}; leave it out, "
                        "or start again with --overwrite")
    moved = {name: now[name] for name in PLACES if getattr(args, name)}
    more = {k: v for k, v in given_config(args).items() if v != getattr(model.config, k)}
    if fixed := set(more) - {"epochs", "patience"}:
        name = sorted(fixed)[0]
        had = getattr(model.config, name)
        raise UserError(f"--{name.replace('_', '-')} " + DIFFERS.format(out, had))
    model.config = replace(model.config, **more)
    about = about | moved
    material = gather(about, **asdict(model.config))
    if material.digest != about["texts"] or material.vocabulary != model.vocabulary:
        where = " and ".join(filter(None, map(about.get, PLACES))) or "generated texts"
        option = "--file" if about.get("file") else "--data"
        raise UserError(f"{where}: these are not the texts the run in {out} was trained on; "
                        f"give its {option}, or start again with --overwrite")
    for name, option in own.items():
        given = getattr(args, name)
        had = about[name] or option.by_texts and option.by_texts(material.train)
        if option.by_texts and given and given != had:
            raise UserError(f"--{name} " + DIFFERS.format(out, had))
    memory.check(material.train + material.valid, model.config, model.dtype, model.vocabulary)
    return model, state, about, material


def questions_an_epoch(material, about):
    """About how many answers an epoch scores, for the progress bar."""
    if answer_of(material.config).PER_WORD:
        return sum(len(q.answer) for story in material.train for q in story.questions)
    n = sum(len(story.questions) for story in material.train)
    if material.config.drop_facts:
        return max(1, n // 2)
    return n + int(len(material.phrases) * about["phrases"])
