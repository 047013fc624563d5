"""The Dynamic Memory Network (Kumar et al., ICML 2016) with every derivative written by hand.

    from tinydmn import fit, evaluate, load, save          train, score, keep
    from tinydmn import DMN, Config, Vocabulary, make_batch, read_babi

`help(tinydmn.fit)` begins with an example.
"""

__version__ = "0.1.0"

_WHERE = {
    "fit": "library", "evaluate": "library", "load": "library", "save": "library",
    "DMN": "model", "Config": "config", "Story": "data.story", "Question": "data.story",
    "Vocabulary": "data.vocabulary", "Batch": "data.batch", "make_batch": "data.batch",
    "read_babi": "data.babi", "generate": "data.generator", "Score": "training.evaluate",
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
