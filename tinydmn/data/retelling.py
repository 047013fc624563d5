"""Stories told again, otherwise: two switches of training that the paper does not have.  Each epoch sees other stories that are as true.

Shorter (`shortened`): some of the questions are left out, and some of the facts that the others do not need: the supporting facts are
known, so it is known what may go.  A fact that leans on the one before it ("Then he went to the garden") keeps that one; which facts do is
found in the training stories (`standing_alone`): those that never begin a story, nor support an answer without the fact before them.

With other names (`renamed`): if Mary and John change places in a whole story, its questions and its answers, the story stays true.  Which
names can change places is found in the training stories alone (`name_classes`), by three tests that a class of names has to pass:

1. frames: they stand in the same sentences at the same places, in facts, in questions and as answers;
2. company: in questions about one of them, the other words of question, answer and supporting facts are as frequent as for the next
   (bedroom goes with tired and kitchen with hungry in task 20: not exchangeable; Mary goes with she, John with he in task 11: two classes);
3. pairs: each two of them meet as often as any other two (north meets south and never east in task 4: not exchangeable).

A name of which few questions speak is left alone: with few, every difference could be chance, and every name would look like every other.
Only words that connect are looked at: those that stand in facts and also in questions or answers, or that come back in a second
supporting fact whenever they stand in one.  So took and dropped, which stand in the same frames and mean opposite things, are left alone.
A name may be of several words: "red square".
"""

from collections import Counter
from dataclasses import replace

import numpy as np

from ..errors import check_rng

ALIKE = 0.6                # least overlap of two names' frames
APART, Z = 0.2, 4.0        # two shares differ where they are this far apart, and by this many standard errors
FEWEST = 90                # questions about a name: from here on Z standard errors are less than 0.3, and a real difference shows
ALONE = 0.1                # a fact that supports this often without the fact before it does not lean on that
LINKS = 0.9                # a word that comes back this often connects supporting facts
COMMON = 0.99              # a word in more of the questions than this is no name, but one such as "the"


def shortened(story, share, rng, alone=None):
    """The story with about half of its questions, and without some of the facts that none of them needs -> Story.

    share: how many of these facts may go at most; how many go is drawn for each story, evenly between none and that.  A question without
    known supporting facts keeps all it saw.  alone: standing_alone(the training stories); None: what this story itself can show.
    """
    check_rng(rng)
    alone = alone or standing_alone([story])
    asked = [q for q in story.questions if rng.random() < 0.5] or [story.questions[rng.integers(len(story.questions))]]
    needed = {i for q in asked for i in (q.support or range(q.n_facts))}
    gone = share * rng.random()
    stays = np.array([i in needed or rng.random() >= gone for i in range(len(story.facts))])
    for i in reversed(range(1, len(stays))):               # what stays and leans keeps what it leans on
        stays[i - 1] |= stays[i] and not alone(story.facts[i])
    before = np.concatenate([[0], np.cumsum(stays)])       # how many of the facts before fact i stay
    questions = [replace(q, n_facts=int(before[q.n_facts]), support=[int(before[i]) for i in q.support]) for q in asked]
    return replace(story, facts=[fact for fact, stay in zip(story.facts, stays) if stay], questions=questions)


def standing_alone(stories):
    """list[Story] -> alone(fact): whether a fact can be understood without the one before it, as far as the stories show."""
    words = _connecting(stories)
    followed = _always_followed(stories, words)
    frame = lambda fact: tuple(() if u[0] in words else u for u in _names(fact, words, followed))
    first = {frame(story.facts[0]) for story in stories}
    supports, without = Counter(), Counter()
    for story in stories:
        for q in story.questions:
            for i in q.support:
                if i:
                    supports[frame(story.facts[i])] += 1
                    without[frame(story.facts[i])] += i - 1 not in q.support
    known = {}

    def alone(fact):
        f = frame(fact)
        if f not in known:
            known[f] = f in first or without[f] > ALONE * supports[f]
        return known[f]
    return alone


def name_classes(stories):
    """list[Story] -> classes, each a list of at least two names; a name is a tuple of words."""
    words = _connecting(stories)
    followed = _always_followed(stories, words)
    cut = lambda text: _names(text, words, followed)
    examples = [{u for text in (q.tokens, q.answer, *(story.facts[i] for i in q.support)) for u in cut(text)} for story in stories for q in story.questions]
    frames = _frames(stories, cut, words)
    about = {name: [units for units in examples if name in units] for name in frames}
    groups, parts = None, _grouped(sorted(frames), lambda v, w: _overlap(frames[v], frames[w]) >= ALIKE)
    while parts != groups:                                 # whoever left a group is company for those who stayed
        groups, parts = parts, [part for group in parts for part in _by_company(group, about)]
    return [group for group in groups if len(group) > 1 and _pairs_alike(group, about)]


def renamed(story, classes, rng):
    """The story with the names of each class dealt out anew, in facts, questions and answers -> Story."""
    check_rng(rng)
    new = {}
    for group in classes:
        new |= {old: group[i] for old, i in zip(group, rng.permutation(len(group)))}
    longest_first = sorted(new, key=len, reverse=True)
    first = {name[0] for name in new}

    def tell(text):
        out, i = [], 0
        while i < len(text):
            name = next((n for n in longest_first if n == tuple(text[i:i + len(n)])), None) if text[i] in first else None
            out += new[name] if name else [text[i]]
            i += len(name) if name else 1
        return out

    questions = [replace(q, tokens=tell(q.tokens), answer=tell(q.answer)) for q in story.questions]
    return replace(story, facts=[tell(fact) for fact in story.facts], questions=questions)


def _connecting(stories):
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


def _always_followed(stories, words):
    """Those of `words` that are nearly always followed by another of them: red, by square or sphere."""
    all_, followed = Counter(), Counter()
    for story in stories:
        for text in (*story.facts, *(q.tokens for q in story.questions)):
            for w, after in zip(text, [*text[1:], None]):
                all_[w] += 1
                followed[w] += after in words
    return {w for w in words if followed[w] >= LINKS * all_[w]}


def _names(text, words, followed):
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
