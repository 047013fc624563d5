"""The CUDA kernels against the reference: in the simulator (test_cuda_simulator.py starts a process for it) or on a GPU (pytest -m gpu).

Sizes are tiny, for the simulator runs one thread after the other: 1, and one less and one more than a block or tile holds.
"""

from collections import Counter
from dataclasses import replace
from types import SimpleNamespace

import numba
import numpy as np
import pytest

from tinydmn.config import Config
from tinydmn.data.batch import make_batch, take_stories
from tinydmn.data.story import Question, Story
from tinydmn.data.vocabulary import Vocabulary
from tinydmn.model import DMN
from tinydmn.ops import device, functions, gru_cuda, gru_ladder_cuda, load, passes_cuda, product_cuda
from tinydmn.ops.groups import GRU, Sequences, recurrent_shapes
from tinydmn.training import loop

from .helpers import NUMPY, drawn, each_kind, memory_weights, ones
from .test_device import CASES
from .test_passes import looked

pytestmark = [pytest.mark.gpu, pytest.mark.skipif(device.missing() is not None, reason=f"no CUDA here: {device.missing()}")]
CLOSE = {"float64": dict(rtol=1e-9, atol=1e-11), "float32": dict(rtol=2e-4, atol=2e-5)}


@pytest.fixture(scope="module")
def op():
    return load("cuda")


def up(x):
    """A nest of arrays -> on the device."""
    return load("cuda").to_device(x)


def assert_close(found, wanted, dtype="float64"):
    """Nests that may lie on the device, but for rounding the same."""
    if isinstance(wanted, (tuple, list)):
        assert len(found) == len(wanted)
        for a, b in zip(found, wanted):
            assert_close(a, b, dtype)
        return
    if device.is_device(found):
        assert found.dtype == np.dtype(dtype)
        found = found.copy_to_host()
    assert (found is None) == (wanted is None) and np.shape(found) == np.shape(wanted)
    if wanted is not None:
        np.testing.assert_allclose(found, wanted, **CLOSE[dtype])


@pytest.fixture
def made(monkeypatch):
    """Counter: how often each kernel was launched, by its name; in the simulator alone."""
    made, launched = Counter(), type(gru_cuda._step).__call__

    def launch(kernel, *given):
        made.update([kernel.fn.__name__] * (not kernel._device))
        return launched(kernel, *given)
    if device.SIMULATED:
        monkeypatch.setattr(type(gru_cuda._step), "__call__", launch)
    return made


def texts(answer):
    """Two stories: of two facts with two questions, and of one fact with one."""
    if answer == "tags":
        return [Story([["a", "b"]], [Question([], ["x", "y"], 1, [])]), Story([["b"]], [Question([], ["y"], 1, [])])]
    long = ["n", "w"] if answer == "sequence" else ["n"]
    return [Story([["a", "b"], ["b"]], [Question(["a"], long, 2, [1, 0]), Question(["b", "a"], ["w"], 1, [0])]),
            Story([["b", "c"]], [Question(["c"], ["n"], 1, [])])]


def network(case, backend, dtype, seed=1):
    config = Config(**{"hidden": 2, "embedding": 3, "gate_hidden": 3, "passes": 2, "dropout": 0.0} | CASES[case])
    stories = texts(config.answer)
    if config.bidirectional == "yes":
        stories[0].questions.pop()
    if config.passes == 0 and config.answer == "sequence":
        stories = [Story(s.facts, [Question(s.questions[0].tokens, s.questions[0].answer, len(s.facts), [])]) for s in stories]
    vocabulary = Vocabulary.build(stories, config.answer, features=config.answer == "tags")
    return DMN(config, vocabulary, backend, seed, dtype), make_batch(stories, vocabulary, config.facts, config.answer)


@pytest.mark.parametrize("case", CASES)
def test_a_network_is_the_reference(case):
    """Loss, its parts, the whole gradient, and all that a forward shows."""
    (plain, batch), (cuda, _) = (network(case, backend, "float64") for backend in ("numpy", "cuda"))
    J, losses, dtheta = plain.gradient(batch, rng=np.random.default_rng(2))
    J_cuda, losses_cuda, dtheta_cuda = cuda.gradient(batch, rng=np.random.default_rng(2))
    assert J_cuda == pytest.approx(J, rel=1e-10)
    assert vars(losses_cuda) == pytest.approx(vars(losses), rel=1e-10)
    assert np.abs(dtheta).max() > 1e-3
    assert_close(dtheta_cuda, dtheta)
    found, wanted = cuda.forward(batch), plain.forward(batch)
    for name, a in vars(wanted).items():
        assert isinstance(getattr(found, name), np.ndarray)
        assert_close(getattr(found, name), a)


def test_two_runs_give_the_same_bits():
    cuda, batch = network("gated", "cuda", "float32")
    (J, _, first), (J_again, _, again) = cuda.gradient(batch), cuda.gradient(batch)
    assert J == J_again
    np.testing.assert_array_equal(first.copy_to_host(), again.copy_to_host())


def test_float32_is_the_reference_within_rounding():
    (plain, batch), (cuda, _) = network("softmax", "numpy", "float64"), network("softmax", "cuda", "float32")
    assert cuda.gradient(batch)[2].dtype == np.float32
    assert_close(cuda.gradient(batch)[2], plain.gradient(batch)[2], "float32")


def test_ten_steps_of_training_are_the_reference():
    """The loss curve and the parameters after clipping and Adam."""
    curves, ends = [], []
    for backend in ("numpy", "cuda"):
        model, batch = network("softmax", backend, "float64")
        one, _ = take_stories(batch, np.array([1]))        # the shorter one
        ops, P, curve = model.ops, model.theta.size, []
        moments = ops.zeros((P,), model.dtype), ops.zeros((P,), model.dtype)
        for step in range(1, 11):
            J, _, dtheta = model.gradient(one)
            ops.clip_by_global_norm(dtheta, 0.5)
            ops.adam(model.theta, dtheta, moments, step, 0.01)
            curve.append(J)
        curves.append(curve)
        ends.append(ops.to_host(model.theta))
    np.testing.assert_allclose(curves[1], curves[0], rtol=1e-9)
    np.testing.assert_allclose(ends[1], ends[0], rtol=1e-7, atol=1e-10)
    assert curves[0][-1] < curves[0][0]


@pytest.mark.parametrize("case", ("dropout and l2", "sequence", "tags"))
def test_nothing_comes_back_before_an_epoch_is_over(case, monkeypatch):
    """Of losses, norm, answers and gradient: between the first step and the last no array is read."""
    log = []
    (model, batch), (plain, _) = network(case, "cuda", "float64"), network(case, "numpy", "float64")
    for one in (model, plain):
        one.config = replace(one.config, batch=1)
    read, adam = type(model.theta).copy_to_host, model.ops.functions["adam"]
    model.ops = load("cuda", overlay=SimpleNamespace(adam=lambda *args: (log.append("step"), adam(*args))))
    state = loop.start(model, 0)
    monkeypatch.setattr(type(model.theta), "copy_to_host", lambda self, *args: (log.append("read"), read(self, *args))[1])
    total, J = loop.train_epoch(model, batch, state, 1.0)
    assert log[:2] == ["read", "step"] and log[2] == "step" and {*log[3:]} == {"read"}     # first the weights, kept for the case of a NaN
    wanted, J_plain = loop.train_epoch(plain, batch, loop.start(plain, 0), 1.0)
    assert J == pytest.approx(J_plain, rel=1e-9) and vars(total) == pytest.approx(vars(wanted), rel=1e-9)


def test_arrays_are_freed_many_at_once():
    """Numba frees after every 10, and then the host waits for the device."""
    assert numba.config.CUDA_DEALLOCS_COUNT >= 1000


T = device.TILE


@pytest.mark.parametrize("transposed", ("", "A", "B", "AB"))
@pytest.mark.parametrize("M, K, N", [(1, 1, 1), (T - 1, T + 1, T), (T + 1, 2 * T + 1, 1), (T, T - 1, T + 1)])
def test_a_product_of_any_shape(monkeypatch, transposed, M, K, N):
    """New, and added to what is there; sums of many chunks."""
    monkeypatch.setattr(product_cuda, "CHUNK", 2)
    rng = np.random.default_rng(0)
    A, B, into = rng.normal(size=(M, K)), rng.normal(size=(K, N)), rng.normal(size=(M, N))
    a, b = (A.T.copy() if "A" in transposed else A), (B.T.copy() if "B" in transposed else B)
    assert_close(product_cuda.product(up(a), up(b), transposed), A @ B)
    there = up(into)
    product_cuda.product(up(a), up(b), transposed, into=there)
    assert_close(there, into + A @ B)
    wide = up(np.concatenate([rng.normal(size=(len(a), 2)), a], axis=1))
    assert_close(product_cuda.product(wide[:, 2:], up(b), transposed), A @ B)             # a view with strides


@pytest.mark.skipif(not device.SIMULATED, reason="on a device the other tests use cupy where it is")
def test_a_product_of_cublas(monkeypatch):
    """Where cupy is: how it is called, with NumPy in its place."""
    monkeypatch.setattr(product_cuda, "cupy", lambda: SimpleNamespace(asarray=lambda a: a._ary, matmul=np.matmul))
    monkeypatch.setattr(product_cuda, "_tiled", None)      # no kernel of ours runs
    rng = np.random.default_rng(0)
    A, B, into, bias = rng.normal(size=(2, 3)), rng.normal(size=(3, 4)), rng.normal(size=(2, 4)), rng.normal(size=4)
    for transposed in ("", "A", "B", "AB"):
        a, b = up(A.T.copy() if "A" in transposed else A), up(B.T.copy() if "B" in transposed else B)
        there = up(into)
        assert product_cuda.product(a, b, transposed, into=there) is there
        other = up(np.full((2, 4), np.nan))
        assert product_cuda.product(a, b, transposed, out=other) is other
        assert_close(other, A @ B)
        assert_close((product_cuda.product(a, b, transposed), product_cuda.product(a, b, transposed, bias=up(bias)), there), (A @ B, A @ B + bias, into + A @ B))


def cell_arguments(cell, dtype="float64", B=5, H=2):
    """B sequences, of which one is empty, more than a block has; states asked for twice and never."""
    rng = np.random.default_rng(3)
    R, I, steps = 3, 2, 3
    n = rng.integers(1, steps + 1, B).astype(np.int32)
    n[1] = 0
    sequences = Sequences(rng.integers(0, R, (B, steps)).astype(np.int32), n, np.minimum(rng.integers(-1, 3, (B, 3)), n[:, None] - 1).astype(np.int32))
    weights = drawn(rng, recurrent_shapes(cell, I, H))
    return rng.normal(size=(R, I)), sequences, weights, rng.random((B, steps)), rng.normal(size=(B, 3, H))


@pytest.mark.parametrize("gates", (True, False))
@pytest.mark.parametrize("rung", (1, 2, 3, 4))
def test_all_rungs_of_the_gru_are_the_reference(op, monkeypatch, rung, gates):
    if rung == 3:
        monkeypatch.setattr(gru_cuda, "split", lambda H, dtype: None)
    ladder = {1: (gru_ladder_cuda.gru_forward_1, gru_ladder_cuda.gru_backward_1), 2: (gru_ladder_cuda.gru_forward_2, gru_ladder_cuda.gru_backward_2)}
    forward, backward = ladder.get(rung, (op.gru_forward, op.gru_backward))
    x, sequences, gru, g, dout = cell_arguments(GRU)
    g = g if gates else None
    out, cache = NUMPY.gru_forward(x, sequences, gru, g)
    dgru = ones(gru)
    wanted = out, NUMPY.gru_backward(dout, cache, gru, dgru), dgru
    found, cache = forward(up(x), up(sequences), up(gru), up(g))
    dgru = up(ones(gru))
    assert_close((found, backward(up(dout), cache, up(gru), dgru), dgru), wanted)


simulated = pytest.mark.skipif(not device.SIMULATED, reason="launches are counted in the simulator")
# of a pass, and of a batch besides: forward, backward; of a training step with two passes
LAUNCHES = {"softmax": ((6, 6), (7, 20), 112), "gated": ((9, 10), (8, 24), 131)}


@simulated
@each_kind
def test_the_launches_of_a_pass(op, made, kind):
    """As passes_cuda.py begins with; a pass more adds those of a pass."""
    counted = []
    for n in (1, 2, 3):
        (*arguments, how), (w_m, w_s) = looked(np.random.default_rng(0), kind, n, 3, 3, 4, 2, 2)
        arguments, weights = up(arguments), arguments[4]
        dweights = up(ones(weights))
        made.clear()
        cache = op.passes_forward(*arguments, how)[3]
        forward = sum(made.values())
        op.passes_backward(up(list(w_m)), up(list(w_s)), cache, arguments[4], dweights)
        counted.append((forward, sum(made.values()) - forward))
    (forward, backward), (once_forward, once_backward), _ = LAUNCHES[kind]
    assert counted == [(once_forward + n * forward, once_backward + n * backward) for n in (1, 2, 3)]
    said = passes_cuda.__doc__.split(f"\n    {kind} ")[1].splitlines()[0].replace("(", " ").replace(")", " ").split()
    assert said[::2] == [str(number) for number in (forward, backward, once_forward, once_backward)]


@simulated
@each_kind
def test_the_launches_of_a_training_step(made, kind):
    """Forward, backward, clipping and Adam."""
    model, batch = network(kind, "cuda", "float32")
    ops = model.ops
    moments = ops.zeros(model.theta.shape, model.dtype), ops.zeros(model.theta.shape, model.dtype)
    made.clear()
    _, _, dtheta = model.gradient(batch)
    ops.clip_by_global_norm(dtheta, 1e9)
    ops.adam(model.theta, dtheta, moments, 1, 0.01)
    assert sum(made.values()) == LAUNCHES[kind][2], made


def test_what_a_rung_costs(op, made, monkeypatch):
    """The launches that were counted are those that are made; the table that a reader sees is what was counted."""
    steps, B, sizes = 3, 5, dict(D=2, H=2)
    x, gru = up(np.ones((4, 2))), up(drawn(np.random.default_rng(0), recurrent_shapes(GRU, 2, 2)))
    sequences = up(Sequences(np.zeros((B, steps), np.int32), np.full(B, steps, np.int32), np.full((B, 1), steps - 1, np.int32)))
    counted = {rung: gru_ladder_cuda.counted(rung, B, steps, distinct=4, **sizes) for rung in (1, 2, 3, 4)}
    for rung, forward in ((1, gru_ladder_cuda.gru_forward_1), (2, gru_ladder_cuda.gru_forward_2), (4, op.gru_forward), (3, op.gru_forward)):
        if rung == 3:
            monkeypatch.setattr(gru_cuda, "split", lambda H, dtype: None)
        made.clear()
        forward(x, sequences, gru)
        around = sum(made[name] for name in ("fill", "_gather"))           # what every rung has: gates of 1, zeros, the states wanted
        assert not device.SIMULATED or sum(made.values()) - around == counted[rung][0]
    # one sequence of one step, all sizes 1: W, U, b three numbers each
    assert [gru_ladder_cuda.counted(rung, 1, 1, 1, 1, 1)[1:] for rung in (1, 2, 3, 4)] == [(4 * 25, 12), (4 * 17, 12), (4 * 20, 12), (4 * 28, 12)]
    for line, rung in zip(gru_cuda.__doc__.split("million operations\n")[-1].splitlines(), (1, 2, 3, 4)):
        few, many = (gru_ladder_cuda.counted(rung, B, 100, 80, 80, 160) for B in (32, 1024))
        assert line.split() == [str(rung), *(text for n, b, o in (few, many) for text in (str(n), f"{b / 1e6:.1f}", f"{o / 1e6:.1f}"))]


def test_where_u_is_kept():
    """In registers, in what 48 KB leave of shared memory, and above H = 96 in the cache; above H = 256 a launch a step."""
    REGISTERS, ROWS, split = gru_cuda.REGISTERS, gru_cuda.ROWS, gru_cuda.split
    single, double = np.dtype("float32"), np.dtype("float64")
    for H in range(1, 300):
        for dtype in (single, double):
            if split(H, dtype):
                kept, rest = split(H, dtype)
                assert 1 <= kept <= H and 0 <= rest <= H - kept and kept * dtype.itemsize // 4 <= REGISTERS
                assert (3 * H * max(1, rest) + 8 * ROWS * H) * dtype.itemsize <= device.ON_CHIP + 3 * H * dtype.itemsize * (rest == 0)
    first_without = [next(H for H in range(1, 300) if split(H, dtype) is None) for dtype in (single, double)]
    cached = [next(H for H in range(1, 300) if sum(split(H, dtype)) < H) for dtype in (single, double)]
    assert first_without == [257, 193] and cached == [97, 58]
    assert split(64, single) == (32, 32) and split(80, single) == (40, 40) and split(128, single) == (58, 21)


def test_rows_are_added_in_their_order(op):
    dout, rows, dx = np.arange(12.0).reshape(6, 2), np.array([2, 0, 2, 2, 0, 1], np.int32), np.ones((4, 2))
    there = up(dx)
    op.gather_backward(up(dout), up(rows), there)
    np.add.at(dx, rows, dout)
    assert_close(there, dx)
    assert_close(op.gather_forward(up(dx), up(rows.reshape(2, 3))), dx[rows.reshape(2, 3)])


def test_the_features_of_words_are_added(op):
    rng = np.random.default_rng(0)
    features, F, dx, dF = np.array([[1, -1, 0], [2, 1, 1], [-1, -1, -1]], np.int32), rng.normal(size=(3, 2)), rng.normal(size=(3, 2)), np.ones((3, 2))
    there = up(dF)
    assert_close(op.features_forward(up(features), up(F)), NUMPY.features_forward(features, F))
    op.features_backward(up(dx), up(features), there)
    NUMPY.features_backward(dx, features, dF)
    assert_close(there, dF)


def test_scores_losses_and_choices(op):
    s = np.array([[0.0, 1.0, 1.0], [-np.inf, -2.0, 3.0], [1e4, 0.0, -1e4], [1.0, 1.0, 1.0]])
    target = np.array([2, 1, 0, -1], np.int32)
    loss, p = NUMPY.cross_entropy_forward(s, target)
    loss_cuda, p_cuda = op.cross_entropy_forward(up(s), up(target))
    assert op.number(loss_cuda) == pytest.approx(loss, rel=1e-12)
    assert op.number(op.count_right(up(s), up(target))) == NUMPY.count_right(s, target) == 1
    for steps in ([1, -1, 0, 2], [0, 2, 0, -1]):           # of two answers of two steps one is right as a whole
        assert op.number(op.count_right(up(s), up(np.array(steps, np.int32)), 2)) == NUMPY.count_right(s, np.array(steps), 2) == 1
    assert_close(p_cuda, p)
    assert_close(op.cross_entropy_backward(p_cuda, up(target), 0.25), NUMPY.cross_entropy_backward(p, target, 0.25))
    np.testing.assert_array_equal(op.argmax(up(s)), [1, 2, 0, 0])          # the first of the largest


def test_the_optimizer(op):
    rng = np.random.default_rng(0)
    theta, decayed, d = rng.normal(size=9), rng.integers(0, 2, 9).astype(float), rng.normal(size=9)
    assert op.number(op.l2_forward(up(theta), up(decayed))) == pytest.approx(NUMPY.l2_forward(theta, decayed), rel=1e-12)
    for largest in (0.5, 50.0):
        results = []
        for ops in (NUMPY, op):
            t, g, m, v = ops.to_device((theta.copy(), d.copy(), np.full(9, 0.1), np.full(9, 0.2)))
            ops.l2_backward(t, ops.to_device(decayed), 0.3, g)
            norm = ops.clip_by_global_norm(g, largest)
            ops.adam(t, g, (m, v), 3, 0.01)
            results.append((np.array(ops.number(norm)), *map(ops.to_host, (t, g, m, v))))
        assert_close(results[1], results[0])


def test_what_stands_between_the_equations(op):
    a, b = np.arange(6.0).reshape(2, 3), np.ones((2, 3))
    x, y, rows = op.to_device((a, b, (np.arange(2, dtype=np.int32),)))
    np.testing.assert_array_equal(op.to_host(rows[0]), [0, 1])
    assert_close((op.stack([x, y]), op.append_row(x, y[0]), op.add(x, y), op.zeros((2, 2), a.dtype)),
                 (np.stack([a, b]), np.concatenate([a, b[:1]]), a + b, np.zeros((2, 2))))
    assert_close(x, a)
    op.add_into(x, y)
    assert_close((x, op.dropout_forward(x, y), op.dropout_backward(x, x)), (a + 1, a + 1, (a + 1)**2))
    assert op.n_pieces(100, 1000) == 1 and op.to_device(None) is None


def test_every_operation_has_kernels():
    assert set(functions("cuda")) == set(functions("numpy"))
    assert set(load("cuda").source.values()) == {"cuda"}


def test_gates_and_episodes_alone(op):
    """The operations that the passes are composed of in the reference."""
    rng = np.random.default_rng(1)
    Q, steps, H = 2, 3, 2
    c, m, q = rng.normal(size=(Q, steps, H)), rng.normal(size=(Q, H)), rng.normal(size=(Q, H))
    s, ds, de, x = rng.normal(size=(Q, steps)), rng.normal(size=(Q, steps)), rng.normal(size=(Q, H)), rng.normal(size=(Q, H))
    s[1, 2] = -np.inf
    weights = memory_weights(rng, "gated", H, 3)
    results = []
    for ops in (NUMPY, op):
        to = ops.to_device
        dw, w = to(ones(weights)), to(weights)
        scores, cache = ops.gate_forward(*to((c, m, q)), w.gate)
        gate = ops.gate_backward(to(ds), cache, w.gate, dw.gate)
        e, g, cache = ops.gated_episode_forward(*to((c, s)), w.episode)
        gated = ops.gated_episode_backward(to(de), cache, w.episode, dw.episode)
        e_soft, g_soft, cache = ops.softmax_episode_forward(*to((c, s)))
        softmax = ops.softmax_episode_backward(to(de), cache)
        h, cache = ops.gru_cell_forward(*to((x, m)), w.memory)
        results.append((scores, gate, e, g, gated, e_soft, g_soft, softmax, h, ops.gru_cell_backward(to(de), cache, w.memory, dw.memory), dw))
    assert_close(results[1], results[0])
