"""The attention of every pass over the facts, as text for a terminal (the paper's table 5: darker = more weight).

`check_attention` and `shown_rows` decide what a picture of attention shows; plots/attention.py draws the same rows.
"""

import math
import os
import sys
from bisect import bisect_right

import numpy as np
from wcwidth import wcswidth

DONE = "[done reading]"                                  # the paper's name for the end-of-passes row
_BACKGROUND = (231, 189, 153, 111, 69, 26, 25, 19, 17)   # of the 256 terminal colours: white to navy, each darker than the last
_BLACK, _WHITE, _FIRST_DARK = 16, 231, 5                 # from index 5 on white text has more contrast than black
JOINERS = "\u200c\u200d"                                # unprintable letters that only say how their neighbours join
_WIDE, _NARROW = 6, 4                                    # columns of "█ 0.97" and of "█.97"
_MOST_LOOKED = 4                                         # words named of a tagged word's pass


def use_colour(stream):
    """Whether to colour text written to `stream`.  NO_COLOR (if not empty) forbids; then FORCE_COLOR (unless empty or 0) demands;
    else colour goes to terminals alone, and not to one with TERM=dumb."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR", "0") not in ("", "0"):
        return True
    return os.environ.get("TERM") != "dumb" and hasattr(stream, "isatty") and stream.isatty()


def check_attention(facts, gates, support=()):
    """Bring one question's attention into one form, or say what is wrong with it.

    facts: T strings.  gates: (passes, T + 1), the last column end-of-passes, each weight in [0, 1].
    support: indices of facts; -1 stands for none (as in a Batch).  Returns gates as float64 and the set of supporting facts.
    Raises ValueError where the shapes disagree, a weight is no number or no weight, or a supporting fact does not exist.
    """
    gates = np.asarray(gates, np.float64)
    if gates.ndim != 2 or gates.shape[0] < 1 or gates.shape[1] != len(facts) + 1:
        raise ValueError(f"gates have shape {gates.shape}; for {len(facts)} facts give (passes, {len(facts) + 1}), passes >= 1")
    if not np.all((gates > -1e-3) & (gates < 1 + 1e-3)):        # NaN fails as well
        raise ValueError("gates must lie in [0, 1]: give them after the sigmoid or softmax, not the scores")
    support = {int(i) for i in support if i >= 0}
    if support and max(support) >= len(facts):
        raise ValueError(f"supporting fact {max(support)} does not exist: there are {len(facts)} facts")
    return np.clip(gates, 0.0, 1.0), support


def shown_rows(gates, support=(), whole=16, least=0.01, most=16):
    """Which facts of a long story to show.  Returns runs (first, stop) that cover all facts in order: one fact, or two and more folded.

    A story of up to `whole` facts is shown whole.  Of a longer one: the supporting facts, each pass's strongest, and the others
    with a weight of `least` or more, the strongest first, until `most` are shown.
    """
    n_facts = gates.shape[1] - 1
    weight = gates[:, :n_facts].max(axis=0)
    shown = set(range(n_facts))
    if n_facts > whole:
        shown = set(support) | {t for t in gates.argmax(axis=1).tolist() if t < n_facts}
        others = [t for t in np.argsort(-weight, kind="stable").tolist() if weight[t] >= least and t not in shown]
        shown.update(others[:max(0, most - len(shown))])
    rows, first = [], 0
    for t in [*sorted(shown), n_facts]:
        if t > first:
            rows.append((first, t))
        if t < n_facts:
            rows.append((t, t + 1))
        first = t + 1
    return rows


def folded_label(gates, first, stop):
    """What a folded run of facts says of itself: how many they are, and a bound that each of their weights keeps."""
    heaviest = gates[:, first:stop].max()
    bound = "< 0.01" if heaviest < 0.01 else f"up to {math.ceil(heaviest * 100) / 100:.2f}"
    return f"{stop - first} facts with weight {bound}"


def shown(text, encoding="utf-8"):
    """`text` as a terminal shows it in its line: what would move the cursor is a blank, what the encoding has not is "?", and a joiner at the
    end, which joins nothing of it, is left out."""
    text = text.encode(encoding, "replace").decode(encoding)
    return "".join(c if c.isprintable() or c in JOINERS else " " for c in text).rstrip(JOINERS)


def columns(text):
    """Terminal columns that `text` takes: letters may be double-width, or take none beside the one they belong to."""
    return wcswidth(shown(text))


def padded(text, width):
    """`text`, as it is shown, with blanks behind it, `width` columns in all, or more where it is longer."""
    text = shown(text)
    return text + " " * (width - columns(text))


def fitted(text, width, ellipsis="…"):
    """`text`, as it is shown, in exactly `width` columns: padded, or cut with an ellipsis."""
    text = shown(text)
    if columns(text) > width:
        ellipsis = ellipsis[:width]
        room = width - columns(ellipsis)
        n = bisect_right(range(len(text)), room, key=lambda n: columns(text[:n])) - 1      # the longest beginning that has room
        text = text[:n].rstrip(JOINERS + " ") + ellipsis
    return padded(text, width)


def wrap(text, width=80, indent=""):
    """`text`, as it is shown -> its lines of at most `width` columns, broken at blanks; `indent` stands before each.  A word that is longer has a
    line of its own."""
    lines = [indent]
    for word in shown(text).split(" "):
        glue = " " * (lines[-1] != indent)
        if glue and columns(lines[-1]) + 1 + columns(word) > width:
            lines.append(indent)
            glue = ""
        lines[-1] += glue + word
    return lines


def _layout(longest, n_passes, width):
    """Columns for the label and for a cell with the blank before it, and how many passes stand side by side."""
    wide = 1 + max(_WIDE, len(f"pass {n_passes}"))
    for cell in (wide, _NARROW):
        room = width - (3 if cell == _NARROW else 2) - n_passes * cell
        if room >= min(longest, 14 if cell == _NARROW else 24):
            return min(longest, room), cell, n_passes
    abreast = max(1, (width - 3 - min(longest, 14)) // _NARROW)
    return min(longest, width - 3 - abreast * _NARROW), _NARROW, abreast


def _cell(weight, cell, ramp, colour):
    number = f"{weight:.2f}"
    if cell == _NARROW:
        number = "1.0" if number == "1.00" else number[1:]
    shade = " " if colour else ramp[min(4, int(weight * 5))]
    text = shade + number if cell == _NARROW else f"{shade} {number}".rjust(cell - 1)
    if colour:
        i = round(weight * (len(_BACKGROUND) - 1))
        text = f"\x1b[48;5;{_BACKGROUND[i]}m\x1b[38;5;{_WHITE if i >= _FIRST_DARK else _BLACK}m{text}\x1b[0m"
    return text if cell == _NARROW else " " + text


def attention_text(facts, gates, support=(), width=80, colour=None, stream=None):
    """Draw attention as text: a line a fact, a cell a pass, the last line end-of-passes.

    facts: T strings.  gates (passes, T + 1), the last column end-of-passes, weights in [0, 1].  support: indices of supporting
    facts, marked.  width: no line is longer (at least 12).  colour: True, False, or None to ask `use_colour(stream)`.
    stream (standard output by default): where the text will go; its encoding decides between blocks and plain ASCII.
    A long story is folded (`shown_rows`); passes that do not fit beside each other stand in tables below each other.
    Returns the lines joined by newlines, without one at the end.  Raises ValueError as `check_attention`, or for a smaller width.
    """
    gates, support = check_attention(facts, gates, support)
    if width < 12:
        raise ValueError(f"width is {width}; attention needs 12 columns or more")
    stream = sys.stdout if stream is None else stream
    colour = use_colour(stream) if colour is None else colour
    encoding = getattr(stream, "encoding", None) or "utf-8"
    marker, ellipsis, ramp = "▸ ", "…", " ░▒▓█"
    try:
        (marker + ellipsis + ramp).encode(encoding)
    except UnicodeEncodeError:
        marker, ellipsis, ramp = "> ", "...", " :=*#"

    rows = [(first, stop, shown(facts[first], encoding) if stop - first == 1 else None) for first, stop in shown_rows(gates, support)]
    rows.append((len(facts), len(facts) + 1, DONE))
    label_columns, cell, abreast = _layout(max(columns(label) for _, _, label in rows if label is not None), len(gates), width)
    margin = 3 if cell == _NARROW else 2      # the marker; narrow cells have no blank of their own before them
    lines = []
    for begin in range(0, len(gates), abreast):
        passes = range(begin, min(begin + abreast, len(gates)))
        heads = [(f"p{i + 1}" if cell == _NARROW else f"pass {i + 1}").rjust(cell) for i in passes]
        lines += ([""] if begin else []) + [" " * (margin + label_columns) + "".join(heads)]
        for first, stop, label in rows:
            if label is None:
                lines.append(fitted(f"  {ellipsis} {folded_label(gates, first, stop)} {ellipsis}", width, ellipsis).rstrip())
                continue
            label = (marker if first in support else "  ") + fitted(label, label_columns, ellipsis)
            if colour and first in support:
                label = f"\x1b[1m{label}\x1b[0m"
            lines.append(label + " " * (margin - 2) + "".join(_cell(gates[i, first], cell, ramp, colour) for i in passes))
    return "\n".join(lines)


def answer_text(question, ranked, facts, gates, support=(), width=80, colour=None):
    """What a network answers and where it looked, as text: the question and the likeliest answers, then attention as `attention_text` draws it.

    ranked: [(answer, probability)], the answer first.  gates (passes, T + 1); or (passes, T), where there is no end-of-passes: then a line a
    pass names the facts that it looked at most.  Without passes, and where weights are no numbers, nothing is drawn.
    """
    others = ", ".join(f"{name} {p:.3f}" for name, p in ranked[1:3])
    lines = wrap(f"{question}  ->  {ranked[0][0]}   (probability {ranked[0][1]:.3f}{'; then ' + others if others else ''})", width)
    lines = [fitted(line, width).rstrip() for line in lines]
    if len(gates) and np.isfinite(gates).all():
        if np.shape(gates)[1] > len(facts):
            return "\n".join([*lines, attention_text(facts, gates, support, width, colour)])
        for i, row in enumerate(gates):
            most = np.argsort(-np.asarray(row), kind="stable")[:_MOST_LOOKED]
            lines.append(fitted(f"pass {i + 1} looked at " + ", ".join(f"{shown(facts[t])} {row[t]:.2f}" for t in most), width).rstrip())
    return "\n".join(lines)
