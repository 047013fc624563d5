"""The exercises by name, and the student file of each."""

import ast
from typing import NamedTuple

from ..errors import UserError
from .exercises import (cross_entropy, cuda_update, decoder, differences, episode, fast_gru, gate,
                        gru, gru_cell, network, passes)


class Exercise(NamedTuple):
    """What a student writes in one file."""

    title: str
    parts: tuple               # Part, in the order of the file
    small: dict                # sizes of the worked example

    @property
    def numba(self):
        """Whether its functions are written with Numba."""
        return any("numba" in part.wants for part in self.parts)


EXERCISES = {
    "differences": Exercise("Numerical gradients", differences.PARTS, {}),
    "cross_entropy": Exercise("Softmax cross-entropy", cross_entropy.PARTS, {"B": 1, "K": 3}),
    "gru_cell": Exercise("A step of the GRU", gru_cell.PARTS, {"B": 1, "I": 1, "H": 1}),
    "gru": Exercise("The GRU through time, with lengths", gru.PARTS,
                    {"B": 2, "T": 2, "I": 1, "H": 1}),
    "gate": Exercise("The attention gate", gate.PARTS, {"Q": 1, "T": 1, "H": 1, "G": 1}),
    "softmax_episode": Exercise("The softmax episode", episode.PARTS[:1],
                                {"Q": 2, "T": 2, "H": 1}),
    "gated_episode": Exercise("The gated episode, back through its facts", episode.PARTS[1:],
                              {"Q": 2, "T": 2, "H": 1}),
    "passes": Exercise("Back through the passes", passes.PARTS,
                       {"Q": 2, "T": 2, "H": 1, "G": 1}),
    "decoder": Exercise("A step of the decoder", decoder.PARTS, {"B": 1, "A": 1, "H": 1, "K": 2}),
    "network": Exercise("A network of your own functions", network.PARTS, {}),
    "fast_gru": Exercise("The GRU through time, compiled by Numba", fast_gru.PARTS, {}),
    "cuda_update": Exercise("Back through eq. (7), a kernel of CUDA", cuda_update.PARTS, {}),
}


def exercise(name):
    """The exercise of a name, or all those of an assignment as one -> Exercise.

    Raises UserError for an unknown name, and for an assignment without an exercise.
    """
    from .assignments import ASSIGNMENTS                   # which stand on the exercises above
    if name in EXERCISES:
        return EXERCISES[name]
    if name not in ASSIGNMENTS:
        known = ", ".join([*EXERCISES, *ASSIGNMENTS])
        raise UserError(f"no exercise {name!r}; there are {known}")
    if not ASSIGNMENTS[name].exercises:
        raise UserError(f"{name}: is graded by hand alone; its handout says what to write")
    return ASSIGNMENTS[name].as_exercise()


def said_by(path):
    """(EXERCISE, STUDENT) as a student's file says, without running it; None for what it lacks.

    Raises UserError where the file cannot be read.
    """
    try:
        if path.exists() and not path.is_file():           # a pipe would be waited for
            raise UserError(f"{path}: is no file")
        tree = ast.parse(path.read_text(encoding="utf-8-sig"), str(path))
    except OSError as error:
        raise UserError(f"{path}: {error.strerror or error}; give a file that tinydmn exercise "
                        "wrote") from None
    except UnicodeDecodeError:
        raise UserError(f"{path}: no text in UTF-8; save it as UTF-8") from None
    except (SyntaxError, ValueError) as error:
        where = f", line {error.lineno}" if getattr(error, "lineno", None) else ""
        raise UserError(f"{path}{where}: not Python ({error.args[0]})") from None
    found = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
            found |= {target.id: node.value.value for target in node.targets
                      if isinstance(target, ast.Name)}
    return found.get("EXERCISE"), found.get("STUDENT")
