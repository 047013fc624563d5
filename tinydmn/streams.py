"""Standard streams on every machine: a letter that one of them lacks is no error, and what is typed or piped in is UTF-8."""

import codecs
import os
import sys

from .errors import at_line

SIGNS = {"µ": "u", "σ": "s", "∘": "*", "…": ".", "▸": ">", "→": ">", "−": "-", "×": "x"}     # as broad as they are, so that columns stay in line


def settle():
    """Makes standard input, output and errors what every command may use: none is missing, and a letter that one has not is written as a
    similar sign, or as "?".  A notebook's streams, which have all letters, stay as they are."""
    codecs.register_error("tinydmn", _similar)
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        stream = getattr(sys, name)
        if stream is None:                                 # it was closed
            setattr(sys, name, open(os.devnull, mode))
        elif mode == "w" and hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="tinydmn")


def _similar(error):
    """What stands for letters that cannot be encoded, and where to go on."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(SIGNS.get(c, "?") for c in error.object[error.start:error.end]), error.end


def typed_lines(stream=None):
    """The lines of standard input (or of `stream`) as they come, without their ends and without a byte order mark.

    They are read as UTF-8, whatever the machine's encoding.  Raises UserError with the number of the line that is none.
    """
    stream = sys.stdin if stream is None else stream
    for number, line in enumerate(getattr(stream, "buffer", stream), 1):
        if isinstance(line, bytes):
            try:
                line = line.decode()
            except UnicodeDecodeError as error:
                raise at_line("standard input", number, f"byte 0x{line[error.start]:02x} is not UTF-8", "give text as UTF-8") from None
        yield (line.removeprefix("\ufeff") if number == 1 else line).rstrip("\r\n")
