"""Letters that our font does not have: another font, or a box and a line that says what to install; never a warning of Matplotlib."""

import re
import subprocess
import sys
import warnings
from dataclasses import replace
from pathlib import Path

import matplotlib
import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from matplotlib import font_manager

from tinydmn import errors, plots
from tinydmn.plots import drawing

from .test_pictures import drawn  # noqa: F401  (a fixture)


THAI, RARE = "ก", "\U00013000"                            # DejaVu Sans has neither; the second is a hieroglyph


def every_picture(word, path):
    """One picture of each kind, with word() wherever a user's words go."""
    half = [[0.5, 0.5]]
    return [
        lambda: plots.plot_attention([word()], half, path, question=word(), answer=word(), predicted=word()),
        lambda: plots.plot_attentions([word()], [(word(), half, word()), ("b", half, "b")], path, word(), word()),
        lambda: plots.plot_training({word(): [{"epoch": 1, "loss": 1.0}, {"epoch": 2, "loss": 0.5}]}, path),
        lambda: plots.plot_gradient_norms({word(): [0.5, 1.0]}, path),
        lambda: plots.plot_table([{"panel": word(), "row": word(), "series": s, "mean": 50.0} for s in ("ours", word())], path, word(), names={"ours": word()}),
        lambda: plots.plot_word_gates([word()], {word(): [word()]}, {word(): [[0.5]]}, path, [word()]),
        lambda: plots.plot_cost([1, 2], {word(): [1, 2]}, path, unit=word()),
        lambda: plots.plot_passes({word(): {word(): {0: 0.5, 1: 0.6}}}, path),
        lambda: plots.plot_gru([word()], [[0.5]], [[0.5]], [[0.5]], path),
        lambda: plots.plot_word_attention([word()], [(word(), half, word())], path, word(), word()),
        lambda: plots.plot_decoding([(word(), [word(), "b"], [[0.5, 0.5]])], path),
        lambda: plots.plot_confusion([word(), "b"], ["b", word()], path, title=word())]


def test_every_kind_of_picture_is_among_these():
    names = {name for draw in every_picture(str, "path.png") for name in draw.__code__.co_names if name.startswith("plot_")}
    assert names == {name for name in plots.__all__ if name.startswith("plot_")}


@pytest.mark.parametrize("k", range(len(every_picture(str, ""))))
def test_a_font_is_sought_for_each_word_of_a_user(drawn, monkeypatch, k):
    """Wherever it stands: in a fact, a title, an answer, a name in a legend."""
    given, sought = [], set()

    def word():
        given.append(chr(0x0E01 + len(given)))             # another letter of the Thai script each time
        return f"a {given[-1]}"
    monkeypatch.setattr(drawing, "_fonts_with", lambda letters: sought.update(letters) or ((), frozenset()))
    drawn(every_picture(word, "path.png")[k])
    assert given and set(given) <= sought


@pytest.fixture
def no_other_fonts(monkeypatch):
    """A machine that has Matplotlib's own fonts alone."""
    own = [font for font in font_manager.fontManager.ttflist if font.fname.startswith(matplotlib.get_data_path())]
    monkeypatch.setattr(font_manager.fontManager, "ttflist", own)
    monkeypatch.setattr(font_manager, "findSystemFonts", lambda: [font.fname for font in own])
    monkeypatch.setattr(errors, "_noticed", set())
    drawing._fonts_with.cache_clear()
    yield own
    drawing._fonts_with.cache_clear()


def a_font(path, family, letters, advance=2000):
    """A font file that has a black square for each of some letters, as broad as two ordinary letters."""
    pen = TTGlyphPen(None)
    for x, y in ((100, 0), (100, 900), (advance - 100, 900), (advance - 100, 0)):
        (pen.moveTo if not pen.points else pen.lineTo)((x, y))
    pen.closePath()
    names = [".notdef", *(f"u{ord(c):X}" for c in letters)]
    font = FontBuilder(1000, isTTF=True)
    font.setupGlyphOrder(names)
    font.setupCharacterMap({ord(c): name for c, name in zip(letters, names[1:])})
    font.setupGlyf(dict.fromkeys(names, pen.glyph()))
    font.setupHorizontalMetrics(dict.fromkeys(names, (advance, 100)))
    font.setupHorizontalHeader(ascent=900, descent=-100)
    font.setupNameTable({"familyName": family, "styleName": "Regular", "psName": family})
    font.setupOS2()
    font.setupPost()
    font.save(path)
    return font_manager.FontEntry(fname=str(path), name=family, style="normal", variant="normal", weight=400, stretch="normal", size="scalable")


@pytest.mark.parametrize("k", range(len(every_picture(str, ""))))
def test_a_letter_that_no_font_has_is_a_box_and_a_line_says_what_to_install(tmp_path, no_other_fonts, k, caplog, capfd):
    for _ in range(2):                                     # once is enough
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert every_picture(lambda: f"a {THAI} {RARE}", tmp_path / f"a.{('png', 'svg', 'pdf')[k % 3]}")[k]().stat().st_size > 1000
    says = (f"tinydmn: no font of this machine has {THAI} {RARE} and boxes stand for them in the picture; install one that has, say of the Noto family "
            f"(apt install fonts-noto, or fonts.google.com/noto), and draw it again\n")
    assert not caplog.records and capfd.readouterr() == ("", says)


def test_what_is_said_of_letters_that_no_font_has(tmp_path, no_other_fonts, capfd, monkeypatch):
    """The first of many; of letters that are there, or that nobody can see, nothing."""
    draw = lambda text: plots.plot_attention([text], [[0.5, 0.5]], tmp_path / "a.png")
    draw("mary é \u200d\t\u0301")
    assert capfd.readouterr().err == ""
    draw(f"mary {THAI}\u200d")
    assert f" has {THAI} and boxes stand for it in the picture; " in capfd.readouterr().err
    monkeypatch.setattr(errors, "_noticed", set())
    draw("".join(map(chr, range(0x0E0B, 0x0E00, -1))))
    assert " has ก ข ฃ ค ฅ ฆ ง จ ... and boxes stand for them in the picture; " in capfd.readouterr().err


def test_a_font_that_was_installed_meanwhile_is_taken(tmp_path, no_other_fonts, monkeypatch, capfd):
    """Matplotlib keeps a list of fonts from an earlier process; a broken file among the new ones does no harm."""
    a_font(tmp_path / "new.ttf", "New", THAI)
    (tmp_path / "broken.ttf").write_bytes(b"no font")
    monkeypatch.setattr(font_manager, "findSystemFonts", lambda: [str(tmp_path / name) for name in ("broken.ttf", "new.ttf")])
    svg = plots.plot_attention([f"mary {THAI}"], [[0.5, 0.5]], tmp_path / "a.svg").read_text()
    assert 'id="New-' in svg and capfd.readouterr() == ("", "")


def test_no_warning_of_a_whole_process(tmp_path):
    """With the fonts of this machine, whichever they are, and a Python that makes an error of every warning."""
    code = ("import sys; from tests.test_letters import every_picture\n"
            "letters = 'a \\u0e01 \\U00013000 \\u0928\\u092e \\u6f22 \\U0001f469\\u200d\\U0001f467'\n"
            "for draw in (*every_picture(lambda: letters, f'{sys.argv[1]}/a.png'), every_picture(lambda: letters, f'{sys.argv[1]}/a.pdf')[0]):\n    draw()")
    done = subprocess.run([sys.executable, "-W", "error", "-c", code, str(tmp_path)], cwd=Path(__file__).parents[1], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")
    assert not done.stderr or done.stderr.count("\n") == 1 and done.stderr.startswith("tinydmn: no font of this machine has ")


def test_a_font_that_has_the_letter_is_taken(tmp_path, no_other_fonts):
    """The letter's own sign, and room for it; letters that ours has are drawn with ours all the same."""
    draw = lambda name, fact: plots.plot_attention([fact], [[0.5, 0.5]], tmp_path / name).read_text()
    without = draw("a.svg", f"mary {THAI * 20}")
    no_other_fonts += [a_font(tmp_path / "few.ttf", "Few", THAI + "m"), a_font(tmp_path / "many.ttf", "Many", THAI + RARE + "m"), a_font(tmp_path / "other.ttf", "Other", "ศ")]
    drawing._fonts_with.cache_clear()
    with_font = draw("b.svg", f"mary {THAI * 20}")
    size = lambda svg: float(re.search(r'width="([\d.]+)pt"', svg)[1])
    assert size(with_font) > size(without)                 # two ordinary letters each
    others = lambda svg: {name for name in re.findall(r'id="([A-Za-z-]+)-[0-9a-f]+"', svg) if not name.startswith(("DejaVuSans", "LastResort"))}
    assert others(without) == set() and len(others(with_font)) == 1 and others(with_font) < {"Few", "Many"}
    assert len({*re.findall(r'id="((?:Few|Many)-[0-9a-f]+)"', with_font)}) == 1              # the one letter, and not the m that these have too
    assert others(draw("c.svg", f"mary {THAI}{RARE}")) == {"Many"}                           # one that has both goes before two
    plain = draw("d.svg", "mary")
    assert others(plain) == set() and size(plain) == size(without_fonts(no_other_fonts, draw))


def test_letters_that_ours_has_are_ours_beside_others(tmp_path, no_other_fonts):
    """In the same text: the other font has them too, and is asked for its own letter alone."""
    no_other_fonts.append(a_font(tmp_path / "all.ttf", "All", THAI + "mary"))
    signs = lambda fact, family: set(re.findall(rf'id="{family}-([0-9a-f]+)"', plots.plot_attention([fact], [[0.5, 0.5]], tmp_path / "a.svg").read_text()))
    assert len(signs(f"mary {THAI}", "All")) == 1 and signs(f"mary {THAI}", "DejaVuSans") == signs("mary", "DejaVuSans") != set()


def without_fonts(fonts, draw):
    """The same picture of plain letters on a machine without those fonts."""
    del fonts[-3:]
    drawing._fonts_with.cache_clear()
    return draw("e.svg", "mary")


def test_a_broken_font_does_no_harm(tmp_path, no_other_fonts, caplog):
    (tmp_path / "broken.ttf").write_bytes(b"no font")
    fine = a_font(tmp_path / "fine.ttf", "Fine", THAI)
    no_other_fonts += [replace(fine, name="Broken", fname=str(tmp_path / "broken.ttf")), fine]
    drawing._fonts_with.cache_clear()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert "Fine" in plots.plot_attention([THAI], [[0.9, 0.1]], tmp_path / "a.svg", question=f"{THAI}?", support=[0]).read_text()      # bold and not
    assert not caplog.records
    assert drawing._fonts_with(frozenset(THAI)) == (("Fine",), frozenset()) and drawing._fonts_with(frozenset("abc ")) == ((), frozenset())
    assert drawing._fonts_with(frozenset(THAI + RARE)) == (("Fine",), frozenset(RARE))


def test_settings_of_others_are_left_as_they_were(tmp_path, no_other_fonts):
    with matplotlib.rc_context({"font.family": "serif", "font.size": 20, "text.parse_math": True}):
        before = dict(matplotlib.rcParams)
        plots.plot_attention([f"a {THAI}"], [[0.5, 0.5]], tmp_path / "a.png")
        assert dict(matplotlib.rcParams) == before
