"""Pictures of tagging and of the number of passes: gates word by word, what a sentence costs, accuracy against passes.

Each function saves one picture and returns its path, whose ending (.png, .svg, .pdf) chooses the format.
"""

import matplotlib
import numpy as np
from matplotlib.patches import Rectangle
from matplotlib.ticker import NullLocator

from .drawing import DASHES, GREY, INKS, LINE, MARKERS, PAD, axes_at, ink_on, label_ends, new_figure, save, text_size

_ROW, _CELL = 0.27, 0.46               # inches: a word's row; a gate


def plot_word_gates(words, tags, panels, path, right=(), show=False):
    """Where each word looks, panels beside each other: word t down, facts s <= t across, darker = more; left of them tags.

    words: n strings.  tags: {title: n tags}, a column each.  right: n tags; one that differs is marked ✗.  panels: {title: (n, n)}, row t
    the gates of word t, in [0, 1]; what lies right of the diagonal is not drawn.  Returns the path.  Raises ValueError where the lengths disagree.
    """
    n, panels = len(words), {title: np.asarray(gates, np.float64) for title, gates in panels.items()}
    if not (n and panels) or any(g.shape != (n, n) for g in panels.values()) or any(len(column) != n for column in tags.values()) or len(right) not in (0, n):
        raise ValueError(f"{n} words, gates {[g.shape for g in panels.values()]}, {[len(column) for column in tags.values()]} tags; "
                         "give each word its tags and n gates")
    if not all(np.all((g >= 0) & (g <= 1)) for g in panels.values()):        # NaN fails as well
        raise ValueError("gates must lie in [0, 1]")
    marked = {title: [tag + "  ✗" * bool(len(right) and tag != right[t]) for t, tag in enumerate(column)] for title, column in tags.items()}
    with new_figure(words, tags.values(), right, panels) as figure:
        widest = lambda texts, **font: max(text_size(figure, text, **font)[0] for text in texts)
        columns = [("", words, "bold"), *((title, column, "normal") for title, column in marked.items())]
        widths = [max(widest([title]), widest(texts, weight=weight)) + 0.22 for title, texts, weight in columns]
        above = 0.12 + widest(words)                       # the facts' names, upright, above their columns
        left, panel = PAD + sum(widths), max(n * _CELL, widest(panels, weight="bold"))
        top = PAD + LINE + above
        width = left + len(panels) * (panel + 0.3) - 0.3 + PAD
        height = top + n * _ROW + 0.08 + LINE + PAD
        figure.set_size_inches(width, height)
        axes = axes_at(figure, 0, 0, width, height)
        axes.set(xlim=(0, width), ylim=(height, 0))
        axes.axis("off")                                   # a table: everything below is placed in inches
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
                axes.text(x + _CELL * (t + 0.5), top - 0.06, words[t], rotation=90, ha="center", va="bottom")
                for s in range(t + 1):
                    shade = shades(gate[t, s])
                    axes.add_patch(Rectangle((x + _CELL * s, top + _ROW * t), _CELL, _ROW, facecolor=shade, edgecolor="#999999", linewidth=0.6))
                    axes.text(x + _CELL * (s + 0.5), top + _ROW * (t + 0.5), f"{gate[t, s]:.2f}", ha="center", va="center_baseline", color=ink_on(shade), size=8)
            x += panel + 0.3
        legend = "a row: what this word's memory takes from each word up to it; darker = more"
        axes.text(PAD, height - PAD - LINE / 2, legend, va="center", color=GREY)
        return save(figure, path, show)


def plot_cost(lengths, costs, path, unit="cost of the shortest", show=False):
    """What a sentence costs by its length, both on log scales, where a power of the length is a straight line.

    lengths: L words.  costs: {label: (L,)}, above 0.  Beside each label the power that fits its second half: 1 is linear, 2 quadratic.
    Returns the path.  Raises ValueError where there is nothing to draw.
    """
    x, curves = np.asarray(lengths, np.float64), {label: np.asarray(y, np.float64) for label, y in costs.items()}
    if len(x) < 2 or not curves or any(y.shape != x.shape or not np.all(y > 0) for y in curves.values()):
        raise ValueError("give two lengths or more, and for each a cost above 0")
    with new_figure(costs) as figure:
        names = {label: f"{label}: length to the power {power(x, y):.1f}" for label, y in curves.items()}
        width = 0.8 + 4.0 + 0.35 + max(text_size(figure, name)[0] for name in names.values()) + PAD
        figure.set_size_inches(width, 3.6)
        axes = axes_at(figure, 0.8, 0.4, 4.0, 2.65)
        for k, (label, y) in enumerate(curves.items()):
            axes.plot(x, y, color=INKS[k % 6], linestyle=DASHES[k % 6], marker=MARKERS[k % 6], markersize=5, linewidth=1.6, clip_on=False, zorder=3)
        axes.set(xscale="log", yscale="log", xlim=(x.min(), x.max()))
        low, high = np.log10(min(y.min() for y in curves.values())), np.log10(max(y.max() for y in curves.values()))
        axes.set_ylim(10 ** (low - 0.1), 10 ** (high + 0.1))
        axes.set_xticks(x, [f"{v:g}" for v in x])
        decades = range(int(np.ceil(low - 0.1)), int(np.floor(high + 0.1)) + 1)
        axes.set_yticks([10.0 ** d for d in decades], [f"{10.0 ** d:,g}" for d in decades])
        axes.xaxis.set_minor_locator(NullLocator())
        axes.yaxis.set_minor_locator(NullLocator())
        axes.set_title(f"forward and backward, {unit} = 1 (log scales)")
        axes.set_xlabel("words in the sentence")
        axes.grid(axis="y", color="#DDDDDD", linewidth=0.6)
        label_ends(figure, axes, [(x[-1], y[-1], names[label], INKS[k % 6]) for k, (label, y) in enumerate(curves.items())])
        return save(figure, path, show)


def power(lengths, costs):
    """The k of cost ~ length^k over the second half of the lengths, by least squares on the logs."""
    half = slice(len(lengths) // 2 if len(lengths) > 3 else 0, None)
    return float(np.polyfit(np.log(lengths[half]), np.log(costs[half]), 1)[0])


def plot_passes(panels, path, show=False):
    """Accuracy against the number of passes, panels beside each other (ours, the paper's).

    panels: {title: {label: {passes: share of 1}}}; one label has one colour, dash and mark in all panels.  Returns the path.
    Raises ValueError where a panel is empty.
    """
    if not panels or not all(curves and all(curves.values()) for curves in panels.values()):
        raise ValueError("each panel needs a curve, each curve a point")
    labels = list(dict.fromkeys(label for curves in panels.values() for label in curves))
    with new_figure(panels, labels) as figure:
        beside = 0.35 + max(text_size(figure, label)[0] for label in labels)
        plot, left = 2.6, 0.65
        span = plot + beside + 0.75
        figure.set_size_inches(left + span * len(panels) - 0.6, 3.4)
        for p, (title, curves) in enumerate(panels.items()):
            axes = axes_at(figure, left + p * span, 0.4, plot, 2.4)
            ends = []
            for label, points in curves.items():
                k = labels.index(label)
                x, y = zip(*sorted(points.items()))
                axes.plot(x, y, color=INKS[k % 6], linestyle=DASHES[k % 6], marker=MARKERS[k % 6], markersize=5, linewidth=1.6, clip_on=False, zorder=3)
                ends.append((x[-1], y[-1], label, INKS[k % 6]))
            most = max(x for points in curves.values() for x in points)
            axes.set(xlim=(0, max(1, most)), ylim=(0, 1))
            axes.set_xticks(range(max(1, most) + 1))
            axes.set_yticks([0, 0.25, 0.5, 0.75, 1.0], ["0 %", "25 %", "50 %", "75 %", "100 %"])
            axes.set_title(title)
            axes.set_xlabel("passes")
            axes.grid(axis="y", color="#DDDDDD", linewidth=0.6)
            label_ends(figure, axes, ends)
        return save(figure, path, show)
