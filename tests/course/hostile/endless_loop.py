"""An endless loop that catches whatever is raised in it."""


def bad(x):
    while True:
        try:
            for _ in iter(int, 1):
                pass
        except BaseException:
            continue


def good(x):
    return 2 * x
