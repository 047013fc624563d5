"""Text files, plain or .gz, and the escapes that treebank files use.  Every fault of a file is a UserError that names it."""

import gzip
import os
import re
import zlib
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from ..errors import UserError, at_line, kind_of

BOM = b"\xef\xbb\xbf"                                        # a byte order mark: some editors begin a file of UTF-8 with it
PARTED = frozenset([*".,!?;:()", "...", "``", "''", '"', "n't", "'s", "'re", "'ve", "'ll", "'d", "'m"])            # where one stands alone, words are parted
JOINED = re.compile(r"\w[,;!?][\"')\]]*$")                 # a word and what should be words of their own
ADDRESS = re.compile(r"\S+@\S+\.\S+|https?://\S+|www\.\S+", re.I)               # one word, whatever signs it holds
BRACKETS = {"-LRB-": "(", "-RRB-": ")", "-LSB-": "[", "-RSB-": "]", "-LCB-": "{", "-RCB-": "}"}


@contextmanager
def open_bytes(path):
    """The file's bytes as a binary stream, unpacked where they are gzip, to be read inside the `with` block.

    Raises UserError, also while the block reads, where the file is missing, broken or not to be read.
    """
    if kind_of(path) == "folder":                          # opening it has another error on each system
        raise UserError(f"{path}: is a folder, not a file; give a file")
    try:
        with open(path, "rb") as file:
            start = file.peek(2)
            if start.startswith(b"\x1f\x8b"):
                yield gzip.GzipFile(fileobj=file)
            elif str(path).endswith(".gz") and start:
                raise UserError(f"{path}: ends in .gz but is no gzip file; rename it, or download it again")
            else:
                yield file
    except FileNotFoundError:
        raise UserError(f"{path}: no such file; check the name") from None
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise UserError(f"{path}: broken gzip file ({error}); download it again") from None
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror}); give a file you may read") from None


def read_text(path, holds):
    """The whole file as str, without a byte order mark.  `holds` says what it should hold ("trees"), for the message about an empty file."""
    with open_bytes(path) as file:
        data = file.read().removeprefix(BOM)
    if not data.strip():
        raise UserError(f"{path}: empty; give a file with {holds} in it")
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise at_line(path, line, f"byte 0x{data[error.start]:02x} is not UTF-8", "save the file as UTF-8") from None


def numbered_lines(path, holds):
    """(line number, text) of each line of a file, from 1.  Only a newline ends a line: other Unicode blanks may stand in a word."""
    return enumerate((line.rstrip("\r") for line in read_text(path, holds).split("\n")), 1)


def first_letter(path):
    """Of a file that may be read twice; of another, a pipe, or one that is missing or empty, nothing."""
    if not os.path.isfile(path):
        return ""
    with open_bytes(path) as file:
        return file.read(4096).removeprefix(BOM).lstrip()[:1].decode(errors="replace")


def paths_in(folder):
    """What lies in a folder, sorted by name.  Raises UserError where it cannot be read."""
    try:
        return sorted(Path(folder).iterdir())
    except OSError as error:
        raise UserError(f"{folder}: cannot be read ({error.strerror}); give a folder you may read") from None


def unescape(word):
    r"""A treebank's word as it was written: -LRB- is (, \/ is /, \* is *."""
    return BRACKETS.get(word) or re.sub(r"\\([/*])", r"\1", word)


def short(text):
    """Text for a message, in quotes, cut after 40 characters."""
    return repr(text if len(text) <= 40 else text[:37] + "...")


def blank_parted(text):
    """Text -> what stands between its blanks and tabs.  A no-break space may stand inside a word."""
    return [part for part in re.split(r"[ \t\r\n]+", text) if part]


def treebank_words(text, known=frozenset()):
    """Ordinary text -> its words as a treebank has them, in a list: "It isn't bad." is It, is, n't, bad, and the full stop.

    Text that is parted so already, as it is where a full stop or n't stands alone, passes unchanged, and so does whatever is `known`: the words
    of a vocabulary, in lower case.  A known word that holds blanks ("10 000", or a word of Vietnamese) is one word.
    """
    parts = blank_parted(text)
    joined = any(JOINED.search(part) and part.lower() not in known for part in parts)
    if joined or not any(part.lower() in PARTED for part in parts):
        parts = [word for part in parts for word in ([part] if part.lower() in known or ADDRESS.fullmatch(part) else _treebank_part(part, known))]
    return with_blanks(parts, known)


def _treebank_part(part, known):
    """What stands between two blanks -> its words."""
    if "\u00a0" in part:
        return [part]
    return ['"' if word in ("``", "''") and word not in known and '"' in known else word for word in _tokenized(part)]


@cache
def _tokenized(part):
    from nltk.tokenize.treebank import TreebankWordTokenizer               # most commands need none
    return TreebankWordTokenizer().tokenize(part)


def with_blanks(parts, known):
    """Joins what together is a known word that holds blanks, the longest that fits."""
    longest = max((word.count(" ") for word in known if " " in word), default=0) + 1
    words, i = [], 0
    while i < len(parts):
        n = next((n for n in range(min(longest, len(parts) - i), 1, -1) if " ".join(parts[i:i + n]).lower() in known), 1)
        words.append(" ".join(parts[i:i + n]))
        i += n
    return words
