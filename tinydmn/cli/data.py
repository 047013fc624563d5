"""write generated stories as files in the published bAbI format

example:
  tinydmn data --task 2 --out stories/      1,000 training and 1,000 validation questions
"""

import numpy as np

from ..data.generator import TASKS, write_task
from ..data.sources import SIZES
from ..errors import UserError
from .common import add_seed


def add_arguments(parser):
    parser.add_argument("--task", type=int, choices=TASKS, required=True, help="task of the bAbI set")
    parser.add_argument("--out", required=True, metavar="DIR", help="folder for the files; made where there is none")
    parser.add_argument("--stories", type=int, metavar="N", help="stories for training, five questions each (default: by --size)")
    parser.add_argument("--size", choices=SIZES, default="1k", help="questions as in the published files (default 1k)")
    parser.add_argument("--overwrite", action="store_true", help="replace files of the same name")
    add_seed(parser)


def run(args):
    n_train, n_valid = SIZES[args.size]
    if args.stories is not None and args.stories < 1:
        raise UserError(f"--stories is {args.stories}; give a number of 1 or more")
    paths = write_task(args.out, args.task, {"train": args.stories or n_train, "valid": n_valid},
                       np.random.default_rng([args.seed, args.task]), args.overwrite)
    for path in paths:
        print(path)
