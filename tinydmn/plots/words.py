"""Pictures over words: a GRU's gates and state, attention over the words of a text (figures 4 and
5), the steps of a decoder.

Each function saves one picture and returns its path, whose ending (.png, .svg, .pdf) chooses the
format.
"""

import textwrap

import matplotlib
import numpy as np
from matplotlib.patches import Rectangle

from ..terminal import DONE, check_attention
from .drawing import GREY, LINE, PAD, axes_at, ink_on, new_figure, save, text_size, wrapped

# inches: height of a cell; least width of a cell with a number; width of all columns of a line
_ROW, _NARROWEST, _WIDEST = 0.27, 0.42, 9.5
_LEGEND = "darker = more weight"


def plot_gru(words, z, r, h, path, fact_end=()):
    """Gates and state of a GRU over the words of a story: three maps, words across, units down.

    words: T strings.  z, r: (T, H) in [0, 1], or (T,) for means.  h: (T, H), in [-1, 1].
    fact_end: indices of the words where a sentence ends and h is read as a fact c_t, marked ▾.  In
    small maps each cell prints its value.  Returns the path.  Raises ValueError where the lengths
    disagree.
    """
    maps = [np.asarray(a, np.float64).reshape(len(a), -1).T for a in (z, r, h)]
    if not len(words) or any(a.shape[1] != len(words) for a in maps):
        raise ValueError(f"{len(words)} words, but z, r, h have {[a.shape[1] for a in maps]} "
                         "steps; give each the same T >= 1")
    titles = ("update gate z: 1 keeps the old state", "reset gate r: 0 forgets it in the candidate",
              "state h")
    with new_figure(words) as figure:
        sizes = [text_size(figure, word) for word in words]
        column = min(0.6, max(0.19, 9.0 / len(words)))
        lying = max(w for w, _ in sizes) + 0.08 <= column
        words_height = 0.06 + max(h if lying else w for w, h in sizes)
        units = max(len(a) for a in maps)
        row = min(0.26, max(0.03, 2.2 / units))
        heights = [max(0.26, row * len(a)) for a in maps]
        left, plot, mark = 0.55, column * len(words), 0.3 if len(fact_end) else 0.0
        titles = [title + (" (mean of all units)" if len(a) == 1 < units else "")
                  for title, a in zip(titles, maps)]
        legend = "▾ end of a sentence: here h is read as a fact" if len(fact_end) else ""
        width = left + max(plot + 0.55,
                           max(text_size(figure, text)[0] for text in (*titles, legend))) + PAD
        height = 0.1 + mark + sum(heights) + 0.3 * 3 + words_height + PAD
        figure.set_size_inches(width, height)
        top = 0.1
        for k, (a, title, tall) in enumerate(zip(maps, titles, heights)):
            top += 0.3 if k else 0.3 + mark
            axes = axes_at(figure, left, top, plot, tall)
            low, ink = (0.0, "Blues") if k < 2 else (-1.0, "cividis")
            image = axes.imshow(a, aspect="auto", cmap=ink, vmin=low, vmax=1.0,
                                interpolation="nearest")
            axes.set_title(title)
            axes.spines[["top", "right"]].set_visible(True)
            ticks = [] if len(a) == 1 else range(len(a)) if len(a) <= 8 else (0, len(a) - 1)
            axes.set_yticks(ticks, [str(i + 1) for i in ticks])
            axes.set_ylabel("unit" if len(a) > 1 else "")
            axes.set_xticks(range(len(words)), words if k == 2 else [""] * len(words),
                            rotation=0 if lying else 90)
            axes.tick_params(length=2, pad=2)
            bar = figure.colorbar(image, cax=axes_at(figure, left + plot + 0.12, top, 0.12, tall),
                                  ticks=[low, 1.0])
            bar.ax.tick_params(length=2)
            for label, side in zip(bar.ax.get_yticklabels(), ("bottom", "top")):
                label.set_verticalalignment(side)     # inside the bar's height, clear of the titles
            if column >= 0.4 and tall / len(a) >= 0.17:
                for (i, t), value in np.ndenumerate(a):
                    shade = image.to_rgba(value)
                    axes.text(t, i, f"{value:.2f}".replace("-", "−"), ha="center",
                              va="center_baseline", color=ink_on(shade), size=8)
            for t in fact_end:
                axes.axvline(t + 0.5, color="white" if k == 2 else GREY, linewidth=1)
                if k == 0:
                    axes.text((t + 0.5) / len(words), 1 + 0.26 / tall, "▾",
                              transform=axes.transAxes, ha="center", va="bottom")
            top += tall
        figure.text(left / width, 1 - 0.1 / height, legend, va="top")
        return save(figure, path)


def plot_word_attention(words, panels, path, text="", answer=""):
    """Attention of one or several models over the words of one text: words across, passes down,
    darker = more weight.

    words: T strings.  panels: (title, gates (passes, T + 1), predicted) of each model, the last
    column end-of-passes.  text, answer: a heading, and the right answer.  A long text continues
    below, in lines of page width.  Returns the path.  Raises ValueError as check_attention.
    """
    checked = [check_attention(words, gates)[0] for _, gates, _ in panels]
    if not checked:
        raise ValueError("no panel to draw")
    labels = [*words, DONE]
    with new_figure(words, text, str(answer),
                    [(title, str(predicted)) for title, _, predicted in panels]) as figure:
        names = [[f"pass {i + 1}" for i in range(len(gates))] for gates in checked]
        titles = []
        for title, _, predicted in panels:
            verdict = f"predicted: {predicted}" if predicted else ""
            verdict += f"  {'✓' if predicted == answer else '✗'}" if verdict and answer else ""
            titles.append("     ".join(filter(None, (title, verdict))))
        left = PAD + 0.15 + max(text_size(figure, name)[0] for name in sum(names, []))
        fonts = [{} for _ in words] + [{"style": "italic"}]
        widths = [max(_NARROWEST, 0.12 + text_size(figure, label, **font)[0])
                  for label, font in zip(labels, fonts)]
        lines = _broken(widths, _WIDEST)
        legend = text_size(figure, _LEGEND)[0]
        width = max(left + max(sum(widths[first:stop]) for first, stop in lines), PAD + legend, 3.0,
                    *(PAD + text_size(figure, title, weight="bold")[0] for title in titles)) + PAD
        heading = wrapped(figure, text, width - 2 * PAD, weight="bold") if text else []
        above = [(line, "bold") for line in heading]
        above += [(f"right answer: {answer}", "normal")] if answer else []
        block = LINE + 0.06 + 0.12                         # a line of words and all models under it
        block += sum(LINE + 0.08 + _ROW * len(gates) + 0.1 for gates in checked)
        height = 2 * PAD + LINE * len(above) + 0.1 * bool(above) + len(lines) * block + LINE
        axes = _table(figure, width, height)
        for i, (line, weight) in enumerate(above):
            axes.text(PAD, PAD + LINE * (i + 0.5), line, va="center", weight=weight)
        y = PAD + LINE * len(above) + 0.1 * bool(above)
        for first, stop in lines:
            x = left + np.concatenate([[0.0], np.cumsum(widths[first:stop])])
            for k in range(first, stop):
                axes.text((x[k - first] + x[k - first + 1]) / 2, y + LINE / 2, labels[k],
                          ha="center", va="center_baseline", **fonts[k])
            y += LINE + 0.06
            for title, passes, gates in zip(titles, names, checked):
                axes.text(PAD, y + LINE / 2, title, va="center_baseline", weight="bold")
                y += LINE + 0.08
                for name, row in zip(passes, gates):
                    axes.text(PAD, y + _ROW / 2, name, va="center_baseline")
                    for k in range(first, stop):
                        _cell(axes, x[k - first], y, widths[k], row[k])
                    y += _ROW
                y += 0.1
            y += 0.12
        axes.text(PAD, height - PAD - LINE / 2, _LEGEND, va="center", color=GREY)
        return save(figure, path)


def plot_decoding(panels, path, most=10):
    """The steps of a decoder: steps across, words down, each cell the probability y_t of eq. (9),
    the decoded word in a frame.

    panels: (title, words, p (steps, A)) of each answer: words are the A names, p sums to 1 in each
    step.  Of many words the decoded ones are shown, then the likeliest, up to `most` in all.
    Returns the path.  Raises ValueError where the shapes disagree.
    """
    shown = []
    for title, words, p in panels:
        p = np.asarray(p, np.float64)
        if (p.ndim != 2 or not len(p) or p.shape[1] != len(words)
                or not np.allclose(p.sum(axis=1), 1, atol=1e-3)):
            raise ValueError(f"{title}: p has shape {p.shape}; give (steps, {len(words)}), "
                             "steps >= 1, each step with the sum 1")
        decoded = p.argmax(axis=1)
        rows = list(dict.fromkeys(decoded.tolist()))           # in the order in which they come
        others = [k for k in np.argsort(-p.max(axis=0), kind="stable").tolist() if k not in rows]
        rows += others[:max(0, most - len(rows))]
        shown.append((textwrap.wrap(title, 44), words, p, decoded, rows, len(words) - len(rows)))
    if not shown:
        raise ValueError("no panel to draw")
    with new_figure([(title, words) for title, words, _ in panels]) as figure:
        legend = "frame: the decoded word     " + _LEGEND.replace("weight", "probability")
        heads = max(len(head) for head, *_ in shown)
        cell = 0.5
        labels = [max(text_size(figure, words[k])[0] for k in rows) + 0.12
                  for _, words, _, _, rows, _ in shown]
        notes = [f"and {rest} less likely word{'s' * (rest > 1)}" if rest else ""
                 for *_, rest in shown]
        spans = [max(label + cell * len(p), text_size(figure, note)[0] if note else 0,
                     *(text_size(figure, line, weight="bold")[0] for line in head), 0)
                 for label, (head, _, p, *_), note in zip(labels, shown, notes)]
        width = max(sum(spans) + 0.4 * (len(spans) - 1), text_size(figure, legend)[0],
                    3.0) + 2 * PAD
        top = PAD + LINE * heads + 0.08 + LINE + 0.06
        tall = _ROW * max(len(rows) for *_, rows, _ in shown)
        height = top + tall + 0.08 + LINE + 0.08 + LINE + PAD
        axes = _table(figure, width, height)
        left = PAD
        for label, span, note, case in zip(labels, spans, notes, shown):
            head, words, p, decoded, rows, _ = case
            for i, line in enumerate(head):
                axes.text(left, PAD + LINE * (i + 0.5), line, va="center_baseline", weight="bold")
            for t in range(len(p)):
                middle = left + label + cell * (t + 0.5)
                axes.text(middle, top - 0.06 - LINE / 2, f"step {t + 1}", ha="center",
                          va="center_baseline", color=GREY, size=8)
            for i, k in enumerate(rows):
                y = top + _ROW * i
                axes.text(left + label - 0.06, y + _ROW / 2, words[k], ha="right",
                          va="center_baseline", weight="bold" if k in decoded else "normal")
                for t in range(len(p)):
                    _cell(axes, left + label + cell * t, y, cell, p[t, k])
            for t, k in enumerate(decoded):
                corner = (left + label + cell * t, top + _ROW * rows.index(k))
                axes.add_patch(Rectangle(corner, cell, _ROW, fill=False, edgecolor="black",
                                         linewidth=1.8, zorder=3))
            axes.text(left, top + _ROW * len(rows) + 0.08 + LINE / 2, note, va="center_baseline",
                      color=GREY)
            left += span + 0.4
        axes.text(PAD, height - PAD - LINE / 2, legend, va="center", color=GREY)
        return save(figure, path)


def _table(figure, width, height):
    """Axes over the whole figure, in inches from its upper left corner."""
    figure.set_size_inches(width, height)
    axes = axes_at(figure, 0, 0, width, height)
    axes.set(xlim=(0, width), ylim=(height, 0))
    axes.axis("off")
    return axes


def _cell(axes, x, y, width, weight):
    shade = matplotlib.colormaps["Blues"](weight)
    axes.add_patch(Rectangle((x, y), width, _ROW, facecolor=shade, edgecolor="#999999",
                             linewidth=0.6))
    axes.text(x + width / 2, y + _ROW / 2, f"{weight:.2f}", ha="center", va="center_baseline",
              color=ink_on(shade), size=8)


def _broken(widths, most):
    """Columns -> runs (first, stop), each at most `most` wide, or of one column."""
    runs, first = [], 0
    for k in range(1, len(widths) + 1):
        if k == len(widths) or sum(widths[first:k + 1]) > most:
            runs.append((first, k))
            first = k
    return runs
