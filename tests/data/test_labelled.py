"""Texts with labels: any table comes back, whatever parts its columns; what is not clear is named with its place and its mend."""

import csv
import gzip
import io
import json

import hypothesis.strategies as st
import pytest
from hypothesis import example, given

from tinydmn.data.labelled import LABEL, TEXT, how_labelled, read_labelled
from tinydmn.data.story import Question, Story
from tinydmn.data.text import treebank_words
from tinydmn.tasks import TASKS

from .broken import check_whole_file_mistakes, message, write


def rows(path):
    """[(words, label)]"""
    return [(s.facts[0], s.questions[0].answer[0]) for s in read_labelled(path)]


def read(tmp_path, text):
    return rows(write(tmp_path, text, "a"))


def words(text):
    return treebank_words(text.lower())


def table(pairs, delimiter=",", names=("text", "label"), quoting=csv.QUOTE_MINIMAL, ends="\n"):
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, quoting=quoting, lineterminator=ends).writerows([names, *pairs] if names else pairs)
    return out.getvalue()


def test_by_hand(tmp_path):
    path = write(tmp_path, 'text,label\n"A warm, funny\nfilm",Very good\n\nDull,bad\n', "a")
    assert read_labelled(path) == [Story([words("a warm, funny film")], [Question(["sentiment"], ["Very good"], 1)], f"{path}:2"),
                                   Story([["dull"]], [Question(["sentiment"], ["bad"], 1)],
                                         f"{path}:5")]     # labels as they stand, texts in lower case


text = st.text("abE ,;\t\n\"'/1é", min_size=1, max_size=12).filter(lambda t: any(ch.isalnum() for ch in t))
label = st.text("abC ,;\t\"1é", min_size=1, max_size=4).filter(lambda t: t.strip())
pairs = st.lists(st.tuples(text, label), min_size=1, max_size=6)


@given(pairs=pairs, delimiter=st.sampled_from(",;\t"), ends=st.sampled_from(["\n", "\r\n"]))
@example(pairs=[("1", "1\t")], delimiter=",", ends="\n")               # which a tab parts as well, and then quotes are letters
def test_any_table_comes_back(tmp_path_factory, pairs, delimiter, ends):
    folder = tmp_path_factory.mktemp("table")
    expected = [(words(t.replace("\n", " ").replace("\t", " ")), name.strip()) for t, name in pairs]
    named = write(folder, table(pairs, delimiter, ends=ends), "named")
    assert rows(named) == expected and how_labelled(named).endswith("columns text and label")
    assert rows(write(folder, gzip.compress(table(pairs, delimiter, quoting=csv.QUOTE_ALL).encode()), "quoted")) == expected
    if all(t not in TEXT and name not in LABEL for t, name in pairs[:1]):
        assert rows(write(folder, table([(t, name) for t, name in pairs], delimiter, None, csv.QUOTE_ALL), "no names")) == expected
    further = table([(i, name, t, "x") for i, (t, name) in enumerate(pairs)], delimiter, ("id", "Label", "TEXT", "more"))
    assert rows(write(folder, further, "further")) == expected
    objects = "".join(json.dumps({"id": 1, "label": name, "text": t}) + "\n" for t, name in pairs)
    assert rows(write(folder, objects, "json")) == expected


def test_json_lines(tmp_path):
    assert read(tmp_path, '{"text": "A\\nfilm", "label": 1}\n\n{"label": true, "text": "Dull", "id": 7}\n{"text": "So", "label": " ok "}\n') == [
        (["a", "film"], "1"), (["dull"], "true"), (["so"], "ok")]
    path = write(tmp_path, '{"review": "A film", "sentiment": "x"}\n', "b")
    assert rows(path) == [(["a", "film"], "x")] and how_labelled(path) == "JSON Lines, review and sentiment"


@pytest.mark.parametrize("names, pair", [(("review", "sentiment"), ("A film", "good")), (("Sentence", "Label"), ("A film", "good")),
                                         (("label", "sms"), ("good", "A film")),
                                         (("stars", "review"), ("good", "A film")), (("whatever", "class"), ("A film", "good"))])
def test_a_first_row_may_name_the_columns(tmp_path, names, pair):
    assert read(tmp_path, table([pair], names=names)) == [(["a", "film"], "good")]


def test_without_names_the_first_row_is_a_text(tmp_path):
    assert read(tmp_path, "A film,good\nDull,bad\n") == [(["a", "film"], "good"), (["dull"], "bad")]
    assert how_labelled(tmp_path / "a") == "a table with a comma between columns, text and label, no header"


@pytest.mark.parametrize("text, expected", [
    ("Good, fine;pos\nBad, bad;neg\nWell, well;pos\n", [("good, fine", "pos"), ("bad, bad", "neg"), ("well, well", "pos")]),
                                            # two columns at each comma too
    ("so; la,x\nso; lo,y\nla,x\n", [("so; la", "x"), ("so; lo", "y"), ("la", "x")]),
    ("one, two, three\tpos\nfour; five\tneg\n", [("one, two, three", "pos"), ("four; five", "neg")]),
    ('"Quoted" and more\tpos\n"open\tneg\n', [('"quoted" and more', "pos"), ('"open', "neg")]),
                                            # with tabs a quote is a letter where it must be, in the first row or in a later one
    ('Good\tpos\n"open\tneg\n', [("good", "pos"), ('"open', "neg")]),
    ('"Quoted, and more",pos\nsay "no",neg\n', [("quoted, and more", "pos"), ('say "no"', "neg")]),
    ('"a ""good"" film", pos\n', [('a "good" film', "pos")])])
def test_what_parts_the_columns_is_found(tmp_path, text, expected):
    assert read(tmp_path, text) == [(words(t), name) for t, name in expected]


ROW = 'write text,label in each row, and quotes around a text that contains a comma: "warm, and funny",good'
QUOTES = 'quote a text that contains quotes, and double each of these: "a ""good"" film",good'
OBJECT = 'write {"text": "A warm, funny film", "label": "good"}'
MISTAKES = {
    "no delimiter": ("A film\nDull\n", 1, "no comma, semicolon or tab in 'A film'", ROW),
    "one row without": ("A film,good\nDull\n", 2, "no comma, semicolon or tab in 'Dull'", ROW),
    "a comma too many": ("A film,good\nB,bad\nWarm, and funny,good\n", 3, "3 columns in 'Warm,and funny,good'", ROW),
    "all with three": ("a,b,c\nd,e,f\n", 1, "3 columns in 'a,b,c'", ROW),
    "a row shorter than the names": ("id,text,label\n1,a,b\n2,c\n", 3, "2 columns in '2,c'",
                                     "write 3 columns, as in the first row, and quotes around a text that contains a delimiter"),
    "a newline before": ('"A\nfilm",good\nDull\n', 3, "no comma, semicolon or tab in 'Dull'", ROW),
    "no label": ("A film,good\nDull,\n", 2, "text 'Dull' without a label", "write its label, or leave the row out"),
    "no text": ("A film,good\n ,bad\n", 2, "a text without words", "write the text, or leave the row out"),
    "names alone": ("text,label\n", 1, "a header, and no text below it", ROW),
    "an open quote": ('A,x\n"B,y\nC,x\n', 2, "quotes that do not match (unexpected end of data)", QUOTES),
    "a quote inside": ('A,x\n"B" c,y\n', 2, "quotes that do not match (',' expected after '\"')", QUOTES),
    "labels first": ("".join(f"{'xy'[i % 2]},text {i}\n" for i in range(10)), 1, "2 texts with 10 labels",
                     "write the text first, or name the columns in a header row: label,text"),
    "cut": ('{"text": "a", "label": "x"}\n{"text": "b"\n', 2, "not JSON (Expecting ',' delimiter, at character 13 of '{\"text\": \"b\"')",
            'write one object a line, like {"text": "A warm, funny film", "label": "good"}'),
    "no such keys": ('{"a": 1, "b": 2, "c": 3}\n', 1, "no text and no label in the object", OBJECT),
            "no label in JSON": ('{"text": "a", "label": "x"}\n{"text": "b"}\n', 2, "no label in the object", OBJECT),
    "a text that is a number": ('{"text": 3, "label": "x"}\n', 1, "text is '3'", OBJECT),
            "a label that is a list": ('{"text": "a", "label": ["x"]}\n', 1, 'label is "[\'x\']"', OBJECT),
    "a label that is nothing": ('{"text": "a", "label": null}\n', 1, "label is 'None'", OBJECT),
            "an empty label": ('{"text": "a", "label": ""}\n', 1, "text 'a' without a label", "write its label, or leave the row out"),
    "not UTF-8": (b"A film,good\ncaf\xe9,bad\n", 2, "byte 0xe9 is not UTF-8", "save the file as UTF-8"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistake_on_a_line(tmp_path, name):
    text, line, problem, mend = MISTAKES[name]
    path = write(tmp_path, text, "a")
    assert message(read_labelled, path) == f"{path}:{line}: {problem}; {mend}"


def test_mistakes_of_the_whole_file(tmp_path):
    check_whole_file_mistakes(tmp_path, read_labelled, "A film,good\nDull,bad\n")
    path = write(tmp_path, ",\n,\n", "a")
    assert message(read_labelled, path) == f"{path}: holds no text; {ROW}"


def test_a_treebank_is_no_table(tmp_path):
    for text in ("(3 (2 It) (4 works))\n", "\n (4 fun)\n(3 (2 It) (4 works))\n"):
        path = write(tmp_path, text, "a")
        assert message(TASKS["sst"].read, path, {}) == f"{path}: holds a treebank's trees; give the folder with its train.txt and dev.txt as --data"
    assert rows(write(tmp_path, "(3 stars) fine,good\n", "b")) == [(words("(3 stars) fine"), "good")] and len(TASKS["sst"].read(tmp_path / "b", {})) == 1
