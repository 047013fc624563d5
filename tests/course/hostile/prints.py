"""Megabytes of prints, some past sys.stdout."""

import os
import sys


def bad(x):
    for _ in range(300):
        print("x" * 100_000)
        print("y" * 100_000, file=sys.stderr)
    for _ in range(100):
        os.write(1, b"z" * 100_000)


def good(x):
    return 2 * x
