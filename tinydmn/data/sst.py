"""The Stanford Sentiment Treebank (Socher et al. 2013): binary trees, one a line, a label 0 to 4 on every node.

    (3 (2 It) (4 (3 (2 's) (3 lovely)) (2 .)))
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from ..errors import UserError, at_line, check_folder
from .babi import split_by_story
from .story import Question, Story
from .text import numbered_lines, short, unescape

ANSWERS = {"fine": ("very-negative", "negative", "neutral", "positive", "very-positive"),
           "binary": ("negative", "negative", None, "positive", "positive")}      # by label; None: neutral texts are left out
FILES = {"train": ("train",), "valid": ("dev", "valid"), "test": ("test",)}

TOKEN = re.compile(r"[()]|[^ \t()]+")                      # ASCII blanks alone part tokens: a no-break space may stand inside a word
EXAMPLE = "write one tree a line, like (3 (2 It) (4 works))"


@dataclass(frozen=True)
class Tree:
    """One sentence and its labels."""

    words: list[str]                          # as written, case kept, brackets and slashes unescaped
    label: int                                # of the whole sentence, 0 (very negative) to 4 (very positive)
    phrases: list[tuple[int, int, int]]       # (label, start, end) of every node but the root; words[start:end]
    source: str = ""                          # "FILE:LINE"


# reading

def read_sst(path):
    """Trees of one file, plain or .gz, as list[Tree].  Blank lines and Windows line ends do no harm.

    Raises UserError (FILE:LINE: problem; mend) for whatever is no binary tree with labels 0 to 4.
    """
    trees = [_tree(text, path, line) for line, text in numbered_lines(path, "trees") if text.strip(" \t")]
    if not trees:
        raise UserError(f"{path}: empty; give a file with trees in it")
    return trees


def _tree(text, path, line):
    """One line -> Tree.  A frame on the stack is an open node: [label, where it starts, its children]; a word is a child like a node."""
    def wrong(problem, mend):
        return at_line(path, line, problem, mend)

    words, nodes, stack = [], [], []
    for token in TOKEN.findall(text):
        if nodes and not stack:
            raise wrong(f"{short(token)} after the end of the tree", "write one tree a line, with as many ( as )")
        if token == "(":
            if stack and stack[-1][0] is None:
                raise wrong("an opening bracket where a label should be", "write a label from 0 to 4 after each opening bracket")
            if stack:
                stack[-1][2].append("node")
            stack.append([None, len(words), []])
        elif not stack:
            raise wrong(f"{short(token)} where a tree should begin", EXAMPLE)
        elif token == ")":
            label, start, children = stack.pop()
            if children not in (["word"], ["node", "node"]):
                raise wrong(_children(label, children), "give each node one word, or two nodes")
            nodes.append((label, start, len(words)))
        elif stack[-1][0] is None:
            if token not in ("0", "1", "2", "3", "4"):
                raise wrong(f"label {short(token)} is not 0 to 4", "write a label from 0 to 4 after each opening bracket")
            stack[-1][0] = int(token)
        else:
            stack[-1][2].append("word")
            words.append(unescape(token))
    if stack:
        raise wrong(f"{len(stack)} bracket{'s' * (len(stack) > 1)} not closed", "write one tree a line, with as many ( as )")
    *phrases, (label, _, _) = nodes
    return Tree(words, label, phrases, f"{path}:{line}")


def _children(label, children):
    """What is wrong with them, in words."""
    if label is None:
        return "brackets without a label"
    if not children:
        return f"label {label} without a word"
    if "word" not in children:
        return f"{len(children)} node{'s' * (len(children) > 1)} under label {label}"
    return f"{len(children)} words under label {label}" if "node" not in children else f"words and nodes mixed under label {label}"


# stories

def sentiment_question(label, kind):
    """The question about a text with that label, 0 to 4; `kind` "fine" or "binary".  None where a binary answer is neutral."""
    answer = ANSWERS[kind][label]
    return Question(["sentiment"], [answer], 1) if answer else None


def sentiment_stories(trees, kind="fine"):
    """Whole sentences as list[Story], in lower case: one story a tree, binary without the neutral ones."""
    asked = [(tree, sentiment_question(tree.label, kind)) for tree in trees]
    return [Story([_lower(tree.words)], [question], tree.source) for tree, question in asked if question]


def phrase_stories(trees, kind="fine"):
    """Every phrase below a root as list[Story], in lower case; the same words with the same answer come once.

    The list is the same each time, so an epoch's sample is a draw of indices into it.
    """
    questions = [sentiment_question(label, kind) for label in range(5)]        # shared: 150,000 phrases, five questions
    stories = {}
    for tree in trees:
        words = _lower(tree.words)
        for label, start, end in tree.phrases:
            if questions[label]:
                phrase = words[start:end]
                key = (ANSWERS[kind][label], *phrase)
                if key not in stories:
                    stories[key] = Story([phrase], [questions[label]], tree.source)
    return list(stories.values())


def _lower(words):
    return [word.lower() for word in words]


# finding the files

def find_sst(folder, split):
    """Path of the file of `split` ("train", "valid" or "test"): train.txt, dev.txt, test.txt, or packed as .txt.gz, in the folder or in trees/ below.

    Raises UserError where the folder or the file is missing.
    """
    path = _find(folder, split)
    if path is None:
        raise UserError(f"{folder}: has no {FILES[split][0]}.txt (nor has trees/ below it); "
                        "give the folder with the treebank's train.txt, dev.txt and test.txt")
    return path


def load_sst(folder, rng=None):
    """(train, valid, test), each list[Tree]; test is None where there is no test file.

    Without a dev file the train file is split by `split_by_story(train, 0.1, rng)`.
    """
    train = read_sst(find_sst(folder, "train"))
    test = _find(folder, "test")
    test = read_sst(test) if test else None
    valid = _find(folder, "valid")
    if valid:
        return train, read_sst(valid), test
    if len(train) < 2:
        raise UserError(f"{find_sst(folder, 'train')}: one tree alone cannot be split; add trees, or a file dev.txt")
    return *split_by_story(train, 0.1, rng), test


def _find(folder, split):
    folder = Path(folder)
    check_folder(folder, "give the folder with the treebank's train.txt, dev.txt and test.txt")
    places = [place / f"{name}.txt{packed}" for place in (folder, folder / "trees") for name in FILES[split] for packed in ("", ".gz")]
    return next((path for path in places if os.path.isfile(path)), None)
