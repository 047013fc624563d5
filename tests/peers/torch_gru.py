"""torch's GRU, which is cuDNN's on a GPU, over the sequences of tinydmn.bench.device, padded and packed."""

import numpy as np
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from .torch_dmn import torch_gates


def missing():
    """What this torch lacks to run on a GPU, or None."""
    return None if torch.cuda.is_available() else f"torch {torch.__version__} finds no GPU"


def make_gru(gru, device):
    """A layer with W, U, b of tinydmn's GRU; torch's second bias is 0, and stays it."""
    hidden, inputs = gru.U.shape[1], gru.W.shape[1]
    layer = nn.GRU(inputs, hidden).to(device)
    with torch.no_grad():
        for tensor, a in zip((layer.weight_ih_l0, layer.weight_hh_l0, layer.bias_ih_l0), gru):
            tensor.copy_(torch.as_tensor(torch_gates(a)))
        layer.bias_hh_l0.zero_().requires_grad_(False)
    return layer


def calls(case, device="cuda"):
    """-> {"torch", "torch_packed": (forward, both)}: forward() -> out (T, B, H); both() -> out, dx (T, B, I), [dW, dU, db] with torch's order of the gates."""
    B, T = case.sequences.rows.shape
    up = lambda a: torch.as_tensor(np.ascontiguousarray(a), device=device)
    x, dout = up(case.x.reshape(B, T, -1).swapaxes(0, 1)).requires_grad_(), up(case.dout.swapaxes(0, 1))
    n, layer = torch.as_tensor(case.sequences.n, dtype=torch.int64), make_gru(case.gru, device)
    trained = [x, *(p for p in layer.parameters() if p.requires_grad)]

    def padded():
        return layer(x)[0]

    def packed():
        return pad_packed_sequence(layer(pack_padded_sequence(x, n, enforce_sorted=False))[0], total_length=T)[0]

    def with_backward(forward):
        def both():
            out = forward()
            dx, *dgru = torch.autograd.grad(out, trained, dout)
            return out, dx, dgru
        return both
    return {"torch": (padded, with_backward(padded)), "torch_packed": (packed, with_backward(packed))}


def matmul(a):
    """A call of cuBLAS's product a a in float32, not in TF32."""
    torch.backends.cuda.matmul.allow_tf32 = False
    there = torch.as_tensor(a, device="cuda")
    return lambda: there @ there
