"""Task 19, finding a path.  How do you go from the kitchen to the garden?

Two steps, through the room between them.
"""

from ..story import Question, Story
from .world import PLACES, pick

OPPOSITE = {"north": "south", "south": "north", "east": "west", "west": "east"}
PATHS = [(first, second) for first in OPPOSITE for second in OPPOSITE
         if second != OPPOSITE[first]]


def story(rng):
    """One story, as Story: six rooms in five facts, and one question."""
    start, middle, goal, *others = rng.permutation(PLACES).tolist()
    path = pick(rng, PATHS)
    beside = {room: {} for room in PLACES}                     # room -> direction -> room
    join(beside, start, path[0], middle)
    join(beside, middle, path[1], goal)
    for other in others:                                       # distractors beside the path
        room, direction = pick(rng, [(room, d) for room in (start, middle, goal)
                                     for d in OPPOSITE if d not in beside[room]])
        join(beside, room, direction, other)
    facts, told = [], {}                                       # told: two rooms -> fact index
    while len(facts) < len(PLACES) - 1:
        room = pick(rng, PLACES)
        direction = pick(rng, list(beside[room]))
        rooms = frozenset((room, beside[room][direction]))
        if rooms not in told:
            told[rooms] = len(facts)
            other = beside[room][direction]
            facts.append(f"the {room} is {OPPOSITE[direction]} of the {other}".split())
    question = f"how do you go from the {start} to the {goal}".split()
    steps = [frozenset((start, middle)), frozenset((middle, goal))]
    return Story(facts, [Question(question, [direction[0] for direction in path], len(facts),
                                  [told[step] for step in steps])])


def join(beside, room, direction, other):
    """The other room lies in that direction from the room."""
    beside[room][direction] = other
    beside[other][OPPOSITE[direction]] = room
