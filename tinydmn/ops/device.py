"""The one file that imports CUDA: the device, integers that both sides know, launches.

A kernel is compiled for the arrays that it is first given.  With NUMBA_ENABLE_CUDASIM=1 Numba runs
kernels in Python, one thread after the other: slow, right, and without any GPU.
"""

from functools import cache, cached_property
from importlib import import_module
from importlib.util import find_spec
from warnings import filterwarnings

import numba
import numpy as np
from numba import cuda

from ..errors import UserError
from .failures import NEWER

SIMULATED = bool(numba.config.ENABLE_CUDASIM)
if SIMULATED:
    from .simulator import mend
    mend()
filterwarnings("ignore", "Grid size")        # Numba's, of a small batch: it is one, no mistake
# arrays that wait to be freed, for that waits for the device; by Numba's own rule they may take a
# fifth of its memory
numba.config.CUDA_DEALLOCS_COUNT = 10_000
THREADS = 4 if SIMULATED else 128      # of a block, where nothing else is said
TILE = 2 if SIMULATED else 16          # a product's block makes TILE x TILE numbers
BLOCK_REGISTERS = 65_536       # of a block, for all its threads
ON_CHIP = 48 * 1024                    # bytes of shared memory a block may have: numba-cuda#94
# Numbers that keep the precision of what they meet: on a device a bare 0.5 would make float64 of
# float32, and in Python np.float32(0.5) would make float32 of what math.tanh gives.
ZERO, HALF, ONE = map(float if SIMULATED else np.float32, (0, 0.5, 1))


def missing():
    """What keeps kernels from running here, and how to get it, in one line; None where they run."""
    if SIMULATED:
        return None
    if not find_spec("numba_cuda"):
        return "numba-cuda is not installed; pip install 'tinydmn[cuda]'"
    try:
        if cuda.is_available():
            return too_old(*versions())
        error = cuda.cuda_error()
    except Exception as found:                             # a driver that is there, and broken
        error = found
    why = f" ({str(error).strip().splitlines()[0]})" if error and str(error).strip() else ""
    return (f"no NVIDIA GPU with a driver that fits was found{why}; use --backend numba, or "
            "NUMBA_ENABLE_CUDASIM=1 to run the kernels slowly in Python")


def versions():
    """-> the CUDA that the driver knows, and that of the compiler; each (major, minor)."""
    return (cuda.cudadrv.driver.driver.get_version(),
            cuda.cudadrv.runtime.runtime.get_version())


def too_old(driver, compiler):
    """What to say of a driver that is older than the compiler; None where the two fit.

    Any driver for CUDA 13 runs what is linked for another 13: only the first number counts.
    """
    if driver[0] >= compiler[0]:
        return None
    dotted = [".".join(map(str, version)) for version in (driver, compiler)]
    return (f"the NVIDIA driver is for CUDA {dotted[0]}, and the compiler that is installed for "
            f"CUDA {dotted[1]}; {NEWER}, or use --backend numba")


def require():
    """Raises UserError where kernels cannot run."""
    if problem := missing():
        raise UserError(f"back end cuda: {problem}")


def description():
    """The device, its compute capability and driver, in a few words; or what is missing."""
    if problem := missing():
        return problem
    if SIMULATED:
        return "the simulator (NUMBA_ENABLE_CUDASIM): kernels run in Python"
    device = cuda.get_current_device()
    name = device.name.decode() if isinstance(device.name, bytes) else device.name
    major, minor = device.compute_capability
    driver = ".".join(map(str, versions()[0]))
    return f"{name}, compute capability {major}.{minor}, driver for CUDA {driver}"


class Index:
    """Integers on both sides: the host plans with them, kernels read them.  It never changes."""

    def __init__(self, host):
        self.host = np.ascontiguousarray(host)

    shape, dtype, size, ndim = (property(lambda self, name=name: getattr(self.host, name))
                                for name in ("shape", "dtype", "size", "ndim"))

    def __len__(self):
        return len(self.host)

    def __getitem__(self, where):
        return Index(self.host[where])

    def reshape(self, *shape):
        return Index(self.host.reshape(*shape))

    @cached_property
    def device(self):
        """As an int32 array of the device; copied there at the first use."""
        return cuda.to_device(self.host.astype(np.int32))


def integers(a):
    """An array of integers, or Index -> Index."""
    return a if isinstance(a, Index) else Index(a)


@cache
def cupy():
    """The library cupy where it is installed: its arrays see ours, by __cuda_array_interface__."""
    return import_module("cupy") if find_spec("cupy") and not SIMULATED else None


def is_device(a):
    """Whether `a` is an array of the device."""
    return hasattr(a, "copy_to_host")


def empty(shape, dtype):
    """An array of the device, not set."""
    return cuda.device_array(shape, dtype)


def jit_for(threads):
    """cuda.jit for blocks of so many threads: no more registers each than a block can have."""
    if SIMULATED:
        return cuda.jit
    warps = -(-threads // 32)
    return cuda.jit(max_registers=min(255, BLOCK_REGISTERS // (32 * warps) // 8 * 8))


def launch(kernel, n, *arrays):
    """Runs a kernel of one thread a number, for n of them."""
    if n:
        kernel[-(-n // THREADS), THREADS](*arrays)


@cache
def real(dtype):
    """The Numba type of float32 or float64, which arrays inside a kernel are made of."""
    return numba.from_dtype(np.dtype(dtype))
