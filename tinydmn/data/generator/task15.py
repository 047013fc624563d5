"""Task 15, deduction.  What is Gertrude afraid of?

Gertrude is a mouse, and mice are afraid of wolves.
"""

from ..story import Question, Story
from .world import pick

PEOPLE = ("emily", "gertrude", "jessica", "winona")
MANY = {"cat": "cats", "mouse": "mice", "sheep": "sheep", "wolf": "wolves"}


def story(rng):
    """One story, as Story: four fears, four people, then four questions."""
    facts, fear, kind = [], {}, {}
    told = {}                                      # person or animal -> the index of its fact
    while len(facts) < len(PEOPLE) + len(MANY):
        who = pick(rng, (*PEOPLE, *MANY))
        animal = pick(rng, [animal for animal in MANY if animal != who])
        if who in told or (who in PEOPLE and animal not in told):
            continue                               # a fear comes before its animals
        told[who] = len(facts)
        if who in MANY:
            fear[who] = animal
            facts.append([MANY[who], "are", "afraid", "of", MANY[animal]])
        else:
            kind[who] = animal
            facts.append([who, "is", "a", animal])
    asked = [pick(rng, PEOPLE) for _ in range(4)]
    ask = lambda who: Question(["what", "is", who, "afraid", "of"], [fear[kind[who]]], len(facts),
                               [told[who], told[kind[who]]])
    return Story(facts, [ask(who) for who in asked])
