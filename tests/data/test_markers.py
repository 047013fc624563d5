"""Words, answers and tags that are spelled like our own markers <pad>, <unk> and <eos>: from a file to an answer they are words like any others."""

import json
from dataclasses import replace

import numpy as np
import pytest

from tinydmn.cli import main
from tinydmn.config import Config
from tinydmn.data.babi import read_babi, write_babi
from tinydmn.data.batch import UNSEEN, make_batch
from tinydmn.data.story import Question, Story
from tinydmn.data.tagged import read_columns, tagged_stories
from tinydmn.data.vocabulary import SPECIAL, UNKNOWN_ID, Vocabulary, features_of
from tinydmn.model import DMN
from tinydmn.training import checkpoint, loop
from tinydmn.training.evaluate import evaluate

from .broken import write

OTHER = {"<eos>": "<eot>", "<pad>": "<pae>", "<unk>": "<unl>"}             # no markers, and of the same order among other words
TINY = {"hidden": 5, "embedding": 4, "gate_hidden": 3, "passes": 2, "epochs": 2, "gate_epochs": 0, "batch": 2, "dropout": 0.2}
STORIES = [
    Story([["mary", "<eos>", "sat"], ["<pad>", "went", "<eos>"], ["<unk>"]],
          [Question(["where", "is", "<pad>"], ["<eos>"], 2, [1]), Question(["who", "<eos>"], ["<unk>", "<eos>"], 3, [2, 0])]),
    Story([["<eos>"], ["mary", "<unk>", "john"]], [Question(["<unk>"], ["<pad>"], 1, [0]), Question(["<eos>"], ["<eos>", "<eos>"], 2, [1])]),
    Story([["john", "sat"]], [Question(["who", "sat"], ["john"], 1, [0])]),
]
TAGGED = "The\t<eos>\n<eos>\tNN\nends\t<pad>\n\n<UNK>\t<unk>\n<eos>\tNN\n<pad>\tNN\nThe\t<eos>\n"
KINDS = {"word": {}, "sequence": {"answer": "sequence"}, "facts at every word too": {"facts": "both"},
         "tags": {"answer": "tags", "episode": "gated", "facts": "words"}}
each_kind = pytest.mark.parametrize("kind", KINDS)


def stories_of(kind, tmp_path):
    """As they come from a file."""
    if kind == "tags":
        return tagged_stories(read_columns(write(tmp_path, TAGGED, "train.tsv")))
    write_babi(STORIES, tmp_path / "qa1_train.txt", overwrite=True)
    return read_babi(tmp_path / "qa1_train.txt")


def renamed(stories):
    """The same stories in words that are no markers."""
    tell = lambda text: [OTHER.get(word, OTHER.get(word.lower(), word).upper() if word.isupper() else word) for word in text]
    return [replace(s, facts=[tell(f) for f in s.facts], questions=[replace(q, tokens=tell(q.tokens), answer=tell(q.answer)) for q in s.questions])
            for s in stories]


def learnt(stories, config):
    """-> model after two epochs, batch, State."""
    vocabulary = Vocabulary.build(stories, config.answer, features=config.answer == "tags")
    model = DMN(config, vocabulary, "numpy", seed=1)
    batch = make_batch(stories, vocabulary, config.facts, config.answer)
    state = loop.train(model, batch, batch, loop.start(model, 0))
    return model, batch, state


@each_kind
def test_a_network_learns_the_same_whatever_the_words_are_called(kind, tmp_path):
    config = Config(**TINY | KINDS[kind])
    stories = stories_of(kind, tmp_path)
    (model, batch, state), (other, other_batch, other_state) = learnt(stories, config), learnt(renamed(stories), config)
    np.testing.assert_array_equal(state.theta, other_state.theta)
    for name, a in vars(batch).items():
        np.testing.assert_array_equal(a, getattr(other_batch, name), name)
    np.testing.assert_equal(vars(evaluate(model, batch)), vars(evaluate(other, other_batch)))
    answers, names = model.forward(batch).answers, []
    for said in answers:
        text, plain = model.vocabulary.answer_text(said), other.vocabulary.answer_text(said)
        assert [OTHER.get(word, word) for word in text.split(",")] == plain.split(",")
        names.append(text)
    assert len(names) == len(batch.question)


@each_kind
def test_every_answer_has_a_class_of_its_own_and_comes_back(kind, tmp_path):
    stories, config = stories_of(kind, tmp_path), Config(**TINY | KINDS[kind])
    vocabulary = Vocabulary.build(stories, config.answer, features=kind == "tags")
    batch = make_batch(stories, vocabulary, config.facts, config.answer)
    answers = [q.answer for s in stories for q in s.questions]
    assert [vocabulary.answer_text(a) for a in batch.answer] == [",".join(a) for a in answers]
    assert not vocabulary.unseen_answers(stories, config.answer) and (batch.answer != UNSEEN).all()
    if kind == "sequence":
        assert [row.tolist().count(0) for row in batch.answer] == [1] * len(answers)           # the marker ends it, and stands nowhere else
        assert vocabulary.answers[0] == "<eos>" == vocabulary.answers[vocabulary.answer_id["<eos>"]] and vocabulary.answer_id["<eos>"] > 0


@each_kind
def test_words_are_no_markers(kind, tmp_path):
    stories, config = stories_of(kind, tmp_path), Config(**TINY | KINDS[kind])
    vocabulary = Vocabulary.build(stories, config.answer, features=kind == "tags")
    batch = make_batch(stories, vocabulary, config.facts, config.answer)
    n_markers = 0 if kind == "tags" else [len(s.facts) for s in stories]                       # an <eos> after each sentence
    words = np.where(np.arange(batch.tokens.shape[1]) < batch.n_tokens[:, None], batch.tokens if not len(batch.forms) else batch.forms[batch.tokens, 0], -1)
    np.testing.assert_array_equal(np.sum((0 <= words) & (words < len(SPECIAL)), axis=1), n_markers)
    for marker in SPECIAL:
        assert vocabulary.words.count(marker) == 2 and vocabulary.encode_text([marker]) == [vocabulary.words.index(marker, 3)]
    assert not vocabulary.unknown([w for s in stories for text in (*s.facts, *(q.tokens for q in s.questions)) for w in text])


@pytest.mark.parametrize("features", [False, True])
def test_a_text_without_them_does_not_know_them(features):
    vocabulary = Vocabulary.build([Story([["mary", "sat"]], [Question(["who"], ["mary"], 1)])], "sequence", features=features)
    assert vocabulary.unknown(["mary", *SPECIAL, "sat"]) == list(SPECIAL)
    assert vocabulary.encode_text(SPECIAL) == [UNKNOWN_ID] * 3 and vocabulary.encode(SPECIAL) == [0, 1, 2]
    asked = [Story([["mary"]], [Question(["who"], ["<eos>"], 1)])]
    assert vocabulary.unseen_answers(asked, "sequence") == ["<eos>"]
    assert make_batch(asked, vocabulary, answer="sequence").answer.tolist() == [[UNSEEN, 0]]


def test_spelling_tells_the_same_of_them_as_of_other_words():
    for marker, other in OTHER.items():
        assert features_of(marker) == [f.replace(other[-2:], marker[-2:]) for f in features_of(other)] != []


def test_from_the_command_line_to_an_answer(tmp_path, capsys, monkeypatch):
    write_babi(STORIES * 4, tmp_path / "qa1_train.txt")
    write_babi(STORIES, tmp_path / "qa1_valid.txt")
    small = [word for name in ("hidden", "embedding", "gate_hidden", "passes") for word in ("--" + name.replace("_", "-"), str(TINY[name]))]
    assert main(["train", "babi", "--data", str(tmp_path), "--answer", "sequence", "--epochs", "1", "--gate-epochs", "0", "--backend", "numpy", *small,
                 "--out", str(tmp_path / "a.npz"), "--quiet"]) == 0
    capsys.readouterr()
    assert main(["eval", str(tmp_path / "a.npz"), "--file", str(tmp_path / "qa1_valid.txt"), "--backend", "numpy", "--json"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert (figures["unknown_words"], figures["unseen_answers"], figures["n_questions"]) == ([], [], 5)
    model, _, _ = checkpoint.load(tmp_path / "a.npz", "numpy")
    assert model.vocabulary.kind == "sequence" and model.vocabulary.answer_id["<eos>"] > 0
