"""Named places of the program where a test ends or holds it (tests/fault/README.md). Only builds with test hooks have them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from .program import binary_path


class Points:
    """The control file of one server's points. What is set holds from the next point on that the server passes."""

    def __init__(self, path: Path):
        if b"LATCHKEY_TEST_POINTS" not in binary_path().read_bytes():
            pytest.skip("this build has no named points")
        self.path = path
        self.log_path = Path(f"{path}.log")
        self.set()

    @property
    def environment(self) -> dict[str, str]:
        return {"LATCHKEY_TEST_POINTS": str(self.path)}

    def set(self, *lines: str) -> None:
        """`POINT die|hold [after=N]` each, in place of all earlier ones."""
        fresh = self.path.with_suffix(".new")
        fresh.write_text("\n".join(lines) + "\n")
        os.replace(fresh, self.path)

    def happened(self) -> list[str]:
        """The points that have acted so far."""
        return self.log_path.read_text().splitlines() if self.log_path.exists() else []
