"""What a run learns from, and ensembles of the epochs that it kept."""

from dataclasses import replace

import numpy as np
import pytest

from tinydmn.data.batch import cut_at_questions, take_stories
from tinydmn.data.grammar.sentiment import sentiment_texts
from tinydmn.data.grammar.tags import tagged_texts
from tinydmn.data.entities import Classes
from tinydmn.data.sources import babi_stories
from tinydmn.data.story import Question, Story
from tinydmn.errors import UserError
from tinydmn.model import DMN
from tinydmn.tasks import babi, pos, sst
from tinydmn.training import checkpoint, loop, material as materials
from tinydmn.training.evaluate import evaluate, together
from tinydmn.tasks import about_run, gather, texts_of
from tinydmn.training.material import batch_of, digest, share_of, unknown_words
from tinydmn.tasks.babi import babi_config
from tinydmn.tasks.pos import pos_config
from tinydmn.tasks.sst import sst_config

from .test_apart import N, TINY, same_batch, told, write_files

TREES = """(3 (2 It) (4 (2 's) (4 good)))
(1 (2 It) (1 (2 is) (0 bad)))
(2 (2 It) (2 is))
"""


def write_trees(folder):
    for name in ("train.txt", "dev.txt"):
        (folder / name).write_text(TREES, encoding="utf-8")
    return folder


def test_sentiment_learns_from_sentences_and_a_fresh_half_of_the_phrases(tmp_path):
    about = about_run("sst", write_trees(tmp_path), 0, kind="fine", vectors=None, phrases=0.5)
    material = gather(about, **TINY)
    assert [q.answer for s in material.valid for q in s.questions] == [["positive"], ["negative"], ["neutral"]]
    rng, drawn = np.random.default_rng(0), []
    for _ in range(30):
        batch = material.epoch(rng)
        assert len(batch.n_tokens) >= 3 and set(batch.n_tokens[:3]) == {2, 3}             # the sentences always
        drawn.append(len(batch.n_tokens) - 3)
    assert len(material.phrases) == 7 and 0.3 < np.mean(drawn) / 7 < 0.7 and len(set(drawn)) > 1


def test_binary_sentiment_has_no_neutral_texts(tmp_path):
    material = gather(about_run("sst", write_trees(tmp_path), 0, kind="binary", vectors=None), **TINY)
    assert len(material.valid) == 2 and set(material.vocabulary.answers) == {"negative", "positive"}


def test_word_vectors_from_a_file(tmp_path):
    write_trees(tmp_path)
    (tmp_path / "v.txt").write_text("it 1 2 3\nis 4 5 6\nfilm 7 8 9\n", encoding="utf-8")
    gathered = lambda **more: gather(about_run("sst", tmp_path, 0, kind="fine", vectors=str(tmp_path / "v.txt")), **TINY | more)
    material = gathered(embedding=3)
    assert "film" in material.vocabulary.words             # frequent words of the file are known too
    before = DMN(material.config, material.vocabulary, "numpy").params["embedding.L"]
    model, without = material.network("numpy")
    of = lambda model: model.params["embedding.L"][material.vocabulary.word_id["is"]]
    np.testing.assert_array_equal(of(model), [4, 5, 6])
    changed = (model.params["embedding.L"] != before).any(axis=1)
    assert changed.sum() == 3 and without == len(before) - 3
    np.testing.assert_array_equal(of(gathered(embedding=5).network("numpy")[0]), [4, 5, 6, 0, 0])
    with pytest.raises(UserError, match="--embedding 2: the word vectors have 3 numbers"):
        gathered(embedding=2)


def test_vectors_wider_than_the_preset_widen_the_network(tmp_path):
    write_trees(tmp_path)
    (tmp_path / "v.txt").write_text("it" + " 0.5" * 300 + "\n", encoding="utf-8")
    assert gather(about_run("sst", tmp_path, 0, kind="fine", vectors=str(tmp_path / "v.txt"))).config.embedding == 300


def test_unknown_words_of_tagged_text(tmp_path):
    (tmp_path / "train.tsv").write_text("The\tDT\ncat\tNN\nran\tVBD\n\nThe\tDT\ndog\tNN\n", encoding="utf-8")
    (tmp_path / "dev.tsv").write_text("The\tDT\nbird\tNN\nran\tVBD\n\nthe\tDT\n", encoding="utf-8")
    material = gather(about_run("pos", tmp_path, 0, column="xpos", vectors=None), **TINY)
    batch = material.batch(material.valid)
    np.testing.assert_array_equal(unknown_words(batch, material.valid, material.train), [[False, True, False], [True, False, False]])   # as written: "the" is new
    model = DMN(material.config, material.vocabulary, "numpy")
    out = model.forward(batch)
    share = share_of(unknown_words(batch, material.valid, material.train), model, batch)
    assert share == np.mean([out.answers[0, 1] == batch.answer[0, 1], out.answers[1, 0] == batch.answer[1, 0]])
    score = evaluate(model, batch)
    assert score.n_questions == 4 and np.isnan(score.gate_accuracy)
    assert score.answer_accuracy == np.sum((out.answers == batch.answer) & (batch.answer >= 0)) / 4


@pytest.mark.parametrize("task, switch", [(1, {"permute_entities": "yes"}), (1, {"drop_facts": 1.0}), (19, {"answer": "sequence", "permute_entities": "yes"}), (7, {"permute_entities": "yes"}),
                                          (1, {"bidirectional": "yes"}), (1, {"facts": "both"})])
def test_each_switch_gives_batches_that_train(task, switch):
    material = gather(about_run("babi", None, 0, task=task, size="1k"), **TINY | {"epochs": 1} | switch)
    small = replace(material, epoch=lambda rng: take_stories(material.epoch(rng), np.arange(6))[0])
    model = DMN(material.config, material.vocabulary, "numpy")
    state = loop.start(model, 0)
    loop.train(model, small.epoch, take_stories(material.batch(material.valid), np.arange(3))[0], state)
    assert state.epoch == 1 and np.isfinite(state.history[0]["loss"])


def test_plain_is_the_papers_model():
    configs = [babi_config(task, size, plain=True) for task in range(1, 21) for size in ("1k", "10k")]
    for config in [*configs, gather(about_run("babi", None, 0, task=20, size="1k", plain=True)).config]:
        assert (config.permute_entities, config.drop_facts, config.bidirectional, config.facts, config.cell) == ("no", 0.0, "no", "sentences", "gru")


def test_the_best_epochs_are_kept_and_answer_together(tmp_path):
    material = gather(about_run("babi", None, 0, task=1, size="1k"), **TINY | {"ensemble": 3, "epochs": 5, "patience": 5, "gate_epochs": 0, "selection_window": 1.0})
    model = DMN(material.config, material.vocabulary, "numpy")
    train, valid = (take_stories(material.batch(stories), np.arange(8))[0] for stories in (material.train, material.valid))
    state, seen = loop.start(model, 0), {}
    loop.train(model, train, valid, state, lambda state: seen.update({state.epoch: (state.history[-1], state.theta.copy())}))
    ranked = sorted(seen, key=lambda e: (seen[e][0]["valid_answer_accuracy"], -seen[e][0]["valid_loss"]), reverse=True)[:3]
    assert [state.best_epoch, *(epoch for _, epoch, _ in state.runners_up)] == ranked
    for theta, epoch in zip(state.kept, ranked, strict=True):
        np.testing.assert_array_equal(theta, seen[epoch][1])
    p = 0
    for theta in state.kept:
        model.theta[...] = theta
        logits = model.forward(valid).logits.astype(float)
        p = p + np.exp(logits - logits.max(1, keepdims=True)) / np.exp(logits - logits.max(1, keepdims=True)).sum(1, keepdims=True) / 3
    model.theta[...] = state.best_theta
    np.testing.assert_allclose(np.exp(together(model, valid, state.kept).logits), p, rtol=1e-5)
    np.testing.assert_array_equal(model.theta, state.best_theta)                           # given back
    assert evaluate(model, valid, thetas=state.kept).answer_accuracy == np.mean(p.argmax(1) == valid.answer)
    checkpoint.save(tmp_path / "a.npz", model, state, {"name": "x"})
    _, again, _ = checkpoint.load(tmp_path / "a.npz", "numpy")
    assert [epoch for _, epoch, _ in again.runners_up] == ranked[1:]
    for one, other in zip(state.kept, again.kept, strict=True):
        np.testing.assert_array_equal(one, other)


def test_sequences_have_no_ensemble():
    material = gather(about_run("babi", None, 0, task=19, size="1k"), **TINY)
    model = DMN(material.config, material.vocabulary, "numpy")
    with pytest.raises(ValueError, match="sequence"):
        together(model, batch_of(material.valid[:2], material.vocabulary, material.config), [model.theta, model.theta])


# ---- each switch of what is told changes that, and nothing else


@pytest.fixture(scope="module")
def whereabouts():
    """180 generated stories of task 1: enough to show which names may change places."""
    return babi_stories(1)


@pytest.fixture
def told_again(whereabouts, monkeypatch):
    """-> gather's Material of these stories with some switches, and the stories of one of its epochs."""
    monkeypatch.setattr(babi, "babi_stories", lambda *_: whereabouts)

    def told_again(seed=0, **switches):
        material = gather(told("babi", None, plain=True), **TINY | switches)
        return material, stories_in(material.epoch(np.random.default_rng(seed)), material.vocabulary)
    return told_again


def stories_in(batch, vocabulary):
    """A Batch back into stories."""
    words = lambda ids: [vocabulary.words[i] for i in ids]
    stories = []
    for s, (line, F) in enumerate(zip(batch.tokens, batch.n_facts_story)):
        ends = [-1, *batch.fact_end[s, :F]]
        own = np.flatnonzero(batch.story_of == s)
        stories.append(Story([words(line[a + 1:b]) for a, b in zip(ends, ends[1:])],
                             [Question(words(batch.question[q, :batch.n_question[q]]), [vocabulary.answers[batch.answer[q]]], int(batch.n_facts[q]), [int(i) for i in batch.support[q] if i >= 0])
                              for q in own]))
    return stories


def plain_texts(stories):
    return [(s.facts, [(q.tokens, q.answer, q.n_facts, q.support) for q in s.questions]) for s in stories]


def test_told_as_they_are(told_again, whereabouts):
    material, once = told_again()
    assert plain_texts(once) == plain_texts(whereabouts[0]) == plain_texts(told_again(1)[1])


def test_rename_deals_out_names_and_leaves_all_else(told_again, whereabouts):
    material, once = told_again(permute_entities="yes")
    people, places = set(), set()
    for story in whereabouts[0]:
        people |= {q.tokens[-1] for q in story.questions}
        places |= {q.answer[0] for q in story.questions}
    changed = 0
    for before, after in zip(whereabouts[0], once, strict=True):
        new = {}
        texts = lambda s: [*s.facts, *(text for q in s.questions for text in (q.tokens, q.answer))]
        for old, now in zip(texts(before), texts(after), strict=True):
            for w, v in zip(old, now, strict=True):
                assert new.setdefault(w, v) == v           # the same name each time, in facts, questions and answers
        assert all(w == v or {w, v} <= people or {w, v} <= places for w, v in new.items()) and len(set(new.values())) == len(new)
        assert [(q.n_facts, q.support) for q in before.questions] == [(q.n_facts, q.support) for q in after.questions]
        changed += any(w != v for w, v in new.items())
    assert changed > 0.9 * len(once)
    assert plain_texts(told_again(0, permute_entities="yes")[1]) == plain_texts(once) != plain_texts(told_again(1, permute_entities="yes")[1])
    rng = np.random.default_rng(0)
    assert not same_batch(material.epoch(rng), material.epoch(rng))                        # anew each epoch


def test_shorten_leaves_facts_out_and_changes_no_word(told_again, whereabouts):
    material, once = told_again(drop_facts=1.0)
    for before, after in zip(whereabouts[0], once, strict=True):
        left = iter(before.facts)
        assert all(fact in left for fact in after.facts)   # some of them, in their order
        known = {(tuple(q.tokens), q.answer[0]) for q in before.questions}
        assert after.questions and all((tuple(q.tokens), q.answer[0]) in known for q in after.questions)
        assert all(after.facts[q.support[0]][0] == q.tokens[-1] and after.facts[q.support[0]][-1] == q.answer[0] for q in after.questions)
    facts = lambda stories: sum(len(s.facts) for s in stories)
    assert facts(once) < facts(told_again(drop_facts=0.2)[1]) < facts(whereabouts[0])
    assert plain_texts(told_again(0, drop_facts=1.0)[1]) == plain_texts(once) != plain_texts(told_again(1, drop_facts=1.0)[1])


def test_both_switches_together(told_again, whereabouts):
    _, once = told_again(permute_entities="yes", drop_facts=1.0)
    assert sum(len(s.facts) for s in once) < sum(len(s.facts) for s in whereabouts[0])
    known = {tuple(fact) for s in whereabouts[0] for fact in s.facts}
    own = [{tuple(fact) for fact in s.facts} for s in whereabouts[0]]
    assert all(tuple(fact) in known for s in once for fact in s.facts) and sum(not {tuple(f) for f in s.facts} <= facts for s, facts in zip(once, own)) > 0.5 * len(once)


@pytest.mark.parametrize("switches", ({"permute_entities": "yes"}, {"drop_facts": 1.0}, {"permute_entities": "yes", "drop_facts": 1.0}))
def test_validation_and_test_are_never_told_again(switches, told_again, whereabouts, monkeypatch):
    material, _ = told_again(**switches)
    before = material.batch(material.valid)
    material.epoch(np.random.default_rng(1))
    assert material.valid is whereabouts[1] and same_batch(material.batch(material.valid), before)
    assert same_batch(before, materials.make_batch(whereabouts[1], material.vocabulary))
    assert plain_texts(material.train) == plain_texts(whereabouts[0])                      # nor is training, for good


def test_what_retelling_knows_it_knows_from_training(told_again, whereabouts, monkeypatch):
    seen = []
    for name in ("find_classes", "self_contained_facts", "ordinal_questions"):
        monkeypatch.setattr(babi, name, lambda stories, f=getattr(babi, name): seen.append(stories) or f(stories))
    told_again(permute_entities="yes", drop_facts=1.0)
    assert len(seen) == 3 and all(stories is whereabouts[0] for stories in seen)
    told_again()
    assert len(seen) == 3


def test_names_are_not_dealt_out_where_the_answer_would_have_no_class(monkeypatch):
    """Lists of several names, as one class, are known in some orders alone: such a story keeps its names, the others do not."""
    stories = [Story([["mary", "and", "john", "left"]], [Question(["who"], answer, 1, [0])]) for answer in (["mary", "john"], ["mary"])] * 20
    monkeypatch.setattr(babi, "babi_stories", lambda *_: (stories, stories[:2], None))
    monkeypatch.setattr(babi, "find_classes", lambda _: Classes([[("mary",), ("john",)]], []))
    for answer, wanted in (("word", {"mary,john", "mary"}), ("sequence", None)):
        material = gather(told("babi", None), **TINY | {"permute_entities": "yes", "answer": answer})
        batch = material.epoch(np.random.default_rng(0))
        if answer == "word":
            assert set(material.vocabulary.answers) == wanted and (batch.answer >= 0).all()
            assert {w for s in stories_in(batch, material.vocabulary) for q in s.questions for w in q.answer} == wanted
        else:
            first = {material.vocabulary.answers[row[0]] for row in batch.answer}
            assert first == {"mary", "john"}


def test_reading_both_ways_cuts_stories_at_their_questions(told_again, whereabouts):
    material, once = told_again(bidirectional="yes")
    assert plain_texts(once) == plain_texts(cut_at_questions(whereabouts[0])) != plain_texts(whereabouts[0])


def test_facts_of_config_reach_the_batch(told_again):
    sentences, both = (told_again(facts=facts)[0].epoch(np.random.default_rng(0)) for facts in ("sentences", "both"))
    assert (both.n_facts_story == both.n_tokens).all() and (sentences.n_facts_story < sentences.n_tokens).all()


@pytest.mark.parametrize("share, least, most", ((0.0, 0, 0), (0.5, 30, 70), (1.0, 100, 100)))
def test_phrases_are_a_share_of_them(share, least, most, tmp_path):
    trees = "".join(f"(3 (2 It) (4 (2 w{i}) (4 v{i})))\n" for i in range(20))
    for name in ("train.txt", "dev.txt"):
        (tmp_path / name).write_text(trees)
    material = gather(told("sst", tmp_path, phrases=share), **TINY)
    assert len(material.phrases) == 61                     # three each, and "it"
    n = [len(material.epoch(rng).n_tokens) - 20 for rng in [np.random.default_rng(0)] * 5]
    assert all(least * 0.61 <= k <= most * 0.61 for k in n) and (len(set(n)) > 1) == (share == 0.5)
    for seed in range(3):
        assert same_batch(take_stories(material.epoch(np.random.default_rng(seed)), np.arange(20))[0], material.batch(material.train))     # each sentence once


def test_of_binary_trees_the_neutral_phrases_are_left_out(tmp_path):
    write_trees(tmp_path)
    material = gather(told("sst", tmp_path, kind="binary"), **TINY)
    assert sorted(" ".join(s.facts[0]) for s in material.phrases) == ["'s good", "bad", "good", "is bad"]


@pytest.mark.parametrize("told_size, n, size", (("1k", 9, "1k"), ("10k", 9, "10k"), (None, 9, "1k"), (None, 3001, "10k"), (None, 3000, "1k"), ("1k", 3001, "1k")))
@pytest.mark.parametrize("task, plain", ((2, True), (2, False), (17, False), (19, True)))
def test_task_size_and_plain_choose_the_preset_and_the_stories(task, plain, told_size, n, size, monkeypatch):
    story = Story([["a", "b"]], [Question(["c"], ["a"], 1, [0])])
    many_questions = replace(story, questions=story.questions * n)
    asked_for = []
    monkeypatch.setattr(babi, "babi_stories", lambda *given: asked_for.append(given) or ([story, many_questions][n > 9:] * (1 if n > 9 else 2), [story], None))
    monkeypatch.setattr(materials, "make_batch", lambda *_: None)
    material = gather(about_run("babi", None, 7, task=task, size=told_size, plain=plain), hidden=9)
    assert material.config == babi_config(task, size, plain, hidden=9) and asked_for == [(task, None, told_size, 7)]


def test_own_texts_have_their_own_settings(tmp_path, monkeypatch):
    for task_set, module, make, texts in (("sst", sst, sst_config, sentiment_texts), ("pos", pos, pos_config, tagged_texts)):
        monkeypatch.setattr(module, "SIZES", (30, 10))
        write_files(tmp_path, task_set)
        assert gather(told(task_set, None), hidden=5).config == make(True, hidden=5) and gather(told(task_set, tmp_path), hidden=5).config == make(False, hidden=5)
    assert [len(part) for part in texts_of(told("sst", None))[:2]] == [30, 10]


def test_the_seed_decides_texts_and_start(tmp_path, monkeypatch):
    monkeypatch.setattr(sst, "SIZES", (30, 10))
    monkeypatch.setattr(pos, "SIZES", (30, 10))
    for about in (about_run("babi", None, 0, task=20, size="1k"), told("sst", None), told("pos", None)):
        assert digest(*texts_of(about)[:2]) == digest(*texts_of(about)[:2]) != digest(*texts_of(about | {"seed": 1})[:2])
    material = gather(told("sst", None), **TINY)
    starts = [material.network("numpy", seed)[0].theta for seed in (0, 0, 1)]
    np.testing.assert_array_equal(starts[0], starts[1])
    np.testing.assert_array_equal(starts[2], DMN(material.config, material.vocabulary, "numpy", 1).theta)
    assert not np.array_equal(starts[0], starts[2]) and material.network("numpy", 0)[0].backend == "numpy"


def test_binary_and_column_say_which_answers(tmp_path, monkeypatch):
    (tmp_path / "a-train.conllu").write_text("1\tIt\t_\tPRON\tPRP\t_\t_\t_\t_\t_\n\n1\truns\t_\tVERB\tVBZ\t_\t_\t_\t_\t_\n")
    (tmp_path / "a-dev.conllu").write_text("1\tIt\t_\tPRON\tPRP\t_\t_\t_\t_\t_\n")
    assert [gather(told("pos", tmp_path, column=column), **TINY).vocabulary.answers for column in ("xpos", "upos")] == [("PRP", "VBZ"), ("PRON", "VERB")]
    write_trees(tmp_path)
    monkeypatch.setattr(sst, "SIZES", (30, 10))
    for data in (tmp_path, None):
        assert [len(gather(told("sst", data, kind=kind), **TINY).vocabulary.answers) for kind in ("fine", "binary")] == [5, 2]


def test_word_vectors_are_asked_for_all_words_of_the_texts_and_the_most_frequent(tmp_path, monkeypatch):
    calls = []

    def vectors(*given):
        calls.append(given)
        return ["good"], np.ones((1, 3), np.float32)
    monkeypatch.setattr(materials, "read_glove", vectors)
    monkeypatch.setattr(materials, "packaged_glove", lambda *given: vectors("package", *given))
    for task_set in ("sst", "pos"):
        folder = write_files(tmp_path, task_set)
        words = {f"{split}{i}{'ing' * (task_set == 'pos')}" for split in N for i in range(N[split])} | {"good" if task_set == "sst" else "went"}
        for source, first in (("v.txt", str((tmp_path / "v.txt").resolve())), ("glove", "package")):
            material = gather(told(task_set, folder, vectors=str(tmp_path / source) if source != "glove" else source), **TINY)
            assert calls.pop() == (first, words, materials.FREQUENT) and material.vectors[0] == ["good"]
        assert gather(told(task_set, folder), **TINY).vectors is None and not calls
