"""The matrix of answers that were taken for others, read back: every cell, in its place, with its count, its share and its shade."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tinydmn import plots
from tinydmn.plots import confusion

from .test_pictures import BLUES, drawn, few, middle, text, texts  # noqa: F401  (drawn is a fixture)
from .test_plots import check_texts


def matrix(figure):
    """A confusion matrix read back: names of the rows and of the columns, {(row, column): (how many, share of the row, colour)}, what is framed,
    and what stands at the right of each row and below each column."""
    axes, = figure.axes
    filled = [patch for patch in axes.patches if patch.get_fill()]
    xs, ys = (sorted({round(middle(patch)[k], 6) for patch in filled}) for k in (0, 1))
    at = lambda x, y: next((t.get_text() for t in axes.texts if np.allclose(t.get_position(), (x, y), atol=1e-6)), "")
    cells = {(ys.index(round(y, 6)), xs.index(round(x, 6))): (*at(x, y).split("\n"), patch.get_facecolor()) for patch in filled for x,
             y in [middle(patch)]}
    framed = {(ys.index(round(y, 6)), xs.index(round(x, 6))) for patch in axes.patches if not patch.get_fill() for x, y in [middle(patch)]}
    left, top = min(patch.get_x() for patch in filled), min(patch.get_y() for patch in filled)
    right, below = (max(getattr(patch, f"get_{k}")() + getattr(patch, f"get_{size}")() for patch in filled) for k,
                    size in (("x", "width"), ("y", "height")))
    rows = [t.get_text() for y in ys for t in axes.texts if abs(t.get_position()[1] - y) < 1e-6 and t.get_position()[0] < left]
    columns = [t.get_text() for x in xs for t in axes.texts if abs(t.get_position()[0] - x) < 1e-6 and t.get_position()[1] < top]
    by_row = [t.get_text().split("\n") for y in ys for t in axes.texts if abs(t.get_position()[1] - y) < 1e-6 and t.get_position()[0] > right]
    by_column = [t.get_text().split("\n") for x in xs for t in axes.texts if abs(t.get_position()[0] - x) < 1e-6 and t.get_position()[1] > below]
    assert axes.get_ylim()[0] > axes.get_ylim()[1] and len(filled) == len(xs) * len(ys)
    return rows, columns, cells, framed, by_row, by_column


def test_a_confusion_matrix_has_right_answers_down_and_the_networks_across(drawn):
    right = ["a"] * 10 + ["b"] * 4 + ["c"] * 200
    said = ["a"] * 7 + ["b"] * 3 + ["b", "b", "c", "z"] + ["c"] * 199 + ["a"]
    figure = drawn(plots.plot_confusion, right, said, "path.png", title="file: 97.2 % of 214 answers right", order=("c", "no such"))
    rows, columns, cells, framed, by_row, by_column = matrix(figure)
    assert rows == columns == ["c", "a", "b", "z"] and framed == {(k, k) for k in range(4)}
    expected = {(0, 0): (199, ">99 %"), (0, 1): (1, "<1 %"), (1, 1): (7, "70 %"), (1, 2): (3, "30 %"), (2, 2): (2, "50 %"), (2, 0): (1, "25 %"),
                (2, 3): (1, "25 %")}
    for place, (*text_, colour) in cells.items():
        n, share = expected.get(place, ("", None))
        assert text_ == ([str(n), share] if share else [""]), place
        assert np.allclose(colour, BLUES(np.sqrt(n / (200, 10, 4)[place[0]] if share else 0.0)))
    assert by_row == [["200", ">99 %"], ["10", "70 %"], ["4", "50 %"], ["0"]]
    assert by_column == [["200", ">99 %"], ["8", "88 %"], ["5", "40 %"], ["1", "0 %"]]
    assert text(figure, "file: 97.2").get_weight() == "bold" and not any("others" in t.get_text() for t in texts(figure))
    middle_of_rows = [t for t in texts(figure) if t.get_text() in ("right answer", "the network's answer")]
    assert [t.get_text() for t in sorted(middle_of_rows, key=lambda t: t.get_position()[1])] == ["the network's answer", "right answer"]


def test_of_many_classes_the_most_confused_are_shown_and_the_rest_together(drawn):
    """Every answer is counted somewhere: the sums stay those of all classes."""
    rng = np.random.default_rng(0)
    names = [f"t{k:02}" for k in range(45)]
    right = [names[k] for k in rng.integers(0, 45, 2000)]
    confused = set(rng.choice(45, 20, replace=False).tolist())
    said = [names[(int(name[1:]) + 1) % 45] if int(name[1:]) in confused and rng.random() < 0.5 else name for name in right]
    rows, columns, cells, framed, by_row, by_column = matrix(drawn(plots.plot_confusion, right, said, "path.png"))
    assert rows == columns and rows[-1] == "25 others" and rows[:-1] == sorted(rows[:-1]) and len(rows) == 21
    mistakes = {name: sum(a != b and name in (a, b) for a, b in zip(right, said)) for name in names}
    assert min(mistakes[name] for name in rows[:-1]) >= max(mistakes[name] for name in names if name not in rows)
    place = {name: rows.index(name) if name in rows else 20 for name in names}
    counts = np.zeros((21, 21), int)
    for a, b in zip(right, said):
        counts[place[a], place[b]] += 1
    found = np.array([[int(cells[i, j][0].replace(",", "") or 0) for j in range(21)] for i in range(21)])
    np.testing.assert_array_equal(found, counts)
    assert framed == {(k, k) for k in range(20)} and by_row[-1] == [f"{counts[-1].sum():,}"] and by_column[-1] == [f"{counts[:, -1].sum():,}"]
    note = " ".join(t.get_text() for t in texts(drawn(plots.plot_confusion, right, said, "path.png")))
    assert "the 20 of 45 answers that take part in most mistakes" in note
    rows, *_ = matrix(drawn(plots.plot_confusion, right, right, "path.png", most=3))
    often = sorted(names, key=lambda name: (-right.count(name), name))[:3]
    assert rows == [*sorted(often), "42 others"]           # nothing is wrong: those that are asked most


@pytest.mark.parametrize("right, said", [([], []), (["a"], []), (["a"], ["a", "b"])])
def test_a_confusion_of_nothing_is_refused(right, said):
    with pytest.raises(ValueError, match="give one each"):
        plots.plot_confusion(right, said, "path.png")


@few
@example(0, 1, False, 1_200_000)
@given(st.integers(0, 2**32 - 1), st.sampled_from([1, 2, 3, 7, 20, 21, 60]), st.booleans(), st.sampled_from([3, 300, 200_000]))
def test_texts_of_a_confusion_matrix_have_room(seed, n_names, wordy, n):
    rng = np.random.default_rng(seed)
    names = [f"{k}" + "".join(rng.choice(list("abcdefgh "), size=rng.integers(0, 60 if wordy else 6))) for k in range(n_names)]
    right = rng.integers(0, n_names, n)
    said = np.where(rng.random(n) < 0.7, right, rng.integers(0, n_names, n))
    figures, kept = [], confusion.save
    confusion.save = lambda figure, path: figures.append((figure, check_texts(figure)))
    try:
        plots.plot_confusion([names[k] for k in right], [names[k] for k in said], "path.png",
                             title="A file of some name: 70 % of the answers right " * (1 + wordy))
    finally:
        confusion.save = kept
    axes = figures[0][0].axes[0]
    assert max(figures[0][0].get_size_inches()) < 20
    boxes_ = {id(t): t.get_window_extent() for t in axes.texts}
    for patch in axes.patches:                             # each figure within its own cell
        for t in axes.texts:
            if np.allclose(t.get_position(), middle(patch), atol=1e-9):
                outer, inner = patch.get_window_extent(), boxes_[id(t)]
                assert outer.x0 < inner.x0 and inner.x1 < outer.x1 and outer.y0 < inner.y0 and inner.y1 < outer.y1, t.get_text()
