"""write generated stories as files in the published bAbI format

example:
  tinydmn data --task 2 --out stories/      900 training and 1,000 validation questions

No question of validation is in training with all its facts.
"""

import numpy as np

from ..data.generator import TASKS, generate, generate_questions, write_sets
from ..data.sources import SIZES
from ..data.story import count_questions
from ..errors import UserError
from .common import TEXTS, add_seed, number


def add_arguments(parser):
    parser.add_argument("--task", type=int, choices=TASKS, required=True,
                        help="task of the bAbI set")
    parser.add_argument("--out", required=True, metavar="DIR",
                        help="folder for the files; made where there is none")
    parser.add_argument("--stories", type=number(**TEXTS), metavar="N",
                        help="stories for training (default: as many as --size has questions)")
    parser.add_argument("--size", choices=SIZES, default="1k",
                        help="900 or 9,000 training questions, as the published files have "
                             "(default 1k)")
    parser.add_argument("--overwrite", action="store_true", help="replace files of the same name")
    add_seed(parser)


def run(args):
    (n_train, n_valid), rng = SIZES[args.size], np.random.default_rng([args.seed, args.task])
    if args.stories:
        train = generate(args.task, args.stories, rng)
    else:
        train = generate_questions(args.task, n_train, rng)
    sets = {"train": train, "valid": generate_questions(args.task, n_valid, rng, apart_from=train)}
    if not sets["valid"]:
        raise UserError(f"task {args.task}: every question of validation is in training as well; "
                        "ask for fewer --stories")
    paths = write_sets(args.out, args.task, sets, args.overwrite)
    for path, stories, wanted in zip(paths, sets.values(), (0, n_valid)):
        n = count_questions(stories)
        few = ": no more were found that training does not have" * (n < wanted)
        print(f"{path}   {n:,} questions{few}")
