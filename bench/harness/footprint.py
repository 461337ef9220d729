"""How small: memory when idle, memory for each connection, the binary."""

from __future__ import annotations

import shutil
import subprocess
import time

from .bench import CHEAP_HASH, Bench, Row
from .processes import Failed, Listening, clean_environment, on_cores
from .routes import HEALTH

CONNECTIONS = 2000


def measure(bench: Bench) -> None:
    store = bench.make_store("idle", 0, CHEAP_HASH)
    # Arenas of 64 KiB: what remains is the server.
    with bench.serve(store, CHEAP_HASH) as server:
        time.sleep(1)
        idle = server.memory()
        bench.add(Row("dirty memory, idle, hash of 64 KiB", value=_mib(idle["dirty"]), goal="≤ 12 MiB (≤ 20 at first)",
                      raw={"memory": idle}, notes=[f"PSS {_mib(idle['pss'])}, resident {_mib(idle['resident'])}: the others are pages of the binary, "
                                                   "of shared libraries and of the store, from the kernel's cache"]))
        # The first connections take what is taken once.
        _hold(bench, server, 64)
        before = server.memory()
        during = _hold(bench, server, CONNECTIONS)
    each = (during["dirty"] - before["dirty"]) / CONNECTIONS
    bench.add(Row(f"dirty memory for each of {CONNECTIONS:,} idle connections", value=f"{each / 1024:.1f} KiB",
                  goal="≤ 8 KiB", raw={"before": before, "during": during},
                  notes=["each was answered once before; the kernel's own memory for sockets is not counted"]))
    _measure_binary(bench)


def _hold(bench: Bench, server: Listening, connections: int) -> dict[str, int]:
    """The server's memory while that many connections, answered once, stay open."""
    command = bench.load_command(server, HEALTH, connections=connections, count=connections, hold="yes")
    with on_cores(bench.load_cores):
        holder = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=clean_environment())
    try:
        if not holder.stdout.readline():
            raise Failed(f"{connections} connections could not be opened")
        time.sleep(1)
        return server.memory()
    finally:
        holder.stdin.close()
        holder.wait(20)
        holder.stdout.close()


def _measure_binary(bench: Bench) -> None:
    size = bench.binary.stat().st_size
    row = Row("size of the binary", value=_mib(size), raw={"bytes": size})
    if shutil.which("strip"):
        stripped = bench.folder / "stripped"
        subprocess.run(["strip", "-o", stripped, bench.binary], check=True)
        row.raw["stripped_bytes"] = stripped.stat().st_size
        row.value = f"{_mib(row.raw['stripped_bytes'])} stripped, {_mib(size)} with line numbers"
    bench.add(row)


def _mib(size: int) -> str:
    return f"{size / 2**20:.1f} MiB"
