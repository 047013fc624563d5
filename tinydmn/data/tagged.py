"""Sentences with a tag for each word: columns, CoNLL-U, Penn Treebank files, and the other formats
of tag_formats.py."""

import os
import re
from pathlib import Path

from ..errors import UserError, at_line, kind_of
from .babi import split_by_story
from .story import Question, Story
from .tag_formats import (COLUMNS, WIDTHS, Sentence, blocks, cells_of, counted, format_of, place_of,
                          read_conll, read_slashes)
from .text import numbered_lines, paths_in, short, unescape

QUESTION = ["tags"]
WSJ = {"train": range(0, 19), "valid": range(19, 22), "test": range(22, 25)}
WSJ_PLACES = (".", "wsj", "mrg/wsj", "parsed/mrg/wsj", "treebank_3/parsed/mrg/wsj")
SPLIT_NAMES = {"train": "train", "dev": "valid", "valid": "valid", "test": "test"}
PTB_TOKEN = re.compile(r"[()]|[^ \t()]+")
FILE_NAME = re.compile(r"(?:.*[-_.])?(train|dev|valid|test)\.(tsv|conllu)(?:\.gz)?")


def tagged_stories(sentences):
    """list[Sentence] -> list[Story]: the words are the one fact, and all tags in order the answer
    of the one question."""
    return [Story([[form for form, _ in s.pairs]],
                  [Question(QUESTION, [tag for _, tag in s.pairs], 1)], s.source)
            for s in sentences]


# columns

def read_columns(path):
    """The sentences of a file with lines FORM<TAB>TAG (or blanks for the tab) and a blank line
    after each sentence, as list[Sentence].

    Raises UserError (FILE:LINE: problem; how to fix it) for a line with another number of columns.
    """
    sentences = []
    for block in blocks(path):
        pairs = []
        for line, text in block:
            columns = cells_of(text)
            if len(columns) != 2:
                problem = f"{counted(columns)} in {short(text)}"
                raise at_line(path, line, problem, "write FORM<TAB>TAG")
            if not all(columns):
                form, tag = columns
                problem = (f"word {short(form)} without a tag" if form else
                           f"tag {short(tag)} without a word")
                raise at_line(path, line, problem, "write FORM<TAB>TAG")
            pairs.append(tuple(columns))
        sentences.append(Sentence(pairs, f"{path}:{block[0][0]}"))
    return sentences


def read_conllu(path, column="xpos"):
    """The sentences of a CoNLL-U file as list[Sentence], with the language-specific tags ("xpos"),
    the universal ones ("upos"), or the content of any other column ("8", counted from 1).

    The words are syntactic words: "don't" is do, n't; multiword ranges (1-2) and empty nodes (1.1)
    are left out.  Raises UserError (FILE:LINE: problem; how to fix it).
    """
    place = COLUMNS.get(column, int(column) - 1 if column.isdecimal() else 0)
    if not 2 <= place < 10:
        raise UserError(f"column {column!r} is unknown; give {' or '.join(COLUMNS)}")
    sentences = []
    for block in blocks(path):
        pairs, first = [], None
        for line, text in block:
            columns = text.split("\t")
            n = len(columns)
            if text.startswith("#") or n == 10 and re.fullmatch("[0-9]+[-.][0-9]+", columns[0]):
                continue
            if n != 10:
                raise at_line(path, line, f"{counted(columns)} in {short(text)}",
                              "give CoNLL-U's ten columns, a tab between them")
            pairs.append(_conllu_word(columns, len(pairs) + 1, place, path, line))
            first = first or line
        if pairs:                                          # a block of comments is no sentence
            sentences.append(Sentence(pairs, f"{path}:{first}"))
    if not sentences:
        raise UserError(f"{path}: has no words; give a CoNLL-U file with sentences in it")
    return sentences


def _conllu_word(columns, number, place, path, line):
    """The columns of word `number` of a sentence -> (form, tag), the tag from the column at
    `place`."""
    id_, form, tag = columns[0], columns[1], columns[place]
    if id_ != str(number):
        fix = "number the words of a sentence 1, 2, 3, ..."
        if id_ == "1":
            fix = "put a blank line after each sentence"
        raise at_line(path, line, f"word number {short(id_)} where {number} should be", fix)
    if not form:
        problem = f"word number {number} is empty"
        raise at_line(path, line, problem, "write the word in the second column")
    if tag == "" or tag == "_" and place in COLUMNS.values():      # in other columns _ is a value
        name, other = f"column {place + 1}", "xpos"
        if place in COLUMNS.values():
            name, other = sorted(COLUMNS, key=lambda name: COLUMNS[name] != place)
        raise at_line(path, line, f"word {short(form)} without {name.upper()}",
                      f"give the tag, or read the column {other}")
    return form, tag


# Penn Treebank

def read_ptb(path):
    """The sentences of a Penn Treebank file (.mrg: bracketed trees over several lines) as
    list[Sentence].

    Traces (-NONE-) are dropped; the word -LRB- becomes "(", its tag stays -LRB-.
    Raises UserError (FILE:LINE: problem; how to fix it).
    """
    def wrong(problem):
        return at_line(path, line, problem,
                       "give trees like ( (S (NP (PRP It)) (VP (VBZ works)) (. .)) )")

    sentences, pairs = [], []
    stack = []                         # of open brackets: [label, word, its line, has it children]
    for line, text in numbered_lines(path, "trees"):
        for token in PTB_TOKEN.findall(text):
            if token == "(":
                if stack:
                    if stack[-1][1] is not None:
                        raise wrong(f"an opening bracket after word {short(stack[-1][1])}")
                    stack[-1][3] = True
                stack.append([None, None, line, False])
            elif not stack:
                raise wrong(f"{short(token)} outside a tree")
            elif token == ")":
                label, word, began, children = stack.pop()
                if word is None and not children:
                    raise wrong(f"{short(label)} without a word" if label else "empty brackets")
                if label is None and stack:
                    raise wrong("brackets without a label inside a tree")
                if word is not None and label != "-NONE-":
                    pairs.append((unescape(word), label))
                if not stack and pairs:                    # a tree of traces alone is no sentence
                    sentences.append(Sentence(pairs, f"{path}:{began}"))
                    pairs = []
            elif stack[-1][3]:
                raise wrong(f"word {short(token)} beside a bracket")
            elif stack[-1][0] is None:
                stack[-1][0] = token
            elif stack[-1][1] is None:
                stack[-1][1] = token
            else:
                raise wrong(f"two words, {short(stack[-1][1])} and {short(token)}, under one tag")
    if stack:
        line = stack[0][2]
        raise wrong("a bracket that is never closed")
    if not sentences:
        raise UserError(f"{path}: has no words; give a file with trees in it")
    return sentences


def read_wsj(folder, split):
    """The sentences of the Wall Street Journal's sections 0-18 ("train"), 19-21 ("valid") or 22-24
    ("test") as list[Sentence].

    folder: has the section folders 00 to 24 with .mrg files, or contains parsed/mrg/wsj.
    Raises UserError where a section is missing.
    """
    place = _wsj_place(folder)
    if place is None:
        raise UserError(f"{folder}: has no section folders 00 to 24; "
                        "give the folder parsed/mrg/wsj of the Penn Treebank")
    sentences = []
    for section in WSJ[split]:
        below = place / f"{section:02d}"
        paths = _mrg_files(below)
        if not paths:
            raise UserError(f"{below}: no .mrg file of section {section}; put the section there "
                            f"({split} takes {WSJ[split][0]} to {WSJ[split][-1]})")
        for path in paths:
            sentences += read_ptb(path)
    return sentences


def read_mrg_folder(folder):
    """The sentences of a folder of .mrg files without sections, as list[Sentence]; [] without such
    files.  This is how NLTK ships its part of the Wall Street Journal (wsj_0001.mrg, ..., in the
    folder or in its subfolder combined/)."""
    for place in (Path(folder), Path(folder) / "combined"):
        if paths := _mrg_files(place):
            return [sentence for path in paths for sentence in read_ptb(path)]
    return []


def _mrg_files(folder):
    """The .mrg files of a folder, also .mrg.gz, by name; [] where there is no folder."""
    paths = paths_in(folder) if os.path.isdir(folder) else []
    return [path for path in paths if path.name.lower().removesuffix(".gz").endswith(".mrg")]


def _wsj_place(folder):
    """The folder that contains the section folders; None where there is none."""
    sections = [f"{section:02d}" for section in range(25)]
    places = [Path(folder) / place for place in WSJ_PLACES]
    return next((place for place in places
                 if any(os.path.isdir(place / section) for section in sections)), None)


# finding the files

def load_tagged(path, column="xpos", rng=None):
    """(train, valid, test), each list[Story]; test is None where there is none.

    A folder has train.tsv, dev.tsv and test.tsv; or NAME-train.conllu, NAME-dev.conllu, ...
    (`column`: as in `read_tagged`); or the WSJ's sections; or .mrg files without sections, of which
    every tenth sentence is held out.  A file is read by `read_tagged`.  Without a validation file
    the train file is split by `split_by_story(train, 0.1, rng)`.
    Raises UserError where none of these is found.
    """
    path = Path(path)
    if (kind := kind_of(path)) == "file":
        files = {"train": path}
    elif kind is None:
        raise UserError(f"{path}: no such file or folder; "
                        "give a file or a folder with tagged sentences")
    else:
        kinds = _files_in(path)
        files = next((files for files in kinds.values() if "train" in files), None)
        if files is None and _wsj_place(path):
            return tuple(tagged_stories(read_wsj(path, split)) for split in WSJ)
        if files is None and not any(kinds.values()):
            found = tagged_stories(read_mrg_folder(path))
            if len(found) > 1:
                return *split_by_story(found, 0.1), None
        if files is None:
            names = ", ".join(file.name for files in kinds.values() for file in files.values())
            raise UserError(f"{path}: has {names}, but no train file; "
                            "put train.tsv or NAME-train.conllu beside it" if names else
                            f"{path}: has no tagged sentences; give a folder with train.tsv, "
                            "NAME-train.conllu, or the WSJ's sections 00 to 24")
    stories = {split: tagged_stories(read_tagged(file, column)) for split, file in files.items()}
    train, test = stories["train"], stories.get("test")
    if "valid" in stories:
        return train, stories["valid"], test
    if len(train) < 2:
        raise UserError(f"{files['train']}: one sentence alone cannot be split; "
                        "add sentences, or a dev file beside it")
    return *split_by_story(train, 0.1, rng), test


def _files_in(folder):
    """{"tsv": {split: path}, "conllu": {split: path}}; an uncompressed file takes precedence over
    its .gz."""
    kinds = {"tsv": {}, "conllu": {}}
    for path in paths_in(folder):                  # a.tsv sorts before a.tsv.gz
        match = FILE_NAME.fullmatch(path.name)
        if match:
            known = kinds[match[2]].setdefault(SPLIT_NAMES[match[1]], path)
            if known.name not in (path.name, path.name.removesuffix(".gz")):
                raise UserError(f"{path}: a second {match[1]} file beside {known.name}; "
                                "leave one of them there")
    return kinds


def read_tagged(path, column="xpos"):
    """The sentences of one file in any format of tag_formats.py, or of a folder of .mrg files, as
    list[Sentence].

    column: which of several kinds of tags: "xpos" (or "pos"), "upos", "chunk", "ner", or the number
    of a column, from 1.  Raises UserError.
    """
    if os.path.isdir(path):
        sentences = read_mrg_folder(path)
        if not sentences:
            raise UserError(f"{path}: is a folder without .mrg files; "
                            "give a file, or a folder as --data")
        return sentences
    format_ = format_of(path)
    place = place_of(column, format_, path)
    if format_ == "CoNLL-U":
        return read_conllu(path, str(place + 1))
    if format_ in ("columns", "word/TAG", "trees"):
        readers = {"columns": read_columns, "word/TAG": read_slashes, "trees": read_ptb}
        return readers[format_](path)
    return read_conll(path, place, WIDTHS.get(format_) or int(format_.split()[0]))
