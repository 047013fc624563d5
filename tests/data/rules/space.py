"""Tasks 17 (sides of shapes), 18 (what fits in what) and 19 (ways between rooms)."""

STEP = {"above": (0, 1), "below": (0, -1), "left": (-1, 0), "right": (1, 0), "n": (0, 1), "s": (0, -1), "w": (-1, 0), "e": (1, 0)}


def answer(facts, question):
    """The answer and its facts; None for another question."""
    text = " ".join(question)
    match question:
        case ["how", "do", "you", "go", "from", "the", start, "to", "the", goal]:
            return _way(facts, start, goal)
        case ["does", "the", *_]:
            return _fits(facts, *text.removeprefix("does the ").split(" fit in the "))
        case ["is", "the", *_] if "bigger" in question:
            outer, inner = text.removeprefix("is the ").split(" bigger than the ")
            return _fits(facts, inner, outer)
        case ["is", "the", *_] if (side := _side(question)):
            return _lies(facts, *_shapes(text.removeprefix("is "), side), side)


# task 17

def _side(words):
    return next((word for word in words if word in ("above", "below", "left", "right")), None)


def _shapes(text, side):
    """'the red square to the left of the triangle' -> 'red square', 'triangle'."""
    between = {"left": " to the left of the ", "right": " to the right of the "}.get(side, f" {side} the ")
    return text.removeprefix("the ").split(between)


def _lies(facts, a, b, side):
    """Follow the facts from b; a step as long as all the others is taken for each."""
    at, told = {b: (0, 0)}, {}
    for _ in facts:                                            # often enough for the farthest
        for i, words in enumerate(facts):
            x, y = STEP[_side(words)]
            one, other = _shapes(" ".join(words).replace(" is ", " "), _side(words))
            told[one, i] = told[other, i] = True
            if other in at:
                at.setdefault(one, (at[other][0] + x, at[other][1] + y))
            elif one in at:
                at[other] = (at[one][0] - x, at[one][1] - y)
    x, y = STEP[side]
    true = at[a][0] * x + at[a][1] * y > 0
    return ["yes" if true else "no"], [i for shape in (a, b) for i in range(len(facts)) if (shape, i) in told]


# task 18

def _fits(facts, inner, outer):
    """Chains of two facts from inner up to outer ("yes"), or from outer up to inner ("no"); the fact that names outer comes first.

    Of several chains the published files mostly give the one whose outer fact is the latest and whose inner fact is the first of its
    kind, if only the outer fact, or none like it, was told before the inner one.
    """
    chains = []                                                # (outer fact, inner fact, answer)
    sizes = [_sizes(" ".join(words).removeprefix("the ")) for words in facts]
    for middle in {thing for pair in sizes for thing in pair} - {inner, outer}:
        above = [i for i, (less, _) in enumerate(sizes) if less == middle]
        below = [i for i, (_, more) in enumerate(sizes) if more == middle]
        for far, near, word in ((above, below, "yes"), (below, above, "no")):
            regular = [i for i in far if near and all(k == i or k > near[0] for k in far)]
            chains += [(i, near[0], word) for i in regular if outer in sizes[i] and inner in sizes[near[0]]]
    i, j, word = max(chains)
    return [word], [i, j]


def _sizes(text):
    """(the smaller, the bigger thing) of a fact."""
    if " fits inside the " in text:
        return tuple(text.split(" fits inside the "))
    return tuple(reversed(text.split(" is bigger than the ")))


# task 19

def _way(facts, start, goal):
    """Breadth first over the rooms; the facts of the shortest way, in its order."""
    ways = [(start, [], [])]
    seen = {start}
    for room, steps, told in ways:                             # grows while it is read
        if room == goal:
            return steps, told
        for i, (_, one, _, direction, _, _, other) in enumerate(facts):
            if room in (one, other):
                towards = direction[0] if room == other else "nsew"["snwe".index(direction[0])]
                following = one if room == other else other
                if following not in seen:
                    seen.add(following)
                    ways.append((following, [*steps, towards], [*told, i]))
