"""Task 18, sizes.  Does the chocolate fit in the chest?  Two facts, over a third thing between them."""

from ..story import Question, Story
from .world import RECENT, pick

SMALL = ("chocolate", "box of chocolates")             # always the two smallest; the others' order is drawn for each story
LARGE = ("box", "chest", "container", "suitcase")
TRIES = 40


def story(rng):
    """One story, as Story: five facts and five questions; five facts more, and five questions more, where too few were found."""
    by_size = [*SMALL, *rng.permutation(LARGE).tolist()]
    pairs, facts, questions, found = [], [], [], []
    while len(found) < 5:
        for _ in range(5):
            less, more = (by_size[i] for i in sorted(rng.choice(6, 2, replace=False)))
            pairs.append((less, more))
            facts.append(pick(rng, (f"the {less} fits inside the {more}", f"the {more} is bigger than the {less}")).split())
        found = []
        while len(found) < 5 and (question := ask(pairs, rng)):
            found.append(question)
        questions += found
    return Story(facts, questions)


def ask(pairs, rng):
    """A question about what a recent fact implies, or None where none is found in a few tries.  pairs: [(smaller, bigger), ...]."""
    implied = {yes: [imply(pairs, fact, yes) for fact in range(len(pairs))] for yes in (True, False)}
    for _ in range(TRIES):
        yes = bool(rng.random() < 0.5)
        recent = implied[yes][-1 - rng.integers(RECENT)]
        if recent:
            inner, outer, _ = recent
            support = [[fact, found[2]] for fact, found in enumerate(implied[yes]) if found and found[:2] == (inner, outer)]
            words = pick(rng, (f"does the {inner} fit in the {outer}", f"is the {outer} bigger than the {inner}"))
            return Question(words.split(), ["yes" if yes else "no"], len(pairs), support[-1])
    return None


def imply(pairs, fact, yes):
    """(inner, outer, index of a further fact): inner fits in outer, or where not `yes`, outer in inner; None without one.

    `fact` compares outer with a middle thing, the further fact, the first of its kind, the middle thing with inner.  As in the
    published files, no other fact before the further one compares the middle thing with anything on outer's side.
    """
    outer, middle = pairs[fact][yes], pairs[fact][not yes]
    further = next((i for i, pair in enumerate(pairs) if pair[yes] == middle), None)
    if further is None or any(pair[not yes] == middle and i != fact for i, pair in enumerate(pairs[:further])):
        return None
    return pairs[further][not yes], outer, further
