"""Matplotlib, loaded silently: where it cannot write a folder for its settings, it takes a
temporary one."""

import logging
from contextlib import contextmanager

from ..errors import UserError


@contextmanager
def quiet():
    """Silences Matplotlib's log: a folder that cannot be written, a font without a bold face."""
    log = logging.getLogger("matplotlib")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        yield
    finally:
        log.setLevel(level)


try:
    with quiet():
        import matplotlib.font_manager  # noqa: F401
except OSError as error:
    raise UserError(f"no picture can be drawn: {error}") from None    # it names the variable to set
except ValueError as error:
    raise UserError(f"no picture can be drawn, Matplotlib refuses its settings: {error}; fix "
                    "MPLBACKEND or the file matplotlibrc") from None
