"""torch's GRU over our sequences, padded and packed, and its passes over our facts, on the CPU: the states and gradients of the reference, so that what a GPU is timed at is the same
work."""

import numpy as np
import pytest

from tinydmn import ops
from tinydmn.bench import device as gpu, passes, worker
from tinydmn.config import Config

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

from . import torch_dmn, torch_gru, torch_passes  # noqa: E402


def test_it_is_the_same_work():
    case = gpu.make_case(9, 5, 8, seed=1)
    assert (np.diff(case.sequences.n) > 0).any()
    out, dx, dgru = gpu.calls(ops.load("numpy"), case)[1]()
    found = torch_gru.calls(case, "cpu")
    assert list(found) == ["torch", "torch_packed"]
    ends = np.arange(8) < case.sequences.n[:, None]
    for forward, both in found.values():
        theirs, their_dx, *_ = both()
        np.testing.assert_allclose(forward().detach().numpy(), theirs.detach().numpy(), atol=1e-6)
        np.testing.assert_allclose(np.where(ends[..., None], theirs.detach().numpy().swapaxes(0, 1), 0), out, atol=1e-5)
        np.testing.assert_allclose(their_dx.numpy().swapaxes(0, 1).reshape(dx.shape), dx, atol=1e-4)
        for a, b in zip(both()[2], dgru, strict=True):
            np.testing.assert_allclose(torch_dmn.torch_gates(a.numpy()), b, atol=1e-4)


@pytest.mark.parametrize("kind", ("softmax", "gated"))
def test_its_passes_are_the_same_work(kind, monkeypatch):
    """Its gradient of a fact comes question by question; ours stands once."""
    case, compiled = passes.make_case(12, 5, kind, seed=1), []
    m, dc, dq, dweights = passes.calls(ops.load("numpy"), case)[1]()
    monkeypatch.setattr(torch, "compile", lambda f, dynamic: compiled.append(dynamic) or f)
    found = torch_passes.calls(case, "cpu")
    assert list(found) == ["torch", "torch_compile"] and compiled == [False] and list(torch_passes.calls(case, "cpu", compiled=False)) == ["torch"]
    for forward, both in found.values():
        theirs, their_dc, their_dq, their_dweights = both()
        np.testing.assert_allclose(forward().detach().numpy(), theirs.detach().numpy(), atol=1e-6)
        np.testing.assert_allclose(theirs.detach().numpy(), m, atol=1e-5)
        np.testing.assert_allclose(their_dq.numpy(), dq, atol=1e-4)
        summed = np.zeros_like(dc)
        np.add.at(summed, case.facts.rows.T, their_dc.numpy())
        np.testing.assert_allclose(summed, dc, atol=1e-4)
        ours = [a for a in passes.flat(dweights)]
        assert len(their_dweights) == len(ours)
        sums = lambda arrays: sorted((a.size, float(np.abs(a).sum())) for a in arrays)     # in whatever order, and with torch's order of the gates
        np.testing.assert_allclose(sums(a.numpy() for a in their_dweights), sums(ours), rtol=1e-4)


def test_what_torch_lacks(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert torch_gru.missing() is None
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert torch_gru.missing() == f"torch {torch.__version__} finds no GPU"


def test_the_trainers_of_a_gpu(monkeypatch):
    """The same steps as without compiling; where they run is what the side says."""
    vocabulary, batches = worker.make_batches(1, 1, 0, None)
    config, compiled, made = Config(hidden=2, embedding=2, gate_hidden=2, passes=1, dropout=0.0), [], []
    params = worker.DMN(config, vocabulary, "numpy", 5).params
    monkeypatch.setattr(torch, "compile", lambda f, dynamic: compiled.append(dynamic) or f)
    plain, fast = (torch_dmn.make_trainer(params, config, batches, compiled=c) for c in (False, True))
    assert [plain(i) for i in range(3)] == pytest.approx([fast(i) for i in range(3)]) and compiled == [False]
    monkeypatch.setattr(torch_dmn, "make_trainer", lambda *about, **more: made.append(more))
    for side in worker.ON_GPU:
        worker.make_step(side, 1, vocabulary, batches, config, 5)
    assert made == [{"device": "cuda"}, {"device": "cuda", "compiled": True}]
