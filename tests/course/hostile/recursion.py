"""Never comes back."""


def bad(x):
    return bad(x + 1)


def good(x):
    return 2 * x
