"""Lesson 3b as a student runs it: every derivative against a difference, a wrong line named by its gradient, exercises that give what
its last lines say; the picture of the way back, read back."""

import re
from pathlib import Path

import numpy as np
import pytest
from matplotlib import colormaps

from tinydmn import plots
from tinydmn.gradcheck import numerical_grad
from tinydmn.plots import flow
from tinydmn.plots.flow import plot_flow

from .test_lessons_01_02 import check_places, verdicts
from .test_lessons_05_07 import as_a_student, check_screen, lesson

NAME = "03b_back_through_an_episode"
FLAT = lambda text: " ".join(text.split())


@pytest.fixture(scope="module")
def back(tmp_path_factory):
    """The lesson, with what was given to its picture."""
    given = []
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(flow, "plot_flow", lambda *a: given.append(a) or plot_flow(*a))
        ran = lesson(NAME, tmp_path_factory.mktemp("lesson"))
    ran.given, = given
    return ran


def test_the_lesson_runs_fits_80_columns_draws_and_says_the_same_again(tmp_path):
    (tmp_path / "student").mkdir()
    done = as_a_student(NAME, tmp_path / "student")
    assert done.returncode == 0 and done.stderr == ""
    check_screen(done.stdout)
    check_places(done.stdout, 6)
    assert f"picture: {Path('out', NAME)}.png" in done.stdout.splitlines()
    again, other = lesson(NAME, tmp_path), lesson(NAME, tmp_path, seed=1)
    first, second, third = ((folder / "out" / f"{NAME}.png").read_bytes() for folder in (tmp_path / "student", again.folder, other.folder))
    assert first == second != third and len(first) > 10_000
    screen = lambda text: re.sub(r"^picture: .*", "", text, flags=re.M)
    assert screen(done.stdout) == screen(again.out) != screen(other.out)


@pytest.mark.parametrize("seed", range(5))
def test_what_it_claims_holds(seed, tmp_path):
    ran = lesson(NAME, tmp_path, seed=seed)
    check_screen(ran.out)
    assert [verdict for _, verdict in verdicts(ran.out)] == ["holds"] * 4 == ["holds" for c in ran.claims if c.holds]


def test_a_softmax_by_hand(back):
    s = np.array([1.0, 0.0, -1.0])
    p = np.exp(s) / np.exp(s).sum()
    rows = np.array([re.findall(r"[+-]\d\.\d{6}", line) for line in back.out.splitlines() if re.match(r"  p_\d ", line)], float)
    expected = np.array([[p[i] * ((i == j) - p[j]) for j in range(3)] for i in range(3)])
    np.testing.assert_allclose(rows, np.hstack([expected, expected]), atol=2e-6)
    for label in (r"p - onehot", r"-1/p_1 times row 1"):
        numbers = re.search(rf"^  {re.escape(label)} +(\S+) +(\S+) +(\S+)$", back.out, re.M).groups()
        np.testing.assert_allclose(np.array(numbers, float), p - [1, 0, 0], atol=2e-6)
    assert f"E = -log p_1 = {-np.log(p[0]):.6f}" in back.out


def test_a_gate_is_pulled_to_the_side_the_loss_wants(back):
    rows = np.array(re.findall(r"^  \d  (\d\.\d\d) +(\S+) +(\S+) +(\S+) +(\S+)$", back.out, re.M), float)
    rng, g = np.random.default_rng(0), np.array([0.9, 0.0, 0.5])
    c, dh, W, U, b = (rng.normal(size=size) for size in ((3, 2), 2, (3, 2, 2), (3, 2, 2), (3, 2)))

    def L():
        h = np.zeros(2)
        for c_t, g_t in zip(c, g):
            z, r = (1 / (1 + np.exp(-(W[k] @ c_t + U[k] @ h + b[k]))) for k in (0, 1))
            h = g_t * (z * h + (1 - z) * np.tanh(W[2] @ c_t + r * (U[2] @ h) + b[2])) + (1 - g_t) * h
        return dh @ h
    assert rows.shape == (3, 5)
    np.testing.assert_allclose(rows[:, :3], np.stack([g, numerical_grad(L, g), numerical_grad(L, g)], axis=1), atol=2e-6)
    np.testing.assert_allclose(rows[:, 4], np.linalg.norm(numerical_grad(L, c), axis=1), atol=2e-6)
    np.testing.assert_allclose(rows[:, 3], rows[:, 1] * rows[:, 0] * (1 - rows[:, 0]), atol=2e-6)
    assert rows[1, 1] != 0 and rows[1, 4] == 0 < rows[[0, 2], 4].min()


def test_the_kink(back):
    rows = np.array(re.findall(r"^ +([+-]\d)e([+-]\d\d) +([+-]\d) +([+-]\d\.\d{6})$", back.out, re.M), float)
    gaps = rows[:, 0] * 10.0 ** rows[:, 1]
    np.testing.assert_allclose(rows[:, 2], np.sign(gaps))
    np.testing.assert_allclose(rows[:, 3], np.clip(gaps / 1e-5, -1, 1), atol=1e-5)         # |d + h| - |d - h| over 2 h


def test_all_passes_share_and_add_up(back):
    names = back.names
    d, shares, pulls, dm_0 = names["backward"]()
    E = lambda: names["forward"]()[0]
    arrays = {"c": names["c"], "q": names["q"], **names["w"]}
    assert np.abs(names["c"] - names["q"]).min() > 1e-4
    for name, array in arrays.items():
        np.testing.assert_allclose(d[name], numerical_grad(E, array), rtol=1e-6, atol=1e-8)
        outside = {"W_a": d["W_a"], "q": dm_0}.get(name, 0)
        np.testing.assert_allclose(sum(share[name] for share in shares) + outside, d[name], atol=1e-12)
    assert back.out.count("by hand and as difference: the same within 1e-08") == len(arrays) == 11
    printed = {name: numbers.split() for name, numbers in re.findall(r"^  dE/d(\S+) +(\S.*)$", back.out, re.M)}
    for name, numbers in printed.items():
        wanted = [*(share[name] for share in shares), *[dm_0][:name == "q"], d[name]]
        assert [float(v) for v in numbers if v != "-"] == pytest.approx([np.linalg.norm(a) for a in wanted], abs=6e-6)
    assert list(printed) == ["W_1", "W", "c", "q"]


def test_the_pull_on_each_score_and_the_two_ways_it_came(back):
    names = back.names
    _, _, _, kept = names["forward"]()
    _, _, _, p, _ = kept[1]           # m^1, and pass 2
    rows = np.array([re.findall(r"[+-]\d\.\d{5}", line) for line in back.out.splitlines() if re.match(r"  (Daniel|Mary|John) .*[+-]\d\.\d{5}", line)], float)
    assert rows.shape == (4, 4)
    np.testing.assert_allclose(rows[:, 0] + rows[:, 1], rows[:, 2], atol=2e-5)
    np.testing.assert_allclose(rows.sum(axis=0), 0, atol=5e-5)             # a softmax takes what it gives

    def loss(s, frozen):
        """The loss as a function of pass 1's scores; frozen: pass 2's attention stays what it was."""
        e = np.exp(s - s.max()) / np.exp(s - s.max()).sum() @ names["c"]
        m_1, _ = names["gru"](e, names["q"], names["cell"](names["w"]))
        u = np.tanh(names["features"](m_1) @ names["w"]["W_1"].T + names["w"]["b_1"])
        p_2 = p if frozen else names["softmax"](u @ names["w"]["W_2"] + names["w"]["b_2"])
        m_2, _ = names["gru"](p_2 @ names["c"], m_1, names["cell"](names["w"]))
        y = names["softmax"](names["w"]["W_a"] @ m_2)
        return -np.log(y[names["right"]])
    s = np.log(kept[0][3])
    np.testing.assert_allclose(rows[:, 2], -numerical_grad(lambda: loss(s, False), s), atol=1e-5)
    np.testing.assert_allclose(rows[:, 0], -numerical_grad(lambda: loss(s, True), s), atol=1e-5)
    by_gates, straight = rows[:, 1] / kept[0][3], rows[:, 0] / kept[0][3]
    assert back.claims[2].because == f"by gates {by_gates[0]:+.3f} and {by_gates[2]:+.3f}; straight {straight[0]:+.3f} and {straight[2]:+.3f} for a unit of attention" \
        or np.allclose([float(v) for v in re.findall(r"[+-]\d\.\d{3}", back.claims[2].because)], [by_gates[0], by_gates[2], straight[0], straight[2]], atol=2e-3)
    assert f"A pull of {rows[0, 1]:+.5f} on sentence 1" in FLAT(back.out)


@pytest.mark.parametrize("right, wrong, first", [
    ("dg[t] = dh @ (step - h)", "dg[t] = dh @ step", "dg, by hand"),
    ("dh = (1 - g[t]) * dh + dh_step", "dh = (1 - g[t]) * dh", "dg, by hand"),
    ("gru_back(g[t] * dh, cache, w, dw)", "gru_back(dh, cache, w, dw)", "dg, by hand"),
    ("dUh = np.array([da[0], da[1], da_h * r])", "dUh = da", "dg, by hand"),
    ("J = np.diag(p) - np.outer(p, p)", "J = np.diag(p * (1 - p))", "The Jacobian"),
    ("ds = p - (np.arange(len(S)) == k)", "ds = (np.arange(len(S)) == k) - p", "dE/ds = p"),
    ("ds = p * (dp - p @ dp)", "ds = p * dp", "dE/dc"),
    ("d[\"q\"] += dm  ", "d[\"q\"] += 0  ", "dE/dq"),
    ("dm = dm + gates * features_back", "dm = gates * features_back", "dE/dc"),
    ("d[\"c\"] += np.outer(p, de)", "d[\"c\"] += np.outer(de, p)[:0].sum()", "dE/dc"),
    ("+ abs_m * sign_m + toward @ w[\"W_b\"].T", "+ toward @ w[\"W_b\"].T", "dE/dc"),
    ("d[\"W_a\"] += np.outer(dy, m)", "d[\"W_a\"] += np.outer(dy, q)", "dE/dW_a"),
    ("da = ds[:, None] * w[\"W_2\"] * (1 - u**2)", "da = ds[:, None] * w[\"W_2\"]", "dE/dc"),
    ("d[\"W_1\"] += da.T @ z", "d[\"W_1\"] = da.T @ z", "dE/dW_1"),
])
def test_a_wrong_line_is_named(right, wrong, first, tmp_path):
    out = lesson(NAME, tmp_path, (right, wrong)).out
    assert re.findall(r"^(.*?)(?:, by|,) .*?NOT", out.replace("\n", " \n"), re.M | re.S) and "What you saw" in out
    assert re.search(r"^[^\n]*NOT", FLAT(out).replace(" dE/d", "\ndE/d").replace(" The J", "\nThe J").replace(" dg, by", "\ndg, by"), re.M)[0].split("NOT")[0].startswith(first)


def test_your_turn(tmp_path):
    one = lesson(NAME, tmp_path, ("PASSES = 2 ", "PASSES = 1 "))
    assert [c.holds for c in one.claims] == [True, True, False, True] and not one.names["ways"]["by gates"].any()
    open_ = lesson(NAME, tmp_path, ("GATES = np.array([0.9, 0.0, 0.5])", "GATES = np.array([0.9, 1.0, 0.5])"))
    row = re.search(r"^  2  1\.00 +(\S+) +(\S+) +(\S+) +(\S+)$", open_.out, re.M)
    assert float(row[3]) == 0 != float(row[1]) and float(row[4]) > 0 and [c.holds for c in open_.claims] == [True, False, True, True]
    left_out = lesson(NAME, tmp_path, ("np.sum(d_m + cm * c - abs_m * sign_m, axis=0)", "np.sum(d_m + cm * c, axis=0)"))
    wrong = re.findall(r"^dE/d(\w+), by hand and as difference: NOT", left_out.out, re.M)
    assert set(wrong) == {"c", "q", "W_b", "W_1", "b_1", "W_2", "W", "U", "b"}
    assert "all that pass 1 shares in: c, W_b, W_1, b_1, W_2, W, U and b. W_a is right." in FLAT(left_out.out)
    three = lesson(NAME, tmp_path, ("PASSES = 2 ", "PASSES = 3 "))
    assert three.claims[2].holds
    for ran in (one, open_, three):
        check_screen(ran.out)


# ---- its picture ----

@pytest.fixture
def drawn(monkeypatch):
    figures = []
    monkeypatch.setattr(plots.flow, "save", lambda figure, path, show=False: figures.append(figure) or path)
    return figures


def test_the_way_back_is_drawn_fact_by_fact_and_pass_by_pass(drawn):
    panels = {"p": [[0.25, 0.75, 0.0], [0.5, 0.4, 0.1]], "pull": [[-0.2, 0.1, 0.1], [0.4, -0.3, -0.1]]}
    plot_flow(["one fact", "two", "three"], panels, "a.png", "a question")
    axes, = drawn[0].axes
    texts = [(t.get_text(), *t.get_position()) for t in axes.texts]
    row_of = {text: y for text, _, y in texts if text in ("one fact", "two", "three")}
    heads = sorted((x, text) for text, x, y in texts if text.startswith("pass "))
    assert [text for _, text in heads] == ["pass 1", "pass 2"] * 2 and row_of["one fact"] < row_of["two"] < row_of["three"]
    cells = sorted(((round(p.get_x(), 3), round(p.get_y(), 3)), p) for p in axes.patches)
    assert len(cells) == 12
    for k, ((x, y), patch) in enumerate(cells):
        (name, a), i, t = list(panels.items())[k // 6], k // 3 % 2, k % 3
        inside, = [text for text, u, v in texts if x < u < x + patch.get_width() and y < v < y + patch.get_height()]
        assert inside == (f"{a[i][t]:+.3f}" if name == "pull" else f"{a[i][t]:.3f}").replace("-", "−")
        assert y < list(row_of.values())[t] < y + patch.get_height() and x < heads[k // 3][0] < x + patch.get_width()
        assert patch.get_facecolor() == pytest.approx(colormaps["Blues"](0.85 * abs(a[i][t]) / np.abs(a).max()))
    drawn[0].draw(drawn[0].canvas.get_renderer())
    for text in axes.texts:
        box = text.get_window_extent()
        assert box.x0 >= 0 and box.y0 >= 0 and box.x1 <= drawn[0].bbox.x1 and box.y1 <= drawn[0].bbox.y1, text.get_text()


def test_the_lesson_draws_what_it_counted(back):
    facts, panels, path, title = back.given
    names = back.names
    assert facts == names["story"] and path.name == f"{NAME}.png" and "garden" in title
    p, pull, error = panels.values()
    np.testing.assert_allclose(p, [each[3] for each in names["kept"]])
    np.testing.assert_allclose(pull, [-ds for ds in reversed(names["pulls"])])
    np.testing.assert_allclose(error, [[np.linalg.norm(row) for row in share["c"]] for share in reversed(names["shares"])])


@pytest.mark.parametrize("facts, panels", [([], {"p": [[]]}), (["a"], {}), (["a", "b"], {"p": [[1.0]]}), (["a"], {"p": [[np.nan]]}), (["a"], {"p": [[1.0]], "q": [[1.0], [2.0]]}), (["a"], {"p": [1.0]})])
def test_what_cannot_be_drawn_says_so(facts, panels, tmp_path):
    with pytest.raises(ValueError, match="facts, but"):
        plot_flow(facts, panels, tmp_path / "a.png")
    assert not list(tmp_path.iterdir())
