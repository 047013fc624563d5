"""`bench` and `info`: the sides take turns, ratios are what they are called, figures are counted right; no clock has a say here."""

import json
import re
import sys
from io import StringIO
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import tinydmn
from tinydmn import DMN, Config, ops, threads
from tinydmn.bench import compare as comparing, counting, operations, worker
from tinydmn.ops.groups import Facts
from tinydmn.bench.compare import Case, cases, compare
from tinydmn.cli import bench, info, main
from tinydmn.errors import UserError

CASE = Case("task 1, softmax", 1, 32, 80, "softmax")


def strict(text):
    """JSON without NaN and Infinity."""
    return json.loads(text, parse_constant=lambda name: pytest.fail(name))


# ---- two sides in turns

@pytest.fixture
def sides(monkeypatch):
    """Stub sides: {name: seconds a step in each call of seconds()}; the fixture is called with them and gives a diary of who did what."""
    diary = []

    def begin(seconds, questions=160, fails=None):
        class Stub:
            def __init__(self, side, n_threads, case, seed, data):
                self.name, self.taken = side, iter(seconds[side])
                diary.append(("begins", side, n_threads, case, seed, data))

            def ready(self):
                if self.name == fails:
                    raise UserError("no")
                diary.append(("ready", self.name))
                return questions, 40_000_000, 2

            def seconds(self, n):
                diary.append((self.name, n))
                return n * next(self.taken)

            def close(self):
                diary.append(("closed", self.name))
        monkeypatch.setattr(comparing, "_Side", Stub)
        return diary
    return begin


def test_ratio_and_rates_by_hand(sides):
    """Ours 10, 20, 40 ms; theirs 30, 30, 160: ratios 3, 1.5, 4.  The first figure of each only says how many steps fill a turn."""
    diary = sides({"numba": [0.01, 0.01, 0.02, 0.04], "numpy": [0.05, 0.03, 0.03, 0.16]})
    found = compare(CASE, ("numba", 2), ("numpy", 1), seed=7, data="D", rounds=3, turn=0.5)
    assert found.pop("case") == "task 1, softmax" and found.pop("questions") == 160 and found.pop("against") == "numpy, 1 thread"
    wanted = {"ms": 20, "examples_per_second": 160 / 0.02, "their_ms": 30, "their_examples_per_second": 160 / 0.03, "ratio": 3, "ratio_least": 1.5, "ratio_largest": 4,
              "gflops": 2, "threads_used": 2}
    assert found == pytest.approx(wanted)
    assert diary[:4] == [("begins", "numba", 2, CASE, 7, "D"), ("ready", "numba"), ("begins", "numpy", 1, CASE, 7, "D"), ("ready", "numpy")]
    assert diary[4:6] == [("numba", 4), ("numpy", 4)]
    assert diary[6:12] == [("numba", 50), ("numpy", 10)] * 3 and diary[12:] == [("closed", "numba"), ("closed", "numpy")]


def test_one_side_alone_and_steps_that_are_longer_than_a_turn(sides):
    diary = sides({"numba": [3.0, 2.0, 2.0, 4.0]}, questions=1)
    found = compare(CASE, ("numba", 2), None, rounds=3, turn=0.5)
    assert found == {"case": CASE.name, "questions": 1, "ms": 2000, "examples_per_second": 0.5, "gflops": 0.02, "threads_used": 2}
    assert [entry[1] for entry in diary if entry[0] == "numba"] == [4, 1, 1, 1]
    sides({"numba": [3.0, 2.0]})
    assert compare(CASE, ("numba", 1), None, rounds=1)["threads_used"] == 1
    sides({"numba": [3.0, 2.0]})
    assert compare(CASE, ("numba", 16), None, rounds=1)["threads_used"] == 2               # of two pieces


def test_the_number_of_rounds_is_the_number_of_turns(sides):
    diary = sides({"numba": [0.1] * 20, "numpy": [0.1] * 20})
    assert compare(CASE, ("numba", 2), ("numpy", 2), rounds=9)["against"] == "numpy, 2 threads"
    assert sum(entry[0] == "numpy" for entry in diary) == 1 + 9


def test_no_side_stays_behind_where_one_cannot_begin(sides):
    diary = sides({"numba": [], "numpy": []}, fails="numpy")
    with pytest.raises(UserError):
        compare(CASE, ("numba", 2), ("numpy", 2))
    assert [entry for entry in diary if entry[0] == "closed"] == [("closed", "numba"), ("closed", "numpy")]


def test_peers_need_the_source_tree(monkeypatch, tmp_path):
    monkeypatch.setattr(comparing, "PEERS", tmp_path / "none")
    for peer in ("torch", "jax", "jax-shared"):
        with pytest.raises(UserError, match="from a clone"):
            compare(CASE, ("numba", 2), (peer, 2))


def test_the_peers_are_built_from_our_parameters(monkeypatch):
    made = []

    class Peer:
        def make_trainer(params, config, batches):
            made.append((params, config, batches))
            return "step"
    monkeypatch.setattr(worker, "import_module", lambda name: made.append(name) or Peer)
    vocabulary, batches = worker.make_batches(1, 1, 0, None)
    config = Config(hidden=2, embedding=2, gate_hidden=2)
    for peer, file in (("torch", "torch_dmn"), ("jax", "jax_dmn"), ("jax-shared", "jax_shared_dmn")):
        assert (comparing.PEERS / f"{file}.py").is_file()
        assert worker.make_step(peer, 2, vocabulary, batches, config, 5) == "step"
        name, (params, given, trained_on) = made[-2:]
        wanted = DMN(config, vocabulary, "numpy", 5).params
        assert name == f"tests.peers.{file}" and given is config and trained_on is batches
        assert set(params) == set(wanted) and all(np.array_equal(params[k], wanted[k]) for k in wanted)


def test_the_cases_of_the_benchmark():
    found = cases([1, 3], 16, ("softmax", "gated"))
    assert [(c.task, c.stories, c.hidden, c.episode) for c in found] == [
        (1, 16, 80, "softmax"), (3, 16, 80, "softmax"), (1, 16, 80, "gated"), (3, 16, 80, "gated"), (1, 0, 40, "softmax"), (1, 0, 40, "gated")]
    assert len({c.name for c in found}) == 6 and found[1].name == "task 3, softmax"


# ---- a side as a process

def side(monkeypatch, tmp_path, script):
    program = tmp_path / "worker"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program))
    return comparing._Side("jax", 2, CASE, 5, None)


@pytest.mark.parametrize("script, error, says", [
    ("echo 'numbers: first' >&2; echo 'DIR: no such folder; give one' >&2; exit 2", UserError, "^DIR: no such folder; give one$"),
    ("echo \"ModuleNotFoundError: No module named 'jax'\" >&2; exit 1", UserError, "jax: No module named 'jax'; install it, or leave --against jax out"),
    ("kill -9 $$", UserError, "killed by signal 9 .*lower --stories"), ("echo 'IndexError: 7' >&2; exit 1", RuntimeError, "IndexError: 7")])
def test_a_worker_that_ends_says_why(monkeypatch, tmp_path, script, error, says):
    for begins, call in (("", lambda s: s.ready()), ("echo ready 160 7 2; read n; ", lambda s: (s.ready(), s.seconds(3)))):
        worker = side(monkeypatch, tmp_path, begins + script)
        with pytest.raises(error, match=says):
            call(worker)
        worker.close()


def test_a_worker_is_told_what_to_do_and_closed_at_once(monkeypatch, tmp_path):
    worker = side(monkeypatch, tmp_path, f'echo "$*" > {tmp_path}/told; echo ready 160 7000 3; read n; echo "$n"; read n; echo "$n"; exec sleep 60')
    assert worker.ready() == (160, 7000, 3) and worker.seconds(12) == 12.0 and worker.seconds(7) == 7.0
    worker.close()
    assert worker.process.returncode == -9
    assert (tmp_path / "told").read_text().split() == "-m tinydmn.bench.worker jax 2 32 softmax 80 1 5".split()


def test_a_worker_trains_as_many_steps_as_it_is_asked_for(monkeypatch, capsys):
    done = []
    monkeypatch.setattr(worker, "make_step", lambda *about: (done.append(about), lambda i: done.append(i))[1])
    monkeypatch.setattr(sys, "stdin", StringIO("3\n1\n2\n"))
    worker.main("numba", "2", "3", "gated", "7", "1", "5", "")
    ready, *seconds = capsys.readouterr().out.splitlines()
    (side, n_threads, vocabulary, batches, config, seed), *steps = done
    assert ready.split()[:2] == ["ready", str(len(batches[0].answer))] and all(float(s) >= 0 for s in seconds) and len(seconds) == 3
    assert steps[:2 * len(batches)] == list(range(16)) and steps[16:] == [0, 1, 2, 3, 4, 5]        # first each batch twice, to compile for every shape
    assert (side, n_threads, seed) == ("numba", 2, 5) and (config.hidden, config.embedding, config.gate_hidden, config.episode) == (7, 7, 7, "gated")
    assert config.passes == 3 and config.dropout == 0
    assert all((a.tokens == b.tokens).all() for a, b in zip(batches, worker.make_batches(1, 3, 5, None)[1], strict=True))


def test_the_batches_of_a_benchmark():
    vocabulary, batches = worker.make_batches(1, 4, 0, None)
    assert len(batches) == 8 and all(len(b.n_tokens) == 4 and len(b.answer) == 20 for b in batches)
    assert len({b.tokens.tobytes() for b in batches}) == 8
    again = worker.make_batches(1, 4, 0, None)[1]
    assert all((a.tokens == b.tokens).all() for a, b in zip(batches, again))
    assert not all(np.array_equal(a.tokens, b.tokens) for a, b in zip(batches, worker.make_batches(1, 4, 1, None)[1]))
    single = worker.make_batches(1, 0, 0, None)[1]
    assert all(len(b.n_tokens) == len(b.answer) == 1 and b.n_facts[0] == b.n_facts_story[0] for b in single)   # the last question sees the whole story


def test_our_trainer_makes_whole_training_steps():
    """Forward, backward, clipping, Adam with its own count of steps: the same numbers as by hand."""
    vocabulary, batches = worker.make_batches(1, 1, 0, None)
    config = Config(hidden=4, embedding=4, gate_hidden=4, dropout=0.0, clip=0.1)
    step, ours = worker.make_step("numpy", 1, vocabulary, batches, config, 3), DMN(config, vocabulary, "numpy", 3)
    m, v = np.zeros_like(ours.theta), np.zeros_like(ours.theta)
    for t, i in enumerate((0, 1, 9), 1):
        J, _, d = ours.gradient(batches[i % 8])
        assert step(i) == pytest.approx(J, rel=1e-6)
        d *= min(1.0, 0.1 / np.linalg.norm(d))
        m, v = 0.9 * m + 0.1 * d, 0.999 * v + 0.001 * d * d
        ours.theta = ours.theta - config.learning_rate * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)


def test_versions_take_turns_and_each_keeps_its_shortest_time(monkeypatch):
    order, times = [], iter([5.0, 2.0, 3.0, 4.0, 1.0, 9.0])
    monkeypatch.setattr(operations, "best_seconds", lambda call, budget: order.append((call(), budget)) or next(times))
    assert operations.in_turns({"a": lambda: "A", "b": lambda: "B"}, 3, 0.5) == {"a": 1.0, "b": 2.0}
    assert order == [("A", 0.5), ("B", 0.5)] * 3


def test_shares_of_a_step(monkeypatch):
    """On a clock that moves one second whenever it is read, and ten more in Adam."""
    clock = [0.0]
    vocabulary, (batch, *_) = worker.make_batches(1, 1, 0, None)
    net = DMN(Config(hidden=2, embedding=2, gate_hidden=2, passes=1, dropout=0.0), vocabulary, "numpy")
    net.threads, before, adam = 3, net.theta.copy(), net.ops.adam

    def tick():
        clock[0] += 1
        return clock[0]

    def slow(*given):
        clock[0] += 10
        return adam(*given)
    monkeypatch.setattr(operations, "perf_counter", tick)
    net.backend = ops.load("numpy", SimpleNamespace(adam=slow))
    shares = operations.shares_of_a_step(net, batch, 1, 50.0)
    assert "step" not in shares and {"gru_forward", "gru_backward", "passes_forward", "passes_backward", "adam", "clip_by_global_norm"} <= {*shares}
    assert shares["adam"] == pytest.approx(11 * shares["clip_by_global_norm"]) and shares["gru_forward"] == pytest.approx(2 * shares["passes_forward"])
    assert 0.5 < sum(shares.values()) < 1 and (net.theta == before).all() and net.threads == 3 and isinstance(net.ops, ops.Operations)


def test_each_side_has_the_threads_it_is_to_have(monkeypatch):
    made = []
    monkeypatch.setattr(worker, "our_trainer", lambda model, batches: made.append(model))
    vocabulary, batches = worker.make_batches(1, 1, 0, None)
    for name, n in (("numba", 3), ("numpy", 1)):
        worker.make_step(name, n, vocabulary, batches, Config(hidden=2, embedding=2, gate_hidden=2), 0)
        assert (made[-1].backend, made[-1].threads) == (name, n)


# ---- floating-point operations

@pytest.mark.parametrize("kind", ("softmax", "gated"))
def test_the_products_of_a_training_step_by_hand(kind):
    """Two stories of 2 and 1 facts; three questions that see 1, 2 and 1 of them: 4 facts with end-of-passes, 7 pairs; D = 2, H = 3, G = 5, 2 passes."""
    batch = SimpleNamespace(n_tokens=np.array([5, 2]), n_question=np.array([2, 3, 1]), n_facts_story=np.array([2, 1]), n_facts=np.array([1, 2, 1]))
    config = Config(embedding=2, hidden=3, gate_hidden=5, passes=2, episode=kind)
    product = lambda rows, n, m: 2 * rows * n * m          # (rows, n) by (n, m), multiplications and additions
    reading = 2 * product(8, 2, 9) + product(7 + 6, 3, 9)  # 8 words, twice; 7 tokens and 6 words of questions
    shared = product(7, 6, 5) + product(4, 3, 5) + product(3, 3, 5) + product(3, 3, 3)
    a_pass = product(7, 6, 5) + product(3, 3, 5) + product(3, 3, 3) + 2 * product(3, 3, 9)
    a_pass += product(7, 3, 9) if kind == "gated" else product(7, 3, 1)
    facts = product(4, 3, 9) if kind == "gated" else 0
    assert counting.step_flop(batch, 8, 11, config) == 3 * (reading + shared + facts + 2 * a_pass + product(3, 3, 11))


def test_a_worker_counts_its_batches(monkeypatch, capsys):
    monkeypatch.setattr(worker, "make_step", lambda *about: lambda i: None)
    monkeypatch.setattr(sys, "stdin", StringIO())
    config = Config(hidden=7, embedding=7, gate_hidden=7, passes=3, episode="gated")
    for stories, questions, pieces in (("32", 160, ops.load("numba").n_pieces(32, 160)), ("0", 1, 1)):
        worker.main("numba", "2", stories, "gated", "7", "1", "5", "")
        vocabulary, batches = worker.make_batches(1, int(stories), 5, None)
        flop = sum(counting.step_flop(b, worker.words_multiplied(b, vocabulary), len(vocabulary.answers), config) for b in batches) // len(batches)
        assert capsys.readouterr().out == f"ready {questions} {flop} {pieces}\n"


def test_word_vectors_are_counted_as_the_network_multiplies_them():
    vocabulary, (batch, *_) = worker.make_batches(1, 2, 0, None)
    assert worker.words_multiplied(batch, vocabulary) == len(vocabulary.words)             # fewer than the batch has tokens
    large = SimpleNamespace(words=range(1000))
    assert worker.words_multiplied(batch, large) == len(np.unique(np.concatenate([batch.tokens.ravel(), batch.question.ravel()])))


# ---- each operation alone

@pytest.mark.parametrize("backend", ops.BACKENDS)
def test_every_operation_is_timed_and_its_products_are_counted(backend, monkeypatch):
    monkeypatch.setattr(operations, "best_seconds", lambda call, budget=0: (call(), 0.5)[1])
    S, Q, H, seen = 2, 3, 6, []
    monkeypatch.setattr(operations, "Facts", lambda rows, n: seen.append(n) or Facts(rows, n))
    found = operations.table(backend, S=S, Q=Q, H=H)
    assert all(seconds == 0.5 for _, seconds, _ in found)
    timed = {name.split(",")[0] for name, _, _ in found}
    paired = {name for name in ops.functions("numpy") if ops.stem(name) != name}
    assert {name for name in paired - timed if not name.startswith(("features", "dropout", "lstm", "rnn", "gate", "softmax_episode", "gated_episode", "word_passes", "decode"))} == {"l2_forward"}
    flop = {name: n for name, _, n in found}
    pairs, passes, F, words, V = int(seen[0].sum()), 3, 10, 6, 30
    product = lambda rows, n, m: 2 * rows * n * m          # (rows, n) by (n, m), multiplications and additions
    R, T = S * F + 1, words * F
    assert flop["gru_forward"] == product(V, H, 3 * H) + product(S * T, H, 3 * H) and flop["gru_backward"] == 2 * flop["gru_forward"]
    assert flop["gru_cell_forward"] == 2 * product(Q, H, 3 * H) and flop["gru_cell_backward"] == 2 * flop["gru_cell_forward"]
    # of eq. (5), before the passes: the blocks c∘q and |c-q| for each pair, c and its W_b for each fact and q for each question; in each pass c∘m and |c-m|
    shared = 2 * product(pairs, H, H) + product(R, H, H) + 2 * product(Q, H, H)
    gates = 2 * product(pairs, H, H) + 2 * product(Q, H, H)
    memory = 2 * product(Q, H, 3 * H)                      # W e and U m
    assert flop["passes_forward, softmax"] == shared + passes * (gates + memory + 2 * pairs * H)
    assert flop["passes_forward, gated"] == shared + product(R, H, 3 * H) + passes * (gates + memory + product(pairs, H, 3 * H))
    assert all(flop[f"passes_backward, {kind}"] == 2 * flop[f"passes_forward, {kind}"] for kind in ("softmax", "gated"))


def test_the_best_time_is_the_least_of_those_that_fit_the_budget(monkeypatch):
    clock = iter([0, 3, 3, 4, 4, 6])                       # calls of 3, 1 and 2 seconds; the first one of all has no clock
    calls = []
    monkeypatch.setattr(operations, "perf_counter", lambda: next(clock))
    assert operations.best_seconds(lambda: calls.append(1), budget=5) == 1 and len(calls) == 4


def test_the_rate_of_the_matrix_product_is_that_of_one_thread(monkeypatch):
    seen = []
    monkeypatch.setattr(operations, "best_seconds", lambda call, budget: (call(), seen.append([lib["num_threads"] for lib in threads._blas().info()]), 0.25)[2])
    assert operations.sgemm_rate(16) == 2 * 16**3 / 0.25 and set(seen[0]) <= {1}
    assert operations.sgemm_rate(16, 3) == 3 * 2 * 16**3 / 0.25 and len(seen) == 4 and set(seen[-1]) <= {1}


# ---- the command

@pytest.fixture
def stubbed(monkeypatch):
    """The command with figures made up -> a diary of its comparisons."""
    asked = []

    def stub(case, ours, theirs, seed, data, rounds):
        asked.append((case, ours, theirs, seed, data, rounds))
        mine = {"case": case.name, "questions": 160, "ms": np.float64(12.346), "examples_per_second": 4321.0, "gflops": 12.0,
                "threads_used": 3 if case.stories else 1}
        return mine | ({"against": f"{theirs[0]}, {theirs[1]} threads", "their_ms": 50.5, "their_examples_per_second": 999.0, "ratio": np.float64(4.25), "ratio_least": 3.5,
                        "ratio_largest": 5.75} if theirs else {})
    monkeypatch.setattr(bench, "compare", stub)
    monkeypatch.setattr(bench.operations, "sgemm_rate", lambda n_threads: 40e9 * n_threads)
    monkeypatch.setattr(bench.operations, "table", lambda seed: asked.append(seed) or [("gru_forward, words", 2e-3, 20_000_000), ("embedding_forward", 5e-6, 0)])
    monkeypatch.setattr(bench, "find_spec", lambda name: object())
    monkeypatch.setenv("TINYDMN_THREADS", "3")
    return asked


def test_the_figures_as_json(stubbed, capsys):
    assert main(["bench", "--json", "--against", "torch", "--against", "one-thread", "--tasks", "2", "--stories", "8", "--episode", "gated", "--rounds", "5", "--seed", "9",
                 "--data", "D"]) == 0
    found = strict(capsys.readouterr().out)
    *compared, seed = stubbed
    assert [entry[1:] for entry in compared] == [(("numba", 3), ("torch", 3), 9, "D", 5)] * 2 + [(("numba", 3), ("numba", 1), 9, "D", 5)] * 2 and seed == 9
    assert [entry[0] for entry in compared] == cases([2], 8, ("gated",)) * 2
    assert found["threads"] == 3 and [f["ratio"] for f in found["training"]] == [4.25] * 4 and found["training"][0]["case"] == "task 2, gated"
    assert [f["share_of_sgemm"] for f in found["training"]] == pytest.approx([0.1, 0.3] * 2) and found["training"][0]["gflops"] == 12
    assert found["sgemm_gflops"] == 40 and found["operations"][0] == {"operation": "gru_forward, words", "us": 2000, "gflops": 10, "share_of_sgemm": 0.25}
    assert found["operations"][1]["gflops"] == 0 and found["operations"][1]["us"] == pytest.approx(5)


def test_the_figures_as_text(stubbed, capsys):
    assert main(["bench", "--against", "jax", "--tasks", "1", "--episode", "softmax", "--rounds", "5"]) == 0
    out = capsys.readouterr().out
    assert re.search(r"^task 1, softmax +12\.3\d +4,321 +12\.0 +10 %$", out, re.M) and re.search(r"^  jax, 3 threads +50\.50 +999 +4\.25 +3\.50 +5\.75$", out, re.M)
    assert "median of 5 turns" in out and "3 threads" in out and "40 GFLOP/s" in out
    assert re.search(r"^gru_forward, words +2000\.0 +10\.0 +25 %$", out, re.M) and re.search(r"^embedding_forward +5\.0$", out, re.M)
    head, row, theirs = (next(line for line in out.splitlines() if line.startswith(begin)) for begin in ("      ", "task 1", "  jax"))
    assert head[:34].endswith(" ms") and row[:34].endswith(" 12.35") and theirs[:34].endswith(" 50.50")                # in one column
    assert head[:53].endswith(" GFLOP/s") and row[:53].endswith(" 12.0") and head[:60].endswith(" sgemm") and row.endswith(" 10 %") and len(row) == 60
    assert max(map(len, (head, row, theirs))) <= 80
    assert head[:45].endswith("examples/s") and row[:45].endswith(" 4,321") and theirs.endswith("5.75") and len(theirs) == len(head)


def test_what_is_left_out(stubbed, capsys):
    assert main(["bench", "--no-operations", "--tasks", "1", "--episode", "both"]) == 0
    assert [entry[2] for entry in stubbed] == [None] * 4 and "each operation alone" not in capsys.readouterr().out
    assert {entry[0].episode for entry in stubbed} == {"softmax", "gated"} and stubbed[0][5] == 7 and stubbed[0][0].stories == 32


def test_a_peer_that_is_not_there(stubbed, capsys, monkeypatch):
    monkeypatch.setattr(bench, "find_spec", lambda name: None if name in ("torch", "jax") else object())
    for peer, package in (("torch", "torch"), ("jax", "jax"), ("jax-shared", "jax")):
        assert main(["bench", "--against", "numpy", "--against", peer]) == 2
        out, err = capsys.readouterr()
        assert err.count("\n") == 1 and f"--against {peer}: {package} is not installed" in err and f"pip install {package})" in err and not out and not stubbed


# ---- info

def test_info_says_what_a_report_needs(capsys, monkeypatch):
    monkeypatch.setenv("TINYDMN_THREADS", "3")
    assert main(["info", "--json"]) == 0
    figures = strict(capsys.readouterr().out)
    assert figures["tinydmn"] == tinydmn.__version__ and figures["python"] == sys.version.split()[0] and figures["threads"] == 3
    assert figures["numpy"] == np.__version__ and figures["cache"] == str(ops.cache_folder()) and Path(figures["folder"]) == Path(tinydmn.__file__).parent
    assert figures["blas"] and figures["processor"] and figures["system"] and figures["cores"] >= 1
    assert main(["info"]) == 0
    lines, operations = versions_and_operations(capsys.readouterr().out)
    assert lines["numpy"] == np.__version__ and {*lines, "operations"} == set(figures) and operations
    assert figures["cache_problem"] is None and lines["cache"] == str(ops.cache_folder()) and lines["cache_problem"] == "none"


def versions_and_operations(out):
    """What info prints: name -> value, and the lines that list the operations."""
    lines = out.splitlines()
    first = next(i for i, line in enumerate(lines) if line.endswith(" operations"))
    return dict(line.split(maxsplit=1) for line in lines[:first]), lines[first:]


def test_info_lists_which_operation_comes_from_where(capsys):
    assert main(["info", "--json"]) == 0
    figures = strict(capsys.readouterr().out)
    assert figures["operations"] == {backend: dict(ops.load(backend).source) for backend in ops.BACKENDS}
    assert main(["info"]) == 0
    _, lines = versions_and_operations(capsys.readouterr().out)
    found, top, below = {}, None, None                     # (back end, layer) -> the operations that are listed
    for line in lines:
        if not line.startswith("   "):
            words = line.split()
            top, below = (words[0], words[0]) if words[1] == "operations" else (top, words[-1])
        else:
            found.setdefault((top, below), []).extend(line.split())
    wanted = {}
    for backend in ops.BACKENDS:
        for name, layer in ops.load(backend).source.items():
            wanted.setdefault((backend, layer), set()).add(ops.stem(name))
    assert {key: set(names) for key, names in found.items()} == wanted and all(len(set(names)) == len(names) for names in found.values())
    assert ("numba", "numpy") in found and "gru" in found["numba", "numba"]


@pytest.mark.parametrize("folder, why", [(None, "this user has no home folder"), (Path(__file__) / "below", "Not a directory")])
def test_info_where_kernels_cannot_be_kept(folder, why, capfd, monkeypatch):
    """It is not an error there, and tells the truth: they are kept nowhere, why, and what to do."""
    monkeypatch.setattr(ops, "cache_folder", lambda: folder)
    monkeypatch.setattr(info, "cache_folder", lambda: folder)
    assert main(["info", "--json"]) == 0
    figures = strict(capfd.readouterr().out)
    assert figures["cache"] is None and f"({why})" in figures["cache_problem"] and "set NUMBA_CACHE_DIR" in figures["cache_problem"]
    assert main(["info"]) == 0
    out, err = capfd.readouterr()
    lines, _ = versions_and_operations(out)
    assert lines["cache"] == "nowhere" and lines["cache_problem"] == figures["cache_problem"] and not err


def test_the_processor_where_the_system_does_not_tell(monkeypatch):
    def no_file(*_, **__):
        raise OSError
    monkeypatch.setattr("builtins.open", no_file)
    monkeypatch.setattr(info.platform, "processor", lambda: "")
    monkeypatch.setattr(info.platform, "machine", lambda: "m68k")
    assert info.processor() == "m68k"


def test_info_names_every_package_that_tinydmn_stands_on(monkeypatch, capsys):
    setup = (Path(__file__).parents[1] / "setup.cfg").read_text(encoding="utf-8")
    needed = re.search(r"install_requires =\n((?: {4}.*\n)+)", setup)[1].split()
    assert {re.split(r"[\[>=<]", name)[0] for name in needed} <= set(info.PACKAGES)

    def version(name):
        if name == "torch":
            raise info.PackageNotFoundError
        return "1.2"
    monkeypatch.setattr(info, "version", version)
    assert main(["info"]) == 0 and re.search("^torch +not installed$", capsys.readouterr().out, re.M)
    assert main(["info", "--json"]) == 0 and strict(capsys.readouterr().out)["torch"] is None
