"""`tinydmn eval`: it asks what was asked for, with the weights that were asked for, and says what it found; each figure told a second, plain way."""

import gzip
import json
from dataclasses import replace

import numpy as np
import pytest

from tinydmn.cli import evaluate as command, main
from tinydmn.config import Config
from tinydmn.data.babi import load_task, read_babi, write_babi
from tinydmn.data.generator import generate
from tinydmn.data.grammar.sentiment import sentiment_texts
from tinydmn.data.grammar.tags import tagged_texts
from tinydmn.data.sst import read_sst, sentiment_stories
from tinydmn.data.story import Question, Story
from tinydmn.data.tagged import read_columns, tagged_stories
from tinydmn.data.vocabulary import Vocabulary
from tinydmn.model import DMN
from tinydmn.training import checkpoint, loop
from tinydmn.training.evaluate import interval
from tinydmn.tasks import about_run, pos, sst, texts_of
from tinydmn.training.material import batch_of

TREES = "(3 (2 It) (4 (2 's) (4 good)))\n(1 (2 It) (1 (2 is) (0 bad)))\n(2 (2 It) (2 is))\n(4 fun)\n"
TAGGED = "The\tDT\ncat\tNN\nran\tVBD\n\nThe\tDT\ndog\tNN\n"
SMALL = {"hidden": 6, "embedding": 5, "gate_hidden": 4, "passes": 2, "gate_epochs": 0, "epochs": 5}
KIND = {"babi": {}, "sst": {"facts": "words"}, "pos": {"answer": "tags", "episode": "gated", "facts": "words"}}


def saved(path, task_set, stories, seed=0, keep=1, data=None, **told):
    """A checkpoint of a network that knows these stories' words and has random weights (of `keep` epochs, one as good as the other)."""
    told = {"babi": {"task": 1, "size": None}, "sst": {"kind": "fine"}, "pos": {"column": "xpos"}}[task_set] | told
    config = Config(**SMALL | KIND[task_set] | ({"answer": told.pop("answer")} if "answer" in told else {}), ensemble=keep)
    model = DMN(config, Vocabulary.build(stories, config.answer, features=task_set == "pos"), "numpy", 0)
    state = loop.start(model, 0)
    thetas = [3 * np.random.default_rng(k).normal(size=len(model.theta)).astype(np.float32) for k in range(keep)]
    state.best_theta, state.best_epoch, state.runners_up = thetas[0], 1, [((0.5, -1.0), k + 2, theta) for k, theta in enumerate(thetas[1:])]
    checkpoint.save(path, model, state, about_run(task_set, data, seed, **told) | {"texts": ""})
    return path


def asked(capsys, *words):
    """What `eval ... --json` says, read strictly."""
    assert main(["eval", *map(str, words), "--backend", "numpy", "--json"]) == 0
    return json.loads(capsys.readouterr().out, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))


def refused(capsys, *words):
    """The one line of an `eval` that is refused."""
    try:
        code = main(["eval", *map(str, words), "--backend", "numpy"])
    except SystemExit as stop:
        code = stop.code
    out, err = capsys.readouterr()
    assert code == 2 and not out and err.count("\n") == 1, (code, out, err)
    return err


@pytest.fixture
def taken(monkeypatch):
    """The stories of each `eval`."""
    stories = []
    right = command.batch_of
    monkeypatch.setattr(command, "batch_of", lambda asked, *more: stories.append(asked) or right(asked, *more))
    return stories


def accuracy(path, stories, ensemble=False):
    """Share of right answers, a story at a time, by the mean probability of the weights that are asked."""
    model, state, _ = checkpoint.load(path, "numpy")
    right = []
    for story in stories:
        batch, p = batch_of([story], model.vocabulary, model.config), 0
        for theta in state.kept if ensemble else state.kept[:1]:
            model.theta = theta
            z = model.forward(batch).logits.astype(float)
            p = p + np.exp(z - z.max(axis=-1, keepdims=True)) / np.exp(z - z.max(axis=-1, keepdims=True)).sum(axis=-1, keepdims=True)
        for q, said in zip(story.questions, p.argmax(axis=-1)):
            said = [model.vocabulary.answers[k] for k in np.atleast_1d(said)]
            right += [a == b for a, b in zip(said, q.answer, strict=True)] if model.config.answer == "tags" else [said == [",".join(q.answer)]]
    return np.mean(right)


@pytest.fixture
def parts(tmp_path):
    """A folder of stories of task 1, in both sizes, of 6, 4 and 3 stories (and 12, 8 and 6); the places tell them apart."""
    for size, folder in ((1, "en"), (2, "en-10k")):
        (tmp_path / folder).mkdir()
        for split, n in (("train", 6), ("valid", 4), ("test", 3)):
            stories = [Story([["mary", "went", "to", "the", f"{split}{i}"]], [Question(["where", "is", "mary"], [f"{split}{i}"], 1, [0])]) for i in range(n * size)]
            write_babi(stories, tmp_path / folder / f"qa1_{split}.txt")
    return tmp_path


def places(stories):
    return {fact[-1].rstrip("0123456789") for s in stories for fact in s.facts}, len(stories)


# what is asked

def test_the_split_the_size_and_the_file_that_were_asked_for(parts, tmp_path, capsys, taken):
    train, valid, test = load_task(parts, 1)
    path = saved(tmp_path / "a.npz", "babi", train + valid + test)
    for words, split, n in ((("--data", parts), "valid", 4), (("--data", parts, "--split", "train"), "train", 6), (("--data", parts, "--split", "test"), "test", 3),
                            (("--data", parts, "--size", "10k"), "valid", 8), (("--data", parts, "--size", "10k", "--split", "test"), "test", 6),
                            (("--data", parts / "en-10k"), "valid", 8), (("--file", parts / "en" / "qa1_test.txt"), "test", 3)):
        figures = asked(capsys, path, *words)
        assert places(taken[-1]) == ({split}, n) and figures["n_questions"] == n
        assert figures["source"] == (str(words[1]) if words[0] == "--file" else f"{words[1]}, task 1, {split}")
    path = saved(tmp_path / "b.npz", "babi", train, size="10k")
    asked(capsys, path, "--data", parts)
    assert places(taken[-1]) == ({"valid"}, 8)                                 # as in training, where nothing is said
    asked(capsys, path, "--data", parts, "--size", "1k")
    assert places(taken[-1]) == ({"valid"}, 4)


def test_a_set_that_was_split_is_split_as_in_training(tmp_path, capsys, taken):
    """By the seed of the run, not by --seed."""
    write = lambda folder, name, text: (folder / name).write_text(text)
    for task_set, name, text, read in (("sst", "train.txt", "".join(f"(3 (2 w{i}) (4 good))\n" for i in range(30)), lambda p: sentiment_stories(read_sst(p))),
                                       ("pos", "train.tsv", "".join(f"w{i}\tNN\n\n" for i in range(30)), lambda p: tagged_stories(read_columns(p)))):
        folder = tmp_path / task_set
        folder.mkdir()
        write(folder, name, text)
        stories = read(folder / name)
        seen = []
        for seed in (5, 6):
            path = saved(tmp_path / f"{task_set}{seed}.npz", task_set, stories, seed, data=folder)
            told = checkpoint.load(path, "numpy")[2]
            train, valid, *_ = texts_of(told)
            for split, part in (("train", train), ("valid", valid)):
                asked(capsys, path, "--data", folder, "--split", split, "--seed", 9)
                assert taken[-1] == part
            seen.append([s.source for s in valid])
        assert seen[0] != seen[1]


def test_what_a_run_was_trained_for_decides_how_a_file_is_read(tmp_path, capsys, taken):
    path = tmp_path / "trees"
    path.write_text(TREES)
    fine, binary = sentiment_stories(read_sst(path)), sentiment_stories(read_sst(path), "binary")
    for kind, stories in (("fine", fine), ("binary", binary)):
        asked(capsys, saved(tmp_path / "a.npz", "sst", stories, kind=kind), "--file", path)
        assert taken[-1] == stories
    (tmp_path / "a.tsv").write_text(TAGGED)
    tagged = tagged_stories(read_columns(tmp_path / "a.tsv"))
    conllu = "".join(f"{i}\t{form}\t_\tU{tag}\t{tag}\t_\t_\t_\t_\t_\n" for i, (form, tag) in enumerate([("The", "DT"), ("cat", "NN")], 1))
    files = {"a.tsv": TAGGED, "b.conllu": conllu, "C.CONLLU": conllu, "WSJ_0001.MRG": "( (S (DT The) (NN cat)) )", "none": TAGGED}
    for column in ("xpos", "upos"):
        network = saved(tmp_path / "b.npz", "pos", tagged, column=column)
        for name, text in files.items():
            for packed in (False, True):
                file = tmp_path / (name + ".gz" * packed)
                file.write_bytes(gzip.compress(text.encode()) if packed else text.encode())
                asked(capsys, network, "--file", file)
                tags = ["UDT", "UNN"] if column == "upos" and "conllu" in name.lower() else ["DT", "NN"]
                assert taken[-1][0].questions[0].answer[:2] == tags, (name, column)


def test_fresh_texts_are_others_than_those_of_training_and_have_draws_of_their_own(tmp_path, capsys, taken, monkeypatch):
    for task in (sst, pos):
        monkeypatch.setattr(task, "SIZES", (40, 20))
    for task_set, told in (("babi", {}), ("babi", {"task": 20}), ("sst", {"kind": "binary"}), ("pos", {})):
        about = about_run(task_set, None, 3, **({"task": 1, "size": None} if task_set == "babi" else {"kind": "fine", "column": "xpos"}) | told)
        train, valid, *_ = texts_of(about)
        path = saved(tmp_path / "a.npz", task_set, train, 3, **told)
        text = lambda stories: {repr((s.facts[:q.n_facts], q.tokens)) for s in stories for q in s.questions}
        fresh = {}
        for seed in (0, 3):                                                    # 3 is that of training
            asked(capsys, path, "--seed", seed, "--stories", 30)
            fresh[seed] = taken[-1]
            assert len(taken[-1]) == 30 and not text(taken[-1]) & (text(train) | text(valid)), told
        assert fresh[0] != fresh[3]
        asked(capsys, path)
        assert len(taken[-1]) == 200 and taken[-1][:30] == fresh[0]
    assert command.known(about_run("babi", tmp_path, 3, task=1)) == []         # of files: whatever is generated is fresh


def test_the_draws_of_fresh_texts_are_not_those_of_training(tmp_path, capsys, taken, monkeypatch):
    monkeypatch.setattr(command, "known", lambda about: [])                    # else training's own texts would be drawn and thrown away
    for task_set, told, training in (("babi", {"task": 2}, lambda rng: generate(2, 60, rng)), ("sst", {}, lambda rng: sentiment_texts(60, rng)),
                                     ("pos", {}, lambda rng: tagged_texts(60, rng))):
        stories = training(np.random.default_rng([7, {"babi": 2, "sst": 2, "pos": 3}[task_set]]))
        asked(capsys, saved(tmp_path / "a.npz", task_set, stories, 7, **told), "--seed", 7, "--stories", 40)
        facts = [s.facts for s in stories]
        assert len(taken[-1]) == 40 and sum(s.facts in facts for s in taken[-1]) < 5           # by chance a short sentence may come again


# what is said

@pytest.mark.parametrize("keep", [1, 3])
@pytest.mark.parametrize("task_set", ["babi", "sst", "pos"])
def test_figures_told_another_way(task_set, keep, tmp_path, capsys, monkeypatch):
    if task_set == "babi":
        stories = generate(1, 12, np.random.default_rng(1))
        write_babi(stories, tmp_path / "file")
    else:
        (tmp_path / "file").write_text(TREES if task_set == "sst" else TAGGED)
        stories = sentiment_stories(read_sst(tmp_path / "file")) if task_set == "sst" else tagged_stories(read_columns(tmp_path / "file"))
    path = saved(tmp_path / "a.npz", task_set, stories, keep=keep)
    for ensemble in (False, True)[:1 + (keep > 1)]:
        figures = asked(capsys, path, "--file", tmp_path / "file", *["--ensemble"] * ensemble)
        n = sum(len(q.answer) if task_set == "pos" else 1 for s in stories for q in s.questions)
        assert figures["answer_accuracy"] == pytest.approx(accuracy(path, stories, ensemble)) and figures["n_questions"] == n
        assert figures["interval"] == list(interval(figures["answer_accuracy"], n)) and figures["interval"][0] < figures["interval"][1]
        assert (figures["checkpoint"], figures["source"], figures["epochs_together"]) == (str(path), str(tmp_path / "file"), keep if ensemble else 1)
        assert (figures["gate_accuracy"] is None) == (task_set != "babi")      # no supporting facts: no number, and null in JSON
        assert (figures["unknown_words"], figures["unseen_answers"]) == ([], [])
        assert main(["eval", str(path), "--file", str(tmp_path / "file"), "--backend", "numpy", *["--ensemble"] * ensemble]) == 0
        low, high = figures["interval"]
        gates = "" if figures["gate_accuracy"] is None else f"; {100 * figures['gate_accuracy']:.1f} % of the gates"
        assert capsys.readouterr().out == (f"{tmp_path / 'file'}: {100 * figures['answer_accuracy']:.1f} % of {n} answers right\n"
                                           f"95 % interval {100 * low:.1f} to {100 * high:.1f}{gates}; loss {figures['loss']:.3f}\n")
    if keep == 1:
        assert "kept the weights of one epoch alone" in refused(capsys, path, "--file", tmp_path / "file", "--ensemble")


def test_an_ensemble_is_another_network_than_its_best_member(tmp_path, capsys):
    """And a resolution check of the test above: random weights that say other things, alone and together."""
    stories = generate(1, 40, np.random.default_rng(1))
    write_babi(stories, tmp_path / "file")
    path = saved(tmp_path / "a.npz", "babi", stories, keep=5)
    one, all_ = (asked(capsys, path, "--file", tmp_path / "file", *more) for more in ((), ("--ensemble",)))
    assert one["loss"] != all_["loss"] and one["answer_accuracy"] != all_["answer_accuracy"]


def test_new_words_and_answers_are_listed_once_in_their_order(tmp_path, capsys):
    known = [Story([["mary", "went", "to", "garden"]], [Question(["where", "is", "mary"], ["garden"], 1, [0])])]
    new = [Story([["mars", "went", "to", "venus"], ["mary", "flew", "to", "mars"]],
                 [Question(["where", "was", "mary"], [answer], 2, []) for answer in ("venus", "garden", "mars", "venus")])]
    write_babi(new, tmp_path / "file")
    path = saved(tmp_path / "a.npz", "babi", known)
    figures = asked(capsys, path, "--file", tmp_path / "file")
    assert (figures["unknown_words"], figures["unseen_answers"]) == (["mars", "venus", "flew", "was"], ["venus", "mars"])
    assert figures["n_questions"] == 4 and figures["answer_accuracy"] == 0.25 and figures["gate_accuracy"] is None     # there is one class, garden
    write_babi([replace(new[0], questions=new[0].questions[:1])], tmp_path / "unseen")
    figures = asked(capsys, path, "--file", tmp_path / "unseen")
    assert (figures["answer_accuracy"], figures["n_questions"], figures["unseen_answers"]) == (0.0, 1, ["venus"])
    assert main(["eval", str(path), "--file", str(tmp_path / "file"), "--backend", "numpy"]) == 0
    assert capsys.readouterr().out.splitlines()[2:] == ["4 words it has never seen, read as unknown: mars, venus, flew, was",
                                                        "2 answers that training never saw, counted as wrong: venus, mars"]
    many = [Story([[f"w{i}" for i in range(12)]], [Question(["where"], [f"a{i}"], 1) for i in range(11)])]
    write_babi(many, tmp_path / "many")
    assert main(["eval", str(path), "--file", str(tmp_path / "many"), "--backend", "numpy"]) == 0
    words, answers = capsys.readouterr().out.splitlines()[2:]
    assert words == "12 words it has never seen, read as unknown: w0, w1, w2, w3, w4, w5, w6, w7, w8, w9, ..."
    assert answers == "11 answers that training never saw, counted as wrong: a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, ..."


def test_tags_and_their_forms_are_new_words_as_well(tmp_path, capsys):
    (tmp_path / "t").write_text(TAGGED)
    path = saved(tmp_path / "a.npz", "pos", tagged_stories(read_columns(tmp_path / "t")))
    (tmp_path / "new").write_text("THE\tDT\nbird\tXX\nbird\tNN\n")
    figures = asked(capsys, path, "--file", tmp_path / "new")
    assert (figures["unknown_words"], figures["unseen_answers"], figures["n_questions"]) == (["bird"], ["XX"], 3)


def test_stories_that_ask_nothing_are_left_out(tmp_path, capsys, taken):
    (tmp_path / "file").write_text("1 Mary left.\n1 Mary went to the garden.\n2 Where is Mary?\tgarden\t1\n1 John left.\n")
    path = saved(tmp_path / "a.npz", "babi", read_babi(tmp_path / "file")[1:2])
    assert asked(capsys, path, "--file", tmp_path / "file")["n_questions"] == 1 and len(taken[-1]) == 1


# what is refused

def deep(levels):
    text = "(2 w)"
    for _ in range(levels):
        text = f"(2 {text} (2 w))"
    return text


def test_trees_of_which_none_can_be_asked(tmp_path, capsys):
    path = tmp_path / "trees"
    for text in ("(2 (2 It) (2 is))\n(2 so)\n", deep(500)):
        path.write_text(text)
        fine, binary = (saved(tmp_path / f"{kind}.npz", "sst", sentiment_stories(read_sst(path)), kind=kind) for kind in ("fine", "binary"))
        assert asked(capsys, fine, "--file", path)["n_questions"] == max(1, text.count("\n"))
        assert refused(capsys, binary, "--file", path) == f"tinydmn eval: {path}: has no question to ask (neutral ones are left out: --kind fine keeps them); give another file\n"


def test_options_that_say_nothing_of_what_is_asked(parts, tmp_path, capsys):
    babi = saved(tmp_path / "a.npz", "babi", load_task(parts, 1)[0])
    sst = saved(tmp_path / "b.npz", "sst", [Story([["good"]], [Question(["sentiment"], ["positive"], 1)])])
    file = parts / "en" / "qa1_test.txt"
    for words, says in (((babi, "--split", "test"), "--split: chooses among the files of a folder"), ((babi, "--file", file, "--split", "test"), "--split: "),
                        ((babi, "--size", "10k"), "--size: chooses among"), ((babi, "--file", file, "--stories", 3), "--stories: is about texts that are generated"),
                        ((babi, "--data", parts, "--stories", 3), "--stories: "), ((babi, "--data", parts, "--file", file), "not allowed with argument"),
                        ((sst, "--data", parts, "--size", "1k"), f"--size: is for babi, and {sst} is a run of sst"), ((babi, "--split", "dev"), "invalid choice"),
                        ((babi, "--stories", 0), "out of range"), ((babi, "--stories", 4_000_000_000), "out of range")):
        assert says in refused(capsys, *words), words
    (parts / "en" / "qa1_test.txt").unlink()
    assert refused(capsys, babi, "--data", parts / "en", "--split", "test") == f"tinydmn eval: {parts / 'en'}: no test file of task 1; give --split train or valid\n"
