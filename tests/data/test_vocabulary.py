"""Words and answers as numbers."""

import hypothesis.strategies as st
from hypothesis import given

from tinydmn.data.story import Question, Story
from tinydmn.data.vocabulary import SPECIAL, UNKNOWN, Vocabulary

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
