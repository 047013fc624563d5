"""The Dynamic Memory Network (Kumar et al., ICML 2016) with every derivative written by hand.

    from tinydmn import fit, evaluate, load, save          train, score, keep
    from tinydmn import DMN, Config, Vocabulary, make_batch, read_babi

`help(tinydmn.fit)` begins with an example.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:        # what __getattr__ loads, for type checkers
    from .answer import Answer as Answer
    from .config import Config as Config
    from .data.babi import read_babi as read_babi
    from .data.batch import Batch as Batch, make_batch as make_batch
    from .data.generator import generate as generate
    from .data.story import Question as Question, Story as Story
    from .data.vocabulary import Vocabulary as Vocabulary
    from .errors import UserError as UserError
    from .library import evaluate as evaluate, fit as fit, load as load, save as save
    from .model import DMN as DMN
    from .training.evaluate import Score as Score

__version__ = "0.1.0"

_WHERE = {
    "fit": "library", "evaluate": "library", "load": "library", "save": "library",
    "DMN": "model", "Config": "config", "Story": "data.story", "Question": "data.story",
    "Vocabulary": "data.vocabulary", "Batch": "data.batch", "make_batch": "data.batch",
    "read_babi": "data.babi", "generate": "data.generator", "Score": "training.evaluate",
    "Answer": "answer",
    "UserError": "errors",
}
__all__ = list(_WHERE)


def __getattr__(name):
    """Loads a public name when it is first asked for: `import tinydmn` alone takes milliseconds."""
    if name not in _WHERE:
        raise AttributeError(f"module 'tinydmn' has no attribute {name!r}")
    from importlib import import_module
    return getattr(import_module(f"{__name__}.{_WHERE[name]}"), name)


def __dir__():
    return sorted([*globals(), *__all__])
