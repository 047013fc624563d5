"""A picture of one of the paper's tables: its results and ours on one scale, with the range over
seeds."""

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from .drawing import INKS, LINE, PAD, axes_at, new_figure, save, text_size

# marker, ink and filling of a series; one that is not named here takes those of "ours"
_LOOKS = {"MemNN": ("x", "#666666", "#666666"), "DMN": ("o", INKS[0], "white"),
          "paper": ("o", INKS[0], "white"), "plain": ("s", INKS[1], INKS[1]),
          "extended": ("D", INKS[2], INKS[2]), "ours": ("s", INKS[1], INKS[1])}
_ROW = 0.25                    # inches


def plot_table(entries, path, title="", threshold=None, names=None):
    """Rows down, accuracy across, panels side by side, a marker for each series; a bar spans the
    least to the largest over the seeds.

    entries: dicts with "panel", "row", "series", "mean" (in %), and where known "values" (in %, one
    a seed) and "best" (a small dot).  threshold: a dashed line, in %.  names: {series: its name in
    the legend}.  Returns the path.  Raises ValueError where there is no entry.
    """
    if not entries:
        raise ValueError("no entry to draw")
    panels, rows, series = (list(dict.fromkeys(entry[key] for entry in entries))
                            for key in ("panel", "row", "series"))
    with new_figure(title, panels, rows, series, (names or {}).values()) as figure:
        left = PAD + max(text_size(figure, row)[0] for row in rows) + 0.12
        least = 5.0 if len(panels) == 1 else 3.2 if len(panels) == 2 else 1.9       # inches a panel
        keys = [(names or {}).get(s, s) for s in series]
        keys += ["best on validation"] * any(_has(e, "best") for e in entries)
        keys_width = sum(0.3 + text_size(figure, key)[0] + 0.15 for key in keys)
        titles = title.splitlines()
        note = ";  ".join(["bar: least to largest over seeds"]
                          * any(len(e.get("values", ())) > 1 for e in entries)
                          + ([f"dashed: {threshold:g} %"] if threshold is not None else []))
        width = max(left + len(panels) * (least + 0.25) + PAD,
                    left + keys_width + 0.2 + text_size(figure, note)[0] + PAD,
                    *(2 * PAD + text_size(figure, text)[0] for text in titles))
        span = (width - left - PAD) / len(panels) - 0.25
        top = PAD + LINE * len(titles) + (0.28 if any(panels) else 0.12)
        tall = _ROW * max(1.0, len(series) / 3) * len(rows)
        height = top + tall + 0.55 + LINE + PAD
        figure.set_size_inches(width, height)
        for i, line in enumerate(titles):
            figure.text(PAD / width, 1 - (PAD + LINE * (i + 0.5)) / height, line, va="center",
                        weight="bold" if i == 0 else "normal")
        for p, panel in enumerate(panels):
            axes = axes_at(figure, left + p * (span + 0.25), top, span, tall)
            axes.set_title(panel)
            _draw(axes, [e for e in entries if e["panel"] == panel], rows, series, threshold)
            axes.set_yticks(range(len(rows)), rows if p == 0 else [""] * len(rows))
            axes.set_xlabel("% right", labelpad=2)
        x = left
        for s, key in zip([*series, "best"], keys):
            marker, ink, face = _LOOKS.get(s, _LOOKS["ours"])
            if s == "best":
                marker, ink, face = ".", "#555555", "#555555"
            figure.add_artist(Line2D([(x + 0.1) / width], [(PAD + LINE / 2) / height], linestyle="",
                                     marker=marker, color=ink, markerfacecolor=face,
                                     markersize=3 if marker == "." else 5.5,
                                     transform=figure.transFigure))
            figure.text((x + 0.25) / width, (PAD + LINE / 2) / height, key, va="center_baseline")
            x += 0.3 + text_size(figure, key)[0] + 0.15
        figure.text((x + 0.1) / width, (PAD + LINE / 2) / height, note, va="center_baseline",
                    color="#555555")
        return save(figure, path)


def _has(entry, key):
    return entry.get(key) is not None


def _draw(axes, entries, rows, series, threshold):
    """One panel: the markers of the series a little apart, so that equal results do not hide one
    another."""
    present = [s for s in series if any(e["series"] == s for e in entries)]
    for k, s in enumerate(present):
        marker, ink, face = _LOOKS.get(s, _LOOKS["ours"])
        alone = {row: sum(e["row"] == row for e in entries) == 1 for row in rows}
        for e in entries:
            if e["series"] == s:
                apart = 0.62 * ((k + 0.5) / len(present) - 0.5)
                y = rows.index(e["row"]) + (0 if alone[e["row"]] else apart)
                if len(e.get("values", ())) > 1:
                    axes.plot([min(e["values"]), max(e["values"])], [y, y], color=ink,
                              linewidth=1.2, zorder=2)
                if _has(e, "best"):
                    axes.plot(e["best"], y, ".", color="#555555", markersize=3, zorder=4,
                              clip_on=False)
                axes.plot(e["mean"], y, marker, color=ink, markerfacecolor=face, markersize=4.5,
                          zorder=3, clip_on=False)
    if threshold is not None:
        axes.axvline(threshold, color="#555555", linewidth=0.8, linestyle=(0, (5, 3)), zorder=1)
    reach = [value for e in entries for value in (e["mean"], *e.get("values", ()), e.get("best"))
             if value is not None]
    low, high = max(0, min(reach)), min(100, max(reach))
    margin = max(0.5, 0.06 * (high - low))
    axes.set_xlim(max(0, low - margin) if low > 0 else -1, min(100, high + margin))
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.hlines(np.arange(len(rows) - 1) + 0.5, 0, 1, transform=axes.get_yaxis_transform(),
                color="#E4E4E4", linewidth=0.6, zorder=0)
    axes.grid(axis="x", color="#EEEEEE", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 5, 10]))
    axes.tick_params(axis="y", length=0)
