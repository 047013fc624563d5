"""Formats of tagged sentences: the same sentences in each come back, the format is found by looking, mistakes have their place and mend."""

import gzip

import hypothesis.strategies as st
import pytest
from hypothesis import given

from tinydmn.data.tag_formats import Sentence, format_of, how_tagged, read_slashes
from tinydmn.data.tagged import load_tagged, read_tagged
from tinydmn.tasks import TASKS

from .broken import message, write

WORDS = [[("He", "PRP", "B-NP", "O"), ("ran", "VBD", "B-VP", "O"), ("to", "TO", "B-PP", "O"), ("Rome", "NNP", "B-NP", "B-LOC"), (".", ".", "O", "O")],
         [("1/2", "CD", "B-NP", "O"), ("(", "(", "O", "O"), ("see", "VB", "B-VP", "O"), ("below", "RB", "O", "O"), (")", ")", "O", "O")]]


def columns(sentences, n, between=" "):
    return "\n".join("".join(between.join(word[:n]) + "\n" for word in sentence) for sentence in sentences)


def slashes(sentences):
    return "".join(" ".join(f"{word[0].replace('/', chr(92) + '/')}/{word[1]}" for word in sentence) + "\n" for sentence in sentences)


def conllu(sentences):
    return "\n".join("# a\n" + "".join(f"{i}\t{w[0]}\t_\tU{w[1]}\t{w[1]}\t_\t0\tr{w[2]}\t_\t_\n" for i,
                                       w in enumerate(sentence, 1)) for sentence in sentences)


def trees(sentences):
    escaped = lambda word: {"(": "-LRB-", ")": "-RRB-"}.get(word, word.replace("/", r"\/"))
    return "".join("( (S\n" + "".join(f"  ({escaped(w[1])} {escaped(w[0])})\n" for w in sentence) + ") )\n"
                   for sentence in sentences)


DOCSTART = "-DOCSTART- -X- -X- O\n\n"
FILES = {                                                  # the format, how the file is, the column that is asked for -> how it is said, which tags
    "columns": (columns(WORDS, 2, "\t"), {"xpos": ("two columns, word and tag", 1), "upos": ("two columns, word and tag", 1),
                                          "2": ("two columns, word and tag", 1)}),
    "word/TAG": (slashes(WORDS), {"xpos": ("word/TAG", 1), "ner": ("word/TAG", 1)}),
    "CoNLL-2000": (columns(WORDS, 3), {"xpos": ("CoNLL-2000, column pos", 1), "pos": ("CoNLL-2000, column pos", 1),
                                       "chunk": ("CoNLL-2000, column chunk", 2),
                                       "3": ("CoNLL-2000, column chunk", 2)}),
    "CoNLL-2003": (DOCSTART + columns(WORDS, 4), {"pos": ("CoNLL-2003, column pos", 1), "chunk": ("CoNLL-2003, column chunk", 2),
                                                  "ner": ("CoNLL-2003, column ner", 3),
                                                  "4": ("CoNLL-2003, column ner", 3)}),
    "CoNLL-U": (conllu(WORDS), {"xpos": ("CoNLL-U, column xpos", 1), "pos": ("CoNLL-U, column xpos", 1), "5": ("CoNLL-U, column xpos", 1)}),
    "5 columns": ("\n".join("".join(f"{w[0]} lemma {w[1]} {w[2]} {w[3]}\n" for w in s) for s in WORDS),
                  {"3": ("5 columns, column 3", 1), "5": ("5 columns, column 5", 3)}),
    "trees": (trees(WORDS), {"xpos": ("Penn Treebank trees", 1)})}


def tags_of(format_, place):
    """The sentences of WORDS with one of their tags, as this format has them."""
    escaped = {"(": "-LRB-", ")": "-RRB-"} if format_ == "trees" else {}
    return [[(w[0], escaped.get(w[place], w[place])) for w in sentence] for sentence in WORDS]


@pytest.mark.parametrize("change", [lambda t: t, lambda t: "\ufeff" + t, lambda t: t.replace("\n", "\r\n"), lambda t: "\n\n" + t + "\n\n",
                                    lambda t: gzip.compress(t.encode())],
                         ids=["", "byte order mark", "CRLF", "empty lines", "gzip"])
@pytest.mark.parametrize("format_", FILES)
def test_each_format_is_found_by_looking_at_it(format_, change, tmp_path):
    text, asked = FILES[format_]
    path = write(tmp_path, change(text), "mine.txt")
    assert format_of(path) == format_
    for column, (how, place) in asked.items():
        assert how_tagged(path, column) == how == TASKS["pos"].how_read(path, {"column": column})
        found = read_tagged(path, column)
        assert [s.pairs for s in found] == tags_of(format_, place)
        assert [s.facts for s in TASKS["pos"].read(path, {"column": column})] == [[[form for form, _ in s.pairs]] for s in found]


def test_the_universal_tags_and_any_column_of_conllu(tmp_path):
    path = write(tmp_path, FILES["CoNLL-U"][0], "a")
    assert read_tagged(path, "upos")[0].pairs[:2] == [("He", "UPRP"), ("ran", "UVBD")] and how_tagged(path, "upos") == "CoNLL-U, column upos"
    assert read_tagged(path, "8")[0].pairs[:2] == [("He", "rB-NP"), ("ran", "rB-VP")] and how_tagged(path, "8") == "CoNLL-U, column 8"
    assert read_tagged(path, "6")[0].pairs[0] == ("He", "_")                               # no features: that is what it says of the word
    assert "word 'He' without XPOS; give the tag, or read the column upos" in message(read_tagged,
                                                                                      write(tmp_path,
                                                                                            FILES["CoNLL-U"][0].replace("PRP\t_",
                                                                                                                        "_\t_").replace("U_", "UP"),
                                                                                            "b"))


def test_sources_are_lines_and_documents_begin_no_sentence(tmp_path):
    for format_, first in (("columns", [1, 7]), ("word/TAG", [1, 2]), ("CoNLL-2000", [1, 7]), ("CoNLL-2003", [3, 9]), ("CoNLL-U", [2, 9]),
                           ("trees", [1, 8])):
        path = write(tmp_path, FILES[format_][0], "a")
        assert [s.source for s in read_tagged(path)] == [f"{path}:{line}" for line in first], format_
    joined = "EU NNP B-NP B-ORG\n-DOCSTART- -X- O O\nRome NNP B-NP B-LOC\n"                  # without empty lines around it
    assert [w for w, _ in read_tagged(write(tmp_path, joined, "a"), "ner")[0].pairs] == ["EU", "Rome"]


form = st.text(st.characters(exclude_categories=("Cs", "Cc", "Z"), exclude_characters="\ufeff\\*"), min_size=1,
               max_size=5).filter(lambda w: w[:1] != "-")
tagged = st.lists(st.lists(st.tuples(form, st.sampled_from(["NN", "VB", ".", "``", "PRP$"]), st.sampled_from(["O", "B-NP", "I-VP"]),
                                     st.sampled_from(["O", "B-PER"])),
                           min_size=1, max_size=5), min_size=1, max_size=4)


@given(sentences=tagged)
def test_any_sentences_come_back(tmp_path_factory, sentences):
    folder = tmp_path_factory.mktemp("tags")
    pairs = lambda place: [[(w[0], w[place]) for w in sentence] for sentence in sentences]
    for name, text, column, place in (("s", slashes(sentences), "xpos", 1), ("3", columns(sentences, 3), "chunk", 2),
                                      ("4", columns(sentences, 4), "ner", 3),
                                      ("t", columns(sentences, 4, "\t"), "pos", 1), ("u", conllu(sentences), "xpos", 1)):
        assert [s.pairs for s in read_tagged(write(folder, text, name), column)] == pairs(place), name


def test_the_last_slash_parts(tmp_path):
    path = write(tmp_path, "1\\/2/CD and/or/CC //SYM \\//SYM -LRB-/-LRB- a\\/b\\/c/X\\/Y\n", "a")
    assert read_slashes(path) == [Sentence([("1/2", "CD"), ("and/or", "CC"), ("/", "SYM"), ("/", "SYM"), ("(", "-LRB-"), ("a/b/c", "X/Y")],
                                           f"{path}:1")]
    brown = write(tmp_path, "\n\n\tThe/at Fulton/np-tl\n\n\n\tsaid/vbd ./.\n", "b")
    assert [s.pairs for s in read_tagged(brown)] == [[("The", "at"), ("Fulton", "np-tl")], [("said", "vbd"), (".", ".")]]


@pytest.mark.parametrize("text, format_", [
    ("1/2 CD\nN/A NN\n", "columns"), ("# #\n5 CD\n", "columns"), ("( (\n) )\na DT\n", "columns"),
    ("(\t(\n)\t)\n", "columns"), ("(\t-LRB-\n)\t-RRB-\n", "columns"),
                                           ("-LRB- -LRB-\n", "columns"),
    ("( ( O\nsee VB B-VP\n) ) O\n", "CoNLL-2000"), ("( ( O O\nsee VB B-VP O\n) ) O O\n", "CoNLL-2003"), ("He PRP he\nran VBD run\n", "3 columns"),
                                           ("(NN dog)\n", "trees"),
    ("( (S (NP (PRP It)) (VP (VBZ works)\n", "trees"), ("It/PRP works\n", "columns"), ("It/PRP works/VBZ so fine/JJ\n", "word/TAG"),
                                           ("1\ta\t_\tX\tY\t_\t0\tr\t_\t_\n2\tb\n", "CoNLL-U")])
def test_what_is_told_apart(text, format_, tmp_path):
    assert format_of(write(tmp_path, text, "a")) == format_


def test_conllu_and_mrg_say_it_by_name(tmp_path):
    assert format_of(write(tmp_path, "a b\n", "x.conllu")) == "CoNLL-U" and format_of(write(tmp_path, "a b\n", "X.MRG")) == "trees"
    assert format_of(tmp_path / "none") == "columns" and message(read_tagged,
                                                                 tmp_path / "none") == f"{tmp_path / 'none'}: no such file; check the name"


GIVE = "give {}, as in the other lines, and an empty line after each sentence"
MISTAKES = {
    "word/TAG without": ("It/PRP works/VBZ\nand fine/JJ too/RB\n", 2, "'and' is not a word with a tag", r"write word/TAG; a slash inside a word is \/"),
    "no word": ("It/PRP works/VBZ\nfine/JJ /RB\n", 2, "'/RB' is not a word with a tag", r"write word/TAG; a slash inside a word is \/"),
    "no tag": ("It/PRP works/\n", 1, "'works/' is not a word with a tag", r"write word/TAG; a slash inside a word is \/"),
    "a column too few": ("He PRP B-NP\nran VBD B-VP\nfast RB\n", 3, "2 columns in 'fast RB'", GIVE.format(3)),
    "a column too many": ("He PRP B-NP O\nran VBD B-VP O\nvery fast RB B-X O\n", 3, "5 columns in 'very fast RB B-X O'", GIVE.format(4)),
    "an empty column": ("He\tPRP\tB-NP\nran\t\tB-VP\n", 2, "word 'ran' without a tag", "fill all 3 columns"),
    "an empty word": ("He\tPRP\tB-NP\n\tVBD\tB-VP\n", 2, "a line without a word", "fill all 3 columns"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistake_on_a_line(tmp_path, name):
    text, line, problem, mend = MISTAKES[name]
    path = write(tmp_path, text, "a")
    assert message(read_tagged, path) == f"{path}:{line}: {problem}; {mend}"


@pytest.mark.parametrize("format_, column, mend", [
    ("CoNLL-2000", "ner", "give --column pos, chunk, or its number, 2 to 3"),
                                                   ("CoNLL-2003", "upos", "give --column pos, chunk, ner, or its number, 2 to 4"),
    ("CoNLL-2003", "1", "give --column pos, chunk, ner, or its number, 2 to 4"), ("CoNLL-2003", "5", "give --column pos,"),
                                                   ("CoNLL-U", "ner", "give --column upos, xpos, or its number, 3 to 10"),
    ("CoNLL-U", "2", "give --column upos,"), ("CoNLL-U", "11", "give --column upos,"), ("5 columns", "xpos", "give --column 2 to 5"),
                                                   ("columns", "3", "leave --column out"),
    ("word/TAG", "3", "leave --column out"), ("trees", "1", "leave --column out")])
def test_a_column_that_is_not_there(format_, column, mend, tmp_path):
    path = write(tmp_path, FILES[format_][0], "a")
    said = "two columns" if format_ == "columns" else format_
    for read in (read_tagged, how_tagged):
        assert message(read, path, column).startswith(f"{path}: read as {said}, and there are no tags in column {column}; {mend}")


def test_documents_without_a_word(tmp_path):
    path = write(tmp_path, "-DOCSTART- -X- O O\n\n-DOCSTART- -X- O O\n", "a")
    assert message(read_tagged, path, "2") == f"{path}: has no words; give a file with sentences in it"


@pytest.mark.parametrize("below", [".", "combined"])
def test_a_flat_folder_of_trees(below, tmp_path):
    """As NLTK ships its part of the Wall Street Journal: no sections; every tenth sentence is held out."""
    (tmp_path / below).mkdir(exist_ok=True)
    for number in reversed(range(1, 6)):
        text = "\n".join(f"( (S (NN w{number}s{i}) (. .)) )" for i in range(4))
        write(tmp_path / below, gzip.compress(text.encode()) if number == 3 else text, f"wsj_{number:04d}.mrg" + ".gz" * (number == 3))
    write(tmp_path / below, "no tree", "README")
    every = [f"w{number}s{i}" for number in range(1, 6) for i in range(4)]
    assert [s.pairs[0][0] for s in read_tagged(tmp_path)] == every == [s.facts[0][0] for s in TASKS["pos"].read(tmp_path, {"column": "xpos"})]
    train, valid, test = load_tagged(tmp_path)
    assert [s.facts[0][0] for s in valid] == [every[9], every[19]] and test is None
    assert [s.facts[0][0] for s in train] == [w for w in every if w not in (every[9], every[19])]
    assert TASKS["pos"].how_read(tmp_path, {}) == "20 trees of a folder"


def test_a_folder_that_is_none(tmp_path):
    assert message(read_tagged, tmp_path) == f"{tmp_path}: is a folder without .mrg files; give a file, or a folder as --data"
    write(tmp_path, "(NN dog)", "wsj_0001.mrg")
    assert message(load_tagged, tmp_path).startswith(f"{tmp_path}: has no tagged sentences")
