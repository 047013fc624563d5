"""Stories such as people bring, in which words look exchangeable and are not: times, ranks, sizes, ages, numbers, days, directions.

Each world is a function of (n, rng) -> n stories, and a function (facts, question) -> the right answer's words, read by rule from the words alone.
"""

from tinydmn.data.story import Question, Story

PEOPLE = ("ana", "boris", "carla", "dmitri", "elena")
TIMES = ("6:20", "7:05", "8:40", "9:15", "10:30", "11:45")
RANKS = ("first", "second", "third", "fourth", "fifth")
SIZES = ("tiny", "small", "medium", "large", "huge")
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday")
ROOMS = ("attic", "cellar", "kitchen", "library", "parlour")
AGES = tuple(str(age) for age in range(10, 90, 8))
COMPASS = {"north": (0, 1), "south": (0, -1), "west": (-1, 0), "east": (1, 0)}


def some(rng, names, n):
    return [names[i] for i in rng.permutation(len(names))[:n]]


def where(facts, word):
    return next(i for i, fact in enumerate(facts) if word in fact)


def told(facts, questions):
    """facts: texts; questions: (text, answer, supports) about all of them."""
    return Story(facts, [Question(text, answer, len(facts), list(support)) for text, answer, support in questions])


# two are compared: who has the lesser of two values

def compared(values, fact, which, what, value_first=False):
    """A world of `values` in ascending order.  fact: "{a} leaves at {v}"; which: "who leaves first {a} or {b}": the lesser; what: asks for a value."""
    def make(n, rng, ids=True):
        stories = []
        for _ in range(n):
            people, dealt = some(rng, PEOPLE, 3), some(rng, values, 3)
            questions = []
            for _ in range(3):
                i, j = rng.permutation(3)[:2]
                lesser = people[i] if values.index(dealt[i]) < values.index(dealt[j]) else people[j]
                questions.append((which.format(a=people[i], b=people[j]), lesser, [i, j]))
            i = rng.integers(3)
            questions.append((what.format(a=people[i]), dealt[i], [i]))
            if not ids:
                questions = [(text, answer, []) for text, answer, _ in questions]
            stories.append(told([fact.format(a=a, v=v) for a, v in zip(people, dealt)], questions))
        return stories

    def judge(facts, question):
        asked = [a for a in PEOPLE if a in question]
        value = {a: next(v for v in values if v in facts[where(facts, a)]) for a in asked}
        return [value[asked[0]]] if len(asked) == 1 else [min(asked, key=lambda a: values.index(value[a]))]
    return make, judge


def greatest(values, fact, which, what, n_people=4):
    """As `compared`, asked for the greatest of all, with its fact alone for support."""
    def make(n, rng):
        stories = []
        for _ in range(n):
            people, dealt = some(rng, PEOPLE, n_people), some(rng, values, n_people)
            i = max(range(n_people), key=lambda k: values.index(dealt[k]))
            j = rng.integers(n_people)
            stories.append(told([fact.format(a=a, v=v) for a, v in zip(people, dealt)], [(which, people[i], [i]), (what.format(a=people[j]), dealt[j], [j])]))
        return stories

    def judge(facts, question):
        of = {a: next(v for v in values if v in facts[where(facts, a)]) for a in PEOPLE if any(a in fact for fact in facts)}
        asked = [a for a in PEOPLE if a in question]
        return [of[asked[0]]] if asked else [max(of, key=lambda a: values.index(of[a]))]
    return make, judge


# sums

def sums(n, rng):
    """ana has 2 apples; boris has 3 apples: how many have ana and boris?"""
    stories = []
    for _ in range(n):
        people, dealt = some(rng, PEOPLE, 3), [int(k) for k in rng.integers(1, 6, 3)]
        i, j = rng.permutation(3)[:2]
        k = rng.integers(3)
        stories.append(told([f"{a} has {v} apples" for a, v in zip(people, dealt)],
                            [(f"how many have {people[i]} and {people[j]}", str(dealt[i] + dealt[j]), [i, j]), (f"how many has {people[k]}", str(dealt[k]), [k])]))
    return stories


def sum_of(facts, question):
    return [str(sum(int(facts[where(facts, a)][2]) for a in PEOPLE if a in question))]


# days

def days(n, rng):
    """Who was where on which day, told in any order; where one was before."""
    stories = []
    for _ in range(n):
        a, b = some(rng, PEOPLE, 2)
        facts = [(who, room, day) for who in (a, b) for room, day in zip(some(rng, ROOMS, 3), some(rng, DAYS, 3))]
        facts = [facts[i] for i in rng.permutation(6)]
        questions = []
        for who in (a, b):
            mine = sorted((DAYS.index(day), room, i) for i, (name, room, day) in enumerate(facts) if name == who)
            k = rng.integers(1, 3)
            questions.append((f"where was {who} before the {mine[k][1]}", mine[k - 1][1], [mine[k][2], mine[k - 1][2]]))
            k = rng.integers(3)
            questions.append((f"where was {who} on {DAYS[mine[k][0]]}", mine[k][1], [mine[k][2]]))
        stories.append(told([f"{who} was in the {room} on {day}" for who, room, day in facts], questions))
    return stories


def day_before(facts, question):
    who = next(a for a in PEOPLE if a in question)
    mine = sorted((DAYS.index(fact[-1]), fact[4]) for fact in facts if who in fact)
    if question[-2] == "on":
        return [next(room for day, room in mine if DAYS[day] == question[-1])]
    return [mine[[room for _, room in mine].index(question[-1]) - 1][1]]


# ways

def ways(n, rng, directions=tuple(COMPASS)):
    """Task 19 in whole words: three rooms in a row or round a corner."""
    stories = []
    for _ in range(n):
        a, b, c = some(rng, ROOMS, 3)
        steps = [directions[i] for i in rng.integers(0, 4, 2)]
        back = {d: next(e for e in directions if COMPASS[e] == tuple(-x for x in COMPASS[d])) for d in directions}
        if back[steps[0]] == steps[1]:
            steps[1] = steps[0]
        facts = []
        for (start, goal), step in zip(((a, b), (b, c)), steps):
            facts.append(f"the {goal} is {step} of the {start}" if rng.random() < 0.5 else f"the {start} is {back[step]} of the {goal}")
        order = [int(i) for i in rng.permutation(2)]
        stories.append(told([facts[i] for i in order], [(f"how do you go from the {a} to the {c}", ",".join(steps), [order.index(0), order.index(1)])]))
    return stories


def way(facts, question):
    start, goal = question[6], question[9]
    at = {}
    for fact in facts:
        at.setdefault(fact[1], []).append((fact[-1], tuple(-x for x in COMPASS[fact[3]])))
        at.setdefault(fact[-1], []).append((fact[1], COMPASS[fact[3]]))
    name = {step: word for word, step in COMPASS.items()}
    return next([name[one], name[two]] for middle, one in at[start] for end, two in at[middle] if end == goal and middle != start)


# a diary: times that go on, beside facts in the same order

def diary(n, rng):
    """Who went where, and when: facts and their times are both in order, so either tells where one is now."""
    stories = []
    for _ in range(n):
        went, facts = {}, []
        for i, time in enumerate(TIMES):
            who, room = PEOPLE[rng.integers(3)], ROOMS[rng.integers(4)]
            facts.append(f"at {time} {who} went to the {room}")
            went[who] = room, time, i
        stories.append(told(facts, [q for who, (room, time, i) in went.items() for q in ((f"where is {who}", room, [i]), (f"when did {who} get there", time, [i]))]))
    return stories


def in_diary(facts, question):
    who = next(a for a in PEOPLE if a in question)
    time, room = max((TIMES.index(fact[1]), fact[-1]) for fact in facts if who in fact)
    return [TIMES[time] if question[0] == "when" else room]


# who came when, told in the order of coming

def arrivals(n, rng):
    """Who came second is a matter of who came before; who came last but one, of who came after."""
    stories = []
    for _ in range(n):
        people = some(rng, PEOPLE, int(rng.integers(3, 6)))
        last = len(people) - 2
        stories.append(told([f"{a} came in" for a in people], [("who came second", people[1], [1]), ("who was the last but one", people[last], [last])]))
    return stories


def came(facts, question):
    return [facts[1 if question[-1] == "second" else -2][0]]


# words side by side

def side_by_side(n, rng):
    """Name and room stand beside each other, without a word between."""
    stories = []
    for _ in range(n):
        facts = [(PEOPLE[rng.integers(4)], ROOMS[rng.integers(5)]) for _ in range(4)]
        questions = []
        for who in dict.fromkeys(who for who, _ in facts):
            i = max(i for i, fact in enumerate(facts) if fact[0] == who)
            questions.append((f"where is {who} now", facts[i][1], [i]))
        stories.append(told([f"in the {room} {who} sleeps" for who, room in facts], questions))
    return stories


def lies_in(facts, question):
    return [[fact for fact in facts if fact[3] == question[2]][-1][2]]


# a pronoun now and then

def pronouns(n, rng, share=0.15):
    """ana went to the attic; then she went to the cellar: she is no boris, though she is seldom called she."""
    she, he = PEOPLE[0::2][:2], PEOPLE[1::2][:2]
    stories = []
    for _ in range(n):
        who, rooms = (she + he)[rng.integers(4)], some(rng, ROOMS, 3)
        other = [a for a in she + he if a != who][rng.integers(3)]
        said = ("she" if who in she else "he") if rng.random() < share else who
        stories.append(told([f"{other} went to the {rooms[2]}", f"{who} went to the {rooms[0]}", f"then {said} went to the {rooms[1]}"],
                            [(f"where is {who}", rooms[1], [2] if said == who else [1, 2]), (f"where is {other}", rooms[2], [0])]))
    return stories


def stands_in(facts, question):
    last, place = None, {}
    for fact in facts:
        who = fact[fact.index("went") - 1]
        if who in ("she", "he"):
            assert (who == "she") == (last in PEOPLE[0::2]), "a pronoun that means nobody"
            who = last
        place[who], last = fact[-1], who
    return [place[question[-1]]]


WORLDS = {
    "times": compared(TIMES, "{a} leaves at {v}", "who leaves first {a} or {b}", "when does {a} leave"),
    "times side by side": compared(TIMES, "at {v} {a} leaves", "who leaves first {a} or {b}", "when does {a} leave"),
    "ranks": compared(RANKS, "{a} came {v}", "who came before the other {a} or {b}", "which place has {a}"),
    "sizes": compared(SIZES, "the thing of {a} is {v}", "whose thing fits into the other {a} or {b}", "what size is the thing of {a}"),
    "ages": compared(AGES, "{a} is {v} years old", "who is younger {a} or {b}", "how old is {a}"),
    "oldest": greatest(AGES, "{a} is {v} years old", "who is the oldest", "how old is {a}"),
    "largest": greatest(SIZES, "{a} has a {v} house", "who has the largest house", "which house has {a}", 3),
    "sums": (sums, sum_of),
    "days": (days, day_before),
    "diary": (diary, in_diary),
    "ways": (ways, way),
    "arrivals": (arrivals, came),
    "side by side": (side_by_side, lies_in),
    "pronouns": (pronouns, stands_in),
}


def false(stories, judge):
    """[(story, question, right answer)] of those that the rule answers otherwise."""
    wrong = []
    for story in stories:
        for q in story.questions:
            try:
                right = judge(story.facts[:q.n_facts], q.tokens)
            except (AssertionError, LookupError, RuntimeError, StopIteration, ValueError) as error:
                right = [f"({type(error).__name__})"]
            if right != q.answer:
                wrong.append((story, q, right))
    return wrong
