"""What a student is handed: a file of stubs, with equations, shapes and an example in numbers."""

import ast
import json
import re
import textwrap
from collections import Counter

import numpy as np

from ..errors import UserError
from .dialect import CHOICES, PAPER, dialect_of
from .part import asked, defined, differences, drawn

WIDTH = 100
PAIRS = """\
Write the functions below.  NumPy only; every array may be float64 or float32, and stays what it is.
A forward keeps in `cache`, whatever it is, what its backward needs, and changes none of its
arguments.  A backward gets the derivative of a loss in each output, returns it in each input, and
adds it (+=) to the arrays d... of the parameters, which may hold something already.

    tinydmn check {name}.py              what is wrong, where, and what it looks like
    tinydmn check {name}.py --steps      the derivatives that stand in `show`, one by one
"""
COMPILED = """\
Write the functions below, with NumPy and Numba; every array may be float64 or float32, and stays
what it is, but for those that a kernel writes.  Kernels of CUDA run in Numba's simulator.

    tinydmn check {name}.py      what is wrong, where, and what it looks like; half a minute
"""
NUMBA = """\
import numba
import numpy as np
from numba import cuda"""
SHOW = """\
show = {}                      # say show["dz"] = dz in a backward, to see whether dz is right
"""


def student_file(name, exercise, student=None):
    """-> the text of the file.  student: the seed of a dialect; None: the paper's equations."""
    dialect = dialect_of(student)
    about, imports = (COMPILED, NUMBA) if exercise.numba else (PAIRS, "import numpy as np")
    of_whom = f", the equations of {student}" if student is not None else ""
    head = f'''"""{exercise.title}{of_whom}.

{about.format(name=name)}"""

{imports}

EXERCISE = {quoted(name)}
STUDENT = {quoted(student)}
'''
    if not exercise.numba:
        head += SHOW
    return head + "".join(stubs(part, dialect, exercise.small) for part in exercise.parts)


def quoted(text):
    return "None" if text is None else json.dumps(str(text))


def stubs(part, dialect, small):
    """The functions of a part.  small: sizes of its worked example; None for none."""
    if part.stub:
        return part.stub(dialect)
    call = ", ".join([*part.inputs, *given_names(part), *part.params])
    outs, d_outs = ", ".join(part.outputs), ", ".join("d" + name for name in part.outputs)
    d_ins, d_params = ", ".join("d" + name for name in part.inputs), [f"d{p}" for p in part.params]
    lines = part.equations(dialect).splitlines()
    lines += ["", *example(part, dialect, small)] if small else []
    doc = indented(lines).lstrip()
    adds = f"  Adds into {', '.join(d_params)}." if d_params else ""
    names = [f'"d{name}"' for name in steps_of(part, dialect)]
    steps = (f"Each has the shape of what it is the derivative in.  `show` may have "
             f"{', '.join(names)}." if names else
             "Each has the shape of what it is the derivative in.")
    steps = textwrap.fill(steps, WIDTH, initial_indent="    ", subsequent_indent="    ")
    return f'''

def {part.name}_forward({call}):
    """-> {outs}, cache

    {doc}
    """
    raise NotImplementedError("write {part.name}_forward")


def {part.name}_backward({", ".join([d_outs, "cache", *d_params])}):
    """-> {d_ins}.{adds}

{steps}
    """
    raise NotImplementedError("write {part.name}_backward")
'''


def steps_of(part, dialect):
    """The intermediates of a part whose derivative `show` may have: those that its equations name,
    and that have one value, not one at each step."""
    rng, count = np.random.default_rng(0), Counter()

    def note(name, value, otherwise=None):
        count[name] += 1
        return value
    defined(part, dialect, drawn(part, rng), note)
    of_call = {*part.inputs, *part.params, *part.outputs}
    words = set(re.findall(r"\w+(?![\w(])", part.equations(dialect)))
    return [name for name in part.through if count[name] == 1 and name in words - of_call]


def indented(lines):
    """Lines of a docstring, one below the other."""
    return "\n".join("    " + line if line else "" for line in lines)


def given_names(part):
    rng = np.random.default_rng(0)
    return list(part.given(rng, part.sizes(rng)))


def example(part, dialect, small):
    """The lines of a worked example: arguments of two decimals, what comes out, one derivative."""
    arrays = simple(part, small)
    outs = defined(part, dialect, arrays)
    ones = {name: np.ones_like(out) for name, out in outs.items()}
    first = next(iter(part.inputs))

    def loss(a):
        made = defined(part, dialect, {**arrays, first: a})
        return sum(np.sum(ones[name] * out) for name, out in made.items())
    d = differences(loss, arrays[first])
    call = f"{', '.join(outs)}, cache = {part.name}_forward({', '.join(arrays)})"
    derivatives = ", ".join("d" + name for name in outs)
    return [*in_numbers(arrays, [call], outs),
            f"and, for {derivatives} = 1, d{first} = {listed(d)}"]


def simple(part, small):
    """A part's arguments, of two decimals.  small: their sizes."""
    arrays = drawn(part._replace(sizes=lambda rng: small), np.random.default_rng(3))
    return {name: np.round(a / 2, 2) if a.dtype.kind == "f" else a for name, a in arrays.items()}


def in_numbers(arrays, call, outs):
    """The lines of an example: some to be pasted, which make the arrays and call, and what comes
    out."""
    made = [f"{name} = np.array({listed(a)})" for name, a in arrays.items()]
    return ["Example:", *("    " + line for line in (*made, *call)),
            "gives", *wrapped([f"{name} = {listed(a)}" for name, a in outs.items()])]


def listed(a):
    """An array as a list, in six digits."""
    return str((np.round(np.asarray(a), 6) + 0).tolist()) if np.size(a) else "[]"     # no -0.0


def wrapped(texts):
    """Texts one behind the other, in lines that are not too long."""
    lines = []
    for text in texts:
        if lines and len(lines[-1]) + len(text) + 8 < WIDTH - 8:
            lines[-1] += "   " + text
        else:
            lines.append("    " + text)
    return lines


def others(exercise, student):
    """The lines that say in what a student's equations of an exercise are not the paper's."""
    dialect = dialect_of(student)
    return [f"{name}: {CHOICES[name][value]}"
            for name, value in zip(dialect._fields, dialect)
            if any(part.equations(PAPER._replace(**{name: value})) != part.equations(PAPER)
                   for part in exercise.parts)]


def check_holes(text, exercise):
    """Raises UserError where a file to hand out lacks a hole, or holds more than holes.

    Each function is its docstring and `raise NotImplementedError`, but for one whose docstring
    begins with "Given:"; beside them there are NumPy's import and the values of a student's file.
    """
    holes, body = set(), ast.parse(text).body
    for node in body:
        is_function = isinstance(node, ast.FunctionDef)
        if is_function and is_hole(node):
            holes.add(node.name)
        elif is_function and not (ast.get_docstring(node) or "").startswith("Given:"):
            raise UserError(f"line {node.lineno}: {node.name} is no hole; its body should be its "
                            "docstring and raise NotImplementedError, nothing else")
        elif not is_function and not is_import(node) and not is_constant(node):
            raise UserError(f"line {node.lineno}: stands outside the holes; functions to write, "
                            "imports, EXERCISE, STUDENT and show are all that a stub has")
    for part in exercise.parts:
        if missing := {*asked(part)} - holes:
            raise UserError(f"{min(missing)}: no hole for it in the file")


def is_hole(function):
    """Whether a function is a docstring and `raise NotImplementedError(...)`."""
    *doc, last = function.body
    raised = last.exc if isinstance(last, ast.Raise) else None
    raised = raised.func if isinstance(raised, ast.Call) else raised
    return (len(doc) == 1 and is_constant(doc[0])
            and isinstance(raised, ast.Name) and raised.id == "NotImplementedError")


def is_import(node):
    """Whether a statement is `import ...`, or `from numba import ...`."""
    return isinstance(node, ast.Import) or isinstance(node, ast.ImportFrom) and (
        node.module == "numba")


def is_constant(node):
    """Whether a statement is a docstring, or gives a constant or an empty dict to a name."""
    value = getattr(node, "value", None)
    return isinstance(node, (ast.Expr, ast.Assign)) and (
        isinstance(value, ast.Constant) or isinstance(value, ast.Dict) and not value.keys)
