"""What all readers share: lines and their numbers, byte order marks, gzip, escapes."""

import gzip
from pathlib import Path

import pytest

from tinydmn.data.babi import load_task
from tinydmn.data.sst import load_sst, read_sst
from tinydmn.data.tagged import load_tagged
from tinydmn.data.text import blank_parted, numbered_lines, open_bytes, read_text, short, treebank_words, unescape, with_blanks

from .broken import message, write
from .published import SST, needs_published

BOM = b"\xef\xbb\xbf"


def lines(path):
    return list(numbered_lines(path, "lines"))


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_lines_are_counted_from_1_and_only_a_newline_ends_one(tmp_path, pack):
    path = write(tmp_path, pack("one\r\n\ntwo\u2028and\x0bthree\x85\nfour".encode()), "a.txt")
    assert lines(path) == [(1, "one"), (2, ""), (3, "two\u2028and\x0bthree\x85"), (4, "four")]


def test_a_byte_order_mark_is_no_letter_and_an_empty_file_with_one_is_empty(tmp_path):
    assert lines(write(tmp_path, BOM + b"one\ntwo", "a.txt")) == [(1, "one"), (2, "two")]
    assert read_text(write(tmp_path, b"one" + BOM, "a.txt"), "lines") == "one\ufeff"               # in the middle it is one
    path = write(tmp_path, BOM + b"\n", "a.txt")
    assert message(read_text, path, "lines") == f"{path}: empty; give a file with lines in it"


@pytest.mark.parametrize("mark", [b"", BOM], ids=["", "after a byte order mark"])
def test_a_byte_that_is_not_utf8_is_named_with_its_line(tmp_path, mark):
    path = write(tmp_path, mark + b"1\n\n\xe9t\xe9\n\xe8", "a.txt")
    assert message(read_text, path, "lines") == f"{path}:3: byte 0xe9 is not UTF-8; save the file as UTF-8"


def test_gzip_is_told_by_its_bytes_not_by_its_name(tmp_path):
    for name, data in (("a.txt", gzip.compress(b"packed")), ("a.gz", gzip.compress(b"pac") + gzip.compress(b"ked")), ("b.txt", b"packed")):
        with open_bytes(write(tmp_path, data, name)) as file:
            assert file.read() == b"packed"
    path = write(tmp_path, b"plain", "plain.gz")
    assert message(read_text, path, "lines") == f"{path}: ends in .gz but is not a gzip file; rename it, or download it again"


FOLDERS = [lambda path: load_task(path, 1), load_sst, load_tagged]


@pytest.mark.parametrize("load", FOLDERS, ids=["babi", "sst", "tagged"])
def test_folders_that_are_none(tmp_path, load, monkeypatch):
    for name in ("none", "x" * 300):                                           # too long for any system
        assert message(load, tmp_path / name).startswith(f"{tmp_path / name}: no such f")
    file = write(tmp_path, "x", "file")
    assert load is FOLDERS[2] or message(load, file).startswith(f"{file}: is a file, not a folder; give the folder with the ")
    assert message(load, file / "below").startswith(f"{file / 'below'}: no such f")
    assert message(load, "a\0b").startswith("a\0b: no file can have this name here")
    if load is not load_sst:                                                   # it looks for files by their names alone
        monkeypatch.setattr(Path, "iterdir", lambda folder: (_ for _ in ()).throw(PermissionError(13, "Permission denied")))
        assert message(load, tmp_path) == f"{tmp_path}: cannot be read (Permission denied); give a folder you may read"


def test_escapes():
    words = {"-LRB-": "(", "-RRB-": ")", "-LSB-": "[", "-RSB-": "]", "-LCB-": "{", "-RCB-": "}", r"1\/2": "1/2", r"\*\/\*": "*/*", r"a\b": r"a\b",
             "-lrb-": "-lrb-", "a-LRB-": "a-LRB-"}
    assert {word: unescape(word) for word in words} == words


def test_a_long_text_is_cut_after_40_letters():
    assert (short("x" * 40), short("x" * 41)) == (repr("x" * 40), repr("x" * 37 + "..."))


# ordinary text

@pytest.mark.parametrize("text, words", [
    ("It isn't bad.", "It|is|n't|bad|."), ("Good. Really good, (almost) great!", "Good|.|Really|good|,|(|almost|)|great|!"), ("Don't! We'll see; they've won", "Do|n't|!|We|'ll|see|;|they|'ve|won"),
    ('A "fine" film', "A|``|fine|''|film"), ("John's film costs $5 at 9:15", "John|'s|film|costs|$|5|at|9:15"), ("wide-eyed  and\u00a0slow", "wide-eyed|and\u00a0slow"),
    ("see http://a.org/x or mail a.b@c.org", "see|http://a.org/x|or|mail|a.b@c.org"), ("", ""), ("one - two", "one|-|two"), ("one - two.", "one|-|two|.")])
def test_ordinary_text_is_parted_as_a_treebank_does(text, words):
    assert treebank_words(text) == words.split("|") * bool(words)
    assert treebank_words(" ".join(words.split("|"))) == words.split("|") * bool(words)    # parted so already: it stays


def test_what_is_known_stays_whole():
    assert treebank_words("Mr. Bean, at the U.S. can't") == ["Mr", ".", "Bean", ",", "at", "the", "U.S", ".", "ca", "n't"]
    assert treebank_words("Mr. Bean, at the U.S. can't", {"mr.", "u.s.", "can't"}) == ["Mr.", "Bean", ",", "at", "the", "U.S.", "can't"]
    assert treebank_words('so "good" it', {'"'}) == ["so", '"', "good", '"', "it"]         # a treebank that has plain quotation marks


def test_text_that_is_parted_already_stays_as_it_is():
    for text in ("an e-mail : a@b , or Yahoo!x ?", "he said , so , I think ...", "it 's a film by J.K. Rowling .", "vs. the rest , and the Mr. Men"):
        assert treebank_words(text) == text.split(" ")
    assert treebank_words('"So good," he said , I think.') == ["``", "So", "good", ",", "''", "he", "said", ",", "I", "think", "."]     # one stray blank parts nothing


def test_known_words_that_hold_blanks_are_one_word():
    known = {"10 000", "thành phố", "hồ chí minh", "hồ", "a b c", "a b"}
    assert with_blanks("Ở thành phố Hồ Chí Minh có 10 000 hồ".split(), known) == ["Ở", "thành phố", "Hồ Chí Minh", "có", "10 000", "hồ"]
    assert with_blanks("a b c a b a".split(), known) == ["a b c", "a b", "a"] and with_blanks([], known) == [] == with_blanks([], set())
    assert treebank_words("Il a 10 000 livres.", known) == ["Il", "a", "10 000", "livres", "."]


def test_blanks_that_part_words():
    assert blank_parted(" a\u00a0b  c\td\r\ne ") == ["a\u00a0b", "c", "d", "e"] and blank_parted(" \t") == []


@needs_published
@pytest.mark.parametrize("known", [False, True])
def test_the_treebanks_sentences_pass_unchanged(known):
    trees = read_sst(SST / "dev.txt")
    words = frozenset(w.lower() for tree in read_sst(SST / "train.txt") for w in tree.words) if known else frozenset()
    assert all(treebank_words(" ".join(tree.words), words) == tree.words for tree in trees)
