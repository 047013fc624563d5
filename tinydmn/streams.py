"""Standard streams that work alike on every machine: a character that a stream's encoding lacks is
no error, and standard input is UTF-8."""

import codecs
import os
import sys

from .errors import at_line

# of the same width, so that columns stay aligned
SIGNS = {"µ": "u", "σ": "s", "∘": "*", "…": ".", "▸": ">", "→": ">", "−": "-", "×": "x"}


def settle():
    """Prepare standard input, output and error for a command: none is missing, and a character that
    one cannot encode is written as a similar sign, or as "?".  A notebook's streams encode every
    character and stay as they are."""
    codecs.register_error("tinydmn", _similar)
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        stream = getattr(sys, name)
        if stream is None:                                 # it was closed
            setattr(sys, name, open(os.devnull, mode))
        elif mode == "w" and hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="tinydmn")


def _similar(error):
    """An error handler (codecs.register_error): replacement text, and where encoding goes on."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(SIGNS.get(c, "?") for c in error.object[error.start:error.end]), error.end


def typed_lines(stream=None):
    """The lines of standard input (or `stream`) as they come, without line ends or byte order mark.

    Read as UTF-8, whatever the machine's encoding.  Raises UserError naming the line that is not.
    """
    stream = sys.stdin if stream is None else stream
    for number, line in enumerate(getattr(stream, "buffer", stream), 1):
        if isinstance(line, bytes):
            try:
                line = line.decode()
            except UnicodeDecodeError as error:
                raise at_line("standard input", number,
                              f"byte 0x{line[error.start]:02x} is not UTF-8",
                              "give text as UTF-8") from None
        yield (line.removeprefix("\ufeff") if number == 1 else line).rstrip("\r\n")
