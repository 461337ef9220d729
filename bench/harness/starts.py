"""From the start of the process to `listening`; with many users it is measured where those are (growth.py)."""

from __future__ import annotations

import statistics
from pathlib import Path

from .bench import Bench, Row


def measure(bench: Bench) -> None:
    empty = bench.folder / "starts-empty"
    first = _start(bench, empty)
    times = [_start(bench, empty) for _ in range(3 if bench.quick else 9)]
    bench.add(Row("start to `listening`, no accounts", value=f"{statistics.median(times):.1f} ms", raw={"milliseconds": times},
                  notes=[f"the very first start, which makes the store and its keys: {first:.1f} ms; slowest of {len(times)} others: "
                         f"{max(times):.1f} ms"]))


def _start(bench: Bench, store: Path) -> float:
    with bench.serve(store) as server:
        return server.seconds_to_listen * 1000
