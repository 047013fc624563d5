"""Where the published files are, if they are there."""

import os
from pathlib import Path

import pytest

DATA = os.environ.get("TINYDMN_DATA")
BABI = Path(DATA or ".") / "babi"
needs_published = pytest.mark.skipif(not DATA, reason="set TINYDMN_DATA to the folder that holds babi/ (the published files)")
