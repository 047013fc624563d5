"""The LSTM and the tanh network are PyTorch's: states and gradients in float64, every entry within 1e-10."""

import numpy as np
import pytest
from hypothesis import given

from tinydmn.ops.groups import CELLS, Sequences

from ..ops.helpers import each_backend, ops, seeds, sequences, sizes, steps_of

torch = pytest.importorskip("torch", reason="torch is not installed; it is one of the optional peers: pip install -e .[peers]")

GATES = {"lstm": 4, "rnn": 1}


def torch_cell(cell, I, W, U, b):
    """nn.LSTM or nn.RNN with our parameters.  PyTorch stacks i, f, c~, o, we i, f, o, c~; the second of its two biases stays 0."""
    H = U.shape[1]
    network = {"lstm": torch.nn.LSTM, "rnn": torch.nn.RNN}[cell](I, H, batch_first=True, dtype=torch.float64)
    with torch.no_grad():
        for parameter, value in zip(network.parameters(), (W, U, b, np.zeros_like(b))):
            parameter.copy_(torch.from_numpy(to_torch(cell, value)))
    return network


def to_torch(cell, x):
    """Stacked gates (4H, ...) in PyTorch's order.  Its own inverse: c~ and o change places."""
    if cell == "rnn":
        return x
    i, f, o, c = np.split(x, 4)
    return np.concatenate([i, f, c, o])


@each_backend
@pytest.mark.parametrize("cell", GATES)
@given(B=sizes, T=sizes, I=sizes, H=sizes, R=sizes, F=sizes, seed=seeds)
def test_states_and_gradients_are_torch_s(backend, cell, B, T, I, H, R, F, seed):
    op, rng = ops.load(backend), np.random.default_rng(seed)
    rows, n = sequences(rng, B, T, R)
    n[rng.random(B) < 0.25] = 0
    at, w = steps_of(rng, n, F), rng.normal(size=(B, F, H))
    x, W, U, b = (rng.normal(size=shape) for shape in ((R, I), (GATES[cell] * H, I), (GATES[cell] * H, H), GATES[cell] * H))

    weights = CELLS[cell](W, U, b)
    out, cache = getattr(op, f"{cell}_forward")(x, Sequences(rows, n, at), weights)
    dW, dU, db = gradients = CELLS[cell](*map(np.zeros_like, weights))
    dx, _ = getattr(op, f"{cell}_backward")(w, cache, weights, gradients)

    network, x_torch = torch_cell(cell, I, W, U, b), torch.tensor(x, requires_grad=True)
    states, _ = network(x_torch[torch.from_numpy(rows).long()])            # padding comes last, so it changes no state before it
    wanted = states[torch.arange(B)[:, None], torch.from_numpy(np.maximum(at, 0)).long()] * torch.from_numpy(at >= 0)[:, :, None]
    (torch.from_numpy(w) * wanted).sum().backward()

    dW_torch, dU_torch, db_torch = (to_torch(cell, p.grad.numpy()) for p in list(network.parameters())[:3])
    for name, ours, theirs in (("h", out, wanted.detach().numpy()), ("dx", dx, x_torch.grad.numpy()),
                               ("dW", dW, dW_torch), ("dU", dU, dU_torch), ("db", db, db_torch)):
        np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=1e-10, err_msg=name)
