"""Pictures: every text whole, inside the figure and apart from every other, at many sizes; no window, no global state."""

import struct
import subprocess
import sys
import warnings
from itertools import combinations

import matplotlib
import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from matplotlib.patches import Rectangle
from matplotlib.text import Text

from tinydmn import plots
from tinydmn.plots import attention, curves, drawing, words
from tinydmn.errors import UserError

# A picture takes half a second: fewer examples than elsewhere, and no shrinking.  All examples of a test write to one tmp_path.
few = settings(max_examples=6, deadline=None, derandomize=True, phases=(Phase.explicit, Phase.generate),
               suppress_health_check=[HealthCheck.function_scoped_fixture])
seeds = st.integers(0, 2**32 - 1)
PLACES = ["bathroom", "hallway", "garden", "office", "kitchen"]


@pytest.fixture(autouse=True)
def drawn(monkeypatch):
    """The figures that were saved, in order; each is checked as it is saved.  A missing glyph is an error."""
    figures, save = [], drawing.save

    def checked(figure, path):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            check_texts(figure)
        figures.append(figure)
        return save(figure, path)

    for module in (attention, curves, words):
        monkeypatch.setattr(module, "save", checked)
    return figures


def boxes(figure):
    renderer = figure.canvas.get_renderer()
    figure.draw(renderer)
    off_axis = set()                                    # tick labels outside the limits exist, but are not drawn
    for axes in figure.axes:
        for axis, (low, high) in ((axes.xaxis, sorted(axes.get_xlim())), (axes.yaxis, sorted(axes.get_ylim()))):
            ticks = axis.get_major_ticks() + axis.get_minor_ticks()
            gone = [tick for tick in ticks if not axes.axison or not low <= tick.get_loc() <= high]
            off_axis |= {id(label) for tick in gone for label in (tick.label1, tick.label2)}
    texts = [t for t in figure.findobj(Text) if t.get_visible() and t.get_text().strip() and id(t) not in off_axis]
    return [(t, t.get_window_extent(renderer)) for t in texts]


def check_texts(figure):
    """Every text lies inside the figure, and no two meet (0.5 pixels for the rounding of glyphs)."""
    found = boxes(figure)
    assert found
    for text, box in found:
        assert box.x0 >= 0 and box.y0 >= 0 and box.x1 <= figure.bbox.x1 and box.y1 <= figure.bbox.y1, (text.get_text(), box, figure.bbox)
    for (a, box_a), (b, box_b) in combinations(found, 2):
        across = min(box_a.x1, box_b.x1) - max(box_a.x0, box_b.x0)
        along = min(box_a.y1, box_b.y1) - max(box_a.y0, box_b.y0)
        assert min(across, along) <= 0.5, (a.get_text(), b.get_text(), across, along)


def texts(figure):
    return [t.get_text() for t in figure.findobj(Text) if t.get_text()]


def png_size(path):
    data = path.read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    return struct.unpack(">II", data[16:24])


def make_facts(rng, n):
    facts = [f"{t} {rng.choice(['mary', 'john'])} went to the {rng.choice(PLACES)}" for t in range(n)]
    if n:
        facts[rng.integers(n)] += " and there, for $5 or $6_7, " + "looked for the football " * int(rng.integers(0, 12))
    return facts


def make_gates(rng, n_passes, n_facts):
    s = rng.normal(size=(n_passes, n_facts + 1)) * 4
    e = np.exp(s)
    return e / e.sum(axis=1, keepdims=True)


# ---- attention ----

@few
@given(seed=seeds, n_facts=st.integers(0, 60), n_passes=st.lists(st.integers(1, 7), min_size=1, max_size=3), wordy=st.booleans())
def test_attention_at_many_sizes(tmp_path, drawn, seed, n_facts, n_passes, wordy):
    rng = np.random.default_rng(seed)
    facts = make_facts(rng, n_facts)
    support = rng.choice(n_facts, size=min(n_facts, 2), replace=False).tolist()
    panels = [(f"{n} passes" + " of a model with a long name" * wordy, make_gates(rng, n, n_facts), rng.choice(PLACES)) for n in n_passes]
    question = "where was the football before " + "the hallway and " * 5 * wordy + "the kitchen?"
    path = plots.plot_attentions(facts, panels, tmp_path / "a.png", question, "garden", support)
    assert path == tmp_path / "a.png" and min(png_size(path)) > 100
    shown = texts(drawn[-1])
    for t in {*support, *(t for _, gates, _ in panels for t in gates.argmax(axis=1).tolist() if t < n_facts)}:
        assert any(line.startswith(f"{t} ") for line in shown)
    assert shown.count("▸") == len(support) and "[done reading]" in shown
    axes = drawn[-1].axes[0]
    cells = [p for p in axes.patches if isinstance(p, Rectangle)]
    values = [t for t in axes.texts if t.get_text().replace(".", "").isdigit() and t.get_position()[0] > cells[0].get_x()]
    assert len(cells) == len(values)
    for cell, value in zip(cells, values):                  # each number within its own cell
        inner, outer = value.get_window_extent(), cell.get_window_extent()
        assert outer.x0 < inner.x0 and inner.x1 < outer.x1 and outer.y0 < inner.y0 and inner.y1 < outer.y1


def test_attention_shades_and_inks(tmp_path, drawn):
    gates = np.linspace(0, 1, 12)[None]
    plots.plot_attention([f"fact {t}" for t in range(11)], gates, tmp_path / "a.png", "where?", "garden", "office", [3, -1])
    axes = drawn[-1].axes[0]

    def luminance(rgb):
        return np.dot((0.2126, 0.7152, 0.0722), [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in rgb])

    grey = [luminance(p.get_facecolor()[:3]) for p in axes.patches]
    assert all(a > b for a, b in zip(grey, grey[1:]))       # darker = more, in black and white too
    inks = {t.get_text(): t.get_color() for t in axes.texts}
    for weight, shade in zip(gates[0], grey):
        ink = 1.0 if inks[f"{weight:.2f}"] == "white" else 0.0
        assert (max(ink, shade) + 0.05) / (min(ink, shade) + 0.05) >= 4.5
    bold = [t.get_text() for t in axes.texts if t.get_weight() == "bold" and t.get_text().startswith("fact")]
    assert bold == ["fact 3"]
    assert any("answer: garden" in text and "predicted: office  ✗" in text for text in inks) and "where?" in inks


def test_attention_names_of_passes_and_right_answer(tmp_path, drawn):
    plots.plot_attention(["a b"], [[0.5, 0.5], [0.1, 0.9]], tmp_path / "a.png", answer="x", predicted="x")
    shown = texts(drawn[-1])
    assert {"pass 1", "pass 2"} <= set(shown) and any("✓" in text for text in shown)
    with pytest.raises(ValueError):
        plots.plot_attentions(["a"], [], tmp_path / "b.png")
    with pytest.raises(ValueError):
        plots.plot_attention(["a"], [[0.5, 0.5]], tmp_path / "b.png", support=[1])


# ---- training ----

def make_history(rng, n, supervised=True, validated=True):
    rise = 1 - np.exp(-rng.uniform(0.02, 0.5) * np.arange(n))
    return [{"epoch": e + 1, "loss": 3 * (1.05 - rise[e]), "seconds": 1.5 if e % 2 else None, "train_answer_accuracy": rise[e],
             "valid_answer_accuracy": 0.97 * rise[e] if validated else None,
             **({"train_gate_accuracy": rise[e], "valid_gate_accuracy": 0.9 * rise[e]} if supervised else {"valid_gate_accuracy": np.nan})}
            for e in range(n)]


@few
@given(seed=seeds, lengths=st.lists(st.integers(1, 130), min_size=1, max_size=6), gate_epochs=st.integers(0, 6), supervised=st.booleans())
def test_training_at_many_sizes(tmp_path, drawn, seed, lengths, gate_epochs, supervised):
    rng = np.random.default_rng(seed)
    runs = {f"run {k} of the network": make_history(rng, n, supervised, bool(rng.integers(2))) for k, n in enumerate(lengths)}
    path = plots.plot_training(runs, tmp_path / "t.png", gate_epochs)
    assert min(png_size(path)) > 300
    shown = texts(drawn[-1])
    assert all(label in shown for label in runs)
    assert ("gate accuracy" in " ".join(shown)) == supervised
    plots.plot_training(next(iter(runs.values())), tmp_path / "t.png", gate_epochs)


def test_training_marks_best_epoch_and_beta(tmp_path, drawn):
    history = make_history(np.random.default_rng(0), 9)
    history[5]["valid_answer_accuracy"] = history[7]["valid_answer_accuracy"] = 0.99
    plots.plot_training(history, tmp_path / "t.png", gate_epochs=2)
    note = " ".join(texts(drawn[-1])).replace("\u00a0", " ")
    assert "★ best epoch 6: 99.0 % of validation answers" in note and "β = 1 from epoch 3" in note and "9 epochs in 6 s" in note
    stars = [line.get_xydata().tolist() for axes in drawn[-1].axes for line in axes.lines if line.get_marker() == "*"]
    assert stars == [[[6.0, 0.99]]]
    upright = [line for axes in drawn[-1].axes for line in axes.lines if list(line.get_xdata()) == [3, 3]]
    assert len(upright) == 3
    plots.plot_training({"a": history, "b": history}, tmp_path / "t.png", gate_epochs={"a": 1})
    assert [len([line for line in axes.lines if list(line.get_xdata()) == [2, 2]]) for axes in drawn[-1].axes] == [1, 1, 1]
    styles = {(line.get_linestyle(), line.get_marker()) for line in drawn[-1].axes[0].lines if line.get_marker() in ("o", "s")}
    assert len(styles) == 2                                 # two runs differ without their colours


@pytest.mark.parametrize("history", [[], {}, {"a": []}])
def test_training_without_epochs_is_refused(tmp_path, history):
    with pytest.raises(ValueError):
        plots.plot_training(history, tmp_path / "t.png")


# ---- GRU and gradients ----

@few
@given(seed=seeds, T=st.integers(1, 60), H=st.integers(1, 80), means=st.booleans())
def test_gru_at_many_sizes(tmp_path, drawn, seed, T, H, means):
    rng = np.random.default_rng(seed)
    words = [str(w) for w in rng.choice([*PLACES, "mary", "went", "to", "the", "."], size=T)]
    z, r = rng.uniform(size=(2, T) if means else (2, T, H))
    path = plots.plot_gru(words, z, r, rng.uniform(-1, 1, size=(T, H)), tmp_path / "g.png", [t for t in range(T) if words[t] == "."])
    assert min(png_size(path)) > 150
    for axes in drawn[-1].axes:
        labels = [label.get_text() for label in axes.get_xticklabels()]
        if any(labels):
            assert labels == words
            break
    else:
        pytest.fail("no axis carries the words")


def test_gru_prints_values_of_small_maps_and_refuses_other_lengths(tmp_path, drawn):
    h = np.array([[0.25, -0.5], [0.75, 1.0]])
    plots.plot_gru(["a", "b"], abs(h), abs(h), h, tmp_path / "g.png", fact_end=[1])
    assert {"0.25", "−0.50", "0.75"} <= set(texts(drawn[-1]))
    with pytest.raises(ValueError, match="same T"):
        plots.plot_gru(["a"], h, h, h, tmp_path / "g.png")


def test_gru_of_one_unit_is_no_mean(tmp_path, drawn):
    one = np.full((3, 1), 0.5)
    plots.plot_gru(["a", "b", "c"], one, one, one, tmp_path / "g.png")
    assert not any("mean" in text for text in texts(drawn[-1]))


@few
@given(seed=seeds, T=st.integers(1, 120), n=st.integers(1, 8))
def test_gradient_norms_at_many_sizes(tmp_path, drawn, seed, T, n):
    rng = np.random.default_rng(seed)
    curves = {f"network {k}": rng.uniform(0.0005, 1.1) ** np.arange(T - 1, -1, -1.0) for k in range(n)}
    path = plots.plot_gradient_norms(curves, tmp_path / "n.png")
    assert min(png_size(path)) > 300 and drawn[-1].axes[0].get_yscale() == "log"
    assert all(any(text.startswith(label) for text in texts(drawn[-1])) for label in curves)


def test_gradient_norms_say_where_they_are_zero(tmp_path, drawn):
    plots.plot_gradient_norms({"tanh RNN": [0.0, 0.0, 1e-3, 1.0], "GRU": [0.5, 0.6, 0.8, 1.0]}, tmp_path / "n.png")
    assert "tanh RNN (0 from step 2 on)" in texts(drawn[-1]) and "GRU" in texts(drawn[-1])
    with pytest.raises(ValueError):
        plots.plot_gradient_norms({"a": [0.0]}, tmp_path / "n.png")


# ---- files and windows ----

@pytest.mark.parametrize("suffix, start", [(".png", b"\x89PNG"), (".svg", b"<?xml"), (".pdf", b"%PDF")])
def test_the_ending_chooses_the_format_and_one_input_gives_one_file(tmp_path, suffix, start):
    path = plots.plot_attention(["a $x$ b"], [[0.5, 0.5]], tmp_path / "new" / f"a{suffix}")
    first = path.read_bytes()
    assert first.startswith(start)
    with matplotlib.rc_context({"font.size": 20, "text.color": "red"}):
        again = plots.plot_attention(["a $x$ b"], [[0.5, 0.5]], str(tmp_path / f"b{suffix}"))
    assert again.read_bytes() == first


def test_a_place_not_to_be_written_is_the_users_error(tmp_path):
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "a.bmp", tmp_path / "a", tmp_path / "file" / "a.png"):
        with pytest.raises(UserError) as error:
            plots.plot_attention(["a"], [[0.5, 0.5]], path)
        assert "\n" not in str(error.value) and str(path) in str(error.value)


def test_show_alone_opens_the_picture(tmp_path, monkeypatch):
    opened = []
    monkeypatch.setattr(drawing.webbrowser, "open", opened.append)
    plots.plot_attention(["a"], [[0.5, 0.5]], tmp_path / "a.png")
    assert opened == []
    plots.show(tmp_path / "a.png")
    assert opened == [(tmp_path / "a.png").as_uri()]


def test_no_window_backend_is_loaded(tmp_path):
    code = ("import sys; from tinydmn import plots; plots.plot_attention(['a'], [[.5, .5]], sys.argv[1]);"
            "plots.plot_gru(['a'], [[.5]], [[.5]], [[.5]], sys.argv[1]);"
            "plots.plot_training([{'epoch': 1, 'loss': 1.0}], sys.argv[1]); plots.plot_gradient_norms({'a': [1.0, 0.5]}, sys.argv[1]);"
            "bad = [m for m in sys.modules if m == 'matplotlib.pyplot' or m.startswith(('tkinter', 'PyQt', 'PySide', 'wx', 'gi.'))];"
            "sys.exit(f'loaded: {bad}' if bad else 0)")
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "a.png")], check=True)
