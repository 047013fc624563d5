"""Task 10, indefinite knowledge.  Is Mary in the park?

Maybe: Mary is either in the school or the park.
"""

from ..story import Question
from .world import RECENT, Event, be_in, go, last, pick, tell

PEOPLE = ("bill", "fred", "julie", "mary")
PLACES = ("bedroom", "cinema", "kitchen", "office", "park", "school")


def story(rng):
    """One story, as Story: half of its facts are plain walks, a quarter name two places."""
    return tell((go, go, be_in, be_in_either), ask, rng, PEOPLE, PLACES)


def be_in_either(world, actor, rng):
    """The actor walks to another place, and the fact names that place and another one, in random
    order."""
    walk = go(world, actor, rng)
    if walk is None:
        return None
    a, b = rng.permutation([walk.thing, pick(rng, elsewhere(walk.thing))]).tolist()
    words = [actor, "is", "either", "in", "the", a, "or", "the", b]
    return Event(actor, "either", walk.thing, words)


def elsewhere(place):
    """All other places."""
    return [other for other in PLACES if other != place]


def ask(events, rng):
    """A question about the events so far: half the time about the place where someone really is."""
    person = pick(rng, events[-RECENT:]).actor
    told = last(events, lambda event: event.actor == person)
    here = events[told].thing
    place = here if rng.random() < 0.5 else pick(rng, elsewhere(here))
    named = "maybe" if events[told].kind == "either" else "yes"
    answer = named if place in events[told].words else "no"
    return Question(["is", person, "in", "the", place], [answer], len(events), [told])
