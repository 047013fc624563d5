"""An independent reader of all tasks: it answers from the words alone, by rule, and shares nothing with the generator.

Each module has answer(facts, question) -> (answer words, supporting facts in the published order), or None where the question is
none of its kind; facts is a list of token lists, question a list of tokens, both lower case.
"""

from . import deduction, movers, space, times

READERS = {**dict.fromkeys(range(1, 14), movers), 14: times, **dict.fromkeys((15, 16, 20), deduction),
           **dict.fromkeys((17, 18, 19), space)}
PUBLISHED = tuple(sorted(READERS))                         # a further task needs no reader


def answer(task, facts, question):
    """What the rules of a task say: (list of answer words, list of indices into facts)."""
    found = READERS[task].answer(facts, question)
    assert found, f"no known question: {question}"
    return found


def disagreements(task, stories):
    """Every question whose answer or supporting facts the reader finds otherwise: [(source, question, answer, support)]."""
    found = [(s.source, q, *answer(task, s.facts[:q.n_facts], q.tokens)) for s in stories for q in s.questions]
    return [row for row in found if (row[1].answer, row[1].support) != (row[2], row[3])]
