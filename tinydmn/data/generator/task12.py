"""Task 12, conjunction.  Where is Mary?  Mary and Daniel went to the garden."""

from .world import PACE, World, ask_where, narrate, pick_two, walk_together


def story(rng):
    """One story, as Story."""
    world = World.draw(rng)
    next_events = lambda: [walk_together(world, pick_two(rng), rng) for _ in range(PACE)]
    return narrate(next_events, ask_where, rng)
