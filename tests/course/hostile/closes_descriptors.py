"""Every descriptor, that of its answers too."""

import os


def bad(x):
    os.closerange(0, 1024)
    return x


def good(x):
    return 2 * x
