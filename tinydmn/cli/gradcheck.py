"""hold every hand-written derivative against a central difference, in float64

Without a checkpoint: a small network on generated stories, every entry of every parameter, both kinds of episode.
With one: that very network, some entries of each parameter.
"""

import numpy as np

from ..config import Config
from ..data.batch import make_batch
from ..data.generator import generate
from ..data.grammar.sentiment import sentiment_texts
from ..data.grammar.tags import tagged_texts
from ..data.vocabulary import Vocabulary
from ..errors import UserError
from ..gradcheck import check_model
from ..model import DMN
from ..training import checkpoint
from ..training.material import batch_of
from .common import add_backend, add_json, add_seed, print_json

WORST = 1e-4                   # a relative error above this is a wrong derivative; right ones stay below 1e-5


def add_arguments(parser):
    parser.add_argument("checkpoint", nargs="?", help="a trained network; without it, a small fresh one")
    parser.add_argument("--entries", type=int, default=40, metavar="N", help="entries of each parameter of a checkpoint (default 40)")
    add_backend(parser)
    add_seed(parser)
    add_json(parser)


def run(args):
    rng = np.random.default_rng(args.seed)
    if args.checkpoint:
        trained, _, about = checkpoint.load(args.checkpoint, args.backend)
        model = DMN(trained.config, trained.vocabulary, args.backend, dtype="float64")
        model.theta[...] = trained.theta
        texts = {"babi": lambda: generate(about["task"], 20, rng), "sst": lambda: sentiment_texts(20, rng, about["kind"]), "pos": lambda: tagged_texts(20, rng)}
        answers = set(trained.vocabulary.answers)
        known = [s for s in texts[about["set"]]() if all({",".join(q.answer), *q.answer} & answers for q in s.questions)]
        if not known:
            raise UserError(f"{args.checkpoint}: none of its answers is one of our generated texts; check a network trained on generated texts")
        figures = {about["name"]: check_model(model, batch_of(known[:2], trained.vocabulary, trained.config), args.entries, rng)}
    else:
        stories = generate(1, 2, rng)
        vocabulary, figures = Vocabulary.build(stories), {}
        for episode in ("softmax", "gated"):
            config = Config(hidden=4, embedding=3, gate_hidden=3, passes=2, episode=episode)
            model = DMN(config, vocabulary, args.backend, args.seed, "float64")
            figures[episode] = check_model(model, make_batch(stories, vocabulary), None, rng)
    worst = max(error for checked in figures.values() for error, _ in checked.values())
    if args.json:
        print_json({"backend": args.backend, "worst": worst, "checked": figures})
    else:
        for title, checked in figures.items():
            print(f"{title}, {args.backend}\n  {'gradient of':24}{'entries':>8}{'worst relative error':>24}")
            for name, (error, n) in checked.items():
                print(f"  {name:24}{n:8}{error:24.1e}{'   <-- wrong' if error > WORST else ''}")
        print(f"worst relative error {worst:.1e}: " + ("every derivative agrees" if worst <= WORST else "a derivative is wrong"))
    return 0 if worst <= WORST else 1
