"""how many answers of a set are right

  tinydmn eval runs/babi-1.npz                    on freshly generated texts, other ones than the run generated
  tinydmn eval runs/babi-1.npz --data DIR --split test
  tinydmn eval runs/babi-1.npz --file stories.txt
  tinydmn eval runs/pos.npz --file dev.conllu     what it was trained for, and what the file holds, decide how it is read
  tinydmn eval runs/babi-my_stories.npz           a run on a file of your own: on what it held out, or its --valid
"""

import os
import sys
from dataclasses import asdict

import numpy as np

from ..data.babi import load_task
from ..data.files import how_read, read_file, read_stories
from ..data.generator import generate
from ..data.grammar.sentiment import sentiment_texts
from ..data.grammar.tags import tagged_texts
from ..data.sst import load_sst, read_sst, sentiment_stories
from ..data.tagged import load_tagged, read_tagged, tagged_stories
from ..data.text import first_letter
from ..errors import UserError
from ..training import checkpoint
from ..training.evaluate import evaluate, interval
from ..training.material import batch_of, digest, generated, texts_of
from .common import TEXTS, add_backend, add_json, add_seed, number, print_json

SPLITS = ("train", "valid", "test")
FRESH_TEXTS = 200
FRESH = 1                      # beside a seed: the draws of fresh texts are others than those of the texts it was trained on


def add_arguments(parser):
    parser.add_argument("checkpoint", help="a trained network")
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--data", metavar="DIR", help="folder of the published files")
    where.add_argument("--file", metavar="FILE", help="one file: stories, trees or texts with labels, or tagged words")
    parser.add_argument("--split", choices=SPLITS, help="which of the files in --data (default valid)")
    parser.add_argument("--size", choices=("1k", "10k"), help="babi: of the files in --data (default: as in training)")
    parser.add_argument("--stories", type=number(**TEXTS), metavar="N", help="how many texts are generated, where neither --data nor --file is given (default 200)")
    parser.add_argument("--ensemble", action="store_true", help="the mean of all epochs that the run kept (train --keep K)")
    add_seed(parser)
    add_backend(parser)
    add_json(parser)


def run(args):
    check(args)
    model, state, about = checkpoint.load(args.checkpoint, args.backend)
    if args.ensemble and len(state.kept) == 1:
        raise UserError(f"{args.checkpoint}: kept the weights of one epoch alone; train with --keep 2 or more, or leave out --ensemble")
    if args.size and about["set"] != "babi":
        raise UserError(f"--size: is for babi, and {args.checkpoint} is a run of {about['set']}; leave it out")
    read = {"babi": stories_of, "sst": sentiment_of, "pos": tagged_of}[about["set"]]
    if about.get("file") and not args.file and (about["set"] == "babi" or not args.data):
        read = held_out_of
    stories, source = read(args, about)
    stories = [story for story in stories if story.questions]
    if not stories:
        raise UserError(f"{source}: has no question to ask{' (neutral texts are left out)' if about['kind'] == 'binary' else ''}; give another file")
    unknown = model.vocabulary.unknown([w for s in stories for text in (*s.facts, *(q.tokens for q in s.questions)) for w in text])
    unseen = model.vocabulary.unseen_answers(stories, model.config.answer)
    held_out = evaluate(model, batch_of(stories, model.vocabulary, model.config), thetas=state.kept if args.ensemble else None)
    low, high = interval(held_out.answer_accuracy, held_out.n_questions)
    if args.json:
        print_json({"checkpoint": args.checkpoint, "source": source, "epochs_together": len(state.kept) if args.ensemble else 1,
                    "unknown_words": unknown, "unseen_answers": unseen, **asdict(held_out), "interval": (low, high)})
        return
    gates = f"; {100 * held_out.gate_accuracy:.1f} % of the gates" if held_out.gate_accuracy == held_out.gate_accuracy else ""
    print(f"{source}: {100 * held_out.answer_accuracy:.1f} % of {held_out.n_questions} answers right\n"
          f"95 % interval {100 * low:.1f} to {100 * high:.1f}{gates}; loss {held_out.loss:.3f}")
    if unknown:
        print(f"{len(unknown)} words it has never seen, read as unknown: {', '.join(unknown[:10])}{', ...' if len(unknown) > 10 else ''}")
    if unseen:
        print(f"{len(unseen)} answers that training never saw, counted as wrong: {', '.join(unseen[:10])}{', ...' if len(unseen) > 10 else ''}")


def check(args):
    """Raises UserError for an option that says nothing of the texts that are asked about."""
    for name in ("split", "size"):
        if getattr(args, name) and not args.data:
            raise UserError(f"--{name}: chooses among the files of a folder; give it, --data DIR, or leave --{name} out")
    if args.stories and (args.data or args.file):
        raise UserError("--stories: is about texts that are generated; leave it out, or --data and --file")


def held_out_of(args, about):
    """What a run on a file of one's own was validated with, and a name for it.  Raises UserError where the file is another one by now."""
    if args.data:
        raise UserError(f"--data: {args.checkpoint} was trained on stories of no task, {about['file']}; give --file FILE, or leave --data out")
    if args.stories:
        raise UserError(f"--stories: {args.checkpoint} was trained on {about['file']}, and we generate no such texts; "
                        f"give --file FILE, or leave --stories out")
    train, valid, *_ = texts_of(about)
    if digest(train, [], valid) != about["texts"]:
        raise UserError(f"{about['file']}: has changed since {args.checkpoint} was begun, and what would be asked may be what it was trained on; "
                        f"give --file FILE")
    return valid, f"{about['valid'] or about['file'] + ', every tenth'}, validation"


def say_how(path, about):
    """Says in which of its formats a file was read, unless it is a pipe, which is empty by now -> its name."""
    if os.path.isfile(path) or os.path.isdir(path):
        print(f"{path}: read as {how_read(about['set'], path, about['column'])}", file=sys.stderr)
    return path


def stories_of(args, about):
    """bAbI: the stories that the options name, and a name for them."""
    if args.file:
        return read_stories(args.file), args.file
    if args.data:
        return split_of(load_task(args.data, about["task"], args.size or about["size"]), args, f"task {about['task']}")
    stories = generate(about["task"], args.stories or FRESH_TEXTS, np.random.default_rng([args.seed, about["task"], FRESH]), known(about))
    return stories, f"generated, task {about['task']}"


def sentiment_of(args, about):
    """Sentiment: whole sentences, and a name for them."""
    kind = about["kind"]
    if args.file:
        trees = not about.get("file") and first_letter(args.file) in ("(", "")             # no letter: what cannot be looked at twice
        if not trees:
            return read_file("sst", args.file), say_how(args.file, about)
        return sentiment_stories(read_sst(args.file), kind), args.file
    if args.data:
        trees, source = split_of(load_sst(args.data, np.random.default_rng([about["seed"], 2])), args, kind)
        return sentiment_stories(trees, kind), source
    return sentiment_texts(args.stories or FRESH_TEXTS, np.random.default_rng([args.seed, 2, FRESH]), kind, known(about)), f"generated, {kind}"


def tagged_of(args, about):
    """Tags: sentences, and a name for them."""
    if args.file:
        return tagged_stories(read_tagged(args.file, about["column"])), say_how(args.file, about)
    if args.data:
        return split_of(load_tagged(args.data, about["column"], np.random.default_rng([about["seed"], 3])), args, about["column"])
    return tagged_texts(args.stories or FRESH_TEXTS, np.random.default_rng([args.seed, 3, FRESH]), known(about)), "generated sentences"


def known(about):
    """What a network was trained on and its epoch chosen by, where that was generated too: a fresh text is none of these."""
    if not generated(about):
        return []
    train, valid, *_ = texts_of(about)
    return train + valid


def split_of(parts, args, what):
    """The split that was asked for of (train, valid, test), and a name for it."""
    name = args.split or "valid"
    split = dict(zip(SPLITS, parts))[name]
    if split is None:
        raise UserError(f"{args.data}: no {name} file of {what}; give --split train or valid")
    return split, f"{args.data}, {what}, {name}"
