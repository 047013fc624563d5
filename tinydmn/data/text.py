"""Text files, plain or .gz, tokenisation, and the escapes of treebank files.  Every error in a file
is a UserError that names it."""

import gzip
import os
import re
import zlib
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from ..errors import UserError, at_line, kind_of

BOM = b"\xef\xbb\xbf"                                      # byte order mark of UTF-8
PARTED = frozenset([*".,!?;:()", "...", "``", "''", '"',   # as words, a sign of tokenised text
                    "n't", "'s", "'re", "'ve", "'ll", "'d", "'m"])
JOINED = re.compile(r"\w[,;!?][\"')\]]*$")                 # a word with punctuation attached
ADDRESS = re.compile(r"\S+@\S+\.\S+|https?://\S+|www\.\S+", re.I)     # one word
BRACKETS = {"-LRB-": "(", "-RRB-": ")", "-LSB-": "[", "-RSB-": "]", "-LCB-": "{", "-RCB-": "}"}


@contextmanager
def open_bytes(path):
    """A context manager: the file as a binary stream, decompressed if it is gzipped.

    Raises UserError, also from within the `with` block, where the file is missing, broken or
    unreadable.
    """
    if kind_of(path) == "folder":                          # the error of open varies by system
        raise UserError(f"{path}: is a folder, not a file; give a file")
    try:
        with open(path, "rb") as file:
            start = file.peek(2)
            if start.startswith(b"\x1f\x8b"):
                yield gzip.GzipFile(fileobj=file)
            elif str(path).endswith(".gz") and start:
                raise UserError(f"{path}: ends in .gz but is not a gzip file; "
                                "rename it, or download it again")
            else:
                yield file
    except FileNotFoundError:
        raise UserError(f"{path}: no such file; check the name") from None
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise UserError(f"{path}: broken gzip file ({error}); download it again") from None
    except OSError as error:
        problem = f"cannot be read ({error.strerror})"
        raise UserError(f"{path}: {problem}; give a file you may read") from None


def read_text(path, holds):
    """The whole file as str, without a byte order mark.

    holds: what it should contain ("trees"), for the message about an empty file.  Raises UserError.
    """
    with open_bytes(path) as file:
        data = file.read().removeprefix(BOM)
    if not data.strip():
        raise UserError(f"{path}: empty; give a file with {holds} in it")
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        problem = f"byte 0x{data[error.start]:02x} is not UTF-8"
        raise at_line(path, line, problem, "save the file as UTF-8") from None


def numbered_lines(path, holds):
    """Yields (line number, text) for each line of a file, from 1.  Only a newline ends a line, as
    other Unicode line breaks may occur in a word."""
    return enumerate((line.rstrip("\r") for line in read_text(path, holds).split("\n")), 1)


def first_letter(path):
    """The first character of a file that is not a blank; "" for an empty or missing file, and for a
    pipe, which can be read only once."""
    if not os.path.isfile(path):
        return ""
    with open_bytes(path) as file:
        return file.read(4096).removeprefix(BOM).lstrip()[:1].decode(errors="replace")


def paths_in(folder):
    """The paths in a folder, sorted by name.  Raises UserError where it cannot be read."""
    try:
        return sorted(Path(folder).iterdir())
    except OSError as error:
        problem = f"cannot be read ({error.strerror})"
        raise UserError(f"{folder}: {problem}; give a folder you may read") from None


def unescape(word):
    r"""A word of a treebank without its escapes: -LRB- is (, \/ is /, \* is *."""
    return BRACKETS.get(word) or re.sub(r"\\([/*])", r"\1", word)


def short(text):
    """A text as shown in messages: in quotes, at most 40 characters of it."""
    return repr(text if len(text) <= 40 else text[:37] + "...")


def blank_parted(text):
    """A text, split at blanks, tabs and newlines.  A no-break space does not split a word."""
    return [part for part in re.split(r"[ \t\r\n]+", text) if part]


def treebank_words(text, known=frozenset()):
    """Ordinary text -> its words (list[str]) by the Penn Treebank's tokenisation: "It isn't bad."
    is It, is, n't, bad, and the full stop.

    Text that is tokenised already, with a full stop or n't as a word, is only split at blanks.
    known: the words of a vocabulary, in lower case; these are never split, and one that contains
    blanks ("10 000", or a word of Vietnamese) is one word.
    """
    parts = blank_parted(text)
    joined = any(JOINED.search(part) and part.lower() not in known for part in parts)
    if joined or not any(part.lower() in PARTED for part in parts):
        parts = [word for part in parts for word in _treebank_part(part, known)]
    return with_blanks(parts, known)


def _treebank_part(part, known):
    """A text without blanks -> its words."""
    if part.lower() in known or ADDRESS.fullmatch(part) or "\u00a0" in part:
        return [part]
    plain = lambda word: word in ("``", "''") and word not in known and '"' in known
    return ['"' if plain(word) else word for word in _tokenized(part)]


@cache
def _tokenized(part):
    from nltk.tokenize.treebank import TreebankWordTokenizer       # imported late: rarely needed
    return TreebankWordTokenizer().tokenize(part)


def with_blanks(parts, known):
    """Joins parts that together are a known word with blanks, the longest that matches."""
    longest = max((word.count(" ") for word in known if " " in word), default=0) + 1
    words, i = [], 0
    while i < len(parts):
        n = next((n for n in range(min(longest, len(parts) - i), 1, -1)
                  if " ".join(parts[i:i + n]).lower() in known), 1)
        words.append(" ".join(parts[i:i + n]))
        i += n
    return words
