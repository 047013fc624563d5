"""The generator: right by an independent reader, the same for the same seed, and like the published files."""

from collections import Counter
from functools import cache
from itertools import pairwise

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from tinydmn.data import generator
from tinydmn.data.babi import find_task, load_task, read_babi
from tinydmn.data.generator import TASKS, generate, write_task
from tinydmn.data.story import Question, Story
from tinydmn.errors import UserError

from .published import BABI, needs_published
from .rules import READERS, answer, disagreements

seeds = st.integers(0, 2**32 - 1)
tasks = pytest.mark.parametrize("task", TASKS)


def rng(seed=0):
    return np.random.default_rng(seed)


def test_the_tasks_are_there():
    assert TASKS[:13] == tuple(range(1, 14)) and set(TASKS) <= set(READERS)


@tasks
@given(seed=seeds)
def test_rules_agree_on_answer_and_supporting_facts(task, seed):
    stories = generate(task, 4, rng(seed))
    facts = {s.source: s.facts for s in stories}
    for source, q, found, support in disagreements(task, stories):
        assert task == 18 and found == q.answer, (source, q, found, support)    # several chains of facts may lead to one answer
        assert answer(task, [facts[source][i] for i in q.support], q.tokens)[0] == q.answer


@tasks
def test_rules_notice_a_wrong_answer_and_a_wrong_support(task):
    story, = generate(task, 1, rng())
    q = story.questions[-1]
    wrong_answer = Question(q.tokens, ["attic"], q.n_facts, q.support)
    turned = [*q.support[1:], *q.support[:1]] if q.support[1:] else [q.support[0] - 1]
    wrong_support = Question(q.tokens, q.answer, q.n_facts, turned)
    assert len(disagreements(task, [Story(story.facts, [q, wrong_answer, wrong_support])])) == 2


WALKS = ("mary got the milk there", "mary went to the garden", "john moved to the office", "mary journeyed to the kitchen",
         "mary put down the milk", "mary went back to the office")
GIFTS = ("bill took the milk there", "bill got the apple there", "bill gave the milk to jeff", "bill passed the apple to jeff",
         "jeff dropped the milk there", "jeff picked up the milk there", "jeff handed the milk to bill")
CLAIMS = ("mary is in the park", "fred is no longer in the park", "bill is either in the school or the park", "mary is not in the park")
PAIRS = ("mary and john went to the office", "then they moved to the garden", "john travelled to the kitchen",
         "following that he went back to the hallway")
ROOMS = ("the hallway is east of the bathroom", "the office is west of the bathroom")


@pytest.mark.parametrize("task, facts, question, found", [
    (1, WALKS, "where is john", ("office", [2])),
    (2, WALKS[:2], "where is the milk", ("garden", [0, 1])),
    (2, WALKS, "where is the milk", ("kitchen", [4, 3])),
    (3, WALKS, "where was the milk before the kitchen", ("garden", [4, 3, 1])),
    (4, ROOMS, "what is east of the bathroom", ("hallway", [0])),
    (4, ROOMS, "what is the bathroom east of", ("office", [1])),
    (5, GIFTS, "who gave the milk", ("jeff", [6])),
    (5, GIFTS, "who gave the milk to jeff", ("bill", [2])),
    (5, GIFTS, "what did bill give to jeff", ("apple", [3])),
    (5, GIFTS, "who received the apple", ("jeff", [3])),
    (5, GIFTS, "who did jeff give the milk to", ("bill", [6])),
    (6, WALKS, "is mary in the kitchen", ("no", [5])),
    (7, GIFTS[:4], "how many objects is jeff carrying", ("two", [2, 3])),
    (7, GIFTS, "how many objects is bill carrying", ("one", [0, 1, 2, 3, 6])),
    (7, GIFTS[:4], "how many objects is bill carrying", ("none", [0, 1, 2, 3])),
    (8, GIFTS[:2], "what is bill carrying", ("milk apple", [0, 1])),
    (8, GIFTS[:6], "what is jeff carrying", ("milk apple", [2, 4, 5, 3])),
    (8, GIFTS[:4], "what is bill carrying", ("nothing", [0, 2, 1, 3])),
    (9, CLAIMS, "is mary in the park", ("no", [3])),
    (9, CLAIMS[:1], "is mary in the park", ("yes", [0])),
    (10, CLAIMS, "is bill in the park", ("maybe", [2])),
    (10, CLAIMS, "is bill in the cinema", ("no", [2])),
    (11, PAIRS, "where is john", ("hallway", [2, 3])),
    (12, PAIRS[:1], "where is john", ("office", [0])),
    (13, PAIRS, "where is mary", ("garden", [0, 1])),
])
def test_rules_by_hand(task, facts, question, found):
    assert answer(task, [fact.split() for fact in facts], question.split()) == (found[0].split(), found[1])


@tasks
@given(seed=seeds)
def test_a_seed_is_a_story(task, seed):
    stories = generate(task, 3, rng(seed))
    assert stories == generate(task, 3, rng(seed))
    assert stories[:2] == generate(task, 2, rng(seed))             # more stories: the same ones first
    assert stories != generate(task, 3, rng(seed + 1))
    assert [s.source for s in stories] == [f"generated task {task}, story {i}" for i in (1, 2, 3)]


@tasks
@given(seed=seeds)
def test_every_question_can_be_answered_from_what_it_sees(task, seed):
    for story in generate(task, 4, rng(seed)):
        assert story.questions[-1].n_facts == len(story.facts)
        assert [q.n_facts for q in story.questions] == sorted(q.n_facts for q in story.questions)
        for q in story.questions:
            assert q.support and all(0 <= i < q.n_facts for i in q.support)


def test_no_global_random_numbers(monkeypatch):
    np.random.seed(1)
    before = np.random.get_state()[1].copy()
    generate(2, 5, rng())
    assert (np.random.get_state()[1] == before).all()


@tasks
def test_written_and_read_back(tmp_path, task):
    paths = write_task(tmp_path / "new", task, {"train": 12, "valid": 3}, rng(4))
    assert paths == [find_task(tmp_path / "new", task, split) for split in ("train", "valid")]
    train, valid, test = load_task(tmp_path / "new", task)
    made = rng(4)
    told = generate(task, 12, made)
    for read, fresh in ((train, told), (valid, generate(task, 3, made, apart_from=told))):
        assert [(s.facts, s.questions) for s in read] == [(s.facts, s.questions) for s in fresh]
    assert test is None


def test_nothing_is_overwritten(tmp_path):
    train, valid = write_task(tmp_path, 1, {"train": 3, "valid": 2}, rng())
    train.unlink()
    before = valid.read_bytes()
    with pytest.raises(UserError, match="valid.txt: exists already; choose another folder, or ask to overwrite it"):
        write_task(tmp_path, 1, {"train": 3, "valid": 2}, rng(1))
    assert not train.exists() and valid.read_bytes() == before
    write_task(tmp_path, 1, {"train": 3, "valid": 2}, rng(1), overwrite=True)
    assert len(read_babi(train)) == 3 and valid.read_bytes() != before


def test_mistakes(tmp_path):
    with pytest.raises(UserError, match="task 99 has no generator; give one of 1, 2, 3, .*, or the published files of it"):
        generate(99, 1, rng())
    with pytest.raises(UserError, match="0 stories asked for; give a number of 1 or more"):
        generate(1, 0, rng())
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match=r"file: cannot be made \(File exists\); choose another place"):
        write_task(tmp_path / "file", 1, {"train": 1}, rng())


def test_a_further_task_is_one_more_file(tmp_path, monkeypatch):
    (tmp_path / "task88.py").write_text(
        "from tinydmn.data.story import Question, Story\n\n\n"
        "def story(rng):\n    return Story([['it', 'rains']], [Question(['does', 'it', 'rain'], ['yes'], 1, [0])])\n")
    monkeypatch.setattr(generator, "__path__", [*generator.__path__, str(tmp_path)])
    found = generator.find_tasks()
    assert found == (*TASKS, 88)
    monkeypatch.setattr(generator, "TASKS", found)
    assert generate(88, 2, rng())[1].questions[0].answer == ["yes"]


# like the published files

FIGURES = {    # means over en-10k, train: questions, facts a story; facts before a question, its supports, share ordered; words in all
    1: (5, 10, 6, 1, 1, 19), 2: (5, 21.90, 15.52, 2, 0.309, 33), 3: (5, 74.07, 50.70, 3, 0, 34), 4: (1, 2, 2, 1, 1, 14),
    5: (5, 27.28, 20.11, 1, 1, 39), 6: (5, 10.30, 6.28, 1, 1, 33), 7: (5, 13.00, 8.67, 2.33, 1, 39),
    8: (5, 13.33, 8.75, 1.94, 0.966, 34), 9: (5, 10, 6, 1, 1, 22), 10: (5, 10, 6, 1, 1, 21), 11: (5, 10, 6, 2, 1, 26),
    12: (5, 10, 6, 1, 1, 20), 13: (5, 10, 6, 2, 1, 26), 14: (5, 11.72, 7.72, 2, 0.369, 25), 15: (4, 8, 8, 2, 0, 17),
    16: (1, 9, 9, 3, 0.235, 17), 17: (8, 2, 2, 2, 0.493, 16), 18: (5.05, 6.29, 6.32, 2, 0.311, 16), 19: (1, 5, 5, 2, 0.506, 19),
    20: (10.72, 10.72, 5.88, 1, 1, 35)}


@cache
def published(task):
    return read_babi(find_task(BABI, task, "train", "10k"))


@cache
def made(task):
    return generate(task, 600, rng(5))


def facts_of(stories):
    return [" ".join(f) for s in stories for f in s.facts]


def questions_of(stories):
    return [" ".join(q.tokens) for s in stories for q in s.questions]


@tasks
def test_known_figures(task):
    n_questions, n_facts, before, supports, ordered, n_words = FIGURES[task]
    stories = made(task)
    questions = [q for s in stories for q in s.questions]
    assert len(questions) / len(stories) == pytest.approx(n_questions, rel=0.05)
    assert np.mean([len(s.facts) for s in stories]) == pytest.approx(n_facts, rel=0.1)
    assert np.mean([q.n_facts for q in questions]) == pytest.approx(before, rel=0.1)
    assert np.mean([len(q.support) for q in questions]) == pytest.approx(supports, rel=0.05)
    assert np.mean([q.support == sorted(q.support) for q in questions]) == pytest.approx(ordered, abs=0.06)
    if task <= 13:
        assert max(q.n_facts - max(q.support) for q in questions) <= 5     # asked while it is fresh
    assert len(set(" ".join(facts_of(stories) + questions_of(stories)).split())) == n_words


@pytest.mark.parametrize("task, yes", [(6, 0.50), (9, 0.37), (10, 0.38)])
def test_yes_and_no(task, yes):
    assert np.mean([q.answer == ["yes"] for s in made(task) for q in s.questions]) == pytest.approx(yes, abs=0.03)


def share_within(these, those):
    those = set(those)
    return np.mean([one in those for one in these])


@needs_published
@tasks
def test_sentence_for_sentence_those_of_the_published_files(task):
    for of, covered in ((facts_of, 0.95), (questions_of, 0.98)):
        assert share_within(of(made(task)), of(published(task))) > 0.99          # nothing is made that never stands there
        assert share_within(of(published(task)), of(made(task))) > covered       # and little stands there that is never made
    words = [{w for s in stories for q in s.questions for w in q.answer} for stories in (published(task), made(task))]
    assert words[0] == words[1]


LOOKS = {                              # what is compared, and how far the two may lie apart beyond chance
    "words": (lambda s: [w for f in s.facts for w in f], 0.02),
    "repeated words": (lambda s: [(f[0] == g[0], f[1] == g[1], f[-1] == g[-1]) for f, g in pairwise(s.facts)], 0.04),
    "sentences": (lambda s: [" ".join(f) for f in s.facts], 0.05),
    "questions": (lambda s: [" ".join(q.tokens) for q in s.questions], 0.04),
    "answers": (lambda s: [",".join(q.answer) for q in s.questions], 0.06),
    "number of supports": (lambda s: [len(q.support) for q in s.questions], 0.04),
    "first support distance": (lambda s: [q.n_facts - q.support[0] for q in s.questions], 0.04),
    "last support distance": (lambda s: [q.n_facts - q.support[-1] for q in s.questions], 0.06),
    "facts a story": (lambda s: [len(s.facts) // 10], 0.08),
    "facts between questions": (lambda s: np.diff([q.n_facts for q in s.questions]).tolist(), 0.05),
}


def counted(task, look):
    """How often each thing stands in the published stories and in the generated ones: two Counters."""
    return [Counter(item for story in stories for item in LOOKS[look][0](story))
            for stories in (published(task), made(task))]


def distance(a, b):
    """(total variation between two counts: 0 the same, 1 nothing in common; what it would be by chance alone)."""
    n_a, n_b = a.total(), b.total()
    p = [(a[k] + b[k]) / (n_a + n_b) for k in a | b]
    chance = sum(np.sqrt(x * (1 - x) * (1 / n_a + 1 / n_b) / (2 * np.pi)) for x in p)     # E|N(0, s)| = s √(2/π)
    return sum(abs(a[k] / n_a - b[k] / n_b) for k in a | b) / 2, chance


@needs_published
@tasks
@pytest.mark.parametrize("look", LOOKS)
def test_like_the_published_files(task, look):
    theirs, ours = counted(task, look)
    if theirs or ours:                                         # one question a story: nothing lies between two
        apart, chance = distance(theirs, ours)
        assert apart < chance + LOOKS[look][1]


def test_the_comparison_notices_a_difference():
    one, other = Counter(rng(1).integers(0, 10, 4000).tolist()), Counter(rng(2).integers(0, 10, 4000).tolist())
    apart, chance = distance(one, other)
    assert chance / 2 < apart < 2 * chance
    assert distance(one, other + Counter({3: 400}))[0] > chance + 0.04
