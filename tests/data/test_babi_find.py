"""Finding the files of a task, and keeping stories back for validation."""

from dataclasses import replace

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from tinydmn.data.babi import find_task, load_task, split_by_story
from tinydmn.data.sst import Tree
from tinydmn.data.story import Question, Story
from tinydmn.errors import UserError

from .broken import message


def put(folder, name, n_stories=1, place="garden"):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(f"1 Mary went to the {place}.\n2 Where is Mary? \t{place}\t1\n" * n_stories)


@pytest.mark.parametrize("folder, size", [
    ("", None), ("", "1k"), ("", "10k"), ("en", "1k"), ("en", None), ("en-1k", "1k"), ("en-valid", "1k"), ("en-10k", "10k"),
    ("en-10k", None), ("en-valid-10k", "10k"), ("tasks_1-20_v1-2/en", "1k"), ("tasks_1-20_v1-2/en-valid-10k", "10k")])
@pytest.mark.parametrize("name", ["qa1_single-supporting-fact_{}.txt", "qa1_{}.txt", "qa1_any.name_{}.txt.gz"])
def test_find_in_every_layout(tmp_path, folder, size, name):
    for split in ("train", "test"):
        put(tmp_path / folder, name.format(split))
        put(tmp_path / folder, name.format(split).replace("qa1_", "qa11_"))
    for split in ("train", "test"):
        assert find_task(tmp_path, 1, split, size) == tmp_path / folder / name.format(split)
    assert find_task(tmp_path, 1, "valid", size) is None


def test_sizes_are_kept_apart(tmp_path):
    for folder in ("en", "en-10k", "en-valid"):
        put(tmp_path / folder, "qa1_train.txt")
    assert find_task(tmp_path, 1, "train", "10k").parent.name == "en-10k"
    assert find_task(tmp_path, 1, "train", "1k").parent.name == "en-valid"        # the one that may have validation files
    assert find_task(tmp_path, 1, "train").parent.name == "en-valid"
    with pytest.raises(UserError, match="en-10k: holds the other size, not 1k; give the folder above it, or leave the size out"):
        find_task(tmp_path / "en-10k", 1, "train", "1k")
    with pytest.raises(UserError, match="size '100k' is unknown; give 1k or 10k"):
        find_task(tmp_path, 1, "train", "100k")


def test_folders_with_validation_go_first_and_1k_before_10k(tmp_path):
    places = ["en-valid", "en-1k", "en", "en-valid-10k", "en-10k"]
    for folder in places:
        put(tmp_path / folder, "qa1_train.txt")
    for gone, folder in enumerate(places):
        assert find_task(tmp_path, 1, "train").parent.name == folder
        if gone < 3:
            assert find_task(tmp_path, 1, "train", "10k").parent.name == "en-valid-10k"
        (tmp_path / folder / "qa1_train.txt").unlink()
    put(tmp_path / "tasks_1-20_v1-2" / "en-10k", "qa1_train.txt")
    assert find_task(tmp_path, 1, "train").parent.name == "en-10k"
    put(tmp_path, "qa1_train.txt")
    assert find_task(tmp_path, 1, "train") == tmp_path / "qa1_train.txt"          # the folder itself before all below it


def test_the_other_size_is_seen_from_inside_its_folder(tmp_path, monkeypatch):
    put(tmp_path / "en", "qa1_train.txt")
    monkeypatch.chdir(tmp_path / "en")
    assert message(find_task, ".", 1, "train", "10k").startswith(".: holds the other size, not 10k; ")
    assert find_task(".", 1, "train", "1k").name == "qa1_train.txt"


def test_a_plain_file_goes_before_its_gz(tmp_path):
    put(tmp_path, "qa1_train.txt")
    put(tmp_path, "qa1_train.txt.gz")
    assert find_task(tmp_path, 1, "train").name == "qa1_train.txt"


def test_errors_name_what_was_looked_for(tmp_path):
    with pytest.raises(UserError, match="nowhere: no such folder; give the folder with the bAbI files"):
        find_task(tmp_path / "nowhere", 1, "train")
    put(tmp_path / "en", "qa11_train.txt")
    with pytest.raises(UserError) as error:
        load_task(tmp_path, 1)
    assert str(error.value) == (f"{tmp_path}: no file of task 1 (looked for qa1_..._train.txt or .txt.gz there and in en-valid, "
                                "en-1k, en, en-valid-10k, en-10k below); give the folder with the bAbI files")
    put(tmp_path, "qa2_test.txt")
    with pytest.raises(UserError, match="has no train file of task 2; put qa2_..._train.txt there"):
        load_task(tmp_path, 2)
    put(tmp_path, "qa2_train.txt")
    with pytest.raises(UserError, match="qa2_train.txt: one story alone cannot be split; add stories that ask something, or a file qa2_.*valid"):
        load_task(tmp_path, 2)
    put(tmp_path, "qa2_two_train.txt")
    with pytest.raises(UserError, match="qa2_two_train.txt: a second train file of task 2 beside qa2_train.txt; leave one"):
        load_task(tmp_path, 2)


def test_load_with_and_without_a_validation_file(tmp_path):
    put(tmp_path / "with", "qa1_train.txt", 20)
    put(tmp_path / "with", "qa1_valid.txt", 3, "office")
    put(tmp_path / "with", "qa1_test.txt", 4, "kitchen")
    put(tmp_path / "without", "qa1_train.txt", 20)
    train, valid, test = load_task(tmp_path / "with", 1)
    assert [len(train), len(valid), len(test)] == [20, 3, 4]
    assert (valid[0].questions[0].answer, test[0].questions[0].answer) == (["office"], ["kitchen"])
    train, valid, test = load_task(tmp_path / "without", 1)
    assert test is None and len(train) == 18
    assert [s.source.rsplit(":")[-1] for s in valid] == ["19", "39"]               # every tenth story: lines 19 and 39


ASKS, TELLS = "1 Mary went to the {0}.\n2 Where is Mary?\t{0}\t1\n", "1 Mary went to the {0}.\n2 John went to the {0}.\n"
PLACES = [f"place{i}" for i in range(24)]


def write_parts(folder, **parts):
    """The files of task 1: of each story of a part a letter, a (it asks something) or t (it only tells)."""
    for split, stories in parts.items():
        (folder / f"qa1_{split}.txt").write_text("".join({"a": ASKS, "t": TELLS}[s].format(place) for s, place in zip(stories, PLACES)))
    return folder


def test_a_story_without_a_question_is_no_part_of_a_set(tmp_path):
    train, valid, test = load_task(write_parts(tmp_path, train="atattta", valid="ta", test="tta"), 1)
    assert [[s.questions[0].answer for s in part] for part in (train, valid, test)] == [[["place0"], ["place2"], ["place6"]], [["place1"]], [["place2"]]]


@pytest.mark.parametrize("train", ["a" + "t" * 20, "t" * 9 + "a" + "t" * 10], ids=["the first", "the tenth"])
def test_where_one_story_alone_asks_nothing_is_held_out(tmp_path, train):
    line = message(load_task, write_parts(tmp_path, train=train), 1)
    assert line == f"{tmp_path / 'qa1_train.txt'}: one story alone cannot be split; add stories that ask something, or a file qa1_..._valid.txt"
    assert [len(part) for part in load_task(write_parts(tmp_path, valid="ta"), 1)[:2]] == [1, 1]


def test_the_held_out_share_is_one_of_those_that_ask_something(tmp_path):
    train, valid, _ = load_task(write_parts(tmp_path, train="at" * 10), 1)
    assert (len(train), len(valid)) == (9, 1) and all(s.questions for s in train + valid)


@pytest.mark.parametrize("parts, name", [({"train": "ttt"}, "train"), ({"train": "aaa", "valid": "tt"}, "valid"), ({"train": "ttt", "valid": "aa"}, "train")])
def test_a_part_that_asks_nothing_is_one_line(tmp_path, parts, name):
    line = message(load_task, write_parts(tmp_path, **parts), 1)
    assert line.startswith(f"{tmp_path / f'qa1_{name}.txt'}: holds no question; ")


def test_held_out_stories_are_drawn_where_a_generator_is_given(tmp_path):
    write_parts(tmp_path, train="a" * 24)
    held_out = lambda rng: [s.source.rsplit(":")[-1] for s in load_task(tmp_path, 1, rng=rng)[1]]
    assert held_out(None) == ["23", "47"]
    assert len({tuple(held_out(np.random.default_rng(seed))) for seed in range(10)}) > 5
    with pytest.raises(TypeError, match="rng is 0; give a generator"):
        load_task(tmp_path, 1, rng=0)


@given(st.integers(2, 60), st.floats(0.01, 0.99), st.none() | st.integers(0, 2**32 - 1))
def test_split_by_story(n, share, seed):
    rng = lambda: None if seed is None else np.random.default_rng(seed)
    stories = list(range(n))
    kept, out = split_by_story(stories, share, rng())
    assert sorted(kept + out) == stories                                           # each story once, on one side
    assert kept == sorted(kept) and out == sorted(out)                             # in their order
    assert kept and out and len(out) == min(max(round(share * n), 1), n - 1)
    assert (kept, out) == split_by_story(stories, share, rng())


def test_split_follows_the_generator():
    outs = {tuple(split_by_story(list(range(40)), 0.1, np.random.default_rng(seed))[1]) for seed in range(20)}
    assert len(outs) > 15
    assert split_by_story(list(range(40)), 0.1)[1] == [9, 19, 29, 39]


@pytest.mark.parametrize("n, share", [(1, 0.1), (0, 0.1), (5, 0.0), (5, 1.0)])
def test_split_that_cannot_be_made(n, share):
    with pytest.raises(ValueError, match="cannot split"):
        split_by_story(list(range(n)), share)


def numbered(n):
    return [Story([["mary", "went", "to", f"place{i}"]], [Question(["where"], [f"place{i}"], 1, [0])], f"f:{i}") for i in range(n)]


@given(st.lists(st.integers(0, 7), min_size=2, max_size=30), st.floats(0.05, 0.95), st.none() | st.integers(0, 2**32 - 1))
def test_copies_of_a_story_stay_on_one_side(copies, share, seed):
    """Whatever their answers and supports say; the share is one of different stories."""
    rng = None if seed is None else np.random.default_rng(seed)
    stories = [replace(numbered(8)[i], questions=[Question(["where"], [f"answer{k}"], 1, [0] * (k % 2))], source=f"f:{k}") for k, i in enumerate(copies)]
    kept, out = split_by_story(stories, share, rng)
    assert sorted(kept + out, key=stories.index) == stories and kept == sorted(kept, key=stories.index) and out == sorted(out, key=stories.index)
    different = len(set(copies))
    if different > 1:
        told = [{repr(s.facts) for s in side} for side in (kept, out)]
        assert not told[0] & told[1] and len(told[1]) == min(max(round(share * different), 1), different - 1)
    else:
        assert len(out) == min(max(round(share * len(stories)), 1), len(stories) - 1)           # apart they cannot be


def test_other_questions_or_facts_seen_make_another_story():
    first, other = numbered(2)
    asked, seen = replace(first, questions=[Question(["who"], ["x"], 1)]), replace(first, facts=first.facts * 2)
    later = replace(seen, questions=[replace(first.questions[0], n_facts=2)])
    _, out = split_by_story([first, asked, seen, later, other], 0.8)
    assert len(out) == 4


def test_copies_of_a_tree_in_other_letters_stay_on_one_side():
    words = [["Good", "film"], ["good", "FILM"], ["Bad"], ["Worse"]]
    trees = [Tree(text, label, [], f"f:{label}") for label, text in enumerate(words)]
    assert split_by_story(trees, 0.5) == ([trees[2]], [trees[0], trees[1], trees[3]])
