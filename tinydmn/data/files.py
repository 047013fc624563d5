"""The user's own files, under any name: stories, labelled texts or tagged sentences.  The format is
recognised by the content."""

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

# the start of a sentiment tree:  (3 (2 It)   or  (4 fun)
TREE = re.compile(r"\(\s*[0-9]+\s*(\(|[^()\s]+\s*\)\s*$)", re.M)


def read_stories(path):
    """The stories of one file, plain or .gz, as list[Story]: JSON Lines if it starts with {,
    otherwise bAbI format.

    Raises UserError (FILE:LINE: problem; how to fix it).
    """
    return read_json_stories(path) if first_letter(path) == "{" else read_babi(path)


def read_file(task_set, path, column="xpos"):
    """The user's own file as list[Story], without the stories that ask nothing.

    task_set: "babi", "sst" or "pos"; column: as in `read_tagged`.
    Raises UserError (FILE:LINE: problem; how to fix it).
    """
    if task_set == "pos":
        return tagged_stories(read_tagged(path, column))
    if task_set == "babi":
        return [story for story in read_stories(path) if story.questions]
    if first_letter(path) == "(" and TREE.match(read_text(path, "texts and labels").lstrip()):
        raise UserError(f"{path}: holds a treebank's trees; "
                        "give the folder with its train.txt and dev.txt as --data")
    return read_labelled(path)


def parts_of_file(task_set, path, valid=None, column="xpos"):
    """(train, valid) of the user's own file, each list[Story].

    valid: another file; None: every tenth story is held out.
    Raises UserError for an error in a file, and where there is too little to train on.
    """
    stories = read_file(task_set, path, column)
    one = {"babi": "story", "sst": "text", "pos": "sentence"}[task_set]
    labels = {q.answer[0] for story in stories for q in story.questions}
    if task_set == "sst" and len(labels) < 2:
        raise UserError(f"{path}: all its texts have the label {labels.pop()}; "
                        "give texts with two labels at least")
    if valid is not None:
        return stories, read_file(task_set, valid, column)
    if len(stories) < 2:
        more = "stories that ask something" if one == "story" else f"{one}s"
        raise UserError(f"{path}: one {one} alone cannot be split; "
                        f"add {more}, or give --valid FILE")
    return split_by_story(stories, 0.1)


def how_read(task_set, path, column="xpos"):
    """How `read_file` reads a file, in words."""
    if task_set == "pos":
        if os.path.isdir(path):
            return f"{len(read_mrg_folder(path))} trees of a folder"
        return how_tagged(path, column)
    if task_set == "sst":
        return how_labelled(path)
    return "JSON Lines" if first_letter(path) == "{" else "bAbI format"


def in_common(train, valid):
    """The number of validation questions that also occur in training, after the same facts."""
    known = {text for story in train for text in asked(story)}
    return sum(text in known for story in valid for text in asked(story))
