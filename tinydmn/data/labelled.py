"""Texts of one's own with a label each: a table (CSV) with a text and a label a row, or JSON Lines.

    "A warm, funny film",good                    {"text": "A warm, funny film", "label": "good"}

The table's delimiter is a comma, a semicolon or a tab; a text that holds it, or a quote or a newline, stands in quotes.  A first row may name the
columns (text and label, or names that say the same), and then there may be further ones and any order.  Labels are answers as they stand, and as
many as there are.
"""

import csv
import io
import re
from dataclasses import dataclass

from ..errors import UserError, at_line
from .json_lines import json_objects, text_of
from .sst import sentiment_question
from .story import Question, Story
from .tag_formats import counted
from .text import first_letter, read_text, short, treebank_words

TEXT = ("text", "sentence", "review", "tweet", "message", "comment", "content", "body", "phrase", "title", "headline", "question", "utterance",
        "document")
LABEL = ("label", "labels", "sentiment", "class", "category", "target", "tag", "rating", "stars", "score", "polarity", "intent", "topic",
         "emotion")
DELIMITERS = {"\t": "a tab", ",": "a comma", ";": "a semicolon"}
ROW = 'write text,label in each row, and quotes around a text that holds a comma: "warm, and funny",good'
WIDE = "write {} columns, as in the first row, and quotes around a text that holds a delimiter"
QUOTES = 'put a text with a quote in it in quotes, and each quote inside twice: "a ""good"" film",good'
OBJECT = '{"text": "A warm, funny film", "label": "good"}'
SWAPPED = 10                   # in a table of that many rows it shows that labels stand first


def read_labelled(path):
    """Texts of one file, plain or .gz, as list[Story]: the words in lower case, the question of sentiment, the label its answer.

    Raises UserError (FILE:LINE: problem; mend).
    """
    tokens = sentiment_question(0, "fine").tokens
    stories = []
    for line, text, label in _read(path)[0]:
        words = [word.lower() for word in treebank_words(re.sub(r"[\r\n\t]+", " ", text))]
        if not words:
            raise at_line(path, line, "a text without words", "write the text, or leave the row out")
        if not label:
            raise at_line(path, line, f"text {short(text)} without a label", "write its label, or leave the row out")
        stories.append(Story([words], [Question(tokens, [label], 1)], f"{path}:{line}"))
    return stories


def how_labelled(path):
    """How `read_labelled` reads a file, in words: "a comma between text and label"."""
    return _read(path)[1]


def _read(path):
    """-> [(line, text, label)], how they were read."""
    return (_objects if first_letter(path) == "{" else _rows)(path)


def _objects(path):
    """JSON Lines; as _read."""
    out, names = [], None
    for line, found in json_objects(path, "texts and labels", OBJECT):
        names = names or _named(list(found))
        if names is None or not set(names) <= set(found):
            missing = [name for name in names or ("text", "label") if name not in found]
            raise at_line(path, line, f"no {' and no '.join(missing)} in the object", f"write {OBJECT}")
        text, label = (found[name] for name in names)
        if not isinstance(text, str) or text_of(label) is None:
            name, value = (names[0], text) if not isinstance(text, str) else (names[1], label)
            raise at_line(path, line, f"{name} is {short(repr(value))}", f"write {OBJECT}")
        out.append((line, text, text_of(label)))
    return out, f"JSON Lines, {names[0]} and {names[1]}"


def _named(names):
    """Those of the names that say which is the text and which its label; None where they do not."""
    low = {name.strip().lower(): name for name in reversed(names)}
    text, label = (next((low[word] for word in words if word in low), None) for words in (TEXT, LABEL))
    if len(names) == 2 and (text or label):                # then the other column is the other
        text, label = text or names[1 - names.index(label)], label or names[1 - names.index(text)]
    return (text, label) if text and label and text != label else None


# tables

@dataclass(frozen=True)
class _Table:
    """A text cut into rows at one delimiter, until the first that breaks the rules of quotes."""

    delimiter: str
    rows: list                 # [(line, cells)]
    fault: tuple | None        # line and problem of the row that breaks the rules
    named: tuple | None        # the names of text and label in the first row, where it says so

    @property
    def columns(self):
        """Where text and label stand, and how many columns there are."""
        return (*map(self.rows[0][1].index, self.named), len(self.rows[0][1])) if self.named else (0, 1, 2)

    @property
    def fits(self):
        """The rows with as many columns as there should be."""
        return [(line, cells) for line, cells in self.rows[bool(self.named):] if len(cells) == self.columns[2]]

    @property
    def rank(self):
        """More is better."""
        share = len(self.fits) / max(1, len(self.rows) - bool(self.named))
        return share, self.fault is None, -len({cells[self.columns[1]] for _, cells in self.fits}), len(self.rows[0][1]) if self.rows else 0


def _rows(path):
    """A table; as _read.  Of the delimiters that one is taken under which most rows have the columns they should,
    and then the one that gives the fewest labels: "Good, fine;pos" is two columns at a comma as well."""
    source = read_text(path, "texts and labels")
    # in a table with tabs a quote may be a letter like others
    tables = [_cut(source, delimiter, quotes) for delimiter, quotes in (("\t", True), (",", True), (";", True), ("\t", False))]
    if any(not table.rows and not table.fault for table in tables):
        raise UserError(f"{path}: holds no text; {ROW}")
    best = max(tables, key=lambda table: table.rank)
    if not best.fits and not best.named:
        best = next((table for table in tables if table.fault), best)
    text, label, width = best.columns
    for line, cells in best.rows:
        if len(cells) != width:
            row = short(best.delimiter.join(cells))
            problem = f"{counted(cells)} in {row}" if len(cells) > 1 else f"no comma, semicolon or tab in {row}"
            raise at_line(path, line, problem, ROW if width == 2 else WIDE.format(width))
    if best.fault:
        raise at_line(path, *best.fault, QUOTES)
    if not best.fits:
        raise at_line(path, best.rows[0][0], "names of columns, and no text below them", ROW)
    texts, labels = ({cells[place] for _, cells in best.fits} for place in (text, label))
    if not best.named and len(best.fits) >= SWAPPED and 2 * len(texts) <= len(labels):
        raise at_line(path, best.rows[0][0], f"{len(texts)} texts with {len(labels)} labels",
                      "write the text first, or name the columns in a first row: label,text")
    named = f"columns {best.named[0]} and {best.named[1]}" if best.named else "text and label, no names of columns"
    return [(line, cells[text], cells[label]) for line, cells in best.fits], f"a table with {DELIMITERS[best.delimiter]} between columns, {named}"


def _cut(source, delimiter, quotes):
    """A text -> _Table.  quotes: whether they mean that a text may hold the delimiter, or a newline."""
    rows, fault, line = [], None, 1
    reader = csv.reader(io.StringIO(source, newline=""), delimiter=delimiter, strict=quotes, skipinitialspace=True,
                        quoting=csv.QUOTE_MINIMAL if quotes else csv.QUOTE_NONE)
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                rows.append((line, [cell.strip() for cell in cells]))
            line = reader.line_num + 1
    except csv.Error as error:
        fault = line, f"quotes that do not fit ({error})"
    return _Table(delimiter, rows, fault, _named(rows[0][1]) if rows and len(rows[0][1]) > 1 else None)
