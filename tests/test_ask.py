"""`ask`: what it prints is what the network says of what was typed, and no other than `eval` finds for the same story."""

import io
import json
import math
import os
import re
import subprocess
import sys

import numpy as np
import pytest
from wcwidth import wcswidth

from tinydmn import DMN, Config, Vocabulary
from tinydmn.cli import main
from tinydmn.data.babi import read_babi, write_babi
from tinydmn.data.generator import generate
from tinydmn.data.sst import sentiment_question
from tinydmn.data.story import Question, Story
from tinydmn.errors import UserError
from tinydmn.training import checkpoint, loop
from tinydmn.training.answers import answers
from tinydmn.answer import Answer
from tinydmn.training.evaluate import outputs
from tinydmn.tasks import about_run
from tinydmn.training.material import batch_of

SIZES = {"hidden": 6, "embedding": 6, "gate_hidden": 6, "passes": 3}
TOLD = ["Mary went to the garden.", "John took the milk.", "Mary went to the kitchen.", "Sandra sat, tired."]
ASKED = ["Where is Mary?", "Who took the milk?"]
ABOUT = {"babi": {"task": 1, "size": None}, "sst": {"kind": "fine"}, "pos": {"column": "xpos"}}


@pytest.fixture
def ask(tmp_path, capsys, monkeypatch):
    """ask(model, typed, *options, task_set="babi") -> exit code, what it printed, what it said of errors."""
    def run(model, typed, *options, task_set="babi", stdin=None):
        path = tmp_path / "a.npz"
        checkpoint.save(path, model, loop.start(model, 0), about_run(task_set, None, 0, **ABOUT[task_set]))
        monkeypatch.setattr("sys.stdin", stdin or io.StringIO(typed))
        capsys.readouterr()
        code = main(["ask", str(path), "--backend", "numpy", *map(str, options)])
        return code, *capsys.readouterr()
    return run


def network(stories, seed=0, size=1.0, **switches):
    """A network whose weights were drawn, so large that it has opinions."""
    config = Config(**SIZES | switches)
    vocabulary = Vocabulary.build(stories, config.answer, features=config.answer == "tags")
    model = DMN(config, vocabulary, "numpy", seed)
    model.theta = np.random.default_rng(seed).normal(size=model.theta.shape) * size
    return model


def story(answers=("garden", "john", "milk", "n")):
    """What is told above, and questions with all the answers there are to be."""
    facts = [fact.lower().rstrip(".").split() for fact in TOLD]
    return Story(facts, [Question(["where", "is", "mary"], [answer], 4) for answer in answers] + [Question(["who", "took", "the", "milk"], ["mary"], 4)])


def said_by(model, facts, question):
    """One question by itself: the Output, its logits as probabilities by hand."""
    batch = batch_of([Story(facts, [Question(question, [], len(facts))])], model.vocabulary, model.config)
    out = model.forward(batch)
    logits = [float(v) for v in out.logits[0].ravel()]
    return out, [math.exp(v) / math.fsum(map(math.exp, logits)) for v in logits]


def objects(text):
    """The JSON objects of a text, one behind the other."""
    found, decoder = [], json.JSONDecoder(parse_constant=lambda name: pytest.fail(name))
    while text := text.lstrip():
        value, end = decoder.raw_decode(text)
        found.append(value)
        text = text[end:]
    return found


@pytest.mark.parametrize("episode", ["softmax", "gated"])
@pytest.mark.parametrize("backend", ["numpy", "numba"])
def test_figures_are_the_networks_own(ask, episode, backend):
    """Two questions in one story, after two facts and after four: probabilities, gates, and their order."""
    model = network([story()], episode=episode, seed=3)
    typed = "\n".join([*TOLD[:2], ASKED[1], *TOLD[2:], ASKED[0]]) + "\n"
    code, out, err = ask(model, typed, "--json", "--backend", backend)
    first, second = objects(out)
    assert code == 0 and not err
    for found, n, question in ((first, 2, ["who", "took", "the", "milk"]), (second, 4, ["where", "is", "mary"])):
        said, p = said_by(model, story().facts[:n], question)
        order = sorted(range(len(p)), key=lambda k: -p[k])
        names = [model.vocabulary.answers[k] for k in order]
        assert found["answer"] == names[0] and list(found["others"]) == names[1:4]
        np.testing.assert_allclose([found["probability"], *found["others"].values()], [p[k] for k in order[:4]], rtol=1e-5)
        assert found["probability"] > list(found["others"].values())[0] > list(found["others"].values())[2]
        np.testing.assert_allclose(found["gates"], said.gates[:, 0, :n + 1], rtol=1e-5, atol=1e-7)
        assert np.shape(found["gates"]) == (3, n + 1) and found["facts"] == TOLD[:n] and found["unknown_words"] == []
    assert (first["question"], second["question"]) == (ASKED[1], ASKED[0])
    gates = np.array(second["gates"])                      # a test that could not see a mirrored pass or a rolled column would be none
    assert all(np.abs(gates - other).max() > 0.02 for other in (gates[::-1], np.roll(gates, 1, axis=1), np.roll(gates, 1, axis=0)))


def test_the_text_shows_the_same_figures(ask):
    """The same again as a person reads them: the answer's line, and a row a fact, a column a pass."""
    model = network([story()], seed=3)
    typed = "\n".join([*TOLD, ASKED[0]]) + "\n"
    (said,), (_, out, _) = objects(ask(model, typed, "--json")[1]), ask(model, typed)
    line = next(line for line in out.splitlines() if "->" in line)
    name, p, others = re.fullmatch(r"Where is Mary\?  ->  (\S+)   \(probability (0\.\d{3}); then (.*)\)", line).groups()
    assert (name, p) == (said["answer"], f"{said['probability']:.3f}")
    assert others == ", ".join(f"{name} {p:.3f}" for name, p in list(said["others"].items())[:2])
    table = out.split(line)[1].splitlines()[1:]
    assert table[0].split() == ["pass", "1", "pass", "2", "pass", "3"]
    rows = {re.split(" [ ░▒▓█] [01]", row)[0].strip(): re.findall(r"\d\.\d\d", row) for row in table[1:]}
    assert list(rows) == [*TOLD, "[done reading]"]
    for label, column in zip(rows, np.transpose(said["gates"])):
        assert rows[label] == [f"{weight:.2f}" for weight in column]


def test_the_picture_is_drawn_of_the_same_numbers(ask, monkeypatch, tmp_path):
    drawn = []
    monkeypatch.setattr("tinydmn.plots.plot_attention", lambda facts, gates, path, **more: drawn.append(([*facts], gates.tolist(), str(path), more)))
    model = network([story()], seed=3)
    _, out, _ = ask(model, "\n".join([*TOLD[:2], ASKED[1], *TOLD[2:], ASKED[0]]), "--json", "--plot", tmp_path / "a.png")
    assert len(drawn) == 2
    for found, (facts, gates, path, more) in zip(objects(out), drawn):
        assert (facts, gates, path) == (found["facts"], found["gates"], str(tmp_path / "a.png"))
        assert more == {"question": found["question"], "predicted": found["answer"]}


def test_a_network_of_zero_passes_has_nothing_to_draw(ask, tmp_path):
    model = network([story()], passes=0)
    typed = f"{TOLD[0]}\n{ASKED[0]}\n"
    code, out, err = ask(model, typed, "--plot", tmp_path / "a.png")
    assert code == 2 and not out and err.count("\n") == 1 and "leave --plot out" in err
    (found,), (code, out, _) = objects(ask(model, typed, "--json")[1]), ask(model, typed)
    assert found["gates"] == [] and code == 0 and "->" in out and "done reading" not in out


def test_passes_that_were_not_made_are_not_shown(ask):
    """stop: a question that has had enough after one pass shows one."""
    found = {}
    for seed in range(12):
        model = network([story()], seed=seed, stop="yes", size=2.0)
        (said,) = objects(ask(model, "\n".join([*TOLD, ASKED[0]]), "--json")[1])
        out, _ = said_by(model, story().facts, ["where", "is", "mary"])
        assert len(said["gates"]) == out.passes_made[0]
        np.testing.assert_allclose(np.sum(said["gates"], axis=1), 1, rtol=1e-5)
        found[len(said["gates"])] = True
    assert {1, 3} <= set(found)


# ---- what is typed

def test_a_new_story_begins_after_an_empty_line_and_at_number_1(ask):
    model = network([story()])
    typed = f"{TOLD[0]}\n{TOLD[1]}\n\n{TOLD[2]}\n{ASKED[0]}\n 1 {TOLD[3]}\n2 {TOLD[0]}\n3 {ASKED[0]}\tgarden\t2\n4 {TOLD[1]}\n5 {ASKED[1]}\n"
    assert [found["facts"] for found in objects(ask(model, typed, "--json")[1])] == [[TOLD[2]], [TOLD[3], TOLD[0]], [TOLD[3], TOLD[0], TOLD[1]]]


def test_words_it_does_not_know_are_named_once_and_in_order(ask):
    typed = "Mary went to the zoo.\nBill took in the zoo.\nWhere is the lion?\n"
    code, out, _ = ask(network([story()]), typed)
    assert code == 0 and "never seen in training, read as unknown: zoo, bill, in, lion\n" in out
    assert objects(ask(network([story()]), typed, "--json")[1])[0]["unknown_words"] == ["zoo", "bill", "in", "lion"]
    assert "never seen" not in ask(network([story()]), f"{TOLD[0]}\n{ASKED[0]}\n")[1]


@pytest.mark.parametrize("typed, words", [
    ("Sandra sat, tired.", ["sandra", "sat,", "tired"]), ("MARY took: the milk!", ["mary", "took:", "the", "milk"]), ("Mary,John sat .", ["mary,john", "sat"]),
    ("Mr. Bean's 3.5 cats sat at 9:15.", ["mr.", "bean's", "3.5", "cats", "sat", "at", "9:15"]), ("mary , sat", ["mary", ",", "sat"]),
    ("104 has the desk.", ["104", "has", "the", "desk"]), ("John   took\u00a0milk..", ["john", "took", "milk"])])
def test_words_are_those_of_a_file(ask, tmp_path, monkeypatch, typed, words):
    read = []
    monkeypatch.setattr("tinydmn.model.DMN.ask", lambda model, facts, question: read.append(([*facts], question)) or Answer("", "x", 1.0, [], [], np.zeros((0, 2))))
    assert ask(network([story()]), f"{typed}\nWhere is mary, Mr. Bean?\n")[0] == 0
    path = tmp_path / "file.txt"
    path.write_text(f"1 {typed}\n2 Where is mary, Mr. Bean?\tgarden\t1\n", encoding="utf-8")
    (of_file,) = read_babi(path)
    assert read == [([words], ["where", "is", "mary,", "mr.", "bean"])] == [(of_file.facts, of_file.questions[0].tokens)]


def test_of_an_unknown_word_with_a_sign_the_known_one_is_named(ask):
    typed = "Mary went to the kitchen, John.\nWhere is \"Mary\"?\n"
    assert 'read as unknown: kitchen, (it knows kitchen), "mary" (it knows mary)\n' in ask(network([story()]), typed)[1].replace("\n  ", " ")
    assert objects(ask(network([story()]), typed, "--json")[1])[0]["unknown_words"] == ["kitchen,", '"mary"']


def test_what_cannot_be_asked_is_one_line(ask):
    for typed, says in (("Where is Mary?\n", "before any fact"), ("Mary sat.\n ?\n", "without words"), ("Mary sat.\n", "no question was asked"), ("", "no question was asked"),
                        ("Mary sat.\n\nWhere is Mary?\n", "before any fact"), ("1 Mary sat.\n2 John sat.\n1 Where is Mary?\n", "before any fact"),
                        ("Mary sat.\nWhere is Mary? garden 1\n", "no tab after the question mark"), ("Mary sat.\n...\nWhere is Mary?\n", "a fact without words")):
        code, out, err = ask(network([story()]), typed)
        assert code == 2 and says in err and err.count("\n") == 1 and not out
    sst = network([story()], facts="words", episode="gated")
    assert "nothing was typed" in ask(sst, " \n", task_set="sst")[2]


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_person_is_told_some_of_many_words(ask):
    many = Story([[f"w{k:03}" for k in range(61)]], [Question(["where"], ["a"], 1)])
    assert "Words it knows: " + " ".join(f"w{k:03}" for k in range(60)) + " ...\n" in ask(network([many]), "", stdin=Terminal("w0.\nwhere?\n"))[1]


@pytest.mark.parametrize("task_set, says", [("babi", "Tell a story"), ("sst", "Type a text"), ("pos", "Type a sentence")])
def test_a_person_is_told_what_to_type(ask, task_set, says):
    model = tagger() if task_set == "pos" else network([story()], **({"facts": "words", "episode": "gated"} if task_set == "sst" else {}))
    typed = f"{TOLD[0]}\n{ASKED[0]}\n"
    _, out, _ = ask(model, "", task_set=task_set, stdin=Terminal(typed))
    assert says in out and says not in ask(model, typed, task_set=task_set)[1]
    if task_set == "babi":
        assert "Words it knows: garden is" in out and "<" not in out.split("\n\n")[0]


@pytest.mark.parametrize("typed, says", [("Where is Mary?\n", "a question before any fact: 'Where is Mary?'; tell a fact first"),
                                         ("Mary sat.\n\nWhere is Mary?\n", "a question before any fact"), ("Mary sat.\n?\n",
                                                                                                           "a question without words")])
@pytest.mark.parametrize("more", [(), ("--json",)])
def test_a_person_who_asks_too_early_is_told_and_goes_on(ask, typed, says, more):
    """What was told before the question stays told; piped input is refused, as above."""
    code, out, err = ask(network([story()]), "", *more, stdin=Terminal(f"{typed}{TOLD[0]}\n{ASKED[0]}\n"))
    assert code == 0 and says in err and sum(says in line for line in err.splitlines()) == 1
    facts = ["Mary sat.", TOLD[0]] if "without" in says else [TOLD[0]]
    if more:
        (found,) = objects(out)
        assert found["facts"] == facts and found["question"] == ASKED[0]
    else:
        assert out.count("->") == 1 and all(fact in out for fact in facts)
    code, out, err = ask(network([story()]), typed, *more)
    assert code == 2 and not out and err.startswith(f"tinydmn ask: {says}") and err.count("\n") == 1


def test_with_json_nothing_else_is_printed_and_each_answer_is_a_line(ask):
    """Also where a person is told what to type."""
    typed = f"{TOLD[0]}\n{ASKED[0]}\n{ASKED[1]}\n"
    for model, task_set in ((network([story()]), "babi"), (tagger(), "pos"), (network([story()], facts="words", episode="gated"), "sst")):
        code, out, err = ask(model, "", "--json", task_set=task_set, stdin=Terminal(typed))
        assert code == 0 and err.startswith({"babi": "Tell a story", "sst": "Type a text", "pos": "Type a sentence"}[task_set])
        lines = out.splitlines()
        assert len(lines) == (2 if task_set == "babi" else 3) and all(len(objects(line)) == 1 and line[0] + line[-1] == "{}" for line in lines)


# ---- the same story in a file

@pytest.mark.parametrize("task, seed, switches", [
    (2, 1, {"passes": 2}), (2, 1, {"bidirectional": "yes", "episode": "gated"}), (5, 2, {"stop": "yes"}), (7, 7, {"facts": "both"}),
    (19, 2, {"answer": "sequence", "longest": 4}), (8, 3, {"answer": "sequence", "longest": 3}), (1, 3, {"cell": "lstm", "passes": 0})])
def test_ask_and_eval_answer_alike(ask, tmp_path, task, seed, switches):
    """All questions of a file, asked one by one in the story as far as it is told, have the answers that eval counts."""
    made = generate(task, 6, np.random.default_rng(task))
    model = network(made, seed=seed, size=2.0, **switches)
    path = tmp_path / "stories.txt"
    write_babi(made, path)
    stories = read_babi(path)
    by_eval = [model.vocabulary.answer_text(answer) or "(no word)" for _, out in outputs(model, batch_of(stories, model.vocabulary, model.config))
               for answer in out.answers]
    by_ask = [found["answer"] for found in objects(ask(model, path.read_text(), "--json")[1])]
    assert by_ask == by_eval and len(by_ask) == sum(len(s.questions) for s in stories) and len(set(by_ask)) > 1


# ---- a decoder

def decoder(longest, ends):
    """A network that decodes; with ends=False it never says <eos>: of its two words one has a score above 0, and <eos> has 0."""
    model = network([Story(story().facts, [Question(["where", "is", "mary"], ["n", "w"], 4)])], seed=1, answer="sequence", longest=longest)
    assert model.vocabulary.answers == ("<eos>", "n", "w")
    w = np.random.default_rng(0).normal(size=6)
    model.params["answer.W_a"][...] = [[0] * 6, w, -w] if not ends else [[9] * 6, w, -w]
    return model


@pytest.mark.parametrize("longest", [1, 3, 7, 60])
def test_a_decoder_that_never_ends_is_stopped_alike_in_ask_and_in_eval(ask, tmp_path, longest, capsys):
    model = decoder(longest, ends=False)
    typed = "\n".join([*TOLD, ASKED[0]]) + "\n"
    (found,) = objects(ask(model, typed, "--json")[1])
    words = found["answer"].split(",")
    assert len(words) == longest and set(words) <= {"n", "w"}
    out = model.forward(batch_of([story()], model.vocabulary, model.config))             # beside questions with answers of their own lengths
    assert model.vocabulary.answer_text(out.answers[0]) == found["answer"]
    file = tmp_path / "story.txt"                          # its words as the answer: right as far as they go, but without an end
    file.write_text("".join(f"{i} {fact}\n" for i, fact in enumerate(TOLD, 1)) + f"5 {ASKED[0]}\t{found['answer']}\t1\n")
    assert main(["eval", str(tmp_path / "a.npz"), "--file", str(file), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["answer_accuracy"] == 0


def test_the_probability_of_a_decoded_answer_is_that_of_all_its_words(ask):
    for longest, ends in ((3, False), (5, True)):
        model = decoder(longest, ends)
        for seed in range(4):
            model.params["answer.U"][...] = np.random.default_rng(seed).normal(size=model.params["answer.U"].shape)
            (found,) = objects(ask(model, "\n".join([*TOLD, ASKED[0]]), "--json")[1])
            batch = batch_of([Story(story().facts, [Question(["where", "is", "mary"], [], 4)])], model.vocabulary, model.config)
            out = model.forward(batch)
            p, words = 1.0, []
            for logits in out.logits[0].astype(float):
                k = int(np.argmax(logits))
                p *= math.exp(logits[k]) / sum(map(math.exp, logits))
                if k == 0:
                    break                                  # <eos> is one of them
                words.append(model.vocabulary.answers[k])
            assert found["answer"] == (",".join(words) or "(no word)") and found["probability"] == pytest.approx(p, rel=1e-6)
            assert found["others"] == {}


# ---- texts and tagged sentences

@pytest.mark.parametrize("facts", ["words", "sentences", "both"])
@pytest.mark.parametrize("kind", ["fine", "binary"])
def test_a_text_is_judged_with_a_place_for_each_word(ask, facts, kind):
    question = sentiment_question(0, kind)
    texts = [Story([["a", "good", "film"]], [Question(question.tokens, [answer], 1)]) for answer in ("negative", "positive", "neutral")]
    model = network(texts, seed=2, facts=facts, episode="gated", bidirectional="yes")
    (found,) = objects(ask(model, "A GOOD zorgy film\n", "--json", task_set="sst")[1])
    words = ["a", "good", "zorgy", "film"]
    out, p = said_by(model, [words], question.tokens)
    assert found["answer"] == model.vocabulary.answers[int(np.argmax(p))] and found["probability"] == pytest.approx(max(p), rel=1e-5)
    assert found["facts"] == {"words": words, "sentences": ["A GOOD zorgy film"], "both": [*words, "<eos>"]}[facts]
    np.testing.assert_allclose(found["gates"], out.gates[:, 0], rtol=1e-5, atol=1e-7)
    assert found["question"] == "A GOOD zorgy film" and found["unknown_words"] == ["zorgy"]
    code, out, _ = ask(model, "A GOOD zorgy film\nfilm\n", task_set="sst")
    assert code == 0 and out.count("->") == 2 and out.count("[done reading]") == 2


WORDS = ["She", "ไม่เป็นไร", "नमस्ते", "字漢字", "👩‍👩‍👧", "ran"]


def tagger(tags=("PRP", "VBD", "-LRB-", "PUNCTUATION"), words=("She", "ran", "fast", "ไม่เป็นไร")):
    return network([Story([[*words]], [Question(["tags"], [*tags], 1)])], seed=4, answer="tags", facts="words", episode="gated", passes=1)


def test_tags_are_the_networks_own(ask):
    model = tagger()
    text = "She ran ran zorgy"
    (found,) = objects(ask(model, text + "\n", "--json", task_set="pos")[1])
    batch = batch_of([Story([text.split()], [Question(["tags"], [], 1)])], model.vocabulary, model.config)
    logits = model.forward(batch).logits[0].astype(float)
    assert found["words"] == text.split() and found["unknown_words"] == ["zorgy"]
    assert found["tags"] == [model.vocabulary.answers[k] for k in logits.argmax(axis=1)] and len(set(found["tags"])) > 1
    np.testing.assert_allclose(found["probabilities"], [max(math.exp(v) for v in row) / sum(math.exp(v) for v in row) for row in logits], rtol=1e-6)
    _, out, _ = ask(model, text + "\n", task_set="pos")
    for line, word, tag, p in zip(out.splitlines(), found["words"], found["tags"], found["probabilities"]):
        assert line.split()[:3] == [word, tag, f"{p:.3f}"] and ("never seen in training" in line) == (word == "zorgy")


def test_wide_and_combining_letters_stay_in_line(ask):
    for words in (WORDS, ["She", "字漢字字漢字"]):            # the second has fewer letters than columns
        _, out, _ = ask(tagger(), " ".join(words) + "\n", task_set="pos")
        lines = out.splitlines()[:len(words)]
        assert [line.split()[0] for line in lines] == words
        columns = [(wcswidth(line[:line.index(tag, len(word))]), wcswidth(line[:line.rindex(p) + len(p)]))
                   for line, word in zip(lines, words) for tag, p in [line.split()[1:3]]]
        assert len(set(columns)) == 1                      # all tags begin in one column, all figures end in one
    facts = ["Mary went to the garden.", *(f"{word} went to the garden {word}." for word in WORDS[1:])]
    _, out, _ = ask(network([story()]), "\n".join([*facts, ASKED[0]]))
    table = out[out.index("pass 1"):].splitlines()[1:]
    assert len(table) == len(facts) + 1 and len({wcswidth(line) for line in table}) == 1


def test_no_control_character_reaches_the_terminal(ask):
    evil = "ev\x1b[31mil\x07"
    for model, typed, task_set in ((network([story()]), f"Mary {evil} sat.\nWhere is {evil} Mary?\n", "babi"), (tagger(), f"She {evil} ran\n", "pos")):
        code, out, _ = ask(model, typed, task_set=task_set)
        assert code == 0 and "\x1b" not in out and "\x07" not in out and "ev" in out


# ---- whoever reads

class Watched(io.StringIO):
    """Remembers how much had been written at each flush."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def flush(self):
        self.seen.append(self.getvalue())


@pytest.mark.parametrize("task_set, typed, ends", [("babi", f"{TOLD[0]}\n{ASKED[0]}\n" * 2, "[done reading]"), ("pos", "She ran\n" * 2, "\n\n")])
@pytest.mark.parametrize("more", [(), ("--json",)])
def test_each_answer_is_sent_off_before_the_next_question_is_read(ask, monkeypatch, task_set, typed, ends, more):
    """A program that asks, and waits for the answer, is not left waiting."""
    stdout = Watched()
    monkeypatch.setattr("sys.stdout", stdout)

    class Typing(io.StringIO):
        def __next__(self):
            if stdout.getvalue().strip():
                assert stdout.seen and stdout.seen[-1] == stdout.getvalue()
            return super().__next__()
    code, _, _ = ask(tagger() if task_set == "pos" else network([story()]), "", *more, task_set=task_set, stdin=Typing(typed))
    assert code == 0 and len(objects(stdout.getvalue()) if more else stdout.getvalue().split(ends)) >= 2


def test_colours_go_where_they_are_wanted(ask, monkeypatch):
    typed = f"{TOLD[0]}\n{ASKED[0]}\n"
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    assert "\x1b[48;5;" not in ask(network([story()]), typed)[1]
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b[48;5;" in ask(network([story()]), typed)[1]


def test_the_back_end_that_is_asked_for(ask, monkeypatch):
    loaded, load = [], checkpoint.load
    monkeypatch.setattr("tinydmn.cli.ask.checkpoint.load", lambda path, backend: (loaded.append(backend), load(path, "numpy"))[1])
    typed = f"{TOLD[0]}\n{ASKED[0]}\n"
    ask(network([story()]), typed), ask(network([story()]), typed, "--backend", "numba")
    assert loaded == ["numpy", "numba"]


@pytest.mark.parametrize("typed, code, says", [("Märy sat.\nWhere is Märy?\n".encode(), 0, "Where is M?ry?  ->"), (None, 2, "")])
def test_streams_of_other_kinds(tmp_path, typed, code, says):
    """Letters that a stream does not know are replaced; one that was closed has nothing to say."""
    model = network([story()])
    checkpoint.save(tmp_path / "a.npz", model, loop.start(model, 0), about_run("babi", None, 0, **ABOUT["babi"]))
    environment = os.environ | {"PYTHONIOENCODING": "ascii", "PYTHONPATH": os.pathsep.join(sys.path)}
    closed = None if typed else lambda: (os.close(0), os.close(1))
    done = subprocess.run([sys.executable, "-m", "tinydmn", "ask", "a.npz", "--backend", "numpy"], input=typed, capture_output=True, cwd=tmp_path, env=environment,
                          preexec_fn=closed)
    assert done.returncode == code and says.encode() in done.stdout
    assert not done.stderr if typed else b"no question was asked" in done.stderr and done.stderr.count(b"\n") == 1


# the same text by every way in

OWN = [Story(["Dr. Ana, who is 9, has the desk.", "104 has the desk at 9:15.", "Bo-Bo has 3.5 lamps!"],
             [Question("Who has the desk?", ["ana,"], 1, [0]), Question("104 has what?", ["desk"], 2, [1]), Question("Where is dr. Ana?", ["104"], 3, [0])])]


@pytest.mark.parametrize("bidirectional", ["no", "yes"])
def test_file_typed_piped_and_in_python_a_story_has_the_same_answers(ask, tmp_path, bidirectional):
    """Numbers, titles and times in it: the file read by `eval`, the file piped into `ask`, its sentences typed, and given to model.ask."""
    path, facts = tmp_path / "own.txt", ["Dr. Ana, who is 9, has the desk.", "104 has the desk at 9:15.", "Bo-Bo has 3.5 lamps!"]
    questions = ["Who has the desk?", "104 has what?", "Where is dr. Ana?"]
    path.write_text("\ufeff" + "".join(f"{2 * k + 1} {fact}\n{2 * k + 2} {question}\tdesk\t\n" for k, (fact, question) in enumerate(zip(facts, questions))), encoding="utf-8")
    model = network(OWN, seed=2, bidirectional=bidirectional)
    assert read_babi(path)[0].facts == OWN[0].facts
    wanted = [(answer.answer, pytest.approx(answer.probability, rel=1e-5)) for answer in answers(model, read_babi(path))]
    assert len(wanted) == 3 and len({name for name, _ in wanted}) > 1
    both = lambda found: (found.answer, found.probability)
    in_python = [both(model.ask(facts[:k + 1], question)) for k, question in enumerate(questions)]
    typed = "".join(f"{fact}\n{question}\n" for fact, question in zip(facts, questions))
    for found in (in_python, *([(one["answer"], one["probability"]) for one in objects(ask(model, text, "--json")[1])] for text in (path.read_text(encoding="utf-8"), typed))):
        assert found == wanted
    tokens = [fact for fact in OWN[0].facts]
    assert both(model.ask(tokens, OWN[0].questions[2].tokens)) == both(model.ask(facts, questions[2]))


def test_asked_in_python(capsys):
    model = network([story()], seed=3)
    found = model.ask(TOLD, ASKED[0])
    out, p = said_by(model, story().facts, ["where", "is", "mary"])
    assert found.answer == model.vocabulary.answers[int(out.answers[0])] and found.probability == pytest.approx(max(p), rel=1e-5)
    np.testing.assert_array_equal(found.attention, out.gates[:, 0, :5])
    with pytest.raises(UserError, match="tags the words"):
        tagger().ask(["Mary sat"], "tags")
    with pytest.raises(UserError, match="has no facts"):
        model.ask([], "Where is Mary?")


def test_ordinary_text_and_the_treebanks_are_judged_alike(ask):
    texts = [["it", "is", "n't", "a", "good", "film", ",", "but", "a", "funny", "one", "."], ["mr.", "bean", "'s", "film"]]
    model = network([Story([words], [Question(["sentiment"], [answer], 1)]) for words, answer in zip(texts, ("good", "bad"))], facts="words", episode="gated")
    said = [objects(ask(model, text + "\n", "--json", task_set="sst")[1])[0] for text in ("It isn't a good film, but a funny one.", "it is n't a good film , but a funny one .")]
    assert said[0]["facts"] == said[1]["facts"] == texts[0] and said[0]["probability"] == said[1]["probability"] and not said[0]["unknown_words"]
    assert objects(ask(model, "Mr. Bean's film\n", "--json", task_set="sst")[1])[0]["facts"] == texts[1]


def test_a_sentence_is_parted_and_a_word_that_holds_a_blank_can_be_typed(ask):
    words = ["Thành phố", "có", "10 000", "nhà", "."]
    model = network([Story([words], [Question(["tags"], ["N", "V", "M", "N", "."], 1)])], answer="tags", facts="words", episode="gated")
    (found,) = objects(ask(model, "Thành phố có 10 000 nhà.\n", "--json", task_set="pos")[1])
    assert found["words"] == words and found["unknown_words"] == [] and len(found["tags"]) == 5
