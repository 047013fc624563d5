"""What is asked of a student's file, and what comes back."""

from typing import NamedTuple


class Call(NamedTuple):
    """One call of a function of the file.

    args: arrays, integers, None, or Kept.  cache: the last value returned stays in the student's
    process, for later calls to name by Kept.  launch: (blocks, threads) of a kernel of CUDA, which
    returns nothing.  times: a number of calls in a row, for a clock that looks at the whole: in
    each the first argument is rolled by one more place along its axis 1, so that no call can be
    answered from another, and the sum of what they return is what comes back.
    """

    function: str
    args: tuple
    cache: bool = False
    launch: tuple | None = None
    times: int = 0


class Kept(NamedTuple):
    """An argument: the cache that an earlier call left, by its place among the calls of one run."""

    call: int


class Result(NamedTuple):
    """values: the arrays returned, without the cache; None where the call failed: error, a line.

    args: the arguments after the call, None for what is no array.  shown: the arrays that the
    file's dict `show` held after the call, by name.
    """

    values: tuple | None
    error: str = ""
    args: tuple = ()
    shown: dict = {}
