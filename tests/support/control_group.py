"""A control group of our own that limits memory, where this machine lets us make one."""

from __future__ import annotations

import contextlib
import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest


def _place() -> tuple[Path, str] | None:
    """The group that this process is in, and the name of the limit's file: version 1, or 2 if it hands memory on."""
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers == "memory":
            return Path("/sys/fs/cgroup/memory") / path.lstrip("/"), "memory.limit_in_bytes"
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        group = Path("/sys/fs/cgroup") / line.split(":", 2)[2].lstrip("/")
        # A group with processes in it hands nothing on, so ours stands beside it.
        for above in (group, group.parent):
            control = above / "cgroup.subtree_control"
            if line.startswith("0::") and control.exists() and "memory" in control.read_text().split():
                return above, "memory.max"
    return None


class ControlGroup:
    def __init__(self, folder: Path, limit_file: str, limit: int):
        self.folder = folder
        (folder / limit_file).write_text(str(limit))

    def machine(self) -> list[str]:
        """What runs a command within the group."""
        return ["sh", "-c", f'echo $$ > {self.folder}/cgroup.procs && exec "$0" "$@"']

    def used(self) -> int:
        """Bytes now, the kernel's for sockets included."""
        for name in ("memory.usage_in_bytes", "memory.current"):
            if (self.folder / name).exists():
                return int((self.folder / name).read_text())
        raise FileNotFoundError(self.folder)

    def killed(self) -> int:
        """Processes of the group that the kernel has killed for lack of memory."""
        name = "memory.oom_control" if (self.folder / "memory.oom_control").exists() else "memory.events"
        counts = dict(line.split() for line in (self.folder / name).read_text().splitlines())
        return int(counts.get("oom_kill", 0))


@contextlib.contextmanager
def control_group(limit: int) -> Iterator[ControlGroup]:
    """Skips the test where no group can be made. Every process in it must have ended at the end of the block."""
    place = _place()
    if place is None:
        pytest.skip("no hierarchy of control groups limits memory here")
    above, limit_file = place
    folder = above / f"latchkey-test-{os.getpid()}-{uuid.uuid4().hex[:8]}"
    try:
        folder.mkdir()
        group = ControlGroup(folder, limit_file, limit)
    except OSError as refused:
        with contextlib.suppress(OSError):
            folder.rmdir()
        pytest.skip(f"no control group can be made here: {refused}")
    try:
        yield group
    finally:
        folder.rmdir()
