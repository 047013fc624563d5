"""Data augmentation, which the paper does not have: each epoch trains on variants of the stories,
all of them still true.

Fact dropping (`drop_facts`): leaves out some of the questions, and some of the facts that the other
questions do not need, as the supporting facts tell.  A fact that refers to the one before it ("Then
he went to the garden") keeps that one; which facts do is inferred from the training stories
(`self_contained_facts`).  A question that counts facts ("Who came second?") keeps the facts it
counts; it is recognised by supporting facts that always have the same positions, from the start or
from the end (`ordinal_questions`).

Entity permutation (`permute_entities`): if Mary and John are exchanged in a whole story, its
questions and its answers, the story stays true.  Which entities are exchangeable is inferred from
the training stories alone (entities.py).
"""

from collections import Counter
from dataclasses import replace

import numpy as np

from ..errors import check_rng
from .entities import always_followed, connecting, cutter, split_names

ALONE = 0.1    # a fact that supports answers this often without the one before it is self-contained
FIXED = 20     # questions: with so many, supporting facts at fixed positions are no coincidence


def drop_facts(story, share, rng, alone=None, counts=None):
    """A story -> the Story with about half of its questions, and without some of the facts that
    none of these needs.

    share: the largest fraction of those facts to drop; the actual one is uniform in [0, share).
    A question without known supporting facts keeps all its visible facts.
    alone: self_contained_facts(the training stories); None: inferred from this story alone.
    counts: ordinal_questions(the training stories); None: no question counts facts.
    Every random draw comes from `rng`, a numpy Generator; raises TypeError where it is none.
    """
    check_rng(rng)
    alone = alone or self_contained_facts([story])
    asked = [q for q in story.questions if rng.random() < 0.5]
    asked = asked or [story.questions[rng.integers(len(story.questions))]]
    needed = {i for q in asked for i in (q.support or range(q.n_facts))}
    for q in asked if counts else ():
        first, last = counts(q)
        needed.update(range(max(q.support)) if first else (),
                      range(min(q.support), q.n_facts) if last else ())
    dropped = share * rng.random()
    kept = np.array([i in needed or rng.random() >= dropped for i in range(len(story.facts))])
    for i in reversed(range(1, len(kept))):                # keep what a fact that is kept refers to
        kept[i - 1] |= kept[i] and not alone(story.facts[i])
    before = np.concatenate([[0], np.cumsum(kept)])        # before[i]: facts kept before fact i
    questions = [replace(q, n_facts=int(before[q.n_facts]),
                         support=[int(before[i]) for i in q.support]) for q in asked]
    facts = [fact for fact, keep in zip(story.facts, kept) if keep]
    return replace(story, facts=facts, questions=questions)


def self_contained_facts(stories):
    """list[Story] -> alone(fact): whether a fact can be understood without the one before it.

    A sentence pattern (names blanked) is self-contained if it starts a story, or often enough
    supports an answer without the fact before it.
    """
    words = connecting(stories)
    followed = always_followed(stories, words)

    def pattern(fact):
        units = split_names(fact, words, followed)
        return tuple(() if u[0] in words else u for u in units)

    first = {pattern(story.facts[0]) for story in stories}
    supports, without = Counter(), Counter()
    for story in stories:
        for q in story.questions:
            for i in q.support:
                if i:
                    supports[pattern(story.facts[i])] += 1
                    without[pattern(story.facts[i])] += i - 1 not in q.support
    known = {}

    def alone(fact):
        f = pattern(fact)
        if f not in known:
            known[f] = f in first or without[f] > ALONE * supports[f]
        return known[f]
    return alone


def ordinal_questions(stories):
    """list[Story] -> counts(question): (whether it counts facts from the first, whether from the
    last)."""
    words = connecting(stories)
    pattern = lambda q: tuple(() if w in words else w for w in q.tokens)
    first, last = {}, {}       # pattern -> the positions of its supporting facts, from either end
    number = Counter()         # pattern -> its questions that see more than their supporting facts
    for story in stories:
        for q in story.questions:
            if q.support and q.n_facts > len(q.support):
                f = pattern(q)
                number[f] += 1
                first.setdefault(f, set()).add(tuple(q.support))
                last.setdefault(f, set()).add(tuple(q.n_facts - i for i in q.support))

    def counts(q):
        f = pattern(q)
        enough = bool(q.support) and number[f] >= FIXED
        return enough and len(first[f]) == 1, enough and len(last[f]) == 1
    return counts


def permute_entities(story, classes, rng):
    """The Story with the names of each class permuted at random, in facts, questions and answers.

    classes: lists of names, as `entity_classes` returns them.  Every random draw comes from `rng`,
    a numpy Generator; raises TypeError where it is none.
    """
    check_rng(rng)
    new = {}
    for group in classes:
        new |= {old: group[i] for old, i in zip(group, rng.permutation(len(group)))}
    cut = cutter(new)
    permuted = lambda text: [w for unit in cut(text) for w in new.get(unit, (unit,))]
    questions = [replace(q, tokens=permuted(q.tokens), answer=permuted(q.answer))
                 for q in story.questions]
    return replace(story, facts=[permuted(fact) for fact in story.facts], questions=questions)
