"""Pictures over words: attention over the words of a text (the paper's figures 4 and 5), and a decoder's words step by step.

As in plots.py each function saves one picture and returns its path, whose ending (.png, .svg, .pdf) chooses the format.
"""

import textwrap

import matplotlib
import numpy as np
from matplotlib.patches import Rectangle

from .plots import _GREY, _LINE, _PAD, _axes, _figure, _ink_on, _size, _wrap, save
from .terminal import DONE, check_attention

_ROW, _NARROWEST, _WIDEST = 0.27, 0.42, 9.5      # inches: height of a cell; width of one with a number in it; all columns of a line
_LEGEND = "darker = more weight"


def plot_word_attention(words, panels, path, text="", answer="", show=False):
    """Attention of one model or of several over the words of one text: words across, passes down, darker = more.

    words: T strings.  panels: (title, gates (passes, T + 1), predicted) of each model, the last column end-of-passes.  text, answer: a
    line above, and the right answer.  A long text goes on below, in lines as broad as a page.  Raises ValueError as check_attention.
    """
    checked = [check_attention(words, gates)[0] for _, gates, _ in panels]
    if not checked:
        raise ValueError("no panel to draw")
    labels = [*words, DONE]
    with _figure() as figure:
        names = [[f"pass {i + 1}" for i in range(len(gates))] for gates in checked]
        titles = []
        for title, _, predicted in panels:
            verdict = f"predicted: {predicted}" if predicted else ""
            verdict += f"  {'✓' if predicted == answer else '✗'}" if verdict and answer else ""
            titles.append("     ".join(filter(None, (title, verdict))))
        left = _PAD + 0.15 + max(_size(figure, name)[0] for name in sum(names, []))
        fonts = [{} for _ in words] + [{"style": "italic"}]
        widths = [max(_NARROWEST, 0.12 + _size(figure, label, **font)[0]) for label, font in zip(labels, fonts)]
        lines = _broken(widths, _WIDEST)
        legend = _size(figure, _LEGEND)[0]
        width = max(left + max(sum(widths[first:stop]) for first, stop in lines), _PAD + legend,
                    *(_PAD + _size(figure, title, weight="bold")[0] for title in titles), 3.0) + _PAD
        above = [(line, "bold") for line in _wrap(figure, text, width - 2 * _PAD, weight="bold")] if text else []
        above += [(f"right answer: {answer}", "normal")] if answer else []
        block = sum(_LINE + 0.08 + _ROW * len(gates) + 0.1 for gates in checked)           # all models under one line of words
        height = 2 * _PAD + _LINE * len(above) + 0.1 * bool(above) + len(lines) * (_LINE + 0.06 + block + 0.12) + _LINE
        axes = _table(figure, width, height)
        for i, (line, weight) in enumerate(above):
            axes.text(_PAD, _PAD + _LINE * (i + 0.5), line, va="center", weight=weight)
        y = _PAD + _LINE * len(above) + 0.1 * bool(above)
        for first, stop in lines:
            x = left + np.concatenate([[0.0], np.cumsum(widths[first:stop])])
            for k in range(first, stop):
                axes.text((x[k - first] + x[k - first + 1]) / 2, y + _LINE / 2, labels[k], ha="center", va="center_baseline", **fonts[k])
            y += _LINE + 0.06
            for title, passes, gates in zip(titles, names, checked):
                axes.text(_PAD, y + _LINE / 2, title, va="center_baseline", weight="bold")
                y += _LINE + 0.08
                for name, row in zip(passes, gates):
                    axes.text(_PAD, y + _ROW / 2, name, va="center_baseline")
                    for k in range(first, stop):
                        _cell(axes, x[k - first], y, widths[k], row[k])
                    y += _ROW
                y += 0.1
            y += 0.12
        axes.text(_PAD, height - _PAD - _LINE / 2, _LEGEND, va="center", color=_GREY)
        return save(figure, path, show)


def plot_decoding(panels, path, most=10, show=False):
    """What a decoder says: steps across, words down, each cell the probability y_t of eq. (9), the word that is said in a frame.

    panels: (title, words, p (steps, A)) of each answer: words are the A names, p sums to 1 in each step.  Of many words those that are
    said are shown, then the likeliest, `most` in all or as many as are said.  Raises ValueError where the shapes disagree.
    """
    shown = []
    for title, words, p in panels:
        p = np.asarray(p, np.float64)
        if p.ndim != 2 or not len(p) or p.shape[1] != len(words) or not np.allclose(p.sum(axis=1), 1, atol=1e-3):
            raise ValueError(f"{title}: p has shape {p.shape}; give (steps, {len(words)}), steps >= 1, each step with the sum 1")
        said = p.argmax(axis=1)
        rows = list(dict.fromkeys(said.tolist()))                                          # in the order in which they are said
        others = [k for k in np.argsort(-p.max(axis=0), kind="stable").tolist() if k not in rows]
        rows += others[:max(0, most - len(rows))]
        shown.append((textwrap.wrap(title, 44), words, p, said, rows, len(words) - len(rows)))
    if not shown:
        raise ValueError("no panel to draw")
    with _figure() as figure:
        legend = "frame: the word that is said     " + _LEGEND.replace("weight", "probability")
        heads = max(len(head) for head, *_ in shown)
        cell = 0.5
        labels = [max(_size(figure, words[k])[0] for k in rows) + 0.12 for _, words, _, _, rows, _ in shown]
        notes = [f"and {rest} less likely word{'s' * (rest > 1)}" if rest else "" for *_, rest in shown]
        spans = [max(label + cell * len(p), _size(figure, note)[0] if note else 0, *(_size(figure, line, weight="bold")[0] for line in head), 0)
                 for label, (head, _, p, *_), note in zip(labels, shown, notes)]
        width = max(sum(spans) + 0.4 * (len(spans) - 1), _size(figure, legend)[0], 3.0) + 2 * _PAD
        top = _PAD + _LINE * heads + 0.08 + _LINE + 0.06
        height = top + _ROW * max(len(rows) for *_, rows, _ in shown) + 0.08 + _LINE + 0.08 + _LINE + _PAD
        axes = _table(figure, width, height)
        left = _PAD
        for label, span, note, (head, words, p, said, rows, _) in zip(labels, spans, notes, shown):
            for i, line in enumerate(head):
                axes.text(left, _PAD + _LINE * (i + 0.5), line, va="center_baseline", weight="bold")
            for t in range(len(p)):
                middle = left + label + cell * (t + 0.5)
                axes.text(middle, top - 0.06 - _LINE / 2, f"step {t + 1}", ha="center", va="center_baseline", color=_GREY, size=8)
            for i, k in enumerate(rows):
                y = top + _ROW * i
                axes.text(left + label - 0.06, y + _ROW / 2, words[k], ha="right", va="center_baseline", weight="bold" if k in said else "normal")
                for t in range(len(p)):
                    _cell(axes, left + label + cell * t, y, cell, p[t, k])
            for t, k in enumerate(said):
                corner = (left + label + cell * t, top + _ROW * rows.index(k))
                axes.add_patch(Rectangle(corner, cell, _ROW, fill=False, edgecolor="black", linewidth=1.8, zorder=3))
            axes.text(left, top + _ROW * len(rows) + 0.08 + _LINE / 2, note, va="center_baseline", color=_GREY)
            left += span + 0.4
        axes.text(_PAD, height - _PAD - _LINE / 2, legend, va="center", color=_GREY)
        return save(figure, path, show)


def _table(figure, width, height):
    """Axes over the whole figure, in inches from its upper left corner."""
    figure.set_size_inches(width, height)
    axes = _axes(figure, 0, 0, width, height)
    axes.set(xlim=(0, width), ylim=(height, 0))
    axes.axis("off")
    return axes


def _cell(axes, x, y, width, weight):
    shade = matplotlib.colormaps["Blues"](weight)
    axes.add_patch(Rectangle((x, y), width, _ROW, facecolor=shade, edgecolor="#999999", linewidth=0.6))
    axes.text(x + width / 2, y + _ROW / 2, f"{weight:.2f}", ha="center", va="center_baseline", color=_ink_on(shade), size=8)


def _broken(widths, most):
    """Columns -> runs (first, stop), each at most `most` wide, or of one column."""
    runs, first = [], 0
    for k in range(1, len(widths) + 1):
        if k == len(widths) or sum(widths[first:k + 1]) > most:
            runs.append((first, k))
            first = k
    return runs
