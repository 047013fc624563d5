"""Fails while it is loaded."""

table = {}
table["gru"]


def good(x):
    return 2 * x
