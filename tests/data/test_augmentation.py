"""Data augmentation: every augmented story must still be true, by the independent readers of rules/."""

from collections import Counter
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given, strategies as st

from tinydmn.data.augmentation import drop_facts, ordinal_questions, permute_entities, self_contained_facts
from tinydmn.data.babi import load_task
from tinydmn.data.story import Question, Story

from .made import classes_of, made
from .published import BABI, needs_published
from .rules import PUBLISHED, answer, disagreements
from .worlds import WORLDS, false

seeds = st.integers(0, 2**32 - 1)
# read backward from the questions alone, so facts that nothing rests on may be missing: the readers of the other tasks ask for a whole world
FREE = (1, 4, 9, 11, 12, 13, 15, 16, 17, 19)


def test_other_names_are_dealt_out():
    stories, classes = classes_of(1)
    rng = np.random.default_rng(0)
    told = [permute_entities(stories[0], classes, rng) for _ in range(20)]
    assert len({" ".join(s.facts[0]) for s in told}) > 10
    assert permute_entities(stories[0], [], rng) == stories[0]


@cache
def alone_of(task):
    return self_contained_facts(made(task))


def test_nothing_goes_where_support_is_not_known_or_no_share_is_given():
    story = Story([["a"], ["b"], ["c"]], [Question(["q"], ["x"], 3)])
    rng = np.random.default_rng(3)
    assert all(drop_facts(story, 1.0, rng, alone) == story for alone in (None, lambda fact: True) for _ in range(20))
    early = replace(story, questions=[replace(story.questions[0], n_facts=2)])             # what it does not see may go
    assert {len(drop_facts(early, 1.0, rng, lambda fact: True).facts) for _ in range(30)} == {2, 3}
    known = Story(story.facts, [Question(["q"], ["x"], 3, [1])])
    assert all(drop_facts(known, 0.0, rng) == known for _ in range(5))
    assert any(drop_facts(known, 1.0, rng).facts == [["b"]] for _ in range(30))


# facts that lean on the one before them

def leans(fact):
    return fact[0] in ("then", "afterwards") or fact[1:2] == ["that"]


def check_leaning(task, stories, alone, rng):
    """How many questions of the shortened stories are wrong by rule; whatever leans still stands behind what it leaned on."""
    false = n = 0
    for story in stories:
        short = drop_facts(story, 1.0, rng, alone)
        at = [i for i, fact in enumerate(story.facts)]
        kept, i = [], 0
        for fact in short.facts:                               # the first place where each may come from; a fact that leans stays behind its own
            i = next(k for k in at[i:] if story.facts[k] is fact)
            kept.append(i)
        assert all(not leans(story.facts[k]) or k - 1 in kept for k in kept)
        n += len(short.questions)
        false += sum(judged_false(task, short, q) for q in short.questions)
    return false, n


def judged_false(task, story, q):
    try:
        return answer(task, story.facts[:q.n_facts], q.tokens) != (q.answer, q.support)
    except AssertionError:                                     # a pronoun that means nobody, say
        return True


@pytest.mark.parametrize("task", [11, 13])
def test_a_pronoun_keeps_whom_it_means(task):
    rng = np.random.default_rng(0)
    false, n = check_leaning(task, made(task) * 3, alone_of(task), rng)
    assert n > 1000 and false == 0
    forgotten = [drop_facts(story, 1.0, rng, lambda fact: True) for story in made(task)]        # as if every fact stood alone
    assert sum(judged_false(task, story, q) for story in forgotten for q in story.questions) > 3


@needs_published
@pytest.mark.parametrize("task", [11, 13])
def test_a_pronoun_keeps_whom_it_means_in_the_published_files(task):
    stories = load_task(BABI, task, "1k")[0]
    assert check_leaning(task, stories * 2, self_contained_facts(stories), np.random.default_rng(0))[0] == 0


def test_what_leans_and_what_stands_alone():
    for task in (11, 13):
        alone = alone_of(task)
        facts = [fact for story in made(task) for fact in story.facts]
        assert {alone(fact) for fact in facts if leans(fact)} == {False} and {alone(fact) for fact in facts if not leans(fact)} == {True}
    for task in (1, 2, 3, 4, 9, 10, 12, 14, 15, 16, 17, 18, 19):
        assert all(alone_of(task)(fact) for story in made(task) for fact in story.facts), task


def told(facts, *support):
    """A story, and a question about all of it for each list of supports."""
    return Story([fact.split() for fact in facts], [Question(["where", "is", "mary"], ["garden"], len(facts), list(s)) for s in support])


def test_the_evidence_of_standing_alone():
    facts = ["mary went to the garden", "then she sang"]
    judge = lambda *stories: self_contained_facts(list(stories))("then she sang".split())
    assert not judge(told(facts, [0, 1]))                                      # it never supports without the one before it
    assert not judge(told(facts, [0]))                                         # nor does it when it never supports at all
    assert judge(told(facts, [1]))                                             # here it does
    assert judge(told(facts, [0, 1]), told(facts[::-1], [0]))                  # and here it begins a story
    assert judge(told(facts, *[[0, 1]] * 8, [1])) and not judge(told(facts, *[[0, 1]] * 9, [1]))           # more than one in ten times
    assert self_contained_facts([told(facts, [0, 1])])("mary went to the garden".split())


def test_what_leans_on_what_leans_keeps_all_of_it():
    story, rng = told(["john sat", "mary sang", "then she sat", "then she slept", "mary stood", "john left"], [3]), np.random.default_rng(0)
    short = [drop_facts(story, 1.0, rng, lambda fact: fact[0] != "then") for _ in range(60)]
    for s in short:
        i = s.facts.index(story.facts[3])
        assert s.facts[i - 2:i] == story.facts[1:3] and s.questions[0].support == [i]
    assert {len(s.facts) for s in short} == {3, 4, 5, 6}


def test_other_names_in_a_fact_that_leans_make_no_other_fact():
    """What leans is told by sentences whose names are left open."""
    stories = [told([f"{a} went to the {p}", f"then he went to the {q}"]) for a in ("john", "daniel") for p in ("garden", "office") for q in ("garden", "office")]
    stories = [replace(s, questions=[Question(["where", "is", s.facts[0][0]], [s.facts[1][-1]], 2, [0, 1])]) for s in stories[:-1]]
    alone = self_contained_facts(stories)
    assert not alone("then he went to the office".split()) and not alone("then he went to the garden".split())
    assert alone("daniel went to the office".split()) and alone("john went to the office".split())


def test_how_many_facts_and_questions_go():
    """Half of the questions; of what none needs evenly between nothing and `share`."""
    story = Story([[f"f{i}"] for i in range(41)], [Question(["q"], ["a"], 41, [k]) for k in range(4)])
    for share in (0.4, 1.0):
        rng = np.random.default_rng(0)
        short = [drop_facts(story, share, rng, lambda fact: True) for _ in range(1500)]
        gone = np.array([1 - (len(s.facts) - len(s.questions)) / (41 - len(s.questions)) for s in short])
        assert gone.max() < share + 0.25 and np.quantile(gone, (0.1, 0.5, 0.9)) == pytest.approx(share * np.array([0.1, 0.5, 0.9]), abs=0.06)
        n = Counter(len(s.questions) for s in short)
        assert [n[k] / 1500 for k in (1, 2, 3, 4)] == pytest.approx([5 / 16, 6 / 16, 4 / 16, 1 / 16], abs=0.05)
    few = Counter(s.questions[0].support[0] for s in (drop_facts(replace(story, facts=story.facts), 0.0, rng) for _ in range(1500)) if len(s.questions) == 1)
    assert min(few[k] for k in range(4)) > 0.15 * few.total()


def test_a_story_alone_shows_what_it_can():
    """Without the training stories it is its own evidence."""
    story = told(["mary went to the garden", "then she sang", "john sat"], [0, 1], [2])
    rng = np.random.default_rng(0)
    short = [drop_facts(story, 1.0, rng) for _ in range(60)]
    assert all(story.facts[1] not in s.facts or story.facts[0] in s.facts for s in short) and {len(s.facts) for s in short} == {1, 2, 3}
    assert any(story.facts[1] in s.facts and len(s.questions) == 1 for s in short)         # it stays, though nothing rests on it


# questions that count

@pytest.mark.parametrize("world", WORLDS)
@given(seed=seeds)
def test_shorter_no_story_of_any_world_is_false(world, seed):
    make, judge = WORLDS[world]
    rng = np.random.default_rng(seed)
    stories = make(40, rng)
    alone, counts = self_contained_facts(stories), ordinal_questions(stories)
    assert not false([drop_facts(story, 1.0, rng, alone, counts) for story in stories], judge)


def test_which_questions_count():
    make, judge = WORLDS["arrivals"]
    stories = make(20, np.random.default_rng(0))
    second, last_but_one = stories[0].questions
    assert ordinal_questions(stories)(second) == (True, False) and ordinal_questions(stories)(last_but_one) == (False, True)
    assert ordinal_questions(stories[:19])(second) == (False, False)                    # nineteen may be chance
    assert ordinal_questions(made(1))(made(1)[0].questions[0]) == (False, False)
    rng = np.random.default_rng(0)
    careless = [drop_facts(story, 1.0, rng, lambda fact: True) for story in stories for _ in range(5)]
    assert len(false(careless, judge)) > 20                                    # as if no question counted
    some = [drop_facts(story, 1.0, rng, lambda fact: True, ordinal_questions(stories)) for story in stories for _ in range(5)]
    assert not false(some, judge) and sum(len(s.facts) < 3 for s in some) > 5  # and yet what is not counted goes


# who changes places with whom

def test_names_are_dealt_out_within_their_classes_alone():
    story = Story([["red", "square", "and", "mary", "saw", "red", "milk"], ["john", "sat"]],
                  [Question(["where", "is", "mary", "red", "square"], ["john", "milk"], 2, [1, 0])], "f:1")
    classes = [[("john",), ("mary",)], [("red", "square"), ("blue", "square"), ("disk",)], [("red",), ("green",)]]
    seen = Counter()
    for seed in range(60):
        new = permute_entities(story, classes, np.random.default_rng(seed))
        assert (new.source, new.questions[0].n_facts, new.questions[0].support) == ("f:1", 2, [1, 0])
        shape = " ".join(new.facts[0][:-5])
        assert shape in ("red square", "blue square", "disk") and new.facts[0][-5] == "and" and new.facts[0][-3] == "saw" and new.facts[0][-1] == "milk"
        who, colour = new.facts[0][-4], new.facts[0][-2]
        assert {who, new.facts[1][0]} == {"john", "mary"} and new.facts[1][1:] == ["sat"] and colour in ("red", "green")
        q = new.questions[0]
        assert (q.tokens, q.answer) == (["where", "is", who, *shape.split()], [new.facts[1][0], "milk"])
        seen[who, shape, colour] += 1
    assert len(seen) == 12 and story.facts[0][0] == "red"                      # every way there is; and the story given stays what it was


def test_every_way_to_deal_is_equally_likely():
    names = [("a",), ("b",), ("c",)]
    story = Story([["a", "b", "c"]], [Question(["q"], ["x"], 1)])
    rng = np.random.default_rng(0)
    ways = Counter("".join(permute_entities(story, [names], rng).facts[0]) for _ in range(1200))
    assert len(ways) == 6 and min(ways.values()) > 150 and max(ways.values()) < 250


def test_dealing_does_not_turn_on_the_order_of_classes():
    """A name is one whole name: the longest that fits; the next word begins another."""
    story = Story([["box", "of", "chocolates", "box", "chocolate", "box", "of", "sand"]], [Question(["q"], ["x"], 1)])
    classes = [[("box",), ("chest",)], [("box", "of", "chocolates"), ("chocolate",)]]
    for seed in range(8):
        for order in (classes, classes[::-1]):
            facts = " ".join(permute_entities(story, order, np.random.default_rng(seed)).facts[0])
            assert facts.replace("chest", "box") in ("box of chocolates box chocolate box of sand", "chocolate box box of chocolates box of sand")


def test_a_seed_is_no_generator():
    story = made(1)[0]
    for call in (lambda: drop_facts(story, 1.0, 0), lambda: permute_entities(story, [], 0), lambda: permute_entities(story, [[("mary",), ("john",)]], None)):
        with pytest.raises(TypeError, match="give a generator, numpy.random.default_rng"):
            call()


# every task

@pytest.mark.parametrize("task", PUBLISHED)
@given(seed=seeds)
def test_with_other_names_a_story_is_as_true(task, seed):
    stories, classes = classes_of(task)
    rng = np.random.default_rng(seed)
    told = [permute_entities(stories[i], classes, rng) for i in rng.integers(0, len(stories), 3)]
    assert not disagreements(task, told)
    for story in told:
        assert [len(q.support) for q in story.questions] and story.source


@pytest.mark.parametrize("task", PUBLISHED)
def test_every_task_has_names_to_deal_out(task):
    """Else the test above would see nothing."""
    stories, classes = classes_of(task)
    rng = np.random.default_rng(1)
    assert classes and sum(permute_entities(story, classes, rng) != story for story in stories[:20]) > 10


@pytest.mark.parametrize("task", FREE)
@given(seed=seeds)
def test_shorter_a_story_is_as_true(task, seed):
    stories = made(task)
    rng = np.random.default_rng(seed)
    for i in rng.integers(0, len(stories), 3):
        short = drop_facts(stories[i], 1.0, rng, alone_of(task))
        assert 1 <= len(short.questions) <= len(stories[i].questions) and len(short.facts) <= len(stories[i].facts)
        for q in short.questions:
            assert answer(task, short.facts[:q.n_facts], q.tokens) == (q.answer, q.support)


@given(seed=seeds)
def test_supporting_facts_go_along(seed):
    stories = made(3)
    rng = np.random.default_rng(seed)
    story = stories[int(rng.integers(len(stories)))]
    short = drop_facts(story, 1.0, rng)
    for q in short.questions:
        same = [o for o in story.questions if (o.tokens, o.answer) == (q.tokens, q.answer)]
        assert [short.facts[i] for i in q.support] in [[story.facts[i] for i in o.support] for o in same]
        assert max(q.support) < q.n_facts <= len(short.facts)


def as_before(story, share, rng):
    """`drop_facts` where no fact leans: question by question, then fact by fact."""
    asked = [q for q in story.questions if rng.random() < 0.5]
    if not asked:
        asked = [story.questions[rng.integers(len(story.questions))]]
    needed = set()
    for q in asked:
        needed.update(q.support if q.support else range(q.n_facts))
    gone = share * rng.random()
    kept = [i for i in range(len(story.facts)) if i in needed or rng.random() >= gone]
    return Story([story.facts[i] for i in kept],
                 [Question(q.tokens, q.answer, sum(i < q.n_facts for i in kept), [kept.index(i) for i in q.support]) for q in asked], story.source)


@pytest.mark.parametrize("task", [1, 2, 3, 4, 8, 9, 10, 12, 14, 15, 16, 17, 18, 19])
@given(seed=seeds, share=st.sampled_from([0.3, 1.0]))
def test_where_nothing_leans_the_draws_are_those_of_always(task, seed, share):
    rng, other = np.random.default_rng(seed), np.random.default_rng(seed)
    for i in np.random.default_rng(seed + 1).integers(0, len(made(task)), 3):
        assert drop_facts(made(task)[i], share, rng, alone_of(task)) == as_before(made(task)[i], share, other)
    assert rng.random() == other.random()
