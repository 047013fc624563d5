"""The passes over the facts in PyTorch, eager and compiled, over the case of tinydmn.bench.passes: each question with facts of its own, padded."""

import numpy as np
import torch

from ..peers.torch_dmn import make_model


def calls(case, device="cuda", compiled=True):
    """-> {"torch", "torch_compile": (forward, both)}: forward() -> m (Q, H); both() -> m, dc (F, Q, H), dq (Q, H), [gradients of what is trained]."""
    model = make_model(case.params, case.config, "float32").to(device)
    up = lambda a: torch.as_tensor(np.ascontiguousarray(a), device=device)
    rows, n = case.facts
    c, q = up(case.c[rows].swapaxes(0, 1)).requires_grad_(), up(case.q).requires_grad_()                   # (F, Q, H)
    candidate = up(np.arange(rows.shape[1])[:, None] < n)                                                 # (F, Q)
    ds = [up(a.T) for a in case.dss]
    looked = {"gate_1", "gate_2", "W_b", "memory", "episode"}
    trained = [c, q, *(p for name, p in model.named_parameters() if name.split(".")[0] in looked and p.requires_grad)]
    sides = {"torch": model.look} | ({"torch_compile": torch.compile(model.look, dynamic=False)} if compiled else {})

    def pair(look):
        def both():
            m, scores = look(c, q, candidate)
            dc, dq, *dweights = torch.autograd.grad([m, *scores], trained, [up_dm, *ds])
            return m, dc, dq, dweights
        return lambda: look(c, q, candidate)[0], both
    up_dm = up(case.dm)
    return {name: pair(look) for name, look in sides.items()}
