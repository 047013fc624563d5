"""`tinydmn data`: which files it writes, what is in them, and what it says."""

import numpy as np
import pytest

from tinydmn.cli import main
from tinydmn.data import generator
from tinydmn.data.babi import load_task
from tinydmn.data.generator import generate
from tinydmn.data.sources import SIZES, generated_sets
from tinydmn.data.story import Question, Story, asked, count_questions


def run(capsys, *words):
    """-> exit code, lines printed, lines of errors."""
    try:
        code = main(["data", *map(str, words)])
    except SystemExit as stop:
        code = stop.code
    out, err = capsys.readouterr()
    return code, out.splitlines(), err.splitlines()


def bare(stories):
    return [(s.facts, s.questions) for s in stories]


@pytest.mark.parametrize("task, name", [(1, "qa1_single-supporting-fact"), (17, "qa17_positional-reasoning"), (20, "qa20_agents-motivations")])
def test_the_files_of_a_task(tmp_path, capsys, task, name):
    code, out, err = run(capsys, "--task", task, "--out", tmp_path / "a" / "b", "--seed", 3)
    assert code == 0 and not err
    assert out == [f"{tmp_path}/a/b/{name}_train.txt   900 questions", f"{tmp_path}/a/b/{name}_valid.txt   1,000 questions"]
    train, valid, test = load_task(tmp_path / "a" / "b", task)
    assert [bare(train), bare(valid)] == [bare(part) for part in generated_sets(task, "1k", np.random.default_rng([3, task]))] and test is None


def test_size_stories_and_seed(tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(SIZES, "10k", (1100, 30))
    monkeypatch.setitem(SIZES, "1k", (40, 20))
    count = lambda folder: tuple(map(count_questions, load_task(tmp_path / folder, 12)[:2]))
    for folder, words, n in (("a", (), (40, 20)), ("b", ("--size", "10k"), (1100, 30)), ("c", ("--stories", 7), (35, 20)), ("d", ("--stories", 7, "--size", "10k"), (35, 30)),
                             ("e", ("--seed", 1), (40, 20))):
        code, out, _ = run(capsys, "--task", 12, "--out", tmp_path / folder, *words)
        assert code == 0 and count(folder) == n and [line.split("   ")[1] for line in out] == [f"{k:,} questions" for k in n]
    first = lambda folder: bare(load_task(tmp_path / folder, 12)[0])
    assert first("a")[:7] == first("c") == bare(generate(12, 7, np.random.default_rng([0, 12]))) and first("a") != first("e")


def test_nothing_is_replaced_unless_it_is_asked_for(tmp_path, capsys):
    assert run(capsys, "--task", 4, "--out", tmp_path, "--stories", 5)[0] == 0
    train, valid = sorted(tmp_path.iterdir())
    train.unlink()
    before = valid.read_bytes()
    code, out, (line,) = run(capsys, "--task", 4, "--out", tmp_path, "--stories", 5, "--seed", 1)
    assert code == 2 and not out and "exists already" in line and list(tmp_path.iterdir()) == [valid] and valid.read_bytes() == before
    assert run(capsys, "--task", 4, "--out", tmp_path, "--stories", 5, "--seed", 1, "--overwrite")[0] == 0
    assert valid.read_bytes() != before and train.exists()


def test_where_few_stories_are_possible_it_says_so(tmp_path, capsys, monkeypatch):
    def story(rng):
        return Story([[f"fact{rng.integers(30)}"]], [Question(["q"], ["yes"], 1, [0])])

    monkeypatch.setattr("tinydmn.data.generator.task01.story", story)
    monkeypatch.setattr(generator, "TRIES", 200)
    code, out, _ = run(capsys, "--task", 1, "--out", tmp_path / "a", "--stories", 10)
    train, valid, _ = load_task(tmp_path / "a", 1)
    assert code == 0 and len(train) == 10 and out[0].endswith("_train.txt   10 questions") and out[1].endswith("_valid.txt   1,000 questions")
    assert not {t for s in train for t in asked(s)} & {t for s in valid for t in asked(s)}
    draws = iter([0] * 10 + list(range(1, 8)) + [0] * 1000)                    # seven others, and then no more
    monkeypatch.setattr("tinydmn.data.generator.task01.story", lambda rng: Story([[f"fact{next(draws)}"]], [Question(["q"], ["yes"], 1, [0])]))
    code, out, _ = run(capsys, "--task", 1, "--out", tmp_path / "b", "--stories", 10)
    assert code == 0 and out[1].endswith("_valid.txt   7 questions: no more were found that training does not have") and out[0].endswith("   10 questions")
    monkeypatch.setattr("tinydmn.data.generator.task01.story", lambda rng: Story([["fact"]], [Question(["q"], ["yes"], 1, [0])]))
    code, out, (line,) = run(capsys, "--task", 1, "--out", tmp_path / "c", "--stories", 10)
    assert code == 2 and not (tmp_path / "c").exists()
    assert line == "tinydmn data: task 1: every question of validation is in training as well; ask for fewer --stories"


@pytest.mark.parametrize("words", [("--task", 21), ("--task", 0), ("--task", "x"), (), ("--task", 1, "--stories", 0), ("--task", 1, "--stories", 4_000_000_000),
                                   ("--task", 1, "--seed", -1), ("--task", 1, "--size", "100k")])
def test_a_wrong_option_is_one_line(words, tmp_path, capsys):
    code, out, (line,) = run(capsys, *words, "--out", tmp_path / "a")
    assert code == 2 and not out and not (tmp_path / "a").exists() and "; see tinydmn data --help" in line
