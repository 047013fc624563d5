"""Stories as arrays: nothing lost, nothing mixed up, padding told apart."""

from dataclasses import fields, replace

import hypothesis.strategies as st
import numpy as np
from hypothesis import given

from tinydmn.data.batch import UNSEEN, make_batch, padded, take_stories
from tinydmn.data.generator import generate
from tinydmn.data.story import Question, Story, asked, count_questions
from tinydmn.data.vocabulary import END_OF_SENTENCE, Vocabulary

seeds = st.integers(0, 2**32 - 1)


def mixed(seed, n):
    """Stories of several tasks and lengths, some cut short, and their vocabulary."""
    rng = np.random.default_rng(seed)
    stories = [generate((1, 2, 3, 6)[rng.integers(4)], 1, rng)[0] for _ in range(n)]
    stories = [replace(s, questions=s.questions[:rng.integers(1, 6)]) for s in stories]
    return stories, Vocabulary.build(stories)


def rows(batch):
    """The batch as plain lists without padding, one entry a story: what make_batch was given, in numbers."""
    out = []
    for s in range(len(batch.tokens)):
        mine = np.flatnonzero(batch.story_of == s)
        out.append((batch.tokens[s, :batch.n_tokens[s]].tolist(), batch.fact_end[s, :batch.n_facts_story[s]].tolist(),
                    [(batch.question[q, :batch.n_question[q]].tolist(), int(batch.n_facts[q]), int(batch.answer[q]),
                      [int(i) for i in batch.support[q] if i >= 0]) for q in mine]))
    return out


@given(seeds, st.integers(1, 5))
def test_shapes_types_and_padding(seed, n):
    stories, vocabulary = mixed(seed, n)
    batch = make_batch(stories, vocabulary)
    questions = [q for s in stories for q in s.questions]
    Q, F = len(questions), max(len(s.facts) for s in stories)
    T = max(sum(len(f) + 1 for f in s.facts) for s in stories)
    shapes = {"tokens": (n, T), "n_tokens": (n,), "fact_end": (n, F), "n_facts_story": (n,),
              "question": (Q, max(len(q.tokens) for q in questions)), "n_question": (Q,), "story_of": (Q,), "n_facts": (Q,),
              "answer": (Q,), "support": (Q, max(len(q.support) for q in questions)), "forms": (0, 1)}
    for f in fields(batch):
        a = getattr(batch, f.name)
        assert a.shape == shapes[f.name] and a.dtype == np.int32 and a.flags.c_contiguous, f.name
    for a, lengths, fill in ((batch.tokens, batch.n_tokens, 0), (batch.fact_end, batch.n_facts_story, 0),
                             (batch.question, batch.n_question, 0), (batch.support, [len(q.support) for q in questions], -1)):
        for row, length in zip(a, lengths):
            assert (row[length:] == fill).all() and (row[:length] >= 0).all()
    assert (np.diff(batch.story_of) >= 0).all()


@given(seeds, st.integers(1, 5))
def test_the_words_can_be_read_back(seed, n):
    stories, vocabulary = mixed(seed, n)
    batch = make_batch(stories, vocabulary)
    eos = vocabulary.word_id[END_OF_SENTENCE]
    for story, (tokens, ends, questions) in zip(stories, rows(batch), strict=True):
        assert ends == [i for i, t in enumerate(tokens) if t == eos]
        starts = [0, *(end + 1 for end in ends)]
        assert [[vocabulary.words[t] for t in tokens[a:b]] for a, b in zip(starts, ends)] == story.facts
        words, answers = vocabulary.words, vocabulary.answers
        assert [Question([words[t] for t in q], answers[a].split(","), k, s) for q, k, a, s in questions] == story.questions


@given(seeds, st.integers(2, 5), st.randoms(use_true_random=False))
def test_a_story_is_the_same_alone_and_in_any_batch(seed, n, random):
    stories, vocabulary = mixed(seed, n)
    together = rows(make_batch(stories, vocabulary))
    order = list(range(n))
    random.shuffle(order)
    assert rows(make_batch([stories[i] for i in order], vocabulary)) == [together[i] for i in order]
    assert [rows(make_batch([s], vocabulary))[0] for s in stories] == together


@given(seeds, st.integers(1, 6), st.data())
def test_part_of_a_batch(seed, n, data):
    stories, vocabulary = mixed(seed, n)
    batch = make_batch(stories, vocabulary)
    chosen = np.array(data.draw(st.permutations(range(n)))[:data.draw(st.integers(1, n))])
    part, questions = take_stories(batch, chosen)
    fresh = make_batch([stories[i] for i in chosen], vocabulary)
    for f in fields(fresh):
        taken, made = getattr(part, f.name), getattr(fresh, f.name)
        if f.name == "support":                                        # keeps its columns; the ones beyond are empty
            assert (taken[:, made.shape[1]:] == -1).all()
            taken = np.ascontiguousarray(taken[:, :made.shape[1]])
        np.testing.assert_array_equal(taken, made, f.name)
        assert taken.dtype == np.int32 and taken.flags.c_contiguous, f.name
    assert (batch.answer[questions] == part.answer).all() and (batch.n_facts[questions] == part.n_facts).all()
    assert (chosen[part.story_of] == batch.story_of[questions]).all()


def test_asking_unknown_words_no_support_and_answers_never_seen():
    known = Story([["mary", "sat"]], [Question(["who", "sat"], ["mary"], 1, [0])])
    vocabulary = Vocabulary.build([known])
    asking = Story([["mars", "sat"], ["mary", "sat"]], [Question(["who", "flew"], [], 2)], "typed")
    batch = make_batch([asking], vocabulary)
    assert batch.answer.tolist() == [-1] and batch.support.tolist() == [[-1]]
    assert batch.tokens[0, 0] == vocabulary.word_id["<unk>"] and batch.question[0, 1] == vocabulary.word_id["<unk>"]
    assert batch.fact_end.tolist() == [[2, 5]]
    for kind, answer, classes in (("word", ["mars"], [UNSEEN]), ("word", ["mary", "mary"], [UNSEEN]), ("tags", ["mary", "mars"], [[0, UNSEEN]])):
        new = make_batch([replace(asking, questions=[Question(["who", "sat"], answer, 1)])], replace(vocabulary, kind=kind), answer=kind)
        assert new.answer.tolist() == classes


def test_the_length_of_an_answer_counts_words_never_seen():
    told = Story([["a", "b", "c"]], [Question(["all"], ["x", "new", "x"], 1)])
    known = Story([["a", "b", "c"]], [Question(["all"], ["x", "x", "x"], 1)])
    unknown = replace(told, questions=[replace(told.questions[0], answer=[])])
    for kind, facts, length in (("tags", "words", 3), ("sequence", "sentences", 4)):       # a sequence ends with <eos>
        batch = make_batch([told, known, unknown], Vocabulary.build([known], kind), facts, kind)
        assert UNSEEN in batch.answer[0] and batch.n_answer.tolist() == [length, length, 0]


def test_padded():
    assert padded([[1], [], [2, 3]]).tolist() == [[1, 0], [0, 0], [2, 3]]
    assert padded([[], []], -1).tolist() == [[-1], [-1]]
    assert padded([]).shape == (0, 1)


def test_a_question_is_told_from_others_by_what_it_may_see():
    """asked: facts up to it and its own words, not what is told later, nor the answer."""
    facts = [["mary", "sat"], ["john", "ran"]]
    one = lambda facts, tokens, n, answer="x": asked(Story(facts, [Question(tokens, [answer], n)]))
    assert one(facts, ["who"], 1) == one(facts[:1], ["who"], 1, "y") and len(asked(Story(facts, [Question(["a"], [], 1), Question(["b"], [], 2)]))) == 2
    assert one(facts, ["who"], 1) != one(facts, ["who"], 2) and one(facts, ["who"], 1) != one(facts, ["what"], 1) != one([["john", "ran"]], ["what"], 1)
    assert one([["a b"]], ["c"], 1) != one([["a", "b"]], ["c"], 1)


def test_questions_are_counted():
    assert count_questions([]) == 0 and count_questions([Story([["a"]], [Question(["b"], [], 1)] * n) for n in (2, 3)]) == 5


def test_taking_no_story():
    stories, vocabulary = mixed(0, 3)
    part, questions = take_stories(make_batch(stories, vocabulary), np.array([], int))
    assert not len(questions) and part.tokens.shape == (0, 1) and part.question.shape == (0, 1) and part.answer.shape == (0,)
