"""From the start of the process to `listening`, and what many users cost."""

from __future__ import annotations

import statistics
import time
from pathlib import Path

from .bench import DEFAULT_HASH, Bench, Row, row_of_load
from .routes import CONNECTIONS, ME, REFRESH, take_access_tokens


def measure(bench: Bench) -> None:
    empty = bench.folder / "starts-empty"
    first = _start(bench, empty)
    _add_starts(bench, "start to `listening`, no accounts", empty, "", [f"the very first start, which makes the store and its keys: {first:.1f} ms"])

    begin = time.monotonic()
    many = bench.make_store("starts-many", bench.many_users, DEFAULT_HASH, tokens=bench.users)
    filled = time.monotonic() - begin
    _start(bench, many)  # makes the keys
    goal = "≤ 50 ms at a million (≤ 20 at ten million)"
    _add_starts(bench, f"start to `listening`, {bench.many_users:,} users", many, goal,
                [f"filled in {filled:.0f} s, {(many / 'latchkey.db').stat().st_size / 2**20:.0f} MiB; its pages are in the kernel's cache"])
    _compare_throughput(bench, many)


def _start(bench: Bench, store: Path) -> float:
    with bench.serve(store) as server:
        return server.seconds_to_listen * 1000


def _add_starts(bench: Bench, figure: str, store: Path, goal: str, notes: list[str]) -> None:
    times = [_start(bench, store) for _ in range(3 if bench.quick else 9)]
    bench.add(Row(figure, value=f"{statistics.median(times):.1f} ms", goal=goal, raw={"milliseconds": times},
                  notes=[*notes, f"slowest of {len(times)}: {max(times):.1f} ms"]))


def _compare_throughput(bench: Bench, many: Path) -> None:
    few = bench.make_store("starts-few", 1000, DEFAULT_HASH, tokens=1000)
    with bench.serve(many) as large, bench.serve(few) as small:
        window = {"connections": CONNECTIONS, "seconds": bench.seconds(3)}
        # As many sessions on both sides, so that only the size of the store differs.
        access = {server.pid: take_access_tokens(bench, server, bench.tokens_of(store), 64)
                  for server, store in ((large, many), (small, few))}
        for name, load in (
            ("users/me", lambda server, store: bench.load(server, ME, tokens=access[server.pid], **window)),
            ("refresh_token", lambda server, store: bench.load(server, REFRESH, tokens=bench.tokens_of(store), rotate="yes", **window)),
        ):
            ours, limit = bench.interleave(lambda: load(large, many), lambda: load(small, few))
            row = row_of_load(f"GET {name}, {bench.many_users:,} users", ours, limit="the same with 1,000 users",
                              limit_per_second=limit["good_per_second"], limit_cpu_us=limit["cpu_us"],
                              ratio=limit["cpu_us"] / ours["cpu_us"], goal="≥ 0.80 at ten million")
            row.raw["limit"] = limit
            bench.add(row)
