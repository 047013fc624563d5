"""Lessons 3 and 4 as a student runs them: what is trained on what, what they print is true of their own numbers, conclusions come from the run, exercises
end in a report, mistakes are told; what a picture of several runs shows besides, read back."""

import os
import re
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib.colors import to_hex

from tinydmn import DMN, Config, Vocabulary, make_batch, plots
from tinydmn.data.generator import write_task
from tinydmn.data.story import Question, Story, asked
from tinydmn.episodic_memory import gate_targets
from tinydmn.training import loop
from tinydmn.training.evaluate import Score, interval

from .test_lessons_01_02 import check_places, common, verdicts  # noqa: F401  (common is a fixture)
from .test_lessons_05_07 import LESSONS, as_a_student, check_screen, lesson, planted, scene
from .test_pictures import cells, check_names, drawn, history, line_of, texts, title_of  # noqa: F401  (drawn is a fixture)

THIRD, FOURTH = "03_episodic_memory", "04_training"
DATA = os.environ.get("TINYDMN_DATA")
PICTURES = {THIRD: ["03_episodic_memory.png"], FOURTH: ["04_attention.png", "04_training.png"]}
CLAIMS, PLACES = {THIRD: 4, FOURTH: 5}, {THIRD: 8, FOURTH: 6}
TOLD_ONE, TOLD, ALONE_ONE, ALONE = "told, 1 pass", "told, 3 passes", "not told, 1 pass", "not told, 3 passes"
ALL, LATER, NO = "every pass told", "passes 2 and 3 told", "no pass told"
WHERE = [(plots, "plot_training", plots.plot_training)]      # a training that is watched has no line in tinydmn/: with a patch, none is named
each_lesson = pytest.mark.parametrize("name", PICTURES)


class Runs(dict):
    """Each lesson as --quick runs it, in this process, once it is asked for: drawn, what its pictures were given; began, weights and seed with which each
    training began."""

    def __init__(self, factory):
        self.factory = factory

    def __missing__(self, name):
        with pytest.MonkeyPatch.context() as monkeypatch:
            monkeypatch.syspath_prepend(str(LESSONS))
            import common
        given, began, patch = [], [], []
        for place, function in ((common, "plot_attentions"), (plots, "plot_training")):
            real = getattr(place, function)
            patch.append((place, function, lambda *a, real=real, **more: given.append((a, more)) or real(*a, **more)))
        patch.append((loop, "start", lambda net, seed, real=loop.start: began.append((net.theta.copy(), seed)) or real(net, seed)))
        self[name] = lesson(name, self.factory.mktemp("lesson"), patch=patch)
        self[name].drawn, self[name].began = given, began
        return self[name]


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    return Runs(tmp_path_factory)


def check_beginnings(ran):
    for n, (theta, seed) in zip(ran.nets, ran.began, strict=True):
        np.testing.assert_array_equal(theta, DMN(n.config, ran.names["vocabulary"], seed=0).theta)
        assert seed == 0


@each_lesson
def test_a_lesson_runs_fits_80_columns_draws_and_says_the_same_again(name, ran, tmp_path):
    (tmp_path / "student").mkdir()
    done = as_a_student(name, tmp_path / "student")
    assert done.returncode == 0, done.stderr
    check_screen(done.stdout)
    check_places(done.stdout, PLACES[name])
    out = tmp_path / "student" / "out"
    assert sorted(p.name for p in out.iterdir()) == PICTURES[name] and all(p.stat().st_size > 10_000 for p in out.iterdir())
    assert [verdict for _, verdict in verdicts(done.stdout)] == ["not decided at this size (--quick)"] * CLAIMS[name]
    assert "Too small to show anything" in done.stdout and len(ran[name].claims) == CLAIMS[name]
    picture = PICTURES[name][0]                            # the other one shows seconds
    assert (out / picture).read_bytes() == (ran[name].folder / "out" / picture).read_bytes()
    other = lesson(name, tmp_path, seed=1, train=name == FOURTH, patch=WHERE)
    assert (other.folder / "out" / picture).read_bytes() != (out / picture).read_bytes()
    assert all(c.quick and c.pictures == PICTURES[name] for c in ran[name].claims)         # a picture is there before anything is judged


def test_a_missing_folder_is_one_line(tmp_path):
    done = as_a_student(THIRD, tmp_path, "--data", str(tmp_path / "none"))
    assert done.returncode == 2 and done.stderr.strip().count("\n") == 0 and "none" in done.stderr


@pytest.mark.parametrize("name, where, wrong, says", (
    (THIRD, "gate_forward", lambda right: lambda *a: (lambda s, cache: (-s, cache))(*right(*a)), "these s and eq. (6) written out"),
    pytest.param(THIRD, "gated_episode_forward", lambda right: lambda op, c, s, gru: right(op, c, 0 * s + 99, gru), "the last h, step by step", marks=pytest.mark.slow),
    (FOURTH, "cross_entropy_forward", lambda right: lambda *a: (lambda loss, p: (1.01 * loss, p))(*right(*a)), "J, by hand and by loss_and_grads"),
), ids=("gates", "episodes", "losses"))
def test_a_planted_mistake_is_told(name, where, wrong, says, tmp_path):
    ran = lesson(name, tmp_path, train=name == FOURTH, patch=[planted(where, wrong)], drawn=False)
    assert re.search(rf"^{re.escape(says)}[^:]*: NOT the", ran.out, re.M) and "What you saw" in ran.out


# ---- lesson 3 ----

def test_lesson_3_works_by_hand_what_it_says(ran):
    """The memory's numbers, from what stands on the screen."""
    one = ran[THIRD].out.split("\n4. ")[0]
    blocks = {name: [float(v) for v in numbers.split()] for name, numbers in re.findall(r"^  (\S+) +\[([^]]*)\]$", one, re.M)}
    c, q = np.array(blocks["c"]), np.array(blocks["q"])
    assert blocks["m"] == blocks["q"] and blocks["c∘q"] == blocks["c∘m"] == (c * q).tolist() and blocks["|c-q|"] == blocks["|c-m|"] == abs(c - q).tolist()
    assert blocks["cW_bq"] == blocks["cW_bm"] == [c @ q]
    gates = re.findall(r"s = +(\S+)   g = σ\(s\) = (\S+)", one)
    assert len(gates) == 3 and all(float(g) == pytest.approx(1 / (1 + np.exp(-float(s))), abs=0.006) for s, g in gates)
    assert float(gates[0][0]) == pytest.approx(12 * np.tanh(0.5) - 4, abs=0.006) and {s for s, _ in gates[1:]} == {"-4.00"}
    assert [g for g in re.findall(r"^  g = (\S+)   h = ", one, re.M)] == [g for _, g in gates]
    for says in ("step by step and by gated_episode_forward", "with all gates 0, and the state it began with", "with all gates 1, and a GRU without gates"):
        assert f"{says}: the same within 1e-12" in one
    rows = np.array(re.findall(r"^  \S.*\. +(?:\S )?(\d\.\d\d) +(?:\S )?(\d\.\d\d)$", one.split("3. The second")[1], re.M), float)
    assert rows.shape == (3, 2) and rows.argmax(axis=0).tolist() == [0, 2] and "Pass 1 looks at sentence 1, pass 2 at sentence 3." in one
    assert rows.sum(axis=0) == pytest.approx([1, 1], abs=0.015)


def test_lesson_3_trains_with_one_pass_and_with_three_told_and_not_told(ran):
    third = ran[THIRD]
    names, first = third.names, third.nets[0].config
    assert [(n.config.alpha, n.config.passes) for n in third.nets] == [(1, 1), (1, 3), (0, 1), (0, 3)]
    assert list(names["nets"]) == [TOLD_ONE, TOLD, ALONE_ONE, ALONE] and [n.net for n in third.nets] == list(names["nets"].values())
    alike = lambda config: {k: v for k, v in vars(config).items() if k not in ("alpha", "passes")}
    for n in third.nets:
        assert alike(n.config) == alike(first) and n.train is third.nets[0].train and n.valid is third.nets[0].valid
    check_material(names, third.nets[0].train, third.nets[0].valid)
    check_beginnings(third)


def check_material(names, fit, stop):
    """Three sets that have no question with its facts in common; the vocabulary knows only what is learnt."""
    parts = [names[part] for part in ("train", "stop", "held_out")]
    assert [len(part) for part in parts] == [60, 10, 20]
    known = [{text for story in part for text in asked(story)} for part in parts]
    assert not known[0] & known[1] and not known[0] & known[2] and not known[1] & known[2]
    for batch, stories in zip((fit, stop, names["test_batch"]), parts):
        np.testing.assert_array_equal(batch.tokens, make_batch(stories, names["vocabulary"]).tokens)
    assert names["vocabulary"].words == Vocabulary.build(parts[0]).words


def plain_weights(net, names, batch):
    """By question, what each pass puts on the first fact, the second, [done reading] and on the facts with the thing and its bearer: (4, passes)."""
    gates = net.forward(batch).gates
    total, i = np.zeros((4, len(gates))), 0
    for story in names:
        for question in story.questions:
            one, two = question.support
            thing, bearer = question.tokens[-1], story.facts[two][0]
            whom = [t for t in range(question.n_facts) if {thing, bearer} <= set(story.facts[t])]
            total += [gates[:, i, one], gates[:, i, two], gates[:, i, question.n_facts], gates[:, i, whom].sum(axis=1)]
            i += 1
    return total / i


def share(right):
    low, high = interval(np.mean(right), len(right))
    return f"{100 * np.mean(right):.1f} % ({100 * low:.1f} to {100 * high:.1f})"


def test_lesson_3_prints_what_its_networks_say(ran):
    third = ran[THIRD]
    names, batch = third.names, third.names["test_batch"]
    proof, right = third.out.split("\n6. ")[1], {}
    for name, net in names["nets"].items():
        out = net.forward(batch)
        right[name] = np.array([net.vocabulary.answers[k] == q.answer[0] for k, q in zip(out.answers, (q for s in names["held_out"] for q in s.questions))])
        target = gate_targets(batch.support, batch.n_facts, len(out.gates))
        looked = out.gate_scores.argmax(axis=2)[target >= 0] == target[target >= 0]
        lines = proof[proof.index(f"\n{name} ") + 1:].splitlines()[:len(out.gates)]
        assert f"{share(right[name])} " in lines[0] and f"{100 * looked.mean():.1f} %  pass 1" in lines[0]
        printed = [[float(v) for v in line.split("pass ")[-1].split()] for line in lines]
        weights = plain_weights(net, names["held_out"], batch)[:3].T
        assert [row[0] for row in printed] == list(range(1, len(out.gates) + 1))
        np.testing.assert_allclose([row[1:] for row in printed], weights, atol=0.0051)
    answers = [q.answer[0] for s in names["held_out"] for q in s.questions]
    assert f"place each time would be right in {100 * max(answers.count(a) for a in set(answers)) / len(answers):.1f} %." in " ".join(proof.split())
    for c, (one, other) in zip(third.claims, ((TOLD, TOLD_ONE), (TOLD, ALONE), (ALONE, ALONE_ONE), (TOLD_ONE, ALONE_ONE))):
        assert c.because == f"{share(right[one])} against {share(right[other])}"
    alone = right[TOLD] & ~right[TOLD_ONE] & ~right[ALONE_ONE] & ~right[ALONE]
    np.testing.assert_array_equal(names["telling"], alone)
    assert f"{alone.sum()} of 100 new questions" in third.out or not alone.any()
    assert re.search(r"^gradcheck of 'told, 3 passes': \d+ float64 derivatives by hand and as\ndifferences, relative: the same within 1e-04$", third.out, re.M)


def check_shown(given, names, nets, telling):
    """The picture of attention: of a question that tells (of any, where none does), what each network says and where it looks."""
    (facts, panels, _, text, answer, support), _ = given
    batch = names["test_batch"]
    questions = [(story, question) for story in names["held_out"] for question in story.questions]
    likely = [i for i in range(len(questions)) if telling[i]] or list(range(len(questions)))
    chosen = min(likely, key=lambda i: (abs(questions[i][1].n_facts - 8), i))
    story, question = questions[chosen]
    assert facts == [" ".join(f).capitalize() + "." for f in story.facts[:question.n_facts]] and text == " ".join(question.tokens).capitalize() + "?"
    assert (answer, list(support)) == (question.answer[0], question.support) and [title for title, *_ in panels] == list(nets)
    for (_, gates, said), net in zip(panels, nets.values()):
        out = net.forward(batch)
        np.testing.assert_allclose(gates, out.gates[:, chosen, :question.n_facts + 1], atol=1e-5)
        assert said == net.vocabulary.answers[out.answers[chosen]]


def test_lessons_show_a_question_that_tells(ran):
    third, fourth = ran[THIRD], ran[FOURTH]
    check_shown(third.drawn[0], third.names, third.names["nets"], third.names["telling"])
    check_shown(fourth.drawn[1], fourth.names, fourth.names["nets"], fourth.names["telling"])
    assert fourth.drawn[1][1] == {"notes": [["told"] * 3, ["not told", "told", "told"], ["not told"] * 3]}


def test_lesson_3_shows_what_three_told_passes_alone_have_right(ran, capsys):
    third = ran[THIRD]
    answer = third.names["test_batch"].answer
    some = SimpleNamespace(answers=np.where(np.arange(len(answer)) < 40, answer, -5))
    better = SimpleNamespace(answers=np.where(np.arange(len(answer)) < 47, answer, -5))
    given = {TOLD_ONE: some, TOLD: better, ALONE_ONE: some, ALONE: some}
    nets = {name: SimpleNamespace(forward=lambda batch, name=name: given[name]) for name in given}
    capsys.readouterr()
    after = scene(third, "# %% 5.", nets=nets, attention_of=lambda nets, stories, telling, path: print("shown", np.flatnonzero(telling).tolist()))
    out = capsys.readouterr().out
    assert "7 of 100 new questions are answered right by the network\n'told, 3 passes' and by no other" in out and f"shown {list(range(40, 47))}" in out and after["telling"].sum() == 7
    for name in (TOLD_ONE, ALONE_ONE, ALONE):              # each of the others may have them as well
        scene(third, "# %% 5.", nets=nets | {name: nets[TOLD]}, attention_of=lambda *a: None)
        assert "no question that 'told, 3 passes' alone" in capsys.readouterr().out


@pytest.mark.parametrize("accuracies, look, holds, says", [
    ((0.38, 0.90, 0.38, 0.39), True, [True] * 4, "It takes both."),
    ((0.38, 0.90, 0.38, 0.39), False, [True] * 4, "Not what four networks mostly show"),          # it answers, but looks elsewhere
    ((0.88, 0.90, 0.38, 0.39), True, [False, True, True, False], "Not what four networks mostly show"),
    ((0.38, 0.90, 0.38, 0.88), True, [True, False, False, True], "Not what four networks mostly show"),
    ((0.38, 0.90, 0.38, 0.45), True, [True, True, True, True], "It takes both."),                 # the intervals of 100 questions overlap
])
def test_lesson_3_draws_its_conclusions_from_the_numbers(accuracies, look, holds, says, ran, capsys):
    third = ran[THIRD]
    names = third.names
    right = dict(zip(map(id, names["nets"].values()), accuracies))
    places = names["seen"]
    gates = {name: np.stack([places["first" if look else "done"], places["second"], places["done"]][:1 if "1 pass" in name else 3]).astype(float) for name in names["nets"]}
    args = SimpleNamespace(**vars(names["args"]) | {"quick": False})
    before = len(third.claims)
    capsys.readouterr()
    after = scene(third, "# %% 6.", args=args, out={name: SimpleNamespace(gates=g) for name, g in gates.items()},
                  evaluate=lambda net, batch: Score(right[id(net)], 0.5, 1.0, 100), check_model=lambda *a: {"x": (1e-9, 3), "y": (0.2, 4)})
    scene(SimpleNamespace(names=after, folder=third.folder), "# %% 7.")
    out = capsys.readouterr().out
    found, third.claims[before:] = [c.holds for c in third.claims[before:]], []
    assert found == holds and f"What you saw: {says}" in out and not re.findall("--quick", out)
    assert "7 float64 derivatives by hand and as differences, relative: NOT the same" in " ".join(out.split())
    assert [line for line in out.splitlines() if len(line) > 80] == []


def test_lesson_3_your_turn(tmp_path):
    two = lesson(THIRD, tmp_path, ("PASSES, EPISODE = (1, 3)", "PASSES, EPISODE = (1, 2)"), train=False)
    assert [n.config.passes for n in two.nets] == [1, 2, 1, 2] and "Told where to look, 2 passes answer more than 1" in two.out
    assert {n.config.episode for n in two.nets} == {"softmax"}
    check_screen(two.out)


@pytest.mark.slow
def test_lesson_3_your_turn_with_the_other_episode_and_another_gate(tmp_path):
    gated = lesson(THIRD, tmp_path, ('PASSES, EPISODE = (1, 3), "softmax"', 'PASSES, EPISODE = (1, 3), "gated"'), train=False)
    assert {n.config.episode for n in gated.nets} == {"gated"}
    other = lesson(THIRD, tmp_path, ("[0.0, 1.0, 1.0, 0.0]])                       # Daniel", "[0.0, 0.0, 1.0, 1.0]])                       # Mary"), train=False)
    assert "Pass 1 looks at sentence 1, pass 2 at sentence 1.  The memory changed,\nbut nothing else fits it better." in other.out
    for each in (gated, other):
        check_screen(each.out)


# ---- lesson 4 ----

def test_lesson_4_counts_a_loss_by_hand(ran):
    """From the scores and logits on the screen: J = alpha * E_gates + beta * E_answers."""
    one = ran[FOURTH].out.split("\n2. ")[0]
    rows = re.findall(r"^  pass \d, (.{22}) +(\S+) +(\S+) +(\S+) +(\S+) +(\S+)$", one, re.M)
    costs = []
    for (label, *numbers), right in zip(rows, (0, 2, 3)):
        s, cost = np.array(numbers[:4], float), float(numbers[4])
        assert cost == pytest.approx(np.log(np.exp(s).sum()) - s[right], abs=0.003)
        assert label.strip() == ["Daniel took the football", "", "Daniel went to the garden", "[done reading]"][right][:22]
        costs.append(cost)
    garden, kitchen, E = (float(v) for v in re.search(r"garden (\S+), kitchen (\S+)   -log softmax (\S+)", one).groups())
    assert len(rows) == 3 and E == pytest.approx(np.log(np.exp(garden) + np.exp(kitchen)) - garden, abs=0.002)
    for alpha, a, beta, b, J in re.findall(r"J = (\d) \* (\S+) \+ (\d) \* (\S+) = (\S+)", one):
        assert (float(a), float(b)) == pytest.approx((sum(costs), E), abs=0.002) and float(J) == pytest.approx(int(alpha) * sum(costs) + int(beta) * E, abs=0.003)
    assert re.findall(r"J = (\d) \* \S+ \+ (\d)", one) == [("1", "0"), ("1", "1")] and one.count("J, by hand and by loss_and_grads: the same") == 2


def test_lesson_4_prints_slopes_with_and_without_the_answers_loss(ran):
    names = ran[FOURTH].names
    found = {name: (float(gates), float(both)) for name, gates, both in re.findall(r"^  (\S+) +beta = 0: (\S+)   beta = 1: (\S+)$", ran[FOURTH].out, re.M)}
    assert list(found) == ["gate.W_1", "memory.W", "input.U", "answer.W_a"] and found["answer.W_a"][0] == 0
    vocabulary = Vocabulary.build([names["one"], names["other"]])
    net = DMN(Config(hidden=8, embedding=8, gate_hidden=8, passes=3), vocabulary, "numpy", 0, "float64")
    for name, numbers in found.items():
        for beta, number in enumerate(numbers):
            slope = net.loss_and_grads(make_batch([names["one"]], vocabulary), alpha=1, beta=beta)[1][name]
            assert number == pytest.approx(np.sqrt((slope**2).sum()), abs=6e-5)


def test_lesson_4_strikes_out_the_first_fact(ran):
    names = ran[FOURTH].names
    batch = names["train_batch"]
    free = names["later_passes_alone"](batch)
    target = gate_targets(free.support, free.n_facts, 3)
    assert (target[0] == -1).all() and (target[1] == batch.support[:, 1]).all() and (target[2] == batch.n_facts).all()
    assert {key: value for key, value in vars(free).items() if key != "support"}.keys() == {key for key in vars(batch) if key != "support"}
    assert all(np.array_equal(value, vars(batch)[key]) for key, value in vars(free).items() if key != "support")
    assert "Pass 1 is told nothing, pass 2 fact 3,\npass 3 done." in ran[FOURTH].out


def test_lesson_4_trains_one_network_three_times(ran):
    fourth = ran[FOURTH]
    names, nets = fourth.names, fourth.nets
    assert list(names["nets"]) == [ALL, LATER, NO] and [n.net for n in nets] == list(names["nets"].values())
    assert [(n.config.alpha, n.config.passes, n.config.gate_epochs) for n in nets] == [(1, 3, 1), (1, 3, 1), (0, 3, 1)]
    assert nets[0].train is nets[2].train is names["train_batch"] and all(n.valid is names["stop_batch"] for n in nets)
    np.testing.assert_array_equal(nets[1].train.support, names["later_passes_alone"](names["train_batch"]).support)
    for n in nets:
        assert replace(n.config, alpha=1.0) == nets[0].config
    check_material(names, nets[0].train, nets[0].valid)
    assert [[epoch["beta"] for epoch in history] for history in names["histories"].values()] == [[0, 1, 1], [0, 1, 1], [1, 1, 1]]
    check_beginnings(fourth)


def test_lesson_4_keeps_losses_that_can_be_compared(ran):
    """The answers' loss alone, a question, of training and of validation; and where the first pass looks."""
    names = ran[FOURTH].names
    net, batch = names["nets"][LATER], names["stop_batch"]
    seen = []
    on_epoch, on_step = names["watched"](net, None, SimpleNamespace(step=lambda *a: seen.append(a), epoch=seen.append))
    losses = lambda answers, n: SimpleNamespace(answers=answers, n_known=n, gates=100.0, n_questions=n + 3)
    logits = net.forward(batch).logits.astype(float)
    E = np.mean([np.log(np.exp(row).sum()) - row[k] for row, k in zip(logits, batch.answer) if k >= 0])
    for steps, mean in (([(8.0, 5), (1.0, 4)], 1.0), ([(3.0, 6)], 0.5)):                  # of an epoch, and of the next
        for answers, n in steps:
            on_step(losses(answers, n), 2.0)
        state = SimpleNamespace(history=[{"epoch": 1}])
        on_epoch(state)
        kept = state.history[-1]
        assert kept["train_answer_loss"] == pytest.approx(mean) and kept["valid_answer_loss"] == pytest.approx(E, rel=1e-5) and kept["epoch"] == 1
        assert kept["first_look"] == pytest.approx(plain_weights(net, names["stop"], batch)[3, 0], rel=1e-4)
    assert len(seen) == 5 and seen[0][1] == 2.0 and seen[-1] is state


def test_lesson_4_draws_its_losses_and_where_beta_begins(ran):
    fourth = ran[FOURTH]
    (histories, path, betas), more = fourth.drawn[0]
    assert histories is fourth.names["histories"] and path.name == "04_training.png" and betas == {ALL: 1, LATER: 1, NO: 0}
    assert list(more["panels"].values()) == [("valid_answer_loss", "train_answer_loss"), ("valid_answer_accuracy", "train_answer_accuracy"), ("first_look",)]
    assert more["least"] == "valid_answer_loss" and all({key for keys in more["panels"].values() for key in keys} <= set(epoch) for run in histories.values() for epoch in run)


def test_lesson_4_prints_what_its_networks_say(ran):
    fourth = ran[FOURTH]
    names, batch = fourth.names, fourth.names["test_batch"]
    table, right, weights = fourth.out.split("\n5. ")[1], {}, {}
    for name, net in names["nets"].items():
        out = net.forward(batch)
        right[name] = np.array([net.vocabulary.answers[k] == q.answer[0] for k, q in zip(out.answers, (q for s in names["held_out"] for q in s.questions))])
        target = gate_targets(batch.support, batch.n_facts, 3)
        looked = out.gate_scores.argmax(axis=2) == target
        weights[name] = plain_weights(net, names["held_out"], batch)[:, 0]
        line = next(line for line in table.splitlines() if line.startswith(name))
        assert share(right[name]) in line and f"{100 * looked.mean():.1f} %" in line
        assert [float(v) for v in line.split("%")[-1].split()] == pytest.approx(weights[name][[0, 3]], abs=0.0051)
        if name == LATER:
            assert f"look where the file says in {looked.all(axis=0).sum()}\nof 100 new questions." in fourth.out
            found = looked.all(axis=0)
    np.testing.assert_array_equal(names["telling"], found & right[ALL] & right[LATER] & ~right[NO])
    even = np.mean([sum({q.tokens[-1], s.facts[q.support[1]][0]} <= set(f) for f in s.facts[:q.n_facts]) / q.n_facts for s in names["held_out"] for q in s.questions])
    assert float(re.search(r"^\(each fact the same\) +(\S+)$", table, re.M)[1]) == pytest.approx(even, abs=0.0051)
    because = [c.because for c in fourth.claims]
    assert because[:2] == [f"{share(right[one])} against {share(right[NO])}" for one in (ALL, LATER)]
    assert because[2] == (f"{weights[LATER][3]:.2f} of its weight, {weights[LATER][0]:.2f} on the fact that the file names; where no pass is told {weights[NO][3]:.2f}; "
                          f"the same weight for each fact would be {even:.2f}")
    assert because[3].startswith(f"{names['histories'][LATER][0]['first_look']:.2f} of its weight on the 10 stories")
    for name, part in zip(names["nets"], because[4].split("; ")):
        losses = [epoch["valid_answer_loss"] for epoch in names["histories"][name]]
        assert part == f"{name}, loss of new answers {losses[-1]:.2f} in the last epoch, at its least {min(losses):.2f} in epoch {losses.index(min(losses)) + 1}"


def stories_of(first, loss, before=2):
    """Histories of three networks: `first` the look of the one that is told passes 2 and 3, at the end of the epochs with beta = 0; loss[-1] and least of each."""
    return {name: [{"epoch": e, "beta": float(e > before), "first_look": first if e == before else 0.99, "valid_answer_loss": l} for e, l in enumerate((2.0, 1.9, low, last), 1)]
            for name, (low, last) in loss.items()}


USUAL = {ALL: (0.2, 0.2), LATER: (0.3, 0.32), NO: (1.4, 2.2)}


@pytest.mark.parametrize("accuracies, looks, histories, holds, says", [
    ((0.94, 0.92, 0.36), (0.99, 0.07), stories_of(0.9, USUAL), [True] * 5, "Told where to look, the network answers"),
    ((0.94, 0.42, 0.36), (0.99, 0.07), stories_of(0.9, USUAL), [True, False, True, True, True], "Not what these three networks mostly show"),
    ((0.42, 0.92, 0.36), (0.99, 0.07), stories_of(0.9, USUAL), [False, True, True, True, True], "Not what these three networks mostly show"),
    ((0.94, 0.92, 0.36), (0.45, 0.07), stories_of(0.9, USUAL), [True, True, False, True, True], "Not what these three networks mostly show"),
    ((0.94, 0.92, 0.36), (0.90, 0.95), stories_of(0.9, USUAL), [True, True, False, True, True], "Not what these three networks mostly show"),
    ((0.94, 0.92, 0.36), (0.99, 0.07), stories_of(0.2, USUAL), [True, True, True, False, True], "Not what these three networks mostly show"),
    ((0.94, 0.92, 0.36), (0.99, 0.07), stories_of(0.9, USUAL, before=0), [True, True, True, False, True], "Not what these three networks mostly show"),
    ((0.94, 0.92, 0.36), (0.99, 0.07), stories_of(0.9, USUAL | {NO: (1.4, 1.5)}), [True, True, True, True, False], "Not what these three networks mostly show"),
    ((0.94, 0.92, 0.36), (0.99, 0.07), stories_of(0.9, USUAL | {ALL: (0.2, 0.9)}), [True, True, True, True, False], "Not what these three networks mostly show"),
])
def test_lesson_4_draws_its_conclusions_from_the_numbers(accuracies, looks, histories, holds, says, ran, capsys):
    fourth = ran[FOURTH]
    names = fourth.names
    right = dict(zip(map(id, names["nets"].values()), accuracies))
    whom, n = names["seen"]["who"], names["seen"]["who"].sum(axis=1, keepdims=True)
    out = {name: SimpleNamespace(gates=np.stack([w * whom / n] * 3)) for name, w in zip((ALL, LATER, NO), (1.0, *looks))}
    args = SimpleNamespace(**vars(names["args"]) | {"quick": False})
    before = len(fourth.claims)
    capsys.readouterr()
    after = scene(fourth, "# %% 5.", args=args, histories=histories, out=out, evaluate=lambda net, batch: Score(right[id(net)], 0.5, 1.0, 1000))
    scene(SimpleNamespace(names=after, folder=fourth.folder), "# %% 6.")
    printed = capsys.readouterr().out
    found, fourth.claims[before:] = [c.holds for c in fourth.claims[before:]], []
    assert found == holds and f"What you saw: {says}" in printed and "--quick" not in printed
    assert [line for line in printed.splitlines() if len(line) > 80] == []


def test_lesson_4_your_turn(tmp_path):
    at_once = lesson(FOURTH, tmp_path, ("GATE_EPOCHS = 20 ", "GATE_EPOCHS = 0 "), patch=WHERE)
    assert {n.config.gate_epochs for n in at_once.nets} == {0} and at_once.claims[3].because == "there was no epoch with beta = 0"
    assert all(epoch["beta"] for history in at_once.names["histories"].values() for epoch in history)
    check_screen(at_once.out)


@pytest.mark.slow
def test_lesson_4_your_turn_with_a_wrong_fact(tmp_path):
    wrong = lesson(FOURTH, tmp_path, ("np.full(len(batch.support), NONE, np.int32), batch.support[:, 1]", "np.full(len(batch.support), NONE, np.int32), batch.support[:, 0]"), patch=WHERE)
    target = gate_targets(wrong.nets[1].train.support, wrong.nets[1].train.n_facts, 3)
    assert (target[1] == wrong.nets[0].train.support[:, 0]).all() and "pass 2 fact 1,\npass 3 done" in wrong.out
    source = (LESSONS / f"{FOURTH}.py").read_text(encoding="utf-8")
    assert "EPOCHS = 32 " in source and "= (EPOCHS, GATE_EPOCHS) if not small" in source
    check_screen(wrong.out)


# ---- in full ----

@pytest.mark.slow
@pytest.mark.parametrize("seed", (0, 1, 2))
@each_lesson
def test_in_full(name, seed, tmp_path):
    done = as_a_student(name, tmp_path, "--seed", str(seed), quick=False, limit=1800)
    assert done.returncode == 0, done.stderr
    check_screen(done.stdout)
    assert [verdict for _, verdict in verdicts(done.stdout)] == ["holds"] * CLAIMS[name] and "--quick" not in done.stdout
    assert {THIRD: "It takes both.", FOURTH: "Told where to look, the network answers"}[name] in done.stdout


# ---- what the two share ----

def test_stories_to_learn_from_to_choose_on_and_to_judge_by(common, tmp_path):  # noqa: F811
    args = lambda **given: SimpleNamespace(**{"data": None, "seed": 0, "quick": False} | given)
    train, stop, held_out, small = common.two_supporting_facts(args())
    assert (len(train), len(stop), small) == (800, 100, False) and len(held_out) >= 150
    known = [{text for story in part for text in asked(story)} for part in (train, stop, held_out)]
    assert not known[0] & known[2] and not known[1] & known[2] and all(len(q.support) == 2 for s in train for q in s.questions)
    other = common.two_supporting_facts(args(seed=1))[0]
    assert other[0].facts != train[0].facts and common.two_supporting_facts(args(quick=True))[0] == train[:60]
    write_task(tmp_path, 2, {"train": 50}, np.random.default_rng(0))                       # a folder with the smaller set alone
    few = common.two_supporting_facts(args(data=tmp_path))
    assert few[3] and len(few[0]) + len(few[1]) + len(few[2]) == 50 and len(few[0]) >= 40 and few[1] and few[2]


@pytest.mark.skipif(not DATA, reason="TINYDMN_DATA is not set")
def test_published_stories(common):  # noqa: F811
    train, stop, held_out, small = common.two_supporting_facts(SimpleNamespace(data=f"{DATA}/babi", seed=0, quick=False))
    assert (len(train), len(stop), small) == (800, 100, False) and len(held_out) == 200


def test_places_of_a_question_and_the_weight_on_them(common):  # noqa: F811
    facts = ["Mary took the milk", "Mary took the apple", "John went to the hall", "Mary dropped the milk", "Mary got the milk", "Mary went to the garden", "Mary dropped the milk"]
    story = Story(facts, [Question("Where is the milk", "garden", 6, [4, 5]), Question("Where is the apple", "garden", 7, [1, 5])])
    batch = make_batch([story], Vocabulary.build([story]))
    found = common.places([story], batch)
    at = lambda name: [np.flatnonzero(row).tolist() for row in found[name]]
    assert at("first") == [[4], [1]] and at("second") == [[5], [5]] and at("done") == [[6], [7]] and at("who") == [[0, 3, 4], [1]]
    gates = np.zeros((2, 2, 8))
    gates[0, 0, [0, 4, 5]], gates[0, 1, 1], gates[1, :, 5] = (0.25, 0.5, 0.25), 0.5, 0.75
    assert common.weight_on(gates, found["who"]).tolist() == [0.625, 0.0] and common.weight_on(gates, found["second"]).tolist() == [0.125, 0.75]


def test_more_is_more_beyond_chance(common):  # noqa: F811
    score = lambda share, n: Score(share, 0.0, 1.0, n)
    low, high = interval(0.8, 1000)
    assert common.percent(score(0.8, 1000)) == f"80.0 % ({100 * low:.1f} to {100 * high:.1f})" == "80.0 % (77.4 to 82.4)"
    assert common.more(score(0.9, 1000), score(0.8, 1000)) and not common.more(score(0.8, 1000), score(0.9, 1000))
    assert not common.more(score(0.82, 100), score(0.8, 100)) and not common.more(score(0.8, 100), score(0.8, 100))


# ---- their pictures ----

def test_a_word_below_each_pass(drawn):  # noqa: F811
    gates = np.array([[0.1, 0.9], [0.7, 0.3]])
    panels = [("one", gates, "a"), ("two", gates[:1], "b")]
    axes = drawn(plots.plot_attentions, ["a fact"], panels, "path.png", "where?", "a", notes=[["told", "not told"], ["alone"]]).axes[0]
    place = {t.get_text(): t.get_position() for t in axes.texts}
    xs = sorted({x for x, *_ in cells(axes)})
    top = min(y for _, y, *_ in cells(axes))
    assert [place[note][0] for note in ("told", "not told", "alone")] == pytest.approx(xs)
    names = sorted((t.get_position()[0], t.get_position()[1]) for t in axes.texts if t.get_text().startswith("pass "))
    assert all(y < place[note][1] < top for (_, y), note in zip(names, ("told", "not told", "alone"))) and [x for x, _ in names] == pytest.approx(xs)
    for notes in ([["told", "not told"]], [["told"], ["alone"]]):
        with pytest.raises(ValueError, match="notes for"):
            plots.plot_attentions(["a fact"], panels, "path.png", notes=notes)


def test_panels_of_ones_own_and_the_least_loss(drawn):  # noqa: F811
    rng = np.random.default_rng(0)
    runs = {name: [row | {"valid_x_loss": float(v), "train_x_loss": float(w), "look": float(u), "valid_answer_accuracy": row["valid_answer_accuracy"] + shift}
                   for row, v, w, u in zip(history(6, best=4), *rng.uniform(0.1, 0.9, (3, 6)))] for name, shift in (("a", 0), ("b", 0.2))}
    runs["a"][2]["valid_x_loss"], runs["b"][4]["valid_x_loss"] = 0.05, 0.02
    panels = {"x": ("valid_x_loss", "train_x_loss"), "right": ("valid_answer_accuracy",), "looks": ("look",)}
    figure = drawn(plots.plot_training, runs, "path.png", {"a": 2}, panels=panels, least="valid_x_loss")
    assert [title_of(axes).split(" (")[0] for axes in figure.axes] == list(panels)
    column = lambda name, key: [row[key] for row in runs[name]]
    for axes, keys in zip(figure.axes, panels.values()):
        inks = check_names(axes, {name: (range(1, 7), column(name, keys[0])) for name in runs})
        assert [(line.get_xdata()[0], to_hex(line.get_color())) for line in axes.lines if len(line.get_xdata()) == 2 and line.get_xdata()[0] == line.get_xdata()[1]] == [(3, inks["a"])]
    thin = [line_of(figure.axes[0], range(1, 7), column(name, "train_x_loss")) for name in runs]
    assert [to_hex(line.get_color()) for line in thin] == list(inks.values()) and all(line.get_linewidth() < 1 for line in thin)
    marks = [(axes, line.get_xydata().tolist()[0], to_hex(line.get_color())) for axes in figure.axes for line in axes.lines if line.get_marker() == "v" and len(line.get_xdata()) == 1]
    assert marks == [(figure.axes[0], [3, 0.05], inks["a"]), (figure.axes[0], [5, 0.02], inks["b"])]
    stars = [axes for axes in figure.axes for line in axes.lines if line.get_marker() == "*"]
    assert stars == [figure.axes[1]] * 2 and figure.axes[1].get_ylim() == figure.axes[2].get_ylim() == (0, 1) and figure.axes[0].get_ylim()[0] == 0
    note = " ".join(t.get_text() for t in texts(figure)).replace("\u00a0", " ")
    assert f"▽ x least in epoch 3: 0.05, in the last {runs['a'][5]['valid_x_loss']:.2f}" in note and f"▽ x least in epoch 5: 0.02, in the last {runs['b'][5]['valid_x_loss']:.2f}" in note
