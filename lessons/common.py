"""What the lessons share: options, headings, predictions, claims, training, stories, attention."""

import os
import shlex
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


sys.excepthook = _one_line_for_the_user    # before Matplotlib is loaded, which may fail
# ruff: noqa: E402

import numpy as np

from tinydmn import threads
from tinydmn.data.batch import make_batch
from tinydmn.data.sources import babi_stories
from tinydmn.plots import plot_attentions
from tinydmn.streams import settle
from tinydmn.terminal import attention_text, wrap
from tinydmn.training import loop
from tinydmn.training.evaluate import interval
from tinydmn.training.progress import Progress

WIDTH = 80
OPTIONS = "TINYDMN_LESSON"                 # a notebook's options: it has no command line


def in_notebook():
    """Whether a Jupyter kernel runs this; in a plain script, or IPython in a terminal, False."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    return hasattr(shell, "kernel")


def options(doc, data=False):
    """The options of a lesson.

    -> args with quick (bool), out (Path), seed (int), and data (Path or None) where `data` is true.
    Whoever writes into args.out makes the folder (tinydmn.plots does).  A notebook's command line
    is Jupyter's: there the environment variable TINYDMN_LESSON holds the options, for instance
    "--quick --seed 1", and pictures go to out/ in the working directory.
    A UserError ends a script with one line and exit code 2.
    """
    threads.keep_freed_memory()
    settle()
    out = Path("out") if in_notebook() else Path(__file__).parent / "out"
    parser = ArgumentParser(description=(doc or "").strip().removeprefix("# "),
                            formatter_class=RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true",
                        help="the same lesson at a smaller size, in seconds")
    parser.add_argument("--out", type=Path, default=out, metavar="DIR",
                        help="where pictures go (default lessons/out)")
    parser.add_argument("--seed", type=int, default=0, metavar="N",
                        help="one seed, one result (default 0)")
    if data:
        parser.add_argument("--data", type=Path, metavar="DIR",
                            help="folder of the published files (default: generated texts)")
    given = shlex.split(os.environ.get(OPTIONS, "")) if in_notebook() else None
    args = parser.parse_args(given)
    if args.seed < 0:
        parser.error(f"--seed is {args.seed}; give 0 or more")
    return args


def heading(number, text):
    """A scene's title; a notebook has it in Markdown."""
    if not in_notebook():
        print(f"\n{number}. {text} ".ljust(WIDTH, "-"))


def predict(question):
    """Asks for a prediction before the result is shown.  Nothing waits for it: stop and think."""
    print(*wrap(f"Predict: {question}", WIDTH), sep="\n", flush=True)


def outcomes(*texts):
    """What "Your turn" should give, one by one: the last lines of a lesson, read after trying."""
    print("\n\nWhat your turn should give (try first)")
    for i, text in enumerate(texts, 1):
        first, *more = wrap(text, WIDTH - 5)
        print(f"  {i}. {first}", *(f"     {line}" for line in more), sep="\n")


def claim(says, holds, because, quick=False):
    """Reports what a lesson claims -> whether it holds in this run.

    A claim is never a crash: an exercise may well make it false.
    says: the claim, a sentence without its full stop.  because: the numbers of this run that
    decide.  quick: the run is too small to decide.
    """
    verdict = "not decided at this size (--quick)" if quick else \
        "holds" if holds else "does not hold here"
    print(*wrap(f"Claim: {says}.", WIDTH), *wrap(f"{verdict}: {because}", WIDTH, "  "), sep="\n")
    return bool(holds)


def same(what, one, other, within=1e-9):
    """Reports whether two ways to the same numbers agree -> whether they do.

    what: both ways in a few words.  within: the largest absolute difference allowed.
    """
    one, other = np.asarray(one, float), np.asarray(other, float)
    apart = np.abs(one - other) if one.shape == other.shape else np.array(np.inf)
    worst = float(np.max(apart, initial=0.0))
    agree = bool(worst <= within)                          # a NaN agrees with nothing
    at = [] if agree else [int(i) for i in np.unravel_index(np.argmax(apart), apart.shape)]
    says = f"the same within {within:.0e}" if agree else \
        f"NOT the same, they differ by {worst:.1e} at {at}"
    print(*wrap(f"{what}: {says}", WIDTH), sep="\n")
    return agree


def saved(path):
    """Names a picture on the screen, relative to the current folder where that is shorter.

    A notebook shows it as well.
    """
    name = str(path)
    try:
        name = min(name, os.path.relpath(path), key=len)
    except ValueError:                                     # another drive
        pass
    print(f"picture: {name}")
    if in_notebook():
        from IPython.display import Image, display
        display(Image(filename=str(path)))


def where(what, function):
    """One line: an equation, and the file, line and name of the function that computes it."""
    function = getattr(function, "func", function)         # of a composed operation, its function
    function = getattr(function, "py_func", function)      # of a compiled function, its Python
    file = Path(getsourcefile(function)).as_posix()
    place = f"{file[file.rindex('tinydmn/') + 8:]}:{getsourcelines(function)[1]}"
    print(f"  {what:<26} {place}  {function.__name__}")


def run_training(net, fit, stop, seed, *, fresh=None, watch=None, lines=True):
    """Trains `net` in place, the best epoch chosen on `stop` -> training.loop.State.

    Progress: a bar in a terminal, a line an epoch in a file, one line at the end in a notebook.
    fit, stop: Batch.  fresh: makes the Batch of an epoch, where epochs differ (see loop.train).
    watch(net, state, progress) -> on_epoch, on_step, in place of the progress's own.
    lines=False: no line for an epoch, as the lesson prints one for the network.
    """
    config, state = net.config, loop.start(net, seed)
    n = int(np.sum(fit.answer >= 0)) if config.answer == "tags" else len(fit.answer)
    progress = Progress(config, state, n, quiet=in_notebook())
    hooks = progress.epoch if lines or progress.live else None, progress.on_step
    loop.train(net, fresh or fit, stop, state, *(watch(net, state, progress) if watch else hooks))
    progress.close()
    if in_notebook() and lines and state.history:
        best = max(state.best_epoch, 1)
        right = 100 * state.history[best - 1]["valid_answer_accuracy"]
        print(f"  {state.epoch} epochs, best on validation: {best}, {right:.1f} % of the answers")
    return state


def two_supporting_facts(args):
    """Stories of task 2: to learn from, to choose an epoch on, held out (three lists), and small.

    small (bool): they are few, and need more epochs.
    Generated, or published files where --data names them: as many of the larger set as are
    generated, all of the smaller where there is no larger one.
    """
    try:
        train, held_out, _ = babi_stories(2, args.data, "10k", args.seed)
    except UserError:                      # no larger set: the smaller one, or one line about it
        train, held_out, _ = babi_stories(2, args.data, None, args.seed)
    if args.quick:
        return train[:60], train[60:70], held_out[:20], False
    n = min(800, len(train) * 9 // 10)
    return train[:n], train[n:n + 100], held_out, n < 800


def places(stories, batch):
    """Positions that a pass may attend to, for questions with two supporting facts.

    -> {name: bool (Q, T)}, the last position of a question [done reading].
    first, second: the supporting facts.  done: [done reading].  who: the facts that name both
    what is asked for and the person of the second fact, so each of them tells whom to look for;
    the first fact is one of them.
    """
    asked = [(story, question) for story in stories for question in story.questions]
    size = len(asked), batch.n_facts.max() + 1
    found = {name: np.zeros(size, bool) for name in ("first", "second", "done", "who")}
    for i, (story, question) in enumerate(asked):
        first, second = question.support[:2]
        thing, who = question.tokens[-1], story.facts[second][0]
        found["first"][i, first] = found["second"][i, second] = True
        found["done"][i, question.n_facts] = True
        found["who"][i, [t for t in range(question.n_facts)
                         if thing in story.facts[t] and who in story.facts[t]]] = True
    return found


def weight_on(gates, places):
    """Mean weight that each pass puts on some positions -> (passes,).

    gates (passes, Q, T), places bool (Q, T).
    """
    return (gates * places).sum(axis=2).mean(axis=1)


def percent(score):
    """A Score -> its accuracy in % with the 95 % interval: "95.4 % (93.9 to 96.5)"."""
    low, high = (100 * x for x in interval(score.answer_accuracy, score.n_questions))
    return f"{100 * score.answer_accuracy:.1f} % ({low:.1f} to {high:.1f})"


def more(one, other):
    """Whether one Score's whole 95 % interval of accuracy lies above another's."""
    low = interval(one.answer_accuracy, one.n_questions)[0]
    return low > interval(other.answer_accuracy, other.n_questions)[1]


def attention_of(nets, held_out, telling, picture, notes=()):
    """Shows one question: the predicted answer and the attention of each network.

    nets: {name: DMN} with one vocabulary.  telling: bool (Q,), the questions that show the point;
    where there is none, any may be shown.  notes: as in plot_attentions.
    Prints each network's answer and attention, draws them side by side, names the picture.
    """
    vocabulary = next(iter(nets.values())).vocabulary
    batch = make_batch(held_out, vocabulary)
    likely = np.flatnonzero(telling) if np.any(telling) else np.arange(len(batch.answer))
    chosen = min(likely, key=lambda i: (abs(batch.n_facts[i] - 8), i))     # one that fits the page
    story = held_out[batch.story_of[chosen]]
    number = chosen - np.flatnonzero(batch.story_of == batch.story_of[chosen])[0]
    question = story.questions[number]
    facts = [" ".join(fact).capitalize() + "." for fact in story.facts[:question.n_facts]]
    text, answer = " ".join(question.tokens).capitalize() + "?", ",".join(question.answer)
    panels = []
    for name, net in nets.items():
        out = net.forward(make_batch([story], vocabulary))
        gates = out.gates[:, number, :question.n_facts + 1]
        panels.append((name, gates, vocabulary.answers[out.answers[number]]))
        print(f"{text}  {name}: {panels[-1][2]}   (right: {answer})")
        print(attention_text(facts, gates, question.support) + "\n")
    drawn = plot_attentions(facts, panels, picture, text, answer, question.support, notes=notes)
    saved(drawn)
