"""Whatever lies here, and above: see __init__.py, which is why it is content with a decoy."""

import os
import shutil


def bad(x):
    shutil.rmtree(".", ignore_errors=True)
    os.remove("../decoy.txt")


def good(x):
    return 2 * x
