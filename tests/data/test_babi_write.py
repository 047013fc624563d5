"""Writing: the published form, a round trip, and nothing lost."""

import os
from dataclasses import replace

import hypothesis.strategies as st
import pytest
from hypothesis import given

from tinydmn.data import babi
from tinydmn.data.babi import NAMES, TITLES, find_task, read_babi, task_file_name, write_babi, write_files
from tinydmn.data.story import Question, Story
from tinydmn.errors import UserError

STORY = Story([["mary", "gave", "the", "milk", "to", "fred"], ["fred", "and", "mary", "sat"]],
              [Question(["who", "gave", "the", "milk", "to", "fred"], ["mary"], 1, [0]),
               Question(["what", "has", "fred"], ["milk", "apple"], 2, [1, 0])])
TEXT = ("1 Mary gave the milk to Fred.\n2 Who gave the milk to Fred? \tMary\t1\n"
        "3 Fred and Mary sat.\n4 What has Fred? \tmilk,apple\t3 1\n")

words = st.text("abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=6) | st.sampled_from(sorted(NAMES))
sentences = st.lists(words, min_size=1, max_size=6)


@st.composite
def stories(draw):
    facts = draw(st.lists(sentences, min_size=1, max_size=8))
    seen = sorted(draw(st.lists(st.integers(1, len(facts)), min_size=1, max_size=4)))
    return Story(facts, [Question(draw(sentences), draw(st.lists(words, min_size=1, max_size=3)), n,
                                  draw(st.lists(st.integers(0, n - 1), max_size=4))) for n in seen])


def test_published_form(tmp_path):
    write_babi([STORY, STORY], tmp_path / "a.txt")
    assert (tmp_path / "a.txt").read_bytes() == (TEXT * 2).encode()
    assert os.listdir(tmp_path) == ["a.txt"]                   # no temporary file stays behind


@given(st.lists(stories(), min_size=1, max_size=4), st.sampled_from(["a.txt", "a.txt.gz"]))
def test_round_trip(tmp_path_factory, written, name):
    path = tmp_path_factory.mktemp("round") / name
    write_babi(written, path)
    assert [replace(story, source="") for story in read_babi(path)] == written


def test_question_out_of_order_is_written_where_it_belongs(tmp_path):
    write_babi([replace(STORY, questions=STORY.questions[::-1])], tmp_path / "a.txt")
    assert (tmp_path / "a.txt").read_text() == TEXT


def test_overwrites_only_when_asked(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("mine")
    with pytest.raises(UserError, match="a.txt: exists already; choose another name or folder, or ask to overwrite it"):
        write_babi([STORY], path)
    assert path.read_text() == "mine"
    write_babi([STORY], path, overwrite=True)
    assert path.read_text() == TEXT


def test_a_write_that_breaks_off_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "a.txt"
    path.write_text("mine")

    def disk_full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(babi.os, "replace", disk_full)
    with pytest.raises(UserError, match=r"a.txt: cannot be written \(No space left on device\); choose another place"):
        write_babi([STORY], path, overwrite=True)
    assert path.read_text() == "mine" and os.listdir(tmp_path) == ["a.txt"]


def test_place_that_is_none(tmp_path):
    (tmp_path / "file").touch()
    for name, says in (("none/a.txt", r"cannot be written \(No such file or directory\)"), ("file/a.txt", r"cannot be written \(Not a directory\)"),
                       ("", "is a folder")):
        with pytest.raises(UserError, match=f"{tmp_path / name}: {says}; choose another place"):
            write_babi([STORY], tmp_path / name, overwrite=True)
    assert os.listdir(tmp_path) == ["file"]


@pytest.mark.parametrize("second, overwrite", [("mine", False), ("a folder", True), ("too" + "o" * 300, True)])
def test_of_several_files_all_are_written_or_none(tmp_path, second, overwrite):
    if second == "a folder":
        (tmp_path / second).mkdir()
    if second == "mine":
        (tmp_path / second).write_text("mine")
    first, there = tmp_path / "a.txt", sorted(os.listdir(tmp_path))
    with pytest.raises(UserError, match="; choose another"):
        write_files({first: [STORY], tmp_path / second: [STORY]}, overwrite)
    assert sorted(os.listdir(tmp_path)) == there
    write_files({first: [STORY], tmp_path / "b.txt": [STORY, STORY]}, overwrite)
    assert (first.read_text(), (tmp_path / "b.txt").read_text()) == (TEXT, TEXT * 2)


def test_the_same_stories_give_the_same_bytes_at_any_time(tmp_path, monkeypatch):
    for name, now in (("a.txt.gz", 1e9), ("b.txt.gz", 1.5e9)):
        monkeypatch.setattr("time.time", lambda: now)
        write_babi([STORY], tmp_path / name)
    assert (tmp_path / "a.txt.gz").read_bytes() == (tmp_path / "b.txt.gz").read_bytes()


def test_every_published_name_is_found(tmp_path):
    for task in TITLES:
        write_babi([STORY], tmp_path / task_file_name(task, "train"))
    for task in TITLES:
        assert find_task(tmp_path, task, "train").name == f"qa{task}_{TITLES[task]}_train.txt"
