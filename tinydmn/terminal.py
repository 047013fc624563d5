"""Attention of every pass over the facts, as text for a terminal (table 5: darker = more weight).

`check_attention` and `shown_rows` decide which rows are shown; plots/attention.py draws the same.
"""

import math
import os
import sys
from bisect import bisect_right

import numpy as np
from wcwidth import wcswidth

DONE = "[done reading]"                                 # the paper's name for end-of-passes
# of the 256 terminal colours: white to navy, each darker than the one before
_BACKGROUND = (231, 189, 153, 111, 69, 26, 25, 19, 17)
_BLACK, _WHITE, _FIRST_DARK = 16, 231, 5   # from index 5 on white has more contrast
JOINERS = "\u200c\u200d"               # unprintable; they say how their neighbours join
_WIDE, _NARROW = 6, 4                                    # columns of "█ 0.97" and of "█.97"
_MOST_LOOKED = 4                                         # facts named for a pass of a tagged word


def use_colour(stream):
    """Whether to colour text written to `stream`.  NO_COLOR (if not empty) forbids it, then
    FORCE_COLOR (unless empty or 0) demands it; otherwise only a terminal without TERM=dumb has
    colour."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR", "0") not in ("", "0"):
        return True
    return os.environ.get("TERM") != "dumb" and hasattr(stream, "isatty") and stream.isatty()


def check_attention(facts, gates, support=()):
    """Check one question's attention -> gates as float64, the set of supporting facts.

    facts: T strings.  gates: (passes, T + 1), the last column end-of-passes, weights in [0, 1].
    support: indices of facts; -1 stands for none (as in a Batch).  Raises ValueError where the
    shapes disagree, a weight is NaN or out of range, or a supporting fact does not exist.
    """
    gates = np.asarray(gates, np.float64)
    if gates.ndim != 2 or gates.shape[0] < 1 or gates.shape[1] != len(facts) + 1:
        raise ValueError(f"gates have shape {gates.shape}; for {len(facts)} facts give "
                         f"(passes, {len(facts) + 1}), passes >= 1")
    if not np.all((gates > -1e-3) & (gates < 1 + 1e-3)):        # NaN fails as well
        raise ValueError("gates must lie in [0, 1]: give them after the sigmoid or softmax, not "
                         "the scores")
    support = {int(i) for i in support if i >= 0}
    if support and max(support) >= len(facts):
        raise ValueError(f"supporting fact {max(support)} does not exist: there are {len(facts)} "
                         "facts")
    return np.clip(gates, 0.0, 1.0), support


def shown_rows(gates, support=(), whole=16, least=0.01, most=16):
    """Which facts of a long story to show -> runs (first, stop) that cover all facts in order: one
    fact, or several that are folded into one row.

    A story of up to `whole` facts is shown whole.  Of a longer one: the supporting facts, the
    strongest of each pass, and others with a weight of `least` or more, the strongest first, until
    `most` are shown.
    """
    n_facts = gates.shape[1] - 1
    weight = gates[:, :n_facts].max(axis=0)
    shown = set(range(n_facts))
    if n_facts > whole:
        shown = set(support) | {t for t in gates.argmax(axis=1).tolist() if t < n_facts}
        others = [t for t in np.argsort(-weight, kind="stable").tolist()
                  if weight[t] >= least and t not in shown]
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
    """The label of a folded run of facts: how many, and an upper bound of their weights."""
    heaviest = gates[:, first:stop].max()
    bound = "< 0.01" if heaviest < 0.01 else f"up to {math.ceil(heaviest * 100) / 100:.2f}"
    return f"{stop - first} facts with weight {bound}"


def shown(text, encoding="utf-8"):
    """`text` as a terminal can show it on one line: control characters become blanks, characters
    that the encoding lacks "?", and joiners at the end are dropped."""
    text = text.encode(encoding, "replace").decode(encoding)
    return "".join(c if c.isprintable() or c in JOINERS else " " for c in text).rstrip(JOINERS)


def columns(text):
    """Width of `text` in terminal columns: characters may be double-width, or combine (width 0)."""
    return wcswidth(shown(text))


def padded(text, width):
    """`text` as it is shown, padded with blanks to `width` columns; a longer one stays as it is."""
    text = shown(text)
    return text + " " * (width - columns(text))


def fitted(text, width, ellipsis="…"):
    """`text` as it is shown, in exactly `width` columns: padded, or cut with an ellipsis."""
    text = shown(text)
    if columns(text) > width:
        ellipsis = ellipsis[:width]
        room = width - columns(ellipsis)
        # the longest prefix that fits
        n = bisect_right(range(len(text)), room, key=lambda n: columns(text[:n])) - 1
        text = text[:n].rstrip(JOINERS + " ") + ellipsis
    return padded(text, width)


def wrap(text, width=80, indent=""):
    """`text` as it is shown -> lines of at most `width` columns, broken at blanks, each after
    `indent`.  A longer word has a line of its own."""
    lines = [indent]
    for word in shown(text).split(" "):
        glue = " " * (lines[-1] != indent)
        if glue and columns(lines[-1]) + 1 + columns(word) > width:
            lines.append(indent)
            glue = ""
        lines[-1] += glue + word
    return lines


def _layout(longest, n_passes, width):
    """-> columns of the label, columns of a cell (and the blank before it), passes side by side."""
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
        ink = _WHITE if i >= _FIRST_DARK else _BLACK
        text = f"\x1b[48;5;{_BACKGROUND[i]}m\x1b[38;5;{ink}m{text}\x1b[0m"
    return text if cell == _NARROW else " " + text


def attention_text(facts, gates, support=(), width=80, colour=None, stream=None):
    """Draw attention as text: a line a fact, a cell a pass, the last line end-of-passes.

    facts: T strings.  gates: (passes, T + 1), the last column end-of-passes, weights in [0, 1].
    support: indices of supporting facts, marked.  width: columns, at least 12; no line is longer.
    colour: True, False, or None for `use_colour(stream)`.  stream (default: standard output): where
    the text will go; its encoding decides between block characters and plain ASCII.
    A long story is folded (`shown_rows`); passes that do not fit side by side go into further
    tables below.  Returns the lines joined by newlines, none at the end.  Raises ValueError as
    `check_attention`, and for a width below 12.
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

    rows = [(first, stop, shown(facts[first], encoding) if stop - first == 1 else None)
            for first, stop in shown_rows(gates, support)]
    rows.append((len(facts), len(facts) + 1, DONE))
    longest = max(columns(label) for _, _, label in rows if label is not None)
    label_columns, cell, abreast = _layout(longest, len(gates), width)
    margin = 3 if cell == _NARROW else 2       # for the marker; narrow cells begin without a blank
    lines = []
    for begin in range(0, len(gates), abreast):
        passes = range(begin, min(begin + abreast, len(gates)))
        heads = [(f"p{i + 1}" if cell == _NARROW else f"pass {i + 1}").rjust(cell) for i in passes]
        lines += ([""] if begin else []) + [" " * (margin + label_columns) + "".join(heads)]
        for first, stop, label in rows:
            if label is None:
                lines.append(fitted(f"  {ellipsis} {folded_label(gates, first, stop)} {ellipsis}",
                                    width, ellipsis).rstrip())
                continue
            label = (marker if first in support else "  ") + fitted(label, label_columns, ellipsis)
            if colour and first in support:
                label = f"\x1b[1m{label}\x1b[0m"
            lines.append(label + " " * (margin - 2)
                         + "".join(_cell(gates[i, first], cell, ramp, colour) for i in passes))
    return "\n".join(lines)


def answer_text(question, ranked, facts, gates, support=(), width=80, colour=None):
    """A network's answer as text: the question, the likeliest answers, the attention of its passes.

    ranked: [(answer, probability)], the answer first.  gates: (passes, T + 1), drawn by
    `attention_text`; or (passes, T) where there is no end-of-passes: then a line for each pass
    names the facts it attends to most.  Without passes, and where weights are not finite, no
    attention is drawn.  support, width, colour: as attention_text.
    """
    others = ", ".join(f"{name} {p:.3f}" for name, p in ranked[1:3])
    others = "; then " + others if others else ""
    answer, p = ranked[0]
    lines = wrap(f"{question}  ->  {answer}   (probability {p:.3f}{others})", width)
    lines = [fitted(line, width).rstrip() for line in lines]
    if len(gates) and np.isfinite(gates).all():
        if np.shape(gates)[1] > len(facts):
            return "\n".join([*lines, attention_text(facts, gates, support, width, colour)])
        for i, row in enumerate(gates):
            most = np.argsort(-np.asarray(row), kind="stable")[:_MOST_LOOKED]
            lines.append(fitted(f"pass {i + 1} looked at "
                                + ", ".join(f"{shown(facts[t])} {row[t]:.2f}" for t in most),
                                width).rstrip())
    return "\n".join(lines)
