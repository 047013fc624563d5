"""The operations: all that touches floating-point arrays, each in several versions.

A file NAME_numpy.py is the reference, and its `__all__` names its operations; NAME_numba.py has
functions of the same names and signatures, compiled.  `load` puts back ends on top of each other.

Modules above this folder make integers with NumPy, on the host, and do nothing to floats but call
operations and take views (reshape, slices); a number that an operation returns, a loss say, is read
by `number`.  The other way, an array namespace that a back end names so that modules may write
`dq + dq_memory`, asks for arrays with arithmetic, which those of numba.cuda do not have: each back
end would bring an array class of its own besides its kernels, and every `+` between two operations
would be a launch that nobody sees.  Here they are all in sight.
tests/ops/test_device.py runs whole networks on arrays that can do nothing by themselves.
"""

import os
import re
from collections.abc import Sequence
from contextlib import suppress
from functools import cache, partial
from hashlib import sha256
from importlib import import_module
from inspect import unwrap
from pathlib import Path
from shutil import rmtree
from tempfile import TemporaryFile
from types import MappingProxyType, ModuleType

from .groups import EPISODES

# a back end: the end of the names of its files
BACKENDS = (
    "numpy",
    "numba",
)
DEVICES = ("cuda",)                    # of the same kind, for machines that have the device
# operations that the reference composes of others -> of which
_PASS = ("gate", "gru_cell", *(f"{kind}_episode" for kind in EPISODES))
COMPOSED = {"gru": ("gru_cell",), "gated_episode": ("gru_cell",), "passes": _PASS,
            "word_passes": ("passes", *_PASS), "decode": ("gru_cell", "output")}
KEPT = 4                               # folders of compiled kernels kept beside the one in use


class Operations:
    """The operations of some back ends as attributes; frozen.

    functions: name -> function; one whose first parameter is named ops is given these operations.
    source: name -> where each comes from, "overlay" or a back end; layers: the back ends, topmost
    first; overlay: what lies on top of them, or None.
    """

    def __init__(self, functions, source, layers, overlay=None):
        bound = {name: partial(f, self) if _takes_ops(f) else f for name, f in functions.items()}
        vars(self).update(bound, functions=MappingProxyType(functions),
                          source=MappingProxyType(source), layers=layers, overlay=overlay)

    def __setattr__(self, name, value):
        raise AttributeError(f"operations are frozen, {name} stays; "
                             "ops.load(..., overlay=module) puts functions on top")

    __delattr__ = lambda self, name: self.__setattr__(name, None)

    def __repr__(self):
        layers = ("overlay",) * (self.overlay is not None) + self.layers
        return f"<operations of {' over '.join(layers)}>"

    def __reduce__(self):                                  # a copy, or a pickle, is loaded anew
        return load, (self.layers, self.overlay)


def _takes_ops(function):
    """Whether a function's first parameter is named ops: it is composed of other operations."""
    code = getattr(unwrap(getattr(function, "py_func", function)), "__code__", None)
    return bool(code and code.co_argcount and code.co_varnames[0] == "ops")


def stem(name):
    """gate_forward, gate_backward -> gate: the two share a cache, so they go together."""
    return re.sub("_(forward|backward)$", "", name)


@cache
def functions(backend):
    """The operations that a back end has -> {name: function}.

    Raises ValueError for an unknown back end.
    """
    if backend not in BACKENDS + DEVICES:
        known = ", ".join(BACKENDS + DEVICES)
        raise ValueError(f"backend {backend!r}: give one of {known}, or a list of them")
    found = {}
    names = None if backend == "numpy" else functions("numpy")
    for path in sorted(Path(__file__).parent.glob(f"*_{backend}.py")):
        module = import_module(f"{__name__}.{path.stem}")
        wanted = module.__all__ if names is None else names
        found |= {name: f for name in wanted
                  if (f := getattr(module, name, None)) and f.__module__ == module.__name__}
    return MappingProxyType(found)


def load(backend: str | Sequence[str] = "numba", overlay: object = None) -> Operations:
    """-> Operations, a new object each time.

    backend: a name, or a list of names: what one lacks the next gives, and in the end the
    reference.  overlay: a module, or any object with functions as attributes, whose operations go
    on top of all, say a student's gate_forward and gate_backward; where it has one of a pair, the
    other is the reference's.  A composed operation (COMPOSED) is taken from no back end below what
    it is composed of: with another gate on top, the passes are composed anew.
    Raises ValueError for an unknown back end, and for an overlay without any operation; UserError
    where the back end cannot run on this machine.
    """
    layers = [backend] if isinstance(backend, str) else list(backend)
    layers += [] if "numpy" in layers else ["numpy"]
    if "cuda" in layers:
        import_module(".device", __name__).require()
    if "numba" in layers and cache_folder():
        prune(cache_folder())
    reference = functions("numpy")
    stems = {}
    for name in reference:
        stems.setdefault(stem(name), []).append(name)
    offers = [(name, functions(name)) for name in layers]
    if overlay is not None:
        offers.insert(0, ("overlay", _overlaid(overlay, stems)))
    lowest = layers.index("numpy") + (overlay is not None)

    @cache
    def level(one):
        """The first layer that has all of an operation and lies no lower than its parts."""
        has = [i for i, (_, offered) in enumerate(offers)
               if all(name in offered for name in stems[one])]
        parts = [level(part) for part in COMPOSED.get(one, ()) if part in stems]
        return next((i for i in has if all(i <= part for part in parts)), lowest)
    chosen, source = {}, {}
    for one, names in stems.items():
        layer, offered = offers[level(one)]
        for name in names:
            chosen[name], source[name] = offered[name], layer
            if layer == "overlay" and offered[name] is reference[name]:
                source[name] = "numpy"
    return Operations(chosen, source, tuple(layers), overlay)


def _overlaid(overlay, stems):
    """The operations in `overlay`, and of each pair of which it has one the reference's other."""
    reference, found = functions("numpy"), {}
    here = lambda f: (not isinstance(overlay, ModuleType)
                      or getattr(f, "__module__", None) == overlay.__name__)
    for names in stems.values():
        own = {name: f for name in names if callable(f := getattr(overlay, name, None)) and here(f)}
        if own:
            found |= {name: own.get(name, reference[name]) for name in names}
    if not found:
        raise ValueError(f"{getattr(overlay, '__name__', overlay)} has no operation; "
                         "name a function as the one it replaces, say gate_forward")
    return found


@cache
def cache_folder():
    """Where compiled kernels are kept: a folder for each state of their sources, below
    NUMBA_CACHE_DIR or the user's cache folder; None where no variable names a place and this user
    has no home.

    A kernel is stale once any file has changed that it compiles something of.  A folder named by
    the digest of all *_numba.py is always right (they compile nothing of other files), and it can
    be written where the package itself cannot.
    """
    digest = sha256()
    for source in sorted(Path(__file__).parent.glob("*_numba.py")):
        digest.update(source.name.encode() + b"\0" + source.read_bytes() + b"\0")
    home = os.environ.get("NUMBA_CACHE_DIR") or os.environ.get("XDG_CACHE_HOME")
    with suppress(RuntimeError):                           # a user id without an entry, and no HOME
        home = home or Path.home() / ".cache"
    return Path(home, "tinydmn", digest.hexdigest()[:16]).absolute() if home else None


def cache_problem():
    """Why what is compiled cannot be kept, in a few words; None where it can."""
    if not cache_folder():
        return "this user has no home folder"
    try:
        cache_folder().mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=cache_folder()) as file:
            file.write(bytes(2**16))            # in a full folder a name has room, and this has not
    except OSError as error:
        return error.strerror or str(error)


def not_kept(why):
    """What a user is told where compiled kernels cannot be kept."""
    place = f" in {cache_folder()}" if cache_folder() else ""
    return (f"compiled kernels cannot be kept{place} ({why}), so each process compiles anew; "
            "set NUMBA_CACHE_DIR to a folder that you may write to")


def prune(folder):
    """Notes that `folder` is in use, and removes the least recently used beside it, but for KEPT:
    each edit of a kernel leaves one.
    """
    with suppress(OSError):                 # not to be written, or somebody else prunes: no matter
        folder.mkdir(parents=True, exist_ok=True)
        os.utime(folder)
        others = [other for other in folder.parent.iterdir()
                  if other != folder and re.fullmatch("[0-9a-f]{16}", other.name)]
        for old in sorted(others, key=lambda other: other.stat().st_mtime, reverse=True)[KEPT:]:
            rmtree(old, ignore_errors=True)
