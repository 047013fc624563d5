"""Lessons 6 and 8, and the one on other questions, as a student runs them; their claims can fail, and so can their pictures' functions."""

import os
import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tinydmn.data.grammar.tags import tagged_texts
from tinydmn.plots import plot_cost, plot_passes, plot_word_gates, power

LESSONS = Path(__file__).parents[1] / "lessons"
PICTURES = {"06_tagging.py": ("06_tagging.png", "06_cost.png"), "08_how_many_passes.py": ("08_how_many_passes.png",),
            "coreference_and_names.py": ("coreference.png",)}                              # the first of each depends on the seed alone, not on time
each_lesson = pytest.mark.parametrize("name", PICTURES)


def run(name, folder, *more):
    return subprocess.run([sys.executable, str(LESSONS / name), "--quick", "--out", str(folder / "out"), *more], cwd=folder, capture_output=True,
                          text=True, env=os.environ | {"COLUMNS": "80"}, timeout=300)


@pytest.fixture(scope="module")
def first_run(tmp_path_factory):
    """name -> what it printed, where its pictures lie; each lesson run once."""
    done = {}

    def of(name):
        if name not in done:
            folder = tmp_path_factory.mktemp("first")
            done[name] = run(name, folder), folder / "out"
        return done[name]
    return of


@each_lesson
def test_a_lesson_runs_fits_80_columns_and_draws(name, first_run):
    done, out = first_run(name)
    assert done.returncode == 0, done.stderr
    assert [line for line in done.stdout.splitlines() if len(line) > 80] == []
    for part in ("What you saw", "Where the code is", "Your turn", "Next:"):
        assert part in done.stdout
    assert sorted(p.name for p in out.iterdir()) == sorted(PICTURES[name])
    assert all(p.stat().st_size > 10_000 for p in out.iterdir())


@each_lesson
def test_one_seed_one_lesson(name, first_run, tmp_path):
    """The same picture, byte for byte; another seed, another one."""
    pictures = [first_run(name)[1] / PICTURES[name][0]]
    for seed in ("0", "1"):
        (tmp_path / seed).mkdir()
        done = run(name, tmp_path / seed, "--seed", seed)
        assert done.returncode == 0, done.stderr
        pictures.append(tmp_path / seed / "out" / PICTURES[name][0])
    first, again, other = (p.read_bytes() for p in pictures)
    assert first == again != other


def test_tagging_on_files_of_ones_own(tmp_path):
    stories = tagged_texts(460, np.random.default_rng(5))
    for split, part in (("train", stories[:420]), ("dev", stories[420:])):
        text = "\n".join("".join(f"{w}\t{k}\n" for w, k in zip(s.facts[0], s.questions[0].answer)) for s in part)
        (tmp_path / f"{split}.tsv").write_text(text, encoding="utf-8")
    done = run("06_tagging.py", tmp_path, "--data", str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert f"400 sentences ({tmp_path})" in done.stdout


def test_a_missing_folder_is_one_line(tmp_path):
    done = run("06_tagging.py", tmp_path, "--data", str(tmp_path / "none"))
    assert done.returncode == 2 and done.stderr.strip().count("\n") == 0 and "none" in done.stderr


def lesson_in_process(name, monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "argv", [name, "--quick", "--out", str(tmp_path)])
    monkeypatch.syspath_prepend(str(LESSONS))
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    return runpy.run_path(str(LESSONS / name))


@pytest.mark.parametrize("name, module, where, wrong", (
    ("06_tagging.py", "tinydmn.ops.gru_numpy", "gru_cell_forward", lambda right: lambda a, h, U: (lambda new, cache: (np.roll(new, 1, axis=1), cache))(*right(a, h, U))),
    ("06_tagging.py", "tinydmn.ops.gate_numpy", "gate_forward", lambda right: lambda *a: (lambda s, cache: (s + 0.01, cache))(*right(*a))),
    ("08_how_many_passes.py", "tinydmn.answer_module", "forward", lambda right: lambda m, W_a: 1.01 * right(m, W_a)),
))
def test_a_planted_mistake_stops_a_lesson(name, module, where, wrong, monkeypatch, tmp_path):
    from tinydmn import answer_module, ops
    place = answer_module if module == "tinydmn.answer_module" else ops.load("numpy")
    monkeypatch.setattr(place, where, wrong(getattr(place, where)))
    with pytest.raises(AssertionError):
        lesson_in_process(name, monkeypatch, tmp_path)


def test_the_texts_mean_what_their_answers_say(monkeypatch, tmp_path):
    """Told again by a rule that reads the sentences alone."""
    lesson = lesson_in_process("coreference_and_names.py", monkeypatch, tmp_path)
    rng = np.random.default_rng(0)
    for _ in range(300):
        story = lesson["pronoun_text"](rng)
        question, told = story.questions[0], story.facts[-1][1]
        places = [i for i, fact in enumerate(story.facts[:-1]) if (fact[0] == "the") == (told == "their") and fact[told == "their"] in lesson["PEOPLE"][told]]
        assert question.tokens[2] == told and question.support == places[-1:] and question.answer[0] in story.facts[places[-1]]
        story = lesson["name_text"](rng)
        words, tags = story.facts[0], story.questions[0].answer
        assert len(words) == len(tags) and set(tags) > {"-"}
        for i, (word, tag) in enumerate(zip(words, tags)):
            before = [w.lower() for w in words[:i]][-1:]
            assert (tag != "-") <= word[0].isupper()
            assert (tag == "PLACE") <= (before in (["in"], ["near"])) and (tag == "FIRM") <= (before != ["in"] and before != ["near"])


def test_every_pair_of_texts_differs(monkeypatch, tmp_path):
    lesson = lesson_in_process("coreference_and_names.py", monkeypatch, tmp_path)
    parts = lesson["different"](lesson["name_text"], np.random.default_rng(3))
    texts = [tuple(story.facts[0]) for part in parts for story in part]
    assert len(texts) == len(set(texts)) and [len(part) for part in parts] == [150, 20, 50]


# the pictures' functions

def test_power():
    n = np.array([5, 10, 20, 40, 80, 160.0])
    assert power(n, 3 * n**2) == pytest.approx(2) and power(n, 100 + 0 * n) == pytest.approx(0)
    assert power(n, np.where(n < 30, 7, n)) == pytest.approx(1)                            # the second half alone counts


def test_pictures_are_the_same_each_time(tmp_path):
    gates = {"pass 1": np.tri(3) * 0.5, "pass 2": np.tri(3)}
    draws = {"gates": lambda path: plot_word_gates(["a", "$b$", "ç"], {"said": ["X", "Y", "Z"]}, gates, path, ["X", "X", "Z"]),
             "cost": lambda path: plot_cost([5, 10, 20], {"one": [1, 2, 4], "two": [1, 4, 16]}, path),
             "passes": lambda path: plot_passes({"ours": {"task 8": {0: 0.2, 1: 0.5}}, "theirs": {"task 3": {5: 1.0}}}, path)}
    for name, draw in draws.items():
        paths = [draw(tmp_path / f"{name}{i}.png") for i in (0, 1)]
        assert paths[0].read_bytes() == paths[1].read_bytes() and len(paths[0].read_bytes()) > 5_000


@pytest.mark.parametrize("draw", (
    lambda path: plot_word_gates([], {}, {"pass 1": np.zeros((0, 0))}, path),
    lambda path: plot_word_gates(["a"], {}, {}, path),
    lambda path: plot_word_gates(["a", "b"], {}, {"pass 1": np.zeros((2, 3))}, path),
    lambda path: plot_word_gates(["a", "b"], {"said": ["X"]}, {"pass 1": np.zeros((2, 2))}, path),
    lambda path: plot_word_gates(["a"], {}, {"pass 1": np.full((1, 1), np.nan)}, path),
    lambda path: plot_word_gates(["a"], {}, {"pass 1": np.full((1, 1), 1.5)}, path),
    lambda path: plot_cost([5], {"one": [1.0]}, path),
    lambda path: plot_cost([5, 10], {"one": [1.0, 0.0]}, path),
    lambda path: plot_cost([5, 10], {}, path),
    lambda path: plot_passes({}, path),
    lambda path: plot_passes({"ours": {"task 8": {}}}, path),
))
def test_what_cannot_be_drawn_says_so(draw, tmp_path):
    with pytest.raises(ValueError):
        draw(tmp_path / "x.png")
    assert not list(tmp_path.iterdir())
