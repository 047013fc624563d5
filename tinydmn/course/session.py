"""A student's file in a process of its own, which gets and returns arrays and nothing else.

What it keeps to, on Linux and, but for what its system lacks, on macOS: the file sees no reference,
no seed and no result; it ends in time; its memory, output and files are limited; it starts no
process and no thread, opens no connection, reads nothing but Python's library and NumPy, and writes
into an empty folder of its own.  What it returns is read as numbers, never run.

What it does not promise: these walls stand within one Python.  They stop mistakes and the tricks
one line long; somebody who takes the interpreter apart (its frames, memory, compiled modules) can
get past the refusals of walls.py, and then has the rights of the user who grades: not of root,
where nobody can read Python's library, as root becomes nobody.  Grade files of strangers on a
machine, or in a container, that holds nothing of value.  And a file knows what it is asked: the
arguments of its functions, which it may tell in an exception's message; and, where a wrong part of
it is stood in for (answering.py), that part's right numbers for arguments of its choice, after the
part itself is graded, in a process that ends before the next file's.
"""

import json
import os
import selectors
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from struct import pack as packed, unpack as unpacked
from time import monotonic

import numpy as np

from ..errors import UserError
from . import scratch, student
from .calls import Kept, Result

SOURCE = 1 << 20               # bytes of a student's file, at most
GRACE = 1.5                    # seconds after its time in which the child can say where it was
START = 60                     # seconds that Python and NumPy may take to start
PACKAGE = Path(__file__).parents[1]
# what Python itself may need to start; the rest of the environment stays here
LOADER = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT")
ONE = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS",
                     "VECLIB_MAXIMUM_THREADS", "NUMBA_NUM_THREADS"), "1")


class Ended(Exception):
    """Why a child gave no answer, in one line."""


class Session:
    """Calls functions of a student's file.

        with Session("mine.py") as session:
            results = session.run([Call("forward", (x, W))])

    seconds: for loading the file, and for each run.  memory: bytes.  numba: whether the file may
    load Numba, which lifts the refusals of threads and ctypes, and lets it read all packages that
    lie beside NumPy; its kernels of CUDA run in Numba's simulator.  others: {part's name: answer},
    of parts whose functions the file has no more, but asks for; see asking.py, answering.py.
    However a run ends, there is a Result for each call, with read-only arrays; after one that ended
    badly the next starts a fresh process.
    """

    def __init__(self, path, seconds=10.0, memory=2 << 30, numba=False, others=None):
        if os.name == "nt":
            raise UserError("a student's file runs on Linux and macOS alone; use WSL")
        if numba and find_spec("numba") is None:
            raise UserError("this exercise needs Numba: pip install numba")
        self.path, self.seconds, self.memory, self.numba = Path(path), seconds, memory, numba
        self.others = others or {}
        self.process = self.folder = None
        self.problem = ""                      # why the file cannot be loaded, in one line
        self.printed = ""                      # what it wrote to standard output and error

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def run(self, calls):
        """[Call] -> [Result], all in one round trip."""
        if not calls:
            return []
        try:
            self.load()
            return self._results(calls, self._exchange(*request(calls)))
        except Ended as ended:
            self.close()
            return [Result(None, str(ended)) for _ in calls]

    def load(self):
        """Starts the process and loads the file, where that is not done.  Raises Ended where it
        cannot be loaded: at once, when that is known."""
        if self.process or self.problem:
            if self.problem:
                raise Ended(self.problem)
            return
        try:
            source = read_source(self.path)
            self._start()
            answer, _ = self._exchange({"name": self.path.name, "source": source,
                                        "others": [*self.others]})
            if not isinstance(error := answer.get("error"), str):
                raise Ended("what it answers cannot be read")
            if error:
                raise Ended(one_line(error))
        except Ended as ended:
            self.problem = str(ended)
            raise

    def stop(self):
        """Ends what runs, from another thread; nothing runs any more."""
        self.problem = "stopped"
        if process := self.process:
            end(process)

    def close(self):
        """Ends the process with all that it started, and removes its folder."""
        if self.process:
            end(self.process)
            self.process.wait()
            for fd in (self.reader, self.writer):
                os.close(fd)
            text = os.pread(self.output.fileno(), student.PRINTED, 0)
            self.printed += text.decode(errors="replace")
            self.output.close()
        if self.folder:
            scratch.gone(self.folder, self.held)
        self.process = self.folder = None

    def _start(self):
        self.folder, self.held = scratch.new()
        self.output = tempfile.TemporaryFile()
        # numpy's folder alone is named: what lies beside it, this package perhaps, is not
        numpy, packages = Path(np.__file__).parent, [str(Path(np.__file__).parents[1])]
        if self.numba and (place := find_spec("numba").origin):
            packages = [*dict.fromkeys([*packages, str(Path(place).parents[1])])]
        settings = {"folders": packages, "libraries": packages if self.numba else [str(numpy)],
                    "hidden": str(PACKAGE), "numba": self.numba, "memory": self.memory,
                    "seconds": self.seconds}
        environment = {**ONE, "HOME": self.folder, "TMPDIR": self.folder, "LC_ALL": "C.UTF-8",
                       "NUMBA_CACHE_DIR": self.folder,
                       **({"NUMBA_ENABLE_CUDASIM": "1"} if self.numba else {}),
                       **{name: os.environ[name] for name in LOADER if name in os.environ}}
        theirs, self.writer = os.pipe()
        self.reader, answers = os.pipe()
        try:
            self.process = subprocess.Popen(
                [sys.executable, "-I", "-S", "-B", student.__file__, str(theirs), str(answers),
                 json.dumps(settings)], stdin=subprocess.DEVNULL, stdout=self.output,
                stderr=self.output, env=environment, cwd=self.folder, start_new_session=True,
                pass_fds=(theirs, answers))
        finally:
            os.close(theirs)
            os.close(answers)
        os.set_blocking(self.writer, False)
        try:
            self._receive(b"", START)
        except Ended as ended:
            self.close()
            says = self.printed.strip().splitlines()
            raise UserError(f"{sys.executable}: no process for a student's file: "
                            f"{says[-1] if says else ended}; see tinydmn info") from None

    def _exchange(self, header, arrays=None):
        """Sends a message -> the header and the arrays of the answer."""
        message, until = {**header, "seconds": self.seconds}, monotonic() + self.seconds + GRACE
        while True:
            raw = student.pack(message, arrays or student.Arrays())
            raw = self._receive(packed("<Q", len(raw)) + raw, until - monotonic())
            try:
                answer, found = student.unpack(raw)
                if not (self.others and "ask" in answer):
                    return answer, found
            except Exception:                    # whatever it is that lies there
                raise Ended("what it answers cannot be read") from None
            message, arrays = self._answer(answer, found)

    def _answer(self, question, found):
        """What the file asks, which may be anything -> header, arrays."""
        arrays = student.Arrays()
        try:
            asked = [found[place] for place in question["args"]]
            values = self.others[question["ask"]](question["way"], asked)
            return {"error": "", "values": [arrays.add(a) for a in values]}, arrays
        except Exception as error:
            return {"error": one_line(error)}, student.Arrays()

    def _receive(self, message, seconds):
        """Sends bytes and waits for the answer's.  Raises Ended where none comes."""
        out, got, size, until = memoryview(message), bytearray(), None, monotonic() + seconds
        with selectors.DefaultSelector() as ready:
            ready.register(self.reader, selectors.EVENT_READ)
            if out:
                ready.register(self.writer, selectors.EVENT_WRITE)
            while size is None or len(got) < size:
                if (left := until - monotonic()) <= 0:
                    raise Ended(self._late())
                for key, _ in ready.select(left):
                    if key.fd == self.writer:
                        try:
                            out = out[os.write(self.writer, out[:1 << 16]):]
                        except BlockingIOError:
                            continue
                        except BrokenPipeError:            # reading will say that it has gone
                            out = out[:0]
                        if not out:
                            ready.unregister(self.writer)
                        continue
                    piece = os.read(self.reader, 1 << 20)
                    if not piece:
                        raise Ended(self._why())
                    got += piece
                    if size is None and len(got) >= 8:
                        size = 8 + unpacked("<Q", got[:8])[0]
                        if size > 2 * student.MOST:
                            raise Ended("what it answers is too long")
        return bytes(got[8:])

    def _late(self):
        return f"did not end within {self.seconds:g} s"

    def _why(self):
        """Why the child has gone, in one line."""
        try:
            code = self.process.wait(1)
        except subprocess.TimeoutExpired:
            return "ended by itself: it closed the connection"
        if self.problem:
            return self.problem
        if code in (student.LATE, -getattr(signal, "SIGXCPU", 0)):
            return self._late()
        if code in (student.NO_MEMORY, -9):
            return f"took more memory than there is ({self.memory / 2**30:.3g} GB)"
        if code < 0:
            with suppress(ValueError):
                return f"ended by itself (signal {signal.Signals(-code).name})"
        return f"ended by itself (exit code {code})"

    def _results(self, calls, answer):
        """What the child says, which may be anything, as [Result]."""
        header, arrays = answer
        try:
            results = header["results"]
            if len(results) != len(calls):
                raise ValueError("not as many results as calls")
            results = [result_of(call, result, arrays) for call, result in zip(calls, results)]
        except Exception:
            raise Ended("what it answers cannot be read") from None
        if header.get("late"):
            self.close()
        return results


def read_source(path):
    """A student's file as text.  Raises Ended where it is none."""
    try:
        if path.is_dir():
            raise Ended("is a folder, not a file")
        if path.exists() and not path.is_file():           # a pipe would be waited for
            raise Ended("is no file")
        with open(path, "rb") as file:
            raw = file.read(SOURCE + 1)
    except FileNotFoundError:
        raise Ended("no such file") from None
    except (OSError, ValueError) as error:
        raise Ended(f"cannot be read ({getattr(error, 'strerror', None) or error})") from None
    if len(raw) > SOURCE:
        raise Ended(f"is longer than {SOURCE >> 20} MB")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[:error.start].count(b"\n") + 1
        raise Ended(f"byte 0x{raw[error.start]:02x} is not UTF-8 (line {line})") from None


def request(calls):
    """[Call] -> header, arrays: what is sent."""
    arrays = student.Arrays()

    def sent(arg):
        if isinstance(arg, Kept):
            return {"kept": arg.call}
        if isinstance(arg, (np.ndarray, np.generic)):
            return {"array": arrays.add(np.asarray(arg))}
        return {"value": arg}
    return {"calls": [{**call._asdict(), "args": [*map(sent, call.args)]}
                      for call in calls]}, arrays


def result_of(call, result, arrays):
    """One result as the child tells it -> Result.  Its arrays are views, not copies: a child that
    names one a million times takes no more memory here."""
    if "error" in result:
        return Result(None, one_line(result["error"]))
    values, after, shown = result["values"], result["args"], result["shown"]
    if len(after) != len(call.args) or max(len(shown), len(values)) > student.VALUES:
        raise ValueError("another number of arrays than there can be")

    def argument(arg, place):
        if not isinstance(arg, np.ndarray):
            return None
        return arg if place is None else arrays[place]
    return Result(tuple(arrays[place] for place in values), "",
                  tuple(argument(arg, place) for arg, place in zip(call.args, after)),
                  {str(name): arrays[place] for name, place in shown.items()})


def one_line(text):
    """A child's text as one line that a terminal can show."""
    text = str(text)[:2 * student.SAYS]
    return " ".join("".join(c if c.isprintable() else " " for c in text).split()) or "failed"


def end(process):
    """Ends a process and all of its group."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
