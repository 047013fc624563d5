"""`njit` as Numba's; what its kernels compile to is kept in `ops.cache_folder()`, where that can
be written.

Numba's own cache raises an error where no folder can be written or a file in it is damaged, falls
back on folders whose kernels may be stale, and needs a writable folder even to read from it.  Here
none of this is an error: a kernel that cannot be loaded is compiled.
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
for warning in said:           # of a variable NUMBA_... that it cannot read; line 2 on: a traceback
    notice("numba", str(warning.message).strip().splitlines()[0])

from numba.core.caching import NullCache                   # noqa: E402
from numba.core.compiler import CompileResult              # noqa: E402
from numba.core.serialize import dumps                     # noqa: E402

DIGEST = 32                    # bytes of a file before the kernel: a digest that shows damage


def njit(cache=False, **options):
    """numba.njit(**options).

    cache=True: what it compiles to is kept, for functions of *_numba.py, which name the folder.
    """
    def declare(function):
        kernel = numba.njit(**options)(function)
        module = function.__module__
        ours = module.startswith(__package__ + ".") and module.endswith("_numba")
        if cache and ours and kernel is not function:      # with NUMBA_DISABLE_JIT it is
            if cache_folder():
                kernel._cache = _Kept(function, cache_folder())
            else:
                notice("kernels", not_kept(cache_problem()))
        return kernel
    return declare


class _Kept(NullCache):
    """The compiled versions of one function: a file for each signature, processor, and version of
    Numba and Python.
    """

    def __init__(self, function, folder):
        self.function, self.folder = function, folder

    @property
    def cache_path(self):
        return str(self.folder)

    def path(self, signature, codegen):
        code = self.function.__code__
        key = repr((numba.__version__, sys.version_info[:3], code.co_firstlineno, code.co_code,
                    signature, codegen.magic_tuple()))
        module, digest = self.function.__module__.rpartition(".")[2], sha256(key.encode())
        return self.folder / f"{module}.{self.function.__name__}-{digest.hexdigest()[:16]}.nbc"

    def load_overload(self, sig, target_context):
        """-> CompileResult, or None where it must be compiled."""
        target_context.refresh()
        with suppress(Exception):                          # missing, unreadable, damaged: compiled
            data = self.path(sig, target_context.codegen()).read_bytes()
            if sha256(data[DIGEST:]).digest() == data[:DIGEST]:
                return CompileResult._rebuild(target_context, *pickle.loads(data[DIGEST:]))

    def save_overload(self, sig, data):
        """Keeps a CompileResult, if it can; a folder that cannot be written is reported once."""
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
