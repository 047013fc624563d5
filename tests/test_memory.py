"""The memory check against what a training step really takes, each shape in a process of its own."""

import json
import os
import subprocess
import sys
from math import prod

import pytest

from tinydmn.config import Config
from tinydmn.data.story import Question, Story
from tinydmn.data.vocabulary import Vocabulary
from tinydmn.errors import UserError
from tinydmn.model import DMN
from tinydmn.training import memory
from tinydmn.tasks.pos import pos_config
from tinydmn.tasks.sst import sst_config

SIZES = {"hidden": 40, "embedding": 40, "gate_hidden": 40}
WORDS = {"facts": "words", "episode": "gated"}
TAGS = WORDS | {"answer": "tags"}
WORD = [f"w{i}" for i in range(50)]


def texts(n, length, tags=False):
    """n texts of one sentence of so many words."""
    return [Story([[WORD[(7 * i + j * j) % 50] for j in range(length)]], [Question(["what"], ["t0"] * length if tags else ["a"], 1)], f"text {i}") for i in range(n)]


def stories(n, facts, questions, steps=1, answers=1):
    """n stories of so many facts of six words; answers of so many steps, of so many words in all."""
    return [Story([[WORD[(i + 3 * f + k) % 50] for k in range(6)] for f in range(facts)],
                  [Question(["where", "is"], [f"a{(i + 7 * k + q) % answers}" for k in range(steps)], facts - q, [0]) for q in range(questions)], f"story {i}")
            for i in range(n)]


# Few enough questions that all are worked on at once, in two pieces at most: more would wait for those before them, and take less than all together.
SHAPES = {
    "stories": ({"passes": 3}, stories(32, 50, 5)),
    "gated, both ways": ({"passes": 3, "episode": "gated", "bidirectional": "yes"}, stories(12, 40, 5)),
    "no passes, lstm": ({"passes": 0, "cell": "lstm"}, stories(32, 100, 5)),
    "words": (WORDS | {"passes": 2}, texts(8, 1000)),
    "tags": (TAGS | {"passes": 1}, texts(4, 500, True)),
    "tags, two passes, both ways": (TAGS | {"passes": 2, "bidirectional": "yes"}, texts(4, 400, True)),
    "a decoder": ({"passes": 1, "answer": "sequence", "longest": 500}, stories(20, 10, 5, 80, 200)),
}


def measure(name):
    """-> bytes that a step of a shape takes at its peak, bytes estimated; of this process, in which no other shape was."""
    import ctypes

    import numpy as np

    from tinydmn.training.material import batch_of
    settings, of = SHAPES[name]
    config = Config(**SIZES | settings)
    vocabulary = Vocabulary.build(of, config.answer)
    model = DMN(config, vocabulary)
    tags = config.answer == "tags"
    tiny = [Story([fact[:3] for fact in s.facts[:2]], [Question(q.tokens, q.answer[:3 if tags else 2], len(s.facts[:2]), q.support) for q in s.questions[:1]]) for s in of[:2]]
    model.gradient(batch_of(tiny, vocabulary, config), rng=np.random.default_rng(0))       # compiled, or loaded
    batch = batch_of(of, vocabulary, config)
    ctypes.CDLL(None).malloc_trim(0)
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")                                    # the peak begins anew
    before = status("VmRSS")
    model.gradient(batch, rng=np.random.default_rng(0))
    return status("VmHWM") - before, memory.bytes_needed(of, config, "float32", len(vocabulary.answers))


def status(key):
    with open("/proc/self/status") as file:
        return next(1024 * int(line.split()[1]) for line in file if line.startswith(key))


def measure_all():
    """A process for each shape, forked from this one, which has loaded everything and worked on nothing."""
    import tinydmn.ops
    tinydmn.ops.load("numba")
    for name in SHAPES:
        out, back = os.pipe()
        if not os.fork():
            os.write(back, json.dumps(measure(name)).encode())
            os._exit(0)
        os.close(back)
        with os.fdopen(out) as file:
            print(json.dumps([name, *json.loads(file.read())]))
        os.wait()


@pytest.fixture(scope="module")
def measured():
    if not os.path.exists("/proc/self/clear_refs"):
        pytest.skip("needs Linux, which tells the peak of a process")
    words = [sys.executable, "-c", "from tests.test_memory import measure_all; measure_all()"]
    said = subprocess.run(words, capture_output=True, text=True, env=os.environ | {"TINYDMN_THREADS": "2"}, check=True, cwd=os.path.dirname(os.path.dirname(__file__))).stdout
    return {name: (taken, estimated) for name, taken, estimated in map(json.loads, said.splitlines())}


@pytest.mark.parametrize("name", SHAPES)
def test_estimated_is_what_is_taken_or_somewhat_more(name, measured, monkeypatch):
    taken, estimated = measured[name]
    assert taken > 15 * 2**20                              # else it is the interpreter that is measured
    assert 0.8 * taken <= estimated <= 3 * taken


@pytest.mark.parametrize("config, tags", ((sst_config(), False), (pos_config(), True)))
def test_two_texts_of_20000_words(config, tags):
    """They take 600 MB and more; of tags every word has its own gates for all."""
    of = texts(2, 20_000, tags)
    vocabulary = Vocabulary.build(of, config.answer)
    with pytest.raises(UserError, match="^text [01]: story of 1 facts; a batch of 2 such takes about "):
        memory.check(of, config, "float32", vocabulary, free=300 * 10**6)
    if not tags:
        memory.check(of, config, "float32", vocabulary, free=3 * 10**9)
    else:
        with pytest.raises(UserError, match="a batch of 2 such"):
            memory.check(of, config, "float32", vocabulary, free=3 * 10**9)
        memory.check(of, config, "float32", vocabulary, free=40 * 10**9)


def grows(config, few, many, least, most):
    """How many times more the second takes, within bounds."""
    ratio = memory.bytes_needed(many, config, "float32") / memory.bytes_needed(few, config, "float32")
    assert least <= ratio <= most


def test_what_decides_it():
    """By shape: what doubles, what is squared, what does not matter."""
    config = lambda **more: Config(**SIZES | more)
    grows(config(), stories(2, 20, 1), stories(4, 20, 1), 2, 2)
    grows(config(), stories(2, 20, 1), stories(2, 40, 1), 1.9, 2.0)
    grows(config(passes=9), stories(2, 20, 1), stories(2, 20, 5), 1.5, 3.0)                # the words are read once, the passes made for each question
    grows(config(**WORDS), texts(1, 500), texts(1, 1000), 1.9, 2.1)
    grows(config(**TAGS, passes=1), texts(1, 4000, True), texts(1, 8000, True), 3.5, 4.0)
    one, wide = (memory.bytes_needed(stories(2, 20, 3), config(), dtype) for dtype in ("float32", "float64"))
    assert wide == 2 * one
    more = {name: memory.bytes_needed(stories(2, 20, 3), config(**given), "float32") / one for name, given in {
        "passes": {"passes": 6}, "gated": {"episode": "gated"}, "both": {"bidirectional": "yes"}, "lstm": {"cell": "lstm"}, "words too": {"facts": "both"}}.items()}
    assert all(1.05 < ratio < 10 for ratio in more.values()), more
    assert memory.bytes_needed(stories(2, 20, 3), config(cell="rnn"), "float32") < one and memory.bytes_needed(stories(2, 20, 3), config(passes=0), "float32") < 0.8 * one
    assert memory.bytes_needed(stories(1, 20, 3)[0], config(), "float32") == memory.bytes_needed(stories(1, 20, 3), config(), "float32")
    decoder = config(answer="sequence")
    assert memory.bytes_needed(stories(2, 20, 3, 40), decoder, "float32", 100) - memory.bytes_needed(stories(2, 20, 3, 10), decoder, "float32", 100) == \
        4 * 2 * 3 * 30 * (4 * 100 + 7 * 40)


def test_each_thread_works_on_a_chunk_of_a_tagged_text(monkeypatch):
    needed = []
    for n in (1, 2, 4):
        monkeypatch.setenv("TINYDMN_THREADS", str(n))
        needed.append([memory.bytes_needed(texts(1, length, True), Config(**SIZES, **TAGS, passes=2), "float32") for length in (3000, 20)])
    (one, short), (two, again), (four, _) = needed
    assert two - one == (four - two) / 2 > 0 and short == again                            # of a short one there is less than a chunk


def test_the_longest_of_the_heaviest_is_named_and_a_batch_is_counted():
    of = [*stories(3, 10, 2), Story([["x"] * 6] * 37, [Question(["what"], ["a"], 37)], "FILE:7"), *stories(4, 12, 2)]
    config = Config(**SIZES, batch=3)
    heaviest = sorted(of, key=lambda story: len(story.facts), reverse=True)[:3]
    total = memory.bytes_needed(heaviest, config, "float32")
    memory.check(of, config, "float32", free=total)
    with pytest.raises(UserError, match="^FILE:7: story of 37 facts; a batch of 3 such takes about 0.0 GiB and 0.0 GiB are free; lower --batch or --hidden"):
        memory.check(of, config, "float32", free=total - 1)
    memory.check(of, Config(**SIZES, batch=2), "float32", free=total - 1)
    memory.check([], config, "float32", free=0)


def test_parameters_are_counted(monkeypatch):
    monkeypatch.setenv("TINYDMN_THREADS", "2")
    of = stories(2, 3, 1)
    vocabulary = Vocabulary.build(of)
    small, large, kept = (Config(hidden=h, embedding=h, gate_hidden=h, ensemble=k) for h, k in ((10, 1), (700, 1), (700, 5)))
    P = sum(prod(v.shape) for v in DMN(large, vocabulary, "numpy").params.values())
    own = memory.bytes_of_parameters(large, vocabulary, "float32")
    # their start in float64; theta, now and in the state, best, two moments, gradient, and a gradient of each thread
    assert own == P * (8 + 4 * (7 + 2)) and memory.bytes_of_parameters(kept, vocabulary, "float32") - own == 4 * 4 * P
    assert own > 50 * memory.bytes_of_parameters(small, vocabulary, "float32")
    with pytest.raises(UserError, match="--hidden 700, --embedding 700: the parameters and their moments take about 0.5 GiB and 0.2 GiB are free; lower them"):
        memory.check(of, large, "float32", vocabulary, free=2 * 10**8)
    total = own + memory.bytes_needed(of, large, "float32", len(vocabulary.answers))
    memory.check(of, large, "float32", vocabulary, free=total)
    with pytest.raises(UserError, match="story of 3 facts"):
        memory.check(of, large, "float32", vocabulary, free=total - 1)


def test_what_is_free_is_asked_of_the_system(monkeypatch):
    free = memory.available()
    assert free is None or 2**20 < free < 2**50
    monkeypatch.setattr(memory, "available", lambda: 1000)
    with pytest.raises(UserError, match="story of 50 facts"):
        memory.check(SHAPES["stories"][1], Config(), "float32")
    monkeypatch.setattr(memory, "available", lambda: None)                                 # where it does not tell, nothing is refused
    memory.check(SHAPES["stories"][1], Config(), "float32")


def test_training_asks_first_of_training_and_of_validation(tmp_path, monkeypatch, capsys):
    """A long text that stands in validation alone is named as well, before anything is written."""
    from tinydmn.cli import main
    from tinydmn.training.runs import Run, execute
    from tinydmn.tasks import about_run
    monkeypatch.setattr(memory, "available", lambda: 200_000)
    short, long = "1 Mary went home.\n2 Where is Mary?\thome\t1\n", "".join(f"{i} Mary went home.\n" for i in range(1, 400)) + "400 Where is Mary?\thome\t1\n"
    for long_one in ("train", "valid"):
        folder = tmp_path / long_one
        folder.mkdir()
        for split in ("train", "valid"):
            (folder / f"qa1_x_{split}.txt").write_text(long if split == long_one else short)
        small = {"hidden": 4, "embedding": 4, "gate_hidden": 4}
        assert main(["train", "babi", "--data", str(folder), "--hidden", "4", "--embedding", "4", "--gate-hidden", "4", "--out", str(tmp_path / "a.npz")]) == 2
        assert f"qa1_x_{long_one}.txt:1: story of 399 facts" in capsys.readouterr().err
        with pytest.raises(UserError, match=f"qa1_x_{long_one}.txt:1: story of 399 facts"):
            execute(Run("x", [], about_run("babi", folder, 0, task=1, size="1k"), small), tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["train", "valid"]
