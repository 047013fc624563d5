"""Options and output that several commands share."""

import json
import sys
from dataclasses import fields

from ..config import Config
from ..ops import BACKENDS


def add_config(parser, title="network and training (a task may have defaults of its own, tinydmn/training/presets.py; a checkpoint keeps its own)"):
    """One option for each field of Config.  An option that is not given stays None, so that defaults can depend on the task."""
    group = parser.add_argument_group(title)
    for f in fields(Config):
        group.add_argument("--" + f.name.replace("_", "-"), type=f.type, choices=f.metadata.get("choices"),
                           metavar=None if "choices" in f.metadata else "N", help=f"{f.metadata['help']} (default {f.default})")


def given_config(args):
    """{name: value} of the Config options that stand on the command line."""
    return {f.name: getattr(args, f.name) for f in fields(Config) if getattr(args, f.name) is not None}


def add_json(parser):
    parser.add_argument("--json", action="store_true", help="print the figures as one JSON object")


def add_backend(parser):
    parser.add_argument("--backend", choices=BACKENDS, default="numba", help="numba is fast, numpy is the definition (default numba)")


def add_seed(parser):
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="one seed, one result, bit for bit (default 0)")


def print_json(figures):
    json.dump(figures, sys.stdout, indent=1, default=float)
    print()


def sentence(tokens, end="."):
    """Words as a sentence of the published files: ["mary", "went"] -> "Mary went."."""
    text = " ".join(tokens)
    return text[:1].upper() + text[1:] + end
