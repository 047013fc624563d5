"""What `ask` answers in Python: the same network by every way of giving it a story, as text, in colour and as a picture."""

import io
import subprocess
import sys

import matplotlib
import numpy as np
import pytest
from matplotlib import image
from wcwidth import wcswidth

from tinydmn import Config, Vocabulary
from tinydmn.answer import Answer, ask
from tinydmn.data.batch import make_batch
from tinydmn.data.story import Question, Story
from tinydmn.errors import UserError
from tinydmn.model import DMN
from tinydmn.terminal import answer_text

from .test_evaluate import network as any_network

FACTS = ["Mary took the milk.", "Dr. Ana went to the garden at 9:15!", "104 has the desk.", "Mary went to the office."]
QUESTION = "Where is the milk?"
WORDS = [["mary", "took", "the", "milk"], ["dr.", "ana", "went", "to", "the", "garden", "at", "9:15"], ["104", "has", "the", "desk"],
         ["mary", "went", "to", "the", "office"]]
STORY = Story(FACTS, [Question(QUESTION, ["office"], 4, [0, 3]), Question("Where is dr. Ana?", ["garden"], 2, [1])])


@pytest.fixture(scope="module")
def model():
    return network([STORY])


def network(stories, **fields):
    config = Config(hidden=8, embedding=8, gate_hidden=8, **fields)
    return DMN(config, Vocabulary.build(stories, answer=config.answer), "numpy", 1)


def reference(model, story, question):
    """The Output for one question, and p of its answers."""
    out = model.forward(make_batch([Story(story, [question])], model.vocabulary, model.config.facts, model.config.answer))
    p = np.exp(out.logits[0] - out.logits[0].max(axis=-1, keepdims=True))
    return out, p / p.sum(axis=-1, keepdims=True)


def test_an_answer_is_that_of_the_network(model):
    answer = ask(model, FACTS, QUESTION)
    out, p = reference(model, WORDS, Question(["where", "is", "the", "milk"], [], 4))
    names = model.vocabulary.answers
    assert answer.answer == names[out.answers[0]] and answer.probability == pytest.approx(p.max(), rel=1e-5)
    assert [name for name, _ in [(answer.answer, 0), *answer.others]] == [names[k] for k in np.argsort(-p)][:4]
    assert [q for _, q in answer.others] == pytest.approx(np.sort(p)[::-1][1:4], rel=1e-5)
    assert answer.facts == FACTS and answer.question == QUESTION and answer.support == () and answer.unknown_words == []
    np.testing.assert_array_equal(answer.attention, out.gates[:, 0, :5])


NUMBERED = "".join(f"{i} {fact}\n" for i, fact in enumerate(FACTS, 1))


@pytest.mark.parametrize("story, labels", [
    (FACTS, FACTS), (tuple(FACTS), FACTS), (WORDS, None), (STORY, None), (Story(WORDS, []), None), ("\n".join(FACTS), FACTS), (" ".join(FACTS), FACTS),
    ("\r\n\r\n".join(FACTS) + "\n\n", FACTS), (NUMBERED, FACTS), (NUMBERED.splitlines(), FACTS), ([FACTS[0], *WORDS[1:]], None),
    (NUMBERED + "5 Where is Mary?\toffice\t4\n", FACTS), ("\n".join([*FACTS[:2], "Where is Mary?", *FACTS[2:]]), FACTS), (" ".join(FACTS).upper(), [f.upper() for f in FACTS]),
])
@pytest.mark.parametrize("question", [QUESTION, "where is the milk", "Where is the milk?\toffice\t1 4", ["where", "is", "the", "milk"], Question(QUESTION, [], 4)])
def test_a_story_and_a_question_may_be_given_in_many_ways(model, story, labels, question):
    found, expected = ask(model, story, question), ask(model, WORDS, ["where", "is", "the", "milk"])
    assert (found.answer, found.probability, found.others) == (expected.answer, expected.probability, expected.others)
    np.testing.assert_array_equal(found.attention, expected.attention)
    assert found.facts == (labels or [" ".join(words) for words in WORDS]) and found.unknown_words == []
    assert found.question == ("Where is the milk?" if isinstance(question, str) and "?" in question else "where is the milk")


def test_a_full_stop_inside_a_line_ends_a_sentence_unless_a_known_word_has_it(model):
    """Of scripts without blanks between sentences, too."""
    assert ask(model, "Dr. Ana went! Prof. Bo sat? Mary went at 9:15. To bed", QUESTION).facts == ["Dr. Ana went!", "Prof.", "Mary went at 9:15.", "To bed"]
    assert ask(model, "玛丽去了花园。约翰去了 办公室。", QUESTION).facts == ["玛丽去了花园。", "约翰去了 办公室。"]
    assert ask(model, "One line. With two.\nAnother.", QUESTION).facts == ["One line. With two.", "Another."]


def test_a_question_of_a_story_sees_its_facts_and_knows_its_support(model):
    answer = ask(model, STORY, STORY.questions[1])
    out, _ = reference(model, WORDS[:2], Question(["where", "is", "dr.", "ana"], [], 2))
    np.testing.assert_array_equal(answer.attention, out.gates[:, 0, :3])
    assert answer.support == (1,) and answer.facts == [" ".join(words) for words in WORDS[:2]]
    assert "▸ dr. ana went" in str(answer) and "▸ mary" not in str(answer)
    assert ask(model, FACTS, STORY.questions[1]).facts == FACTS[:2]


def test_a_network_that_reads_backward_does_not_see_what_comes_after_the_question():
    model = network([STORY], bidirectional="yes")
    assert ask(model, STORY, STORY.questions[1]).probability == ask(model, WORDS[:2], STORY.questions[1].tokens).probability


def test_words_are_facts_of_one_sentence():
    model = network([Story([["not", "bad", ".", "good"]], [Question(["what"], ["good"], 1)])], facts="words", episode="gated")
    answer = ask(model, "Not bad .\nGood .", ["what"])
    assert answer.facts == ["not", "bad", ".", "good"] and answer.attention.shape == (3, 5)
    assert ask(model, [["not", "bad"]], "what").facts == ["not", "bad"]


def test_words_and_ends_of_sentences_are_facts():
    model = network([STORY], facts="both")
    answer = ask(model, FACTS[:2], STORY.questions[1])
    assert answer.facts == [*WORDS[0], "<eos>", *WORDS[1], "<eos>"] and answer.attention.shape == (3, 15) and answer.support == (13,)


def test_a_decoded_answer_has_no_others():
    model = network([Story(WORDS, [Question(["how"], ["n", "w"], 4)])], answer="sequence", longest=3)
    answer = ask(model, FACTS, "how?")
    out, p = reference(model, WORDS, Question(["how"], [], 4))
    steps = [int(k) for k in out.answers[0] if k >= 0]
    assert answer.others == [] and answer.probability == pytest.approx(np.prod([p[t, k] for t, k in enumerate(steps)]), rel=1e-5)
    assert answer.answer == (",".join(model.vocabulary.answers[k] for k in steps if k) or "(no word)")


def test_words_that_training_never_saw_are_named(model):
    answer = ask(model, [*FACTS, "Mary blinked \x1b[31m"], "Where is zorro?")
    assert answer.unknown_words == ["blinked", "\x1b[31m", "zorro"]
    assert str(answer).startswith("never seen in training, read as unknown: blinked,  [31m, zorro\nWhere is zorro?  ->  ")


# ---- as text ----

def test_text_is_what_the_command_line_prints(model, monkeypatch):
    answer = ask(model, STORY, STORY.questions[0])
    best = [(answer.answer, answer.probability), *answer.others]
    plain = answer_text("where is the milk", best, answer.facts, answer.attention, [0, 3], colour=False)
    assert str(answer) == f"{answer}" == plain and max(map(wcswidth, plain.split("\n"))) <= 80
    assert repr(answer) == plain                           # not a terminal
    assert max(map(wcswidth, answer.text(40).split("\n"))) <= 40
    with pytest.raises(ValueError, match="12 columns"):
        answer.text(11)


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self):
        return True


def test_colour_is_for_terminals_that_have_it(model, monkeypatch):
    answer = ask(model, FACTS, QUESTION)
    for name in ("NO_COLOR", "FORCE_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    coloured = answer.text(colour=True)
    assert "\x1b[" not in repr(answer) and "\x1b[48;5;" in coloured
    monkeypatch.setattr(sys, "stdout", Terminal())
    assert repr(answer) == coloured and "\x1b" not in str(answer)
    for name, value in (("NO_COLOR", "1"), ("TERM", "dumb")):
        with monkeypatch.context() as patch:
            patch.setenv(name, value)
            assert "\x1b" not in repr(answer)


# ---- as a picture ----

def test_the_picture_is_the_answers_and_is_saved_where_it_is_wanted(model, tmp_path):
    answer = ask(model, STORY, STORY.questions[0])
    figure = answer.plot()
    assert not list(tmp_path.iterdir())
    words = [text.get_text() for text in figure.axes[0].texts]
    assert {"where is the milk", "▸", *answer.facts, "[done reading]", "pass 3"} <= set(words) and words.count("▸") == 2
    assert f"predicted: {answer.answer}  (probability {answer.probability:.3f})" in words
    cells = [text for text in words if text[:2] in ("0.", "1.")]
    assert cells == [f"{weight:.2f}" for weight in answer.attention.T.ravel()]
    answer.plot(tmp_path / "new" / "a.png")
    answer.plot(str(tmp_path / "a.svg"))
    height, width, _ = image.imread(tmp_path / "new" / "a.png").shape
    inches = figure.get_size_inches()
    assert (width, height) == pytest.approx(160 * inches, abs=2) and (tmp_path / "a.svg").read_text().startswith("<?xml")
    for path in (tmp_path / "a.bmp", tmp_path / "a.svg" / "a.png"):
        with pytest.raises(UserError, match="a.bmp: a picture's name|cannot be written"):
            answer.plot(path)


def test_a_notebook_shows_the_answer_and_its_figure_as_a_picture(model):
    answer = ask(model, FACTS, QUESTION)
    png = answer._repr_png_()
    assert png.startswith(b"\x89PNG") and png == answer._repr_png_() == answer.plot()._repr_png_()
    with matplotlib.rc_context({"savefig.bbox": "tight", "savefig.facecolor": "red"}):
        assert answer._repr_png_() == png == answer.plot()._repr_png_()
    height, width, _ = image.imread(io.BytesIO(png)).shape
    assert 300 < width < 1200 and 100 < height < 800


def test_where_there_is_no_attention_there_is_no_picture():
    answer = ask(network([STORY], passes=0), FACTS, QUESTION)
    assert answer.attention.shape == (0, 5) and answer._repr_png_() is None and "\n" not in str(answer).split("(")[0]
    with pytest.raises(UserError, match="zero passes"):
        answer.plot()
    broken = Answer(QUESTION, "office", 1.0, [], ["a"], np.full((1, 2), np.nan))
    assert broken._repr_png_() is None and "->  office" in str(broken)


def test_matplotlib_is_loaded_for_pictures_alone():
    code = "import sys, tinydmn.answer; print('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"


# ---- what cannot be asked ----

@pytest.mark.parametrize("story, question, problem", [
    ([], QUESTION, "has no facts"), ("", QUESTION, "has no facts"), ("\n \n", QUESTION, "has no facts"), (Story([], []), QUESTION, "has no facts"),
    (7, QUESTION, "a story is a text, .* a int"), (None, QUESTION, "NoneType"), (b"Mary sat.", QUESTION, "bytes"), ({"a": 1}, QUESTION, "a dict"),
    (["Mary sat.", " ? "], QUESTION, "fact 2 of the story has no words"), (["Mary sat.", ""], QUESTION, "fact 2"), ("Is it?", QUESTION, "a question before any fact"),
    ([["mary"], []], QUESTION, "fact 1 .* has no words"), ([["mary", 3]], QUESTION, "not a word"), ([3], QUESTION, "fact 1 .* is a int"),
    (FACTS, "", "question has no words"), (FACTS, "?", "question has no words"), (FACTS, [], "question has no words"), (FACTS, 7, "a question is a sentence"),
    (FACTS, None, "NoneType"), (FACTS, [7], "not a word"), (FACTS, Question("a", [], 5), "sees n_facts = 5"), (FACTS, Question("a", [], 0), "n_facts|no facts"),
    (FACTS, Question("a", [], "x"), "n_facts"), (FACTS, Question("a", [], 2, [3]), "rests on fact 3"),
])
def test_what_cannot_be_asked_is_said_in_one_line(model, story, question, problem):
    with pytest.raises(UserError, match=problem) as error:
        ask(model, story, question)
    assert "\n" not in str(error.value)


def test_a_network_that_tags_answers_no_question():
    model, _ = any_network("tags", 1, 3)
    with pytest.raises(UserError, match="tags the words"):
        ask(model, FACTS, QUESTION)
