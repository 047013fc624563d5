"""Task 10, indefinite knowledge.  Is Mary in the park?  Maybe: Mary is either in the school or the park."""

from ..story import Question
from .world import RECENT, Event, be_in, go, last, pick, tell

PEOPLE = ("bill", "fred", "julie", "mary")
PLACES = ("bedroom", "cinema", "kitchen", "office", "park", "school")


def story(rng):
    """One story, as Story: half its facts are plain walks, a quarter leaves two places open."""
    return tell((go, go, be_in, be_in_either), ask, rng, PEOPLE, PLACES)


def be_in_either(world, actor, rng):
    """The actor walks to another place, and the sentence names that one and some other, in either order."""
    walk = go(world, actor, rng)
    if walk is None:
        return None
    a, b = rng.permutation([walk.thing, pick(rng, elsewhere(walk.thing))]).tolist()
    return Event(actor, "either", walk.thing, [actor, "is", "either", "in", "the", a, "or", "the", b])


def elsewhere(place):
    """All other places."""
    return [other for other in PLACES if other != place]


def ask(events, rng):
    """A question about the events so far: half the time for where someone truly is."""
    person = pick(rng, events[-RECENT:]).actor
    told = last(events, lambda event: event.actor == person)
    here = events[told].thing
    place = here if rng.random() < 0.5 else pick(rng, elsewhere(here))
    named = "maybe" if events[told].kind == "either" else "yes"
    return Question(["is", person, "in", "the", place], [named if place in events[told].words else "no"], len(events), [told])
