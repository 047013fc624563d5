"""The simulated world of the generated stories: people walk between places, and take, drop and give
objects.

An action is a function (world, actor, rng) -> Event, or None where the actor cannot do it now.  A
task names its actions and a function that asks; `tell` makes a story of them.  A task with an
action of its own defines that one function.  """

from dataclasses import dataclass, field

from ..story import Question, Story

PEOPLE = ("daniel", "john", "mary", "sandra")
PLACES = ("bathroom", "bedroom", "garden", "hallway", "kitchen", "office")
OBJECTS = ("apple", "football", "milk")

GO = ("went to", "went back to", "moved to", "journeyed to", "travelled to")
TAKE = ("got", "took", "grabbed", "picked up")
DROP = ("dropped", "left", "discarded", "put down")
GIVE = ("gave", "passed", "handed")
THEN = ("then", "after that", "afterwards", "following that")

PACE = 2        # facts after which a question may be asked
RECENT = 5      # a question is about something in one of the last five facts


@dataclass(frozen=True)
class Event:
    """One fact: who did what to which thing (a place or an object), and its words."""

    actor: str | tuple[str, ...]    # a tuple: all who walk together
    kind: str                       # "go", "take", "drop", "give", or a task's own
    thing: str
    words: list[str]
    receiver: str = ""              # of a gift


@dataclass
class World:
    """The state of the world behind a story.  The initial positions are not told."""

    place: dict[str, str]                                      # of people and uncarried objects
    holder: dict[str, str] = field(default_factory=dict)       # of carried objects
    people: tuple[str, ...] = PEOPLE
    places: tuple[str, ...] = PLACES

    @classmethod
    def draw(cls, rng, people=PEOPLE, places=PLACES):
        """A World with everyone and everything somewhere, each place equally likely."""
        place = {who: pick(rng, places) for who in people + OBJECTS}
        return cls(place, people=people, places=places)


def pick(rng, options):
    """One of `options`, each equally likely."""
    return options[rng.integers(len(options))]


def go(world, actor, rng):
    """The actor walks to another place."""
    place = pick(rng, world.places)
    if place == world.place[actor]:
        return None
    world.place[actor] = place
    return Event(actor, "go", place, [actor, *walk_to(place, rng)])


def walk_to(place, rng):
    """The words of a walk without its actor: went back to the garden."""
    return [*pick(rng, GO).split(), "the", place]


def be_in(world, actor, rng):
    """The actor walks to another place, and the fact only says that they are there."""
    walk = go(world, actor, rng)
    if walk is None:
        return None
    return Event(actor, "go", walk.thing, [actor, "is", "in", "the", walk.thing])


def take(world, actor, rng, there=1.0):
    """The actor takes an object that lies where they are.  there: the probability that the fact
    ends in "there"."""
    here = [thing for thing in OBJECTS if world.place.get(thing) == world.place[actor]]
    if not here:
        return None
    thing = pick(rng, here)
    del world.place[thing]
    world.holder[thing] = actor
    return Event(actor, "take", thing, _with_object(actor, TAKE, thing, there, rng))


def drop(world, actor, rng, there=0.2):
    """The actor drops an object that they carry.  there: as in `take`."""
    carried = [thing for thing in OBJECTS if world.holder.get(thing) == actor]
    if not carried:
        return None
    thing = pick(rng, carried)
    del world.holder[thing]
    world.place[thing] = world.place[actor]
    return Event(actor, "drop", thing, _with_object(actor, DROP, thing, there, rng))


def give(world, actor, rng):
    """The actor gives an object that they carry to someone in the same place: the first of each, as
    in the published files."""
    here = [who for who in world.people if who != actor and world.place[who] == world.place[actor]]
    thing = next((thing for thing in OBJECTS if world.holder.get(thing) == actor), None)
    receiver = next(iter(here), None)
    if thing is None or receiver is None:
        return None
    world.holder[thing] = receiver
    words = [actor, pick(rng, GIVE), "the", thing, "to", receiver]
    return Event(actor, "give", thing, words, receiver)


GIVING = (go, take, drop, *[give] * 4)      # four gifts to a drop, as in the published files


def _with_object(actor, verbs, thing, there, rng):
    return [actor, *pick(rng, verbs).split(), "the", thing] + ["there"] * bool(rng.random() < there)


def next_event(world, actions, rng):
    """The Event of a random actor and action, drawn until one is possible."""
    event = None
    while event is None:
        event = pick(rng, actions)(world, pick(rng, world.people), rng)
    return event


def tell(actions, ask, rng, people=PEOPLE, places=PLACES):
    """A story of such actions, as Story; see `narrate`."""
    world = World.draw(rng, people, places)
    return narrate(lambda: [next_event(world, actions, rng) for _ in range(PACE)], ask, rng)


def narrate(next_events, ask, rng, n_questions=5):
    """A Story that ends with its `n_questions`-th question.

    next_events() -> list[Event]; after each call, ask(events, rng) returns a Question, or None
    where there is none to ask.  """
    events, questions = [], []
    while len(questions) < n_questions:
        events += next_events()
        question = ask(events, rng)
        if question is not None:
            questions.append(question)
    return Story([event.words for event in events], questions)


def last(events, test, end=None):
    """Index of the last event before index `end` with test(event), or None."""
    before = range(len(events) if end is None else end)
    return next((i for i in reversed(before) if test(events[i])), None)


def last_go(events, actor, end=None):
    """Index of the actor's last walk before index `end`, which tells where they are, or None."""
    return last(events, lambda event: event.kind == "go" and event.actor == actor, end)


def handling(events, person):
    """{object: indices of the events in which the person got or lost it, in order of time}, the
    objects in the order in which the person first got them."""
    found = {}
    for i, event in enumerate(events):
        if event.kind != "go" and person in (event.actor, event.receiver):
            found.setdefault(event.thing, []).append(i)
    return found


def holds(event, person):
    """Whether the person has the object after this take, drop or gift."""
    owner = event.receiver if event.kind == "give" else event.actor
    return person == owner and event.kind != "drop"


# one or two people walk, in one fact or two (tasks 11, 12, 13)

def pick_two(rng):
    """Two people, in either order."""
    return tuple(rng.choice(PEOPLE, 2, replace=False).tolist())


def walk_together(world, people, rng, subject=None):
    """All of `people` walk to a place where none of them is.  subject: the first words of the fact
    (default: their names)."""
    free = [place for place in world.places if all(world.place[who] != place for who in people)]
    place = pick(rng, free)
    world.place.update(dict.fromkeys(people, place))
    words = [*(subject or " and ".join(people)).split(), *walk_to(place, rng)]
    return Event(people, "go", place, words)


def two_walks(world, people, pronoun, rng):
    """Two walks of the same people, [Event, Event]; the second says only the pronoun."""
    first = walk_together(world, people, rng)
    return [first, walk_together(world, people, rng, f"{pick(rng, THEN)} {pronoun}")]


def ask_where(events, rng, n_support=1):
    """Where is someone who was named recently?  Their last walk tells, the last of `n_support`
    supporting facts."""
    person = pick(rng, [who for event in events for who in event.actor][-RECENT:])
    walk = last(events, lambda event: person in event.actor)
    support = list(range(walk + 1 - n_support, walk + 1))
    return Question(["where", "is", person], [events[walk].thing], len(events), support)
