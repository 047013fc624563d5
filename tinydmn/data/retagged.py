"""A tagged file once more with other tags, as a network gives them: all else is as it stands, byte for byte."""

import re

from ..errors import UserError
from .tagged import COLUMNS
from .text import BOM, open_bytes

LEAF = re.compile(r"\([ \t\r\n]*([^ \t\r\n()]+)[ \t\r\n]+[^ \t\r\n()]+[ \t\r\n]*\)")        # (TAG word) of a tree


class Retagged:
    """A tagged file and the places of its tags.

    tags: all its tags in their order, as `read_tagged(path, column)` has them.  Raises UserError where they are not those of the file.
    """

    def __init__(self, path, tags, column="xpos"):
        with open_bytes(path) as file:
            data = file.read()
        self.mark = data[:len(BOM)] if data.startswith(BOM) else b""
        self.text = data.removeprefix(BOM).decode()
        self.spans = list(_spans(str(path), self.text, column))
        if [self.text[start:end] for start, end in self.spans] != list(tags):
            raise UserError(f"{path}: its tags cannot be put back in their places; give a name that ends in .csv or .jsonl")

    def bytes(self, tags):
        """The file with `tags` in the places of its own."""
        parts, done = [], 0
        for (start, end), tag in zip(self.spans, tags, strict=True):
            parts += [self.text[done:start], tag]
            done = end
        return self.mark + "".join([*parts, self.text[done:]]).encode()


def _spans(path, text, column):
    """Where each tag begins and ends, in the file's order."""
    name = path.lower().removesuffix(".gz")
    if name.endswith(".mrg"):
        yield from (leaf.span(1) for leaf in LEAF.finditer(text) if leaf[1] != "-NONE-")
        return
    begin = 0
    for line in text.split("\n"):
        span = _conllu_tag(line, COLUMNS[column]) if name.endswith(".conllu") else _last_column(line)
        if span:
            yield begin + span[0], begin + span[1]
        begin += len(line) + 1


def _conllu_tag(line, column):
    """Where the tag of a line stands; None where it is no word's."""
    columns = line.split("\t")
    if len(columns) != 10 or not re.fullmatch("[0-9]+", columns[0]):
        return None
    start = sum(map(len, columns[:column])) + column
    return start, start + len(columns[column])


def _last_column(line):
    """The same of a line FORM<TAB>TAG, or with blanks for the tab."""
    line = line.rstrip("\r").rstrip(" ")
    if not line.strip("\t "):
        return None
    start = line.rfind("\t" if "\t" in line else " ") + 1
    return len(line) - len(line[start:].lstrip(" ")), len(line)


def columns_text(sentences):
    """Sentences that stand in no file, as [(form, tag)] each, as text: FORM<TAB>TAG, a blank line after each."""
    return "".join("".join(f"{form}\t{tag}\n" for form, tag in pairs) + "\n" for pairs in sentences)
