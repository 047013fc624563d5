"""Task 9, simple negation.  Is Mary in the garden?  No: Mary is not in the garden.

Every fact is a walk; a negation tells only where from.
"""

from ..story import Question
from .world import PLACES, RECENT, Event, be_in, go, last, pick, tell


def story(rng):
    """One story, as Story: half its facts are plain walks, a quarter says no."""
    return tell((go, go, be_in, leave), ask, rng)


def leave(world, actor, rng):
    """The actor walks to another place, and the sentence says only that they are no longer where they were."""
    left = world.place[actor]
    if go(world, actor, rng) is None:
        return None
    return Event(actor, "leave", left, [actor, "is", *pick(rng, ("not", "no longer")).split(), "in", "the", left])


def ask(events, rng):
    """A question about the events so far: half the time for where someone is, but always for the place that a negation names."""
    person = pick(rng, events[-RECENT:]).actor
    told = last(events, lambda event: event.actor == person)
    place, here = events[told].thing, events[told].kind == "go"
    if here and rng.random() < 0.5:
        here, place = False, pick(rng, [other for other in PLACES if other != place])
    return Question(["is", person, "in", "the", place], ["yes" if here else "no"], len(events), [told])
