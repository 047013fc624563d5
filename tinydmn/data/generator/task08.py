"""Task 8, lists.  What is Mary carrying?

The supporting facts are all in which she got or lost something, object by object, in the order in
which she first got them.
"""

from ..story import Question
from .world import RECENT, drop, go, handling, holds, pick, take, tell


def story(rng):
    """One story, as Story."""
    return tell((go, take, drop), ask, rng)


def ask(events, rng):
    """A question about someone who recently took or dropped something, or None where nobody did."""
    busy = [event.actor for event in events[-RECENT:] if event.kind != "go"]
    if not busy:
        return None
    person = pick(rng, busy)
    handled = handling(events, person)
    carried = [thing for thing, changes in handled.items() if holds(events[changes[-1]], person)]
    support = [i for changes in handled.values() for i in changes]
    tokens = ["what", "is", person, "carrying"]
    return Question(tokens, carried or ["nothing"], len(events), support)
