"""hold every hand-written derivative against a central difference, in float64

Without a checkpoint: small networks that use every operation, every entry of
every parameter, with both back ends; it says which files it ran.  With one:
that very network, some entries of each parameter.

--backend cuda: the kernels, on a GPU.  In Numba's simulator, which is slow, a
gradient is held against differences of the reference's J, and J against its J.
"""

from importlib import import_module
from pathlib import Path

import numpy as np

from .. import ops
from ..config import Config
from ..data.story import Question, Story
from ..data.vocabulary import Vocabulary
from ..errors import UserError, notice
from ..gradcheck import WORST, OnHost, compared, explained, recording, relative_error
from ..model import DMN
from ..ops import BACKENDS, DEVICES, device
from ..tasks import task_of, texts_of
from ..terminal import wrap
from ..training import checkpoint
from ..training.material import batch_of
from .common import add_json, add_seed, number, print_json

ENTRIES = 40                   # of each parameter of a checkpoint, at random
# small networks that use every operation between them, as settings unlike the default
CASES = {"softmax": {"l2": 0.1}, "gated": {"episode": "gated"}, "sequence": {"answer": "sequence"},
         "lstm": {"cell": "lstm"}, "rnn": {"cell": "rnn", "dropout": 0.3},
         "tags": {"answer": "tags", "episode": "gated", "facts": "words", "bidirectional": "yes"}}
STORIES = [Story(["Mary went home.", "John went out.", "Mary sat there."],
                 [Question("Where is Mary?", "home", 2, [0]),
                  Question("Who sat?", "mary,john", 3, [2, 1])]),
           Story(["John sat."], [Question("Where is John?", "out", 1)])]
TAGGED = [Story([["Mary", "talked", "and", "walked"]],
                [Question(["all", "tags"], ["NNP", "VBD", "CC", "VBD"], 1)]),
          Story([["We", "jumped"]], [Question(["all", "tags"], ["PRP", "VBD"], 1)])]


class _SameMask(DMN):
    """Dropout with the same mask in each call, so that J changes with the parameter alone."""

    def loss_and_grads(self, batch, alpha=None, beta=1.0, rng=None):
        return super().loss_and_grads(batch, alpha, beta, np.random.default_rng(0))


def add_arguments(parser):
    parser.add_argument("checkpoint", nargs="?",
                        help="a trained network; without it, small fresh ones")
    parser.add_argument("--entries", type=number(least=1, most=1_000_000), metavar="N",
                        help=f"entries of each parameter of a checkpoint (default {ENTRIES})")
    parser.add_argument("--backend", choices=BACKENDS + DEVICES,
                        help="one alone (default: numpy and numba)")
    add_seed(parser)
    add_json(parser)


def run(args):
    if args.entries and not args.checkpoint:
        raise UserError("--entries is for a checkpoint; "
                        "without one every entry is checked: leave it out")
    rng = np.random.default_rng(args.seed)
    backends = [args.backend] if args.backend else BACKENDS
    figures, files = {}, {}
    for title, models, batch, entries in checks(args, backends, rng):
        figures[title] = {}
        for backend, model in zip(backends, models):
            model.ops, ran = recording(model.ops)
            checked = on_host(model) if backend in DEVICES else model
            shapes = {"J": (1,)} | {name: a.shape for name, a in model.params.items()}
            figures[title][backend] = {name: verdict(name, *both, shapes[name])
                                       for name, *both in compared(checked, batch, entries, rng)}
            files[backend] = sorted({*files.get(backend, []), *with_helpers(ran)})
    worst = max(error for of in figures.values() for checked in of.values()
                for error, *_ in checked.values())
    if args.json:
        print_json({"backends": backends, "worst": worst, "files": files, "checked": figures})
    else:
        show(figures, files, worst, backends)
    return 0 if worst <= WORST else 1


def on_host(model):
    """A model of a device -> OnHost, in the simulator with the reference's differences."""
    reference = None
    if device.SIMULATED:
        notice("simulator", "the simulator is slow: differences are those of the back end numpy")
        reference = type(model)(model.config, model.vocabulary, "numpy", dtype="float64")
    return OnHost(model, reference)


def show(figures, files, worst, backends):
    """Prints figures: title -> back end -> parameter -> verdict; and which files ran."""
    for title, of in figures.items():
        print(f"{title:24}{'entries':>9}{'worst relative error:':>24}{'':2}",
              *(f"{backend:>10}" for backend in backends), sep="")
        for name in of[backends[0]]:
            found = [of[backend][name] for backend in backends]
            print(f"  {name:22}{found[0][1]:9}{'':26}",
                  *(f"{error:10.1e}" for error, *_ in found), sep="")
            for backend, (error, _, says) in zip(backends, found):
                if error > WORST:
                    line = f"<-- wrong, {backend}" + (f": {says}" if says else "")
                    print(*wrap(line, 76, "    "), sep="\n")
    for backend, ran in files.items():
        print(*wrap(f"{backend} ran {', '.join(ran)}", 80), sep="\n")
    says = "every derivative agrees" if worst <= WORST else "a derivative is wrong"
    print(f"worst relative error {worst:.1e}: {says}")


def with_helpers(files):
    """Names of files -> these, and the files of the same back end that they in turn call."""
    found, waiting = set(), set(files)
    while waiting:
        found.add(file := waiting.pop())
        if file.startswith("ops/"):
            functions = vars(import_module(f"{ops.__name__}.{Path(file).stem}")).values()
            used = {getattr(function, "__module__", None) or "" for function in functions}
            used = {name.removeprefix(ops.__name__ + ".") for name in used}
            backend = Path(file).stem.rpartition("_")[2]
            waiting |= {f"ops/{name}.py" for name in used if name.endswith("_" + backend)} - found
    return found


def verdict(name, exact, numerical, shape):
    """-> worst relative error, entries checked, and what is wrong, in words: "" where nothing is,
    or where not every entry was checked.
    """
    error, says = float(relative_error(exact, numerical).max()), ""
    if error > WORST and exact.size == np.prod(shape):
        atol = WORST * np.abs(numerical).max()
        says = explained(name, exact.reshape(shape), numerical.reshape(shape), WORST, atol)
    return error, exact.size, says


def checks(args, backends, rng):
    """Yields what is to be checked: title, a model for each back end with the same parameters,
    batch, entries of each parameter (None: every one).
    """
    if args.checkpoint:
        trained, _, about = checkpoint.load(args.checkpoint)
        answers = set(trained.vocabulary.answers)
        if about.get("file"):
            stories = texts_of(about)[0]
        else:
            stories = task_of(about).fresh(about, 20, rng)[0]
        known = [story for story in stories
                 if all({",".join(q.answer), *q.answer} & answers for q in story.questions)]
        if not known:
            raise UserError(f"{args.checkpoint}: none of its answers is in our generated texts; "
                            "check a network trained on generated texts")
        config, vocabulary = trained.config, trained.vocabulary
        models = [DMN(config, vocabulary, backend, dtype="float64") for backend in backends]
        for model in models:
            model.theta = trained.theta
        batch = batch_of(known[:2], vocabulary, config)
        yield about["name"], models, batch, args.entries or ENTRIES
        return
    for title, switches in CASES.items():
        stories = TAGGED if title == "tags" else STORIES
        config = Config(**{"hidden": 2, "embedding": 2, "gate_hidden": 2, "passes": 2} | switches)
        vocabulary = Vocabulary.build(stories, config.answer, features=config.answer == "tags")
        network = _SameMask if "dropout" in switches else DMN
        models = [network(config, vocabulary, backend, args.seed, "float64")
                  for backend in backends]
        yield title, models, batch_of(stories, vocabulary, config), None
