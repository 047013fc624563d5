"""Reading: the format, its oddities, and every mistake named with its place and its mend."""

import gzip

import pytest

from tinydmn.data.babi import read_babi
from tinydmn.data.story import Question
from tinydmn.errors import UserError

PLAIN = """\
1 Mary got the milk there.
2 Mary moved to the garden.
3 Where is the milk? \tgarden\t1 2
4 John went back to the office.
5 Mary dropped the milk.
6 Where is the milk?\tgarden\t5 2
1 Gertrude is a mouse.
2 Mice are afraid of wolves.
3 What is gertrude afraid of?\tWolf\t2 1
4 Sandra took the apple.
5 What is Sandra carrying? \tapple,milk\t4 1
"""


def write(tmp_path, text, name="qa2_train.txt"):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def without_source(stories):
    return [(s.facts, s.questions) for s in stories]


def test_words_answers_and_supporting_facts(tmp_path):
    path = write(tmp_path, PLAIN)
    first, second = read_babi(path)
    assert first.facts == [["mary", "got", "the", "milk", "there"], ["mary", "moved", "to", "the", "garden"],
                           ["john", "went", "back", "to", "the", "office"], ["mary", "dropped", "the", "milk"]]
    where = ["where", "is", "the", "milk"]
    assert first.questions == [Question(where, ["garden"], 2, [0, 1]),
                               Question(where, ["garden"], 4, [3, 1])]          # ids count questions too; their order is kept
    assert second.questions == [Question(["what", "is", "gertrude", "afraid", "of"], ["wolf"], 2, [1, 0]),
                                Question(["what", "is", "sandra", "carrying"], ["apple", "milk"], 3, [2, 0])]
    assert (first.source, second.source) == (f"{path}:1", f"{path}:7")


@pytest.mark.parametrize("change", [
    lambda text: text.replace("\n", "\r\n"),
    lambda text: text.replace("\n", "\n\n"),
    lambda text: text.rstrip("\n"),
    lambda text: text.replace("? \t", "?\t").replace("\tgarden\t", " \t garden \t "),
    lambda text: text.lower(),
    lambda text: "\ufeff" + text,
    lambda text: gzip.compress(text.encode()),
], ids=["CRLF", "blank lines", "no last newline", "blanks at tabs", "lower case", "byte order mark", "gzip under a plain name"])
def test_harmless_differences(tmp_path, change):
    expected = without_source(read_babi(write(tmp_path, PLAIN, "a.txt")))
    assert without_source(read_babi(write(tmp_path, change(PLAIN), "b.txt"))) == expected


def test_gz(tmp_path):
    packed = read_babi(write(tmp_path, gzip.compress(PLAIN.encode()), "a.txt.gz"))
    assert without_source(packed) == without_source(read_babi(write(tmp_path, PLAIN, "a.txt")))


@pytest.mark.parametrize("end", ["\t", "\t ", "", " "])      # an editor may trim it
def test_an_empty_or_missing_id_field_means_support_not_known(tmp_path, end):
    story, = read_babi(write(tmp_path, f"1 Mary went to the garden.\n2 Where is Mary?\tgarden{end}\n"))
    assert (story.questions[0].answer, story.questions[0].support) == (["garden"], [])


@pytest.mark.parametrize("fact", ["Mary has 3 apples.", "Mary  has 3", "At 9 o'clock  12", "The score is  2 3", "Route 66", "Mary is  in the  garden."])
def test_a_fact_may_hold_numbers_and_wide_gaps(tmp_path, fact):
    story, = read_babi(write(tmp_path, f"1 {fact}\n2 Where is Mary?\tgarden\t1\n"))
    assert story.facts == [fact.lower().rstrip(".").split()]


FACT = "1 Mary went to the garden.\n"
FORM = "write  N question?<TAB>answer<TAB>ids"
EARLIER = "give the line number of an earlier fact of this story"
NUMBER = "begin each line with its number in the story and a blank"
ANSWER = "write one word, or several with commas between them"

MISTAKES = {
    "no number": (FACT + "Mary went to the office.\n", 2, "no number and text in 'Mary went to the office.'", NUMBER),
    "a number alone": (FACT + "2\n", 2, "no number and text in '2'", NUMBER),
    "number and word joined": (FACT + "2Mary went to work.\n", 2, "no number and text in '2Mary went to work.'", NUMBER),
    "a long line is cut": (FACT + "x" * 50, 2, f"no number and text in '{'x' * 37}...'", NUMBER),
    "gap": (FACT + "3 John went to the office.\n", 2, "number 3 does not follow 1", "number this line 2, or 1 for a new story"),
    "twice": (FACT + "2 John went.\n2 John went.\n", 3, "number 2 does not follow 2", "number this line 3, or 1 for a new story"),
    "zero": (FACT + "0 John went.\n", 2, "number 0 does not follow 1", "number this line 2, or 1 for a new story"),
    "not 1 first": ("\n2 John went.\n", 2, "number 2 does not follow the beginning", "number this line 1"),
    "fact of a full stop": (FACT + "2 .\n", 2, "a fact without words", "write N text."),
    "no answer and no tabs": (FACT + "2 Where is Mary?\n", 2, "no answer after the question mark in 'Where is Mary?'", FORM),
    "two questions in a line": (FACT + "2 Who? Where is Mary?\n", 2, "no answer after the question mark in 'Who? Where is Mary?'", FORM),
    "blanks for tabs": (FACT + "2 Where is Mary?    garden  1\n", 2, "no tab after the question mark in 'Where is Mary?    garden  1'", FORM),
    "a blank for a tab": (FACT + "2 Where is Mary? garden\n", 2, "no tab after the question mark in 'Where is Mary? garden'", FORM),
    "the mark in a fact": (FACT + "2 Who? she said.\n", 2, "no tab after the question mark in 'Who? she said.'", FORM),
    "blanks for tabs, no mark": (FACT + "2 Where is Mary    garden  1\n", 2, "answer and ids without tabs in 'Where is Mary    garden  1'", FORM),
    "two ids": (FACT + "2 Where is Mary  garden   1 1\n", 2, "answer and ids without tabs in 'Where is Mary  garden   1 1'", FORM),
    "a wide mark": (FACT + "2 \u8c01\uff1f \u739b\u4e3d 1\n", 2, "no tab after the question mark in '\u8c01\uff1f \u739b\u4e3d 1'", FORM),
    "too many": (FACT + "2 Who?\ta\t1\t1\n", 2, r"4 fields in question 'Who?\ta\t1\t1'", FORM),
    "no answer": (FACT + "2 Where is Mary?\t \t1\n", 2, "a question without its answer", ANSWER),
    "nothing behind the tab": (FACT + "2 Where is Mary\t\n", 2, "a question without its answer", ANSWER),
    "half a list": (FACT + "2 What has Mary?\tmilk,\t1\n", 2, "a question without its answer", ANSWER),
    "no words": (FACT + "2 ?\tgarden\t1\n", 2, "a question without words", FORM),
    "before any fact": (FACT + "1 Where is Mary?\tgarden\t\n", 2, "a question before any fact", "tell a fact first"),
    "id forward": (FACT + "2 Where is Mary?\tgarden\t3\n3 Mary went.\n", 2, "supporting id 3 points forward", EARLIER),
    "id to itself": (FACT + "2 Where is Mary?\tgarden\t1 2\n", 2, "supporting id 2 points to the question itself", EARLIER),
    "id to a question": (FACT + "2 Who?\tmary\t1\n3 Who?\tmary\t2\n", 3, "supporting id 2 points to a question", EARLIER),
    "id nowhere": (FACT + "2 Where is Mary?\tgarden\t0\n", 2, "supporting id 0 points to no line", EARLIER),
    "id of the story before": (FACT + "2 Mary sat.\n3 Who?\tmary\t2\n" + FACT + "2 Who?\tmary\t3\n", 5,
                               "supporting id 3 points forward", EARLIER),
    "id no number": (FACT + "2 Where is Mary?\tgarden\tone\n", 2, "supporting id 'one' is not a number", EARLIER),
    "id negative": (FACT + "2 Where is Mary?\tgarden\t-1\n", 2, "supporting id '-1' is not a number", EARLIER),
    "ids with commas": (FACT + "2 Where is Mary?\tgarden\t1,1\n", 2, "supporting id '1,1' is not a number", EARLIER),
    "not UTF-8": ((FACT * 2).encode() + b"2 Mary went to the caf\xe9.\n", 3, "byte 0xe9 is not UTF-8", "save the file as UTF-8"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistake_on_a_line(tmp_path, name):
    text, line, problem, mend = MISTAKES[name]
    path = write(tmp_path, text)
    with pytest.raises(UserError) as error:
        read_babi(path)
    assert str(error.value) == f"{path}:{line}: {problem}; {mend}"


def test_mistakes_of_the_whole_file(tmp_path):
    packed = gzip.compress(PLAIN.encode() * 50)
    rotten = packed[:40] + bytes(b ^ 255 for b in packed[40:60]) + packed[60:]
    cases = {
        "empty.txt": (b"", "empty; give a file with stories in it"),
        "blank.txt": (b" \n\n", "empty; give a file with stories in it"),
        "empty.txt.gz": (b"", "empty; give a file with stories in it"),
        "facts.txt": (FACT.encode(), "holds no question; give a file with lines  N question?<TAB>answer<TAB>ids"),
        "plain.txt.gz": (PLAIN.encode(), "ends in .gz but is not a gzip file; rename it, or download it again"),
        "cut.txt.gz": (packed[:-20], "broken gzip file (Compressed file ended before the end-of-stream marker was reached); "
                                     "download it again"),
        "rotten.txt.gz": (rotten, "broken gzip file ("),
    }
    for name, (data, message) in cases.items():
        path = write(tmp_path, data, name)
        with pytest.raises(UserError) as error:
            read_babi(path)
        assert str(error.value).startswith(f"{path}: {message}"), name
        assert "\n" not in str(error.value)
    with pytest.raises(UserError, match="none.txt: no such file; check the name"):
        read_babi(tmp_path / "none.txt")
    with pytest.raises(UserError, match=r"is a folder, not a file; give a file"):
        read_babi(tmp_path)
