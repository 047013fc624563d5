"""Classes of entities whose names can be exchanged: inferred from the training stories alone, so
that a story with its names permuted is as true as before.

Candidate classes are formed first, by three tests that all names of a class have to pass:

1. frames: they occur in the same sentences at the same positions, in facts, questions and answers;
2. company: in questions about one of them, the other words of question, answer and supporting facts
   are as frequent as for the next (bedroom goes with tired and kitchen with hungry in task 20: not
   exchangeable; Mary goes with she, John with he in task 11: two classes);
3. pairs: any two of them co-occur as often as any other two (north occurs with south and never with
   east in task 4: not exchangeable).

Words with an order, a size or a geometry can pass all three.  So each two names of a class are
swapped in the training stories, and the result is compared with what training says.  If 9:15 and
10:30 are swapped, the train that leaves first leaves second, and training has another answer to the
same question about the same facts.  Two names are kept apart where

4. swapped examples contradict training more often than training contradicts itself;
5. swapped examples are new to training more often than a story is new to all the others;
6. one of them often has a word near it that the other never has (Mary is sometimes called she).

A class is also rejected if its names occur together in questions, but training has too little like
the swapped examples to show that they are true; and so is a name that few questions are about: with
few, every difference could be chance, and all names would look alike.  Only connecting words are
considered: those of facts that also occur in questions or answers, or that recur in a second
supporting fact whenever they occur in one.  So took and dropped, which have the same frames and
opposite meanings, are left alone.  A name may consist of several words: "red square".
"""

from collections import Counter, defaultdict, namedtuple
from itertools import chain, combinations
from operator import itemgetter

import numpy as np

ALIKE = 0.6                # minimum overlap of two names' frames
APART, Z = 0.2, 4.0        # two shares differ if they are this far apart, and Z standard errors
FEWEST = 90                # questions about a name: with so many, Z standard errors are below 0.3
LINKS = 0.9                # a word that recurs this often connects supporting facts
COMMON = 0.99              # a word in more of the questions than this is not a name ("the")

MOST = 2000                # questions to compare: more add little
MANY, ABOUT_TWO = 12, 6    # facts in all, and about two names: longer stories hardly ever coincide
NEW = 6.0                  # standard errors, counted by stories: a swap and its reverse correlate
NEVER = 9.0                # stories expected to have a word: that none has is not chance (e^-9)
SHOWN = 5                  # swapped examples that training must know, where two names of a class
RARELY = 0.01              # occur together in more than this share of the questions about them
SHOWN_NAMES = 8            # of a class, in messages

# taken: [[name, ...], ...], each name a tuple of words; refused: [([name, ...], why), ...]
Classes = namedtuple("Classes", "taken refused")
NONE_FOUND = Classes([], [])


def entity_classes(stories):
    """list[Story] -> the exchangeable classes, each a list of at least two names; a name is a tuple
    of words."""
    return find_classes(stories).taken


def find_classes(stories):
    """list[Story] -> Classes: those whose names may be permuted, and those whose names look alike
    and may not be, each with the reason."""
    taken, refused = _candidates(stories)
    while True:
        class_of = {name: k for k, group in enumerate(taken) for name in group}
        examples = _examples(stories, cutter(class_of))
        trials = [_trial(examples, class_of, group) for group in taken]
        worst = max(trials, key=lambda trial: trial.wrong, default=None)
        if worst is None or worst.parts == [worst.group]:
            return Classes(taken, refused)
        refused.append((worst.group, worst.why))   # one at a time: its words count for the others
        taken = ([group for group in taken if group is not worst.group]
                 + [part for part in worst.parts if len(part) > 1])


def classes_text(classes):
    """Classes -> a line each: which names are permuted, and which are not and why."""
    def text(group):
        names = " ".join("_".join(name) for name in group[:SHOWN_NAMES])
        return names + " ..." * (len(group) > SHOWN_NAMES)
    return ([f"permuted each epoch: {text(group)}" for group in classes.taken]
            + [f"not permuted: {text(group)}: {why}" for group, why in classes.refused])


def cutter(names):
    """-> cut(words) -> units: each name a tuple, the longest that matches; other words
    unchanged."""
    first = {}
    for name in sorted(names, key=len, reverse=True):
        first.setdefault(name[0], []).append(name)

    def cut(text):
        units, i = [], 0
        while i < len(text):
            candidates = first.get(text[i], ())
            name = next((n for n in candidates if n == tuple(text[i:i + len(n)])), None)
            units.append(name or text[i])
            i += len(name) if name else 1
        return units
    return cut


# the trial of a class: each two of its names are swapped

CONTRARY = "if two of them are swapped, answers contradict training"
NEWER = "if two of them are swapped, the result never occurs in training"
UNSHOWN = "two of them occur together in questions, too rarely to show that they are exchangeable"
RIGHT = 0.0, ""
A_LITTLE = 1e-9                # a share, of pairs that are not shown to be wrong, and yet may be

# the class; the parts it splits into; of its worst pair the share of wrong examples, and the reason
Trial = namedtuple("Trial", "group parts wrong why")


def _trial(examples, class_of, group):
    """Swaps each two names of `group`, one of the classes -> Trial."""
    facts, questions = examples
    number = _numbering({name: k for name, k in class_of.items() if name not in group})
    told = _Examples(group, [(s, fact, ()) for s, fact in facts], number)
    supported = _Examples(group, [(s, _text(seen, support, q), a)
                              for s, seen, support, q, a in questions], number)
    whole = _Examples(group, [(s, _text(seen, range(len(seen)), q), a)
                          for s, seen, _, q, a in questions if len(seen) <= MANY], number)
    apart = {}                                 # (v, w) -> (share of swapped examples wrong, why)
    met, shown = 0, Counter()                  # examples with two names; those that training knows
    for v, w in combinations(group, 2):
        outcomes = [of.swapped(v, w) for of in (supported, whole, told)]
        two = _Examples((v, w), _about_two(questions, v, w), number).swapped(v, w)
        apart[v, w] = max(
            *(_contrary(out, of.before) for out, of in zip(outcomes, (supported, whole))),
            _more_contrary(two[2]), *map(_newer, chain(*outcomes, two)), _never(v, w, supported))
        both = outcomes[0][2].after
        met += both.total()
        shown[v, w] = both.total() - both["new"]
    wrong, why = max(apart.values())
    about = set().union(*supported.about.values())
    if not wrong and met > RARELY * len(about) and shown.total() < SHOWN:
        return Trial(group, [[name] for name in group], A_LITTLE, UNSHOWN)
    if any(why == CONTRARY for _, why in apart.values()):  # an order: a pair must show it has none
        apart = {pair: against if against[0] or shown[pair] >= SHOWN else (A_LITTLE, CONTRARY)
                 for pair, against in apart.items()}
    alike = lambda v, w: not apart.get((v, w), apart.get((w, v)))[0]
    return Trial(group, _grouped(group, alike), wrong, why)


class _Examples:
    """Examples (story, what is known, the answer) as sequences of units, with the names of other
    classes numbered and those of `group` as they are."""

    def __init__(self, group, examples, number):
        self.examples, self.about, group = [], defaultdict(set), set(group)
        self.answers = defaultdict(lambda: defaultdict(set))   # what is known -> answer -> stories
        for story, known, answer in examples:
            known, answer = number(known, answer)
            for name in group.intersection(chain(known, answer)):
                self.about[name].add(len(self.examples))
            self.examples.append((story, known, answer))
            self.answers[known][answer].add(story)
        self.outcomes = [self.outcome(*example) for example in self.examples]
        self.before = Counter(self.outcomes)

    def outcome(self, story, known, answer):
        """Compared with the most frequent answer of the other stories where the same is known:
        "same" or "contrary"; "new" where no other story has such an example."""
        others = {a: len(stories) - (story in stories)
                  for a, stories in self.answers.get(known, {}).items()}
        most = max(others.values(), default=0)
        return "new" if not most else "same" if others.get(answer) == most else "contrary"

    def swapped(self, v, w):
        """The outcomes with v and w swapped, and those they should resemble: [_Compared], of the
        examples with v alone, with w alone, and with both."""
        other = {v: w, w: v}
        swap = lambda units: tuple([other.get(u, u) for u in units])
        with_v, with_w = self.about[v], self.about[w]
        only_v, only_w, both = with_v - with_w, with_w - with_v, with_v & with_w
        return [self._compared(*pair, swap)
                for pair in ((only_v, only_w), (only_w, only_v), (both, both))]

    def _compared(self, which, like, swap):
        after = [(self.outcome(s, swap(known), swap(answer)), s)
                 for s, known, answer in (self.examples[i] for i in which)]
        before = [(self.outcomes[i], self.examples[i][0]) for i in like]
        by_story = lambda some: {*some, *(("any", s) for _, s in some)}
        count = lambda some: Counter(outcome for outcome, _ in some)
        return _Compared(count(after), count(before),
                         count(by_story(after)), count(by_story(before)))


# Counters of outcomes, and of the stories with such an outcome ("any": of all stories)
_Compared = namedtuple("_Compared", "after before stories_after stories_before")


def _contrary(outcomes, before):
    """Test 4, where what is known determines the answer.  before: the outcomes of all training
    examples.  -> (share of contrary ones beyond the expected, why)."""
    after = sum((each.after for each in outcomes), Counter())
    expected = after.total() * before["contrary"] / max(1, before.total())
    more = after["contrary"] - expected
    return (more / after.total(), CONTRARY) if more > Z * np.sqrt(expected) else RIGHT


def _more_contrary(compared):
    """Test 4, where the answer may depend on facts left out: after the swap and before it."""
    k, k_before = compared.stories_after["contrary"], compared.stories_before["contrary"]
    if k - k_before > Z * np.sqrt(k + k_before):
        return (k - k_before) / compared.stories_after["any"], CONTRARY
    return RIGHT


def _newer(compared):
    """Test 5.  The questions of one story correlate, so stories are counted."""
    n, n_before = compared.after.total(), compared.before.total()
    if not n or not n_before:
        return RIGHT
    new, new_before = compared.after["new"] / n, compared.before["new"] / n_before
    p = (compared.after["new"] + compared.before["new"]) / (n + n_before)
    per_story = 1 / compared.stories_after["any"] + 1 / compared.stories_before["any"]
    error = np.sqrt(p * (1 - p) * per_story)
    return (new - new_before, NEWER) if new - new_before > NEW * error else RIGHT


def _never(v, w, examples):
    """Test 6."""
    beside = []                                # of each name: unit -> stories in which both occur
    for name in (v, w):
        stories = defaultdict(set)
        for story, known, answer in (examples.examples[i] for i in examples.about[name]):
            for u in {*known, *answer} - {v, w}:
                stories[u].add(story)
        beside.append({u: len(which) for u, which in stories.items()})
    n = [len({examples.examples[i][0] for i in examples.about[name]}) for name in (v, w)]
    missing = []                               # (expected stories, unit, name with it, without it)
    for one, other, (mine, theirs), (n_mine, n_theirs) in ((v, w, beside, n),
                                                           (w, v, beside[::-1], n[::-1])):
        never = [(k * n_theirs / n_mine, u, one, other) for u, k in mine.items() if u not in theirs]
        missing.append(max(never, default=(0.0, None, one, other), key=itemgetter(0)))
    if missing[0][0] + missing[1][0] <= NEVER:
        return RIGHT
    k, u, one, other = max(missing, key=itemgetter(0))
    return k / max(n), f"{_shown(u)} is said of {_shown(one)}, and never of {_shown(other)}"


def _shown(unit):
    return unit if isinstance(unit, str) else " ".join(map(str, unit))


def _examples(stories, cut):
    """-> [(story number, fact)] and [(story number, visible facts, indices of the supporting ones,
    question, answer)], as units.  Where no supporting facts are known, all are taken."""
    facts, questions = [], []
    for s, story in enumerate(stories):
        if len(questions) >= MOST:
            break
        told = [cut(fact) for fact in story.facts]
        facts += [(s, fact) for fact in told]
        questions += [(s, told[:q.n_facts], q.support or range(q.n_facts),
                       cut(q.tokens), cut(q.answer)) for q in story.questions]
    return facts, questions


def _text(facts, chosen, question):
    """The chosen facts and the question, separated by None, as one sequence of units."""
    return [u for i in chosen for u in (*facts[i], None)] + question


def _about_two(questions, v, w):
    """Examples from the facts that name v or w, where both are named, in few facts."""
    examples = []
    for s, seen, _, question, answer in questions:
        chosen = [i for i, fact in enumerate(seen) if v in fact or w in fact]
        if len(chosen) <= ABOUT_TWO and all(any(u in seen[i] for i in chosen) for u in (v, w)):
            examples.append((s, _text(seen, chosen, question), answer))
    return examples


def _numbering(class_of):
    """-> number(known, answer) -> both as tuples, with each name in class_of replaced by (its
    class, its rank among the names of that class, by first occurrence)."""
    def number(known, answer):
        names, count = {}, Counter()

        def one(u):
            if u not in names:
                names[u] = (class_of[u], count[class_of[u]]) if u in class_of else u
                count[class_of.get(u)] += 1
            return names[u]
        return tuple([one(u) for u in known]), tuple([one(u) for u in answer])
    return number


# candidate classes

def _candidates(stories):
    """list[Story] -> Classes: those that pass tests 1 to 3, and those that pass only the first."""
    words = connecting(stories)
    followed = always_followed(stories, words)
    cut = lambda text: split_names(text, words, followed)
    examples = [{u for text in _evidence(story, q) for u in cut(text)}
                for story in stories for q in story.questions]
    frames = _frames(stories, cut, words)
    about = {name: [units for units in examples if name in units] for name in frames}
    alike = _grouped(sorted(frames), lambda v, w: _overlap(frames[v], frames[w]) >= ALIKE)
    groups, parts = None, alike
    while parts != groups:                     # a name that leaves a group is company for the rest
        groups, parts = parts, [part for group in parts for part in _by_company(group, about)]
    taken = [group for group in groups if len(group) > 1 and _pairs_alike(group, about)]
    left = [[name for name in group if not any(name in one for one in taken)] for group in alike]
    uneven = [group for group in groups if len(group) > 1 and group not in taken]

    def why(group):
        if sum(len(about[name]) >= FEWEST for name in group) < 2:
            return f"each needs {FEWEST} questions about it"
        if not any(set(group) & set(one) for one in uneven):
            return "they occur in different company"
        return "not every two of them co-occur equally often"
    return taken, [(group, why(group)) for group in left if len(group) > 1]


def _evidence(story, q):
    """The texts of a question: its words, its answer, its supporting facts."""
    return q.tokens, q.answer, *(story.facts[i] for i in q.support)


def connecting(stories):
    """The words that may be names, or parts of one."""
    told = {w for story in stories for fact in story.facts for w in fact}
    asked, seen, back, n = set(), Counter(), Counter(), 0
    for story in stories:
        for q in story.questions:
            times = Counter(w for text in _evidence(story, q) for w in set(text))
            asked.update(q.tokens, q.answer)
            seen.update(times.keys())
            back.update(w for w, k in times.items() if k > 1)
            n += 1
    connects = lambda w: w in asked or back[w] >= LINKS * max(1, seen[w])
    return {w for w in told if seen[w] < COMMON * n and connects(w)}


def always_followed(stories, words):
    """Those of `words` that are nearly always followed by another one: red, by square or sphere."""
    all_, followed = Counter(), Counter()
    for story in stories:
        asked = (text for q in story.questions
                 for text in (q.tokens, *([word] for word in q.answer)))
        for text in (*story.facts, *asked):
            for w, after in zip(text, [*text[1:], None]):
                all_[w] += 1
                followed[w] += after in words
    return {w for w in words if followed[w] >= LINKS * all_[w]}


def split_names(text, words, followed):
    """A text as units, which are tuples of words: a name is one unit, and so is any other word."""
    units, open_ = [], False
    for w in text:
        if open_ and w in words:
            units[-1] += (w,)
        else:
            units.append((w,))
        open_ = w in followed
    return units


def _frames(stories, cut, words):
    """name -> Counter of (sentence with every name blanked, the name's position in it)."""
    frames = {}
    for story in stories:
        asked = (text for q in story.questions
                 for text in ([*q.tokens, "?"], *(["=", a] for a in q.answer)))
        for text in (*story.facts, *asked):
            units = cut(text)
            blanked = tuple(() if u[0] in words else u for u in units)
            for place, u in enumerate(units):
                if u[0] in words:
                    frames.setdefault(u, Counter())[blanked, place] += 1
    return frames


def _overlap(a, b):
    """Σ min(p, q) of two Counters taken as distributions."""
    n_a, n_b = a.total(), b.total()
    return sum(min(a[k] / n_a, b[k] / n_b) for k in a if k in b)


def _grouped(names, alike):
    """Greedy grouping: a name joins the first group of which it is like every member."""
    groups = []
    for w in names:
        home = next((group for group in groups if all(alike(w, v) for v in group)), None)
        if home is None:
            groups.append([w])
        else:
            home.append(w)
    return groups


def _by_company(group, about):
    """The group split into parts whose members have the same company."""
    company = {v: Counter(u for units in about[v] for u in units.difference(group)) for v in group}
    n = {v: len(about[v]) for v in group}
    return _grouped(group, lambda v, w: _same_shares(company[v], company[w], n[v], n[w]))


def _same_shares(a, b, n_a, n_b):
    return all(_same_share(a[w], n_a, b[w], n_b) for w in a.keys() | b.keys())


def _same_share(k_a, n_a, k_b, n_b):
    if min(n_a, n_b) < FEWEST:
        return False
    p = (k_a + k_b) / (n_a + n_b)
    error = np.sqrt(p * (1 - p) * (1 / n_a + 1 / n_b))
    return abs(k_a / n_a - k_b / n_b) <= max(APART, Z * error)


def _pairs_alike(group, about):
    """Whether each name of the group co-occurs equally often with each other one."""
    pairs = [(sum(w in units for units in about[v]), len(about[v]))
             for v in group for w in group if v != w]
    total = sum(k for k, _ in pairs), sum(n for _, n in pairs)
    return all(_same_share(k, n, *total) for k, n in pairs)
