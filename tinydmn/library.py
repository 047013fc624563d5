"""Train, score, save and load a network in one line each; the command line stands on the same code.

    from tinydmn import Question, Story, evaluate, fit, load, save

    stories = [Story(["Mary went to the garden.", "John left."],
                     [Question("Where is Mary?", "garden", 2, [0])]), ...]
    model = fit(stories, epochs=50)            # or fit("babi", task=1), fit("my_stories.txt"), ...
    print(evaluate(model, stories).answer_accuracy)
    save(model, "mine.npz")                    # then, in a shell: tinydmn ask mine.npz
"""

from collections.abc import Sequence
from dataclasses import asdict, fields
from os import PathLike

import numpy as np

from .config import Config
from .data.babi import split_by_story
from .data.story import Story
from .errors import UserError
from .model import DMN
from .ops.failures import plainly
from .parts import answer_of
from .tasks import TASKS, about_given, about_run, gather, option_values, task_of
from .training import checkpoint, loop, memory
from .training.evaluate import Score
from .training.evaluate import evaluate as score_batch
from .training.material import batch_of

Stories = Sequence[Story] | str | PathLike


def fit(stories: Stories, valid: Stories | None = None, task_set: str = "babi",
        config: Config | None = None, backend: str = "numba", seed: int = 0,
        progress: bool = False, **options) -> DMN:
    """Trains a network (section 2.5) -> DMN with the best weights on validation.

        fit(stories)                           stories with questions, a list[Story]
        fit("my_stories.txt", epochs=30)       a file of them (see `tinydmn train --help`)
        fit("reviews.csv", task_set="sst")     texts with labels
        fit("babi", task=2, data="tasks_1-20/en")

    stories     list[Story]; the path of a file of your own; or the name of a task set ("babi",
                "sst", "pos"), whose texts are published files in the folder `data`, or generated
    valid       stories or a path for validation (early stopping and the choice of the epoch); None:
                every tenth story is held out, or the published validation part
    task_set    what a list or a file holds: "babi" stories, "sst" texts, "pos" tagged sentences
    config      all settings (see Config for their meaning); None: what suits the task set
    backend     "numba" or "numpy"
    seed        of all random draws; one seed gives one result
    progress    whether to show a progress bar (without a terminal: a line an epoch)
    options     fields of Config, which override `config`; options of the task set, as of
                `tinydmn train` (task, size, plain; kind, phrases; column; vectors); data

    Raises UserError for what the command line would refuse (missing files, settings out of range
    or that do not suit the texts), for no stories, and where a loss or gradient is not finite;
    TypeError for an unknown keyword and for stories that are none.  Ctrl-C ends with
    KeyboardInterrupt.
    """
    names = {f.name for f in fields(Config)}
    given = asdict(config) if config else {}
    given |= {name: options.pop(name) for name in [*options] if name in names}
    about, material = _gathered(stories, valid, task_set, seed, options, given)
    about["texts"] = material.digest
    model, state, _ = begin(material, backend, seed)
    on_epoch = on_step = bar = None
    if progress:
        from .training.progress import Progress            # loads tqdm
        bar = Progress(model.config, state, sum(len(s.questions) for s in material.train))
        on_epoch, on_step = bar.epoch, bar.on_step
    try:
        with plainly():
            loop.train(model, material.epoch, material.batch(material.valid), state, on_epoch,
                       on_step)
    finally:
        if bar:
            bar.close()
    model.run = state, about
    return model


def evaluate(model: DMN, stories: Stories, ensemble: bool = False) -> Score:
    """The score of a network on stories -> Score.

    Its answer_accuracy and gate_accuracy are shares from 0 to 1, `interval` is the 95 % interval
    of the first, loss is in nats; n_questions says of how many questions (of tags: words).

    stories: list[Story] whose questions have answers; or a path, which is read as the files of the
    run that the model comes from (of any other model: as stories, of one that tags as tagged
    sentences).  ensemble: score the checkpoint ensemble of `fit(..., ensemble=K)` instead of the
    best epoch alone.

    Raises UserError for a file that cannot be read, and for an ensemble where one epoch alone was
    kept; TypeError for stories that are none; ValueError where no question has an answer.
    """
    state, about = model.run or (None, _about_of(model))
    if isinstance(stories, (str, PathLike)):
        stories = task_of(about).read_asked(stories, about)
    stories = [story for story in _listed(stories) if story.questions]
    if not stories:
        raise UserError("no story has a question to score; give other stories")
    if ensemble and len(state.kept if state else ()) < 2:
        raise UserError("ensemble: one epoch alone was kept; train with ensemble=2 or more")
    batch = batch_of(stories, model.vocabulary, model.config)
    return score_batch(model, batch, thetas=state.kept if ensemble else None)


def save(model: DMN, path: str | PathLike) -> None:
    """Writes a checkpoint (.npz), which `load` and every command of `tinydmn` read.

    Of a model that `fit` or `load` gave, and that was not changed since, the state of its training
    is kept too.  Raises UserError where the path cannot be written.
    """
    state, about = model.run or (None, _about_of(model))
    if state is None or not np.array_equal(state.best_theta, model.theta_on_host):
        state = loop.start(model, about["seed"])
    checkpoint.save(path, model, state, about)


def load(path: str | PathLike, backend: str = "numba") -> DMN:
    """Reads a checkpoint of `save` or `tinydmn train` -> DMN with its best weights.

    backend: "numba" or "numpy".  Nothing in the file is executed: it is read without pickle.
    Raises UserError where it is missing, or no checkpoint of this version.
    """
    model, state, about = checkpoint.load(path, backend)
    model.run = state, about
    return model


def begin(material, backend="numba", seed=0):
    """A run that has not been trained yet -> model, State, how many words have no word vector (None
    without vectors).  Raises UserError where it would not fit into memory."""
    stories = material.train + material.valid
    memory.check(stories, material.config, "float32", material.vocabulary)
    model, without = material.network(backend, seed)
    return model, loop.start(model, seed), without


def _gathered(stories, valid, task_set, seed, options, given):
    """-> about, Material of what `fit` is given."""
    by_name = isinstance(stories, str) and stories in TASKS
    task_set = stories if by_name else task_set
    if task_set not in TASKS:
        raise UserError(f"task_set is {task_set!r}; give {' or '.join(TASKS)}")
    own = TASKS[task_set].options
    for name in options:
        if name not in own and not (name == "data" and by_name):
            raise TypeError(f"fit() got an unexpected keyword argument {name!r}: no field of "
                            f"Config, and no option of {task_set} ({', '.join(own)})")
    if by_name:
        if valid is not None:
            raise UserError(f"valid: {task_set} has a validation part of its own; leave valid out")
        data = options.pop("data", None)
        about = about_run(task_set, data, seed, **option_values(task_set, options))
        return about, gather(about, **given)
    if isinstance(stories, (str, PathLike)):
        if not isinstance(valid, (str, PathLike, type(None))):
            raise TypeError("valid is a list and stories are a file; give two lists or two files")
        files = {"file": stories, "valid": valid}
        about = about_run(task_set, None, seed, **option_values(task_set, options), **files)
        return about, gather(about, **given)
    about = about_given(task_set, seed, **options)
    train = [story for story in _listed(stories) if story.questions]
    if valid is None:
        if len(train) < 2:
            raise UserError(f"{len(train)} stories with a question cannot be split; "
                            "give more, or valid")
        train, valid = split_by_story(train, 0.1)
    elif isinstance(valid, (str, PathLike)):
        valid = TASKS[task_set].read(valid, about)
    valid = [story for story in _listed(valid) if story.questions]
    if not train or not valid:
        raise UserError("no story has a question to learn from, or to validate with; "
                        "give other stories")
    return about, TASKS[task_set].material(about, given, train, valid, None)


def _listed(stories):
    """list[Story].  Raises TypeError for anything else."""
    if isinstance(stories, Story) or not isinstance(stories, Sequence):
        raise TypeError(f"stories are a {type(stories).__name__}; give a list of Story")
    for story in stories:
        if not isinstance(story, Story):
            raise TypeError(f"a {type(story).__name__} among the stories; give a list of Story")
    return list(stories)


def _about_of(model):
    """The `about` of a model that comes from no run."""
    tags = answer_of(model.config).PER_WORD
    return about_given(next(name for name, task in TASKS.items() if task.tags == tags), 0)
