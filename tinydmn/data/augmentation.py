"""Stories told again, otherwise: two switches of training that the paper does not have.  Each epoch sees other stories that are as true.

Shorter (`drop_facts`): some of the questions are left out, and some of the facts that the others do not need: the supporting facts are
known, so it is known what may go.  A fact that leans on the one before it ("Then he went to the garden") keeps that one; which facts do is
found in the training stories (`self_contained_facts`): those that never begin a story, nor support an answer without the fact before them.
A question that counts ("Who came second?") keeps the facts that it counts: it is known by supporting facts that always stand at the same
place, from the beginning or from the end (`ordinal_questions`).

With other names (`permute_entities`): if Mary and John change places in a whole story, its questions and its answers, the story stays true.  Which
names can change places is found in the training stories alone (entities.py).
"""

from collections import Counter
from dataclasses import replace

import numpy as np

from ..errors import check_rng
from .entities import always_followed, connecting, cutter, split_names

ALONE = 0.1                # a fact that supports this often without the fact before it does not lean on that
FIXED = 20                 # questions: if their supporting facts always stand at one place, the question speaks of that place


def drop_facts(story, share, rng, alone=None, counts=None):
    """The story with about half of its questions, and without some of the facts that none of them needs -> Story.

    share: how many of these facts may go at most; how many go is drawn for each story, evenly between none and that.  A question without
    known supporting facts keeps all it saw.  alone: self_contained_facts(the training stories); None: what this story itself can show.
    counts: ordinal_questions(the training stories); None: no question counts.
    """
    check_rng(rng)
    alone = alone or self_contained_facts([story])
    asked = [q for q in story.questions if rng.random() < 0.5] or [story.questions[rng.integers(len(story.questions))]]
    needed = {i for q in asked for i in (q.support or range(q.n_facts))}
    for q in asked if counts else ():
        first, last = counts(q)
        needed.update(range(max(q.support)) if first else (), range(min(q.support), q.n_facts) if last else ())
    gone = share * rng.random()
    stays = np.array([i in needed or rng.random() >= gone for i in range(len(story.facts))])
    for i in reversed(range(1, len(stays))):               # what stays and leans keeps what it leans on
        stays[i - 1] |= stays[i] and not alone(story.facts[i])
    before = np.concatenate([[0], np.cumsum(stays)])       # how many of the facts before fact i stay
    questions = [replace(q, n_facts=int(before[q.n_facts]), support=[int(before[i]) for i in q.support]) for q in asked]
    return replace(story, facts=[fact for fact, stay in zip(story.facts, stays) if stay], questions=questions)


def self_contained_facts(stories):
    """list[Story] -> alone(fact): whether a fact can be understood without the one before it, as far as the stories show."""
    words = connecting(stories)
    followed = always_followed(stories, words)
    frame = lambda fact: tuple(() if u[0] in words else u for u in split_names(fact, words, followed))
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


def ordinal_questions(stories):
    """list[Story] -> counts(question): (whether it counts facts from the first on, whether it counts them from the last back)."""
    words = connecting(stories)
    frame = lambda q: tuple(() if w in words else w for w in q.tokens)
    first, last, number = {}, {}, Counter()                # frame -> the places of its supporting facts that were seen; how many questions of several facts
    for story in stories:
        for q in story.questions:
            if q.support and q.n_facts > len(q.support):
                f = frame(q)
                number[f] += 1
                first.setdefault(f, set()).add(tuple(q.support))
                last.setdefault(f, set()).add(tuple(q.n_facts - i for i in q.support))

    def counts(q):
        f = frame(q)
        always = bool(q.support) and number[f] >= FIXED
        return always and len(first[f]) == 1, always and len(last[f]) == 1
    return counts


def permute_entities(story, classes, rng):
    """The story with the names of each class dealt out anew, in facts, questions and answers -> Story."""
    check_rng(rng)
    new = {}
    for group in classes:
        new |= {old: group[i] for old, i in zip(group, rng.permutation(len(group)))}
    cut = cutter(new)
    tell = lambda text: [w for unit in cut(text) for w in new.get(unit, (unit,))]
    questions = [replace(q, tokens=tell(q.tokens), answer=tell(q.answer)) for q in story.questions]
    return replace(story, facts=[tell(fact) for fact in story.facts], questions=questions)
