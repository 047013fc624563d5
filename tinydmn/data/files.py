"""Files of one's own, under any name: stories, texts with labels, tagged sentences.  What a file is, its content says."""

import os
import re

from ..errors import UserError
from .babi import read_babi, split_by_story
from .json_lines import read_json_stories
from .labelled import how_labelled, read_labelled
from .story import asked
from .tag_formats import how_tagged
from .tagged import read_mrg_folder, read_tagged, tagged_stories
from .text import first_letter, read_text

TREE = re.compile(r"\(\s*[0-9]+\s*(\(|[^()\s]+\s*\)\s*$)", re.M)           # how one of sentiment begins:  (3 (2 It)   or  (4 fun)


def read_stories(path):
    """Stories of one file, plain or .gz, as list[Story]: JSON Lines where its first letter is {, else in bAbI format.

    Raises UserError (FILE:LINE: problem; mend).
    """
    return read_json_stories(path) if first_letter(path) == "{" else read_babi(path)


def read_file(task_set, path, column="xpos"):
    """What a file of one's own asks, as list[Story]; stories without a question are left out.  task_set: "babi", "sst" or "pos".

    Raises UserError (FILE:LINE: problem; mend).
    """
    if task_set == "pos":
        return tagged_stories(read_tagged(path, column))
    if task_set == "babi":
        return [story for story in read_stories(path) if story.questions]
    if first_letter(path) == "(" and TREE.match(read_text(path, "texts and labels").lstrip()):
        raise UserError(f"{path}: holds a treebank's trees; give the folder with its train.txt and dev.txt as --data")
    return read_labelled(path)


def parts_of_file(task_set, path, valid=None, column="xpos"):
    """(train, valid) of a file of one's own, each list[Story]; valid: another file, or None: every tenth story is held out.

    Raises UserError for a fault in a file, and where there is too little to learn from.
    """
    stories = read_file(task_set, path, column)
    one = {"babi": "story", "sst": "text", "pos": "sentence"}[task_set]
    if task_set == "sst" and len({q.answer[0] for story in stories for q in story.questions}) < 2:
        raise UserError(f"{path}: all its texts have the label {stories[0].questions[0].answer[0]}; give texts with two labels at least")
    if valid is not None:
        return stories, read_file(task_set, valid, column)
    if len(stories) < 2:
        more = "stories that ask something" if one == "story" else f"{one}s"
        raise UserError(f"{path}: one {one} alone cannot be split; add {more}, or give --valid FILE")
    return split_by_story(stories, 0.1)


def how_read(task_set, path, column="xpos"):
    """How `read_file` reads a file, in words."""
    if task_set == "pos":
        return f"{len(read_mrg_folder(path))} trees of a folder" if os.path.isdir(path) else how_tagged(path, column)
    if task_set == "sst":
        return how_labelled(path)
    return "JSON Lines" if first_letter(path) == "{" else "bAbI format"


def in_common(train, valid):
    """How many questions of validation stand in training as well, with all their facts."""
    known = {text for story in train for text in asked(story)}
    return sum(text in known for story in valid for text in asked(story))
