"""accuracy of a network on a set

  tinydmn eval runs/babi-1.npz                 on freshly generated texts, not those of the run
  tinydmn eval runs/babi-1.npz --data DIR --split test
  tinydmn eval runs/babi-1.npz --file stories.txt
  tinydmn eval runs/pos.npz --file dev.conllu  task and contents decide how it is read
  tinydmn eval runs/babi-my_stories.npz        of a run on a file of your own: its held-out part
  tinydmn eval runs/babi-1.npz --wrong         also what it got wrong, and where it looked
  tinydmn eval runs/babi-1.npz --predictions answers.csv --plot confusion.png
"""

import gzip
import os
import sys
from argparse import ArgumentTypeError
from dataclasses import asdict
from itertools import groupby
from pathlib import Path

from ..data.retagged import Retagged, columns_text
from ..errors import UserError
from ..tasks import having, task_of, texts_of
from ..tasks.task import draws, generated
from ..terminal import answer_text, fitted, wrap
from ..training import checkpoint
from ..training.answers import answers, csv_text, json_lines
from ..training.evaluate import evaluate, interval
from ..training.material import batch_of, digest
from ..writing import check_place, write_whole
from .common import TEXTS, add_backend, add_json, add_seed, counted, number, picture, print_json

SPLITS = ("train", "valid", "test")
FRESH_TEXTS, WRONG = 200, 10
FRESH = 1                      # beside a seed: fresh texts are drawn apart from those of training


def add_arguments(parser):
    parser.add_argument("checkpoint", help="a trained network")
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--data", metavar="DIR", help="folder of the published files")
    where.add_argument("--file", metavar="FILE",
                       help="one file: stories, trees or texts with labels, or tagged words")
    parser.add_argument("--split", choices=SPLITS,
                        help="which of the files in --data (default valid)")
    parser.add_argument("--size", choices=("1k", "10k"),
                        help=f"{having('size')}: of the files in --data (default: as in training)")
    parser.add_argument("--stories", type=number(**TEXTS), metavar="N",
                        help="how many texts are generated, where neither --data nor --file is "
                             "given (default 200)")
    parser.add_argument("--ensemble", action="store_true",
                        help="the checkpoint ensemble of the run (train --ensemble K)")
    parser.add_argument("--predictions", metavar="FILE",
                        help="write every answer: a table (.csv) or JSON Lines (.jsonl); of tags "
                             "also, under another ending, the tagged file with the predicted tags")
    parser.add_argument("--overwrite", action="store_true",
                        help="replace the file of --predictions where it exists")
    parser.add_argument("--wrong", type=how_many, nargs="?", const=WRONG, metavar="N",
                        help=f"print the first N wrong answers (default {WRONG}), and where it "
                             "looked")
    parser.add_argument("--plot", type=picture, metavar="FILE",
                        help="draw the confusion matrix (.png, .svg or .pdf)")
    add_seed(parser)
    add_backend(parser)
    add_json(parser)


def how_many(text):
    """A number for --wrong; what follows it may be meant as something else."""
    try:
        return number(least=1, most=1_000_000)(text)
    except ValueError:
        raise ArgumentTypeError(f"{text} is no number; give one, or put --wrong last") from None


def run(args):
    check(args)
    model, state, about = checkpoint.load(args.checkpoint, args.backend)
    task = task_of(about)
    if args.ensemble and len(state.kept) == 1:
        raise UserError(f"{args.checkpoint}: kept the weights of one epoch alone; "
                        "train with --ensemble 2 or more, or leave out --ensemble")
    if args.size and "size" not in task.options:
        raise UserError(f"--size: is for {having('size')}, and {args.checkpoint} is a run of "
                        f"{task.name}; leave it out")
    if args.predictions:
        check_predictions(args, task)
    stories, source = read(args, about, task)
    stories = [story for story in stories if story.questions]
    if not stories:
        raise UserError(f"{source}: has no question to ask{task.left_out(about)}; "
                        "give another file")
    tagged = None
    if args.predictions and task.tags and not table_name(args.predictions):
        tagged = tagged_file(args, about, stories)
    if how := how_it_was_read(args, about, task):
        print(how, file=sys.stderr)
    thetas = state.kept if args.ensemble else None
    batch = batch_of(stories, model.vocabulary, model.config)
    held_out = evaluate(model, batch, thetas=thetas)
    n = held_out.n_questions
    shown = f"{100 * held_out.answer_accuracy:.1f} % of {counted(n, 'answer')} right"
    every = args.predictions or args.wrong or args.plot
    found = list(answers(model, stories, thetas)) if every else []
    if args.predictions:
        content = predictions(found, args.predictions, task, model.config.passes, tagged)
        write_whole(args.predictions, content, "choose another place")
    if args.plot:
        from ..plots import plot_confusion                 # loads Matplotlib
        scored = [answer for answer in found if answer.right is not None]
        plot_confusion([answer.right_answer for answer in scored],
                       [answer.answer for answer in scored],
                       args.plot, title=f"{source}: {shown}", order=task.answer_order)
    report(args, (model, state, task), (stories, source, found), held_out)


def report(args, network, asked, held_out):
    """Prints figures.  network: model, State, Task; asked: stories, their name, [ScoredAnswer]."""
    (model, state, task), (stories, source, found) = network, asked
    low, high = interval(held_out.answer_accuracy, held_out.n_questions)
    texts = [text for s in stories for text in (*s.facts, *(q.tokens for q in s.questions))]
    unknown = model.vocabulary.unknown([w for text in texts for w in text])
    unseen = model.vocabulary.unseen_answers(stories, model.config.answer)
    if args.json:
        print_json({"checkpoint": args.checkpoint, "source": source,
                    "epochs_together": len(state.kept) if args.ensemble else 1,
                    "unknown_words": unknown, "unseen_answers": unseen, **asdict(held_out),
                    "interval": (low, high)})
        return
    gates = ""
    if held_out.gate_accuracy == held_out.gate_accuracy:
        gates = f"; {100 * held_out.gate_accuracy:.1f} % of the gates"
    print(f"{source}: {100 * held_out.answer_accuracy:.1f} % of "
          f"{counted(held_out.n_questions, 'answer')} right\n"
          f"95 % interval {100 * low:.1f} to {100 * high:.1f}{gates}; loss {held_out.loss:.3f}")
    some = lambda words: ", ".join(words[:10]) + ", ..." * (len(words) > 10)
    if unknown:
        print(f"{counted(len(unknown), 'word')} it has never seen, read as unknown: "
              f"{some(unknown)}")
    if unseen:
        print(f"{counted(len(unseen), 'answer')} that training never saw, counted as wrong: "
              f"{some(unseen)}")
    if args.predictions:
        print(f"every answer: {args.predictions}")
    if args.wrong:
        print(wrong_text(found, args.wrong, task))


def check(args):
    """Raises UserError for an option that has no meaning for the texts that are asked for."""
    for name in ("split", "size"):
        if getattr(args, name) and not args.data:
            raise UserError(f"--{name}: chooses among the files of a folder; give it, --data DIR, "
                            f"or leave --{name} out")
    if args.stories and (args.data or args.file):
        raise UserError("--stories: is about texts that are generated; leave it out, "
                        "or --data and --file")
    if args.wrong and args.json:
        raise UserError("--wrong: prints for people, and --json for programs; give one of them, "
                        "or --predictions FILE.jsonl")
    if args.overwrite and not args.predictions:
        raise UserError("--overwrite: is about the file of --predictions; "
                        "give that, or leave it out")


# ---- which texts


def read(args, about, task):
    """The stories that the options name, and a name for them."""
    if args.file:
        return task.read_asked(args.file, about), args.file
    if args.data:
        size = args.size or about["size"]
        parts = task.splits(about | {"data": args.data, "size": size})
        return split_of(parts, args, task.part(about))
    if about.get("file"):
        return held_out_of(args, about)
    if about.get("given"):
        texts_of(about)                                    # says that there are none to ask about
    rng = draws(task, about, args.seed, FRESH)
    return task.fresh(about, args.stories or FRESH_TEXTS, rng, known(about))


def held_out_of(args, about):
    """The validation part of a run on a file of one's own, and a name for it.  Raises UserError
    where the file has changed."""
    if args.stories:
        raise UserError(f"--stories: {args.checkpoint} was trained on {about['file']}, and no such "
                        "texts can be generated; give --file FILE, or leave --stories out")
    train, valid, *_ = texts_of(about)
    if digest(train, [], valid) != about["texts"]:
        raise UserError(f"{about['file']}: has changed since {args.checkpoint} was trained, and "
                        "what would be asked may have been trained on; give --file FILE")
    return valid, f"{about['valid'] or about['file'] + ', every tenth'}, validation"


def how_it_was_read(args, about, task):
    """In which of its formats a file was read, as a line; None where there is but one, or no file
    that can be looked at twice."""
    if not args.file or not (os.path.isfile(args.file) or os.path.isdir(args.file)):
        return None
    how = task.how_asked(args.file, about)
    return how and f"{args.file}: read as {how}"


def known(about):
    """The training and validation texts of a network, where they were generated too: a fresh text
    is none of these."""
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


def check_predictions(args, task):
    """Raises UserError for a name that does not say what to write, or a place where it cannot be
    written: before the work."""
    if not table_name(args.predictions) and not task.tags:
        raise UserError(f"--predictions {args.predictions}: a table of answers ends in .csv or "
                        ".jsonl; change its ending")
    check_place(args.predictions, args.overwrite)
    for given in (args.file, args.checkpoint):
        both = given and os.path.exists(args.predictions)
        if both and os.path.samefile(given, args.predictions):
            raise UserError(f"--predictions {args.predictions}: is the file that is asked about, "
                            "or the network; choose another name")


def tagged_file(args, about, stories):
    """The file that tagged sentences came from, as a Retagged; None where they were generated.
    Raises UserError where they are not one whole file."""
    path, files = args.predictions, []
    if args.file or args.data:
        files = list(dict.fromkeys(story.source.rpartition(":")[0] for story in stories))
    if len(files) > 1:
        raise UserError(f"--predictions {path}: these sentences come from {len(files)} files; "
                        "give one of them, --file, or a name that ends in .csv or .jsonl")
    if kind(path) and kind(path) != kind(*files or [""]):
        source = files[0] if files else "what was generated"
        raise UserError(f"--predictions {path}: {source} is no {kind(path)} file, "
                        "and stays what it is; change the ending")
    if not files:
        return None
    tags = [tag for story in stories for q in story.questions for tag in q.answer]
    return Retagged(*files, tags, about["column"])


def kind(name):
    """The ending of a tagged file that says its format: ".conllu", ".mrg", or ""."""
    plain = str(name).lower().removesuffix(".gz")
    return next((ending for ending in (".conllu", ".mrg") if plain.endswith(ending)), "")


def predictions(found, path, task, passes, tagged):
    """What --predictions writes, as text or as bytes."""
    if table_name(path) == ".csv":
        return csv_text(found, task.name, passes)
    if table_name(path):
        return json_lines(found, task.name)
    if tagged is None:
        sentences = groupby(found, key=lambda answer: answer.number)
        rows = [[(word.question, word.answer) for word in words] for _, words in sentences]
        content = columns_text(rows).encode()
    else:
        content = tagged.bytes([word.answer for word in found])
    return gzip.compress(content, mtime=0) if str(path).lower().endswith(".gz") else content


def wrong_text(found, most, task):
    """Wrong answers as text of 80 columns: the first `most` of them, each as `ask` prints one."""
    wrong = [answer for answer in found if answer.right is False]
    if not wrong:
        return "no answer is wrong"
    sentences = {}
    for answer in found if task.tags else ():
        sentences.setdefault(answer.number, []).append(answer.question)
    first = f", the first {most} of them:" if len(wrong) > most else ":"
    lines = ["", f"{counted(len(wrong), 'answer')} wrong{first}"]
    for answer in wrong[:most]:
        where = answer.source
        if task.tags:
            words, t = sentences[answer.number], len(answer.facts)
            marked = " ".join([*words[:t - 1], f"[{words[t - 1]}]", *words[t:]])
            where += f", word {t} of {len(words)}: {marked}"
        lines += ["", *(fitted(line, 80).rstrip() for line in wrap(where)),
                  *wrap(f"right: {answer.right_answer}"),
                  answer_text(task.asked_text(answer), answer.ranked, answer.facts, answer.gates,
                              answer.support)]
    if len(wrong) > most:
        more = (f"{len(wrong) - most} more are wrong: --wrong {len(wrong)} prints them all, "
                "--predictions FILE writes every answer")
        lines += ["", *wrap(more)]
    return "\n".join(lines)
