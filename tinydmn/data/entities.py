"""Names that can change places: found in the training stories alone, so that a story told with other names is as true as before.

A class of names is guessed first, by three tests that all its names have to pass:

1. frames: they stand in the same sentences at the same places, in facts, in questions and as answers;
2. company: in questions about one of them, the other words of question, answer and supporting facts are as frequent as for the next
   (bedroom goes with tired and kitchen with hungry in task 20: not exchangeable; Mary goes with she, John with he in task 11: two classes);
3. pairs: each two of them meet as often as any other two (north meets south and never east in task 4: not exchangeable).

Words that have an order, a size or a geometry can pass all three.  So each two of a class change places in the training stories, and what comes
out is held against what training says.  If 9:15 and 10:30 change places, the train that leaves first leaves second, and training has another
answer to the same question about the same facts.  Two names stay apart where

4. what comes out is contrary to training, more often than training is to itself;
5. what comes out is new to training, more often than a story of its own is new to all the others;
6. one of them often has a word beside it that the other never has (Mary is called she now and then).

A class is left alone, too, where its names meet in questions, but training has so little like what comes out that nothing is shown; and a name of
which few questions speak: with few, every difference could be chance, and every name would look like every other.
Only words that connect are looked at: those that stand in facts and also in questions or answers, or that come back in a second
supporting fact whenever they stand in one.  So took and dropped, which stand in the same frames and mean opposite things, are left alone.
A name may be of several words: "red square".
"""

from collections import Counter, defaultdict, namedtuple
from itertools import chain, combinations
from operator import itemgetter

import numpy as np

ALIKE = 0.6                # least overlap of two names' frames
APART, Z = 0.2, 4.0        # two shares differ where they are this far apart, and by this many standard errors
FEWEST = 90                # questions about a name: from here on Z standard errors are less than 0.3, and a real difference shows
LINKS = 0.9                # a word that comes back this often connects supporting facts
COMMON = 0.99              # a word in more of the questions than this is no name, but one such as "the"

MOST = 2000                # questions that are held against each other: more show little more
MANY, ABOUT_TWO = 12, 6    # facts: hardly two stories of more tell the same, nor of more about the same two names
NEW = 6.0                  # standard errors, counted by stories: what comes out of a swap and of its reverse goes together
NEVER = 9.0                # stories in which a word is expected: where it is in none, that is no chance (e^-9)
SHOWN, RARELY = 5, 0.01    # so often must training have what comes out, where names meet in more than this share of the questions about them
SHOWN_NAMES = 8            # of a class, in a line for people

Classes = namedtuple("Classes", "taken refused")           # [[name, ...], ...], each name a tuple of words; [([name, ...], why), ...]
NONE_FOUND = Classes([], [])


def entity_classes(stories):
    """list[Story] -> classes, each a list of at least two names; a name is a tuple of words."""
    return find_classes(stories).taken


def find_classes(stories):
    """list[Story] -> Classes: those whose names may be dealt out anew, and those that look alike and may not, each with the reason."""
    taken, refused = _guessed(stories)
    while True:
        class_of = {name: k for k, group in enumerate(taken) for name in group}
        examples = _examples(stories, cutter(class_of))
        trials = [_trial(examples, class_of, group) for group in taken]
        worst = max(trials, key=lambda trial: trial.wrong, default=None)
        if worst is None or worst.parts == [worst.group]:
            return Classes(taken, refused)
        refused.append((worst.group, worst.why))           # one at a time: the others are tried again with these words as they stand
        taken = [group for group in taken if group is not worst.group] + [part for part in worst.parts if len(part) > 1]


def classes_text(classes):
    """Classes -> a line each: which names are dealt out anew, which are left alone and why."""
    text = lambda group: " ".join("_".join(name) for name in group[:SHOWN_NAMES]) + " ..." * (len(group) > SHOWN_NAMES)
    return [f"dealt out anew each epoch: {text(group)}" for group in classes.taken] + [f"left alone: {text(group)}: {why}" for group, why in classes.refused]


def cutter(names):
    """-> cut(words) -> units: each of the names a tuple, the longest that fits; every other word as it is."""
    first = {}
    for name in sorted(names, key=len, reverse=True):
        first.setdefault(name[0], []).append(name)

    def cut(text):
        units, i = [], 0
        while i < len(text):
            name = next((n for n in first.get(text[i], ()) if n == tuple(text[i:i + len(n)])), None)
            units.append(name or text[i])
            i += len(name) if name else 1
        return units
    return cut


# a class on trial: each two of its names change places

CONTRARY = "where two of them change places, answers are contrary to training"
NEWER = "where two of them change places, training never had what comes out"
UNSHOWN = "two of them meet in questions, too seldom to show that they may change places"
RIGHT = 0.0, ""
A_LITTLE = 1e-9                # a share, of what is not shown to be wrong, and yet may not be

Trial = namedtuple("Trial", "group parts wrong why")       # the class; what it falls into; the share of what comes out that is wrong, of its worst pair; in words


def _trial(examples, class_of, group):
    """Each two names of `group`, one of the classes, change places -> Trial."""
    facts, questions = examples
    number = _numbering({name: k for name, k in class_of.items() if name not in group})
    told = _Told(group, [(s, fact, ()) for s, fact in facts], number)
    supported = _Told(group, [(s, _text(seen, support, q), a) for s, seen, support, q, a in questions], number)
    whole = _Told(group, [(s, _text(seen, range(len(seen)), q), a) for s, seen, _, q, a in questions if len(seen) <= MANY], number)
    apart, met, shown = {}, 0, Counter()                   # (v, w) -> (share of what comes out that is wrong, why); how often two meet; and training knows it
    for v, w in combinations(group, 2):
        outcomes = [of.swapped(v, w) for of in (supported, whole, told)]
        two = _Told((v, w), _about_two(questions, v, w), number).swapped(v, w)
        apart[v, w] = max(*(_contrary(out, of.before) for out, of in zip(outcomes, (supported, whole))), _more_contrary(two[2]),
                          *map(_newer, chain(*outcomes, two)), _never(v, w, supported))
        both = outcomes[0][2].after
        met += both.total()
        shown[v, w] = both.total() - both["new"]
    wrong, why = max(apart.values())
    if not wrong and met > RARELY * len(set().union(*supported.about.values())) and shown.total() < SHOWN:
        return Trial(group, [[name] for name in group], A_LITTLE, UNSHOWN)
    if any(why == CONTRARY for _, why in apart.values()):  # an order: then each pair has to show that it has none
        apart = {pair: against if against[0] or shown[pair] >= SHOWN else (A_LITTLE, CONTRARY) for pair, against in apart.items()}
    return Trial(group, _grouped(group, lambda v, w: not apart.get((v, w), apart.get((w, v)))[0]), wrong, why)


class _Told:
    """Examples (story, what is known, what is answered) as sequences of units; names of other classes are numbered, those of `group` stand there."""

    def __init__(self, group, examples, number):
        self.examples, self.about, group = [], defaultdict(set), set(group)
        self.said = defaultdict(lambda: defaultdict(set))  # what is known -> what is answered -> by which stories
        for story, known, answer in examples:
            known, answer = number(known, answer)
            for name in group.intersection(chain(known, answer)):
                self.about[name].add(len(self.examples))
            self.examples.append((story, known, answer))
            self.said[known][answer].add(story)
        self.outcomes = [self.outcome(*example) for example in self.examples]
        self.before = Counter(self.outcomes)

    def outcome(self, story, known, answer):
        """Against what most of the other stories say where the same is known: "same" or "contrary"; "new" where none has anything like it."""
        said = {a: len(stories) - (story in stories) for a, stories in self.said.get(known, {}).items()}
        most = max(said.values(), default=0)
        return "new" if not most else "same" if said.get(answer) == most else "contrary"

    def swapped(self, v, w):
        """What comes out where v and w change places, and what it should be like: [_Compared] of v told as w, of w told as v, of both."""
        other = {v: w, w: v}
        only_v, only_w, both = self.about[v] - self.about[w], self.about[w] - self.about[v], self.about[v] & self.about[w]
        return [self._compared(*pair, lambda units: tuple([other.get(u, u) for u in units])) for pair in ((only_v, only_w), (only_w, only_v), (both, both))]

    def _compared(self, which, like, tell):
        after = [(self.outcome(s, tell(known), tell(answer)), s) for s, known, answer in (self.examples[i] for i in which)]
        before = [(self.outcomes[i], self.examples[i][0]) for i in like]
        return _Compared(*(Counter(outcome for outcome, _ in some) for some in (after, before)),
                         *(Counter(outcome for outcome, _ in {*some, *(("any", s) for _, s in some)}) for some in (after, before)))


_Compared = namedtuple("_Compared", "after before stories_after stories_before")           # Counters of outcomes, and of stories that have one such ("any": in all)


def _contrary(outcomes, before):
    """4, where the answer is known from what is told.  before: the outcomes of all that training tells.  -> (share of what speaks against, why)."""
    after = sum((each.after for each in outcomes), Counter())
    expected = after.total() * before["contrary"] / max(1, before.total())
    more = after["contrary"] - expected
    return (more / after.total(), CONTRARY) if more > Z * np.sqrt(expected) else RIGHT


def _more_contrary(compared):
    """4, where the answer may turn on facts that are left out: of what comes out and of what stood there."""
    k, k_before = compared.stories_after["contrary"], compared.stories_before["contrary"]
    return ((k - k_before) / compared.stories_after["any"], CONTRARY) if k - k_before > Z * np.sqrt(k + k_before) else RIGHT


def _newer(compared):
    """5.  Questions of one story go together, so stories are counted."""
    n, n_before = compared.after.total(), compared.before.total()
    if not n or not n_before:
        return RIGHT
    new, new_before = compared.after["new"] / n, compared.before["new"] / n_before
    p = (compared.after["new"] + compared.before["new"]) / (n + n_before)
    error = np.sqrt(p * (1 - p) * (1 / compared.stories_after["any"] + 1 / compared.stories_before["any"]))
    return (new - new_before, NEWER) if new - new_before > NEW * error else RIGHT


def _never(v, w, told):
    """6."""
    beside = []                                            # of each name: unit -> in how many stories it stands beside the name
    for name in (v, w):
        stories = defaultdict(set)
        for story, known, answer in (told.examples[i] for i in told.about[name]):
            for u in {*known, *answer} - {v, w}:
                stories[u].add(story)
        beside.append({u: len(which) for u, which in stories.items()})
    n = [len({told.examples[i][0] for i in told.about[name]}) for name in (v, w)]
    missing = []                                           # (how often it should stand there, unit, beside which name it does, beside which not)
    for one, other, (mine, theirs), (n_mine, n_theirs) in ((v, w, beside, n), (w, v, beside[::-1], n[::-1])):
        missing.append(max(((k * n_theirs / n_mine, u, one, other) for u, k in mine.items() if u not in theirs), default=(0.0, None, one, other), key=itemgetter(0)))
    if missing[0][0] + missing[1][0] <= NEVER:
        return RIGHT
    k, u, one, other = max(missing, key=itemgetter(0))
    return k / max(n), f"{_shown(u)} is said of {_shown(one)}, and never of {_shown(other)}"


def _shown(unit):
    return unit if isinstance(unit, str) else " ".join(map(str, unit))


def _examples(stories, cut):
    """-> [(story's number, fact)] and [(story's number, facts seen, indices of those that support the answer, question, answer)], as units.

    Where no supporting facts are known, all support the answer.
    """
    facts, questions = [], []
    for s, story in enumerate(stories):
        if len(questions) >= MOST:
            break
        told = [cut(fact) for fact in story.facts]
        facts += [(s, fact) for fact in told]
        questions += [(s, told[:q.n_facts], q.support or range(q.n_facts), cut(q.tokens), cut(q.answer)) for q in story.questions]
    return facts, questions


def _text(facts, chosen, question):
    """The chosen facts and the question, with a None between, as one sequence of units."""
    return [u for i in chosen for u in (*facts[i], None)] + question


def _about_two(questions, v, w):
    """Examples for `_Told` of the facts that name v or w, where both are named, and only a few times."""
    examples = []
    for s, seen, _, question, answer in questions:
        chosen = [i for i, fact in enumerate(seen) if v in fact or w in fact]
        if len(chosen) <= ABOUT_TWO and any(v in seen[i] for i in chosen) and any(w in seen[i] for i in chosen):
            examples.append((s, _text(seen, chosen, question), answer))
    return examples


def _numbering(class_of):
    """-> number(known, answer) -> both as tuples, with each name of class_of as (its class, the how manyth of that class it is)."""
    def number(known, answer):
        names, count = {}, Counter()

        def one(u):
            if u not in names:
                names[u] = (class_of[u], count[class_of[u]]) if u in class_of else u
                count[class_of.get(u)] += 1
            return names[u]
        return tuple([one(u) for u in known]), tuple([one(u) for u in answer])
    return number


# what looks alike

def _guessed(stories):
    """list[Story] -> Classes: those that pass the tests 1 to 3, and those that pass the first of them alone."""
    words = connecting(stories)
    followed = always_followed(stories, words)
    cut = lambda text: split_names(text, words, followed)
    examples = [{u for text in (q.tokens, q.answer, *(story.facts[i] for i in q.support)) for u in cut(text)} for story in stories for q in story.questions]
    frames = _frames(stories, cut, words)
    about = {name: [units for units in examples if name in units] for name in frames}
    alike = _grouped(sorted(frames), lambda v, w: _overlap(frames[v], frames[w]) >= ALIKE)
    groups, parts = None, alike
    while parts != groups:                                 # whoever left a group is company for those who stayed
        groups, parts = parts, [part for group in parts for part in _by_company(group, about)]
    taken = [group for group in groups if len(group) > 1 and _pairs_alike(group, about)]
    left = [[name for name in group if not any(name in one for one in taken)] for group in alike]
    few = lambda group: sum(len(about[name]) >= FEWEST for name in group) < 2
    uneven = [group for group in groups if len(group) > 1 and group not in taken]
    return taken, [(group, f"each needs {FEWEST} questions about it" if few(group) else "they keep different company" if not any(set(group) & set(one) for one in uneven) else
                    "each two of them do not meet as often") for group in left if len(group) > 1]


def connecting(stories):
    """Words that may be names, or parts of one."""
    told = {w for story in stories for fact in story.facts for w in fact}
    asked, seen, back, n = set(), Counter(), Counter(), 0
    for story in stories:
        for q in story.questions:
            times = Counter(w for text in (q.tokens, q.answer, *(story.facts[i] for i in q.support)) for w in set(text))
            asked.update(q.tokens, q.answer)
            seen.update(times.keys())
            back.update(w for w, k in times.items() if k > 1)
            n += 1
    return {w for w in told if seen[w] < COMMON * n and (w in asked or back[w] >= LINKS * max(1, seen[w]))}


def always_followed(stories, words):
    """Those of `words` that are nearly always followed by another of them: red, by square or sphere."""
    all_, followed = Counter(), Counter()
    for story in stories:
        for text in (*story.facts, *(text for q in story.questions for text in (q.tokens, *([word] for word in q.answer)))):
            for w, after in zip(text, [*text[1:], None]):
                all_[w] += 1
                followed[w] += after in words
    return {w for w in words if followed[w] >= LINKS * all_[w]}


def split_names(text, words, followed):
    """A text cut into units, as tuples of words: names whole, all else word by word."""
    units, open_ = [], False
    for w in text:
        if open_ and w in words:
            units[-1] += (w,)
        else:
            units.append((w,))
        open_ = w in followed
    return units


def _frames(stories, cut, words):
    """name -> Counter of (sentence with every name blanked, place in it)."""
    frames = {}
    for story in stories:
        asked = (text for q in story.questions for text in ([*q.tokens, "?"], *(["=", a] for a in q.answer)))
        for text in (*story.facts, *asked):
            units = cut(text)
            blanked = tuple(() if u[0] in words else u for u in units)
            for place, u in enumerate(units):
                if u[0] in words:
                    frames.setdefault(u, Counter())[blanked, place] += 1
    return frames


def _overlap(a, b):
    """Σ min(p, q) of two Counters read as distributions."""
    n_a, n_b = a.total(), b.total()
    return sum(min(a[k] / n_a, b[k] / n_b) for k in a if k in b)


def _grouped(names, alike):
    """Greedy: a name joins the first group of which it is like every member."""
    groups = []
    for w in names:
        home = next((group for group in groups if all(alike(w, v) for v in group)), None)
        if home is None:
            groups.append([w])
        else:
            home.append(w)
    return groups


def _by_company(group, about):
    """The group cut into parts whose members have the same company."""
    company = {v: Counter(u for units in about[v] for u in units.difference(group)) for v in group}
    return _grouped(group, lambda v, w: _same_shares(company[v], company[w], len(about[v]), len(about[w])))


def _same_shares(a, b, n_a, n_b):
    return all(_same_share(a[w], n_a, b[w], n_b) for w in a.keys() | b.keys())


def _same_share(k_a, n_a, k_b, n_b):
    if min(n_a, n_b) < FEWEST:
        return False
    p = (k_a + k_b) / (n_a + n_b)
    error = np.sqrt(p * (1 - p) * (1 / n_a + 1 / n_b))
    return abs(k_a / n_a - k_b / n_b) <= max(APART, Z * error)


def _pairs_alike(group, about):
    """Does each name of the group meet each other one equally often?"""
    pairs = [(sum(w in units for units in about[v]), len(about[v])) for v in group for w in group if v != w]
    total = sum(k for k, _ in pairs), sum(n for _, n in pairs)
    return all(_same_share(k, n, *total) for k, n in pairs)
