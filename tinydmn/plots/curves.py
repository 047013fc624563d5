"""Pictures of training: its curves, the norm of a gradient back through time, the trace of a
changed word forward through time.

Each function saves one picture and returns its path, whose ending (.png, .svg, .pdf) chooses the
format.
"""

import textwrap

import numpy as np
from matplotlib.ticker import MaxNLocator, NullLocator, PercentFormatter

from .drawing import (DASHES, GREY, INKS, LINE, MARKERS, PAD, axes_at, label_ends, new_figure, save,
                      text_size)


def _column(records, key):
    return np.array([np.nan if record.get(key) is None else record[key] for record in records],
                    np.float64)


def _best(records):
    """-> index of the epoch with the best validation accuracy of answers (training accuracy where
    there is none), the first of equals, and the key it was chosen by; None where neither is
    known."""
    for key in ("valid_answer_accuracy", "train_answer_accuracy"):
        accuracy = _column(records, key)
        if np.isfinite(accuracy).any():
            return int(np.nanargmax(accuracy)), key
    return None


def _least(records, key):
    """-> index of the epoch in which `key` is least, the first of equals; None where unknown."""
    values = _column(records, key)
    return int(np.nanargmin(values)) if np.isfinite(values).any() else None


def plot_training(history, path, gate_epochs=0, panels=None, least=None):
    """Loss, answer accuracy and gate accuracy by epoch, of one run or several.

    history: a list of dicts, one an epoch, with `epoch`, `loss`, `train_answer_accuracy`,
    `valid_answer_accuracy`, `train_gate_accuracy`, `valid_gate_accuracy` (0 to 1) and `seconds`,
    each but `epoch` missing, None or NaN where unknown; or {label: such a list}.  gate_epochs: for
    how many epochs beta was 0 (Config.gate_epochs), or {label: how many}.  Validation is drawn
    with markers, training thin without; ★ marks the best epoch, a vertical line the first with
    beta = 1.  panels: what to draw instead, {title: (key, ...)}: the first key with markers, the
    others thin; keys with "loss" in their name on an axis from 0 up, all others as shares.  least:
    the key of a loss whose minimum is marked ▽ in its panel.  Returns the path.  Raises ValueError
    for a history without epochs.
    """
    runs = history if isinstance(history, dict) else {"": history}
    if not runs or not all(runs.values()):
        raise ValueError("a history without epochs has no curve")
    wanted = [("loss", "loss", ("loss",)),
              ("answer accuracy", "answers", ("valid_answer_accuracy", "train_answer_accuracy")),
              ("gate accuracy", "gates", ("valid_gate_accuracy", "train_gate_accuracy"))]
    if panels is not None:
        wanted = [(title, "loss" if any("loss" in key for key in keys) else "share", tuple(keys))
                  for title, keys in panels.items()]
    parts = [part for part in wanted if any(np.isfinite(_column(run, key)).any()
                                            for run in runs.values() for key in part[2])]
    betas = gate_epochs if isinstance(gate_epochs, dict) else dict.fromkeys(runs, gate_epochs)
    notes = []
    for label, run in runs.items():
        best, beta = _best(run), betas.get(label, 0)
        says = []
        if best:
            split = "validation" if best[1].startswith("valid") else "training"
            epoch = run[best[0]]
            says.append(f"★ best epoch {epoch['epoch']}: {100 * epoch[best[1]]:.1f} % of {split} "
                        "answers")
        if 0 < beta < len(run):
            says.append(f"β = 1 from epoch {run[beta]['epoch']} (vertical line)")
        for title, _, keys in parts:
            low = _least(run, least) if least in keys else None
            if low is not None:
                y = _column(run, least)
                says.append(f"▽ {title} least in epoch {run[low]['epoch']}: {y[low]:.2f}, in the "
                            f"last {y[-1]:.2f}")
        seconds = np.nansum(_column(run, "seconds"))
        says.append(f"{len(run)} epoch{'s' * (len(run) > 1)}"
                    + (f" in {seconds:.3g} s" if seconds > 0 else ""))
        says = [part.replace(" ", "\u00a0") for part in says]        # break between the parts only
        notes += textwrap.wrap((f"{label}: " if label else "") + ";  ".join(says), 84,
                               subsequent_indent="    ")

    with new_figure(runs) as figure:
        panel = max(1.6, 0.2 + 0.17 * len(runs) * (2 if len(runs) == 1 else 1))
        names = [label for label in runs if label] or ["validation", "training"]
        left, plot, right = 0.75, 4.6, 0.3 + max(text_size(figure, name)[0] for name in names) + PAD
        width = max(left + plot + right,
                    2 * PAD + max(text_size(figure, note)[0] for note in notes))
        height = 0.35 + (panel + 0.35) * max(1, len(parts)) + 0.15 + LINE * len(notes) + PAD
        figure.set_size_inches(width, height)
        epochs = [record["epoch"] for run in runs.values() for record in run]
        for p, (title, kind, keys) in enumerate(parts):
            axes = axes_at(figure, left, 0.35 + p * (panel + 0.35), plot, panel)
            ends = []
            for k, (label, run) in enumerate(runs.items()):
                x, ink, dashes = _column(run, "epoch"), INKS[k % len(INKS)], DASHES[k % len(DASHES)]
                lines = [(key, _column(run, key)) for key in keys]
                lines = [(key, y) for key, y in lines if np.isfinite(y).any()]
                for j, (key, y) in enumerate(lines):
                    main, every = j == 0, max(1, len(x) // 10)
                    axes.plot(x, y, color=ink, linestyle=dashes, linewidth=1.6 if main else 0.8,
                              marker=MARKERS[k % 6] if main else None, markersize=4,
                              markevery=(k * every // len(runs) % len(x), every),
                              clip_on=False, zorder=3 if main else 2)
                    last = np.flatnonzero(np.isfinite(y))[-1]
                    name = label or ("validation" if key.startswith("valid") else "training")
                    if main or not label:
                        ends.append((x[last], y[last], name, ink))
                best = _best(run)
                if best and best[1] in keys:
                    axes.plot(x[best[0]], run[best[0]][best[1]], "*", color=ink,
                              markerfacecolor="white", markersize=13, clip_on=False, zorder=4)
                low = _least(run, least) if least in keys else None
                if low is not None:
                    axes.plot(x[low], run[low][least], "v", color=ink, markerfacecolor="white",
                              markersize=9, clip_on=False, zorder=4)
                if 0 < betas.get(label, 0) < len(run):
                    axes.axvline(x[betas[label]], color=ink, linestyle=dashes, linewidth=0.8,
                                 alpha=0.6)
            thin = len(keys) > 1 and len(runs) > 1
            meaning = " (thick, markers: validation; thin: training)" if thin else ""
            axes.set_title(title + meaning)
            first, last = min(epochs), max(epochs)
            axes.set_xlim(first - 0.5 * (first == last), last + 0.5 * (first == last))
            axes.xaxis.set_major_locator(MaxNLocator(nbins=10, integer=True, min_n_ticks=1,
                                                     steps=[1, 2, 5, 10]))
            axes.yaxis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 5, 10]))
            axes.set_ylim(0, 1 if kind != "loss" else None)
            if kind != "loss":
                axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0, symbol=" %"))
            axes.grid(axis="y", color="#DDDDDD", linewidth=0.6)
            axes.tick_params(labelbottom=p == len(parts) - 1)
            if p == len(parts) - 1:
                axes.set_xlabel("epoch", labelpad=2)
            label_ends(figure, axes, ends)
        for i, note in enumerate(reversed(notes)):
            figure.text(PAD / width, (PAD + LINE * i) / height, note, va="bottom")
        return save(figure, path)


def _log_scale(axes, curves):
    """A log scale of whole decades around the values of all curves, each above 0."""
    axes.set_yscale("log")
    bounds = [[np.min(y), np.max(y)] for y in curves]
    low = max(-300, int(np.floor(np.log10(np.min(bounds)))))       # below, a float64 underflows
    high = max(low + 1, int(np.ceil(np.log10(np.max(bounds)))))
    decades = range(low, high + 1, -(-(high - low) // 8))
    raised = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
    axes.set_ylim(10.0 ** low, 10.0 ** high)
    axes.set_yticks([10.0 ** d for d in decades],
                    [f"10{str(d).translate(raised)}" for d in decades])
    axes.yaxis.set_minor_locator(NullLocator())


def plot_gradient_norms(norms, path):
    """How the gradient vanishes back through time.

    norms: {label: (T,)}, entry t the norm of dL/dh_t, t = 0 the first word.  Drawn over the steps
    back from the last word, on a log scale; norms of exactly 0 are not drawn but named in the
    label.  Returns the path.  Raises ValueError where there is nothing to draw.
    """
    curves = {label: np.asarray(values, np.float64)[::-1] for label, values in norms.items()}
    if not curves or not all(np.any(y > 0) for y in curves.values()):
        raise ValueError("each label needs at least one norm above 0")
    with new_figure(norms) as figure:
        names = {}
        for label, y in curves.items():
            zeros = np.flatnonzero(y == 0)
            vanished = len(zeros) and not np.any(y[zeros[0]:])
            names[label] = label + (f" (0 from step {zeros[0]} on)" if vanished else "")
        width = 0.95 + 4.6 + 0.3 + max(text_size(figure, name)[0] for name in names.values()) + PAD
        tall = max(2.4, 0.17 * (len(curves) + 1))
        figure.set_size_inches(width, tall + 0.95)
        axes = axes_at(figure, 0.95, 0.4, 4.6, tall)
        ends = []
        for k, (label, y) in enumerate(curves.items()):
            x, above, every = np.arange(len(y)), np.where(y > 0, y, np.nan), max(1, len(y) // 10)
            axes.plot(x, above, color=INKS[k % 6], linestyle=DASHES[k % 6], linewidth=1.6,
                      marker=MARKERS[k % 6], markersize=4,
                      markevery=(k * every // len(curves), every), zorder=3)
            last = np.flatnonzero(y > 0)[-1]
            ends.append((x[last], y[last], names[label], INKS[k % 6]))
        _log_scale(axes, [y[y > 0] for y in curves.values()])
        longest = max(map(len, curves.values()))
        axes.set_xlim(0, max(1, longest - 1))
        axes.xaxis.set_major_locator(MaxNLocator(nbins=10, integer=True))
        axes.set_title("norm of dL/dh, the gradient of the loss in the state (log scale)")
        axes.set_xlabel("steps back from the last word")
        axes.grid(axis="y", color="#DDDDDD", linewidth=0.6)
        label_ends(figure, axes, ends)
        return save(figure, path)


def plot_trace(words, moves, maps, path, changed, fact_end=()):
    """What one changed word does to the later states of a GRU: curves over the words of a story,
    and maps of gates or states below them.

    words: T strings.  moves: {label: (T,)}, how far h_t moves (a norm), on a log scale; a move of
    exactly 0 is not drawn (before the change all are), and named in the label where it lasts to
    the end.  maps: {title: (T, H)}, in [0, 1], or in [-1, 1] where one is negative.  changed:
    index of the changed word, marked ▾.  fact_end: indices of the words where a sentence ends and
    h is read as a fact, marked on the curves.  Returns the path.  Raises ValueError where the
    lengths disagree or nothing moves.
    """
    curves = {label: np.asarray(y, np.float64) for label, y in moves.items()}
    maps = {title: np.asarray(a, np.float64).T for title, a in maps.items()}
    T = len(words)
    if any(len(y) != T for y in curves.values()) or any(a.shape[1] != T for a in maps.values()):
        raise ValueError(f"{T} words, but the curves have {[len(y) for y in curves.values()]} "
                         f"steps and the maps {[a.shape[1] for a in maps.values()]}")
    if not curves or not all(np.any(y > 0) for y in curves.values()):
        raise ValueError("each curve needs at least one norm above 0")
    with new_figure(words, moves, maps) as figure:
        names = {}
        for label, y in curves.items():
            last = np.flatnonzero(y > 0)[-1]
            names[label] = label + (f" (0 after word {last + 1})" if last < T - 1 else "")
        column = min(0.6, max(0.19, 8.0 / T))
        left, plot, tall, mark = 0.75, column * T, 2.3, 0.3
        title = "how far the state h moves (log scale)"
        legend = f"▾ {words[changed]}: this word is changed"
        if len(fact_end):
            legend += "     ○ end of a sentence: here h is read as a fact"
        heights = [max(0.26, min(0.26, 1.6 / len(a)) * len(a)) for a in maps.values()]
        lowest = 0.06 + max(text_size(figure, word)[0] for word in words)
        right = max(0.3 + max(text_size(figure, name)[0] for name in names.values()), 0.55)
        width = left + max(plot + right,
                           *(text_size(figure, text)[0] for text in (title, legend, *maps))) + PAD
        height = PAD + LINE + mark + 0.3 + tall + sum(0.35 + h for h in heights) + lowest + PAD
        figure.set_size_inches(width, height)
        figure.text(left / width, 1 - PAD / height, legend, va="top")
        top = PAD + LINE + mark + 0.3
        axes = axes_at(figure, left, top, plot, tall)
        ends = []
        for k, (label, y) in enumerate(curves.items()):
            above, last = np.where(y > 0, y, np.nan), np.flatnonzero(y > 0)[-1]
            axes.plot(range(T), above, color=INKS[k % 6], linestyle=DASHES[k % 6], linewidth=1.6,
                      zorder=3)
            axes.plot(list(fact_end), above[list(fact_end)], MARKERS[k % 6], color=INKS[k % 6],
                      markerfacecolor="white", markersize=5, zorder=4)
            ends.append((last, y[last], names[label], INKS[k % 6]))
        _log_scale(axes, [y[y > 0] for y in curves.values()])
        axes.set_xlim(-0.5, T - 0.5)
        axes.set_title(title)
        axes.grid(axis="y", color="#DDDDDD", linewidth=0.6)
        axes.text(changed, 1 + 0.26 / tall, "▾", transform=axes.get_xaxis_transform(), ha="center",
                  va="bottom")
        label_ends(figure, axes, ends)
        shown = [axes]
        top += tall
        for (title, a), h in zip(maps.items(), heights):
            axes = axes_at(figure, left, top + 0.35, plot, h)
            low, ink = (0.0, "Blues") if a.min() >= 0 else (-1.0, "cividis")
            image = axes.imshow(a, aspect="auto", cmap=ink, vmin=low, vmax=1.0,
                                interpolation="nearest")
            axes.set_title(title)
            ticks = range(len(a)) if len(a) <= 8 else (0, len(a) - 1)
            axes.set_yticks(ticks, [str(i + 1) for i in ticks])
            axes.set_ylabel("unit")
            bar = figure.colorbar(image,
                                  cax=axes_at(figure, left + plot + 0.12, top + 0.35, 0.12, h),
                                  ticks=[low, 1.0])
            bar.ax.tick_params(length=2)
            for label, side in zip(bar.ax.get_yticklabels(), ("bottom", "top")):
                label.set_verticalalignment(side)     # inside the bar's height, clear of the titles
            shown.append(axes)
            top += 0.35 + h
        for axes in shown:
            for t in fact_end:
                axes.axvline(t + 0.5, color=GREY, linewidth=0.6, zorder=1)
            axes.set_xticks(range(T), words if axes is shown[-1] else [""] * T, rotation=90)
            axes.tick_params(length=2, pad=2)
        return save(figure, path)
