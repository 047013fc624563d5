"""Could it have happened?  What people do in tasks 1 to 3 and 5 to 13, held against the places that the facts before have told."""

DROP, TAKE = {"dropped", "left", "discarded", "put"}, {"took", "got", "grabbed", "picked"}


def impossible(facts):
    """[(fact, what is wrong)]: somebody walks to where they are, leaves where they are not, takes what lies elsewhere, or walks with themselves."""
    at, lies, wrong, walkers = {}, {}, [], ()                  # person -> place, dropped thing -> place, as far as they are told
    for i, words in enumerate(facts):
        match words:
            case [who, "is", "in", "the", place]:
                people = (who,)
            case [who, "is", "not", "in", "the", left] | [who, "is", "no", "longer", "in", "the", left]:
                if at.get(who, left) != left:
                    wrong.append((i, f"{who} leaves the {left} and was in the {at[who]}"))
                at.pop(who, None)
                continue
            case [who, "is", "either", "in", "the", a, "or", "the", b]:
                at.pop(who, None)
                continue
            case [_, _, "the", _, "to", _]:                    # a gift
                continue
            case [a, "and", b, *_, "to", "the", place]:
                people = (a, b)
                if a == b:
                    wrong.append((i, f"{a} and {a}"))
            case ["then" | "afterwards" | "after" | "following", *_, "to", "the", place]:
                people = walkers
            case [who, *_, "to", "the", place]:
                people = (who,)
            case [who, verb, *_] if verb in TAKE | DROP:
                thing = words[words.index("the") + 1]
                if verb in DROP:
                    lies[thing] = at.get(who)
                elif lies.pop(thing, None) not in (None, at.get(who, None)) and who in at:
                    wrong.append((i, f"{who} takes the {thing} elsewhere than it lies"))
                continue
            case _:
                raise AssertionError(f"no known sentence: {words}")
        wrong += [(i, f"{who} is in the {place} already") for who in people if at.get(who) == place]
        at |= dict.fromkeys(people, place)
        walkers = people
    return wrong
