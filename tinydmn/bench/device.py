"""The GRU on a device: its time, its distance from a floor that the device itself gives, and
cuDNN's time for the same sequences.  The passes beside it: passes.py.

The floor is the longer of two times: the bytes that must pass through memory (counting.py), by the
rate at which a kernel copies; and the floating-point operations, by the rate of a large product.
"""

from dataclasses import dataclass
from time import perf_counter

import numpy as np

from .. import ops
from ..errors import UserError
from ..ops import device
from ..ops.groups import GRU, Sequences, recurrent_shapes
from .compare import require_peers
from .counting import gru_bytes, gru_flop
from .worker import import_peer

WARM_UP = 3                            # calls before the first that counts; the first compiles
CHECKED = 8                            # sequences that are held against the reference
CLOSE = 2e-4                           # of float32: of the largest number
# what the simulator can do in seconds; its times mean nothing
SIZES = {"steps": 2, "copy": 64, "product": 4} if device.SIMULATED else {
    "steps": 40, "copy": 2**26, "product": 4096}


def wall_seconds(call):
    began = perf_counter()
    call()
    return perf_counter() - began


def event_seconds(call):
    """By events of the device, which it passes before and after the work that is asked for."""
    begin, end = device.cuda.event(), device.cuda.event()
    begin.record()
    call()
    end.record()
    end.synchronize()
    return device.cuda.event_elapsed_time(begin, end) / 1e3


@dataclass(frozen=True)
class Timer:
    """Seconds of a call: the median of `rounds`, after WARM_UP calls."""

    rounds: int
    clock: object = wall_seconds if device.SIMULATED else event_seconds

    def __call__(self, call):
        for _ in range(WARM_UP):
            call()
        return float(np.median([self.clock(call) for _ in range(self.rounds)]))


def bandwidth(timer):
    """Bytes a second, read and written, of a kernel that copies."""
    from ..ops.arrays_cuda import copy
    a = ops.load("cuda").zeros((SIZES["copy"],), np.dtype("float32"))
    return 2 * 4 * SIZES["copy"] / timer(lambda: copy(a))


def product_rate(timer, matmul=None):
    """Floating-point operations a second of a large product in float32, by our own kernel.

    matmul(a): a function that gives a call of another, say cuBLAS's; then by that.
    """
    from ..ops.product_cuda import product
    n = SIZES["product"]
    a = np.random.default_rng(0).random((n, n), np.float32)
    if matmul:
        return 2 * n**3 / timer(matmul(a))
    on_device = ops.load("cuda").to_device(a)
    return 2 * n**3 / timer(lambda: product(on_device, on_device))


def check_torch():
    """-> the peers' modules of cuDNN's GRU and of the passes.  Raises UserError where torch finds
    no GPU."""
    require_peers()
    peer = import_peer("torch_gru")
    if problem := peer.missing():
        raise UserError(f"--against torch: {problem}; install one that finds the GPU, or leave "
                        "--against out")
    return peer, import_peer("torch_passes")


@dataclass(frozen=True)
class Case:
    """B sequences of unequal length, each step with an input of its own, every state wanted; and
    the gradient that arrives at them.  x (B T, H), dout (B, T, H), 0 behind a sequence's end."""

    x: np.ndarray
    sequences: Sequences
    gru: GRU
    dout: np.ndarray

    @property
    def steps(self):
        return int(self.sequences.n.sum())

    def first(self, B):
        """The first B of them."""
        T = self.sequences.rows.shape[1]
        return Case(self.x[:B * T], Sequences(*(a[:B] for a in self.sequences)), self.gru,
                    self.dout[:B])


def make_case(B, H, T, seed=0):
    """B sequences of T / 2 to T steps; I = H."""
    rng = np.random.default_rng(seed)
    f = lambda *shape: rng.standard_normal(shape, np.float32)
    n = rng.integers(-(-T // 2), T + 1, B).astype(np.int32)
    n[0] = T
    alive = np.arange(T) < n[:, None]                      # (B, T)
    rows = np.arange(B * T, dtype=np.int32).reshape(B, T)
    at = np.where(alive, np.arange(T), -1).astype(np.int32)
    gru = GRU(*(f(*shape) / np.float32(np.sqrt(H)) for shape in recurrent_shapes(GRU, H, H)))
    return Case(f(B * T, H), Sequences(rows, n, at), gru, f(B, T, H) * alive[..., None])


def calls(op, case):
    """-> forward() -> out, and both() -> out, dx, dgru: on the back end's device."""
    x, sequences, gru, dout = map(op.to_device, (case.x, case.sequences, case.gru, case.dout))
    zeros = lambda: GRU(*(op.zeros(a.shape, a.dtype) for a in gru))

    def both():
        dgru = zeros()
        out, cache = op.gru_forward(x, sequences, gru)
        dx, _ = op.gru_backward(dout, cache, gru, dgru)
        return out, dx, dgru
    return lambda: op.gru_forward(x, sequences, gru)[0], both


def check(case, op=None):
    """Raises RuntimeError where the device's states or gradients are not the reference's: of the
    first sequences alone, and of these among all, where no weight's gradient can be compared."""
    op, part = op or ops.load("cuda"), case.first(CHECKED)
    out, dx, dgru = calls(ops.load("numpy"), part)[1]()
    for name, checked in (("alone", part), ("among all", case)):
        found = calls(op, checked)[1]()
        pairs = [("h", op.to_host(found[0])[:len(out)], out),
                 ("dx", op.to_host(found[1])[:len(dx)], dx)]
        if checked is part:
            pairs += [(f"d{k}", op.to_host(a), b) for k, a, b in zip("WUb", found[2], dgru)]
        hold("the GRU's", name, pairs)


def hold(whose, where, pairs):
    """pairs: (name, array, the reference's).  Raises RuntimeError where they differ."""
    for what, a, b in pairs:
        error = np.abs(a - b).max() / max(np.abs(b).max(), 1e-6)
        if not error < CLOSE:                              # a NaN is not below
            raise RuntimeError(f"{whose} {what}, {where}, is not the reference's: off by "
                               f"{error:.1e} of its largest number")


def gru_rows(hidden, batch, timer, floor, peer=None):
    """Yields a dict of figures for each H, each batch, forward and forward with backward.

    floor: bytes a second, floating-point operations a second.  peer: torch_gru, or None.
    """
    op, T = ops.load("cuda"), SIZES["steps"]
    for H in hidden:
        for B in batch:
            case = make_case(B, H, T)
            check(case, op)
            needs = [(gru_bytes(*counted), gru_flop(*counted))
                     for counted in ((case.steps, H, H, back) for back in (False, True))]
            about = {"hidden": H, "batch": B, "steps": case.steps}
            yield from timed(about, calls(op, case), peer and peer.calls(case), needs, timer, floor)


def timed(about, ours, theirs, needs, timer, floor):
    """Yields a row for forward, and one for forward with backward.  ours: these two calls; theirs:
    {name: their two}, or None; needs: bytes and operations of each."""
    sides = {"ms": ours} | {f"{name}_ms": pair for name, pair in (theirs or {}).items()}
    for i, what in enumerate(("forward", "forward and backward")):
        floor_seconds = max(needs[i][0] / floor[0], needs[i][1] / floor[1])
        row = {"what": what, **about, "floor_ms": 1e3 * floor_seconds}
        row |= {name: 1e3 * timer(pair[i]) for name, pair in sides.items()}
        yield row | {"times_floor": row["ms"] / row["floor_ms"]}
