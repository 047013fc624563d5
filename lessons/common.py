"""What the lessons share: their options, the headings on the screen, stories to train on, attention side by side."""

import os
import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from inspect import getsourcefile, getsourcelines
from pathlib import Path

import numpy as np

from tinydmn import threads
from tinydmn.data.batch import make_batch
from tinydmn.data.sources import babi_stories
from tinydmn.errors import UserError
from tinydmn.plots import plot_attentions
from tinydmn.terminal import attention_text, wrap

WIDTH = 80


def options(doc, data=False):
    """The options of a lesson -> args with quick (bool), out (Path), seed (int), and data (Path or None) where `data` is true.

    Whoever writes into args.out makes it (tinydmn.plots does).  In a notebook there is no command line: the defaults hold.
    From here on a UserError ends the lesson with one line and exit code 2.
    """
    sys.excepthook = _one_line_for_the_user
    threads.keep_freed_memory()
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="replace")           # a terminal without some letter shows a ? instead of a traceback
    parser = ArgumentParser(description=doc, formatter_class=RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="the same lesson at a smaller size, in seconds")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "out", metavar="DIR", help="where pictures go (default lessons/out)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="one seed, one result (default 0)")
    if data:
        parser.add_argument("--data", type=Path, metavar="DIR", help="folder of the published files (default: generated texts)")
    args = parser.parse_args([] if "ipykernel" in sys.modules else None)
    if args.seed < 0:
        parser.error(f"--seed is {args.seed}; give 0 or more")
    return args


def _one_line_for_the_user(kind, error, traceback):
    if issubclass(kind, UserError):
        print(error, file=sys.stderr)
        raise SystemExit(2)
    sys.__excepthook__(kind, error, traceback)


def heading(number, text):
    print(f"\n{number}. {text} ".ljust(WIDTH, "-"))


def claim(says, holds, because, quick=False):
    """Reports what a lesson claims -> whether it holds in this run.  A claim is never a crash: an exercise may well make it false.

    says: the claim, a sentence without its full stop.  because: the numbers of this run that decide.  quick: the run is too small to decide.
    """
    verdict = "not judged at this size (--quick)" if quick else "holds" if holds else "does not hold here"
    print(*wrap(f"Claim: {says}.", WIDTH), *wrap(f"{verdict}: {because}", WIDTH, "  "), sep="\n")
    return bool(holds)


def same(what, one, other, within=1e-9):
    """Reports whether two ways to the same numbers agree -> whether they do.  what: both ways in a few words."""
    one, other = np.asarray(one, float), np.asarray(other, float)
    apart = np.abs(one - other) if one.shape == other.shape else np.array(np.inf)
    worst = float(np.max(apart, initial=0.0))
    agree = bool(worst <= within)                          # a NaN agrees with nothing
    print(*wrap(f"{what}: the same within {within:.0e}" if agree else
                f"{what}: NOT the same, they differ by {worst:.1e} at {[int(i) for i in np.unravel_index(np.argmax(apart), apart.shape)]}", WIDTH), sep="\n")
    return agree


def saved(path):
    """Name a picture on the screen, from the current folder where that is shorter."""
    try:
        path = min(str(path), os.path.relpath(path), key=len)
    except ValueError:                                     # another drive
        pass
    print(f"picture: {path}")


def where(what, function):
    """One line: an equation, and the file, line and name of the function that computes it."""
    function = getattr(function, "py_func", function)      # a compiled function knows the one that was written
    file = Path(getsourcefile(function)).as_posix()
    print(f"  {what:<26} {file[file.rindex('tinydmn/') + 8:]}:{getsourcelines(function)[1]}  {function.__name__}")


def two_supporting_facts(args):
    """Stories of task 2 to learn from, stories held out, and epochs that suffice: published files where --data names them."""
    train, held_out, _ = babi_stories(2, args.data, "10k" if args.data is None else "1k", args.seed)
    if args.quick:
        return train[:60], held_out[:20], 2
    return (train[:800], held_out, 20) if args.data is None else (train, held_out, 80)


def attention_of(nets, held_out, right, wrong, picture):
    """Show one held-out question that the net named `right` answers correctly and the one named `wrong` does not, where there is one.

    nets: {name: DMN} with one vocabulary.  Prints each net's answer and attention, draws them side by side, names the picture.
    """
    vocabulary = nets[right].vocabulary
    batch = make_batch(held_out, vocabulary)
    answers = {name: net.forward(batch).answers for name, net in nets.items()}
    telling = (answers[right] == batch.answer) & (answers[wrong] != batch.answer)
    likely = np.flatnonzero(telling) if telling.any() else np.arange(len(batch.answer))
    chosen = min(likely, key=lambda i: (abs(batch.n_facts[i] - 8), i))                 # a story that fits the page
    story = held_out[batch.story_of[chosen]]
    number = chosen - np.flatnonzero(batch.story_of == batch.story_of[chosen])[0]
    question = story.questions[number]
    facts = [" ".join(fact).capitalize() + "." for fact in story.facts[:question.n_facts]]
    text, answer = " ".join(question.tokens).capitalize() + "?", ",".join(question.answer)
    panels = []
    for name, net in nets.items():
        gates = net.forward(make_batch([story], vocabulary)).gates[:, number, :question.n_facts + 1]
        panels.append((name, gates, vocabulary.answers[answers[name][chosen]]))
        print(f"{text}  {name}: {panels[-1][2]}   (right: {answer})")
        print(attention_text(facts, gates, question.support) + "\n")
    saved(plot_attentions(facts, panels, picture, text, answer, question.support))
