"""The page as one file that asks no server: what the networks say is kept in it.

Each story may be tried with any of its facts left out where there are few of them; with more, with
one or two left out, and as far as it is told, fact by fact.
"""

from itertools import combinations

import numpy as np

from ..errors import UserError
from .page import page
from .replies import answered, as_request, described, drawn_from, stories_from

MOST = 256                     # choices of facts for one story, as far as pairs go into it
DIGITS = 4                     # of a probability


def exported(networks, n, seed=0):
    """The page with `n` stories, or texts, as text.

    Raises UserError where none can be drawn.
    """
    offers = drawn_from(networks)
    if not offers:
        raise UserError("--export: no generator writes texts like those that the network learnt "
                        "from; leave --export out, and type your own")
    stories = stories_from(networks, offers[0]["value"], n, np.random.default_rng(seed))
    stored = [_with_answers(networks, as_request(story, networks[0].kind)) for story in stories]
    return page(described(networks) | {"stored": stored, "draws": []}, connect="'none'")


def _with_answers(networks, request):
    """A request of replies.drawn, with "replies": {kept facts as "1011": the reply}."""
    whole = answered(networks, request)
    replies = {"1" * len(whole["kept"]): whole}
    for kept in choices(len(whole["kept"])):
        left_out = [i for i in range(len(whole["kept"])) if i not in kept]
        key = "".join("01"[i in kept] for i in range(len(whole["kept"])))
        replies[key] = answered(networks, request | {"left_out": left_out})
    return request | {"replies": {key: _rounded(reply) for key, reply in replies.items()}}


def choices(n):
    """Which of n facts are kept -> sets of their indices, none of them empty: every one where there
    are few; else those that lack a fact, or two, and the beginnings."""
    every = range(n)
    if 2**n <= MOST:
        return [set(some) for k in range(1, n + 1) for some in combinations(every, k)]
    kept = [set(every) - {i} for i in every] + [set(range(k)) for k in range(1, n)]
    if n * (n - 1) // 2 <= MOST:
        kept += [set(every) - set(pair) for pair in combinations(every, 2)]
    return kept


def _rounded(value):
    if isinstance(value, float):
        return round(value, DIGITS)
    if isinstance(value, dict):
        return {name: _rounded(of) for name, of in value.items()}
    return [_rounded(of) for of in value] if isinstance(value, (list, tuple)) else value
