"""Task 6, yes or no.  Is Mary in the garden?  Her last walk tells; yes as often as no."""

from ..story import Question
from .world import PLACES, RECENT, drop, go, last_go, pick, take, tell


def story(rng):
    """One story, as Story."""
    return tell((go, take, drop), ask, rng)


def ask(events, rng):
    """A question about the events so far, or None where there is none to ask."""
    walkers = [event.actor for event in events[-RECENT:] if event.kind == "go"]
    if not walkers:
        return None
    person = pick(rng, walkers)
    walk = last_go(events, person)
    here = events[walk].thing
    yes = rng.random() < 0.5
    place = here if yes else pick(rng, [place for place in PLACES if place != here])
    tokens = ["is", person, "in", "the", place]
    return Question(tokens, ["yes" if yes else "no"], len(events), [walk])
