"""Tasks 1 to 13: people walk, take, drop and give; rooms lie beside rooms (task 4).

The facts are read forward, once, and each leaves behind what it told; the generator looks back over its events instead.
"""

TAKE = {"took", "got", "grabbed", "picked"}
DROP = {"dropped", "left", "discarded", "put"}
GIVE = {"gave", "passed", "handed"}
WALK = {"went", "moved", "journeyed", "travelled"}
PRONOUN = dict.fromkeys(("bill", "daniel", "fred", "jeff", "john"), "he") | dict.fromkeys(("julie", "mary", "sandra"), "she")
NUMBERS = ("none", "one", "two", "three")
OPPOSITE = {"north": "south", "south": "north", "east": "west", "west": "east"}


class Reading:
    """What the facts have told, and which of them told it."""

    def __init__(self, facts):
        self.whereabouts = {}      # person -> ("in" | "not in" | "in either", places, telling facts)
        self.carried = {}          # thing -> who carries it
        self.handled = {}          # thing -> last fact of a take, drop or gift
        self.lies = {}             # dropped thing -> whereabouts of its last holder then
        self.trail = {}            # thing -> walks of its holder since it was taken: [(place, fact)]
        self.hands = {}            # person -> {thing: facts in which they got it or let it go}
        self.gifts = []            # (giver, thing, receiver, fact)
        self.lie_beside = []       # (room, direction, room, fact)
        they = None                # who the last walk that named anybody was about, and in which fact
        for i, words in enumerate(facts):
            match words:
                case ["the", a, "is", direction, "of", "the", b]:
                    self.lie_beside += [(a, direction, b, i), (b, OPPOSITE[direction], a, i)]
                case [who, "is", "in", "the", place]:
                    self.whereabouts[who] = ("in", [place], [i])
                case [who, "is", "not", "in", "the", place] | [who, "is", "no", "longer", "in", "the", place]:
                    self.whereabouts[who] = ("not in", [place], [i])
                case [who, "is", "either", "in", "the", a, "or", "the", b]:
                    self.whereabouts[who] = ("in either", [a, b], [i])
                case ["then" | "afterwards", "he" | "she" | "they" as pronoun, *_, "to", "the", place]:
                    self.walk_on(they, pronoun, place, i)
                case ["after" | "following", "that", "he" | "she" | "they" as pronoun, *_, "to", "the", place]:
                    self.walk_on(they, pronoun, place, i)
                case [a, "and", b, verb, *_, "to", "the", place] if verb in WALK:
                    they = (a, b), i
                    self.walk((a, b), place, [i])
                case [who, verb, *_, "to", "the", place] if verb in WALK:
                    they = (who,), i
                    self.walk((who,), place, [i])
                case [giver, verb, "the", thing, "to", receiver] if verb in GIVE:
                    where = [self.whereabouts[who][1] for who in (giver, receiver) if who in self.whereabouts]
                    assert where[1:] in ([], where[:1]), f"{giver} gives something to {receiver}, who is elsewhere"
                    self.let_go(giver, thing, i)
                    self.get(receiver, thing, i)
                    self.gifts.append((giver, thing, receiver, i))
                case [who, verb, "the" | "up" | "down", *_] if verb in TAKE | DROP:
                    (self.get if verb in TAKE else self.let_go)(who, words[words.index("the") + 1], i)
                case _:
                    raise AssertionError(f"no known sentence: {words}")

    def walk(self, people, place, told):
        self.whereabouts |= {who: ("in", [place], told) for who in people}
        for thing, holder in self.carried.items():
            if holder in people:
                self.trail[thing].append((place, told[-1]))

    def walk_on(self, they, pronoun, place, i):
        assert they, f"nobody was named whom {pronoun} could mean"
        people, before = they
        assert pronoun == ("they" if people[1:] else PRONOUN[people[0]]), f"{people} are called {pronoun}"
        self.walk(people, place, [before, i])

    def get(self, who, thing, i):
        assert thing not in self.carried, f"two carry the {thing}"
        self.carried[thing], self.trail[thing], self.handled[thing] = who, [], i
        self.hands.setdefault(who, {}).setdefault(thing, []).append(i)

    def let_go(self, who, thing, i):
        assert self.carried.pop(thing) == who, f"{who} lets go of the {thing} that they do not hold"
        self.lies[thing], self.handled[thing] = self.whereabouts.get(who), i
        self.hands[who][thing].append(i)

    def in_hands(self, person):
        """(what the person carries now, all facts in which they got something or let it go), as they first got the things."""
        hands = self.hands.get(person, {})
        return [thing for thing in hands if self.carried.get(thing) == person], [i for facts in hands.values() for i in facts]


def answer(facts, question):
    """Answer words and supporting facts, or None for a question of another kind."""
    told = Reading(facts)
    match question:
        case ["where", "is", "the", thing]:
            _, (place,), walk = told.whereabouts[told.carried[thing]] if thing in told.carried else told.lies[thing]
            return [place], [told.handled[thing], *walk]
        case ["where", "is", person]:
            _, (place,), support = told.whereabouts[person]
            return [place], support
        case ["where", "was", "the", thing, "before", "the", place]:
            trail = told.trail[thing]
            visits = [k for k, (where, _) in enumerate(trail) if where == place]
            (before, earlier), (_, later) = trail[visits[-1] - 1:visits[-1] + 1]
            return [before], [told.handled[thing], later, earlier]
        case ["is", person, "in", "the", place]:
            how, places, support = told.whereabouts[person]
            named, other = {"in": ("yes", "no"), "not in": ("no", "?"), "in either": ("maybe", "no")}[how]
            return [named if place in places else other], support
        case ["what", "is", direction, "of", "the", room]:
            (found,) = [([a], [i]) for a, d, b, i in told.lie_beside if (d, b) == (direction, room)]
            return found
        case ["what", "is", "the", room, direction, "of"]:
            (found,) = [([b], [i]) for a, d, b, i in told.lie_beside if (a, d) == (room, direction)]
            return found
        case ["who", "gave", "the", thing, *to]:
            return [([a], [i]) for a, t, b, i in told.gifts if t == thing and to in ([], ["to", b])][-1]
        case ["who", "received", "the", thing]:
            return [([b], [i]) for _, t, b, i in told.gifts if t == thing][-1]
        case ["what", "did", giver, "give", "to", receiver]:
            return [([t], [i]) for a, t, b, i in told.gifts if (a, b) == (giver, receiver)][-1]
        case ["who", "did", giver, "give", "the", thing, "to"]:
            return [([b], [i]) for a, t, b, i in told.gifts if (a, t) == (giver, thing)][-1]
        case ["how", "many", "objects", "is", person, "carrying"]:
            held, support = told.in_hands(person)
            return [NUMBERS[len(held)]], sorted(support)
        case ["what", "is", person, "carrying"]:
            held, support = told.in_hands(person)
            return held or ["nothing"], support
    return None
