"""Lessons 5 and 7 as a student runs them, their two pictures at many sizes, and their claims, which can fail."""

import os
import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tinydmn import answer_module, ops, plots
from tinydmn.errors import UserError

LESSONS = Path(__file__).parents[1] / "lessons"
NAMES = ("05_sentiment", "07_decoding")
each_lesson = pytest.mark.parametrize("name", NAMES)


def run(name, folder, *more):
    return subprocess.run([sys.executable, str(LESSONS / f"{name}.py"), "--quick", "--out", str(folder / "out"), *more], cwd=folder,
                          capture_output=True, text=True, env=os.environ | {"COLUMNS": "80", "PYTHONIOENCODING": "ascii"}, timeout=300)


@each_lesson
def test_a_lesson_runs_fits_80_columns_draws_and_says_the_same_again(name, tmp_path):
    first, again = tmp_path / "a", tmp_path / "b"
    for folder in (first, again):
        folder.mkdir()
        done = run(name, folder)
        assert done.returncode == 0, done.stderr
        lines = done.stdout.splitlines()
        assert max(map(len, lines)) <= 80, [line for line in lines if len(line) > 80]
        assert not any("nan" in line.split() for line in lines) and "\x1b" not in done.stdout
        for part in ("What you saw", "Where the code is", "Your turn", "Next: lesson"):
            assert sum(line.startswith(part) for line in lines) == 1
    picture = Path("out") / f"{name}.png"
    assert (first / picture).read_bytes() == (again / picture).read_bytes() and (first / picture).stat().st_size > 10_000


@each_lesson
def test_a_missing_folder_is_one_line(name, tmp_path):
    done = run(name, tmp_path, "--data", str(tmp_path / "none"))
    assert done.returncode == 2 and done.stderr.strip().count("\n") == 0 and "none" in done.stderr


def lesson_in_process(name, monkeypatch, tmp_path, *changes):
    """Runs the lesson, with lines of it changed, in this process."""
    source = (LESSONS / f"{name}.py").read_text(encoding="utf-8")
    for old, new in changes:
        assert source.count(old) == 1, f"{old!r} stands {source.count(old)} times in {name}.py"
        source = source.replace(old, new)
    (tmp_path / f"{name}.py").write_text(source, encoding="utf-8")
    monkeypatch.setattr(sys, "argv", [name, "--quick", "--out", str(tmp_path)])
    monkeypatch.syspath_prepend(str(LESSONS))
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    return runpy.run_path(str(tmp_path / f"{name}.py"))


@pytest.mark.parametrize("name, where, wrong, says", [
    ("05_sentiment", "gate_forward", lambda right: lambda *a: (lambda s, cache: (1.001 * s, cache))(*right(*a)), "the gate of best in pass 1"),
    ("05_sentiment", "gru_forward", lambda right: lambda *a: (lambda h, cache: (1.001 * h, cache))(*right(*a)), "Mismatched"),
    ("07_decoding", "gru_cell_forward", lambda right: lambda *a: (lambda h, cache: (1.001 * h, cache))(*right(*a)), "step 1"),
])
def test_a_planted_mistake_stops_a_lesson(name, where, wrong, says, monkeypatch, tmp_path):
    numpy_ops = ops.load("numpy")
    monkeypatch.setattr(numpy_ops, where, wrong(getattr(numpy_ops, where)))
    with pytest.raises(AssertionError, match=says):
        lesson_in_process(name, monkeypatch, tmp_path)


def test_a_decoder_that_forgets_its_last_word_stops_lesson_7(monkeypatch, tmp_path):
    right = answer_module.decode_forward
    monkeypatch.setattr(answer_module, "decode_forward", lambda m, q, *more: right(m, 0 * q, *more))
    with pytest.raises(AssertionError, match="step 1"):
        lesson_in_process("07_decoding", monkeypatch, tmp_path)


@pytest.mark.parametrize("name, old, new, says", [
    ("05_sentiment", "PRAISE, HEARD = 2.0, 3.0", "PRAISE, HEARD = 2.0, 0.0", "the second look should leave best"),
    ("05_sentiment", "assert args.quick or gap > least", "assert gap > 1", "should beat naive Bayes"),
    ("07_decoding", "DONE = -8.0", "DONE = 0.0", "the decoder should say n, w, <eos>, not n n n n ..."),
    ("07_decoding", "(out.answers[:, :steps] == batch.answer).all(axis=1)", "(out.answers[:, :steps] == batch.answer).any(axis=1)", "two ways to judge"),
    ("07_decoding", "assert args.quick or right.mean() > least", "assert right.mean() > 1", "lists: "),
])
def test_your_turn_and_what_the_asserts_say(name, old, new, says, monkeypatch, tmp_path):
    with pytest.raises(AssertionError, match=says):
        lesson_in_process(name, monkeypatch, tmp_path, (old, new))


# ---- the pictures ----

def shares(rng, rows, columns):
    e = np.exp(3 * rng.normal(size=(rows, columns)))
    return e / e.sum(axis=1, keepdims=True)


@pytest.fixture
def drawn(monkeypatch):
    """Saved figures; in each every text lies inside, and no two meet."""
    figures, save = [], plots.drawing.save

    def checked(figure, path, show=False):
        figure.draw(figure.canvas.get_renderer())
        boxes = [t.get_window_extent() for t in figure.axes[0].texts if t.get_text()]
        for i, box in enumerate(boxes):
            assert box.x0 >= 0 and box.y0 >= 0 and box.x1 <= figure.bbox.x1 and box.y1 <= figure.bbox.y1
            for other in boxes[:i]:
                assert min(min(box.x1, other.x1) - max(box.x0, other.x0), min(box.y1, other.y1) - max(box.y0, other.y0)) <= 0.5
        figures.append(figure)
        return save(figure, path, show)
    monkeypatch.setattr(plots.words, "save", checked)
    return figures


@pytest.mark.parametrize("n_words", [1, 7, 40])
def test_words_with_their_attention(n_words, drawn, tmp_path):
    rng = np.random.default_rng(n_words)
    words = [rng.choice(["a", "film", "incomprehensibility", "$5", "gegenüber"]) for _ in range(n_words)]
    panels = [("one pass", shares(rng, 1, n_words + 1), "positive"), ("two passes", shares(rng, 2, n_words + 1), "very-negative")]
    path = plots.plot_word_attention(words, panels, tmp_path / "a.png", "a text " * n_words, "positive")
    assert path.stat().st_size > 5_000
    shown = [t.get_text() for t in drawn[0].axes[0].texts]
    assert [t for t in shown if t in words] == words and len(drawn[0].axes[0].patches) == 3 * (n_words + 1)
    assert sum("predicted: very-negative  ✗" in t for t in shown) == shown.count("pass 2") >= 1


@pytest.mark.parametrize("sizes", [((1, 2),), ((3, 30), (6, 5)), ((12, 12),)])
def test_a_decoder_step_by_step(sizes, drawn, tmp_path):
    rng = np.random.default_rng(len(sizes))
    title = "what is john carrying and where does he go with it, all in all?"
    panels = [(title, [f"word-{k}" for k in range(A)], shares(rng, steps, A)) for steps, A in sizes]
    assert plots.plot_decoding(panels, tmp_path / "a.png").stat().st_size > 5_000
    frames = [p for p in drawn[0].axes[0].patches if not p.get_fill()]
    assert len(frames) == sum(steps for steps, _ in sizes)
    shown = [t.get_text() for t in drawn[0].axes[0].texts]
    for _, words, p in panels:
        assert {words[k] for k in p.argmax(axis=1)} <= set(shown)


def test_pictures_say_what_is_wrong(tmp_path):
    with pytest.raises(ValueError, match="gates have shape"):
        plots.plot_word_attention(["a"], [("", [[1.0]], "")], tmp_path / "a.png")
    with pytest.raises(ValueError, match="no panel"):
        plots.plot_word_attention(["a"], [], tmp_path / "a.png")
    with pytest.raises(ValueError, match="no panel"):
        plots.plot_decoding([], tmp_path / "a.png")
    with pytest.raises(ValueError, match="sum 1"):
        plots.plot_decoding([("", ["a", "b"], [[0.5, 0.6]])], tmp_path / "a.png")
    with pytest.raises(UserError, match="ends in .png"):
        plots.plot_decoding([("", ["a", "b"], [[0.5, 0.5]])], tmp_path / "a.txt")
