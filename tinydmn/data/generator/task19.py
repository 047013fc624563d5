"""Task 19, finding a path.  How do you go from the kitchen to the garden?  Two steps, over the room between them."""

from ..story import Question, Story
from .world import PLACES, pick

OPPOSITE = {"north": "south", "south": "north", "east": "west", "west": "east"}
PATHS = [(first, second) for first in OPPOSITE for second in OPPOSITE if second != OPPOSITE[first]]


def story(rng):
    """One story, as Story: six rooms in five facts, and one question."""
    start, middle, goal, *others = rng.permutation(PLACES).tolist()
    path = pick(rng, PATHS)
    beside = {room: {} for room in PLACES}                     # beside[room][direction]: which room lies there
    join(beside, start, path[0], middle)
    join(beside, middle, path[1], goal)
    for other in others:                                       # beside the path, to lead astray; none is a shorter way
        room, direction = pick(rng, [(room, d) for room in (start, middle, goal) for d in OPPOSITE if d not in beside[room]])
        join(beside, room, direction, other)
    facts, told = [], {}                                       # told: of two rooms, the index of their fact
    while len(facts) < len(PLACES) - 1:
        room = pick(rng, PLACES)
        direction = pick(rng, list(beside[room]))
        rooms = frozenset((room, beside[room][direction]))
        if rooms not in told:
            told[rooms] = len(facts)
            facts.append(f"the {room} is {OPPOSITE[direction]} of the {beside[room][direction]}".split())
    question = f"how do you go from the {start} to the {goal}".split()
    steps = [frozenset((start, middle)), frozenset((middle, goal))]
    return Story(facts, [Question(question, [direction[0] for direction in path], len(facts), [told[step] for step in steps])])


def join(beside, room, direction, other):
    """From the room one goes in that direction to the other, and back."""
    beside[room][direction] = other
    beside[other][OPPOSITE[direction]] = room
