"""Where compiled kernels are kept: one folder for each state of their sources, few of them, and a second process loads what a first compiled.
What cannot be kept or loaded is compiled, with one line about it."""

import os
import pickle
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tinydmn import ops
from tinydmn.ops import compiled


@pytest.fixture
def sources(tmp_path, monkeypatch):
    """A folder that stands for ops/, with two sources of kernels and one of definitions."""
    for name, text in (("a_numba.py", "one"), ("b_numba.py", "two"), ("a_numpy.py", "three"), ("__init__.py", "")):
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(ops, "__file__", str(tmp_path / "__init__.py"))
    monkeypatch.setenv("NUMBA_CACHE_DIR", "/kernels")
    return tmp_path


folder = lambda: ops.cache_folder.__wrapped__()            # without its memory


def test_the_folder_is_named_by_what_stands_in_the_kernels_sources(sources):
    """By every byte of every one, and by whose it is; by nothing else."""
    first = folder()
    assert first.parent == Path("/kernels/tinydmn") and len(first.name) == 16 and first == folder()
    seen = {first}

    def changed(name, text):
        (sources / name).write_text(text)
        return folder()
    for name, text in (("a_numba.py", "ona"), ("a_numba.py", "one "), ("b_numba.py", "twp")):
        right = (sources / name).read_text()
        assert changed(name, text) not in seen
        seen.add(folder())
        assert changed(name, right) == first               # what it was, so what was compiled for it
    assert changed("a_numpy.py", "other") == first and changed("__init__.py", "x = 1") == first and changed("readme.txt", "x") == first
    os.utime(sources / "a_numba.py", (0, 0))
    assert folder() == first
    assert changed("c_numba.py", "") not in seen           # a new one, though it is empty
    (sources / "c_numba.py").unlink()
    for name in ("aa_numba.py", "c_numba.py"):             # another name, in the same place of their order and in another
        (sources / "a_numba.py").rename(sources / name)
        assert folder() not in seen
        seen.add(folder())
        (sources / name).rename(sources / "a_numba.py")
    (sources / "a_numba.py").write_text("two")
    (sources / "b_numba.py").write_text("one")
    assert folder() not in seen                            # the two changed places
    (sources / "a_numba.py").write_text("on")
    (sources / "b_numba.py").write_text("etwo")
    assert folder() not in seen


def test_the_folder_lies_where_the_user_says(sources, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", "/xdg")
    assert folder().parent == Path("/kernels/tinydmn")     # Numba's own variable first
    monkeypatch.delenv("NUMBA_CACHE_DIR")
    assert folder().parent == Path("/xdg/tinydmn")
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", "/home/user")
    assert folder().parent == Path("/home/user/.cache/tinydmn")
    monkeypatch.setenv("NUMBA_CACHE_DIR", "here")
    assert folder().parent == Path.cwd() / "here/tinydmn"  # and stays there, wherever the process goes


def test_without_a_home_there_is_no_folder(sources, monkeypatch):
    def no_entry():
        raise RuntimeError("Could not determine home directory.")
    monkeypatch.setattr(ops.Path, "home", no_entry)
    assert folder().parent == Path("/kernels/tinydmn")     # it is not asked for
    for name in ("NUMBA_CACHE_DIR", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, "")
    assert folder() is None
    monkeypatch.setattr(ops, "cache_folder", lambda: None)
    assert ops.cache_problem() == "this user has no home folder" and ops.not_kept("why").startswith("compiled kernels cannot be kept (why), so ")


def test_old_folders_go_and_the_others_stay(tmp_path):
    """Those used least lately, whatever their names; never the one in use, nor what is not ours."""
    names = [f"{7 * i % 10:016x}" for i in range(10)]      # the order of their names is not that of their use
    for age, name in enumerate(names):
        (tmp_path / name).mkdir()
        (tmp_path / name / "kernel.nbc").write_text("x")
        os.utime(tmp_path / name, (1000 - age, 1000 - age))
    foreign = ["0123", "not-of-ours-1234", "ABCDEF0123456789", "g" * 16, "0" * 17]
    for name in foreign:
        (tmp_path / name).mkdir()
        os.utime(tmp_path / name, (0, 0))
    in_use = tmp_path / names[-1]                          # the one unused for longest, until now
    ops.prune(in_use)
    assert {path.name for path in tmp_path.iterdir()} == {*names[:ops.KEPT], names[-1], *foreign}
    assert in_use.stat().st_mtime > 1000 and (in_use / "kernel.nbc").exists()
    new = "f" * 16
    ops.prune(tmp_path / new)
    assert {path.name for path in tmp_path.iterdir()} == {*names[:ops.KEPT - 1], names[-1], new, *foreign}     # the one before counts as used just now


def test_a_folder_is_made_and_one_that_cannot_be_is_no_matter(tmp_path):
    ops.prune(tmp_path / "a" / "b" / ("0" * 16))
    assert (tmp_path / "a" / "b" / ("0" * 16)).is_dir()
    (tmp_path / "file").write_text("x")
    ops.prune(tmp_path / "file" / ("0" * 16))


def test_why_nothing_can_be_kept(tmp_path, monkeypatch):
    place = tmp_path / "a" / "b"
    monkeypatch.setattr(ops, "cache_folder", lambda: place)
    assert ops.cache_problem() is None and place.is_dir() and not list(place.iterdir())    # asked in earnest, and nothing stays behind
    assert f" in {place} (why)" in ops.not_kept("why") and "set NUMBA_CACHE_DIR to a folder that you may write to" in ops.not_kept("why")
    place = tmp_path / "file" / "below"
    (tmp_path / "file").write_text("x")
    assert ops.cache_problem() == "Not a directory"

    class Full:
        """A file of a disk that is full: it has a name, and no room."""
        def __init__(self, dir):
            pass

        __enter__ = lambda self: self
        __exit__ = lambda self, *_: None

        def write(self, data):
            raise OSError(28, "No space left on device")
    place = tmp_path / "a" / "b"
    monkeypatch.setattr(ops, "TemporaryFile", Full)
    assert ops.cache_problem() == "No space left on device"


def test_only_kernels_need_their_folder(monkeypatch):
    pruned = []
    monkeypatch.setattr(ops, "prune", pruned.append)
    fast = ops.load("numba")
    assert pruned == [ops.cache_folder()]
    ops.load("numpy")
    assert pruned == [ops.cache_folder()]                  # NumPy's have nothing to do with it
    ops.load(["numpy", "numba"])
    assert len(pruned) == 2
    monkeypatch.setattr(ops, "cache_folder", lambda: None)
    again = ops.load("numba")
    assert again.source == fast.source and again.functions == fast.functions and len(pruned) == 2


# ---- no place to keep them, and what is kept there is no kernel

KERNEL = """if True:
    import sys
    import numpy as np
    from tinydmn import ops
    {before}
    op = ops.load("numba")
    kernel = sys.modules["tinydmn.ops.embedding_numba"]._scatter_add
    for dtype in ("float32", "float64"):
        dx = np.zeros((2, 3), dtype)
        op.gather_backward(np.ones((2, 3), dtype), np.array([1, 1], "int32"), dx)
        print(*dx[:, 0])
        {between}
    print(sum(kernel.stats.cache_hits.values()), "loaded")
"""
BELOW_A_FILE = os.path.join(os.path.abspath(__file__), "below")                            # not to be made by anybody
NOT_KEPT = "tinydmn: compiled kernels cannot be kept{} ({}), so each process compiles anew; set NUMBA_CACHE_DIR to a folder that you may write to\n"


def kernel(place, before="pass", between="pass", **environment):
    """Runs one kernel for two kinds of numbers in a process of its own -> how many it loaded from the cache, what it said of errors."""
    told = os.environ | {"NUMBA_CACHE_DIR": str(place), "XDG_CACHE_HOME": ""} | environment
    done = subprocess.run([sys.executable, "-c", KERNEL.format(before=before, between=between)], env=told, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    first, second, hits = done.stdout.splitlines()
    assert first == second == "0.0 2.0"
    return int(hits.split()[0]), done.stderr


def files(place):
    return sorted(Path(place).rglob("*.nbc"))


@pytest.mark.parametrize("variable, place", [("NUMBA_CACHE_DIR", BELOW_A_FILE), ("HOME", __file__),
                                             *(pytest.param(*rest, marks=pytest.mark.slow) for rest in (("NUMBA_CACHE_DIR", __file__), ("XDG_CACHE_HOME", BELOW_A_FILE),
                                                                                                         ("XDG_CACHE_HOME", __file__), ("HOME", BELOW_A_FILE)))],
                         ids=["NUMBA_CACHE_DIR below a file", "HOME a file", "NUMBA_CACHE_DIR a file", "XDG_CACHE_HOME below a file", "XDG_CACHE_HOME a file", "HOME below a file"])
def test_a_place_that_cannot_be_written_is_one_line(variable, place):
    """However many kernels there are; nothing is kept elsewhere, where it might be stale."""
    told = dict.fromkeys(("NUMBA_CACHE_DIR", "XDG_CACHE_HOME"), "") | {"HOME": BELOW_A_FILE} | {variable: place}
    where = Path(place, *[".cache"] * (variable == "HOME"), "tinydmn", ops.cache_folder().name)
    beside = {*Path(ops.__file__).parent.rglob("*.nb*")}   # an earlier version may have left some
    assert kernel(**{"place": "", **told}) == (0, NOT_KEPT.format(f" in {where}", "Not a directory"))
    assert {*Path(ops.__file__).parent.rglob("*.nb*")} == beside


def test_a_user_without_a_home_is_one_line():
    before = "from pathlib import Path; Path.home = lambda: (_ for _ in ()).throw(RuntimeError('no entry'))"
    assert kernel("", before) == (0, NOT_KEPT.format("", "this user has no home folder"))


def test_a_full_disk_is_one_line_and_leaves_nothing_behind(tmp_path):
    before = "from pathlib import Path; w = Path.write_bytes; Path.write_bytes = lambda self, data: (w(self, data[:99]), (_ for _ in ()).throw(OSError(28, 'Full')))"
    hits, said = kernel(tmp_path, before)
    assert hits == 0 and re.fullmatch(re.escape(NOT_KEPT.format(" in PLACE", "Full")).replace("PLACE", r"\S+"), said)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    assert kernel(tmp_path) == (0, "") and kernel(tmp_path) == (2, "")


def test_a_folder_that_can_only_be_read_is_read(tmp_path):
    """Kernels that were compiled into an image, say; only one that is not there is told of."""
    before = "import os; os.replace = lambda *_: (_ for _ in ()).throw(OSError(30, 'Read-only file system'))"
    shutil.copytree(kept_once(tmp_path), tmp_path / "elsewhere")
    assert kernel(tmp_path / "elsewhere", before) == (2, "")
    files(tmp_path / "elsewhere")[0].unlink()
    hits, said = kernel(tmp_path / "elsewhere", before)
    assert hits == 1 and said.count("\n") == 1 and "(Read-only file system)" in said


def test_a_folder_that_vanishes_is_made_again(tmp_path):
    assert kernel(tmp_path, between="import shutil; shutil.rmtree(ops.cache_folder(), ignore_errors=True)") == (0, "")
    assert not files(tmp_path)
    assert kernel(tmp_path, between="import os; os.path.exists(ops.cache_folder()) and os.rename(ops.cache_folder(), str(ops.cache_folder()) + dtype)") == (0, "")
    assert len(list(tmp_path.glob("tinydmn/*float*"))) == 2


@pytest.mark.parametrize("damage", [lambda data: data[:20], lambda data: data[:3000] + bytes([data[3000] ^ 1]) + data[3001:],
                                    *(pytest.param(damage, marks=pytest.mark.slow) for damage in (
                                        lambda data: b"", lambda data: data[:-1], lambda data: data + b"x", lambda data: bytes(len(data)), lambda data: b"\x80" + data))],
                         ids=["cut in its digest", "one bit", "empty", "cut", "longer", "zeros", "shifted"])
def test_a_damaged_file_is_compiled_anew_and_mended(tmp_path, damage):
    whole, elsewhere = kept_once(tmp_path), tmp_path / "elsewhere"
    shutil.copytree(whole, elsewhere)
    for path in files(elsewhere):
        path.write_bytes(damage(path.read_bytes()))
    assert kernel(elsewhere) == (0, "")
    assert kernel(elsewhere) == (2, "")


def kept_once(tmp_path, known={}):
    """A folder with the two kernels in it; compiled once, for all tests."""
    if not known:
        place = tmp_path.parent / "kept"
        assert kernel(place) == (0, "") and len(files(place)) == 2
        known["place"] = place
    return known["place"]


def test_what_is_whole_but_no_kernel_is_compiled_anew(tmp_path):
    """Of another version of Numba, say, whose insides are others; and a folder in the place of a file."""
    shutil.copytree(kept_once(tmp_path), tmp_path / "elsewhere")
    one, other = files(tmp_path / "elsewhere")
    data = pickle.dumps(("no", "kernel"))
    one.write_bytes(compiled.sha256(data).digest() + data)
    other.unlink()
    other.mkdir()
    hits, said = kernel(tmp_path / "elsewhere")
    assert hits == 0 and said.count("\n") == 1 and "(Is a directory)" in said
    assert kernel(tmp_path / "elsewhere")[0] == 1


def test_a_file_is_of_its_function_signature_processor_and_versions(tmp_path, monkeypatch):
    class Processor:
        name = "one"

        def magic_tuple(self):
            return (self.name,)

    def f(x):
        return x

    def g(x):
        return x
    f.__module__ = g.__module__ = "tinydmn.ops.a_numba"
    codegen = Processor()
    path = compiled._Kept(f, tmp_path).path(("float32",), codegen)
    assert path.parent == tmp_path and path.name.startswith("a_numba.f-") and path == compiled._Kept(f, tmp_path).path(("float32",), codegen)
    seen = {path, compiled._Kept(g, tmp_path).path(("float32",), codegen), compiled._Kept(f, tmp_path).path(("float64",), codegen)}
    codegen.name = "two"
    seen.add(compiled._Kept(f, tmp_path).path(("float32",), codegen))
    codegen.name = "one"
    monkeypatch.setattr(compiled.numba, "__version__", "0.0")
    seen.add(compiled._Kept(f, tmp_path).path(("float32",), codegen))
    monkeypatch.undo()
    monkeypatch.setattr(compiled.sys, "version_info", (3, 99, 0))
    seen.add(compiled._Kept(f, tmp_path).path(("float32",), codegen))
    monkeypatch.undo()
    f.__module__ = "tinydmn.ops.b_numba"
    seen.add(compiled._Kept(f, tmp_path).path(("float32",), codegen))
    assert len(seen) == 7


def test_functions_of_others_are_not_kept_under_the_name_of_our_sources(tmp_path):
    """A student's own kernel may change while no source of ours does; and whoever imports a kernel's module by itself has the same cache."""
    def mine(x):
        return x + 1
    for module in (__name__, "elsewhere.ops.a_numba", "tinydmn.ops.a_numpy"):
        mine.__module__ = module
        assert compiled.njit(cache=True)(mine).stats.cache_path is None
    mine.__module__ = "tinydmn.ops.a_numba"
    assert compiled.njit(cache=True)(mine).stats.cache_path == str(ops.cache_folder()) and compiled.njit()(mine).stats.cache_path is None
    code = "from tinydmn.ops import gru_numba; print(gru_numba.input_product.stats.cache_path)"
    done = subprocess.run([sys.executable, "-c", code], env=os.environ | {"NUMBA_CACHE_DIR": str(tmp_path)}, capture_output=True, text=True, check=True)
    assert Path(done.stdout.strip()).parent == tmp_path / "tinydmn"


def test_every_kernel_is_declared_by_our_njit():
    """With Numba's own it would be kept in a place of Numba's, and be stale there when a file that it takes something of is changed."""
    for source in Path(ops.__file__).parent.glob("*_numba.py"):
        text = source.read_text()
        assert "@njit" not in text or "from .compiled import njit\n" in text and not re.search(r"from numba import .*\bjit|import numba\b", text)


# ---- and all of them, which takes a while

@pytest.mark.parametrize("cell", ["gru", *(pytest.param(cell, marks=pytest.mark.slow) for cell in ("lstm", "rnn"))])
def test_compiled_now_and_loaded_from_the_cache_are_the_same_bits(tmp_path, cell):
    """A first process compiles, a second loads what the first kept: a helper that is not inlined could differ between the two.

    20 sequences of 12 units go through the loop, 50 through BLAS.
    """
    code = """if True:
        import sys
        import numpy as np
        from tinydmn import ops
        from tinydmn.ops.groups import CELLS, Sequences, recurrent_shapes
        op, rng, name = ops.load("numba"), np.random.default_rng(0), sys.argv[1]
        f = lambda *shape: rng.normal(size=shape).astype("float32")
        for B in (20, 50):
            rows, n = rng.integers(0, 9, (B, 8)).astype("int32"), rng.integers(1, 9, B).astype("int32")
            read, g = Sequences(rows, n, n[:, None] - 1), rng.random((B, 8), "float32")
            group = CELLS[name]
            weights = group(*map(lambda shape: f(*shape), recurrent_shapes(group, 5, 12)))
            dweights, x = group(*map(np.zeros_like, weights)), f(9, 5)
            out, cache = getattr(op, name + "_forward")(x, read, weights, g)
            dx, dg = getattr(op, name + "_backward")(out, cache, weights, dweights)
            print(*(a.tobytes().hex() for a in (out, dx, dg, *dweights)))
        module = sys.modules[f"tinydmn.ops.{name}_numba"]
        print("hits", *(sum(kernel.stats.cache_hits.values()) for kernel in (module._forward, module._backward)))
    """
    environment = os.environ | {"XDG_CACHE_HOME": str(tmp_path)}
    environment.pop("NUMBA_CACHE_DIR", None)
    run = lambda: subprocess.run([sys.executable, "-c", code, cell], env=environment, capture_output=True, text=True, check=True).stdout.split("hits")
    compiled, hits = run()
    kept = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.nb*")}
    assert len(compiled) > 1000 and set(hits.split()) == {"0"}
    assert {path.relative_to(tmp_path).parts[:2] for path in kept} == {("tinydmn", ops.cache_folder().name)} and len(kept) > 6
    loaded, hits = run()
    assert loaded == compiled and set(hits.split()) == {"1"}
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.nb*")} == kept     # nothing was compiled again
