"""Task 16, induction.  What color is Greg?  Greg is a swan, and Julius, a swan, is green.

Animals of one kind may differ in color; then the one that was introduced last decides.
"""

from ..story import Question, Story
from .world import pick

NAMES = ("bernhard", "brian", "greg", "julius", "lily")
KINDS = ("frog", "lion", "rhino", "swan")
COLORS = ("gray", "green", "white", "yellow")


def story(rng):
    """One story, as Story: the kinds of five animals, the colors of four, and the question for the
    fifth."""
    question = None
    while question is None:
        facts, introduced, colored = introduce(rng)
        question = ask(facts, introduced, colored)
    return Story(facts, [question])


def introduce(rng):
    """(facts, {name: index of "is a frog"}, {name: index of "is green"}), the latter for all but
    one.  """
    facts, introduced, colored, color = [], {}, {}, {}
    while len(introduced) < len(NAMES) or len(colored) < len(NAMES) - 1:
        name = pick(rng, NAMES)
        if name not in introduced:
            introduced[name] = len(facts)
            kind = pick(rng, KINDS)
            color[kind] = pick(rng, COLORS)                    # until another one is introduced
            facts.append([name, "is", "a", kind])
        elif name not in colored and len(colored) < len(NAMES) - 1:
            colored[name] = len(facts)
            facts.append([name, "is", color[facts[introduced[name]][-1]]])
    return facts, introduced, colored


def ask(facts, introduced, colored):
    """The question about the animal without a color, or None where no other is of its kind, or two
    others are: the published files have no such story."""
    name, = introduced.keys() - colored.keys()
    kind = lambda name: facts[introduced[name]][-1]
    others = [other for other in colored if kind(other) == kind(name)]
    if len(others) in (0, 2):
        return None
    last = max(others, key=introduced.get)
    return Question(["what", "color", "is", name], [facts[colored[last]][-1]], len(facts),
                    [introduced[name], introduced[last], colored[last]])
