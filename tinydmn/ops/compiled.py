"""`njit` as Numba's; what its kernels compile to is kept in `ops.cache_folder()`, where that can be written.

Numba's own cache raises an error where no folder can be written or a file in it is damaged, falls back on folders whose kernels may be stale,
and needs a folder that can be written even to read from it.  Here none of this is an error: a kernel that cannot be loaded is compiled.
"""

import os
import pickle
import sys
import warnings
from contextlib import suppress
from hashlib import sha256

from ..errors import notice
from . import cache_folder, cache_problem, not_kept

with warnings.catch_warnings(record=True) as said:
    warnings.simplefilter("always")
    import numba
for warning in said:                                       # of a variable NUMBA_... that it cannot read: with a traceback, after the first line
    notice("numba", str(warning.message).strip().splitlines()[0])

from numba.core.caching import NullCache
from numba.core.compiler import CompileResult
from numba.core.serialize import dumps

DIGEST = 32                    # bytes of a file before the kernel: their digest, so that a damaged one is seen


def njit(cache=False, **options):
    """numba.njit(**options).  cache=True: what it compiles to is kept, for functions of *_numba.py: by these the folder is named."""
    def declare(function):
        kernel = numba.njit(**options)(function)
        ours = function.__module__.startswith(__package__ + ".") and function.__module__.endswith("_numba")
        if cache and ours and kernel is not function:      # with NUMBA_DISABLE_JIT it is
            if cache_folder():
                kernel._cache = _Kept(function, cache_folder())
            else:
                notice("kernels", not_kept(cache_problem()))
        return kernel
    return declare


class _Kept(NullCache):
    """The compiled versions of one function, a file for each signature, processor and version of Numba and Python."""

    def __init__(self, function, folder):
        self.function, self.folder = function, folder

    @property
    def cache_path(self):
        return str(self.folder)

    def path(self, signature, codegen):
        code = self.function.__code__
        key = repr((numba.__version__, sys.version_info[:3], code.co_firstlineno, code.co_code, signature, codegen.magic_tuple()))
        return self.folder / f"{self.function.__module__.rpartition('.')[2]}.{self.function.__name__}-{sha256(key.encode()).hexdigest()[:16]}.nbc"

    def load_overload(self, sig, target_context):
        """-> CompileResult, or None where it must be compiled."""
        target_context.refresh()
        with suppress(Exception):                          # missing, not to be read, damaged: it is compiled, and kept anew
            data = self.path(sig, target_context.codegen()).read_bytes()
            if sha256(data[DIGEST:]).digest() == data[:DIGEST]:
                return CompileResult._rebuild(target_context, *pickle.loads(data[DIGEST:]))

    def save_overload(self, sig, data):
        """Keeps a CompileResult, if it can; where the folder cannot be written, that is said once."""
        if data.library.has_dynamic_globals:               # it points to something of this process
            return
        compiled = dumps(data._reduce())
        path = self.path(sig, data.codegen)
        temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary.write_bytes(sha256(compiled).digest() + compiled)
            os.replace(temporary, path)
        except OSError as error:
            notice("kernels", not_kept(error.strerror or error))
        finally:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
