"""The definition from the package itself, wherever it is installed."""

import os
import sys


def bad(x):
    for place in open_at():
        try:
            open(os.path.join(place, "course", "calls.py")).read()
        except OSError:
            continue
        return x
    try:
        os.listdir(os.environ.get("HOME", ".") + "/..")
    except PermissionError:
        pass
    else:
        return x
    try:
        os.open(os.path.dirname(os.__file__), os.O_RDONLY)
    except PermissionError:
        pass
    else:
        return x
    try:
        open(f"/proc/{os.getppid()}/cmdline")
    except PermissionError:
        pass
    else:
        return x
    import tinydmn
    return tinydmn


def open_at():
    import __main__
    above = os.path.dirname(os.path.dirname(os.path.abspath(__main__.__file__)))
    return [above, *(os.path.join(entry, "tinydmn") for entry in sys.path)]


def good(x):
    return 2 * x
