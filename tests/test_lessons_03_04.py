"""Lessons 3 and 4 as a student runs them: from another folder, 80 columns, pictures there; and their claims can fail."""

import os
import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

LESSONS = Path(__file__).parents[1] / "lessons"
PICTURES = {"03_episodic_memory.py": ("03_episodic_memory.png",), "04_training.py": ("04_training.png", "04_attention.png")}
each_lesson = pytest.mark.parametrize("name", PICTURES)


def run(name, folder, *more, **environment):
    return subprocess.run([sys.executable, str(LESSONS / name), "--quick", "--out", str(folder / "out"), *more], cwd=folder, capture_output=True,
                          text=True, env=os.environ | {"COLUMNS": "80"} | environment, timeout=300)


@each_lesson
def test_a_lesson_runs_fits_80_columns_and_draws(name, tmp_path):
    done = run(name, tmp_path)
    assert done.returncode == 0, done.stderr
    assert max(len(line) for line in done.stdout.splitlines()) <= 80
    assert "Your turn" in done.stdout and "Where the code is" in done.stdout
    for picture in PICTURES[name]:
        assert (tmp_path / "out" / picture).stat().st_size > 10_000


@each_lesson
def test_one_seed_one_lesson(name, tmp_path):
    """The same pictures, byte for byte; another seed, other ones.  (The printed seconds may differ.)"""
    first, again, other = tmp_path / "a", tmp_path / "b", tmp_path / "c"
    for folder, seed in ((first, "0"), (again, "0"), (other, "1")):
        folder.mkdir()
        assert run(name, folder, "--seed", seed).returncode == 0
    picture = Path("out") / PICTURES[name][-1]
    assert (first / picture).read_bytes() == (again / picture).read_bytes() != (other / picture).read_bytes()


@each_lesson
def test_a_missing_folder_is_one_line(name, tmp_path):
    done = run(name, tmp_path, "--data", str(tmp_path / "none"))
    assert done.returncode == 2 and done.stderr.strip().count("\n") == 0 and "none" in done.stderr


def lesson_in_process(name, monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "argv", [name, "--quick", "--out", str(tmp_path)])
    monkeypatch.syspath_prepend(str(LESSONS))
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    runpy.run_path(str(LESSONS / name))


@pytest.mark.parametrize("name, where, wrong", (
    ("03_episodic_memory.py", "gate_forward", lambda right: lambda *a: (lambda s, cache: (-s, cache))(*right(*a))),
    ("03_episodic_memory.py", "gru_cell_forward", lambda right: lambda a, h, U: (lambda new, cache: (np.roll(new, 1, axis=1), cache))(*right(a, h, U))),
    ("04_training.py", "cross_entropy_forward", lambda right: lambda *a: (lambda loss, p: (1.01 * loss, p))(*right(*a))),
))
def test_a_planted_mistake_stops_a_lesson(name, where, wrong, monkeypatch, tmp_path):
    from tinydmn import ops
    numpy_ops = ops.load("numpy")
    monkeypatch.setattr(numpy_ops, where, wrong(getattr(numpy_ops, where)))
    with pytest.raises(AssertionError):
        lesson_in_process(name, monkeypatch, tmp_path)
