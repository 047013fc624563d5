"""The settings that suit a task, pinned: a figure of README stands on each of them, so that a change is one that somebody meant."""

from dataclasses import asdict, fields

import pytest

from tinydmn.config import Config
from tinydmn.errors import UserError
from tinydmn.tasks.babi import babi_config
from tinydmn.tasks.pos import pos_config
from tinydmn.tasks.sst import sst_config

DEFAULT = {"hidden": 80, "embedding": 80, "embedding_scale": 1.0, "recurrent": "normal", "memory_bias": 0.0, "gate_hidden": 80, "passes": 3, "episode": "softmax", "stop": "no", "facts": "sentences", "cell": "gru",
           "bidirectional": "no", "answer": "word", "longest": 50, "teacher_forcing": "yes", "learning_rate": 2e-3, "final_rate": 0.02, "gate_epochs": 2, "alpha": 1.0,
           "l2": 1e-4, "clip": 5.0, "ensemble": 1, "drop_facts": 0.0, "permute_entities": "no"}
BY_SIZE = {"1k": {"batch": 4, "dropout": 0.3, "epochs": 120, "selection_window": 0.1}, "10k": {"batch": 8, "dropout": 0.1, "epochs": 25, "selection_window": 0.2}}
PLAIN = {                      # what differs in the paper's own model: (task, size) -> values; size None: both
    (1, "1k"): {"epochs": 60}, (1, "10k"): {"epochs": 10}, (2, "1k"): {"l2": 2e-3}, (3, "1k"): {"l2": 1e-3}, (3, "10k"): {"epochs": 60, "dropout": 0.2, "l2": 2e-4},
    (6, "10k"): {"epochs": 15}, (17, "1k"): {"embedding_scale": 8.0}, (17, "10k"): {"embedding_scale": 8.0, "epochs": 60, "l2": 0.0}, (19, "10k"): {"epochs": 60},
    (7, None): {"passes": 5}, (8, None): {"passes": 5, "answer": "sequence"}, (19, None): {"answer": "sequence"}}
TOLD_AGAIN = {"permute_entities": "yes", "drop_facts": 1.0, "embedding_scale": 8.0, "l2": 0.0}
EXTENDED = {                   # and in the extended one
    (2, "1k"): TOLD_AGAIN | {"dropout": 0.1, "epochs": 500}, (3, "1k"): TOLD_AGAIN | {"bidirectional": "yes", "dropout": 0.1, "epochs": 400},
    (7, "1k"): TOLD_AGAIN | {"dropout": 0.1, "passes": 7, "epochs": 300}, (8, "1k"): TOLD_AGAIN | {"dropout": 0.1, "epochs": 300}, (10, "1k"): {"permute_entities": "yes"},
    (17, "1k"): {"permute_entities": "yes", "recurrent": "orthogonal", "memory_bias": 1.0, "hidden": 160, "dropout": 0.0, "l2": 0.0, "batch": 4, "epochs": 800},
    (18, "1k"): {"permute_entities": "yes", "drop_facts": 1.0, "epochs": 200, "l2": 5e-4},
    (19, "1k"): TOLD_AGAIN | {"bidirectional": "yes", "dropout": 0.0, "batch": 8, "epochs": 400},
    (3, "10k"): {"bidirectional": "yes", "drop_facts": 1.0, "embedding_scale": 8.0, "dropout": 0.3, "l2": 1e-3, "batch": 4, "epochs": 120},
    (17, "10k"): {"permute_entities": "yes", "dropout": 0.0, "epochs": 200}, (19, "10k"): {"bidirectional": "yes", "drop_facts": 1.0, "embedding_scale": 8.0, "batch": 16, "epochs": 40}}

SST = {"facts": "words", "episode": "gated", "bidirectional": "yes", "passes": 2, "embedding": 50, "batch": 64, "dropout": 0.4, "l2": 1e-5, "epochs": 6, "final_rate": 0.05,
       "learning_rate": 1e-3, "alpha": 0.0, "gate_epochs": 0, "selection_window": 1.0}
POS = {"answer": "tags", "facts": "words", "episode": "gated", "bidirectional": "yes", "passes": 1, "hidden": 120, "embedding": 120, "batch": 16, "dropout": 0.5, "l2": 0.0,
       "epochs": 12, "final_rate": 0.05, "alpha": 0.0, "gate_epochs": 0, "selection_window": 1.0}


def expected(*parts):
    """A preset runs all its epochs."""
    values = DEFAULT.copy()
    for part in parts:
        values |= part
    return values | {"patience": values["epochs"]}


@pytest.mark.parametrize("plain", (True, False))
@pytest.mark.parametrize("size", ("1k", "10k"))
@pytest.mark.parametrize("task", range(1, 21))
def test_every_setting_of_every_task(task, size, plain):
    more = [values for (t, s), values in PLAIN.items() if t == task and s in (size, None)] + [{} if plain else EXTENDED.get((task, size), {})]
    assert asdict(babi_config(task, size, plain)) == expected(BY_SIZE[size], *more)


def test_settings_of_sentiment_and_tags():
    assert asdict(sst_config()) == expected(SST) and asdict(sst_config(own=True)) == expected(SST, {"dropout": 0.1, "batch": 16, "epochs": 12})
    assert asdict(pos_config()) == expected(POS)
    assert asdict(pos_config(own=True)) == expected(POS, {"hidden": 40, "embedding": 30, "dropout": 0.1, "epochs": 6})


def test_every_field_is_pinned():
    assert {f.name for f in fields(Config)} == {*DEFAULT, *BY_SIZE["1k"], "patience"}


def test_tasks_that_there_is_no_preset_of_take_the_common_one():
    assert babi_config(21) == babi_config(4) and babi_config(5) == babi_config(5, "1k", False)


@pytest.mark.parametrize("make", (lambda **given: babi_config(2, "1k", **given), lambda **given: babi_config(2, "1k", True, **given), sst_config, pos_config))
def test_what_is_given_by_hand_goes_before(make):
    given = {"hidden": 7, "epochs": 3, "patience": 2, "dropout": 0.25, "l2": 0.5, "embedding_scale": 3.0, "final_rate": 0.5, "selection_window": 0.75, "batch": 9, "learning_rate": 0.1}
    config, before = asdict(make(**given)), asdict(make())
    assert {k: v for k, v in config.items() if k in given} == given
    assert {k: v for k, v in config.items() if k not in given} == {k: v for k, v in before.items() if k not in given}


def test_epochs_of_the_gates_alone_give_way_where_they_would_be_all():
    """Only the preset's: epochs that somebody asks for are asked for."""
    assert [babi_config(4, epochs=n).gate_epochs for n in (1, 2, 3)] == [0, 0, 2]
    assert babi_config(4, episode="gated").gate_epochs == 0 and babi_config(4, episode="gated", gate_epochs=2).gate_epochs == 2
    assert babi_config(4, epochs=5, gate_epochs=4).gate_epochs == 4
    with pytest.raises(UserError, match="no answer would be learnt"):
        babi_config(4, epochs=2, gate_epochs=2)


def test_a_preset_has_the_patience_of_its_own_epochs():
    """Epochs given by hand leave it as it is."""
    assert babi_config(4).patience == 120 and babi_config(4, epochs=200).patience == 120 and babi_config(4, patience=3).patience == 3
