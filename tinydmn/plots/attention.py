"""Attention over the facts of a story, as in the paper's table 5.

Each function saves one picture and returns its path, whose ending (.png, .svg, .pdf) chooses the
format.
"""

import textwrap
from contextlib import contextmanager

import matplotlib
import numpy as np
from matplotlib.patches import Rectangle

from ..terminal import DONE, check_attention, folded_label, shown_rows
from .drawing import GREY, LINE, PAD, axes_at, ink_on, new_figure, save, text_size, wrapped


def plot_attention(facts, gates, path, question="", answer="", predicted="", support=()):
    """One model's attention as in the paper's table 5: facts down, passes across, darker = more
    weight, the last row end-of-passes.  Saves the picture and returns its path.

    facts: T strings.  gates: (passes, T + 1), in [0, 1].  question: above the table.  answer,
    predicted: the right answer and the model's; where both are given, ✓ or ✗ compares them.
    support: indices of the supporting facts, marked ▸ and bold.  Raises ValueError as
    terminal.check_attention, UserError where the picture cannot be written.
    """
    return plot_attentions(facts, [("", gates, predicted)], path, question, answer, support)


def plot_attentions(facts, panels, path, question="", answer="", support=(), notes=()):
    """As plot_attention, for several models side by side.

    panels: (title, gates, predicted) of each model.  notes: for each panel a word for each of its
    passes, below the pass's name.  Raises ValueError where they do not fit the panels.
    """
    with attention_figure(facts, panels, question, answer, support, notes) as figure:
        return save(figure, path)


@contextmanager
def attention_figure(facts, panels, question="", answer="", support=(), notes=()):
    """The figure of plot_attentions, in a `with` block in which it can be saved."""
    checked = [check_attention(facts, gates, support) for _, gates, _ in panels]
    if not checked:
        raise ValueError("no panel to draw")
    support, attentions = checked[0][1], [gates for gates, _ in checked]
    every = np.vstack(attentions)
    rows = []                                                  # (first, stop, lines of the label)
    for first, stop in shown_rows(every, support):
        label = facts[first] if stop - first == 1 else f"… {folded_label(every, first, stop)} …"
        rows.append((first, stop, textwrap.wrap(label, 60, max_lines=3, placeholder=" …") or [""]))
    rows.append((len(facts), len(facts) + 1, [DONE]))
    n_passes = max(map(len, attentions))
    names = [f"pass {i + 1}" for i in range(n_passes)]
    if len(notes) and [len(row) for row in notes] != [len(gates) for gates in attentions]:
        raise ValueError(f"notes for {[len(row) for row in notes]} passes; the panels have "
                         f"{[len(gates) for gates in attentions]}")

    drawn = [(title, str(predicted)) for title, _, predicted in panels]
    with new_figure(facts, question, str(answer), drawn, names, notes) as figure:
        def font(first):
            if first in support:
                return {"weight": "bold"}
            return {"style": "italic"} if first == len(facts) else {}
        label_width = max(text_size(figure, line, **font(first))[0]
                          for first, _, lines in rows for line in lines)
        heading = [*names, *(note for row in notes for note in row)]
        cell = max(0.5, 0.12 + max(text_size(figure, text)[0] for text in heading))
        told, heads = f"answer: {answer}" if answer else "", []     # heads: of each panel
        for title, _, predicted in panels:
            verdict = f"predicted: {predicted}" if predicted else ""
            verdict += f"  {'✓' if predicted == answer else '✗'}" if verdict and answer else ""
            heads.append([*textwrap.wrap(title, 28), verdict])
        if len(heads) == 1 and len(heads[0]) == 1:         # one panel, no title: all in one line
            told, heads = "     ".join(filter(None, (told, verdict))), [[]]
        spans = [max(cell * len(gates),
                     max((text_size(figure, line, weight="bold")[0] for line in head), default=0))
                 for gates, head in zip(attentions, heads)]
        legend = ("▸ supporting fact     " if support else "") + "darker = more weight"
        left = PAD + 0.2 + label_width + 0.15
        width = max(left + sum(spans) + 0.3 * (len(spans) - 1), 3.0,
                    text_size(figure, legend)[0] + 0.2 + PAD) + PAD
        above = [(line, "bold")
                 for line in wrapped(figure, question, width - 2 * PAD, weight="bold")]
        above += [(line, "normal") for line in wrapped(figure, told, width - 2 * PAD)]
        head_lines = max(len(head) if any(head) else 0 for head in heads)
        below = LINE * bool(len(notes))           # the line of notes, under the names of the passes
        gaps = 0.1 * (bool(above) + bool(head_lines)) + 0.06
        top = PAD + LINE * (len(above) + head_lines + 1) + gaps + below
        heights = [0.2 if stop - first > 1 else 0.1 + LINE * len(lines)
                   for first, stop, lines in rows]
        height = top + sum(heights) + 0.06 + 0.12 + LINE + PAD
        figure.set_size_inches(width, height)
        axes = axes_at(figure, 0, 0, width, height)
        axes.set(xlim=(0, width), ylim=(height, 0))
        axes.axis("off")                             # a table: everything below is placed in inches
        for i, (line, weight) in enumerate(above):
            axes.text(PAD, PAD + LINE * (i + 0.5), line, va="center", weight=weight)
        shades = matplotlib.colormaps["Blues"]
        x, noted = left, iter(notes)
        for gates, head, span in zip(attentions, heads, spans):
            for i, line in enumerate(reversed(head)):
                weight = "bold" if i else "normal"
                axes.text(x, top - below - 0.16 - LINE * (i + 1.5), line, va="center",
                          weight=weight)
            for i, name in enumerate(names[:len(gates)]):
                axes.text(x + cell * (i + 0.5), top - below - 0.06 - LINE / 2, name, ha="center",
                          va="center")
            for i, note in enumerate(next(noted, ())):
                axes.text(x + cell * (i + 0.5), top - 0.06 - LINE / 2, note, ha="center",
                          va="center", color=GREY)
            y = top
            for (first, stop, _), row in zip(rows, heights):
                y += 0.06 * (first == len(facts))          # end-of-passes is no sentence: set apart
                for i, weight in enumerate(gates[:, first] if stop - first == 1 else ()):
                    shade = shades(weight)
                    axes.add_patch(Rectangle((x + cell * i, y), cell, row, facecolor=shade,
                                             edgecolor="#999999", linewidth=0.6))
                    axes.text(x + cell * (i + 0.5), y + row / 2, f"{weight:.2f}", ha="center",
                              va="center_baseline",
                              color=ink_on(shade), weight="bold" if weight >= 0.5 else "normal")
                y += row
            x += span + 0.3
        y = top
        for (first, stop, lines), row in zip(rows, heights):
            y += 0.06 * (first == len(facts))
            marked = stop - first == 1 and first in support
            if marked:
                axes.text(PAD, y + row / 2, "▸", va="center_baseline", weight="bold")
            for i, line in enumerate(lines):
                axes.text(PAD + 0.2, y + row / 2 + LINE * (i - (len(lines) - 1) / 2), line,
                          va="center_baseline",
                          color=GREY if stop - first > 1 else "black",
                          **(font(first) if stop - first == 1 else {}))
            y += row
        axes.text(PAD + 0.2 * (not support), height - PAD - LINE / 2, legend, va="center",
                  color=GREY)
        yield figure
