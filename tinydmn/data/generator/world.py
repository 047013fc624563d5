"""People who walk between places, and take and drop objects: what a generated story tells.

An action is a function (world, actor, rng) -> Event, or None where the actor cannot do it now.  A task names its actions and a
function that asks; `tell` makes a story of them.  A task with an action of its own (to give, say) writes that one function.
"""

from dataclasses import dataclass, field

from ..story import Story

PEOPLE = ("daniel", "john", "mary", "sandra")
PLACES = ("bathroom", "bedroom", "garden", "hallway", "kitchen", "office")
OBJECTS = ("apple", "football", "milk")

GO = ("went to", "went back to", "moved to", "journeyed to", "travelled to")
TAKE = ("got", "took", "grabbed", "picked up")
DROP = ("dropped", "left", "discarded", "put down")

PACE = 2        # facts between two moments at which a question may be asked
RECENT = 5      # a question is about something that one of the last facts has touched


@dataclass(frozen=True)
class Event:
    """One fact: who did what to which thing (a place or an object), and its words."""

    actor: str
    kind: str          # "go", "take", "drop"
    thing: str
    words: list[str]


@dataclass
class World:
    """The truth behind a story.  Where all stand at the beginning is not told."""

    place: dict[str, str]                                      # of each person, and of each object that lies somewhere
    holder: dict[str, str] = field(default_factory=dict)       # of each object that is carried

    @classmethod
    def draw(cls, rng):
        """Everyone and everything somewhere, each place equally likely."""
        return cls({who: pick(rng, PLACES) for who in PEOPLE + OBJECTS})


def pick(rng, options):
    """One of `options`, each equally likely."""
    return options[rng.integers(len(options))]


def go(world, actor, rng):
    """The actor walks to another place."""
    place = pick(rng, PLACES)
    if place == world.place[actor]:
        return None
    world.place[actor] = place
    return Event(actor, "go", place, [actor, *pick(rng, GO).split(), "the", place])


def take(world, actor, rng, there=1.0):
    """The actor takes an object that lies where they are; the sentence ends in "there" with that probability."""
    here = [thing for thing in OBJECTS if world.place.get(thing) == world.place[actor]]
    if not here:
        return None
    thing = pick(rng, here)
    del world.place[thing]
    world.holder[thing] = actor
    return Event(actor, "take", thing, _with_object(actor, TAKE, thing, there, rng))


def drop(world, actor, rng, there=0.2):
    """The actor drops an object that they carry; the sentence ends in "there" with that probability."""
    carried = [thing for thing in OBJECTS if world.holder.get(thing) == actor]
    if not carried:
        return None
    thing = pick(rng, carried)
    del world.holder[thing]
    world.place[thing] = world.place[actor]
    return Event(actor, "drop", thing, _with_object(actor, DROP, thing, there, rng))


def _with_object(actor, verbs, thing, there, rng):
    return [actor, *pick(rng, verbs).split(), "the", thing] + ["there"] * bool(rng.random() < there)


def next_event(world, actions, rng):
    """Propose actor and action until one is possible: whoever can do more acts more often."""
    event = None
    while event is None:
        event = pick(rng, actions)(world, pick(rng, PEOPLE), rng)
    return event


def tell(actions, ask, rng, n_questions=5):
    """A story that ends with its `n_questions`-th question.

    After every PACE facts, ask(events, rng) gives a Question, or None where there is none to ask: then the story goes on.
    """
    world, events, questions = World.draw(rng), [], []
    while len(questions) < n_questions:
        events += [next_event(world, actions, rng) for _ in range(PACE)]
        question = ask(events, rng)
        if question is not None:
            questions.append(question)
    return Story([event.words for event in events], questions)


def last(events, test, end=None):
    """Index of the last event before index `end` that passes test(event), or None."""
    return next((i for i in reversed(range(len(events) if end is None else end)) if test(events[i])), None)


def last_go(events, actor, end=None):
    """Index of the actor's last walk before index `end`, or None: since then they are where it led."""
    return last(events, lambda event: event.kind == "go" and event.actor == actor, end)
