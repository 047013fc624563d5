"""Bars in groups: how many times as fast each version is as the first of its group."""

import numpy as np
from matplotlib.ticker import NullLocator

from .drawing import GREY, INKS, LINE, PAD, axes_at, new_figure, save, text_size, wrapped

_ROW, _BARS = 0.27, 3.2                # inches: a bar's row; the widest bar


def plot_bars(groups, path, title="", legend=""):
    """Horizontal bars on a log scale, where equal lengths are equal factors; group below group.

    groups: {name: {version: (factor, note)}}, factors above 0: a bar goes from 1 to its factor, to
    the left where that is below 1.  Right of it stand the factor and the note.  legend: what a
    factor and a note are.  Returns the path.  Raises ValueError where there is nothing to draw.
    """
    bars = [(version, *bar) for group in groups.values() for version, bar in group.items()]
    factors = np.array([factor for _, factor, _ in bars], np.float64)
    if not bars or not all(groups.values()) or not np.all((factors > 0) & np.isfinite(factors)):
        raise ValueError("give each group a version or more, and each version a factor above 0")
    says = [f"× {factor:.3g}" if factor < 100 else f"× {factor:.0f}" for factor in factors]
    says = [text + f"   {note}" * bool(note) for text, (_, _, note) in zip(says, bars)]
    with new_figure(list(groups), [version for version, *_ in bars], says, title, legend) as figure:
        widest = lambda texts, **font: max(text_size(figure, text, **font)[0] for text in texts)
        label = widest([version for version, *_ in bars]) + 0.2
        width = PAD + max(label + _BARS + 0.1 + widest(says), widest([title, *groups],
                                                                       weight="bold")) + PAD
        notes = wrapped(figure, legend, width - 2 * PAD)
        top = PAD + (LINE + 0.1) * bool(title)
        height = top + _ROW * (len(bars) + 1.4 * len(groups)) + 0.1 + LINE * len(notes) + PAD
        figure.set_size_inches(width, height)
        page = axes_at(figure, 0, 0, width, height)
        page.set(xlim=(0, width), ylim=(height, 0))
        page.axis("off")
        page.text(PAD, PAD + LINE / 2, title, va="center", weight="bold")
        low, high = np.log(min(1.0, factors.min())), np.log(max(2.0, factors.max()))
        along = lambda factor: PAD + label + _BARS * (np.log(factor) - low) / (high - low)
        y, rows = top, iter(zip(bars, says))
        for k, (name, group) in enumerate(groups.items()):
            page.text(PAD, y + _ROW * 0.8, name, va="center_baseline", weight="bold")
            y += _ROW * 1.4
            page.plot([along(1), along(1)], [y, y + _ROW * len(group)], color=GREY, linewidth=0.8)
            for _ in group:
                (version, factor, _), text = next(rows)
                page.barh(y + _ROW / 2, along(factor) - along(1), _ROW * 0.62, left=along(1),
                          color=INKS[1 + k % 5])
                page.text(PAD, y + _ROW / 2, version, va="center_baseline")
                page.text(max(along(factor), along(1)) + 0.08, y + _ROW / 2, text,
                          va="center_baseline")
                y += _ROW
        page.xaxis.set_major_locator(NullLocator())
        for i, line in enumerate(notes):
            page.text(PAD, y + 0.1 + LINE * (i + 0.5), line, va="center", color=GREY)
        return save(figure, path)
