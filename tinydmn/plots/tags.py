"""Pictures of tagging and of the number of passes: gates word by word, the cost of a sentence by
its length, accuracy against passes.

Each function saves one picture and returns its path, whose ending (.png, .svg, .pdf) chooses the
format.
"""

import matplotlib
import numpy as np
from matplotlib.patches import Rectangle
from matplotlib.ticker import NullLocator

from .drawing import (DASHES, GREY, INKS, LINE, MARKERS, PAD, axes_at, ink_on, label_ends,
                      new_figure, save, text_size, wrapped)

_ROW, _CELL = 0.27, 0.46               # inches: a word's row; a gate
_GATES = "a row: what this word's memory takes from each word up to it; darker = more"


def plot_word_gates(words, tags, panels, path, right=(), legend=_GATES):
    """What each word attends to, panels side by side: word t down, facts s <= t across, darker =
    more; tags on the left.

    words: n strings.  tags: {title: n tags}, a column each.  right: n tags; one that differs from
    these is marked ✗.  panels: {title: (n, n)}, row t the gates of word t, in [0, 1]; the part
    right of the diagonal is not drawn.  legend: what a row shows, where it is not gates.  Returns
    the path.  Raises ValueError where the lengths disagree.
    """
    n, panels = len(words), {title: np.asarray(g, np.float64) for title, g in panels.items()}
    if (not (n and panels) or any(g.shape != (n, n) for g in panels.values())
            or any(len(column) != n for column in tags.values()) or len(right) not in (0, n)):
        raise ValueError(f"{n} words, gates {[g.shape for g in panels.values()]}, "
                         f"{[len(column) for column in tags.values()]} tags; "
                         "give each word its tags and n gates")
    if not all(np.all((g >= 0) & (g <= 1)) for g in panels.values()):        # NaN fails as well
        raise ValueError("gates must lie in [0, 1]")
    marked = {title: [tag + "  ✗" * bool(len(right) and tag != right[t])
                      for t, tag in enumerate(column)] for title, column in tags.items()}
    with new_figure(words, tags, tags.values(), right, panels, legend) as figure:
        widest = lambda texts, **font: max(text_size(figure, text, **font)[0] for text in texts)
        columns = [("", words, "bold"),
                   *((title, column, "normal") for title, column in marked.items())]
        widths = [max(widest([title]), widest(texts, weight=weight)) + 0.22
                  for title, texts, weight in columns]
        above = 0.12 + widest(words)                # the facts' names, upright, above their columns
        left, panel = PAD + sum(widths), max(n * _CELL, widest(panels, weight="bold"))
        top = PAD + LINE + above
        width = max(left + len(panels) * (panel + 0.3) - 0.3,
                    PAD + text_size(figure, legend)[0]) + PAD
        height = top + n * _ROW + 0.08 + LINE + PAD
        figure.set_size_inches(width, height)
        axes = axes_at(figure, 0, 0, width, height)
        axes.set(xlim=(0, width), ylim=(height, 0))
        axes.axis("off")                             # a table: everything below is placed in inches
        x = PAD
        for (title, texts, weight), wide in zip(columns, widths):
            axes.text(x, top - 0.1, title, va="bottom")
            for t, text in enumerate(texts):
                axes.text(x, top + _ROW * (t + 0.5), text, va="center_baseline", weight=weight)
            x += wide
        shades = matplotlib.colormaps["Blues"]
        for title, gate in panels.items():
            axes.text(x, PAD + LINE / 2, title, va="center", weight="bold")
            for t in range(n):
                axes.text(x + _CELL * (t + 0.5), top - 0.06, words[t], rotation=90, ha="center",
                          va="bottom")
                for s in range(t + 1):
                    shade = shades(gate[t, s])
                    axes.add_patch(Rectangle((x + _CELL * s, top + _ROW * t), _CELL, _ROW,
                                             facecolor=shade, edgecolor="#999999", linewidth=0.6))
                    axes.text(x + _CELL * (s + 0.5), top + _ROW * (t + 0.5), f"{gate[t, s]:.2f}",
                              ha="center", va="center_baseline", color=ink_on(shade), size=8)
            x += panel + 0.3
        axes.text(PAD, height - PAD - LINE / 2, legend, va="center", color=GREY)
        return save(figure, path)


def plot_cost(lengths, costs, path, unit="cost of the shortest"):
    """The cost of a sentence by its length, on log scales, where a power law is a straight line.

    lengths: L numbers of words, increasing.  costs: {label: (L,)}, above 0.  Beside each label
    stands the power fitted to the second half of the points (`power_fit`: 1 is linear, 2
    quadratic); these are filled, the others hollow.  unit: what a cost of 1 is.  Returns the path.
    Raises ValueError where there is nothing to draw.
    """
    x = np.asarray(lengths, np.float64)
    curves = {label: np.asarray(y, np.float64) for label, y in costs.items()}
    if (len(x) < 2 or not np.all(np.diff(x) > 0) or not curves
            or any(y.shape != x.shape or not np.all(y > 0) for y in curves.values())):
        raise ValueError("give two lengths or more, each more than the one before, and for each a "
                         "cost above 0")
    with new_figure(costs, unit) as figure:
        fits = {label: power_fit(x, y) for label, y in curves.items()}
        used = power_fit(x, x)[3]                          # the same for each curve
        names = {label: f"{label}: length to the power {k:.1f}"
                 + f" ({low:.1f} to {high:.1f})" * (len(used) > 2)
                 for label, (k, low, high, _) in fits.items()}
        note = "the power is fitted to all lengths"
        if len(used) < len(x):
            note = (f"filled: the {len(used)} lengths from {used[0]:g} on, to which the power is "
                    "fitted (in a shorter sentence the overhead of the call counts more)")
        if len(used) > 2:
            note += "; in brackets: the least and the greatest power from one of them to the next"
        title = f"forward and backward, {unit} = 1 (log scales)"
        width = max(0.8 + 4.0 + 0.35 + max(text_size(figure, name)[0] for name in names.values()),
                    0.8 + text_size(figure, title)[0]) + PAD
        notes = wrapped(figure, note, width - 2 * PAD)
        figure.set_size_inches(width, 3.65 + LINE * len(notes))
        axes = axes_at(figure, 0.8, 0.4, 4.0, 2.65)
        for k, y in enumerate(curves.values()):
            ink = INKS[k % 6]
            axes.plot(x, y, color=ink, linestyle=DASHES[k % 6], linewidth=1.6, clip_on=False,
                      zorder=3)
            for some, fill in ((x < used[0], "white"), (x >= used[0], ink)):
                axes.plot(x[some], y[some], MARKERS[k % 6], color=ink, markerfacecolor=fill,
                          markersize=5, clip_on=False, zorder=4)
        axes.set(xscale="log", yscale="log", xlim=(x.min(), x.max()))
        low = np.log10(min(y.min() for y in curves.values()))
        high = np.log10(max(y.max() for y in curves.values()))
        axes.set_ylim(10 ** (low - 0.1), 10 ** (high + 0.1))
        axes.set_xticks(x, [f"{v:g}" for v in x])
        decades = range(int(np.ceil(low - 0.1)), int(np.floor(high + 0.1)) + 1)
        axes.set_yticks([10.0 ** d for d in decades], [f"{10.0 ** d:,g}" for d in decades])
        axes.xaxis.set_minor_locator(NullLocator())
        axes.yaxis.set_minor_locator(NullLocator())
        axes.set_title(title)
        axes.set_xlabel("words in the sentence")
        axes.grid(axis="y", color="#DDDDDD", linewidth=0.6)
        label_ends(figure, axes, [(x[-1], y[-1], names[label], INKS[k % 6])
                                  for k, (label, y) in enumerate(curves.items())])
        for i, line in enumerate(reversed(notes)):
            figure.text(PAD / width, (PAD + LINE * i) / figure.get_size_inches()[1], line,
                        va="bottom", color=GREY)
        return save(figure, path)


def power(lengths, costs):
    """The k of cost ~ length^k over the second half of the lengths, by least squares on the
    logs."""
    return power_fit(lengths, costs)[0]


def power_fit(lengths, costs):
    """The k of cost ~ length^k, by least squares on the logs, and how certain it is.

    lengths (L,), increasing; costs (L,), above 0.  With four lengths or more, only the second half
    is used: the constant overhead of a call bends the curve at short sentences.
    -> k, the least and the greatest power between neighbours that are used, the lengths used.
    """
    half = slice(len(lengths) // 2 if len(lengths) > 3 else 0, None)
    x, y = np.log(lengths[half]), np.log(costs[half])
    between = np.diff(y) / np.diff(x)
    return float(np.polyfit(x, y, 1)[0]), float(between.min()), float(between.max()), lengths[half]


def plot_passes(panels, path, intervals=None):
    """Accuracy against the number of passes, panels side by side (ours, the paper's; or one a
    task).

    panels: {title: {label: {passes: accuracy, 0 to 1}}}; a label has the same colour, dash and
    marker in all panels.  intervals: {title: {label: {passes: (low, high)}}}, for some or all of
    the points, drawn as bars.  Returns the path.  Raises ValueError where a panel is empty, and
    for an interval without a point or not around it.
    """
    if not panels or not all(curves and all(curves.values()) for curves in panels.values()):
        raise ValueError("each panel needs a curve, each curve a point")
    intervals = intervals or {}
    for title, curves in intervals.items():
        for label, bars in curves.items():
            points = panels.get(title, {}).get(label, {})
            for passes, (low, high) in bars.items():
                if passes not in points or not low <= points[passes] <= high:  # NaN fails as well
                    raise ValueError(f"{title}, {label}, {passes} passes: the interval {low} to "
                                     f"{high} is not around {points.get(passes, 'a point')}")
    drawn = any(bars for curves in intervals.values() for bars in curves.values())
    note = "bars: 95 % intervals" if drawn else ""
    labels = list(dict.fromkeys(label for curves in panels.values() for label in curves))
    with new_figure(panels, labels) as figure:
        beside = 0.35 + max(text_size(figure, label)[0] for label in labels)
        plot, left = 2.6, 0.65
        span = max(plot + beside, max(text_size(figure, title)[0] for title in panels)) + 0.75
        height = 3.4 + LINE * bool(note)
        figure.set_size_inches(left + span * len(panels) - 0.6, height)
        for p, (title, curves) in enumerate(panels.items()):
            axes = axes_at(figure, left + p * span, 0.4, plot, 2.4)
            ends = []
            for label, points in curves.items():
                k = labels.index(label)
                x, y = zip(*sorted(points.items()))
                axes.plot(x, y, color=INKS[k % 6], linestyle=DASHES[k % 6], marker=MARKERS[k % 6],
                          markersize=5, linewidth=1.6, clip_on=False, zorder=3)
                bars = intervals.get(title, {}).get(label, {})
                for passes, (low, high) in bars.items():
                    axes.errorbar([passes], [points[passes]],
                                  [[points[passes] - low], [high - points[passes]]], fmt="none",
                                  ecolor=INKS[k % 6], elinewidth=1.0, capsize=3, clip_on=False,
                                  zorder=2)
                ends.append((x[-1], y[-1], label, INKS[k % 6]))
            most = max(x for points in curves.values() for x in points)
            axes.set(xlim=(0, max(1, most)), ylim=(0, 1))
            axes.set_xticks(range(max(1, most) + 1))
            axes.set_yticks([0, 0.25, 0.5, 0.75, 1.0], ["0 %", "25 %", "50 %", "75 %", "100 %"])
            axes.set_title(title)
            axes.set_xlabel("passes")
            axes.grid(axis="y", color="#DDDDDD", linewidth=0.6)
            label_ends(figure, axes, ends)
        figure.text(PAD / figure.get_size_inches()[0], PAD / height, note, va="bottom", color=GREY)
        return save(figure, path)
