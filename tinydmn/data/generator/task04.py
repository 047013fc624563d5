"""Task 4, two-argument relations.  What is north of the garden?  What is the garden south of?

Two facts about three rooms in a row.
"""

from ..story import Question, Story
from .world import PLACES, pick

OPPOSITE = {"north": "south", "south": "north", "east": "west", "west": "east"}
MIDDLE_LAST = 2 / 3        # share of facts that name the middle room last, as published


def story(rng):
    """One story, as Story, with one question: which room lies beside another one."""
    before, middle, behind = rng.choice(PLACES, 3, replace=False).tolist()
    direction = pick(rng, tuple(OPPOSITE))
    relations = [relation(before, direction, middle, rng),
                 relation(behind, OPPOSITE[direction], middle, rng)]
    facts = [["the", a, "is", where, "of", "the", b] for a, where, b in relations]
    told = int(rng.integers(2))
    room, where, beside = relations[told]
    tokens = ["is", "the", beside, OPPOSITE[where], "of"]
    if rng.random() < 0.5:
        tokens = ["is", where, "of", "the", beside]
    return Story(facts, [Question(["what", *tokens], [room], 2, [told])])


def relation(outer, direction, middle, rng):
    """(room, direction, room): where the outer room lies from the middle one, or vice versa."""
    if rng.random() < MIDDLE_LAST:
        return outer, direction, middle
    return middle, OPPOSITE[direction], outer
