"""Labelled texts from the user's own file: a table (CSV) with a text and a label in each row, or
JSON Lines.

    "A warm, funny film",good                    {"text": "A warm, funny film", "label": "good"}

The table's delimiter is a comma, a semicolon or a tab; a text that contains it, or a quote or a
newline, is quoted.  A header row may name the columns (text and label, or synonyms), which may then
be in any order and beside others.  The labels are the answers as they are, however many there are.
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

TEXT = ("text", "sentence", "review", "tweet", "message", "comment", "content", "body", "phrase",
        "title", "headline", "question", "utterance", "document")
LABEL = ("label", "labels", "sentiment", "class", "category", "target", "tag", "rating", "stars",
         "score", "polarity", "intent", "topic", "emotion")
DELIMITERS = {"\t": "a tab", ",": "a comma", ";": "a semicolon"}
ROW = ('write text,label in each row, and quotes around a text that contains a comma: '
       '"warm, and funny",good')
WIDE = "write {} columns, as in the first row, and quotes around a text that contains a delimiter"
QUOTES = 'quote a text that contains quotes, and double each of these: "a ""good"" film",good'
OBJECT = '{"text": "A warm, funny film", "label": "good"}'
SWAPPED = 10                   # rows from which it shows that the labels are in the first column


def read_labelled(path):
    """The texts of one file, plain or .gz, as list[Story]: lower-case words, the sentiment
    question, and the label as its answer.

    Raises UserError (FILE:LINE: problem; how to fix it).
    """
    tokens = sentiment_question(0, "fine").tokens
    stories = []
    for line, text, label in _read(path)[0]:
        words = [word.lower() for word in treebank_words(re.sub(r"[\r\n\t]+", " ", text))]
        if not words:
            raise at_line(path, line, "a text without words",
                          "write the text, or leave the row out")
        if not label:
            raise at_line(path, line, f"text {short(text)} without a label",
                          "write its label, or leave the row out")
        stories.append(Story([words], [Question(tokens, [label], 1)], f"{path}:{line}"))
    return stories


def how_labelled(path):
    """How `read_labelled` reads a file, in words: "a comma between text and label"."""
    return _read(path)[1]


def _read(path):
    """-> [(line, text, label)], and how they were read, in words."""
    return (_objects if first_letter(path) == "{" else _rows)(path)


def _objects(path):
    """JSON Lines; as _read."""
    out, names = [], None
    for line, found in json_objects(path, "texts and labels", OBJECT):
        names = names or _named(list(found))
        if names is None or not set(names) <= set(found):
            missing = [name for name in names or ("text", "label") if name not in found]
            problem = f"no {' and no '.join(missing)} in the object"
            raise at_line(path, line, problem, f"write {OBJECT}")
        text, label = (found[name] for name in names)
        if not isinstance(text, str) or text_of(label) is None:
            name, value = (names[1], label) if isinstance(text, str) else (names[0], text)
            raise at_line(path, line, f"{name} is {short(repr(value))}", f"write {OBJECT}")
        out.append((line, text, text_of(label)))
    return out, f"JSON Lines, {names[0]} and {names[1]}"


def _named(names):
    """The names of the text and the label column; None where the names do not tell."""
    low = {name.strip().lower(): name for name in reversed(names)}
    text, label = (next((low[word] for word in words if word in low), None)
                   for words in (TEXT, LABEL))
    if len(names) == 2 and (text or label):                # of two columns, one name is enough
        text, label = text or names[1 - names.index(label)], label or names[1 - names.index(text)]
    return (text, label) if text and label and text != label else None


# tables

@dataclass(frozen=True)
class _Table:
    """A file parsed with one delimiter, up to the first row with a quoting error."""

    delimiter: str
    rows: list                 # [(line, cells)]
    fault: tuple | None        # line and problem of the quoting error
    named: tuple | None        # the names of text and label, where the first row is a header

    @property
    def columns(self):
        """The indices of text and label, and the number of columns."""
        if not self.named:
            return 0, 1, 2
        header = self.rows[0][1]
        return *map(header.index, self.named), len(header)

    @property
    def fits(self):
        """The rows, without the header, that have the right number of columns."""
        rows, width = self.rows[bool(self.named):], self.columns[2]
        return [(line, cells) for line, cells in rows if len(cells) == width]

    @property
    def rank(self):
        """Larger is better: first the share of rows that fit, last the number of columns."""
        share = len(self.fits) / max(1, len(self.rows) - bool(self.named))
        labels = {cells[self.columns[1]] for _, cells in self.fits}
        width = len(self.rows[0][1]) if self.rows else 0
        return share, self.fault is None, -len(labels), width


def _rows(path):
    """A table; as _read.  The delimiter is the one for which most rows have the right number of
    columns, and among these the one with the fewest labels: "Good, fine;pos" has two columns at a
    comma as well."""
    source = read_text(path, "texts and labels")
    # in a table with tabs a quote may be an ordinary character
    tables = [_cut(source, delimiter, quotes)
              for delimiter, quotes in (("\t", True), (",", True), (";", True), ("\t", False))]
    if any(not table.rows and not table.fault for table in tables):
        raise UserError(f"{path}: holds no text; {ROW}")
    best = max(tables, key=lambda table: table.rank)
    if not best.fits and not best.named:
        best = next((table for table in tables if table.fault), best)
    text, label, width = best.columns
    for line, cells in best.rows:
        if len(cells) != width:
            row = short(best.delimiter.join(cells))
            found = counted(cells) if len(cells) > 1 else "no comma, semicolon or tab"
            problem = f"{found} in {row}"
            raise at_line(path, line, problem, ROW if width == 2 else WIDE.format(width))
    if best.fault:
        raise at_line(path, *best.fault, QUOTES)
    if not best.fits:
        raise at_line(path, best.rows[0][0], "a header, and no text below it", ROW)
    texts, labels = ({cells[place] for _, cells in best.fits} for place in (text, label))
    if not best.named and len(best.fits) >= SWAPPED and 2 * len(texts) <= len(labels):
        raise at_line(path, best.rows[0][0], f"{len(texts)} texts with {len(labels)} labels",
                      "write the text first, or name the columns in a header row: label,text")
    named = "text and label, no header"
    if best.named:
        named = f"columns {best.named[0]} and {best.named[1]}"
    how = f"a table with {DELIMITERS[best.delimiter]} between columns, {named}"
    return [(line, cells[text], cells[label]) for line, cells in best.fits], how


def _cut(source, delimiter, quotes):
    """A text -> _Table.  quotes: whether cells may be quoted."""
    rows, fault, line = [], None, 1
    reader = csv.reader(io.StringIO(source, newline=""), delimiter=delimiter, strict=quotes,
                        skipinitialspace=True,
                        quoting=csv.QUOTE_MINIMAL if quotes else csv.QUOTE_NONE)
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                rows.append((line, [cell.strip() for cell in cells]))
            line = reader.line_num + 1
    except csv.Error as error:
        fault = line, f"quotes that do not match ({error})"
    named = _named(rows[0][1]) if rows and len(rows[0][1]) > 1 else None
    return _Table(delimiter, rows, fault, named)
