"""What machine the figures come from, and who else was using it."""

from __future__ import annotations

import os
import platform
import re
import resource
import statistics
import subprocess
import time
from pathlib import Path


def _first(pattern: str, text: str) -> str:
    found = re.search(pattern, text, re.MULTILINE)
    return found.group(1).strip() if found else "unknown"


def _sync_microseconds(folder: Path) -> float:
    """What one durable 4 KiB write takes on the disk of the stores."""
    path = folder / "sync-probe"
    times = []
    with path.open("wb", buffering=0) as file:
        for _ in range(100):
            file.write(bytes(4096))
            start = time.perf_counter()
            os.fdatasync(file.fileno())
            times.append(time.perf_counter() - start)
    path.unlink()
    return statistics.median(times) * 1e6


def describe(folder: Path, server_cores: set[int], load_cores: set[int]) -> dict:
    cpu = Path("/proc/cpuinfo").read_text()
    memory = int(_first(r"^MemTotal:\s+(\d+)", Path("/proc/meminfo").read_text())) / 2**20
    disk = subprocess.run(["findmnt", "-no", "FSTYPE", "-T", folder], capture_output=True, text=True).stdout.strip()
    system = _first(r'^PRETTY_NAME="(.*)"', Path("/etc/os-release").read_text())
    hypervisor = " (virtual machine)" if " hypervisor" in cpu else ""
    return {
        "cpu": _first(r"^model name\s*:\s*(.*)", cpu) + hypervisor,
        "cores": os.cpu_count(),
        "memory_gib": round(memory, 1),
        "kernel": platform.release(),
        "system": system,
        "disk": disk,
        "sync_us": round(_sync_microseconds(folder), 1),
        "server_cores": sorted(server_cores),
        "load_cores": sorted(load_cores),
        "measured_at": time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime()),
    }


def _machine_ticks() -> tuple[int, int, int]:
    """Busy, stolen by other virtual machines, and all, in clock ticks since the machine started."""
    fields = [int(field) for field in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
    user, nice, system, idle, io_wait, interrupts, soft_interrupts, stolen = fields
    return user + nice + system + interrupts + soft_interrupts, stolen, sum(fields)


def _own_seconds() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


class Watch:
    """Tells, at the end, what part of the machine other programs used meanwhile. Our own are counted once they have
    been waited for, so finish last; a daemon never is, so that its CPU time must be told."""

    def __init__(self) -> None:
        self._ticks = _machine_ticks()
        self._own = _own_seconds()
        self._load = os.getloadavg()[0]
        self._start = time.monotonic()

    def finish(self, daemon_seconds: float) -> dict:
        busy, stolen, total = (after - before for after, before in zip(_machine_ticks(), self._ticks))
        own = (_own_seconds() - self._own + daemon_seconds) * os.sysconf("SC_CLK_TCK")
        return {
            "seconds": round(time.monotonic() - self._start, 1),
            "load_average_before": self._load,
            "others_share": max(0.0, (busy - own) / total),
            "stolen_share": stolen / total,
        }
