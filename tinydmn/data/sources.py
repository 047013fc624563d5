"""Where stories come from: published files, or the generator."""

import numpy as np

from ..errors import UserError
from .babi import load_task
from .generator import TASKS, generate_questions
from .story import count_questions

SIZES = {"1k": (900, 1000), "10k": (9000, 1000)}   # generated questions for training and validation


def babi_stories(task, data=None, size=None, seed=0):
    """(train, valid, test or None) of a bAbI task, each list[Story]: from the folder `data`, or
    generated where it is None.

    size: "1k" or "10k"; None: that of the folder; 1k where it has both, and for generated stories.
    Raises UserError where the folder, the task or a generator for it is missing.
    """
    if data is not None:
        return load_task(data, task, size)
    if task not in TASKS:
        raise UserError(f"--task {task}: the generator knows tasks {', '.join(map(str, TASKS))}; "
                        "give one of these, or --data DIR with the published files")
    return *generated_sets(task, size or "1k", np.random.default_rng([seed, task])), None


def generated_sets(task, size, rng):
    """(train, valid) of a task, with the numbers of questions in SIZES.

    No validation question occurs in training after the same facts: one that does is left out of its
    story.  Of task 20 that is nearly every first question, of which there are 16 in all.
    Where too few others are found, the validation set is smaller.
    """
    n_train, n_valid = SIZES[size]
    train = generate_questions(task, n_train, rng)
    return train, generate_questions(task, n_valid, rng, apart_from=train)


def size_of(stories):
    """"1k" or "10k", whichever is closer to the number of questions: which settings to use."""
    return "10k" if count_questions(stories) > 3000 else "1k"
