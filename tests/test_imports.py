"""Imports run downward only: no circle, and nothing of a higher layer."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "tinydmn"
# from the bottom; a module may import what stands in its own layer or below.  A longer name goes before a shorter one
LAYERS = (
    ("errors", "writing", "streams", "terminal", "threads"),
    ("course",),
    ("ops",),
    ("data",),
    ("parts", "output"),
    ("config",),
    ("answer_word", "answer_tags", "answer_sequence", "input_module", "question_module", "episodic_memory", "word_memories", "no_memory", "word_vectors"),
    ("parameters", "losses", "pieces", "answer", "gradcheck"),
    ("model",),
    ("plots",),
    ("training",),
    ("tasks",),
    ("library", "bench", "play"),
    ("cli",),
    ("__main__",),
)
HIGHER = {f"training.{name}": "cli" for name in ("answers", "runs", "tables")}     # they stand on the task sets


def name_of(path):
    return ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__")


def imports(path):
    """The modules of ours that a file imports when it is loaded (not what a function of it loads later, nor what type checkers read)."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    package = name_of(path).split(".") if path.name == "__init__.py" else name_of(path).split(".")[:-1]
    package = [part for part in package if part]

    def statements(body):
        for node in body:
            if isinstance(node, (ast.If, ast.With, ast.Try)) and "TYPE_CHECKING" not in ast.dump(node):
                yield from statements(node.body)
            elif isinstance(node, ast.ImportFrom) and node.level:
                yield node
    for node in statements(tree.body):
        base = package[:len(package) - node.level + 1] + (node.module or "").split(".") * bool(node.module)
        for alias in node.names:
            full = PACKAGE.joinpath(*base, alias.name)
            yield ".".join([*base, alias.name]) if full.with_suffix(".py").exists() or full.is_dir() else ".".join(base)


FILES = {name_of(path): path for path in sorted(PACKAGE.rglob("*.py")) if "__pycache__" not in path.parts}
GRAPH = {name: sorted({found for found in imports(path) if found and found != name}) for name, path in FILES.items()}


def layer(name):
    where = HIGHER.get(name, name)
    return next(i for i, names in enumerate(LAYERS) if where.split(".")[0] in names)


@pytest.mark.parametrize("name", [name for name in GRAPH if name])
def test_nothing_of_a_higher_layer(name):
    higher = [found for found in GRAPH[name] if layer(found) > layer(name)]
    assert not higher, f"{name} imports {', '.join(higher)}"


def test_no_circle():
    done, path = set(), []

    def visit(name):
        if name in path:
            pytest.fail("a circle: " + " -> ".join([*path[path.index(name):], name]))
        if name in done or name not in GRAPH:
            return
        path.append(name)
        for found in GRAPH[name]:
            # a package's own module may be imported while the package is loaded
            if not name.startswith(found + "."):
                visit(found)
        done.add(path.pop())
    for name in GRAPH:
        visit(name)


def test_the_graph_is_the_programs():
    """The check checked."""
    assert "ops.gru_numba" in GRAPH["ops.passes_numba"] and "model" in GRAPH["library"] and "parts" in GRAPH["model"]
    assert layer("training.loop") < layer("training.tables") and len(GRAPH) > 80
