"""Words and answers as numbers."""

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from tinydmn.data.story import Question, Story
from tinydmn.data.vocabulary import SPECIAL, UNKNOWN, Vocabulary, features_of

words = st.text("abcde", min_size=1, max_size=3)
sentences = st.lists(words, min_size=1, max_size=5)
questions = st.builds(Question, sentences, st.lists(words, min_size=1, max_size=2), st.just(1))
stories = st.lists(st.builds(Story, st.lists(sentences, min_size=1, max_size=4), st.lists(questions, max_size=3)),
                   min_size=1, max_size=4)


@given(stories, st.randoms(use_true_random=False))
def test_every_word_has_one_number_whatever_the_order(told, random):
    vocabulary = Vocabulary.build(told)
    used = {w for s in told for text in (*s.facts, *(q.tokens for q in s.questions)) for w in text}
    assert vocabulary.words[:3] == SPECIAL and set(vocabulary.words[3:]) == used
    assert len(set(vocabulary.words)) == len(vocabulary.words)
    assert set(vocabulary.answers) == {",".join(q.answer) for s in told for q in s.questions}
    shuffled = list(told)
    random.shuffle(shuffled)
    assert Vocabulary.build(shuffled) == vocabulary
    for story in told:
        for fact in story.facts:
            assert [vocabulary.words[i] for i in vocabulary.encode(fact)] == fact
        for q in story.questions:
            assert vocabulary.answers[vocabulary.answer_id[",".join(q.answer)]] == ",".join(q.answer)


def test_unknown_words_and_answers():
    vocabulary = Vocabulary.build([Story([["mary", "sat"]], [Question(["who", "sat"], ["n", "w"], 1)])])
    assert vocabulary.unknown(["mary", "flew", "to", "mars", "flew"]) == ["flew", "to", "mars"]
    assert vocabulary.encode(["mary", "flew"]) == [vocabulary.word_id["mary"], vocabulary.word_id[UNKNOWN]]
    told = [Story([["mary"]], [Question(["who"], answer, 1) for answer in (["n", "w"], ["n"], ["w", "n"], ["n"], [])])]
    assert vocabulary.answer_id["n,w"] == 0 and vocabulary.unseen_answers(told) == ["n", "w,n"]
    assert Vocabulary.build(told, "sequence").unseen_answers([Story([["a"]], [Question(["q"], ["n", "e", "n"], 1)])], "sequence") == ["e"]


def test_words_and_answers_are_sorted():
    told = [Story([["d", "b"], ["e", "a"]], [Question(["c"], ["z", "y"], 1), Question(["a"], ["x"], 1)])]
    built = [Vocabulary.build(told, kind, more_words=("f", "a")) for kind in ("word", "sequence", "tags")]
    assert {v.words for v in built} == {(*SPECIAL, *"abcdef")}
    assert [v.answers for v in built] == [("x", "z,y"), ("<eos>", "x", "y", "z"), ("x", "y", "z")] and [v.kind for v in built] == ["word", "sequence", "tags"]
    assert not any(v.features for v in built)


def test_a_question_without_an_answer_makes_no_class():
    told = [Story([["a"]], [Question(["q"], [], 1), Question(["q"], ["x"], 1)])]
    assert [Vocabulary.build(told, kind).answers for kind in ("word", "tags")] == [("x",)] * 2 and not Vocabulary.build(told).unseen_answers(told)


def test_an_answer_comes_back_as_text():
    told = [Story([["a"]], [Question(["q"], ["n", "w"], 1), Question(["q"], ["e"], 1)])]
    word, sequence, tags = (Vocabulary.build(told, kind) for kind in ("word", "sequence", "tags"))
    assert [word.answer_text(k) for k in (0, np.int64(1), np.array(0))] == ["e", "n,w", "e"]
    assert sequence.answer_text(np.array([2, 3, 0, -1])) == "n,w" and sequence.answer_text(np.array([0, -1])) == ""
    assert tags.answer_text(np.array([0, 2, 0, -1])) == "e,w,e"                            # the first class of tags is a tag like any other


def tagged(*forms, **options):
    return Vocabulary.build([Story([list(forms)], [Question(["tags"], ["X"] * len(forms), 1)])], "tags", features=True, **options)


def test_where_spelling_counts_words_are_lower_case_and_features_those_of_the_forms():
    vocabulary = tagged("Saw", "saw", "SAW", more_words=("The", "hacksaw"))
    assert vocabulary.words == (*SPECIAL, "hacksaw", "saw", "tags", "the") and vocabulary.encode(["SaW", "THE", "they"]) == [4, 6, 1]
    assert vocabulary.unknown(["SAW", "They", "they"]) == ["They", "they"]
    plain = Vocabulary.build([Story([["Saw"]], [Question(["q"], ["x"], 1)])])
    assert plain.encode(["Saw", "saw"]) == [3, 1] and plain.unknown(["saw", "Saw"]) == ["saw"]


def test_a_feature_of_three_words_counts_and_one_of_two_does_not():
    assert "-ing" in tagged("going", "sing", "ring").features and "-ing" not in tagged("going", "sing", "sing", "sing").features
    assert "-ing" in tagged("going", "sing", "Sing").features                              # as they are written
    assert "-ing" not in tagged("going", "sing", more_words=("ring",)).features            # of the training text alone
    vocabulary = tagged("walking", "talking", "Balking")
    assert vocabulary.features == tuple(sorted(vocabulary.features))
    assert [vocabulary.features[f] for f in vocabulary.encode_features("Joking")] == ["-g", "-ng", "-ing", "-king"]
    assert vocabulary.encode_features("--") == []


@pytest.mark.parametrize("form, features", [
    ("saw", "case lower|s-|sa-|-w|-aw"), ("Will", "case Title|w-|wi-|wil-|-l|-ll|-ill"), ("USA", "case UPPER|u-|us-|-a|-sa"), ("iPhone", "case miXed|i-|ip-|iph-|-e|-ne|-one|-hone"),
    ("McDonald", "case miXed|m-|mc-|mcd-|-d|-ld|-ald|-nald"), ("I", "case Title"), ("a", "case lower"), ("7", "case none|digit"), ("--", "case none|hyphen|--|--"),
    ("B-52s", "case Title|digit|hyphen|b-|b--|b-5-|-s|-2s|-52s|--52s"), ("1,000", "case none|digit|1-|1,-|1,0-|-0|-00|-000|-,000"),
    ("X-ray", "case Title|hyphen|x-|x--|x-r-|-y|-ay|-ray|--ray"), ("WALKED", "case UPPER|w-|wa-|wal-|-d|-ed|-ked|-lked")])
def test_what_spelling_tells(form, features):
    assert features_of(form) == features.split("|")
