"""Task 4, two-argument relations.  What is north of the garden?  What is the garden south of?  Two facts, three rooms in a row."""

from ..story import Question, Story
from .world import PLACES, pick

OPPOSITE = {"north": "south", "south": "north", "east": "west", "west": "east"}
MIDDLE_LAST = 2 / 3        # share of facts that name the middle room last, as in the published files


def story(rng):
    """One story, as Story, of one question: which room, by the name of the one beside it."""
    before, middle, behind = rng.choice(PLACES, 3, replace=False).tolist()
    direction = pick(rng, tuple(OPPOSITE))
    relations = [relation(before, direction, middle, rng), relation(behind, OPPOSITE[direction], middle, rng)]
    facts = [["the", a, "is", where, "of", "the", b] for a, where, b in relations]
    told = int(rng.integers(2))
    room, where, beside = relations[told]
    tokens = ["is", where, "of", "the", beside] if rng.random() < 0.5 else ["is", "the", beside, OPPOSITE[where], "of"]
    return Story(facts, [Question(["what", *tokens], [room], 2, [told])])


def relation(outer, direction, middle, rng):
    """(room, direction, room) that says how the outer room lies to the middle one, or the other way round."""
    return (outer, direction, middle) if rng.random() < MIDDLE_LAST else (middle, OPPOSITE[direction], outer)
