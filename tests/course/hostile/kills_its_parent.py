"""Signals to whoever asks; ones that end nothing, see __init__.py."""

import os
import signal


def bad(x):
    for way in (lambda: os.kill(os.getppid(), signal.SIGCONT), lambda: os.killpg(os.getpgid(os.getppid()), signal.SIGCONT)):
        try:
            way()
        except PermissionError:
            continue
        return x
    os.kill(os.getppid(), 0)


def good(x):
    return 2 * x
