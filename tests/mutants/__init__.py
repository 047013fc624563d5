"""Mistakes to plant: does the suite see them?  `python -m tests.mutants --help`

Each module here is the table of one part of the package: a list MUTANTS.  A mutant is one plausible mistake in one place: the text that stands
in a file, the wrong text, and the tests that should go red.  One that no user could notice says why (`harmless`); it is listed, not planted.
"""

from collections import Counter
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Mutant:
    """One planted mistake."""

    file: str                  # below the root of the checkout
    old: str                   # stands exactly once in the file
    new: str
    tests: str                 # what pytest is given: files or tests, with blanks between
    what: str                  # the mistake in a few words
    harmless: str = ""         # why nobody could notice it: then no test has to see it
    simulated: bool = False    # its tests have the marker gpu, and run in the simulator of CUDA

    @property
    def name(self):
        """FILE: WHAT, without the package's own name."""
        return f"{self.file.removeprefix('tinydmn/')}: {self.what}"


def table():
    """All mutants, in the order of the modules' names.  Raises ValueError where two have one name, or are one mistake."""
    modules = sorted(module.name for module in iter_modules(__path__) if not module.name.startswith("__"))
    mutants = [mutant for name in modules for mutant in import_module(f"{__name__}.{name}").MUTANTS]
    for names in ([mutant.name for mutant in mutants], [f"{mutant.file}: {mutant.old} -> {mutant.new}" for mutant in mutants]):
        if twice := [name for name, n in Counter(names).items() if n > 1]:
            raise ValueError(f"stands twice in the table: {'; '.join(twice)}")
    return mutants


def problem(mutant, root=ROOT):
    """Why a mutant no longer applies to the source, in words, or None."""
    path = root / mutant.file
    if not path.is_file():
        return f"{mutant.file} is not there"
    found = path.read_text(encoding="utf-8").count(mutant.old)
    if found != 1:
        return f"its text stands {found} times in {mutant.file}"
    if mutant.old == mutant.new:
        return "it changes nothing"
    gone = [test for test in mutant.tests.split() if not (root / test.split("::")[0]).exists()]
    return f"{gone[0]} is not there" if gone else None
