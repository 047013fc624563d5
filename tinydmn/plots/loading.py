"""Matplotlib, loaded without a word of its own: where no folder can be written for its settings, it takes a temporary one."""

import logging
from contextlib import contextmanager

from ..errors import UserError


@contextmanager
def quiet():
    """What Matplotlib would warn of (a folder that cannot be written, a font that has no bold) is not said."""
    log = logging.getLogger("matplotlib")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        yield
    finally:
        log.setLevel(level)


try:
    with quiet():
        import matplotlib.font_manager
except OSError as error:
    raise UserError(f"no picture can be drawn: {error}") from None             # it names the variable to set
except ValueError as error:
    raise UserError(f"no picture can be drawn, Matplotlib refuses its settings: {error}; mend MPLBACKEND or the file matplotlibrc") from None
