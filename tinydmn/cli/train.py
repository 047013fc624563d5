"""train a network

  tinydmn train babi --task 1                     on generated stories
  tinydmn train babi --task 2 --data DIR          on the published files (the folder of en, en-10k, or of the files)
  tinydmn train babi --task 2 --data DIR --resume go on where a run was stopped, to the same bits

After each epoch the run is saved; Ctrl-C loses at most the epoch it was in.
"""

import sys
from dataclasses import replace
from pathlib import Path
from time import perf_counter

from ..config import Config
from ..data.batch import make_batch
from ..data.sources import SIZES, babi_stories, size_of
from ..data.vocabulary import Vocabulary
from ..errors import UserError
from ..model import DMN
from ..training import checkpoint, loop, memory
from ..training.evaluate import evaluate, interval
from ..training.presets import babi_config
from ..training.progress import Progress
from .common import add_backend, add_config, add_json, add_seed, given_config, print_json


def add_arguments(parser):
    parser.add_argument("task_set", choices=("babi",), metavar="babi", help="what to learn: babi, stories and questions")
    parser.add_argument("--task", type=int, default=1, metavar="N", help="task of the bAbI set (default 1)")
    parser.add_argument("--data", metavar="DIR", help="folder of the published files; without it stories are generated")
    parser.add_argument("--size", choices=SIZES, help="about 1,000 or 10,000 training questions (default: as the folder says, else 1k)")
    parser.add_argument("--out", metavar="FILE", help="checkpoint to write (default runs/babi-TASK.npz)")
    parser.add_argument("--resume", action="store_true", help="go on from the checkpoint in --out")
    parser.add_argument("--overwrite", action="store_true", help="begin anew even where --out exists")
    parser.add_argument("--plot", metavar="FILE", help="draw the training curves (.png, .svg or .pdf)")
    parser.add_argument("--quiet", action="store_true", help="no progress bar")
    add_seed(parser)
    add_backend(parser)
    add_json(parser)
    add_config(parser)


def run(args):
    out = Path(args.out or f"runs/babi-{args.task}.npz")
    began = perf_counter()
    if args.resume:
        model, state, about = checkpoint.load(out, args.backend)
        train_stories, valid_stories, _ = babi_stories(about["task"], args.data or about["data"], about["size"], about["seed"])
        more = {k: v for k, v in given_config(args).items() if v != getattr(model.config, k)}
        if fixed := set(more) - {"epochs", "patience"}:
            raise UserError(f"--{sorted(fixed)[0].replace('_', '-')} differs from the run in {out}; a resumed run may change --epochs and "
                            f"--patience alone: leave it out, or begin anew with --overwrite")
        model.config = replace(model.config, **more)
        fresh = Vocabulary.build(train_stories)
        if fresh != model.vocabulary:
            raise UserError(f"{args.data or about['data']}: these are not the stories the run in {out} was begun with; give its --data")
    else:
        if out.exists() and not args.overwrite:
            raise UserError(f"{out}: exists already; go on with --resume, replace it with --overwrite, or give another --out")
        about = {"name": f"babi-{args.task}", "task": args.task, "size": args.size, "seed": args.seed,
                 "data": str(Path(args.data).resolve()) if args.data else None}
        train_stories, valid_stories, _ = babi_stories(args.task, args.data, args.size, args.seed)
        config = babi_config(args.task, args.size or size_of(train_stories), **given_config(args))
        model = DMN(config, Vocabulary.build(train_stories), args.backend, args.seed)
        state = loop.start(model, args.seed)
    memory.check(train_stories, model.config, model.dtype)
    train_batch, valid_batch = make_batch(train_stories, model.vocabulary), make_batch(valid_stories, model.vocabulary)
    checkpoint.save(out, model, state, about)              # from here on Ctrl-C leaves something to go on from

    progress = Progress(model.config, state, len(train_batch.answer), quiet=args.quiet or args.json)
    def on_epoch(state):
        checkpoint.save(out, model, state, about)
        progress.epoch(state)
    try:
        loop.train(model, train_batch, valid_batch, state, on_epoch, progress.step)
    except KeyboardInterrupt:
        progress.close()
        print(f"stopped in epoch {state.epoch + 1}; {out} holds {state.epoch} finished epochs: go on with --resume", file=sys.stderr)
        return 130
    finally:
        progress.close()
    held_out = evaluate(model, valid_batch)
    low, high = interval(held_out.answer_accuracy, held_out.n_questions)
    if args.plot:
        from ..plots import plot_training                  # loads Matplotlib
        plot_training(state.history, args.plot, model.config.gate_epochs)
    seconds = perf_counter() - began
    if args.json:
        print_json({"checkpoint": str(out), "epochs": state.epoch, "best_epoch": state.best_epoch, "seconds": seconds, "about": about,
                    "valid_answer_accuracy": held_out.answer_accuracy, "valid_interval": (low, high),
                    "valid_gate_accuracy": held_out.gate_accuracy, "n_valid": held_out.n_questions, "history": state.history})
        return
    print(f"validation: {100 * held_out.answer_accuracy:.1f} % of {held_out.n_questions} answers right (95 % interval {100 * low:.1f} to {100 * high:.1f})\n"
          f"gates: {100 * held_out.gate_accuracy:.1f} % of the supervised passes look at the right fact")
    print(f"best of {state.epoch} epochs: {state.best_epoch}; {seconds:.0f} s; saved in {out}")
    print(f"now ask it something:  tinydmn ask {out}")
