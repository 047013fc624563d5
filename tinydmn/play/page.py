"""page.html with what it shows: a page that asks nobody else for anything."""

import re
from base64 import b64encode
from functools import cache
from hashlib import sha256
from pathlib import Path

from ..writing import json_text

SCRIPT = re.compile(r"<script>(.*?)</script>", re.S)
# what a browser could take for the end of a script, or of a line of it
UNSAFE = {ord(c): f"\\u{ord(c):04x}" for c in "<>&\u2028\u2029"}


@cache
def _template():
    return (Path(__file__).parent / "page.html").read_text(encoding="utf-8")


@cache
def policy(connect="'none'"):
    """The Content-Security-Policy: our own script, known by its hash, and nothing from elsewhere.

    connect: what the script may ask.
    """
    script, = SCRIPT.findall(_template())
    known = b64encode(sha256(script.encode()).digest()).decode()
    return (f"default-src 'none'; script-src 'sha256-{known}'; style-src 'unsafe-inline'; "
            f"img-src data:; connect-src {connect}; base-uri 'none'; form-action 'none'")


def page(data, connect="'self'"):
    """The page as text.  data: what JSON can hold (replies.described, and more); every text in it
    stays a text, whatever it looks like."""
    held = json_text(data, indent=None).translate(UNSAFE)
    return _template().replace("DATA", held, 1).replace("POLICY", policy(connect), 1)
