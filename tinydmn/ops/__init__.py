"""The operations, each in several versions of one name and one signature.

`ls` shows which exists in which version: NAME_numpy.py is the definition, NAME_numba.py the fast one on the CPU.
"""

import os
import re
from contextlib import suppress
from functools import cache
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from shutil import rmtree
from tempfile import TemporaryFile
from types import SimpleNamespace

OPERATIONS = {
    "embedding": ("embedding_forward", "embedding_backward", "features_forward", "features_backward", "dropout_forward", "dropout_backward"),
    "gru": ("input_product", "input_product_backward", "gru_forward", "gru_backward", "gru_cell_forward", "gru_cell_backward"),
    "lstm": ("lstm_forward", "lstm_backward"),
    "rnn": ("rnn_forward", "rnn_backward"),
    "gate": ("gate_shared_forward", "gate_forward", "gate_shared_zeros", "gate_backward", "gate_shared_backward"),
    "episode": ("sigmoid_gates_forward", "sigmoid_gates_backward", "softmax_episode_forward", "softmax_episode_backward"),
    "loss": ("cross_entropy_forward", "cross_entropy_backward"),
    "optimizer": ("l2_forward", "l2_backward", "clip_by_global_norm", "adam"),
}
BACKENDS = ("numpy", "numba")
KEPT = 4                                                   # folders of compiled kernels beside the one in use


@cache
def load(backend):
    """All operations of one backend as attributes of one object.  Raises ValueError for a backend there is not."""
    if backend not in BACKENDS:
        raise ValueError(f"backend {backend!r}: give one of {', '.join(BACKENDS)}")
    functions = {}
    if backend == "numba" and cache_folder():
        prune(cache_folder())
    for module, names in OPERATIONS.items():
        version = import_module(f"{__name__}.{module}_{backend}")
        functions |= {name: getattr(version, name) for name in names}
    return SimpleNamespace(**functions)


@cache
def cache_folder():
    """Where compiled kernels are kept: NUMBA_CACHE_DIR, or the user's cache folder, below it one folder for each state of their sources; None
    where no variable names a place and this user has no home.

    A kernel is stale when any file has changed that it compiles something of; a folder named by the digest of all *_numba.py is always right
    (they compile nothing of other files), and it can be written where the package itself cannot.
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
            file.write(bytes(2**16))                       # in a full folder a name has room, and this has not
    except OSError as error:
        return error.strerror or str(error)


def not_kept(why):
    """What a user is told where compiled kernels cannot be kept."""
    place = f" in {cache_folder()}" if cache_folder() else ""
    return f"compiled kernels cannot be kept{place} ({why}), so each process compiles anew; set NUMBA_CACHE_DIR to a folder that you may write to"


def prune(folder):
    """Notes that `folder` is in use, and removes those beside it that were used least lately, but for KEPT: each edit of a kernel leaves one."""
    with suppress(OSError):                                # not to be written, or somebody else prunes: no matter
        folder.mkdir(parents=True, exist_ok=True)
        os.utime(folder)
        others = [other for other in folder.parent.iterdir() if other != folder and re.fullmatch("[0-9a-f]{16}", other.name)]
        for old in sorted(others, key=lambda other: other.stat().st_mtime, reverse=True)[KEPT:]:
            rmtree(old, ignore_errors=True)
