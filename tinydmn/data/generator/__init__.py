"""Stories of our own in the language of the published bAbI files, so that everything runs without a download.

A task is one file, task01.py and so on, with one function: story(rng) -> Story.  To add a task, add its file.
"""

import re
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

from ...errors import UserError
from ..babi import task_file_name, write_babi


def find_tasks():
    """The numbers of the task files that lie here, ascending."""
    return tuple(sorted(int(m[1]) for module in iter_modules(__path__) if (m := re.fullmatch(r"task([0-9]+)", module.name))))


TASKS = find_tasks()


def generate(task, n_stories, rng):
    """`n_stories` stories of a task as list[Story], with as many questions each as the published ones have.

    Every random draw comes from `rng`, a numpy Generator.  Raises UserError for a task without a generator and for less than one story.
    """
    if task not in TASKS:
        raise UserError(f"task {task} has no generator; give one of {', '.join(map(str, TASKS))}, "
                        "or the published files of it")
    if n_stories < 1:
        raise UserError(f"{n_stories} stories asked for; give a number of 1 or more")
    story = import_module(f".task{task:02d}", __name__).story
    return [replace(story(rng), source=f"generated task {task}, story {i}") for i in range(1, n_stories + 1)]


def write_task(folder, task, n_stories, rng, overwrite=False):
    """Write generated stories under the published names; `n_stories` is {"train": 200, "valid": 20, ...}.  Returns the paths.

    The folder is made where there is none.  Raises UserError where a file exists already (unless `overwrite`): then none is written.
    """
    stories = {split: generate(task, n, rng) for split, n in n_stories.items()}
    paths = {split: Path(folder) / task_file_name(task, split) for split in stories}
    for path in paths.values():
        if path.exists() and not overwrite:
            raise UserError(f"{path}: exists already; choose another folder, or ask to overwrite it")
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"{folder}: cannot be made ({error.strerror}); choose another place") from None
    for split, path in paths.items():
        write_babi(stories[split], path, overwrite)
    return list(paths.values())
