"""Config: every bound, every choice, every type, what does not go together; and the numbers that a network begins with."""

import re
from dataclasses import FrozenInstanceError, fields, replace
from math import inf, nan, nextafter

import numpy as np
import pytest
from hypothesis import given, strategies as st

from tinydmn import DMN, Config, UserError, Vocabulary
from tinydmn.config import bounds, check_value, limits
from tinydmn.data.story import Question, Story
from tinydmn.input_module import KEEP
from tinydmn.ops.groups import CELLS
from tinydmn.parameters import flat, initial, shapes, views

from .stories import TAGS

FIELDS = {f.name: f for f in fields(Config)}
NUMBERS = [name for name, f in FIELDS.items() if f.type is not str]
WORDS = [name for name, f in FIELDS.items() if f.type is str]
TOGETHER = {"answer": {"tags": TAGS}, "teacher_forcing": {"no": {"answer": "sequence"}}, "passes": {0: {"gate_epochs": 0}}}   # what a value needs beside it
# the bounds that the package promises: name, least and most that are allowed; None: the bound itself is not allowed, or there is none
BOUNDS = {"memory_bias": (-100, 100), "hidden": (1, 10_000), "embedding": (1, 10_000), "embedding_scale": (0, 1e6), "gate_hidden": (1, 10_000), "passes": (0, 100), "longest": (1, 10_000),
          "learning_rate": (0, 1e3), "final_rate": (0, 1e3), "batch": (1, 1_000_000), "epochs": (1, 1_000_000), "patience": (1, 1_000_000),
          "gate_epochs": (0, 1_000_000), "alpha": (0, 1e6), "dropout": (0, nextafter(1, 0)), "l2": (0, 1e6), "clip": (nextafter(0, 1), 1e12),
          "selection_window": (0, 1), "ensemble": (1, 1000), "drop_facts": (0, 1)}
CHOICES = {"recurrent": {"normal", "orthogonal"}, "episode": {"softmax", "gated"}, "stop": {"no", "yes"}, "facts": {"sentences", "words", "both"}, "cell": {"gru", "lstm", "rnn"},
           "bidirectional": {"no", "yes"}, "answer": {"word", "sequence", "tags"}, "teacher_forcing": {"yes", "no"}, "permute_entities": {"no", "yes"}}


def with_value(name, value):
    """A Config with one field set, and what must stand beside it."""
    beside = TOGETHER.get(name, {}).get(value, {}) if isinstance(value, (str, int)) else {}
    if name in ("epochs", "gate_epochs"):
        beside = {"alpha": 0.0}                            # no gates are trained: then any number of epochs will do
    return Config(**beside | {name: value})


def option(name):
    return "^--" + name.replace("_", "-") + " is "


def test_every_field_is_listed_here():
    assert set(BOUNDS) == set(NUMBERS) and set(CHOICES) == set(WORDS)
    assert all(f.metadata["help"] for f in FIELDS.values())
    assert Config() == Config(**{name: f.default for name, f in FIELDS.items()})
    with pytest.raises(FrozenInstanceError):
        Config().hidden = 3


def test_help_shows_every_field():
    for name, f in FIELDS.items():
        allowed = " or ".join(f.metadata["choices"]) if f.type is str else bounds(limits(f))
        assert f"    {name} ({f.default}): {f.metadata['help']}; {allowed}." in re.sub(r"\n {8}", " ", Config.__doc__)
    assert max(map(len, Config.__doc__.splitlines())) <= 100


@pytest.mark.parametrize("name", NUMBERS)
def test_every_bound(name):
    """The bounds themselves are taken, the next number beyond is refused in one line that says what may be given."""
    least, most = BOUNDS[name]
    whole = FIELDS[name].type is int
    for value in (least, most):
        assert getattr(with_value(name, value), name) == value
    for value in (least - 1 if whole else nextafter(least, -inf), most + 1 if whole else nextafter(most, inf), -inf, inf, nan):
        with pytest.raises(UserError, match=option(name)) as error:
            with_value(name, value)
        says = str(error.value)
        assert "\n" not in says and ("give " + bounds(limits(FIELDS[name])) in says or whole and isinstance(value, float))


@pytest.mark.parametrize("name", NUMBERS)
@given(st.data())
def test_every_number_between_the_bounds(name, data):
    least, most = BOUNDS[name]
    value = data.draw(st.integers(least, most) if FIELDS[name].type is int else st.floats(least, most))
    assert getattr(with_value(name, value), name) == value


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("value", ("3", "", None, True, False, [3], 1j, b"3"))
def test_what_is_no_number(name, value):
    """A number as text, as a command line has it, is not one; nor is a bool, though Python counts with it."""
    with pytest.raises(UserError, match=option(name) + r".*; give a (whole )?number$") as error:
        with_value(name, value)
    assert repr(value) in str(error.value) and ("whole" in str(error.value)) == (FIELDS[name].type is int)


@pytest.mark.parametrize("name", [name for name in NUMBERS if FIELDS[name].type is int])
def test_a_whole_number_is_no_float(name):
    for value in (3.0, 3.5, np.float64(3)):
        with pytest.raises(UserError, match=option(name) + ".*; give a whole number$"):
            with_value(name, value)
    assert getattr(with_value(name, np.int64(7)), name) == 7


@pytest.mark.parametrize("name", [name for name in NUMBERS if FIELDS[name].type is float])
def test_a_number_may_be_whole(name):
    assert getattr(with_value(name, np.float32(0.5)), name) == 0.5
    assert BOUNDS[name][1] < 1 or getattr(with_value(name, 1), name) == 1


@pytest.mark.parametrize("name", WORDS)
def test_every_choice(name):
    assert set(FIELDS[name].metadata["choices"]) == CHOICES[name] and FIELDS[name].default in CHOICES[name]
    for value in CHOICES[name]:
        assert getattr(with_value(name, value), name) == value
    for value in ("", "other", FIELDS[name].default.upper(), FIELDS[name].default + " "):
        with pytest.raises(UserError, match=option(name) + f"'{value}'; give ") as error:
            with_value(name, value)
        assert all(choice in str(error.value) for choice in CHOICES[name])
    for value in (0, None, True, ["gru"], b"gru"):
        with pytest.raises(UserError, match=option(name) + ".*; give a word$"):
            with_value(name, value)


def test_bounds_in_words():
    assert bounds({"least": 1, "most": 10_000}) == "1 to 10,000" and bounds({"least": 0, "below": 1.0}) == "0 or more and less than 1.0"
    assert bounds({"above": 0.0, "most": 1e12}) == "more than 0.0 and 1,000,000,000,000.0 or less" and bounds({"below": 3}) == "less than 3"
    assert bounds({"least": 2}) == "2 or more" and bounds({"above": 2}) == "more than 2" and bounds({"most": 2}) == "2 or less"
    assert bounds({}) == "a finite number"


def test_one_value_checked_for_all_commands():
    check_value("--seed", 0, int, {"least": 0})
    check_value("--x", -5.5, float, {})
    check_value("--out", "any word", str, {})
    check_value("--column", 2, int, {"choices": (1, 2)})
    for name, value, type_, allowed, says in (("--seed", -1, int, {"least": 0}, "--seed is -1; give 0 or more"), ("--x", nan, float, {"least": 0, "most": 1}, "--x is nan; give 0 to 1"),
                                              ("--column", 3, int, {"choices": (1, 2)}, "--column is 3; give 1 or 2"), ("--n", 1, int, {"above": 1}, "--n is 1; give more than 1"),
                                              ("--n", 1, int, {"below": 1}, "--n is 1; give less than 1")):
        with pytest.raises(UserError) as error:
            check_value(name, value, type_, allowed)
        assert str(error.value) == says


# what does not go together

GOES = [{"epochs": 3, "gate_epochs": 2}, {"epochs": 1, "gate_epochs": 0}, {"epochs": 2, "gate_epochs": 2, "alpha": 0.0}, {"epochs": 1, "passes": 0, "gate_epochs": 9},
        TAGS | {"epochs": 1, "gate_epochs": 5}, TAGS | {"passes": 0}, {"stop": "yes", "passes": 1}, {"stop": "yes", "answer": "sequence"},
        {"answer": "sequence", "teacher_forcing": "no"}, {"answer": "sequence", "ensemble": 1}, {"ensemble": 5}, TAGS | {"ensemble": 3}, {"facts": "words", "episode": "gated"}]
DOES_NOT = [({"epochs": 2, "gate_epochs": 2}, "--epochs is 2, and the first 2 train the gates alone"), ({"epochs": 1, "gate_epochs": 2}, "--epochs is 1, and the first 2"),
            ({"epochs": 1, "gate_epochs": 1, "passes": 1, "alpha": 1e-9}, "--epochs is 1, and the first 1"),
            ({"answer": "tags"}, "--answer tags needs --episode gated and --facts words"), ({"answer": "tags", "episode": "gated"}, "--answer tags needs"),
            ({"answer": "tags", "facts": "words"}, "--answer tags needs"), ({"answer": "tags", "episode": "gated", "facts": "both"}, "--answer tags needs"),
            ({"answer": "sequence", "ensemble": 2}, "--ensemble: an ensemble"), ({"teacher_forcing": "no"}, "--teacher-forcing no: only a decoder"), (TAGS | {"teacher_forcing": "no"}, "--teacher-forcing no"),
            ({"stop": "yes", "passes": 0}, "--stop yes: there is no pass to end"), (TAGS | {"stop": "yes"}, "--stop yes: a tagged word has no end-of-passes")]


@pytest.mark.parametrize("values", GOES, ids=str)
def test_what_goes_together(values):
    config = Config(**values)
    assert all(getattr(config, name) == value for name, value in values.items())


@pytest.mark.parametrize("values, says", DOES_NOT, ids=str)
def test_what_does_not_go_together(values, says):
    """Also when one of two right ones is changed."""
    for make in (lambda: Config(**values), lambda: replace(Config(), **values)):
        with pytest.raises(UserError, match="^" + says) as error:
            make()
        assert "\n" not in str(error.value)


def test_whether_training_begins_with_the_gates_alone():
    assert Config().gates_first is True and Config(epochs=2, gate_epochs=1).gates_first is True
    for values in ({"gate_epochs": 0}, {"alpha": 0.0}, {"passes": 0}, TAGS):
        assert Config(**values).gates_first is False


# the numbers that a network begins with

STORY = Story([["a", "b", "c"]], [Question(["q"], ["x"], 1)])
CASES = [{"cell": cell, "bidirectional": reading, "episode": "gated", "answer": "sequence"} for cell in CELLS for reading in ("no", "yes")]


def start(seed=0, features=False, **more):
    config = Config(**{"hidden": 6, "embedding": 5, "gate_hidden": 4} | more)
    vocabulary = Vocabulary.build([STORY, *[Story([["ab", "abc", "abd"]], [])] * features], config.answer, features)
    return initial(config, vocabulary, np.random.default_rng(seed)), config, vocabulary


@pytest.mark.parametrize("case", CASES, ids=str)
def test_biases_begin_at_0_but_the_one_that_keeps_a_state(case):
    """b_z of the GRU that reads facts, the forget gate of an LSTM that does, of either way of reading; of nothing else."""
    values, config, _ = start(**case)
    H = config.hidden
    keeps = {"gru": range(H), "lstm": range(H, 2 * H), "rnn": ()}[config.cell]             # z, r, h~;  i, f, o, c~
    biases = {name for name in values if name.split(".")[1] in ("b", "b_1", "b_2")}
    assert {"input.b", "question.b", "memory.b", "episode.b", "answer.b", "gate.b_1", "gate.b_2"} <= biases and ("input_back.b" in biases) == (config.bidirectional == "yes")
    for name in biases:
        wanted = np.zeros(values[name].shape)
        if name in ("input.b", "input_back.b"):
            wanted[list(keeps)] = KEEP
        np.testing.assert_array_equal(values[name], wanted, err_msg=name)
    assert KEEP == 1.0


def test_matrices_begin_normal_with_variance_1_over_columns():
    """Vectors too; of a word vector D are its columns."""
    values, config, _ = start(hidden=60, embedding=50, gate_hidden=70, episode="gated", answer="sequence")
    for name, a in values.items():
        if a.size > 200 and not name.endswith(".b"):
            assert a.std() == pytest.approx(1 / np.sqrt(a.shape[-1]), rel=0.15), name
            assert abs(a.mean()) < 4 * a.std() / np.sqrt(a.size), name
        if a.ndim and not name.endswith((".b", ".b_1")):
            assert a.any() and a.dtype == np.float64, name
    vectors = np.array([start(seed, hidden=60)[0]["memory.end_of_passes"] for seed in range(20)])
    assert vectors.std() == pytest.approx(1 / np.sqrt(60), rel=0.1)


@pytest.mark.parametrize("length", (0.0, 0.5, 8.0))
def test_word_length_multiplies_word_vectors_and_nothing_else(length):
    for features in (False, True):
        values, _, vocabulary = start(features=features, embedding_scale=length)
        plain, _, _ = start(features=features)
        assert ("embedding.F" in values) == features == bool(vocabulary.features)
        for name, a in plain.items():
            np.testing.assert_allclose(values[name], length * a if name.startswith("embedding.") else a, err_msg=name)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_matrices_from_state_to_state_begin_orthogonal_where_that_is_asked(case):
    """Each gate's by itself; nothing else changes, and each is another one."""
    (values, config, _), (plain, *_) = start(**case, recurrent="orthogonal"), start(**case)
    H, seen = config.hidden, []
    assert {name for name in values if not np.array_equal(values[name], plain[name])} == {name for name in values if name.endswith(".U")}
    for name, U in values.items():
        if name.endswith(".U"):
            assert U.shape == plain[name].shape
            for block in U.reshape(-1, H, H):
                np.testing.assert_allclose(block @ block.T, np.eye(H), atol=1e-12, err_msg=name)
                assert not any(np.allclose(block, other) for other in seen), name
                seen.append(block)
    # any as likely as any other: of matrices with a negative diagonal in R there would be none, or too many
    signs = np.array([np.sign(np.linalg.det(start(seed, recurrent="orthogonal")[0]["memory.U"][:H])) for seed in range(40)])
    corner = np.array([start(seed, recurrent="orthogonal")[0]["memory.U"][0, 0] for seed in range(40)])
    assert 8 <= np.sum(signs > 0) <= 32 and 8 <= np.sum(corner > 0) <= 32


@pytest.mark.parametrize("bias", (-3.0, 1.0))
def test_memory_bias_is_the_memorys_b_z_and_nothing_else(bias):
    for case in CASES[:1] + [{"passes": 0}]:
        (values, config, _), (plain, *_) = start(**case, memory_bias=bias), start(**case)
        for name in plain:
            wanted = plain[name].copy()
            if name == "memory.b":
                wanted[:config.hidden] = bias              # z, r, h~
            np.testing.assert_array_equal(values[name], wanted, err_msg=name)


def test_a_seed_is_a_start():
    (one, config, vocabulary), (again, *_), (other, *_) = start(0), start(0), start(1)
    for name in one:
        np.testing.assert_array_equal(one[name], again[name])
        assert name.endswith((".b", ".b_1", ".b_2")) or not np.any(one[name] == other[name]), name
    for dtype in ("float32", "float64"):
        model = DMN(config, vocabulary, "numpy", 1, dtype)
        np.testing.assert_array_equal(model.theta, flat(other).astype(dtype))
        assert model.theta.dtype == np.dtype(dtype)


@pytest.mark.parametrize("more, names", (
    ({}, "embedding.L input question gate memory memory.end_of_passes answer.W_a"),
    ({"episode": "gated"}, "embedding.L input question gate episode memory memory.end_of_passes answer.W_a"),
    ({"bidirectional": "yes"}, "embedding.L input input_back question gate memory memory.end_of_passes answer.W_a"),
    ({"passes": 0}, "embedding.L input answer.W_a"), ({"passes": 0, "episode": "gated"}, "embedding.L input answer.W_a"),
    ({"answer": "sequence"}, "embedding.L input question gate memory memory.end_of_passes answer answer.W_a"),
    ({"answer": "sequence", "passes": 0}, "embedding.L input question answer answer.W_a"),
    (TAGS, "embedding.L input question gate episode memory answer.W_a"), (TAGS | {"passes": 0}, "embedding.L input answer.W_a"),
    ({"features": True}, "embedding.L embedding.F input question gate memory memory.end_of_passes answer.W_a")))
def test_names_and_shapes_of_parameters(more, names):
    """In the order of the way through the network, which is that of theta."""
    values, config, vocabulary = start(**more)
    V, D, H, G, A, N = len(vocabulary.words), 5, 6, 4, len(vocabulary.answers), len(vocabulary.features)
    gru = lambda name, I: {f"{name}.W": (3 * H, I), f"{name}.U": (3 * H, H), f"{name}.b": (3 * H,)}
    parts = {"embedding.L": {"embedding.L": (V, D)}, "embedding.F": {"embedding.F": (N, D)}, "input": gru("input", D), "input_back": gru("input_back", D),
             "question": gru("question", D), "gate": {"gate.W_b": (H, H), "gate.W_1": (G, 7 * H + 2), "gate.b_1": (G,), "gate.W_2": (G,), "gate.b_2": ()},
             "episode": gru("episode", H), "memory": gru("memory", H), "memory.end_of_passes": {"memory.end_of_passes": (H,)}, "answer": gru("answer", A + H),
             "answer.W_a": {"answer.W_a": (A, H)}}
    wanted = {name: shape for part in names.split() for name, shape in parts[part].items()}
    assert list(shapes(config, vocabulary).items()) == list(wanted.items()) == [(name, a.shape) for name, a in values.items()]
    theta = flat(values)
    assert theta.shape == (sum(a.size for a in values.values()),)
    for (name, view), a in zip(views(theta, wanted).items(), values.values()):
        np.testing.assert_array_equal(view, a, err_msg=name)
        assert np.shares_memory(view, theta)


@pytest.mark.parametrize("cell", CELLS)
def test_shapes_of_what_reads(cell):
    """An LSTM stacks four gates, a plain network has one; the memory's, the episode's and the decoder's are GRUs whatever reads."""
    values, config, vocabulary = start(cell=cell, bidirectional="yes", episode="gated", answer="sequence")
    rows = {"gru": 18, "lstm": 24, "rnn": 6}[cell]
    for name in ("input", "input_back", "question"):
        assert [values[f"{name}.{part}"].shape for part in "WUb"] == [(rows, 5), (rows, 6), (rows,)]
    for name in ("episode", "memory", "answer"):
        assert values[name + ".U"].shape == (18, 6)
    assert DMN(config, vocabulary, "numpy").params["input.U"].shape == (rows, 6)
