"""The assignments of the course: which exercises each hands out, and how many points a part has.

The handouts lie in lessons/assignments/, and so does the teacher's guide.  What the points here do
not count, a handout's questions among it, is graded by hand.  How a part's points are shared by its
forward and its backward says shares.py.
"""

from typing import NamedTuple

from .catalogue import EXERCISES, Exercise


class Assignment(NamedTuple):
    """What is handed out, and handed in as one file, NAME.py."""

    name: str
    title: str
    exercises: tuple           # names of exercises, in the order of the file
    points: dict               # name of a part -> its points, of those that the command grades
    hours: int                 # about what a student needs

    @property
    def parts(self):
        """((Part, points), ...), of those that the command grades."""
        return tuple((part, self.points[part.name]) for part in self.as_exercise().parts)

    @property
    def most(self):
        return sum(self.points.values())

    def as_exercise(self):
        """All its exercises as one -> Exercise."""
        ones = [EXERCISES[name] for name in self.exercises]
        small = {letter: size for one in ones for letter, size in one.small.items()}
        return Exercise(self.title, sum((one.parts for one in ones), ()), small)


ASSIGNMENTS = {one.name: one for one in (
    Assignment("a1", "Cross-entropy and numerical gradients", ("differences", "cross_entropy"),
               {"numerical_gradient": 4, "cross_entropy": 8}, 3),
    Assignment("a2", "A step of the GRU", ("gru_cell",), {"gru_cell": 12}, 4),
    Assignment("a3", "The GRU through time", ("gru",), {"gru": 12}, 4),
    Assignment("a4", "The attention gate", ("gate",), {"gate_features": 7, "gate": 5}, 5),
    Assignment("a5", "Two kinds of episode", ("softmax_episode", "gated_episode"),
               {"softmax_episode": 5, "gated_episode": 7}, 5),
    Assignment("a6", "Back through the passes", ("passes",), {"passes": 12}, 6),
    Assignment("a7", "The decoder, and a network of your own", ("decoder", "network"),
               {"decoder": 6, "network": 3, "network_answers": 3}, 6),
    Assignment("a8", "Fast: Numba and CUDA", ("fast_gru", "cuda_update"),
               {"fast_gru": 4, "fast_gru_speed": 2, "cuda_update": 6}, 8),
)}
