"""Task 7, counting.  How many objects is Mary carrying?

The supporting facts are all in which she got or lost something, in order of time.
"""

from ..story import Question
from .world import GIVING, RECENT, handling, holds, pick, tell

PEOPLE = ("john", "mary", "sandra", "daniel")
NUMBERS = ("none", "one", "two", "three")


def story(rng):
    """One story, as Story."""
    return tell(GIVING, ask, rng, PEOPLE)


def ask(events, rng):
    """A question about someone who recently took, dropped or gave something, or None where nobody
    did."""
    busy = [event.actor for event in events[-RECENT:] if event.kind != "go"]
    if not busy:
        return None
    person = pick(rng, busy)
    handled = handling(events, person).values()
    number = sum(holds(events[changes[-1]], person) for changes in handled)
    support = sorted(i for changes in handled for i in changes)
    tokens = ["how", "many", "objects", "is", person, "carrying"]
    return Question(tokens, [NUMBERS[number]], len(events), support)
