"""Stories of our own in the language of the published bAbI files, so that everything runs without a download.

A task is one file, task01.py and so on, with one function: story(rng) -> Story.  To add a task, add its file.
"""

import re
from dataclasses import replace
from importlib import import_module
from itertools import islice
from pathlib import Path
from pkgutil import iter_modules

from ...errors import UserError, check_rng
from ..babi import task_file_name, write_files
from ..story import asked


def find_tasks():
    """The numbers of the task files that lie here, ascending."""
    return tuple(sorted(int(m[1]) for module in iter_modules(__path__) if (m := re.fullmatch(r"task([0-9]+)", module.name))))


TASKS = find_tasks()


TRIES = 1000       # stories drawn in vain, one after the other, before the search for one that is apart is given up


def generate(task, n_stories, rng, apart_from=()):
    """`n_stories` stories of a task as list[Story], with as many questions each as the published ones have.

    apart_from: stories; a question that stands there with all its facts is left out, and so is a story that has no other.
    Every random draw comes from `rng`, a numpy Generator.  Raises UserError for a task without a generator, for less than one story, and
    where a further story that is apart is not found.
    """
    if n_stories < 1:
        raise UserError(f"{n_stories} stories asked for; give a number of 1 or more")
    stories = list(islice(_drawn(task, rng, apart_from), n_stories))
    if len(stories) < n_stories:
        raise UserError(f"task {task}: no more than {len(stories)} stories were found that are apart from {len(apart_from)} others; ask for fewer")
    return stories


def generate_questions(task, n_questions, rng, apart_from=()):
    """As `generate`, but stories that hold `n_questions` questions in all, or as many as are found apart."""
    stories, left = [], n_questions
    drawn = _drawn(task, rng, apart_from)
    while left > 0 and (story := next(drawn, None)):
        stories.append(replace(story, questions=story.questions[:left]))
        left -= len(stories[-1].questions)
    return stories


def _drawn(task, rng, apart_from):
    """Story after story, without the questions that stand in `apart_from`; it ends after TRIES stories that have no other."""
    check_rng(rng)
    if task not in TASKS:
        raise UserError(f"task {task} has no generator; give one of {', '.join(map(str, TASKS))}, "
                        "or the published files of it")
    draw = import_module(f".task{task:02d}", __name__).story
    known = {text for story in apart_from for text in asked(story)}
    number, vain = 0, 0
    while vain < TRIES:
        story = draw(rng)
        questions = [q for q, text in zip(story.questions, asked(story)) if text not in known] if known else story.questions
        vain = 0 if questions else vain + 1
        if questions:
            number += 1
            yield replace(story, questions=questions, source=f"generated task {task}, story {number}")


def write_task(folder, task, n_stories, rng, overwrite=False):
    """Write generated stories under the published names; `n_stories` is {"train": 200, "valid": 20, ...}, each apart from those before it.

    Returns the paths.  Raises UserError as `generate` and `write_sets`.
    """
    sets = {}
    for split, n in n_stories.items():
        sets[split] = generate(task, n, rng, [story for stories in sets.values() for story in stories])
    return write_sets(folder, task, sets, overwrite)


def write_sets(folder, task, sets, overwrite=False):
    """Write {"train": stories, "valid": stories, ...} of a task under the published names.  Returns the paths.

    The folder is made where there is none.  Raises UserError where a file exists already (unless `overwrite`) or cannot be written: then none is.
    """
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"{folder}: cannot be made ({error.strerror}); choose another place") from None
    files = {Path(folder) / task_file_name(task, split): stories for split, stories in sets.items()}
    write_files(files, overwrite)
    return list(files)
