"""Task 14, reasoning about time.  Where was Julie before the park?  Each fact says when; they are told out of order.

Everyone's walks are of yesterday, this morning, this afternoon and this evening, one of each; nobody skips a time.
"""

from typing import NamedTuple

import numpy as np

from ..story import Question, Story
from .world import PACE, RECENT, pick, walk_to

PEOPLE = ("bill", "fred", "julie", "mary")
PLACES = ("bedroom", "cinema", "kitchen", "office", "park", "school")
TIMES = ("yesterday", "this morning", "this afternoon", "this evening")


class Walk(NamedTuple):
    """One fact: who went where at which time (index into TIMES), and its words."""

    person: str
    time: int
    place: str
    words: list[str]


def story(rng):
    """One story, as Story."""
    walks, told, questions = [], [], []                        # walks in order of time, and as they are told
    while len(questions) < 5:
        for _ in range(PACE):
            walks.append(next_walk(walks, rng))
        known = [walk for walk in walks[-RECENT:] if walk.time > 0]
        if known:
            told += out_of_order(walks[len(told):], rng)
            questions.append(ask(pick(rng, known), told))
    return Story([walk.words for walk in told], questions)


def next_walk(walks, rng):
    """Someone whose evening has not come walks to another place."""
    day = {who: [walk for walk in walks if walk.person == who] for who in PEOPLE}
    person = pick(rng, [who for who in PEOPLE if len(day[who]) < len(TIMES)])
    here = day[person][-1].place if day[person] else None
    place = pick(rng, [place for place in PLACES if place != here])
    time = TIMES[len(day[person])].split()
    walked = [person, *walk_to(place, rng)]
    return Walk(person, len(day[person]), place, time + walked if rng.random() < 0.5 else walked + time)


def out_of_order(walks, rng):
    """The walks in an order drawn so that none keeps its place: of two, the later is told first, as in the published files."""
    order = rng.permutation(len(walks))
    mixed = np.empty(len(walks), int)
    mixed[order] = np.roll(order, 1)                           # each goes where the one after it was: one ring through all
    return [walks[i] for i in mixed]


def ask(asked, told):
    """Where that person was before that walk; if they were there twice, the latest visit is meant."""
    day = {walk.time: i for i, walk in enumerate(told) if walk.person == asked.person}
    time = max(t for t, i in day.items() if told[i].place == asked.place)
    return Question(["where", "was", asked.person, "before", "the", asked.place], [told[day[time - 1]].place], len(told),
                    [day[time], day[time - 1]])
