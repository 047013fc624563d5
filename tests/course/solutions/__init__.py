"""Students' files: PART/NAME.py is right, each in its own way.  Those in the paper's dialect are plain; any_dialect.py
begins with the choices, which are put in."""

from importlib import import_module
from pathlib import Path

from tinydmn.course.catalogue import EXERCISES

MODULES = ("cross_entropy", "gru_cell", "gru", "gate", "episode", "decoder")
PARTS = {part.name: part for module in MODULES for part in import_module(f"tinydmn.course.exercises.{module}").PARTS}
FAST = {name: EXERCISES[name].parts[0] for name in ("fast_gru", "cuda_update")}
WHOLE = {"passes": EXERCISES["passes"].parts[0]}           # of functions of other parts: the first line names their files
PIECES = ("gru_cell", "gru", "gate", "softmax_episode")    # of which a network is made
ANY, CHOICES = "any_dialect", 'DIALECT = ("after", "z", "tanh", "abs", "product", "gru")'


def right(part):
    """-> {name: source} of the files that are right in the paper's dialect."""
    return {path.stem: put_together(path) for path in sorted((Path(__file__).parent / part).glob("*.py"))}


def put_together(path):
    """A file, behind those that its first line names."""
    text = path.read_text(encoding="utf-8")
    first, _, rest = text.partition("\n")
    if not first.startswith("# beside: "):
        return text
    others = first.removeprefix("# beside: ").split()
    return "".join((path.parents[1] / f"{other}.py").read_text(encoding="utf-8") + "\n\n" for other in others) + rest.lstrip("\n")


def in_dialect(part, dialect):
    """-> {name: source} of the files that are right in a dialect."""
    sources = right(part)
    if ANY not in sources:
        return sources                                     # its equations are the same in every dialect
    assert CHOICES in sources[ANY]
    return {ANY: sources[ANY].replace(CHOICES, f"DIALECT = {tuple(dialect)!r}")}


def network(dialect, **changed):
    """A file for a network.  changed: of a piece, its source."""
    sources = {name: changed.get(name) or next(iter(in_dialect(name, dialect).values())) for name in PIECES}
    return "\n\n".join(sources.values())
