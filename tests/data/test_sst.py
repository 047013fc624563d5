"""Sentiment trees: by hand, the real files, and every mistake named with its place and its mend."""

import gzip
from collections import Counter
from functools import cache

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from tinydmn.data.sst import Tree, find_sst, load_sst, phrase_stories, read_sst, sentiment_question, sentiment_stories
from tinydmn.data.story import Question
from tinydmn.errors import UserError
from tinydmn.tasks import about_run, texts_of

from .broken import check_whole_file_mistakes, message, write
from .published import DATA, needs_published

LOVELY = "(3 (2 It) (4 (3 (2 's) (3 lovely)) (2 .)))\n"


def test_a_tree_by_hand(tmp_path):
    path = write(tmp_path, "\n" + LOVELY, "a.txt")
    assert read_sst(path) == [Tree(["It", "'s", "lovely", "."], 3, [(2, 0, 1), (2, 1, 2), (3, 2, 3), (3, 1, 3), (2, 3, 4), (4, 1, 4)], f"{path}:2")]


def test_words_as_they_were_written(tmp_path):
    tree, = read_sst(write(tmp_path, "(2 (2 (2 -LRB-) (2 8\u00a01\\/2)) (2 (2 sh\\*t) (2 -RRB-)))", "a.txt"))
    assert tree.words == ["(", "8\u00a01/2", "sh*t", ")"]


def test_a_word_alone_is_a_tree_without_phrases(tmp_path):
    tree, = read_sst(write(tmp_path, "(4 Wow)", "a.txt"))
    assert (tree.words, tree.label, tree.phrases) == (["Wow"], 4, [])


@pytest.mark.parametrize("change", [lambda t: t.replace("\n", "\r\n"), lambda t: t.replace("\n", "\n \n"), lambda t: t.rstrip("\n"),
                                    lambda t: t.replace(" (", "("), lambda t: t.replace(")", " ) "), lambda t: "\ufeff" + t,
                                    lambda t: gzip.compress(t.encode())],
                         ids=["CRLF", "blank lines", "no last newline", "no blanks", "more blanks", "byte order mark", "gzip"])
def test_harmless_differences(tmp_path, change):
    plain, other = (read_sst(write(tmp_path, text, name)) for text, name in ((LOVELY * 2, "a.txt"), (change(LOVELY * 2), "b.txt")))
    assert [(t.words, t.label, t.phrases) for t in plain] == [(t.words, t.label, t.phrases) for t in other]


labels = st.integers(0, 4)
words = st.text(st.characters(exclude_categories=("Cs", "Cc"), exclude_characters=" ()\\"), min_size=1, max_size=4)
nested = st.recursive(st.tuples(labels, words), lambda node: st.tuples(labels, node, node), max_leaves=12)


def flat(node, start, spans):
    """The words below a node written as a nested tuple; its spans, and those below, are added in the order of their closing brackets."""
    inside = [node[1]] if len(node) == 2 else flat(node[1], start, spans)
    if len(node) == 3:
        inside = inside + flat(node[2], start + len(inside), spans)
    spans.append((node[0], start, start + len(inside)))
    return inside


@given(nodes=st.lists(nested, min_size=1, max_size=4))
def test_any_tree_comes_back(tmp_path_factory, nodes):
    def show(node):
        return f"({node[0]} {' '.join(child if isinstance(child, str) else show(child) for child in node[1:])})"

    trees = read_sst(write(tmp_path_factory.mktemp("sst"), "\n".join(map(show, nodes)), "a.txt"))
    for node, tree in zip(nodes, trees, strict=True):
        spans = []
        assert tree.words == flat(node, 0, spans)
        assert (tree.phrases, (tree.label, 0, len(tree.words))) == (spans[:-1], spans[-1])


NODE, LABEL = "give each node one word, or two nodes", "write a label from 0 to 4 after each opening bracket"
CLOSE, ONE = "write one tree a line, with as many ( as )", "write one tree a line, like (3 (2 It) (4 works))"
MISTAKES = {
    "label 7": ("(3 (7 It) (2 works))", "label '7' is not 0 to 4", LABEL),
    "label -1": ("(-1 bad)", "label '-1' is not 0 to 4", LABEL),
    "no label": ("(It)", "label 'It' is not 0 to 4", LABEL),
    "no label at a node": ("((2 It) (2 works))", "an opening bracket where a label should be", LABEL),
    "nothing": ("()", "brackets without a label", NODE),
    "no word": ("(3 (2 It) (2 ))", "label 2 without a word", NODE),
    "two words": ("(3 (2 It works) (2 .))", "2 words under label 2", NODE),
    "one child": ("(3 (2 It))", "1 node under label 3", NODE),
    "three children": ("(3 (2 It) (2 works) (2 .))", "3 nodes under label 3", NODE),
    "mixed": ("(3 (2 It) works)", "words and nodes mixed under label 3", NODE),
    "not closed": ("(3 (2 It) (2 works)", "1 bracket not closed", CLOSE),
    "cut in the middle": ("(3 (2 It) (2 wor", "2 brackets not closed", CLOSE),
    "one too many": ("(3 (2 It) (2 works)))", "')' after the end of the tree", CLOSE),
    "two trees": ("(3 It) (2 works)", "'(' after the end of the tree", CLOSE),
    "a sentence": ("It works", "'It' where a tree should start", ONE),
    "a tab-separated line": ("3\tIt works", "'3' where a tree should start", ONE),
    "begins with )": (")(3 It)", "')' where a tree should start", ONE),
    "not UTF-8": (b"(3 caf\xe9)", "byte 0xe9 is not UTF-8", "save the file as UTF-8"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistake_on_a_line(tmp_path, name):
    text, problem, mend = MISTAKES[name]
    path = write(tmp_path, LOVELY.encode() + (text if isinstance(text, bytes) else text.encode()) + b"\n", "a.txt")
    assert message(read_sst, path) == f"{path}:2: {problem}; {mend}"


def test_mistakes_of_the_whole_file(tmp_path):
    check_whole_file_mistakes(tmp_path, read_sst, LOVELY)


# stories

TREES = [Tree(["A", "Good", "film"], 3, [(2, 0, 1), (4, 1, 2), (2, 2, 3), (3, 1, 3)], "f:1"),
         Tree(["good", "FILM"], 2, [(3, 0, 1), (2, 1, 2)], "f:2"), Tree(["Awful"], 0, [], "f:3")]


def asked(stories):
    return [(" ".join(story.facts[0]), *story.questions[0].answer, story.source) for story in stories]


def test_whole_sentences_as_stories():
    assert asked(sentiment_stories(TREES)) == [("a good film", "positive", "f:1"), ("good film", "neutral", "f:2"), ("awful", "very-negative", "f:3")]
    assert asked(sentiment_stories(TREES, "binary")) == [("a good film", "positive", "f:1"), ("awful", "negative", "f:3")]
    assert sentiment_stories(TREES)[0].questions == [Question(["sentiment"], ["positive"], 1)]


def test_phrases_come_once_and_without_roots():
    assert asked(phrase_stories(TREES)) == [("a", "neutral", "f:1"), ("good", "very-positive", "f:1"), ("film", "neutral", "f:1"),
                                            ("good film", "positive", "f:1"), ("good", "positive", "f:2")]
    assert asked(phrase_stories(TREES, "binary")) == [("good", "positive", "f:1"), ("good film", "positive", "f:1")]


@pytest.mark.parametrize("label, fine, binary", [(0, "very-negative", "negative"), (1, "negative", "negative"), (2, "neutral", None), (3, "positive", "positive"),
                                                 (4, "very-positive", "positive")])
def test_labels_in_words(label, fine, binary):
    assert sentiment_question(label, "fine") == Question(["sentiment"], [fine], 1)
    assert sentiment_question(label, "binary") == (binary and Question(["sentiment"], [binary], 1))
    trees = [Tree(["So", "So"], label, [(label, 0, 1), (2, 1, 2)], "f:1")]
    assert [len(stories(trees, "binary")) for stories in (sentiment_stories, phrase_stories)] == [bool(binary)] * 2


def deep(levels, label=3):
    """A tree that grows on one side alone."""
    return f"({label} " * levels + "(2 w0)" + "".join(f" (2 w{i}))" for i in range(1, levels + 1)) + "\n"


def test_a_deep_tree_is_a_tree_like_any_other(tmp_path):
    tree, = read_sst(write(tmp_path, deep(5000), "a.txt"))
    assert (len(tree.words), tree.label, len(tree.phrases)) == (5001, 3, 10_000)
    assert tree.phrases[:3] == [(2, 0, 1), (2, 1, 2), (3, 0, 2)] and tree.phrases[-1] == (2, 5000, 5001)
    tree, = read_sst(write(tmp_path, deep(400), "a.txt"))
    assert sorted(len(s.facts[0]) for s in phrase_stories([tree])) == [1] * 401 + list(range(2, 401))
    assert len(phrase_stories([tree], "binary")) == 399


@pytest.mark.parametrize("valid", ["(4 Wow)\n", "(2 (2 so) (2 so))\n(2 so)\n", deep(500), deep(500, label=2)], ids=["one word", "all neutral", "deep", "deep and neutral"])
@pytest.mark.parametrize("kind", ["fine", "binary"])
def test_validation_with_and_without_a_tree_to_ask(tmp_path, valid, kind):
    write(tmp_path, LOVELY * 3, "train.txt")
    write(tmp_path, valid, "dev.txt")
    about = about_run("sst", tmp_path, 0, kind=kind)
    if kind == "binary" and valid.startswith("(2"):
        assert message(texts_of, about).startswith(f"{tmp_path}: its validation part has no question left to ask (neutral ones are left out")
    else:
        _, stories, _, phrases = texts_of(about)
        assert len(stories) == valid.count("\n") and stories[0].questions and len(phrases) == (6 if kind == "fine" else 3)


def test_training_without_a_tree_to_ask(tmp_path):
    write(tmp_path, "(2 (2 so) (2 so))\n", "train.txt")
    write(tmp_path, LOVELY, "dev.txt")
    assert "its training part has no question left" in message(texts_of, about_run("sst", tmp_path, 0, kind="binary"))


# folders

def test_each_part_comes_from_its_own_file(tmp_path):
    one_word = lambda word, n: "".join(f"(3 {word}{i})\n" for i in range(n))
    part = lambda: [stories and {tree.words[0][:-1] for tree in stories} for stories in load_sst(tmp_path)]
    (tmp_path / "trees").mkdir()
    for name, n in (("trees/train.txt", 10), ("trees/dev.txt", 3), ("trees/test.txt", 2)):
        write(tmp_path, one_word("t" + name[6:8], n), name)
    assert part() == [{"ttr"}, {"tde"}, {"tte"}]
    write(tmp_path, one_word("valid", 2), "valid.txt")                         # the folder itself goes before what lies below it
    assert part() == [{"ttr"}, {"valid"}, {"tte"}]
    write(tmp_path, gzip.compress(one_word("dev", 2).encode()), "dev.txt.gz")
    assert part()[1] == {"dev"}
    write(tmp_path, one_word("plain", 2), "dev.txt")                           # and a plain file before its packed copy
    assert part()[1] == {"plain"} and find_sst(tmp_path, "valid").name == "dev.txt"


def test_without_a_file_of_its_own_validation_is_a_tenth_of_training(tmp_path):
    write(tmp_path, "".join(f"(3 w{i})\n" for i in range(40)), "train.txt")
    held_out = lambda rng: [tree.words[0] for tree in load_sst(tmp_path, rng)[1]]
    train, valid, test = load_sst(tmp_path)
    assert held_out(None) == ["w9", "w19", "w29", "w39"] == [tree.words[0] for tree in valid] and len(train) == 36 and test is None
    assert not {tree.source for tree in train} & {tree.source for tree in valid}
    assert len({tuple(held_out(np.random.default_rng(seed))) for seed in range(8)}) > 5
    with pytest.raises(TypeError, match="rng is 0"):
        load_sst(tmp_path, 0)


def test_finding_the_files(tmp_path):
    (tmp_path / "trees").mkdir()
    path = write(tmp_path, LOVELY, "trees/train.txt")
    assert find_sst(tmp_path, "train") == path
    assert "one tree alone cannot be split" in message(load_sst, tmp_path)
    write(tmp_path, LOVELY * 20, "trees/train.txt")
    assert [part and len(part) for part in load_sst(tmp_path)] == [18, 2, None]
    write(tmp_path, gzip.compress((LOVELY * 3).encode()), "trees/dev.txt.gz")
    write(tmp_path, LOVELY * 4, "trees/test.txt")
    assert [len(part) for part in load_sst(tmp_path)] == [20, 3, 4]
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="has no train.txt .*; give the folder with"):
        load_sst(tmp_path / "empty")
    with pytest.raises(UserError, match="no such folder; give the folder"):
        find_sst(tmp_path / "none", "train")


# the real files

@cache
def real():
    return load_sst(f"{DATA}/sst")


@needs_published
def test_the_real_files():
    train, valid, test = real()
    assert (len(train), len(valid), test) == (8544, 1101, None)
    assert [n for _, n in sorted(Counter(tree.label for tree in train).items())] == [1092, 2218, 1624, 2322, 1288]
    assert (len(sentiment_stories(train, "binary")), len(sentiment_stories(valid, "binary"))) == (6920, 872)
    assert all(len(tree.phrases) == 2 * len(tree.words) - 2 for tree in train + valid)          # binary, single words counted
    assert {"8\u00a01/2", "(", "*"} <= {word for tree in train for word in tree.words}


@needs_published
def test_phrases_of_the_real_files():
    stories = phrase_stories(real()[1])
    spans = {(tuple(w.lower() for w in tree.words[a:b]), label) for tree in real()[1] for label, a, b in tree.phrases}
    assert len(stories) == len(spans)
