"""Attention as text: whatever the story, no line is too long and nothing that matters is left out."""

import io
import re
import unicodedata

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from wcwidth import wcswidth

from tinydmn.terminal import (_BACKGROUND, _BLACK, _FIRST_DARK, _WHITE, DONE, attention_text, check_attention, columns, fitted, folded_label, padded, shown,
                              shown_rows, use_colour, wrap)

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


@given(attentions(), st.integers(12, 130), st.booleans(), st.sampled_from([UTF8, ASCII]))
def test_no_line_is_longer_than_the_width(attention, width, colour, stream):
    text = attention_text(*attention, width=width, colour=colour, stream=stream)
    text.encode(stream.encoding)
    assert max(wcswidth(line) for line in ANSI.sub("", text).split("\n")) <= width


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


# ---- letters of all kinds

LETTERS = st.one_of(
    st.sampled_from("ab xyz."), st.characters(exclude_categories=()),                                        # whatever there is, halves of pairs too
    st.sampled_from(["ไม่", "นี้", "क्षि", "नमस्ते", "漢", "字", "한", "é", "e\u0301", "\u0301", "\u0e49", "א", "👍", "👍🏽", "👩‍👩‍👧", "❤", "\ufe0f", "🇩🇪", "🇩", "🏽",
                     "\u200d", "\u200c", "\u200b", "\u00ad", "\u202e", "\x1b[31m", "\t", "\n", "\r", "\x00", "\x7f", "\x9b", "\u2028", "\ue000", "\ud83d"]))
TEXTS = st.lists(LETTERS, max_size=14).map("".join)


@pytest.mark.parametrize("text, n", [
    ("", 0), ("mary", 4), ("字漢字", 6), ("한", 2), ("e\u0301", 1), ("ไม่เป็นไร", 7), ("नमस्ते", 4), ("👩‍👩‍👧", 2), ("a\tb", 3), ("a\x1b[0m", 5), ("a\u200d", 1), ("\ud83d", 1)])
def test_columns_of_some_texts(text, n):
    assert columns(text) == n


def test_a_joiner_joins_nothing_that_is_not_the_texts():
    assert shown("a\u200d\u200c") == "a" and shown("a\u200db") == "a\u200db" and padded("a\u200d", 3) == "a  " and fitted("xa\u200d bcd", 3) == "xa…"


@given(TEXTS, st.sampled_from(["utf-8", "ascii", "latin-1"]))
def test_what_is_shown_stays_in_its_line(text, encoding):
    said = shown(text, encoding)
    assert said.encode(encoding).decode(encoding) == said == shown(said, encoding)
    assert not any(unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp", "Co", "Cn") for c in said) and not said.endswith(("\u200d", "\u200c"))
    assert wcswidth(said) == columns(said) == columns(text) or encoding != "utf-8"
    plain = [c for c in text if c.isprintable() and c.isascii()]
    assert [c for c in said.replace("?", "").replace(" ", "") if c.isascii()] == [c for c in plain if c not in " ?"]      # no letter is lost


@given(TEXTS, st.integers(0, 24), st.sampled_from(["…", "..."]))
def test_a_fitted_text_has_exactly_its_width(text, width, ellipsis):
    said, whole = fitted(text, width, ellipsis), shown(text)
    assert wcswidth(said) == width
    if columns(whole) <= width:
        assert said == padded(text, width) and said.rstrip(" ") == whole.rstrip(" ")
    else:
        kept = said.rstrip(" ").removesuffix(ellipsis[:width])
        assert whole.startswith(kept) and said.rstrip(" ").endswith(ellipsis[:width])
        room = width - len(ellipsis[:width])
        further = [n for n in range(len(kept) + 1, len(whole)) if columns(whole[:n]) <= room]
        assert not whole[len(kept):max(further, default=0)].strip(" \u200d\u200c")       # what is cut off had no room


@given(TEXTS, st.integers(0, 20))
def test_a_padded_text_has_its_width_or_its_own(text, width):
    said = padded(text, width)
    assert wcswidth(said) == max(width, columns(text)) and said.startswith(shown(text)) and not said[len(shown(text)):].strip(" ")


@given(TEXTS, st.integers(1, 30), st.sampled_from(["", "    ", "字"]))
def test_wrapped_lines_are_as_full_as_they_can_be(text, width, indent):
    lines = wrap(text, width, indent)
    assert all(line.startswith(indent) for line in lines)
    lines = [line.removeprefix(indent) for line in lines]
    words = [word for word in shown(text).split(" ") if word]
    assert [word for line in lines for word in line.split(" ") if word] == words
    for line, following in zip(lines, [*lines[1:], None]):
        assert wcswidth(indent + line) <= width or " " not in line.strip(" ")
        if following is not None:
            assert wcswidth(f"{indent}{line} {following.split(' ')[0]}") > width


def test_a_wrapped_text_to_the_letter():
    assert wrap("one two three four", 9) == ["one two", "three", "four"] and wrap("one two", 7) == ["one two"] and wrap("", 5) == [""]
    assert wrap("one two three", 9, "  ") == ["  one two", "  three"] and wrap("a" * 9 + " b", 5) == ["a" * 9, "b"]
    assert len(wrap("word " * 40)[0]) == 79                # 80 columns where nothing is said


@given(st.lists(TEXTS, min_size=1, max_size=6), st.integers(1, 6), st.integers(12, 100), st.booleans(), st.sampled_from([UTF8, ASCII]), st.integers(0, 2**32 - 1))
def test_rows_stay_in_line_whatever_the_letters(facts, n_passes, width, colour, stream, seed):
    text = attention_text(facts, softmax_gates(np.random.default_rng(seed), n_passes, len(facts)), [0], width, colour, stream)
    lines = ANSI.sub("", text).split("\n")
    rows = [line for line in lines if line]
    per_table = len(facts) + 2
    assert len(rows) % per_table == 0
    for first in range(0, len(rows), per_table):           # the head, a row a fact, [done reading]
        assert len({wcswidth(line) for line in rows[first:first + per_table]}) == 1 and wcswidth(rows[first]) <= width


# ---- the figures

@given(attentions(), st.sampled_from([16, 40, 80, 200]), st.booleans())
def test_the_figures_are_the_gates(attention, width, colour):
    """Read back from the text: for each row that is shown, the weight of each pass, in order, with its shade and its background."""
    facts, gates, support = attention
    facts = [f"{t}x" for t in range(len(facts))]
    tables = attention_text(facts, gates, support, width, colour, UTF8).split("\n\n")
    found = {}
    for table in tables:
        lines = table.split("\n")
        assert len({wcswidth(line) for line in ANSI.sub("", table).split("\n") if not line.startswith("  …")}) == 1      # under their heads
        passes = [int(n) - 1 for n in re.findall(r"\d+", lines[0])]
        for line in lines[1:]:
            plain = ANSI.sub("", line)
            label = plain[2:].split()[0].rstrip("…")
            if not label:                                  # folded
                continue
            cells = re.findall(r"([ ░▒▓█]) ?((?:[01])?\.\d\d?)(?= |░|▒|▓|█|$)", plain)[-len(passes):]
            backgrounds = re.findall(r"\x1b\[48;5;(\d+)m", line)
            assert len(cells) == len(passes)
            for n, (i, (shade, number)) in enumerate(zip(passes, cells)):
                found.setdefault(label, {})[i] = float(number)
                weight = gates[i, len(facts) if label.startswith("[") else int(label[:-1])]
                if colour:
                    assert int(backgrounds[n]) == _BACKGROUND[round(weight * 8)]
                else:
                    assert shade == " ░▒▓█"[min(4, int(weight * 5))]
    shown_facts = [first for first, stop in shown_rows(gates, support) if stop - first == 1]
    assert len(found) == len(shown_facts) + 1
    for label, column in zip(found, [*shown_facts, len(facts)]):
        assert label.startswith("[") == (column == len(facts)) and (column == len(facts) or label == f"{column}x")
        assert sorted(found[label]) == list(range(len(gates)))                           # passes in order, tables below each other
        np.testing.assert_allclose([found[label][i] for i in range(len(gates))], gates[:, column], atol=0.0051)


def test_check_attention_brings_weights_into_one_form():
    gates, support = check_attention(["a", "b"], np.array([[-0.0005, 0.5, 1.0005]], np.float32), [1, -1, 1])
    assert gates.dtype == np.float64 and gates.tolist() == [[0.0, 0.5, 1.0]] and support == {1}
    for bad in ([[-0.002, 0.5, 0.5]], [[0.0, 0.5, 1.002]], [[0.5, 0.5]], [[0.5] * 4]):
        with pytest.raises(ValueError, match="gates"):
            check_attention(["a", "b"], bad)
    with pytest.raises(ValueError, match="supporting fact 2 does not exist"):
        check_attention(["a", "b"], [[0.2, 0.3, 0.5]], [0, 2])


@given(st.integers(15, 40), st.integers(1, 4), st.sampled_from([0.3, 2.0, 5.0]), st.integers(0, 2**32 - 1))
def test_which_facts_of_a_long_story_are_shown(n_facts, n_passes, spread, seed):
    """By a second way: those that must be, then the heaviest of the others that are heavy enough, while there is room."""
    rng = np.random.default_rng(seed)
    gates = np.round(softmax_gates(rng, n_passes, n_facts, spread), 3)
    support = set(rng.choice(n_facts, size=int(rng.integers(0, 4)), replace=False).tolist())
    must = support | ({int(row.argmax()) for row in gates} - {n_facts})
    others = sorted((t for t in range(n_facts) if t not in must and gates[:, t].max() >= 0.01), key=lambda t: (-gates[:, t].max(), t))
    wanted = must | set(others[:max(0, 16 - len(must))]) if n_facts > 16 else set(range(n_facts))
    rows = []
    for t in range(n_facts):
        if t in wanted or t - 1 in wanted or not rows:
            rows.append((t, t + 1))
        else:
            rows[-1] = (rows[-1][0], t + 1)
    assert shown_rows(gates, support) == rows


def test_a_folded_run_bounds_its_weights():
    gates = np.array([[0.004, 0.011, 0.3, 0.01], [0.001, 0.001, 0.2, 0.5]])
    assert folded_label(gates, 0, 1) == "1 facts with weight < 0.01" and folded_label(gates, 0, 2) == "2 facts with weight up to 0.02"
    assert folded_label(gates, 0, 3) == "3 facts with weight up to 0.30" and folded_label(gates[:1], 3, 4) == "1 facts with weight up to 0.01"


@pytest.mark.parametrize("longest, n_passes, width, wide", [(40, 3, 2 + 24 + 21, True), (40, 3, 2 + 24 + 20, False), (20, 3, 2 + 20 + 21, True), (20, 3, 2 + 20 + 20, False)])
def test_cells_are_narrow_where_labels_would_have_no_room(longest, n_passes, width, wide):
    text = attention_text(["x" * longest, "y"], softmax_gates(np.random.default_rng(0), n_passes, 2), width=width, colour=False, stream=UTF8)
    assert ("pass 1" in text) == wide and ("p1" in text) != wide


def test_passes_without_room_stand_below_each_other():
    text = attention_text(["y" * 20], softmax_gates(np.random.default_rng(0), 9, 1), width=3 + 14 + 4 * 4, colour=False, stream=UTF8)
    assert [table.split("\n")[0].split() for table in text.split("\n\n")] == [["p1", "p2", "p3", "p4"], ["p5", "p6", "p7", "p8"], ["p9"]]
    assert all("yyyyyyyyyyyyy…" in table for table in text.split("\n\n"))


def test_supporting_facts_are_marked_and_bold():
    text = attention_text(["a", "b"], [[0.2, 0.3, 0.5]], [1], colour=True, stream=UTF8).split("\n")
    assert text[2].startswith("\x1b[1m▸ b") and text[1].startswith("  a") and text[3].startswith(f"  {DONE}")
    assert attention_text(["a", "b"], [[0.2, 0.3, 0.5]], [1], stream=ASCII).split("\n")[2].startswith("> b")
