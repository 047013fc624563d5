"""Where stories come from: published files, or our own generator."""

import numpy as np

from ..errors import UserError
from .babi import load_task
from .generator import TASKS, generate

SIZES = {"1k": (180, 200), "10k": (1800, 200)}             # generated stories for training and for validation, five questions each


def babi_stories(task, data=None, size=None, seed=0):
    """(train, valid, test or None) of a bAbI task, each list[Story]: from the folder `data`, or generated where it is None.

    size: "1k" or "10k"; None: the folder's own, 1k where it has both or where stories are generated.  Raises UserError where the folder, the task or a generator for it is missing.
    """
    if data is not None:
        return load_task(data, task, size)
    if task not in TASKS:
        raise UserError(f"--task {task}: the generator knows tasks {', '.join(map(str, TASKS))}; give one of these, or --data DIR with the published files")
    n_train, n_valid = SIZES[size or "1k"]
    stories = generate(task, n_train + n_valid, np.random.default_rng([seed, task]))
    return stories[:n_train], stories[n_train:], None


def size_of(stories):
    """"1k" or "10k", whichever the number of questions is nearer to: what settings suit them."""
    return "10k" if sum(len(story.questions) for story in stories) > 3000 else "1k"
