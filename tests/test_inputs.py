"""What a user may get wrong when the package is used as a library: each wrong input is one clear line, on both back ends and through every way in,
before compiled code, which checks no bounds, sees it."""

import copy
import pickle
from dataclasses import fields, replace

import numpy as np
import pytest

from tinydmn import DMN, Config, Question, Story, Vocabulary, make_batch, ops
from tinydmn.data.batch import NONE, UNSEEN, Batch, check_batch, cut_at_questions, take_stories
from tinydmn.data.story import answer_words, sentence_words
from tinydmn.errors import UserError, check_rng
from tinydmn.training import loop
from tinydmn.training.evaluate import evaluate

from .stories import TAGS, random_stories, stories_for

each_backend = pytest.mark.parametrize("backend", ops.BACKENDS)
each_dtype = pytest.mark.parametrize("dtype", ("float32", "float64"))
FACTS = ["Mary went to the garden.", "John took the milk"]
TOLD = Story(FACTS, [Question("Where is Mary?", "Garden", 1, [0]), Question("What did John take", "milk", 2, [1])], "a.txt:3")
SMALL = {"hidden": 4, "embedding": 3, "gate_hidden": 3, "passes": 2, "epochs": 3, "batch": 2}


def network(backend="numpy", dtype="float64", stories=(TOLD,), **more):
    config = Config(**SMALL | more)
    return DMN(config, Vocabulary.build(stories, config.answer, features=config.answer == "tags"), backend, dtype=dtype)


def one_line(error):
    assert "\n" not in str(error.value) and str(error.value)


# stories as text

def test_a_story_of_strings_is_the_story_of_their_words():
    words = Story([["mary", "went", "to", "the", "garden"], ["john", "took", "the", "milk"]],
                  [Question(["where", "is", "mary"], ["garden"], 1, [0]), Question(["what", "did", "john", "take"], ["milk"], 2, [1])], "a.txt:3")
    assert TOLD == words and TOLD.facts[0] == words.facts[0] and TOLD.questions[0].tokens == words.questions[0].tokens
    assert Story([FACTS[0], words.facts[1]], words.questions, "a.txt:3") == words                              # mixed
    assert Story(tuple(FACTS), words.questions, "a.txt:3").facts == words.facts
    vocabulary = Vocabulary.build([words])
    for name, a in vars(make_batch([TOLD], vocabulary)).items():
        np.testing.assert_array_equal(a, getattr(make_batch([words], vocabulary), name), err_msg=name)
    assert UNSEEN not in make_batch([TOLD], vocabulary).answer and 1 not in make_batch([TOLD], vocabulary).tokens          # nothing read letter by letter


@pytest.mark.parametrize("text, words", (
    ("Mary went home.", ["mary", "went", "home"]), ("Where is Mary?", ["where", "is", "mary"]), ("  a  b ", ["a", "b"]), ("", []), ("x", ["x"]),
    ("Is it 3.5?", ["is", "it", "3.5"])))
def test_words_of_a_sentence(text, words):
    assert sentence_words(text) == words and Question(text, [], 1).tokens == words


@pytest.mark.parametrize("text, words", (("Garden", ["garden"]), ("n,w", ["n", "w"]), ("n, W", ["n", "w"]), ("", []), (" ", []), ("a,,b", ["a", "", "b"])))
def test_words_of_an_answer(text, words):
    assert answer_words(text) == words and Question("?", text, 1).answer == words


def test_lists_of_words_stay_as_they_are():
    question = Question(["Where", "is?"], ["The Garden"], 1)
    assert question.tokens == ["Where", "is?"] and question.answer == ["The Garden"] and Story([["A", "b."]], [question]).facts == [["A", "b."]]


# wrong stories

asked = lambda **more: [Story(FACTS, [TOLD.questions[1], replace(TOLD.questions[0], **more)], "a.txt:3")]
NAMED, QUESTION = r"^a\.txt:3: ", r"^a\.txt:3: question 2 \(where is mary\) "
WRONG = {
    "no facts": (lambda: [Story([], [TOLD.questions[0]], "a.txt:3")], NAMED + "has no facts"),
    "no question": (lambda: [Story(FACTS, [], "a.txt:3")], NAMED + "has no question"),
    "a fact without words": (lambda: [Story([FACTS[0], "."], TOLD.questions, "a.txt:3")], NAMED + r"fact 1 \(from 0\) has no words"),
    "n_facts 0": (lambda: asked(n_facts=0), QUESTION + "sees n_facts = 0 facts of 2; give 1 to 2$"),
    "n_facts beyond the story": (lambda: asked(n_facts=3), QUESTION + "sees n_facts = 3 facts of 2"),
    "n_facts below 0": (lambda: asked(n_facts=-1), QUESTION + "sees n_facts = -1"),
    "n_facts a word": (lambda: asked(n_facts="1"), QUESTION + "sees n_facts = '1'"),
    "n_facts no whole number": (lambda: asked(n_facts=1.5), QUESTION + "sees n_facts = 1.5"),
    "support from 1": (lambda: asked(support=[1]), QUESTION + "rests on fact 1, and sees facts 0 to 0; facts are counted from 0"),
    "support not seen yet": (lambda: asked(n_facts=2, support=[0, 2]), QUESTION + "rests on fact 2"),
    "support far away": (lambda: asked(support=[100_000_000]), QUESTION + "rests on fact 100000000"),
    "support below 0": (lambda: asked(support=[-1]), QUESTION + "rests on fact -1"),
    "support no whole number": (lambda: asked(support=[0.5]), QUESTION + "rests on fact 0.5"),
    "a question that is a text": (lambda: [Story(FACTS, ["Where is Mary?"], "a.txt:3")], NAMED + "one of its questions is str"),
    "words that are numbers": (lambda: [Story([[1, 2]], [TOLD.questions[0]], "a.txt:3")], NAMED + "holds something that is not a word"),
    "a question of numbers": (lambda: asked(tokens=[1]), NAMED + "holds something that is not a word"),
    "an answer of numbers": (lambda: asked(answer=[1]), NAMED + "holds something that is not a word"),
    "no Story": (lambda: [TOLD, FACTS], "^story 2 is list; give tinydmn.Story"),
    "one Story": (lambda: TOLD, "^one Story was given where a list"),
    "a Batch": (lambda: make_batch([TOLD], Vocabulary.build([TOLD])), "^one Batch was given where a list"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_story_that_cannot_be_asked(wrong):
    """Whatever the facts are, and behind right stories too; without a source it is named by its number."""
    stories, says = WRONG[wrong]
    vocabulary = Vocabulary.build([TOLD])
    for facts in ("sentences", "words", "both"):
        with pytest.raises(UserError, match=says) as error:
            make_batch(stories(), vocabulary, facts)
        one_line(error)
    if says.startswith("^a"):
        with pytest.raises(UserError, match=says.replace(r"a\.txt:3", "story 3")) as error:
            make_batch([TOLD, TOLD, replace(stories()[0], source="")], vocabulary)


@pytest.mark.parametrize("facts", ("Mary went home. John left.", ""))
def test_facts_that_are_one_text(facts):
    with pytest.raises(UserError, match="a.txt:3: its facts are one text; give a list, a sentence each"):
        Story(facts, [], "a.txt:3")


@pytest.mark.parametrize("questions", (TOLD.questions[0], "Where is Mary?"))
def test_questions_that_are_no_list(questions):
    with pytest.raises(UserError, match=f"^story: its questions are one {type(questions).__name__}; give a list"):
        Story(FACTS, questions)


@pytest.mark.parametrize("answer", (["NNP", "VBD"], ["NNP"] * 4))
def test_tags_that_are_not_one_a_word(answer):
    story = lambda answer: [Story([["Mary", "went", "home"]], [Question(["tags"], answer, 1)], "s.txt:1")]
    vocabulary = Vocabulary.build(story(["NNP", "VBD", "RB"]), "tags")
    with pytest.raises(UserError, match=rf"^s.txt:1: question 1 \(tags\) has {len(answer)} tags for 3 words; give one a word$"):
        make_batch(story(answer), vocabulary, "words", "tags")
    for right in ([], ["NNP", "VBD", "RB"]):
        make_batch(story(right), vocabulary, "words", "tags")


def test_several_at_once_and_stories_from_a_generator():
    vocabulary = Vocabulary.build([TOLD])
    wanted = make_batch([TOLD, TOLD], vocabulary)
    for stories in ((TOLD, TOLD), (story for story in [TOLD, TOLD])):
        for name, a in vars(make_batch(stories, vocabulary)).items():
            np.testing.assert_array_equal(a, getattr(wanted, name), err_msg=name)
    numbers = replace(TOLD, questions=[replace(TOLD.questions[0], n_facts=np.int64(2), support=np.array([1, 0]))])
    assert make_batch([numbers], vocabulary).support.tolist() == [[1, 0]]


def test_kinds_that_there_are_none_of():
    vocabulary = Vocabulary.build([TOLD])
    with pytest.raises(UserError, match="^facts is 'word'; give sentences or words or both$"):
        make_batch([TOLD], vocabulary, "word")
    with pytest.raises(UserError, match="^answer is 'tag'; give word or sequence or tags$"):
        make_batch([TOLD], vocabulary, answer="tag")
    with pytest.raises(UserError, match="^answer is 'sequence', and the vocabulary was built for 'word'"):
        make_batch([TOLD], vocabulary, answer="sequence")
    assert make_batch([TOLD], replace(vocabulary, kind=None), answer="sequence").answer.ndim == 2


# what is no Batch

WAYS_IN = {
    "forward": lambda model, batch: model.forward(batch),
    "loss_and_grads": lambda model, batch: model.loss_and_grads(batch),
    "gradient": lambda model, batch: model.gradient(batch),
    "evaluate": lambda model, batch: evaluate(model, batch),
    "evaluate, several weights": lambda model, batch: evaluate(model, batch, thetas=[model.theta, model.theta]),
    "take_stories": lambda model, batch: take_stories(batch, np.array([0])),
    "train on": lambda model, batch: loop.train(model, batch, make_batch([TOLD], model.vocabulary), loop.start(model, 0)),
    "train on what a function gives": lambda model, batch: loop.train(model, lambda rng: batch, make_batch([TOLD], model.vocabulary), loop.start(model, 0)),
    "validate on": lambda model, batch: loop.train(model, make_batch([TOLD], model.vocabulary), batch, loop.start(model, 0)),
}


@each_backend
@pytest.mark.parametrize("way", WAYS_IN)
@pytest.mark.parametrize("given", ([TOLD], TOLD, None), ids=lambda given: type(given).__name__)
def test_what_is_no_batch(way, backend, given):
    model = network(backend)
    before = model.theta.copy()
    with pytest.raises(TypeError, match=f"a {type(given).__name__} was given where a Batch is wanted; make one: make_batch") as error:
        WAYS_IN[way](model, given)
    one_line(error)
    np.testing.assert_array_equal(model.theta, before)     # nothing was trained on the way to the mistake


@each_backend
def test_a_batch_without_questions_or_answers(backend):
    model = network(backend)
    batch = make_batch([TOLD], model.vocabulary)
    empty = take_stories(replace(batch, story_of=batch.story_of + 1, n_tokens=np.repeat(batch.n_tokens, 2)), np.array([0]))[0]
    for way in (model.forward, model.loss_and_grads):
        with pytest.raises(ValueError, match="holds no question"):
            way(empty)
    untold = make_batch([replace(TOLD, questions=[replace(q, answer="") for q in TOLD.questions])], model.vocabulary)
    assert (untold.answer == NONE).all() and model.forward(untold).logits.shape == (2, 2)
    with pytest.raises(ValueError, match="no question of this batch has an answer to learn from"):
        model.loss_and_grads(untold)
    with pytest.raises(ValueError, match="no question of this set has an answer"):
        evaluate(model, untold)


# arrays that point to what is not there

def a_batch(kind):
    """A network's vocabulary and a right batch of two stories, where the second has the more of everything."""
    rng = np.random.default_rng(0)
    config = Config(**{"word": {}, "sequence": {"answer": "sequence"}, "tags": TAGS}[kind])
    stories = stories_for(rng, 6, config)
    stories = sorted(stories, key=lambda s: (len(s.questions), len(s.facts), sum(map(len, s.facts))))[-2:]
    vocabulary = Vocabulary.build([*stories, *stories_for(rng, 4, config)], config.answer, features=kind == "tags")
    return vocabulary, make_batch(stories, vocabulary, config.facts, config.answer), config


def beyond(kind, batch, vocabulary):
    """(field, index, the least number that is out of range, or the largest below it)."""
    V, N, A = len(vocabulary.words), len(vocabulary.features), len(vocabulary.answers)
    n_words, S = len(batch.forms) or V, len(batch.tokens)
    last = (-1, batch.n_facts_story[-1] - 1)               # the place of a story's last fact
    answer = -1 if kind == "word" else (-1, 0)
    found = [("tokens", (0, 0), n_words), ("tokens", (-1, -1), -1), ("n_tokens", 0, batch.tokens.shape[1] + 1), ("n_tokens", 0, 0),
             ("fact_end", last, batch.n_tokens[-1]), ("fact_end", last, -1), ("fact_end", (0, 0), batch.n_tokens[0]),
             ("n_facts_story", -1, batch.fact_end.shape[1] + 1), ("n_facts_story", -1, -1),
             ("question", (0, 0), n_words), ("question", (-1, 0), -1), ("n_question", 0, batch.question.shape[1] + 1), ("n_question", -1, -1),
             ("story_of", -1, S), ("story_of", 0, -1), ("n_facts", -1, batch.n_facts_story[batch.story_of[-1]] + 1), ("n_facts", 0, 0),
             ("support", (-1, 0), batch.n_facts[-1]), ("support", (-1, 0), 40), ("support", (-1, 0), 100_000_000), ("support", (0, 0), -2),
             ("answer", answer, A), ("answer", answer, UNSEEN - 1)]
    if N:
        found += [("forms", (0, 0), V), ("forms", (-1, 0), -1), ("forms", (-1, -1), N), ("forms", (0, -1), -2)]
    return found


@pytest.mark.parametrize("kind", ("word", "sequence", "tags"))
def test_each_array_out_of_range_is_refused_before_anything_runs(kind, monkeypatch):
    """On both back ends, in both precisions: no operation is called.  The next number within the range is taken."""
    vocabulary, batch, config = a_batch(kind)
    models = [DMN(replace(config, **SMALL), vocabulary, backend, dtype=dtype) for backend in ops.BACKENDS for dtype in ("float32", "float64")]
    check_batch(batch, models[0].vocabulary)
    for model in models:
        model.ops = None                                   # whatever reaches an operation ends in an AttributeError
    named = {field for field, _, _ in beyond(kind, batch, vocabulary)}
    assert named == {f.name for f in fields(Batch)} - ({"forms"} if kind != "tags" else set())
    for field, at, value in beyond(kind, batch, vocabulary):
        a = getattr(batch, field).copy()
        a[at] = value
        wrong = replace(batch, **{field: a})
        for model in models:
            for way in (model.forward, model.loss_and_grads):
                with pytest.raises(ValueError, match="^the batch's .* does not fit") as error:
                    way(wrong)
                one_line(error)
        if not (kind == "tags" and field in ("n_tokens", "n_facts", "n_facts_story")):     # there a tag too many is noticed first
            assert f"the batch's {field} does not fit" in str(error.value)


@pytest.mark.parametrize("field", [f.name for f in fields(Batch) if f.name != "forms"])
def test_arrays_of_unlike_lengths_are_refused(field):
    vocabulary, batch, _ = a_batch("word")
    for wrong in (replace(batch, **{field: getattr(batch, field)[:-1]}), replace(batch, **{field: np.concatenate([getattr(batch, field)] * 2)})):
        with pytest.raises(ValueError, match="^the batch's .* does not fit"):
            check_batch(wrong, vocabulary)


def test_padding_may_hold_anything_that_is_there():
    vocabulary, batch, _ = a_batch("word")
    fact_end, tokens = batch.fact_end.copy(), batch.tokens.copy()
    behind = np.arange(fact_end.shape[1]) >= batch.n_facts_story[:, None]
    assert behind.any()
    fact_end[behind] = 10_000
    check_batch(replace(batch, fact_end=fact_end), vocabulary)
    for backend in ops.BACKENDS:                           # and it is not read
        model = DMN(Config(**SMALL), vocabulary, backend)
        np.testing.assert_array_equal(model.forward(replace(batch, fact_end=fact_end)).logits, model.forward(batch).logits)
    tokens[np.arange(tokens.shape[1]) >= batch.n_tokens[:, None]] = len(vocabulary.words)              # it is looked up with the rest
    with pytest.raises(ValueError, match="tokens"):
        check_batch(replace(batch, tokens=tokens), vocabulary)


@each_backend
def test_a_batch_for_another_network_is_refused(backend):
    word, tags = network(backend), network(backend, stories=[TAGGED], **TAGS)
    plain = Vocabulary.build([TAGGED], "tags")             # without features of spelling
    sequence = network(backend, answer="sequence")
    word_batch = make_batch([TOLD], word.vocabulary)
    for model, batch, field in ((sequence, word_batch, "answer"), (word, make_batch([TOLD], sequence.vocabulary, answer="sequence"), "answer"),
                                (tags, make_batch([TAGGED], plain, "words", "tags"), "forms"),
                                (DMN(tags.config, plain, backend), make_batch([TAGGED], tags.vocabulary, "words", "tags"), "forms"),
                                (tags, make_batch([TAGGED], tags.vocabulary, "sentences", "tags"), "answer")):
        with pytest.raises(ValueError, match=f"^the batch's {field} does not fit"):
            model.loss_and_grads(batch)
    larger = Vocabulary.build([TOLD, Story(["Many more words here"], [Question("what else", "zzz", 1)])])
    with pytest.raises(ValueError, match="does not fit"):
        word.forward(make_batch([Story(["Many more words here"], [Question("what else", "zzz", 1)])], larger))


TAGGED = Story([["Mary", "talked"]], [Question(["all", "tags"], ["NNP", "VBD"], 1)])


# rng and parameters

@each_backend
@pytest.mark.parametrize("rng", (0, 1.5, "0", np.random, np.random.RandomState(0)))
def test_a_seed_is_no_generator(backend, rng):
    model = network(backend, dropout=0.3)
    batch = make_batch([TOLD], model.vocabulary)
    for way in (lambda: model.loss_and_grads(batch, rng=rng), lambda: model.gradient(batch, rng=rng), lambda: check_rng(rng)):
        with pytest.raises(TypeError, match=r"^rng is .*; give a generator, numpy.random.default_rng\(seed\)$") as error:
            way()
        one_line(error)
    check_rng(np.random.default_rng(0))
    model.loss_and_grads(batch, rng=np.random.default_rng(0))


@each_backend
@each_dtype
def test_assigning_to_a_parameter_copies_it_into_theta(backend, dtype):
    model = network(backend, dtype)
    batch = make_batch([TOLD], model.vocabulary)
    for name in list(model.params):
        view, new = model.params[name], np.random.default_rng(0).normal(size=model.params[name].shape)
        model.params[name] = new
        assert model.params[name] is view and np.shares_memory(view, model.theta) and view.dtype == np.dtype(dtype)
        np.testing.assert_array_equal(view, new.astype(dtype))
        new += 1                                           # the array that was given is nobody's
        assert np.all(np.asarray(view) != new)
    np.testing.assert_array_equal(np.concatenate([np.ravel(a) for a in model.params.values()]), model.theta)
    twin = network(backend, dtype)
    twin.theta = model.theta
    assert not np.shares_memory(twin.theta, model.theta)
    for other in ({"answer.W_a": np.ones_like(model.params["answer.W_a"])}, [("gate.b_2", np.array(3.0))]):
        model.params.update(other)
        twin.params |= dict(other)
        for name, value in dict(other).items():
            np.testing.assert_array_equal(model.params[name], value)
            np.testing.assert_array_equal(twin.params[name], value)
    third, view = network(backend, dtype), twin.params["input.W"]
    third.params = twin.params
    twin.params = {name: a + 1 for name, a in model.params.items()}
    np.testing.assert_array_equal(third.theta, model.theta)
    np.testing.assert_array_equal(twin.theta, model.theta + 1)
    assert twin.params["input.W"] is view and np.shares_memory(view, twin.theta) and not np.shares_memory(third.theta, twin.theta)
    twin.theta = third.theta
    assert model.loss_and_grads(batch)[0] == twin.loss_and_grads(batch)[0] == pytest.approx(_loss_of(model.theta, backend, dtype, batch), rel=1e-12)


def _loss_of(theta, backend, dtype, batch):
    model = network(backend, dtype)
    model.theta = theta
    return model.loss_and_grads(batch)[0]


@each_backend
def test_parameters_of_another_shape_or_name_are_refused(backend):
    model = network(backend)
    before = model.theta.copy()
    for name, value, error, says in (
            ("input.W", np.zeros((3, 3)), ValueError, r"^input.W has shape \(12, 3\); an array of shape \(3, 3\) was given"),
            ("input.W", 0.0, ValueError, r"an array of shape \(\) was given"), ("input.b", np.zeros((1, 12)), ValueError, "input.b has shape"),
            ("input.V", np.zeros(3), KeyError, "no parameter 'input.V'; this network has embedding.L, ")):
        with pytest.raises(error, match=says):
            model.params[name] = value
        with pytest.raises(error, match=says):
            model.params.update({name: value})
        with pytest.raises(error, match=says):
            model.params |= {name: value}
    for theta in (0.0, model.theta[:-1], model.theta[None], np.zeros(len(model.theta) + 1)):
        with pytest.raises(ValueError, match="^theta has shape"):
            model.theta = theta
    for refused in (lambda: model.params.pop("input.W"), lambda: model.params.clear(), lambda: model.params.popitem(),
                    lambda: model.params.setdefault("more", 1), lambda: model.params.__delitem__("input.W")):
        with pytest.raises(TypeError, match="a network keeps its parameters"):
            refused()
    for values in ({}, dict(model.params, more=1), {k: v for k, v in model.params.items() if k != "input.W"}):
        with pytest.raises(ValueError, match="^the parameters of this network are embedding.L, "):
            model.params = values
    np.testing.assert_array_equal(model.theta, before)


@each_backend
def test_other_weights_are_asked_without_a_copy_and_leave_the_network_its_own(backend):
    model = network(backend)
    batch, before, theta = make_batch([TOLD], model.vocabulary), model.theta.copy(), model.theta + 1
    other = model.with_weights(theta)
    assert other.theta is theta and all(np.shares_memory(a, theta) for a in other.params.values())
    twin = network(backend)
    twin.theta = theta
    np.testing.assert_array_equal(other.forward(batch).logits, twin.forward(batch).logits)
    other.params["input.W"] = np.zeros((12, 3))
    np.testing.assert_array_equal(model.theta, before)
    assert all(np.shares_memory(a, model.theta) for a in model.params.values()) and model.theta is not theta
    for wrong in (theta[:-1], np.r_[theta, 0], theta.astype("float32"), list(theta), 0.0, np.repeat(theta, 2)[::2]):
        with pytest.raises(ValueError, match="^the weights of this network are a contiguous float64 array"):
            model.with_weights(wrong)


@each_backend
@pytest.mark.parametrize("way", ("copy", "deepcopy", "pickle"))
def test_a_copy_of_a_network_keeps_params_and_theta_one(backend, way):
    model = network(backend)
    batch = make_batch([TOLD], model.vocabulary)
    other = {"copy": copy.copy, "deepcopy": copy.deepcopy, "pickle": lambda model: pickle.loads(pickle.dumps(model))}[way](model)
    assert np.shares_memory(other.theta, model.theta) == (way == "copy")
    np.testing.assert_array_equal(other.theta, model.theta)
    assert (other.config, other.vocabulary, other.backend, other.dtype, other.threads) == (model.config, model.vocabulary, backend, model.dtype, model.threads)
    assert list(other.params) == list(model.params) and all(np.shares_memory(a, other.theta) for a in other.params.values())
    before = model.loss_and_grads(batch)[0]
    other.theta = other.theta + 1
    for name in other.params:
        other.params[name] += 1
    np.testing.assert_allclose(other.theta, np.concatenate([np.ravel(a) for a in other.params.values()]))
    assert other.loss_and_grads(batch)[0] != before and (model.loss_and_grads(batch)[0] == before) == (way != "copy")
    alone = pickle.loads(pickle.dumps(model.params))       # the parameters alone: a plain dict
    assert type(alone) is dict and type(copy.deepcopy(model.params)) is dict and list(alone) == list(model.params)


def test_networks_that_there_are_none_of():
    vocabulary = Vocabulary.build([TOLD])
    with pytest.raises(ValueError, match="^backend 'tpu': give one of numpy, numba, cuda, or a list of them$"):
        DMN(Config(), vocabulary, "tpu")
    for dtype in ("float16", "int32"):
        with pytest.raises(ValueError, match=f"^dtype {dtype}: give float32, or float64"):
            DMN(Config(), vocabulary, "numpy", dtype=dtype)
    with pytest.raises(ValueError, match=r"^answer 'sequence': build the vocabulary for it, Vocabulary.build\(stories, answer='sequence'\)$"):
        DMN(Config(answer="sequence"), vocabulary, "numpy")
    assert network().vocabulary.kind == "word" and DMN(Config(answer="sequence"), replace(vocabulary, kind=None), "numpy").vocabulary.kind == "sequence"


def test_stories_cut_at_their_questions_can_be_asked():
    """What cutting makes, make_batch takes, whatever the story."""
    stories = random_stories(np.random.default_rng(1), 20)
    make_batch(cut_at_questions(stories), Vocabulary.build(stories))
