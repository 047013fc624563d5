"""Task 17, positions.  Is the pink rectangle to the right of the yellow square?

Two facts place both beside a third shape.
"""

from itertools import permutations, product

from ..story import Question, Story
from .world import pick

SHAPES = ("blue square", "pink rectangle", "red sphere", "red square", "triangle", "yellow square")
SIDES = {"above": (0, 1), "below": (0, -1), "to the left of": (-1, 0), "to the right of": (1, 0)}
OPPOSITE = {"above": "below", "below": "above",
            "to the left of": "to the right of", "to the right of": "to the left of"}
MIDDLE_FIRST = 2 / 3        # share of facts that name the middle shape first, as published


def story(rng):
    """One story, as Story: two facts, then eight questions, yes as often as no."""
    middle, *ends = rng.choice(SHAPES, 3, replace=False).tolist()
    sides = rng.choice(list(SIDES), 2, replace=False).tolist()     # of each end, from the middle
    facts = [f"the {middle} is {OPPOSITE[side]} the {end}" if rng.random() < MIDDLE_FIRST else
             f"the {end} is {side} the {middle}" for end, side in zip(ends, sides)]
    return Story([fact.split() for fact in facts], [ask(ends, sides, rng) for _ in range(8)])


def ask(ends, sides, rng):
    """A question with a random answer."""
    yes = rng.random() < 0.5
    a, b, side = pick(rng, [(a, b, side) for (a, b), side in product(permutations(range(2)), SIDES)
                            if lies(sides[a], sides[b], side) == yes])
    tokens = f"is the {ends[a]} {side} the {ends[b]}".split()
    return Question(tokens, ["yes" if yes else "no"], 2, [a, b])


def lies(a, b, side):
    """Whether the shape on side a of the middle lies `side` the one on side b; it may lie both
    above and to the right of it."""
    (x, y), (x_b, y_b), (to_x, to_y) = SIDES[a], SIDES[b], SIDES[side]
    return (x - x_b) * to_x + (y - y_b) * to_y > 0
