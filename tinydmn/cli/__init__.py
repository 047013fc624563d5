"""The command line:  python -m tinydmn COMMAND ...  (also installed as `tinydmn`)."""

import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from importlib import import_module

from .. import __version__, threads
from ..errors import UserError
from ..ops.failures import plainly

# a command -> the file here that has it; it is loaded when it is asked for
COMMANDS = {
    "train": "train",
    "eval": "evaluate",
    "ask": "ask",
    "play": "play",
    "data": "data",
    "gradcheck": "gradcheck",
    "bench": "bench",
    "info": "info",
    "table": "table",
    "lessons": "lessons",
    "exercise": "exercise",
    "check": "check",
    "grade": "grade",
    "autograder": "autograder",
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


def module_of(name):
    """The module of a command."""
    return import_module(f"{__name__}.{COMMANDS[name]}")


def asked(words):
    """The commands that a command line may mean: the one it begins with, else all."""
    return words[:1] if words and words[0] in COMMANDS else list(COMMANDS)


def parser(names=COMMANDS):
    """The command line as an ArgumentParser: the whole, or of the named commands alone."""
    top = _Parser(prog="tinydmn", formatter_class=RawDescriptionHelpFormatter,
                  description="The Dynamic Memory Network (Kumar et al., ICML 2016): train it, "
                              "question it, check its derivatives.",
                  epilog="\n".join(["first steps:", *(f"  {words:30} {meaning}"
                                                      for words, meaning in FIRST_STEPS)]))
    top.add_argument("--version", action="version", version=f"tinydmn {__version__}")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name in names:
        module = module_of(name)
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
        words = sys.argv[1:] if argv is None else argv
        args = parser(asked(words)).parse_args(words)
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
