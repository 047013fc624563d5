"""The CUDA kernels without a GPU: test_cuda.py in Numba's simulator, in a process of its own, for the simulator is chosen before Numba is imported."""

import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

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


@pytest.mark.skipif(find_spec("numba_cuda") is None, reason="numba-cuda is not installed: pip install -e '.[cuda]'")
def test_every_kernel_links(capsys):
    """As a device would have it: registers, 48 KB of shared memory, no spills."""
    assert cubins.main("sm_90") == 0, capsys.readouterr().out
