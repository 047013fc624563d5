"""The generator: right by an independent reader, the same for the same seed, and like the published files."""

from collections import Counter
from functools import cache

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
from .rules import answer, disagreements

seeds = st.integers(0, 2**32 - 1)
tasks = pytest.mark.parametrize("task", TASKS)
RULED = (1, 2, 3, 6)


def rng(seed=0):
    return np.random.default_rng(seed)


def test_the_first_tasks_are_there():
    assert set(RULED) <= set(TASKS)


@pytest.mark.parametrize("task", RULED)
@given(seed=seeds)
def test_rules_agree_on_answer_and_supporting_facts(task, seed):
    assert not disagreements(generate(task, 8, rng(seed)))


@pytest.mark.parametrize("task", RULED)
def test_rules_notice_a_wrong_answer_and_a_wrong_support(task):
    story, = generate(task, 1, rng())
    q = story.questions[-1]
    wrong_answer = Question(q.tokens, ["attic"], q.n_facts, q.support)
    turned = [*q.support[1:], *q.support[:1]] if q.support[1:] else [q.support[0] - 1]
    wrong_support = Question(q.tokens, q.answer, q.n_facts, turned)
    assert len(disagreements([Story(story.facts, [q, wrong_answer, wrong_support])])) == 2


def test_rules_by_hand():
    facts = [line.split() for line in ("mary got the milk there", "mary went to the garden", "john moved to the office",
                                       "mary journeyed to the kitchen", "mary put down the milk", "mary went back to the office")]
    assert answer(facts[:2], ["where", "is", "the", "milk"]) == ("garden", [0, 1])
    assert answer(facts, ["where", "is", "the", "milk"]) == ("kitchen", [4, 3])
    assert answer(facts, ["where", "was", "the", "milk", "before", "the", "kitchen"]) == ("garden", [4, 3, 1])
    assert answer(facts, ["is", "mary", "in", "the", "kitchen"]) == ("no", [5])
    assert answer(facts, ["where", "is", "john"]) == ("office", [2])


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
    for read, n in ((train, 12), (valid, 3)):
        assert [(s.facts, s.questions) for s in read] == [(s.facts, s.questions) for s in generate(task, n, made)]
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
    with pytest.raises(UserError, match="task 99 has no generator; give one of 1, 2, 3, 6.*, or the published files of it"):
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

def shares(stories, what):
    counted = Counter(item for story in stories for item in what(story))
    return {item: n / counted.total() for item, n in counted.items()}


def distance(a, b):
    """Total variation between two distributions: 0 the same, 1 nothing in common."""
    return sum(abs(a.get(k, 0) - b.get(k, 0)) for k in a | b) / 2


PUBLISHED = {                          # mean facts a story; share of supporting facts in the order of time; share of walks
    1: (10.0, 1.0, 1.0), 2: (22.0, 0.312, 0.650), 3: (74.0, 0.0, 0.633), 6: (10.3, 1.0, 0.676)}


@pytest.mark.parametrize("task", RULED)
def test_known_figures(task):
    facts, in_order, walks = PUBLISHED[task]
    stories = generate(task, 300, rng(7))
    questions = [q for s in stories for q in s.questions]
    assert np.mean([len(s.facts) for s in stories]) == pytest.approx(facts, rel=0.1)
    assert np.mean([q.support == sorted(q.support) for q in questions]) == pytest.approx(in_order, abs=0.06)
    assert np.mean(["to" in f for s in stories for f in s.facts]) == pytest.approx(walks, abs=0.03)
    assert all(len(s.questions) == 5 for s in stories)
    assert all(q.n_facts - q.support[0] <= 5 for q in questions)
    if task == 6:
        assert np.mean([q.answer == ["yes"] for q in questions]) == pytest.approx(0.5, abs=0.05)


LOOKS = {                              # what is compared, and how far the two may lie apart beyond chance
    "words": (lambda s: [w for f in s.facts for w in f], 0.02),
    "sentences without names": (lambda s: [" ".join(f[1:]) for f in s.facts], 0.06),
    "answers": (lambda s: [q.answer[0] for q in s.questions], 0.08),
    "question forms": (lambda s: [" ".join(q.tokens[:2]) for q in s.questions], 0.05),
    "first support distance": (lambda s: [q.n_facts - q.support[0] for q in s.questions], 0.04),
    "last support distance": (lambda s: [(q.n_facts - q.support[-1]) // 3 for q in s.questions], 0.07),
    "facts a story": (lambda s: [len(s.facts) // 20], 0.13),
    "facts between questions": (lambda s: np.diff([q.n_facts for q in s.questions]).tolist(), 0.07),
}


@cache
def both(task):
    return read_babi(find_task(BABI, task, "train", "10k")), generate(task, 600, rng(5))


@needs_published
@pytest.mark.parametrize("task", RULED)
@pytest.mark.parametrize("look", LOOKS)
def test_like_the_published_files(task, look):
    what, bound = LOOKS[look]
    published, made = both(task)
    assert distance(shares(published, what), shares(made, what)) < bound
