"""The disk under the embedded store that a test makes fail (tests/fault/README.md). Only builds with test hooks have one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from .program import binary_path


class FaultyDisk:
    """The control file of one server's disk. What is set holds from the server's next operation on."""

    def __init__(self, path: Path):
        if b"LATCHKEY_TEST_DISK" not in binary_path().read_bytes():
            pytest.skip("this build has no disk that fails")
        self.path = path
        self.log_path = Path(f"{path}.log")
        self.set()

    @property
    def environment(self) -> dict[str, str]:
        return {"LATCHKEY_TEST_DISK": str(self.path)}

    def set(self, *lines: str) -> None:
        """These faults, in place of all earlier ones."""
        fresh = self.path.with_suffix(".new")
        fresh.write_text("\n".join(lines) + "\n")
        os.replace(fresh, self.path)

    def happened(self) -> list[str]:
        """The faults that have happened so far, delays apart: `operation file fault` each."""
        return self.log_path.read_text().splitlines() if self.log_path.exists() else []
