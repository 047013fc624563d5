"""The Stanford Sentiment Treebank (Socher et al. 2013): one binary tree per line, with a label from
0 to 4 on every node.

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

# by label; None: neutral texts are left out
ANSWERS = {"fine": ("very-negative", "negative", "neutral", "positive", "very-positive"),
           "binary": ("negative", "negative", None, "positive", "positive")}
FILES = {"train": ("train",), "valid": ("dev", "valid"), "test": ("test",)}

TOKEN = re.compile(r"[()]|[^ \t()]+")      # a no-break space does not separate tokens
EXAMPLE = "write one tree a line, like (3 (2 It) (4 works))"
BALANCED = "write one tree a line, with as many ( as )"
LABEL = "write a label from 0 to 4 after each opening bracket"


@dataclass(frozen=True)
class Tree:
    """One sentence and its labels."""

    words: list[str]                          # as written, brackets and slashes unescaped
    label: int                                # of the sentence, from 0 (very negative) to 4
    phrases: list[tuple[int, int, int]]       # of nodes below the root: label, start, end
    source: str = ""                          # "FILE:LINE"


# reading

def read_sst(path):
    """The trees of one file, plain or .gz, as list[Tree].

    Blank lines and Windows line endings are accepted.  Raises UserError (FILE:LINE: problem; how to
    fix it) for whatever else is not a binary tree with labels 0 to 4.
    """
    lines = numbered_lines(path, "trees")
    trees = [_tree(text, path, line) for line, text in lines if text.strip(" \t")]
    if not trees:
        raise UserError(f"{path}: empty; give a file with trees in it")
    return trees


def _tree(text, path, line):
    """One line -> Tree.  The stack holds the open nodes: [label, index of its first word,
    children], where a child is "word" or "node"."""
    def wrong(problem, fix):
        return at_line(path, line, problem, fix)

    words, nodes, stack = [], [], []
    for token in TOKEN.findall(text):
        if nodes and not stack:
            raise wrong(f"{short(token)} after the end of the tree", BALANCED)
        if token == "(":
            if stack and stack[-1][0] is None:
                raise wrong("an opening bracket where a label should be", LABEL)
            if stack:
                stack[-1][2].append("node")
            stack.append([None, len(words), []])
        elif not stack:
            raise wrong(f"{short(token)} where a tree should start", EXAMPLE)
        elif token == ")":
            label, start, children = stack.pop()
            if children not in (["word"], ["node", "node"]):
                raise wrong(_children(label, children), "give each node one word, or two nodes")
            nodes.append((label, start, len(words)))
        elif stack[-1][0] is None:
            if token not in ("0", "1", "2", "3", "4"):
                raise wrong(f"label {short(token)} is not 0 to 4", LABEL)
            stack[-1][0] = int(token)
        else:
            stack[-1][2].append("word")
            words.append(unescape(token))
    if stack:
        raise wrong(f"{len(stack)} bracket{'s' * (len(stack) > 1)} not closed", BALANCED)
    *phrases, (label, _, _) = nodes
    return Tree(words, label, phrases, f"{path}:{line}")


def _children(label, children):
    """What is wrong with a node's children, in words."""
    if label is None:
        return "brackets without a label"
    if not children:
        return f"label {label} without a word"
    if "word" not in children:
        return f"{len(children)} node{'s' * (len(children) > 1)} under label {label}"
    what = "words and nodes mixed" if "node" in children else f"{len(children)} words"
    return f"{what} under label {label}"


# stories

def sentiment_question(label, kind):
    """The Question about a text with a label from 0 to 4; kind: "fine" or "binary".  None for a
    neutral text where the answer is binary."""
    answer = ANSWERS[kind][label]
    return Question(["sentiment"], [answer], 1) if answer else None


def sentiment_stories(trees, kind="fine"):
    """Whole sentences as list[Story], in lower case, one story per tree; binary: without the
    neutral ones."""
    asked = [(tree, sentiment_question(tree.label, kind)) for tree in trees]
    return [Story([_lower(tree.words)], [question], tree.source)
            for tree, question in asked if question]


def phrase_stories(trees, kind="fine"):
    """Every phrase below a root as list[Story], in lower case; the same words with the same answer
    occur once.

    The order is deterministic, so an epoch can sample indices into the list.
    """
    questions = [sentiment_question(label, kind) for label in range(5)]    # shared by all phrases
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
    """Path of the file of `split` ("train", "valid" or "test"): train.txt, dev.txt or test.txt,
    also as .txt.gz, in the folder or its subfolder trees/.

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
        raise UserError(f"{find_sst(folder, 'train')}: one tree alone cannot be split; "
                        "add trees, or a file dev.txt")
    return *split_by_story(train, 0.1, rng), test


def _find(folder, split):
    folder = Path(folder)
    check_folder(folder, "give the folder with the treebank's train.txt, dev.txt and test.txt")
    paths = [place / f"{name}.txt{packed}" for place in (folder, folder / "trees")
             for name in FILES[split] for packed in ("", ".gz")]
    return next((path for path in paths if os.path.isfile(path)), None)
