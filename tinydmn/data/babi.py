"""Reads and writes the published bAbI files (Weston et al. 2015).

A story is a run of numbered lines; the number goes back to 1 where the next story begins.  A fact
is `N text.`, a question `N question?<TAB>answer<TAB>ids`, where the ids are the line numbers of its
supporting facts in the order of reasoning.  Typed input is read by the same rules
(`typed_questions`), except that the numbers may be left out.
"""

import gzip
import os
import re
from contextlib import suppress
from os import PathLike
from pathlib import Path

import numpy as np

from ..errors import UserError, at_line, check_folder, check_rng
from .story import QUESTION_MARKS, Question, Story, answer_words, is_question, sentence_words
from .text import paths_in, read_text, short

NUMBERED = re.compile(r"([0-9]{1,9})\s+(\S.*)")
# answer and ids in columns, with blanks where the tabs should be
ANSWERED = re.compile(r"(?: {2,}|\u3000)\S+ {2,}[0-9]+( +[0-9]+)*$")
TABS = "write  N question?<TAB>answer<TAB>ids"
FILE_NAME = re.compile(r"qa([0-9]+)_(?:.+_)?(train|valid|test)\.txt(?:\.gz)?")

# Folders of the two sizes in a download; those with validation files come first.
FOLDERS = {"1k": ("en-valid", "en-1k", "en"), "10k": ("en-valid-10k", "en-10k")}
DOWNLOAD = "tasks_1-20_v1-2"

TITLES = {1: "single-supporting-fact", 2: "two-supporting-facts", 3: "three-supporting-facts",
          4: "two-arg-relations", 5: "three-arg-relations", 6: "yes-no-questions", 7: "counting",
          8: "lists-sets", 9: "simple-negation", 10: "indefinite-knowledge",
          11: "basic-coreference", 12: "conjunction", 13: "compound-coreference",
          14: "time-reasoning", 15: "basic-deduction", 16: "basic-induction",
          17: "positional-reasoning", 18: "size-reasoning", 19: "path-finding",
          20: "agents-motivations"}

# Words that the files capitalise inside a sentence.
NAMES = frozenset("antoine bernhard bill brian daniel emily fred gertrude greg jason jeff jessica "
                  "john julie julius lily mary sandra sumit winona yann".split())


# reading

def read_babi(path: str | PathLike) -> list[Story]:
    """The stories of one file, plain or .gz, as list[Story]: words in lower case, support as
    indices into Story.facts in the file's order.

    A story's `source` is FILE:LINE of its first line.  Blank lines, a blank before a tab and
    Windows line endings are accepted; the id field may be empty or missing (support unknown).
    Raises UserError (FILE:LINE: problem; how to fix it) for whatever else is not in the format.
    """
    stories, facts, questions = [], [], []
    fact_at = {}                                # line number within the story -> index into facts
    number = 0
    for line, text in enumerate(read_text(path, "stories").split("\n"), 1):
        text = text.strip(" \r")                           # a trailing tab stays: an empty id field
        if not text.strip():
            continue
        number, text = _number(text, number, path, line)
        if number == 1:
            facts, questions, fact_at = [], [], {}
            stories.append(Story(facts, questions, f"{path}:{line}"))
        if problem := _no_fact(text):
            raise at_line(path, line, problem, TABS)
        if "\t" in text:
            questions.append(_question(text, number, fact_at, path, line))
        else:
            fact = sentence_words(text)
            if not fact:
                raise at_line(path, line, "a fact without words", "write N text.")
            fact_at[number] = len(facts)
            facts.append(fact)
    if not any(story.questions for story in stories):
        raise UserError(f"{path}: holds no question; "
                        "give a file with lines  N question?<TAB>answer<TAB>ids")
    return stories


def _number(text, previous, path, line):
    """'3 Mary went.' after line 2 -> (3, 'Mary went.')."""
    match = NUMBERED.fullmatch(text)
    if not match:
        raise at_line(path, line, f"no number and text in {short(text)}",
                      "begin each line with its number in the story and a blank")
    number = int(match[1])
    if number not in (1, previous + 1):
        expected = f"{previous + 1}, or 1 for a new story" if previous else "1"
        raise at_line(path, line, f"number {number} does not follow {previous or 'the beginning'}",
                      f"number this line {expected}")
    return number, match[2]


def _question(text, number, fact_at, path, line):
    """The fields of a question's line -> Question.  fact_at: line number -> index of the fact."""
    fields = [field.strip() for field in text.split("\t")]
    if len(fields) > 3:
        raise at_line(path, line, f"{len(fields)} fields in question {short(text)}", TABS)
    tokens, answer = sentence_words(fields[0]), answer_words(fields[1])
    if not tokens:
        raise at_line(path, line, "a question without words", TABS)
    if not answer or not all(answer):
        raise at_line(path, line, "a question without its answer",
                      "write one word, or several with commas between them")
    if not fact_at:
        raise at_line(path, line, "a question before any fact", "tell a fact first")
    support = [_support(word, number, fact_at, path, line)
               for word in "".join(fields[2:]).split()]
    return Question(tokens, answer, len(fact_at), support)


def _no_fact(text):
    """Why a line without a tab cannot be a fact; None if it can, or if it has a tab."""
    if "\t" in text:
        return None
    mark = next((mark for mark in QUESTION_MARKS if mark in text), None)
    if mark is None:
        return f"answer and ids without tabs in {short(text)}" if ANSWERED.search(text) else None
    behind = text.rpartition(mark)[2].strip()
    return f"{'no tab' if behind else 'no answer'} after the question mark in {short(text)}"


def _support(word, number, fact_at, path, line):
    """One supporting id -> index of its fact."""
    fix = "give the line number of an earlier fact of this story"
    if not re.fullmatch("[0-9]{1,9}", word):
        raise at_line(path, line, f"supporting id {short(word)} is not a number", fix)
    id_ = int(word)
    if id_ in fact_at:
        return fact_at[id_]
    problem = ("points to the question itself" if id_ == number else
               "points forward" if id_ > number else
               "points to no line" if id_ < 1 else "points to a question")
    raise at_line(path, line, f"supporting id {id_} {problem}", fix)


# typed input

def typed_questions(lines, problem):
    """Typed or piped lines -> yields (facts, question), as typed, as soon as a question is asked.

    Lines of a bAbI file are accepted: the number is dropped, and so is all that follows the
    question.  If the lines begin with 1, 2, 3, ..., these are line numbers, and each 1 begins a new
    story, as an empty line does; any other number is a word ("104 has the desk").
    problem(text) is called for each line that is neither a fact nor a question.
    """
    story, numbered = [], False    # lines of this story: [number, text, whole line, is it a fact]
    for line in lines:
        line = line.strip(" \r\n")
        if not line.strip():
            story, numbered = [], False
            continue
        match = NUMBERED.fullmatch(line)
        number, text = (int(match[1]), match[2]) if match else (None, line)
        if not numbered and story and (story[-1][0], number) == (1, 2):    # so the 1 was a number
            story, numbered = story[-1:], True
        elif numbered and number == 1:
            story, numbered = [], False
        story.append([number, text, line, False])

        def plain(i):
            number, text, whole, _ = story[i]
            return (text if numbered and number == i + 1 else whole).split("\t")[0].strip()

        sentence = plain(len(story) - 1)
        if is_question(sentence) or "\t" in line:
            facts = [plain(i) for i, (*_, is_fact) in enumerate(story) if is_fact]
            if not facts:
                problem(f"a question before any fact: {short(sentence)}; "
                        "tell a fact first, a line that ends in a full stop")
            elif not sentence_words(sentence):
                problem(f"a question without words: {short(sentence)}; "
                        "write one like  Where is Mary?")
            else:
                yield facts, sentence
        elif why := _no_fact(sentence):
            problem(f"{why}; end a question with its mark, a fact with a full stop")
        elif not sentence_words(sentence):
            problem(f"a fact without words: {short(sentence)}; "
                    "write one like  Mary went to the garden.")
        else:
            story[-1][-1] = True


# finding the files of a task

def find_task(folder, task, split, size=None):
    """Path of the file of `task` and `split` ("train", "valid", "test"); None where the folder that
    has the task lacks that split.

    folder: holds the files, or the folders en, en-10k, en-valid, ... (or the download's folder
    tasks_1-20_v1-2).  size: "1k" or "10k"; None takes 1k where both are there.
    Raises UserError where the task is not found.
    """
    return _task_files(folder, task, size).get(split)


def load_task(folder, task, size=None, rng=None):
    """(train, valid, test) of a task, each list[Story] without the stories that ask nothing; test
    is None where there is no test file.

    Without a validation file the train file is split by `split_by_story(train, 0.1, rng)`.
    Raises UserError as `find_task` and `read_babi`, and for a train file too short to be split.
    """
    files = _task_files(folder, task, size)
    if "train" not in files:
        found = next(iter(files.values())).parent
        raise UserError(f"{found}: has no train file of task {task}; "
                        f"put qa{task}_..._train.txt there")
    stories = {split: [story for story in read_babi(path) if story.questions]
               for split, path in files.items()}
    train, test = stories["train"], stories.get("test")
    if "valid" in files:
        return train, stories["valid"], test
    if len(train) < 2:
        raise UserError(f"{files['train']}: one story alone cannot be split; "
                        f"add stories that ask something, or a file qa{task}_..._valid.txt")
    return *split_by_story(train, 0.1, rng), test


def split_by_story(stories, share=0.1, rng=None):
    """(kept, held_out): whole stories in their order; held_out has round(share * len(stories)), but
    neither side is empty.

    Duplicates (the same facts and questions, or words, whatever the answers) stay together, so that
    the sides have no story in common; the share then counts distinct stories.  With `rng`
    (a numpy Generator) the held-out stories are drawn at random; without it they are evenly spaced
    (0.1: every tenth).  Raises ValueError for fewer than two stories, or a share outside (0, 1).
    """
    if rng is not None:
        check_rng(rng)
    n = len(stories)
    if n < 2 or not 0.0 < share < 1.0:
        raise ValueError(f"cannot split {n} stories by a share of {share}")
    keys = [_text_of(story) for story in stories]
    first = {}                                             # each distinct story -> its first index
    for i, key in enumerate(keys):
        first.setdefault(key, i)
    if len(first) < 2:
        first, keys = dict(enumerate(range(n))), list(range(n))            # all are duplicates
    places = np.array(list(first.values()))
    n_out = min(max(round(share * len(places)), 1), len(places) - 1)
    evenly = np.arange(1, n_out + 1) * len(places) // n_out - 1
    out = set(places[evenly if rng is None else rng.permutation(len(places))[:n_out]].tolist())
    return ([s for s, key in zip(stories, keys) if first[key] not in out],
            [s for s, key in zip(stories, keys) if first[key] in out])


def _text_of(item):
    """All that a network sees of a story, a tree (its words in lower case) or anything else, but
    without the answers, as one text."""
    if isinstance(item, Story):
        return repr((item.facts, [(q.tokens, q.n_facts) for q in item.questions]))
    return repr([word.lower() for word in item.words] if hasattr(item, "words") else item)


def _task_files(folder, task, size):
    """{split: path} of the first folder that has the task."""
    if size is not None and size not in FOLDERS:
        raise UserError(f"size {size!r} is unknown; give {' or '.join(FOLDERS)}")
    folder = Path(folder)
    check_folder(folder, "give the folder with the bAbI files")
    other = [name for each in FOLDERS if size and each != size for name in FOLDERS[each]]
    if folder.resolve().name in other:                     # resolved, as it may be given as "."
        raise UserError(f"{folder}: holds the other size, not {size}; "
                        "give the folder above it, or leave the size out")
    names = [name for each in ([size] if size else FOLDERS) for name in FOLDERS[each]]
    below = [above / name for above in (folder, folder / DOWNLOAD) for name in names]
    for candidate in [folder] + below:
        files = _files_in(candidate, task) if os.path.isdir(candidate) else {}
        if files:
            return files
    raise UserError(f"{folder}: no file of task {task} (looked for qa{task}_..._train.txt or "
                    f".txt.gz there and in {', '.join(names)} below); "
                    "give the folder with the bAbI files")


def _files_in(folder, task):
    """{split: path} of a task in one folder; an uncompressed file takes precedence over its .gz."""
    files = {}
    for path in paths_in(folder):                          # a.txt sorts before a.txt.gz
        match = FILE_NAME.fullmatch(path.name)
        if match and int(match[1]) == task:
            known = files.setdefault(match[2], path)
            if known.name not in (path.name, path.name.removesuffix(".gz")):
                raise UserError(f"{path}: a second {match[2]} file of task {task} "
                                f"beside {known.name}; leave one of them there")
    return files


# writing

def write_babi(stories, path, overwrite=False):
    """Write stories in the format of the published files, compressed if the name ends in .gz.

    The file appears whole or not at all.  Raises UserError where it exists already (unless
    `overwrite`) or cannot be written.
    """
    write_files({path: stories}, overwrite)


def write_files(sets, overwrite=False):
    """Write several files, {path: stories}, as `write_babi`; if one cannot be, none appears."""
    sets = {Path(path): stories for path, stories in sets.items()}
    for path in sets:
        if os.path.isdir(path):                            # Path.is_dir raises on a name too long
            raise UserError(f"{path}: is a folder; choose another place")
        if os.path.exists(path) and not overwrite:
            raise UserError(f"{path}: exists already; "
                            "choose another name or folder, or ask to overwrite it")
    temporary = {path: path.with_name(f".{path.name}.{os.getpid()}") for path in sets}
    try:
        for path, stories in sets.items():
            data = "".join(f"{line}\n" for story in stories for line in _lines(story)).encode()
            if path.suffix == ".gz":
                data = gzip.compress(data, mtime=0)        # no timestamp: same stories, same bytes
            temporary[path].write_bytes(data)
        for path in sets:
            os.replace(temporary[path], path)
    except OSError as error:
        problem = f"cannot be written ({error.strerror})"
        raise UserError(f"{path}: {problem}; choose another place") from None
    finally:
        for path in temporary.values():
            with suppress(OSError):
                path.unlink(missing_ok=True)


def task_file_name(task, split, title=None):
    """The long published name, qa1_single-supporting-fact_train.txt.

    title: of a task that was not published; without one its file is called qa21_train.txt.
    """
    return "_".join(filter(None, (f"qa{task}", TITLES.get(task, title), f"{split}.txt")))


def _lines(story):
    """The numbered lines of one story."""
    line_of, number, told = [], 0, 0     # line number of each fact; lines and facts written so far
    last = len(story.facts)
    for question in [*sorted(story.questions, key=lambda q: q.n_facts), None]:
        until = question.n_facts if question else last
        for fact in story.facts[told:until]:
            number += 1
            line_of.append(number)
            yield f"{number} {_sentence(fact)}."
        told = max(told, until)
        if question:
            number += 1
            answer = ",".join(_capital(word) for word in question.answer)
            ids = " ".join(str(line_of[i]) for i in question.support)
            yield f"{number} {_sentence(question.tokens)}? \t{answer}\t{ids}"


def _capital(word):
    return word.capitalize() if word in NAMES else word


def _sentence(tokens):
    first, *rest = tokens
    return " ".join([first.capitalize(), *map(_capital, rest)])
