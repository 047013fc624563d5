"""Compiles and links every kernel as a device would have it, without a GPU; prints registers and memory of each.

    python -m tests.ops.cubins                 for sm_75, sm_80, sm_90 and sm_100: pip install -e ".[cuda]"
    python -m tests.ops.cubins sm_90

The simulator knows no types, and PTX alone lets too much shared memory pass, so this is what tells that a kernel can be loaded.  A first process goes
through the networks of test_cuda.py in the simulator and notes what each kernel is given, running none; this one links.  Exit code 1 where a kernel does not link, spills, keeps
arrays in memory that belong in registers, or wants more registers for a block than there are.
"""

import importlib
import json
import os
import re
import subprocess
import sys
from types import SimpleNamespace

import numpy as np

from tinydmn.ops.groups import EPISODES

ARCHITECTURES = ("sm_75", "sm_80", "sm_90", "sm_100")      # of those the toolkit that is installed knows
SIZES = (1, 2, 64, 80, 96, 128, 144, 192, 256)    # H, of the kernels that are made for one
REGISTERS = 65_536                     # of a multiprocessor, for all threads of a block


def recorded():
    """[module, name of the kernel, what it is given] of every kernel, float32; in the simulator.

    No kernel runs, which takes half a minute off: arrays are made of ones, and what follows from numbers follows from these.
    """
    from numba import cuda
    from numba.cuda.simulator.kernel import FakeCUDAKernel

    from tinydmn.ops import gru_cuda, gru_ladder_cuda, load, product_cuda
    from tinydmn.ops.groups import GRU

    from .helpers import cast, memory_weights, ones
    from .test_cuda import CASES, cell_arguments, network, up
    found = {}

    def noting(kernel, *given):
        if not kernel._device:
            found[json.dumps([kernel.fn.__module__, kernel.fn.__qualname__, [said(a) for a in given]])] = None
    FakeCUDAKernel.__call__ = noting
    cuda.device_array = lambda shape, dtype: cuda.to_device(np.ones(shape, dtype))
    for case in CASES:
        model, batch = network(case, "cuda", "float32")
        _, _, dtheta = model.gradient(batch, rng=np.random.default_rng(1))
        model.forward(batch)
    op, zeros = load("cuda"), lambda: op.zeros(dtheta.shape, model.dtype)
    op.clip_by_global_norm(dtheta, 1e-3)
    op.adam(model.theta, dtheta, (zeros(), zeros()), 1, 0.01)
    op.l2_forward(model.theta, zeros())
    op.l2_backward(model.theta, zeros(), 0.1, dtheta)
    op.features_forward(np.array([[0, -1]], np.int32), zeros().reshape(-1, 1))             # of words longer than those of the texts above
    x, sequences, gru, g, dout = cell_arguments(GRU)
    x, gru, g, dout = cast((x, gru, g, dout), "float32")
    for forward, backward in ((gru_ladder_cuda.gru_forward_1, gru_ladder_cuda.gru_backward_1), (gru_ladder_cuda.gru_forward_2, gru_ladder_cuda.gru_backward_2)):
        _, cache = forward(up(x), up(sequences), up(gru), up(g))
        backward(up(dout), cache, up(gru), up(ones(gru)))
    alone(op, cast(memory_weights(np.random.default_rng(0), "gated", 2, 3), "float32"))
    product_cuda.CHUNK = 1                                 # sums of many rows
    product_cuda.affine_backward(*up((np.ones((2, 2), np.float32),) * 4), up(np.ones(2, np.float32)))
    gru_cuda.split = lambda H, dtype: None                 # the rung below
    _, cache = op.gru_forward(up(x), up(sequences), up(gru), up(g))
    op.gru_backward(up(dout), cache, up(gru), up(ones(gru)))
    return [json.loads(key) for key in found]


def alone(op, weights):
    """The operations that the passes are composed of in the reference."""
    from .helpers import ones
    to, x = op.to_device, lambda *shape: op.to_device(np.ones(shape, np.float32))
    w, dw = to(weights), to(ones(weights))
    _, cache = op.gate_forward(x(2, 3, 2), x(2, 2), x(2, 2), w.gate)
    op.gate_backward(x(2, 3), cache, w.gate, dw.gate)
    for kind in EPISODES:
        *_, cache = getattr(op, f"{kind}_episode_forward")(x(2, 3, 2), x(2, 3), w.episode)
        getattr(op, f"{kind}_episode_backward")(x(2, 2), cache, w.episode, dw.episode)


def said(a):
    """An argument of a kernel as JSON: a list for an array or a tuple, a word for a number."""
    if isinstance(a, tuple):
        return [said(part) for part in a]
    if hasattr(a, "copy_to_host"):
        host = a._ary
        return {"dtype": str(host.dtype), "ndim": host.ndim, "layout": "C" if host.flags.c_contiguous else "A"}
    return "bool" if isinstance(a, bool) else "int64" if isinstance(a, (int, np.integer)) else str(np.asarray(a).dtype)


def signature(given):
    """What `said` says -> Numba's types."""
    import numba
    from numba import types

    def one(a):
        if isinstance(a, list):
            return types.Tuple([one(part) for part in a])
        return types.Array(numba.from_dtype(np.dtype(a["dtype"])), a["ndim"], a["layout"]) if isinstance(a, dict) else numba.from_dtype(np.dtype(a))
    return tuple(one(a) for a in given)


def kernels():
    """[(name, function, types of its arguments, threads of a block)]."""
    done = subprocess.run([sys.executable, "-m", "tests.ops.cubins", "--record"], env=os.environ | {"NUMBA_ENABLE_CUDASIM": "1"}, capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr)
    out, single = {}, np.dtype("float32")
    for module, name, given in json.loads(done.stdout.splitlines()[-1]):
        place, types = importlib.import_module(module), signature(given)
        factory, inner, _ = name.partition(".<locals>")
        if not inner:
            out[f"{module.rpartition('.')[2]} {name}", types] = getattr(place, name), 128
        elif factory == "_tiled":
            out["product_cuda product", types] = place._tiled(single), 256
        else:
            for H in SIZES:
                out[f"gru_cuda {factory}, H = {H}", types] = getattr(place, factory)(H, single), 3 * H
    return [(name, kernel, types, threads) for (name, types), (kernel, threads) in sorted(out.items(), key=lambda item: item[0][0])]


def link(kernel, types, architecture):
    """-> registers a thread, bytes of shared memory, stack and spills.  Raises what the linker raises."""
    from cuda.core import Linker, LinkerOptions, ObjectCode
    from numba import cuda
    from numba.cuda import dispatcher
    capability = int(architecture[3:-1]), int(architecture[-1])
    dispatcher.get_current_device = lambda: SimpleNamespace(compute_capability=capability)         # it asks for one to call a device function
    ptx, _ = cuda.compile_ptx(kernel.py_func, types, cc=capability)
    linker = Linker(ObjectCode.from_ptx(ptx.encode()), options=LinkerOptions(arch=architecture, ptxas_options=["-v"], max_register_count=kernel.targetoptions.get("max_registers")))
    linker.link("cubin")
    log = linker.get_info_log()
    shared = sum(map(int, re.findall(r"\.shared .*\[(\d+)\]", ptx, re.M)))              # the linker's log leaves it out
    number = lambda pattern: int((re.search(pattern, log) or [0, 0])[1])
    return number(r"Used (\d+) registers"), shared, number(r"(\d+) bytes stack"), number(r"(\d+) bytes spill stores")


def known():
    """Those of ARCHITECTURES that the toolkit knows."""
    from numba.cuda.cudadrv.nvrtc import get_supported_ccs
    capabilities = {f"sm_{major}{minor}" for major, minor in get_supported_ccs()}
    return [architecture for architecture in ARCHITECTURES if architecture in capabilities]


def main(*architectures):
    failed, architectures = 0, architectures or known()
    print(f"{'kernel':42}{'':8}{'registers':>10}{'shared':>9}{'stack':>7}{'spills':>7}")
    for name, kernel, types, threads in kernels():
        for architecture in architectures:
            try:
                registers, shared, stack, spills = link(kernel, types, architecture)
            except Exception as error:
                print(f"{name:42}{architecture:8} does not link: {str(error).strip().splitlines()[-1]}")
                failed += 1
                continue
            wrong = stack or spills or -(-registers // 8) * 8 * threads > REGISTERS
            failed += bool(wrong)
            print(f"{name:42}{architecture:8}{registers:10}{shared:9}{stack:7}{spills:7}" + "  <--" * bool(wrong), flush=True)
    print(f"{failed} of the kernels cannot be run as they are" if failed else "every kernel links, without spills")
    return int(failed > 0)


if __name__ == "__main__":
    if sys.argv[1:] == ["--record"]:
        print(json.dumps(recorded()))
    else:
        sys.exit(main(*sys.argv[1:]))
