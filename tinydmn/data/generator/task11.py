"""Task 11, basic coreference.  Where is Mary?

Mary went to the garden.  Then she went to the office.
"""

from functools import partial

from .world import PEOPLE, World, ask_where, narrate, pick, two_walks

PRONOUN = {"daniel": "he", "john": "he", "mary": "she", "sandra": "she"}


def story(rng):
    """One story, as Story; both facts of a person's last two walks support the answer."""
    world = World.draw(rng)

    def next_events():
        person = pick(rng, PEOPLE)
        return two_walks(world, (person,), PRONOUN[person], rng)

    return narrate(next_events, partial(ask_where, n_support=2), rng)
