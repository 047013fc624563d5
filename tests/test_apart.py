"""Training, validation and test are kept apart, by story, in every reader and on every path; each story tells by its words from which file it is."""

import json
from argparse import Namespace
from dataclasses import replace

import numpy as np
import pytest

from tinydmn.cli import evaluate as cli_evaluate, main
from tinydmn.data.story import Question, Story, asked
from tinydmn.data.vocabulary import UNKNOWN_ID
from tinydmn.errors import UserError
from tinydmn.model import DMN
from tinydmn.training import loop, runs as many
from tinydmn.training.evaluate import evaluate
from tinydmn.tasks import about_run, gather, pos, sst, task_of, texts_of
from tinydmn.training.material import digest, unknown_words
from tinydmn.training.runs import Run, execute

TINY = {"hidden": 6, "embedding": 5, "gate_hidden": 4, "epochs": 3, "patience": 3}
N = {"train": 20, "valid": 5, "test": 3}
SETS = ("babi", "sst", "pos")
TOLD = {"babi": {"task": 1, "size": "1k"}, "sst": {"kind": "fine"}, "pos": {"column": "xpos"}}
NUMPY = ("--hidden", "4", "--embedding", "4", "--gate-hidden", "3", "--backend", "numpy", "--quiet")


def story_file(task_set, split, numbers):
    """Text of a file of stories, trees or tagged sentences, a word of its own in each."""
    return "".join({"babi": f"1 Mary went to the {split}{i}.\n2 John left.\n3 Where is Mary?\t{split}{i}\t1\n",
                    "sst": f"({i % 5} (2 {split}{i}) (4 good))\n", "pos": f"{split}{i}ing\t{split.upper()}\nwent\tV\n\n"}[task_set] for i in numbers)


def write_files(folder, task_set, parts=("train", "valid", "test")):
    names = {"babi": "qa1_x_{}.txt", "sst": "{}.txt", "pos": "{}.tsv"}
    for split in parts:
        (folder / names[task_set].format("dev" if split == "valid" and task_set != "babi" else split)).write_text(story_file(task_set, split, range(N[split])))
    return folder


def marks(stories):
    """Which files the stories come from: train3, valid0, ..."""
    return [w.lower().removesuffix("ing") for s in stories for fact in s.facts for w in fact if any(ch.isdigit() for ch in w)]


def same_batch(one, other):
    return all(np.array_equal(a, b) for a, b in zip(vars(one).values(), vars(other).values(), strict=True))


def told(task_set, folder, seed=0, **more):
    return about_run(task_set, folder, seed, **TOLD[task_set] | more)


def marks_of(batch, vocabulary):
    """The same of a Batch: of the words that it knows."""
    ids = np.unique(np.concatenate([batch.forms[batch.tokens, 0].ravel() if len(batch.forms) else batch.tokens.ravel()]))
    return {w.removesuffix("ing") for w in (vocabulary.words[i] for i in ids) if any(ch.isdigit() for ch in w)}


@pytest.mark.parametrize("published", (True, False), ids=("own validation file", "split"))
@pytest.mark.parametrize("task_set", SETS)
def test_each_part_has_its_own_stories_and_training_alone_is_learnt_from(task_set, published, tmp_path):
    write_files(tmp_path, task_set, ("train", "valid", "test") if published else ("train", "test"))
    material = gather(told(task_set, tmp_path, seed=3), **TINY)
    train, valid, test = (marks(part) for part in (material.train, material.valid, material.test))
    every = lambda split: [f"{split}{i}" for i in range(N[split])]
    if published:
        assert (train, valid) == (every("train"), every("valid"))
    else:
        assert sorted(train + valid) == sorted(every("train")) and len(valid) == 2         # a tenth
    assert test == every("test")
    answers = {a for s in material.train for q in s.questions for a in q.answer}
    assert {w for w in material.vocabulary.words if any(ch.isdigit() for ch in w)} == {w.lower() for s in material.train for f in s.facts for w in f if any(c.isdigit() for c in w)}
    assert set(material.vocabulary.answers) == answers and not {"VALID", "TEST"} & answers
    assert all(not f.startswith(("v", "te")) for f in material.vocabulary.features)        # of spelling: valid1ing, test1ing
    rng = np.random.default_rng(0)
    for _ in range(3):
        batch = material.epoch(rng)
        assert marks_of(batch, material.vocabulary) == set(train) and np.sum(batch.n_tokens > 1) == len(train)              # phrases are single words here
        assert not np.any((batch.forms[:, 0] if len(batch.forms) else batch.tokens) == UNKNOWN_ID)
    assert not marks_of(material.batch(material.valid), material.vocabulary)               # all of them are words it does not know


@pytest.mark.parametrize("task_set", SETS)
def test_a_split_is_drawn_by_the_seed_and_again_the_same(task_set, tmp_path):
    write_files(tmp_path, task_set, ("train",))
    valid = lambda seed: marks(gather(told(task_set, tmp_path, seed), **TINY).valid)
    assert valid(1) == valid(1) and gather(told(task_set, tmp_path), **TINY).test is None
    assert (len({tuple(valid(seed)) for seed in range(4)}) > 1) == (task_set != "babi")    # stories: every tenth


@pytest.mark.parametrize("about", [about_run("babi", None, 2, task=task, size="1k") for task in (4, 17, 20)] + [
    about_run("sst", None, 2, kind="binary"), about_run("pos", None, 2)], ids=lambda about: about["name"])
def test_generated_parts_and_fresh_texts_have_nothing_in_common(about, monkeypatch):
    """Not with each other; and what `eval` makes up, with the seed of training, is none of them."""
    if about["set"] != "babi":
        monkeypatch.setattr({"sst": sst, "pos": pos}[about["set"]], "SIZES", (120, 40))
    train, valid, test, *phrases = texts_of(about)
    texts = [{text for s in part for text in asked(s)} for part in (train, valid)]
    assert not texts[0] & texts[1] and test is None and not any(phrases)
    if about["set"] == "babi":
        assert sum(len(s.questions) for s in train) == 900
    else:
        assert (len(train), len(valid)) == (120, 40) == tuple(map(len, texts))
    if about["name"] != "babi-20":                         # of which nearly all are in training
        args = Namespace(file=None, data=None, stories=60, seed=about["seed"])
        fresh, _ = cli_evaluate.read(args, about, task_of(about))
        fresh = {text for s in fresh for text in asked(s)}
        assert len(fresh) >= 60 and not fresh & (texts[0] | texts[1])


@pytest.fixture
def untrained(monkeypatch):
    """Training that does nothing; what it was given: network, epoch, validation batch, State."""
    calls = []
    monkeypatch.setattr(loop, "train", lambda *given: calls.append(given))
    return calls


@pytest.mark.parametrize("published", (True, False), ids=("own validation file", "split"))
@pytest.mark.parametrize("task_set", SETS)
def test_train_eval_and_tables_take_the_parts_for_what_they_are(task_set, published, tmp_path, untrained, monkeypatch, capsys):
    """Each command: training batches from training, the choice of the epoch from validation, figures of test from test."""
    (tmp_path / "data").mkdir()
    folder = write_files(tmp_path / "data", task_set, ("train", "valid", "test") if published else ("train", "test"))
    about, small = told(task_set, folder, 3), {"hidden": 4, "embedding": 4, "gate_hidden": 3}
    material = gather(about, **small)
    parts = {split: material.batch(getattr(material, split)) for split in N}
    # train
    out = tmp_path / "a.npz"
    assert main(["train", task_set, "--data", str(folder), "--seed", "3", "--out", str(out), *NUMPY]) == 0
    execute(Run("x", [], about, small), tmp_path / "runs", "numpy")
    assert len(untrained) == 2
    for model, epoch, valid, state, *_ in untrained:
        np.testing.assert_array_equal(state.theta, DMN(model.config, model.vocabulary, "numpy", 3).theta)      # of the seed
        assert state.rng.bit_generator.state == loop.start(model, 3).rng.bit_generator.state
        assert same_batch(valid, parts["valid"]) and marks_of(epoch(np.random.default_rng(0)), model.vocabulary) == set(marks(material.train))
        assert model.vocabulary == material.vocabulary
    # tables
    shown = []
    monkeypatch.setattr(many, "figures", lambda model, batch, unknown, kept: shown.append((batch, unknown)) or {"n": len(batch.answer)})
    result = execute(Run("x", [], about, small), tmp_path / "again", "numpy")
    assert [same_batch(batch, parts[split]) for (batch, _), split in zip(shown, ("valid", "test"), strict=True)] == [True, True]
    assert (result["valid"]["n"], result["test"]["n"], result["n_train"]) == (len(material.valid), N["test"], len(material.train))
    if task_set == "pos":
        for (batch, unknown), split in zip(shown, ("valid", "test")):
            assert same_batch(batch, parts[split]) and (unknown == unknown_words(batch, getattr(material, split), material.train)).all() and unknown.any()
    assert result["texts"] == {"train": digest(material.train, material.phrases), "valid": digest(material.valid), "test": digest(material.test)}
    # eval
    asked_of = []
    monkeypatch.setattr(cli_evaluate, "evaluate", lambda model, batch, **_: asked_of.append(batch) or evaluate(model, batch))
    capsys.readouterr()
    for split in N:
        assert main(["eval", str(out), "--data", str(folder), "--split", split, "--json", "--backend", "numpy"]) == 0
        assert same_batch(asked_of[-1], parts[split]) and f"{folder}, " in (said := json.loads(capsys.readouterr().out))["source"] and said["source"].endswith(split)


def test_questions_that_stand_in_training_are_counted_exactly(tmp_path, untrained):
    """With all that they may see: the same question about other facts is another one."""
    line = lambda who, where: f"1 {who} went to the {where}.\n2 Where is {who}?\t{where}\t1\n"
    (tmp_path / "qa1_x_train.txt").write_text(line("Mary", "garden") + "3 Who is there?\tMary\t1\n" + line("John", "office") + line("Mary", "kitchen"))
    (tmp_path / "qa1_x_valid.txt").write_text(line("Mary", "garden") + line("John", "garden") + line("John", "hall") + line("Mary", "garden") + "3 Who is there?\tMary\t1\n4 Who went?\tMary\t1\n")
    (tmp_path / "qa1_x_test.txt").write_text(line("John", "office") + line("Mary", "office") + "1 John went to the office.\n2 Who is there?\tJohn\t1\n")
    result = execute(Run("x", [], told("babi", tmp_path), {"hidden": 4, "embedding": 4, "gate_hidden": 3}), tmp_path / "runs", "numpy")
    assert (result["valid"]["n_in_train"], result["test"]["n_in_train"]) == (3, 1)
    assert (result["valid"]["n"], result["test"]["n"], result["n_train"]) == (6, 3, 4)


@pytest.mark.parametrize("part, name", (("training", "train"), ("validation", "dev")))
def test_a_part_without_anything_to_ask_is_named(part, name, tmp_path):
    """Neutral trees are no question of binary sentiment."""
    for split in ("train", "dev", "test"):
        (tmp_path / f"{split}.txt").write_text("(2 (2 It) (2 is))\n" if split in (name, "test") else "(3 (2 It) (4 good))\n")
    with pytest.raises(UserError, match=f"^{tmp_path}: its {part} part has no question left to ask .neutral ones are left out: --kind fine keeps them.; give more texts"):
        gather(told("sst", tmp_path, kind="binary"), **TINY)
    material = gather(told("sst", tmp_path), **TINY)
    assert len(material.train) == len(material.valid) == len(material.test) == 1


def test_a_test_part_without_anything_to_ask_is_none(tmp_path, untrained):
    for split in ("train", "dev", "test"):
        (tmp_path / f"{split}.txt").write_text("(2 (2 It) (2 is))\n" if split == "test" else "(3 (2 It) (4 good))\n")
    assert execute(Run("x", [], told("sst", tmp_path, kind="binary"), {"hidden": 4, "embedding": 4}), tmp_path / "runs", "numpy")["test"] is None


def test_places_are_told_so_that_they_are_found_from_elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    about = about_run("sst", "here", 4, kind="fine", vectors="v.txt")
    assert (about["data"], about["vectors"]) == (str(tmp_path / "here"), str(tmp_path / "v.txt"))
    assert about_run("pos", None, 0, vectors="glove").items() >= {"data": None, "vectors": "glove", "phrases": 0.5, "plain": False, "task": None}.items()


def test_a_digest_tells_texts_from_others():
    q = lambda **more: Question(["where"], ["a"], **{"n_facts": 1} | more)
    story = Story([["x", "y"], ["z"]], [q()])
    other = [replace(story, facts=[["x"], ["y", "z"]]), replace(story, facts=[["z"], ["x", "y"]]), replace(story, questions=[q(n_facts=2)]), replace(story, questions=[q(support=[0])]),
             replace(story, questions=[replace(q(), tokens=["who"])]), replace(story, questions=[replace(q(), answer=["b"])]), replace(story, questions=[q(), q()])]
    assert len({digest([s]) for s in [story, *other]}) == 8 and len(digest([story])) == 16
    assert digest([replace(story, source="elsewhere", questions=[q(support=np.array([], int))])]) == digest([story])
    parts = [digest([story, other[0]], []), digest([story], [other[0]]), digest([], [story, other[0]]), digest([other[0], story], [])]
    assert len(set(parts)) == 4                            # which part a story is in, and in which order
