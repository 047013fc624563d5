"""Task 2, two supporting facts.  Where is the milk?

Who took or dropped it last, and where they are now or were then.
"""

from ..story import Question
from .world import RECENT, drop, go, last, last_go, pick, take, tell


def story(rng):
    """One story, as Story."""
    return tell((go, take, drop), ask, rng)


def ask(events, rng):
    """A question about the events so far, or None where there is none to ask."""
    found = [(event.thing, support) for event in events[-RECENT:]
             if event.kind != "go" and (support := find(events, event.thing))]
    if not found:
        return None
    thing, (handled, walk) = pick(rng, found)
    answer = events[walk].thing
    return Question(["where", "is", "the", thing], [answer], len(events), [handled, walk])


def find(events, thing):
    """Indices (last take or drop of the thing, walk that says where it is); None where the story
    does not tell.

    As in the published files, a thing that was taken is only asked for once its holder has walked.
    """
    handled = last(events, lambda event: event.kind != "go" and event.thing == thing)
    actor = events[handled].actor
    if events[handled].kind == "drop":
        walk = last_go(events, actor, handled)
        return None if walk is None else (handled, walk)
    walk = last_go(events, actor)                              # it goes where its holder goes
    return None if walk is None or walk < handled else (handled, walk)
