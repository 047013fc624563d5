"""What the lessons share: their options, the headings on the screen, stories to train on, attention side by side."""

import os
import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from inspect import getsourcefile, getsourcelines
from pathlib import Path

from tinydmn.errors import UserError


def _one_line_for_the_user(kind, error, traceback):
    if issubclass(kind, UserError):
        print(error, file=sys.stderr)
        raise SystemExit(2)
    sys.__excepthook__(kind, error, traceback)


sys.excepthook = _one_line_for_the_user                    # before Matplotlib is loaded: on some machines that is the error

import numpy as np

from tinydmn import threads
from tinydmn.data.batch import make_batch
from tinydmn.data.sources import babi_stories
from tinydmn.plots import plot_attentions
from tinydmn.streams import settle
from tinydmn.terminal import attention_text, wrap
from tinydmn.training.evaluate import interval

WIDTH = 80


def options(doc, data=False):
    """The options of a lesson -> args with quick (bool), out (Path), seed (int), and data (Path or None) where `data` is true.

    Whoever writes into args.out makes it (tinydmn.plots does).  In a notebook there is no command line: the defaults hold.
    A UserError ends the lesson with one line and exit code 2.
    """
    threads.keep_freed_memory()
    settle()
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
    """Stories of task 2 -> to learn from, to choose an epoch on, held out, three lists; small (bool): they are few, and need more epochs.

    Generated, or published files where --data names them: as many of the larger set as are generated, all of the smaller where it has no other.
    """
    try:
        train, held_out, _ = babi_stories(2, args.data, "10k", args.seed)
    except UserError:                                      # the larger set is not there: what is, or one line about it
        train, held_out, _ = babi_stories(2, args.data, None, args.seed)
    if args.quick:
        return train[:60], train[60:70], held_out[:20], False
    n = min(800, len(train) * 9 // 10)
    return train[:n], train[n:n + 100], held_out, n < 800


def places(stories, batch):
    """Where a pass may look, for each question of two supporting facts -> {name: bool (Q, T)}, the last place of a question [done reading].

    first, second: the supporting facts.  done: [done reading].  who: the facts that name both what is asked for and the one whom the second
    fact is about, so each tells whom to look for; the first fact is one of them.
    """
    asked = [(story, question) for story in stories for question in story.questions]
    found = {name: np.zeros((len(asked), batch.n_facts.max() + 1), bool) for name in ("first", "second", "done", "who")}
    for i, (story, question) in enumerate(asked):
        first, second = question.support[:2]
        thing, who = question.tokens[-1], story.facts[second][0]
        found["first"][i, first] = found["second"][i, second] = found["done"][i, question.n_facts] = True
        found["who"][i, [t for t in range(question.n_facts) if thing in story.facts[t] and who in story.facts[t]]] = True
    return found


def weight_on(gates, places):
    """Mean weight that each pass puts on some places -> (passes,).  gates (passes, Q, T), places bool (Q, T)."""
    return (gates * places).sum(axis=2).mean(axis=1)


def percent(score):
    """A Score -> its answers right in %, with their 95 % interval: "95.4 % (93.9 to 96.5)"."""
    low, high = (100 * x for x in interval(score.answer_accuracy, score.n_questions))
    return f"{100 * score.answer_accuracy:.1f} % ({low:.1f} to {high:.1f})"


def more(one, other):
    """Whether a Score has more answers right than another: its whole 95 % interval lies above the other's."""
    return interval(one.answer_accuracy, one.n_questions)[0] > interval(other.answer_accuracy, other.n_questions)[1]


def attention_of(nets, held_out, telling, picture, notes=()):
    """Shows one question: what each net answers, and where it looks.

    nets: {name: DMN} with one vocabulary.  telling: bool (Q,), the questions that show what is to be seen; where none does, any may be shown.
    notes: as in plot_attentions.  Prints each net's answer and attention, draws them side by side, names the picture.
    """
    vocabulary = next(iter(nets.values())).vocabulary
    batch = make_batch(held_out, vocabulary)
    likely = np.flatnonzero(telling) if np.any(telling) else np.arange(len(batch.answer))
    chosen = min(likely, key=lambda i: (abs(batch.n_facts[i] - 8), i))                 # a story that fits the page
    story = held_out[batch.story_of[chosen]]
    number = chosen - np.flatnonzero(batch.story_of == batch.story_of[chosen])[0]
    question = story.questions[number]
    facts = [" ".join(fact).capitalize() + "." for fact in story.facts[:question.n_facts]]
    text, answer = " ".join(question.tokens).capitalize() + "?", ",".join(question.answer)
    panels = []
    for name, net in nets.items():
        out = net.forward(make_batch([story], vocabulary))
        panels.append((name, out.gates[:, number, :question.n_facts + 1], vocabulary.answers[out.answers[number]]))
        print(f"{text}  {name}: {panels[-1][2]}   (right: {answer})")
        print(attention_text(facts, panels[-1][1], question.support) + "\n")
    saved(plot_attentions(facts, panels, picture, text, answer, question.support, notes=notes))
