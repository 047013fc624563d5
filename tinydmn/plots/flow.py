"""The way back through an episode: what the error does to each fact, pass by pass."""

import matplotlib
import numpy as np
from matplotlib.patches import Rectangle

from .drawing import GREY, LINE, PAD, axes_at, ink_on, new_figure, save, text_size

_ROW, _CELL, _GAP = 0.27, 0.66, 0.3                        # inches
_LEGEND = "darker = larger in its group; the error enters at the last pass, on the right"


def plot_flow(facts, panels, path, title=""):
    """Groups of columns beside the facts of a story, a column a pass: facts down, passes across.

    facts: T strings.  panels: {name: (passes, T)}, all of one shape; a cell holds its number and is
    shaded by its size relative to the largest of its group, so signs and units may differ.
    Returns the path.  Raises ValueError where a group is empty, ragged, not finite or not T wide.
    """
    groups = {name: np.asarray(a, np.float64) for name, a in panels.items()}
    shapes = {a.shape for a in groups.values()}
    shape = next(iter(shapes)) if len(shapes) == 1 else ()
    if len(shape) != 2 or not shape[0] or not len(facts) or shape[1] != len(facts) \
            or not all(np.isfinite(a).all() for a in groups.values()):
        raise ValueError(f"{len(facts)} facts, but the groups have shapes {sorted(shapes)}; "
                         f"give each the same passes, T >= 1, and finite numbers")
    passes, T = shape
    with new_figure(facts, [title, *groups]) as figure:
        label = max(text_size(figure, fact)[0] for fact in facts) + 0.25
        spans = [max(_CELL * passes, text_size(figure, name)[0]) + _GAP for name in groups]
        width = PAD + max(label + sum(spans), text_size(figure, _LEGEND)[0],
                          text_size(figure, title, weight="bold")[0]) + PAD
        top = PAD + LINE * 3 + 0.15
        height = top + _ROW * T + 0.1 + LINE + PAD
        figure.set_size_inches(width, height)
        axes = axes_at(figure, 0, 0, width, height)
        axes.set(xlim=(0, width), ylim=(height, 0))
        axes.axis("off")
        axes.text(PAD, PAD + LINE / 2, title, va="center", weight="bold")
        for t, fact in enumerate(facts):
            axes.text(PAD, top + _ROW * (t + 0.5), fact, va="center_baseline")
        x, shades = PAD + label, matplotlib.colormaps["Blues"]
        for (name, a), span in zip(groups.items(), spans):
            axes.text(x, top - 0.1 - LINE * 1.5, name, va="center")
            most, form = np.abs(a).max() or 1.0, "+.3f" if a.min() < 0 else ".3f"
            for i, t in np.ndindex(passes, T):
                shade, at = shades(0.85 * abs(a[i, t]) / most), (x + _CELL * i, top + _ROW * t)
                axes.add_patch(Rectangle(at, _CELL, _ROW, facecolor=shade, edgecolor="#999999",
                                         linewidth=0.6))
                number = f"{a[i, t]:{form}}".replace("-", "−")
                axes.text(at[0] + _CELL / 2, at[1] + _ROW / 2, number, ha="center",
                          va="center_baseline", color=ink_on(shade))
            for i in range(passes):
                axes.text(x + _CELL * (i + 0.5), top - 0.06 - LINE / 2, f"pass {i + 1}",
                          ha="center", va="center")
            x += span
        axes.text(PAD, height - PAD - LINE / 2, _LEGEND, va="center", color=GREY)
        return save(figure, path)
