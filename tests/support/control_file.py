"""A file that tells a running server how a test wants it to fail (tests/fault/README.md). Only builds with test hooks read one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from .program import binary_path


class ControlFile:
    """What is set holds from the server's next look on. `variable` is the one of the environment that names the file, `missing`
    what a build without hooks has none of."""

    variable: str
    missing: str

    def __init__(self, path: Path):
        if self.variable.encode() not in binary_path().read_bytes():
            pytest.skip(f"this build has no {self.missing}")
        self.path = path
        self.log_path = Path(f"{path}.log")
        self.set()

    @property
    def environment(self) -> dict[str, str]:
        return {self.variable: str(self.path)}

    def set(self, *lines: str) -> None:
        """These, in place of all earlier ones."""
        fresh = self.path.with_suffix(".new")
        fresh.write_text("\n".join(lines) + "\n")
        os.replace(fresh, self.path)

    def happened(self) -> list[str]:
        """What has acted so far."""
        return self.log_path.read_text().splitlines() if self.log_path.exists() else []
