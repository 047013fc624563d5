"""The CUDA kernels without a GPU: test_cuda.py and test_cuda_kernels.py in Numba's simulator, each in a process of its own, for the simulator is chosen before
Numba is imported.
"""

import json
import os
import re
import subprocess
import sys
from importlib.util import find_spec
from io import StringIO
from pathlib import Path
from types import SimpleNamespace

import pytest

from tinydmn import DMN, Config, UserError, Vocabulary
from tinydmn.cli import main
from tinydmn.ops import device, failures
from tinydmn.training import checkpoint, loop, runs

from . import cubins

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("file, tests", (("test_cuda.py", 58), ("test_cuda_kernels.py", 99)))
def test_kernels_in_the_simulator(file, tests):
    words = [sys.executable, "-m", "pytest", "-m", "gpu", "-n0", "-p", "no:cacheprovider", f"tests/ops/{file}"]
    done = subprocess.run(words, cwd=ROOT, env=os.environ | {"NUMBA_ENABLE_CUDASIM": "1"}, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-4000:]
    passed = re.search(r"(\d+) passed", done.stdout)
    assert passed and int(passed[1]) >= tests and "skipped" not in done.stdout


def test_commands_in_the_simulator():
    words = [sys.executable, "-m", "pytest", "-m", "gpu", "-n0", "-p", "no:cacheprovider", "tests/ops/test_cuda_commands.py"]
    done = subprocess.run(words, cwd=ROOT, env=os.environ | {"NUMBA_ENABLE_CUDASIM": "1"}, capture_output=True, text=True)
    assert done.returncode == 0 and "skipped" not in done.stdout, done.stdout[-4000:]


def test_without_a_device_one_line_says_what_to_do(capsys, monkeypatch, tmp_path):
    monkeypatch.setattr(device, "SIMULATED", False)
    monkeypatch.setattr(device, "find_spec", lambda name: None)
    assert main(["train", "babi", "--task", "1", "--backend", "cuda", "--out", str(tmp_path / "a.npz")]) == 2
    assert capsys.readouterr().err.splitlines()[-1] == "tinydmn train: back end cuda: numba-cuda is not installed; pip install 'tinydmn[cuda]'"
    assert not list(tmp_path.iterdir()) and device.description().startswith("numba-cuda is not installed")
    monkeypatch.setattr(device, "find_spec", lambda name: "there")
    monkeypatch.setattr(device.cuda, "is_available", lambda: False)
    monkeypatch.setattr(device.cuda, "cuda_error", lambda: "the driver is too old\nmore", raising=False)
    assert re.match(r"no NVIDIA GPU with a driver that fits was found \(the driver is too old\); use --backend numba, or NUMBA_ENABLE_CUDASIM=1 ", device.missing())
    monkeypatch.setattr(device.cuda, "is_available", lambda: True)
    for driver, compiler in (((13, 0), (13, 5)), ((14, 0), (13, 5)), ((13, 5), (12, 9))):
        monkeypatch.setattr(device, "versions", lambda: (driver, compiler))
        assert device.missing() is None
    monkeypatch.setattr(device, "versions", lambda: ((12, 9), (13, 5)))
    assert main(["train", "babi", "--task", "1", "--backend", "cuda", "--out", str(tmp_path / "a.npz")]) == 2
    assert capsys.readouterr().err.splitlines()[-1] == ("tinydmn train: back end cuda: the NVIDIA driver is for CUDA 12.9, and the compiler that is installed for CUDA 13.5; install a newer "
                                                        "NVIDIA driver, or numba-cuda with the CUDA that this driver knows (pip install 'numba-cuda[cu12]'), or use --backend numba")


@pytest.mark.skipif(device.SIMULATED, reason="the simulator has no registers")
def test_registers_of_a_block():
    """As many a thread as all the warps of a block can have, which get them by eight; never more than a thread can name."""
    for threads, registers in ((1, 255), (240, 255), (241, 255), (256, 255), (257, 224), (288, 224), (433, 144), (576, 112), (768, 80)):
        kernel = device.jit_for(threads)(lambda a: None)
        assert kernel.targetoptions["max_registers"] == registers
        assert registers == 255 or registers % 8 == 0 and registers * 32 * -(-threads // 32) <= 65_536 < (registers + 8) * 32 * -(-threads // 32)


def error(module, name, said, *bases):
    return type(name, bases or (Exception,), {"__module__": module})(said)


NUMBA_S, CORE_S = ("numba.cuda.cudadrv.driver", "CudaAPIError"), ("cuda.core._utils.cuda_utils", "CUDAError")


@pytest.mark.parametrize("found, says", [
    (error(*NUMBA_S, "[2] Call to cuMemAlloc results in CUDA_ERROR_OUT_OF_MEMORY"), "the GPU's memory is full (CUDA_ERROR_OUT_OF_MEMORY); a smaller --batch takes less"),
    (error(*CORE_S, "CUDA_ERROR_OUT_OF_MEMORY: The API call failed\nbecause"), "the GPU's memory is full (CUDA_ERROR_OUT_OF_MEMORY)"),
    (error(*NUMBA_S, "[222] Call to cuModuleLoadDataEx results in CUDA_ERROR_UNSUPPORTED_PTX_VERSION"), "the NVIDIA driver is older than the CUDA compiler that is installed (CUDA_"),
    (error(*NUMBA_S, "[209] ... CUDA_ERROR_NO_BINARY_FOR_GPU"), "the CUDA compiler that is installed makes no code for this GPU (CUDA_ERROR_NO_BINARY_FOR_GPU); install a newer"),
    (error(*NUMBA_S, "[999] Call to cuCtxSynchronize results in CUDA_ERROR_UNKNOWN"), "the GPU no longer answers (CUDA_ERROR_UNKNOWN); see whether nvidia-smi finds the GPU, or use --backend numba"),
    (error("numba.cuda.cudadrv.error", "CudaSupportError", "\nError at driver init:\nmore", ImportError), "the NVIDIA driver cannot be used (Error at driver init); see"),
    (error("numba.cuda.cudadrv.error", "CCSupportError", "GPU compute capability 6.1 is not supported (requires >=7.5)", RuntimeError),
     "this GPU is too old for the CUDA compiler that is installed (GPU compute capability 6.1 is not supported (requires >=7.5)); install"),
    (error("cuda.pathfinder", "DynamicLibNotFoundError", 'Failure finding "libnvrtc.so.13": no', RuntimeError), 'a part of the CUDA compiler is missing (Failure finding "libnvrtc.so.13": no); pip'),
    (error("numba.cuda.cudadrv.error", "NvvmSupportError", "", ImportError), "a part of the CUDA compiler is missing; pip install 'tinydmn[cuda]'"),
    (error(*NUMBA_S, "[700] Call to cuMemcpy results in CUDA_ERROR_ILLEGAL_ADDRESS"), None), (error(*NUMBA_S, "something else"), None),
    (error("elsewhere", "Odd", "CUDA_ERROR_UNKNOWN"), None), (ValueError("CUDA_ERROR_OUT_OF_MEMORY"), None)], ids=lambda x: "")
def test_what_the_errors_of_cuda_mean(found, says):
    said = failures.meaning(found)
    assert (said is None) == (says is None)
    if says is None:
        with pytest.raises(type(found)), failures.plainly():
            raise found
        return
    assert str(said).startswith("back end cuda: " + says) and str(said).endswith(", or use --backend numba") and "\n" not in str(said)
    with pytest.raises(UserError, match=re.escape(says)) as raised, failures.plainly():
        raise found
    assert raised.value.__cause__ is found


def test_any_command_says_it_in_one_line(capsys, monkeypatch):
    def broken():
        raise error(*NUMBA_S, "[999] Call to cuMemcpy results in CUDA_ERROR_UNKNOWN")
    monkeypatch.setattr("tinydmn.cli.info.processor", broken)
    assert main(["info"]) == 2
    assert capsys.readouterr().err == ("tinydmn info: back end cuda: the GPU no longer answers (CUDA_ERROR_UNKNOWN); see whether nvidia-smi finds the GPU, "
                                       "or use --backend numba\n")


def test_a_run_of_a_table_says_it_in_one_line(capsys, monkeypatch):
    def broken(*_):
        raise error(*NUMBA_S, "[2] Call to cuMemAlloc results in CUDA_ERROR_OUT_OF_MEMORY")
    monkeypatch.setattr(runs, "execute", broken)
    monkeypatch.setattr(runs, "settle", lambda: None)
    monkeypatch.setattr(runs.signal, "signal", lambda *_: None)
    monkeypatch.setattr(runs.threading, "Thread", lambda **_: SimpleNamespace(start=lambda: None))
    monkeypatch.setattr(sys, "stdin", StringIO(json.dumps({"run": {"label": "", "places": [], "about": {}, "given": {}}, "folder": "", "backend": "cuda"})))
    assert runs.main() == 2
    assert capsys.readouterr().err.startswith("back end cuda: the GPU's memory is full (CUDA_ERROR_OUT_OF_MEMORY); ")


def test_a_checkpoint_is_not_blamed_for_a_device_that_is_not_there(capsys, monkeypatch, tmp_path):
    monkeypatch.setattr(device, "missing", lambda: "no GPU")
    with pytest.raises(UserError, match="^back end cuda: no GPU$"):
        model = DMN(Config(hidden=2, embedding=2, gate_hidden=2), Vocabulary.build([]), "numpy")
        checkpoint.save(tmp_path / "a.npz", model, loop.start(model, 0), {"name": "a"})
        checkpoint.load(tmp_path / "a.npz", "cuda")


def test_every_kernel_is_found_without_running_it():
    """Each, also those that only a large gradient, a rung below or an operation alone needs."""
    words = [sys.executable, "-m", "tests.ops.cubins", "--record"]
    done = subprocess.run(words, cwd=ROOT, env=os.environ | {"NUMBA_ENABLE_CUDASIM": "1"}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    found = {(module.rpartition(".")[2], name) for module, name, _ in json.loads(done.stdout.splitlines()[-1])}
    kernels = {(path.stem, name) for path in (ROOT / "tinydmn/ops").glob("*_cuda.py") for name in re.findall(r"^@cuda\.jit\ndef (\w+)", path.read_text(encoding="utf-8"), re.M)}
    assert {one for one in found if "<locals>" not in one[1]} == kernels and {("optimizer_cuda", "_clip"), ("gru_cuda", "_step_backward")} <= kernels


@pytest.mark.skipif(find_spec("numba_cuda") is None, reason="numba-cuda is not installed: pip install -e '.[cuda]'")
def test_every_kernel_links(capsys):
    """As a device would have it: registers, 48 KB of shared memory, no spills."""
    assert cubins.main("sm_90") == 0, capsys.readouterr().out
