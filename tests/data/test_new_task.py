"""A 21st story task is one new file: placed in a copy of the package, it is generated, written, trained, evaluated and tested."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tinydmn.data.generator import TASKS

ROOT = Path(__file__).parents[2]
NEW = TASKS[-1] + 1
TASK = '''"""Task 21, coats.  What color is the coat of Mary?  The one that she put on last."""

from ..story import Question, Story
from .world import PEOPLE, pick

TITLE = "coats"
COLORS = ("blue", "green", "red", "white")


def story(rng):
    """One story, as Story: six facts and one question."""
    facts = [[pick(rng, PEOPLE), "put", "on", "the", pick(rng, COLORS), "coat"] for _ in range(6)]
    who = pick(rng, facts)[0]
    told = max(i for i, fact in enumerate(facts) if fact[0] == who)
    tokens = ["what", "color", "is", "the", "coat", "of", who]
    return Story(facts, [Question(tokens, [facts[told][4]], len(facts), [told])])
'''


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """A copy of the package and its tests, with one file more."""
    folder = tmp_path_factory.mktemp("copy")
    for name in ("tinydmn", "tests"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "out"))
    (folder / "tinydmn" / "data" / "generator" / f"task{NEW}.py").write_text(TASK, encoding="utf-8")
    return folder


def run(copy, *words):
    """What `python -m ...` prints in the copy, in lines."""
    environment = os.environ | {"PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1", "COLUMNS": "200"}
    done = subprocess.run([sys.executable, "-m", *map(str, words)], cwd=copy, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout.splitlines()


def test_it_is_written_trained_and_evaluated(copy):
    files = [f"qa{NEW}_coats_{split}.txt" for split in ("train", "valid")]
    assert [line.split()[0] for line in run(copy, "tinydmn", "data", "--task", NEW, "--out", "out", "--stories", 40)] == [f"out/{name}" for name in files]
    assert (copy / "out" / files[0]).read_text().startswith("1 ")
    small = ("--epochs", 1, "--hidden", 8, "--passes", 2, "--batch", 300, "--backend", "numpy")
    for source, told in (((), f"generated, task {NEW}: "), (("--data", "out"), f"task {NEW}")):
        assert any(f"saved in a{len(source)}.npz" in line for line in run(copy, "tinydmn", "train", "babi", "--task", NEW, *source, *small, "--out", f"a{len(source)}.npz"))
        assert told in run(copy, "tinydmn", "eval", f"a{len(source)}.npz", *source, "--backend", "numpy")[0]


def test_the_tests_of_every_task_are_its_tests(copy):
    *_, last = run(copy, "pytest", "-q", "-n0", "-p", "no:cacheprovider", "tests/data/test_generator.py", "tests/data/test_sources.py", "tests/data/test_typed.py",
                   "-k", f"[{NEW}] or test_the_tasks_are_there")
    assert "passed" in last and "failed" not in last and int(last.split()[0]) >= 6
