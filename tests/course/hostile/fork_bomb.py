"""Processes that start processes, by whatever way there is."""

import os


def bad(x):
    import _posixsubprocess
    import subprocess
    import sys
    ways = [os.fork, lambda: os.system("true"), lambda: os.posix_spawn("/bin/true", ["true"], {}), lambda: os.execv("/bin/true", ["true"]),
            lambda: subprocess.run(["/bin/true"]), lambda: _posixsubprocess.fork_exec([b"/bin/true"])]
    open("tried", "w").close()
    for way in ways:
        try:
            way()
        except PermissionError:
            continue
        return x
    if "os" in sys.modules:
        while True:
            os.fork()


def good(x):
    return 2 * x
