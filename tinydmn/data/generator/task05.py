"""Task 5, three-argument relations.  Who gave the milk?  What did Bill give to Jeff?

The last such gift tells.
"""

from ..story import Question
from .world import GIVING, RECENT, last, pick, tell

PEOPLE = ("mary", "fred", "bill", "jeff")
FORMS = {                              # what is asked about a gift, equally often: in which words
    "actor": ("who gave the {thing}", "who gave the {thing} to {receiver}"),
    "thing": ("what did {actor} give to {receiver}",),
    "receiver": ("who received the {thing}", "who did {actor} give the {thing} to")}


def story(rng):
    """One story, as Story."""
    return tell(GIVING, ask, rng, PEOPLE)


def ask(events, rng):
    """A question about something given recently, or None where nothing was."""
    given = [event.thing for event in events[-RECENT:] if event.kind == "give"]
    if not given:
        return None
    thing = pick(rng, given)
    gift = last(events, lambda event: event.kind == "give" and event.thing == thing)
    asked = pick(rng, tuple(FORMS))
    form = pick(rng, FORMS[asked])
    text = form.format(**vars(events[gift]))
    fits = lambda event: event.kind == "give" and form.format(**vars(event)) == text
    told = last(events, fits)                                  # a later gift may fit, too
    return Question(text.split(), [getattr(events[told], asked)], len(events), [told])
