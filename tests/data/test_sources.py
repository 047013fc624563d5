"""Generated sets: as many questions as they say, validation apart from training, and an end where no more are found."""

from dataclasses import replace

import numpy as np
import pytest

from tinydmn.data import generator
from tinydmn.data.generator import TASKS, generate, generate_questions, write_sets, write_task
from tinydmn.data.babi import read_babi, write_babi
from tinydmn.data.sources import SIZES, babi_stories, generated_sets, size_of
from tinydmn.data.story import Question, Story, asked, count_questions
from tinydmn.errors import UserError

from .broken import message


def rng(*seed):
    return np.random.default_rng(seed)


def texts(stories):
    """All that is asked, each with all the facts it may see."""
    return [repr((story.facts[:q.n_facts], q.tokens)) for story in stories for q in story.questions]


def check_apart(train, valid):
    assert not set(texts(train)) & set(texts(valid))


def check_sets(task, size, n_train, n_valid, seed=0):
    train, valid = generated_sets(task, size, rng(seed, task))
    assert (count_questions(train), count_questions(valid)) == (n_train, n_valid)
    check_apart(train, valid)
    if task not in (18, 20):                                                   # there stories ask more or less
        n = len(generate(task, 1, rng())[0].questions)
        assert all(len(story.questions) == n for story in train[:-1])          # only the last is cut, and in validation what training has
    return train, valid


def test_seed_task_and_size_decide(monkeypatch):
    monkeypatch.setitem(SIZES, "10k", (950, 10))
    monkeypatch.setitem(SIZES, "1k", (40, 5))
    first = babi_stories(1)
    assert first == babi_stories(1, seed=0) == babi_stories(1, size="1k") != babi_stories(1, seed=1)
    assert [count_questions(part) for part in babi_stories(1, size="10k")[:2]] == [950, 10]
    facts = lambda task, seed: babi_stories(task, seed=seed)[0][0].facts[0]
    assert len({tuple(facts(12, seed)) for seed in range(8)}) > 4
    assert babi_stories(11)[0][0].facts != babi_stories(13)[0][0].facts
    assert message(babi_stories, 21).startswith("--task 21: the generator knows tasks 1, 2, 3, ")


def test_a_folder_gives_its_own_stories_of_the_size_that_was_asked(tmp_path):
    for folder, n in (("en", 10), ("en-10k", 20)):
        (tmp_path / folder).mkdir()
        write_babi(generate(1, n, rng(n)), tmp_path / folder / "qa1_train.txt")
    sizes = lambda **more: [part and len(part) for part in babi_stories(1, tmp_path, **more)]
    assert sizes() == sizes(size="1k") == [9, 1, None] and sizes(size="10k") == [18, 2, None] and sizes(seed=5) == [9, 1, None]


def test_size_of_goes_by_questions():
    story, one = generate(1, 1, rng())[0], generate(19, 1, rng())[0]
    assert [size_of([story] * n) for n in (180, 400, 1000, 1800)] == ["1k", "1k", "10k", "10k"] and size_of([one] * 1800) == "1k"


# apart, and an end

def few(n_facts=2, n_questions=2):
    """A task of that many facts, each a story, and the same questions about each."""
    draws = iter(range(20_000))

    def story(rng):
        assert next(draws, None) is not None, "it is drawn for ever"
        fact = [f"fact{rng.integers(n_facts)}"]
        return Story([fact], [Question([f"q{k}"], ["yes"], 1, [0]) for k in range(n_questions)])
    return story


@pytest.fixture
def small_world(monkeypatch):
    """Task 1 with few possible stories; calling it says how many."""
    def tell(*sizes):
        monkeypatch.setattr("tinydmn.data.generator.task01.story", few(*sizes))
        monkeypatch.setattr(generator, "TRIES", 30)
    return tell


def test_a_question_that_stands_there_is_left_out_and_a_story_without_another_too(small_world):
    small_world(6, 3)
    known = [Story([["fact0"]], [Question(["q0"], ["no"], 1), Question(["q2"], ["no"], 1)]), Story([["fact1"]], [Question([f"q{k}"], [], 1) for k in range(3)]),
             Story([["fact2"], ["fact0"]], [Question(["q0"], ["yes"], 2)])]
    drawn = generate(1, 40, rng(), known)
    assert [s.source for s in drawn] == [f"generated task 1, story {i}" for i in range(1, 41)]
    left = {s.facts[0][0]: [q.tokens[0] for q in s.questions] for s in drawn}
    assert left == {"fact0": ["q1"], **{f"fact{k}": ["q0", "q1", "q2"] for k in (2, 3, 4, 5)}}


def test_where_none_is_left_the_search_ends(small_world):
    small_world(3, 2)
    every = [replace(s, facts=[[f"fact{k}"]]) for k in range(3) for s in generate(1, 1, rng())]
    assert generate_questions(1, 100, rng(), every) == []
    assert message(generate, 1, 5, rng(), every) == "task 1: no more than 0 stories were found that are apart from 3 others; ask for fewer"
    some = generate_questions(1, 10, rng(), every[:2])                         # every third draw fits: a search in vain never lasts 30 draws
    assert count_questions(some) == 10 and {s.facts[0][0] for s in some} == {"fact2"}


def test_tries_are_counted_from_the_last_story_found(small_world):
    small_world(10, 1)
    known = [Story([[f"fact{k}"]], [Question(["q0"], ["yes"], 1)]) for k in range(7)]          # 7 of 10 draws in vain: 30 on end are rare, 30 in all are not
    assert count_questions(generate_questions(1, 200, rng(), known)) == 200


def test_validation_is_smaller_where_no_more_is_found(small_world, monkeypatch):
    small_world(4, 2)
    monkeypatch.setitem(SIZES, "1k", (60, 1000))
    train, valid = generated_sets(1, "1k", rng(8))
    assert count_questions(train) == 60 and len(set(texts(train))) == 8 and valid == []


@pytest.mark.parametrize("n", [1, 4, 5, 6, 23])
def test_the_last_story_is_cut_where_enough_is_asked(n):
    stories = generate_questions(1, n, rng(2))
    assert count_questions(stories) == n and len(stories) == -(-n // 5)
    whole = generate(1, len(stories), rng(2))
    assert stories[:-1] == whole[:-1] and stories[-1].questions == whole[-1].questions[:len(stories[-1].questions)]


def test_what_is_asked_is_one_text_with_all_its_facts():
    story = Story([["a"], ["b"], ["c"]], [Question(["q"], ["x"], 1), Question(["q"], ["y"], 2), Question(["r"], ["x"], 2)])
    other = replace(story, facts=[["a"], ["b"], ["d"]], questions=[replace(story.questions[0], answer=["z"], support=[0]), story.questions[1]])
    assert len(set(asked(story))) == 3 and asked(other) == asked(story)[:2]


def test_a_seed_is_no_generator(tmp_path):
    story, = generate(1, 1, rng())
    for call in (lambda: generate(1, 1, 0), lambda: generate_questions(1, 1, 0), lambda: generated_sets(1, "1k", 0), lambda: write_task(tmp_path, 1, {"train": 1}, 0),
                 lambda: generate(1, 1, None), lambda: generate(1, 1, rng(), [story]) and generate(1, 1, np.random, [story])):
        with pytest.raises(TypeError, match="give a generator, numpy.random.default_rng"):
            call()


def test_no_more_is_drawn_than_is_told():
    """Draws that come after are those that would come anyway."""
    together, one_by_one = rng(1), rng(1)
    assert generate(6, 7, together)[3:] == [replace(s, source=f"generated task 6, story {i}") for i, s in
                                            enumerate([generate(6, 1, one_by_one)[0] for _ in range(7)], 1)][3:]
    assert together.random() == one_by_one.random()


# files

def test_each_set_is_apart_from_those_before_it(tmp_path, small_world):
    small_world(200, 1)
    paths = write_task(tmp_path, 1, {"train": 60, "valid": 60, "test": 60}, rng(1))
    assert [path.name for path in paths] == [f"qa1_single-supporting-fact_{split}.txt" for split in ("train", "valid", "test")]
    train, valid, test = map(read_babi, paths)
    assert len(train) == len(valid) == len(test) == 60
    for one, other in ((train, valid), (train, test), (valid, test)):
        check_apart(one, other)


@pytest.mark.parametrize("overwrite", [False, True])
def test_where_a_file_cannot_be_written_none_is(tmp_path, overwrite):
    sets = {"train": generate(1, 2, rng()), "valid": generate(1, 2, rng(1))}
    old, = write_sets(tmp_path, 1, {"train": generate(1, 3, rng(2))})
    before = old.read_bytes()
    if overwrite:
        (tmp_path / "qa1_single-supporting-fact_valid.txt").mkdir()
    with pytest.raises(UserError, match="is a folder" if overwrite else "exists already"):
        write_sets(tmp_path, 1, sets, overwrite)
    assert old.read_bytes() == before and sorted(p.name for p in tmp_path.iterdir()) == ["qa1_single-supporting-fact_train.txt",
                                                                                         "qa1_single-supporting-fact_valid.txt"][:1 + overwrite]


# every task

@pytest.mark.parametrize("task", TASKS)
def test_questions_are_counted_and_validation_is_apart(task):
    assert SIZES == {"1k": (900, 1000), "10k": (9000, 1000)}
    train, valid = check_sets(task, "1k", 900, 1000)
    if task % 3 == 1:                                      # each is made up twice
        assert babi_stories(task) == (train, valid, None)
    assert [s.source for s in train[:2]] == [f"generated task {task}, story {i}" for i in (1, 2)]


@pytest.mark.slow
@pytest.mark.parametrize("task", TASKS)
def test_10k_of_every_task(task):
    check_sets(task, "10k", 9000, 1000)


@pytest.mark.parametrize("task", [4, 17, 20])
def test_where_few_stories_are_possible_what_training_has_is_left_out(task, monkeypatch):
    monkeypatch.setitem(SIZES, "10k", (4000, 300))
    train, valid = check_sets(task, "10k", 4000, 300)
    known = set(texts(train))
    drawn = rng(0, task)
    generate_questions(task, 4000, drawn)
    free = generate_questions(task, 300, drawn)                                # what would have been drawn without looking
    assert set(texts(free)) & known
    if task == 20:                                                             # "16 in all", as the docstring says
        firsts = {text for text in texts(generate(20, 600, rng(3))) if text.count("[") == 3}
        assert len(firsts) == 16 <= sum(text in known for text in firsts) + 1
        assert not any(q.n_facts == 1 for story in valid for q in story.questions)
