"""A student's file in a process of its own: what it gets and gives, and that nothing it does hurts or goes on for ever."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from struct import pack

import numpy as np
import pytest

from tinydmn.course import session as module, student, walls
from tinydmn.course.calls import Call, Kept
from tinydmn.course.session import Ended, Session, read_source
from tinydmn.errors import UserError

pytestmark = pytest.mark.skipif(os.name == "nt", reason="a student's file runs on Linux and macOS alone")

HOSTILE = Path(__file__).parent / "hostile"
SECONDS, MEMORY = 2.0, 1 << 30
X = np.arange(6.0).reshape(2, 3)
LATE = r"did not end within 2 s( \(line \d+\))?"
# file -> what its function bad says in the end, as a pattern; "" where it returns
SAYS = {
    "endless_loop": LATE,
    "memory_bomb": r"MemoryError.*|took more memory than there is \(1 GB\)",
    "fork_bomb": r"PermissionError: starting a process is not allowed here \(line 17\)",
    "sys_exit": r"SystemExit: all points, please \(line 7\)",
    "os_exit": r"ended by itself \(exit code 0\)",
    "raises_at_import": r"KeyError: 'gru' \(line 4\)",
    "prints": r"OSError: wrote more than 1 MB \(line 12\)",
    "patches_numpy": "",
    "writes_results": r"PermissionError: writing outside its folder is not allowed here \(line 19\)",
    "reads_the_source": r"ModuleNotFoundError: tinydmn is not there \(line 32\)",
    "not_a_number": "",
    "wrong_shapes": "",
    "wrong_dtypes": r"returned an array of complex128, not of numbers",
    "changes_inputs": "",
    "closes_descriptors": r"ended by itself.*",
    "kills_its_parent": r"PermissionError: ending a process is not allowed here \(line 14\)",
    "huge_array": r"returned 1048576 MB; at most 64 MB are read",
    "returns_objects": r"returned an array of object, not of numbers",
    "recursion": r"RecursionError: maximum recursion depth exceeded( .*)? \(line 5\)",
    "threads": r"PermissionError: starting a thread is not allowed here \(line 7\)",
    "deletes_files": r"PermissionError: writing outside its folder is not allowed here \(line 9\)",
    "sleeps": r"did not end within 2 s \(line 7\)",
    "forges_answers": r"what it answers cannot be read|ended by itself \(exit code 0\)",
}


# a loop whose body Python can always tell to lie in the try
ENDLESS = """
def f():
    while True:
        try:
            for _ in iter(int, 1): pass
        except BaseException: pass
"""


@pytest.fixture
def of(tmp_path):
    """Source -> a session of a file that holds it."""
    sessions = []

    def open_session(source, **limits):
        path = tmp_path / f"mine{len(sessions)}.py"
        path.write_text(source, encoding="utf-8")
        sessions.append(Session(path, **{"seconds": 5.0, "memory": MEMORY} | limits))
        return sessions[-1]
    yield open_session
    for one in sessions:
        one.close()


def errors(results):
    return [result.error for result in results]


def test_every_hostile_file_is_listed():
    assert set(SAYS) == {path.stem for path in HOSTILE.glob("*.py")} - {"__init__"} and len(SAYS) > 20


@pytest.mark.parametrize("name", SAYS)
def test_a_hostile_file_ends_in_time_with_its_line_and_the_rest_counts(name, above):
    began, before = time.monotonic(), set(os.listdir("/dev/fd"))
    with Session(HOSTILE / f"{name}.py", SECONDS, MEMORY) as session:
        first, = session.run([Call("good", (X,))])
        n = 3 if name == "changes_inputs" else 1
        result, = session.run([Call("bad", tuple(X.copy() for _ in range(n)))])
        last, = session.run([Call("good", (X,))])
        child, folder = session.process, session.folder
    assert time.monotonic() - began < 3 * SECONDS + 8
    assert re.fullmatch(SAYS[name], result.error), result.error
    assert "\n" not in result.error and len(result.error) < 300
    if name == "raises_at_import":
        assert first.error == last.error == result.error and not first.values
    elif name != "patches_numpy":                          # whose own process may be lost: the next has to load the same
        np.testing.assert_array_equal(first.values[0], 2 * X)
        np.testing.assert_array_equal(last.values[0], 2 * X)
    assert child is None or child.poll() is not None and not Path(folder).exists()
    assert set(os.listdir("/dev/fd")) == before
    assert [path.name for path in above.iterdir()] == ["decoy.txt"] and (above / "decoy.txt").read_text() == "decoy"


def test_numpy_patched_answers_all_the_same():
    with Session(HOSTILE / "patches_numpy.py", SECONDS, MEMORY) as session:
        result, = session.run([Call("bad", (X,))])
    np.testing.assert_array_equal(result.values[0], X + 1)
    assert np.array_equal(X, X) is True and not np.array_equal(X, -X)


def test_numbers_that_are_none_come_as_they_are():
    with Session(HOSTILE / "not_a_number.py", SECONDS, MEMORY) as session:
        a, b = session.run([Call("bad", (X,))])[0].values
    assert np.isnan(a).all() and a.shape == X.shape and b == -np.inf and b.shape == ()
    with Session(HOSTILE / "wrong_shapes.py", SECONDS, MEMORY) as session:
        assert [a.shape for a in session.run([Call("bad", (X,))])[0].values] == [(3, 2), (0, 7), ()]
    with Session(HOSTILE / "changes_inputs.py", SECONDS, MEMORY) as session:
        result, = session.run([Call("bad", (X, X, X))])
    np.testing.assert_array_equal(result.args[0], X + 1)
    assert result.args[1].shape == (6,) and result.args[2] is X


def test_what_goes_in_comes_out(of):
    session = of("""import numpy as np
show = {}
def forward(x, n, none, mask, flag=2.5):
    assert none is None and type(n) is int and x.flags.writeable and x.flags.c_contiguous
    show["twice"] = 2 * x
    show["no"] = "text"
    show[3] = x
    return x.sum(axis=0), mask, flag, {"cache": x}
def backward(cache, d):
    d += 1
    return cache["cache"] * d
def alone(x): return 3
def listed(x): return [x, np.float32(2), True]
""")
    mask, d = np.array([[True, False]]), np.ones((2, 3), np.float32)
    first, second, alone, listed = session.run([
        Call("forward", (X[:, ::-1], 3, None, mask, np.float32(2.5)), True), Call("backward", (Kept(0), d)), Call("alone", (X,)), Call("listed", (np.arange(3),))])
    np.testing.assert_array_equal(first.values[0], X[:, ::-1].sum(axis=0))
    assert len(first.values) == 3 and first.values[1].dtype == bool and first.values[2] == 2.5 and not first.error
    assert list(first.shown) == ["twice"] and np.array_equal(first.shown["twice"], 2 * X[:, ::-1])
    assert second.shown == {} and np.array_equal(second.values[0], 2 * X[:, ::-1]) and second.values[0].dtype == np.float64
    assert second.args[0] is None and second.args[1].dtype == np.float32 and (second.args[1] == 2).all() and (d == 1).all()
    assert np.array_equal(first.args[0], X[:, ::-1]) and first.args[1:3] == (None, None)
    assert alone.values[0].shape == () and alone.values[0] == 3
    assert [a.dtype.str for a in listed.values] == [np.arange(3).dtype.str, "<f4", "|b1"]
    assert all(not a.flags.writeable for a in listed.values)


def test_each_call_has_arrays_of_its_own(of):
    session = of("def f(x):\n    x += 1\n    return x")
    results = session.run([Call("f", (X,))] * 3)
    assert all(np.array_equal(r.values[0], X + 1) and np.array_equal(r.args[0], X + 1) for r in results)


def test_the_file_is_loaded_once_and_a_cache_is_that_of_its_run(of):
    session = of("print('loaded')\nn = []\ndef f(x):\n    n.append(1)\n    return float(len(n)), n\ndef g(n): return float(len(n))")
    assert [float(r.values[0]) for r in session.run([Call("f", (X,), True), Call("f", (X,), True), Call("g", (Kept(1),))])] == [1, 2, 2]
    assert float(session.run([Call("f", (X,), True)])[0].values[0]) == 3
    assert session.run([]) == []
    session.close()
    assert session.printed == "loaded\n"


def test_what_fails_is_one_line_and_what_needs_it_is_not_called(of):
    session = of("""
def none(x): return None
def nones(x): return x, None
def text(x): return "text"
def bare(x): return x
def broken(x):
    return deeper(x)
def deeper(x):
    raise ValueError("two\\nlines " + "long " * 100)
def later(x):
    import numpy as np
    return np.linalg.inv(x)
def after(cache): return 1
def pair(x): return x, x, object()
class Odd(Exception):
    def __str__(self): raise Odd
def odd(x): raise Odd
number = 3
""")
    says = errors(session.run([Call(name, (X,)) for name in ("none", "nones", "text", "bare", "broken", "later", "missing", "number", "pair", "odd")]))
    assert says[:4] == ["returned None", "value 2 of 2 is None", "returned a str, not an array", ""]
    assert says[4].startswith("ValueError: two lines long") and says[4].endswith(" ... (line 9)") and len(says[4]) < 240
    assert says[5].startswith("LinAlgError: ") and says[5].endswith("(line 12)")         # its own line, not NumPy's
    assert says[6:] == ["the file has no function missing", "the file has no function number", "value 3 of 3 is a object, not an array",
                        "an exception that cannot be shown"]
    says = errors(session.run([Call("bare", (X,), True), Call("after", (Kept(0),)), Call("none", (X,), True), Call("after", (Kept(2),))]))
    assert says == ["returned no cache; return it as the last of several values", "not called, as bare failed before", "returned None",
                    "not called, as none failed before"]
    says = errors(session.run([Call("text", (X,)), Call("pair", (X,), True), Call("after", (Kept(1),))]))
    assert says[1:] == ["", ""]


def test_a_value_that_is_refused_leaves_no_cache(of):
    session = of("def f(x): return 'text', x\ndef g(cache): return cache")
    assert errors(session.run([Call("f", (X,), True), Call("g", (Kept(0),))])) == ["returned a str, not an array", "not called, as f failed before"]


@pytest.mark.parametrize("content, says", [
    (b"x = 1\ny = (\n", "SyntaxError: '(' was never closed (line 2)"),
    (b"# caf\xe9\n", "byte 0xe9 is not UTF-8 (line 1)"),
    (b"a = 1\nb = c\n", "NameError: name 'c' is not defined (line 2)"),
    (b"import tinydmn\n", "ModuleNotFoundError: tinydmn is not there (line 1)"),
    (b"from tinydmn.ops import gru_numpy\n", "ModuleNotFoundError: tinydmn is not there (line 1)"),
    (b"import torch\n", "ModuleNotFoundError: No module named 'torch' (line 1)"),
    (b"raise KeyboardInterrupt\n", "KeyboardInterrupt (line 1)"),
    (b"import os\nos._exit(3)\n", "ended by itself (exit code 3)"),
    (b"import os\nos.abort()\n", "ended by itself (signal SIGABRT)"),
    (b"#" * (module.SOURCE + 1), "is longer than 1 MB"),
    (b"while True: pass\n", "did not end within 2 s (line 1)"),
    (b"class A:\n  __call__ = 1\nf = A()\nx = 1 +\n", "SyntaxError: invalid syntax (line 4)"),
])
def test_a_file_that_cannot_be_loaded(tmp_path, content, says):
    path = tmp_path / "mine.py"
    path.write_bytes(content)
    with Session(path, SECONDS, MEMORY) as session:
        assert errors(session.run([Call("f", (X,))] * 2)) == [says] * 2
        began = time.monotonic()
        assert errors(session.run([Call("f", (X,))])) == [says] and time.monotonic() - began < 0.1        # known by now


def test_a_file_that_is_none(tmp_path):
    for path, says in ((tmp_path, "is a folder, not a file"), (tmp_path / "no.py", "no such file"), (tmp_path / ("n" * 300), "cannot be read (File name too long)")):
        with pytest.raises(Ended) as problem:
            read_source(path)
        assert str(problem.value) == says
        assert errors(Session(path).run([Call("f", ())])) == [says]
    (tmp_path / "bom.py").write_bytes(b"\xef\xbb\xbfx = 1")
    assert read_source(tmp_path / "bom.py") == "x = 1"


def test_what_was_right_before_the_time_was_up_stays(of):
    session = of("import time\ndef f(x): return x\ndef slow(x):\n    time.sleep(60)", seconds=1.0)
    first, slow, last = session.run([Call("f", (X,)), Call("slow", (X,)), Call("f", (X,))])
    assert np.array_equal(first.values[0], X) and slow.error == "did not end within 1 s (line 4)" and last.error == "not called, as there was no time left"
    assert session.process is None and not session.run([Call("f", (X,))])[0].error


def test_many_values_and_many_shown(of):
    session = of("show = {}\ndef f(x):\n    show.update({f'a{i}': x for i in range(90)})\n    return x\ndef many(x): return [x] * 101")
    result, many = session.run([Call("f", (X,)), Call("many", (X,))])
    assert len(result.shown) == 50 and many.error == "returned 101 values"


def test_a_message_is_an_npz():
    import io
    arrays = student.Arrays()
    arrays.add(X)
    for n in (0, 3, 1000):
        with np.load(io.BytesIO(student.pack({"x": "y" * n}, arrays)), allow_pickle=False) as file:
            assert file["data"].tobytes() == X.tobytes() and file["header"].tobytes().startswith(b'{"x": "')
    header, (a,) = student.unpack(forged({"arrays": [["<f8", [2, 3], 0]]}, X.tobytes()))
    np.testing.assert_array_equal(a, X)


def test_equal_arrays_are_sent_once():
    header, arrays = module.request([Call("f", (X, X.copy(), X + i, 3)) for i in range(100)])
    assert len(arrays.table) == 100 and arrays.size == 100 * X.nbytes
    kinds = [list(arg) for arg in header["calls"][0]["args"]]
    assert kinds == [["array"], ["array"], ["array"], ["value"]]


def forged(header, data=b"", **changes):
    """A message as a child may forge it."""
    import io
    import json
    file = io.BytesIO()
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    save = np.savez_compressed if changes.get("compressed") else np.savez
    save(file, header=np.frombuffer(text, np.uint8), data=changes.get("array", np.frombuffer(data, np.uint8)))
    return file.getvalue()


@pytest.mark.parametrize("message", [
    b"", b"PK", b"x" * 100,
    forged({"arrays": []}, array=np.zeros(3)), forged({"arrays": []}, array=np.zeros((2, 2), np.uint8)),
    forged({"arrays": []}, array=np.array([{}], dtype=object)),
    forged({"arrays": [["|O", [1], 0]]}, b"12345678"), forged({"arrays": [["<U2", [1], 0]]}, b"12345678"),
    forged({"arrays": [["<f8", [2], 0]]}, b"12345678"), forged({"arrays": [["<f8", [1], 1]]}, b"12345678"), forged({"arrays": [["<f8", [1], -8]]}, b"12345678"),
    forged({"arrays": [["<f8", [1 << 60], 0]]}, b"12345678"), forged({"arrays": [["<f8", [-1], 0]]}, b"12345678"), forged({"arrays": [["f8,O", [1], 0]]}, b"1" * 16),
    forged(b"{"), forged(b"[" * 100_000), forged({}),
])
def test_a_forged_message_is_read_as_none(message):
    with pytest.raises(Exception) as problem:
        student.unpack(message)
    assert not isinstance(problem.value, (MemoryError, SystemExit))


def test_a_message_that_grows_when_it_is_read_is_not_read():
    bomb = forged({"arrays": []}, array=np.zeros(20 << 20, np.uint8), compressed=True)
    assert len(bomb) < 1 << 20
    with pytest.raises(ValueError, match="longer than"):
        student.unpack(bomb)


@pytest.mark.parametrize("header", [
    {}, {"results": 3}, {"results": []}, {"results": [{}]}, {"results": [{"values": [7], "args": [None], "shown": {}}]},
    {"results": [{"values": [0], "args": [], "shown": {}}]}, {"results": [{"values": [0] * 1000, "args": [None], "shown": {}}]},
    {"results": [{"values": "00", "args": [None], "shown": {}}]}, {"results": [[0]]}, [], {"results": [None]},
])
def test_an_answer_that_makes_no_sense(of, header):
    with pytest.raises(Ended, match="what it answers cannot be read"):
        of("")._results([Call("f", (X,))], (header, [X]))


def test_an_error_is_one_line_that_a_terminal_can_show(of):
    result, = of("")._results([Call("f", (X,))], ({"results": [{"error": "\x1b[31mred\nline" + "x" * 10_000}]}, []))
    assert result.error.startswith("[31mred line") and len(result.error) <= 400 and result.error.isprintable()
    assert module.one_line("") == "failed"


def test_an_answer_without_an_end(of, monkeypatch):
    session = of("import os\ndef f(x):\n    return x")
    session.run([Call("f", (X,))])
    reader, writer = os.pipe()
    os.close(session.reader)
    session.reader = reader
    os.write(writer, pack("<Q", 1 << 62))
    with pytest.raises(Ended, match="too long"):
        session._receive(b"", 2)
    os.close(writer)


WALLS = """
import os, sys
def environment(): raise ValueError(sorted(os.environ))
def arguments(): raise ValueError([sys.argv, [entry for entry in sys.path if "packages" in entry]])
def folder(): raise ValueError(os.listdir("."))
def writes():
    open("mine.txt", "w").write("x")
    os.mkdir("sub"); os.rename("mine.txt", "sub/mine.txt")
    return float(len(open("sub/mine.txt").read()))
def big(): open("big", "wb").write(b"x" * (2 << 20))
def connects():
    import socket
    socket.socket()
def loads():
    import ctypes
    ctypes.CDLL(None)
def leaves(): os.chdir("/")
def links(): os.symlink("/etc/passwd", "passwd")
def tricks():
    class Name:
        n = 0
        def __fspath__(self):
            self.n += 1
            return "mine" if self.n < 2 else "/etc/passwd"
    return float(len(os.listdir(Name())))
def subclass():
    class Name(str):
        def startswith(self, *_): return True
        def __eq__(self, other): return True
        __hash__ = str.__hash__
    open(Name("/etc/passwd"))
def bytes_(): open(b"/etc/passwd")
def relative(): open("../" * 20 + "etc/passwd")
def limits():
    import resource
    resource.setrlimit(resource.RLIMIT_CPU, (1 << 20, 1 << 20))
def looks(): os.listdir("/")
def database():
    import sqlite3
    sqlite3.connect("../mine.db")
def memory():
    import numpy as np
    return np.empty(1 << 29)
def opens():
    import numpy.testing, random, dataclasses, typing, fractions
    numpy.testing.assert_allclose(1.0, 1.0)
    return 1.0
"""


def test_the_walls(of):
    session = of(WALLS)
    names = ("environment", "arguments", "folder", "writes", "big", "connects", "loads", "leaves", "links", "tricks", "subclass", "bytes_", "relative",
             "limits", "looks", "database", "memory", "opens")
    says = dict(zip(names, errors(session.run([Call(name, ()) for name in names]))))
    numbered = {name: re.sub(r" \(line \d+\)$", "", line) for name, line in says.items()}
    forbidden = lambda what: f"PermissionError: {what} is not allowed here"
    names_of = set(re.findall(r"'(\w+)'", says["environment"]))
    assert names_of <= {*module.ONE, *module.LOADER, "HOME", "TMPDIR", "LC_ALL", "NUMBA_CACHE_DIR", "LC_CTYPE", "__CF_USER_TEXT_ENCODING"}, names_of
    assert numbered["arguments"] == "ValueError: [['student'], []]" and numbered["folder"] == "ValueError: []"
    assert says["writes"] == says["opens"] == "" and numbered["big"] == "OSError: wrote more than 1 MB"
    assert numbered["connects"] == forbidden("the network") and numbered["loads"] == forbidden("ctypes") and numbered["leaves"] == forbidden("leaving its folder")
    assert numbered["links"] == forbidden("linking files") and numbered["limits"] == forbidden("changing its limits")
    assert numbered["subclass"] == forbidden("a file without a plain name") and numbered["tricks"].startswith("FileNotFoundError: ")
    assert {numbered[name] for name in ("bytes_", "relative", "looks")} == {forbidden("reading files outside its folder")}
    assert says["database"] and numbered["memory"].startswith("MemoryError: Unable to allocate 4.00 GiB")


def test_what_it_imports(of):
    """Of NumPy's folder NumPy alone, and nothing of its parent's path."""
    session = of("""
import sys
def path(): raise ValueError([entry for entry in sys.path if "packages" in entry or not entry])
def package(): import tinydmn.course
def other(): import pytest
def flags(): raise ValueError((sys.flags.isolated, sys.flags.no_site, sys.dont_write_bytecode))
""")
    says = errors(session.run([Call(name, ()) for name in ("path", "package", "other", "flags")]))
    assert [re.sub(r" \(line \d+\)$", "", line) for line in says] == [
        "ValueError: []", "ModuleNotFoundError: tinydmn is not there", "ModuleNotFoundError: No module named 'pytest'", "ValueError: (1, 1, True)"]


@pytest.mark.parametrize("numba", [False, True])
def test_the_package_itself_is_not_read(tmp_path, numba):
    """Wherever it lies: beside Python's library, or beside NumPy."""
    code = f"""if True:
        import os, sys
        sys.path.insert(0, {str(Path(walls.__file__).parent)!r})
        import walls
        standard, packages, own = {str(tmp_path / "lib")!r}, {str(tmp_path / "lib" / "site-packages")!r}, {str(tmp_path / "own")!r}
        for folder in (own, packages + "/tinydmn", packages + "/numpy"):
            os.makedirs(folder, exist_ok=True)
            open(folder + "/file.py", "w").close()
        open(standard + "/file.py", "w").close()
        os.__file__ = standard + "/os.py"
        numba = {numba}
        os.chdir(own)
        walls.guard(own, [packages if numba else packages + "/numpy"], packages + "/tinydmn", numba)
        for path in (own, standard, packages + "/numpy", packages + "/tinydmn"):
            try:
                print(open(path + "/file.py").close() or "read")
            except PermissionError as error:
                print(error)
        for flags in (os.O_WRONLY, os.O_RDWR, os.O_RDONLY | os.O_CREAT, os.O_RDONLY | os.O_TRUNC, os.O_RDONLY | os.O_APPEND):
            try:
                print(os.open(packages + "/numpy/file.py", flags))
            except PermissionError as error:
                print(error)"""
    done = subprocess.run([sys.executable, "-S", "-B", "-c", code], capture_output=True, text=True, env=os.environ | {"PYTHONPATH": str(Path(np.__file__).parents[1])})
    assert done.stdout.splitlines() == ["read"] * 3 + [f"{what} files outside its folder is not allowed here".replace("writing files", "writing") for what in ("reading", *["writing"] * 5)], done.stderr


def test_what_catches_the_alarm_ends_by_itself(of, monkeypatch):
    """Before the parent has to end it."""
    monkeypatch.setattr(module, "GRACE", 20.0)
    began = time.monotonic()
    source = "import time\ndef f():\n    while True:\n        try:\n            time.sleep(60)\n        except BaseException: pass"
    assert errors(of(source, seconds=1.0).run([Call("f", ())])) == ["did not end within 1 s"]
    assert time.monotonic() - began < 8


def test_what_hangs_in_c_is_ended(of):
    """Where no alarm is heard."""
    source = "import signal, time\ndef f():\n    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM])\n    time.sleep(12)"
    began = time.monotonic()
    with of(source, seconds=1.0) as session:
        assert errors(session.run([Call("f", ())])) == ["did not end within 1 s"]
    assert time.monotonic() - began < 8


def test_prints_are_kept_up_to_a_limit(of):
    session = of("import sys\ndef f(x):\n    print('first', file=sys.stderr)\n    for _ in range(2000): print('x' * 1000)\n    return x")
    assert not session.run([Call("f", (X,))])[0].error
    session.close()
    assert session.printed.startswith("first\nxxx") and len(session.printed) == student.PRINTED


def test_numba_where_it_is_asked_for(of):
    pytest.importorskip("numba")
    source = "import numba, numpy as np\n@numba.njit\ndef f(x): return 2 * x\n"
    assert of(source).run([Call("f", (X,))])[0].error == "ModuleNotFoundError: No module named 'numba' (line 1)"
    with of(source + "def g(x): return open(path)\n", numba=True, memory=8 << 30, seconds=60.0) as session:
        result, = session.run([Call("f", (X,))])
    assert not result.error and np.array_equal(result.values[0], 2 * X)


def test_a_session_that_is_stopped_ends_at_once(of):
    import threading
    session = of("import time\ndef f(x): time.sleep(60)", seconds=30.0)
    session.load()
    timer = threading.Timer(0.5, session.stop)
    timer.start()
    began = time.monotonic()
    assert errors(session.run([Call("f", (X,))])) == ["stopped"] and time.monotonic() - began < 5
    assert errors(session.run([Call("f", (X,))])) == ["stopped"]


@pytest.mark.parametrize("source, gone", [
    (ENDLESS, True), ("import signal\ndef f():\n    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM])\n    while True: pass", False),
    ("import time\ndef f():\n    time.sleep(0.6)\n    return 1.0", True)], ids=["catches", "deaf", "answers"])
def test_nobody_stays_behind(of, tmp_path, source, gone):
    """A grader that is killed leaves no loop running, and no folder unless its child ends by the system's limit."""
    (tmp_path / "loop.py").write_text(source)
    code = f"""if True:
        from tinydmn.course.session import Session
        from tinydmn.course.calls import Call
        session = Session({str(tmp_path / "loop.py")!r}, 0.2)
        session.load()
        print(session.process.pid, session.folder, flush=True)
        session.run([Call("f", ())])"""
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    child, folder = parent.stdout.readline().split()
    child = int(child)
    time.sleep(0.3)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    until = time.monotonic() + 20
    try:
        while time.monotonic() < until and alive(child):
            time.sleep(0.1)
        assert not alive(child)
        assert not gone or not os.path.exists(folder)
    finally:
        if alive(child):
            os.kill(child, signal.SIGKILL)
        shutil.rmtree(folder, ignore_errors=True)


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    try:                                                   # one that has ended and that nobody waits for is not alive
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_where_it_cannot_be_run(of, monkeypatch):
    monkeypatch.setattr(module.sys, "executable", "/bin/false")
    with pytest.raises(UserError, match="no process for a student's file: ended by itself .exit code 1.; see tinydmn info"):
        of("").run([Call("f", ())])
    monkeypatch.setattr(module.os, "name", "nt")
    with pytest.raises(UserError, match="Linux and macOS alone"):
        Session("mine.py")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="not root")
def test_root_becomes_nobody_where_nobody_can_read_the_library(tmp_path):
    """In a process of its own: there is no way back."""
    code = f"""if True:
        import os, sys
        os.chdir({str(tmp_path)!r})
        sys.path.insert(0, {str(Path(walls.__file__).parent)!r})
        import walls
        walls.os.listdir = {{}}.get if sys.argv[1] == "readable" else walls.os.listdir
        walls.no_root([] if sys.argv[1] == "readable" else ["/root"])
        print(os.getresuid() if hasattr(os, "getresuid") else (os.getuid(),) * 3)"""
    said = {case: subprocess.run([sys.executable, "-c", code, case], capture_output=True, text=True).stdout for case in ("readable", "not")}
    assert said["readable"].strip() == str((walls.NOBODY,) * 3) and said["not"].strip() in (str((0, 0, 0)), str((walls.NOBODY,) * 3))
