"""The passes over the facts on a device: gates, episode and memory, of questions about stories of
FACTS facts; their time, their distance from the floor (device.py), and PyTorch's.
"""

from dataclasses import dataclass

import numpy as np

from .. import ops
from ..config import Config
from ..data.vocabulary import Vocabulary
from ..episodic_memory import memory_weights
from ..ops import device
from ..ops.groups import Facts, Memory, Passes
from ..parameters import initial
from .counting import passes_bytes, passes_flop
from .device import hold, timed

FACTS, QUESTIONS = (2, 2) if device.SIMULATED else (10, 5)     # a story has so many
PASSES = 3
CHECKED = 8                            # questions that are held against the reference


@dataclass(frozen=True)
class Case:
    """Q questions, QUESTIONS about each story, and the gradients that arrive: dm (Q, H) at the last
    memory, dss (passes, Q, T) at the scores, 0 on padding.  c (R, H): all facts, end-of-passes
    last.
    """

    config: Config
    params: dict
    c: np.ndarray
    q: np.ndarray
    facts: Facts
    dm: np.ndarray
    dss: np.ndarray

    @property
    def counted(self):
        """R, pairs, Q, H, G."""
        H = self.q.shape[1]
        return len(self.c), int(self.facts.n.sum()), len(self.q), H, H

    def first(self, Q):
        """The first Q questions, about the same facts."""
        facts = Facts(*(a[:Q] for a in self.facts))
        return Case(self.config, self.params, self.c, self.q[:Q], facts, self.dm[:Q],
                    self.dss[:, :Q])


def make_case(Q, H, kind, seed=0):
    """A Case of Q questions; kind: of episode."""
    rng = np.random.default_rng(seed)
    f = lambda *shape: rng.standard_normal(shape, np.float32)
    config = Config(hidden=H, embedding=H, gate_hidden=H, passes=PASSES, episode=kind)
    params = {name: a.astype(np.float32)
              for name, a in initial(config, Vocabulary(("a",), ("b",), kind="word"), rng).items()}
    S = -(-Q // QUESTIONS)
    n = rng.integers(1, FACTS + 1, Q).astype(np.int32) + np.int32(1)       # and end-of-passes
    n[0] = FACTS + 1
    t = np.arange(FACTS + 1)
    first = np.arange(Q)[:, None] // QUESTIONS * FACTS
    rows = np.where(t < n[:, None] - 1, first + t, S * FACTS).astype(np.int32)
    dss = f(PASSES, Q, FACTS + 1) * np.float32(0.1) * (t < n[:, None])
    return Case(config, params, f(S * FACTS + 1, H), f(Q, H), Facts(rows, n), f(Q, H), dss)


def calls(op, case):
    """-> forward() -> m (Q, H); both() -> m, dc (R, H), dq (Q, H), dweights: on the back end's
    device."""
    how = Passes(PASSES, case.config.episode)
    on_device = lambda arrays: {name: op.to_device(a) for name, a in arrays.items()}
    weights = memory_weights(on_device(case.params), case.config)
    c, q, facts, dm, dss = map(op.to_device, (case.c, case.q, case.facts, case.dm, case.dss))

    def forward():
        return op.passes_forward(c, q, q, facts, weights, how)

    def both():
        zeros = {name: op.zeros(a.shape, a.dtype) for name, a in case.params.items()}
        dweights = memory_weights(zeros, case.config)
        ms, *_, cache = forward()
        dms = [op.zeros(dm.shape, dm.dtype) for _ in range(PASSES - 1)] + [dm]
        dc, dm_0, dq = op.passes_backward(dms, dss, cache, weights, dweights)
        return ms[-1], dc, op.add(dm_0, dq), dweights      # m^0 = q
    return lambda: forward()[0][-1], both


def check(case, op):
    """Raises RuntimeError where memories or gradients are not the reference's: of the first
    questions alone, and of these among all."""
    part = case.first(CHECKED)
    m, dc, dq, dweights = calls(ops.load("numpy"), part)[1]()
    for where, checked in (("alone", part), ("among all", case)):
        found = calls(op, checked)[1]()
        pairs = [(name, op.to_host(a)[:len(b)], b) for name, a, b in
                 (("m", found[0], m), ("dq", found[2], dq))]
        if checked is part:
            pairs += [("dc", op.to_host(found[1]), dc)]
            pairs += [(f"d{name}", op.to_host(a), b)
                      for name, a, b in zip(names(dweights), flat(found[3]), flat(dweights))]
        hold("the passes'", where, pairs)


def flat(weights):
    """Memory -> its arrays."""
    return [a for group in weights if group for a in group]


def names(weights):
    """Memory -> the names of its arrays."""
    return [f"{of}.{name}" for of, group in zip(Memory._fields, weights) if group
            for name in group._fields]


def passes_rows(hidden, batch, kinds, timer, floor, peer=None):
    """As device.gru_rows, for each kind of episode; batch: questions."""
    op = ops.load("cuda")
    for kind in kinds:
        for H in hidden:
            for Q in batch:
                case = make_case(Q, H, kind)
                check(case, op)
                R, pairs, *sizes = case.counted
                needs = [(passes_bytes(R, Q, H, H, kind, back),
                          (3 if back else 1) * passes_flop(R, pairs, *sizes, PASSES, kind))
                         for back in (False, True)]
                about = {"episode": kind, "hidden": H, "batch": Q}
                for row in timed(about, calls(op, case), peer and peer.calls(case), needs, timer,
                                 floor):
                    yield row | {"what": f"{kind}, {row['what']}"}
