"""Signals to whoever asks."""

import os
import signal


def bad(x):
    for way in (lambda: os.kill(os.getppid(), signal.SIGKILL), lambda: os.killpg(os.getpgid(os.getppid()), signal.SIGKILL)):
        try:
            way()
        except PermissionError:
            continue
        return x
    os.kill(os.getppid(), signal.SIGTERM)


def good(x):
    return 2 * x
