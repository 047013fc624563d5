"""Where compiled kernels are kept: one folder for each state of their sources, few of them, and a second process loads what a first compiled."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tinydmn import ops


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


def test_operations_are_loaded_once_and_from_the_kernels_folder(monkeypatch):
    fast, plain = ops.load("numba"), ops.load("numpy")
    assert ops.load("numba") is fast and ops.load("numpy") is plain
    assert set(vars(fast)) == set(vars(plain)) == {name for names in ops.OPERATIONS.values() for name in names}
    pruned, where = [], []
    monkeypatch.setattr(ops, "prune", pruned.append)
    monkeypatch.setattr(ops, "import_module", lambda name: where.append(name.rsplit(".", 1)[1]) or sys.modules[name])
    ops.load.__wrapped__("numba")
    assert pruned == [ops.cache_folder()] and where == [f"{name}_numba" for name in ops.OPERATIONS]
    ops.load.__wrapped__("numpy")
    assert pruned == [ops.cache_folder()]                  # NumPy's have nothing to do with it
    monkeypatch.setattr(ops, "cache_folder", lambda: None)
    assert vars(ops.load.__wrapped__("numba")) == vars(fast) and len(pruned) == 1
    with pytest.raises(ValueError, match="^backend 'jax': give one of numpy, numba$"):
        ops.load("jax")


def test_compiled_now_and_loaded_from_the_cache_are_the_same_bits(tmp_path):
    """A first process compiles, a second loads what the first kept: a helper that is not inlined could differ between the two.

    20 sequences of 12 units go through the loop, 50 through BLAS.
    """
    code = """if True:
        import sys
        import numpy as np
        from tinydmn import ops
        op, rng = ops.load("numba"), np.random.default_rng(0)
        f = lambda *shape: rng.normal(size=shape).astype("float32")
        for B in (20, 50):
            rows, n = rng.integers(0, 9, (B, 8)).astype("int32"), rng.integers(1, 9, B).astype("int32")
            at, g = n[:, None] - 1, rng.random((B, 8), "float32")
            for forward, backward, gates, more in ((op.gru_forward, op.gru_backward, 3, (g,)), (op.lstm_forward, op.lstm_backward, 4, ()),
                                                   (op.rnn_forward, op.rnn_backward, 1, ())):
                a, U = f(9, gates * 12), f(gates * 12, 12)
                dU = np.zeros_like(U)
                out, cache = forward(a, rows, n, at, *more, U)
                d = backward(out, cache, rows, n, at, *more, U, dU)
                print(*(x.tobytes().hex() for x in (out, *(d if more else [d]), dU)))
        modules = [sys.modules[f"tinydmn.ops.{cell}_numba"] for cell in ("gru", "lstm", "rnn")]
        print("hits", *(sum(kernel.stats.cache_hits.values()) for module in modules for kernel in (module._forward, module._backward)))
    """
    environment = os.environ | {"XDG_CACHE_HOME": str(tmp_path)}
    environment.pop("NUMBA_CACHE_DIR", None)
    run = lambda: subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True).stdout.split("hits")
    compiled, hits = run()
    kept = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.nb*")}
    assert len(compiled) > 1000 and set(hits.split()) == {"0"}
    assert {path.relative_to(tmp_path).parts[:2] for path in kept} == {("tinydmn", ops.cache_folder().name)} and len(kept) > 6
    loaded, hits = run()
    assert loaded == compiled and set(hits.split()) == {"1"}
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.nb*")} == kept     # nothing was compiled again
