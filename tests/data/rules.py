"""An independent reader: answers tasks 1, 2, 3 and 6 from the words alone.

It reads forward and remembers which fact told it what, where the generator looks back over its events; nothing is shared with it.
"""

TAKE = {"took", "got", "grabbed", "picked"}
DROP = {"dropped", "left", "discarded", "put"}


def answer(facts, question):
    """facts: list of token lists; question: tokens -> (answer word, supporting facts in the order of the reasoning)."""
    at, carried, handled, lies, trail = {}, {}, {}, {}, {}
    for i, words in enumerate(facts):
        person, verb = words[:2]
        if verb in TAKE | DROP:
            thing = words[words.index("the") + 1]
            handled[thing] = i
            if verb in TAKE:
                carried[thing], trail[thing] = person, []
            else:
                assert carried.pop(thing) == person, f"{person} drops what they do not hold: {words}"
                lies[thing] = at.get(person)
        else:
            assert words[-3:-1] == ["to", "the"], f"no known sentence: {words}"
            at[person] = (words[-1], i)
            for thing, holder in carried.items():
                if holder == person:
                    trail[thing].append(at[person])
    match question:
        case ["where", "is", "the", thing]:
            place, walk = at[carried[thing]] if thing in carried else lies[thing]
            return place, [handled[thing], walk]
        case ["where", "is", person]:
            place, walk = at[person]
            return place, [walk]
        case ["is", person, "in", "the", place]:
            where, walk = at[person]
            return "yes" if where == place else "no", [walk]
        case ["where", "was", "the", thing, "before", "the", place]:
            visits = [k for k, (where, _) in enumerate(trail[thing]) if where == place]
            (before, earlier), (_, later) = trail[thing][visits[-1] - 1:visits[-1] + 1]
            return before, [handled[thing], later, earlier]
    raise AssertionError(f"no known question: {question}")


def disagreements(stories):
    """Every question whose answer or supporting facts the reader finds otherwise: [(source, question, what it found)]."""
    found = [(s.source, q, answer(s.facts[:q.n_facts], q.tokens)) for s in stories for q in s.questions]
    return [row for row in found if (row[1].answer, row[1].support) != ([row[2][0]], row[2][1])]
