"""The same text means the same, whether it stands in a file or is typed: the same words, the same stories."""

import pytest
from hypothesis import example, given, strategies as st

from tinydmn.data.babi import read_babi, typed_questions, write_babi
from tinydmn.data.generator import TASKS, generate
from tinydmn.data.story import Question, Story, is_question, sentence_words

import numpy as np

# a word as people write it: no blank in it, no question mark; digits and other signs at any place
words = st.one_of(st.sampled_from(["9:15", "dr.", "ana,", "104", "1", "2", "3", "o'clock", "mary", "(x)", "№7", "ʻokina", "...no", "क्या", "a.b", "i̇"]),
                  st.text(st.characters(exclude_categories=("C", "Z"), exclude_characters="?？؟"), min_size=1, max_size=6))
sentences = st.lists(words, min_size=1, max_size=5).map(" ".join).filter(sentence_words)
stories = st.lists(st.tuples(st.lists(sentences, min_size=1, max_size=3), sentences), min_size=1, max_size=3)      # facts, then a question; again


def no_problem(text):
    raise AssertionError(text)


def read(lines, problem=no_problem):
    """What typed lines ask, as words."""
    return [([sentence_words(fact) for fact in facts], sentence_words(question)) for facts, question in typed_questions(lines, problem)]


def in_file(told):
    """Numbered lines of a story."""
    lines = [line for facts, question in told for line in (*(f"{fact}." for fact in facts), f"{question}?\tgarden\t")]
    return [f"{number} {line}" for number, line in enumerate(lines, 1)]


def meant(told):
    facts, all_ = [], []
    for new, question in told:
        facts = facts + [sentence_words(fact + ".") for fact in new]
        all_.append((facts, sentence_words(question + "?")))
    return all_


@given(st.lists(stories, min_size=1, max_size=3))
@example([[(["104 has the desk", "105 has the lamp"], "104 has what")]])
@example([[(["1 has the desk", "3 has the lamp"], "2 has what")]])
def test_a_file_and_what_is_typed_are_the_same_words(tmp_path_factory, tales):
    path = tmp_path_factory.mktemp("typed") / "a.txt"
    lines = [line for told in tales for line in in_file(told)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")
    from_file = [(story.facts[:q.n_facts], q.tokens) for story in read_babi(path) for q in story.questions]
    assert from_file == [one for told in tales for one in meant(told)]
    assert read(lines) == from_file                                            # the file piped in
    typed = [line.split(" ", 1)[1].split("\t")[0] for told in tales for line in (*in_file(told), "0 ")]
    if not any(a.split()[:1] == ["1"] and b.split()[:1] == ["2"] for a, b in zip(typed, typed[1:])):       # which would be lines 1 and 2
        assert read(typed) == from_file                                        # the same typed, without numbers, an empty line behind each story


@pytest.mark.parametrize("task", TASKS)
def test_piped_files_of_every_task_ask_what_the_file_asks(tmp_path, task):
    path = tmp_path / "a.txt"
    write_babi(generate(task, 6, np.random.default_rng(task)), path)
    from_file = [(story.facts[:q.n_facts], q.tokens) for story in read_babi(path) for q in story.questions]
    assert read(path.read_text(encoding="utf-8").splitlines()) == from_file and len(from_file) >= 6


def test_which_numbers_are_numbers_of_lines():
    """1, 2, 3, ...: then they go, and each 1 begins a story; all others are words."""
    facts_of = lambda *lines: [[" ".join(fact) for fact in facts] for facts, _ in read(lines)]
    assert facts_of("1 a.", "2 b.", "3 who?") == [["a", "b"]]
    assert facts_of("1 a.", "2 who?", "1 b.", "2 who?") == [["a"], ["b"]]
    assert facts_of("1 a.", "2 b.", "3 who?", "1 c.", "2 d.", "3 who?", "4 e.", "5 who?") == [["a", "b"], ["c", "d"], ["c", "d", "e"]]
    assert facts_of("a.", "who?", "1 b.", "2 c.", "3 who?") == [["a"], ["b", "c"]]         # a file pasted behind what was typed
    assert facts_of("1 a.", "b.", "who?") == [["1 a", "b"]] and facts_of("1 a.", "who?") == [["1 a"]]
    assert facts_of("7 a.", "8 b.", "who?") == [["7 a", "8 b"]] and facts_of("2 a.", "3 b.", "who?") == [["2 a", "3 b"]]
    assert facts_of("1 a.", "2 b.", "104 c.", "4 who?") == [["a", "b", "104 c"]]
    assert facts_of("1 a.", "2 b.", "", "2 c.", "who?") == [["2 c"]]
    assert facts_of("1 a.", "2 5 b.", "3 who?") == [["a", "5 b"]]


def test_what_can_be_no_fact_is_told_and_left_out():
    problems = []
    lines = ["who?", "a.", "Who is it? garden 1", "...", " ?", "b.", "who?", "c.", "what\tgarden"]
    asked = read(lines, problems.append)
    assert [[" ".join(fact) for fact in facts] for facts, _ in asked] == [["a", "b"], ["a", "b", "c"]] and asked[1][1] == ["what"]
    assert [next(part for part in ("before any fact", "no tab", "a fact without words", "a question without words") if part in text) for text in problems] == [
        "before any fact", "no tab", "a fact without words", "a question without words"]


def test_a_tab_asks_even_where_nothing_stands_behind_it():
    assert read(["a.", "what\t", "b."]) == [([["a"]], ["what"])]


def test_an_answer_does_not_wait_for_the_line_behind_its_question():
    def typing():
        yield from ("a.", "who?")
        pytest.fail("a further line was read")
    assert next(typed_questions(typing(), no_problem)) == (["a."], "who?")


@pytest.mark.parametrize("text, words_", [("Mary went!", "mary went"), ("...No, Dr. Who?!", "...no, dr. who"), (" ?Who is Dr. No. ", "?who is dr. no"), ("वह गई।", "वह गई"),
                                          ("她走了！", "她走了"), ("Stop. Go.", "stop. go"), (".!?", "")])
def test_marks_go_from_the_end_of_a_sentence_alone(text, words_):
    assert sentence_words(text) == words_.split()


@pytest.mark.parametrize("mark", "?？؟")
def test_question_marks_of_other_scripts(mark):
    assert is_question(f"who {mark}") and is_question(f"who{mark} ") and not is_question(f"{mark} who") and sentence_words(f"Who{mark}") == ["who"]
    assert read(["a。", f"who{mark}"]) == [([["a"]], ["who"])]


def test_a_story_of_one_text_is_read_alike():
    """Story and Question given as texts are read as a file reads them."""
    story = Story(["Ana, dr. Who and 104 came at 9:15."], [Question("Who came at 9:15?", "104", 1)])
    assert story.facts == [["ana,", "dr.", "who", "and", "104", "came", "at", "9:15"]] and story.questions[0].tokens == ["who", "came", "at", "9:15"]
