"""The process that a student's file runs in: it gets arrays and gives arrays back.

    python -I -S -B student.py READ WRITE SETTINGS         as session.py starts it

It stands on the standard library, NumPy, walls.py and asking.py, and imports nothing else of this
package.  A message is its length (8 bytes, little-endian) and an npz of two arrays of bytes:
"header", which is JSON, and "data", in which the header's "arrays" lie: [dtype, shape, offset]
each, equal ones once.
"""

import errno
import io
import json
import os
import signal
import struct
import sys
import types
import zipfile
from contextlib import suppress

NAME = "student"               # of the module that the file becomes
LATE, NO_MEMORY = 75, 76       # exit codes
MOST = 64 << 20                # bytes of a message
PRINTED = 64 << 10             # bytes of its prints that are kept; the rest is dropped
VALUES, SHOWN = 100, 50        # values of one call; names in `show`
SAYS = 200                     # letters of an error
NUMBA = "Failed in nopython mode pipeline"                 # how what cannot be compiled begins
HEAD = 128                     # bytes before the data of an .npy file
TICK = 0.5                     # seconds from an exception that says "too late" to the end

if __name__ == "__main__":
    # before NumPy is loaded, from where the parent has it: there is no site-packages on the path
    SETTINGS = json.loads(sys.argv[3])
    sys.path += [*SETTINGS["folders"], os.path.dirname(__file__)]
    from asking import stand_ins
    from walls import WRITTEN, guard, limit, no_root, not_announced
    sys.path.pop()
else:
    from .asking import stand_ins
    from .walls import WRITTEN, guard, limit, no_root, not_announced

import numpy as np  # noqa: E402

# what is used after the student's file has run, which may have put others in their places
asarray, ndarray, dtype_of, generic = np.asarray, np.ndarray, np.dtype, np.generic
roll = np.roll
dumps, loads, pipe_read, pipe_write, leave = json.dumps, json.loads, os.read, os.write, os._exit
remove, where = os.rmdir, os.getcwd
NUMBERS = (bool, int, float)


class TimeUp(BaseException):
    """Raised in the student's code by the alarm, so that the line can be named."""


class Refused(Exception):
    """What a call returned is not what it may: one line."""


# ---- messages, of both processes -----------------------------------------------------------------


class Arrays:
    """Arrays on their way into a message; equal ones are kept once."""

    def __init__(self):
        self.table, self.parts, self.size, self.places = [], [], 0, {}

    def add(self, a):
        """-> the place of an array."""
        raw = a.tobytes()
        key = a.dtype.str, a.shape, raw
        if key not in self.places:
            self.places[key] = len(self.table)
            self.table.append([a.dtype.str, list(a.shape), self.size])
            self.parts.append(raw)
            self.size += len(raw)
        return self.places[key]


def pack(header, arrays):
    """A message as bytes, without its length.  (np.savez looks up much that a file may have
    changed.)"""
    text = dumps({**header, "arrays": arrays.table}).encode()
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as members:
        for name, raw in (("header.npy", text), ("data.npy", b"".join(arrays.parts))):
            members.writestr(name, _head(len(raw)) + raw)
    return file.getvalue()


def _head(n):
    """What stands before the n bytes of an array of bytes in an .npy file, version 1.0."""
    says = f"{{'descr': '|u1', 'fortran_order': False, 'shape': ({n},), }}"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", HEAD - 10) + f"{says:{HEAD - 11}}\n".encode()


def unpack(message):
    """-> header, [array], read-only views.  Whatever the message holds, nothing is run, and no more
    memory is taken than it is long; raises an Exception where it is no message."""
    with zipfile.ZipFile(io.BytesIO(message)) as file:
        header, data = (_bytes(file, name, len(message)) for name in ("header.npy", "data.npy"))
    header, arrays = loads(bytes(header)), []
    for dtype, shape, offset in header["arrays"]:
        if not isinstance(dtype, str) or (dtype := dtype_of(dtype)).kind not in "fiub":
            raise ValueError("an array of no numbers")
        # NumPy itself takes an offset below 0, and reads what lies before the buffer
        size = dtype.itemsize
        for n in (*shape, offset):
            if type(n) is not int or n < 0:
                raise ValueError("no shape or place")
        for n in shape:
            size *= n
        if offset + size > len(data):
            raise ValueError("an array behind the end")
        arrays.append(ndarray(tuple(shape), dtype, data, offset))
    return header, arrays


def _bytes(file, name, most):
    """A member of an npz that is an array of bytes."""
    info = file.getinfo(name)
    if info.file_size > most:                            # it is compressed
        raise ValueError(f"{name} is longer than the message")
    raw = file.read(info)
    if raw[:HEAD] != _head(len(raw) - HEAD):
        raise ValueError(f"{name} is no array of bytes")
    return memoryview(raw)[HEAD:]


class Printed(io.TextIOBase):
    """Standard output and error: the first of it is kept, the rest is dropped."""

    left = PRINTED

    def write(self, text):
        raw = str(text).encode(errors="replace")[:self.left]
        self.left -= len(raw)
        while raw:
            raw = raw[pipe_write(1, raw):]
        return len(text)


# ---- the student's file --------------------------------------------------------------------------


def line_of(error, file):
    """An exception in one line, with the line of the student's file where it was last."""
    try:
        says, place = " ".join(str(error).split()), None
        if NUMBA in says:                        # its place is in the text: the code never ran
            says = says.partition(NUMBA)[2].partition(" ")[2].partition(")")[2]
            says, _, place = says.partition(f'File "{file}", line ')
            says = says.partition(" During: ")[0].partition(" There are ")[0].strip()
        says = says if len(says) <= SAYS else says[:SAYS] + " ..."
        name, number = str(type(error).__name__), None
        at = error.__traceback__
        while at is not None:
            if at.tb_frame.f_code.co_filename == file:
                number = at.tb_lineno
            at = at.tb_next
        if place:
            number = place.partition(":")[0]
        if isinstance(error, SyntaxError) and error.filename == file:
            says, number = str(error.msg), error.lineno
        if isinstance(error, ModuleNotFoundError) and (error.name or "").startswith("tinydmn"):
            says = "tinydmn is not there"
        return name + f": {says}" * bool(says) + f" (line {number})" * (number is not None)
    except Exception:
        return "an exception that cannot be shown"


class Student:
    """The file as a module, the time it has, and the caches it keeps.  kernel: the type of what
    may be launched, where there is one."""

    def __init__(self, resource, privilege, pipes, kernel=None):
        self.resource, self.privilege, self.seconds = resource, privilege, 0
        (self.reader, self.writer), self.kernel = pipes, kernel
        self.file, self.names = "", {}
        self.inside = self.late = False
        signal.signal(signal.SIGALRM, self.alarm)

    def alarm(self, *_):
        if self.late and self.inside:            # it goes on, whatever was raised
            go(LATE)
        self.late = True
        if self.inside:
            raise TimeUp

    def timed(self, seconds):
        """Begins to count the time of a message."""
        self.late = False
        signal.setitimer(signal.ITIMER_REAL, seconds, TICK)
        with suppress(OSError, ValueError, AttributeError):
            # in case the parent has gone: an endless loop ends all the same
            used = sum(self.resource.getrusage(self.resource.RUSAGE_SELF)[:2])
            hard = self.resource.getrlimit(self.resource.RLIMIT_CPU)[1]
            self.privilege(self.resource.setrlimit, self.resource.RLIMIT_CPU,
                           (int(used + seconds) + 3, hard))

    def attempt(self, f, *args):
        """-> what f returns, or None; an error, one line, or ""."""
        try:
            self.inside = True
            try:
                return f(*args), ""
            finally:
                self.inside = False
        except Refused as error:
            return None, str(error)
        except TimeUp as error:
            line = line_of(error, self.file).partition("(")[2]
            return None, f"did not end within {self.seconds:g} s" + f" ({line}" * bool(line)
        except OSError as error:
            if error.errno == errno.EFBIG:
                return None, line_of(OSError(f"wrote more than {WRITTEN >> 20} MB").with_traceback(
                    error.__traceback__), self.file)
            return None, line_of(error, self.file)
        except BaseException as error:
            return None, line_of(error, self.file)

    def load(self, name, source, others=(), kept=False):
        """-> an error, one line, or "".  others: parts whose functions are asked of the parent.
        kept: the file lies in the process's folder too, where Numba looks for what cache=True
        compiles."""
        self.file = name
        if kept:
            with suppress(OSError), open(name, "w", encoding="utf-8") as file:
                file.write(source)

        def execute():
            module = types.ModuleType(NAME)
            module.__file__ = name
            sys.modules[NAME], self.names = module, vars(module)
            exec(compile(source, name, "exec", dont_inherit=True), self.names)
        error = self.attempt(execute)[1]
        for other in others:
            self.names.update(stand_ins(other, self.ask))
        return error

    def ask(self, header, sent):
        """A question to the parent, in the middle of a call -> the arrays of its answer."""
        arrays, self.inside = Arrays(), False    # no exception between two halves of a message
        places = [arrays.add(a) for a in sent]
        send(self.writer, {**header, "args": places}, arrays)
        answer, found = unpack(receive(self.reader))
        self.inside = True
        if self.late:
            raise TimeUp
        if answer["error"]:
            raise ValueError(answer["error"])
        return [found[place] for place in answer["values"]]

    def answer(self, header, sent):
        """The calls of a message -> the header and the arrays of its answer."""
        results, caches, arrays = [], {}, Arrays()
        for i, call in enumerate(header["calls"]):
            failed = next((header["calls"][kind["kept"]]["function"] for kind in call["args"]
                           if "kept" in kind and kind["kept"] not in caches), None)
            if self.late:
                result, error = None, "not called, as there was no time left"
            elif failed:
                result, error = None, f"not called, as {failed} failed before"
            else:
                result, error = self.attempt(self.call, i, call, sent, caches, arrays)
            if error:
                caches.pop(i, None)
            results.append({"error": error} if error else result)
        return {"results": results, "late": self.late}, arrays

    def call(self, i, call, sent, caches, arrays):
        """One call -> its result."""
        name, f = call["function"], self.names.get(call["function"])
        if not callable(f):
            raise Refused(f"the file has no function {name}")
        args = [self.argument(kind, sent, caches) for kind in call["args"]]
        show = self.names.get("show")
        if type(show) is dict:
            dict.clear(show)
        if call["launch"]:
            if type(f) is not self.kernel:
                raise Refused(f"{name} is no kernel; @cuda.jit belongs above it")
            f[tuple(call["launch"])](*args)
            got = ()
        elif call["times"]:
            got = sum_of(f, args, call["times"])
        elif (got := f(*args)) is None:
            raise Refused("returned None")
        got = [*got] if isinstance(got, (tuple, list)) else [got]
        if call["cache"]:
            if len(got) < 2:
                raise Refused("returned no cache; return it as the last of several values")
            caches[i] = got.pop()
        values = [value_of(k, value, len(got)) for k, value in enumerate(got[:VALUES + 1])]
        if len(values) > VALUES:
            raise Refused(f"returned {len(got)} values")
        after = [changed(arg, kind, sent) for arg, kind in zip(args, call["args"])]
        show = self.names.get("show")
        shown = shown_of(show) if type(show) is dict else {}
        size = sum(a.nbytes for a in [*values, *after, *shown.values()] if a is not None)
        if arrays.size + size > MOST:
            raise Refused(f"returned {(arrays.size + size) / 2**20:.0f} MB; at most "
                          f"{MOST >> 20} MB are read")
        place = lambda a: None if a is None else arrays.add(a)
        return {"values": [*map(place, values)], "args": [*map(place, after)],
                "shown": {key: place(a) for key, a in shown.items()}}

    @staticmethod
    def argument(kind, sent, caches):
        """An argument as it was sent; arrays are the student's own, to write into."""
        if "array" in kind:
            return sent[kind["array"]].copy()
        return caches[kind["kept"]] if "kept" in kind else kind["value"]


def sum_of(f, args, times):
    """The sum of so many results, each for the first argument rolled one place further."""
    first, *more = args
    total = value_of(0, f(first, *more), 1)
    for k in range(1, times):
        total = total + value_of(0, f(roll(first, k, 1), *more), 1)
    return total


def value_of(k, value, n):
    """A returned value as an array of numbers."""
    which = "returned" if n == 1 else f"value {k + 1} of {n} is"
    if value is None:
        raise Refused("returned None" if n == 1 else f"{which} None")
    if not isinstance(value, ndarray) and type(value) not in NUMBERS \
            and not isinstance(value, generic):
        raise Refused(f"{which} a {type(value).__name__}, not an array")
    value = asarray(value)
    if value.dtype.kind not in "fiub":
        raise Refused(f"{which} an array of {value.dtype}, not of numbers")
    return value


def changed(arg, kind, sent):
    """An argument that is an array and no longer as it was sent; None for any other."""
    if "array" not in kind:
        return None
    before, arg = sent[kind["array"]], asarray(arg)
    same = arg.dtype == before.dtype and arg.shape == before.shape
    return None if same and arg.tobytes() == before.tobytes() else arg


def shown_of(show):
    """The arrays of the file's dict `show`, the first of them."""
    found = {}
    for key, value in list(dict.items(show))[:SHOWN]:
        if type(key) is str and (isinstance(value, ndarray) or type(value) in (int, float)):
            value = asarray(value)
            if value.dtype.kind in "fiub" and value.nbytes <= MOST // SHOWN:
                found[key[:SAYS]] = value
    return found


# ---- the process ---------------------------------------------------------------------------------


def receive(reader):
    """The next message's bytes; where there is none the parent has gone, and the process ends."""
    def exactly(n):
        found = bytearray()
        while len(found) < n:
            piece = pipe_read(reader, min(n - len(found), 1 << 20))
            if not piece:
                go(0)
            found += piece
        return bytes(found)
    return exactly(struct.unpack("<Q", exactly(8))[0])


def send(writer, header, arrays=None):
    message = pack(header, arrays or Arrays())
    message = memoryview(struct.pack("<Q", len(message)) + message)
    while message:
        try:
            message = message[pipe_write(writer, message):]
        except BrokenPipeError:
            go(0)


def go(code):
    """Ends the process at once.  Its folder is the parent's to remove, unless that has gone."""
    with suppress(OSError):
        remove(where())
    leave(code)


def main():
    import fcntl
    reader, writer = (fcntl.fcntl(int(word), fcntl.F_DUPFD, 100) for word in sys.argv[1:3])
    for word in sys.argv[1:3]:
        os.close(int(word))
    with_numba, folders, libraries = (SETTINGS[key] for key in ("numba", "folders", "libraries"))
    kernel = None
    if with_numba:                               # which looks round while it is loaded
        from numba import cuda
        kernel = type(cuda.jit(lambda a: None))
    else:
        sys.path[:] = [entry for entry in sys.path if entry not in folders]
    not_announced(threads=not with_numba)
    import numpy.linalg
    import numpy.random  # noqa: F401
    sys.modules["tinydmn"] = None
    sys.argv[:] = [NAME]
    no_root(libraries)
    resource = limit(SETTINGS["memory"], with_numba)
    sys.stdout = sys.stderr = Printed()
    privilege = guard(os.getcwd(), libraries, SETTINGS["hidden"], with_numba)
    student = Student(resource, privilege, (reader, writer), kernel)
    send(writer, {"ready": True})
    while True:
        header, sent = unpack(receive(reader))
        student.seconds = header["seconds"]
        student.timed(header["seconds"])
        if "source" in header:
            error = student.load(header["name"], header["source"], header["others"], with_numba)
            answer, arrays = {"error": error}, None
        else:
            answer, arrays = student.answer(header, sent)
        signal.setitimer(signal.ITIMER_REAL, 0)
        send(writer, answer, arrays)


if __name__ == "__main__":
    try:
        main()
    except MemoryError:
        leave(NO_MEMORY)
