"""The command line:  python -m tinydmn COMMAND ...  (also installed as `tinydmn`)."""

import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter

from .. import __version__, threads
from ..errors import UserError
from ..ops.failures import plainly
from . import ask, bench, data, evaluate, gradcheck, info, lessons, play, table, train

COMMANDS = {
    "train": train,
    "eval": evaluate,
    "ask": ask,
    "play": play,
    "data": data,
    "gradcheck": gradcheck,
    "bench": bench,
    "info": info,
    "table": table,
    "lessons": lessons,
}
FIRST_STEPS = (("tinydmn train babi --task 1", "learn where people are, on generated stories"),
               ("tinydmn ask runs/babi-1.npz", "tell it a story and ask"),
               ("tinydmn gradcheck", "every derivative against a difference"))


class _Parser(ArgumentParser):
    """Its errors are one line, as all errors of the user are."""

    def error(self, message):
        self.exit(2, f"{self.prog}: {one_line(message)}; see {self.prog} --help\n")

    def _print_message(self, message, file=None):
        # argparse's own is silent where it cannot be written
        print(message or "", end="", file=file or sys.stderr)


def parser():
    """The whole command line as an ArgumentParser."""
    top = _Parser(prog="tinydmn", formatter_class=RawDescriptionHelpFormatter,
                  description="The Dynamic Memory Network (Kumar et al., ICML 2016): train it, "
                              "question it, check its derivatives.",
                  epilog="\n".join(["first steps:", *(f"  {words:30} {meaning}"
                                                      for words, meaning in FIRST_STEPS)]))
    top.add_argument("--version", action="version", version=f"tinydmn {__version__}")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, module in COMMANDS.items():
        sub = commands.add_parser(name, help=module.__doc__.splitlines()[0],
                                  description=module.__doc__,
                                  formatter_class=RawDescriptionHelpFormatter)
        module.add_arguments(sub)
        sub.set_defaults(run=module.run)
    return top


def main(argv=None):
    """Runs one command -> exit code: 0, or 2 where the user has something to fix, 130 after
    Ctrl-C."""
    name = "tinydmn"
    try:
        args = parser().parse_args(argv)
        name += f" {args.command}"
        threads.count()                # a wrong TINYDMN_THREADS is an error before the work
        threads.keep_freed_memory()
        with threads.interruptible(), plainly():
            return args.run(args) or 0
    except UserError as error:
        print(f"{name}: {one_line(error)}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"{name}: stopped", file=sys.stderr)
        return 130


def one_line(message):
    """A message on one line; it may hold a name with a line's end in it."""
    return " ".join(str(message).splitlines())
