"""Every answer of a set, one by one, against the network asked one question at a time, in plain Python; and what is written of them, read back."""

import csv
import gzip
import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from wcwidth import wcswidth

from tinydmn.cli import evaluate as command, main
from tinydmn.data.babi import read_babi, write_babi
from tinydmn.data.generator import generate
from tinydmn.data.retagged import Retagged
from tinydmn.data.sst import read_sst, sentiment_stories
from tinydmn.data.story import Question, Story
from tinydmn.data.tagged import read_columns, read_conllu, read_ptb, read_tagged, tagged_stories
from tinydmn.data.vocabulary import Vocabulary
from tinydmn.errors import UserError
from tinydmn.model import DMN
from tinydmn.terminal import answer_text
from tinydmn.training import checkpoint
from tinydmn.training.answers import END, answers, ranked, record
from tinydmn.training.evaluate import evaluate
from tinydmn.training.material import batch_of

from .data.test_eval_command import TAGGED, TREES, asked, refused, saved
from .test_evaluate import each_kind, mean_of, network, softmax


def shuffled(stories, seed=0):
    """The questions of each story in another order than that of what they see."""
    rng = np.random.default_rng(seed)
    return [replace(story, questions=[story.questions[k] for k in rng.permutation(len(story.questions))]) for story in stories]


def alone(model, story, question, thetas):
    """One question asked by itself, as a story that ends there -> the Output of each of the weights."""
    batch = batch_of([Story(story.facts[:question.n_facts], [question])], model.vocabulary, model.config)
    return [model.with_weights(theta).forward(batch) for theta in thetas]


def plainly(model, story, question, thetas):
    """-> [(names likeliest first with their probabilities, right, gates, looked)], one, or one a word."""
    config, names, outs = model.config, model.vocabulary.answers, alone(model, story, question, thetas)
    if config.answer == "tags":
        found = []
        for t in range(len(story.facts[0])):
            p = mean_of([softmax(out.logits[0, t]) for out in outs])
            order = sorted(range(len(p)), key=lambda k: -p[k])
            gates = np.mean([out.gates[:, t, :t + 1] for out in outs], axis=0)
            right = names[order[0]] == question.answer[t] if question.answer else None
            found.append(([(names[k], p[k]) for k in order], right, gates, [max(range(t + 1), key=row.__getitem__) for row in gates]))
        return found
    made, n = max(out.passes_made[0] for out in outs), question.n_facts + 1
    by_pass = [[out for out in outs if i < out.passes_made[0]] for i in range(made)]
    gates = np.array([mean_of([out.gates[i, 0] for out in some]) for i, some in enumerate(by_pass)]).reshape(made, n)
    scores = [mean_of([softmax(out.gate_scores[i, 0]) for out in some]) for i, some in enumerate(by_pass)]
    looked = [max(range(n), key=row.__getitem__) for row in scores]
    if config.answer == "sequence":
        p, said, ended = 1.0, [], False
        for logits in outs[0].logits[0][:config.longest]:
            of = softmax(logits)
            k = max(range(len(of)), key=of.__getitem__)
            p, ended = p * of[k], k == 0
            if ended:
                break
            said.append(names[k])
        text = ",".join(said) or "(no word)"
        return [([(text, p)], (ended and said == question.answer) if question.answer else None, gates, looked)]
    p = mean_of([softmax(out.logits[0]) for out in outs])
    order = sorted(range(len(p)), key=lambda k: -p[k])
    return [([(names[k], p[k]) for k in order], names[order[0]] == question.answer[0] if question.answer else None, gates, looked)]


def check(model, stories, thetas=None):
    """-> the answers, each compared with the same question asked alone."""
    found = list(answers(model, stories, thetas))
    waiting = iter(found)
    for number, story in enumerate(stories, 1):
        for q in story.questions:
            for t, (best, right, gates, looked) in enumerate(plainly(model, story, q, thetas or [model.theta.copy()])):
                one = next(waiting)
                assert (one.source, one.number, one.right) == (story.source, number, right)
                assert [name for name, _ in one.ranked] == [name for name, _ in best[:4]]
                np.testing.assert_allclose([p for _, p in one.ranked], [p for _, p in best[:4]], rtol=1e-9)
                assert one.probability == one.ranked[0][1] and one.answer.removesuffix(",...") == best[0][0]
                np.testing.assert_allclose(one.gates, gates, rtol=1e-9, atol=1e-12)
                assert one.looked == looked and one.gates.shape == gates.shape
                if model.config.answer == "tags":
                    assert one.question == story.facts[0][t] and one.facts == story.facts[0][:t + 1] and one.support == []
                    assert one.right_answer == (q.answer[t] if q.answer else "")
                else:
                    facts = [" ".join(fact) for fact in story.facts[:q.n_facts]]
                    assert one.question == " ".join(q.tokens) and one.facts == facts and one.support == q.support
                    assert one.right_answer == ",".join(q.answer)
                assert [(place, text) for place, text, _ in one.passes()] == [(k, one.facts[k]) if k < len(one.facts) else (None, END)
                                                                              for k in looked]
                np.testing.assert_allclose([w for *_, w in one.passes()], [row[k] for row, k in zip(gates, looked)], rtol=1e-9)
    assert next(waiting, None) is None
    return found


@each_kind
def test_each_answer_is_that_of_its_question_asked_alone(kind):
    """More stories than are asked at once, their questions out of order; unseen answers, and some that are not known."""
    model, stories = network(kind, 5, 70)
    stories = shuffled(stories)
    found = check(model, stories)
    held_out = evaluate(model, batch_of(stories, model.vocabulary, model.config))
    judged = [one.right for one in found if one.right is not None]
    assert (np.mean(judged), len(judged)) == (held_out.answer_accuracy, held_out.n_questions) and len(judged) < len(found)
    if kind != "no passes" and kind != "tags":
        n = [one.looked[i] == target for one in found for i,
             target in enumerate([*one.support, len(one.facts)][:model.config.passes]) if one.support and i < len(one.looked)]
        assert np.mean(n) == held_out.gate_accuracy


@pytest.mark.parametrize("kind", ["word", "stop", "both ways", "tags"])
def test_each_answer_of_an_ensemble_is_that_of_all_together(kind):
    model, stories = network(kind, 6, 20)
    rng, before = np.random.default_rng(1), model.theta.copy()
    thetas = [model.theta + rng.normal(size=model.theta.shape) for _ in range(3)]
    stories = shuffled(stories)
    found = check(model, stories, thetas)
    held_out = evaluate(model, batch_of(stories, model.vocabulary, model.config), thetas=thetas)
    assert np.mean([one.right for one in found if one.right is not None]) == held_out.answer_accuracy
    assert [one.answer for one in found] != [one.answer for one in answers(model, stories)]
    np.testing.assert_array_equal(model.theta, before)


def test_a_decoded_answer_without_an_end_is_not_called_like_the_right_one():
    """All its words are right, but it goes on: it is stopped, and wrong."""
    story = Story([["a"]], [Question(["b"], ["n", "w"], 1)])
    model, _ = network("sequence", 0)
    model = DMN(replace(model.config, longest=2), Vocabulary.build([story], "sequence"), "numpy", 0, "float64")
    w = np.random.default_rng(0).normal(size=4)
    model.params["answer.W_a"][...] = [[0] * 4, w, -w]     # <eos> is never the likeliest
    said = next(answers(model, [story])).answer
    words = said.removesuffix(",...").split(",")
    one, = answers(model, [replace(story, questions=[Question(["b"], words, 1)])])
    assert len(words) == 2 and one.answer == said == ",".join([*words, "..."]) and one.right_answer == ",".join(words) and one.right is False
    model.params["answer.W_a"][0] = 100 * model.forward(batch_of([story], model.vocabulary, model.config)).memories[-1, 0]
    one, = answers(model, [story])
    assert not one.answer.endswith("...")


def test_of_equals_the_one_that_was_chosen():
    """An ensemble's scores are rounded: two may be equal that were not when it chose."""
    vocabulary = Vocabulary(("<pad>", "<unk>", "<eos>"), ("a", "b", "c"), kind="word")
    out = SimpleNamespace(logits=np.array([[1.0, 1.0, 1.0], [0.0, 1.0, 1.0]]), answers=np.array([1, 2]))
    assert [[name for name, _ in ranked(vocabulary, out, q)] for q in (0, 1)] == [["b", "a", "c"], ["c", "b", "a"]]


@pytest.mark.parametrize("facts", ["words", "both"])
def test_places_are_words_where_words_are_facts(facts):
    story = Story([["a", "good", "film"]], [Question(["sentiment"], ["good"], 1)], "x:7")
    other = replace(story, facts=[["bad"]], questions=[Question(["sentiment"], ["bad"], 1)])
    model, _ = network("gated", 0)
    model = DMN(replace(model.config, facts=facts), Vocabulary.build([story, other]), "numpy", 0)
    first, second = answers(model, [story, other])
    assert first.facts == ["a", "good", "film", *["<eos>"] * (facts == "both")] and second.facts == ["bad", *["<eos>"] * (facts == "both")]
    assert first.gates.shape == (3, len(first.facts) + 1) and record(first, "sst")["text"] == "a good film" and "support" not in record(first, "sst")
    told = Story([["a"], ["b", "c"]], [Question(["q"], ["good"], 2, [1])])
    if facts == "both":
        one, = answers(model, [told])
        assert one.facts == ["a", "<eos>", "b", "c", "<eos>"] and one.support == [4]


# ---- files

def rows_of(path):
    with open(path, encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert all(None not in row and None not in row.values() for row in rows)               # as many cells as heads
    return rows


def objects_of(path):
    return [json.loads(line, parse_constant=lambda name: pytest.fail(name)) for line in path.read_text().splitlines()]


@pytest.fixture(params=["babi", "babi both ways", "babi gated", "sst", "pos"])
def trained(request, tmp_path):
    """-> task set, checkpoint of five epochs, a file of its kind, the stories of it."""
    task_set, file = request.param.split()[0], tmp_path / "file"
    if task_set == "babi":
        write_babi(generate(2, 12, np.random.default_rng(1)), file)
        stories = read_babi(file)
    else:
        file.write_text(TREES if task_set == "sst" else TAGGED)
        stories = sentiment_stories(read_sst(file)) if task_set == "sst" else tagged_stories(read_columns(file))
    path = saved(tmp_path / "a.npz", task_set, stories, keep=5)
    if " " in request.param:
        model, state, about = checkpoint.load(path, "numpy")
        model = DMN(replace(model.config, **{"babi gated": {"episode": "gated"}, "babi both ways": {"bidirectional": "yes"}}[request.param]),
                    model.vocabulary, "numpy", 0)
        draw = lambda seed: np.random.default_rng(seed).normal(size=model.theta.shape).astype(np.float32)
        state.theta = state.m = state.v = state.best_theta = draw(0)
        state.runners_up = [(score, epoch, draw(epoch)) for score, epoch, _ in state.runners_up]
        checkpoint.save(path, model, state, about)
    return task_set, path, file, stories


@pytest.mark.parametrize("ensemble", [False, True])
def test_what_is_written_agrees_with_what_is_printed_and_with_the_network(trained, tmp_path, capsys, ensemble):
    task_set, path, file, stories = trained
    more = ["--file", file, *["--ensemble"] * ensemble]
    figures = asked(capsys, path, *more, "--predictions", tmp_path / "a.csv")
    assert asked(capsys, path, *more, "--predictions", tmp_path / "A.JSONL") == figures
    rows, objects = rows_of(tmp_path / "a.csv"), objects_of(tmp_path / "A.JSONL")
    model, state, _ = checkpoint.load(path, "numpy")
    found = list(answers(model, stories, state.kept if ensemble else None))
    what = {"babi": "question", "sst": "text", "pos": "word"}[task_set]
    assert len(rows) == len(objects) == len(found) == figures["n_questions"]
    assert np.mean([int(row["right"]) for row in rows]) == np.mean([one["right"] for one in objects]) == figures["answer_accuracy"]
    assert 0 < figures["answer_accuracy"] < 1 or task_set != "babi"
    for row, one, answer in zip(rows, objects, found):
        text = " ".join(answer.facts) if task_set == "sst" else answer.question
        assert (row["source"], row[what], row["right_answer"], row["answer"]) == (one["source"], one[what], one["right_answer"], one["answer"]) \
            == (answer.source, text, answer.right_answer, answer.answer)
        assert float(row["probability"]) == one["probability"] == answer.probability
        assert bool(int(row["right"])) is one["right"] is (row["right_answer"] == row["answer"])
        assert one["facts"] == answer.facts and one["others"] == dict(answer.ranked[1:])
        np.testing.assert_allclose(one["gates"], answer.gates, rtol=1e-7)
        for i, of_pass in enumerate(one["passes"]):
            fact, name, weight = (row[f"pass_{i + 1}_{key}"] for key in ("fact", "text", "weight"))
            assert (of_pass["fact"], of_pass["text"]) == ((int(fact), answer.facts[int(fact)]) if fact else (None, "end of passes"))
            assert name == of_pass["text"] and float(weight) == of_pass["weight"] == pytest.approx(float(answer.gates[i][int(fact) if fact else -1]))
        if task_set == "babi":
            support = [int(i) for i in row["support"].split()]
            assert support == one["support"] == answer.support and row["supporting_facts"] == "; ".join(answer.facts[i] for i in support)
            assert int(row["n_facts"]) == len(answer.facts)
        assert (row.get("sentence"), one.get("sentence")) == ((str(answer.number), answer.number) if task_set == "pos" else (None, None))
    order = [(story.source, " ".join(q.tokens)) for story in stories for q in story.questions]
    if task_set == "babi":
        assert [(row["source"], row["question"]) for row in rows] == order             # the file's order, also where stories were cut at questions
        passes = model.config.passes
        right = [(int(row[f"pass_{i + 1}_fact"]) if row[f"pass_{i + 1}_fact"] else int(row["n_facts"])) == target for row in rows
                 for i, target in enumerate([*map(int, row["support"].split()), int(row["n_facts"])][:passes])]
        assert np.mean(right) == pytest.approx(figures["gate_accuracy"], rel=1e-12)


def test_a_row_of_passes_that_were_not_made_is_empty(tmp_path, capsys):
    stories = generate(2, 20, np.random.default_rng(1))
    write_babi(stories, tmp_path / "file")
    path = saved(tmp_path / "a.npz", "babi", stories)
    model, state, about = checkpoint.load(path, "numpy")
    model.config = replace(model.config, stop="yes", passes=2)
    checkpoint.save(path, model, state, about)
    asked(capsys, path, "--file", tmp_path / "file", "--predictions", tmp_path / "a.csv")
    asked(capsys, path, "--file", tmp_path / "file", "--predictions", tmp_path / "a.jsonl")
    made = [len(one["passes"]) for one in objects_of(tmp_path / "a.jsonl")]
    assert set(made) == {1, 2} and [bool(row["pass_1_text"]) + bool(row["pass_2_text"]) for row in rows_of(tmp_path / "a.csv")] == made
    assert list(rows_of(tmp_path / "a.csv")[0])[-3:] == ["pass_2_fact", "pass_2_text", "pass_2_weight"]


def test_commas_quotes_and_letters_come_back(tmp_path, capsys):
    words = ['"hm', "a,b", "né", "字", "=1+1"]
    (tmp_path / "t").write_text("".join(f"{word}\tNN\n" for word in words), encoding="utf-8")
    path = saved(tmp_path / "a.npz", "pos", tagged_stories(read_columns(tmp_path / "t")))
    asked(capsys, path, "--file", tmp_path / "t", "--predictions", tmp_path / "a.csv")
    assert [row["word"] for row in rows_of(tmp_path / "a.csv")] == words


# ---- tagged files

CONLLU = ("# sent_id = 1\n# text = I don't run.\n1\tI\ti\tPRON\tPRP\t_\t4\tnsubj\t_\t_\n2-3\tdon't\t_\t_\t_\t_\t_\t_\t_\t_\n"
          "2\tdo\tdo\tAUX\tVBP\t_\t4\taux\t_\tSpaceAfter=No\n"
          "3\tn't\tnot\tPART\tRB\t_\t4\tadvmod\t_\t_\n3.1\tgo\tgo\tVERB\tVB\t_\t_\t_\t_\t_\n"
          "4\trun\trun\tVERB\tVB\t_\t0\troot\t_\tPRON VB\n\n\n# only = a comment\n\n"
          "1\tVB\tVB\tVERB\tVB\t_\t0\troot\t_\t_\n")
MRG = ("\n( (S \n    (NP-SBJ (PRP It) )\n    (VP (VBZ is)\n\t(NP (-NONE- *T*-1) (NN NN)) (-LRB- -LRB-))\n    ("
       ". .) ))\n( (X (-NONE- 0)))\n( (NP (NN dog) (NN\n cat)))")
COLUMNS_FILE = "\nThe\tDT\n cat \t NN \nran VBD\n\n\n  dog   NN  \nNN\tVB"

SLASHES = "The/DT c\\/d/NN  ran/VBD ./.\n\n A/DT 1\\/2/CD\\/JJ \nhttp:\\/\\/a/ADD"
CONLL_2000 = "He\tPRP\tB-NP\nran\tVBD\t B-VP \n\n\nO\tO\tO\n"
CONLL_2003 = "-DOCSTART- -X- -X- O\n\nEU NNP B-NP B-ORG\nrejects  VBZ B-VP O\n\n-DOCSTART- -X- -X- O\n\nGerman JJ B-NP B-MISC \n"
FOUR = "1\tHe\tPRP\tx\n2\tran\tVBD\ty\n\n1\tNN\tNN\tNN\n"


@pytest.mark.parametrize("text, name, column", [(SLASHES, "a", "xpos"), (SLASHES, "a.txt", "pos"), (CONLL_2000, "a.txt", "pos"), (CONLL_2000, "a.txt", "3"),
                                                (CONLL_2003, "a.train", "pos"), (CONLL_2003, "a.train", "4"), (FOUR, "a", "3"),
                                                (COLUMNS_FILE, "a.tsv", "xpos"), (COLUMNS_FILE, "a", "xpos"), (CONLLU, "a.conllu", "xpos"), (CONLLU,
        "A.CONLLU", "upos"),
                                                (MRG, "wsj_0001.mrg", "xpos")])
@pytest.mark.parametrize("ends, mark, packed", [("\n", b"", False), ("\r\n", b"\xef\xbb\xbf", False), ("\n", b"", True)])
def test_a_file_with_other_tags_is_else_the_same_byte_for_byte(tmp_path, text, name, column, ends, mark, packed):
    path = tmp_path / (name + ".gz" * packed)
    data = mark + text.replace("\n", ends).encode()
    path.write_bytes(gzip.compress(data) if packed else data)
    pairs = [pair for sentence in read_tagged(path, column) for pair in sentence.pairs]
    file = Retagged(path, [tag for _, tag in pairs], column)
    assert file.bytes([tag for _, tag in pairs]) == data                       # its own tags: itself
    new = [f"T{k}-{tag * (k % 3)}" for k, (_, tag) in enumerate(pairs)]        # longer and shorter ones
    written = tmp_path / name.replace("a", "b").replace("A", "b")
    written.write_bytes(file.bytes(new))
    again = [pair for sentence in read_tagged(written, column) for pair in sentence.pairs]
    assert again == [(form, tag) for (form, _), tag in zip(pairs, new)]
    marks = file.bytes([f"\0{tag}\0" for _, tag in pairs]).split(b"\0")        # what stands between the tags is what stood there
    assert b"".join(marks) == data and [part.decode().replace(r"\/", "/") for part in marks[1::2]] == [tag for _, tag in pairs]


def test_tags_of_another_file_are_not_put_into_it(tmp_path):
    (tmp_path / "a.tsv").write_text(TAGGED)
    for tags in (["DT", "NN", "VBD", "DT"], ["DT", "NN", "VBD", "DT", "NNS"], ["DT", "NN", "VBD", "DT", "NN", "NN"]):
        with pytest.raises(UserError, match=r"cannot be replaced.*\.csv or \.jsonl"):
            Retagged(tmp_path / "a.tsv", tags)
    (tmp_path / "b.tsv").write_text("EU NNP I-NP I-ORG\nrejects\n")
    with pytest.raises(UserError, match="cannot be replaced"):
        Retagged(tmp_path / "b.tsv", ["NNP"])


@pytest.mark.parametrize("text, name, read, column", [(TAGGED, "a.tsv", read_columns, "xpos"), (CONLLU, "a.conllu", read_conllu, "xpos"),
                                                      (CONLLU, "a.conllu", lambda p: read_conllu(p, "upos"), "upos"), (MRG, "a.mrg", read_ptb,
                                                                                                                       "xpos")])
@pytest.mark.parametrize("packed", [False, True])
def test_eval_writes_the_tagged_file_with_the_tags_of_the_network(tmp_path, capsys, text, name, read, column, packed):
    source = tmp_path / name
    source.write_text(text)
    stories = tagged_stories(read(source))
    path = saved(tmp_path / "a.npz", "pos", stories, keep=3, column=column)
    model, state, _ = checkpoint.load(path, "numpy")
    for ensemble in (False, True):
        out = tmp_path / f"said{ensemble}{source.suffix}{'.gz' * packed}"
        figures = asked(capsys, path, "--file", source, "--predictions", out, *["--ensemble"] * ensemble)
        said = [one.answer for one in answers(model, stories, state.kept if ensemble else None)]
        words = [(form, tag) for sentence in read_tagged(out, column) for form, tag in sentence.pairs]
        assert words == list(zip((w for s in stories for w in s.facts[0]), said, strict=True))
        right = [tag == want for (_, tag), want in zip(words, [tag for s in stories for tag in s.questions[0].answer])]
        assert np.mean(right) == figures["answer_accuracy"] and (out.read_bytes()[:2] == b"\x1f\x8b") == packed


def test_tags_of_a_folder_and_of_generated_sentences(tmp_path, capsys):
    for name in ("train", "dev"):
        (tmp_path / f"{name}.tsv").write_text(TAGGED.replace("cat", name))
    path = saved(tmp_path / "a.npz", "pos", tagged_stories(read_columns(tmp_path / "train.tsv")), data=tmp_path)
    asked(capsys, path, "--data", tmp_path, "--predictions", tmp_path / "said.tsv")
    assert (tmp_path / "said.tsv").read_text().startswith("The\t") and "\ndev\t" in (tmp_path / "said.tsv").read_text()
    (tmp_path / "dev.tsv").unlink()                        # then a part of train.tsv is held out: no whole file
    assert "cannot be replaced" in refused(capsys, path, "--data", tmp_path, "--predictions", tmp_path / "b.tsv")
    asked(capsys, path, "--data", tmp_path, "--predictions", tmp_path / "b.csv")
    path = saved(tmp_path / "b.npz", "pos", tagged_stories(read_columns(tmp_path / "train.tsv")))
    asked(capsys, path, "--stories", 7, "--predictions", tmp_path / "c.tsv")
    asked(capsys, path, "--stories", 7, "--predictions", tmp_path / "c.csv")
    sentences, rows = read_columns(tmp_path / "c.tsv"), rows_of(tmp_path / "c.csv")
    assert len(sentences) == 7 and [pair for s in sentences for pair in s.pairs] == [(row["word"], row["answer"]) for row in rows]
    assert [row["sentence"] for row in rows] == [str(k) for k, s in enumerate(sentences, 1) for _ in s.pairs]
    for folder in (f"{k:02d}" for k in range(25)):
        (tmp_path / "wsj" / folder).mkdir(parents=True)
        (tmp_path / "wsj" / folder / "wsj.mrg").write_text(MRG)
    assert "come from 3 files; give one of them" in refused(capsys, path, "--data", tmp_path / "wsj", "--predictions", tmp_path / "d.mrg")
    assert "what was generated is no .mrg file" in refused(capsys, path, "--predictions", tmp_path / "d.mrg")
    assert "train.tsv is no .conllu file" in refused(capsys, path, "--file", tmp_path / "train.tsv", "--predictions", tmp_path / "d.conllu.gz")


# ---- what is refused

def test_places_that_are_refused_before_the_work(tmp_path, capsys, monkeypatch):
    (tmp_path / "file").write_text(TREES)
    (tmp_path / "there.csv").write_text("mine")
    path = saved(tmp_path / "a.npz", "sst", sentiment_stories(read_sst(tmp_path / "file")))
    monkeypatch.setattr(command, "evaluate", lambda *_, **__: pytest.fail("it worked"))
    ask = lambda name, *more: refused(capsys, path, "--file", tmp_path / "file", "--predictions", name, *more)
    assert ask(tmp_path / "a.txt") == \
        f"tinydmn eval: --predictions {tmp_path / 'a.txt'}: a table of answers ends in .csv or .jsonl; change its ending\n"
    assert "exists already; choose another name, or replace it with --overwrite" in ask(tmp_path / "there.csv")
    assert "is no folder" in ask(tmp_path / "file" / "a.csv")
    (tmp_path / "folder.csv").mkdir()
    assert "is a folder" in ask(tmp_path / "folder.csv", "--overwrite")
    assert "--overwrite: is about the file of --predictions" in refused(capsys, path, "--overwrite")
    assert "give one of them" in refused(capsys, path, "--wrong", "--json")
    assert "a picture's name ends in" in refused(capsys, path, "--plot", tmp_path / "a.csv")
    assert (tmp_path / "there.csv").read_text() == "mine"
    text = tmp_path / "tags.tsv"
    text.write_text(TAGGED)
    pos = saved(tmp_path / "b.npz", "pos", tagged_stories(read_columns(text)))
    for given in (text, pos):
        before = given.read_bytes()
        assert "is the file that is asked about, or the network" in refused(capsys, pos, "--file", text, "--predictions", given, "--overwrite")
        assert given.read_bytes() == before


def test_an_existing_file_is_replaced_where_that_is_asked_for_and_whole_or_not_at_all(tmp_path, capsys, monkeypatch):
    (tmp_path / "file").write_text(TREES)
    (tmp_path / "a.csv").write_text("mine")
    path = saved(tmp_path / "a.npz", "sst", sentiment_stories(read_sst(tmp_path / "file")))
    with monkeypatch.context() as patch:
        patch.setattr("os.replace", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
        assert "cannot be written (No space left on device); choose another place" in refused(capsys, path, "--file", tmp_path / "file",
                                                                                              "--predictions", tmp_path / "a.csv", "--overwrite")
    assert (tmp_path / "a.csv").read_text() == "mine" and sorted(p.name for p in tmp_path.iterdir()) == ["a.csv", "a.npz", "file"]
    asked(capsys, path, "--file", tmp_path / "file", "--predictions", tmp_path / "a.csv", "--overwrite")
    assert len(rows_of(tmp_path / "a.csv")) == 4
    asked(capsys, path, "--file", tmp_path / "file", "--predictions", tmp_path / "new" / "a.csv")
    assert len(rows_of(tmp_path / "new" / "a.csv")) == 4


def test_without_being_asked_for_answers_are_not_looked_at_twice(tmp_path, capsys, monkeypatch):
    (tmp_path / "file").write_text(TREES)
    path = saved(tmp_path / "a.npz", "sst", sentiment_stories(read_sst(tmp_path / "file")))
    monkeypatch.setattr(command, "answers", lambda *_: pytest.fail("asked again"))
    asked(capsys, path, "--file", tmp_path / "file")


# ---- what is wrong

def printed(capsys, *words):
    assert main(["eval", *map(str, words), "--backend", "numpy"]) == 0
    return capsys.readouterr().out


def test_wrong_answers_are_shown_as_ask_shows_an_answer(trained, capsys):
    task_set, path, file, stories = trained
    model, state, _ = checkpoint.load(path, "numpy")
    for ensemble in (False, True):
        wrong = [one for one in answers(model, stories, state.kept if ensemble else None) if not one.right]
        more = ["--file", file, *["--ensemble"] * ensemble]
        plain = printed(capsys, path, *more)
        if not wrong:
            assert printed(capsys, path, *more, "--wrong") == plain + "no answer is wrong\n"
            continue
        for n in ((), (1,), (len(wrong),)):
            out = printed(capsys, path, *more, "--wrong", *n)
            assert out.startswith(plain) and max(map(wcswidth, out.removeprefix(plain).splitlines())) <= 80
            blocks = out.removeprefix(plain)
            shown = wrong[:n[0] if n else 10]
            left = len(wrong) - len(shown)
            assert blocks.startswith(f"\n{len(wrong)} answer{'s' * (len(wrong) != 1)} wrong" + (f", the first {len(shown)} of them:" if left
                                                                                                else ":") + "\n\n")
            assert (f"{left} more are wrong: --wrong {len(wrong)} prints them all" in blocks) == bool(left)
            for one in shown:
                text = " ".join(one.facts) if task_set == "sst" else one.question
                block = f"right: {one.right_answer}\n" + answer_text(text, one.ranked, one.facts, one.gates, one.support)
                assert block in blocks
                blocks = blocks[blocks.index(block):]                          # in their order
            assert blocks.count("right: ") == 1                                # and no others
    if task_set == "babi":
        assert "▸" in out and "[done reading]" in out


def test_a_wrong_tag_is_shown_in_its_sentence(tmp_path, capsys):
    (tmp_path / "t").write_text("\nThe\tDT\ncat\tNN\nran\tVBD\n\nThe\tDT\ndog\tXX\n")
    known = [Story([["The", "cat", "ran", "dog"]], [Question(["tags"], ["DT", "NN", "VBD", "NN"], 1)])]
    path = saved(tmp_path / "a.npz", "pos", known)
    out = printed(capsys, path, "--file", tmp_path / "t", "--wrong")
    model, *_ = checkpoint.load(path, "numpy")
    *_, last = answers(model, tagged_stories(read_columns(tmp_path / "t")))
    assert f"{tmp_path / 't'}:6, word 2 of 2: The [dog]".split()[-5:] == out.split("right: XX")[0].split()[-5:] and last.right is False
    block = out.split("right: XX\n")[1].splitlines()
    assert block[0].startswith(f"dog  ->  {last.answer}   (probability {last.probability:.3f}; then ")
    for i, (line, gates) in enumerate(zip(block[1:3], last.gates)):
        names = sorted(zip(last.facts, gates), key=lambda pair: -pair[1])
        assert line == f"pass {i + 1} looked at " + ", ".join(f"{name} {weight:.2f}" for name, weight in names)


def test_the_text_of_an_answer():
    """Wide letters, long questions, no passes, weights that are no numbers, places without an end."""
    ranked = [("yes", 0.5), ("no", 0.25), ("maybe", 0.125), ("never", 0.1)]
    long = "字漢 " * 60 + "w" * 100
    for gates in ([[0.5, 0.25, 0.25]], [[0.1, 0.9]], np.zeros((0, 3)), [[np.nan] * 3]):
        text = answer_text(long, ranked, ["字漢 " * 30, "b"], gates, colour=False)
        assert max(map(wcswidth, text.splitlines())) <= 80
        assert ("done reading" in text) == (np.shape(gates) == (1, 3) and not np.isnan(gates).any())
    assert answer_text("a b", ranked, ["a"], np.zeros((0, 2))) == "a b  ->  yes   (probability 0.500; then no 0.250, maybe 0.125)"
    assert answer_text("a", ranked[:1], list("abcdef"),
                       [[0.1, 0.3, 0.2, 0.9, 0.05, 0.04]]) == "a  ->  yes   (probability 0.500)\npass 1 looked at d 0.90, b 0.30, c 0.20, a 0.10"
    assert "\x1b" not in answer_text("a\x1b[31m", ranked[:1], ["\x07b"], [[1.0]]) and "\x07" not in answer_text("a", ranked[:1], ["\x07b"], [[1.0]])
    marked = answer_text("a", ranked, ["x", "y"], [[0.2, 0.3, 0.5]], support=[1], colour=False).splitlines()
    assert [line[:3] for line in marked[2:4]] == ["  x", "▸ y"]


# ---- the picture

def test_the_picture_is_drawn_of_the_same_answers(trained, tmp_path, capsys, monkeypatch):
    task_set, path, file, stories = trained
    drawn = []
    monkeypatch.setattr("tinydmn.plots.plot_confusion", lambda *given, **more: drawn.append((given, more)))
    model, state, _ = checkpoint.load(path, "numpy")
    for ensemble in (False, True):
        out = printed(capsys, path, "--file", file, "--plot", tmp_path / "a.png", *["--ensemble"] * ensemble)
        found = list(answers(model, stories, state.kept if ensemble else None))
        (right, said, where), more = drawn.pop()
        assert (right, said, str(where)) == ([one.right_answer for one in found], [one.answer for one in found], str(tmp_path / "a.png"))
        assert more["title"] == out.splitlines()[0]
        assert more["order"] == (("very-negative", "negative", "neutral", "positive", "very-positive") if task_set == "sst" else ())
