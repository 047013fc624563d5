"""The Dynamic Memory Network in eager PyTorch, for comparison: padded batches, one question a row (rows.py)."""

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from .rows import to_rows

TENSORS = ("tokens", "fact_end", "n_facts", "question", "n_question", "answer", "target")


def torch_gates(a):
    """Rows stacked z, r, h~ (tinydmn) <-> r, z, h~ (torch): the same swap both ways."""
    H = len(a) // 3
    return np.concatenate([a[H:2 * H], a[:H], a[2 * H:]])


class DMN(nn.Module):
    """The network of tinydmn.model.DMN, eqs 1-9, with gates "softmax" or "gated".  nn.GRU is the paper's GRU: z keeps the old state and
    r multiplies U h after the product; its second bias is fixed at zero."""

    def __init__(self, config, n_words, n_answers):
        super().__init__()
        D, H, G = config.embedding, config.hidden, config.gate_hidden
        self.passes, self.gated = config.passes, config.episode == "gated"
        self.L = nn.Embedding(n_words, D)
        self.input, self.question = nn.GRU(D, H), nn.GRU(D, H)
        self.W_b = nn.Parameter(torch.empty(H, H))
        self.gate_1, self.gate_2 = nn.Linear(7 * H + 2, G), nn.Linear(G, 1)
        if self.gated:
            self.episode = nn.GRUCell(H, H)
        self.memory = nn.GRUCell(H, H)
        self.end_of_passes = nn.Parameter(torch.empty(H))
        self.W_a = nn.Linear(H, n_answers, bias=False)

    def forward(self, rows):
        """Tensors of Rows -> logits (Q, A), scores: one (F, Q) a pass, -inf where there is no candidate."""
        Q = len(rows["n_facts"])
        row = torch.arange(Q, device=rows["n_facts"].device)
        h, _ = self.input(self.L(rows["tokens"].T))                                       # (T, Q, H)
        c = h[rows["fact_end"].T, row]                                                    # (F, Q, H)
        n_facts, t = rows["n_facts"], torch.arange(len(c), device=c.device)[:, None]
        c = torch.where((t == n_facts)[:, :, None], self.end_of_passes, c)
        q = self.question(self.L(rows["question"].T))[0][rows["n_question"] - 1, row]     # (Q, H)
        m, scores = self.look(c, q, t <= n_facts)
        return self.W_a(m), scores

    def look(self, c, q, candidate):
        """c (F, Q, H), q (Q, H), candidate (F, Q) bool -> the last memory (Q, H), scores as forward: the passes alone."""
        c_W_b = c @ self.W_b
        fixed = [c * q, (c - q).abs(), (c_W_b * q).sum(2, keepdim=True)]                  # the blocks of eq. 5 without m
        if self.gated:
            x = F.linear(c, self.episode.weight_ih, self.episode.bias_ih)                 # (F, Q, 3H), the same in each pass
        m, scores = q, []
        for _ in range(self.passes):
            z_feat = torch.cat([c, m.expand_as(c), q.expand_as(c), fixed[0], c * m, fixed[1], (c - m).abs(), fixed[2],
                                (c_W_b * m).sum(2, keepdim=True)], 2)                     # (5)
            s = self.gate_2(torch.tanh(self.gate_1(z_feat))).squeeze(2)                   # (6), (F, Q)
            s = s.masked_fill(~candidate, -torch.inf)
            scores.append(s)
            e = self.gated_episode(x, torch.sigmoid(s)) if self.gated else (torch.softmax(s, 0)[:, :, None] * c).sum(0)
            m = self.memory(e, m)
        return m, scores

    def gated_episode(self, x, g):
        """x (F, Q, 3H) = W c_t + b, g (F, Q), 0 where there is no candidate -> e (Q, H), eqs 7 and 8."""
        U, H = self.episode.weight_hh.T, self.memory.hidden_size
        h = x.new_zeros(x.shape[1], H)
        for x_zr, x_h, g_t in zip(x[:, :, :2 * H].unbind(0), x[:, :, 2 * H:].unbind(0), g[:, :, None].unbind(0)):
            Uh = h @ U
            r, z = torch.sigmoid(x_zr + Uh[:, :2 * H]).chunk(2, 1)
            h_tilde = torch.tanh(torch.addcmul(x_h, r, Uh[:, 2 * H:]))
            h = torch.lerp(h, h_tilde, g_t - g_t * z)               # g (z h + (1-z) h~) + (1-g) h
        return h

    def loss(self, rows, alpha, beta):
        """J = alpha E_CE(gates) + beta E_CE(answers), both a question."""
        logits, scores = self(rows)
        J = beta * F.cross_entropy(logits, rows["answer"])
        for s, target in zip(scores, rows["target"].unbind(1)):
            J = J + alpha / len(logits) * F.cross_entropy(s.T, target, ignore_index=-1, reduction="sum")
        return J


def pairs(model):
    """(tinydmn's name, tensor, kind) of every parameter; kind is "gates", or "" for a tensor of the same order."""
    out = [("embedding.L", model.L.weight, ""), ("gate.W_b", model.W_b, ""), ("gate.W_1", model.gate_1.weight, ""),
           ("gate.b_1", model.gate_1.bias, ""), ("gate.W_2", model.gate_2.weight, ""), ("gate.b_2", model.gate_2.bias, ""),
           ("memory.end_of_passes", model.end_of_passes, ""), ("answer.W_a", model.W_a.weight, "")]
    for name in ("input", "question", "memory") + (("episode",) if model.gated else ()):
        gru = getattr(model, name)
        names = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0") if isinstance(gru, nn.GRU) else ("weight_ih", "weight_hh", "bias_ih")
        out += [(f"{name}.{p}", getattr(gru, tensor), "gates") for p, tensor in zip("WUb", names)]
    return out


def make_model(params, config, dtype):
    """A DMN with tinydmn's parameters (flat dict of arrays), in `dtype` ("float32" or "float64")."""
    model = DMN(config, len(params["embedding.L"]), len(params["answer.W_a"])).to(getattr(torch, dtype))
    with torch.no_grad():
        for name, tensor, kind in pairs(model):
            a = torch_gates(params[name]) if kind == "gates" else params[name]
            tensor.copy_(torch.as_tensor(np.asarray(a)).reshape(tensor.shape))
        for name, tensor in model.named_parameters():
            if "bias_hh" in name:
                tensor.zero_().requires_grad_(False)
    return model


def make_tensors(batch, passes):
    rows = to_rows(batch, passes)
    return {name: torch.as_tensor(getattr(rows, name), dtype=torch.int64) for name in TENSORS}


def loss_and_grads(params, batch, config, alpha=1.0, beta=1.0, dtype="float64"):
    """Loss (float) and its gradients, a dict of arrays under tinydmn's names."""
    model = make_model(params, config, dtype)
    J = model.loss(make_tensors(batch, config.passes), alpha, beta)
    J.backward()
    grads = {}
    for name, tensor, kind in pairs(model):
        a = tensor.grad.numpy()
        grads[name] = torch_gates(a) if kind == "gates" else a.reshape(params[name].shape)
    return J.item(), grads


def make_trainer(params, config, batches, alpha=1.0, beta=1.0, threads=2, device="cpu", compiled=False):
    """step(i) -> loss: one training step (forward, backward, clipping, Adam) in float32 on batch i, counted around.  The rows are made here.

    compiled: the forward and its backward by torch.compile, once for each shape of a batch.
    """
    torch.set_num_threads(threads)
    model = make_model(params, config, "float32").to(device)
    tensors = [{name: a.to(device) for name, a in make_tensors(batch, config.passes).items()} for batch in batches]
    loss = model.loss
    if compiled:
        torch._dynamo.config.cache_size_limit = max(8, 2 * len(batches))                  # or it gives up compiling
        loss = torch.compile(model.loss, dynamic=False)
    trained = [p for p in model.parameters() if p.requires_grad]
    adam = torch.optim.Adam(trained, lr=config.learning_rate, fused=True)

    def step(i):
        adam.zero_grad(set_to_none=True)
        J = loss(tensors[i % len(tensors)], alpha, beta)
        J.backward()
        nn.utils.clip_grad_norm_(trained, config.clip)
        adam.step()
        return J.item()
    return step
