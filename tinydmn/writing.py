"""Output that others read: figures as strict JSON, and files that appear whole or not at all."""

import json
import os
from contextlib import suppress
from math import isfinite
from pathlib import Path

import numpy as np

from .errors import UserError


def json_text(figures, indent=1):
    """Strict JSON: a NaN or infinity (gate accuracy without supporting facts, say) is null.

    indent None: on one line."""
    return json.dumps(_plain(figures), indent=indent, allow_nan=False)


def _plain(value):
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    if isinstance(value, (np.ndarray, np.generic)):
        return _plain(value.tolist())
    if value is None or isinstance(value, (str, bool, int)):
        return value
    return float(value) if isfinite(value) else None


def check_place(path, overwrite=False):
    """Raises UserError where no file can be made at `path`, or one exists already (unless
    `overwrite`).  For a check before the work."""
    path = path or "."
    if os.path.isdir(path):      # unlike Path.is_dir it is no error where the name is too long, say
        raise UserError(f"{path}: is a folder; choose another place")
    if os.path.exists(path) and not overwrite:
        raise UserError(f"{path}: exists already; choose another name, or replace it with "
                        "--overwrite")
    above = next(folder for folder in Path(path).absolute().parents if os.path.exists(folder))
    if not os.path.isdir(above):
        raise UserError(f"{above}: is no folder; choose another place")


def write_whole(path, content, fix="choose another --out"):
    """Write a file that appears whole or not at all: under a temporary name, then renamed.

    content: text (written as UTF-8), or bytes.  fix: what the message advises.  Raises UserError
    where it cannot be written.
    """
    path = Path(path)
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_bytes(content if isinstance(content, bytes)
                              else content.encode(errors="replace"))
        os.replace(temporary, path)
    except OSError as error:
        raise UserError(f"{path}: cannot be written ({error.strerror}); {fix}") from None
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
