r"""What formats a file of tagged sentences may have, and which it has: found by looking at it.

    columns               a word a line, its tag behind a tab or a blank, an empty line after each sentence
    word/TAG              a sentence a line; the last slash parts a word from its tag, a slash inside is \/
    CoNLL-2000            columns word pos chunk
    CoNLL-2003            columns word pos chunk ner; -DOCSTART- lines are left out
    CoNLL-U               ten columns, a tab between them
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

COLUMNS = {"upos": 3, "xpos": 4}                                          # of CoNLL-U's ten
NAMES = {"CoNLL-U": COLUMNS, "CoNLL-2000": {"pos": 1, "chunk": 2}, "CoNLL-2003": {"pos": 1, "chunk": 2, "ner": 3}}
WIDTHS = {"columns": 2, "CoNLL-U": 10, "CoNLL-2000": 3, "CoNLL-2003": 4}
COLUMN_NAMES = ("xpos", "upos", "pos", "chunk", "ner")
SAME = {"xpos": "pos", "pos": "xpos"}                                     # the language's own tags, whatever a format calls them
SAMPLE = 200                   # lines that are looked at
SPAN = re.compile("O|[A-Z]-.+")                                           # a tag of chunks or names: B-NP, I-ORG
LAST_SLASH = re.compile(r"(.*)(?<!\\)/(.*?)")
DOCUMENT = "-DOCSTART-"                                                   # its line begins a document of CoNLL-2003


@dataclass(frozen=True)
class Sentence:
    """A sentence as the file has it, case kept."""

    pairs: list[tuple[str, str]]              # (form, tag) of each word
    source: str = ""                          # "FILE:LINE" of its first word


def format_of(path):
    """The name of a file's format, as above.  .conllu and .mrg say it by name, and so does what can be read only once, a pipe: "columns"."""
    name = Path(path).name.lower().removesuffix(".gz")
    if name.endswith((".conllu", ".mrg")):
        return "CoNLL-U" if name.endswith(".conllu") else "trees"
    if not os.path.isfile(path):
        return "columns"
    text = read_text(path, "sentences")
    lines = list(islice((line.rstrip("\r") for line in text.split("\n") if line.strip(" \t\r")), SAMPLE))
    if "\t" not in lines[0] and lines[0].lstrip().startswith("(") and (text.rstrip().endswith(")") or re.match(r"\s*\(\s*\(?[A-Z]\S* \(", lines[0])):
        return "trees"
    if _most(bool(LAST_SLASH.fullmatch(word)) for line in lines for word in line.split()):
        return "word/TAG"
    rows = [cells_of(line) for line in lines]
    if any(len(row) == 10 and re.match("[0-9]", row[0]) for row in rows):
        return "CoNLL-U"
    n, _ = Counter(map(len, rows)).most_common(1)[0]
    spans = [[bool(SPAN.fullmatch(cell)) for cell in row[2:]] for row in rows if len(row) == n and row[0] != DOCUMENT]
    if n in (3, 4) and _most(all(row) for row in spans):
        return "CoNLL-2000" if n == 3 else "CoNLL-2003"
    return "columns" if n <= 2 else f"{n} columns"


def how_tagged(path, column="xpos"):
    """How a file is read, in words: "CoNLL-2003, column ner"."""
    format_ = format_of(path)
    place = place_of(column, format_, path)
    if format_ in ("columns", "word/TAG", "trees"):
        return {"columns": "two columns, word and tag", "trees": "Penn Treebank trees"}.get(format_, format_)
    return f"{format_}, column {next((name for name, i in NAMES.get(format_, {}).items() if i == place), place + 1)}"


def place_of(column, format_, path):
    """Which column of a format holds the tags: by name, or by number, from 1 -> its index.  Formats with one kind of tags have that by any name.

    Raises UserError where the format has no such column.
    """
    names, word = NAMES.get(format_, {}), int(format_ == "CoNLL-U")
    width = WIDTHS.get(format_, 2) if not format_.endswith(" columns") else int(format_.split()[0])
    if column in names or SAME.get(column) in names:
        return names.get(column, names.get(SAME.get(column)))
    if width == 2 and column in COLUMN_NAMES:
        return 1
    if re.fullmatch("[0-9]{1,4}", column) and word + 1 < int(column) <= width:
        return int(column) - 1
    others = f"give --column {''.join(f'{name}, ' for name in names)}{'or its number, ' * bool(names)}{word + 2} to {width}"
    raise UserError(f"{path}: read as {'two columns' if format_ == 'columns' else format_}, and there are no tags in column {column}; "
                    + (others if width > 2 else "leave --column out"))


def read_slashes(path):
    """Sentences of a file of lines word/TAG word/TAG ..., as list[Sentence].  Raises UserError (FILE:LINE: problem; mend)."""
    sentences = []
    for line, text in numbered_lines(path, "sentences"):
        pairs = []
        for token in text.split():
            match = LAST_SLASH.fullmatch(token)
            word, tag = match.groups() if match else (token, "")
            if not word or not tag:
                raise at_line(path, line, f"{short(token)} is no word with a tag", r"write word/TAG; a slash inside a word is \/")
            pairs.append((unescape(word), tag.replace(r"\/", "/")))
        if pairs:
            sentences.append(Sentence(pairs, f"{path}:{line}"))
    return sentences


def read_conll(path, place, n):
    """Sentences of a file of n columns, the word in the first, the tag at index `place`, as list[Sentence]; -DOCSTART- lines are left out.

    Raises UserError (FILE:LINE: problem; mend).
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
                              f"give {n}, as in the other lines, and an empty line after each sentence")
            if not cells[0] or not cells[place]:
                problem = f"word {short(cells[0])} without a tag" if cells[0] else "a line without a word"
                raise at_line(path, line, problem, f"fill all {n} columns")
            pairs.append((cells[0], cells[place]))
            first = first or line
        if pairs:
            sentences.append(Sentence(pairs, f"{path}:{first}"))
    if not sentences:
        raise UserError(f"{path}: holds no word; give a file with sentences in it")
    return sentences


def cells_of(text):
    """The columns of a line: what stands between tabs, or between blanks where there is no tab."""
    return [cell.strip(" ") for cell in (text.split("\t") if "\t" in text else re.split(" +", text.strip(" ")))]


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
    """Whether more than half of them are true."""
    truths = list(truths)
    return 2 * sum(truths) > len(truths)
