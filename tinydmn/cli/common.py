"""Options and output that several commands share."""

from argparse import ArgumentTypeError
from dataclasses import fields
from pathlib import Path

from ..config import Config, bounds, check_value, limits
from ..errors import UserError, check_picture
from ..ops import BACKENDS, DEVICES
from ..writing import check_place, json_text

SEEDS = {"least": 0, "most": 2**32 - 1}
TEXTS = {"least": 1, "most": 100_000}          # that are generated
CONFIG = ("network and training (a task may have defaults of its own, tinydmn/tasks/; a checkpoint "
          "keeps its own)")


def add_config(parser, title=CONFIG):
    """One option for each field of Config.  One that is not given stays None, so that defaults can
    depend on the task."""
    group = parser.add_argument_group(title)
    for f in fields(Config):
        choices = f.metadata.get("choices")
        group.add_argument("--" + f.name.replace("_", "-"), choices=choices,
                           type=f.type if f.type is str else number(f.type, **limits(f)),
                           metavar=None if choices else "N",
                           help=f"{f.metadata['help']} (default {f.default})")


def number(type_=int, **limits):
    """A `type` for argparse: a number within limits (least, most, above, below), as Config has
    them.  Every number of every command is one."""
    def parse(text):
        value = type_(text)
        try:
            check_value("it", value, type_, limits)
        except UserError:
            raise ArgumentTypeError(f"{text.strip()} is out of range; "
                                    f"give {bounds(limits)}") from None
        return value
    parse.__name__ = type_.__name__            # argparse names it where the text is no number
    return parse


def student(text):
    """A `type` for argparse: whose equations.  A name that is empty, as that of a variable of the
    shell which is not set, would give all the same."""
    if not text.strip() or not text.isprintable() or len(text) > 100:
        raise ArgumentTypeError("give a name or a number, of 100 letters at most")
    return text


def picture(text):
    """A `type` for argparse: where a picture goes.  Checked before the work, which may take hours,
    and not only when the picture is drawn."""
    try:
        check_picture(text)
        check_place(text, overwrite=True)
        from .. import plots  # noqa: F401     loads Matplotlib: where that fails, it fails now
    except UserError as error:
        raise ArgumentTypeError(error) from None
    return Path(text)


def given_config(args):
    """{name: value} of the Config options that were given on the command line."""
    return {f.name: getattr(args, f.name) for f in fields(Config)
            if getattr(args, f.name) is not None}


def add_json(parser):
    parser.add_argument("--json", action="store_true", help="print the figures as one JSON object")


def add_backend(parser):
    parser.add_argument("--backend", choices=BACKENDS + DEVICES, default="numba",
                        help="numba is fast, numpy is the reference implementation, cuda needs "
                             "an NVIDIA GPU (default numba)")


def add_seed(parser):
    parser.add_argument("--seed", type=number(**SEEDS), default=0, metavar="N",
                        help="one seed, one result: on one machine bit for bit (default 0)")


def print_json(figures, indent=1):
    """Standard output then holds this and nothing else: messages go to standard error."""
    print(json_text(figures, indent), flush=True)              # another program may wait for it


def counted(n, thing):
    return f"{n} {thing}{'s' * (n != 1)}"


def best_epoch(epochs, best):
    """Which of its epochs a network's weights are from, in words.  best 0: none trained the
    answers, and the weights are the initial ones."""
    if not best:
        return f"{counted(epochs, 'epoch')}, none better than the start, whose weights are kept"
    return counted(1, "epoch") if epochs == 1 else f"best of {epochs} epochs: {best}"
