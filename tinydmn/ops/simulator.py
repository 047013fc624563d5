"""Numba's CUDA simulator, mended: quicker, the same each time, and it shows more.

The simulator starts a thread of the system for each of CUDA's and asks them all in a loop whether
they wait.  Here one runs at a time, from barrier to barrier, in the order of their numbers: so a
barrier that is missing gives wrong numbers each time.  A barrier that not all threads of a block
reach is an error, as is a launch of no threads; an array that nobody has set holds NaN.  Functions
of the device may have barriers, also where they stand in another file than the kernel.
"""

import sys
from contextlib import contextmanager
from threading import Lock, Thread

import numpy as np
from numba import cuda
from numba.cuda.simulator import kernel
from numba.cuda.simulator.kernelapi import Dim3, FakeCUDALocal, FakeCUDAShared


class Worker(Thread):
    """A thread of the system: it plays one of CUDA's after the other, until one has to wait."""

    free = []                  # they are kept: starting one takes longer than most kernels

    def __init__(self):
        super().__init__(daemon=True)
        self.turn = Lock()
        self.turn.acquire()
        self.start()

    def run(self):
        while True:
            self.turn.acquire()
            block = self.block
            self.blockIdx = block.index
            try:
                for point in block.points:                 # those that no other worker has begun
                    self.threadIdx = Dim3(*point)
                    block.kernel()
            except BaseException as error:
                error.add_note(f"in thread {point} of block {tuple(block.index)}")
                block.error = block.error or error
            block.back.release()

    def syncthreads(self):
        block = self.block
        block.waiting.append(self)
        block.back.release()
        self.turn.acquire()
        if block.error:
            raise SystemExit                               # another thread has failed


class Block:
    """A block of threads.  In the place of Numba's BlockManager."""

    def __init__(self, function, grid, shape, debug):
        self.function, self.shape = function, shape
        self.back = Lock()                                 # a worker gives the turn back
        self.back.acquire()

    def run(self, index, *arguments):
        self.index, self.kernel = Dim3(*index), lambda: self.function(*arguments)
        self.points, self.waiting, self.error = iter(np.ndindex(*self.shape)), [], None
        kernel._get_kernel_context().shared._allocations.clear()       # each block has its own
        workers = []
        while len(self.waiting) == len(workers):           # the last of them waits: another goes on
            workers.append(Worker.free.pop() if Worker.free else Worker())
            workers[-1].block = self
            self.let(workers[-1])
        while self.waiting:
            now, self.waiting = self.waiting, []
            if len(now) < np.prod(self.shape) and not self.error:
                self.error = RuntimeError("a barrier that not all threads of the block reach")
            for worker in now:
                self.let(worker)
        Worker.free.extend(workers)
        if self.error:
            raise self.error

    def let(self, worker):
        """It runs until its next barrier, or its end."""
        worker.turn.release()
        self.back.acquire()


def unset(a):
    """An array that nobody has set."""
    a.fill(np.nan if a.dtype.kind == "f" else -1)
    return a


def shared(self, shape, dtype):
    """The shared array of a block, by the line that asks for it."""
    if shape == 0:                                         # of the size that the launch gave
        return DYNAMIC(self, shape, dtype)
    caller = sys._getframe(1)
    line = caller.f_code, caller.f_lineno
    if line not in self._allocations:
        self._allocations[line] = unset(LOCAL(None, shape, dtype))
    return self._allocations[line]


@contextmanager
def swapped(function, fake):
    """While threads are inside a function, `cuda` means the simulator's in its file.

    Numba ends that with the first that comes back, while others still wait in there.
    """
    names = id(function.__globals__)
    if names not in INSIDE:
        INSIDE[names] = [0, SWAPPED(function, fake)]
        INSIDE[names][1].__enter__()
    INSIDE[names][0] += 1
    try:
        yield
    finally:
        INSIDE[names][0] -= 1
        if not INSIDE[names][0]:
            INSIDE.pop(names)[1].__exit__(None, None, None)


INSIDE, SWAPPED = {}, kernel.swapped_cuda_module           # file -> threads inside, what ends it
DYNAMIC, LOCAL, EMPTY = FakeCUDAShared.array, FakeCUDALocal.array, cuda.device_array
DIMENSIONS = kernel.normalize_kernel_dimensions


def device_array(*arguments, **named):
    out = EMPTY(*arguments, **named)
    unset(out._ary)
    return out


def dimensions(grid, block):
    """Of a launch.  Raises ValueError where it has no threads, which is an error on a device."""
    grid, block = DIMENSIONS(grid, block)
    if 0 in (*grid, *block):
        raise ValueError(f"a launch of no threads: {grid} blocks of {block}")
    return grid, block


def mend():
    """Mends it for this process."""
    kernel.BlockManager, kernel.normalize_kernel_dimensions = Block, dimensions
    kernel.swapped_cuda_module = swapped
    FakeCUDAShared.array = shared
    FakeCUDALocal.array = lambda self, shape, dtype: unset(LOCAL(self, shape, dtype))
    cuda.device_array = device_array
