"""The task sets, and what a run on one of them learns from.  A further set: a module, and a line
here."""

from pathlib import Path

from ..config import check_value
from ..errors import UserError
from ..training.material import Material
from .babi import Babi
from .pos import Pos
from .sst import Sst
from .task import EVERY_RUN, Task, name_of_file

TASKS = {task.name: task for task in (
    Babi(),
    Sst(),
    Pos(),
)}


def task_of(about: dict) -> Task:
    """The task set of a run.  Raises UserError where this program has none of that name."""
    name = about.get("set")
    if name not in TASKS:
        raise UserError(f"a run of {name}, which is no task set here; give one of "
                        f"{', '.join(TASKS)}")
    return TASKS[name]


def having(option: str) -> str:
    """The names of the task sets that have an option of `tinydmn train`, in words."""
    return " and ".join(name for name, task in TASKS.items() if option in task.options)


def about_run(task_set: str, data, seed: int, **more) -> dict:
    """The `about` of a run: all that decides its texts, a dict that JSON can hold.  From it and
    the settings given by hand everything can be made again, so a run can be resumed and a table
    asked for twice.

    task_set: a name of TASKS; data: folder of published files, or None; seed: int; more: the
    options of the set, and "file" and "valid" for a file of one's own.  Paths are made absolute.
    """
    task, absolute = TASKS[task_set], lambda path: str(Path(path).resolve())
    if more.get("vectors") not in (None, "glove"):
        more["vectors"] = absolute(more["vectors"])
    if more.get("file"):                                   # other runs have neither key
        more |= {key: more.get(key) and absolute(more[key]) for key in ("file", "valid")}
        more |= {"task": None}
        name = f"{task_set}-{name_of_file(more['file'])}"
    else:
        name = task.run_name(more)
    data = absolute(data) if data else None
    return {"set": task_set, "name": name, "data": data, "seed": seed} | EVERY_RUN | more


def about_given(task_set: str, seed: int, **more) -> dict:
    """The `about` of a run on stories that are given as objects, and are in no file."""
    about = about_run(task_set, None, seed, **option_values(task_set, more))
    return about | {"name": task_set, "task": None, "given": True}


def option_values(task_set: str, given: dict) -> dict:
    """The options of a task set: those in `given`, and for the others, or None, their defaults.

    Raises UserError for a value that is out of range.
    """
    out = {}
    for name, option in TASKS[task_set].options.items():
        value = given.get(name)
        out[name] = option.default if value is None else checked(name, value, option)
    return out


def checked(name, value, option):
    """A value of an Option.  Raises UserError where it is none."""
    if option.choices and value not in option.choices:
        raise UserError(f"{name} is {value!r}; give {' or '.join(map(str, option.choices))}")
    if option.type in (int, float):
        check_value(name, value, option.type, option.limits)
    elif option.type is not str:
        option.type(value)
    return value


def texts_of(about: dict) -> tuple:
    """The training, validation and test stories of a run (test may be None), and of published
    trees their phrases.

    Raises UserError for what is missing, and where nothing is left to learn from or to validate
    with.
    """
    task = task_of(about)
    if about.get("given"):
        raise UserError("the run was trained on stories given to fit(), which are in no file; "
                        "give --file FILE, or train again")
    if about.get("file"):
        return *task.parts_of_file(about), None
    found = task.texts(about)
    for stories, part in zip(found, ("training", "validation")):
        if not stories:
            raise UserError(f"{about['data'] or 'generated texts'}: its {part} part has no "
                            f"question left to ask{task.left_out(about)}; give more texts")
    return found


def gather(about: dict, **given) -> Material:
    """What a run learns from -> Material.  given: fields of Config.  Raises UserError as
    `texts_of`, and for settings that do not suit the texts."""
    return task_of(about).material(about, given, *texts_of(about))
