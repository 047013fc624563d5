"""Synthetic stories in the language of the published bAbI files, so that everything runs offline.

A task is one file, task01.py and so on, with one function: story(rng) -> Story.  To add a task, add
its file: it is found by its name.  A task that was not published may name a TITLE, which then
appears in the names of its files, as in qa21_TITLE_train.txt.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from importlib import import_module
from itertools import islice
from pathlib import Path
from pkgutil import iter_modules

import numpy as np

from ...errors import UserError, check_rng
from ..babi import task_file_name, write_files
from ..story import Story, asked


def find_tasks():
    """The numbers of the task files in this folder, ascending."""
    names = (re.fullmatch(r"task([0-9]+)", module.name) for module in iter_modules(__path__))
    return tuple(sorted(int(match[1]) for match in names if match))


TASKS = find_tasks()


TRIES = 1000       # consecutive stories without a new question, after which the search is given up


def generate(task: int, n_stories: int, rng: np.random.Generator,
             apart_from: Sequence[Story] = ()) -> list[Story]:
    """`n_stories` stories of a task as list[Story], each with as many questions as a published one.

    apart_from: stories; a question that occurs there after the same facts is left out, and so is a
    story with no other question.  Every random draw comes from `rng`, a numpy Generator.
    Raises UserError for a task without a generator, for fewer than one story, and where too few
    stories apart from the given ones can be found.
    """
    if n_stories < 1:
        raise UserError(f"{n_stories} stories asked for; give a number of 1 or more")
    stories = list(islice(_drawn(task, rng, apart_from), n_stories))
    if len(stories) < n_stories:
        raise UserError(f"task {task}: no more than {len(stories)} stories were found "
                        f"that are apart from {len(apart_from)} others; ask for fewer")
    return stories


def generate_questions(task, n_questions, rng, apart_from=()):
    """As `generate`, but stories with `n_questions` questions in all, or as many as are found."""
    stories, left = [], n_questions
    drawn = _drawn(task, rng, apart_from)
    while left > 0 and (story := next(drawn, None)):
        stories.append(replace(story, questions=story.questions[:left]))
        left -= len(stories[-1].questions)
    return stories


def _module(task):
    """The task's file, imported.  Raises UserError where there is none."""
    if task not in TASKS:
        raise UserError(f"task {task} has no generator; give one of {', '.join(map(str, TASKS))}, "
                        "or the published files of it")
    return import_module(f".task{task:02d}", __name__)


def _drawn(task, rng, apart_from):
    """Yields stories without the questions of `apart_from`; ends after TRIES in vain."""
    check_rng(rng)
    draw = _module(task).story
    known = {text for story in apart_from for text in asked(story)}
    number, vain = 0, 0
    while vain < TRIES:
        story = draw(rng)
        questions = story.questions
        if known:
            questions = [q for q, text in zip(questions, asked(story)) if text not in known]
        vain = 0 if questions else vain + 1
        if questions:
            number += 1
            source = f"generated task {task}, story {number}"
            yield replace(story, questions=questions, source=source)


def write_task(folder, task, n_stories, rng, overwrite=False):
    """Write generated stories under the published names, each split apart from those before it.

    n_stories: {"train": 200, "valid": 20, ...}.  Returns the paths.  Raises UserError as `generate`
    and `write_sets`.
    """
    sets = {}
    for split, n in n_stories.items():
        others = [story for stories in sets.values() for story in stories]
        sets[split] = generate(task, n, rng, others)
    return write_sets(folder, task, sets, overwrite)


def write_sets(folder, task, sets, overwrite=False):
    """Write {"train": stories, "valid": stories, ...} of a task under the published names.

    Creates the folder where necessary and returns the paths.  Raises UserError where a file exists
    already (unless `overwrite`) or cannot be written; then none is written.
    """
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        problem = f"cannot be made ({error.strerror})"
        raise UserError(f"{folder}: {problem}; choose another place") from None
    title = getattr(_module(task), "TITLE", None) if task in TASKS else None
    files = {Path(folder) / task_file_name(task, split, title): stories
             for split, stories in sets.items()}
    write_files(files, overwrite)
    return list(files)
