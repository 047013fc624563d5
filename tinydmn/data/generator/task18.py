"""Task 18, sizes.  Does the chocolate fit in the chest?

Two facts compare both with a third thing.
"""

from ..story import Question, Story
from .world import RECENT, pick

SMALL = ("chocolate", "box of chocolates")     # the two smallest; the order of LARGE is random
LARGE = ("box", "chest", "container", "suitcase")
TRIES = 40


def story(rng):
    """One story, as Story: five facts and five questions; where fewer questions are found, five
    more of each."""
    by_size = [*SMALL, *rng.permutation(LARGE).tolist()]
    pairs, facts, questions, found = [], [], [], []
    while len(found) < 5:
        for _ in range(5):
            less, more = (by_size[i] for i in sorted(rng.choice(6, 2, replace=False)))
            pairs.append((less, more))
            facts.append(pick(rng, (f"the {less} fits inside the {more}",
                                    f"the {more} is bigger than the {less}")).split())
        found = []
        while len(found) < 5 and (question := ask(pairs, rng)):
            found.append(question)
        questions += found
    return Story(facts, questions)


def ask(pairs, rng):
    """A question about what a recent fact implies, or None where a few tries find none.

    pairs: [(smaller, bigger), ...].
    """
    implied = {yes: [imply(pairs, fact, yes) for fact in range(len(pairs))]
               for yes in (True, False)}
    for _ in range(TRIES):
        yes = bool(rng.random() < 0.5)
        recent = implied[yes][-1 - rng.integers(RECENT)]
        if recent:
            inner, outer, _ = recent
            support = [[fact, found[2]] for fact, found in enumerate(implied[yes])
                       if found and found[:2] == (inner, outer)]
            words = pick(rng, (f"does the {inner} fit in the {outer}",
                               f"is the {outer} bigger than the {inner}"))
            return Question(words.split(), ["yes" if yes else "no"], len(pairs), support[-1])
    return None


def imply(pairs, fact, yes):
    """(inner, outer, index of a second fact): inner fits in outer, or if not `yes`, outer in inner;
    None where nothing is implied.

    `fact` compares outer with a middle thing, and the second fact, the first of its kind, the
    middle thing with inner.  As in the published files, no other fact before the second one
    compares the middle thing with anything on outer's side.  """
    outer, middle = pairs[fact][yes], pairs[fact][not yes]
    further = next((i for i, pair in enumerate(pairs) if pair[yes] == middle), None)
    if further is None:
        return None
    if any(pair[not yes] == middle and i != fact for i, pair in enumerate(pairs[:further])):
        return None
    return pairs[further][not yes], outer, further
