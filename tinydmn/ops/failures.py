"""What the errors of CUDA mean to a user: one line, and what to do.  Nothing of CUDA is imported.

They are known by their names, which the driver puts into its messages: numba-cuda raises them as
classes of its own, and what it stands on as others.  An error that only a mistake in a kernel can
cause (an illegal address, say) keeps its traceback.
"""

import re
from contextlib import contextmanager

from ..errors import UserError

SMALLER = "a smaller --batch takes less"
NEWER = ("install a newer NVIDIA driver, or numba-cuda with the CUDA that this driver knows "
         "(pip install 'numba-cuda[cu12]')")
LATER = "see whether nvidia-smi finds the GPU"
COMPILER = "pip install 'tinydmn[cuda]' brings numba-cuda with its compiler"
FULL = "the GPU's memory is full"
OLD = "the NVIDIA driver is older than the CUDA compiler that is installed"
GONE = "the GPU no longer answers"
MEANINGS = {
    "OUT_OF_MEMORY": (FULL, SMALLER),
    **dict.fromkeys(("UNSUPPORTED_PTX_VERSION", "CALL_REQUIRES_NEWER_DRIVER", "INSUFFICIENT_DRIVER",
                     "SYSTEM_DRIVER_MISMATCH", "COMPAT_NOT_SUPPORTED_ON_DEVICE",
                     "INSUFFICIENT_LOADER_VERSION", "JIT_COMPILER_NOT_FOUND"), (OLD, NEWER)),
    "NO_BINARY_FOR_GPU": ("the CUDA compiler that is installed makes no code for this GPU", NEWER),
    **dict.fromkeys(("NO_DEVICE", "INVALID_DEVICE", "DEVICE_UNAVAILABLE", "DEVICE_NOT_LICENSED",
                     "DEINITIALIZED", "NOT_INITIALIZED", "CONTEXT_IS_DESTROYED", "SYSTEM_NOT_READY",
                     "ECC_UNCORRECTABLE", "NVLINK_UNCORRECTABLE", "CONTAINED", "OPERATING_SYSTEM",
                     "HARDWARE_STACK_ERROR", "LAUNCH_TIMEOUT", "LAUNCH_FAILED", "EXTERNAL_DEVICE",
                     "MPS_CONNECTION_FAILED", "MPS_RPC_FAILURE", "MPS_SERVER_NOT_READY",
                     "MPS_CLIENT_TERMINATED", "UNKNOWN"), (GONE, LATER)),
}
# errors that come without a code, by the names of their classes
CLASSES = {"CudaSupportError": ("the NVIDIA driver cannot be used", LATER),
           "CCSupportError": ("this GPU is too old for the CUDA compiler that is installed", NEWER),
           **dict.fromkeys(("NvvmSupportError", "NvrtcSupportError", "DynamicLibNotFoundError"),
                           ("a part of the CUDA compiler is missing", COMPILER))}


class DeviceError(UserError):
    """A device that failed, or cannot do what it was asked for.

    problem: what is wrong; fix: what to do, where nothing is to be saved.
    """

    def __init__(self, problem, fix):
        super().__init__(f"back end cuda: {problem}; {fix}, or use --backend numba")
        self.problem, self.fix = problem, fix


def meaning(error):
    """An exception -> the DeviceError that says it plainly; None where it is none of these."""
    classes = type(error).__mro__
    if not any(kind.__module__.partition(".")[0] in ("numba", "cuda") for kind in classes):
        return None
    first = next(iter(str(error).strip().splitlines()), "").strip()
    if code := re.search(r"CUDA_ERROR_(\w+)", str(error)):
        problem, fix = MEANINGS.get(code[1], (None, None))
        return problem and DeviceError(f"{problem} ({code[0]})", fix)
    for kind in classes:
        if kind.__name__ in CLASSES:
            problem, fix = CLASSES[kind.__name__]
            return DeviceError(problem + (f" ({first.rstrip('.:')})" if first else ""), fix)
    return None


@contextmanager
def plainly():
    """Raises DeviceError instead of an error of CUDA's that has a meaning to the user."""
    try:
        yield
    except Exception as error:
        if said := meaning(error):
            raise said from error
        raise
