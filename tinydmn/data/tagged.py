"""Sentences with a tag for each word: columns, CoNLL-U, or Penn Treebank files, and what else tag_formats.py knows."""

import os
import re
from pathlib import Path

from ..errors import UserError, at_line, kind_of
from .babi import split_by_story
from .story import Question, Story
from .tag_formats import COLUMNS, WIDTHS, Sentence, blocks, cells_of, counted, format_of, place_of, read_conll, read_slashes
from .text import numbered_lines, paths_in, short, unescape

QUESTION = ["tags"]
WSJ = {"train": range(0, 19), "valid": range(19, 22), "test": range(22, 25)}
WSJ_PLACES = (".", "wsj", "mrg/wsj", "parsed/mrg/wsj", "treebank_3/parsed/mrg/wsj")
SPLIT_NAMES = {"train": "train", "dev": "valid", "valid": "valid", "test": "test"}
PTB_TOKEN = re.compile(r"[()]|[^ \t()]+")
FILE_NAME = re.compile(r"(?:.*[-_.])?(train|dev|valid|test)\.(tsv|conllu)(?:\.gz)?")


def tagged_stories(sentences):
    """One story a sentence, as list[Story]: the forms are its fact, all tags in order the answer of its one question."""
    return [Story([[form for form, _ in s.pairs]], [Question(QUESTION, [tag for _, tag in s.pairs], 1)], s.source) for s in sentences]


# columns

def read_columns(path):
    """Sentences of a file of lines FORM<TAB>TAG (or blanks for the tab), a blank line after each sentence, as list[Sentence].

    Raises UserError (FILE:LINE: problem; mend) for a line with another number of columns.
    """
    sentences = []
    for block in blocks(path):
        pairs = []
        for line, text in block:
            columns = cells_of(text)
            if len(columns) != 2:
                raise at_line(path, line, f"{counted(columns)} in {short(text)}", "write FORM<TAB>TAG")
            if not all(columns):
                problem = f"word {short(columns[0])} without a tag" if columns[0] else f"tag {short(columns[1])} without a word"
                raise at_line(path, line, problem, "write FORM<TAB>TAG")
            pairs.append(tuple(columns))
        sentences.append(Sentence(pairs, f"{path}:{block[0][0]}"))
    return sentences


def read_conllu(path, column="xpos"):
    """Sentences of a CoNLL-U file as list[Sentence], with the language's own tags ("xpos"), the universal ones ("upos"), or the
    words of any other column ("8", counted from 1).

    Syntactic words count: "don't" is do, n't; the ranges that span them (1-2) and empty nodes (1.1) are left out.
    Raises UserError (FILE:LINE: problem; mend).
    """
    place = COLUMNS.get(column, int(column) - 1 if column.isdecimal() else 0)
    if not 2 <= place < 10:
        raise UserError(f"column {column!r} is unknown; give {' or '.join(COLUMNS)}")
    sentences = []
    for block in blocks(path):
        pairs, first = [], None
        for line, text in block:
            columns = text.split("\t")
            if text.startswith("#") or len(columns) == 10 and re.fullmatch("[0-9]+[-.][0-9]+", columns[0]):
                continue
            if len(columns) != 10:
                raise at_line(path, line, f"{counted(columns)} in {short(text)}", "give CoNLL-U's ten columns, a tab between them")
            pairs.append(_conllu_word(columns, len(pairs) + 1, place, path, line))
            first = first or line
        if pairs:                                          # comments alone, at the end of a file, are no sentence
            sentences.append(Sentence(pairs, f"{path}:{first}"))
    if not sentences:
        raise UserError(f"{path}: holds no word; give a CoNLL-U file with sentences in it")
    return sentences


def _conllu_word(columns, number, place, path, line):
    """The columns of a word, which should be the sentence's word `number` -> (form, tag), the tag that at index `place`."""
    id_, form, tag = columns[0], columns[1], columns[place]
    if id_ != str(number):
        mend = "put a blank line after each sentence" if id_ == "1" else "number the words of a sentence 1, 2, 3, ..."
        raise at_line(path, line, f"word number {short(id_)} where {number} should be", mend)
    if not form:
        raise at_line(path, line, f"word number {number} is empty", "write the word in the second column")
    if tag == "" or tag == "_" and place in COLUMNS.values():          # of features, say, none is a tag as well
        name, other = sorted(COLUMNS, key=lambda name: COLUMNS[name] != place) if place in COLUMNS.values() else (f"column {place + 1}", "xpos")
        raise at_line(path, line, f"word {short(form)} without {name.upper()}", f"give the tag, or read the column {other}")
    return form, tag


# Penn Treebank

def read_ptb(path):
    """Sentences of a Penn Treebank file (.mrg: bracketed trees, each over several lines) as list[Sentence].

    Traces (-NONE-) are dropped; the word -LRB- becomes "(", its tag stays -LRB-.  Raises UserError (FILE:LINE: problem; mend).
    """
    def wrong(problem):
        return at_line(path, line, problem, "give trees like ( (S (NP (PRP It)) (VP (VBZ works)) (. .)) )")

    sentences, pairs, stack = [], [], []                   # on the stack, for each open bracket: [label, word, its line, has it children]
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
                    raise wrong(f"{short(label)} without a word" if label else "brackets with nothing in them")
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
        raise UserError(f"{path}: holds no word; give a file with trees in it")
    return sentences


def read_wsj(folder, split):
    """Sentences of the Wall Street Journal's sections 0-18 ("train"), 19-21 ("valid") or 22-24 ("test") as list[Sentence].

    `folder` holds the section folders 00 to 24 with .mrg files, or stands above parsed/mrg/wsj.  Raises UserError where one is missing.
    """
    place = _wsj_place(folder)
    if place is None:
        raise UserError(f"{folder}: has no section folders 00 to 24; give the folder parsed/mrg/wsj of the Penn Treebank")
    sentences = []
    for section in WSJ[split]:
        below = place / f"{section:02d}"
        paths = _mrg_files(below)
        if not paths:
            raise UserError(f"{below}: no .mrg file of section {section}; put the section there ({split} takes {WSJ[split][0]} to {WSJ[split][-1]})")
        for path in paths:
            sentences += read_ptb(path)
    return sentences


def read_mrg_folder(folder):
    """Sentences of a folder of .mrg files that knows no sections, as NLTK ships its part of the Wall Street Journal (wsj_0001.mrg, ..., there or
    in combined/), file by file, as list[Sentence]; none where there is no such file."""
    for place in (Path(folder), Path(folder) / "combined"):
        if paths := _mrg_files(place):
            return [sentence for path in paths for sentence in read_ptb(path)]
    return []


def _mrg_files(folder):
    """The .mrg files of a folder, packed ones among them, by name; none where there is no folder."""
    paths = paths_in(folder) if os.path.isdir(folder) else []
    return [path for path in paths if path.name.lower().removesuffix(".gz").endswith(".mrg")]


def _wsj_place(folder):
    """The folder that holds the section folders; None where there is none."""
    places = [Path(folder) / place for place in WSJ_PLACES]
    return next((place for place in places if any(os.path.isdir(place / f"{section:02d}") for section in range(25))), None)


# finding the files

def load_tagged(path, column="xpos", rng=None):
    """(train, valid, test), each list[Story]; test is None where there is none.

    A folder holds train.tsv, dev.tsv and test.tsv; or NAME-train.conllu, NAME-dev.conllu, ... (`column`: as in `read_tagged`); or the WSJ's
    sections; or .mrg files without sections, of which every tenth sentence is held out.  A file is read by `read_tagged`.  Without a validation
    file the train file is split by `split_by_story(train, 0.1, rng)`.  Raises UserError where nothing of these lies there.
    """
    path = Path(path)
    if (kind := kind_of(path)) == "file":
        files = {"train": path}
    elif kind is None:
        raise UserError(f"{path}: no such file or folder; give a file or a folder with tagged sentences")
    else:
        kinds = _files_in(path)
        files = next((files for files in kinds.values() if "train" in files), None)
        if files is None and _wsj_place(path):
            return tuple(tagged_stories(read_wsj(path, split)) for split in WSJ)
        if files is None and not any(kinds.values()) and len(found := tagged_stories(read_mrg_folder(path))) > 1:
            return *split_by_story(found, 0.1), None
        if files is None:
            found = ", ".join(file.name for files in kinds.values() for file in files.values())
            raise UserError(f"{path}: has {found}, but no train file; put train.tsv or NAME-train.conllu beside it" if found else
                            f"{path}: holds no tagged sentences; give a folder with train.tsv, NAME-train.conllu, or the WSJ's sections 00 to 24")
    stories = {split: tagged_stories(read_tagged(file, column)) for split, file in files.items()}
    train, test = stories["train"], stories.get("test")
    if "valid" in stories:
        return train, stories["valid"], test
    if len(train) < 2:
        raise UserError(f"{files['train']}: one sentence alone cannot be split; add sentences, or a dev file beside it")
    return *split_by_story(train, 0.1, rng), test


def _files_in(folder):
    """{"tsv": {split: path}, "conllu": {split: path}}; an unpacked file goes before its .gz."""
    kinds = {"tsv": {}, "conllu": {}}
    for path in paths_in(folder):                  # a.tsv sorts before a.tsv.gz
        match = FILE_NAME.fullmatch(path.name)
        if match:
            known = kinds[match[2]].setdefault(SPLIT_NAMES[match[1]], path)
            if known.name not in (path.name, path.name.removesuffix(".gz")):
                raise UserError(f"{path}: a second {match[1]} file beside {known.name}; leave one of them there")
    return kinds


def read_tagged(path, column="xpos"):
    """Sentences of one file, or of a folder of .mrg files, as list[Sentence], in whichever format it is (tag_formats.py).

    column: where there are several kinds of tags, which: "xpos" (or "pos"), "upos", "chunk", "ner", or a column's number.  Raises UserError.
    """
    if os.path.isdir(path):
        sentences = read_mrg_folder(path)
        if not sentences:
            raise UserError(f"{path}: is a folder without .mrg files; give a file, or a folder as --data")
        return sentences
    format_ = format_of(path)
    place = place_of(column, format_, path)
    if format_ == "CoNLL-U":
        return read_conllu(path, str(place + 1))
    if format_ in ("columns", "word/TAG", "trees"):
        return {"columns": read_columns, "word/TAG": read_slashes, "trees": read_ptb}[format_](path)
    return read_conll(path, place, WIDTHS.get(format_) or int(format_.split()[0]))
