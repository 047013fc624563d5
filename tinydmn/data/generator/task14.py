"""Task 14, reasoning about time.  Where was Julie before the park?

Each fact says when; the facts are out of order.  Everyone walks once yesterday, this morning, this
afternoon and this evening, without skipping a time.
"""

from typing import NamedTuple

import numpy as np

from ..story import Question, Story
from .world import PACE, RECENT, pick, walk_to

PEOPLE = ("bill", "fred", "julie", "mary")
PLACES = ("bedroom", "cinema", "kitchen", "office", "park", "school")
TIMES = ("yesterday", "this morning", "this afternoon", "this evening")


class Walk(NamedTuple):
    """One fact: who went where and when (time: index into TIMES), and its words."""

    person: str
    time: int
    place: str
    words: list[str]


def story(rng):
    """One story, as Story."""
    walks, told, questions = [], [], []                        # walks in order of time, and as told
    while len(questions) < 5:
        for _ in range(PACE):
            walks.append(next_walk(walks, rng))
        known = [walk for walk in walks[-RECENT:] if walk.time > 0]
        if known:
            told += out_of_order(walks[len(told):], rng)
            questions.append(ask(pick(rng, known), told))
    return Story([walk.words for walk in told], questions)


def next_walk(walks, rng):
    """The next walk of someone whose last one was before this evening, to another place."""
    day = {who: [walk for walk in walks if walk.person == who] for who in PEOPLE}
    person = pick(rng, [who for who in PEOPLE if len(day[who]) < len(TIMES)])
    here = day[person][-1].place if day[person] else None
    place = pick(rng, [place for place in PLACES if place != here])
    time = TIMES[len(day[person])].split()
    walked = [person, *walk_to(place, rng)]
    words = time + walked if rng.random() < 0.5 else walked + time
    return Walk(person, len(day[person]), place, words)


def out_of_order(walks, rng):
    """The walks in a random order in which none keeps its position; of two, the later comes first,
    as in the published files."""
    order = rng.permutation(len(walks))
    mixed = np.empty(len(walks), int)
    mixed[order] = np.roll(order, 1)                           # a random cycle through all
    return [walks[i] for i in mixed]


def ask(asked, told):
    """Where was that person before that walk?  If they were there twice, the latest visit is meant.
    """
    day = {walk.time: i for i, walk in enumerate(told) if walk.person == asked.person}
    time = max(t for t, i in day.items() if told[i].place == asked.place)
    return Question(["where", "was", asked.person, "before", "the", asked.place],
                    [told[day[time - 1]].place], len(told), [day[time], day[time - 1]])
