"""Small grammars of our own, so that sentiment and tagging run without a download: sentiment.py and tags.py."""

from ...errors import UserError


def pick(rng, options):
    """One of `options`, each equally likely."""
    return options[rng.integers(len(options))]


def checked(n):
    """`n`, a number of texts.  Raises UserError where it is none."""
    if n < 1:
        raise UserError(f"{n} texts asked for; give a number of 1 or more")
    return n
