"""Task 3, three supporting facts.  Where was the milk before the garden?

Who took or dropped it last, and two walks of theirs while they carried it: to the garden, and the
one before.  """

from functools import partial

import numpy as np

from ..story import Question
from .world import RECENT, drop, go, last, pick, take, tell

THERE = 0.2
RECENCY = 1.3      # each walk is asked about 1.3 times as often as the one before, as published


def story(rng):
    """One story, as Story."""
    return tell((go, partial(take, there=THERE), partial(drop, there=THERE)), ask, rng)


def ask(events, rng):
    """A question about the events so far, or None where there is none to ask."""
    known = [(event.thing, carried) for event in events[-RECENT:]
             if event.kind != "go" and len((carried := carrying(events, event.thing))[1]) > 1]
    if not known:
        return None
    thing, (handled, walks) = pick(rng, known)
    weight = RECENCY ** np.arange(1, len(walks))
    asked = events[walks[1 + rng.choice(len(weight), p=weight / weight.sum())]].thing
    i = max(i for i, walk in enumerate(walks) if events[walk].thing == asked)    # the latest visit
    return Question(["where", "was", "the", thing, "before", "the", asked],
                    [events[walks[i - 1]].thing], len(events), [handled, walks[i], walks[i - 1]])


def carrying(events, thing):
    """Indices (last take or drop of the thing, [walks with it since its last take])."""
    handled = last(events, lambda event: event.kind != "go" and event.thing == thing)
    actor, end = events[handled].actor, len(events)
    taken = handled
    if events[handled].kind == "drop":
        was_taken = lambda event: event.kind == "take" and event.thing == thing
        end, taken = handled, last(events, was_taken, handled)
    walked = lambda event: event.kind == "go" and event.actor == actor
    return handled, [i for i in range(taken, end) if walked(events[i])]
