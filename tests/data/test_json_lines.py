"""Stories as JSON Lines: any story comes back, what users write is understood, and every mistake is named with its place and its mend."""

import json
from dataclasses import replace

import hypothesis.strategies as st
import pytest
from hypothesis import given

from tinydmn.data.babi import read_babi, write_babi
from tinydmn.data.files import read_stories
from tinydmn.data.json_lines import EXAMPLE, SENTENCE, read_json_stories
from tinydmn.data.story import Question, Story

from .broken import check_whole_file_mistakes, message, write

MARY = {"facts": ["Mary went to the garden.", "John left."], "questions": [{"question": "Where is Mary?", "answer": "Garden", "support": [0]}]}
WHERE = ["where", "is", "mary"]


def lines(*objects):
    return "".join(json.dumps(found) + "\n" for found in objects)


def read(tmp_path, *objects):
    return read_json_stories(write(tmp_path, lines(*objects), "a"))


def asking(**question):
    """MARY with another question."""
    return MARY | {"questions": [MARY["questions"][0] | question]}


def test_by_hand(tmp_path):
    path = write(tmp_path, lines(MARY, asking(n_facts=1), MARY | {"questions": []}), "a")
    facts = [["mary", "went", "to", "the", "garden"], ["john", "left"]]
    assert read_json_stories(path) == [Story(facts, [Question(WHERE, ["garden"], 2, [0])], f"{path}:1"),
                                       Story(facts, [Question(WHERE, ["garden"], 1, [0])], f"{path}:2"), Story(facts, [], f"{path}:3")]


words = st.text(st.characters(exclude_categories=("Cs", "Cc", "Z", "Lu", "Lt"), exclude_characters=".?"), min_size=1,
                max_size=4).filter(lambda w: w == w.lower().strip())
texts = st.lists(words, min_size=1, max_size=4)


@st.composite
def stories(draw):
    facts = draw(st.lists(texts, min_size=1, max_size=4))
    questions = []
    for _ in range(draw(st.integers(1, 3))):
        n = draw(st.integers(1, len(facts)))
        questions.append(Question(draw(texts), draw(texts), n, draw(st.lists(st.integers(0, n - 1), max_size=3))))
    return Story(facts, questions)


@given(told=st.lists(stories(), min_size=1, max_size=3), sentences=st.booleans(), packed=st.booleans())
def test_any_stories_come_back(tmp_path_factory, told, sentences, packed):
    text = (lambda words, stop: " ".join(words).capitalize() + stop) if sentences else lambda words, stop: words + [stop] * packed
    written = [{"facts": [text(fact, ".") for fact in s.facts],
                "questions": [{"question": text(q.tokens, "?"), "answer": q.answer,
                               "n_facts": q.n_facts} | ({"support": q.support} if q.support else {}) for q in s.questions]}
               for s in told]
    path = write(tmp_path_factory.mktemp("json"), lines(*written), "a")
    # some letters have a capital that is two: then the sentence is what bAbI's own reading makes of it
    expected = [Story([Question(text(f, "."), [], 1).tokens if sentences else f for f in s.facts],
                      [replace(q, tokens=Question(text(q.tokens, "?"), [], 1).tokens if sentences else q.tokens) for q in s.questions]) for s in told]
    assert [(s.facts, s.questions) for s in read_json_stories(path)] == [(s.facts, s.questions) for s in expected]


def test_the_same_story_in_both_formats(tmp_path):
    """A sentence is cut into words as in a bAbI file, and an answer too."""
    babi = ("1 Dr. Smith came at 9:15.\n2 She sat down.\n3 Who came at 9:15?\tdr. smith\t1\n"
            "4 John, the cook, left.\n5 What have they?\tapple, Milk\t4 1\n")
    one = {"facts": ["Dr. Smith came at 9:15.", "She sat down.", "John, the cook, left."],
           "questions": [{"question": "Who came at 9:15?", "answer": "dr. smith", "support": [0], "n_facts": 2},
                         {"question": "What have they?", "answer": "apple, Milk", "support": [2, 0]}]}
    (a,), (b,) = read_babi(write(tmp_path, babi, "a")), read(tmp_path, one)
    assert (a.facts, a.questions) == (b.facts, b.questions)


def test_a_story_asked_in_the_middle_is_the_one_that_a_bAbI_file_tells(tmp_path):
    story = Story(["Mary sat.", "John sat.", "Mary left."], [Question("Who sat?", "john", 2, [1]), Question("Who left?", "mary", 3, [2])])
    write_babi([story], tmp_path / "babi")
    told = {"facts": ["Mary sat.", "John sat.", "Mary left."],
            "questions": [{"question": "Who sat?", "answer": "john", "support": [1], "n_facts": 2},
                          {"question": "Who left?", "answer": "mary", "support": [2]}]}
    assert [(s.facts, s.questions) for s in read_babi(tmp_path / "babi")] == [(s.facts, s.questions) for s in read(tmp_path, told)]


@pytest.mark.parametrize("answer, words", [("garden", ["garden"]), (["Garden", " the "], ["garden", "the"]), ("n,w", ["n", "w"]), (3, ["3"]),
                                           (2.5, ["2.5"]), (True, ["true"]),
                                           ([1, 2], ["1", "2"]), (0, ["0"]), (["New York"], ["new york"]), ("New York", ["new york"])])
def test_what_an_answer_may_be(tmp_path, answer, words):
    assert read(tmp_path, asking(answer=answer))[0].questions[0].answer == words


def test_words_as_lists(tmp_path):
    story, = read(tmp_path, {"facts": [["Mary", "went", "to", " New York", "."], ["John", "left"]],
                             "questions": [{"question": ["Where", "is", "Mary", "?"], "answer": "x"}]})
    assert story.facts == [["mary", "went", "to", "new york"], ["john", "left"]] and story.questions == [Question(WHERE, ["x"], 2, [])]


@pytest.mark.parametrize("change", [lambda t: t.replace("\n", "\r\n"), lambda t: "\n \n" + t.replace("\n", "\n\n"), lambda t: t.rstrip("\n"),
                                    lambda t: "\ufeff" + t,
                                    lambda t: t.replace('"support": [0]', '"support": [0], "n_facts": null'), lambda t: "  " + t])
def test_harmless_differences(tmp_path, change):
    text = lines(MARY, asking(answer="x"))
    expected, found = (read_stories(write(tmp_path, t, name)) for t, name in ((text, "a"), (change(text), "b")))
    assert [(s.facts, s.questions) for s in found] == [(s.facts, s.questions) for s in expected] and len(found) == 2


def test_support_that_is_not_told(tmp_path):
    for none in ({}, {"support": None}, {"support": []}):
        question = {"question": "Where is Mary?", "answer": "x"} | none
        assert read(tmp_path, MARY | {"questions": [question]})[0].questions == [Question(WHERE, ["x"], 2, [])]


def without(found, *keys):
    return {k: v for k, v in found.items() if k not in keys}


ONE, OBJECT = "a story has facts, questions", f"write one object a line, like {EXAMPLE}"
ASKED = "question 1 has question, answer and, optionally, support, n_facts"
ANSWER, COUNT = "write one word, or a list of words", "count the facts from 0"
MISTAKES = {                                               # the line, the problem, the mend
    "cut": ('{"facts": ["Mary sat."]', "not JSON (Expecting ',' delimiter, at character 24 of '{\"facts\": [\"Mary sat.\"]')", OBJECT),
    "single quotes": ("{'facts': 1}", "not JSON (Expecting property name enclosed in double quotes, at character 2 of \"{'facts': 1}\")", OBJECT),
    "two on a line": ("{} {}", "not JSON (Extra data, at character 4 of '{} {}')", OBJECT),
    "a list": ("[1]", "not an object, but '[1]'", OBJECT),
    "a key twice": ('{"facts": [], "facts": []}', "key 'facts' occurs twice in one object", OBJECT),
    "NaN": ('{"facts": NaN}', "NaN is not JSON", OBJECT),
    "half a letter": ('{"facts": ["\\ud800"]}', "half of a surrogate pair, which is not a character", "write the character itself, in UTF-8"),
    "too deep": ("[" * 100_000, "maximum recursion depth exceeded", OBJECT),
    "unknown key": (MARY | {"fact": 1}, "unknown key 'fact' in a story", ONE),
    "one question beside": (MARY | {"question": "Who?"}, "unknown key 'question' in a story", ONE),
    "no facts": (without(MARY, "facts"), "no facts in a story", ONE),
    "no questions": (without(MARY, "questions"), "no questions in a story", ONE),
    "facts are one text": (MARY | {"facts": "Mary sat. John sat."}, 'facts is not a list, but "Mary sat. John sat."', 'write facts: ["Mary sat."]'),
    "questions are one": (MARY | {"questions": {}}, "questions is not a list, but {}", 'write questions: [{"question": "Who sat?", "answer": "mary"}]'),
    "facts are none": (MARY | {"facts": [], "questions": []}, "a story without facts", "give at least one"),
    "a fact is a number": (MARY | {"facts": ["Mary sat.", 3]}, "fact 1 (from 0) is 3", SENTENCE),
    "a fact is a list of numbers": (MARY | {"facts": [["Mary", 3]]}, 'fact 0 (from 0) is ["Mary", 3]', SENTENCE),
    "a word is empty": (MARY | {"facts": [["Mary", " "]]}, 'fact 0 (from 0) is ["Mary", " "]', SENTENCE),
    "a fact is empty": (MARY | {"facts": [" . "]}, "fact 0 (from 0) has no words", SENTENCE),
    "a fact is a full stop": (MARY | {"facts": [["."]]}, "fact 0 (from 0) has no words", SENTENCE),
    "a question is a text": (MARY | {"questions": ["Who sat?"]}, 'question 1 is not an object, but "Who sat?"',
                             'write {"question": "Who sat?", "answer": "mary"}'),
    "unknown key in a question": (asking(supporting=[0]), "unknown key 'supporting' in question 1", ASKED),
    "no answer": (MARY | {"questions": [{"question": "Who?"}]}, "no answer in question 1", ASKED),
    "no question": (MARY | {"questions": [*MARY["questions"], {"answer": "x"}]}, "no question in question 2", ASKED.replace("1", "2")),
    "a question is empty": (asking(question="?"), "question 1 has no words", SENTENCE),
    "a question is a number": (asking(question=5), "question 1 is 5", SENTENCE),
    "an answer is empty": (asking(answer=" "), 'answer of question 1 is " "', ANSWER),
            "an answer is none": (asking(answer=None), "answer of question 1 is null", ANSWER),
    "an answer is half a list": (asking(answer="n,"), 'answer of question 1 is "n,"', ANSWER),
            "an answer is no list": (asking(answer=[]), "answer of question 1 is []", ANSWER),
    "an answer is an object": (asking(answer={"a": 1}), 'answer of question 1 is {"a": 1}', ANSWER),
    "a word of an answer is none": (asking(answer=["n", ""]), 'answer of question 1 is ["n", ""]', ANSWER),
    "a word of an answer is a list": (asking(answer=["n", []]), 'answer of question 1 is ["n", []]', ANSWER),
    "support is a number": (asking(support=0), "support of question 1 is not a list, but 0", "write a list of numbers, [0, 2]"),
    "support beyond": (asking(support=[0, 2]), "question 1 rests on fact 2, and sees facts 0 to 1", COUNT),
    "support not yet told": (asking(support=[1], n_facts=1), "question 1 rests on fact 1, and sees facts 0 to 0", COUNT),
    "support is negative": (asking(support=[-1]), "question 1 rests on fact -1, and sees facts 0 to 1", COUNT),
    "support is no number": (asking(support=["0"]), 'question 1 rests on fact "0", and sees facts 0 to 1', COUNT),
    "support is true": (asking(support=[True]), "question 1 rests on fact true, and sees facts 0 to 1", COUNT),
    "support is half": (asking(support=[0.5]), "question 1 rests on fact 0.5, and sees facts 0 to 1", COUNT),
    "sees none": (asking(n_facts=0), "question 1 sees n_facts = 0 of 2 facts", "give 1 to 2, or leave it out: then it sees all"),
    "sees too many": (asking(n_facts=3), "question 1 sees n_facts = 3 of 2 facts", "give 1 to 2, or leave it out: then it sees all"),
    "sees a text": (asking(n_facts="all"), 'question 1 sees n_facts = "all" of 2 facts', "give 1 to 2, or leave it out: then it sees all"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistake_on_a_line(tmp_path, name):
    line, problem, mend = MISTAKES[name]
    path = write(tmp_path, lines(MARY) + "\n" + (line if isinstance(line, str) else json.dumps(line)) + "\n" + lines(MARY), "a")
    said = message(read_stories, path)
    assert said.startswith(f"{path}:3: {problem}") and said.endswith(f"; {mend}"), said


def test_mistakes_of_the_whole_file(tmp_path):
    check_whole_file_mistakes(tmp_path, read_json_stories, lines(MARY))
    path = write(tmp_path, lines(MARY | {"questions": []}), "a")
    assert message(read_json_stories, path).startswith(f"{path}: holds no question; ")
    path = write(tmp_path, (lines(MARY)).encode() + b'{"facts": ["caf\xe9"]}', "a")
    assert message(read_json_stories, path) == f"{path}:2: byte 0xe9 is not UTF-8; save the file as UTF-8"
