"""Attention as text: whatever the story, no line is too long and nothing that matters is left out."""

import io
import re
import unicodedata

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinydmn.terminal import _BACKGROUND, _BLACK, _FIRST_DARK, _WHITE, DONE, attention_text, check_attention, shown_rows, use_colour

ANSI = re.compile(r"\x1b\[[0-9;]*m")
UTF8 = io.TextIOWrapper(io.BytesIO(), "utf-8")
ASCII = io.TextIOWrapper(io.BytesIO(), "ascii")


def softmax_gates(rng, n_passes, n_facts, spread=4.0):
    s = rng.normal(size=(n_passes, n_facts + 1)) * spread
    e = np.exp(s - s.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


@st.composite
def attentions(draw):
    """facts, gates, support: short and long stories, softmax and sigmoid gates, one pass and many."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n_facts, n_passes = draw(st.integers(0, 70)), draw(st.integers(1, 14))
    sigmoid = draw(st.booleans())
    gates = rng.uniform(size=(n_passes, n_facts + 1)) if sigmoid else softmax_gates(rng, n_passes, n_facts)
    words = ["mary", "went", "to", "the", "bathroom", "football", "é", "北", "x" * 30]
    facts = [f"{t} " + " ".join(rng.choice(words, size=rng.integers(1, 9))) for t in range(n_facts)]
    support = rng.choice(n_facts, size=min(n_facts, draw(st.integers(0, 3))), replace=False).tolist() if n_facts else []
    return facts, gates, support


def columns(line):
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in line)


@given(attentions(), st.integers(12, 130), st.booleans(), st.sampled_from([UTF8, ASCII]))
def test_no_line_is_longer_than_the_width(attention, width, colour, stream):
    text = attention_text(*attention, width=width, colour=colour, stream=stream)
    text.encode(stream.encoding)
    assert max(columns(line) for line in ANSI.sub("", text).split("\n")) <= width


@given(attentions(), st.sampled_from([80, 100]))
def test_supporting_and_strongest_facts_are_shown(attention, width):
    facts, gates, support = attention
    tables = attention_text(facts, gates, support, width, colour=False, stream=UTF8).split("\n\n")
    for table in tables:
        starts = [line[2:].split(" ")[0] for line in table.split("\n")]
        for t in {*support, *(t for t in gates.argmax(axis=1).tolist() if t < len(facts))}:
            assert str(t) in starts
        marked = {line[2:].split(" ")[0] for line in table.split("\n") if line.startswith("▸ ")}
        assert marked == {str(t) for t in support}
        assert table.split("\n")[-1].startswith(f"  {DONE}")


@given(attentions(), st.integers(30, 100))
def test_colour_changes_the_shades_alone(attention, width):
    coloured = attention_text(*attention, width=width, colour=True, stream=UTF8)
    plain = attention_text(*attention, width=width, colour=False, stream=UTF8)
    assert ANSI.sub("", coloured) == re.sub("[░▒▓█]", " ", plain)
    assert "\x1b" not in plain


@given(attentions())
def test_rows_cover_every_fact_once_and_bound_what_they_hide(attention):
    _, gates, support = attention
    rows = shown_rows(gates, support)
    assert [t for first, stop in rows for t in range(first, stop)] == list(range(gates.shape[1] - 1))
    hidden = [t for first, stop in rows if stop - first > 1 for t in range(first, stop)]
    assert not set(hidden) & set(support)
    text = attention_text([str(t) for t in range(gates.shape[1] - 1)], gates, support, colour=False, stream=UTF8)
    bounds = re.findall(r"… (\d+) facts with weight (?:<|up to) (\d\.\d\d) …", text.split("\n\n")[0])
    runs = [(first, stop) for first, stop in rows if stop - first > 1]
    assert [int(n) for n, _ in bounds] == [stop - first for first, stop in runs]
    for (first, stop), (_, bound) in zip(runs, bounds):
        assert gates[:, first:stop].max() <= float(bound)


def test_a_small_table_to_the_letter():
    facts = ["jeff put down the ball", "jeff went to the garden", "mary sat"]
    gates = [[0.97, 0.02, 0.0, 0.01], [0.05, 0.9, 0.05, 0.0], [0.0, 0.25, 0.15, 0.6]]
    assert attention_text(facts, gates, [0, 1, -1], colour=False, stream=UTF8).split("\n") == [
        "                          pass 1 pass 2 pass 3",
        "▸ jeff put down the ball  █ 0.97   0.05   0.00",
        "▸ jeff went to the garden   0.02 █ 0.90 ░ 0.25",
        "  mary sat                  0.00   0.05   0.15",
        "  [done reading]            0.01   0.00 ▓ 0.60"]
    narrow = attention_text(facts, gates, [0], width=30, colour=False, stream=ASCII).split("\n")
    assert narrow == ["                    p1  p2  p3",
                      "> jeff put dow... #.97 .05 .00",
                      "  jeff went to...  .02#.90:.25",
                      "  mary sat         .00 .05 .15",
                      "  [done reading]   .01 .00*.60"]


def test_a_whole_weight_fits_the_narrow_cell():
    text = attention_text(["a"], np.eye(2)[[0] * 15], width=80, colour=False, stream=UTF8)
    assert "█1.0█1.0" in text


@pytest.mark.parametrize("n_passes", [10, 12, 15])
def test_many_passes_stand_side_by_side(n_passes):
    gates = softmax_gates(np.random.default_rng(0), n_passes, 8)
    text = attention_text([f"mary went to the bathroom {t}" for t in range(8)], gates, colour=False, stream=UTF8)
    assert f"p{n_passes}" in text.split("\n")[0] and "\n\n" not in text


def test_control_characters_do_not_reach_the_terminal():
    text = attention_text(["a\tb\x1b[31mc\nd"], [[0.5, 0.5]], colour=False, stream=UTF8)
    assert "\x1b" not in text and "\t" not in text and len(text.split("\n")) == 3


@pytest.mark.parametrize("facts, gates, support", [
    (["a"], [[0.5]], []), (["a"], np.zeros((0, 2)), []), (["a"], [0.5, 0.5], []), (["a"], [[np.nan, 1.0]], []),
    (["a"], [[3.0, -2.0]], []), (["a"], [[0.5, 0.5]], [1])])
def test_what_is_no_attention_is_refused(facts, gates, support):
    with pytest.raises(ValueError):
        check_attention(facts, gates, support)


def test_a_width_without_room_is_refused():
    with pytest.raises(ValueError, match="12 columns"):
        attention_text(["a"], [[0.5, 0.5]], width=11)


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize("environment, stream, expected", [
    ({}, Terminal(), True), ({}, io.StringIO(), False), ({"NO_COLOR": "1"}, Terminal(), False), ({"NO_COLOR": ""}, Terminal(), True),
    ({"TERM": "dumb"}, Terminal(), False), ({"FORCE_COLOR": "1"}, io.StringIO(), True), ({"FORCE_COLOR": "0"}, io.StringIO(), False),
    ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, Terminal(), False), ({"FORCE_COLOR": "1", "TERM": "dumb"}, io.StringIO(), True),
    ({}, object(), False)])
def test_use_colour(monkeypatch, environment, stream, expected):
    for name in ("NO_COLOR", "FORCE_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert use_colour(stream) is expected
    if hasattr(stream, "write"):
        assert ("\x1b" in attention_text(["a"], [[0.5, 0.5]], stream=stream)) is expected


def test_each_background_is_darker_than_the_last_and_legible():
    levels = (0, 95, 135, 175, 215, 255)

    def luminance(colour):
        rgb = [levels[(colour - 16) // step % 6] / 255 for step in (36, 6, 1)]
        return np.dot((0.2126, 0.7152, 0.0722), [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in rgb])

    shades = [luminance(colour) for colour in _BACKGROUND]
    assert shades == sorted(shades, reverse=True) and len(set(shades)) == len(shades)
    for i, shade in enumerate(shades):
        ink = luminance(_WHITE if i >= _FIRST_DARK else _BLACK)
        assert (max(ink, shade) + 0.05) / (min(ink, shade) + 0.05) >= 4.5
