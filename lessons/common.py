"""What the lessons share: their options, the headings on the screen, where a function stands."""

import os
import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from inspect import getsourcefile, getsourcelines
from pathlib import Path

from tinydmn import threads
from tinydmn.errors import UserError

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
        parser.add_argument("--data", type=Path, metavar="DIR", help="published bAbI files (default: generated stories)")
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
