"""What the pictures share: one style, positions in inches, text measured before it is placed,
saving."""

import contextlib
import io
import textwrap
import warnings
import webbrowser
from functools import cache
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib import font_manager
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from ..errors import UserError, check_picture, notice
from .loading import quiet

# Fixed settings: the same input gives the same picture whatever the machine's matplotlibrc says,
# and words are never read as formulae.
_FONT = "DejaVu Sans"                   # comes with Matplotlib
_STYLE = {"font.family": _FONT, "font.size": 9, "axes.titlesize": 9, "axes.titlelocation": "left",
          "axes.spines.top": False, "axes.spines.right": False, "axes.linewidth": 0.8,
          "text.parse_math": False, "svg.hashsalt": "tinydmn", "savefig.dpi": 160}
# after Okabe and Ito: distinct for the colour-blind
INKS = ("#000000", "#0060A0", "#B34700", "#00734F", "#A0457C", "#666666")
DASHES = ("-", (0, (6, 2)), (0, (2, 1.5)), (0, (6, 2, 1.5, 2)), (0, (10, 2)), (0, (1, 1)))
MARKERS = "os^DvP"
GREY = "#555555"
LINE, PAD = 0.17, 0.15              # inches: a line of text; the margin of a picture
_SCREEN = 110                       # dots an inch in a notebook


class Picture(Figure):
    """A figure that a notebook shows, whether or not Matplotlib's inline backend is loaded."""

    def _repr_png_(self):
        with _style(), io.BytesIO() as png:
            self.savefig(png, format="png", dpi=_SCREEN)
            return png.getvalue()


@contextlib.contextmanager
def _style():
    with matplotlib.rc_context(), warnings.catch_warnings(), quiet():
        warnings.filterwarnings("ignore", "Glyph .* missing from")
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(_STYLE)
        yield


@contextlib.contextmanager
def new_figure(*texts):
    """An empty figure in our style, in a `with` block in which it is drawn and saved.

    texts: those of the user's own that will be drawn (strings, or nested lists of them).  Letters
    that our font lacks come from other fonts of this machine; where none has them, boxes stand for
    them and a notice says what to install.
    """
    with _style():
        letters = frozenset("".join(_flat(texts)))
        if not letters <= _letters_of(font_manager.findfont(_FONT)):
            names, missing = _fonts_with(letters)
            matplotlib.rcParams["font.family"] = [_FONT, *names]
            if missing:
                some = " ".join(sorted(missing)[:8]) + " ..." * (len(missing) > 8)
                them = "it" if len(missing) == 1 else "them"
                notice("fonts", f"no font of this machine has {some} and boxes stand for {them} in "
                       "the picture; install one that has, say of the Noto family (apt install "
                       "fonts-noto, or fonts.google.com/noto), and draw it again")
        figure = Picture()
        FigureCanvasAgg(figure)
        yield figure


def _flat(texts):
    for text in texts:
        yield from [text] if isinstance(text, str) else _flat(text)


@cache
def _letters_of(path):
    """The characters of a font file, as a set."""
    return frozenset(map(chr, font_manager.get_font(path).get_charmap()))


@cache
def _fonts_with(letters):
    """-> names of fonts of this machine that together have those of `letters` that ours lacks, as
    few as possible, the most useful first; the letters that none has."""
    ours, names = _letters_of(font_manager.findfont(_FONT)), []
    missing = {c for c in letters - ours if c.isprintable()}
    for fonts in (lambda: font_manager.fontManager.ttflist, _new_fonts):
        having = {}
        for font in fonts() if missing else ():
            if font.fname.startswith(matplotlib.get_data_path()):
                continue                       # its mathematical fonts have other signs for letters
            with contextlib.suppress(Exception):           # a broken font file
                having.setdefault(font.name, missing & _letters_of(font.fname))
        useful = lambda name: (len(having[name] & missing), name)
        while missing and having and having[best := max(having, key=useful)] & missing:
            names.append(best)
            missing -= having[best]
    return tuple(names), frozenset(missing)


def _new_fonts():
    """Fonts installed since Matplotlib made its list of fonts, which it would never see."""
    manager = font_manager.fontManager
    before = len(manager.ttflist)
    for path in {*font_manager.findSystemFonts()} - {font.fname for font in manager.ttflist}:
        with contextlib.suppress(Exception):
            manager.addfont(path)
    return manager.ttflist[before:]


def save(figure, path):
    """Save `figure` at `path` and return the path.

    Raises UserError for another ending than .png, .svg or .pdf, and where it cannot be written."""
    path = Path(path)
    check_picture(path)
    undated = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}.get(path.suffix.lower(), {})
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, metadata=undated)
    except OSError as error:
        raise UserError(f"{path}: the picture cannot be written ({error.strerror}); choose another "
                        "place") from None
    return path


def show(path):
    """Open a saved picture in the system's viewer."""
    webbrowser.open(Path(path).resolve().as_uri())


def text_size(figure, text, **font):
    """Width and height of `text` in inches."""
    probe = figure.text(0, 0, text, **font)
    box = probe.get_window_extent(figure.canvas.get_renderer())
    probe.remove()
    return box.width / figure.dpi, box.height / figure.dpi


def wrapped(figure, text, width, **font):
    """`text` in lines of at most `width` inches."""
    for characters in range(max(1, len(text)), 0, -1):
        lines = textwrap.wrap(text, characters)
        if all(text_size(figure, line, **font)[0] <= width for line in lines):
            break
    return lines


def ink_on(shade):
    """White or black, whichever has more contrast with the colour `shade` (as WCAG defines it)."""
    r, g, b = ((c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4) for c in shade[:3])
    return "white" if 0.2126 * r + 0.7152 * g + 0.0722 * b < 0.179 else "black"


def axes_at(figure, left, top, width, height):
    """Axes at a position in inches from the figure's upper left corner."""
    w, h = figure.get_size_inches()
    return figure.add_axes([left / w, 1 - (top + height) / h, width / w, height / h])


def label_ends(figure, axes, ends):
    """Write each curve's name right of the axes at the height where it ends; names that would
    overlap are moved apart.  ends: (x, y, name, ink), x and y in data coordinates."""
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
        axes.plot([start[0], 1, end], [start[1], start[1], label_y], ":", transform=axes.transAxes,
                  color=ink, linewidth=0.8, clip_on=False)
        axes.text(label_x, label_y, name, transform=axes.transAxes, va="center_baseline", color=ink)
