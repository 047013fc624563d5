"""Rewrites a tagged file with a network's tags; all else stays the same, byte for byte."""

import re

from ..errors import UserError
from .tag_formats import DOCUMENT, LAST_SLASH, format_of, place_of
from .text import BOM, open_bytes

# (TAG word) of a tree
LEAF = re.compile(r"\([ \t\r\n]*([^ \t\r\n()]+)[ \t\r\n]+[^ \t\r\n()]+[ \t\r\n]*\)")


class Retagged:
    """A tagged file and the positions of its tags.

    tags: all its tags in order, as `read_tagged(path, column)` returns them.
    Raises UserError where they are not those of the file.
    """

    def __init__(self, path, tags, column="xpos"):
        with open_bytes(path) as file:
            data = file.read()
        self.mark = data[:len(BOM)] if data.startswith(BOM) else b""
        self.text = data.removeprefix(BOM).decode()
        format_ = format_of(path)
        self.slashes = format_ == "word/TAG"         # where / in a tag is written \/
        self.spans = list(_spans(format_, place_of(column, format_, path), self.text))
        if [self.text[start:end] for start, end in self.spans] != self._written(tags):
            raise UserError(f"{path}: its tags cannot be replaced in the file; "
                            "give a name that ends in .csv or .jsonl")

    def bytes(self, tags):
        """The file (bytes) with `tags` in place of its own."""
        parts, done = [], 0
        for (start, end), tag in zip(self.spans, self._written(tags), strict=True):
            parts += [self.text[done:start], tag]
            done = end
        return self.mark + "".join([*parts, self.text[done:]]).encode()

    def _written(self, tags):
        return [tag.replace("/", r"\/") if self.slashes else tag for tag in tags]


def _spans(format_, place, text):
    """Yields (start, end) of each tag, in the file's order.  format_, place: as returned by
    `format_of` and `place_of`."""
    if format_ == "trees":
        yield from (leaf.span(1) for leaf in LEAF.finditer(text) if leaf[1] != "-NONE-")
        return
    begin = 0
    for line in text.split("\n"):
        if format_ == "word/TAG":
            for token in re.finditer(r"\S+", line):
                end = begin + token.end()
                yield end - len(LAST_SLASH.fullmatch(token[0])[2]), end
        elif span := _cell(line.rstrip("\r"), format_, place):
            yield begin + span[0], begin + span[1]
        begin += len(line) + 1


def _cell(line, format_, place):
    """(start, end) of the tag in a line of columns; None where the line has no word."""
    if not line.strip("\t "):
        return None
    cells = [cell.span() for cell in re.finditer("[^ ]+", line)]
    if "\t" in line:
        ends = [i for i, letter in enumerate(line + "\t") if letter == "\t"]
        cells = list(zip([0, *(end + 1 for end in ends)], ends))
    word = line[slice(*cells[0])].strip(" ")
    if word == DOCUMENT:
        return None
    if format_ == "CoNLL-U" and not (len(cells) == 10 and re.fullmatch("[0-9]+", word)):
        return None
    if place >= len(cells):                                # invalid: an empty span matches no tag
        return 0, 0
    start, end = cells[place]
    tag = line[start:end]
    return start + len(tag) - len(tag.lstrip(" ")), end - len(tag) + len(tag.rstrip(" "))


def columns_text(sentences):
    """Sentences without a file, each [(form, tag), ...], as text: lines FORM<TAB>TAG, with a blank
    line after each sentence."""
    return "".join("".join(f"{form}\t{tag}\n" for form, tag in pairs) + "\n" for pairs in sentences)
