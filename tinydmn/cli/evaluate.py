"""how many answers of a set are right

  tinydmn eval runs/babi-1.npz                    on 1,000 freshly generated questions
  tinydmn eval runs/babi-1.npz --data DIR --split test
  tinydmn eval runs/babi-1.npz --file stories.txt
"""

import numpy as np

from ..data.babi import load_task, read_babi
from ..data.batch import make_batch
from ..data.generator import TASKS, generate
from ..errors import UserError
from ..training import checkpoint
from ..training.evaluate import evaluate, interval
from .common import add_backend, add_json, add_seed, print_json

SPLITS = ("train", "valid", "test")


def add_arguments(parser):
    parser.add_argument("checkpoint", help="a trained network")
    parser.add_argument("--data", metavar="DIR", help="folder of the published files")
    parser.add_argument("--split", choices=SPLITS, default="valid", help="which of its files (default valid)")
    parser.add_argument("--size", choices=("1k", "10k"), help="of its files (default: as in training)")
    parser.add_argument("--file", metavar="FILE", help="one file in bAbI format")
    parser.add_argument("--stories", type=int, default=200, metavar="N", help="generated stories, five questions each (default 200)")
    add_seed(parser)
    add_backend(parser)
    add_json(parser)


def run(args):
    model, _, about = checkpoint.load(args.checkpoint, args.backend)
    stories, source = stories_of(args, about)
    unknown = model.vocabulary.unknown([w for s in stories for text in (*s.facts, *(q.tokens for q in s.questions)) for w in text])
    held_out = evaluate(model, make_batch(stories, model.vocabulary))
    low, high = interval(held_out.answer_accuracy, held_out.n_questions)
    if args.json:
        print_json({"checkpoint": args.checkpoint, "source": source, "n_questions": held_out.n_questions, "answer_accuracy": held_out.answer_accuracy,
                    "interval": (low, high), "gate_accuracy": held_out.gate_accuracy, "loss": held_out.loss, "unknown_words": unknown})
        return
    print(f"{source}: {100 * held_out.answer_accuracy:.1f} % of {held_out.n_questions} answers right\n"
          f"95 % interval {100 * low:.1f} to {100 * high:.1f}; {100 * held_out.gate_accuracy:.1f} % of the gates; loss {held_out.loss:.3f}")
    if unknown:
        print(f"{len(unknown)} words it has never seen, read as unknown: {', '.join(unknown[:10])}{', ...' if len(unknown) > 10 else ''}")


def stories_of(args, about):
    """The stories that the options name, and a name for them."""
    if args.file:
        return read_babi(args.file), args.file
    if args.data:
        split = dict(zip(SPLITS, load_task(args.data, about["task"], args.size or about["size"])))[args.split]
        if split is None:
            raise UserError(f"{args.data}: no {args.split} file of task {about['task']}; give --split train or valid")
        return split, f"{args.data}, task {about['task']}, {args.split}"
    if about["task"] not in TASKS:
        raise UserError(f"{args.checkpoint}: was trained on task {about['task']}, for which there is no generator; give --data or --file")
    # a seed of its own, apart from that of the stories it was trained on
    return generate(about["task"], args.stories, np.random.default_rng([args.seed, about["task"], 1])), f"generated, task {about['task']}"
