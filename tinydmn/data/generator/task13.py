"""Task 13, compound coreference.  Where is Mary?

Mary and Daniel went to the garden.  Then they went to the office.
"""

from functools import partial

from .world import World, ask_where, narrate, pick_two, two_walks


def story(rng):
    """One story, as Story; both facts of the last two walks support the answer."""
    world = World.draw(rng)
    next_events = lambda: two_walks(world, pick_two(rng), "they", rng)
    return narrate(next_events, partial(ask_where, n_support=2), rng)
