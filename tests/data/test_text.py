"""What all readers share: lines and their numbers, byte order marks, gzip, escapes."""

import gzip
from pathlib import Path

import pytest

from tinydmn.data.babi import load_task
from tinydmn.data.sst import load_sst
from tinydmn.data.tagged import load_tagged
from tinydmn.data.text import numbered_lines, open_bytes, read_text, short, unescape

from .broken import message, write

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
    assert message(read_text, path, "lines") == f"{path}: ends in .gz but is no gzip file; rename it, or download it again"


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
