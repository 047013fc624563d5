"""Processes that start processes, by whatever way there is."""

import os


def bad(x):
    import _posixsubprocess
    import subprocess
    ways = [os.fork, lambda: os.system("true"), lambda: os.posix_spawn("/bin/true", ["true"], {}), lambda: os.execv("/bin/true", ["true"]),
            lambda: subprocess.run(["/bin/true"]), lambda: _posixsubprocess.fork_exec([b"/bin/true"])]
    for way in ways:
        try:
            way()
        except PermissionError:
            continue
        return x
    os.fork()


def good(x):
    return 2 * x
