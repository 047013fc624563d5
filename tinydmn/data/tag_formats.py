r"""The formats of files with tagged sentences, recognised by their content.

    columns               one word per line, its tag after a tab or a blank, an empty line after
    each
                          sentence
    word/TAG              one sentence per line; the last slash separates a word from its tag, and a
                          slash inside is \/
    CoNLL-2000            columns word pos chunk
    CoNLL-2003            columns word pos chunk ner; -DOCSTART- lines are left out
    CoNLL-U               ten tab-separated columns
    trees                 Penn Treebank (.mrg)
    N columns             any other number of columns, the word in the first
"""

import os
import re
from collections import Counter
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from ..errors import UserError, at_line
from .text import numbered_lines, read_text, short, unescape

COLUMNS = {"upos": 3, "xpos": 4}                                   # of CoNLL-U's ten
NAMES = {"CoNLL-U": COLUMNS, "CoNLL-2000": {"pos": 1, "chunk": 2},
         "CoNLL-2003": {"pos": 1, "chunk": 2, "ner": 3}}
WIDTHS = {"columns": 2, "CoNLL-U": 10, "CoNLL-2000": 3, "CoNLL-2003": 4}
COLUMN_NAMES = ("xpos", "upos", "pos", "chunk", "ner")
SAME = {"xpos": "pos", "pos": "xpos"}                              # two names of the same tags
SAMPLE = 200                                                       # lines to inspect
SPAN = re.compile("O|[A-Z]-.+")                                    # chunk or entity: B-NP, I-ORG
LAST_SLASH = re.compile(r"(.*)(?<!\\)/(.*?)")
DOCUMENT = "-DOCSTART-"                                            # starts a CoNLL-2003 document


@dataclass(frozen=True)
class Sentence:
    """A sentence as written in the file, case included."""

    pairs: list[tuple[str, str]]              # (form, tag) of each word
    source: str = ""                          # "FILE:LINE" of its first word


def format_of(path):
    """The name of a file's format, as above.  .conllu and .mrg files are recognised by name; a
    pipe, which can be read only once, has "columns"."""
    name = Path(path).name.lower().removesuffix(".gz")
    if name.endswith((".conllu", ".mrg")):
        return "CoNLL-U" if name.endswith(".conllu") else "trees"
    if not os.path.isfile(path):
        return "columns"
    text = read_text(path, "sentences")
    filled = (line.rstrip("\r") for line in text.split("\n") if line.strip(" \t\r"))
    lines = list(islice(filled, SAMPLE))
    if "\t" not in lines[0] and lines[0].lstrip().startswith("("):
        if text.rstrip().endswith(")") or re.match(r"\s*\(\s*\(?[A-Z]\S* \(", lines[0]):
            return "trees"
    if _most(bool(LAST_SLASH.fullmatch(word)) for line in lines for word in line.split()):
        return "word/TAG"
    rows = [cells_of(line) for line in lines]
    if any(len(row) == 10 and re.match("[0-9]", row[0]) for row in rows):
        return "CoNLL-U"
    n, _ = Counter(map(len, rows)).most_common(1)[0]
    spans = [[bool(SPAN.fullmatch(cell)) for cell in row[2:]]
             for row in rows if len(row) == n and row[0] != DOCUMENT]
    if n in (3, 4) and _most(all(row) for row in spans):
        return "CoNLL-2000" if n == 3 else "CoNLL-2003"
    return "columns" if n <= 2 else f"{n} columns"


def how_tagged(path, column="xpos"):
    """How a file is read, in words: "CoNLL-2003, column ner"."""
    format_ = format_of(path)
    place = place_of(column, format_, path)
    if format_ in ("columns", "word/TAG", "trees"):
        how = {"columns": "two columns, word and tag", "trees": "Penn Treebank trees"}
        return how.get(format_, format_)
    names = {i: name for name, i in NAMES.get(format_, {}).items()}
    return f"{format_}, column {names.get(place, place + 1)}"


def place_of(column, format_, path):
    """The column of the tags, by name or by number from 1 -> its index.  A format with one kind of
    tags has them under any name.

    Raises UserError where the format has no such column.
    """
    names, word = NAMES.get(format_, {}), int(format_ == "CoNLL-U")
    width = WIDTHS.get(format_, 2)
    if format_.endswith(" columns"):
        width = int(format_.split()[0])
    if column in names or SAME.get(column) in names:
        return names.get(column, names.get(SAME.get(column)))
    if width == 2 and column in COLUMN_NAMES:
        return 1
    if re.fullmatch("[0-9]{1,4}", column) and word + 1 < int(column) <= width:
        return int(column) - 1
    named = f"{', '.join(names)}, or its number, " if names else ""
    fix = f"give --column {named}{word + 2} to {width}" if width > 2 else "leave --column out"
    how = "two columns" if format_ == "columns" else format_
    raise UserError(f"{path}: read as {how}, and there are no tags in column {column}; {fix}")


def read_slashes(path):
    """The sentences of a file with lines word/TAG word/TAG ..., as list[Sentence].

    Raises UserError (FILE:LINE: problem; how to fix it).
    """
    sentences = []
    for line, text in numbered_lines(path, "sentences"):
        pairs = []
        for token in text.split():
            match = LAST_SLASH.fullmatch(token)
            word, tag = match.groups() if match else (token, "")
            if not word or not tag:
                raise at_line(path, line, f"{short(token)} is not a word with a tag",
                              r"write word/TAG; a slash inside a word is \/")
            pairs.append((unescape(word), tag.replace(r"\/", "/")))
        if pairs:
            sentences.append(Sentence(pairs, f"{path}:{line}"))
    return sentences


def read_conll(path, place, n):
    """The sentences of a file with n columns, the word in the first and the tag at index `place`,
    as list[Sentence]; -DOCSTART- lines are left out.

    Raises UserError (FILE:LINE: problem; how to fix it).
    """
    sentences = []
    for block in blocks(path):
        pairs, first = [], None
        for line, text in block:
            cells = cells_of(text)
            if cells[0] == DOCUMENT:
                continue
            if len(cells) != n:
                raise at_line(path, line, f"{counted(cells)} in {short(text)}",
                              f"give {n}, as in the other lines, "
                              "and an empty line after each sentence")
            if not cells[0] or not cells[place]:
                word = short(cells[0])
                problem = f"word {word} without a tag" if cells[0] else "a line without a word"
                raise at_line(path, line, problem, f"fill all {n} columns")
            pairs.append((cells[0], cells[place]))
            first = first or line
        if pairs:
            sentences.append(Sentence(pairs, f"{path}:{first}"))
    if not sentences:
        raise UserError(f"{path}: has no words; give a file with sentences in it")
    return sentences


def cells_of(text):
    """The columns of a line, separated by tabs, or by blanks if there is no tab."""
    cells = text.split("\t") if "\t" in text else re.split(" +", text.strip(" "))
    return [cell.strip(" ") for cell in cells]


def blocks(path):
    """The runs of lines between blank lines, each a list of (line number, text)."""
    found = [[]]
    for line, text in numbered_lines(path, "sentences"):
        if text.strip(" \t"):
            found[-1].append((line, text))
        elif found[-1]:
            found.append([])
    return [block for block in found if block]


def counted(columns):
    return f"{len(columns)} column{'s' * (len(columns) > 1)}"


def _most(truths):
    """Whether more than half of `truths` are true."""
    truths = list(truths)
    return 2 * sum(truths) > len(truths)
