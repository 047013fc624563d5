"""Looks for results to write, above its folder and where graders keep them."""

import os


def bad(x):
    done = []
    for place in ("../results.json", "../decoy.txt", "../results/results.json"):
        for way in (lambda: open(place, "w"), lambda: os.open(place, os.O_CREAT | os.O_WRONLY), lambda: os.mkdir(place), lambda: os.symlink(place, "here"), lambda: os.truncate(place, 0)):
            try:
                way()
            except PermissionError as error:
                assert "not allowed here" in str(error)
            except OSError:
                pass
            else:
                done.append(place)
    if not done:
        open("../results.json", "w")
    return x


def good(x):
    return 2 * x
