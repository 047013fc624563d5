"""Task 1, one supporting fact.  Where is Mary?  Where her last walk led."""

from ..story import Question
from .world import RECENT, go, last_go, pick, tell


def story(rng):
    """One story, as Story."""
    return tell((go,), ask, rng)


def ask(events, rng):
    """A question about the events so far."""
    person = pick(rng, events[-RECENT:]).actor
    walk = last_go(events, person)
    return Question(["where", "is", person], [events[walk].thing], len(events), [walk])
