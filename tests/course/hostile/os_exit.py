"""Ends the process at once, with the exit code of success."""

import os


def bad(x):
    os._exit(0)


def good(x):
    return 2 * x
