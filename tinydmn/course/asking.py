"""In the student's process: right functions in the place of wrong ones, which ask the grader.

The file gets numbers, as it would by calling its own function; no definition is in its process.  It
is part of student.py, and imports nothing of this package.
"""

from numpy import asarray, ndarray


class Cache(tuple):
    """What a forward here keeps: its arguments."""


def stand_ins(name, ask):
    """-> {function's name: function} of a part.  ask({"ask", "way"}, arrays) -> arrays."""
    def asked(way, arrays):
        like = [a.dtype for a in arrays if a.dtype.kind == "f"]
        found = ask({"ask": name, "way": way}, arrays)
        return [a.astype(like[0]) if like else a for a in found]

    def forward(*args):
        args = Cache(asarray(a).copy() for a in args)
        return (*asked("forward", args), args)

    def backward(*args):
        place = next((i for i, arg in enumerate(args) if type(arg) is Cache), None)
        if place is None:
            raise TypeError(f"{name}_backward needs the cache that {name}_forward has returned")
        params = [a for a in args[place + 1:] if isinstance(a, ndarray)]
        found = asked("backward", [*map(asarray, args[:place]), *args[place]])
        first = len(found) - len(params)
        for a, more in zip(params, found[first:]):
            a += more
        return found[0] if first == 1 else tuple(found[:first])
    return {f"{name}_forward": forward, f"{name}_backward": backward}
