"""README's recipes do what they say: each is carried out in a copy of the package, its files and lines as they stand there, its commands by a shell."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[1]
CHAPTER = (ROOT / "README.md").read_text(encoding="utf-8").split("\n## Adding a part\n")[1].split("\nMIT licence")[0]
RECIPES = dict(re.match(r"(.*)\n((?s:.*))", text).groups() for text in CHAPTER.split("\n### ")[1:])
FILE = re.compile(r"A file `([\w/.]+)`[^`]*?(?:`[^`]+`[^`]*?)?:\n\n```python\n(.*?)```", re.S)
LINE = re.compile(r"A line in `(\w+)` of `([\w/.]+)`[^`]*?:\n\n```python\n( +\S[^\n]*)\n```")


def environment(folder):
    return os.environ | {"PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1", "COLUMNS": "100"}


@pytest.fixture
def carried_out(request, tmp_path):
    """A copy of the package with one recipe -> its folder, and what its commands print."""
    shutil.copytree(ROOT / "tinydmn", tmp_path / "tinydmn", ignore=shutil.ignore_patterns("__pycache__"))
    text = RECIPES[request.param]
    (path, content), = FILE.findall(text)
    assert not (tmp_path / path).exists()
    (tmp_path / path).write_text(content, encoding="utf-8")
    for name, registry, line in LINE.findall(text):
        before = (tmp_path / registry).read_text(encoding="utf-8")
        after, n = re.subn(rf"^({name} = [{{(]\n(?:    .*\n)*)", rf"\g<1>{line}\n", before, flags=re.M)
        assert n == 1, f"{registry} has no list {name}"
        (tmp_path / registry).write_text(after, encoding="utf-8")
    commands, = re.findall(r"```sh\n(.*?)```", text, re.S)
    commands = re.sub("^tinydmn ", f"'{sys.executable}' -m tinydmn ", commands, flags=re.M)
    done = subprocess.run("set -e\n" + commands, shell=True, cwd=tmp_path, env=environment(tmp_path), capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stdout + done.stderr
    return tmp_path, done.stdout


def python(folder, code):
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, env=environment(folder), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_recipe_is_carried_out():
    assert list(RECIPES) == ["An episode kind", "A back end", "A story task"]
    for name, text in RECIPES.items():                     # one file, and one line at most
        assert len(FILE.findall(text)) == 1 and len(LINE.findall(text)) == (name != "A story task"), name


@pytest.mark.parametrize("carried_out", ["An episode kind"], indirect=True)
def test_an_episode_kind(carried_out):
    folder, out = carried_out
    assert "every derivative agrees" in out
    says = python(folder, """
import numpy as np
from tinydmn import DMN, Config, Vocabulary, generate, make_batch
stories = generate(1, 4, np.random.default_rng(0))
vocabulary = Vocabulary.build(stories)
batch = make_batch(stories, vocabulary)
for backend in ("numpy", "numba"):
    gates = DMN(Config(episode="mean", hidden=5), vocabulary, backend, dtype="float64").forward(batch).gates
    seen = np.arange(gates.shape[2]) <= batch.n_facts[:, None]
    print(np.abs(gates - seen / seen.sum(axis=1, keepdims=True)).max())
""")
    assert max(map(float, says.split())) < 1e-15 and len(says.split()) == 2


@pytest.mark.parametrize("carried_out", ["A back end"], indirect=True)
def test_a_back_end(carried_out):
    folder, out = carried_out
    assert "every derivative agrees" in out and re.search(r"toy operations\n +output cross_entropy\n", out)
    says = python(folder, """
import numpy as np
from tinydmn import ops
for layers in ("toy", ["toy", "numba"]):
    source = ops.load(layers).source
    print(sorted({name for name, one in source.items() if one == "toy"}), source["gate_forward"], source["adam"])
rng, toy, numpy = np.random.default_rng(0), ops.load("toy"), ops.load("numpy")
s, target = rng.normal(size=(4, 3)), np.array([0, -1, 2, 1])
(loss, p), (loss_numpy, p_numpy) = (op.cross_entropy_forward(s, target) for op in (toy, numpy))
print(abs(loss - loss_numpy) + abs(p - p_numpy).max() + abs(toy.cross_entropy_backward(p, target, 0.5) - numpy.cross_entropy_backward(p, target, 0.5)).max())
""").splitlines()
    own = "['cross_entropy_backward', 'cross_entropy_forward', 'output_backward', 'output_forward'] numpy "
    assert says[:2] == [own + "numpy", own + "numba"] and float(says[2]) < 1e-12


@pytest.mark.parametrize("carried_out", ["A story task"], indirect=True)
def test_a_story_task(carried_out):
    folder, out = carried_out
    told = (folder / "coats" / "qa21_coats_train.txt").read_text(encoding="utf-8").splitlines()
    assert re.search(r"generated, task 21: [\d.]+ % of 50 answers right", out)
    last, asked = {}, 0
    for line in told:                                      # the answer is the coat that was put on last
        number, _, text = line.partition(" ")
        last = {} if number == "1" else last
        if "\t" in text:
            question, answer, support = text.split("\t")
            who = question.split()[-1].rstrip("?").lower()
            assert last[who] == (answer.strip(), support.strip())
            asked += 1
        else:
            words = text.rstrip(".").lower().split()
            last[words[0]] = words[4], number
    assert asked == np.sum([line.startswith("7 ") for line in told]) > 20
