"""python -m tinydmn"""

import sys


def main():
    """The command line -> exit code.  Loading it takes a moment, in which Ctrl-C is as good as later: one line, 130."""
    try:
        from .cli import main as run
        return run()
    except KeyboardInterrupt:
        print("tinydmn: stopped", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
