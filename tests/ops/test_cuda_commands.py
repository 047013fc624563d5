"""Commands on the back end cuda, as test_cuda.py: in the simulator (test_cuda_simulator.py starts a process for it) or on a GPU (pytest -m gpu)."""

import json

import numpy as np
import pytest

from tinydmn import DMN, Config, UserError, Vocabulary, fit
from tinydmn.bench import worker
from tinydmn.cli import gradcheck, main
from tinydmn.gradcheck import OnHost, compared, relative_error
from tinydmn.ops import device, gru_cuda, load, optimizer_cuda
from tinydmn.ops.groups import GRU, Sequences, recurrent_shapes
from tinydmn.parameters import views
from tinydmn.training import checkpoint
from tinydmn.training.material import batch_of

from .helpers import NUMPY, drawn
from .test_cuda import assert_close, up

pytestmark = [pytest.mark.gpu, pytest.mark.skipif(device.missing() is not None, reason=f"no CUDA here: {device.missing()}")]
CudaAPIError = device.cuda.cudadrv.driver.CudaAPIError
TINY = ("--hidden", "2", "--embedding", "2", "--gate-hidden", "2", "--passes", "1", "--gate-epochs", "0", "--batch", "2", "--epochs", "3", "--patience", "9", "--dropout", "0", "--quiet")


def failing(name):
    """What numba.cuda raises."""
    said = f"Call to cuLaunchKernel results in CUDA_ERROR_{name}"
    return CudaAPIError(said) if device.SIMULATED else CudaAPIError(999, said)


@pytest.fixture
def fails(monkeypatch):
    """fails(n, name): the n-th launch of the optimizer from now on, and all after it, fail."""
    launch = optimizer_cuda.launch

    def begin(n, name):
        left = [n]

        def failing_launch(*given):
            left[0] -= 1
            if left[0] < 0:
                raise failing(name)
            return launch(*given)
        monkeypatch.setattr(optimizer_cuda, "launch", failing_launch)
    return begin


@pytest.fixture
def stories(tmp_path):
    path = tmp_path / "s.txt"
    path.write_text("".join(f"1 {who} sat.\n2 Who sat?\t{who}\t1\n" for who in ("a", "b", "a", "b")))
    return str(path)


def test_a_device_that_is_lost_in_the_middle_of_training_loses_nothing(stories, tmp_path, capsys, fails):
    """One line, exit code 2; the last checkpoint goes on on the CPU to where a run without the fault ends."""
    train = lambda out, *more: main(["train", "babi", "--file", stories, "--valid", stories, "--out", str(tmp_path / out), *more])
    counted = []
    fails(10**9, "UNKNOWN")
    launch = optimizer_cuda.launch
    optimizer_cuda.launch = lambda *given: counted.append(1) or launch(*given)
    assert train("one.npz", *TINY, "--epochs", "1", "--backend", "cuda") == 0
    fails(len(counted) + 3, "UNKNOWN")                     # in the second epoch
    capsys.readouterr()
    assert train("a.npz", *TINY, "--backend", "cuda") == 2
    out, err = capsys.readouterr()
    assert err.splitlines()[-1] == (f"tinydmn train: epoch 2: the GPU no longer answers (CUDA_ERROR_UNKNOWN); see whether nvidia-smi finds the GPU; {tmp_path / 'a.npz'} holds "
                                    "1 finished epoch: go on with --resume, on any --backend, or start again with --overwrite")
    assert "Traceback" not in err
    assert checkpoint.load(tmp_path / "a.npz", "numpy")[1].epoch == 1
    assert train("a.npz", "--resume", "--backend", "numba", "--quiet") == 0 and train("b.npz", *TINY, "--backend", "numba") == 0
    (model, resumed, _), (_, whole, _) = (checkpoint.load(tmp_path / name, "numpy") for name in ("a.npz", "b.npz"))
    assert (resumed.epoch, resumed.step, resumed.best_epoch) == (whole.epoch, whole.step, whole.best_epoch) == (3, 6, whole.best_epoch)
    shapes = {name: a.shape for name, a in model.params.items()}
    for vector in ("theta", "m", "v", "best_theta"):
        found, wanted = (views(getattr(state, vector), shapes) for state in (resumed, whole))
        for name in shapes.keys() - {"gate.b_2"}:          # a softmax does not change with b_2: its gradient is rounding, of which Adam makes whole steps
            np.testing.assert_allclose(found[name], wanted[name], rtol=1e-3, atol=1e-5, err_msg=f"{vector}, {name}")
    assert [epoch["loss"] for epoch in resumed.history] == pytest.approx([epoch["loss"] for epoch in whole.history], rel=1e-5)


def test_a_batch_too_large_for_the_device(stories, tmp_path, capsys, fails):
    fails(0, "OUT_OF_MEMORY")
    assert main(["train", "babi", "--file", stories, "--valid", stories, "--out", str(tmp_path / "a.npz"), *TINY, "--backend", "cuda"]) == 2
    assert capsys.readouterr().err.splitlines()[-1].startswith("tinydmn train: epoch 1: the GPU's memory is full (CUDA_ERROR_OUT_OF_MEMORY); a smaller --batch takes less; ")
    with pytest.raises(UserError, match="^back end cuda: the GPU's memory is full .CUDA_ERROR_OUT_OF_MEMORY.; a smaller --batch takes less, or use --backend numba$"):
        fit(stories, stories, backend="cuda", hidden=2, embedding=2, gate_hidden=2, passes=1, epochs=1)


def test_a_mistake_of_ours_keeps_its_traceback(stories, tmp_path, fails):
    fails(0, "ILLEGAL_ADDRESS")
    with pytest.raises(CudaAPIError):
        main(["train", "babi", "--file", stories, "--valid", stories, "--out", str(tmp_path / "a.npz"), *TINY, "--backend", "cuda"])


@pytest.mark.parametrize("right", (True, False))
@pytest.mark.skipif(not device.SIMULATED, reason="on a device the mistake would stay in what is compiled")
def test_gradcheck_of_the_kernels(capsys, monkeypatch, right):
    """A sign that is wrong in a kernel is found, and named."""
    numbers_backward = gru_cuda.gru_numbers_backward

    def wrong(dh, h_prev, g, cell):
        da_z, *rest = numbers_backward(dh, h_prev, g, cell)
        return -da_z, *rest
    if not right:
        monkeypatch.setattr(gru_cuda, "gru_numbers_backward", device.cuda.jit(device=True)(wrong))
    monkeypatch.setattr(gradcheck, "CASES", {"softmax": {"passes": 1}})
    monkeypatch.setattr(gradcheck, "STORIES", gradcheck.STORIES[:1])
    assert main(["gradcheck", "--backend", "cuda", "--json"]) == (0 if right else 1)
    figures = json.loads(capsys.readouterr().out)
    (found,) = figures["checked"].values()
    assert set(found) == {"cuda"} and "ops/gru_cuda.py" in figures["files"]["cuda"] and all(file.endswith("_cuda.py") for file in figures["files"]["cuda"])
    found = found["cuda"]
    assert found["J"][0] < 1e-12 and len(found) == 18
    bad = {name for name, (error, _, _) in found.items() if error > 1e-4}
    assert bad == set() if right else "memory.b" in bad and not bad & {"J", "answer.W_a"}
    if not right:
        assert "rows of z: 2 of 2 entries wrong" in found["memory.b"][2] and "(the whole is -1 times what it should be)" in found["memory.b"][2]


def test_the_differences_of_a_device():
    """Those of its own J, as gradcheck takes them on a GPU."""
    stories = gradcheck.STORIES[1:]
    vocabulary = Vocabulary.build(stories)
    model = DMN(Config(hidden=1, embedding=1, gate_hidden=1, passes=0), vocabulary, "cuda", dtype="float64")
    for name, exact, numerical in compared(OnHost(model), batch_of(stories, vocabulary, model.config), 1, np.random.default_rng(0)):
        assert name != "J" and relative_error(exact, numerical).max() < 1e-4


@pytest.mark.skipif(not device.SIMULATED, reason="it would take minutes")
def test_the_benchmark_in_the_simulator(capsys):
    """Real calls of real kernels, held against the reference before they are timed."""
    assert main(["bench", "--backend", "cuda", "--json", "--rounds", "1"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert figures["simulated"] and [row["what"] for row in figures["gru"]] == ["forward", "forward and backward"] and not figures["training"]
    assert all(row["ms"] > 0 and row["times_floor"] == pytest.approx(row["ms"] / row["floor_ms"]) for row in figures["gru"])


def test_a_training_step_that_is_timed_is_the_references():
    vocabulary, batches = worker.make_batches(1, 0, 0, None)
    config = Config(hidden=2, embedding=2, gate_hidden=2, passes=1, dropout=0.0)
    cuda, plain = (worker.make_step(side, 1, vocabulary, batches, config, 5) for side in ("cuda", "numpy"))
    assert [cuda(i) for i in range(2)] == pytest.approx([plain(i) for i in range(2)], rel=1e-5)


def test_states_of_any_size(monkeypatch):
    """Above what a block can hold of its states the rung below runs."""
    H, op, rng = 5 if device.SIMULATED else 200, load("cuda"), np.random.default_rng(0)
    if device.SIMULATED:                                   # 200 takes the simulator a minute
        monkeypatch.setattr(gru_cuda, "ON_CHIP", 1000)
    assert gru_cuda.split(H, np.dtype("float64")) is None
    gru = drawn(rng, recurrent_shapes(GRU, 1, H), scale=0.1)
    x, sequences = rng.normal(size=(1, 1)), Sequences(np.zeros((1, 2), np.int32), np.array([2], np.int32), np.array([[1]], np.int32))
    assert_close(op.gru_forward(up(x), up(sequences), up(gru))[0], NUMPY.gru_forward(x, sequences, gru)[0])
