"""Pictures: attention over the facts, training curves, a GRU's gates and state, the size of a gradient on its way back.

Each function saves one picture and returns its path; the path's ending (.png, .svg, .pdf) chooses the format.  No window opens
unless `show=True`, which hands the saved file to the system's viewer.  What colour says, shade, shape or a label says as well.
"""

import contextlib
import textwrap
import webbrowser
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator, NullLocator, PercentFormatter

from .errors import UserError
from .terminal import DONE, check_attention, folded_label, shown_rows

# Fixed settings, so that one input gives one picture whatever a matplotlibrc on the machine says; words are never read as formulae.
_STYLE = {"font.family": "DejaVu Sans", "font.size": 9, "axes.titlesize": 9, "axes.titlelocation": "left", "axes.spines.top": False,
          "axes.spines.right": False, "axes.linewidth": 0.8, "text.parse_math": False, "svg.hashsalt": "tinydmn", "savefig.dpi": 160}
_INKS = ("#000000", "#0060A0", "#B34700", "#00734F", "#A0457C", "#666666")   # after Okabe and Ito: distinct for the colour-blind
_DASHES = ("-", (0, (6, 2)), (0, (2, 1.5)), (0, (6, 2, 1.5, 2)), (0, (10, 2)), (0, (1, 1)))
_MARKERS = "os^DvP"
_GREY = "#555555"


@contextlib.contextmanager
def _figure():
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(_STYLE)
        figure = Figure()
        FigureCanvasAgg(figure)
        yield figure


def save(figure, path, show=False):
    """Save `figure` at `path` and return the path.  Raises UserError for an ending that is no picture's or a place not to be written."""
    path = Path(path)
    if path.suffix.lower() not in (".png", ".svg", ".pdf"):
        raise UserError(f"{path}: a picture's name ends in .png, .svg or .pdf; change its ending")
    undated = {".png": {}, ".svg": {"Date": None}, ".pdf": {"CreationDate": None}}[path.suffix.lower()]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, metadata=undated)
    except OSError as error:
        raise UserError(f"{path}: the picture cannot be written ({error.strerror}); choose another place") from None
    if show:
        webbrowser.open(path.resolve().as_uri())
    return path


def _size(figure, text, **font):
    """Width and height of `text` in inches."""
    probe = figure.text(0, 0, text, **font)
    box = probe.get_window_extent(figure.canvas.get_renderer())
    probe.remove()
    return box.width / figure.dpi, box.height / figure.dpi


def _wrap(figure, text, width, **font):
    """`text` in lines of at most `width` inches."""
    for characters in range(max(1, len(text)), 0, -1):
        lines = textwrap.wrap(text, characters)
        if all(_size(figure, line, **font)[0] <= width for line in lines):
            break
    return lines


def _ink_on(shade):
    """White or black, whichever has more contrast (as the web's accessibility rules define it) with the colour `shade`."""
    r, g, b = ((c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4) for c in shade[:3])
    return "white" if 0.2126 * r + 0.7152 * g + 0.0722 * b < 0.179 else "black"


def _axes(figure, left, top, width, height):
    """Axes at a place given in inches from the figure's upper left corner."""
    w, h = figure.get_size_inches()
    return figure.add_axes([left / w, 1 - (top + height) / h, width / w, height / h])


# ---- attention -----------------------------------------------------------------------------------------------------------------

_LINE, _PAD = 0.17, 0.15              # inches: a line of text; the rim of a picture


def plot_attention(facts, gates, path, question="", answer="", predicted="", support=(), titles=None, show=False):
    """One model's attention as in the paper's table 5: facts down, passes across, darker = more, the last row end-of-passes.

    facts: T strings.  gates (passes, T + 1), in [0, 1].  support: indices of the supporting facts, marked ▸ and bold.
    titles: a name for each pass instead of "pass 1", ....  Returns the path.  Raises ValueError as terminal.check_attention.
    """
    return plot_attentions(facts, [("", gates, predicted)], path, question, answer, support, titles, show)


def plot_attentions(facts, panels, path, question="", answer="", support=(), titles=None, show=False):
    """As plot_attention, for several models beside each other.  panels: (title, gates, predicted) of each."""
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
    names = list(titles or [f"pass {i + 1}" for i in range(n_passes)])
    if len(names) < n_passes:
        raise ValueError(f"{len(names)} names for {n_passes} passes")

    with _figure() as figure:
        def font(first):
            return {"weight": "bold"} if first in support else {"style": "italic"} if first == len(facts) else {}
        label_width = max(_size(figure, line, **font(first))[0] for first, _, lines in rows for line in lines)
        cell = max(0.5, 0.12 + max(_size(figure, name)[0] for name in names))
        told, heads = f"answer: {answer}" if answer else "", []     # above each panel: its title and its answer
        for title, _, predicted in panels:
            verdict = f"predicted: {predicted}" if predicted else ""
            verdict += f"  {'✓' if predicted == answer else '✗'}" if verdict and answer else ""
            heads.append([*textwrap.wrap(title, 28), verdict])
        if len(heads) == 1 and len(heads[0]) == 1:                  # a single panel without a title: all in the picture's own head
            told, heads = "     ".join(filter(None, (told, verdict))), [[]]
        spans = [max(cell * len(gates), max((_size(figure, line, weight="bold")[0] for line in head), default=0))
                 for gates, head in zip(attentions, heads)]
        legend = ("▸ supporting fact     " if support else "") + "darker = more weight"
        left = _PAD + 0.2 + label_width + 0.15
        width = max(left + sum(spans) + 0.3 * (len(spans) - 1), 3.0, _size(figure, legend)[0] + 0.2 + _PAD) + _PAD
        above = [(line, "bold") for line in _wrap(figure, question, width - 2 * _PAD, weight="bold")]
        above += [(line, "normal") for line in _wrap(figure, told, width - 2 * _PAD)]
        head_lines = max(len(head) if any(head) else 0 for head in heads)
        top = _PAD + _LINE * (len(above) + head_lines + 1) + 0.1 * (bool(above) + bool(head_lines)) + 0.06
        heights = [0.2 if stop - first > 1 else 0.1 + _LINE * len(lines) for first, stop, lines in rows]
        height = top + sum(heights) + 0.06 + 0.12 + _LINE + _PAD
        figure.set_size_inches(width, height)
        axes = _axes(figure, 0, 0, width, height)
        axes.set(xlim=(0, width), ylim=(height, 0))
        axes.axis("off")                                       # a table: everything below is placed in inches
        for i, (line, weight) in enumerate(above):
            axes.text(_PAD, _PAD + _LINE * (i + 0.5), line, va="center", weight=weight)
        shades = matplotlib.colormaps["Blues"]
        x = left
        for gates, head, span in zip(attentions, heads, spans):
            for i, line in enumerate(reversed(head)):
                weight = "bold" if i else "normal"
                axes.text(x, top - 0.16 - _LINE * (i + 1.5), line, va="center", weight=weight)
            for i, name in enumerate(names[:len(gates)]):
                axes.text(x + cell * (i + 0.5), top - 0.06 - _LINE / 2, name, ha="center", va="center")
            y = top
            for (first, stop, _), row in zip(rows, heights):
                y += 0.06 * (first == len(facts))              # end-of-passes is no sentence of the story: set apart
                for i, weight in enumerate(gates[:, first] if stop - first == 1 else ()):
                    shade = shades(weight)
                    axes.add_patch(Rectangle((x + cell * i, y), cell, row, facecolor=shade, edgecolor="#999999", linewidth=0.6))
                    axes.text(x + cell * (i + 0.5), y + row / 2, f"{weight:.2f}", ha="center", va="center_baseline",
                              color=_ink_on(shade), weight="bold" if weight >= 0.5 else "normal")
                y += row
            x += span + 0.3
        y = top
        for (first, stop, lines), row in zip(rows, heights):
            y += 0.06 * (first == len(facts))
            marked = stop - first == 1 and first in support
            if marked:
                axes.text(_PAD, y + row / 2, "▸", va="center_baseline", weight="bold")
            for i, line in enumerate(lines):
                axes.text(_PAD + 0.2, y + row / 2 + _LINE * (i - (len(lines) - 1) / 2), line, va="center_baseline",
                          color=_GREY if stop - first > 1 else "black", **(font(first) if stop - first == 1 else {}))
            y += row
        axes.text(_PAD + 0.2 * (not support), height - _PAD - _LINE / 2, legend, va="center", color=_GREY)
        return save(figure, path, show)


# ---- curves --------------------------------------------------------------------------------------------------------------------

def _label_ends(figure, axes, ends):
    """Write each line's name right of the axes at the height where the line ends; names that would meet are moved apart.
    ends: (x, y, name, ink) in data coordinates, where the line ends."""
    if not ends:
        return
    box = axes.get_window_extent()
    at = axes.transData.transform([(x, y) for x, y, _, _ in ends])
    gap = 0.17 * figure.dpi
    order = np.argsort(at[:, 1], kind="stable")
    heights = np.clip(at[order, 1], box.y0, box.y1)
    for i in range(1, len(heights)):                                   # from the bottom up
        heights[i] = max(heights[i], heights[i - 1] + gap)
    heights[-1] = min(heights[-1], box.y1)
    for i in range(len(heights) - 2, -1, -1):                          # and back from the top down
        heights[i] = min(heights[i], heights[i + 1] - gap)
    inverse = axes.transAxes.inverted()
    for k, y in zip(order, heights):
        _, _, name, ink = ends[k]
        start = inverse.transform(at[k])
        label_x, label_y = inverse.transform((box.x1 + 0.3 * figure.dpi, y))
        end = inverse.transform((box.x1 + 0.25 * figure.dpi, y))[0]
        axes.plot([start[0], 1, end], [start[1], start[1], label_y], ":", transform=axes.transAxes, color=ink, linewidth=0.8, clip_on=False)
        axes.text(label_x, label_y, name, transform=axes.transAxes, va="center_baseline", color=ink)


def _column(records, key):
    return np.array([np.nan if record.get(key) is None else record[key] for record in records], np.float64)


def _best(records):
    """Index of the epoch with the best validation answers (training answers where there are none), the first of equals, and the key
    it was judged by; None where neither is known."""
    for key in ("valid_answer_accuracy", "train_answer_accuracy"):
        accuracy = _column(records, key)
        if np.isfinite(accuracy).any():
            return int(np.nanargmax(accuracy)), key
    return None


def plot_training(history, path, gate_epochs=0, show=False):
    """Loss, answer accuracy and gate accuracy by epoch, of one run or of several.

    history: a list of dicts, one an epoch, with `epoch`, `loss`, `train_answer_accuracy`, `valid_answer_accuracy`,
    `train_gate_accuracy`, `valid_gate_accuracy` (shares of 1) and `seconds`, each but `epoch` missing, None or NaN where unknown;
    or {label: such a list}.  gate_epochs: how many epochs beta was 0 (Config.gate_epochs), or {label: how many}.
    Validation is drawn with markers, training thin without; ★ marks the best epoch, a vertical line the first with beta = 1.
    Returns the path.  Raises ValueError for a history without epochs.
    """
    runs = history if isinstance(history, dict) else {"": history}
    if not runs or not all(runs.values()):
        raise ValueError("a history without epochs has no curve")
    wanted = [("loss", "loss", ("loss",)),
              ("answer accuracy", "answers", ("valid_answer_accuracy", "train_answer_accuracy")),
              ("gate accuracy", "gates", ("valid_gate_accuracy", "train_gate_accuracy"))]
    parts = [part for part in wanted if any(np.isfinite(_column(run, key)).any() for run in runs.values() for key in part[2])]
    betas = gate_epochs if isinstance(gate_epochs, dict) else dict.fromkeys(runs, gate_epochs)
    notes = []
    for label, run in runs.items():
        best, beta = _best(run), betas.get(label, 0)
        says = []
        if best:
            split = "validation" if best[1].startswith("valid") else "training"
            says.append(f"★ best epoch {run[best[0]]['epoch']}: {100 * run[best[0]][best[1]]:.1f} % of {split} answers")
        if 0 < beta < len(run):
            says.append(f"β = 1 from epoch {run[beta]['epoch']} (vertical line)")
        seconds = np.nansum(_column(run, "seconds"))
        says.append(f"{len(run)} epoch{'s' * (len(run) > 1)}" + (f" in {seconds:.3g} s" if seconds > 0 else ""))
        says = [part.replace(" ", "\u00a0") for part in says]                   # break between the parts alone
        notes += textwrap.wrap((f"{label}: " if label else "") + ";  ".join(says), 84, subsequent_indent="    ")

    with _figure() as figure:
        panel = max(1.6, 0.2 + 0.17 * len(runs) * (2 if len(runs) == 1 else 1))
        names = [label for label in runs if label] or ["validation", "training"]
        left, plot, right = 0.75, 4.6, 0.3 + max(_size(figure, name)[0] for name in names) + _PAD
        width = max(left + plot + right, 2 * _PAD + max(_size(figure, note)[0] for note in notes))
        height = 0.35 + (panel + 0.35) * max(1, len(parts)) + 0.15 + _LINE * len(notes) + _PAD
        figure.set_size_inches(width, height)
        epochs = [record["epoch"] for run in runs.values() for record in run]
        for p, (title, kind, keys) in enumerate(parts):
            axes = _axes(figure, left, 0.35 + p * (panel + 0.35), plot, panel)
            ends = []
            for k, (label, run) in enumerate(runs.items()):
                x, ink, dashes = _column(run, "epoch"), _INKS[k % len(_INKS)], _DASHES[k % len(_DASHES)]
                lines = [(key, _column(run, key)) for key in keys]
                lines = [(key, y) for key, y in lines if np.isfinite(y).any()]
                for j, (key, y) in enumerate(lines):
                    main, every = j == 0, max(1, len(x) // 10)
                    axes.plot(x, y, color=ink, linestyle=dashes, linewidth=1.6 if main else 0.8, marker=_MARKERS[k % 6] if main else None,
                              markersize=4, markevery=(k * every // len(runs) % len(x), every), clip_on=False, zorder=3 if main else 2)
                    last = np.flatnonzero(np.isfinite(y))[-1]
                    name = label or ("validation" if key.startswith("valid") else "training")
                    if main or not label:
                        ends.append((x[last], y[last], name, ink))
                best = _best(run)
                if best and best[1] in keys:
                    axes.plot(x[best[0]], run[best[0]][best[1]], "*", color=ink, markerfacecolor="white", markersize=13,
                              clip_on=False, zorder=4)
                if 0 < betas.get(label, 0) < len(run):
                    axes.axvline(x[betas[label]], color=ink, linestyle=dashes, linewidth=0.8, alpha=0.6)
            thin = kind != "loss" and len(runs) > 1
            axes.set_title(title + (" (thick, markers: validation; thin: training)" if thin else ""))
            axes.set_xlim(min(epochs) - 0.5 * (min(epochs) == max(epochs)), max(epochs) + 0.5 * (min(epochs) == max(epochs)))
            axes.xaxis.set_major_locator(MaxNLocator(nbins=10, integer=True, min_n_ticks=1, steps=[1, 2, 5, 10]))
            axes.yaxis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 5, 10]))
            axes.set_ylim(0, 1 if kind != "loss" else None)
            if kind != "loss":
                axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0, symbol=" %"))
            axes.grid(axis="y", color="#DDDDDD", linewidth=0.6)
            axes.tick_params(labelbottom=p == len(parts) - 1)
            if p == len(parts) - 1:
                axes.set_xlabel("epoch", labelpad=2)
            _label_ends(figure, axes, ends)
        for i, note in enumerate(reversed(notes)):
            figure.text(_PAD / width, (_PAD + _LINE * i) / height, note, va="bottom")
        return save(figure, path, show)


def plot_gradient_norms(norms, path, show=False):
    """How the error fades on its way back.  norms: {label: (T,) array}, entry t the length of dL/dh_t, t = 0 the first word.

    Drawn over the steps back from the last word, on a log scale; a length of exactly 0 has no place there and is said in the label.
    Returns the path.  Raises ValueError where there is nothing to draw.
    """
    curves = {label: np.asarray(values, np.float64)[::-1] for label, values in norms.items()}
    if not curves or not all(np.any(y > 0) for y in curves.values()):
        raise ValueError("each label needs one length above 0 at least")
    with _figure() as figure:
        names = {}
        for label, y in curves.items():
            zeros = np.flatnonzero(y == 0)
            names[label] = label + (f" (0 from step {zeros[0]} on)" if len(zeros) and not np.any(y[zeros[0]:]) else "")
        width = 0.95 + 4.6 + 0.3 + max(_size(figure, name)[0] for name in names.values()) + _PAD
        tall = max(2.4, 0.17 * (len(curves) + 1))
        figure.set_size_inches(width, tall + 0.95)
        axes = _axes(figure, 0.95, 0.4, 4.6, tall)
        ends = []
        for k, (label, y) in enumerate(curves.items()):
            x, above, every = np.arange(len(y)), np.where(y > 0, y, np.nan), max(1, len(y) // 10)
            axes.plot(x, above, color=_INKS[k % 6], linestyle=_DASHES[k % 6], linewidth=1.6, marker=_MARKERS[k % 6], markersize=4,
                      markevery=(k * every // len(curves), every), zorder=3)
            last = np.flatnonzero(y > 0)[-1]
            ends.append((x[last], y[last], names[label], _INKS[k % 6]))
        axes.set_yscale("log")
        bounds = [[np.min(y[y > 0]), np.max(y)] for y in curves.values()]
        low = max(-300, int(np.floor(np.log10(np.min(bounds)))))             # whole decades; further down a float64 itself gives out
        high = max(low + 1, int(np.ceil(np.log10(np.max(bounds)))))
        decades = range(low, high + 1, -(-(high - low) // 8))
        raised = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
        axes.set_ylim(10.0 ** low, 10.0 ** high)
        axes.set_yticks([10.0 ** d for d in decades], [f"10{str(d).translate(raised)}" for d in decades])
        axes.yaxis.set_minor_locator(NullLocator())
        longest = max(map(len, curves.values()))
        axes.set_xlim(0, max(1, longest - 1))
        axes.xaxis.set_major_locator(MaxNLocator(nbins=10, integer=True))
        axes.set_title("length of dL/dh, the error's gradient in the state (log scale)")
        axes.set_xlabel("steps back from the last word")
        axes.grid(axis="y", color="#DDDDDD", linewidth=0.6)
        _label_ends(figure, axes, ends)
        return save(figure, path, show)


# ---- a GRU over the words ------------------------------------------------------------------------------------------------------

def plot_gru(words, z, r, h, path, fact_end=(), show=False):
    """Gates and state of a GRU over the words of a story: three maps, words across, units down.

    words: T strings.  z, r: (T, H), or (T,) for means.  h: (T, H), in [-1, 1].  fact_end: indices of the words where a sentence
    ends and h is read as a fact c_t, marked ▾.  In small maps each cell prints its value.  Returns the path.
    Raises ValueError where the lengths disagree.
    """
    maps = [np.asarray(a, np.float64).reshape(len(a), -1).T for a in (z, r, h)]
    if not len(words) or any(a.shape[1] != len(words) for a in maps):
        raise ValueError(f"{len(words)} words, but z, r, h have {[a.shape[1] for a in maps]} steps; give each the same T >= 1")
    titles = ("update gate z: 1 keeps the old state", "reset gate r: 0 forgets it in the candidate", "state h")
    with _figure() as figure:
        sizes = [_size(figure, word) for word in words]
        column = min(0.6, max(0.19, 9.0 / len(words)))
        lying = max(w for w, _ in sizes) + 0.08 <= column
        words_height = 0.06 + max(h if lying else w for w, h in sizes)
        units = max(len(a) for a in maps)
        row = min(0.26, max(0.03, 2.2 / units))
        heights = [max(0.26, row * len(a)) for a in maps]
        left, plot, mark = 0.55, column * len(words), 0.3 if len(fact_end) else 0.0
        titles = [title + (" (mean of all units)" if len(a) == 1 < units else "") for title, a in zip(titles, maps)]
        legend = "▾ end of a sentence: here h is read as a fact" if len(fact_end) else ""
        width = left + max(plot + 0.55, max(_size(figure, text)[0] for text in (*titles, legend))) + _PAD
        height = 0.1 + mark + sum(heights) + 0.3 * 3 + words_height + _PAD
        figure.set_size_inches(width, height)
        top = 0.1
        for k, (a, title, tall) in enumerate(zip(maps, titles, heights)):
            top += 0.3 if k else 0.3 + mark
            axes = _axes(figure, left, top, plot, tall)
            low, ink = (0.0, "Blues") if k < 2 else (-1.0, "cividis")
            image = axes.imshow(a, aspect="auto", cmap=ink, vmin=low, vmax=1.0, interpolation="nearest")
            axes.set_title(title)
            axes.spines[["top", "right"]].set_visible(True)
            ticks = [] if len(a) == 1 else range(len(a)) if len(a) <= 8 else (0, len(a) - 1)
            axes.set_yticks(ticks, [str(i + 1) for i in ticks])
            axes.set_ylabel("unit" if len(a) > 1 else "")
            axes.set_xticks(range(len(words)), words if k == 2 else [""] * len(words), rotation=0 if lying else 90)
            axes.tick_params(length=2, pad=2)
            bar = figure.colorbar(image, cax=_axes(figure, left + plot + 0.12, top, 0.12, tall), ticks=[low, 1.0])
            bar.ax.tick_params(length=2)
            for label, side in zip(bar.ax.get_yticklabels(), ("bottom", "top")):
                label.set_verticalalignment(side)                            # inside the bar's height, clear of the titles
            if column >= 0.4 and tall / len(a) >= 0.17:
                for (i, t), value in np.ndenumerate(a):
                    shade = image.to_rgba(value)
                    axes.text(t, i, f"{value:.2f}".replace("-", "−"), ha="center", va="center_baseline", color=_ink_on(shade), size=8)
            for t in fact_end:
                axes.axvline(t + 0.5, color="white" if k == 2 else _GREY, linewidth=1)
                if k == 0:
                    axes.text((t + 0.5) / len(words), 1 + 0.26 / tall, "▾", transform=axes.transAxes, ha="center", va="bottom")
            top += tall
        figure.text(left / width, 1 - 0.1 / height, legend, va="top")
        return save(figure, path, show)
