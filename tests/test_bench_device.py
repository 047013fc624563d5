"""`bench --backend cuda` without any device: what is counted, when it is timed, what is held against the reference, what is printed; no clock has a say here."""

import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from tinydmn import DMN, Config, ops
from tinydmn.bench import compare as comparing, counting, device as gpu, passes, worker
from tinydmn.bench.compare import device_cases
from tinydmn.cli import bench, main
from tinydmn.episodic_memory import memory_weights
from tinydmn.errors import UserError
from tinydmn.gradcheck import assert_grad
from tinydmn.ops import device
from tinydmn.ops.groups import Passes

from .ops.test_device import device_ops

NUMPY, NUMBA = ops.load("numpy"), ops.load("numba")


def test_the_median_after_the_warm_up():
    called, clock = [], iter([5.0, 1.0, 9.0, 2.0, 4.0])

    def seconds(call):
        call()
        return next(clock)
    assert gpu.Timer(5, seconds)(lambda: called.append(1)) == 4.0 and len(called) == gpu.WARM_UP + 5 and gpu.WARM_UP >= 1


def test_a_clock_of_events(monkeypatch):
    """The first before the call, the second after it, and read when the device has passed both; in milliseconds."""
    diary = []
    events = iter("ab")
    event = lambda name: SimpleNamespace(name=name, record=lambda: diary.append("record " + name), synchronize=lambda: diary.append("wait for " + name))
    monkeypatch.setattr(device, "cuda", SimpleNamespace(event=lambda: event(next(events)),
                                                        event_elapsed_time=lambda begin, end: diary.append(begin.name + end.name) or 2500.0))
    assert gpu.event_seconds(lambda: diary.append("call")) == 2.5
    assert diary == ["record a", "call", "record b", "wait for b", "ab"]


def test_without_a_simulator_events_are_the_clock():
    assert gpu.Timer(3).clock is (gpu.wall_seconds if device.SIMULATED else gpu.event_seconds)
    assert gpu.wall_seconds(lambda: None) >= 0


def test_what_a_gru_costs_by_hand():
    """Five steps, I = 2, H = 3: W (9, 2), U (9, 3), b (9,)."""
    product = lambda rows, n, m: 2 * rows * n * m
    forward = product(5, 2, 9) + product(5, 3, 9)
    assert counting.gru_flop(5, 2, 3) == forward and counting.gru_flop(5, 2, 3, True) == 3 * forward
    weights, x, h = 9 * 2 + 9 * 3 + 9, 5 * 2, 5 * 3
    assert counting.gru_bytes(5, 2, 3) == 4 * (weights + x + h)
    assert counting.gru_bytes(5, 2, 3, True, 8) == 8 * (weights + x + h + (weights + x + h + x + weights))     # x and dh read; dx, dW, dU, db written


def test_the_rates_of_a_device(monkeypatch):
    seen = []
    monkeypatch.setattr(gpu, "SIZES", {"steps": 2, "copy": 100, "product": 10})
    monkeypatch.setattr(gpu, "ops", SimpleNamespace(load=lambda name: seen.append(name) or NUMPY))
    assert gpu.bandwidth(lambda call: 0.5) == 2 * 4 * 100 / 0.5
    assert gpu.product_rate(lambda call: 0.5) == 2 * 10**3 / 0.5 and seen == ["cuda"] * 2
    assert gpu.product_rate(lambda call: (call(), 0.25)[1], lambda a: lambda: seen.append(a.shape)) == 2 * 10**3 / 0.25 and seen[-1] == (10, 10)


def test_sequences_to_be_timed():
    case = gpu.make_case(16, 3, 9)
    n, at = case.sequences.n, case.sequences.at
    assert n[0] == 9 and n.min() >= 5 and n.max() == 9 and len(set(n)) > 1 and case.steps == n.sum() == (at >= 0).sum()
    assert sorted(case.sequences.rows.ravel()) == list(range(16 * 9)) and case.x.shape == (16 * 9, 3)
    assert ((case.dout != 0).any(axis=2) == (np.arange(9) < n[:, None])).all() and case.dout.shape == (16, 9, 3)
    assert {a.dtype.name for a in (case.x, case.dout, *case.gru)} == {"float32"} and all(np.abs(a).max() > 0.1 for a in case.gru)
    part = case.first(5)
    whole, some = gpu.calls(NUMPY, case)[1](), gpu.calls(NUMPY, part)[1]()
    np.testing.assert_allclose(some[0], whole[0][:5], atol=1e-6)
    np.testing.assert_allclose(some[1], whole[1][:5 * 9], atol=1e-6)


@pytest.mark.parametrize("name, what, wrong", [
    ("gru_forward", "h, alone", lambda found: (found[0] * np.float32(1.01), found[1])), ("gru_backward", "dx, alone", lambda found: (-found[0], found[1])),
    ("gru_backward", "dx, alone", lambda found: (found[0] * np.nan, found[1]))])
def test_what_is_timed_is_the_reference(name, what, wrong):
    """First, and to a line that says what differs."""
    case, right = gpu.make_case(12, 3, 4), getattr(NUMBA, name)
    gpu.check(case, NUMBA)
    with pytest.raises(RuntimeError, match=f"^the GRU's {what}, is not the reference's: off by "):
        gpu.check(case, ops.load("numba", overlay(name, lambda *a: wrong(right(*a)))))


def overlay(name, function):
    """Both of the GRU's operations, one of them another."""
    return SimpleNamespace(**{"gru_forward": NUMBA.gru_forward, "gru_backward": NUMBA.gru_backward} | {name: function})


def test_a_weights_gradient_and_a_row_of_many_are_looked_at():
    case = gpu.make_case(12, 3, 4)

    def weights(dout, cache, gru, dgru):
        found = NUMBA.gru_backward(dout, cache, gru, dgru)
        dgru.U[:] *= 2
        return found

    def many(x, sequences, gru, g=None):
        out, cache = NUMBA.gru_forward(x, sequences, gru, g)
        return (out if len(out) == gpu.CHECKED else -out), cache
    for name, function, says in (("gru_backward", weights, "dU, alone"), ("gru_forward", many, "h, among all")):
        with pytest.raises(RuntimeError, match=says):
            gpu.check(case, ops.load("numba", overlay(name, function)))


def test_the_rows_of_the_table(monkeypatch):
    """Each is checked before it is timed; the floor is the longer of the two times; peers beside it."""
    diary = []
    monkeypatch.setattr(gpu, "ops", SimpleNamespace(load=lambda name: NUMPY))
    monkeypatch.setattr(gpu, "SIZES", {"steps": 3})
    monkeypatch.setattr(gpu, "check", lambda case, op: diary.append(("checked", case.gru.U.shape[1], len(case.sequences.n))))
    peer = SimpleNamespace(calls=lambda case: {"torch": (lambda: diary.append("theirs"), lambda: diary.append("theirs, both"))})

    def timer(call):
        diary.append("timed")
        found = call()
        return 0.5 if found is None else 0.1
    rows = list(gpu.gru_rows((2, 4), (1, 3), timer, (1e4, 1e9), peer))
    assert [(row["hidden"], row["batch"], row["what"]) for row in rows] == [(H, B, what) for H in (2, 4) for B in (1, 3) for what in ("forward", "forward and backward")]
    assert diary[:5] == [("checked", 2, 1), "timed", "timed", "theirs", "timed"] and diary.count("theirs, both") == 4
    for row in rows:
        counted = row["steps"], row["hidden"], row["hidden"], row["what"] != "forward"
        assert row["ms"] == 100 and row["torch_ms"] == 500 and row["floor_ms"] == pytest.approx(1e3 * counting.gru_bytes(*counted) / 1e4)
        assert row["times_floor"] == pytest.approx(row["ms"] / row["floor_ms"])
    (row, _), alone = list(gpu.gru_rows((2,), (1,), timer, (1e12, 1e3))), {"what", "hidden", "batch", "steps", "floor_ms", "ms", "times_floor"}
    assert row["floor_ms"] == pytest.approx(1e3 * counting.gru_flop(3, 2, 2) / 1e3) and set(row) == alone


# ---- the passes


@pytest.mark.parametrize("kind", ("softmax", "gated"))
def test_passes_to_be_timed(kind):
    """Questions about stories, each of which sees some of its own facts, and then end-of-passes; the first ones alone are the first ones of all."""
    case = passes.make_case(12, 3, kind)
    rows, n = case.facts
    assert case.c.shape == (3 * passes.FACTS + 1, 3) and case.q.shape == case.dm.shape == (12, 3) and n[0] == passes.FACTS + 1 and 2 <= n.min() < n.max()
    for q, (row, k) in enumerate(zip(rows, n)):
        first = q // passes.QUESTIONS * passes.FACTS
        assert row[:k - 1].tolist() == list(range(first, first + k - 1)) and {*row[k - 1:]} == {len(case.c) - 1}
    assert ((case.dss != 0) == (np.arange(passes.FACTS + 1) < n[:, None])).all() and case.dss.shape == (passes.PASSES, 12, passes.FACTS + 1)
    assert {a.dtype.name for a in (case.c, case.q, case.dm, case.dss, *case.params.values())} == {"float32"}
    whole, some = (passes.calls(NUMPY, one)[1]() for one in (case, case.first(5)))
    np.testing.assert_allclose(some[0], whole[0][:5], atol=1e-6)
    np.testing.assert_allclose(some[2], whole[2][:5], atol=1e-6)
    np.testing.assert_array_equal(passes.calls(NUMPY, case)[0](), whole[0])
    assert case.counted == (len(case.c), n.sum(), 12, 3, 3)


def test_the_gradients_of_the_passes_are_those_of_what_arrives():
    """Central differences of dm · m + dss · s: into facts, questions (m^0 among them) and a weight."""
    case = passes.make_case(4, 2, "gated")
    case = replace(case, **{name: getattr(case, name).astype(float) for name in ("c", "q", "dm", "dss")}, params={name: a.astype(float) for name, a in case.params.items()})
    _, dc, dq, dweights = passes.calls(NUMPY, case)[1]()
    how, there = Passes(passes.PASSES, "gated"), np.arange(passes.FACTS + 1) < case.facts.n[:, None]

    def loss():
        ms, ss, *_ = NUMPY.passes_forward(case.c, case.q, case.q, case.facts, memory_weights(case.params, case.config), how)
        return np.sum(case.dm * ms[-1]) + sum(np.sum(ds[there] * s[there]) for ds, s in zip(case.dss, ss))
    assert_grad("c", dc, loss, case.c)
    assert_grad("q", dq, loss, case.q)
    assert_grad("W_b", dweights.gate.W_b, loss, case.params["gate.W_b"])


def passes_of(name, function):
    return ops.load("numba", SimpleNamespace(**{"passes_forward": NUMBA.passes_forward, "passes_backward": NUMBA.passes_backward} | {name: function}))


def test_the_passes_that_are_timed_are_the_reference():
    case = passes.make_case(12, 3, "softmax")
    passes.check(case, NUMBA)

    def forward(*given, few=True):
        ms, *more = NUMBA.passes_forward(*given)
        return [*ms[:-1], ms[-1] * (1 if few and len(ms[-1]) > passes.CHECKED else np.float32(1.01))], *more

    def backward(change):
        def wrong(dms, dss, cache, weights, dweights):
            found = [*NUMBA.passes_backward(dms, dss, cache, weights, dweights)]
            change(found, dweights)
            return found
        return wrong
    wrong = {"m, alone": ("passes_forward", forward), "dc, alone": ("passes_backward", backward(lambda found, _: found[0].__imul__(-1))),
             "dq, alone": ("passes_backward", backward(lambda found, _: found[2].fill(np.nan))), "dgate.W_2, alone": ("passes_backward", backward(lambda _, d: d.gate.W_2.fill(0))),
             "m, among all": ("passes_forward", lambda *given: forward(*given, few=False) if len(given[1]) > passes.CHECKED else NUMBA.passes_forward(*given))}
    for says, (name, function) in wrong.items():
        with pytest.raises(RuntimeError, match=f"^the passes' {says}, is not the reference's: off by "):
            passes.check(case, passes_of(name, function))


def test_what_passes_cost_by_hand():
    """R = 7 facts, Q = 4, H = 2, G = 3: W_b (2, 2), W_1 (3, 16), b_1, W_2 (3,), b_2; a GRU W, U (6, 2), b (6,)."""
    gate, gru = 4 + 48 + 3 + 3 + 1, 12 + 12 + 6
    for kind, weights in (("softmax", gate + gru), ("gated", gate + 2 * gru)):
        forward = weights + 7 * 2 + 4 * 2 + 4 * 2
        assert counting.passes_bytes(7, 4, 2, 3, kind) == 4 * forward
        # read again, dm too; dc, dq and all the weights' written
        assert counting.passes_bytes(7, 4, 2, 3, kind, True) == 4 * (forward + weights + 7 * 2 + 4 * 2 + 4 * 2 + 7 * 2 + 4 * 2 + weights)


def test_the_rows_of_the_passes(monkeypatch):
    diary = []
    monkeypatch.setattr(passes, "ops", SimpleNamespace(load=lambda name: NUMPY))
    monkeypatch.setattr(passes, "check", lambda case, op: diary.append((case.config.episode, case.config.hidden, len(case.q))))
    peer = SimpleNamespace(calls=lambda case: {"torch": (lambda: "theirs", lambda: "theirs, both")})
    timer = lambda call: 0.5 if isinstance(call(), str) else 0.1
    rows = list(passes.passes_rows((2, 4), (1, 3), ("softmax", "gated"), timer, (1e4, 1e9), peer))
    assert diary == [(kind, H, Q) for kind in ("softmax", "gated") for H in (2, 4) for Q in (1, 3)] and len(rows) == 16
    assert [row["what"] for row in rows[:2]] == ["softmax, forward", "softmax, forward and backward"] and rows[-1]["what"] == "gated, forward and backward"
    for row in rows:
        case, back = passes.make_case(row["batch"], row["hidden"], row["episode"]), row["what"].endswith("backward")
        R, pairs, Q, H, G = case.counted
        assert row["ms"] == 100 and row["torch_ms"] == 500 and row["floor_ms"] == pytest.approx(1e3 * counting.passes_bytes(R, Q, H, G, row["episode"], back) / 1e4)
    row, both = list(passes.passes_rows((2,), (3,), ("gated",), timer, (1e12, 1e3)))
    R, pairs, Q, H, G = passes.make_case(3, 2, "gated").counted
    flop = counting.passes_flop(R, pairs, Q, H, G, 3, "gated")
    assert row["floor_ms"] == pytest.approx(flop) and both["floor_ms"] == pytest.approx(3 * flop) and "torch_ms" not in row


def test_the_training_steps_of_a_device():
    found = device_cases([1, 3], 16, ("softmax", "gated"), (64, 256))
    assert [(c.task, c.stories, c.hidden, c.episode) for c in found[:4]] == [(1, 16, 64, "softmax"), (3, 16, 64, "softmax"), (1, 16, 64, "gated"), (3, 16, 64, "gated")]
    assert len({c.name for c in found}) == 8 and found[-1].name == "task 3, gated, H=256"


def test_a_training_step_leaves_everything_on_the_device():
    """On arrays that only operations may touch; the same losses as on the host."""
    vocabulary, batches = worker.make_batches(1, 0, 0, None)
    config = Config(hidden=2, embedding=2, gate_hidden=2, passes=1, dropout=0.0)
    there, here = (worker.our_trainer(DMN(config, vocabulary, backend, 5), batches) for backend in (device_ops(), "numpy"))
    assert [there(i) for i in range(3)] == [here(i) for i in range(3)]


# ---- the command

@pytest.fixture
def stubbed(monkeypatch):
    """The command on a device that is made up -> a diary."""
    asked = []

    def compare(case, ours, theirs, seed, data, rounds):
        asked.append((case, ours, theirs, seed, data, rounds))
        more = {"against": f"{theirs[0]}, 1 thread", "their_ms": 50.5, "their_examples_per_second": 999.0, "ratio": np.float64(4.25)} if theirs else {}
        return {"case": case.name, "questions": 160, "ms": 12.346, "examples_per_second": 4321.0, "gflops": 30.0, "threads_used": 1} | more

    def gru_rows(hidden, batch, timer, floor, peer):
        asked.append((hidden, batch, timer.rounds, floor, peer))
        yield {"what": "forward and backward", "hidden": 64, "batch": 4096, "steps": 9, "ms": 1.25, "floor_ms": 0.125, "times_floor": 10.0} | (
            {"torch_ms": 2.5, "torch_packed_ms": 3.75} if peer else {})
    def passes_rows(hidden, batch, kinds, timer, floor, peer):
        asked.append((hidden, batch, kinds, timer.rounds, floor, peer))
        yield {"what": "softmax, forward and backward", "hidden": 128, "batch": 4096, "ms": 1.75, "floor_ms": 0.25, "times_floor": 7.0} | (
            {"torch_ms": 8.5, "torch_compile_ms": 4.25} if peer else {})
    monkeypatch.setattr(bench, "compare", compare)
    monkeypatch.setattr(gpu, "gru_rows", gru_rows)
    monkeypatch.setattr(bench.passes, "passes_rows", passes_rows)
    monkeypatch.setattr(gpu, "bandwidth", lambda timer: 4e12)
    monkeypatch.setattr(gpu, "product_rate", lambda timer, matmul: 6e13 if matmul else 3e12)
    monkeypatch.setattr(gpu, "check_torch", lambda: (SimpleNamespace(matmul="cuBLAS"), "passes of torch"))
    monkeypatch.setattr(bench, "find_spec", lambda name: object())
    monkeypatch.setattr(device, "SIMULATED", False)
    monkeypatch.setattr(device, "missing", lambda: None)
    monkeypatch.setattr(device, "description", lambda: "a GPU")
    return asked


def test_its_figures_as_json(stubbed, capsys):
    assert main(["bench", "--backend", "cuda", "--against", "torch", "--json", "--tasks", "2", "--stories", "8", "--episode", "gated", "--rounds", "5", "--seed", "9", "--data", "D",
                 "--hidden", "64", "80", "--batch", "7"]) == 0
    found = json.loads(capsys.readouterr().out)
    table, looks, *compared = stubbed
    assert table[:4] == ([64, 80], [7], 5, (4e12, 6e13)) and table[4].matmul == "cuBLAS"
    assert [entry[1:] for entry in compared] == [(("cuda", 1), (side, 1), 9, "D", 5) for side in ("torch-cuda", "torch-compile")] * 2
    assert [entry[0] for entry in compared] == [case for case in device_cases([2], 8, ("gated",), (64, 80)) for _ in range(2)]
    assert found["device"] == "a GPU" and found["simulated"] is False and found["copy_gb_per_second"] == 4000 and found["product_gflops"] == 60_000
    assert looks == ([64, 80], [7], ("gated",), 5, (4e12, 6e13), "passes of torch") and found["passes"][0]["torch_compile_ms"] == 4.25
    assert found["gru"][0]["torch_packed_ms"] == 3.75 and found["training"][0]["share_of_product"] == pytest.approx(30e9 / 6e13) and len(found["training"]) == 4


def test_its_figures_as_text(stubbed, capsys):
    assert main(["bench", "--backend", "cuda", "--against", "torch", "--tasks", "1", "--episode", "softmax"]) == 0
    out = capsys.readouterr().out
    assert stubbed[0][:3] == (bench.HIDDEN, bench.BATCH, 7) and "SIMULATOR" not in out
    lines = out.splitlines()
    assert lines[0] == "a GPU" and lines[1] == "copies 4,000 GB/s, products 60,000 GFLOP/s (cuBLAS), float32; medians of 7"
    head, row = next((line, below) for line, below in zip(lines, lines[1:]) if line.endswith("packed"))
    assert row == "forward and backward           64   4096   1.250  0.125  10.0    2.500    3.750" and len(head) == len(row) <= 80
    head, row = next((line, below) for line, below in zip(lines, lines[1:]) if line.endswith("compiled"))
    assert row == "softmax, forward and backward 128   4096   1.750  0.250   7.0    8.500    4.250" and len(head) == len(row) and head.split()[-2] == "eager"
    assert lines.count("training, 32 stories a batch, 3 passes; of the products' rate; ratio: theirs to ours") == 1 == out.count("\ntraining, 820 stories a batch")
    assert [case.stories for case, *_ in stubbed[2:]] == [32] * 8 + [820] * 8
    head, ours, theirs = next(lines[i:i + 3] for i, line in enumerate(lines) if line.endswith("ratio"))
    assert ours == "task 1, softmax, H=64            12.35       4,321  0.1 %" and theirs == "  torch-cuda                     50.50         999           4.25" and len(head) == len(theirs)
    assert main(["bench", "--backend", "cuda"]) == 0
    out = capsys.readouterr().out
    assert "(our kernel)" in out and "cuDNN" not in out and "eager" not in out and "ratio" not in out and stubbed[-1][2] is None


def test_the_cores_of_the_host_beside_it(stubbed, capsys, monkeypatch):
    monkeypatch.setattr(bench.threads, "count", lambda: 6)
    assert main(["bench", "--backend", "cuda", "--against", "numba", "--tasks", "1", "--episode", "gated", "--hidden", "64", "--stories", "820"]) == 0
    out = capsys.readouterr().out
    (table, looks, compared) = stubbed
    assert table[4] is None is looks[5] and compared[0].stories == 820 and compared[1:3] == (("cuda", 1), ("numba", 6)) and "cuDNN" not in out and "ratio" in out
    assert "  numba                          50.50         999           4.25" in out.splitlines()
    assert main(["bench", "--against", "numba"]) == 2
    assert capsys.readouterr().err == "tinydmn bench: --against numba: is what is timed; give --backend cuda to hold a GPU against it, or leave it out\n"


def test_in_the_simulator_it_says_that_times_mean_nothing(stubbed, capsys, monkeypatch):
    monkeypatch.setattr(device, "SIMULATED", True)
    assert main(["bench", "--backend", "cuda"]) == 0
    out, err = capsys.readouterr()
    assert "THE SIMULATOR'S TIMES MEAN NOTHING" in out and "training steps are left out" in err and len(stubbed) == 2 and stubbed[0][:2] == ((2,), (2,)) == stubbed[1][:2]
    assert main(["bench", "--backend", "cuda", "--json", "--hidden", "3"]) == 0
    assert json.loads(capsys.readouterr().out)["simulated"] is True and stubbed[-1][:2] == ([3], (2,)) == stubbed[-2][:2]


def test_what_is_missing_is_one_line(monkeypatch, capsys):
    monkeypatch.setattr(device, "missing", lambda: "no GPU")
    peer = SimpleNamespace(missing=lambda: "torch 2.1 finds no GPU")
    monkeypatch.setattr(gpu, "import_peer", lambda name: peer)
    for words, says in (((), "back end cuda: no GPU"), (("--against", "torch"), "back end cuda: no GPU"),
                        (("--against", "torch", "--against", "jax"), "--against jax with --backend cuda: on a GPU the other side is torch, or numba; give one of them, or leave it out")):
        monkeypatch.setattr(bench, "find_spec", lambda name: object())
        assert main(["bench", "--backend", "cuda", *words]) == 2
        assert capsys.readouterr().err == f"tinydmn bench: {says}\n"
    for name in ("hidden", "batch"):
        assert main(["bench", f"--{name}", "64"]) == 2
        assert capsys.readouterr().err == f"tinydmn bench: --{name}: is for --backend cuda; leave it out\n"
    with pytest.raises(UserError, match="^--against torch: torch 2.1 finds no GPU; install one that finds the GPU, or leave --against out$"):
        gpu.check_torch()
    peer.missing = lambda: None
    assert gpu.check_torch() == (peer, peer)
    monkeypatch.setattr(comparing, "PEERS", comparing.PEERS / "none")
    with pytest.raises(UserError, match="from a clone"):
        gpu.check_torch()
