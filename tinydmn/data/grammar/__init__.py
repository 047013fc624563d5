"""Small grammars of our own, so that sentiment and tagging run without a download: sentiment.py and tags.py."""

from ...errors import UserError

TRIES = 100_000      # texts drawn in vain, one after the other, before the search for a further one is given up


def pick(rng, options):
    """One of `options`, each equally likely."""
    return options[rng.integers(len(options))]


def search(draw, fits):
    """The first draw() that fits.  Raises UserError after TRIES in vain."""
    for _ in range(TRIES):
        found = draw()
        if fits(found):
            return found
    raise UserError("no further text was found that differs from all others; ask for fewer")


def checked(n):
    """`n`, a number of texts.  Raises UserError where it is none."""
    if n < 1:
        raise UserError(f"{n} texts asked for; give a number of 1 or more")
    return n
