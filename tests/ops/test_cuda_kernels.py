"""Each kernel against the reference at the sizes that matter to a launch: 1, one less than a block holds, as many, one more, and what no tile divides.

Whole networks are in test_cuda.py.  Here one operation runs at a time, so that a wrong index, a guard that is missing, or a term that is left out shows where it is.
"""


import numpy as np
import pytest
from hypothesis import Phase, example, given, settings, strategies as st

from tinydmn.ops import arrays_cuda, device, gru_cuda, load, optimizer_cuda, product_cuda
from tinydmn.ops.device import cuda
from tinydmn.ops.groups import GRU, LSTM, RNN, Facts, Passes, Sequences, gate_shapes, recurrent_shapes
from tinydmn.training.evaluate import evaluate, together

from .helpers import NUMPY, drawn, each_kind, nest, ones, seeds, sizes
from .test_answer import asked, by_hand
from .test_cuda import assert_close, network, up
from .test_passes import looked

pytestmark = [pytest.mark.gpu, pytest.mark.skipif(device.missing() is not None, reason=f"no CUDA here: {device.missing()}")]
THREADS, TILE, ROWS = device.THREADS, device.TILE, gru_cuda.ROWS
EDGES = sorted({1, THREADS - 1, THREADS, THREADS + 1})
each_edge = pytest.mark.parametrize("N", EDGES)
few = settings(max_examples=8, phases=[Phase.explicit, Phase.generate])   # the simulator takes its time: none smaller is sought where one fails
each_cell = pytest.mark.parametrize("cell", (GRU, LSTM, RNN), ids=("gru", "lstm", "rnn"))


@pytest.fixture(scope="module")
def op():
    return load("cuda")


def same(op, work, *arguments, dtype="float64"):
    """work(ops, *arguments) is on the device what it is on the host; each has copies of its own."""
    results = []
    for ops in (NUMPY, op):
        own = nest(lambda a: a.copy() if isinstance(a, np.ndarray) else a, arguments)
        results.append(work(ops, *ops.to_device(own)))
    assert_close(results[1], results[0], dtype)


# ---- numbers, rows

@each_edge
@pytest.mark.parametrize("dtype", ("float32", "float64"))
def test_numbers_one_a_thread(op, dtype, N):
    rng = np.random.default_rng(N)
    a, b = (rng.normal(size=N).astype(dtype) for _ in range(2))

    def work(ops, a, b):
        out = ops.zeros((N,), a.dtype), ops.zeros((N, 2), a.dtype), ops.add(a, b), ops.stack([a, b, a]), ops.append_row(a.reshape(N, 1), b[:1])
        ops.add_into(a, b)
        return *out, ops.append_row(b.reshape(1, N), a), ops.dropout_forward(a, b), ops.dropout_backward(b, b), a, b
    same(op, work, a, b, dtype=dtype)


def test_what_is_copied_is_a_copy():
    a = up(np.arange(3.0))
    b, product = arrays_cuda.copy(a), arrays_cuda.multiply(a, a)
    b[:1] = 7.0
    assert_close((a, b, product), (np.arange(3.0), np.array([7.0, 1.0, 2.0]), np.arange(3.0)**2))


def test_a_part_of_an_array_is_filled_and_added_to_alone(op):
    """The views that gradients are: nothing beside them changes."""
    whole = up(np.arange(10.0))
    op.add_into(whole[2:5], up(np.full(3, 10.0)))
    device.launch(arrays_cuda.fill, 2, whole[7:9], 0.5)
    assert_close(whole, np.array([0, 1, 12, 13, 14, 5, 6, 0.5, 0.5, 9]))


@few
@given(R=st.integers(1, THREADS + 1), N=st.sampled_from([0, *EDGES]), D=st.integers(1, 3), seed=seeds)
def test_rows_are_gathered_and_scattered(R, N, D, seed):
    """-1 is no row: it gathers zeros, and nothing is added for it."""
    rng = np.random.default_rng(seed)
    x, dx, rows = rng.normal(size=(R, D)), rng.normal(size=(R, D)), rng.integers(-1, R, N).astype(np.int32)
    some = rows >= 0
    wanted = np.where(some[:, None], x[rows], 0.0)
    if N:
        assert_close(arrays_cuda.gather(up(x), up(rows)), wanted)
        assert_close(load("cuda").gather_forward(up(x), up(np.maximum(rows, 0).reshape(1, N))), x[np.maximum(rows, 0)][None])
    dout, of = rng.normal(size=(N + 1, D)), rng.integers(0, N + 1, N)
    there, there_of = up(dx), up(dx)
    arrays_cuda.scatter_add(up(dout[:N]), rows, there)
    arrays_cuda.scatter_add(up(dout), rows, there_of, of)
    dx_of = dx.copy()
    np.add.at(dx, rows[some], dout[:N][some])
    np.add.at(dx_of, rows[some], dout[of[some]])
    assert_close((there, there_of), (dx, dx_of))


def test_the_rows_of_a_sum_keep_their_order():
    """1 + 1e8 - 1e8 is 0 in float32, and from its end 1."""
    dout, there = np.array([[1.0], [1e8], [-1e8], [3.0]], np.float32), up(np.zeros((2, 1), np.float32))
    arrays_cuda.scatter_add(up(dout), np.array([1, 1, 1, 0]), there)
    assert_close(there, np.array([[3.0], [0.0]], np.float32), "float32")


@few
@given(R=st.sampled_from(EDGES), K=sizes, N=sizes, D=st.integers(1, 3), seed=seeds)
def test_features(R, K, N, D, seed):
    rng = np.random.default_rng(seed)

    def work(ops, features, F, dx, dF):
        ops.features_backward(dx, features, dF)
        return ops.features_forward(features, F), dF
    same(load("cuda"), work, rng.integers(-1, N, (R, K)).astype(np.int32), rng.normal(size=(N, D)), rng.normal(size=(R, D)), rng.normal(size=(N, D)))


# ---- products

@few
@example(M=2, K=2 * TILE + 1, N=1, chunk=TILE, seed=0)     # two whole chunks, and a term more
@given(M=st.integers(1, 2 * TILE + 1), K=st.integers(1, 3 * TILE + 1), N=st.integers(1, 2 * TILE + 1), chunk=st.integers(1, 3 * TILE), seed=seeds)
@pytest.mark.parametrize("transposed", ("", "A", "B", "AB"))
def test_products(transposed, M, K, N, chunk, seed):
    """Of views whose neighbours are not numbers, new, in a view and added into one; of one chunk and of many, of which no tile need be a part."""
    rng = np.random.default_rng(seed)
    A, B, wide = rng.normal(size=(M, K)), rng.normal(size=(K, N)), rng.normal(size=(M + 2, N + 3))
    a, b = (A.T if "A" in transposed else A), (B.T if "B" in transposed else B)
    inside = lambda x: up(np.pad(x, ((0, 0), (1, 1)), constant_values=np.nan))[:, 1:-1]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(product_cuda, "CHUNK", chunk)
        there, other = up(wide), up(wide)
        assert_close(product_cuda.product(inside(a), inside(b), transposed), A @ B)
        assert_close(product_cuda.product(inside(a), inside(b), transposed, out=other[1:M + 1, 2:N + 2]), A @ B)
        assert product_cuda.product(inside(a), inside(b), transposed, into=there[1:M + 1, 2:N + 2]) is not None
    wide[1:M + 1, 2:N + 2] += A @ B
    assert_close(there, wide)
    wide[1:M + 1, 2:N + 2] = A @ B
    assert_close(other, wide)


@pytest.mark.parametrize("flags, shapes", (("", ((2, 0), (0, 3))), ("A", ((0, 2), (0, 3)))))
def test_a_product_of_no_terms(flags, shapes):
    """Of the rows that were never there: zeros, or what was there already."""
    a, b, into = (up(np.ones(shape)) for shape in (*shapes, (2, 3)))
    assert_close(product_cuda.product(a, b, flags), np.zeros((2, 3)))
    product_cuda.product(a, b, flags, into=into)
    assert_close(into, np.ones((2, 3)))


def test_products_of_float32_stay_float32():
    a = up(np.ones((TILE + 1, TILE + 1), np.float32))
    assert_close(product_cuda.product(a, a, "AB"), np.full((TILE + 1, TILE + 1), TILE + 1.0), "float32")


@each_edge
def test_affine(monkeypatch, N):
    """x Wᵀ + b, the bias of each column; backward the sums over all rows, in chunks."""
    monkeypatch.setattr(product_cuda, "CHUNK", 2)
    rng = np.random.default_rng(N)
    x, W, b, da = (rng.normal(size=size) for size in ((N, 2), (3, 2), 3, (N, 3)))
    assert_close(product_cuda.affine(up(x), up(W), up(b)), x @ W.T + b)
    dW, db = up(np.ones((3, 2))), up(np.ones(3))
    assert_close((product_cuda.affine_backward(up(da), up(x), up(W), dW, db), dW, db), (da @ W, 1 + da.T @ x, 1 + da.sum(axis=0)))


# ---- losses, choices, steps of the optimizer

@each_edge
@pytest.mark.parametrize("K", (1, 3))
def test_losses_of_any_number_of_rows(op, K, N):
    """Classes that are not allowed, scores that overflow and underflow, rows that are not scored, the first class and the last."""
    rng = np.random.default_rng(N)
    s = rng.normal(size=(N, K)) * rng.choice([1.0, 800.0], (N, 1)) + rng.choice([0.0, 1e3, -1e3], (N, 1))
    if K > 1:
        s[::2, 1] = -np.inf
    target = rng.choice([-1, 0, K - 1], N).astype(np.int32)
    target[-1] = K - 1

    def work(ops, s, target):
        loss, p = ops.cross_entropy_forward(s, target)
        return np.array(ops.number(loss)), p, ops.cross_entropy_backward(p, target, 0.3), np.array(ops.number(ops.count_right(s, target)))
    same(op, work, s, target)
    assert type(op.number(op.cross_entropy_forward(up(s), up(target))[0])) is float and op.number(2.5) == 2.5


def test_losses_of_float32_are_added_in_float64(op):
    """2**24 + log 2, which float32 has no number for, by one thread."""
    s, target = np.zeros((THREADS + 1, 2), np.float32), np.full(THREADS + 1, -1, np.int32)
    s[0, 1], target[[0, -1]] = 2.0**24, 0
    loss, p = op.cross_entropy_forward(up(s), up(target))
    assert abs(op.number(loss) - 2**24 - np.log(2)) < 1e-6
    assert_close(p, np.array([[0.0, 1.0], *[[0.5, 0.5]] * THREADS]), "float32")


@few
@given(N=st.sampled_from(EDGES), K=st.integers(1, 5), seed=seeds)
def test_the_first_of_the_largest(N, K, seed):
    s = np.random.default_rng(seed).integers(-3, 0, (2, N, K)).astype(float)            # below 0, and many of them equal
    s[:, :, 1:][s[:, :, 1:] == -3] = -np.inf
    np.testing.assert_array_equal(load("cuda").argmax(up(s)), s.argmax(axis=-1))


@pytest.mark.parametrize("dtype", ("float32", "float64"))
@pytest.mark.parametrize("P", [*EDGES, 2 * THREADS + 3])
def test_steps_of_the_optimizer(op, monkeypatch, dtype, P):
    """Norms by more than one thread, of more numbers than threads; moments from one step to the next; an ε that counts."""
    monkeypatch.setattr(optimizer_cuda, "SUMS", 3)
    rng = np.random.default_rng(P)
    theta, d, m, v = (rng.normal(size=P).astype(dtype) for _ in range(4))
    decayed = (np.arange(P) % 2 == 0).astype(dtype)

    def work(ops, theta, decayed, d, m, v):
        out = [np.array(ops.number(ops.l2_forward(theta, decayed)))]
        for step, largest in ((1, 1e3), (2, 0.5), (3, 0.7)):
            ops.l2_backward(theta, decayed, 0.3, d)
            out.append(np.array(ops.number(ops.clip_by_global_norm(d, largest))))
            ops.adam(theta, d, (m, v), step, 0.1, (0.8, 0.95), 0.05)
        ops.adam(theta, d, (m, v), 4, 0.1)
        return *out, theta, d, m, v
    same(op, work, theta, decayed, d, m, v**2, dtype=dtype)


def test_a_gradient_of_just_the_length_is_left_alone(op):
    d = up(np.array([3.0, 4.0]))
    assert op.number(op.clip_by_global_norm(d, 5.0)) == 5.0
    assert_close(d, np.array([3.0, 4.0]))
    op.clip_by_global_norm(d, 1.0)
    assert_close(d, np.array([0.6, 0.8]))


# ---- answers

@each_edge
def test_output(op, N):
    rng = np.random.default_rng(N)

    def work(ops, a, W_a, dlogits, dW_a):
        return ops.output_forward(a, W_a), ops.output_backward(dlogits, a, W_a, dW_a), dW_a
    same(op, work, *(rng.normal(size=size) for size in ((N, 2), (3, 2), (N, 3), (3, 2))))


def decoded(ops, m, q, given, steps, weights, dlogits):
    logits, cache = ops.decode_forward(m, q, given, steps, weights)
    dweights = ops.to_device(ones(nest(ops.to_host, weights)))
    return logits, ops.decode_backward(dlogits[:, :logits.shape[1]] if ops is NUMPY else up(ops.to_host(dlogits)[:, :logits.shape[1]]), cache, weights, dweights), dweights


@few
@given(Q=st.sampled_from(EDGES), T=st.integers(1, 3), H=sizes, A=sizes, forced=st.booleans(), seed=seeds)
def test_decoding(Q, T, H, A, forced, seed):
    """Words given, also padding behind them, and words chosen."""
    (m, q, given_, steps, weights), w = asked(np.random.default_rng(seed), Q, T, H, A, forced)
    if forced:
        given_[-1, 0] = -1
    same(load("cuda"), decoded, m, q, given_, steps, weights, w)


def test_decoding_ends_with_the_last_answer(op):
    """Where two questions choose <eos> in different steps, and neither again: after the second; never before `least`."""
    found = 0
    for seed in range(300):
        (m, q, _, _, weights), w = asked(np.random.default_rng(seed), 2, 5, 4, 2, False)
        says_eos = by_hand(m, q, None, 5, weights).argmax(axis=2) == 0
        if says_eos.any(axis=1).all() and not says_eos.all(axis=0).any() and says_eos.argmax(axis=1).max() < 3:
            for least in (1, 5):
                same(op, decoded, m, q, None, (least, 5), weights, w)
            found += 1
            if found == 2:
                return
    raise AssertionError("no seed of these has such answers")


# ---- recurrent networks

def read(rng, cell, B, I, H, T):
    """B sequences of 0 .. T steps over more words than one, states wanted twice and never."""
    R, n = 3, rng.integers(0, T + 1, B).astype(np.int32)
    n[-1] = T                                              # the longest is not the first
    at = np.minimum(rng.integers(-1, T + 1, (B, 3)), n[:, None] - 1).astype(np.int32)
    at[:, 2] = at[:, 0]
    sequences = Sequences(rng.integers(0, R, (B, T)).astype(np.int32), n, at)
    return rng.normal(size=(R, I)), sequences, drawn(rng, recurrent_shapes(cell, I, H)), rng.random((B, T)), rng.normal(size=(B, 3, H))


def run(name):
    def work(ops, x, sequences, weights, g, dout):
        out, cache = getattr(ops, f"{name}_forward")(x, sequences, weights, g)
        dweights = ops.to_device(ones(nest(ops.to_host, weights)))
        return out, getattr(ops, f"{name}_backward")(dout, cache, weights, dweights), dweights
    return work


def cell_is_the_reference(op, cell, arguments, gates=True, dtype="float64"):
    x, sequences, weights, g, dout = arguments
    same(op, run(cell.__name__.lower()), x, sequences, weights, g if gates else None, dout, dtype=dtype)


@each_cell
@settings(few, max_examples=5)
@given(B=st.sampled_from([ROWS, ROWS + 1, 1, 2 * ROWS + 1]), I=st.integers(1, 2), H=st.integers(1, 3), seed=seeds)
def test_sequences(cell, B, I, H, seed):
    """Of 0 to 3 steps, with gates and without; of the GRU by rung 4, by blocks of ROWS."""
    arguments = read(np.random.default_rng(seed), cell, B, I, H, 3)
    for gates in (True, False):
        cell_is_the_reference(load("cuda"), cell, arguments, gates)


@settings(few, max_examples=4)
@given(B=st.sampled_from(EDGES[::-1]), H=st.integers(1, 3), seed=seeds)
def test_sequences_step_by_step(B, H, seed):
    """The GRU's rung 3."""
    arguments = read(np.random.default_rng(seed), GRU, B, 2, H, 3)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gru_cuda, "split", lambda H, dtype: None)
        for gates in (True, False):
            cell_is_the_reference(load("cuda"), GRU, arguments, gates)


@each_cell
@pytest.mark.parametrize("B, T", ((1, 0), (ROWS + 1, 2), (ROWS + 1, 0)))
def test_sequences_of_which_all_are_empty(op, cell, B, T):
    x, sequences, *others = read(np.random.default_rng(B), cell, B, 2, 2, T)
    sequences.n[:], sequences.at[:] = 0, -1
    cell_is_the_reference(op, cell, (x, sequences, *others))


@pytest.mark.parametrize("places", [(1, 2), (2, 1), (3, 0), (1, 0), (1, 1), (2, 0)])
def test_u_in_registers_in_shared_memory_and_in_the_cache(op, monkeypatch, places):
    """Whatever the share of each; H = 3."""
    monkeypatch.setattr(gru_cuda, "split", lambda H, dtype: places)
    kernels = gru_cuda.sequence_forward, gru_cuda.sequence_backward
    for kernel in kernels:
        kernel.cache_clear()
    try:
        cell_is_the_reference(op, GRU, read(np.random.default_rng(sum(places)), GRU, ROWS + 1, 2, 3, 3))
    finally:
        for kernel in kernels:
            kernel.cache_clear()


@each_cell
def test_sequences_of_float32(op, cell):
    arguments = read(np.random.default_rng(0), cell, ROWS + 1, 2, 2, 3)
    cell_is_the_reference(op, cell, nest(lambda a: a.astype(np.float32) if a.dtype.kind == "f" else a, arguments), dtype="float32")


@each_edge
def test_one_step_of_a_gru(op, N):
    rng = np.random.default_rng(N)

    def work(ops, x, h, gru, dgru, dh):
        h, cache = ops.gru_cell_forward(x, h, gru)
        return h, ops.gru_cell_backward(dh, cache, gru, dgru), dgru
    weights = recurrent_shapes(GRU, 3, 2)
    same(op, work, rng.normal(size=(N, 3)), rng.normal(size=(N, 2)), drawn(rng, weights), drawn(rng, weights), rng.normal(size=(N, 2)))


# ---- gates, episodes, passes

@few
@given(Q=st.integers(1, THREADS + 1), T=st.integers(1, THREADS + 1), H=st.integers(1, 3), G=st.integers(1, 3), seed=seeds)
def test_gates(Q, T, H, G, seed):
    """A fact that is the question in one of its numbers: |c - q| has no derivative there."""
    rng = np.random.default_rng(seed)
    c, m, q, gate = rng.normal(size=(Q, T, H)), rng.normal(size=(Q, H)), rng.normal(size=(Q, H)), drawn(rng, gate_shapes(H, G))
    c[0, 0, 0], c[-1, -1, -1] = q[0, 0], m[-1, -1]

    def work(ops, c, m, q, gate, dgate, ds):
        s, cache = ops.gate_forward(c, m, q, gate)
        return s, ops.gate_backward(ds, cache, gate, dgate), dgate
    same(load("cuda"), work, c, m, q, gate, drawn(rng, gate_shapes(H, G)), rng.normal(size=(Q, T)))


@each_kind
@few
@given(Q=st.integers(1, THREADS + 1), T=st.integers(1, THREADS), H=st.integers(1, 3), seed=seeds)
def test_episodes(kind, Q, T, H, seed):
    """Scores that overflow without their largest, and -inf: no gate, no gradient."""
    rng = np.random.default_rng(seed)
    c, s, gru = rng.normal(size=(Q, T, H)), rng.normal(size=(Q, T)), drawn(rng, recurrent_shapes(GRU, H, H))
    s[0] += 800.0 if kind == "softmax" else 0.0
    s[-1] -= 800.0 if kind == "softmax" else 0.0
    s[:, 1:][rng.random((Q, T - 1)) < 0.3] = -np.inf

    def work(ops, c, s, gru, dgru, de):
        e, g, cache = getattr(ops, f"{kind}_episode_forward")(c, s, gru)
        return e, g, getattr(ops, f"{kind}_episode_backward")(de, cache, gru, dgru), dgru
    same(load("cuda"), work, c, s, gru, ones(gru), rng.normal(size=(Q, H)))


def passed(ops, arguments, w_m, w_s):
    ms, ss, gs, cache = ops.passes_forward(*arguments)
    dweights = ops.to_device(ones(nest(ops.to_host, arguments[4])))
    made = len(ms)
    d = ops.passes_backward(w_m[:made], w_s if w_s is None else w_s[:made], cache, arguments[4], dweights)
    return ms, ss, gs, d, dweights


@each_kind
@few
@given(n=st.integers(1, 2), Q=st.integers(1, THREADS + 1), T=st.integers(1, 3), R=sizes, H=st.integers(1, 2), G=st.integers(1, 2), scored=st.booleans(), seed=seeds)
def test_passes(kind, n, Q, T, R, H, G, scored, seed):
    """Facts that several questions see, that one sees twice, and that none sees; scores with a loss of their own or without."""
    arguments, (w_m, w_s) = looked(np.random.default_rng(seed), kind, n, Q, T, R, H, G)
    same(load("cuda"), passed, arguments, list(w_m), list(w_s) if scored else None)


@each_kind
@each_edge
def test_passes_of_any_size(op, monkeypatch, kind, N):
    """As many facts, hidden numbers and numbers of a gate as a block has threads, one less and one more; weights' gradients in chunks."""
    monkeypatch.setattr(product_cuda, "CHUNK", 3)
    arguments, (w_m, w_s) = looked(np.random.default_rng(N), kind, 2, 3, N, N, N, N)
    same(op, passed, arguments, list(w_m), list(w_s))


@each_kind
def test_a_question_alone_has_the_same_bits(op, kind):
    """Memories, scores and gates in float32, whatever the batch."""
    (c, m, q, facts, weights, how), _ = looked(np.random.default_rng(0), kind, 2, THREADS + 1, 3, 4, 3, 2)
    to = lambda *some: op.to_device(nest(lambda a: a.astype(np.float32) if a.dtype.kind == "f" else a, some))
    results = op.passes_forward(*to(c, m, q, facts, weights), how)[:3]
    for i in range(len(q)):
        one = slice(i, i + 1)
        alone = op.passes_forward(*to(c, m[one], q[one], Facts(facts.rows[one, :facts.n[i]], facts.n[one]), weights), how)[:3]
        for all_of, of_one in zip(results, alone):
            for a, b in zip(all_of, of_one):
                b = b.copy_to_host()[0]
                np.testing.assert_array_equal(a.copy_to_host()[i][:len(b)], b)


@each_kind
def test_passes_end_where_every_question_has_chosen_so(op, kind):
    """stop: the pass after which each question has chosen its last row, in this pass or before; stopped_at says in which."""
    found = set()
    for seed in range(1000):
        arguments, (w_m, w_s) = looked(np.random.default_rng(seed), kind, 4, 2, 3, 4, 2, 2)
        arguments = *arguments[:5], Passes(4, kind, True)
        _, ss, _, _ = NUMPY.passes_forward(*arguments)
        n, ends = arguments[3].n, np.stack(ss).argmax(axis=2) == arguments[3].n - 1
        what = ("not all" if not ends.any(axis=0).all() else "at once" if ends[-1].all() else "one after the other" if len(ss) < 4 else "at last")
        if what not in found:
            found.add(what)
            same(op, passed, arguments, list(w_m), None)
            np.testing.assert_array_equal(op.stopped_at(up(np.stack(ss)), up(n)), NUMPY.stopped_at(np.stack(ss), n))
        if {"not all", "at once", "one after the other"} <= found:
            return
    raise AssertionError(f"no seed of these has passes of each kind, but {found}")


@few
@given(n=st.integers(1, 2), words=st.lists(st.integers(1, 3), min_size=1, max_size=3), H=st.integers(1, 2), seed=seeds)
@each_kind
def test_passes_of_words(kind, n, words, H, seed):
    rng = np.random.default_rng(seed)
    Q, F, N = len(words), max(words), sum(words)
    (*_, weights, how), _ = looked(rng, kind, n, 1, 1, 1, H, 2)

    def work(ops, c, q, n_words, weights, dm):
        m, g, cache = ops.word_passes_forward(c, q, n_words, weights, how)
        dweights = ops.to_device(ones(nest(ops.to_host, weights)))
        return m, g, ops.word_passes_backward(dm, cache, weights, dweights), dweights
    same(load("cuda"), work, rng.normal(size=(Q, F, H)), rng.normal(size=(Q, H)), np.array(words, np.int32), weights, rng.normal(size=(N, H)))


# ---- the simulator

simulated = pytest.mark.skipif(not device.SIMULATED, reason="of the simulator alone")


@cuda.jit
def _turned(a, out, wait, not_all):
    shared = cuda.shared.array(2, device.real("float64"))
    i = cuda.threadIdx.x
    shared[i] = a[i]
    if wait and not (not_all and i):
        cuda.syncthreads()
    out[i] = shared[1 - i]


@simulated
def test_the_simulator_shows_what_a_barrier_is_for():
    """With it, without it, and where not all threads of a block reach it; after an error it goes on as before."""
    a, out = up(np.array([3.0, 5.0])), up(np.zeros(2))
    for wait, wanted in ((True, [5.0, 3.0]), (False, [np.nan, 3.0])):
        _turned[2, 2](a, out, wait, False)                 # the second block finds nothing of the first
        assert_close(out, np.array(wanted))
    with pytest.raises(RuntimeError, match="a barrier that not all threads of the block reach"):
        _turned[1, 2](a, out, True, True)
    with pytest.raises(IndexError) as found:
        _turned[2, 3](a, out, True, False)
    assert found.value.__notes__ == ["in thread (2, 0, 0) of block (0, 0, 0)"]
    with pytest.raises(ValueError, match="a launch of no threads"):
        _turned[0, 2](a, out, True, False)
    _turned[1, 2](a, out, True, False)
    assert_close(out, np.array([5.0, 3.0]))


@simulated
def test_the_simulator_gives_arrays_that_are_not_set():
    for dtype in ("float32", "float64"):
        assert np.isnan(device.empty((2, 3), dtype).copy_to_host()).all()
    assert (device.empty(3, np.int64).copy_to_host() == -1).all()


# ---- a network with other weights

def test_an_ensemble(op):
    """Weights of several epochs, which lie on the host, one after the other in a network on the device; its own stay."""
    outs = []
    for backend in ("numpy", "cuda"):
        model, batch = network("softmax", backend, "float64")
        theta = model.theta_on_host.copy()
        thetas = [theta, theta[::-1].copy()]
        outs.append((together(model, batch, thetas), evaluate(model, batch, thetas=thetas)))
        np.testing.assert_array_equal(model.theta_on_host, theta)
    for name, wanted in vars(outs[0][0]).items():
        assert_close(getattr(outs[1][0], name), wanted)
    assert vars(outs[1][1]) == pytest.approx(vars(outs[0][1]))
