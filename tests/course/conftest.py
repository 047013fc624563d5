"""Where students' files run in tests: a folder below one of the test's own, so that what gets past a wall meets nothing but a decoy."""

import os
import shutil
import tempfile
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest

from tinydmn.course import scratch


@pytest.fixture(autouse=True)
def above(monkeypatch):
    """-> the folder above that of each student's file."""
    folder = Path(tempfile.mkdtemp(prefix="tinydmn-above-"))
    os.chmod(folder, 0o755)                                # for nobody too
    (folder / "decoy.txt").write_text("decoy")
    own = SimpleNamespace(mkdtemp=partial(tempfile.mkdtemp, dir=folder), gettempdir=lambda: folder)
    monkeypatch.setattr(scratch, "tempfile", own)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)
