"""Machines as people have them: streams that lack letters, names that are no text, folders that cannot be written, variables with nonsense in them."""

import io
import json
import logging
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tinydmn import errors, streams
from tinydmn.cli import main
from tinydmn.errors import UserError, check_folder, kind_of, notice
from tinydmn.plots.loading import quiet
from tinydmn.terminal import columns
from tinydmn.training import checkpoint, loop
from tinydmn.tasks import about_run

from .test_ask import network, story

ROOT = Path(__file__).parents[1]
C_LOCALE = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
ENCODINGS = [{"PYTHONIOENCODING": name} for name in ("ascii", "cp1252", "cp437", "utf-8")] + [C_LOCALE]
TYPED = "Zoë went to the gården → ✓ ² h̃.\nWhere is Zoë?\n"


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A checkpoint of stories."""
    path, model = tmp_path_factory.mktemp("machines") / "a.npz", network([story()])
    checkpoint.save(path, model, loop.start(model, 0), about_run("babi", None, 0, task=1, size=None))
    return path


def process(*words, typed=b"", code=0, module=("-m", "tinydmn"), folder=None, preexec_fn=None, **environment):
    """Runs a process of its own -> what it wrote, and its lines of errors, as bytes.  No traceback, whatever it ends in."""
    plain = {k: v for k, v in os.environ.items() if k not in {"PYTHONIOENCODING", "NUMBA_CACHE_DIR", "TINYDMN_THREADS"}}
    told = {k: v for k, v in (plain | {"PYTHONPATH": str(ROOT)} | environment).items() if v is not None}
    done = subprocess.run([sys.executable, *module, *words], input=typed, env=told, capture_output=True, cwd=folder, preexec_fn=preexec_fn)
    assert done.returncode == code and b"Traceback" not in done.stderr, done.stderr.decode(errors="replace")
    return done.stdout, done.stderr.splitlines()


# commands as `python -m tinydmn` runs them, one after another in one process; each ends in a ";" and must end in exit code 2
REFUSED = """
import sys
from tinydmn.__main__ import main
words, codes = sys.argv[1:], []
while words:
    n = words.index(";")
    sys.argv[1:], words = words[:n], words[n + 1:]
    try:
        codes.append(main())
    except SystemExit as stop:
        codes.append(stop.code)
sys.exit(2 if set(codes) == {2} else str(codes))
"""


def ask(path, typed, **more):
    return process("ask", str(path), "--backend", "numpy", typed=typed.encode() if isinstance(typed, str) else typed, **more)


# ---- streams

@pytest.mark.parametrize("environment", ENCODINGS, ids=lambda e: e.get("PYTHONIOENCODING", "C"))
def test_any_letter_in_and_out(trained, environment):
    """Typed letters are read as UTF-8 whatever the machine's encoding; those it cannot show are a question mark, and the table keeps its columns."""
    out, said = ask(trained, TYPED, **environment)
    encoding = environment.get("PYTHONIOENCODING", "ascii")
    text = out.decode(encoding)
    head, fact, last = text.splitlines()[-3:]
    assert not said and "pass 1 pass 2" in head and columns(fact) == len(head) <= 80
    assert "Zoë".encode(encoding, "replace").decode(encoding) + " went to the" in fact and fact.rstrip()[-4:].strip("01.").isdigit()
    assert set(last) & set("░▒▓█" if encoding == "utf-8" else ":=*#") and ("?" in fact) == (encoding != "utf-8")
    if encoding in ("ascii", "cp1252"):
        figures = json.loads(process("ask", str(trained), "--backend", "numpy", "--json", typed=TYPED.encode(), **environment)[0])
        assert figures["question"] == "Where is Zoë?" and "zoë" in figures["unknown_words"]


def test_what_is_typed_begins_with_its_first_word(trained):
    """A byte order mark, which some programs put before what they write, is no part of it; nor are the line ends of Windows."""
    plain = ask(trained, TYPED)
    assert ask(trained, "\ufeff" + TYPED.replace("\n", "\r\n")) == plain


NO_UTF_8 = [("Zoë sat.\nWhere is Zoë?\n".encode("latin-1"), 1, "eb"), ("Mary sat.\nWhere is Zoë?\n".encode("latin-1"), 2, "eb"), ("Mary sat.\n".encode("utf-16"), 1, "ff")]
SPOKEN = {"utf-8": {}, "C": C_LOCALE, "latin-1": {"PYTHONIOENCODING": "latin-1"}}


# each text and each encoding; every pair of them where slow tests run
@pytest.mark.parametrize("typed, line, byte, environment", [pytest.param(*NO_UTF_8[i], SPOKEN[name], marks=[pytest.mark.slow] * ((i, name) not in ((0, "utf-8"), (1, "latin-1"), (2, "C"))),
                                                                         id=f"{i}-{name}") for i in range(3) for name in SPOKEN])
def test_what_is_not_utf_8_is_named_with_its_line(trained, typed, line, byte, environment):
    _, said = ask(trained, typed, code=2, **environment)
    assert said == [f"tinydmn ask: standard input:{line}: byte 0x{byte} is not UTF-8; give text as UTF-8".encode()]


def test_lines_that_were_typed():
    """As bytes, as text where a stream has nothing else; only a newline ends a line; a mark is one at the very beginning alone."""
    text = "\ufeffa\u2028b\x0bc\r\n\n\ufeffd\t\ne"
    want = ["a\u2028b\x0bc", "", "\ufeffd\t", "e"]
    assert list(streams.typed_lines(io.TextIOWrapper(io.BytesIO(text.encode()), encoding="ascii"))) == want
    assert list(streams.typed_lines(io.StringIO(text))) == want and list(streams.typed_lines(io.StringIO(""))) == []
    lines = streams.typed_lines(io.TextIOWrapper(io.BytesIO(b"a\nb\xff\n")))
    assert next(lines) == "a"                              # each as it comes: an answer need not wait for the last
    with pytest.raises(UserError, match="^standard input:2: byte 0xff"):
        next(lines)


CP1252, NO_TEXT, TEXT = {"PYTHONIOENCODING": "cp1252"}, b"\xff.npz", "ü.npz".encode()


@pytest.mark.parametrize("name, environment", [(NO_TEXT, C_LOCALE), (TEXT, CP1252), *(pytest.param(*rest, marks=pytest.mark.slow) for rest in ((NO_TEXT, CP1252), (TEXT, C_LOCALE)))],
                         ids=["no text, C", "ü, cp1252", "no text, cp1252", "ü, C"])
def test_any_name_of_a_file(tmp_path, trained, environment, name):
    """As an argument and in a message; in a folder that has such a name too."""
    folder = os.fsencode(tmp_path) + b"/\xfe\xc3\xa4"
    os.mkdir(folder)
    path = os.path.join(folder, name)
    with open(path, "wb") as file:
        file.write(trained.read_bytes())
    assert b"probability" in ask(os.fsdecode(path), TYPED, **environment)[0]
    commands = (("ask", folder), ("eval", path, "--file", path + b"x"), ("train", "babi", "--data", path), ("data", "--task", "1", "--out", path),
                ("table", "2", "--vectors", path + b"x"), ("ask", trained, "--plot", path), ("train", path))
    out, said = process("-c", REFUSED, *(word for words in commands for word in (*words, ";")), module=(), code=2, **environment)
    assert not out
    for words, line in zip(commands, said, strict=True):
        assert line.startswith(b"tinydmn " + os.fsencode(words[0]) + b": ")
        assert words[-1] == path or b"/?" in line


def test_files_are_written_where_the_name_is_no_text(tmp_path, trained):
    place = os.fsencode(tmp_path) + b"/\xff\xc3\xa4"
    process("data", "--task", "1", "--stories", "2", "--out", place, **C_LOCALE)
    assert len(os.listdir(place)) == 2
    process("ask", str(trained), "--backend", "numpy", "--plot", place + b"/a.svg", typed=TYPED.encode(), **C_LOCALE)
    assert b"a.svg" in os.listdir(place)


@pytest.mark.slow
def test_a_table_is_written_where_the_name_is_no_text(tmp_path):
    """By the processes that it starts too, which read a file of such a name."""
    place = os.fsencode(tmp_path) + b"/\xff\xc3\xa4"
    os.mkdir(place)
    with open(place + b"/\xff.txt", "wb") as file:
        file.write(b"good 1 2\n")
    process("table", "2", "--quick", "--backend", "numpy", "--vectors", place + b"/\xff.txt", "--out", place + b"/t", "--epochs", "1", **C_LOCALE)
    assert {b"table.json", b"table.png"} <= set(os.listdir(place + b"/t"))


def test_signs_are_as_broad_as_what_stands_for_them():
    assert all(len(sign) == len(other) == 1 and other.isascii() for sign, other in streams.SIGNS.items())


def test_streams_that_are_settled(monkeypatch):
    """Each letter that cannot be encoded becomes one sign; where a stream is missing there is one that says and hears nothing; others stay."""
    out = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    text = io.StringIO()
    monkeypatch.setattr(sys, "stdin", None)
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr(sys, "stderr", text)
    streams.settle()
    print("9 µs, c∘q, Zoë \udcff", end="")
    out.flush()
    assert out.buffer.getvalue() == b"9 us, c*q, Zo? ?" and sys.stderr is text and sys.stdin.read() == ""
    monkeypatch.setattr(sys, "stderr", None)
    streams.settle()
    print("lost", file=sys.stderr)
    assert out.buffer.getvalue() == b"9 us, c*q, Zo? ?"    # and not among the output


def test_bytes_of_an_unreadable_kind_are_no_matter_of_settle():
    streams.settle()
    with pytest.raises(UnicodeDecodeError):
        b"\xff".decode("ascii", "tinydmn")


@pytest.mark.skipif(os.name != "posix", reason="descriptors are closed as POSIX does")
@pytest.mark.parametrize("closed", (0, 1, 2))
def test_a_stream_that_was_closed(trained, closed):
    """What it would have said is not said elsewhere."""
    words = ("ask", str(trained), "--backend", "numpy") if closed == 0 else ("eval", str(trained), "--backend", "numpy", "--json", "--stories", "2")
    out, said = process(*words, code=2 if closed == 0 else 0, preexec_fn=lambda: os.close(closed))
    assert [len(out) > 0, len(said) > 0] == {0: [False, True], 1: [False, False], 2: [True, False]}[closed]
    assert closed != 2 or json.loads(out)
    if closed == 2:
        assert process("eval", "none.npz", code=2, preexec_fn=lambda: os.close(2)) == (b"", [])


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no disk that is always full")
@pytest.mark.parametrize("words", [("info",), ("--help",)])
@pytest.mark.parametrize("unbuffered", ("", "1"))
def test_no_room_for_the_output_is_one_line(words, unbuffered):
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": unbuffered}
    with open("/dev/full", "w") as full:
        done = subprocess.run([sys.executable, "-m", "tinydmn", *words], stdout=full, stderr=subprocess.PIPE, text=True, env=environment)
    assert done.returncode == 2 and done.stderr == "tinydmn: output cannot be written (No space left on device); write it elsewhere\n"


@pytest.mark.parametrize("environment", [C_LOCALE, {"PYTHONIOENCODING": "cp437"}, pytest.param(C_LOCALE | {"PYTHONIOENCODING": "utf-8"}, marks=pytest.mark.slow)],
                         ids=["C", "cp437", "C, utf-8"])
def test_workers_speak_utf_8_whatever_the_machine_speaks(tmp_path, environment):
    """What the worker of a benchmark says of a folder reaches the screen."""
    _, (said,) = process("bench", "--tasks", "1", "--data", os.fsencode(tmp_path) + "/ä".encode(), "--no-operations", code=2, **environment)
    assert said.startswith(b"tinydmn bench: ") and b": no such folder; " in said


@pytest.mark.parametrize("environment", [{"PYTHONIOENCODING": "cp1252"}, C_LOCALE], ids=["cp1252", "C"])
def test_lessons_print_on_any_stream(tmp_path, environment):
    out, said = process(ROOT / "lessons/01_words_and_the_gru.py", "--quick", "--out", os.fsencode(tmp_path) + b"/\xff", module=(), **environment)
    assert not said and b"picture: " in out and len(os.listdir(os.fsencode(tmp_path) + b"/\xff")) > 0
    if environment != C_LOCALE:
        return
    _, said = process(ROOT / "lessons/01_words_and_the_gru.py", "--data", trees := os.fsencode(tmp_path) + b"/\xff", code=2, module=(), **environment)
    assert len(said) == 1 and b"no file of task 1 " in said[0] and os.path.isdir(trees)


# ---- what lies where a folder or a file should

def test_what_lies_there_is_called_what_it_is(tmp_path):
    (tmp_path / "file").write_text("x")
    assert kind_of(tmp_path) == "folder" and kind_of(tmp_path / "file") == "file"
    assert kind_of(tmp_path / "none") is kind_of(tmp_path / "file" / "below") is kind_of("x" * 5000) is None
    assert check_folder(tmp_path, "mend it") is None
    for path, says in ((tmp_path / "none", "no such folder"), (tmp_path / "file", "is a file, not a folder"), (tmp_path / "file" / "below", "no such folder")):
        with pytest.raises(UserError, match=f"^{re.escape(str(path))}: {says}; mend it$"):
            check_folder(path, "mend it")


def test_a_folder_that_may_not_be_looked_at_is_not_called_missing(monkeypatch):
    def closed(path):
        raise PermissionError(13, "Permission denied")
    monkeypatch.setattr(errors.os, "stat", closed)
    for ask in (kind_of, lambda path: check_folder(path, "mend it"), checkpoint.load):
        with pytest.raises(UserError, match=r"^a: cannot be read \(Permission denied\); give a place you may read$"):
            ask("a")


def test_a_name_that_no_file_can_have(monkeypatch):
    def ascii_only(path):
        os.fspath(path).encode("ascii")
    monkeypatch.setattr(errors.os, "stat", ascii_only)
    with pytest.raises(UserError, match="^ä: no file can have this name here .*; set PYTHONUTF8=1, or give another name$"):
        kind_of("ä")


COMMANDS = {"babi": ("train", "babi", "--data"), "sst": ("train", "sst", "--data"), "table 1": ("table", "1", "--data"), "table 2": ("table", "2", "--data"),
            "table 4": ("table", "4", "--sst"), "bench": ("bench", "--no-operations", "--data"), "eval": ("eval", "CHECKPOINT", "--data")}


@pytest.mark.parametrize("name", COMMANDS)
def test_a_file_in_place_of_a_folder(name, tmp_path, trained, capsys):
    (tmp_path / "file").write_text("x")
    words = [str(trained) if word == "CHECKPOINT" else word for word in COMMANDS[name]]
    for given, says in (("file", "is a file, not a folder"), ("none", "no such folder")):
        assert main([*words, str(tmp_path / given)]) == 2
        assert re.fullmatch(rf"tinydmn {words[0]}: \S*{given}: {says}; .+\n", capsys.readouterr().err)


@pytest.mark.parametrize("words, says", [
    (("train", "pos", "--vectors"), "is a folder, not a file; give a file"), (("table", "2", "--vectors"), "is a folder, not a file; give a GloVe text file, glove, or none"),
    (("eval", "CHECKPOINT", "--file"), "is a folder, not a file; give a file"), (("eval",), "is a folder, not a checkpoint; give the .npz file in it"),
    (("ask",), "is a folder, not a checkpoint; give the .npz file in it"), (("train", "babi", "--epochs", "1", "--out"), "exists already and is a folder; give --out a file")])
def test_a_folder_in_place_of_a_file(words, says, tmp_path, trained, capsys):
    assert main([str(trained) if word == "CHECKPOINT" else word for word in words] + [str(tmp_path)]) == 2
    assert capsys.readouterr().err.endswith(f"{tmp_path}: {says}\n")


# ---- the environment

@pytest.mark.parametrize("words", [("train", "babi"), ("eval", "none.npz"), ("ask", "none.npz"), ("data", "--task", "1", "--out", "none"), ("table", "1"), ("bench",), ("gradcheck",),
                                   ("info",), ("info", "--json")])
def test_a_wrong_number_of_threads_is_said_before_the_work(words, capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TINYDMN_THREADS", "abc")
    assert main(words) == 2
    assert capsys.readouterr() == ("", f"tinydmn {words[0]}: TINYDMN_THREADS is 'abc'; give a number of threads, 1 to 1024, or unset it\n") and not list(tmp_path.iterdir())


@pytest.mark.parametrize("words", [("--version",), ("--help",), ("table", "--help")])
def test_help_needs_no_threads(words, capsys, monkeypatch):
    monkeypatch.setenv("TINYDMN_THREADS", "abc")
    with pytest.raises(SystemExit) as stop:
        main(words)
    assert stop.value.code == 0 and not capsys.readouterr().err


@pytest.mark.parametrize("variable, words, says", [
    ("TQDM_MININTERVAL", ("train", "--help"), b"tinydmn: tqdm, which draws the progress bar, refuses a variable of the environment (could not convert string to float: 'abc')"),
    ("MPLBACKEND", ("ask", "none.npz", "--plot", "a.png"), b"tinydmn ask: argument --plot: no picture can be drawn, Matplotlib refuses its settings: ")])
def test_a_variable_that_a_library_refuses_is_one_line(variable, words, says):
    out, (said,) = process(*words, code=2, **{variable: "abc"})
    assert said.startswith(says) and not out


def test_numba_says_one_line_of_a_variable_it_cannot_read():
    assert process("-c", "import tinydmn.ops; tinydmn.ops.load('numba')", module=(), NUMBA_NUM_THREADS="abc") == (
        b"", [b"tinydmn: Environment variable 'NUMBA_NUM_THREADS' is defined but its associated value 'abc' could not be parsed."])


# ---- no place to write

NOWHERE = os.path.join(os.path.abspath(__file__), "below")                                 # below a file: not to be made by anybody


def test_pictures_without_a_folder_for_settings(trained, tmp_path):
    """Matplotlib takes a temporary one and says nothing; where there is none either, that is a line before the work."""
    for environment in ({"MPLCONFIGDIR": NOWHERE}, {"MPLCONFIGDIR": None, "HOME": NOWHERE, "XDG_CONFIG_HOME": None, "XDG_CACHE_HOME": None}):
        _, said = process("ask", str(trained), "--backend", "numpy", "--plot", str(tmp_path / "a.png"), typed=b"Mary sat.\nWhere is Mary?\n", **environment)
        assert not said and (tmp_path / "a.png").stat().st_size > 1000
    code = "import tempfile; tempfile.mkdtemp = lambda **_: open('/'); from tinydmn.__main__ import main; raise SystemExit(main())"
    _, (said,) = process("-c", code, "ask", str(trained), "--plot", "a.png", code=2, module=(), MPLCONFIGDIR=NOWHERE)
    assert said.startswith(b"tinydmn ask: argument --plot: no picture can be drawn: Matplotlib requires access to a writable cache directory")


def test_matplotlib_is_heard_again_afterwards():
    log = logging.getLogger("matplotlib")
    for level in (logging.NOTSET, logging.DEBUG):
        log.setLevel(level)
        with pytest.raises(ZeroDivisionError), quiet():
            assert not log.isEnabledFor(logging.WARNING) and log.isEnabledFor(logging.ERROR)
            1 / 0
        assert log.level == level
    log.setLevel(logging.NOTSET)


def test_a_line_is_said_once_a_process(capsys, monkeypatch):
    monkeypatch.setattr(errors, "_noticed", set())
    notice("kernels", "one\nline")
    notice("kernels", "the same otherwise")
    notice("fonts", "another")
    assert capsys.readouterr() == ("", "tinydmn: one line\ntinydmn: another\n")
    monkeypatch.setattr(sys, "stderr", None)               # nobody hears it, and it is not among the output
    notice("more", "x")
    assert not capsys.readouterr().out
