"""How often a test does the same thing: as many times as a run of everything can afford, or as its case asks for."""

from __future__ import annotations

import os

# `LATCHKEY_FULL=1 ./test NAME…`: minutes to hours, by name.
FULL = os.environ.get("LATCHKEY_FULL") == "1"


def size(reduced: int, full: int) -> int:
    return full if FULL else reduced
