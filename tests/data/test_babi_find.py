"""Finding the files of a task, and keeping stories back for validation."""

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from tinydmn.data.babi import find_task, load_task, split_by_story
from tinydmn.errors import UserError


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
