"""The CUDA kernels without a GPU: test_cuda.py in Numba's simulator, in a process of its own, for the simulator is chosen before Numba is imported."""

import json
import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tinydmn.cli import main
from tinydmn.ops import device

from . import cubins

# a part of it: all takes minutes, NUMBA_ENABLE_CUDASIM=1 pytest -m gpu -n0
PART = "(network and (gated or sequence-to or tags or lstm) and not without) or rungs or product or added or scores or optimizer or between or alone or every or kept"
ROOT = Path(__file__).parents[2]


def test_kernels_in_the_simulator():
    words = [sys.executable, "-m", "pytest", "-m", "gpu", "-n0", "-p", "no:cacheprovider", "tests/ops/test_cuda.py", "-k", PART]
    done = subprocess.run(words, cwd=ROOT, env=os.environ | {"NUMBA_ENABLE_CUDASIM": "1"}, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-4000:]
    passed = re.search(r"(\d+) passed", done.stdout)
    assert passed and int(passed[1]) >= 28 and "skipped" not in done.stdout


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
    assert device.missing() is None


def test_every_kernel_is_found_without_running_it():
    """Each file that has kernels, and those that only a large gradient or a rung below needs."""
    words = [sys.executable, "-m", "tests.ops.cubins", "--record"]
    done = subprocess.run(words, cwd=ROOT, env=os.environ | {"NUMBA_ENABLE_CUDASIM": "1"}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    found = {(module.rpartition(".")[2], name) for module, name, _ in json.loads(done.stdout.splitlines()[-1])}
    with_kernels = {path.stem for path in (ROOT / "tinydmn/ops").glob("*_cuda.py") if re.search(r"^ *@cuda\.jit$", path.read_text(encoding="utf-8"), re.M)}
    assert {module for module, _ in found} == with_kernels and ("optimizer_cuda", "_scale") in found and ("gru_cuda", "_step_backward") in found


@pytest.mark.skipif(find_spec("numba_cuda") is None, reason="numba-cuda is not installed: pip install -e '.[cuda]'")
def test_every_kernel_links(capsys):
    """As a device would have it: registers, 48 KB of shared memory, no spills."""
    assert cubins.main("sm_90") == 0, capsys.readouterr().out
