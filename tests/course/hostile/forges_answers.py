"""Writes to every descriptor it has, where the answers go among them."""

import os


def bad(x):
    for descriptor in range(3, 256):
        try:
            os.write(descriptor, (100).to_bytes(8, "little") + b"PK" * 50)
        except OSError:
            continue
    os._exit(0)


def good(x):
    return 2 * x
