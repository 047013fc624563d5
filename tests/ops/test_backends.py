"""Back ends on top of each other: what ops.load takes from where, that pairs stay together, and what an overlay changes."""

import ast
import copy
import pickle
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

from tinydmn import ops
from tinydmn.ops import gate_numpy, gru_numpy
from tinydmn.ops.groups import EPISODES, GRU, Decoder, Facts, Passes, Sequences

from .helpers import NUMBA, NUMPY, assert_same, each_backend, memory_weights, questions

PACKAGE = Path(ops.__file__).parents[1]
REFERENCES = sorted(Path(ops.__file__).parent.glob("*_numpy.py"))


@pytest.fixture
def toy(tmp_path, monkeypatch):
    """-> a function that writes NAME_toy.py: a back end `toy` of these files, gone after the test."""
    monkeypatch.setattr(ops, "BACKENDS", (*ops.BACKENDS, "toy"))
    monkeypatch.setattr(ops, "__path__", [*ops.__path__, str(tmp_path)])
    ops.functions("numba")                                 # read from their own folder, and remembered
    monkeypatch.setattr(ops, "__file__", str(tmp_path / "__init__.py"))

    def write(name, source):
        (tmp_path / f"{name}_toy.py").write_text(source)
    yield write
    ops.functions.cache_clear()
    for name in [name for name in sys.modules if name.startswith("tinydmn.ops.") and name.endswith("_toy")]:
        del sys.modules[name]
        delattr(ops, name.rpartition(".")[2])


LOUD_CELL = """
from .gru_numpy import gru_cell_backward as backward, gru_cell_forward as forward

def gru_cell_forward(x, h_prev, gru):
    print("forward")
    return forward(x, h_prev, gru)

def gru_cell_backward(dh, cache, gru, dgru):
    print("backward")
    return backward(dh, cache, gru, dgru)
"""


def asked(kind="gated", n=2):
    """Arguments of passes_forward."""
    rng = np.random.default_rng(0)
    c, m, q, _ = questions(rng, 2, 3, 4, 3)
    facts = Facts(np.array([[0, 1, 2], [3, 1, 0]], np.int32), np.array([3, 2], np.int32))
    return c, m, q, facts, memory_weights(rng, kind, 3, 2), Passes(n, kind)


def gate_of_a_student():
    """A module with a gate of its own, which scores twice as high, and notes its calls."""
    module = ModuleType("my_gate")
    module.calls = []

    def gate_forward(c, m, q, gate):
        module.calls.append("forward")
        s, cache = gate_numpy.gate_forward(c, m, q, gate)
        return 2 * s, cache

    def gate_backward(ds, cache, gate, dgate):
        module.calls.append("backward")
        return gate_numpy.gate_backward(2 * ds, cache, gate, dgate)
    for f in (gate_forward, gate_backward):
        f.__module__ = "my_gate"
        setattr(module, f.__name__, f)
    return module


# ---- the references

@pytest.mark.parametrize("path", REFERENCES, ids=lambda path: path.stem)
def test_every_function_of_a_reference_says_what_it_does(path):
    module, tree = sys.modules[f"tinydmn.ops.{path.stem}"], ast.parse(path.read_text())
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    assert set(module.__all__) <= set(functions), "an operation is a function of its own file"
    assert [name for name, node in functions.items() if not ast.get_docstring(node)] == []


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_function_has_more_than_seven_parameters(path):
    """What belongs together travels together: tinydmn/ops/groups.py."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            if any(ast.unparse(d).startswith(("cuda.jit", "jit_for(")) for d in getattr(node, "decorator_list", ())):
                continue                                   # a kernel is given each array by itself
            n = len(node.args.posonlyargs + node.args.args + node.args.kwonlyargs)
            assert n <= 7, f"{getattr(node, 'name', 'a lambda')}, line {node.lineno}"


@pytest.mark.parametrize("backend", ops.BACKENDS)
def test_every_operation_of_the_references_is_there_and_says_whence(backend):
    op, names = ops.load(backend), {name for path in REFERENCES for name in sys.modules[f"tinydmn.ops.{path.stem}"].__all__}
    assert set(op.source) == names and len(names) > 30
    assert set(vars(op)) == names | {"functions", "source", "layers", "overlay"}
    for name in names:
        assert callable(getattr(op, name)) and op.source[name] in op.layers
        if name.endswith("_backward"):
            forward = name.removesuffix("backward") + "forward"
            assert op.source[name] == op.source[forward], "a pair shares a cache"
    assert {f"{kind}_episode_{way}" for kind in EPISODES for way in ("forward", "backward")} <= names


def test_what_numba_overrides():
    assert NUMPY.layers == ("numpy",) and set(NUMPY.source.values()) == {"numpy"}
    assert NUMBA.layers == ("numba", "numpy")
    for name in ("gru_forward", "gru_backward", "gru_cell_forward", "lstm_backward", "rnn_forward", "passes_forward", "word_passes_backward",
                 "decode_forward", "gather_backward", "features_forward", "cross_entropy_forward", "adam", "clip_by_global_norm"):
        assert NUMBA.source[name] == "numba", name
    for name in ("gate_forward", "gated_episode_backward", "softmax_episode_forward", "dropout_forward", "output_forward", "zeros"):
        assert NUMBA.source[name] == "numpy", name
        assert NUMBA.functions[name] is NUMPY.functions[name]


# ---- load

def test_a_back_end_there_is_not():
    for wrong in ("jax", ["numba", "jax"], ""):
        with pytest.raises(ValueError, match="^backend '(jax|)': give one of numpy, numba, cuda, or a list of them$"):
            ops.load(wrong)


def test_load_gives_a_new_object_each_time_and_one_that_stays():
    op = ops.load("numpy")
    assert op is not ops.load("numpy") and op.gate_forward is ops.load("numpy").gate_forward
    before = dict(vars(op))
    with pytest.raises(AttributeError, match="operations are frozen, gate_forward stays; .*overlay"):
        op.gate_forward = None
    with pytest.raises(AttributeError, match="frozen"):
        op.new = None
    with pytest.raises(AttributeError, match="frozen"):
        del op.gate_forward
    with pytest.raises(TypeError):
        op.source["gate_forward"] = "mine"
    assert vars(op) == before
    assert repr(op) == "<operations of numpy>" and repr(ops.load()) == "<operations of numba over numpy>"
    assert repr(ops.load("numpy", gate_of_a_student())) == "<operations of overlay over numpy>"


@pytest.mark.parametrize("of", [copy.copy, copy.deepcopy, lambda op: pickle.loads(pickle.dumps(op))], ids=["copy", "deepcopy", "pickle"])
@pytest.mark.parametrize("backend", [*ops.BACKENDS, ("numba", "numpy")])
def test_copies_and_pickles_are_loaded_anew(of, backend):
    op = ops.load(backend)
    again = of(op)
    assert again is not op and again.layers == op.layers and again.source == op.source and again.overlay is None
    same = lambda f, g: f is g or (f.func is g.func and f.args == (op,) and g.args == (again,))    # a composed one is bound to its own
    assert all(same(getattr(op, name), getattr(again, name)) for name in op.source)


def test_a_copy_keeps_its_overlay():
    gate = gate_of_a_student()
    again = copy.copy(ops.load("numba", gate))
    assert again.overlay is gate and again.source["gate_forward"] == "overlay"
    again.passes_forward(*asked())
    assert gate.calls == ["forward", "forward"]


# ---- layers

def test_a_new_back_end_needs_one_pair(toy, capsys):
    toy("gru", LOUD_CELL)
    op = ops.load("toy")
    assert op.layers == ("toy", "numpy")
    assert {name for name, layer in op.source.items() if layer == "toy"} == {"gru_cell_forward", "gru_cell_backward"}
    assert set(op.source) == set(NUMPY.source)
    arguments = asked()
    ms, ss, gs, cache = op.passes_forward(*arguments)
    assert_same([ms, ss, gs], list(NUMPY.passes_forward(*arguments)[:3]), "float64")
    T = arguments[3].rows.shape[1]
    assert capsys.readouterr().out.split() == ["forward"] * (2 + 2 * T)    # memory and episode of each pass: composed of its cell
    dweights = memory_weights(np.random.default_rng(0), "gated", 3, 2)
    op.passes_backward(ms, None, cache, arguments[4], dweights)
    assert capsys.readouterr().out.split() == ["backward"] * (2 + 2 * T)


@each_backend
def test_a_cell_of_ones_own_runs_in_all_that_is_made_of_cells(backend):
    """In the sequence, in the gated episode, in passes and decoder; what is composed of it may leave ops out."""
    calls = []

    def gru_cell_forward(x, h_prev, gru):
        calls.append(len(x))
        return NUMPY.gru_cell_forward(x, h_prev, gru)
    op, (c, m, q, facts, weights, how) = ops.load(backend, SimpleNamespace(gru_cell_forward=gru_cell_forward)), asked()
    gru, g = weights.episode, np.zeros((2, 3))
    for run, steps in ((lambda: op.gru_forward(c, Sequences(*facts, facts.n[:, None] - 1), gru), [2, 2, 1]), (lambda: op.gated_episode_forward(c[facts.rows], g, gru), [2] * 3),
                       (lambda: op.passes_forward(c, m, q, facts, weights, how), [2] * 8),
                       (lambda: op.decode_forward(m, q, None, (2, 2), Decoder(GRU(np.ones((9, 5)), np.ones((9, 3)), np.ones(9)), np.ones((2, 3)))), [2, 2])):
        calls.clear()
        run()
        assert calls == steps
    plain = ops.load(backend, SimpleNamespace(gated_episode_forward=lambda c, s, gru: "own", gated_episode_backward=NUMPY.gated_episode_backward))
    assert plain.gated_episode_forward(c, g, gru) == "own"


def test_layers_are_asked_in_their_order(toy, capsys):
    toy("gru", LOUD_CELL)
    op = ops.load(["toy", "numba"])
    assert op.layers == ("toy", "numba", "numpy")
    assert op.source["gru_cell_forward"] == "toy" and op.source["lstm_forward"] == "numba" and op.source["gate_forward"] == "numpy"
    # composed of the toy's cell, so from no layer below it
    assert {op.source[f"{name}_{way}"] for name in ops.COMPOSED for way in ("forward", "backward")} == {"numpy"}
    op.word_passes_forward(np.ones((1, 2, 3)), np.ones((1, 3)), np.array([2], np.int32), asked()[4], Passes(2, "gated"))
    assert capsys.readouterr().out.split() == ["forward"] * 6             # two words, two facts, two passes
    assert copy.copy(op).layers == op.layers and copy.copy(op).source == op.source
    below = ops.load(["numba", "toy"])
    assert below.layers == ("numba", "toy", "numpy") and below.source == {name: NUMBA.source[name] for name in below.source}
    assert ops.load(["numpy", "toy"]).source == NUMPY.source and ops.load(["numpy", "toy"]).layers == ("numpy", "toy")


def test_half_a_pair_in_a_back_end_is_none(toy):
    """Its cache would be another's."""
    toy("gru", LOUD_CELL[:LOUD_CELL.index("def gru_cell_backward")])
    assert ops.load("toy").source == NUMPY.source


def test_only_operations_of_a_back_ends_own_files_count(toy):
    toy("gru", "from .gru_numpy import gru_cell_backward, gru_cell_forward\nfrom .gate_numpy import gate_forward, gate_backward\n\ndef other():\n    pass\n")
    op = ops.load("toy")
    assert op.source == NUMPY.source and not hasattr(op, "other")


def test_a_composed_operation_of_a_back_ends_own_is_taken(toy):
    toy("passes", """
def passes_forward(ops, c, m, q, facts, weights, how):
    return ops, "passes"

def passes_backward(ops, dms, dss, cache, weights, dweights):
    return ops, "backward"
""")
    op = ops.load(["toy", "numba"])
    assert op.source["passes_forward"] == "toy" and op.passes_forward(*asked()) == (op, "passes")      # and given the operations it belongs to
    assert op.source["word_passes_forward"] == "numpy"     # numba's would not call it


# ---- overlays

@pytest.mark.parametrize("backend", ops.BACKENDS)
@pytest.mark.parametrize("kind", EPISODES)
def test_a_gate_of_ones_own_is_called(backend, kind):
    """The compiled passes have their own gate: they must give way, and so must those of words."""
    gate = gate_of_a_student()
    op, arguments = ops.load(backend, gate), asked(kind)
    assert {op.source[name] for name in ("gate_forward", "gate_backward")} == {"overlay"}
    assert {op.source[name] for name in ("passes_forward", "passes_backward", "word_passes_forward", "word_passes_backward")} == {"numpy"}
    _, ss, _, cache = op.passes_forward(*arguments)
    assert gate.calls == ["forward"] * 2
    c, m, q, facts, weights, how = arguments
    doubled = weights._replace(gate=weights.gate._replace(W_2=2 * weights.gate.W_2, b_2=2 * weights.gate.b_2))
    assert_same(ss, NUMPY.passes_forward(c, m, q, facts, doubled, how)[1], "float64")
    dweights = memory_weights(np.random.default_rng(0), kind, 3, 2)
    op.passes_backward([m, m], None, cache, weights, dweights)
    assert gate.calls == ["forward"] * 2 + ["backward"] * 2
    op.word_passes_forward(c[None], q[:1], np.array([4], np.int32), weights, how)
    assert gate.calls[4:] == ["forward"] * 2
    if backend == "numba":                                 # what has nothing to do with the gate stays compiled
        assert op.source["decode_forward"] == op.source["gru_forward"] == op.source["adam"] == "numba"


def test_half_a_pair_is_completed_by_the_reference():
    """A student who has written a forward alone, or a backward alone: the other comes from the reference, whose cache it shares."""
    for own, other in (("forward", "backward"), ("backward", "forward")):
        whole = gate_of_a_student()
        half = SimpleNamespace(**{f"gate_{own}": getattr(whole, f"gate_{own}")})
        op = ops.load("numba", half)
        assert op.source[f"gate_{own}"] == "overlay" and op.source[f"gate_{other}"] == "numpy"
        assert getattr(op, f"gate_{own}") is getattr(whole, f"gate_{own}") and getattr(op, f"gate_{other}") is getattr(gate_numpy, f"gate_{other}")
        op = ops.load("numba", SimpleNamespace(**{f"gru_cell_{own}": getattr(gru_numpy, f"gru_cell_{own}")}))
        assert getattr(op, f"gru_cell_{other}") is getattr(gru_numpy, f"gru_cell_{other}") and op.source[f"gru_cell_{other}"] == "numpy"
        assert op.source["passes_forward"] == "numpy" and op.source["decode_backward"] == "numpy"


def test_an_overlay_without_an_operation_is_an_error():
    empty = ModuleType("my_gate")
    with pytest.raises(ValueError, match="^my_gate has no operation; name a function as the one it replaces, say gate_forward$"):
        ops.load("numba", empty)
    empty.gate_forward = gate_numpy.gate_forward           # imported to be called, not written here
    empty.gate_backward = 3
    empty.Gate_forward = gate_of_a_student().gate_forward
    with pytest.raises(ValueError, match="^my_gate has no operation"):
        ops.load("numba", empty)
    with pytest.raises(ValueError, match=r"^namespace\(\) has no operation"):
        ops.load("numba", SimpleNamespace())


def test_an_overlay_may_be_a_whole_composed_operation():
    """Passes of one's own are given the operations as their first argument."""
    mine = SimpleNamespace(passes_forward=lambda ops, *arguments: (ops, len(arguments)))
    op = ops.load("numba", mine)
    assert op.source["passes_forward"] == "overlay" and op.passes_forward(*asked()) == (op, 6)
    assert op.passes_backward.func is ops.functions("numpy")["passes_backward"]
    assert op.source["word_passes_forward"] == "numpy" and op.source["decode_forward"] == "numba"
