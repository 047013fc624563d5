"""Lessons 5 and 7 as a student runs them: what they print is true of their own numbers, exercises end in a report, mistakes are told; their pictures, read back."""

import io
import os
import re
import runpy
import subprocess
import sys
from contextlib import redirect_stdout
from functools import cache, wraps
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib import colormaps
from matplotlib.figure import Figure

from tinydmn import DMN, Config, losses, ops, plots
from tinydmn.data import sources
from tinydmn.errors import UserError
from tinydmn.terminal import DONE
from tinydmn.training import loop
from tinydmn.training.evaluate import interval

LESSONS = Path(__file__).parents[1] / "lessons"
DATA = os.environ.get("TINYDMN_DATA")
CLAIMS = {"05_sentiment": 2, "07_decoding": 3}              # of trained networks: --quick does not judge them
each_lesson = pytest.mark.parametrize("name", CLAIMS)


def as_a_student(name, folder, *more, quick=True, limit=300):
    """The script from a folder of its own, in a process of its own."""
    words = [sys.executable, str(LESSONS / f"{name}.py"), *["--quick"] * quick, "--out", str(folder / "out"), *more]
    return subprocess.run(words, cwd=folder, capture_output=True, text=True, env=os.environ | {"COLUMNS": "80", "PYTHONIOENCODING": "ascii"}, timeout=limit)


@cache
def generated(task, size, seed, make=sources.babi_stories):
    return make(task, None, size, seed)


def told_once(task, data=None, size=None, seed=0, make=sources.babi_stories):
    """babi_stories, but thousands of stories, of which --quick takes a few, are made up once for all runs."""
    return make(task, data, size, seed) if data is not None else tuple(part and list(part) for part in generated(task, size, seed))


def lesson(name, folder, *changes, seed=0, train=True, options=(), patch=(), drawn=True):
    """Runs a lesson in this process, some of its text changed as an exercise asks -> names (what it left), out (what it printed),
    claims (says, holds, because, quick, pictures that were there), nets (what was to be trained and on what), folder.

    train=False: its networks stay as they began, which is enough where no trained number matters.  patch: (module, name, value).
    drawn=False: the files of its pictures are empty.
    """
    source = (LESSONS / f"{name}.py").read_text(encoding="utf-8")
    for old, new in changes:
        assert source.count(old) == 1, f"{old!r} stands {source.count(old)} times in {name}.py"
        source = source.replace(old, new)
    folder = folder / f"run{len(list(folder.iterdir()))}"
    (folder / "out").mkdir(parents=True)
    (folder / f"{name}.py").write_text(source, encoding="utf-8")
    claims, nets, screen, really_train = [], [], io.StringIO(), loop.train

    def trained(net, train_batch, valid_batch, state, *hooks):
        nets.append(SimpleNamespace(net=net, config=net.config, train=train_batch, valid=valid_batch))
        return really_train(net, train_batch, valid_batch, state, *hooks) if train else state
    with pytest.MonkeyPatch.context() as monkeypatch, redirect_stdout(screen):
        monkeypatch.syspath_prepend(str(LESSONS))
        monkeypatch.setattr(sys, "excepthook", sys.excepthook)
        import common
        really_claim = common.claim

        def claim(says, holds, because, quick=False):
            claims.append(SimpleNamespace(says=says, holds=bool(holds), because=because, quick=quick, pictures=sorted(p.name for p in (folder / "out").iterdir())))
            return really_claim(says, holds, because, quick)
        monkeypatch.setattr(common, "claim", claim)
        monkeypatch.setattr(loop, "train", trained)
        for place in (sources, common):
            monkeypatch.setattr(place, "babi_stories", told_once)
        if not drawn:
            monkeypatch.setattr(Figure, "savefig", lambda figure, path, **_: Path(path).touch())
        if patch:
            monkeypatch.setattr(common, "where", lambda what, function: None)              # what is planted has no place in tinydmn/
        for place, attribute, value in patch:
            monkeypatch.setattr(place, attribute, value)
        monkeypatch.setattr(sys, "argv", [name, "--quick", "--out", str(folder / "out"), "--seed", str(seed), *map(str, options)])
        names = runpy.run_path(str(folder / f"{name}.py"))
    return SimpleNamespace(names=names, out=screen.getvalue(), claims=claims, nets=nets, folder=folder)


def planted(name, wrong, backend="numpy"):
    """For `patch`: from now on a back end has wrong(right) in place of the operation `name`."""
    functions, right = ops.functions, ops.functions(backend)[name]
    changed = {name: wraps(right)(wrong(right))}
    return ops, "functions", lambda one: {**functions(one), **changed} if one == backend else functions(one)


def check_screen(text):
    """What holds of every lesson's screen.  A picture's name is as long as the folder that was asked for."""
    lines = [line for line in text.splitlines() if not line.startswith("picture: ")]
    assert [line for line in lines if len(line) > 80] == []
    assert not any("nan" in line.split() for line in lines) and "\x1b" not in text and "NOT the same" not in text
    at = [[i for i, line in enumerate(lines) if line.startswith(part)]
          for part in ("What you saw", "Where the code is", "Your turn", "Next: ", "What your turn should give")]
    assert all(len(found) == 1 for found in at) and at == sorted(at), at               # what it should give stands last
    tasks, outcomes = (lines[slice(*some)] for some in ((*at[2], *at[3]), (*at[4], None)))
    count = lambda lines: sum(bool(re.match(r" +\d\. ", line)) for line in lines)
    assert count(tasks) == count(outcomes) >= 2 and sum(line.startswith("Predict: ") for line in lines) >= 2


def verdicts(text):
    """[(claim, verdict)] as they stand on the screen."""
    return re.findall(r"^Claim: (.*?)\.\n  (holds|does not hold here|not decided at this size \(--quick\)):", text.replace("\n  ", "\n  "), re.M)


def scene(ran, number, **given):
    """Runs one scene of a lesson again, with other values for some of its names -> the names."""
    source = next(ran.folder.glob("*.py")).read_text(encoding="utf-8")
    parts = re.split(r"^(?=# %% )", source, flags=re.M)
    names = ran.names | given
    for part in parts:
        if part.startswith(number):
            exec(compile(part, number, "exec"), names)
    return names


@each_lesson
def test_a_lesson_runs_fits_80_columns_draws_and_says_the_same_again(name, tmp_path):
    (tmp_path / "student").mkdir()
    done = as_a_student(name, tmp_path / "student")
    assert done.returncode == 0, done.stderr
    check_screen(done.stdout)
    picture = Path("out") / f"{name}.png"
    again = lesson(name, tmp_path)
    first, second = ((folder / picture).read_bytes() for folder in (tmp_path / "student", again.folder))
    assert first == second and len(first) > 10_000
    other = lesson(name, tmp_path, seed=1, train=False)
    assert (other.folder / picture).read_bytes() != first
    by_hand = [c for c in again.claims if not c.quick]                     # of the scenes that are small at any size
    of_trained = [c for c in again.claims if c.quick]
    assert all(c.holds for c in by_hand) and len(of_trained) == CLAIMS[name] and all(c.pictures == [f"{name}.png"] for c in of_trained)
    assert [verdict for _, verdict in verdicts(done.stdout)] == ["holds"] * len(by_hand) + ["not decided at this size (--quick)"] * CLAIMS[name]


@each_lesson
def test_a_missing_folder_is_one_line(name, tmp_path):
    """Of a process in test_lessons_03_04.py; here what it is made of."""
    with pytest.raises(UserError, match=f"^{re.escape(str(tmp_path / 'none'))}: [^\n]+$"):
        lesson(name, tmp_path, train=False, options=("--data", tmp_path / "none"))


@pytest.mark.parametrize("name, where, wrong, says", [
    ("05_sentiment", "gate_forward", lambda right: lambda *a: (lambda s, cache: (1.001 * s, cache))(*right(*a)), "Scores, gates and episodes"),
    ("05_sentiment", "gated_episode_forward", lambda right: lambda *a: (lambda e, *more: (1.001 * e, *more))(*right(*a)), "Scores, gates and episodes"),
    ("07_decoding", "gru_cell_forward", lambda right: lambda *a: (lambda h, cache: (1.001 * h, cache))(*right(*a)), "y_t by hand"),
])
def test_a_planted_mistake_is_told(name, where, wrong, says, tmp_path):
    ran = lesson(name, tmp_path, train=False, patch=[planted(where, wrong)], drawn=False)
    assert re.search(rf"^{says}[^:]*: NOT the", ran.out, re.M) and "What you saw" in ran.out


def test_what_a_decoder_gets_wrong_is_told(tmp_path):
    """One that forgets its question, and a judge who lets all answers pass."""
    forgets = planted("decode_forward", lambda right: lambda op, m, q, *more: right(op, m, 0 * q, *more))
    ran = lesson("07_decoding", tmp_path, train=False, patch=[forgets, (losses, "right_answers", lambda answers, batch, kind: np.ones(len(answers), bool))])
    assert re.search("^y_t by hand[^:]*: NOT the", ran.out, re.M) and " ".join(ran.out.split()).count("losses.right_answers: NOT the") == 2


# ---- lesson 5 ----

@pytest.fixture(scope="module")
def three_seeds(tmp_path_factory):
    """Lesson 5 with its three seeds, nothing trained: six networks that differ."""
    return lesson("05_sentiment", tmp_path_factory.mktemp("lesson"), ("seeds = [args.seed] if args.quick else", "seeds = [args.seed] if False else"), train=False, seed=4)


def test_lesson_5_trains_each_seed_with_one_pass_and_with_two_on_the_same_texts(three_seeds):
    ran, config = three_seeds, three_seeds.nets[0].config
    assert [(n.config.passes, n.config.bidirectional) for n in ran.nets] == [(1, "no"), (2, "no")] * 3
    for n, (seed, passes) in zip(ran.nets, [(s, p) for s in (4, 5, 6) for p in (1, 2)]):
        assert np.array_equal(n.net.theta, DMN(n.config, ran.names["vocabulary"], seed=seed).theta)
        assert n.train is ran.nets[0].train and n.valid is ran.nets[0].valid and n.config == DMN(n.config, ran.names["vocabulary"]).config
        assert {k: v for k, v in vars(n.config).items() if k != "passes"} == {k: v for k, v in vars(config).items() if k != "passes"}
    texts = [{tuple(s.facts[0]) for s in part} for part in (ran.names["material"].train, ran.names["material"].valid, ran.names["test"])]
    assert not texts[0] & texts[2] and not texts[1] & texts[2] and len(texts[2]) > 200


def test_lesson_5_prints_what_its_networks_say(three_seeds):
    ran, names = three_seeds, three_seeds.names
    right = np.array([n.net.forward(names["held_out"]).answers == names["held_out"].answer for n in ran.nets]).reshape(3, 2, -1)
    share = lambda hits: "{:5.1f} % ({:.1f}-{:.1f})".format(*(100 * x for x in (hits.mean(), *interval(hits.mean(), len(hits)))))
    for seed, (one, two) in zip((4, 5, 6), right):
        assert f"  seed {seed}:  one pass {share(one)}    two passes {share(two)}\n" in ran.out
    for title, some in (("all", [True] * len(names["test"])), ("of two clauses", [bool(re.search(" , but | although | still ", " " + " ".join(s.facts[0]) + " ")) for s in names["test"]]),
                        ("others", [not re.search(" , but | although | still ", " " + " ".join(s.facts[0]) + " ") for s in names["test"]])):
        some = np.array(some)
        d = 100.0 * (right[:, 1, some].astype(int) - right[:, 0, some]).mean(axis=0)
        half = 1.96 * d.std() / np.sqrt(len(d))
        line = next(line for line in ran.out.split("5. Is the")[1].splitlines() if line.startswith(f"  {title} "))
        numbers = [float(x) for x in re.findall(r"[-+]?\d+\.\d", line)]
        assert line.split("%")[0].split()[-2] == str(some.sum())
        assert numbers == pytest.approx([100 * names["bayes"][some].mean(), 100 * right[:, 0, some].mean(), 100 * right[:, 1, some].mean(),
                                         d.mean(), d.mean() - half, d.mean() + half], abs=0.051)
    by_seed = 100 * (right[:, 1].mean(axis=1) - right[:, 0].mean(axis=1))
    assert f"the mean of 3 seeds. Seed by seed two passes are ahead by {', '.join(f'{d:+.1f}' for d in by_seed)} points of all texts." in " ".join(ran.out.split())
    least = 100 * (right.mean(axis=2).min() - names["bayes"].mean())
    assert f"by {least:+.1f} points" in ran.claims[2].because


def test_lesson_5_counts_words(three_seeds):
    """Naive Bayes told again, text by text."""
    names = three_seeds.names
    train = names["material"].train[:300]
    answers, words = names["answers"], names["vocabulary"].words
    counts = {(answer, w): 1 for answer in answers for w in words}
    for story in train:
        for w in story.facts[0]:
            counts[story.questions[0].answer[0], w if w in names["vocabulary"].word_id else words[0]] += 1
    total = {answer: sum(counts[answer, w] for w in words) for answer in answers}
    prior = {answer: np.log((1 + sum(s.questions[0].answer[0] == answer for s in train)) / (len(answers) + len(train))) for answer in answers}
    for story, right in zip(names["test"], names["bayes"]):
        known = [w if w in names["vocabulary"].word_id else None for w in story.facts[0]]
        if None not in known:
            log_p = {answer: prior[answer] + sum(np.log(counts[answer, w] / total[answer]) for w in known) for answer in answers}
            assert (max(log_p, key=log_p.get) == story.questions[0].answer[0]) == right


def test_lesson_5_shows_a_text_that_two_passes_alone_have_right(three_seeds):
    ran, names = three_seeds, three_seeds.names
    one, two = ran.nets[0].net, ran.nets[1].net            # of the first seed
    out = [net.forward(names["held_out"]) for net in (one, two)]
    right = [o.answers == names["held_out"].answer for o in out]
    fits = [len(s.facts[0]) <= 16 and re.search(" , but | although | still |best described as", " " + " ".join(s.facts[0]) + " ") for s in names["test"]]
    among = [i for i, fit in enumerate(fits) if fit and right[1][i] and not right[0][i]] or [i for i, fit in enumerate(fits) if fit]
    T = names["held_out"].n_facts
    moved = [np.abs(out[1].gates[1, i, :T[i] + 1] - out[1].gates[0, i, :T[i] + 1]).sum() / T[i] for i in among]
    chosen = among[int(np.argmax(moved))]
    assert names["words"] == names["test"][chosen].facts[0]
    for (title, gates, said), o in zip(names["panels"], out):
        np.testing.assert_allclose(gates, o.gates[:, chosen, :T[chosen] + 1], atol=1e-6)
        assert said == names["answers"][o.answers[chosen]]
    rows = [line for line in ran.out.splitlines() if line.startswith(f"  {names['words'][0]:14.14} 0.")]
    assert [float(x) for x in rows[0].split()[1::2]] == [round(float(g), 2) for o in out for g in o.gates[:, chosen, 0]]


@pytest.mark.parametrize("two_right, on_average, says", [
    ([0.9, 0.8, 0.7], True, "Here it pays: +30.0 points after 2 epochs on average, from +20.0 to +40.0 with one seed or another."),
    ([0.9, 0.9, 0.4], True, "Here it pays: +23.3 points after 2 epochs on average, from -10.0 to +40.0 with one seed or another."),
    ([0.5, 0.5, 0.5], False, "Whether it pays, these texts do not decide: +0.0 points after 2 epochs on average, from +0.0 to +0.0 with one seed or another."),
    ([0.1, 0.6, 0.2], False, "Here it costs: -20.0 points after 2 epochs on average, from -40.0 to +10.0 with one seed or another."),
    (["one more"] * 3, False, "Whether it pays, these texts do not decide: +0.4 points after 2 epochs on average,"),         # right on other texts, and on one more: chance
    (["one less"] * 3, False, "Whether it pays, these texts do not decide: -0.4 points after 2 epochs on average,"),
])
def test_lesson_5_draws_its_conclusion_from_the_numbers(two_right, on_average, says, three_seeds, capsys):
    n = len(three_seeds.names["test"]) // 10 * 10
    n_all = len(three_seeds.names["test"])
    i = np.arange(n_all)
    others = {"one more": (i % 10 >= 5) | (i == 0), "one less": (i % 10 >= 5) & (i != 5)}
    first = lambda share: others[share] if share in others else i % 10 < round(10 * share)
    right = {"one pass": np.array([first(0.5)] * 3), "two passes": np.array([first(share) for share in two_right])}
    cut = slice(0, n)
    names = three_seeds.names
    args = SimpleNamespace(**vars(names["args"]) | {"quick": False})
    given = dict(args=args, test=names["test"][cut], several=names["several"][cut], bayes=names["bayes"][cut], right={k: v[:, cut] for k, v in right.items()})
    capsys.readouterr()
    after = scene(three_seeds, "# %% 5.", **given)
    scene(SimpleNamespace(names=after, folder=three_seeds.folder), "# %% 6.")
    out = capsys.readouterr().out
    assert says in " ".join(out.split()) and after["on_average"] == on_average
    assert [verdict == "holds" for _, verdict in verdicts(out)][1:] == [on_average]


def test_lesson_5_your_turn(tmp_path):
    heard = lesson("05_sentiment", tmp_path, ("PRAISE, HEARD = 2.0, 3.0", "PRAISE, HEARD = 2.0, 0.0"), train=False)
    assert [c.holds for c in heard.claims[:2]] == [False, False] and heard.out.count("does not hold here") == 2
    np.testing.assert_allclose(heard.names["looks"][0], heard.names["looks"][1], atol=1e-12)               # both passes look alike
    assert "shuts the gate" not in heard.out
    check_screen(heard.out)


@pytest.mark.slow
def test_lesson_5_your_turn_both_ways_and_longer(tmp_path):
    both = lesson("05_sentiment", tmp_path, ('bidirectional="no")', 'bidirectional="yes")'), train=False)
    assert {n.config.bidirectional for n in both.nets} == {"yes"} and "the first look knows already\nwhat follows" in both.out
    longer = lesson("05_sentiment", tmp_path, ("epochs = 2 if args.quick else 7 if args.data is None else 4", "epochs = 14"), train=False)
    assert {n.config.epochs for n in longer.nets} == {14} and "5 answers, 14 epochs" in longer.out
    for ran in (both, longer):
        check_screen(ran.out)


# ---- lesson 7 ----

@pytest.fixture(scope="module")
def untrained(tmp_path_factory):
    """Lesson 7 with networks as they began."""
    return lesson("07_decoding", tmp_path_factory.mktemp("lesson"), train=False)


def test_lesson_7_judges_whole_answers(untrained):
    ran = untrained
    check_screen(ran.out)
    blocks = re.split(r"^\d\. ", ran.out, flags=re.M)[2:4]
    for n, block in zip(ran.nets, blocks):
        batch = ran.names["batch"] if n is ran.nets[1] else n.valid
        answers = n.net.forward(batch).answers
        words = lambda row: [int(k) for k in row if k >= 0]
        right = np.array([words(said) == words(row) for said, row in zip(answers, batch.answer)])
        lengths = np.array([len(words(row)) - 1 for row in batch.answer])
        expected = [(f"{k} word{'s' * (k > 1)}", right[lengths == k]) for k in sorted(set(lengths.tolist()))] + [("all", right)]
        printed = re.findall(r"^  (\d words?|all) +([\d.]+) % of +(\d+) right as a whole \(95 % interval ([\d.]+) to ([\d.]+)\)$", block, re.M)
        assert printed == [(label, f"{100 * some.mean():.1f}", str(len(some)), *(f"{100 * v:.1f}" for v in interval(some.mean(), len(some)))) for label, some in expected]
    assert not {tuple(s.facts[0]) for s in ran.names["texts"][:400]} & {tuple(s.facts[0]) for s in ran.names["texts"][400:]}
    assert len(ran.nets[1].train.answer) == 400 and len(ran.nets[1].valid.answer) == 50 and ran.nets[1].config.passes == 0


def test_lesson_7_shows_one_answer_of_each_step_by_step(untrained):
    ran = untrained
    (title, words, p), (text, there, p_there) = ran.names["panels"]
    lister, out, shown = ran.names["lister"], ran.nets[0].net.forward(ran.nets[0].valid), ran.names["shown"]
    e = np.exp(out.logits[shown].astype(float))
    np.testing.assert_allclose(p, (e / e.sum(axis=1, keepdims=True))[:len(p)], atol=1e-5)
    assert title.removesuffix("?").split() == ran.names["question"].tokens and words == lister.vocabulary.answers
    assert ran.nets[0].valid.n_answer[shown] == 3 and len(p) == min(6, np.sum(out.answers[shown] >= 0))
    longest = int(np.argmax([len(s.questions[0].answer) for s in ran.names["texts"][400:]]))
    assert text == " ".join(ran.names["texts"][400 + longest].facts[0]) and there == ran.names["translator"].vocabulary.answers and len(p_there) <= 8


@pytest.mark.parametrize("lists, of_two, texts, holds", [(0.97, 0.9, 0.99, [True, True, True]), (0.85, 0.3, 0.99, [False, False, True]), (0.97, 0.9, 0.9, [True, True, False])])
def test_lesson_7_draws_its_conclusions_from_the_numbers(lists, of_two, texts, holds, untrained):
    ran = untrained
    hits = lambda share, n=300: np.arange(n) < share * n
    right_lists = np.concatenate([hits(of_two, 60), hits(lists, 940)])
    args = SimpleNamespace(**vars(ran.names["args"]) | {"quick": False})
    scene(ran, "# %% 4.", right_lists=right_lists, two=np.arange(60), right_texts=hits(texts), args=args)
    assert [c.holds for c in ran.claims[-3:]] == holds and not any(c.quick for c in ran.claims[-3:])


def test_lesson_7_your_turn(tmp_path):
    done = lesson("07_decoding", tmp_path, ("DONE = -8.0", "DONE = 0.0"), train=False)
    assert not done.claims[0].holds and done.claims[0].because == "it says n n n n n ..."
    ended, steps = done.names["said"][-1] == "<eos>", len(done.names["ys"])
    assert (f"At <eos>, step {steps}, the answer ends." if ended else f"after {steps} steps, Config().longest") in done.out and steps > 5
    assert ended or steps == Config().longest
    back = lesson("07_decoding", tmp_path, ("Question([], [*there, VERBS[verb]], 1)", "Question([], text[::-1], 1)"), train=False)
    assert all(s.questions[0].answer == s.facts[0][::-1] for s in back.names["texts"])
    own = lesson("07_decoding", tmp_path, ('{"answer": "sequence",', '{"teacher_forcing": "no", "answer": "sequence",'), train=False)
    assert [n.config.teacher_forcing for n in own.nets] == ["no"] * 2 and [n.config.teacher_forcing for n in back.nets] == ["yes"] * 2
    for ran in (done, back, own):
        check_screen(ran.out)


def test_lesson_7_tells_where_a_decoder_is_stopped(tmp_path):
    """One that never says <eos> is stopped, and that is told as it is."""
    ran = lesson("07_decoding", tmp_path, ("DONE = -8.0", "DONE = 0.0"), ("U, b, W_a = np.vstack([O, O, O + 0.1])", "U, b, W_a = np.vstack([O, O, O + 0.1 * (I == 0)])"),
                 ("[-2.0 * I, 0.5 * I]", "[2.0 * I, 0.5 * I]"), train=False)
    assert len(ran.names["ys"]) == Config().longest and f"after {Config().longest} steps, Config().longest, the decoder is stopped" in ran.out
    assert "the answer ends" not in ran.out


# ---- in full ----

@pytest.mark.slow
@pytest.mark.parametrize("seed", (0, 1, 2))
@each_lesson
def test_in_full(name, seed, tmp_path):
    done = as_a_student(name, tmp_path, "--seed", str(seed), quick=False, limit=1800)
    assert done.returncode == 0, done.stderr
    check_screen(done.stdout)
    found = verdicts(done.stdout)
    assert len(found) == CLAIMS[name] + (2 if name.startswith("05") else 1) and "--quick" not in done.stdout
    assert [says for says, verdict in found if verdict != "holds"] == []


# ---- the pictures ----

def shares(rng, rows, columns):
    e = np.exp(3 * rng.normal(size=(rows, columns)))
    return e / e.sum(axis=1, keepdims=True)


@pytest.fixture
def drawn(monkeypatch):
    """Saved figures; in each every text lies inside, and no two meet."""
    figures, save = [], plots.drawing.save

    def checked(figure, path):
        figure.draw(figure.canvas.get_renderer())
        boxes = [t.get_window_extent() for t in figure.axes[0].texts if t.get_text()]
        for i, box in enumerate(boxes):
            assert box.x0 >= 0 and box.y0 >= 0 and box.x1 <= figure.bbox.x1 and box.y1 <= figure.bbox.y1
            for other in boxes[:i]:
                assert min(min(box.x1, other.x1) - max(box.x0, other.x0), min(box.y1, other.y1) - max(box.y0, other.y0)) <= 0.5
        figures.append(figure)
        return save(figure, path)
    monkeypatch.setattr(plots.words, "save", checked)
    return figures


def cells(figure):
    """The filled cells of a table: [(x, y, width, text inside, shade)], in inches, from the left and from above."""
    found, texts = [], figure.axes[0].texts
    for patch in figure.axes[0].patches:
        if patch.get_fill():
            (x, y), w, h = patch.get_xy(), patch.get_width(), patch.get_height()
            inside = [t.get_text() for t in texts if x < t.get_position()[0] < x + w and y < t.get_position()[1] < y + h]
            assert len(inside) == 1
            found.append((x, y, w, inside[0], patch.get_facecolor()))
    return sorted(found, key=lambda cell: (round(cell[1], 3), cell[0]))


def text_at(figure, text):
    """Where a text stands that is drawn once."""
    found = [t for t in figure.axes[0].texts if t.get_text() == text]
    assert len(found) == 1, [t.get_text() for t in figure.axes[0].texts]
    return found[0].get_position()


@pytest.mark.parametrize("n_words", [1, 7, 30])
def test_words_with_their_attention(n_words, drawn, tmp_path):
    rng = np.random.default_rng(n_words)
    words = [rng.choice(["a", "film", "incomprehensibility", "$5", "gegenüber"]) for _ in range(n_words)]
    panels = [("one pass", shares(rng, 1, n_words + 1), "positive"), ("two passes", shares(rng, 2, n_words + 1), "very-negative")]
    path = plots.plot_word_attention(words, panels, tmp_path / "a.png", "a text " * n_words, "positive")
    assert path.stat().st_size > 5_000
    shown = [t.get_text() for t in drawn[0].axes[0].texts]
    assert [t for t in shown if t in words] == words and len(drawn[0].axes[0].patches) == 3 * (n_words + 1)
    assert sum("predicted: very-negative  ✗" in t for t in shown) == shown.count("pass 2") >= 1
    assert sum("predicted: positive  ✓" in t for t in shown) == shown.count("pass 2")


def test_attention_stands_under_its_word_and_beside_its_pass(drawn, tmp_path):
    words, one, two = ["so", "very", "good"], [[0.1, 0.2, 0.3, 0.4]], [[0.11, 0.22, 0.33, 0.34], [0.55, 0.25, 0.15, 0.05]]
    plots.plot_word_attention(words, [("one", one, "x"), ("two", two, "y")], tmp_path / "a.png", "so very good", "y")
    figure, found = drawn[0], cells(drawn[0])
    rows = [found[i:i + 4] for i in (0, 4, 8)]
    for row, gates in zip(rows, [*one, *two]):
        assert [text for *_, text, _ in row] == [f"{g:.2f}" for g in gates]
        assert [shade for *_, shade in row] == [pytest.approx(colormaps["Blues"](g)) for g in gates]
    columns = [text_at(figure, label)[0] for label in (*words, DONE)]
    for row in rows:
        assert all(x < place < x + w for (x, _, w, *_), place in zip(row, columns))
    titles = {t.get_text(): t.get_position()[1] for t in figure.axes[0].texts if "predicted" in t.get_text()}
    (first, above_one), (second, above_two) = titles.items()
    assert first.startswith("one") and first.endswith("predicted: x  ✗") and second.startswith("two") and second.endswith("predicted: y  ✓")
    assert above_one < rows[0][0][1] < above_two < rows[1][0][1] < rows[2][0][1]
    names = sorted((t.get_position()[1], t.get_text()) for t in figure.axes[0].texts if t.get_text().startswith("pass "))
    assert [name for _, name in names] == ["pass 1", "pass 1", "pass 2"] and all(row[0][1] < y < row[0][1] + 0.27 for row, (y, _) in zip(rows, names))
    assert text_at(figure, "right answer: y")[1] < above_one


def test_attention_in_several_lines(drawn, tmp_path):
    """What does not fit on a page goes on below: each word with its own weight, no line broader than the page."""
    words = [f"word-{i}" for i in range(30)]
    gates = np.array([np.arange(31) / 31, 1 - np.arange(31) / 31])
    plots.plot_word_attention(words, [("two", gates, "")], tmp_path / "a.png")
    found, seen = cells(drawn[0]), []
    lines = sorted({round(y, 3) for _, y, *_ in found})
    assert len(lines) >= 4 and len(lines) % 2 == 0
    for above, below in zip(lines[::2], lines[1::2]):
        one, two = ([cell for cell in found if round(cell[1], 3) == y] for y in (above, below))
        assert one[-1][0] + one[-1][2] - one[0][0] <= 9.5
        for (x, y, w, text, _), (*_, other, _) in zip(one, two):
            head = [t.get_text() for t in drawn[0].axes[0].texts if x < t.get_position()[0] < x + w and y - 0.6 < t.get_position()[1] < y and t.get_text() in (*words, DONE)]
            seen += head
            assert (text, other) == tuple(f"{row[[*words, DONE].index(head[0])]:.2f}" for row in gates)
    assert seen == [*words, DONE]


@pytest.mark.parametrize("sizes", [((1, 2),), ((3, 30), (6, 5)), ((12, 12),)])
def test_a_decoder_step_by_step(sizes, drawn, tmp_path):
    rng = np.random.default_rng(len(sizes))
    title = "what is john carrying and where does he go with it, all in all?"
    panels = [(title, [f"word-{k}" for k in range(A)], shares(rng, steps, A)) for steps, A in sizes]
    assert plots.plot_decoding(panels, tmp_path / "a.png").stat().st_size > 5_000
    frames = [p for p in drawn[0].axes[0].patches if not p.get_fill()]
    assert len(frames) == sum(steps for steps, _ in sizes)
    shown = [t.get_text() for t in drawn[0].axes[0].texts]
    for _, words, p in panels:
        assert {words[k] for k in p.argmax(axis=1)} <= set(shown)


def test_a_step_is_a_column_and_a_word_a_row(drawn, tmp_path):
    words = ["<eos>", "e", "n", "w", "rare"]
    p = np.array([[0.05, 0.1, 0.6, 0.2, 0.05], [0.1, 0.05, 0.1, 0.7, 0.05], [0.8, 0.15, 0.02, 0.02, 0.01]])
    plots.plot_decoding([("n,w", words, p)], tmp_path / "a.png", most=4)
    figure, found = drawn[0], cells(drawn[0])
    rows = [found[i:i + 3] for i in range(0, 12, 3)]
    assert [[text for *_, text, _ in row] for row in rows] == [[f"{p[t, k]:.2f}" for t in range(3)] for k in (2, 3, 0, 1)]   # as they are said, then the likeliest
    for row, k in zip(rows, (2, 3, 0, 1)):
        assert row[0][1] < text_at(figure, words[k])[1] < row[0][1] + 0.27
        assert [shade for *_, shade in row] == [pytest.approx(colormaps["Blues"](p[t, k])) for t in range(3)]
    frames = sorted(patch.get_xy() for patch in figure.axes[0].patches if not patch.get_fill())
    assert frames == [pytest.approx(rows[place][t][:2]) for t, place in enumerate((0, 1, 2))]
    assert all(x < text_at(figure, f"step {t + 1}")[0] < x + w for t, (x, _, w, *_) in enumerate(rows[0]))
    assert text_at(figure, "and 1 less likely word") and "rare" not in [t.get_text() for t in figure.axes[0].texts]


def test_a_gru_is_drawn_gate_by_gate(monkeypatch, tmp_path):
    figures, save = [], plots.words.save
    monkeypatch.setattr(plots.words, "save", lambda figure, *more: figures.append(figure) or save(figure, *more))
    rng = np.random.default_rng(0)
    z, r, h = rng.random((4, 3)), rng.random((4, 3)), rng.uniform(-1, 1, (4, 3))
    words = ["she", "sees", "a", "cat"]
    plots.plot_gru(words, z, r, h, tmp_path / "a.png", fact_end=[1, 3])
    maps = [axes for axes in figures[0].axes if axes.images]
    for axes, a, title, bounds, ink in zip(maps, (z, r, h), ("update gate z: 1 keeps", "reset gate r: 0 forgets", "state h"), ((0, 1), (0, 1), (-1, 1)), ("Blues", "Blues", "cividis")):
        image = axes.images[0]
        np.testing.assert_array_equal(image.get_array(), a.T)                              # words across, units down
        assert axes.get_title(loc="left").startswith(title) and image.get_clim() == bounds and image.get_cmap().name == ink
        numbers = {t.get_position(): t.get_text() for t in axes.texts if t.get_text() != "▾"}
        assert numbers == {(t, i): f"{a[t, i]:.2f}".replace("-", "−") for t in range(4) for i in range(3)}
        assert [line.get_xdata()[0] for line in axes.lines] == [1.5, 3.5]                  # behind the words that end a sentence
        assert [t.get_text() for t in axes.get_yticklabels()] == ["1", "2", "3"]
    assert [t.get_text() for t in maps[2].get_xticklabels()] == words and maps[0].get_position().y0 > maps[1].get_position().y0 > maps[2].get_position().y0
    assert [t.get_position()[0] for t in maps[0].texts if t.get_text() == "▾"] == pytest.approx([1.5 / 4, 3.5 / 4])
    plots.plot_gru(words, z.mean(axis=1), r.mean(axis=1), h, tmp_path / "b.png")
    maps = [axes for axes in figures[1].axes if axes.images]
    assert [axes.get_title(loc="left").endswith("(mean of all units)") for axes in maps] == [True, True, False]
    np.testing.assert_allclose(maps[1].images[0].get_array(), r.mean(axis=1)[None])


def test_pictures_say_what_is_wrong(tmp_path):
    with pytest.raises(ValueError, match="gates have shape"):
        plots.plot_word_attention(["a"], [("", [[1.0]], "")], tmp_path / "a.png")
    with pytest.raises(ValueError, match="no panel"):
        plots.plot_word_attention(["a"], [], tmp_path / "a.png")
    with pytest.raises(ValueError, match="no panel"):
        plots.plot_decoding([], tmp_path / "a.png")
    with pytest.raises(ValueError, match="sum 1"):
        plots.plot_decoding([("", ["a", "b"], [[0.5, 0.6]])], tmp_path / "a.png")
    with pytest.raises(ValueError, match="same T"):
        plots.plot_gru(["a", "b"], [[0.1]], [[0.1]], [[0.1]], tmp_path / "a.png")
    with pytest.raises(UserError, match="ends in .png"):
        plots.plot_decoding([("", ["a", "b"], [[0.5, 0.5]])], tmp_path / "a.txt")
