"""Every number of every command has bounds: what lies beyond them, and what is no number, is one line and exit code 2, before anything is done."""

import json
import math
import os
from argparse import SUPPRESS
from dataclasses import fields

import numpy as np
import pytest

from tinydmn.cli import main, parser
from tinydmn.cli.bench import STORIES
from tinydmn.cli.common import given_config, number, picture, print_json
from tinydmn.config import Config, limits

TOP = parser()
COMMANDS = next(action for action in TOP._actions if action.dest == "command").choices
CONFIG = {"--" + f.name.replace("_", "-"): f for f in fields(Config)}
SEEDS, TEXTS = (0, 2**32 - 1), (1, 100_000)
SECONDS = math.nextafter(0.0, math.inf), 3600.0
# what each command is told besides; and its own numbers, with their least and largest value
NEEDED = {"train": ["babi"], "eval": ["a.npz"], "ask": ["a.npz"], "play": ["a.npz"], "data": ["--task", "1", "--out", "d"], "gradcheck": [], "bench": [], "info": [], "table": ["1"], "lessons": ["--out", "d"],
          "exercise": ["gru", "--out", "d"], "check": ["f.py"], "grade": ["a2", "f.py"], "autograder": ["a2", "--out", "f.zip"]}
OWN = {
    "train": {"--task": (1, 999), "--phrases": (0.0, 1.0), "--seed": SEEDS},
    "eval": {"--stories": TEXTS, "--seed": SEEDS}, "ask": {}, "play": {"--port": (1, 65_535), "--stories": (1, 100), "--seed": SEEDS}, "info": {}, "lessons": {},
    "data": {"--task": (1, 20), "--stories": TEXTS, "--seed": SEEDS},
    "gradcheck": {"--entries": (1, 1_000_000), "--seed": SEEDS},
    "bench": {"--tasks": (1, 999), "--stories": (1, 10_000), "--rounds": (1, 1000), "--hidden": (1, 4096), "--batch": (1, 65_536), "--seed": SEEDS},
    "exercise": {}, "check": {"--seed": SEEDS}, "grade": {"--jobs": (1, 1024), "--seconds": SECONDS, "--seed": SEEDS}, "autograder": {"--seconds": SECONDS, "--seed": SEEDS},
    "table": {"--seeds": SEEDS, "--tasks": (1, 20), "--jobs": (1, 1024)},
}
NO_NUMBER = ("many", "", "nan", "NaN", "inf", "-inf", "1e400", "0x10", "1,5", "1 2", "--", "9" * 5000)
NUMBERS = [(command, name) for command, own in OWN.items()
           for name in (*own, *(name for name, f in CONFIG.items() if f.type is not str and command in ("train", "table")))]


def kind_and_bounds(command, name):
    """int or float; the least and the largest value that are allowed."""
    if name in OWN[command]:
        return type(OWN[command][name][0]), *OWN[command][name]
    bounds, kind = limits(CONFIG[name]), CONFIG[name].type
    low = bounds["least"] if "least" in bounds else math.nextafter(bounds["above"], math.inf)
    return kind, low, bounds["most"] if "most" in bounds else math.nextafter(bounds["below"], -math.inf)


def refused(capsys, *words):
    """The one line of an option that must be refused."""
    with pytest.raises(SystemExit) as stop:
        TOP.parse_args([*map(str, words)])
    out, err = capsys.readouterr()
    assert stop.value.code == 2 and err.count("\n") == 1 and not out, (words, err)
    return err


def test_every_number_of_every_command_is_in_this_list():
    """And none of them is a plain int or float, which would take any."""
    for command, sub in COMMANDS.items():
        numbers = [a for a in sub._actions if a.type in (int, float) or getattr(a.type, "__name__", "") in ("int", "float")]
        options = {a.option_strings[0] for a in numbers if a.option_strings}
        assert options == {name for c, name in NUMBERS if c == command}, command
        assert all(a.choices for a in numbers if a.type in (int, float)), command            # one of a few
        defaults = [value for a in numbers if a.default not in (None, SUPPRESS) for value in np.ravel(a.default)]
        assert all(math.isfinite(value) and value >= 0 for value in defaults)


@pytest.mark.parametrize("command, name", NUMBERS)
def test_a_number_has_bounds(command, name, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    kind, low, high = kind_and_bounds(command, name)
    told = [command, *NEEDED[command]]
    for value in (low, high):
        found = getattr(TOP.parse_args([*told, name, str(value)]), name[2:].replace("-", "_"))
        assert (found[0] if isinstance(found, list) else found) == value
    step = {int: (low - 1, high + 1, -(10**30), 10**30), float: (math.nextafter(low, -math.inf), math.nextafter(high, math.inf), -1e300, 1e300)}[kind]
    for text in (*(repr(value) for value in step), *NO_NUMBER, *(("1.5", "1e3", "2.0") if kind is int else ())):
        assert name in refused(capsys, *told, name, text), text
    assert not os.listdir(tmp_path)


@pytest.mark.parametrize("words", [
    ("eval", "a.npz", "--seed", -1), ("data", "--task", 1, "--out", "d", "--seed", -1), ("gradcheck", "--seed", -1), ("bench", "--seed", -1), ("table", 1, "--seeds", -1),
    ("table", 1, "--seeds", 0, -1), ("gradcheck", "--entries", 0), ("bench", "--rounds", 0), ("eval", "a.npz", "--stories", 4_000_000_000), ("train", "sst", "--phrases", 2),
    ("train", "sst", "--phrases", "many"), ("train", "babi", "--clip", 0), ("train", "babi", "--epochs", 0), ("table", 1, "--jobs", 0), ("table", 1, "--clip", 0), ("table", 5),
    ("data", "--task", 21, "--out", "d"), ("train", "babi", "--seed", 2**32), ("gradcheck", "--entries", 3), ("train", "babi", "--task", 21), ("train", "babi", "--epochs", "1\n2")])
def test_numbers_that_once_ended_in_a_traceback_or_never(words, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    try:
        code = main([str(w) for w in words])
    except SystemExit as stop:
        code = stop.code
    out, err = capsys.readouterr()
    assert code == 2 and err.count("\n") == 1 and not out, (out, err)
    assert err.startswith(f"tinydmn {words[0]}: ") and not os.listdir(tmp_path)


def test_a_number_says_its_bounds(capsys):
    assert "give 1 to 1,000,000" in refused(capsys, "gradcheck", "--entries", 0)
    assert "less than 1" in refused(capsys, "train", "babi", "--dropout", 1)
    assert "more than 0" in refused(capsys, "train", "babi", "--clip", 0)
    assert "int" in refused(capsys, "gradcheck", "--entries", "many") and "float" in refused(capsys, "train", "babi", "--clip", "many")
    assert number(float, above=0.0)("2") == 2.0 and number(least=0)("7") == 7


@pytest.mark.parametrize("asked", ["0", "-1", "x", "1.5", "1025", "4000000000"])
def test_a_number_of_threads_that_is_none(asked, capsys, monkeypatch):
    """Even where the help alone would tell it."""
    monkeypatch.setenv("TINYDMN_THREADS", asked)
    assert main(["info"]) == 2
    out, err = capsys.readouterr()
    assert err.count("\n") == 1 and "TINYDMN_THREADS" in err and asked in err and not out


def test_what_is_given_is_told_from_what_is_not():
    args = TOP.parse_args(["train", "babi", "--gate-epochs", "0", "--l2", "0", "--episode", "gated"])
    assert given_config(args) == {"gate_epochs": 0, "l2": 0.0, "episode": "gated"}
    for name, f in CONFIG.items():                         # each option fills the field of its name
        value = f.metadata["choices"][-1] if f.type is str else f.default
        assert given_config(TOP.parse_args(["table", "1", name, str(value)])) == {f.name: value}


def test_every_option_has_a_meaning_and_says_its_default():
    for command, sub in COMMANDS.items():
        for action in sub._actions:
            assert action.help and len(action.help) > 5, (command, action.dest)
            if action.option_strings and action.type not in (None, str, picture):
                assert "default" in action.help or action.required, (command, action.dest)
                if isinstance(action.default, (int, float)):
                    assert f"default {action.default:,}" in action.help, (command, action.dest)
        words = " ".join(sub.format_help().split())
        for name, f in CONFIG.items():
            if command in ("train", "table"):
                assert f"(default {f.default})" in words and name in words
    longest = next(a for a in COMMANDS["train"]._actions if a.dest == "longest").help
    assert "<eos>" in longest and "wrong" in longest       # the one rule for whatever it answers


def test_what_holds_where_nothing_is_said():
    told = {command: vars(TOP.parse_args([command, *NEEDED[command]])) for command in COMMANDS}
    assert all(told[command]["seed"] == 0 for command in ("eval", "data", "gradcheck", "bench")) and told["table"]["seeds"] == [0]
    assert all(told[command]["backend"] == "numba" for command in ("train", "eval", "ask", "table")) and told["gradcheck"]["backend"] is None
    assert not any(told[command]["json"] for command in COMMANDS if command not in ("data", "lessons", "play", "exercise", "autograder")) and told["ask"]["plot"] is None and told["gradcheck"]["checkpoint"] is None
    bench = {"against": [], "data": None, "tasks": [1, 2, 3], "stories": None, "episode": "both", "rounds": 7, "operations": True}
    assert STORIES == (32, 820) and {name: told["bench"][name] for name in bench} == bench
    assert all(told[command][f.name] is None for command in ("train", "table") for f in CONFIG.values())   # a task has defaults of its own


def test_json_is_strict(capsys):
    """No NaN, no Infinity, no number of NumPy's that JSON does not know."""
    print_json({"a": float("nan"), "b": [np.float32(0.5), np.inf, (1, None)], "c": {"d": -math.inf, "e": True, "f": "NaN"}, "g": np.float64("nan"), "h": np.int64(3)})

    def constant(name):
        raise AssertionError(name)
    found = json.loads(capsys.readouterr().out, parse_constant=constant)
    assert found == {"a": None, "b": [0.5, None, [1, None]], "c": {"d": None, "e": True, "f": "NaN"}, "g": None, "h": 3}
