"""A confusion matrix: which answers a network takes for which.

Saves one picture and returns its path, whose ending (.png, .svg, .pdf) chooses the format.
"""

from collections import Counter

import matplotlib
import numpy as np
from matplotlib.patches import Rectangle

from .drawing import GREY, LINE, PAD, axes_at, ink_on, new_figure, save, text_size, wrapped

MOST = 20                              # classes with a row of their own
_ROW, _CELL = 0.36, 0.46               # inches: least height and width of a cell
_LETTERS = 28                          # of a name, at most
_EDGE = "#999999"


def plot_confusion(right, answered, path, title="", order=(), most=MOST):
    """Rows are right answers, columns the network's; darker = a larger share of the row; the
    correct cells are framed.

    right, answered: n names each, question by question.  order: names in the order wanted; the
    others follow alphabetically.  Of more than `most` names, those with the most mistakes are
    shown; all others share a row and a column.  A cell holds a count and its share of the row; on
    the right stands the total of each row and its share of correct ones (recall), below those of
    each column (precision).  Returns the path.  Raises ValueError for unequal lengths or none.
    """
    if len(right) != len(answered) or not len(right):
        raise ValueError(f"{len(right)} right answers for {len(answered)} of the network; give one "
                         "each")
    names, counts = confusion(right, answered, order)
    chosen = most_confused(counts, most)
    others = len(names) - len(chosen)
    names, counts = [names[k] for k in chosen], merged(counts, chosen)
    labels = [name if len(name) <= _LETTERS else name[:_LETTERS - 1] + "…" for name in names]
    labels += [f"{others} others"] * bool(others)
    rows, columns, n = counts.sum(axis=1), counts.sum(axis=0), len(labels)
    known = np.diag(counts)                # not of the others: their cell holds mistakes as well
    kept = len(names)
    notes = ["A cell: how many, and their share of the row; darker = a larger share; framed: "
             "right. n: the total of a row, or of a column; below it, which share of it is right."]
    if others:
        notes.append(f"Shown are the {kept} of {kept + others} answers that take part in most "
                     "mistakes; in the last row and column are all others together, their mistakes "
                     "among themselves as well.")
    with new_figure(labels, title) as figure:
        size = lambda text, **font: text_size(figure, text, **font)
        cell = max(_CELL, 0.1 + max(size(f"{count:,}")[0] for count in (*rows, *columns)))
        widest = max(size(label)[0] for label in labels)
        lying = widest + 0.1 <= cell
        above = LINE if lying else widest
        left = PAD + max(widest, size("right answer")[0]) + 0.1
        width = max(left + cell * (n + 1) + 0.1 + PAD, 4.2)
        heads = [(line, "bold") for line in wrapped(figure, title, width - 2 * PAD, weight="bold")]
        below = [line for note in notes for line in wrapped(figure, note, width - 2 * PAD)]
        top = PAD + LINE * (len(heads) + 1) + 0.1 + above + 0.08
        height = top + _ROW * (n + 1) + 0.2 + LINE * len(below) + PAD
        figure.set_size_inches(width, height)
        axes = axes_at(figure, 0, 0, width, height)
        axes.set(xlim=(0, width), ylim=(height, 0))
        axes.axis("off")                             # a table: everything below is placed in inches
        for i, (line, weight) in enumerate(heads):
            axes.text(PAD, PAD + LINE * (i + 0.5), line, va="center", weight=weight)
        axes.text(left, PAD + LINE * (len(heads) + 0.5) + 0.04, "the network's answer", va="center",
                  color=GREY)
        axes.text(PAD, top - 0.08, "right answer", va="bottom", color=GREY)
        shades = matplotlib.colormaps["Blues"]
        for i, label in enumerate(labels):
            style = "italic" if i == kept else "normal"
            axes.text(left - 0.08, top + _ROW * (i + 0.5), label, ha="right", va="center_baseline",
                      style=style)
            axes.text(left + cell * (i + 0.5), top - 0.08, label, rotation=0 if lying else 90,
                      ha="center", va="bottom", style=style)
            for j in range(n):
                share = counts[i, j] / rows[i] if rows[i] else 0.0
                shade = shades(np.sqrt(share))             # so that small shares differ visibly
                x, y = left + cell * j, top + _ROW * i
                axes.add_patch(Rectangle((x, y), cell, _ROW, facecolor=shade, edgecolor=_EDGE,
                                         linewidth=0.6))
                if counts[i, j]:
                    axes.text(x + cell / 2, y + _ROW / 2, f"{counts[i, j]:,}\n{percent(share)}",
                              ha="center", va="center", size=7.5, linespacing=1.05,
                              color=ink_on(shade))
        for i in range(kept):
            axes.add_patch(Rectangle((left + cell * i, top + _ROW * i), cell, _ROW, fill=False,
                                     edgecolor="black", linewidth=1.6, zorder=3))
        axes.text(left + cell * (n + 0.5) + 0.1, top - 0.08, "n", ha="center", va="bottom",
                  color=GREY)
        axes.text(left - 0.08, top + _ROW * (n + 0.5) + 0.1, "n", ha="right", va="center_baseline",
                  color=GREY)
        for i in range(n):
            for total, x, y in ((rows[i], left + cell * (n + 0.5) + 0.1, top + _ROW * (i + 0.5)),
                                (columns[i], left + cell * (i + 0.5),
                                 top + _ROW * (n + 0.5) + 0.1)):
                share = f"\n{percent(known[i] / total)}" if total and i < kept else ""
                axes.text(x, y, f"{total:,}{share}", ha="center", va="center", size=7.5,
                          linespacing=1.05, color=GREY)
        for i, line in enumerate(below):
            axes.text(PAD, height - PAD - LINE * (len(below) - i - 0.5), line, va="center",
                      color=GREY)
        return save(figure, path)


def confusion(right, answered, order=()):
    """-> the names of all classes, counts (classes, classes): rows right, columns answered."""
    found = {*right, *answered}
    names = [name for name in order if name in found] + sorted(found - {*order})
    number = {name: k for k, name in enumerate(names)}
    counts = np.zeros((len(names), len(names)), int)
    for (one, other), n in Counter(zip(right, answered)).items():
        counts[number[one], number[other]] = n
    return names, counts


def most_confused(counts, most=MOST):
    """-> the classes to show, up to `most`, in their order: those with the most mistakes, among
    equals the most frequent."""
    mistakes = counts.sum(axis=0) + counts.sum(axis=1) - 2 * np.diag(counts)
    return np.sort(np.lexsort((-counts.sum(axis=1), -mistakes))[:most])


def merged(counts, chosen):
    """-> counts of the chosen classes and, in a last row and column, of all others together, if
    any."""
    place = np.full(len(counts), len(chosen))
    place[chosen] = np.arange(len(chosen))
    n = len(chosen) + (len(chosen) < len(counts))
    out = np.zeros((n, n), int)
    np.add.at(out, (place[:, None], place[None, :]), counts)
    return out


def percent(share):
    """Whole per cent; only 1 is "100 %", and only 0 is "0 %"."""
    whole = round(100 * share)
    if share and not whole:
        return "<1 %"
    return ">99 %" if share < 1 and whole == 100 else f"{whole} %"
