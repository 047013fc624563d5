"""Small grammars that generate sentiment and tagging data, so that both tasks run offline:
sentiment.py and tags.py."""

from ...errors import UserError

TRIES = 100_000      # consecutive texts that do not fit, after which a search is given up


def pick(rng, options):
    """One of `options`, each equally likely."""
    return options[rng.integers(len(options))]


def search(draw, fits):
    """The first draw() that fits.  Raises UserError after TRIES that do not."""
    for _ in range(TRIES):
        found = draw()
        if fits(found):
            return found
    raise UserError("no further text was found that differs from all others; ask for fewer")


def checked(n):
    """`n`, a number of texts.  Raises UserError where it is less than 1."""
    if n < 1:
        raise UserError(f"{n} texts asked for; give a number of 1 or more")
    return n
