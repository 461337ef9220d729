"""The program that is tested, and the clock that its builds for tests let be moved."""

from __future__ import annotations

import functools
import os
import struct
import time
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
SECOND = 1_000_000


def binary_path() -> Path:
    return Path(os.environ.get("LATCHKEY_BIN") or REPOSITORY / "build/dev/latchkey").resolve()


@functools.cache
def has_clock_to_move(binary: Path) -> bool:
    """Builds for tests have one, and refuse nothing for it; what operators run has none and knows no such variable."""
    return b"LATCHKEY_TEST_CLOCK_FILE" in binary.read_bytes()


class Clock:
    """The server's clock, moved by an offset to the system's (in builds with test hooks). Moves only
    as tests say; both processes see a change at once."""

    def __init__(self, path: Path):
        self.path = path
        self._offset = 0
        path.write_bytes(struct.pack("<qq", 0, 0))

    @property
    def offset(self) -> float:
        return self._offset / SECOND

    def advance(self, seconds: float) -> None:
        if not has_clock_to_move(binary_path()):
            pytest.skip("this build has no clock to move")
        self._offset += round(seconds * SECOND)
        handle = os.open(self.path, os.O_WRONLY)
        try:
            os.pwrite(handle, struct.pack("<q", self._offset), 0)
        finally:
            os.close(handle)

    def set_wrong_by(self, seconds: float) -> None:
        """The clock of the server's machine is wrong by so much, while the time of the world is as it was."""
        if not has_clock_to_move(binary_path()):
            pytest.skip("this build has no clock to move")
        with self.path.open("r+b") as file:
            file.seek(8)
            file.write(struct.pack("<q", round(seconds * SECOND)))

    def now(self) -> float:
        """The server's time, in seconds since 1970."""
        return time.time() + self.offset
