"""how many answers of a set are right

  tinydmn eval runs/babi-1.npz                    on freshly generated texts, other ones than the run generated
  tinydmn eval runs/babi-1.npz --data DIR --split test
  tinydmn eval runs/babi-1.npz --file stories.txt
  tinydmn eval runs/pos.npz --file dev.conllu     what it was trained for, and what the file holds, decide how it is read
  tinydmn eval runs/babi-my_stories.npz           a run on a file of your own: on what it held out, or its --valid
  tinydmn eval runs/babi-1.npz --wrong            also what it got wrong, and where it looked
  tinydmn eval runs/babi-1.npz --predictions answers.csv --plot confusion.png
"""

import gzip
import os
import sys
from argparse import ArgumentTypeError
from dataclasses import asdict
from itertools import groupby
from pathlib import Path

import numpy as np

from ..data.babi import load_task
from ..data.files import how_read, read_file, read_stories
from ..data.generator import generate
from ..data.grammar.sentiment import sentiment_texts
from ..data.grammar.tags import tagged_texts
from ..data.retagged import Retagged, columns_text
from ..data.sst import ANSWERS, load_sst, read_sst, sentiment_stories
from ..data.tagged import load_tagged, read_tagged, tagged_stories
from ..data.text import first_letter
from ..errors import UserError
from ..terminal import answer_text, fitted, wrap
from ..training import checkpoint
from ..training.answers import answers, asked_text, csv_text, json_lines
from ..training.evaluate import evaluate, interval
from ..training.material import batch_of, digest, generated, texts_of
from ..writing import check_place, write_whole
from .common import TEXTS, add_backend, add_json, add_seed, counted, number, picture, print_json

SPLITS = ("train", "valid", "test")
FRESH_TEXTS, WRONG = 200, 10
FRESH = 1                      # beside a seed: the draws of fresh texts are others than those of the texts it was trained on


def add_arguments(parser):
    parser.add_argument("checkpoint", help="a trained network")
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--data", metavar="DIR", help="folder of the published files")
    where.add_argument("--file", metavar="FILE", help="one file: stories, trees or texts with labels, or tagged words")
    parser.add_argument("--split", choices=SPLITS, help="which of the files in --data (default valid)")
    parser.add_argument("--size", choices=("1k", "10k"), help="babi: of the files in --data (default: as in training)")
    parser.add_argument("--stories", type=number(**TEXTS), metavar="N", help="how many texts are generated, where neither --data nor --file is given (default 200)")
    parser.add_argument("--ensemble", action="store_true", help="the mean of all epochs that the run kept (train --ensemble K)")
    parser.add_argument("--predictions", metavar="FILE",
                        help="write every answer: a table (.csv) or JSON Lines (.jsonl); of tags also, under another ending, the tagged file "
                             "as it came with the network's tags")
    parser.add_argument("--overwrite", action="store_true", help="replace the file of --predictions where it exists")
    parser.add_argument("--wrong", type=how_many, nargs="?", const=WRONG, metavar="N",
                        help=f"print what it got wrong, the first N (default {WRONG}), and where it looked")
    parser.add_argument("--plot", type=picture, metavar="FILE", help="draw which answers were taken for which (.png, .svg or .pdf)")
    add_seed(parser)
    add_backend(parser)
    add_json(parser)


def how_many(text):
    """A number for --wrong; what stands behind it may be meant as something else."""
    try:
        return number(least=1, most=1_000_000)(text)
    except ValueError:
        raise ArgumentTypeError(f"{text} is no number; give one, or put --wrong last") from None


def run(args):
    check(args)
    model, state, about = checkpoint.load(args.checkpoint, args.backend)
    if args.ensemble and len(state.kept) == 1:
        raise UserError(f"{args.checkpoint}: kept the weights of one epoch alone; train with --ensemble 2 or more, or leave out --ensemble")
    if args.size and about["set"] != "babi":
        raise UserError(f"--size: is for babi, and {args.checkpoint} is a run of {about['set']}; leave it out")
    if args.predictions:
        check_predictions(args, about["set"])
    read = {"babi": stories_of, "sst": sentiment_of, "pos": tagged_of}[about["set"]]
    if about.get("file") and not args.file and (about["set"] == "babi" or not args.data):
        read = held_out_of
    stories, source = read(args, about)
    stories = [story for story in stories if story.questions]
    if not stories:
        raise UserError(f"{source}: has no question to ask{' (neutral texts are left out)' if about['kind'] == 'binary' else ''}; give another file")
    tagged = tagged_file(args, about, stories) if args.predictions and about["set"] == "pos" and not table_name(args.predictions) else None
    if how := how_it_was_read(args, about):
        print(how, file=sys.stderr)
    unknown = model.vocabulary.unknown([w for s in stories for text in (*s.facts, *(q.tokens for q in s.questions)) for w in text])
    unseen = model.vocabulary.unseen_answers(stories, model.config.answer)
    thetas = state.kept if args.ensemble else None
    held_out = evaluate(model, batch_of(stories, model.vocabulary, model.config), thetas=thetas)
    low, high = interval(held_out.answer_accuracy, held_out.n_questions)
    shown = f"{100 * held_out.answer_accuracy:.1f} % of {counted(held_out.n_questions, 'answer')} right"
    found = list(answers(model, stories, thetas)) if args.predictions or args.wrong or args.plot else []
    if args.predictions:
        write_whole(args.predictions, predictions(found, args.predictions, about["set"], model.config.passes, tagged), "choose another place")
    if args.plot:
        from ..plots import plot_confusion                 # loads Matplotlib
        judged = [answer for answer in found if answer.right is not None]
        plot_confusion([answer.right_answer for answer in judged], [answer.answer for answer in judged], args.plot, title=f"{source}: {shown}",
                       order=ANSWERS["fine"] if about["set"] == "sst" else ())
    if args.json:
        print_json({"checkpoint": args.checkpoint, "source": source, "epochs_together": len(state.kept) if args.ensemble else 1,
                    "unknown_words": unknown, "unseen_answers": unseen, **asdict(held_out), "interval": (low, high)})
        return
    gates = f"; {100 * held_out.gate_accuracy:.1f} % of the gates" if held_out.gate_accuracy == held_out.gate_accuracy else ""
    print(f"{source}: {shown}\n"
          f"95 % interval {100 * low:.1f} to {100 * high:.1f}{gates}; loss {held_out.loss:.3f}")
    if unknown:
        print(f"{counted(len(unknown), 'word')} it has never seen, read as unknown: {', '.join(unknown[:10])}{', ...' if len(unknown) > 10 else ''}")
    if unseen:
        print(f"{counted(len(unseen), 'answer')} that training never saw, counted as wrong: "
              f"{', '.join(unseen[:10])}{', ...' if len(unseen) > 10 else ''}")
    if args.predictions:
        print(f"every answer: {args.predictions}")
    if args.wrong:
        print(wrong_text(found, args.wrong, about["set"]))


def check(args):
    """Raises UserError for an option that says nothing of the texts that are asked about."""
    for name in ("split", "size"):
        if getattr(args, name) and not args.data:
            raise UserError(f"--{name}: chooses among the files of a folder; give it, --data DIR, or leave --{name} out")
    if args.stories and (args.data or args.file):
        raise UserError("--stories: is about texts that are generated; leave it out, or --data and --file")
    if args.wrong and args.json:
        raise UserError("--wrong: prints for people, and --json for programs; give one of them, or --predictions FILE.jsonl")
    if args.overwrite and not args.predictions:
        raise UserError("--overwrite: is about the file of --predictions; give that, or leave it out")


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


def how_it_was_read(args, about):
    """In which of its formats a file was read, as a line; None where there is but one, or no file that can be looked at twice."""
    trees = about["set"] == "sst" and not about.get("file") and first_letter(args.file or "") in ("(", "")
    if not args.file or about["set"] == "babi" or trees or not (os.path.isfile(args.file) or os.path.isdir(args.file)):
        return None
    return f"{args.file}: read as {how_read(about['set'], args.file, about['column'])}"


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
            return read_file("sst", args.file), args.file
        return sentiment_stories(read_sst(args.file), kind), args.file
    if args.data:
        trees, source = split_of(load_sst(args.data, np.random.default_rng([about["seed"], 2])), args, kind)
        return sentiment_stories(trees, kind), source
    return sentiment_texts(args.stories or FRESH_TEXTS, np.random.default_rng([args.seed, 2, FRESH]), kind, known(about)), f"generated, {kind}"


def tagged_of(args, about):
    """Tags: sentences, and a name for them."""
    if args.file:
        return tagged_stories(read_tagged(args.file, about["column"])), args.file
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


# ---- every answer


def table_name(path):
    """The ending of a name that asks for a table: ".csv", ".jsonl", or "" for another."""
    ending = Path(path).suffix.lower()
    return ending if ending in (".csv", ".jsonl") else ""


def check_predictions(args, task_set):
    """Raises UserError for a name that says nothing of what to write, or a place where it cannot be written: before the work."""
    if not table_name(args.predictions) and task_set != "pos":
        raise UserError(f"--predictions {args.predictions}: a table of answers ends in .csv or .jsonl; change its ending")
    check_place(args.predictions, args.overwrite)
    for given in (args.file, args.checkpoint):
        if given and os.path.exists(args.predictions) and os.path.samefile(given, args.predictions):
            raise UserError(f"--predictions {args.predictions}: is what is asked about, or who is asked; choose another name")


def tagged_file(args, about, stories):
    """The file that tagged sentences came from, as a Retagged; None where they were generated.  Raises UserError where they are no whole file."""
    path, files = args.predictions, list(dict.fromkeys(story.source.rpartition(":")[0] for story in stories)) if args.file or args.data else []
    if len(files) > 1:
        raise UserError(f"--predictions {path}: these sentences come from {len(files)} files; "
                        f"give one of them, --file, or a name that ends in .csv or .jsonl")
    kind = lambda name: next((ending for ending in (".conllu", ".mrg") if str(name).lower().removesuffix(".gz").endswith(ending)), "")
    if kind(path) and kind(path) != kind(*files or [""]):
        raise UserError(f"--predictions {path}: {files[0] if files else 'what was generated'} is no {kind(path)} file, "
                        f"and stays what it is; change the ending")
    return Retagged(*files, [tag for story in stories for q in story.questions for tag in q.answer], about["column"]) if files else None


def predictions(found, path, task_set, passes, tagged):
    """What --predictions writes, as text or as bytes."""
    if table_name(path) == ".csv":
        return csv_text(found, task_set, passes)
    if table_name(path):
        return json_lines(found, task_set)
    if tagged is None:
        sentences = groupby(found, key=lambda answer: answer.number)
        content = columns_text([[(word.question, word.answer) for word in words] for _, words in sentences]).encode()
    else:
        content = tagged.bytes([word.answer for word in found])
    return gzip.compress(content, mtime=0) if str(path).lower().endswith(".gz") else content


def wrong_text(found, most, task_set):
    """What a network got wrong, as text of 80 columns: the first `most` answers that are not right, each as `ask` prints one."""
    wrong = [answer for answer in found if answer.right is False]
    if not wrong:
        return "no answer is wrong"
    sentences = {}
    for answer in found if task_set == "pos" else ():
        sentences.setdefault(answer.number, []).append(answer.question)
    lines = ["", f"{counted(len(wrong), 'answer')} wrong" + (f", the first {most} of them:" if len(wrong) > most else ":")]
    for answer in wrong[:most]:
        where = answer.source
        if task_set == "pos":
            words, t = sentences[answer.number], len(answer.facts)
            where += f", word {t} of {len(words)}: {' '.join([*words[:t - 1], f'[{words[t - 1]}]', *words[t:]])}"
        lines += ["", *(fitted(line, 80).rstrip() for line in wrap(where)), *wrap(f"right: {answer.right_answer}"),
                  answer_text(asked_text(answer, task_set), answer.ranked, answer.facts, answer.gates, answer.support)]
    if len(wrong) > most:
        lines += ["", *wrap(f"{len(wrong) - most} more are wrong: --wrong {len(wrong)} prints them all, --predictions FILE writes every answer")]
    return "\n".join(lines)
