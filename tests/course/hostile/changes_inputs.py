"""Its arguments in place: their values, shape and size."""


def bad(x, y, z):
    x += 1
    y.shape = (-1,)
    return x


def good(x):
    return 2 * x
