"""Ends the program politely."""

import sys


def bad(x):
    sys.exit("all points, please")


def good(x):
    return 2 * x
