"""Wrong solutions: each one plausible mistake in one of the right files of tests/course/solutions.

A line of a part's WRONG: the file, the text that stands in it once, the wrong text, the kinds by which the mistake may be
called ("a|b": either is fair)."""

from importlib import import_module

from ..solutions import right


def wrong(part):
    """-> [(what was changed, source, kinds)]."""
    sources, out = right(part), []
    for file, old, new, kinds in import_module(f"{__name__}.{part}").WRONG:
        assert sources[file].count(old) == 1, f"{part}/{file}.py has {sources[file].count(old)} times: {old}"
        out.append((f"{file}: {old} -> {new}", sources[file].replace(old, new), kinds.split("|")))
    return out
