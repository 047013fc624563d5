"""README stays true: the lines its table names compute and differentiate the equations they are named for, its folders and options exist."""

import csv
import os
import re
import subprocess
import sys
from configparser import ConfigParser
from pathlib import Path

import pytest

from tinydmn.cli import parser

from . import equations

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PLACE = r"\[`([a-z_]+\.py):(\d+)`\]\((tinydmn/[a-z_/]+\.py)#L(\d+)\)"
ROWS = re.findall(rf"^\| \((\d+)\)[^|]*\| {PLACE} \| {PLACE} \|", README, re.M)


def line_of(path, number):
    return (ROOT / path).read_text(encoding="utf-8").splitlines()[int(number) - 1]


def test_the_table_is_the_one_that_the_command_makes():
    assert equations.written(README) == README, "python -m tests.equations  makes README's table anew"
    assert [int(row[0]) for row in ROWS] == list(range(1, 11))


def test_an_equation_without_a_line_is_named(monkeypatch):
    monkeypatch.setitem(equations.FILES, 5, "loss")
    with pytest.raises(LookupError, match="tinydmn/ops/loss_numpy.py: no comment"):
        equations.table()


@pytest.mark.parametrize("row", ROWS, ids=[f"eq-{row[0]}" for row in ROWS])
def test_a_row_names_the_right_lines(row):
    equation, *places = row
    for name, shown, path, number in (places[:4], places[4:]):
        assert path.endswith(name) and shown == number
        assert f"({equation})" in line_of(path, number), f"{path}:{number} does not speak of eq. ({equation})"
    assert "through" not in line_of(places[2], places[3]) and "through" in line_of(places[6], places[7])


def test_every_linked_file_exists():
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", README):
        if "://" not in target:
            assert (ROOT / target).exists(), target


def test_every_command_in_readme_is_one():
    """Each `tinydmn ...` line parses: no option that was renamed, no command that is gone."""
    lines = [line.split("#")[0].split() for block in re.findall(r"```sh\n(.*?)```", README.split("## Adding a part")[0], re.S) for line in block.splitlines()
             if line.startswith("tinydmn ")]
    assert len(lines) >= 8
    for words in lines:
        parser().parse_args([w.strip('"') for w in words[1:]])


def test_the_two_commands_stand_on_the_first_screen():
    first = README.splitlines()[:25]
    commands = [line for line in first if line.startswith("python3 -m venv")]
    assert len(commands) == 2 and commands[0].endswith("lessons/03_episodic_memory.py") and commands[1].endswith("-m pytest")


def test_every_option_in_readme_is_one():
    """Of a command of ours, or of the tool that plants mistakes."""
    of_commands = {option for command in parser()._subparsers._group_actions[0].choices.values() for option in command._option_string_actions}
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", README))
    assert len(named) > 20 and named <= of_commands | {"--sample", "--only"}, named - of_commands


def test_every_package_that_is_asked_for_has_its_reason():
    setup = ConfigParser()
    setup.read(ROOT / "setup.cfg", encoding="utf-8")
    listed = "\n".join([setup["options"]["install_requires"], *setup["options.extras_require"].values()])
    required = {re.split(r"[\[>=<]", line)[0] for line in listed.split()}
    table = " ".join(re.findall(r"^\| ([^|]+) \|", README.split("## What it stands on")[1], re.M))
    assert {"numpy", "wcwidth", "pytest", "pyarrow", "torch"} <= required and all(re.search(rf"(?<![\w-]){name}(?![\w-])", table) for name in required), required


def test_the_example_on_the_first_screen(tmp_path):
    """It trains, scores, asks, shows and saves as it stands there; the answer is right, and so are most."""
    example = README.split("Train, ask, show:")[1].split("```python\n")[1].split("```")[0]
    assert len(example.splitlines()) <= 10 and README.index(example) < 6000
    done = subprocess.run([sys.executable, "-c", example], cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert re.search(r"Where is Mary\?  ->  garden +\(probability [01]\.[0-9]+", done.stdout), done.stdout
    assert float(re.search(r"answer_accuracy=([0-9.]+)", done.stdout)[1]) > 0.95
    assert (tmp_path / "where.png").read_bytes().startswith(b"\x89PNG") and (tmp_path / "mary.npz").exists()


def test_the_tour_of_ones_own_stories(tmp_path):
    """Its blocks are run as they stand there, by a shell; what is typed in the end has its right answer and its picture."""
    tour = README.split("## Your own stories")[1].split("\n## ")[0]
    writes, commands, typed = re.findall(r"```(?:python|sh|)\n(.*?)```", tour, re.S)
    (tmp_path / "stories.py").write_text(writes, encoding="utf-8")
    (tmp_path / "typed.txt").write_text(typed, encoding="utf-8")
    *lines, last = [line.split("  #")[0].replace("python ", f"'{sys.executable}' ", 1).replace("tinydmn ", f"'{sys.executable}' -m tinydmn ", 1)
                    for line in commands.splitlines()]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run("set -e\n" + "\n".join([*lines, f"{last} < typed.txt"]), shell=True, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"When did Eva get there\?  ->  9:15", done.stdout) and (tmp_path / "where.png").read_bytes().startswith(b"\x89PNG")
    right = float(re.search(r"every tenth, validation: ([0-9.]+) % of 1[0-9]{2} answers right", done.stdout)[1])
    assert right > 95, done.stdout
    with open(tmp_path / "answers.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert sum(int(row["right"]) for row in rows) / len(rows) * 100 == pytest.approx(right, abs=0.051)
    assert all("supporting" not in line for line in done.stderr.splitlines())              # every question names its fact
