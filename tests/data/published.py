"""Where the published files are, if they are there, and their stories."""

import os
from functools import cache
from pathlib import Path

import pytest

from tinydmn.data.babi import find_task, read_babi

DATA = os.environ.get("TINYDMN_DATA")
BABI, SST = (Path(DATA or ".") / name for name in ("babi", "sst"))
needs_published = pytest.mark.skipif(not DATA, reason="set TINYDMN_DATA to the folder that holds babi/ (the published files)")


@cache
def published(task, size="10k", split="train"):
    """list[Story] of a published file, read once."""
    return read_babi(find_task(BABI, task, split, size))
