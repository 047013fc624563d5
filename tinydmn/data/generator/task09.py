"""Task 9, simple negation.  Is Mary in the garden?  No: Mary is not in the garden.

Every fact is a walk; a negation only tells from where.
"""

from ..story import Question
from .world import PLACES, RECENT, Event, be_in, go, last, pick, tell


def story(rng):
    """One story, as Story: half of its facts are plain walks, a quarter are negations."""
    return tell((go, go, be_in, leave), ask, rng)


def leave(world, actor, rng):
    """The actor walks to another place, and the fact only says that they are not where they
    were."""
    left = world.place[actor]
    if go(world, actor, rng) is None:
        return None
    words = [actor, "is", *pick(rng, ("not", "no longer")).split(), "in", "the", left]
    return Event(actor, "leave", left, words)


def ask(events, rng):
    """A question about the events so far: about the place where someone is half the time, but
    always about the place that a negation names."""
    person = pick(rng, events[-RECENT:]).actor
    told = last(events, lambda event: event.actor == person)
    place, here = events[told].thing, events[told].kind == "go"
    if here and rng.random() < 0.5:
        here, place = False, pick(rng, [other for other in PLACES if other != place])
    tokens = ["is", person, "in", "the", place]
    return Question(tokens, ["yes" if here else "no"], len(events), [told])
