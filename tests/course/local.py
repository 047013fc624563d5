"""A session within this process: for tests of what is asked and judged.

What is written with Numba runs as plain Python: njit does nothing, and a kernel's threads run one after the other, which is enough where none
waits for another.  tests/course/test_fast.py runs some of the same files compiled, and in Numba's simulator.
"""

from itertools import product
from types import SimpleNamespace

import numpy as np

from tinydmn.course.calls import Kept, Result


class Kernel:
    """A kernel of CUDA, of one dimension."""

    def __init__(self, f):
        self.f = f

    def __getitem__(self, launch):
        def run(*args):
            cuda.gridDim.x, cuda.blockDim.x = launch
            for cuda.blockIdx.x, cuda.threadIdx.x in product(*map(range, launch)):
                self.f(*args)
        return run


places = {name: SimpleNamespace(x=0) for name in ("threadIdx", "blockIdx", "blockDim", "gridDim")}
cuda = SimpleNamespace(
    **places, jit=lambda f=None, device=False: Kernel(f) if f else lambda f: f, grid=lambda n: cuda.blockIdx.x * cuda.blockDim.x + cuda.threadIdx.x,
    gridsize=lambda n: cuda.gridDim.x * cuda.blockDim.x, local=SimpleNamespace(array=lambda shape, dtype: np.zeros(shape, dtype)))
plain = SimpleNamespace(njit=lambda f=None, **_: f or (lambda f: f), float64=np.float64, prange=range)


class Local:
    def __init__(self, source):
        self.names = {"np": np, "numba": plain, "njit": plain.njit, "cuda": cuda}
        exec("\n".join(line for line in source.splitlines() if line.split()[1:2] != ["numba"]), self.names)

    def run(self, calls):
        results, caches = [], {}
        for i, call in enumerate(calls):
            args = [a.copy() if isinstance(a, np.ndarray) else a for a in call.args]
            args = [caches.get(a.call) if isinstance(a, Kept) else a for a in args]
            self.names.setdefault("show", {}).clear()
            try:
                f, got = self.names[call.function], None
                if call.launch:
                    f[call.launch](*args)
                    got = ()
                elif call.times:
                    got = sum(f(np.roll(args[0], k, 1), *args[1:]) for k in range(call.times))
                else:
                    got = f(*args)
            except Exception as error:
                results.append(Result(None, f"{type(error).__name__}: {error}"))
                continue
            if got is None:
                results.append(Result(None, "returned None"))
                continue
            got = list(got) if isinstance(got, (tuple, list)) else [got]
            if call.cache:
                caches[i] = got.pop()
            after = tuple(None if isinstance(a, Kept) or b is None else np.array(b) for a, b in zip(call.args, args))
            results.append(Result(tuple(map(np.asarray, got)), "", after, {k: np.array(v) for k, v in self.names["show"].items()}))
        return results
