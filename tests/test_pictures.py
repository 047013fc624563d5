"""Pictures read back: what stands in a figure (cells, lines, marks, colours, labels, their places) is what was given, each in its own place.

A picture of mirrored passes, or with the names of two lines exchanged, is as pretty as a right one.
"""

import re
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from matplotlib.colors import to_hex
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.text import Text

from tinydmn import plots
from tinydmn.plots import attention, confusion, curves, drawing, tables, tags, words
from tinydmn.terminal import DONE
from tests.test_plots import check_texts, make_gates

BLUES = matplotlib.colormaps["Blues"]
few = settings(max_examples=4, deadline=None, derandomize=True, phases=(Phase.explicit, Phase.generate), suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def drawn(monkeypatch, tmp_path):
    """drawn(function, ..., path, ...) -> the figure, which is not saved: that takes most of the time."""
    figures = []
    for module in (attention, confusion, curves, tables, tags, words):
        monkeypatch.setattr(module, "save", lambda figure, path: figures.append(figure) or path)

    def draw(function, *given, **more):
        path = function(*given, **more)
        assert path == "path.png"
        return figures.pop()
    return draw


def texts(figure):
    return [t for t in figure.findobj(Text) if t.get_text().strip()]


def title_of(axes):
    return axes.get_title(loc="left")


def text(figure, begins):
    """The one text that begins with these words."""
    found, = [t for t in texts(figure) if t.get_text().startswith(begins)]
    return found


def middle(rectangle):
    return rectangle.get_x() + rectangle.get_width() / 2, rectangle.get_y() + rectangle.get_height() / 2


def cells(axes):
    """The filled rectangles of a table: [(x, y, its colour, the number printed on it)], x and y of their middles."""
    found = []
    for patch in axes.patches:
        if isinstance(patch, Rectangle) and patch.get_fill():
            x, y = middle(patch)
            number, = [t.get_text() for t in axes.texts if np.allclose(t.get_position(), (x, y), atol=1e-9)]
            found.append((round(x, 6), round(y, 6), patch.get_facecolor(), number))
    return found


def grid(found, gates, x_down=False):
    """Holds cells against a matrix gates (rows, columns): y down the rows, x across the columns, each in order."""
    xs, ys = sorted({x for x, *_ in found}), sorted({y for _, y, *_ in found})
    assert len(found) == len(xs) * len(ys) == np.size(gates) and (len(ys), len(xs)) == np.shape(gates)
    for x, y, colour, number in found:
        weight = gates[ys.index(y), xs.index(x)]
        assert number == f"{weight:.2f}" and np.allclose(colour, BLUES(weight))
    return xs, ys


def beside(axes, y, least, most):
    """Texts of a row: those at the height y whose place lies between least and most, from left to right."""
    found = [(t.get_position()[0], t.get_text()) for t in axes.texts if abs(t.get_position()[1] - y) < 0.05 and least <= t.get_position()[0] < most]
    return [text for _, text in sorted(found)]


GATES = np.array([[0.05, 0.80, 0.10, 0.05], [0.60, 0.05, 0.30, 0.05], [0.01, 0.02, 0.03, 0.94]])
FACTS = ["mary went", "john sat", "sandra left"]


# ---- attention over facts

def test_attention_passes_across_facts_down(drawn):
    axes = drawn(plots.plot_attention, FACTS, GATES, "path.png", question="where?", support=[2, 0]).axes[0]
    assert axes.get_ylim()[0] > axes.get_ylim()[1]         # down is down
    xs, ys = grid(cells(axes), GATES.T)
    for x, name in zip(xs, ("pass 1", "pass 2", "pass 3")):
        assert [t.get_text() for t in axes.texts if abs(t.get_position()[0] - x) < 1e-9 and t.get_position()[1] < ys[0] - 0.01] == [name]
    rows = [beside(axes, y, 0, xs[0] - 0.2) for y in ys]
    assert rows == [["▸", FACTS[0]], [FACTS[1]], ["▸", FACTS[2]], [DONE]]
    assert ys[-1] - ys[-2] > ys[1] - ys[0]                 # end-of-passes is set apart, last
    font = {t.get_text(): (t.get_weight(), t.get_style()) for t in axes.texts}
    assert font[FACTS[0]][0] == font[FACTS[2]][0] == "bold" and font[FACTS[1]][0] == "normal" and font[DONE][1] == "italic"
    assert [t.get_weight() == "bold" for t in axes.texts if re.fullmatch(r"\d\.\d\d", t.get_text())] == [float(t.get_text()) >= 0.5 for t in axes.texts
                                                                                                         if re.fullmatch(r"\d\.\d\d", t.get_text())]


def test_attention_of_several_models(drawn):
    """Each model's cells lie below its own title and its own answer."""
    panels = [("one pass", GATES[:1], "kitchen"), ("three passes", GATES, "garden")]
    axes = drawn(plots.plot_attentions, FACTS, panels, "path.png", "where?", "garden").axes[0]
    found = cells(axes)
    xs = sorted({x for x, *_ in found})
    gap = int(np.argmax(np.diff(xs))) + 1
    assert gap == 1
    for (title, gates, said), some in zip(panels, (xs[:gap], xs[gap:])):
        grid([cell for cell in found if cell[0] in some], gates.T)
        left = min(p.get_x() for p in axes.patches if round(middle(p)[0], 6) == some[0])
        above = [t.get_text() for t in sorted(axes.texts, key=lambda t: t.get_position()[1]) if abs(t.get_position()[0] - left) < 1e-9]
        assert above[0] == title and above[1].startswith(f"predicted: {said}") and ("✓" in above[1]) == (said == "garden")
    assert text(axes.figure, "answer: ").get_text() == "answer: garden" and text(axes.figure, "where?")


def test_attention_of_a_long_story_shows_what_matters_at_its_place(drawn):
    gates = np.full((2, 31), 0.001)
    gates[0, 7], gates[1, 20], gates[1, 30] = 0.9, 0.7, 0.25
    axes = drawn(plots.plot_attention, [f"fact {t}" for t in range(30)], gates, "path.png", support=[3, 20]).axes[0]
    xs, ys = grid(cells(axes), gates[:, [3, 7, 20, 30]].T)
    assert [beside(axes, y, 0, xs[0] - 0.2)[-1] for y in ys] == ["fact 3", "fact 7", "fact 20", DONE]
    folded = [t.get_text() for t in sorted(axes.texts, key=lambda t: t.get_position()[1]) if t.get_text().startswith("… ")]
    assert folded == [f"… {n} facts with weight < 0.01 …" for n in (3, 3, 12, 9)]


# ---- attention over words

def test_word_attention_words_across_passes_down(drawn):
    panels = [("ours", GATES, "good"), ("theirs", GATES[::-1].copy(), "bad")]
    axes = drawn(plots.plot_word_attention, ["a", "b", "c"], panels, "path.png", "a b c", "good").axes[0]
    found = cells(axes)
    ys = sorted({y for _, y, *_ in found})
    for (title, gates, said), some in zip(panels, (ys[:3], ys[3:])):
        xs, _ = grid([cell for cell in found if cell[1] in some], gates)
        assert [beside(axes, y, 0, xs[0] - 0.2) for y in some] == [["pass 1"], ["pass 2"], ["pass 3"]]
        heads = [t.get_text() for t in axes.texts if t.get_position()[1] < some[0] and t.get_text().startswith(title)]
        assert heads == [f"{title}     predicted: {said}  {'✓' if said == 'good' else '✗'}"]
    for x, word in zip(xs, ("a", "b", "c", DONE)):
        assert [t.get_text() for t in axes.texts if abs(t.get_position()[0] - x) < 1e-9 and t.get_position()[1] < ys[0] - 0.01] == [word]


def test_word_attention_of_a_long_text_goes_on_below(drawn):
    rng = np.random.default_rng(0)
    names, gates = [f"word{t}" for t in range(40)], make_gates(rng, 2, 40)
    axes = drawn(plots.plot_word_attention, names, [("", gates, "")], "path.png").axes[0]
    found, at = cells(axes), {t.get_text(): t.get_position() for t in axes.texts}
    ys = sorted({y for _, y, *_ in found})
    column, lines = 0, 0
    for first in range(0, len(ys), 2):                     # the two passes of each line of words
        xs = sorted(x for x, y, *_ in found if y == ys[first])
        grid([cell for cell in found if cell[1] in ys[first:first + 2]], gates[:, column:column + len(xs)])
        for x, name in zip(xs, [*names, DONE][column:column + len(xs)]):
            assert at[name][0] == pytest.approx(x) and ys[first] - 0.8 < at[name][1] < ys[first]
        column, lines = column + len(xs), lines + 1
    assert column == 41 and lines > 1


def test_word_gates_row_looks_back(drawn):
    gates = np.tril(np.arange(1, 17).reshape(4, 4) / 20)
    panels = {"pass 1": gates, "pass 2": gates[::-1, ::-1] / 2}
    said, right = ["A", "B", "C", "D"], ["A", "X", "C", "D"]
    axes = drawn(plots.plot_word_gates, ["w", "x", "y", "z"], {"said": said, "alone": ["E", "X", "G", "H"]}, panels, "path.png", right).axes[0]
    found = cells(axes)
    xs, ys = sorted({x for x, *_ in found}), sorted({y for _, y, *_ in found})
    assert len(ys) == 4 and len(xs) == 8 and len(found) == 2 * 10
    for k, gate in enumerate(panels.values()):
        for x, y, colour, number in found:
            s, t = xs.index(x) - 4 * k, ys.index(y)
            if 0 <= s < 4:
                assert s <= t and number == f"{gate[t, s]:.2f}" and np.allclose(colour, BLUES(gate[t, s]))
        upright = [t.get_text() for x in xs[4 * k:4 * k + 4] for t in axes.texts if abs(t.get_position()[0] - x) < 1e-9 and t.get_rotation() == 90]
        assert upright == ["w", "x", "y", "z"]
    wrong = lambda tag, wanted: tag if tag == wanted else f"{tag}  ✗"
    for t, y in enumerate(ys):
        assert beside(axes, y, 0, xs[0] - 0.2) == ["wxyz"[t], wrong(said[t], right[t]), wrong("EXGH"[t], right[t])]
    titles = {name: text(axes.figure, name).get_position()[0] for name in ("said", "alone", "pass 1", "pass 2")}
    assert sorted(titles, key=titles.get) == ["said", "alone", "pass 1", "pass 2"]
    assert titles["pass 1"] < xs[0] < titles["pass 2"] < xs[4]


# ---- GRU

def test_gru_maps_are_their_own(drawn):
    """z, r and h under their names, unit down, word across, on scales that say the same for each picture."""
    rng = np.random.default_rng(0)
    z, r = rng.uniform(size=(2, 5, 3))
    h = rng.uniform(-1, 1, size=(5, 3))
    figure = drawn(plots.plot_gru, list("abcde"), z, r, h, "path.png", fact_end=[1, 4])
    maps = [axes for axes in figure.axes if axes.images and title_of(axes)]
    assert len(maps) == 3
    for axes, begins, values, scale, colours in zip(maps, ("update gate z", "reset gate r", "state h"), (z, r, h), ((0, 1), (0, 1), (-1, 1)), ("Blues", "Blues", "cividis")):
        image, = axes.images
        np.testing.assert_array_equal(image.get_array(), values.T)
        assert title_of(axes).startswith(begins) and image.get_clim() == scale and image.get_cmap().name == colours
        ends = [line.get_xdata()[0] for line in axes.lines]
        assert ends == [1.5, 4.5]                          # behind the last word of a sentence
        printed = {t.get_position(): t.get_text() for t in axes.texts if t.get_text() != "▾"}
        assert printed == {(t, i): f"{values[t, i]:.2f}".replace("-", "−") for t in range(5) for i in range(3)}
        assert [label.get_text() for label in axes.get_yticklabels()] == ["1", "2", "3"] and axes.get_ylabel() == "unit"
    assert "1 keeps the old state" in title_of(maps[0]) and "0 forgets it" in title_of(maps[1])
    assert [label.get_text() for label in maps[2].get_xticklabels()] == list("abcde") and maps[2].get_xticks().tolist() == [0, 1, 2, 3, 4]
    assert not any(label.get_text() for axes in maps[:2] for label in axes.get_xticklabels())
    assert [t.get_position()[0] for t in maps[0].texts if t.get_text() == "▾"] == [0.3, 0.9] and "▾ end of a sentence" in text(figure, "▾ end").get_text()
    tops = [axes.get_position().y0 for axes in maps]
    assert tops[0] > tops[1] > tops[2]
    bars = [axes for axes in figure.axes if axes not in maps]
    assert [axes.get_ylim() for axes in bars] == [(0, 1), (0, 1), (-1, 1)]


def test_gru_means_are_called_means(drawn):
    rng = np.random.default_rng(0)
    z, r, h = rng.uniform(size=4), rng.uniform(size=4), rng.uniform(-1, 1, size=(4, 20))
    figure = drawn(plots.plot_gru, list("abcd"), z, r, h, "path.png")
    maps = [axes for axes in figure.axes if title_of(axes)]
    np.testing.assert_array_equal(maps[0].images[0].get_array(), z[None])
    np.testing.assert_array_equal(maps[1].images[0].get_array(), r[None])
    np.testing.assert_array_equal(maps[2].images[0].get_array(), h.T)
    assert [title_of(axes).endswith("(mean of all units)") for axes in maps] == [True, True, False]
    assert [label.get_text() for label in maps[2].get_yticklabels()] == ["1", "20"] and "▾" not in " ".join(t.get_text() for t in texts(figure))


# ---- lines and their names

def line_of(axes, x, y):
    """The one line with these points (its marks may be a line of their own)."""
    found = [line for line in axes.lines if line.get_linestyle() != "None" and line.get_transform() != axes.transAxes and len(line.get_xdata()) == len(x)
             and np.allclose(np.asarray(line.get_xdata(), float), x) and np.allclose(np.asarray(line.get_ydata(), float), y, equal_nan=True)]
    assert len(found) == 1, (x, y)
    return found[0]


def test_every_line_has_its_own_name(drawn):
    """plot_cost, plot_passes, plot_gradient_norms: a name has the ink of its line, and stands where it ends."""
    lengths = [4, 8, 16, 32]
    costs = {"quadratic": [1, 4, 16, 64], "linear": [1.0, 2.1, 4.0, 8.0], "flat": [1, 1, 1.1, 1]}
    axes = drawn(plots.plot_cost, lengths, costs, "path.png").axes[0]
    check_names(axes, {label: (lengths, y) for label, y in costs.items()})
    assert axes.get_xscale() == axes.get_yscale() == "log"
    assert "power 2.0" in text(axes.figure, "quadratic").get_text() and "power 1.0" in text(axes.figure, "linear").get_text()
    assert dict(zip(axes.get_xticks().tolist(), [t.get_text() for t in axes.get_xticklabels()])) == {4: "4", 8: "8", 16: "16", 32: "32"}
    assert dict(zip(axes.get_yticks().tolist(), [t.get_text() for t in axes.get_yticklabels()])) == {1: "1", 10: "10"}
    assert axes.get_xlim() == (4, 32) and axes.get_ylim()[0] < 1 and axes.get_ylim()[1] > 64

    panels = {"ours": {"task 3": {5: 0.9, 0: 0.1, 2: 0.4}, "task 7": {0: 0.5, 1: 0.6}}, "the paper's": {"task 7": {0: 0.3, 2: 0.2}, "task 8": {1: 0.7}}}
    figure = drawn(plots.plot_passes, panels, "path.png")
    inks = {}
    for axes, (title, named) in zip(figure.axes, panels.items()):
        assert title_of(axes) == title
        found = check_names(axes, {label: (sorted(points), [points[x] for x in sorted(points)]) for label, points in named.items()})
        assert all(inks.setdefault(label, ink) == ink for label, ink in found.items())     # one label, one ink, in all panels
        most = max(x for points in named.values() for x in points)
        assert axes.get_xlim() == (0, most) and axes.get_ylim() == (0, 1) and axes.get_xticks().tolist() == list(range(most + 1))
        assert [t.get_text() for t in axes.get_yticklabels()] == [f"{round(100 * y)} %" for y in axes.get_yticks()]
    assert len(set(inks.values())) == 3 and figure.axes[0].get_position().x0 < figure.axes[1].get_position().x0

    norms = {"GRU": [0.2, 0.5, 0.8, 1.0], "tanh": [0.0, 1e-6, 1e-2, 1.0], "short": [0.3, 1.0]}
    axes = drawn(plots.plot_gradient_norms, norms, "path.png").axes[0]
    back = {label: (range(len(y)), [v or np.nan for v in y[::-1]]) for label, y in norms.items()}      # steps back from the last word
    check_names(axes, back)
    assert text(axes.figure, "tanh").get_text() == "tanh (0 from step 3 on)" and text(axes.figure, "GRU").get_text() == "GRU"
    assert axes.get_yscale() == "log" and axes.get_ylim() == pytest.approx((1e-6, 1)) and axes.get_xlim() == (0, 3)
    raised = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")
    for y, label in zip(axes.get_yticks(), axes.get_yticklabels()):
        assert 10.0 ** int(label.get_text()[2:].translate(raised)) == pytest.approx(y)


def check_names(axes, lines):
    """Each label: its ink is that of the line with its points, and a dotted rule goes from where the line ends to the label.  -> {label: ink}"""
    inks = {}
    for label, (x, y) in lines.items():
        line, name = line_of(axes, x, y), next(t for t in axes.texts if t.get_text().split(":")[0].split(" (")[0] == label)
        inks[label] = to_hex(line.get_color())
        assert to_hex(name.get_color()) == inks[label]
        last = np.flatnonzero(np.isfinite(y))[-1]
        start = axes.transAxes.inverted().transform(axes.transData.transform((x[last], y[last])))
        rules = [rule for rule in axes.lines if rule.get_linestyle() == ":" and np.allclose((rule.get_xdata()[0], rule.get_ydata()[0]), start, atol=1e-6)
                 and to_hex(rule.get_color()) == inks[label]]
        assert len(rules) == 1 and rules[0].get_ydata()[-1] == pytest.approx(name.get_position()[1])
    assert len(set(inks.values())) == len(inks)
    return inks


@few
@given(st.lists(st.floats(0.0, 1.0), min_size=1, max_size=9), st.booleans())
def test_names_keep_the_order_of_their_lines_and_do_not_meet(ends, log):
    with drawing.new_figure() as figure:
        figure.set_size_inches(6, 4)
        axes = drawing.axes_at(figure, 1, 0.5, 3, 3)
        axes.set(xlim=(0, 1), **({"yscale": "log", "ylim": (0.9, 2.1)} if log else {"ylim": (0, 1)}))
        drawing.label_ends(figure, axes, [(1, y + log, f"line {k}", "black") for k, y in enumerate(ends)])
        at = np.array([t.get_window_extent().y0 for t in axes.texts])
    shown = [int(t.get_text().split()[1]) for t in axes.texts]
    assert sorted(shown) == list(range(len(ends)))
    height = {k: y for k, y in zip(shown, at)}
    order = sorted(range(len(ends)), key=lambda k: (ends[k], k))
    gaps = np.diff([height[k] for k in order])
    assert np.all(gaps > 0.16 * figure.dpi)                # a line of text apart, the highest line's name highest
    drawing.label_ends(figure, axes, [])                   # no line, no name


def test_power_of_a_power():
    x = np.array([2.0, 5.0, 10.0, 20.0, 40.0])
    for k in (0.0, 1.0, 2.5):
        assert plots.power(x, 3 * x**k) == pytest.approx(k, abs=1e-9)
    bent = np.where(x < 10, 7.0, x**2)                     # its first half is not used
    assert plots.power(x, bent) == pytest.approx(2) and plots.power(x[1:4], np.array([1.0, 2.0, 4.0])) == pytest.approx(1)


# ---- training

def history(n, best, gates=True):
    """n epochs whose figures are all different; validation is best in epoch `best`."""
    rng = np.random.default_rng(n)
    rows = [{"epoch": e, "loss": 3.0 / e, "seconds": 2.0, "train_answer_accuracy": 0.5 + 0.3 * rng.random(), "valid_answer_accuracy": 0.3 + 0.1 * rng.random(),
             **({"train_gate_accuracy": 0.6 + 0.2 * rng.random(), "valid_gate_accuracy": 0.2 + 0.2 * rng.random()} if gates else {})} for e in range(1, n + 1)]
    rows[best - 1]["valid_answer_accuracy"] = 0.45
    return rows


def test_training_curves_are_their_own(drawn):
    run = history(7, best=4)
    figure = drawn(plots.plot_training, run, "path.png", gate_epochs=2)
    loss, answers, gates = figure.axes
    assert [title_of(axes).split(" (")[0] for axes in figure.axes] == ["loss", "answer accuracy", "gate accuracy"]
    tops = [axes.get_position().y0 for axes in figure.axes]
    assert tops == sorted(tops, reverse=True)
    epochs, column = list(range(1, 8)), lambda key: [record[key] for record in run]
    line_of(loss, epochs, column("loss"))
    for axes, kind in ((answers, "answer"), (gates, "gate")):
        valid, train = (line_of(axes, epochs, column(f"{split}_{kind}_accuracy")) for split in ("valid", "train"))
        assert valid.get_linewidth() > train.get_linewidth() and valid.get_marker() not in ("", "None", None) and train.get_marker() in ("", "None", None)
        for line, name in ((valid, "validation"), (train, "training")):
            end = axes.transAxes.inverted().transform(axes.transData.transform((7, line.get_ydata()[-1])))
            label = next(t for t in axes.texts if t.get_text() == name)
            rule = next(rule for rule in axes.lines if rule.get_linestyle() == ":" and rule.get_ydata()[-1] == pytest.approx(label.get_position()[1]))
            assert (rule.get_xdata()[0], rule.get_ydata()[0]) == pytest.approx(tuple(end))
        assert axes.get_ylim() == (0, 1) and axes.get_xlim() == (1, 7)
        assert [line.get_xdata()[0] for line in axes.lines if len(line.get_xdata()) == 2 and line.get_xdata()[0] == line.get_xdata()[1] == 3] == [3]
    assert loss.get_ylim()[0] == 0
    stars = [(axes, *line.get_xydata().tolist()) for axes in figure.axes for line in axes.lines if line.get_marker() == "*"]
    assert stars == [(answers, [4.0, 0.45])]
    note = " ".join(t.get_text() for t in texts(figure)).replace("\u00a0", " ")
    assert "best epoch 4: 45.0 % of validation answers" in note and "β = 1 from epoch 3" in note and "7 epochs in 14 s" in note


def test_training_of_several_runs_each_in_its_ink(drawn):
    runs = {"gated": history(5, best=2, gates=False), "softmax": history(6, best=6, gates=False)}
    figure = drawn(plots.plot_training, runs, "path.png", gate_epochs={"softmax": 3})
    assert [title_of(axes).split(" (")[0] for axes in figure.axes] == ["loss", "answer accuracy"]        # of gates nothing is known
    for axes, key in zip(figure.axes, ("loss", "valid_answer_accuracy")):
        inks = check_names(axes, {label: (np.arange(1, len(run) + 1), [record[key] for record in run]) for label, run in runs.items()})
        upright = [(line.get_xdata()[0], to_hex(line.get_color())) for line in axes.lines if len(line.get_xdata()) == 2 and line.get_xdata()[0] == line.get_xdata()[1]]
        assert upright == [(4, inks["softmax"])]
    stars = [(line.get_xydata().tolist()[0], to_hex(line.get_color())) for line in figure.axes[1].lines if line.get_marker() == "*"]
    assert stars == [([2.0, 0.45], inks["gated"]), ([6.0, 0.45], inks["softmax"])]
    train = [line_of(figure.axes[1], np.arange(1, len(run) + 1), [record["train_answer_accuracy"] for record in run]) for run in runs.values()]
    assert [to_hex(line.get_color()) for line in train] == list(inks.values())
    notes = [t.get_text().replace("\u00a0", " ") for t in texts(figure) if "best epoch" in t.get_text().replace("\u00a0", " ")]
    assert any(note.startswith("gated: ★ best epoch 2") for note in notes) and any(note.startswith("softmax: ★ best epoch 6") for note in notes)
    assert not any("β" in note for note in notes if note.startswith("gated"))


def test_training_without_validation_is_judged_by_training(drawn):
    run = [{"epoch": e, "loss": 1.0, "train_answer_accuracy": a, "valid_answer_accuracy": np.nan} for e, a in ((5, 0.2), (6, 0.9), (7, 0.9), (8, 0.1))]
    figure = drawn(plots.plot_training, run, "path.png", gate_epochs=9)
    stars = [line.get_xydata().tolist() for axes in figure.axes for line in axes.lines if line.get_marker() == "*"]
    assert stars == [[[6.0, 0.9]]]                         # the first of equals; epochs are called by their own numbers
    note = " ".join(t.get_text() for t in texts(figure)).replace("\u00a0", " ")
    assert "best epoch 6: 90.0 % of training answers" in note and "β" not in note and " s" not in note.split("4 epochs")[1][:4]


# ---- tables

ENTRIES = [{"panel": "binary", "row": "one pass", "series": "paper", "mean": 88.6},
           {"panel": "binary", "row": "one pass", "series": "ours", "mean": 83.0, "values": [81.0, 86.0, 82.0], "best": 86.0},
           {"panel": "binary", "row": "two passes", "series": "ours", "mean": 84.0, "values": [84.0]},
           {"panel": "fine", "row": "one pass", "series": "paper", "mean": 52.1},
           {"panel": "fine", "row": "two passes", "series": "paper", "mean": 51.0},
           {"panel": "fine", "row": "two passes", "series": "extended", "mean": 47.0, "values": [45.0, 49.5], "best": 45.0}]


def looks(figure):
    """{what the legend calls a sign: (marker, colour, filling)}: each sign has its name right of it."""
    height = figure.get_size_inches()[1]
    signs = sorted((line for line in figure.artists + figure.lines if isinstance(line, Line2D)), key=lambda line: line.get_xdata()[0])
    names = sorted((t for t in figure.texts if t.get_position()[1] * height < 0.3 and t.get_text()), key=lambda t: t.get_position()[0])
    found = {}
    for sign in signs:
        name = next(t for t in names if t.get_position()[0] > sign.get_xdata()[0])
        found[name.get_text()] = (sign.get_marker(), to_hex(sign.get_color()), to_hex(sign.get_markerfacecolor()))
    assert len(found) == len(signs)
    return found


def test_a_table_shows_each_figure_with_the_sign_of_its_series(drawn):
    names = {"paper": "DMN (paper)", "ours": "ours, mean", "extended": "with switches"}
    figure = drawn(plots.plot_table, ENTRIES, "path.png", "Sentiment\nsecond line", threshold=50, names=names)
    signs = looks(figure)
    assert list(signs) == ["DMN (paper)", "ours, mean", "with switches", "best on validation"] and len(set(signs.values())) == 4
    assert [title_of(axes) for axes in figure.axes] == ["binary", "fine"]
    assert figure.axes[0].get_position().x0 < figure.axes[1].get_position().x0
    for axes in figure.axes:
        here = [e for e in ENTRIES if e["panel"] == title_of(axes)]
        assert axes.get_ylim()[0] > axes.get_ylim()[1] and axes.get_yticks().tolist() == [0, 1]              # rows in their order, from above
        marks = [line for line in axes.lines if line.get_marker() not in ("None", None, "", ".")]
        assert len(marks) == len(here)
        for entry in here:
            mark, = [m for m in marks if m.get_xdata()[0] == entry["mean"]]
            y = mark.get_ydata()[0]
            assert (mark.get_marker(), to_hex(mark.get_color()), to_hex(mark.get_markerfacecolor())) == signs[names[entry["series"]]]
            assert round(y) == ["one pass", "two passes"].index(entry["row"]) and abs(y - round(y)) < 0.4
            bars = [list(line.get_xdata()) for line in axes.lines if len(line.get_xdata()) == 2 and list(line.get_ydata()) == [y, y]]
            assert bars == ([[min(entry["values"]), max(entry["values"])]] if len(entry.get("values", ())) > 1 else [])
            best = [line.get_xdata()[0] for line in axes.lines if line.get_marker() == "." and line.get_ydata()[0] == y]
            assert best == ([entry["best"]] if "best" in entry else [])
            low, high = axes.get_xlim()
            assert all(low < value < high for value in (entry["mean"], *entry.get("values", ())))
        at = {}
        for mark in marks:
            at.setdefault(round(float(mark.get_ydata()[0]), 6), []).append(mark)
        assert all(len(some) == 1 for some in at.values())                                # figures of one row do not hide each other
        assert [line.get_xdata()[0] for line in axes.lines if len(line.get_xdata()) == 2 and line.get_xdata()[0] == line.get_xdata()[1] == 50] == [50]
    assert [t.get_text() for t in figure.axes[0].get_yticklabels()] == ["one pass", "two passes"] and not any(t.get_text() for t in figure.axes[1].get_yticklabels())
    note = " ".join(t.get_text() for t in texts(figure))
    assert "bar: least to largest over seeds" in note and "dashed: 50 %" in note and "Sentiment" in note and "second line" in note


def test_a_table_of_one_seed_says_less(drawn):
    figure = drawn(plots.plot_table, [{"panel": "", "row": "1", "series": "ours", "mean": 0.0}, {"panel": "", "row": "2", "series": "new", "mean": 100.0}], "path.png")
    note = " ".join(t.get_text() for t in texts(figure))
    assert "bar" not in note and "dashed" not in note and "best" not in note and list(looks(figure)) == ["ours", "new"]
    low, high = figure.axes[0].get_xlim()
    assert low < 0 and high == 100                         # 0 and 100 % lie inside
    assert [line.get_ydata()[0] for line in figure.axes[0].lines if line.get_marker() == "s"] == [0, 1]       # alone in its row a sign stands in the middle


# ---- decoding

def test_decoding_steps_across_words_down_and_what_is_said_in_a_frame(drawn):
    p = np.array([[0.1, 0.2, 0.6, 0.1], [0.1, 0.7, 0.1, 0.1], [0.55, 0.05, 0.1, 0.3]])
    axes = drawn(plots.plot_decoding, [("how?", ["<eos>", "n", "w", "s"], p), ("again?", ["<eos>", "n", "w", "s"], p[1:])], "path.png", most=3).axes[0]
    found = cells(axes)
    xs = sorted({x for x, *_ in found})
    for (title, rows, values), some in zip((("how?", [2, 1, 0], p), ("again?", [1, 0, 3], p[1:])), (xs[:3], xs[3:])):
        _, ys = grid([cell for cell in found if cell[0] in some], values[:, rows].T)      # in the order in which they are said, then the likeliest
        left = text(axes.figure, title).get_position()[0]
        assert [beside(axes, y, left - 0.05, some[0] - 0.2)[-1] for y in ys] == [["<eos>", "n", "w", "s"][k] for k in rows]
        assert [[t.get_text() for t in axes.texts if abs(t.get_position()[0] - x) < 1e-9 and t.get_position()[1] < ys[0] - 0.01] for x in some] == [
            [f"step {t + 1}"] for t in range(len(values))]
        frames = [tuple(round(v, 6) for v in middle(patch)) for patch in axes.patches if not patch.get_fill() and round(middle(patch)[0], 6) in some]
        assert frames == [(x, ys[rows.index(int(np.argmax(row)))]) for x, row in zip(some, values)]
    assert [t.get_text() for t in texts(axes.figure) if "less likely" in t.get_text()] == ["and 1 less likely word"] * 2


# ---- shades, lines of text, files

def test_darker_is_more_and_letters_stay_legible():
    luminance = [np.dot((0.2126, 0.7152, 0.0722), [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in BLUES(w)[:3]]) for w in np.linspace(0, 1, 41)]
    assert all(a > b for a, b in zip(luminance, luminance[1:]))
    for w, grey in zip(np.linspace(0, 1, 41), luminance):
        contrast = {"white": 1.05 / (grey + 0.05), "black": (grey + 0.05) / 0.05}
        assert drawing.ink_on(BLUES(w)) == max(contrast, key=contrast.get)


def test_lines_of_text_have_room():
    with drawing.new_figure() as figure:
        words_ = "where was the football before the hallway and the kitchen"
        for width in (0.8, 2.0, 9.0):
            lines = drawing.wrapped(figure, words_, width)
            assert " ".join(lines) == words_ and all(drawing.text_size(figure, line)[0] <= width for line in lines)
            for line, following in zip(lines, lines[1:]):
                assert drawing.text_size(figure, f"{line} {following.split()[0]}")[0] > width - 1.0           # not far emptier than need be
        uneven = "ill it is till " * 3 + "WWWW MMMM WWWW MMMM"                                # as many letters are broader further down
        for width in np.linspace(0.8, 3.0, 12):
            lines = drawing.wrapped(figure, uneven, width)
            assert " ".join(lines) == uneven and all(drawing.text_size(figure, line)[0] <= width for line in lines)
        assert drawing.wrapped(figure, words_, 9.0) == [words_] and drawing.text_size(figure, "ab")[0] > drawing.text_size(figure, "a")[0] > 0
        bold = drawing.text_size(figure, words_, weight="bold")
        assert bold[0] > drawing.text_size(figure, words_)[0] and not texts(figure)       # what was measured leaves nothing behind
        axes = drawing.axes_at(figure, 1.0, 0.5, 2.0, 1.0)
        (w, h), box = figure.get_size_inches(), axes.get_position()
        assert (box.x0 * w, (1 - box.y1) * h, box.width * w, box.height * h) == pytest.approx((1.0, 0.5, 2.0, 1.0))


@few
@given(st.integers(0, 2**32 - 1), st.integers(1, 9), st.integers(1, 3), st.integers(2, 6))
def test_texts_of_tables_and_of_tags_have_room(seed, n, n_panels, n_lines):
    """As test_plots has it for the other pictures: every text whole, inside, and apart from every other."""
    rng = np.random.default_rng(seed)
    word = lambda: "".join(rng.choice(list("abcdefgh"), size=rng.integers(1, 9)))
    series = ["paper", "plain", "extended"]
    entries = [{"panel": f"panel {p}" if n_panels > 1 else "", "row": f"{k} {word()}", "series": s, "mean": m, "values": [m, min(100, m + 3)], "best": m}
               for p in range(n_panels) for k in range(n) for s in series for m in [float(rng.uniform(0, 100))]]
    gates = {f"pass {i + 1}": np.tril(rng.uniform(size=(n, n))) for i in range(n_panels)}
    figures, kept = [], [tables.save, tags.save]
    tables.save = tags.save = lambda figure, path: figures.append((figure, check_texts(figure)))
    try:
        plots.plot_table(entries, "path.png", "A title of some length\nand another line of it", threshold=95.0)
        plots.plot_word_gates([word() for _ in range(n)], {"said": ["NN"] * n, "alone": ["VB"] * n}, gates, "path.png", ["NN"] * n)
        plots.plot_cost(2 ** np.arange(1, n_lines + 1), {word() + str(k): rng.uniform(1, 2) * 2.0 ** (rng.uniform(0, 2) * np.arange(n_lines)) for k in range(n_lines)}, "path.png")
        plots.plot_passes({f"panel {p}": {f"line {k}": {i: float(rng.uniform()) for i in range(n)} for k in range(n_lines)} for p in range(n_panels)}, "path.png")
    finally:
        tables.save, tags.save = kept
    assert len(figures) == 4


@pytest.mark.parametrize("name", ["A.PNG", "a.Svg", "new/folder/a.pdf"])
def test_an_ending_may_be_in_capitals(tmp_path, name):
    assert plots.plot_attention(["a"], [[0.5, 0.5]], tmp_path / name).stat().st_size > 1000
    assert [p.name for p in tmp_path.rglob("*.*")] == [Path(name).name]
