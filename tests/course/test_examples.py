"""The worked examples of the stubs: what can be pasted makes the numbers that stand below it."""

import ast
import json
import os
import re
import subprocess
import sys
import textwrap

import numpy as np
import pytest

from tinydmn import DMN, Config, Vocabulary, make_batch, ops
from tinydmn.course.catalogue import EXERCISES
from tinydmn.course.dialect import dialect_of
from tinydmn.course.exercises import network
from tinydmn.course.exercises.network_example import forward
from tinydmn.course.part import defined, differences
from tinydmn.course.stub import listed, student_file
from tinydmn.data.story import Question, Story

from .local import Local
from .solutions import in_dialect
from .solutions import network as source_of

STUDENTS = (None, "ada", "grace")
PAIRS = [name for name, exercise in EXERCISES.items() if not exercise.parts[0].stub]


def docs(name, student):
    tree = ast.parse(student_file(name, EXERCISES[name], student))
    return {node.name: ast.get_docstring(node) for node in tree.body if isinstance(node, ast.FunctionDef)}


def read(text):
    """The arrays of "h = [[1.0]]   s = [2.0]"."""
    return {key: np.array(json.loads(value)) for key, value in re.findall(r"(\w+) = (\[.*?\])(?=\s{3}|\n|$)", text)}


def split(doc):
    """-> the lines to paste, what they make, what stands behind."""
    given, gives = doc.split("Example:\n")[1].split("gives\n")
    values, _, behind = gives.partition("and, for ")
    return textwrap.dedent(given), read(values), behind


@pytest.mark.parametrize("student", STUDENTS)
@pytest.mark.parametrize("name", PAIRS)
def test_the_example_of_a_pair_is_right(name, student):
    for part in EXERCISES[name].parts:
        dialect = dialect_of(student)
        pasted, outs, behind = split(docs(name, student)[f"{part.name}_forward"])
        names = {"np": np, f"{part.name}_forward": forward(dialect, part)}
        exec(pasted, names)
        assert [*outs] == [*part.outputs] and all(np.allclose(names[key], a, atol=2e-6) for key, a in outs.items())
        (first, d), = read(behind.partition("= 1, ")[2]).items()
        arrays = {key: a for key, a in names.items() if isinstance(a, np.ndarray) and key not in outs}
        slope = differences(lambda a: sum(np.sum(out) for out in defined(part, dialect, {**arrays, first[1:]: a}).values()), arrays[first[1:]])
        assert np.allclose(d, slope, atol=1e-5)


def pasted(name, student):
    """-> the names after the example of a right file, what they should be."""
    (source,) = in_dialect(name, dialect_of(student)).values()
    names = Local(source).names
    lines, outs, _ = split(docs(name, student)[EXERCISES[name].parts[0].asks[0]])
    exec(lines, names)
    return names, outs


@pytest.mark.parametrize("student", STUDENTS)
def test_the_example_of_the_compiled_gru_is_right(student):
    names, outs = pasted("fast_gru", student)
    assert [*outs] == ["h"] and np.allclose(names["h"], outs["h"], atol=2e-6)
    (B, T, _), (n,) = names["x"].shape, names["n"]
    assert (B, n) == (1, 2) and n < T and np.all(outs["h"][0, :n] != 0) and not outs["h"][0, n:].any()


@pytest.mark.parametrize("student", STUDENTS)
def test_the_example_of_the_kernel_is_right(student):
    names, outs = pasted("cuda_update", student)
    assert [*outs] == ["dg", "dh_new", "dh_prev"] and all(np.array_equal(names[key], a) for key, a in outs.items())
    assert {0.0, 1.0} < {*names["g"]} and all(0 <= g <= 1 for g in names["g"])
    new, old = ("h_new", "h_prev") if dialect_of(student).keep == "z" else ("h_prev", "h_new")
    mixed = lambda a: a["g"][:, None] * a[new] + (1 - a["g"][:, None]) * a[old]
    h = lambda **moved: mixed({**names, **moved})
    for key in ("g", "h_new", "h_prev"):                   # by differences of eq. (7)
        slope = differences(lambda a, key=key: np.sum(names["dh"] * h(**{key: a})), names[key])
        assert np.allclose(outs["d" + key], slope, atol=1e-6)


@pytest.mark.skipif(os.name == "nt", reason="a student's file runs on Linux and macOS alone")
def test_the_example_of_the_kernel_runs_as_it_is_pasted(tmp_path):
    """In a process of its own, in Numba's simulator."""
    pytest.importorskip("numba")
    (source,) = in_dialect("cuda_update", dialect_of("ada")).values()
    stub = student_file("cuda_update", EXERCISES["cuda_update"], "ada")
    (tmp_path / "mine.py").write_text(stub + source.partition("from numba import cuda")[2], encoding="utf-8")
    lines, outs, _ = split(docs("cuda_update", "ada")["update_backward"])
    ran = subprocess.run([sys.executable, "-c", f"from mine import *\n{lines}\nfor a in (dg, dh_new, dh_prev):\n    print(a.tolist())"], cwd=tmp_path,
                         env={**os.environ, "NUMBA_ENABLE_CUDASIM": "1"}, capture_output=True, text=True, check=False)
    assert [json.loads(line) for line in ran.stdout.splitlines()] == [a.tolist() for a in outs.values()], ran.stderr


# ---- the network ---------------------------------------------------------------------------------

class Recorded:
    """The functions of a file, and what they were called with."""

    def __init__(self, source):
        self.names, self.calls = Local(source).names, []
        for name in [name for name in self.names if name.endswith("_forward")]:
            self.names[name] = self.recording(name, self.names[name])

    def recording(self, name, f):
        def function(*args):
            self.calls.append((name, args))
            return f(*args)
        return function

    def of(self, name):
        return [args for called, args in self.calls if called == name]


def in_the_network(student):
    """-> what a right file's network_example() returns, what its docstring says, the calls."""
    dialect, text = dialect_of(student), student_file("network", EXERCISES["network"], student)
    file = Recorded(source_of(dialect))
    function = text[text.index("def network_example"):]
    exec(function, file.names)
    return file.names["network_example"](), read(docs("network", student)["network_example"]), file


@pytest.mark.parametrize("student", STUDENTS)
def test_the_example_of_the_network_is_right(student):
    made, said, _ = in_the_network(student)
    assert [*made] == [*said] == ["c", "q", "s", "e", "m", "logits", "loss"]
    assert all(np.allclose(made[key], a, atol=2e-6) for key, a in said.items())


@pytest.mark.parametrize("student", STUDENTS)
def test_the_example_of_the_network_is_the_librarys(student):
    """Its logits, its loss and what is between, of a network with these weights."""
    made, _, file = in_the_network(student)
    overlay = network.Students(Local(source_of(dialect_of(student))), dialect_of(student))
    story = Story([["a"], ["b"]], [Question(["c"], ["yes"], 2)])
    vocabulary = Vocabulary.build([story, Story([["a"]], [Question(["c"], ["no"], 1)])])
    size = dict(hidden=1, embedding=1, gate_hidden=1, passes=1, l2=0.0)
    model = DMN(Config(**size), vocabulary, ops.load("numpy", overlay=overlay) if student else "numpy", dtype="float64")
    turned = overlay.turned if student else lambda group: group
    (story_x, _, *of_input), (question_x, _, *of_question) = file.of("gru_forward")
    (c, m, q, *gate), = file.of("gate_forward")
    (_, _, *of_memory), = file.of("gru_cell_forward")[-1:]
    params = {f"{name}.{key}": a for name, group in (("input", of_input), ("question", of_question), ("memory", of_memory)) for key, a in zip("WUb", turned(group))}
    params |= {f"gate.{key}": a for key, a in zip(("W_b", "W_1", "b_1", "W_2"), gate)} | {"gate.b_2": gate[4][0], "memory.end_of_passes": c[0, -1]}
    L = np.zeros((len(vocabulary.words), 1))
    for word, x in zip("abc", (*story_x[0], *question_x[0])):
        L[vocabulary.word_id[word]] = x
    W_a = (made["logits"] / made["m"]).T
    model.params = {**params, "embedding.L": L, "answer.W_a": W_a[::-1] if vocabulary.answers[0] == "no" else W_a}
    batch = make_batch([story], vocabulary, facts="words")
    out = model.forward(batch)
    yes = vocabulary.answers.index("yes")
    assert np.allclose(out.memories[:, 0], [made["q"][0], made["m"][0]]) and np.allclose(out.gate_scores[0], made["s"])
    assert np.allclose(out.logits[0, yes], made["logits"][0, 0]) and np.allclose(out.logits[0, 1 - yes], made["logits"][0, 1])
    assert np.isclose(model.loss_and_grads(batch, alpha=0.0)[0], made["loss"][0])
    assert all(np.all(a) for a in (*params.values(), W_a))             # a zero would hide a wrong term
    assert np.array_equal(m, q)


def test_a_number_is_never_minus_zero():
    assert listed(np.array([-0.0, -1e-9, 1.5])) == "[0.0, 0.0, 1.5]" and listed(np.array([2, 1])) == "[2, 1]" and listed(np.zeros((0, 2))) == "[]"
