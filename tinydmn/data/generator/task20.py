"""Task 20, motives.  Yann is thirsty: he will go to the kitchen, and get the milk there.  Why?

After each fact one question.
"""

from ..story import Question, Story
from .world import TAKE, pick, walk_to

PEOPLE = ("antoine", "jason", "sumit", "yann")
WANTS = {"bored": ("garden", "football"), "hungry": ("kitchen", "apple"),
         "thirsty": ("kitchen", "milk"), "tired": ("bedroom", "pajamas")}


def story(rng):
    """One story, as Story.  It ends when all objects that someone wants are taken."""
    facts, questions = [], []
    why, there, taken = {}, set(), set()
    said = {}                                                  # person -> index of "is thirsty"
    while busy := [who for who in PEOPLE if who not in there or WANTS[why[who]][1] not in taken]:
        who = pick(rng, busy)
        if who not in why:
            why[who], said[who] = pick(rng, list(WANTS)), len(facts)
            facts.append([who, "is", why[who]])
            ask, answer = ["where", "will", who, "go"], WANTS[why[who]][0]
        elif who not in there:
            place = WANTS[why[who]][0]
            there.add(who)
            facts.append([who, *walk_to(place, rng)])
            ask, answer = ["why", "did", who, "go", "to", "the", place], why[who]
        else:
            thing = WANTS[why[who]][1]
            taken.add(thing)
            facts.append([who, *pick(rng, TAKE).split(), "the", thing, "there"])
            ask, answer = ["why", "did", who, "get", "the", thing], why[who]
        questions.append(Question(ask, [answer], len(facts), [said[who]]))
    return Story(facts, questions)
